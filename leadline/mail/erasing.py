"""Taking a person's messages out of the built-in mailbox."""

from __future__ import annotations

import email.policy
from email.errors import MessageError
from email.parser import BytesParser, Parser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from leadline.domain.mentions import Mentions

_PARTS: Final = ("new", "cur", "tmp")
#: Headers that a message cannot be without, or that hold nothing that somebody wrote.
_FIXED: Final = frozenset({"from", "to", "date", "message-id", "mime-version", "subject"})


def erase_messages(
    folder: Path,
    mentions: Mentions,
    *,
    message_ids: Collection[str] = (),
    is_rehearsal: bool = False,
) -> int:
    """Remove messages to or about a person; returns how many.

    Args:
        folder: of the mailbox.
        mentions: the person's address.
        message_ids: of messages that are meant whatever they say.
        is_rehearsal: count, and change nothing.
    """
    count = 0
    for part in _PARTS:
        for path in sorted((folder / part).glob("*")):
            try:
                data = path.read_bytes()
            except FileNotFoundError:  # it has just been moved
                continue
            if _is_meant(data, mentions, message_ids):
                count += 1
                if not is_rehearsal:
                    path.unlink(missing_ok=True)
    return count


def _is_meant(data: bytes, mentions: Mentions, message_ids: Collection[str]) -> bool:
    message = BytesParser(policy=email.policy.default).parsebytes(data)
    if str(message["Message-ID"] or "").strip() in message_ids or mentions.is_in_bytes(data):
        return True
    return any(mentions.is_in(text) for text in _texts(message))


def redact_mail(text: str, mentions: Mentions) -> str:
    """Return a message to somebody else without the address, in its texts and headers."""
    message = Parser(policy=email.policy.default).parsestr(text)
    if mentions.is_in(subject := str(message["Subject"] or "")):
        message.replace_header("Subject", mentions.redact(subject))
    for name in {*message.keys()}:
        is_fixed = name.lower() in _FIXED or name.lower().startswith("content-")
        if not is_fixed and mentions.is_in(str(message[name])):
            del message[name]
    for part in message.walk():
        if part.get_content_maintype() == "text" and mentions.is_in(part.get_content()):
            redacted = mentions.redact(part.get_content())
            part.set_content(redacted, subtype=part.get_content_subtype(), cte="base64")
    return message.as_string()


def _texts(message: EmailMessage) -> Iterator[str]:
    """Return what a message says, decoded: headers, and parts that are text."""
    try:
        yield from map(str, message.values())
        for part in message.walk():
            if part.get_content_maintype() == "text":
                yield str(part.get_content())
    except (LookupError, MessageError, ValueError):
        return
