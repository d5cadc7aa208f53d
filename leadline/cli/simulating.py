"""`leadline simulate`: what an edited configuration would change, before it is live."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.output import Column
from leadline.cli.running import TERMINATED, read_instant
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of
from leadline.domain.points import as_shown

if TYPE_CHECKING:
    from leadline.config.shape import Project
    from leadline.domain.score_changes import Change, Comparison, Outcome
    from leadline.stages import Workspace

SHOWN: Final = 20
MOST: Final = 2**63 - 1  # counts go no further
_POINTS: Final = ("points", "fit_points", "engagement_points")


def scoring(
    context: typer.Context,
    *,
    config: Annotated[Path | None, typer.Option("--config", metavar="DIR")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DURATION")] = None,
    now: Annotated[str | None, typer.Option("--now", metavar="ISO")] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=0, max=MOST)] = None,
) -> int:
    """Score a copy with the live and with the edited rules, and show what differs."""
    session = session_of(context)
    at = read_instant(now) if now is not None else session.clock.now()
    session.require_project()
    from leadline.stages.simulation import open_unchanged, read_edited, read_since

    start = read_since(since, now=at)
    with open_unchanged(session.environment, now=at) as work:
        edited = read_edited(work, config, now=at)
        found, changes = _simulate(session, work, edited, at=at, since=start, limit=limit)
        hashes = {"before": work.project.hash, "after": edited.hash}
        waiting = _count_waiting(work, at)
    session.out.document(
        {
            "config_hash": hashes,
            "as_of": at,
            "since": start,
            **found.as_document(),
            "events_waiting": waiting,
            "changed": [change_row(change) for change in changes],
        }
    )
    if not session.out.is_json:
        _show(session, found, changes, hashes)
        if waiting:
            session.out.line("simulate.events_waiting", count=f"{waiting:,}")
    return DIFFERENCES if found.changed else DONE


def _count_waiting(work: Workspace, at: datetime) -> int:
    """Count the events that no score knows yet: whether people caused them is judged first."""
    from leadline.store.observations import count_due

    with work.store.read() as connection:
        return count_due(connection, now=at)


def _simulate(
    session: Session,
    work: Workspace,
    edited: Project,
    *,
    at: datetime,
    since: datetime | None,
    limit: int | None,
) -> tuple[Comparison, list[Change]]:
    """Run the simulation; returns the counts and as many changes as are shown."""
    from leadline.stages.simulation import simulate_scoring

    most = limit if limit is not None else MOST if session.out.is_json else SHOWN
    changes: list[Change] = []

    def take(change: Change) -> None:
        if len(changes) < most:
            changes.append(change)

    with _until_told(), session.out.progress("simulate.running") as advance:
        found = simulate_scoring(
            work, edited, now=at, since=since, on_change=take, on_leads=advance
        )
    return found, changes


@contextmanager
def _until_told() -> Iterator[None]:
    """Let SIGTERM end the block like an error, so that the copy is removed."""

    def leave(_number: int, _frame: object) -> None:
        raise typer.Exit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def change_row(change: Change) -> dict[str, Any]:
    """Return a lead that differs as the contract shows it."""
    return {
        "id": change.lead_id,
        "before": _outcome_row(change.before),
        "after": _outcome_row(change.after),
    }


def _outcome_row(outcome: Outcome) -> dict[str, Any]:
    row = outcome.as_document()
    models = {name: _in_shown_points(score) for name, score in row["models"].items()}
    return {**_in_shown_points(row), "models": models}


def _in_shown_points(row: dict[str, Any]) -> dict[str, Any]:
    return {name: as_shown(value) if name in _POINTS else value for name, value in row.items()}


def _show(
    session: Session, found: Comparison, changes: Sequence[Change], hashes: dict[str, str]
) -> None:
    out = session.out
    short = {name: hash_[:12] for name, hash_ in hashes.items()}
    out.line("simulate.compared", leads=f"{found.leads:,}", **short)
    if hashes["before"] == hashes["after"]:
        out.line("simulate.same_config")
    if found.changed:
        out.line("simulate.changed", changed=f"{found.changed:,}")
    else:
        out.line("simulate.none")
    _show_moves(session, "simulate.grades", found.as_document()["grades"])
    _show_moves(session, "simulate.stages", found.as_document()["stages"])
    out.line(
        "simulate.hand_over",
        before=f"{found.before:,}",
        after=f"{found.after:,}",
        more=f"{found.more:,}",
        fewer=f"{found.fewer:,}",
    )
    _show_rules(session, found)
    _show_leads(session, found, changes)
    if found.changed:
        out.line("simulate.nothing_written")


def _show_moves(session: Session, key: str, moves: Sequence[dict[str, Any]]) -> None:
    if not moves:
        return
    session.out.text()
    columns = (
        Column(key),
        Column("simulate.to"),
        Column("simulate.leads", is_number=True),
    )
    rows = [(each["from"], each["to"], f"{each['leads']:,}") for each in moves]
    session.out.table(columns, rows)
    session.out.text()


def _show_rules(session: Session, found: Comparison) -> None:
    """Show the rules that were edited, and those that now match other leads."""
    rules = [each for each in found.rules if each.fate != "same" or each.before != each.after]
    if not rules:
        return
    out = session.out
    columns = (
        *(Column("simulate.model"), Column("simulate.rule"), Column("simulate.edit")),
        *(Column("simulate.before", is_number=True), Column("simulate.after", is_number=True)),
    )
    out.text()
    out.table(
        columns,
        [
            (each.model, each.id, out.words(f"simulate.{each.fate}_rule"), each.before, each.after)
            for each in rules
        ],
    )


def _show_leads(session: Session, found: Comparison, changes: Sequence[Change]) -> None:
    if not changes:
        return
    out = session.out
    columns = (
        Column("simulate.lead", is_number=True),
        *(Column("simulate.points"), Column("simulate.grade"), Column("simulate.stage")),
        Column("simulate.rep"),
    )
    out.text()
    out.table(columns, [_lead_cells(session, change) for change in changes])
    if found.changed > len(changes):
        out.line("simulate.more", count=f"{found.changed - len(changes):,}")


def _lead_cells(session: Session, change: Change) -> tuple[object, ...]:
    old, new = change.before, change.after
    words = {True: session.out.words("simulate.yes"), False: session.out.words("simulate.no")}
    reps = [words[each.is_handed_over] for each in (old, new)]
    return (
        change.lead_id,
        _move(as_shown(old.points), as_shown(new.points)),
        _move(old.cell, new.cell),
        _move(old.lifecycle_stage, new.lifecycle_stage),
        _move(*reps),
    )


def _move(old: object, new: object) -> str:
    """Return a value, or both where they differ."""
    return str(new) if old == new else f"{old} → {new}"
