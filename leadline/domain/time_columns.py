"""Times of many rows: the shapes that programs write at once, the others one by one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone
import pyarrow.compute as pc

from leadline.domain.column_values import BLANKS, Reading, Values, code_cells, mask
from leadline.domain.dates import parse_time

if TYPE_CHECKING:
    import pyarrow as pa

_DAY: Final = r"\A[12][0-9]{3}[-/][01][0-9][-/][0-3][0-9]"
_CLOCK: Final = r"[0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?"
_STATED: Final = rf"\A[12][0-9]{{3}}-[01][0-9]-[0-3][0-9]T{_CLOCK}Z\z"
_LOCAL: Final = rf"{_DAY}[ T]{_CLOCK}\z"
_PLAIN: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII
)


def beside_time(cell: str) -> str | None:
    """Return the trimmed text of a time, None where it is an instant as programs write it."""
    text = cell.strip(BLANKS)
    return text if text and not _PLAIN.fullmatch(text) else None


def read_times(cells: pa.Array, *, zone: str, order: str) -> Reading:
    """Return what `parse_time` makes of every cell."""

    def read(cell: str) -> datetime | None:
        return parse_time(cell, zone=zone, order=order) if cell else None

    coded = code_cells(cells)
    if coded is not None:
        return Reading(coded.changed(read), coded.changed(beside_time))
    local = ZoneInfo(zone)
    texts: list[str] = cells.to_pylist()
    rows: list[datetime | None] = [None] * len(texts)
    written: list[str | None] = list(texts)
    is_stated = mask(pc.match_substring_regex(cells, _STATED))
    stated = np.flatnonzero(is_stated).tolist()
    for row, moment in zip(stated, _instants([texts[row] for row in stated]), strict=True):
        rows[row], written[row] = moment, None
    if len(stated) < len(texts):
        for row in np.flatnonzero(mask(pc.match_substring_regex(cells, _LOCAL))).tolist():
            rows[row] = _instant(texts[row].replace("/", "-"), local)
    for row, moment in enumerate(rows):
        if moment is None and texts[row]:
            rows[row], written[row] = read(texts[row]), beside_time(texts[row])
    return Reading(Values(None, rows=rows), Values(None, rows=[text or None for text in written]))


def _instants(texts: list[str]) -> list[datetime | None]:
    """Return the instants of times in UTC."""
    try:
        return list(map(datetime.fromisoformat, texts))
    except ValueError:  # a day that no month has, somewhere among them
        return list(map(_instant, texts))


def _instant(text: str, local: ZoneInfo | None = None) -> datetime | None:
    """Return the instant of a time in ISO 8601, None where no calendar has it."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=local) if local else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
