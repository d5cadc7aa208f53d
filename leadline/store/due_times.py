"""Due times of schedules: each is taken once, and everybody sees what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select, text, update

from leadline.store import schema
from leadline.store.bulk import insert_rows
from leadline.store.leases import LEASE, Owner, is_gone, this_process

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

_DUE_TIMES: Final = schema.due_times
_SCHEDULES: Final = schema.schedules
#: The condition of the partial index, word for word.
_RUNNING: Final = text("state = 'running'")


@dataclass(frozen=True, slots=True)
class Row:
    """A due time that a clock took.

    Attributes:
        id: of the row.
        flow: the flow's name.
        due_at: the due time.
        state: running, completed, failed, crashed or skipped.
        ending: the end state's name, as people read it.
        skip_reason: why it was skipped.
        clock: prefect or embedded.
        flow_run_id: Prefect's id of the run.
        fence: how often it was taken.
        missed_count: how many due times before it this run makes up for.
        missed_since: the first of them.
        started_at: when it was taken last.
        ended_at: when it ended.
        is_held: whether its process is alive and keeps its lease.
        leased_until: when the lease ends or ended, None for one that is not running.
    """

    id: int
    flow: str
    due_at: datetime
    state: str
    ending: str | None
    skip_reason: str | None
    clock: str
    flow_run_id: str | None
    fence: int
    missed_count: int
    missed_since: datetime | None
    started_at: datetime
    ended_at: datetime | None
    is_held: bool
    leased_until: datetime | None


def keep_schedule(connection: Connection, flow: str, says: str, *, at: datetime) -> datetime:
    """Record what a flow's schedule says; returns since when it says so."""
    insert_rows(
        connection, _SCHEDULES, [{"flow": flow, "says": says, "since": at}], ignore_known=True
    )
    connection.execute(
        update(_SCHEDULES)
        .where(_SCHEDULES.c.flow == flow, _SCHEDULES.c.says != says)
        .values(says=says, since=at)
    )
    since: datetime = connection.execute(
        select(_SCHEDULES.c.since).where(_SCHEDULES.c.flow == flow)
    ).scalar_one()
    return since


def read_since(connection: Connection) -> dict[str, datetime]:
    """Return since when each flow's schedule says what it says."""
    return {row.flow: row.since for row in connection.execute(select(_SCHEDULES))}


def find_newest(connection: Connection, flow: str, *, now: datetime) -> Row | None:
    """Return the newest due time up to `now` that was taken, or one that somebody is at.

    A row of the future, left by a clock that was wrong, does not count.
    """
    query = (
        select(_DUE_TIMES)
        .where(_DUE_TIMES.c.flow == flow, _DUE_TIMES.c.due_at <= now)
        .order_by(_DUE_TIMES.c.due_at.desc())
        .limit(1)
    )
    running = select(_DUE_TIMES).where(_RUNNING, _DUE_TIMES.c.flow == flow)
    rows = [*connection.execute(running), *connection.execute(query)]
    found = [_row(row, now) for row in rows]
    return next((row for row in found if row.is_held), found[-1] if found else None)


def has_taken(connection: Connection, flow: str, *, until: datetime) -> bool:
    """Tell whether a clock took a due time of a flow, up to an instant."""
    query = select(_DUE_TIMES.c.id).where(_DUE_TIMES.c.flow == flow, _DUE_TIMES.c.due_at <= until)
    return connection.execute(query.limit(1)).first() is not None


def list_left(connection: Connection, *, now: datetime) -> list[Row]:
    """Return the running ones whose process died or went silent, oldest first."""
    query = select(_DUE_TIMES).where(_RUNNING).order_by(_DUE_TIMES.c.due_at)
    rows = (_row(row, now) for row in connection.execute(query))
    return [row for row in rows if not row.is_held]


def list_last(connection: Connection, *, now: datetime) -> dict[str, Row]:
    """Return the newest due time up to `now` that was taken, by flow."""
    newest = (
        select(_DUE_TIMES.c.flow, func.max(_DUE_TIMES.c.due_at).label("due_at"))
        .where(_DUE_TIMES.c.due_at <= now)
        .group_by(_DUE_TIMES.c.flow)
    )
    last = newest.subquery()
    query = select(_DUE_TIMES).join(
        last, (_DUE_TIMES.c.flow == last.c.flow) & (_DUE_TIMES.c.due_at == last.c.due_at)
    )
    return {row.flow: _row(row, now) for row in connection.execute(query)}


def _row(row: Any, now: datetime) -> Row:  # noqa: ANN401 - a row of a driver
    is_held = (
        row.state == "running"
        and row.leased_until is not None
        and row.leased_until >= now
        and not is_gone(Owner.parse(row.owner), observer=this_process())
    )
    return Row(
        *(row.id, row.flow, row.due_at, row.state, row.ending, row.skip_reason, row.clock),
        *(row.flow_run_id, row.fence, row.missed_count, row.missed_since),
        *(row.started_at, row.ended_at, is_held, row.leased_until),
    )


def add_taken(connection: Connection, row: dict[str, Any], *, now: datetime) -> int:
    """Take a due time that nobody took before; returns its fence."""
    taken = {"owner": str(this_process()), "leased_until": now + LEASE, "started_at": now}
    insert_rows(connection, _DUE_TIMES, [{**row, **taken, "state": "running", "fence": 1}])
    return 1


def add_skipped(connection: Connection, row: dict[str, Any], *, reason: str, now: datetime) -> None:
    """Record that a due time is given up."""
    skipped = {"state": "skipped", "skip_reason": reason, "fence": 0}
    insert_rows(
        connection,
        _DUE_TIMES,
        [{**row, **skipped, "started_at": now, "ended_at": now}],
        ignore_known=True,
    )


def take_again(
    connection: Connection, row: Row, *, clock: str, flow_run_id: str | None, now: datetime
) -> int:
    """Take a due time at which a process died; returns its new fence, 0 if it changed meanwhile."""
    done = connection.execute(
        update(_DUE_TIMES)
        .where(
            _DUE_TIMES.c.id == row.id,
            _DUE_TIMES.c.fence == row.fence,
            _DUE_TIMES.c.state == row.state,
        )
        .values(
            state="running",
            ending=None,
            clock=clock,
            flow_run_id=flow_run_id,
            owner=str(this_process()),
            fence=row.fence + 1,
            leased_until=now + LEASE,
            started_at=now,
            ended_at=None,
        )
    )
    return row.fence + 1 if done.rowcount else 0


def renew(
    connection: Connection, flow: str, due_at: datetime, *, fence: int, now: datetime
) -> bool:
    """Prolong a lease; False when the due time is somebody else's by now."""
    return _mine(connection, flow, due_at, fence=fence, values={"leased_until": now + LEASE})


def mark_ended(
    connection: Connection,
    flow: str,
    due_at: datetime,
    *,
    fence: int,
    state: str,
    ending: str,
    now: datetime,
    leased_until: datetime | None = None,
) -> bool:
    """Record how a run ended; False when the due time is somebody else's by now.

    Args:
        connection: a writing transaction.
        flow: the flow's name.
        due_at: the due time.
        fence: how often it was taken.
        state: completed, failed or crashed.
        ending: the name of the end state.
        now: the present.
        leased_until: of a run that somebody else looks at: it is left alone if its lease was
            prolonged since.
    """
    ended = {"state": state, "ending": ending, "ended_at": now, "leased_until": None}
    return _mine(connection, flow, due_at, fence=fence, values=ended, leased_until=leased_until)


def _mine(
    connection: Connection,
    flow: str,
    due_at: datetime,
    *,
    fence: int,
    values: dict[str, Any],
    leased_until: datetime | None = None,
) -> bool:
    query = update(_DUE_TIMES).where(
        _RUNNING,
        _DUE_TIMES.c.flow == flow,
        _DUE_TIMES.c.due_at == due_at,
        _DUE_TIMES.c.fence == fence,
    )
    if leased_until is not None:
        query = query.where(_DUE_TIMES.c.leased_until == leased_until)
    return connection.execute(query.values(**values)).rowcount == 1


def remove_old(connection: Connection, *, before: datetime) -> int:
    """Forget due times before an instant, but each flow's newest; returns how many."""
    newest = select(func.max(_DUE_TIMES.c.id)).group_by(_DUE_TIMES.c.flow)
    done = connection.execute(
        delete(_DUE_TIMES).where(
            _DUE_TIMES.c.due_at < before,
            _DUE_TIMES.c.state != "running",
            _DUE_TIMES.c.id.not_in(newest),
        )
    )
    return int(done.rowcount)
