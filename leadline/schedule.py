"""When a recurrence is due: instants of its local times, in zones whose clocks jump.

- A local time that does not exist stands for the instant that it would have had without the
  jump: 02:30 in New York runs at 03:30.
- A local time that comes twice runs once, at its first pass, when its line names hours; a line
  for every hour (`*/5 * * * *`) keeps its pace through both passes, as cron does.
- Business days, holidays and positions in a month are decided on the local date.
"""

from __future__ import annotations

import heapq
import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from leadline.domain.recurrence_sentences import reason_against

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadline.domain.recurrences import Recurrence

_DAY: Final = timedelta(days=1)
#: How far `last_time` looks back: a yearly day and its leap year.
_LONGEST_LOOK: Final = timedelta(days=400)


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
    if next(_due_after(recurrence, at - timedelta(microseconds=1)), None) == at:
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
