"""The values of the configuration, with units in types: durations, times of day, codes, words.

Errors of our own bear the codes of `leadline.config.codes`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_PART = re.compile(r"(\d{1,6})\s*([dhms])\s*")
_SHORT = re.compile(rf"(?:{_PART.pattern})+")
_ISO = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,6})S)?)?"
)
_LONG = re.compile(r"p?(\d{1,4})\s*([^\W\d]+)")
#: Other words for units. A month has no length of its own; 30 days is what is nearest.
_LONG_UNITS = {
    "w": {"w", "wk", "wks", "week", "weeks", "週", "週間"},
    "mo": {"mo", "month", "months", "ヶ月", "か月", "カ月", "ヵ月", "ケ月", "箇月"},
    "d": {"d", "day", "days", "日", "日間"},
    "h": {"h", "hr", "hrs", "hour", "hours", "時間"},
    "m": {"m", "min", "mins", "minute", "minutes", "分", "分間"},
    "s": {"s", "sec", "secs", "second", "seconds", "秒", "秒間"},
}
_DAYS = {"w": 7, "mo": 30}
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPELLED_UNITS = {each for unit in _UNITS.values() for each in (unit, unit.removesuffix("s"))}
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
_LONGEST_DELIMITER = 10
_QUOTES = {"double": '"', "single": "'", "none": ""}
_FOLDER_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/].*|file:///.+")
#: Read-only, or no folder at all.
_NO_FOLDERS = {"http", "https", "data"}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class Shape(BaseModel):
    """Base of every shape: strict types, unknown keys refused, frozen once read."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ShapeFault(ValueError):
    """A value that its shape refuses.

    Attributes:
        code: one of `leadline.config.codes`.
        known: the words among which is the one that may have been meant.
        cure: what was meant, where that is certain.
    """

    def __init__(self, *, code: str, known: tuple[str, ...] = (), cure: str = "") -> None:
        """Keep what is wrong."""
        super().__init__(code)
        self.code = code
        self.known = known
        self.cure = cure


def _duration(value: object) -> object:
    """Turn `3d`, `1h 30m` or `PT4H` into a timedelta; a bare number has no unit and is refused."""
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if _SHORT.fullmatch(text):
        pairs = [(_UNITS[unit], int(count)) for count, unit in _PART.findall(text)]
        return sum((timedelta(**{unit: count}) for unit, count in pairs), timedelta(0))
    match = _ISO.fullmatch(text)
    parts = {unit: int(count) for unit, count in match.groupdict("0").items()} if match else {}
    if not parts or text[-1:] in {"P", "T"}:
        raise ShapeFault(code="duration_expected", cure=_short_duration(text))
    return timedelta(**parts)


def _short_duration(text: str) -> str:
    """Return a duration in other words (`2 weeks`, `14日`, `P2W`) as it is written here, or ""."""
    plain = unicodedata.normalize("NFKC", text).strip().lower().rstrip(".")
    match = _LONG.fullmatch(plain)
    unit = next((each for each, words in _LONG_UNITS.items() if match and match[2] in words), "")
    if match is None or not unit:
        return ""
    return f"{int(match[1]) * _DAYS[unit]}d" if unit in _DAYS else f"{match[1]}{unit}"


def _clock_time(value: object) -> object:
    """Turn `09:00` into a time of day."""
    if isinstance(value, time):
        return value
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ShapeFault(code="time_of_day_expected")
    return time(int(match[1]), int(match[2]))


def _catch_up(value: object) -> object:
    """Turn `never`, `once`, `within 4h` or `within 4 hours` into the longest lateness."""
    words = value.split() if isinstance(value, str) else []
    match [word.lower() for word in words]:
        case ["never"]:
            return timedelta(0)
        case ["once"]:
            return None
        case ["within", count, unit] if unit in _SPELLED_UNITS:
            return _duration(count + unit[0])
        case ["within", *rest] if rest:
            return _duration(" ".join(rest))
    raise ShapeFault(code="catch_up_expected")


def _delimiter(value: object) -> object:
    """Turn `comma`, `semicolon`, `tab`, `pipe` or `space` into the sign; other signs stand."""
    text = _DELIMITERS.get(value.strip().lower(), value) if isinstance(value, str) else ""
    is_word = any(map(str.isalnum, text))
    if not 0 < len(text) <= _LONGEST_DELIMITER or is_word or set(text) & set("\r\n\"'"):
        raise ShapeFault(code="delimiter_expected", known=tuple(_DELIMITERS))
    return text


def _folder_url(value: object) -> object:
    """Accept the URL of a folder; one that holds a password or a key is refused."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        is_secret = bool(parts.password) or "=" in parts.query
    except ValueError:
        raise ShapeFault(code="folder_url_expected") from None
    if is_secret:
        raise ShapeFault(code="secret_in_url")
    if not _FOLDER_URL.fullmatch(text) or "::" in text or parts.scheme in _NO_FOLDERS:
        raise ShapeFault(code="folder_url_expected")
    return text.rstrip("/")


def _both_languages(words: dict[Language, str]) -> dict[Language, str]:
    """Let a text given in one language stand for the other (`check` warns of it)."""
    (first, *_) = words.values()
    return {"en": words.get("en", first), "ja": words.get("ja", first)}


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Delimiter = Annotated[str, BeforeValidator(_delimiter)]
Quote = Annotated[Literal["double", "single", "none"], AfterValidator(_QUOTES.__getitem__)]
FolderUrl = Annotated[str, BeforeValidator(_folder_url)]
CatchUp = Annotated[timedelta | None, BeforeValidator(_catch_up)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
EncodingName = Literal[
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "cp932",
    "shift_jis",
    "euc-jp",
    "iso-2022-jp",
    "windows-1252",
    "iso-8859-1",
]
Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
Language = Literal["en", "ja"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Text = Annotated[str, Field(min_length=1)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
Words = Annotated[dict[Language, Text], Field(min_length=1), AfterValidator(_both_languages)]
