"""What a cell of a table may say: text, codes, numbers, flags, lists, weekdays, hours, dates.

Every reader takes a cell's value (text, or what a workbook gives) and returns the typed value or
a `Fault`. Full-width digits and signs count like their ASCII forms, except in names.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Final, get_args

from leadline.config.values import Weekday

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEKDAYS: Final[tuple[str, ...]] = get_args(Weekday)
_LONG: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KANJI: Final = "月火水木金土日"
_FLAGS: Final = {"true": True, "有効": True, "false": False, "無効": False}
_WHOLE: Final = re.compile(r"-?\d{1,9}", re.ASCII)
_HOURS: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d) ?- ?([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DASHES: Final = str.maketrans(dict.fromkeys("~〜～–—−‐‑ー", "-"))


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a cell cannot be read: a code of `leadline.config.codes`."""

    code: str


def read_text(value: object) -> str | Fault:
    """Return text as written, trimmed; a number or date is a fault, it has lost its form."""
    return value.strip() if isinstance(value, str) else Fault("cell_as_text")


def read_code(value: object) -> str | Fault:
    """Return a code: text with full-width letters and digits folded."""
    text = read_text(value)
    return text if isinstance(text, Fault) else unicodedata.normalize("NFKC", text).strip()


def read_codes(value: object) -> tuple[str, ...] | Fault:
    """Return a list of codes, written with `;` between them."""
    text = read_code(value)
    return text if isinstance(text, Fault) else tuple(_parts(text, ";、"))


def read_whole(value: object) -> int | Fault:
    """Return a whole number."""
    if isinstance(value, bool):
        return Fault("number_expected")
    if isinstance(value, int | float):
        return int(value) if value == value // 1 else Fault("number_expected")
    text = read_code(value)
    is_whole = isinstance(text, str) and _WHOLE.fullmatch(text)
    return int(str(text)) if is_whole else Fault("number_expected")


def read_flag(value: object) -> bool | Fault:
    """Return true (true, 有効) or false (false, 無効)."""
    if isinstance(value, bool):
        return value
    return _FLAGS.get(str(read_code(value)).casefold(), Fault("boolean_expected"))


def read_days(value: object) -> tuple[str, ...] | Fault:
    """Return weekdays in the order of the week: `Mon-Fri`, `Mon,Wed`, 月-金, 月水金."""
    text = read_code(value)
    if isinstance(text, Fault):
        return Fault("bad_days")
    days: set[int] = set()
    for part in _parts(text.translate(_DASHES), ",;、・"):
        ends = [_weekday(end) for end in part.split("-")]
        known = [end for end in ends if end is not None]
        if set(part) <= set(_KANJI):
            days.update(_KANJI.index(day) for day in part)
        elif len(ends) == len(known) <= 2:  # noqa: PLR2004 (a day, or a range of two)
            days.update(_run(known[0], known[-1]))
        else:
            return Fault("bad_days")
    return tuple(_WEEKDAYS[day] for day in sorted(days)) or Fault("bad_days")


def _weekday(text: str) -> int | None:
    word = text.strip().casefold()
    kanji = word.removesuffix("日").removesuffix("曜") or word
    if len(kanji) == 1 and kanji in _KANJI:
        return _KANJI.index(kanji)
    return next((i for i, name in enumerate(_LONG) if word in {name, name[:3]}), None)


def _run(first: int, last: int) -> Iterator[int]:
    """Yield the days from the first to the last, over Sunday if need be."""
    return (day % 7 for day in range(first, (last if last >= first else last + 7) + 1))


def read_hours(value: object) -> tuple[time, time] | Fault:
    """Return when work begins and ends; the end may lie after midnight."""
    text = read_code(value)
    match = _HOURS.fullmatch(text.translate(_DASHES)) if isinstance(text, str) else None
    if match is None:
        return Fault("bad_hours")
    opens, closes = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    return (opens, closes) if opens != closes else Fault("bad_hours")


def read_dates(value: object) -> tuple[date, ...] | Fault:
    """Return days written YYYY-MM-DD with `;` between them, or a workbook's date."""
    if isinstance(value, datetime):
        return (value.date(),)
    if isinstance(value, date):
        return (value,)
    text = read_code(value)
    if isinstance(text, Fault):
        return Fault("bad_date")
    parts = list(_parts(text, ";、"))
    try:
        dates = tuple(date.fromisoformat(part) for part in parts if _DATE.fullmatch(part))
    except ValueError:
        return Fault("bad_date")
    return dates if len(dates) == len(parts) else Fault("bad_date")


def _parts(text: str, separators: str) -> Iterator[str]:
    split = re.split(f"[{re.escape(separators)}]", text)
    return (part.strip() for part in split if part.strip())
