"""Due times: which run does the work that a schedule asks for, and what became of the others.

Two clocks may run over one database, Prefect's and the embedded one, or the same clock twice. A
row per flow and due time decides: whoever writes it first runs. It is leased, so that the work of
a process that died is taken up again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from leadline.clock import SystemClock
from leadline.domain.batches import Batch
from leadline.domain.due_times import (
    MOST_FENCES,
    ON_TIME,
    OVERDUE,
    Leave,
    Take,
    Taken,
    decide_due_time,
    late_words,
)
from leadline.domain.skips import WORDS, SkipReason
from leadline.errors import LeadlineError
from leadline.schedule import count_times, last_time, next_times, why_not
from leadline.store import due_times
from leadline.store.leases import LEASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leadline.config.shape import Project, Schedule
    from leadline.stages import Workspace
    from leadline.store.engine import Connection, Store

Clock = Literal["prefect", "embedded"]
EndState = Literal["completed", "failed", "crashed"]
#: A server may start a run a little before our clock says that it is due.
_EARLY: Final = timedelta(seconds=60)
_RENEW_EVERY: Final = LEASE.total_seconds() / 3
#: It looks all the time and has no due times of its own.
_WATCH: Final = "watch"
#: How long it is known what became of a due time.
KEPT: Final = timedelta(days=30)
_LONGEST_JUMP: Final = timedelta(hours=1)
#: Nobody needs to know more exactly how much was missed.
_MOST_MISSED: Final = 100_000


class _Missed(NamedTuple):
    """How many due times were missed, and the first of them."""

    times: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A due time that is ours.

    Attributes:
        flow: the flow's name.
        due_at: the due time.
        fence: how often it was taken; a later owner has a greater one.
        says: per language, what is unusual about the run ("" when nothing is): late, or making
            up for what was missed.
        is_late: whether it runs late or makes up for missed times.
    """

    flow: str
    due_at: datetime
    fence: int
    says: Mapping[str, str]
    is_late: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run has nothing to do.

    Attributes:
        reason: for counting.
        says: per language, for people.
    """

    reason: SkipReason
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Left:
    """A due time at which a process died.

    Attributes:
        flow: the flow's name.
        due_at: the due time.
        fence: how often it was taken.
        flow_run_id: Prefect's id of the run, None for the embedded clock.
        is_covered: whether a later run has done its work already.
        silent_for: since when its lease is over; negative while it is not and the process is
            known to be dead.
        leased_until: until when its lease ran when it was looked at.
    """

    flow: str
    due_at: datetime
    fence: int
    flow_run_id: str | None
    is_covered: bool
    silent_for: timedelta
    leased_until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a flow's schedule stands, for people.

    Attributes:
        flow: the flow's name.
        says: the schedule's words.
        timezone: its zone.
        is_paused: whether it is paused.
        next_at: when it is due next, None when never.
        last: the newest due time that was taken, None at first.
        overdue_since: the due time that no clock took in time, None when all is well.
    """

    flow: str
    says: str
    timezone: str
    is_paused: bool
    next_at: datetime | None
    last: due_times.Row | None
    overdue_since: datetime | None


def claim(
    work: Workspace,
    flow: str,
    *,
    now: datetime,
    clock: Clock,
    flow_run_id: str | None = None,
    planned_at: datetime | None = None,
) -> Claim | Refusal:
    """Take the due time that a run finds, or say why it has nothing to do.

    Args:
        work: the workspace.
        flow: the flow's name in `config/schedules.yaml`.
        now: the real time.
        clock: which clock asks.
        flow_run_id: Prefect's id of the run.
        planned_at: the time for which Prefect planned the run.
    """
    schedule = work.project.schedules.get(flow)
    if schedule is None or schedule.paused:
        return _refusal(SkipReason.NOT_DUE)
    due_at = _due_at(schedule, now, planned_at)
    with work.store.write(lock="due_times") as connection:
        since = due_times.keep_schedule(connection, flow, schedule.says, at=now)
        found = due_times.find_newest(connection, flow, now=max(now, due_at or now))
        decision = decide_due_time(
            due_at, _taken(found), since=since, now=now, catch_up=schedule.catch_up
        )
        if isinstance(decision, Leave):
            _record(connection, flow, decision, clock=clock, now=now)
            return _explained(schedule, decision, planned_at)
        missed = _missed(schedule, decision)
        if decision.is_repeat and found is not None:
            fence = due_times.take_again(
                connection, found, clock=clock, flow_run_id=flow_run_id, now=now
            )
            if not fence:  # it was slow, and ended while we looked
                return _refusal(SkipReason.DONE_BEFORE)
        else:
            row = _new_row(flow, decision.due_at, clock) | {"flow_run_id": flow_run_id}
            if missed is not None:
                row |= {"missed_count": missed.times, "missed_since": missed.since}
            fence = due_times.add_taken(connection, row, now=now)
    return _claim(schedule, flow, decision, fence=fence, missed=missed)


def _due_at(schedule: Schedule, now: datetime, planned_at: datetime | None) -> datetime | None:
    """Return the newest due time; a planned one counts a little early, as clocks differ."""
    recurrence = schedule.recurrence
    if planned_at is not None and now < planned_at <= now + _EARLY:
        now = planned_at
    if planned_at is not None and (due_at := _after_jump(schedule, planned_at)) is not None:
        now = max(now, due_at)
    return last_time(recurrence, now=now)


def _after_jump(schedule: Schedule, planned_at: datetime) -> datetime | None:
    """Return the due time that Prefect means when it plans a local time that does not exist.

    It runs 02:30 an hour too early on the day on which the clocks jump from 02:00 to 03:00.
    """
    recurrence = schedule.recurrence
    upcoming = next_times(recurrence, now=planned_at, count=1)
    if not upcoming or upcoming[0] - planned_at > _LONGEST_JUMP:
        return None
    zone = ZoneInfo(recurrence.timezone)
    jump = upcoming[0].astimezone(zone).utcoffset() != planned_at.astimezone(zone).utcoffset()
    return upcoming[0] if jump and why_not(recurrence, planned_at) else None


def _taken(row: due_times.Row | None) -> Taken | None:
    if row is None:
        return None
    return Taken(row.due_at, row.state == "running", row.is_held, row.fence, row.state)


def _new_row(flow: str, due_at: datetime, clock: Clock) -> dict[str, Any]:
    return {
        "flow": flow,
        "due_at": due_at,
        "clock": clock,
        "flow_run_id": None,
        "missed_count": 0,
        "missed_since": None,
    }


def _record(
    connection: Connection, flow: str, leave: Leave, *, clock: Clock, now: datetime
) -> None:
    if leave.is_new and leave.due_at is not None:
        row = _new_row(flow, leave.due_at, clock)
        due_times.add_skipped(connection, row, reason=leave.reason.value, now=now)


def _missed(schedule: Schedule, take: Take) -> _Missed | None:
    """Return what was missed before this due time, None when nothing was."""
    recurrence = schedule.recurrence
    if take.is_repeat or take.missed_after >= take.due_at:
        return None
    count = count_times(recurrence, after=take.missed_after, until=take.due_at, most=_MOST_MISSED)
    if count <= 1:
        return None
    (first,) = next_times(recurrence, now=take.missed_after, count=1)
    return _Missed(count - 1, first)


def _claim(
    schedule: Schedule,
    flow: str,
    take: Take,
    *,
    fence: int,
    missed: _Missed | None,
) -> Claim:
    zone = schedule.recurrence.timezone
    count, since = missed or _Missed(0, take.due_at)
    says = late_words(take, count, due=_local(take.due_at, zone), since=_local(since, zone))
    return Claim(flow, take.due_at, fence, says, is_late=take.is_late or missed is not None)


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def _explained(schedule: Schedule, leave: Leave, planned_at: datetime | None) -> Refusal:
    """Say why in the most telling way: the holiday rather than "done before"."""
    if planned_at is not None and (reason := why_not(schedule.recurrence, planned_at)):
        return Refusal(SkipReason.NOT_DUE, reason)
    if leave.due_at is None:
        return _refusal(leave.reason)
    at = _local(leave.due_at, schedule.recurrence.timezone)
    return Refusal(
        leave.reason, {lang: f"{words} ({at})" for lang, words in WORDS[leave.reason].items()}
    )


def _refusal(reason: SkipReason) -> Refusal:
    return Refusal(reason, WORDS[reason])


def renew(store: Store, mine: Claim, *, now: datetime) -> bool:
    """Prolong the lease; False when the due time is somebody else's by now."""
    with store.write() as connection:
        return due_times.renew(connection, mine.flow, mine.due_at, fence=mine.fence, now=now)


def end(
    store: Store,
    mine: Claim,
    *,
    state: EndState,
    ending: str,
    now: datetime,
) -> bool:
    """Record how the run ended; False when the due time is somebody else's by now."""
    with store.write() as connection:
        return due_times.mark_ended(
            connection,
            mine.flow,
            mine.due_at,
            fence=mine.fence,
            state=state,
            ending=ending,
            now=now,
        )


async def keep(store: Store, mine: Claim) -> None:
    """Prolong the lease again and again; returns when somebody else has the due time.

    A database that is away or locked is asked again: nobody else can take the due time then.
    """
    pause, is_mine = _RENEW_EVERY, True
    while is_mine:
        await asyncio.sleep(pause)
        try:
            is_mine = await asyncio.to_thread(renew, store, mine, now=SystemClock().now())
            pause = _RENEW_EVERY
        except LeadlineError:
            pause = _RENEW_EVERY / 4


def find_left(store: Store, *, now: datetime) -> list[Left]:
    """Return what dead or silent processes left running, oldest first."""
    with store.read() as connection:
        rows = due_times.list_left(connection, now=now)
        last = due_times.list_last(connection, now=now) if rows else {}
    return [
        Left(
            *(row.flow, row.due_at, row.fence, row.flow_run_id),
            is_covered=row.flow in last and last[row.flow].due_at > row.due_at,
            silent_for=now - (row.leased_until or row.started_at),
            leased_until=row.leased_until,
        )
        for row in rows
    ]


def close_left(store: Store, left: Left, *, ending: str = "Crashed", now: datetime) -> bool:
    """Record that nobody works on a due time any more; False when somebody does again.

    Args:
        store: the database.
        left: what was left.
        ending: how its run ended. After any other end than a crash nothing is taken up again.
        now: the present.
    """
    with store.write() as connection:
        return due_times.mark_ended(
            connection,
            left.flow,
            left.due_at,
            fence=left.fence,
            state="crashed" if ending == "Crashed" else "failed",
            ending=ending,
            now=now,
            leased_until=left.leased_until,
        )


def list_waiting(work: Workspace, *, now: datetime) -> dict[str, datetime]:
    """Return the flows whose newest due time nobody has taken or finished, each with that time."""
    with work.store.read() as connection:
        last = due_times.list_last(connection, now=now)
        since = due_times.read_since(connection)
    found = {}
    for flow, schedule in work.project.schedules.items():
        due_at = None if schedule.paused else last_time(schedule.recurrence, now=now)
        if due_at is None or flow == _WATCH:
            continue
        newest = last.get(flow)
        if newest is not None and newest.due_at >= due_at:
            if _goes_on(newest, schedule.catch_up, now):
                found[flow] = newest.due_at
        elif due_at >= since.get(flow, now):
            found[flow] = due_at
    return found


def _goes_on(row: due_times.Row, catch_up: timedelta | None, now: datetime) -> bool:
    """Tell whether the work of a due time at which a process died may be taken up again."""
    is_in_time = catch_up is None or now - row.due_at <= max(catch_up, ON_TIME)
    return row.state == "crashed" and row.fence < MOST_FENCES and is_in_time


def read_standings(connection: Connection, project: Project, *, now: datetime) -> list[Standing]:
    """Return how each schedule stands."""
    last = due_times.list_last(connection, now=now)
    since = due_times.read_since(connection)
    return [
        _standing(flow, schedule, last.get(flow), since=since.get(flow), now=now)
        for flow, schedule in project.schedules.items()
        if flow != _WATCH
    ]


def list_overdue(work: Workspace, *, now: datetime) -> list[tuple[str, datetime]]:
    """Return the flows that no clock runs, each with the due time that passed first."""
    with work.store.read() as connection:
        standings = read_standings(connection, work.project, now=now)
    return [(each.flow, each.overdue_since) for each in standings if each.overdue_since is not None]


def _standing(
    flow: str,
    schedule: Schedule,
    last: due_times.Row | None,
    *,
    since: datetime | None,
    now: datetime,
) -> Standing:
    recurrence = schedule.recurrence
    upcoming = next_times(recurrence, now=now, count=1)
    return Standing(
        flow,
        recurrence.words,
        recurrence.timezone,
        schedule.paused,
        None if schedule.paused or not upcoming else upcoming[0],
        last,
        _overdue_since(schedule, last, since, now),
    )


def _overdue_since(
    schedule: Schedule, last: due_times.Row | None, since: datetime | None, now: datetime
) -> datetime | None:
    """Return the first due time that is long over and that no clock took."""
    if schedule.paused or since is None or (last is not None and last.is_held):
        return None
    after = since if last is None else max(since, last.due_at)
    first = next_times(schedule.recurrence, now=after, count=1)
    return first[0] if first and now - first[0] > OVERDUE else None


def remove_old(store: Store, *, now: datetime) -> Batch:
    """Forget due times older than `KEPT`, but each flow's newest; returns how many."""
    with store.write() as connection:
        removed = due_times.remove_old(connection, before=now - KEPT)
    return Batch("due_times", claimed=removed, done=removed)
