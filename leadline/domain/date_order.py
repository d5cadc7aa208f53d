"""In which order a file writes day, month and year, told by its cells.

One date in which a number is no month settles the order of all. Where no date settles it, the
country does, and the caller says that this was assumed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OrderName = Literal["year_first", "month_first", "day_first"]

_TRIPLE: Final = re.compile(
    r"(?<![\w.,:])(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{1,2})(?!\d|[.:]\d)"
)
_MONTH_FIRST: Final = frozenset({"US", "PH", "PR", "GU", "AS", "VI", "MP", "FM", "MH", "PW", "UM"})
#: Year first where they write all three; month before day where the year stands last.
_YEAR_FIRST: Final = frozenset({"JP", "CN", "TW", "HK", "MO", "KR", "KP", "MN", "HU", "LT"})
_ORDERS: Final[dict[str, OrderName]] = {
    "year_first": "year_first",
    "month_first": "month_first",
    "day_first": "day_first",
}
_LONG_ORDERS: Final[tuple[OrderName, ...]] = ("month_first", "day_first")
_LONGEST: Final = 100  # characters; longer cells are prose
_CENTURY: Final = 2000
_LONG_YEAR: Final = 4


class Order(NamedTuple):
    """How dates such as 08/03/2026 are read.

    Attributes:
        order: `year_first`, `month_first` or `day_first`.
        how: `stated` by the configuration; `proved` by a date that can be read in one way only;
            `assumed` by the country, though the file has dates that can be read in several ways;
            `none` where no date needs it.
        example: the date that proves it, or one that can be read in several ways.
    """

    order: OrderName
    how: Literal["stated", "proved", "assumed", "none"]
    example: str = ""


class _Triple(NamedTuple):
    """A date in three numbers; `is_long` if its last is a year of four digits."""

    numbers: tuple[int, int, int]
    is_long: bool
    has_dots: bool
    text: str

    def fits(self, order: OrderName) -> bool:
        """Return whether the numbers are a date in this order."""
        first, second, third = self.numbers
        if order == "year_first":
            parts = (first, second, third)
        elif order == "month_first":
            parts = (third, first, second)
        else:
            parts = (third, second, first)
        if self.is_long and order == "year_first":
            return False
        year, month, day = parts
        try:
            date(year if self.is_long else _CENTURY + year, month, day)
        except ValueError:
            return False
        return True


def infer_order(cells: Iterable[str], *, stated: str | None, country: str) -> Order:
    """Return the order in which the cells of a file's time columns write dates.

    Args:
        cells: of all columns of times.
        stated: the order that the configuration says, None when it says none.
        country: ISO code, for dates that can be read in several ways.
    """
    if stated is not None and stated in _ORDERS:
        return Order(_ORDERS[stated], "stated")
    found = [triple for cell in cells if (triple := _triple(cell)) is not None]
    group = [each for each in found if each.is_long] or found
    if not group:
        return Order(_usual(country, group), "none")
    orders = _LONG_ORDERS if group[0].is_long else tuple(_ORDERS.values())
    kept = [order for order in orders if all(each.fits(order) for each in group)]
    ways = [sum(map(each.fits, orders)) for each in group]
    if len(kept) == 1:
        return Order(kept[0], "proved", group[ways.index(min(ways))].text)
    usual = _usual(country, group)
    order = max(kept or orders, key=lambda each: (_count(group, each), each == usual))
    if max(ways) <= 1:  # every date tells its own order, and they differ
        return Order(order, "none")
    return Order(order, "assumed", group[ways.index(max(ways))].text)


def _count(group: Sequence[_Triple], order: OrderName) -> int:
    """Return how many dates can be read in an order."""
    return sum(each.fits(order) for each in group)


def _triple(cell: str) -> _Triple | None:
    """Return the three numbers of a date whose order is open by its form."""
    if len(cell) > _LONGEST:
        return None
    match = _TRIPLE.search(cell if cell.isascii() else unicodedata.normalize("NFKC", cell))
    if match is None:
        return None
    numbers = (int(match[1]), int(match[3]), int(match[4]))
    return _Triple(numbers, len(match[4]) == _LONG_YEAR, match[2] == ".", match[0])


def _usual(country: str, group: Sequence[_Triple]) -> OrderName:
    """Return the order that is usual in a country; with dots the day comes first."""
    if country in _YEAR_FIRST and not any(each.is_long for each in group):
        return "year_first"
    if group and all(each.has_dots for each in group):
        return "day_first"
    return "month_first" if country in _MONTH_FIRST | _YEAR_FIRST else "day_first"
