"""Leads as files for people: CSV that no spreadsheet runs as a formula, workbooks, JSON lines.

Each writer takes a stream of bytes, the columns, the leads and an encoding, and returns how many
leads it wrote and how many cells could not be written as they are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import isfinite
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, Final

from leadline.files.formulas import guard

Lead = dict[str, Any]
Writer = Callable[[IO[bytes], Sequence[str], Iterable[Lead], str], tuple[int, int]]

_PHONE: Final = re.compile(r"\+\d+")
#: Stands for a character that CP932 lacks; Japanese print shops have always used it so.
_GETA: Final = "〓"
_MOST_IN_CELL: Final = 32_767  # Excel's limit
_SPECIAL: Final = ("=", "#")  # what openpyxl takes for a formula or an error value
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: What a workbook writes as `_xHHHH_`, and text that would be taken for that.
_ESCAPED: Final = re.compile(r"[\r\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def write_csv(
    stream: IO[bytes], columns: Sequence[str], leads: Iterable[Lead], encoding: str
) -> tuple[int, int]:
    """Write CSV with a header; text that would start a formula gets an apostrophe before it."""
    text = io.TextIOWrapper(stream, encoding=encoding, newline="", write_through=True)
    writer = csv.writer(text)
    count = altered = 0
    try:
        writer.writerow(columns)
        for lead in leads:
            cells = [_csv_cell(name, value) for name, value in lead.items()]
            fitted = [_fit(cell, encoding) for cell in cells]
            altered += sum(old != new for old, new in zip(cells, fitted, strict=True))
            writer.writerow(fitted)
            count += 1
        text.flush()
    finally:
        text.detach()
    return count, altered


def _csv_cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if isinstance(value, float):
        return format(Decimal(text), "f") if isfinite(value) else text
    is_typed = not isinstance(value, str) or (name == "phone" and bool(_PHONE.fullmatch(text)))
    return text if is_typed else guard(text)


def _fit(text: str, encoding: str) -> str:
    """Replace what the encoding lacks."""
    if encoding != "cp932" or text.isascii():
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(map(_fit_one, text))
    return text


def _fit_one(character: str) -> str:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return _GETA
    return character


def write_lines(
    stream: IO[bytes], _columns: Sequence[str], leads: Iterable[Lead], _encoding: str
) -> tuple[int, int]:
    """Write one JSON object a line, in UTF-8."""
    count = 0
    for lead in leads:
        stream.write(json.dumps(lead, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count, 0


def write_workbook(
    stream: IO[bytes], columns: Sequence[str], leads: Iterable[Lead], _encoding: str
) -> tuple[int, int]:
    """Write a workbook of one sheet; every text is a text cell, whatever it begins with."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("leads")
    sheet.append(list(columns))
    count = altered = 0
    for lead in leads:
        row = []
        for value in lead.values():
            fitted = _workbook_value(value)
            altered += fitted != value
            row.append(_workbook_cell(sheet, fitted))
        sheet.append(row)
        count += 1
    with TemporaryFile() as whole:  # a reader who leaves must not meet a half-closed archive
        book.save(whole)
        whole.seek(0)
        copyfileobj(whole, stream)
    return count, altered


def _workbook_value(value: object) -> object:
    if not isinstance(value, str):
        return value
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", value)[:_MOST_IN_CELL]


def _workbook_cell(sheet: Any, value: object) -> object:  # noqa: ANN401 - the library ships no types
    """Return a value as the library writes it as text, number or truth value."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    text = _ESCAPED.sub(_escape, value)
    if not text.startswith(_SPECIAL):
        return text
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    return cell


def _escape(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"


WRITERS: Final[dict[str, Writer]] = {
    "csv": write_csv,
    "xlsx": write_workbook,
    "jsonl": write_lines,
}
