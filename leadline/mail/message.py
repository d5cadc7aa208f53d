"""Messages as bytes: headers, MIME, and nothing that a header could smuggle in.

A message is written from a fixed skeleton instead of `email.message`, at about one hundredth of
its CPU. All of it is 7-bit ASCII. Everything but To and Subject is written once and stored, so
that a retry is identical byte for byte; those two are set when it leaves, because a repeat and
`redirect_all_to` change them.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_FORBIDDEN: Final = re.compile(r"[\r\n\x00]")
_PLAIN: Final = re.compile(r"^[ -~]{0,900}$")
_ATEXT_PHRASE: Final = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$")
#: RFC 2047 allows 75 characters in an encoded word: 45 bytes of UTF-8 become 60 of base64.
_WORD_BYTES: Final = 45
_LINE: Final = 76  # characters of base64 (RFC 2045, 6.8)
REPEAT_WORDS: Final = {"en": "[repeat] ", "ja": "【再送】"}


class HeaderInjection(ValueError):
    """A header value holds a line break or NUL; its text names the header, not the value."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a message says; text and HTML hold the same facts."""

    text: str
    html: str


def write_message(
    parts: Parts,
    *,
    message_id: str,
    sender: tuple[str, str],
    date: datetime,
    headers: Mapping[str, str],
) -> str:
    """Return a message without its To and Subject lines, as ASCII with CRLF.

    Args:
        parts: the bodies.
        message_id: with angle brackets; the MIME boundary is made from it.
        sender: name and address of the From line.
        date: aware; written as the Date line.
        headers: further lines, such as Reply-To or List-Unsubscribe (ASCII values).

    Raises:
        HeaderInjection: a value holds CR, LF or NUL.
    """
    boundary = "=_" + re.sub(r"[^a-z0-9]", "", message_id.lower())[:40]
    lines = [
        f"From: {mailbox(*sender)}",
        f"Date: {format_datetime(date)}",
        f"Message-ID: {_checked('Message-ID', message_id)}",
        *(f"{name}: {_ascii(name, value)}" for name, value in headers.items()),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        *_part("plain", parts.text, boundary),
        *_part("html", parts.html, boundary),
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines)


def _part(kind: str, body: str, boundary: str) -> tuple[str, ...]:
    wire = body.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    plain = base64.b64encode(wire).decode("ascii")
    encoded = "\r\n".join(plain[at : at + _LINE] for at in range(0, len(plain), _LINE))
    return (
        f"--{boundary}",
        f"Content-Type: text/{kind}; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        encoded,
    )


def address_message(mail: str, *, recipient: str, subject: str) -> bytes:
    """Return the whole message: To and Subject before the stored rest.

    Raises:
        HeaderInjection: the recipient or the subject holds CR, LF or NUL.
    """
    head = f"To: {_ascii('To', recipient)}\r\nSubject: {encode_words('Subject', subject)}\r\n"
    return (head + mail).encode("ascii")


def redirected(subject: str, recipient: str) -> str:
    """Return the subject of a mail that goes elsewhere than meant, naming whom it was meant for."""
    return f"[{recipient}] {subject}"


def mailbox(name: str, address: str) -> str:
    """Return `name <address>` as a header value."""
    address = _ascii("address", address)
    if not name:
        return address
    words = encode_words("name", name)
    if words != name or _ATEXT_PHRASE.match(name):
        return f"{words} <{address}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def encode_words(header: str, value: str) -> str:
    """Return a header value, as RFC 2047 encoded words where it cannot stand as it is.

    That is what is not ASCII, what would make the line longer than RFC 5322 allows (998), and
    what a reader would take for an encoded word.
    """
    if _PLAIN.match(_checked(header, value)) and "=?" not in value:
        return value
    chunks, chunk = [], b""
    for character in value:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    words = (base64.b64encode(part).decode("ascii") for part in (*chunks, chunk))
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def _checked(header: str, value: str) -> str:
    if _FORBIDDEN.search(value):
        message = f"{header} holds a line break or NUL"
        raise HeaderInjection(message)
    return value


def _ascii(header: str, value: str) -> str:
    if not _checked(header, value).isascii():
        message = f"{header} is not ASCII"
        raise HeaderInjection(message)
    return value
