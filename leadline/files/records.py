"""The records of a delimited file, in columns, with nothing lost.

Every record comes out once: accepted, as a cell in each column, or as a `Reject` with a code; in
file order, each with the physical line on which it starts. Only a line feed ends a line, and a
line of zero characters is no record. The memory used does not grow with the file.

A block is cut as a whole (`leadline.files.cuts`), and its cells are gathered into columns without
a step per cell. Dialects whose cells are no plain slices of the file go record by record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np  # noqa: TID253 - all of it computes in columns; loaded when a file is read
import pyarrow as pa

from leadline.files.cells import Cells
from leadline.files.cuts import Cutter
from leadline.files.grammar import MAX_RECORD, Span, SpanFinder, Stretch, after
from leadline.files.rejects import MAX_CELL, Examiner, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leadline.files.cuts import Flags, Positions
    from leadline.files.grammar import Dialect

__all__ = ["MAX_CELL", "Reject", "Rows", "read_rows"]

_LARGEST: Final = 1 << 30  # bytes of a stretch whose offsets are 32 bits wide


@dataclass(frozen=True, slots=True)
class Rows:
    """What one block of a file holds; `len(lines) + len(rejects)` records.

    Attributes:
        lines: the physical line on which each accepted record starts, one-based.
        columns: one array of strings for each column of the header: the cells of the accepted
            records, unquoted, as written otherwise.
        raws: the bytes of each accepted record in UTF-8, without the line end.
        rejects: the other records, in file order.
        size: bytes of the file that this covers.
    """

    lines: Positions
    columns: tuple[pa.Array, ...]
    raws: pa.Array
    rejects: list[Reject]
    size: int


def read_rows(
    blocks: Iterable[bytes],
    *,
    dialect: Dialect,
    width: int,
    start_line: int,
    encoding: str = "utf-8",
    longest: int = MAX_RECORD,
) -> Iterator[Rows]:
    """Read the records behind a header; what a block holds comes out before the next is taken.

    Args:
        blocks: the file in UTF-8, from the first record on, cut anywhere. Bytes that are not
            UTF-8 make their record, and no other, `bad_encoding`.
        dialect: how it is written.
        width: how many columns the header has.
        start_line: the physical line of the first record.
        encoding: what the file was encoded in, for the words of a reject.
        longest: bytes that a record over several lines may have.
    """
    finder = SpanFinder(dialect, longest=longest)
    examiner = Examiner(dialect, width, encoding)
    exact = _ExactReader(examiner, finder)
    fast: _FastReader | _ExactReader = exact
    if _is_plain(dialect):
        fast = _FastReader(examiner, finder)
    offset, line = 0, start_line
    supply = _Supply(blocks)
    while data := supply.next_lines():
        stretch = Stretch(data, offset, supply.is_empty)
        found = (fast if len(data) < _LARGEST else exact).read(stretch, line)
        size = supply.give_back(found.end)
        offset += size
        line += found.line_count
        if size:
            yield replace(found.rows, size=size)


def _is_plain(dialect: Dialect) -> bool:
    """Return whether every cell is a slice of the file that single bytes delimit."""
    return (
        len(dialect.delimiter.encode()) == 1
        and len(dialect.quote.encode()) <= 1
        and not dialect.escape
        and not dialect.skips_spaces
    )


class _Supply:
    """Blocks of a file, handed out in whole lines, and taken back where a record is not whole.

    Attributes:
        is_empty: whether what was handed out last reaches to the end of the file; a line end is
            put behind it where there is none.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        """Take the blocks."""
        self.is_empty = False
        self._blocks = iter(blocks)
        self._data = b""
        self._wanted = 0

    def next_lines(self) -> bytes:
        """Return what was given back and more behind it; nothing at the end of the file."""
        parts, size, has_line = [self._data], len(self._data), False
        while not has_line or size < self._wanted:
            block = next(self._blocks, None)
            if block is None:
                self.is_empty = True
                break
            parts.append(block)
            size += len(block)
            has_line = has_line or b"\n" in block
        self._data = b"".join(parts)
        if self.is_empty:
            is_whole = self._data.endswith(b"\n")
            return self._data if is_whole or not self._data else self._data + b"\n"
        stop = self._data.rfind(b"\n") + 1
        return self._data if stop == len(self._data) else self._data[:stop]

    def give_back(self, end: int) -> int:
        """Keep what lies behind `end` of what was handed out; return how much that leaves used.

        The next time it comes with as much again: else a record that fills many blocks would be
        looked at once for each of them.
        """
        used = min(end, len(self._data))
        self._data = self._data[end:]
        self._wanted = 2 * len(self._data)
        return used


class _Found(NamedTuple):
    """The rows of a stretch and how far they go."""

    rows: Rows
    end: int
    line_count: int


class _ExactReader:
    """Reads record by record."""

    def __init__(self, examiner: Examiner, finder: SpanFinder) -> None:
        self._examiner = examiner
        self._finder = finder

    def read(self, stretch: Stretch, line: int) -> _Found:
        """Return the records of a stretch that begins on `line`."""
        data, first, position = stretch.data, line, 0
        accepted: list[tuple[int, bytes, tuple[str, ...]]] = []
        rejects: list[Reject] = []
        while position < len(data):
            span = self._finder.find(stretch, position, line=line)
            if span is None:
                break
            if span.end > span.start:
                raw = data[span.start : span.end]
                cells = self._examiner.examine(span, raw)
                if isinstance(cells, Reject):
                    rejects.append(cells)
                else:
                    accepted.append((span.line, raw, cells))
            position, line = after(data, span)
        rows = self._rows(accepted, rejects, position)
        return _Found(rows, position, line - first)

    def _rows(
        self,
        accepted: list[tuple[int, bytes, tuple[str, ...]]],
        rejects: list[Reject],
        size: int,
    ) -> Rows:
        width = self._examiner.width
        return Rows(
            lines=np.array([line for line, _, _ in accepted], np.int64),
            columns=tuple(
                pa.array([cells[column] for _, _, cells in accepted], pa.string())
                for column in range(width)
            ),
            raws=pa.array([raw for _, raw, _ in accepted], pa.binary()),
            rejects=rejects,
            size=size,
        )


class _FastReader:
    """Reads a stretch as a whole."""

    def __init__(self, examiner: Examiner, finder: SpanFinder) -> None:
        self._examiner = examiner
        self._cutter = Cutter(examiner.dialect, finder)

    def read(self, stretch: Stretch, line: int) -> _Found:
        """Return the records of a stretch that begins on `line`."""
        cuts = self._cutter.cut(stretch)
        cells = Cells(stretch.data, cuts, self._examiner.dialect)
        lines = cuts.lines + line
        is_accepted, rejects = self._examined(cells, lines)
        chosen = np.flatnonzero(is_accepted)
        rows = Rows(
            lines=lines[chosen],
            columns=cells.columns(chosen, self._examiner.width),
            raws=cells.raws(chosen),
            rejects=rejects,
            size=cuts.end,
        )
        return _Found(rows, cuts.end, cuts.line_count)

    def _examined(self, cells: Cells, lines: Positions) -> tuple[Flags, list[Reject]]:
        """Return which records are accepted; only suspicious ones are looked at one by one."""
        is_accepted = cells.stops > cells.starts
        rejects: list[Reject] = []
        suspects = is_accepted & cells.suspects(self._examiner.width)
        for number in np.flatnonzero(suspects).tolist():
            start, stop = int(cells.starts[number]), int(cells.stops[number])
            span = Span(int(lines[number]), start, stop, not cells.is_broken[number])
            found = self._examiner.examine(span, cells.data[start:stop])
            if isinstance(found, Reject):
                rejects.append(found)
                is_accepted[number] = False
        return is_accepted, rejects
