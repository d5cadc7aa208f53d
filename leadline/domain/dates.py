"""Reading a time as people and programs write it, in English and Japanese, into UTC."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import tzinfo

#: Year before the first of each Japanese era (Reiwa 1 is 2019).
_ERAS: Final = {
    "令和": 2018,
    "r": 2018,
    "平成": 1988,
    "h": 1988,
    "昭和": 1925,
    "s": 1925,
    "大正": 1911,
    "t": 1911,
    "明治": 1867,
    "m": 1867,
}
#: As English short forms, in order; spreadsheets turn ranges like "3-10" into them, too.
MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
#: Zone names that mail and form services write; the American ones as RFC 5322 defines them.
_ZONE_HOURS: Final = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "jst": 9,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}
_PIVOT: Final = 70  # two-digit years below it lie in this century
_MONTHS_IN_YEAR: Final = 12
_NOON: Final = 12
_LONGEST: Final = 100  # characters; what is longer is prose, and costs time to look through
_MOST_OFFSET: Final = timedelta(hours=14)

_HALF: Final = r"(?:a\.?m\.?|p\.?m\.?|午前|午後)"
_CLOCK: Final = re.compile(
    rf"(?:^|(?<=[\sT,\d日)]))(?P<before>{_HALF})?\s*"
    r"(?:(?P<hour>\d{1,2})(?::|時\s*)(?:(?P<minute>\d{1,2})分?)?"
    r"(?::?\s*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?秒?)?"
    rf"|(?P<bare>\d{{1,2}})(?=\s*{_HALF}))"
    rf"\s*(?P<after>{_HALF})?"
    r"\s*(?:(?P<zone>z|utc|gmt|jst|[ecmp][sd]t)?\s*"
    r"(?:(?P<sign>[+-])(?P<off_hour>\d{1,2}):?(?P<off_minute>\d{2})?)?)"
    r"\s*(?:\((?P<note>[^()]*)\))?$",
    re.IGNORECASE,
)
_JOINT: Final = re.compile(r"(?:[\sT,]|\bat\b)+$", re.IGNORECASE)
_WEEKDAY: Final = re.compile(
    r"\((?:[月火水木金土日](?:曜日?)?|mon|tue|wed|thu|fri|sat|sun)\)|[月火水木金土日]曜日?"
    r"|^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+",
    re.IGNORECASE,
)
_YEAR_FIRST: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ERA: Final = re.compile(
    r"(令和|平成|昭和|大正|明治|[rhstm])\.?\s*(元|\d{1,2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?",
    re.IGNORECASE,
)
_NUMBERS: Final = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{1,2})")
_MONTH_DAY: Final = re.compile(
    r"([a-z]{3,9})\.?\s*(\d{1,2})(?:[snrt][tdh])?[,\s]+(\d{4})", re.IGNORECASE
)
_DAY_MONTH: Final = re.compile(
    r"(\d{1,2})(?:[snrt][tdh])?[-\s]+(?:of\s+)?([a-z]{3,9})\.?[-,\s]+(\d{4}|\d{2})", re.IGNORECASE
)


def parse_time(text: str, *, zone: str, order: str) -> datetime | None:
    """Read a time, or a date (its midnight), into aware UTC.

    Args:
        text: what the source says, in any width of digits.
        zone: IANA zone of a time that states no offset.
        order: `year_first`, `month_first` or `day_first`, for dates such as 08/03/2026.

    Returns:
        The instant, or None when the text is no time or leaves the order of day and month open:
        a wrong month is worse than none.

    Raises:
        ZoneInfoNotFoundError: `zone` is no zone.
    """
    local = ZoneInfo(zone)
    if len(text) > _LONGEST:
        return None
    moment = _iso(text.strip()) or _spelled(
        " ".join(unicodedata.normalize("NFKC", text).split()), order
    )
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=local)).astimezone(UTC)
    except OverflowError:  # the first or last hours that a calendar has
        return None


def _iso(text: str) -> datetime | None:
    """Read the shape that programs write; the fast path."""
    if text[4:5] != "-" and text[8:9] != "T":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _spelled(text: str, order: str) -> datetime | None:
    """Read what people write: the clock is taken off the end, the rest is the date."""
    rest = _WEEKDAY.sub(" ", text).strip()
    clock = _CLOCK.search(rest)
    if clock is None:
        return _date(rest, order)
    day = _date(_JOINT.sub("", rest[: clock.start()]), order)
    return None if day is None else _at_clock(day, clock)


def _at_clock(day: datetime, clock: re.Match[str]) -> datetime | None:
    """Return `day` at the time of day that was matched, with its offset when one is stated."""
    hour = _hour(int(clock["hour"] or clock["bare"]), clock["before"] or clock["after"])
    try:
        return day.replace(
            hour=hour,
            minute=int(clock["minute"] or 0),
            second=int(clock["second"] or 0),
            microsecond=int((clock["fraction"] or "0")[:6].ljust(6, "0")),
            tzinfo=_offset(clock),
        )
    except ValueError:
        return None


def _hour(hour: int, half: str | None) -> int:
    """Return the hour of the 24-hour clock; 12 AM is midnight, 午後0時 is noon."""
    if not half or hour > _NOON:
        return hour
    is_afternoon = half[0] in "pP" or half == "午後"
    return hour % _NOON + (_NOON if is_afternoon else 0)


def _offset(clock: re.Match[str]) -> tzinfo | None:
    """Return the stated distance from UTC; raise ValueError for one that no place has."""
    note = (clock["note"] or "").lower()
    name = (clock["zone"] or "").lower() or (note if note in _ZONE_HOURS else "")
    if clock["sign"]:
        distance = timedelta(hours=int(clock["off_hour"]), minutes=int(clock["off_minute"] or 0))
        if distance > _MOST_OFFSET:
            message = "no such offset"
            raise ValueError(message)
        return timezone(-distance if clock["sign"] == "-" else distance)
    return timezone(timedelta(hours=_ZONE_HOURS[name])) if name else None


def _date(text: str, order: str) -> datetime | None:
    """Return midnight of the date that `text` names, without a zone."""
    named = _numbered_date(text) or _era_date(text) or _month_name_date(text)
    if named is None:
        named = _ordered_date(text, order)
    if named is None:
        return None
    year, month, day = named
    try:
        return datetime(year, month, day)  # noqa: DTZ001 (parse_time gives it the zone)
    except ValueError:
        return None


def _numbered_date(text: str) -> tuple[int, int, int] | None:
    """Read a date whose year comes first, with four digits."""
    match = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _era_date(text: str) -> tuple[int, int, int] | None:
    """Read a date in a Japanese era (令和8年9月21日, R8.9.21)."""
    match = _ERA.fullmatch(text)
    if match is None:
        return None
    year = 1 if match[2] == "元" else int(match[2])
    return _ERAS[match[1].lower()] + year, int(match[3]), int(match[4])


def _month_name_date(text: str) -> tuple[int, int, int] | None:
    """Read a date with an English month (Nov 12, 2026; 12 November 2026; 12-Nov-26)."""
    if match := _MONTH_DAY.fullmatch(text):
        word, day, year = match[1], match[2], match[3]
    elif match := _DAY_MONTH.fullmatch(text):
        day, word, year = match[1], match[2], match[3]
    else:
        return None
    short = word[:3].lower()
    return (_year(year), MONTHS.index(short) + 1, int(day)) if short in MONTHS else None


def _ordered_date(text: str, order: str) -> tuple[int, int, int] | None:
    """Read three numbers; the order counts only where the numbers leave it open."""
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    if order == "year_first" and len(match[3]) <= len("26"):
        return _year(match[1]), second, int(match[3])
    if len(match[3]) == 1:
        return None
    if first > _MONTHS_IN_YEAR or (order == "day_first" and second <= _MONTHS_IN_YEAR):
        return _year(match[3]), second, first
    if second > _MONTHS_IN_YEAR or order == "month_first":
        return _year(match[3]), first, second
    return None


def _year(digits: str) -> int:
    """Return a year of four digits for two or four."""
    year = int(digits)
    if len(digits) > len("26"):
        return year
    return year + (2000 if year < _PIVOT else 1900)
