"""How the schedules stand, for `leadline status` and `leadline doctor`: next, last, lateness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from leadline.cli.output import Column
from leadline.domain.due_times import ON_TIME, duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadline.cli.output import Output
    from leadline.cli.session import Session
    from leadline.config.shape import Project
    from leadline.stages.due_times import Standing
    from leadline.store.due_times import Row
    from leadline.store.engine import Connection


def find_project(session: Session) -> Project | None:
    """Return the project's configuration, None while it has faults: then nothing is scheduled."""
    from leadline.config.loader import check_project

    return check_project(session.folders.home)[0]


def read_clocks(
    connection: Connection, project: Project | None, *, now: datetime
) -> list[Standing]:
    """Return how each schedule stands; none while the configuration has faults."""
    from leadline.stages.due_times import read_standings

    return [] if project is None else read_standings(connection, project, now=now)


def clock_document(standing: Standing) -> dict[str, Any]:
    """Return one schedule for `--json`."""
    last = standing.last
    return {
        "flow": standing.flow,
        "words": standing.says,
        "timezone": standing.timezone,
        "paused": standing.is_paused,
        "next": standing.next_at,
        "last": None if last is None else _last_document(last),
        "overdue_since": standing.overdue_since,
    }


def _last_document(last: Row) -> dict[str, Any]:
    return {
        "due_at": last.due_at,
        "started_at": last.started_at,
        "ended_at": last.ended_at,
        "state": last.state,
        "ending": last.ending,
        "skip_reason": last.skip_reason,
        "clock": last.clock,
        "late_seconds": _late_seconds(last),
        "missed": last.missed_count,
    }


def _late_seconds(last: Row) -> int:
    return max(0, int((last.started_at - last.due_at).total_seconds()))


def show_clocks(out: Output, standings: Sequence[Standing]) -> None:
    """Show a table of the schedules, and what to do about one that no clock runs."""
    if not standings:
        return
    columns = (
        Column("clocks.flow"),
        Column("clocks.words", may_wrap=True),
        Column("clocks.next"),
        Column("clocks.last", may_wrap=True),
    )
    out.text()
    out.table(columns, [_row(out, standing) for standing in standings])
    if flows := overdue_words(standings):
        out.line("clocks.overdue", flows=flows)


def _row(out: Output, standing: Standing) -> tuple[str, str, str, str]:
    upcoming = out.words("clocks.never")
    if standing.is_paused:
        upcoming = out.words("clocks.paused")
    elif standing.next_at is not None:
        upcoming = _local(standing.next_at, standing.timezone)
    return standing.flow, standing.says, upcoming, _last(out, standing)


def _last(out: Output, standing: Standing) -> str:
    """Return when it ran last and how that ended, with what was unusual about it."""
    last = standing.last
    if last is None:
        return out.words("clocks.not_yet")
    ending = last.ending or (last.skip_reason and "skipped") or "running"
    parts = [
        _local(last.due_at, standing.timezone),
        out.words(f"clocks.ending.{ending.lower()}"),
    ]
    if last.started_at - last.due_at > ON_TIME:
        parts.append(out.words("clocks.late", late=duration_text(last.started_at - last.due_at)))
    if last.missed_count:
        parts.append(out.words("clocks.missed", count=last.missed_count))
    return ", ".join(parts)


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%m-%d %H:%M %Z}"


def overdue_words(standings: Sequence[Standing]) -> str:
    """Return the schedules that no clock runs, with since when; "" when all run.

    Where no clock ever ran, nobody expects one: stages can be run by hand.
    """
    if all(each.last is None for each in standings):
        return ""
    return ", ".join(
        f"{each.flow} ({_local(each.overdue_since, each.timezone)})"
        for each in standings
        if each.overdue_since is not None
    )
