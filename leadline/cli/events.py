"""`leadline events classify FILE` and `leadline events list LEAD`: who did what."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.import_showing import SHOWN_REJECTS
from leadline.cli.leads import find_lead, say_erased
from leadline.cli.output import Column, time_text
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.files.event_rows import Classified

SHOWN: Final = 30
MOST: Final = 10_000


def classify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
) -> int:
    """Tell people from programs in a file of events, without a store."""
    from leadline.files.event_rows import classify_file

    session = session_of(context)
    found = classify_file(file)
    events = [
        {
            "event_id": event.event_id,
            "line": line,
            "event": event.kind,
            "actor": verdict.actor,
            "reason": verdict.reason,
        }
        for line, event, verdict in found.events
    ]
    rejects = [
        {"line": line, "column": reject.column, "reason": reject.reason, "detail": reject.detail}
        for line, reject in found.rejects
    ]
    session.out.document({"file": str(file), "events": events, "rejects": rejects})
    _show(session, file, found, rejects)
    return DIFFERENCES if rejects else DONE


def _show(session: Session, file: Path, found: Classified, rejects: list[dict[str, Any]]) -> None:
    from leadline.cli.rejects import show_reject
    from leadline.domain.actor_words import ACTOR_WORDS

    out = session.out
    bots = sum(verdict.actor == "suspected_bot" for _, _, verdict in found.events)
    out.line("events.classified", file=file.name, count=len(found.events), bots=bots)
    counts = Counter((event.kind, verdict) for _, event, verdict in found.events)
    columns = (
        Column("events.kind"),
        Column("events.actor"),
        Column("events.count", is_number=True),
        Column("events.why", may_wrap=True),
    )
    out.table(
        columns,
        (
            (
                kind,
                out.words(_actor_key(verdict.actor)),
                count,
                ACTOR_WORDS[verdict.reason][out.lang],
            )
            for (kind, verdict), count in sorted(counts.items())
        ),
    )
    if rejects:
        out.line("import.rejects", count=len(rejects), file=file.name)
    for reject in rejects[:SHOWN_REJECTS]:
        show_reject(out, **reject)
    if len(rejects) > SHOWN_REJECTS:
        out.line("import.more", count=len(rejects) - SHOWN_REJECTS)


def _actor_key(actor: str) -> str:
    return "events.unknown_actor" if actor == "unknown" else f"events.{actor}"


def list_(
    context: typer.Context,
    lead: Annotated[str, typer.Argument(metavar="LEAD")],
) -> int:
    """List what a lead did, the newest first, and who is held to have done it."""
    from leadline.domain.actor_words import ACTOR_WORDS
    from leadline.store.observations import list_events

    session = session_of(context)
    out = session.out
    with session.open_store() as store:
        row = find_lead(store, lead)
        if say_erased(session, row):
            return DONE
        with store.read() as connection:
            limit = MOST if out.is_json else SHOWN
            rows = list_events(connection, row["id"], limit=limit)
    shown = [{**each, "occurred_at": time_text(each["occurred_at"])} for each in rows]
    waiting = {place for place, each in enumerate(rows) if each["due_at"] is not None}
    for each in shown:
        each["event_id"], each["event"] = each.pop("external_id"), each.pop("kind")
        del each["due_at"]
    out.document({"lead": row["id"], "events": shown})
    if not shown:
        out.line("events.none")
        return DONE
    columns = (
        Column("events.at"),
        Column("events.kind"),
        Column("events.url", may_shrink=True),
        Column("events.actor"),
        Column("events.why", may_wrap=True),
    )
    out.table(
        columns,
        (
            (
                each["occurred_at"],
                each["event"],
                each["url"] or each["campaign"] or "",
                out.words("events.waits" if place in waiting else _actor_key(each["actor"])),
                ACTOR_WORDS.get(each["actor_reason"] or "", {}).get(out.lang, ""),
            )
            for place, each in enumerate(shown)
        ),
    )
    return DONE
