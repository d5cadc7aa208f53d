"""Local days and weeks as instants."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekday_numbers(days: Iterable[str]) -> frozenset[int]:
    """Return weekdays by number, Monday being 0."""
    return frozenset(WEEKDAYS.index(day) for day in days)


def local_midnight(now: datetime, zone: str, *, days: int = 0) -> datetime:
    """Return the midnight that began the local day of `now`, or the one `days` later."""
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime.combine(day, time(), ZoneInfo(zone))


def day_start(day: date, zone: str) -> datetime:
    """Return the first instant, in UTC, of a day in `zone`.

    Where clocks skip midnight it is the moment of their change, where they strike it twice the
    first. The first day of the calendar begins in UTC east of Greenwich: nothing is before it.
    """
    try:
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)


def week_start(now: datetime, zone: str) -> datetime:
    """Return the local Monday midnight at or before `now`."""
    weekday = now.astimezone(ZoneInfo(zone)).weekday()
    return local_midnight(now, zone, days=-weekday)
