"""The quarantine file: rows that were refused, why, and in a shape that can be mended.

It is a CSV that Excel opens, with the columns of `MARKS` before those of the file. Whoever mends
cells and imports it again gives the rows another try, under the source that they came from; what
stands in the columns of `MARKS` is not read as data.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.files.formulas import guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Physical line, number of the cell, code and words of the refusal; source of the file; its text.
MARKS: Final = (
    "quarantine_line",
    "quarantine_column",
    "quarantine_reason",
    "quarantine_detail",
    "quarantine_source",
    "quarantine_row",
)


class Refused(NamedTuple):
    """One refused row.

    Attributes:
        line: physical line on which it starts.
        column: header or number of the cell at fault, "" when the whole row is meant.
        reason: reject code.
        detail: what is wrong, without the content.
        text: the row as it was, when its cells could not be told apart.
        cells: its cells as far as they could be, in the order of the header.
    """

    line: int
    column: str
    reason: str
    detail: str
    text: str
    cells: Sequence[str]


def is_quarantine(header: Sequence[str]) -> bool:
    """Tell whether a file is one that `write_quarantine` wrote."""
    return tuple(header[: len(MARKS)]) == MARKS


def write_quarantine(
    path: Path, rows: Iterable[Refused], *, header: Sequence[str], source: str
) -> None:
    """Write refused rows; the file appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*MARKS, *map(guard, header)])
        writer.writerows(_line(row, len(header), source) for row in rows)
    draft.replace(path)


def _line(row: Refused, width: int, source: str) -> list[str]:
    marks = (str(row.line), row.column, row.reason, row.detail, source, row.text)
    cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
    return [*map(guard, marks), *map(guard, cells)]
