"""Reading a table file into cells that know their place: CSV, or a workbook's first sheet."""

from __future__ import annotations

import csv
import io
import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from leadline.config.problems import Spot
from leadline.domain.encodings import decode_record, detect_encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leadline.domain.encodings import Encoding
    from leadline.errors import Problem

_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')
_STOPS: Final = {",": re.compile(r"[,\r\n]"), "\t": re.compile(r"[\t\r\n]")}
_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        value: text; a workbook also gives numbers, booleans, dates and None.
        line: one-based line of the file, or row of the sheet.
        column: one-based character of the line, or column of the sheet.
        name: `C5` in a workbook, "" in a CSV file.
    """

    value: object
    line: int
    column: int
    name: str = ""

    @property
    def is_blank(self) -> bool:
        """Tell whether the cell says nothing."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table file: its lines that are not blank, the header first, and its text as CSV."""

    file: str
    lines: tuple[tuple[Cell, ...], ...]
    text: str


def read_sheet(file: str, data: bytes) -> tuple[Sheet, tuple[Problem, ...]]:
    """Read the bytes of a table file.

    Args:
        file: path below the project folder; `.xlsx` is read as a workbook, all else as CSV.
        data: the file's bytes; CSV is UTF-8, CP932 or UTF-16, with commas or tabs.

    Returns:
        The sheet and its faults; what stands before a fault of the quotes is there.
    """
    return _workbook(file, data) if file.endswith(".xlsx") else _csv(file, data)


def _csv(file: str, data: bytes) -> tuple[Sheet, tuple[Problem, ...]]:
    encoding = detect_encoding(data)
    text = decode_record(data, encoding)
    if text is None:
        spot = Spot(file, _bad_line(data, encoding), 1)
        return Sheet(file, (), ""), (spot.problem("bad_encoding", expected=encoding.upper()),)
    text = text.removeprefix("\ufeff")
    header = text.partition("\n")[0]
    delimiter = "\t" if "\t" in header and "," not in header else ","
    lines: list[tuple[Cell, ...]] = []
    starts = [0, *(match.end() for match in _END.finditer(text))]
    try:
        for cells in _records(text, delimiter):
            placed = (_placed(starts, offset, value) for offset, value in cells)
            lines.append(tuple(placed))
    except _Broken as broken:
        cell = _placed(starts, broken.offset, "")
        spot = Spot(file, cell.line, cell.column)
        return Sheet(file, _filled(lines), text), (spot.problem("stray_quote"),)
    return Sheet(file, _filled(lines), text), ()


def _bad_line(data: bytes, encoding: Encoding) -> int:
    """Return the one-based line of the first bytes that cannot be decoded; 0 when unknown."""
    numbered = enumerate(data.split(b"\n"), start=1)
    return next((line for line, raw in numbered if decode_record(raw, encoding) is None), 0)


class _Broken(Exception):
    """The quotes of the record at `offset` do not close, or text follows a closing quote."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


def _records(text: str, delimiter: str) -> Iterator[list[tuple[int, str]]]:
    """Yield the cells of each record as (offset, value)."""
    offset = 0
    while offset < len(text):
        cells: list[tuple[int, str]] = []
        while True:
            value, end = _cell(text, offset, delimiter)
            cells.append((offset, value))
            offset = end
            if text[offset : offset + 1] != delimiter:
                break
            offset += 1
        yield cells
        ending = _END.match(text, offset)
        offset = ending.end() if ending else len(text)


def _cell(text: str, offset: int, delimiter: str) -> tuple[str, int]:
    if not text.startswith('"', offset):
        after = _STOPS[delimiter].search(text, offset)
        end = after.start() if after else len(text)
        return text[offset:end], end
    match = _QUOTED.match(text, offset)
    if match is None or text[match.end() : match.end() + 1] not in {"", delimiter, "\r", "\n"}:
        raise _Broken(offset)
    return match[1].replace('""', '"'), match.end()


def _placed(starts: list[int], offset: int, value: str) -> Cell:
    line = bisect_right(starts, offset)
    return Cell(value, line, offset - starts[line - 1] + 1)


def _filled(lines: Iterable[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(cells for cells in lines if not all(cell.is_blank for cell in cells))


def _workbook(file: str, data: bytes) -> tuple[Sheet, tuple[Problem, ...]]:
    from openpyxl import load_workbook
    from openpyxl.utils import get_column_letter

    lines: list[tuple[Cell, ...]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and print areas, which are not read
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for line, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
                lines.append(
                    tuple(
                        Cell(value, line, column, f"{get_column_letter(column)}{line}")
                        for column, value in enumerate(row, start=1)
                    )
                )
            book.close()
    except Exception:  # noqa: BLE001 (a damaged workbook fails in many ways inside the library)
        return Sheet(file, (), ""), (Spot(file).problem("bad_workbook"),)
    filled = _filled(lines)
    return Sheet(file, filled, _as_csv(filled)), ()


def _as_csv(lines: Iterable[tuple[Cell, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_text(cell.value) for cell in cells] for cells in lines)
    return out.getvalue()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)
