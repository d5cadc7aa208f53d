"""Reading a sheet of a workbook (.xlsx) as a table: its cells as the text that people see.

The sheet is read row by row. A row without a cell is no record, as a line of zero characters in a
text file; the row's number is its line. A row may be shorter than the header, because a workbook
does not keep empty cells at its end.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from leadline.errors import IntakeError
from leadline.files.faults import FileEmpty, SheetMissing, WorkbookDamaged, WorkbookTooLarge
from leadline.files.gathered import Line, rows_of
from leadline.files.header import Row, find_heading, numbered_names
from leadline.files.rejects import MAX_CELL, Reject
from leadline.files.sheet_cells import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leadline.files.header import Heading
    from leadline.files.records import Rows

_BATCH: Final = 5_000
_SAMPLED: Final = 150  # rows in which the header is looked for
_COUNTED: Final = 20_000  # rows of sheets with equal headers; with more, the first one counts
_SHEETS: Final = 30  # that are looked at
_MEGABYTE: Final = 1 << 20
_MOST_UNPACKED: Final = 1 << 30
_MOST_STRINGS: Final = 256 << 20  # they are held in memory while the sheet is read
_STRINGS: Final = "xl/sharedStrings.xml"
_SMALL: Final = 64 << 20  # unpacked bytes that are no danger whatever they were packed into
_MOST_RATIO: Final = 500
_WITHOUT_NAME: Final = 0.1  # the share of rows with cells beside the header that make a column


class Sheet(NamedTuple):
    """A sheet whose header is found.

    Attributes:
        name: its name.
        heading: which row names the columns; None when none does.
        names: of the columns.
        start: the row below the header.
        offset: empty columns to the left of the table.
        known: how many names the mapping knows.
        has_rows: whether there are rows below the header.
    """

    name: str
    heading: Heading | None
    names: tuple[str, ...]
    start: int
    offset: int
    known: int
    has_rows: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook of which one sheet is read.

    Attributes:
        open: opens the file for bytes.
        name: of the file, for messages.
        sheet: what is read.
        file_size: bytes of the file.
        sheets_not_read: names of other sheets that hold people with addresses too.
    """

    open: Callable[[], IO[bytes]]
    name: str
    sheet: Sheet
    file_size: int
    sheets_not_read: tuple[str, ...] = ()

    def rows(self) -> Iterator[Rows]:
        """Yield the records below the header, in columns."""
        with _unpacked(self.open, self.name) as book:
            rows = _filled_rows(book[self.sheet.name])
            while chunk := _next_rows(rows, _BATCH, self.name):
                yield self._examined([row for row in chunk if row.line >= self.sheet.start])

    def _examined(self, rows: Sequence[Row]) -> Rows:
        accepted: list[Line] = []
        rejects: list[Reject] = []
        for row in rows:
            found = _examine(row, self.sheet)
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                accepted.append(found)
        size = sum(len(line.raw) for line in accepted) + sum(len(one.raw) for one in rejects)
        return rows_of(accepted, rejects, width=len(self.sheet.names), size=size)


def open_workbook(
    open_file: Callable[[], IO[bytes]],
    *,
    name: str,
    is_known: Callable[[str], bool],
    is_address: Callable[[str], bool],
    sheet: str | None = None,
    header_line: int | None = None,
) -> Book:
    """Open a workbook and find the sheet that looks most like a table.

    Args:
        open_file: opens the file for bytes.
        name: of the file, for messages.
        is_known: whether a name of a column is one that the mapping knows.
        is_address: whether a column of that name holds mail addresses.
        sheet: name of the sheet, when it is known.
        header_line: the row of the header, when it is known.

    Raises:
        FileEmpty, SheetMissing, WorkbookDamaged, WorkbookTooLarge: it cannot be read.
    """
    with open_file() as file:
        size = file.seek(0, 2)
        _refuse_bomb(file, size, name)
    with _unpacked(open_file, name) as book:
        found = [
            one
            for title in _titles(book, name, sheet)
            if (one := _look_at(book[title], is_known, header_line, name))
        ]
        if not found:
            raise FileEmpty(file=name)
        best = _best_sheet(book, found, name)
    others = tuple(
        one.name
        for one in found
        if one is not best and one.heading and one.has_rows and any(map(is_address, one.names))
    )
    return Book(open_file, name, best, size, others)


def _best_sheet(book: Any, found: Sequence[Sheet], name: str) -> Sheet:  # noqa: ANN401 - the library ships no types
    """Return the sheet with the best header; of several such, the one with the most rows."""
    quality = max((one.known, one.heading is not None) for one in found)
    best = [one for one in found if (one.known, one.heading is not None) == quality]
    if len(best) == 1:
        return best[0]
    return max(best, key=lambda one: len(_next_rows(_filled_rows(book[one.name]), _COUNTED, name)))


def _refuse_bomb(file: IO[bytes], size: int, name: str) -> None:
    """Refuse an archive that would fill the memory."""
    with zipfile.ZipFile(file) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    total = sum(sizes.values())
    is_dense = total > _SMALL and total > _MOST_RATIO * size
    if total > _MOST_UNPACKED or sizes.get(_STRINGS, 0) > _MOST_STRINGS or is_dense:
        most = _MOST_UNPACKED // _MEGABYTE
        raise WorkbookTooLarge(file=name, size=total // _MEGABYTE, most=most)


@contextmanager
def _unpacked(open_file: Callable[[], IO[bytes]], name: str) -> Iterator[Any]:
    """Give the workbook for reading from top to bottom.

    Raises:
        WorkbookDamaged: the library cannot make sense of it.
    """
    from openpyxl import load_workbook

    with open_file() as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and print areas, which are not read
                book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # a damaged workbook fails in many ways inside the library
            raise WorkbookDamaged(file=name) from error
        try:
            yield book
        finally:
            book.close()


def _titles(book: Any, name: str, sheet: str | None) -> list[str]:  # noqa: ANN401 - the library ships no types
    """Return the names of the sheets that may hold the table, the hidden ones only by name."""
    sheets = book.worksheets
    if sheet is not None:
        titles = [one.title for one in sheets]
        if sheet not in titles:
            raise SheetMissing(file=name, sheet=sheet, sheets=", ".join(titles))
        return [sheet]
    visible = [one.title for one in sheets if one.sheet_state == "visible"]
    return (visible or [one.title for one in sheets])[:_SHEETS]


def _look_at(
    sheet: Any,  # noqa: ANN401 - the library ships no types
    is_known: Callable[[str], bool],
    header_line: int | None,
    name: str,
) -> Sheet | None:
    """Return what a sheet holds, None when it holds nothing."""
    rows = _next_rows(_filled_rows(sheet), max(_SAMPLED, header_line or 0), name)
    if not rows:
        return None
    offset = min(_first_filled(row) for row in rows)
    rows = [Row(row.line, row.cells[offset:]) for row in rows]
    heading = find_heading(rows, is_known=is_known, line=header_line, is_ragged=True)
    if heading is None:
        width = max(len(row.cells) for row in rows)
        return Sheet(sheet.title, None, numbered_names(width), rows[0].line, offset, 0)
    body = rows[heading.last + 1 :]
    names = heading.names
    while sum(len(row.cells) > len(names) for row in body) > _WITHOUT_NAME * len(body):
        names = (*names, f"column {len(names) + 1}")
    known = sum(map(is_known, names))
    start = rows[heading.last].line + 1
    return Sheet(sheet.title, heading, names, start, offset, known, has_rows=bool(body))


def _first_filled(row: Row) -> int:
    return next(place for place, cell in enumerate(row.cells) if cell)


def _filled_rows(sheet: Any) -> Iterator[Row]:  # noqa: ANN401 - the library ships no types
    """Yield the rows that hold something, without the empty cells at their end."""
    sheet.reset_dimensions()  # what programs write there is often wrong
    for line, row in enumerate(sheet.iter_rows(), start=1):
        cells = [text_of(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield Row(line, cells)


def _next_rows(rows: Iterator[Row], most: int, name: str) -> list[Row]:
    """Return the next rows of a sheet.

    Raises:
        WorkbookDamaged: the library cannot make sense of them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about dates that are none, which stay text
            return list(islice(rows, most))
    except IntakeError:
        raise
    except Exception as error:  # a damaged sheet fails in many ways inside the library
        raise WorkbookDamaged(file=name) from error


def _examine(row: Row, sheet: Sheet) -> Line | Reject:
    """Return a record with a cell for each column, or the first code that fits it."""
    cells = tuple(row.cells[sheet.offset :])
    width = len(sheet.names)
    raw = _as_csv(row.cells[sheet.offset :])
    text = "".join(row.cells)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        return Reject(row.line, 0, "bad_encoding", "a character that is none", raw)
    if not text.strip():
        return Reject(row.line, 0, "empty_row", "", raw)
    if any(cell.strip() for cell in (*row.cells[: sheet.offset], *cells[width:])):
        detail = f"{len(cells)} cells, the header has {width}"
        return Reject(row.line, sheet.offset + width + 1, "field_count", detail, raw)
    if len(text) > MAX_CELL and (longest := max(map(len, cells))) > MAX_CELL:
        column = sheet.offset + [len(cell) for cell in cells].index(longest) + 1
        return Reject(
            row.line, column, "too_long", f"{longest} characters, at most {MAX_CELL}", raw
        )
    return Line(row.line, (*cells[:width], *[""] * (width - len(cells))), raw)


def _as_csv(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue().encode("utf-8", "surrogatepass")
