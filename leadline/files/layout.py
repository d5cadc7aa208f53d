"""How a table file is laid out: its delimiter, where its header stands, where a record ends.

Everything here works on bytes in UTF-8 or CP932, in which the quotation mark, the line feed and
the comma, semicolon and tab are never part of another character. (`|` may be, in CP932: the
reader turns such a file into UTF-8 first.)

Quoting is strict: a cell that begins with a quotation mark ends with the next one that is not
doubled, and only a delimiter or the line's end may follow. A mark inside a cell that does not
begin with one is plain text.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final, NamedTuple

DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE: Final = 50  # records that are looked at before the layout is decided
_QUOTED: Final = rb'"[^"]*+(?:""[^"]*+)*+"'


class Patterns(NamedTuple):
    """The compiled grammar of one delimiter.

    Attributes:
        record: a whole well-quoted record, up to its line end, which is left out.
        cell: one well-quoted cell with the delimiter behind it.
        text_cell: the same in decoded text; the groups are the quoted and the plain content.
    """

    record: re.Pattern[bytes]
    cell: re.Pattern[bytes]
    text_cell: re.Pattern[str]


class Span(NamedTuple):
    """Where one record stands in the file.

    Attributes:
        line: physical line on which it starts, one-based.
        start: offset of its first byte.
        end: offset behind its last byte; a CR before the LF is left out.
        is_sound: false when its quoting is broken; it then reaches to the end of its first line.
    """

    line: int
    start: int
    end: int
    is_sound: bool


class Layout(NamedTuple):
    """What was found out about a file.

    Attributes:
        delimiter: one of `DELIMITERS`.
        header: the span of the header record, None when no record can be one.
    """

    delimiter: str
    header: Span | None


@lru_cache(maxsize=len(DELIMITERS))
def patterns(delimiter: str) -> Patterns:
    """Return the compiled grammar of `delimiter`."""
    sign = re.escape(delimiter)
    raw_sign = sign.encode()
    cell = b"(?:" + _QUOTED + rb'|(?!")[^' + raw_sign + rb"\n]*+)"
    return Patterns(
        record=re.compile(b"(?:" + cell + raw_sign + b")*+" + cell + rb"(?=\r?(?:\n|\Z))"),
        cell=re.compile(cell + raw_sign),
        text_cell=re.compile(rf'(?:"([^"]*+(?:""[^"]*+)*+)"|([^{sign}]*+)){sign}'),
    )


def next_span(data: bytes, start: int, *, line: int, delimiter: str) -> Span:
    """Return the record that begins at `start`, which must lie inside the file."""
    end = data.find(b"\n", start)
    if end < 0:
        end = len(data)
    is_sound = True
    if data.find(b'"', start, end) >= 0:
        match = patterns(delimiter).record.match(data, start)
        is_sound = match is not None
        end = match.end() if match else end
    if end > start and data[end - 1] == 0x0D:  # noqa: PLR2004 (CR)
        end -= 1
    return Span(line, start, end, is_sound)


def after(data: bytes, span: Span) -> tuple[int, int]:
    """Return offset and line of what follows a record."""
    end = data.find(b"\n", span.end)
    start = len(data) if end < 0 else end + 1
    lines = 1 if end < 0 else data.count(b"\n", span.start, start)
    return start, span.line + lines


def cells_of(text: str, delimiter: str) -> tuple[str, ...]:
    """Return the cells of a well-quoted record, without their quotation marks."""
    if '"' not in text:
        return tuple(text.split(delimiter))
    found = patterns(delimiter).text_cell.findall(text + delimiter)
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in found)


def raw_cells_of(raw: bytes, delimiter: str) -> list[bytes]:
    """Return the cells of a record as bytes; what follows broken quoting is one cell."""
    cells: list[bytes] = []
    position = 0
    joined = raw + delimiter.encode()
    while position < len(joined):
        match = patterns(delimiter).cell.match(joined, position)
        end = match.end() if match else len(joined)
        cells.append(joined[position : end - 1])
        position = end
    return cells


def find_layout(data: bytes) -> Layout:
    """Find delimiter and header from the first records.

    The delimiter is the one that splits most records into the same, large number of cells; the
    header is the first record that fills more than half of that many, so that a title or a note
    above the table is passed over.
    """
    best = max(DELIMITERS, key=lambda delimiter: _weight(data, delimiter))
    spans = _first_spans(data, best)
    width = _usual_width(data, spans, best)
    for span in spans:
        cells = raw_cells_of(data[span.start : span.end], best)
        if 2 * sum(1 for cell in cells if cell.strip(b' "\t')) > width:
            return Layout(best, span)
    return Layout(best, None)


def _first_spans(data: bytes, delimiter: str) -> list[Span]:
    """Return the first records that are not of zero characters."""
    spans: list[Span] = []
    start, line = 0, 1
    while start < len(data) and len(spans) < _SAMPLE:
        span = next_span(data, start, line=line, delimiter=delimiter)
        start, line = after(data, span)
        if span.end > span.start:
            spans.append(span)
    return spans


def _widths(data: bytes, spans: list[Span], delimiter: str) -> Counter[int]:
    """Count the records by their number of cells."""
    return Counter(len(raw_cells_of(data[span.start : span.end], delimiter)) for span in spans)


def _usual_width(data: bytes, spans: list[Span], delimiter: str) -> int:
    """Return the most frequent number of cells, the larger when two are equally frequent."""
    counts = _widths(data, spans, delimiter)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _weight(data: bytes, delimiter: str) -> float:
    """Return how well a delimiter explains the first records."""
    spans = _first_spans(data, delimiter)
    counts = _widths(data, spans, delimiter)
    width = _usual_width(data, spans, delimiter)
    return (width - 1) * counts[width] / len(spans) if spans else 0.0
