"""The parts of a schedule in words, and the cron lines and the day rule that they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from leadline.domain.cron import CronLine, write_cron
from leadline.domain.recurrence_lexicon import WORKING_WEEK
from leadline.domain.recurrences import DayRule

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY: Final = 24 * 60
HOUR: Final = 60
LAST: Final = -1
EVERY_DAY: Final = frozenset(range(1, 32))
EVERY_MONTH: Final = frozenset(range(1, 13))
_WHOLE_WEEK: Final = frozenset(range(7))
_MONTH_ENDS: Final = frozenset({28, 29, 30, 31})


@dataclass(slots=True)
class Parts:
    """What the words said so far; times are minutes of the day.

    Attributes:
        words: the text.
        times: times of day.
        pace: minutes from one time to the next.
        window: first and last minute; the last may lie before the first, over midnight.
        minute: of each hour.
        weekdays: 0 is Sunday.
        days: of the month; -1 is the last.
        months: 1 to 12.
        places: positions in the month of what `unit` names; -1 is the last.
        unit: what is counted.
        is_business: whether business days are meant.
        is_without_holidays: whether holidays are left out.
        frequency: daily, weekly, monthly or yearly, when it is said.
        zone: IANA name.
        at: where each part stands in the text.
    """

    words: str
    times: set[int] = field(default_factory=set)
    pace: int | None = None
    window: tuple[int, int] | None = None
    minute: int | None = None
    weekdays: set[int] = field(default_factory=set)
    days: set[int] = field(default_factory=set)
    months: set[int] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    unit: Literal["", "weekday", "business_day"] = ""
    is_business: bool = False
    is_without_holidays: bool = False
    frequency: str = ""
    zone: str = ""
    at: dict[str, int] = field(default_factory=dict)


def write_lines(parts: Parts) -> tuple[str, ...]:
    """Return the cron lines: hours with the same minutes share one."""
    minutes: dict[int, set[int]] = {}
    for minute in sorted(_minutes(parts)):
        minutes.setdefault(minute // HOUR, set()).add(minute % HOUR)
    hours: dict[frozenset[int], set[int]] = {}
    for hour, some in minutes.items():
        hours.setdefault(frozenset(some), set()).add(hour)
    days, weekdays = _named_days(parts)
    months = frozenset(parts.months) or EVERY_MONTH
    return tuple(
        write_cron(CronLine(some, frozenset(each), days, months, weekdays))
        for some, each in hours.items()
    )


def _minutes(parts: Parts) -> Iterable[int]:
    """Return the due minutes of a day."""
    if parts.pace is None:
        return parts.times
    if parts.window is None:
        return range(parts.minute or 0, DAY, parts.pace)
    start, end = parts.window
    last = DAY - 1 if end == DAY else end if end > start else end + DAY
    first = start if parts.minute is None else start + (parts.minute - start) % HOUR
    return (minute % DAY for minute in range(first, last + 1, parts.pace))


def _named_days(parts: Parts) -> tuple[frozenset[int], frozenset[int]]:
    """Return days of the month and weekdays for the lines, never fewer than are meant."""
    days = frozenset(parts.days - {LAST}) | (_MONTH_ENDS if LAST in parts.days else frozenset())
    is_business = parts.is_business or parts.unit == "business_day"
    weekdays = WORKING_WEEK if is_business else frozenset(parts.weekdays)
    return days or EVERY_DAY, weekdays or _WHOLE_WEEK


def make_rule(parts: Parts) -> DayRule:
    """Return which of the days that the lines name are meant."""
    is_without_holidays = parts.is_without_holidays or parts.is_business
    if parts.unit:
        return DayRule(tuple(sorted(parts.places)), parts.unit, is_without_holidays)
    nth = tuple(sorted(parts.days)) if LAST in parts.days else ()
    return DayRule(nth, "day", is_without_holidays)
