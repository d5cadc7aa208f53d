"""Access: everything that is held of one person, in one document that a person can read."""

from __future__ import annotations

import email.policy
from datetime import datetime
from email.parser import Parser
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.keys import address_hash
from leadline.domain.mentions import Mentions
from leadline.domain.reject_words import REJECT_WORDS
from leadline.domain.skips import WORDS, SkipReason
from leadline.rendering.reasons import routing_reason, score_reasons
from leadline.store.persons import read_held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.stages import Workspace

#: What is ours and says nothing of a person.
_INNER: Final = frozenset(
    {
        *("content_key", "body_hash", "address_hash", "message_key", "config_hash", "fence"),
        *("owner_process", "leased_until", "bundle_id", "rule_set_id", "matched", "rules"),
        *("sequence_version_id", "company_key", "priority"),
    }
)
_WHOLE: Final = {"text"}


def read_person(work: Workspace, address: str, *, lang: str) -> dict[str, Any]:
    """Return all that is held of a person; codes are followed by their words.

    Args:
        work: the workspace.
        address: in canonical form.
        lang: `en` or `ja`.
    """
    mentions = Mentions.of(address)

    def is_own(kind: str, raw: object) -> bool:
        is_whole = kind == "webhook" or (isinstance(raw, dict) and set(raw) == _WHOLE)
        return (mentions.is_in_value if is_whole else mentions.is_whole_in)(raw)

    hash_ = address_hash(address, pepper=work.store.pepper)
    with work.store.read() as connection:
        held = read_held(connection, address, address_hash=hash_, is_own=is_own)
    messages = [_message(row, address) for row in held.pop("messages")]
    scores = [_score(row, lang) for row in held.pop("scores")]
    for row in held["assignments"]:
        row["why"] = routing_reason(row, lang)
    plain = {name: [_plain(row, lang) for row in rows] for name, rows in held.items()}
    is_held = any(rows for name, rows in plain.items() if name != "suppressions")
    return {
        "address": address,
        "is_held": is_held or bool(messages),
        **plain,
        "scores": scores,
        "messages": [_plain(row, lang) for row in messages],
    }


def _plain(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return a row without what is only ours: no column that says nothing, codes with words."""
    kept = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in _INNER and value is not None
    }
    for name in ("skip_reason", "enrollment_skip", "reason", "suspicion"):
        if (code := kept.get(name)) and (words := _words(str(code), lang)):
            kept[f"{name}_text"] = words
    return kept


def _words(code: str, lang: str) -> str:
    """Return what a code means, "" for one that has no words."""
    if code in REJECT_WORDS:
        return REJECT_WORDS[code][lang]
    return WORDS[SkipReason(code)][lang] if code in set(SkipReason) else ""


def _score(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    reasons = score_reasons(row["matched"], row["rules"], lang)
    return {**_plain(row, lang), "reasons": reasons}


def _message(row: Mapping[str, Any], address: str) -> dict[str, Any]:
    """Return a mail with its headers and text; a mail to a rep is about the person."""
    shown = {name: value for name, value in row.items() if name not in {"mail", "owner"}}
    shown["is_to_person"] = row["recipient"] == address
    if row["mail"]:
        message = Parser(policy=email.policy.default).parsestr(row["mail"])
        body = message.get_body(preferencelist=("plain", "html"))
        shown["headers"] = {name: str(value) for name, value in message.items()}
        shown["text"] = str(body.get_content()) if body is not None else ""
    return shown
