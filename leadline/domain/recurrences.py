"""When something recurs: cron lines in a zone, and the days among theirs that are meant.

Cron cannot say "first business day of the month". A recurrence's lines therefore may name more
days than are meant, never fewer, and its day rule decides, on the local date.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from leadline.domain.calendars import Calendar
from leadline.domain.cron import CronFault, CronLine, check_cron, read_cron

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Unit = Literal["day", "weekday", "business_day"]
_WEEK: Final = 7
_HOURS: Final = 24
_LAST: Final = -1
#: No rule comes more seldom: 29 February around a year such as 2100, on one weekday of seven.
_LONGEST_WAIT: Final = timedelta(days=366 * 41)


@dataclass(frozen=True, slots=True)
class DayRule:
    """Which of the days that the lines name are meant.

    Attributes:
        nth: positions in the month, from 1; -1 is the last; () is any.
        unit: what is counted: days, the weekdays that the lines name, or business days.
        is_without_holidays: whether holidays are left out.
    """

    nth: tuple[int, ...] = ()
    unit: Unit = "day"
    is_without_holidays: bool = False

    @property
    def knows_holidays(self) -> bool:
        """Tell whether the days depend on a calendar."""
        return self.is_without_holidays or self.unit == "business_day"


class LocalTime(NamedTuple):
    """A time of a local day.

    Attributes:
        at: hour and minute.
        keeps_pace: whether it belongs to a pace through the whole day, which goes on through
            both passes of an hour that comes twice.
    """

    at: time
    keeps_pace: bool


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When something recurs.

    Attributes:
        words: what is shown to people: the words of the configuration.
        lines: cron lines (Unix weekdays, by name) that together name every due minute.
        timezone: IANA name; lines and days are read in its local time.
        day: which of the days that the lines name are meant.
        calendar: the holidays that the day rule knows.
    """

    words: str
    lines: tuple[str, ...]
    timezone: str = "UTC"
    day: DayRule = DayRule()
    calendar: Calendar = field(default_factory=Calendar)

    def days_from(self, first: date, *, is_backward: bool = False) -> Iterator[date]:
        """Give the days that have due times, from one on; none beyond about forty years."""
        months = frozenset[int]().union(*(line.months for line in read_lines(self)))
        for month in _months(first, is_backward=is_backward):
            days = self.days_of(month) if month.month in months else []
            for day in reversed(days) if is_backward else days:
                if (day <= first) if is_backward else (day >= first):
                    yield day

    def days_of(self, month: date) -> list[date]:
        """Return the days with due times in the month of a day, rising."""
        lines = read_lines(self)
        last = monthrange(month.year, month.month)[1]
        whole = [month.replace(day=number) for number in range(1, last + 1)]
        named = [day for day in whole if any(line.has_day(day) for line in lines)]
        if self.day.unit == "business_day" and named:
            chosen = _business_days(whole, self.day.nth, self.calendar)
            named = [day for day in named if day in chosen]
        elif self.day.nth:
            named = [day for day in named if _is_nth(day.day, last, self.day)]
        if self.day.is_without_holidays:
            named = [day for day in named if not self.calendar.is_holiday(day)]
        return named

    def times_on(self, day: date) -> tuple[LocalTime, ...]:
        """Return the due times of a day that `days_of` names, rising and each once."""
        return _times(tuple(line for line in read_lines(self) if line.has_day(day)))


@lru_cache(maxsize=256)
def _times(lines: tuple[CronLine, ...]) -> tuple[LocalTime, ...]:
    # a pace such as 7 minutes has other minutes in each hour, and so several lines
    hours = frozenset[int]().union(*(line.hours for line in lines))
    is_pace = len(hours) == _HOURS
    found = {time(hour, at) for line in lines for hour in line.hours for at in line.minutes}
    return tuple(LocalTime(at, is_pace) for at in sorted(found))


def _business_days(
    whole: Sequence[date], places: Sequence[int], calendar: Calendar
) -> frozenset[date]:
    """Return the business days of a month at some places."""
    days = [day for day in whole if calendar.is_business_day(day)]
    numbers = (place - 1 if place > 0 else place for place in places)
    return frozenset(days[number] for number in numbers if -len(days) <= number < len(days))


def _is_nth(number: int, last: int, rule: DayRule) -> bool:
    """Tell whether a day, by its number, has one of the places of a rule in its month."""
    step = _WEEK if rule.unit == "weekday" else 1
    place = (number - 1) // step + 1
    return place in rule.nth or (_LAST in rule.nth and number + step > last)


def read_lines(recurrence: Recurrence) -> tuple[CronLine, ...]:
    """Return the lines of a recurrence as they are understood.

    Raises:
        ValueError: a line cannot be used (the text says what to write).
    """
    found = [read_cron(text) for text in recurrence.lines]
    for line in found:
        if isinstance(line, CronFault):
            raise line.error()
    return tuple(line for line in found if isinstance(line, CronLine))


def from_cron(cron: str, timezone: str) -> Recurrence:
    """Return the recurrence of a single cron line.

    Raises:
        ValueError: the line or its zone cannot be used (the text says what to write).
    """
    if fault := check_cron(cron, timezone):
        raise fault.error()
    return Recurrence(words=cron, lines=(" ".join(cron.split()),), timezone=timezone)


def _months(first: date, *, is_backward: bool) -> Iterator[date]:
    """Give the first days of months (of the first: the day itself), up to the longest wait."""
    at = first
    while abs(at - first) <= _LONGEST_WAIT and date.min.year < at.year < date.max.year:
        yield at
        at = at.replace(day=1)
        at = at - timedelta(days=1) if is_backward else at + timedelta(days=31)
        at = at.replace(day=1)
