"""Access: everything that is held of one person, in one document that a person can read."""

from __future__ import annotations

import email.policy
from datetime import datetime
from email.parser import Parser
from typing import TYPE_CHECKING, Any, Final

from leadline.config.webhook_readings import all_readings
from leadline.domain.intake import is_role_address, match_keys
from leadline.domain.keys import address_hash, match_key_hash
from leadline.domain.mentions import Mentions
from leadline.domain.reject_words import REJECT_WORDS
from leadline.domain.skips import WORDS, SkipReason
from leadline.domain.stated import Stated
from leadline.rendering.reasons import routing_reason
from leadline.rendering.receipts import Moment, receipt_document
from leadline.store.own_rows import find_own, get_last_id, list_candidates
from leadline.store.persons import read_held

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from leadline.stages import Workspace
    from leadline.store.receipts import Receipt

#: What is ours and says nothing of a person.
_INNER: Final = frozenset(
    {
        *("content_key", "body_hash", "address_hash", "message_key", "config_hash", "fence"),
        *("owner_process", "leased_until", "bundle_id", "rule_set_id", "matched"),
        *("sequence_version_id", "last_event_id", "sums", "company_key", "priority"),
    }
)


def read_person(work: Workspace, address: str, *, lang: str) -> dict[str, Any]:
    """Return all that is held of a person; codes are followed by their words.

    Args:
        work: the workspace.
        address: in canonical form.
        lang: `en` or `ja`.
    """
    mentions = Mentions.of(address)
    pepper = work.store.pepper
    with work.store.read() as connection:
        own = find_own(
            connection,
            Stated(mentions, all_readings(work.project)),
            key_hash=match_key_hash("email", address, pepper=pepper),
            candidates=list_candidates(connection, mentions),
            after=get_last_id(connection),
            is_locked=False,
        )
        emails = {address, *(each for each in own.emails if not is_role_address(each))}
        held = read_held(
            connection,
            leads=own.leads,
            submissions={row.id for row in own.arrived},
            hashes={address_hash(each, pepper=pepper) for each in emails},
            keys={
                match_key_hash(*key, pepper=pepper)
                for each in emails
                for key in match_keys({"email": each}, source="")
            },
        )
    messages = [_message(row, emails) for row in held.pop("messages")]
    scores = [_score(receipt, lang) for receipt in held.pop("scores")]
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


def _score(receipt: Receipt, lang: str) -> dict[str, Any]:
    """Return a score with every line that it is made of."""
    lines = receipt_document(receipt.lines, lang, Moment(receipt.held.as_of))
    return {**_plain(receipt.score, lang), "reasons": lines}


def _message(row: Mapping[str, Any], emails: Collection[str]) -> dict[str, Any]:
    """Return a mail with its headers and text; a mail to a rep is about the person."""
    shown = {name: value for name, value in row.items() if name not in {"mail", "owner"}}
    shown["is_to_person"] = row["recipient"] in emails
    if row["mail"]:
        message = Parser(policy=email.policy.default).parsestr(row["mail"])
        body = message.get_body(preferencelist=("plain", "html"))
        shown["headers"] = {name: str(value) for name, value in message.items()}
        shown["text"] = str(body.get_content()) if body is not None else ""
    return shown
