"""`leadline consents LEAD`: the evidence of a person's consent, the bans, and what follows now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from leadline.cli.leads import find_lead, say_erased
from leadline.cli.output import Column, time_text
from leadline.cli.session import DONE, Session, session_of

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.config.shape import Project
    from leadline.store.engine import Store

Row = dict[str, Any]


def consents(
    context: typer.Context,
    lead: Annotated[str, typer.Argument(metavar="LEAD")],
) -> int:
    """Show what a lead agreed to and refused, and whether it may be written to now."""
    from leadline.config.loader import read_project

    session = session_of(context)
    project = read_project(session.environment.home)
    with session.open_store() as store:
        row = find_lead(store, lead)
        if say_erased(session, row):
            return DONE
        found = read_consents(store, row, project=project, now=session.clock.now())
    zone = project.settings.timezone
    document = _document(found, session.out.lang)
    session.out.document({**document, "timezone": zone})
    _show(session, {**found, **document}, ZoneInfo(zone))
    return DONE


def read_consents(store: Store, lead: Mapping[str, Any], *, project: Project, now: datetime) -> Row:
    """Return evidence and bans of a lead, and what the consent gate makes of them."""
    from leadline.domain.keys import address_hash
    from leadline.store.consent_records import list_bans, list_evidence
    from leadline.store.suppressions import Addressee, decide_permissions

    hash_ = address_hash(lead["email"] or "", pepper=store.pepper)
    country = lead["country"] or project.settings.country
    asked = Addressee(lead["id"], hash_, country)
    with store.read() as connection:
        (decided,) = decide_permissions(connection, [asked], rules=project.consent, now=now)
        return {
            "lead": lead["id"],
            "evidence": list_evidence(connection, lead["id"]),
            "bans": list_bans(connection, hash_),
            "decided": decided,
        }


def _document(found: Mapping[str, Any], lang: str) -> Row:
    return {
        "lead": found["lead"],
        "permission": _permission(found["decided"], lang),
        "consents": [_evidence(row, lang) for row in found["evidence"]],
        "suppressions": [_ban(row, lang) for row in found["bans"]],
    }


def _permission(decided: Any, lang: str) -> Row:  # noqa: ANN401 - a Permission or a SkipReason
    """Return the gate's answer for marketing mail."""
    from leadline.domain.skips import WORDS, SkipReason

    what: Row = {"purpose": "marketing", "channel": "email"}
    if isinstance(decided, SkipReason):
        reason, text = decided.value, WORDS[decided][lang]
        nothing = {"basis": None, "since": None, "until": None}
        return {**what, "is_allowed": False, **nothing, "reason": reason, "text": text}
    return {
        **what,
        "is_allowed": True,
        "basis": decided.basis,
        "since": time_text(decided.since),
        "until": time_text(decided.until),
        "reason": None,
        "text": _basis_words(decided.basis, lang),
    }


def _basis_words(basis: str | None, lang: str) -> str:
    from leadline.rendering.words import CONSENT_WORDS

    return CONSENT_WORDS[basis][lang] if basis in CONSENT_WORDS else basis or ""


def _answer(row: Mapping[str, Any]) -> str:
    """Return what became of one piece of evidence: what was taken back counts no more."""
    if row["undone_at"]:
        return "undone"
    if row["is_pending"]:
        return "pending"
    return "granted" if row["is_granted"] else "refused"


def _evidence(row: Mapping[str, Any], lang: str) -> Row:
    return {
        "purpose": row["purpose"],
        "channel": row["channel"],
        "answer": _answer(row),
        "basis": row["basis"],
        "basis_text": _basis_words(row["basis"], lang),
        "wording": row["wording"],
        "version": row["version"],
        "source": row["source"],
        "submission": row["submission_id"],
        "network_address": row["network_address"],
        "at": time_text(row["at"]),
        "undone_at": time_text(row["undone_at"]),
    }


def _ban(row: Mapping[str, Any], lang: str) -> Row:
    from leadline.domain.suppression import CAUSE_WORDS

    words = CAUSE_WORDS.get(row["cause"], {}).get(lang, row["cause"])
    return {
        "scope": row["scope"],
        "cause": row["cause"],
        "cause_text": words,
        "is_in_force": row["lifted_at"] is None,
        "at": time_text(row["at"]),
        "lifted_at": time_text(row["lifted_at"]),
    }


def _show(session: Session, found: Mapping[str, Any], zone: ZoneInfo) -> None:
    out = session.out
    out.line("consents.lead", lead=found["lead"], zone=zone.key)
    _show_answer(session, found, zone)
    if found["consents"]:
        _show_evidence(session, found, zone)
    else:
        out.line("consents.none")
    for row, stored in zip(found["suppressions"], found["bans"], strict=True):
        key = "consents.banned" if row["is_in_force"] else "consents.lifted"
        scope = out.words(f"consents.scope.{row['scope']}")
        times = {name: _local(stored[name], zone) for name in ("at", "lifted_at")}
        out.line(key, scope=scope, cause=row["cause_text"], **times)


def _show_answer(session: Session, found: Mapping[str, Any], zone: ZoneInfo) -> None:
    out, permission, decided = session.out, found["permission"], found["decided"]
    if not permission["is_allowed"]:
        out.line("consents.no", reason=permission["text"])
        return
    since, until = _local(decided.since, zone), _local(decided.until, zone)
    key = "consents.yes_until" if decided.until else "consents.yes"
    out.line(key, basis=permission["text"], since=since, until=until)


def _show_evidence(session: Session, found: Mapping[str, Any], zone: ZoneInfo) -> None:
    out = session.out
    names = ("source", "submission", "network_address", "version", "wording")
    columns = (
        *(Column(f"consents.{name}") for name in ("at", "what", "answer", "basis")),
        *(Column(f"consents.{name}") for name in names[:-1]),
        Column("consents.wording", may_wrap=True),
    )
    rows: Sequence[Sequence[object]] = [
        (
            _local(stored["at"], zone),
            _what(session, row),
            out.words(f"consents.{row['answer']}"),
            row["basis_text"],
            *(row[name] for name in names),
        )
        for row, stored in zip(found["consents"], found["evidence"], strict=True)
    ]
    out.table(columns, rows)


def _what(session: Session, row: Mapping[str, Any]) -> str:
    """Return purpose and channel in words, as far as there are some."""
    from leadline.cli.wording import find

    key = f"consents.what.{row['purpose']}.{row['channel']}"
    return find(key, session.out.lang) or f"{row['purpose']}/{row['channel']}"


def _local(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
