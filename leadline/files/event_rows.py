"""Rows of a file of behavior events, read one by one into one shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from leadline.domain.actors import Hit, Verdict, as_instant, classify, mail_of
from leadline.domain.behavior import (
    DAY,
    NEEDED,
    PERSON,
    TIME,
    Event,
    map_event_headers,
    read_event,
)
from leadline.domain.date_order import infer_order
from leadline.domain.intake import Rejected
from leadline.files.faults import NoEventColumns
from leadline.files.reader import open_table
from leadline.files.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leadline.files.chunks import Chunk
    from leadline.files.reader import Table
    from leadline.files.sources import SourceFile

#: A file by itself may be of any time.
_NEVER: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
#: What tells a row by its words alone apart from a row of leads with the same words.
_PREFIX: Final = "event:"


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


@dataclass
class Classified:
    """What a file of events holds, and who made each of them.

    Attributes:
        events: line, event and verdict.
        rejects: line and what is wrong with it.
    """

    events: list[tuple[int, Event, Verdict]] = field(default_factory=list)
    rejects: list[tuple[int, Rejected]] = field(default_factory=list)


def classify_file(path: Path) -> Classified:
    """Tell people from programs in a file of events, by the file alone.

    Times without an offset are taken for UTC.

    Raises:
        IntakeError: the file cannot be read, or its columns do not tell who did what and when.
    """
    table = open_table(path)
    fields = map_event_headers(table.header, {})
    found = set(fields.values())
    if not (found >= NEEDED and found & PERSON):
        raise NoEventColumns(
            file=str(path),
            line=table.header_line,
            header=", ".join(table.header)[:300],
            mapping="config/mappings/<source>.yaml",
        )
    times = [header for header, name in fields.items() if name in {TIME, DAY}]
    order = infer_order(_sample(table, times), stated=None, country="").order
    classified, events = Classified(), list[tuple[int, Event]]()
    for record in table.records():
        if isinstance(record, Reject):
            column = str(record.column) if record.column else ""
            rejected = Rejected(record.reason, column, record.detail)
            classified.rejects.append((record.line, rejected))
            continue
        cells = dict(zip(table.header, record.cells, strict=True))
        named = {name: cells[header] for header, name in fields.items()}
        event = read_event(named, zone="UTC", order=order, now=_NEVER)
        if isinstance(event, Rejected):
            column = next((h for h, name in fields.items() if name == event.column), "")
            classified.rejects.append((record.line, replace(event, column=column)))
        else:
            events.append((record.line, event))
    verdicts = classify([_hit(event) for _, event in events])
    classified.events = [
        (line, event, verdict) for (line, event), verdict in zip(events, verdicts, strict=True)
    ]
    return classified


def _sample(table: Table, headers: Sequence[str]) -> list[str]:
    first = next(table.batches(), None)
    if first is None:
        return []
    places = [table.header.index(header) for header in headers]
    return [cell for place in places for cell in first.columns[place].slice(0, 1000).to_pylist()]


def _hit(event: Event) -> Hit:
    return Hit(
        event.kind,
        as_instant(event.occurred_at),
        event.email or event.external_id or event.anonymous_id,
        mail_of(event.campaign),
        event.url,
        event.network,
        event.user_agent,
    )
