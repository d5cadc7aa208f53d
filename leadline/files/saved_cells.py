"""Cells as they were before a spreadsheet saved them.

To open a text file in a spreadsheet and to save it again changes cells that nobody touched: leading
zeros go, long numbers are shown in powers of ten and rounded, dates get the notation of the
country, `true` becomes `TRUE`. Here such cells come out alike, before and after. What rounding took
away is looked up in the text of the row, so that another number is still another.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DIGITS: Final = re.compile(r"[0-9]+")
_NUMBER: Final = re.compile(
    r"(?<![0-9.])([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?(?![0-9.])"
)
_SHORT: Final = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+([0-9]{1,3})")
_TIME: Final = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
_DATE: Final = re.compile(
    r"(?<![0-9])([0-9]{1,4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,4})日?"
    rf"(?: {_TIME})?(?![0-9])"
)
_CLOCK: Final = re.compile(_TIME)
#: What becomes of two numbers with a sign between them, and what may have been these.
_DAY: Final = re.compile(r"([0-9]{1,2})月([0-9]{1,2})日|([0-9]{1,2})-([A-Z][a-z]{2})")
_PAIR: Final = re.compile(r"(?<![-/0-9])([0-9]{1,2})[-/]([0-9]{1,2})(?![-/0-9])")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
_WORDS: Final = frozenset({"true", "false"})
_KEPT: Final = 15  # digits of a number that spreadsheets keep
_LEAST_ROUNDED: Final = 6  # digits of a decimal fraction that may be a longer one shown rounded
_CENTURY: Final = 100


def before_saving(cells: Iterable[str], text: str) -> list[str]:
    """Return cells in a form that does not change when a spreadsheet saves them.

    Args:
        cells: of a row, as they are now.
        text: the row as it was.
    """
    row = _Row(unicodedata.normalize("NFKC", text))
    return [row.before(" ".join(cell.split())) for cell in cells]


class _Number(NamedTuple):
    """A number that is not negative, and the place of its last digit that counts."""

    digits: str
    exponent: int

    @property
    def value(self) -> Decimal:
        return Decimal(f"{self.digits}E{self.exponent}")

    @property
    def form(self) -> str:
        """The same for all ways to write the number."""
        digits = self.digits.lstrip("0")
        plain = digits.rstrip("0")
        return f"{plain}e{self.exponent + len(digits) - len(plain)}" if plain else "0"


class _Date(NamedTuple):
    """Three numbers of a date as they are written, and a time of day."""

    parts: tuple[int, int, int]
    time: tuple[int | None, ...]

    @property
    def form(self) -> str:
        """The same for all signs between the numbers."""
        return f"{self.parts} {self.time}"

    @property
    def year_at(self) -> int:
        """Where the year stands, -1 when it has two digits."""
        return next((n for n, part in enumerate(self.parts) if part >= _CENTURY), -1)


class _Row:
    """The text of a row, in which what a cell was before is found from left to right."""

    def __init__(self, text: str) -> None:
        self._numbers = (_number(*found.groups()) for found in _NUMBER.finditer(text))
        self._dates = [_date(found) for found in _DATE.finditer(text)]
        self._pairs = list(_PAIR.finditer(text))

    def before(self, cell: str) -> str:
        """Return the form of a cell."""
        plain = unicodedata.normalize("NFKC", cell)
        if plain.lower() in _WORDS:
            return plain.lower()
        if (shown := _rounded(plain)) is not None:
            return next((each.form for each in self._numbers if _is_near(shown, each)), shown.form)
        if found := _NUMBER.fullmatch(plain):
            return _number(*found.groups()).form
        if found := _DATE.fullmatch(plain):
            date = _date(found)
            return next((each.form for each in self._dates if _is_same(date, each)), date.form)
        if found := _DAY.fullmatch(plain):
            return next(self._same_pairs(found), cell)
        return plain.removeprefix("0") if _CLOCK.fullmatch(plain) else cell

    def _same_pairs(self, day: re.Match[str]) -> Iterator[str]:
        month = _MONTHS.index(day[4]) + 1 if day[4] in _MONTHS else 0
        parts = Counter(map(int, (day[1], day[2]) if day[1] else (day[3], month)))
        return (each[0] for each in self._pairs if Counter((int(each[1]), int(each[2]))) == parts)


def _number(whole: str, fraction: str | None, exponent: str | None) -> _Number:
    return _Number(whole + (fraction or ""), int(exponent or 0) - len(fraction or ""))


def _rounded(cell: str) -> _Number | None:
    """Return the number that a cell shows with fewer digits than it may have had."""
    if found := _SHORT.fullmatch(cell):
        return _number(*found.groups())
    if _DIGITS.fullmatch(cell):
        more = len(cell) - _KEPT
        is_cut = more > 0 and not cell[_KEPT:].strip("0")
        return _Number(cell[:_KEPT], more) if is_cut else None
    found = _NUMBER.fullmatch(cell)
    if found is None or found[3] or len((found[1] + found[2]).lstrip("0")) < _LEAST_ROUNDED:
        return None
    return _number(*found.groups())


def _is_near(shown: _Number, number: _Number) -> bool:
    """Tell whether a number is what is shown, when no more digits of it are."""
    distance = abs(number.value - shown.value)
    most = Decimal(1).scaleb(shown.exponent)
    is_cut = len(shown.digits) == _KEPT  # not rounded
    return distance < most if is_cut else 2 * distance <= most


def _date(found: re.Match[str]) -> _Date:
    first, second, third, *time = (int(part) if part else None for part in found.groups())
    return _Date((first or 0, second or 0, third or 0), tuple(time))


def _is_same(shown: _Date, date: _Date) -> bool:
    """Tell whether a date is what is shown in another notation; seconds may be left out."""
    hour, minute, second = shown.time
    if (hour, minute) != date.time[:2] or second not in {None, date.time[2] or 0}:
        return False
    if shown.year_at == date.year_at:
        return shown.parts == date.parts
    is_short = -1 in {shown.year_at, date.year_at}
    forms = (
        Counter(part % _CENTURY if is_short else part for part in each.parts)
        for each in (shown, date)
    )
    return next(forms) == next(forms)
