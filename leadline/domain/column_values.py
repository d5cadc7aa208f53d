"""Values of one field for many rows: kept by distinct value where these are few.

A column of countries or job titles has few distinct cells, so each is read once and the rows hold
numbers. A column of addresses is kept row by row; there a pattern (in the RE2 subset, so that it
runs inside Arrow) says which cells need nothing done, and the others are read one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

_PROBED: Final = 1024  # rows looked at before a column is coded
_FEW: Final = 0.4  # of the probed rows; with more distinct cells, coding costs more than it saves
_SMALL: Final = 1 << 20  # pairs of distinct values for which a table of all is made

#: Blanks that do not count at the ends of a cell, as `leadline.domain.cells` has them.
BLANKS: Final = " \t\r\n\f\v\u3000\u00a0\u200b\ufeff"
_LETTERS: Final = (
    r"\x{00c0}-\x{00d6}\x{00d8}-\x{00f6}\x{00f8}-\x{017e}\x{3005}-\x{3007}\x{300a}-\x{3011}"
    r"\x{3041}-\x{3096}\x{30a1}-\x{30fc}\x{3400}-\x{4dbf}\x{4e00}-\x{9fef}"
)
_INK: Final = r"!-~" + _LETTERS  # printable, never changed by cleaning, and no blank
_WIDE: Final = r"\x{3001}\x{3002}\x{ff01}-\x{ff5e}"
#: A cell that its reader returns as it is, or an empty one; of a name, a line, a text of lines.
PLAIN_NAME: Final = rf"\A(?:[{_INK}]+(?: [{_INK}]+)*)?\z"
#: A line does not begin with `=` or an apostrophe, which guard a code against Excel.
PLAIN_LINE: Final = rf"\A(?:[!-&(-<>-~{_LETTERS}{_WIDE}][{_INK}{_WIDE}]*(?: [{_INK}{_WIDE}]+)*)?\z"
PLAIN_TEXT: Final = rf"\A(?:[{_INK}{_WIDE}]+(?:[ \n]+[{_INK}{_WIDE}]+)*)?\z"


@dataclass(frozen=True, slots=True)
class Values:
    """One value per row.

    Attributes:
        known: the distinct values, when the rows are numbers.
        codes: number of each row's value in `known`.
        rows: the values themselves, when they are not coded.
    """

    known: list[Any] | None
    codes: Any = None
    rows: list[Any] | None = None

    def to_list(self) -> list[Any]:
        """Return one value per row, not to be changed; coded rows share their objects."""
        if self.known is None:
            return self.rows or []
        taken: list[Any] = objects(self.known)[self.codes].tolist()
        return taken

    def changed(self, change: Callable[[Any], Any]) -> Values:
        """Return what `change` makes of every value."""
        if self.known is None:
            return Values(None, rows=[change(value) for value in self.rows or ()])
        return Values([change(value) for value in self.known], self.codes)

    def flags(self, test: Callable[[Any], bool]) -> Flags:
        """Return by row whether a value passes a test."""
        if self.known is None:
            return np.fromiter(map(test, self.rows or ()), bool, len(self.rows or ()))
        flags: Flags = np.fromiter(map(test, self.known), bool, len(self.known))[self.codes]
        return flags

    def coded(self) -> Values:
        """Return the same values in coded form."""
        if self.known is not None:
            return self
        numbers: dict[Any, int] = {}
        codes = [numbers.setdefault(value, len(numbers)) for value in self.rows or ()]
        return Values(list(numbers), np.array(codes, np.int64))


def constant(value: object, count: int) -> Values:
    """Return the same value for every row."""
    return Values([value], np.zeros(count, np.int64))


def objects(values: Sequence[object]) -> NDArray[np.object_]:
    """Return an array of any objects, tuples too."""
    array = np.empty(len(values), object)
    for number, value in enumerate(values):
        array[number] = value
    return array


def text_column(cells: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece, with an empty cell where there is none."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if not pa.types.is_string(cells.type) and not pa.types.is_large_string(cells.type):
        cells = cells.cast(pa.string())
    return cells.fill_null("") if cells.null_count else cells


def code_cells(cells: pa.Array, *, anyway: bool = False) -> Values | None:
    """Return a column by its distinct cells, None when there are too many of them.

    Args:
        cells: the column.
        anyway: code the column however many distinct cells it has.
    """
    if not anyway and len(cells) > _PROBED:
        probe = cells[:_PROBED].dictionary_encode()
        if len(probe.dictionary) > _PROBED * _FEW:
            return None
    coded = cells.dictionary_encode()
    return Values(coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64))


class Reading(NamedTuple):
    """What the rows say of one field.

    Attributes:
        values: the value of each row, None where it says nothing.
        written: the text of the cell where it is not the value, trimmed; else None.
    """

    values: Values
    written: Values


def beside(cell: str, value: object) -> str | None:
    """Return the trimmed text of a cell that is worth keeping beside its value, else None."""
    text = cell.strip(BLANKS)
    return text if text and text != value else None


def read_cells(
    cells: pa.Array,
    read: Callable[[str], Any],
    *,
    plain: str = "",
    shown: Callable[[Any], object] = lambda value: value,
) -> Reading:
    """Return what `read` makes of every cell.

    Args:
        cells: the column.
        read: the reader of one cell.
        plain: a pattern of cells that `read` returns as they are; an empty cell says nothing.
        shown: the text that stands for a value.
    """
    coded = code_cells(cells)
    if coded is not None:
        values = coded.changed(read)
        pairs = zip(coded.known or (), values.known or (), strict=True)
        written = [beside(cell, shown(value)) for cell, value in pairs]
        return Reading(values, Values(written, coded.codes))
    texts: list[str] = cells.to_pylist()
    rows: list[Any] = [text or None for text in texts]
    kept: list[str | None] = [None] * len(rows)
    for row in unlike(cells, plain) if plain else range(len(rows)):
        rows[row] = read(texts[row])
        kept[row] = beside(texts[row], shown(rows[row]))
    return Reading(Values(None, rows=rows), Values(None, rows=kept))


def unlike(cells: pa.Array, plain: str) -> list[int]:
    """Return the rows whose cells do not match a pattern."""
    found: list[int] = np.flatnonzero(~mask(pc.match_substring_regex(cells, plain))).tolist()
    return found


def mask(flags: pa.Array) -> Flags:
    """Return Arrow's flags as an array of numpy."""
    found: Flags = flags.to_numpy(zero_copy_only=False)
    return found


def read_pairs(first: Values, second: Values, read: Callable[[Any, Any], Any]) -> Values:
    """Return what `read` makes of the two values of every row, asking once for each pair."""
    first, second = first.coded(), second.coded()
    ones, others = first.known or [], second.known or []
    pairs = first.codes * max(len(others), 1) + second.codes
    size = len(ones) * len(others)
    if size <= _SMALL:
        is_used = np.zeros(size, bool)
        is_used[pairs] = True
        used = np.flatnonzero(is_used)
        places = np.zeros(size, np.int64)
        places[used] = np.arange(len(used))
        codes = places[pairs]
    else:
        used, codes = np.unique(pairs, return_inverse=True)
    width = len(others)
    known = [read(ones[pair // width], others[pair % width]) for pair in used.tolist()]
    return Values(known, codes)


def first_said(readings: Sequence[Reading]) -> Reading:
    """Return for every row the first reading that says something, else the first that is filled."""
    found = readings[0]
    for reading in readings[1:]:
        found = _filled(found, reading)
    return found


def _filled(first: Reading, second: Reading) -> Reading:
    values, written = [], []
    lists = [part.to_list() for part in (*first, *second)]
    for one, text, other, other_text in zip(*lists, strict=True):
        is_first = one is not None or other is None
        values.append(one if is_first else other)
        written.append(
            text or other_text
            if one is None and other is None
            else text
            if is_first
            else other_text
        )
    return Reading(Values(None, rows=values), Values(None, rows=written))
