"""`leadline submissions`: what forms and webhooks brought and could not become leads yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.output import Column, time_text
from leadline.cli.refusals import Refused, meant
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.stages.replay import Replayed
    from leadline.store.engine import Store

_LISTED: Final = ("quarantined", "waiting")
_SHOWN: Final = 50
_MOST_ID: Final = 2**63 - 1
Source = Annotated[str | None, typer.Option("--source", metavar="NAME")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="REASON")]
Row = dict[str, Any]


def list_(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option("--state", metavar="STATE")] = None,
    reason: Reason = None,
    source: Source = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=0, max=_MOST_ID)] = None,
) -> int:
    """List what is held and why; nothing of what it says."""
    from leadline.store.dead_letters import STATES, Selection, count_held, list_held

    session = session_of(context)
    if state is not None and state not in STATES:
        near, known = meant(state, STATES), ", ".join(STATES)
        raise Refused(code="unknown_submission_state", word=state, near=near, known=known)
    wanted = limit if limit is not None else 0 if session.out.is_json else _SHOWN
    with session.open_store() as store:
        _check_words(store, source=source, reason=reason)
        with store.read() as connection:
            rows = list_held(
                connection,
                states=_LISTED if state is None else (state,),
                selection=Selection(source, reason),
                limit=wanted + 1 if wanted else None,
            )
            counts = count_held(connection)
    has_more = bool(wanted) and len(rows) > wanted
    shown = [_row(row, session.out.lang) for row in (rows[:wanted] if wanted else rows)]
    session.out.document({"submissions": shown, "file_rows": counts["files"]})
    _show_list(session, shown, has_more=has_more, file_rows=counts["files"])
    return DONE


def _check_words(store: Store, *, source: str | None, reason: str | None) -> None:
    """Refuse a source or a reason that nothing can have, and name the nearest.

    Raises:
        Refused: see above.
    """
    from leadline.domain.reject_words import REJECT_WORDS
    from leadline.store.dead_letters import list_words

    if source is None and reason is None:
        return
    with store.read() as connection:
        sources, reasons = list_words(connection)
    if reason is not None and reason not in (known := reasons | {*REJECT_WORDS}):
        shown = ", ".join(sorted(reasons or known))
        near = meant(reason, known)
        raise Refused(code="unknown_reason", word=reason, near=near, known=shown)
    if source is not None and source not in sources and (near := meant(source, sources))["en"]:
        known_sources = ", ".join(sorted(sources))
        raise Refused(code="unknown_held_source", word=source, near=near, known=known_sources)


def _row(row: Mapping[str, Any], lang: str) -> Row:
    return {
        "id": row["id"],
        "source": row["source"],
        "kind": row["kind"],
        "state": row["state"],
        "reason": row["reason"],
        "reason_text": _words(row["reason"], lang),
        "detail_text": _detail(row, lang),
        "suspicion": row["suspicion"],
        "suspicion_text": _words(row["suspicion"], lang),
        "attempts": row["attempts"],
        "due_at": time_text(row["due_at"]),
        "received_at": time_text(row["received_at"]),
    }


def _detail(row: Mapping[str, Any], lang: str) -> str:
    from leadline.domain.reject_words import say_detail

    return say_detail("", row["detail"], lang) if row["detail"] else ""


def _words(reason: str | None, lang: str) -> str:
    from leadline.domain.reject_words import REJECT_WORDS

    return REJECT_WORDS[reason][lang] if reason in REJECT_WORDS else reason or ""


def _show_list(session: Session, rows: Sequence[Row], *, has_more: bool, file_rows: int) -> None:
    out = session.out
    columns = (
        Column("submissions.id", is_number=True),
        Column("submissions.source"),
        Column("submissions.received_at"),
        Column("submissions.state"),
        Column("submissions.attempts", is_number=True),
        Column("submissions.suspicion"),
        Column("submissions.reason", may_wrap=True),
    )
    if rows:
        names = ("id", "source", "received_at", "state", "attempts", "suspicion", "reason_text")
        rows = [{**row, "reason_text": _joined(row)} for row in rows]
        states = {row["state"]: out.words(f"submissions.state.{row['state']}") for row in rows}
        lines = ([{**row, "state": states[row["state"]]}[name] for name in names] for row in rows)
        out.table(columns, lines)
    else:
        out.line("submissions.none")
    if has_more:
        out.line("submissions.more", count=len(rows))
    if rows:
        out.line("submissions.next")
    if file_rows:
        folder = session.folders.state / "quarantine"
        out.line("submissions.file_rows", count=file_rows, folder=folder)


def _joined(row: Row) -> str:
    """Return the reason of a row, and what exactly is wrong."""
    return ": ".join(text for text in (row["reason_text"], row["detail_text"]) if text)


def show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=_MOST_ID)],
) -> int:
    """Show one submission with what it says."""
    from leadline.store.dead_letters import get_submissions

    session = session_of(context)
    with session.open_store() as store, store.read() as connection:
        row = get_submissions(connection, [number]).get(number)
    if row is None:
        raise Refused(code="no_submission", number=number)
    more = ("field", "detail", "lead_id", "consent_version", "network_address", "raw")
    shown = {**_row(row, session.out.lang), **{name: row[name] for name in more}}
    session.out.document({"submission": shown})
    out = session.out
    stated = [(name, value) for name, value in shown.items() if name != "raw" and value]
    out.table((Column("leads.field"), Column("leads.value", may_wrap=True)), stated)
    out.line("submissions.raw")
    out.table((Column("leads.field"), Column("leads.value", may_wrap=True)), list(_raw(row["raw"])))
    return DONE


def _raw(raw: object) -> Iterable[tuple[object, object]]:
    return raw.items() if isinstance(raw, dict) else [("", raw)]


def replay(
    context: typer.Context,
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="ID...", min=1, max=_MOST_ID)
    ] = None,
    *,
    source: Source = None,
    reason: Reason = None,
    is_all: Annotated[bool, typer.Option("--all")] = False,
) -> int:
    """Let intake judge again what is held; without ids what a configuration can mend."""
    from leadline.stages.replay import replay_named, replay_selected
    from leadline.store.dead_letters import Selection

    session = session_of(context)
    if numbers and (source or reason or is_all):
        raise Refused(code="replay_alone")
    with session.open_store() as store:
        if numbers:
            done = replay_named(store, numbers)
        else:
            _check_words(store, source=source, reason=reason)
            done = replay_selected(store, Selection(source, reason, is_all))
    rejects = [_reject(id_, why, session.out.lang) for id_, why in sorted(done.refused.items())]
    session.out.document(
        {
            "replayed": done.count,
            "unchanged": done.unchanged,
            "left_suspicious": done.left_suspicious,
            "rejects": rejects,
        }
    )
    _show_replay(session, done, rejects)
    return DIFFERENCES if rejects else DONE


def _reject(id_: int, why: str, lang: str) -> Row:
    from leadline.domain.replays import REFUSAL_WORDS

    return {"id": id_, "reason": why, "detail": REFUSAL_WORDS[why][lang]}


def _show_replay(session: Session, done: Replayed, rejects: Sequence[Row]) -> None:
    out = session.out
    out.line("submissions.replayed", count=done.count)
    if done.unchanged:
        out.line("submissions.unchanged", count=done.unchanged)
    if done.left_suspicious:
        out.line("submissions.left", count=done.left_suspicious)
    for reject in rejects:
        out.line("submissions.refused", id=reject["id"], detail=reject["detail"])
    if any(reject["reason"] == "file_row" for reject in rejects):
        out.line("submissions.folder", folder=session.folders.state / "quarantine")
    if done.count:
        out.line("submissions.taken")
