"""Records of several lines: a `*` begins one, and the lines below it go on with its sub-table.

Exports of kintone write each row of a table inside a record on a line of its own, with the
record's other cells repeated or empty. Such lines are one record: cells that differ are put below
each other, cells that repeat the one above are not.
"""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING, Final

from leadline.files.gathered import Line, rows_of
from leadline.files.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leadline.files.records import Rows

_LOST: Final = "a line of a sub-table without a record that it belongs to"


class _Group:
    """A record that more lines may still belong to."""

    def __init__(self, first: Line) -> None:
        self.line = first.line
        self.cells = [[cell] for cell in first.cells]
        self.raws = [first.raw]

    def add(self, line: Line) -> None:
        self.raws.append(line.raw)
        for texts, cell in zip(self.cells, line.cells, strict=True):
            if cell and cell not in texts:
                texts.append(cell)

    def whole(self) -> Line:
        cells = ("\n".join(text for text in texts if text) for texts in self.cells)
        return Line(self.line, tuple(cells), b"\n".join(self.raws))


def gather_subtables(batches: Iterable[Rows], marker: int) -> Iterator[Rows]:
    """Yield the rows of a file with the lines of each record gathered, without their marker.

    Args:
        batches: the rows as they stand in the file.
        marker: place of the column whose `*` begins a record.
    """
    group: _Group | None = None
    rows = None
    for rows in batches:
        done: list[Line] = []
        rejects: list[Reject] = []
        for found in _in_order(rows, marker):
            if isinstance(found, Reject):
                rejects.append(found)
                continue
            begins, line = found
            if begins:
                done += [group.whole()] if group else []
                group = _Group(line)
            elif group:
                group.add(line)
            else:
                rejects.append(Reject(line.line, marker + 1, "field_count", _LOST, line.raw))
        yield rows_of(done, rejects, width=len(rows.columns) - 1, size=rows.size)
    if group and rows is not None:
        yield rows_of([group.whole()], [], width=len(rows.columns) - 1, size=0)


def _in_order(rows: Rows, marker: int) -> Iterator[tuple[bool, Line] | Reject]:
    """Yield the lines of a batch, each with whether it begins a record."""
    columns = [column.to_pylist() for column in rows.columns]
    marks = columns.pop(marker)
    cells = zip(*columns, strict=True) if columns else (() for _ in marks)
    lines = map(Line, rows.lines.tolist(), cells, rows.raws.to_pylist())
    found = ((bool(mark.strip()), line) for mark, line in zip(marks, lines, strict=True))
    return merge(
        found,
        rows.rejects,
        key=lambda each: each.line if isinstance(each, Reject) else each[1].line,
    )
