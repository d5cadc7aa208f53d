"""Reading a cron line: the minutes, hours and days that its five fields name.

The fields are minute, hour, day of month, month, day of week. Numbers of weekdays are those of
Unix: 0 and 7 are Sunday. A line that sets both day fields is refused: cron means OR there, which
surprises everybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_HOURS: Final = 24
_PART: Final = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d{1,2}))?", re.ASCII)


class _Field(NamedTuple):
    """One field of a cron line.

    Attributes:
        name: English name.
        name_ja: Japanese name.
        low: least number.
        high: greatest number of `*`.
        limit: greatest number that may be written; above `high` for Sunday alone.
        names: words for numbers.
    """

    name: str
    name_ja: str
    low: int
    high: int
    limit: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", "分", 0, 59, 59),
    _Field("hour", "時", 0, 23, 23),
    _Field("day of month", "日", 1, 31, 31),
    _Field("month", "月", 1, 12, 12, MONTHS),
    _Field("day of week", "曜日", 0, 6, 7, WEEKDAYS),
)
_MINUTE, _HOUR = _FIELDS[:2]


@dataclass(frozen=True, slots=True)
class CronFault:
    """Why a cron line cannot be used; as text it is the English message.

    Attributes:
        message: what is wrong and what to write, per language ("en", "ja").
    """

    message: Mapping[str, str]

    def __str__(self) -> str:
        """Return the English message."""
        return self.message["en"]

    def error(self) -> ValueError:
        """Return the fault as an error, for callers that checked the line before."""
        return ValueError(str(self))


@dataclass(frozen=True, slots=True)
class CronLine:
    """A cron line that was understood.

    Attributes:
        minutes: 0 to 59.
        hours: 0 to 23.
        days: of the month, 1 to 31.
        months: 1 to 12.
        weekdays: 0 is Sunday, 6 is Saturday.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def has_day(self, day: date) -> bool:
        """Tell whether the line names a day."""
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
        )


def check_cron(cron: str, timezone: str) -> CronFault | None:
    """Return what is wrong with a cron line or its zone, or None.

    Args:
        cron: minute, hour, day of month, month, day of week.
        timezone: IANA name.
    """
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _fault(
            f"{timezone!r} is not a time zone; write a name such as Asia/Tokyo",
            f"{timezone!r} というタイムゾーンはありません。Asia/Tokyo のように書いてください",
        )
    line = read_cron(cron)
    return line if isinstance(line, CronFault) else None


@lru_cache(maxsize=1024)
def read_cron(cron: str) -> CronLine | CronFault:
    """Read a cron line.

    Args:
        cron: minute, hour, day of month, month, day of week.
    """
    texts = cron.split()
    if len(texts) != len(_FIELDS):
        return _fault(
            f"a cron line has 5 fields (minute hour day-of-month month day-of-week), this one has"
            f" {len(texts)}; every weekday at nine is `0 9 * * mon-fri`",
            f"cron は5項目(分 時 日 月 曜日)で書きます。{len(texts)}項目あります。"
            "平日9時は `0 9 * * mon-fri` です",
        )
    values = [_values(text.lower(), field) for text, field in zip(texts, _FIELDS, strict=True)]
    faults = [value for value in values if isinstance(value, CronFault)]
    sets = [value for value in values if not isinstance(value, CronFault)]
    fault = faults[0] if faults else _day_fault(texts, sets)
    if fault:
        return fault
    minutes, hours, days, months, weekdays = sets
    return CronLine(minutes, hours, days, months, frozenset(day % 7 for day in weekdays))


def write_cron(line: CronLine) -> str:
    """Return a line in its shortest spelling, weekdays by name."""
    sets = (line.minutes, line.hours, line.days, line.months, line.weekdays)
    return " ".join(_spelled(some, field) for some, field in zip(sets, _FIELDS, strict=True))


def _spelled(numbers: Collection[int], field: _Field) -> str:
    whole = range(field.low, field.high + 1)
    if len(numbers) == len(whole):
        return "*"
    ordered = sorted(numbers)
    pace = ordered[1] - ordered[0] if len(ordered) > 1 else 0
    is_clock = field in {_MINUTE, _HOUR}
    if is_clock and pace > 1 and len(whole) % pace == 0 and ordered == list(whole[::pace]):
        return f"*/{pace}"
    return ",".join(_run(first, last, field) for first, last in _runs(ordered))


def _runs(numbers: Collection[int]) -> list[tuple[int, int]]:
    """Return the ends of each run of neighbors."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _run(first: int, last: int, field: _Field) -> str:
    low, high = (
        field.names[number - field.low] if field.names else str(number) for number in (first, last)
    )
    if first == last:
        return low
    return f"{low},{high}" if last == first + 1 else f"{low}-{high}"


def _day_fault(texts: list[str], sets: list[frozenset[int]]) -> CronFault | None:
    """Refuse days that are ambiguous or that never come."""
    day, weekday = texts[2], texts[4]
    if day != "*" and weekday != "*":
        return _fault(
            "day of month and day of week are both set; write * for one of them"
            " (two schedules if both are meant)",
            "日と曜日の両方が指定されています。どちらかを * にしてください"
            "(両方必要ならスケジュールを2つに分けます)",
        )
    if min(sets[2]) > max(LONGEST_MONTHS[month - 1] for month in sets[3]):
        return _fault(
            f"day {min(sets[2])} never comes in the months given; write a day that they have",
            f"指定の月に{min(sets[2])}日はありません。存在する日を書いてください",
        )
    return None


def _values(text: str, field: _Field) -> frozenset[int] | CronFault:
    """Return the numbers that one field allows."""
    found: set[int] = set()
    for part in text.split(","):
        numbers = _part(part, field)
        if not numbers:
            return _part_fault(part[:40], field)
        found.update(numbers)
    return frozenset(found)


def _part_fault(part: str, field: _Field) -> CronFault:
    names = field.names
    sample = f"{names[1]}-{names[5]}" if names else f"{field.low}-{field.high}"
    return _fault(
        f"{part!r} does not fit {field.name}: write *, a number from {field.low} to {field.limit},"
        f" a range such as {sample}, or a step such as */2",
        f"{part!r} は{field.name_ja}に使えません。*、{field.low}〜{field.limit}の数、"
        f"{sample} のような範囲、*/2 のような間隔で書いてください",
    )


def _part(text: str, field: _Field) -> range:
    """Return the numbers of one part of a list, none when it cannot be read."""
    match = _PART.fullmatch(text)
    if match is None:
        return range(0)
    first, last, step = match.groups()
    low, high = (field.low, field.high) if first is None else _ends(first, last, field)
    pace = int(step or 1)
    is_single = first is not None and last is None
    if pace == 0 or (is_single and step) or not field.low <= low <= high <= field.limit:
        return range(0)
    return range(low, high + 1, pace)


def _ends(first: str, last: str | None, field: _Field) -> tuple[int, int]:
    """Return both ends of a range, or a single number twice."""
    low = _number(first, field)
    high = low if last is None else _number(last, field)
    if field.limit > field.high and high == 0 < low:
        high = field.limit  # fri-sun
    return low, high


def _number(text: str, field: _Field) -> int:
    """Return a number written in digits or as a name, -1 when it is neither."""
    if text in field.names:
        return field.names.index(text) + field.low
    return int(text) if re.fullmatch(r"\d{1,2}", text, re.ASCII) else -1


def _fault(en: str, ja: str) -> CronFault:
    return CronFault({"en": en, "ja": ja})
