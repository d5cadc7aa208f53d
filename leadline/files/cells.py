"""The cells of a stretch of a file, gathered into columns without a step per cell.

A stretch and the offsets of its separators are, as they stand, an Arrow array in which cells and
separators take turns; a column is every so manieth of them, copied out in one call.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np  # noqa: TID253 - all of it computes in columns; loaded when a file is read
import pyarrow as pa
import pyarrow.compute as pc

from leadline.files.rejects import MAX_CELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from leadline.files.cuts import Cuts, Flags, Positions
    from leadline.files.grammar import Dialect

_CR: Final = 0x0D
_WIDE: Final = 0xE3  # first byte of U+3000, and of all kana
_WIDE_NEXT: Final = 0x80
_PIECE: Final = 1 << 15  # bytes; Arrow tells that a part is not UTF-8, but not where
#: First bytes of the characters that Python counts as white space.
_BLANKS: Final = b"\t\n\v\f\r\x1c\x1d\x1e\x1f \xc2\xe1\xe2\xe3"


class Cells:
    """The cells of the records of a stretch.

    Attributes:
        data: the bytes.
        starts: offset of each record's first byte.
        stops: offset behind each record's last byte; CRs before the LF are left out.
        is_broken: which records have broken quoting; they are of one cell.
    """

    def __init__(self, data: bytes, cuts: Cuts, dialect: Dialect) -> None:
        """Place the cells."""
        self.data = data
        self._cuts = cuts
        self._octets = octets = np.frombuffer(data, np.uint8)
        ends, separators = cuts.ends, cuts.separators
        self._firsts: Positions = np.zeros_like(ends)  # the first cell of each record
        self._firsts[1:] = ends[:-1] + 1
        offsets = np.zeros(2 * len(separators) + 1, np.int32)
        offsets[1::2] = separators
        offsets[2::2] = separators + 1
        offsets[2 * ends + 1] -= octets[separators[ends] - 1] == _CR
        self.starts: NDArray[np.int32] = offsets[2 * self._firsts]
        self._leave_returns_out(offsets)
        self.stops: NDArray[np.int32] = offsets[2 * ends + 1]
        if len(cuts.marks):
            is_quoted = octets[offsets[:-1:2]] == ord(dialect.quote)
            offsets[:-1:2] += is_quoted
            offsets[1::2] -= is_quoted
        self._offsets = offsets
        self.is_broken: Flags = np.zeros(len(ends), np.bool_)
        self.is_broken[np.searchsorted(self.starts, cuts.broken)] = True

    def _leave_returns_out(self, offsets: NDArray[np.int32]) -> None:
        """Take the other CRs from the ends of records, where more than one stands before the LF."""
        ends = self._cuts.ends
        stops = offsets[2 * ends + 1]
        for number in np.flatnonzero(self._octets[stops - 1] == _CR).tolist():
            start, stop = int(self.starts[number]), int(stops[number])
            while stop > start and self.data[stop - 1] == _CR:
                stop -= 1
            offsets[2 * ends[number] + 1] = stop

    def suspects(self, width: int) -> Flags:
        """Return which records may have to be rejected; all others are sound."""
        counts = self._cuts.ends - self._firsts + 1
        found: Flags = self.is_broken | (counts < width)
        found |= self.stops - self.starts > MAX_CELL
        self._add_filled_extras(found, counts, width)
        self._add_blanks(found, width)
        self._add_undecodable(found)
        return found

    def _add_filled_extras(self, found: Flags, counts: Positions, width: int) -> None:
        """Add the records that have more than delimiters behind the last column."""
        longer = np.flatnonzero(counts > width)
        extra = self._firsts[longer] + width
        begin = self._cuts.separators[extra - 1] + 1
        found[longer] |= self.stops[longer] - begin != counts[longer] - width - 1

    def _add_blanks(self, found: Flags, width: int) -> None:
        """Add the records in which every cell is empty or begins as white space does."""
        is_blank = np.zeros(256, np.bool_)
        is_blank[list(_BLANKS)] = True
        left = np.flatnonzero(~found)
        for column in range(width):
            cells = 2 * (self._firsts[left] + column)
            start = self._offsets[cells]
            first = self._octets[start]
            blank = is_blank[first]
            is_wide = first == _WIDE
            blank &= ~is_wide | (self._octets[start + is_wide] == _WIDE_NEXT)
            blank |= start == self._offsets[cells + 1]
            left = left[blank]
            if not len(left):
                return
        found[left] = True

    def _add_undecodable(self, found: Flags) -> None:
        """Add the records with bytes that are not UTF-8, or with a NUL."""
        end, feeds = self._cuts.end, self._cuts.separators[self._cuts.ends]
        if b"\0" in self.data:
            zeros = np.flatnonzero(self._octets[:end] == 0)
            found[np.searchsorted(feeds, zeros)] = True
        if _is_utf_8(self.data, 0, end):
            return
        bounds = np.searchsorted(feeds, np.arange(_PIECE, end, _PIECE))
        pieces = [0, *(feeds[bounds] + 1).tolist(), end]
        for start, stop in pairwise(pieces):
            if not _is_utf_8(self.data, start, stop):
                places = list(_undecodable(self.data, feeds, start, stop))
                found[places] = True

    def columns(self, chosen: Positions, width: int) -> tuple[pa.Array, ...]:
        """Return the first `width` cells of the chosen records, all of which are sound."""
        offsets = pa.py_buffer(self._offsets)
        buffers = [None, offsets, pa.py_buffer(self.data)]
        source = pa.Array.from_buffers(pa.string(), len(self._offsets) - 1, buffers)
        cells = (2 * self._firsts[chosen]).astype(np.int32)
        columns = [source.take(_integers(cells + 2 * column)) for column in range(width)]
        self._undouble(columns, chosen)
        return tuple(columns)

    def _undouble(self, columns: list[pa.Array], chosen: Positions) -> None:
        """Make one of each two quotation marks inside a quoted cell."""
        cells = self._cells_with_doubled_marks()
        if not len(cells):
            return
        records = np.searchsorted(self._cuts.ends, cells)
        numbers = cells - self._firsts[records]
        places = np.full(len(self.starts), -1, np.int32)
        places[chosen] = np.arange(len(chosen))
        for number in range(len(columns)):
            rows = places[records[numbers == number]]
            rows = rows[rows >= 0]
            if not len(rows):
                continue
            mask = np.zeros(len(chosen), np.bool_)
            mask[rows] = True
            mark = chr(self._octets[self._cuts.marks[0]])
            single = pc.replace_substring(columns[number].take(_integers(rows)), mark * 2, mark)
            columns[number] = pc.replace_with_mask(columns[number], _flags(mask), single)

    def _cells_with_doubled_marks(self) -> Positions:
        """Return the quoted cells inside of which a quotation mark stands, which is doubled."""
        marks = self._cuts.marks[: np.searchsorted(self._cuts.marks, self._cuts.end)]
        twice = marks[:-1][np.diff(marks) == 1]
        cells = np.searchsorted(self._cuts.separators, twice)
        start, stop = self._offsets[2 * cells], self._offsets[2 * cells + 1]
        is_inside = (twice >= start) & (twice < stop)
        is_inside &= self._octets[start - 1] == self._octets[twice]  # else the cell is plain text
        found: Positions = cells[is_inside]
        return found[np.diff(found, prepend=-1) > 0]

    def raws(self, chosen: Positions) -> pa.Array:
        """Return the bytes of the chosen records."""
        offsets = np.zeros(2 * len(self.starts) + 1, np.int32)
        offsets[:-1:2] = self.starts
        offsets[1::2] = self.stops
        offsets[-1] = self._cuts.end
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        source = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)
        return source.take(_integers((2 * chosen).astype(np.int32)))


def _integers(numbers: NDArray[np.int32]) -> pa.Array:
    """Hand numbers to Arrow; `pa.array` would import pandas first, which takes its time."""
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _flags(flags: Flags) -> pa.Array:
    """Hand flags to Arrow."""
    bits = np.packbits(flags, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(bits)])


def _is_utf_8(data: bytes, start: int, stop: int) -> bool:
    """Return whether a part of `data` is UTF-8."""
    offsets = pa.py_buffer(np.array([start, stop], np.int32))
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _undecodable(data: bytes, feeds: Positions, start: int, stop: int) -> Iterator[int]:
    """Yield the numbers of the records between `start` and `stop` that are not UTF-8."""
    view = memoryview(data)
    while start < stop:
        try:
            str(view[start:stop], "utf-8")
        except UnicodeDecodeError as error:
            number = int(np.searchsorted(feeds, start + error.start))
            yield number
            start = int(feeds[number]) + 1
        else:
            return
