"""Records that were read one by one, put into columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.files.records import Rows
    from leadline.files.rejects import Reject


class Line(NamedTuple):
    """One record as it was read.

    Attributes:
        line: physical line on which it starts, or row of the sheet, one-based.
        cells: text of its cells.
        raw: its bytes in UTF-8 without the line end.
    """

    line: int
    cells: tuple[str, ...]
    raw: bytes


def rows_of(lines: Sequence[Line], rejects: list[Reject], *, width: int, size: int) -> Rows:
    """Return records in columns.

    Args:
        lines: accepted records, each with `width` cells.
        rejects: the others, in file order.
        width: how many columns there are.
        size: bytes of the file that this covers.
    """
    import numpy as np
    import pyarrow as pa

    from leadline.files.records import Rows

    return Rows(
        lines=np.array([line.line for line in lines], np.int64),
        columns=tuple(
            pa.array([line.cells[place] for line in lines], pa.string()) for place in range(width)
        ),
        raws=pa.array([line.raw for line in lines], pa.binary()),
        rejects=rejects,
        size=size,
    )
