"""When a cron line is due: calendar arithmetic, and the only importer of apscheduler.

A cron line has five fields (minute hour day-of-month month day-of-week). apscheduler counts
weekdays from Monday, joins the two day fields with AND, returns times that the clocks skip, and
returns twice what they repeat; so this module reads the line itself and lets apscheduler walk a
calendar without zones. Then:

- numbers of weekdays are those of Unix: 0 and 7 are Sunday;
- a line that sets both day fields is refused (cron means OR there, which surprises everybody);
- a local time that does not exist stands for the instant that it would have had without the
  jump: 02:30 in New York runs at 03:30;
- a local time that comes twice runs once, at its first pass, when the line names hours; a line
  for every hour (`*/5 * * * *`) keeps its pace through both passes, as cron does.
"""

from __future__ import annotations

import heapq
import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_HOURS: Final = 24
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART: Final = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d{1,2}))?", re.ASCII)
_JUMP: Final = timedelta(hours=3)  # daylight saving has never moved a clock further


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
    _Field("month", "月", 1, 12, 12, _MONTHS),
    _Field("day of week", "曜日", 0, 6, 7, _WEEKDAYS),
)


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


class _Line(NamedTuple):
    """A cron line that was understood."""

    trigger: CronTrigger
    is_every_hour: bool


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
    line = _parsed(cron)
    return line if isinstance(line, CronFault) else None


def next_times(cron: str, *, timezone: str, now: datetime, count: int) -> list[datetime]:
    """Return the next `count` times at which a cron line is due.

    Args:
        cron: minute, hour, day of month, month, day of week.
        timezone: IANA name; the line is read in its local time.
        now: aware; a time equal to it is past.
        count: how many times to return.

    Returns:
        Aware UTC, rising.

    Raises:
        ValueError: the line or the zone cannot be used (the text says what to write), or `now`
            is naive.
    """
    if now.tzinfo is None:
        message = "now must be aware (carry a zone)"
        raise ValueError(message)
    fault = check_cron(cron, timezone)
    line = _parsed(cron)
    if fault is not None or isinstance(line, CronFault):
        raise ValueError(str(fault))
    return list(itertools.islice(_due(line, ZoneInfo(timezone), now.astimezone(UTC)), count))


def _due(line: _Line, zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """Give the instants after `now`, rising and each once."""
    waiting: list[datetime] = []
    last = now
    for local in _local_times(line.trigger, _start(zone, now)):
        first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        heapq.heappush(waiting, first)
        if line.is_every_hour and second > first:
            heapq.heappush(waiting, second)
        while waiting and waiting[0] <= first:
            instant = heapq.heappop(waiting)
            if instant > last:
                yield instant
                last = instant


def _start(zone: ZoneInfo, now: datetime) -> datetime:
    """Return a local time early enough that a jump around `now` hides nothing that is due."""
    around = (now - _JUMP, now, now + _JUMP)
    offsets = [at.astimezone(zone).utcoffset() or timedelta(0) for at in around]
    return now + min(offsets)


def _local_times(trigger: CronTrigger, since: datetime) -> Iterator[datetime]:
    """Give matching local times from `since` on; UTC plays a calendar without jumps."""
    at: datetime | None = trigger.get_next_fire_time(None, since)
    while at is not None:
        yield at
        at = trigger.get_next_fire_time(None, at + timedelta(seconds=1))


@lru_cache(maxsize=256)
def _parsed(cron: str) -> _Line | CronFault:
    """Read a cron line."""
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
    return fault or _line(sets)


def _line(sets: list[frozenset[int]]) -> _Line:
    """Build the trigger; weekdays go by name because apscheduler's 0 is Monday."""
    minute, hour, day, month = (",".join(map(str, sorted(some))) for some in sets[:4])
    weekdays = ",".join(sorted({_WEEKDAYS[number % 7] for number in sets[4]}))
    trigger = CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=weekdays, timezone=UTC
    )
    return _Line(trigger, len(sets[1]) == _HOURS)


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
    if min(sets[2]) > max(_LONGEST_MONTHS[month - 1] for month in sets[3]):
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
