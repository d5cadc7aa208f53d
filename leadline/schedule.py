"""When a recurrence is due: instants of its local times, in zones whose clocks jump.

- A local time that does not exist stands for the instant that it would have had without the
  jump: 02:30 in New York runs at 03:30.
- A local time that comes twice runs once, at its first pass, when its line names hours; a line
  for every hour (`*/5 * * * *`) keeps its pace through both passes, as cron does.
- Business days, holidays and positions in a month are decided on the local date.

The clock without a server is APScheduler's, which is imported here alone: it is told every
instant by `RecurrenceTrigger` and never reads a cron line itself.
"""

from __future__ import annotations

import heapq
import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from leadline.domain.recurrence_sentences import reason_against

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from leadline.domain.recurrences import Recurrence

_DAY: Final = timedelta(days=1)
#: How far `last_time` looks back: a yearly day and its leap year.
_LONGEST_LOOK: Final = timedelta(days=400)
_MOMENT: Final = timedelta(microseconds=1)
_THREADS: Final = 8


def next_times(recurrence: Recurrence, *, now: datetime, count: int) -> list[datetime]:
    """Return the next `count` instants at which a recurrence is due.

    Args:
        recurrence: what recurs.
        now: aware; an instant equal to it is past.
        count: how many to return.

    Returns:
        Aware UTC, rising; fewer when no more come in about forty years.

    Raises:
        ValueError: a line cannot be used, or `now` is naive.
    """
    return list(itertools.islice(_due_after(recurrence, _utc(now)), count))


def last_time(recurrence: Recurrence, *, now: datetime) -> datetime | None:
    """Return the newest instant at which a recurrence was due, `now` included.

    Args:
        recurrence: what recurs.
        now: aware.

    Returns:
        Aware UTC; None when there was none in the last 400 days.

    Raises:
        ValueError: a line cannot be used, or `now` is naive.
    """
    now = _utc(now)
    zone = ZoneInfo(recurrence.timezone)
    local = now.astimezone(zone).date()
    found: datetime | None = None
    for day in recurrence.days_from(local + _DAY, is_backward=True):
        if day < local - _LONGEST_LOOK - _DAY:
            break
        past = [at for at in _instants(recurrence, day, zone) if at <= now]
        if found is not None:
            return max(found, *past, found)
        found = max(past, default=None)
    return found if found and found >= now - _LONGEST_LOOK else None


def count_times(recurrence: Recurrence, *, after: datetime, until: datetime, most: int) -> int:
    """Count the instants after one time and up to another, both aware.

    Args:
        recurrence: what recurs.
        after: an instant equal to it does not count.
        until: an instant equal to it counts.
        most: where to stop counting.

    Raises:
        ValueError: a line cannot be used, or a time is naive.
    """
    until = _utc(until)
    due = itertools.takewhile(lambda at: at <= until, _due_after(recurrence, _utc(after)))
    return sum(1 for _ in itertools.islice(due, most))


def why_not(recurrence: Recurrence, at: datetime) -> Mapping[str, str] | None:
    """Return why nothing is due at an instant, None when something is.

    Args:
        recurrence: what recurs.
        at: aware.

    Returns:
        The reason per language ("en", "ja"): a holiday's name, the day that is meant instead,
        or that the time is none of the schedule's.

    Raises:
        ValueError: a line cannot be used, or `at` is naive.
    """
    at = _utc(at)
    if next(_due_after(recurrence, at - _MOMENT), None) == at:
        return None
    return reason_against(recurrence, at.astimezone(ZoneInfo(recurrence.timezone)))


def _due_after(recurrence: Recurrence, now: datetime) -> Iterator[datetime]:
    """Give the instants after `now`, rising and each once."""
    zone = ZoneInfo(recurrence.timezone)
    waiting: list[datetime] = []
    last = now
    # a local time of yesterday may stand for an instant of today
    for day in recurrence.days_from(now.astimezone(zone).date() - _DAY):
        start = min(_passes(day, time.min, zone))
        while waiting and waiting[0] < start:
            if (instant := heapq.heappop(waiting)) > last:
                yield instant
                last = instant
        for instant in _instants(recurrence, day, zone):
            heapq.heappush(waiting, instant)
    yield from (instant for instant in sorted(set(waiting)) if instant > last)


def _instants(recurrence: Recurrence, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Give the instants of a local date, in no order; one may come twice."""
    offsets = {
        datetime.combine(each, at, tzinfo=zone).utcoffset()
        for each, at in ((day, time.min), (day, time(12)), (day + _DAY, time.min))
    }
    if len(offsets) == 1:  # the clocks do not jump on this day
        midnight = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
        for at, _ in recurrence.times_on(day):
            yield midnight + timedelta(hours=at.hour, minutes=at.minute)
        return
    for at, keeps_pace in recurrence.times_on(day):
        first, second = _passes(day, at, zone)
        yield first
        if keeps_pace and second > first:
            yield second


def _passes(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both instants of a local time; the second is the earlier one in a gap."""
    local = datetime.combine(day, at, tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = "now must be aware (carry a zone)"
        raise ValueError(message)
    return at.astimezone(UTC)


class RecurrenceTrigger(BaseTrigger):  # type: ignore[misc] # the library ships no types
    """Tells APScheduler when a recurrence is due."""

    def __init__(self, recurrence: Recurrence) -> None:
        """Keep the recurrence."""
        self.recurrence = recurrence

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return the next instant, None when there is none.

        Args:
            previous_fire_time: the instant before; None at first.
            now: at first, an instant equal to it is due. Later, of several that have passed the
                newest is returned: those between are one run.
        """
        if previous_fire_time is None:
            return next(_due_after(self.recurrence, _utc(now) - _MOMENT), None)
        newest = last_time(self.recurrence, now=now)
        if newest is not None and newest > previous_fire_time:
            return newest
        return next(_due_after(self.recurrence, _utc(previous_fire_time)), None)


class Clock:
    """Calls functions when they are due, in threads of this process.

    Of one name there is one call at a time, calls that were missed are one call, and a call is
    made however late: whoever is called decides what lateness means.
    """

    def __init__(self, *, threads: int = _THREADS) -> None:
        """Make a clock that stands still until `start`.

        Args:
            threads: how many calls may run at once.
        """
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.jobstores.memory import MemoryJobStore
        from apscheduler.schedulers.background import BackgroundScheduler

        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(threads)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
            daemon=True,
        )
        self._known: Mapping[str, object] = {}

    def set(
        self,
        recurring: Mapping[str, tuple[Recurrence, Callable[[], None]]],
        *,
        intervals: Mapping[str, tuple[timedelta, Callable[[], None]]] | None = None,
        paused: Collection[str] = (),
    ) -> None:
        """Make the clock's table this one: add, replace, pause, resume and remove.

        A name whose time is as it was is left alone, with its function, so a repeated call
        changes nothing.

        Args:
            recurring: when to call what, by name.
            intervals: what to call again and again, by other names; the first call comes after
                the first interval.
            paused: names that are kept and not called.
        """
        from apscheduler.triggers.interval import IntervalTrigger

        known: dict[str, object] = {}
        for name, (when, _) in (*recurring.items(), *(intervals or {}).items()):
            known[name] = (when, name in paused)
        for name in self._known.keys() - known.keys():
            self._scheduler.remove_job(name)
        for name, (when, target) in recurring.items():
            if self._known.get(name) != known[name]:
                self._add(name, RecurrenceTrigger(when), target, is_paused=name in paused)
        for name, (every, target) in (intervals or {}).items():
            if self._known.get(name) != known[name]:
                trigger = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
                self._add(name, trigger, target, is_paused=name in paused)
        self._known = known

    def _add(
        self, name: str, trigger: object, target: Callable[[], None], *, is_paused: bool
    ) -> None:
        pause: dict[str, None] = {"next_run_time": None} if is_paused else {}
        self._scheduler.add_job(
            target,
            trigger,
            id=name,
            name=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            replace_existing=True,
            **pause,
        )

    def next_times(self) -> dict[str, datetime | None]:
        """Return when each name is called next (aware UTC), None while it is paused."""
        jobs = self._scheduler.get_jobs()
        return {job.id: getattr(job, "next_run_time", None) for job in jobs}

    def start(self) -> None:
        """Begin to call."""
        self._scheduler.start()

    def wake(self) -> None:
        """Look at the time again: it may have been set, or the computer has slept."""
        self._scheduler.wakeup()

    def stop(self) -> None:
        """Make no more calls, and wait for those that run."""
        self._scheduler.shutdown(wait=True)


def start_clock(
    recurring: Mapping[str, tuple[Recurrence, Callable[[], None]]],
    *,
    intervals: Mapping[str, tuple[timedelta, Callable[[], None]]] | None = None,
    paused: Collection[str] = (),
) -> Clock:
    """Return a running clock with this table; see `Clock.set`."""
    clock = Clock()
    clock.set(recurring, intervals=intervals, paused=paused)
    clock.start()
    return clock
