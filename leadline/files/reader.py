"""Reading a table file, text or workbook, with nothing lost.

Every record of the file comes out either accepted or as a `Reject` with a code, in file order,
each with the physical line on which it starts: line 1 is the first line of the file, a byte order
mark or a note above the header included, and only a line feed ends a line. A line of zero
characters is no record. A file is read as it is asked for, in constant memory, and as often as
one likes.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from leadline.domain.encodings import Encoding, Found, choose_encoding, decode_text
from leadline.files.decoding import decode_blocks, ends_with_cr, survey
from leadline.files.dialect import (
    announced_delimiter,
    find_dialect,
)
from leadline.files.faults import (
    EncodingUnknown,
    FileBinary,
    FileEmpty,
    FileIsFolder,
    FileMissing,
    FileUnreadable,
    HeaderLineMissing,
    HeaderMissing,
)
from leadline.files.grammar import Dialect, Stretch
from leadline.files.kinds import Kind, kind_of_file
from leadline.files.layout import find_layout, is_address, known_names
from leadline.files.rejects import MAX_CELL, Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from leadline.files.records import Rows

__all__ = [
    "MAX_CELL",
    "FileBinary",
    "FileEmpty",
    "FileIsFolder",
    "FileMissing",
    "FileUnreadable",
    "HeaderMissing",
    "Reading",
    "Record",
    "Reject",
    "Table",
    "open_table",
    "parse_table",
]

_SAMPLE: Final = 1 << 18  # bytes in UTF-8 that dialect and header are found in
_FIRST_READ: Final = 1 << 16
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_OTHER_NAMES: Final = {
    "utf8": Encoding.UTF_8,
    "shift_jis": Encoding.CP932,
    "shift-jis": Encoding.CP932,
    "sjis": Encoding.CP932,
    "windows-31j": Encoding.CP932,
    "ms932": Encoding.CP932,
    "euc_jp": Encoding.EUC_JP,
    "eucjp": Encoding.EUC_JP,
    "jis": Encoding.ISO_2022_JP,
    "iso2022jp": Encoding.ISO_2022_JP,
    "cp1252": Encoding.WINDOWS_1252,
    "latin-1": Encoding.ISO_8859_1,
    "latin1": Encoding.ISO_8859_1,
}
#: Names that leave the order of bytes open.
_EITHER: Final = {
    "utf-16": (Encoding.UTF_16_LE, Encoding.UTF_16_BE),
    "utf-32": (Encoding.UTF_32_LE, Encoding.UTF_32_BE),
}


class Record(NamedTuple):
    """One record with as many cells as the header.

    Attributes:
        line: physical line on which it starts, one-based; in a workbook the row.
        cells: text of the cells, as written.
        raw: its bytes in UTF-8 without the line end; in a workbook its cells as CSV.
        nth: how many records with the same bytes came before it in the file.
    """

    line: int
    cells: tuple[str, ...]
    raw: bytes
    nth: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a file beforehand; what is not is found out.

    Attributes:
        encoding: its encoding, by any usual name.
        delimiter: what separates cells.
        quote: the quotation mark; empty when there is none.
        header_line: physical line on which the header starts; in a workbook the row.
        sheet: the sheet of a workbook.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_line: int | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table file, opened; its records are read as they are asked for.

    Attributes:
        kind: "text" or "workbook".
        encoding: what the file is encoded in.
        is_guess: whether that is the last resort, in which any bytes mean something.
        dialect: how its records are written; of a workbook, how they would be.
        header: names of the columns, stripped, each once.
        header_line: physical line on which the header starts; None when no line names columns.
        file_size: its bytes.
        sheet: name of the sheet of a workbook, else "".
        sheets_not_read: names of its other sheets that hold people with addresses.
    """

    kind: str
    encoding: Encoding
    is_guess: bool
    dialect: Dialect
    header: tuple[str, ...]
    header_line: int | None
    file_size: int
    sheet: str = ""
    sheets_not_read: tuple[str, ...] = ()
    _read: Callable[[], Iterator[Rows]] = field(kw_only=True, repr=False, compare=False)

    @property
    def delimiter(self) -> str:
        """What separates the cells."""
        return self.dialect.delimiter

    def batches(self) -> Iterator[Rows]:
        """Yield the records in columns, from the first one of the file on."""
        return self._read()

    def records(self) -> Iterator[Record | Reject]:
        """Yield every record of the file once, in file order; for files that fit into memory."""
        seen: dict[int, int] = {}
        for rows in self.batches():
            for found in _one_by_one(rows):
                mark = hash(found.raw)
                nth = seen.get(mark, 0)
                seen[mark] = nth + 1
                yield found._replace(nth=nth) if nth else found

    def describe(self) -> dict[str, Any]:
        """Return what was found out about the file, as the command line shows it."""
        return {
            "kind": self.kind,
            "encoding": str(self.encoding),
            "is_guess": self.is_guess,
            "dialect": {
                "delimiter": self.dialect.delimiter,
                "quote": self.dialect.quote,
                "escape": self.dialect.escape or self.dialect.quote,
                "line_end": self.dialect.line_end,
            },
            "sheet": self.sheet or None,
            "sheets_not_read": list(self.sheets_not_read),
            "header_line": self.header_line,
            "columns": list(self.header),
        }


def open_table(path: Path, *, fixed: Reading | None = None, needs_header: bool = True) -> Table:
    """Open a table file and find out encoding, delimiter and header.

    Args:
        path: the file.
        fixed: what is known of it beforehand.
        needs_header: whether a file without one is refused; else its columns are numbered.

    Raises:
        IntakeError: the file as a whole cannot be read; the text says what to do.
    """
    source = _Source(path.name, lambda: path.open("rb"))
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FileUnreadable(file=path.name, why="it is no ordinary file")
        return _open(source, fixed or Reading(), needs_header=needs_header)
    except FileNotFoundError:
        raise FileMissing(file=path.name) from None
    except IsADirectoryError:
        raise FileIsFolder(file=path.name or path) from None
    except OSError as error:
        raise FileUnreadable(file=path.name, why=error.strerror or type(error).__name__) from error


def parse_table(
    data: bytes, *, file: str, fixed: Reading | None = None, needs_header: bool = True
) -> Table:
    """Make a table of the bytes of a file, for example of an upload.

    Args:
        data: the whole file.
        file: its name, for messages.
        fixed: what is known of it beforehand.
        needs_header: see `open_table`.

    Raises:
        IntakeError: see `open_table`.
    """
    source = _Source(file, lambda: io.BytesIO(data))
    return _open(source, fixed or Reading(), needs_header=needs_header)


class _Source(NamedTuple):
    """A file by name, and how it is opened for bytes."""

    name: str
    open: Callable[[], IO[bytes]]


def _open(source: _Source, fixed: Reading, *, needs_header: bool) -> Table:
    with source.open() as file:
        is_text = kind_of_file(file, name=source.name) is Kind.TEXT
        table = _open_text(source, file, fixed) if is_text else None
    table = table or _open_workbook(source, fixed)
    if table.header_line is None and fixed.header_line is not None:
        raise HeaderLineMissing(file=source.name, line=fixed.header_line, last=_last_line(table))
    if table.header_line is None and needs_header:
        raise HeaderMissing(file=source.name)
    return table


def _last_line(table: Table) -> int:
    """Return the line on which the last record of a file starts."""
    starts = (
        [*rows.lines[-1:].tolist(), *(reject.line for reject in rows.rejects[-1:])]
        for rows in table.batches()
    )
    return max(chain.from_iterable(starts), default=0)


def _open_workbook(source: _Source, fixed: Reading) -> Table:
    from leadline.files.workbook import open_workbook

    book = open_workbook(
        source.open,
        name=source.name,
        is_known=known_names(),
        is_address=is_address,
        sheet=fixed.sheet,
        header_line=fixed.header_line,
    )
    heading, names = book.sheet.heading, book.sheet.names
    marker = heading.marker if heading else -1
    return Table(
        kind="workbook",
        encoding=Encoding.UTF_8,
        is_guess=False,
        dialect=Dialect(),
        header=_without(names, marker),
        header_line=heading.line if heading else None,
        file_size=book.file_size,
        sheet=book.sheet.name,
        sheets_not_read=book.sheets_not_read,
        _read=lambda: _gathered(book.rows(), marker),
    )


def _gathered(rows: Iterator[Rows], marker: int) -> Iterator[Rows]:
    """Return the rows, those of one record put together where a column marks its beginning."""
    if marker < 0:
        return rows
    from leadline.files.subtables import gather_subtables

    return gather_subtables(rows, marker)


def _without(names: tuple[str, ...], place: int) -> tuple[str, ...]:
    return names if place < 0 else names[:place] + names[place + 1 :]


@dataclass(frozen=True, slots=True)
class _Text:
    """How a text file is read: where its records begin, and in which dialect they are."""

    source: _Source
    encoding: Encoding
    ends_with_cr: bool
    begins_with_cr: bool
    dialect: Dialect
    width: int
    start: int
    start_line: int
    marker: int

    def rows(self) -> Iterator[Rows]:
        """Yield the records in columns."""
        from leadline.files.records import read_rows

        with self.source.open() as file:
            blocks = decode_blocks(file, self.encoding, ends_with_cr=self.ends_with_cr)
            if self.begins_with_cr:
                blocks = map(_without_leading_cr, blocks)
            found = read_rows(
                _behind(blocks, self.start),
                dialect=self.dialect,
                width=self.width,
                start_line=self.start_line,
                encoding=str(self.encoding),
            )
            yield from _gathered(found, self.marker)


def _open_text(source: _Source, file: IO[bytes], fixed: Reading) -> Table:
    file.seek(0)
    surveyed = survey(file)
    found = surveyed.found
    if fixed.encoding:
        found = Found(_named(fixed.encoding, surveyed.head, source.name))
    file.seek(0)
    sample, with_cr, is_whole = _sample(file, found.encoding)
    if _is_binary(surveyed.head, found.encoding):
        raise FileBinary(file=source.name)
    if not sample or sample.isspace():
        raise FileEmpty(file=source.name)
    begins_with_cr = _begins_with_cr(sample)
    if begins_with_cr:
        sample = _without_leading_cr(sample)
    announced, skipped = announced_delimiter(sample)
    rest = sample[skipped:]
    dialect = find_dialect(
        rest, delimiter=fixed.delimiter or announced or None, quote=fixed.quote, is_whole=is_whole
    )
    stretch = Stretch(rest, 0, is_whole)
    line = fixed.header_line
    layout = find_layout(stretch, dialect, line=line, first_line=1 + bool(skipped))
    text = _Text(
        source=source,
        encoding=found.encoding,
        ends_with_cr=with_cr,
        begins_with_cr=begins_with_cr,
        dialect=dialect,
        width=len(layout.names),
        start=skipped + layout.start,
        start_line=layout.start_line,
        marker=layout.marker,
    )
    return Table(
        kind="text",
        encoding=found.encoding,
        is_guess=found.is_guess,
        dialect=replace(dialect, line_end="CR") if with_cr else dialect,
        header=_without(layout.names, layout.marker),
        header_line=layout.heading.line if layout.heading else None,
        file_size=surveyed.size,
        _read=text.rows,
    )


def _sample(file: IO[bytes], encoding: Encoding) -> tuple[bytes, bool, bool]:
    """Return the beginning of a file in UTF-8, if CR alone ends its records, and if it is all."""
    head = file.read(_SAMPLE)
    with_cr = ends_with_cr(decode_text(head, encoding).encode("utf-8", "surrogatepass"))
    file.seek(0)
    sample = b""
    for block in decode_blocks(file, encoding, ends_with_cr=with_cr, size=_FIRST_READ):
        if len(sample) >= _SAMPLE:
            return sample, with_cr, False
        sample += block
    return sample, with_cr, True


def _begins_with_cr(sample: bytes) -> bool:
    """Return whether a CR stands behind the line feeds of a file, and none before them."""
    feeds = sample.count(b"\n")
    swapped = sample.count(b"\n\r") - sample.count(b"\n\r\n")
    return swapped > 0 and 2 * swapped >= feeds - 1 and 2 * sample.count(b"\r\n") < swapped


def _without_leading_cr(block: bytes) -> bytes:
    """Return whole lines without the CR that each begins with; the first line of a file has none.

    A block begins behind a line feed, so its first byte may be such a CR too.
    """
    return block.removeprefix(b"\r").replace(b"\n\r", b"\n")


def _behind(blocks: Iterable[bytes], start: int) -> Iterator[bytes]:
    """Yield what lies behind the first `start` bytes."""
    for block in blocks:
        if start < len(block):
            yield block[start:] if start else block
        start = max(0, start - len(block))


def _named(encoding: str, head: bytes, file: str) -> Encoding:
    """Return the encoding that a name means for a file that begins with `head`."""
    name = encoding.strip().lower()
    if choices := _EITHER.get(name):
        return choose_encoding(head, choices)
    try:
        return _OTHER_NAMES.get(name) or Encoding(name)
    except ValueError:
        known = ", ".join(Encoding)
        raise EncodingUnknown(file=file, encoding=encoding, choices=known) from None


def _is_binary(head: bytes, encoding: Encoding) -> bool:
    """Return whether the first bytes are mostly controls; a text has next to none."""
    text = decode_text(head, encoding)
    return 3 * len(_CONTROLS.findall(text)) > len(text)


def _one_by_one(rows: Rows) -> Iterator[Record | Reject]:
    """Yield a batch's records in file order."""
    columns = [column.to_pylist() for column in rows.columns]
    cells = zip(*columns, strict=True) if columns else iter(())
    accepted = zip(rows.lines.tolist(), cells, rows.raws.to_pylist(), strict=True)
    records = (Record(line, texts, raw, 0) for line, texts, raw in accepted)
    return merge(records, rows.rejects, key=lambda found: found.line)
