"""Rows of a file of behavior events, read one by one into one shape."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leadline.domain.behavior import Event, read_event
from leadline.domain.intake import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from leadline.files.chunks import Chunk
    from leadline.files.sources import SourceFile

#: What tells a row by its words alone apart from a row of leads with the same words.
_PREFIX = "event:"


def read_events(file: SourceFile, chunk: Chunk, *, now: datetime) -> Iterator[Event | Rejected]:
    """Yield what each readable row of a chunk says, in order; a `Rejected` names the header.

    What stands in columns that are no field is told beside the event.
    """
    fields = file.mapped.fields
    headers = {name: header for header, name in fields.items()}
    columns = [column.to_pylist() for column in file.cells(chunk.columns)]
    named = [(fields.get(header, ""), header) for header in file.header]
    zone, order = file.context.timezone, file.order.order
    for row in zip(*columns, strict=True):
        cells = {name: cell for (name, _), cell in zip(named, row, strict=True) if name}
        others = {
            header: cell
            for (name, header), cell in zip(named, row, strict=True)
            if not name and cell
        }
        event = read_event(cells, zone=zone, order=order, now=now, properties=others)
        if isinstance(event, Rejected):
            event = replace(event, column=headers.get(event.column, ""))
        yield event


def row_keys(chunk: Chunk) -> list[str]:
    """Return the ids of readable rows that state none: their words, and which of their twins."""
    return [_PREFIX + key for key in chunk.keys]
