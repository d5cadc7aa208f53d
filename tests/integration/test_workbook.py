"""Reading workbooks: which sheet and header, what cells say, and what is refused."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from leadline.errors import IntakeError
from leadline.files.faults import (
    FileBinary,
    FileEmpty,
    FileIsArchive,
    FileIsHtml,
    FileIsNumbers,
    FilePassword,
    HeaderLineMissing,
    HeaderMissing,
    OldWorkbook,
    SheetMissing,
    WorkbookDamaged,
    WorkbookTooLarge,
)
from leadline.files.reader import Reading, Record, Reject, Table, open_table, parse_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _book(*rows: Sequence[Any], title: str = "Leads") -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _table(book: Workbook, known: Reading | None = None) -> Table:
    return parse_table(_bytes(book), file="leads.xlsx", fixed=known)


def _cells(table: Table) -> list[tuple[str, ...]]:
    return [found.cells for found in table.records() if isinstance(found, Record)]


def _rejects(table: Table) -> list[tuple[int, int, str]]:
    return [
        (found.line, found.column, found.reason)
        for found in table.records()
        if isinstance(found, Reject)
    ]


def test_workbook_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    _book(["氏名", "Email"], ["髙橋", "a@b.example"]).save(path)
    table = open_table(path)
    assert (table.kind, table.sheet, table.header_line) == ("workbook", "Leads", 1)
    assert list(table.records()) == [
        Record(2, ("髙橋", "a@b.example"), "髙橋,a@b.example".encode(), 0)
    ]


def test_workbook_is_known_by_its_content_and_not_by_its_name() -> None:
    table = parse_table(_bytes(_book(["Email"], ["a@b.example"])), file="leads.csv")
    assert _cells(table) == [("a@b.example",)]


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (12, "General", "12"),
        (12.0, "General", "12"),
        (0.1 + 0.2, "General", "0.3"),
        (1.5, "0.00", "1.5"),
        (0.15, "0%", "0.15"),
        (31234567890, "General", "31234567890"),
        (1e21, "General", "1000000000000000000000"),
        (7, "00000", "00007"),
        (1500001, "000\\-0000", "150-0001"),
        (1, '"No."0', "1"),
        (-5, "00", "-5"),
        (True, "General", "TRUE"),
        (datetime(2026, 10, 5), "yyyy-mm-dd", "2026-10-05"),  # noqa: DTZ001 - a workbook has no zones
        (datetime(2026, 10, 5, 13, 4, 22), "yyyy-mm-dd hh:mm", "2026-10-05 13:04:22"),  # noqa: DTZ001 - as above
        (date(2026, 10, 5), "d.m.yyyy", "2026-10-05"),
        (time(9, 30), "hh:mm", "09:30:00"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05:00"),
        ("0312345678", "General", "0312345678"),
        ("#N/A", "General", "#N/A"),
        ("two\nlines", "General", "two\nlines"),
        ("back_x000D_slash", "General", "back\rslash"),
        ("=1+1 as text", "@", "=1+1 as text"),
    ],
)
def test_cell_is_read_as_people_see_it(value: object, pattern: str, text: str) -> None:
    book = _book(["Name", "Value"], ["x", None])
    cell = book.active["B2"]
    cell.value = value
    cell.number_format = pattern
    if isinstance(value, str):
        cell.data_type = "s"
    assert _cells(_table(book)) == [("x", text)]


def test_rows_without_cells_are_no_records_and_short_rows_are_filled_up() -> None:
    book = _book(["Email", "Name", "City"], ["a@b.example"], [], ["b@b.example", None, "Köln"])
    table = _table(book)
    assert _cells(table) == [("a@b.example", "", ""), ("b@b.example", "", "Köln")]
    assert [record.line for record in table.records()] == [2, 4]


def test_rejects_name_row_column_and_code() -> None:
    book = _book(
        ["Email", "Name"],
        ["a@b.example", "A", "beside the table"],
        [" ", "\u3000"],
        ["c@b.example", "nul"],
        *[["d@b.example", "D"]] * 12,
    )
    book.active["B4"].value = "n_x0000_l"
    table = _table(book)
    assert _rejects(table) == [(2, 3, "field_count"), (3, 0, "empty_row"), (4, 0, "bad_encoding")]
    assert len(_cells(table)) == 12


def test_column_without_a_name_that_rows_fill_is_a_column() -> None:
    table = _table(_book(["Email", "Name"], *[["a@b.example", "A", "note"]] * 3))
    assert table.header == ("Email", "Name", "column 3")
    assert _rejects(table) == []


def test_header_is_found_below_notes_and_right_of_empty_columns() -> None:
    book = _book(
        ["Leads of October"],
        [],
        [None, None, "Email", "Name", "Email"],
        [None, None, "a@b.example", "A", "x"],
    )
    table = _table(book)
    assert table.header_line == 3
    assert table.header[-3:] == ("Email", "Name", "Email (2)")
    assert _cells(table)[0][-3:] == ("a@b.example", "A", "x")


def test_header_of_two_rows_is_joined() -> None:
    book = _book(
        ["Contact", None, "Company", None],
        ["Name", "Email", "Name", "City"],
        ["A", "a@b.example", "Acme", "Köln"],
    )
    assert _table(book).header == ("Contact Name", "Contact Email", "Company Name", "Company City")


def test_sheet_that_looks_most_like_a_table_is_read() -> None:
    book = _book(["Read me first"], ["This workbook holds leads."], title="Info")
    leads = book.create_sheet("Leads")
    leads.append(["Email", "First Name", "Company"])
    leads.append(["a@b.example", "A", "Acme"])
    hidden = book.create_sheet("Old")
    hidden.append(["Email", "First Name", "Last Name", "Company", "Phone"])
    hidden.append(["x@y.example"])
    hidden.sheet_state = "hidden"
    assert _table(book).sheet == "Leads"
    assert _table(book, Reading(sheet="Old")).header[2] == "Last Name"


def test_sheet_that_is_not_there_is_an_error_that_names_the_others() -> None:
    with pytest.raises(SheetMissing, match="Leads"):
        _table(_book(["Email"]), Reading(sheet="Contacts"))


def test_header_row_can_be_given() -> None:
    book = _book(["Email", "Name"], ["E-Mail", "Nachname"], ["a@b.example", "A"])
    assert _table(book, Reading(header_line=2)).header == ("E-Mail", "Nachname")


def test_header_row_that_is_not_there_is_an_error_that_names_the_last_row() -> None:
    with pytest.raises(HeaderLineMissing, match=r"row begins on line 9.* on line 2"):
        _table(_book(["Email"], ["a@b.example"]), Reading(header_line=9))


def test_workbook_without_a_header_is_an_error_unless_columns_may_be_numbered() -> None:
    data = _bytes(_book(["a@b.example", "A"], ["c@b.example", "B"]))
    with pytest.raises(HeaderMissing):
        parse_table(data, file="leads.xlsx")
    table = parse_table(data, file="leads.xlsx", needs_header=False)
    assert (table.header, len(_cells(table))) == (("column 1", "column 2"), 2)


def test_records_of_several_rows_are_gathered() -> None:
    book = _book(["*", "会社名", "品目"], ["*", "Acme", "A"], [None, None, "B"], ["*", "Beta", "C"])
    assert _cells(_table(book)) == [("Acme", "A\nB"), ("Beta", "C")]


def test_workbook_without_a_cell_is_empty() -> None:
    with pytest.raises(FileEmpty):
        _table(Workbook())


def test_large_sheet_is_read_in_batches() -> None:
    rows = [[f"p{number}@b.example", number] for number in range(6_000)]
    table = _table(_book(["Email", "No"], *rows))
    sizes = [len(batch.lines) for batch in table.batches()]
    assert (sum(sizes), len(sizes)) == (6_000, 2)


def _archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            plain = name.replace("__", "/").replace("_dot_", ".")
            archive.writestr(zipfile.ZipInfo(plain), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def test_archive_that_unpacks_to_too_much_is_refused() -> None:
    bomb = _archive(xl__workbook_dot_xml=b"", xl__sharedStrings_dot_xml=b"0" * (80 << 20))
    with pytest.raises(WorkbookTooLarge, match="80 MB"):
        parse_table(bomb, file="leads.xlsx")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"PK\x03\x04 no archive", WorkbookDamaged),
        (_archive(xl__workbook_dot_xml=b"<not xml"), WorkbookDamaged),
        (_archive(readme_dot_txt=b"hello"), FileBinary),
        (_archive(word__document_dot_xml=b"<w/>"), FileBinary),
        (_archive(fair__leads_dot_csv=b"Email\n"), FileIsArchive),
        (_archive(leads_dot_XLSX=b"PK"), FileIsArchive),
        (_archive(Index__Document_dot_iwa=b"x", preview_dot_jpg=b"x"), FileIsNumbers),
        (_archive(xl__workbook_dot_bin=b""), OldWorkbook),
        (_archive(content_dot_xml=b""), OldWorkbook),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, OldWorkbook),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            FilePassword,
        ),
        (b"\xef\xbb\xbf<html><table><tr><td>Email</td></tr></table></html>", FileIsHtml),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html><table>', FileIsHtml),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', OldWorkbook),
        ("<html><table>".encode("utf-16"), FileIsHtml),
        (b"%PDF-1.7\n", FileBinary),
    ],
)
def test_file_that_is_no_table_is_told_with_what_to_do(
    data: bytes, error: type[IntakeError]
) -> None:
    with pytest.raises(error) as raised:
        parse_table(data, file="leads.xls")
    assert raised.value.say("en") != raised.value.say("ja")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 5_000), st.integers(0, 60))
def test_damaged_workbook_never_crashes_the_reader(noise: bytes, place: int, cut: int) -> None:
    data = _bytes(_book(["Email", "Name"], ["a@b.example", "A"]))
    place %= len(data)
    broken = data[:place] + noise + data[place + cut :]
    with suppress(IntakeError):
        table = parse_table(broken, file="leads.xlsx", needs_header=False)
        widths = {len(found.cells) for found in table.records() if isinstance(found, Record)}
        assert widths <= {len(table.header)}


def test_sheet_with_more_rows_wins_among_equal_headers() -> None:
    book = _book(["Email", "Name"], ["a@b.example", "A"], title="One")
    more, empty, notes, hidden = map(book.create_sheet, ("Two", "Empty", "Notes", "Hidden"))
    for row in (["Email", "Name"], ["c@b.example", "C"], ["d@b.example", "D"]):
        more.append(row)
        hidden.append(row)
    empty.append(["Email", "Name"])
    for row in (["Company", "City"], ["Acme", "Berlin"]):
        notes.append(row)
    hidden.sheet_state = "hidden"
    table = _table(book)
    assert (table.sheet, table.sheets_not_read) == ("Two", ("One",))
    chosen = _table(book, Reading(sheet="One"))
    assert (chosen.sheet, chosen.sheets_not_read) == ("One", ())
