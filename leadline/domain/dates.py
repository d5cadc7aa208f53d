"""Reading a time as people and programs write it, in English, Japanese and German, into UTC."""

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
#: The German months that do not begin like the English ones.
_GERMAN_MONTHS: Final = {"mär": 3, "mae": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}
#: Zone names that mail and form services write; the American ones as RFC 5322 defines them.
_ZONE_HOURS: Final = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "jst": 9,
    "kst": 9,
    "sgt": 8,
    "hkt": 8,
    "bst": 1,
    "cet": 1,
    "mez": 1,
    "cest": 2,
    "mesz": 2,
    "aest": 10,
    "aedt": 11,
    "hst": -10,
    "akst": -9,
    "akdt": -8,
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
#: Day 0 of a spreadsheet's numbers, and the numbers that are days and not something else.
_DAY_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 (parse_time gives it the zone)
_SERIALS: Final = range(20_000, 80_000)  # 1954 to 2119
_SECONDS: Final = range(10**9, 42 * 10**8)  # of the Unix clock: 2001 to 2103

_HALF: Final = r"(?:a\.?m\.?|p\.?m\.?|午前|午後|上午|下午|오전|오후)"
_AFTERNOONS: Final = frozenset({"午後", "下午", "오후"})
_CLOCK: Final = re.compile(
    rf"(?:^|(?<=[\sT,\d日)]))(?P<before>{_HALF})?\s*"
    r"(?:(?P<hour>\d{1,2})(?::|時\s*)(?:(?P<minute>\d{1,2})分?)?"
    r"(?::?\s*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?秒?)?"
    rf"|(?P<bare>\d{{1,2}})(?=\s*{_HALF}))"
    rf"\s*(?P<after>{_HALF})?"
    r"\s*(?:(?P<zone>z|utc|gmt|[jk]st|sgt|hkt|hst|bst|cest|cet|mesz|mez|ae[sd]t|ak[sd]t|[ecmp][sd]t)?\s*"
    r"(?:(?P<sign>[+-])(?P<off_hour>\d{1,2}):?(?P<off_minute>\d{2})?)?)"
    r"\s*(?:\((?P<note>[^()]*)\))?$",
    re.IGNORECASE,
)
_CLOCK_FIRST: Final = re.compile(
    rf"({_HALF}?\s*\d{{1,2}}:\d{{2}}(?::\d{{2}})?\s*{_HALF}?)(?:,\s*|\s+)(\S.*)", re.IGNORECASE
)
_UHR: Final = re.compile(r"(?:(\d{1,2})\.(\d{2})|(?<=\d))\s*Uhr\b", re.IGNORECASE)
_JOINT: Final = re.compile(r"(?:[\sT,]|\bat\b|\bum\b)+$", re.IGNORECASE)
_WEEKDAY: Final = re.compile(
    r"\((?:[月火水木金土日](?:曜日?)?|mon|tue|wed|thu|fri|sat|sun)\)|[月火水木金土日]曜日?"
    r"|^(?:mon|tue|wed|thu|fri|sat|sun|die|mit|don|fre|sam)[a-z]*\.?,?\s+"
    r"|^(?:mo|di|mi|do|fr|sa|so)(?:\.,?|,)\s+",
    re.IGNORECASE,
)
_YEAR_FIRST: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日.]?")
#: The plain shapes of most cells; they mean the same as in the longer way below.
_PLAIN_DATE: Final = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日)"
    r"(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?",
    re.ASCII,
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_LONG_COMPACT: Final = re.compile(r"(\d{8})(\d{2})(\d{2})(\d{2})?", re.ASCII)
_PLAIN_NUMBER: Final = re.compile(r"(\d{5}|\d{10}|\d{13}|\d{16})(?:[.,](\d{1,15}))?", re.ASCII)
_IN_A_SECOND: Final = {10: 1, 13: 1_000, 16: 1_000_000}  # by the digits of what a clock counts
_ERA: Final = re.compile(
    r"(令和|平成|昭和|大正|明治|[rhstm])\.?\s*(元|\d{1,2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?",
    re.IGNORECASE,
)
_NUMBERS: Final = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{1,2})")
_MONTH_DAY: Final = re.compile(
    r"([a-zä]{3,9})\.?[-\s]*(\d{1,2})(?:[snrt][tdh])?[-,\s]+(\d{4})", re.IGNORECASE
)
_DAY_MONTH: Final = re.compile(
    r"(\d{1,2})(?:[snrt][tdh]|\.)?[-/\s]*(?:of\s+)?([a-zä]{3,9})\.?[-/,\s]+(\d{4}|\d{2})",
    re.IGNORECASE,
)
_YEAR_MONTH: Final = re.compile(r"(\d{4})[-/\s]+([a-zä]{3,9})\.?[-/\s]+(\d{1,2})", re.IGNORECASE)


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
    stripped = text.strip()
    moment = _iso(stripped) or _plain(stripped)
    if moment is None:
        plain = " ".join(unicodedata.normalize("NFKC", text).split())
        is_number = plain.replace(",", ".").replace(".", "", 1).isdecimal()
        moment = _number(plain) if is_number else _spelled(plain, order)
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


def _plain(text: str) -> datetime | None:
    """Read a year, month and day, with or without a clock of 24 hours."""
    match = _PLAIN_DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = match[1], match[2] or match[4], match[3] or match[5]
    clock = (int(match[6] or 0), int(match[7] or 0), int(match[8] or 0))
    try:
        return datetime(int(year), int(month), int(day), *clock)  # noqa: DTZ001 - as above
    except ValueError:
        return None


def _number(text: str) -> datetime | None:
    """Read what programs count: a spreadsheet's days, the Unix clock, digits without signs."""
    if match := _LONG_COMPACT.fullmatch(text):
        return _iso(f"{match[1]}T{match[2]}{match[3]}{match[4] or '00'}")
    match = _PLAIN_NUMBER.fullmatch(text)
    if match is None:
        return _date(text, "year_first") if _COMPACT.fullmatch(text) else None
    whole = int(match[1])
    if whole in _SERIALS:
        day = _DAY_ZERO + timedelta(days=whole)
        return day + timedelta(seconds=round(86_400 * float(f"0.{match[2] or 0}")))
    parts = _IN_A_SECOND.get(len(match[1]), 1)
    seconds, rest = divmod(whole, parts)
    if seconds not in _SECONDS:
        return None
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest * 1_000_000 // parts)


def _spelled(text: str, order: str) -> datetime | None:
    """Read what people write: the clock is taken off the end, the rest is the date."""
    rest = _WEEKDAY.sub(" ", text).strip()
    if "Uhr" in rest or rest.endswith("]"):
        rest = _UHR.sub(lambda found: f"{found[1]}:{found[2]}" if found[1] else "", rest)
        rest = rest.partition("[")[0].strip()
    clock = _CLOCK.search(rest)
    if clock is None:
        first = _CLOCK_FIRST.fullmatch(rest)
        return _spelled(f"{first[2]} {first[1].strip()}", order) if first else _date(rest, order)
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
    is_afternoon = half[0] in "pP" or half in _AFTERNOONS
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
    """Read a date whose month is a word (Nov 12, 2026; 12-Nov-26; 12. November 2026)."""
    if match := _MONTH_DAY.fullmatch(text):
        word, day, year = match[1], match[2], match[3]
    elif match := _DAY_MONTH.fullmatch(text):
        day, word, year = match[1], match[2], match[3]
    elif match := _YEAR_MONTH.fullmatch(text):
        year, word, day = match[1], match[2], match[3]
    else:
        return None
    month = _month(word)
    return (_year(year), month, int(day)) if month else None


def _month(word: str) -> int:
    """Return the number of a month by its name or short form, 0 for another word."""
    short = word[:3].lower()
    return MONTHS.index(short) + 1 if short in MONTHS else _GERMAN_MONTHS.get(short, 0)


def _ordered_date(text: str, order: str) -> tuple[int, int, int] | None:
    """Read three numbers; the order counts only where the numbers leave it open.

    With dots before a year of four digits the day comes first, unless the months are said to.
    """
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, second, year = int(match[1]), int(match[3]), match[4]
    if order == "year_first" and len(year) <= len("26"):
        return _year(match[1]), second, int(year)
    if len(year) == 1:
        return None
    is_day_first = order == "day_first" or (order != "month_first" and match[2] == ".")
    if first > _MONTHS_IN_YEAR or (is_day_first and second <= _MONTHS_IN_YEAR):
        return _year(year), second, first
    if second > _MONTHS_IN_YEAR or order == "month_first":
        return _year(year), first, second
    return None


def _year(digits: str) -> int:
    """Return a year of four digits for two or four."""
    year = int(digits)
    if len(digits) > len("26"):
        return year
    return year + (2000 if year < _PIVOT else 1900)
