"""Reading table files: layout, records, rejects with their physical line, whole-file errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain.encodings import Encoding
from leadline.errors import IntakeError
from leadline.files.decoding import original_bytes
from leadline.files.faults import EncodingUnknown, HeaderLineMissing
from leadline.files.gathered import Line, rows_of
from leadline.files.reader import (
    FileBinary,
    FileEmpty,
    FileIsFolder,
    FileMissing,
    FileUnreadable,
    HeaderMissing,
    Reading,
    Record,
    Reject,
    Table,
    open_table,
    parse_table,
)
from leadline.files.subtables import gather_subtables

if TYPE_CHECKING:
    from pathlib import Path


def _table(data: bytes | str) -> Table:
    return parse_table(data.encode() if isinstance(data, str) else data, file="leads.csv")


def _records(data: bytes | str) -> list[Record | Reject]:
    return list(_table(data).records())


def _cells(data: bytes | str) -> list[tuple[str, ...]]:
    return [record.cells for record in _records(data) if isinstance(record, Record)]


def _rejects(data: bytes | str) -> list[tuple[int, int, str]]:
    found = _records(data)
    return [(each.line, each.column, each.reason) for each in found if isinstance(each, Reject)]


def test_file_is_opened_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes("氏名,会社名\r\n髙橋,㈱山﨑\r\n".encode("cp932"))
    table = open_table(path)
    assert (table.encoding, table.delimiter, table.header_line) == (Encoding.CP932, ",", 1)
    assert table.header == ("氏名", "会社名")
    assert list(table.records()) == [Record(2, ("髙橋", "㈱山﨑"), "髙橋,㈱山﨑".encode(), 0)]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiter_is_found_beside_other_signs_in_cells(sign: str) -> None:
    rows = [["Name", "Topics", "Note"], ["A", '"a;b;c,d|e\tf;g"', "x"], ["B", '"a;b,c|d"', "y"]]
    data = "\n".join(sign.join(row) for row in rows)
    assert _table(data).delimiter == sign
    assert _cells(data) == [("A", "a;b;c,d|e\tf;g", "x"), ("B", "a;b,c|d", "y")]


def test_delimiter_is_found_when_there_is_a_header_only() -> None:
    table = _table("Email;Name;Company")
    assert (table.delimiter, list(table.records())) == (";", [])


def test_one_column_is_a_table_too() -> None:
    assert _cells("Email\na@b.example\nc@d.example\n") == [("a@b.example",), ("c@d.example",)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_count_from_the_first_of_the_file_with_mark_and_note(end: str) -> None:
    lines = ["\ufeffCards of October", "2 cards", "", 'Email,Name,"Note"', 'a@b.example,A,"x']
    lines += ['y"', "", "c@d.example,C,z"]
    table = _table(end.join(lines))
    assert (table.encoding, table.header_line) == (Encoding.UTF_8_SIG, 4)
    assert [record.line for record in table.records()] == [5, 8]
    assert [record[1] for record in table.records()] == [
        ("a@b.example", "A", f"x{end}y"),
        ("c@d.example", "C", "z"),
    ]


def test_mixed_line_ends_are_read() -> None:
    assert _cells('a,b\r\n1,2\n"3",4\r\n5,"6"\r\n7,8') == [
        ("1", "2"),
        ("3", "4"),
        ("5", "6"),
        ("7", "8"),
    ]


@pytest.mark.parametrize("end", ["\r\r\n", "\n\r", "\r\r\r\n"])
def test_line_ends_with_more_returns_leave_nothing_in_the_cells(end: str) -> None:
    text = end.join(["email,name", "a@example.com,Ann", 'b@example.com,"Bo"', ",", "", "c,d", ""])
    assert _table(text).header == ("email", "name")
    assert [(one.line, one.raw) for one in _records(text)] == [
        (2, b"a@example.com,Ann"),
        (3, b'b@example.com,"Bo"'),
        (4, b","),
        (6, b"c,d"),
    ]
    assert _cells(text) == [("a@example.com", "Ann"), ("b@example.com", "Bo"), ("c", "d")]


def test_long_file_with_returns_behind_line_feeds_is_read_to_its_end() -> None:
    text = "email,name\n\r" + '"a@example.com",Ann\n\r' * 40_000
    assert set(_cells(text)) == {("a@example.com", "Ann")}
    assert _records(text)[-1].line == 40_001


def test_announced_delimiter_that_the_file_does_not_hold_is_not_believed() -> None:
    text = "sep=,\nemail;name\na@example.com;Ann\n"
    assert (_table(text).delimiter, _table(text).header_line) == (";", 2)
    assert _cells(text) == [("a@example.com", "Ann")]


def test_lone_carriage_returns_end_lines_when_nothing_else_does() -> None:
    assert _cells("a,b\r1,2\r3,4") == [("1", "2"), ("3", "4")]


def test_end_of_file_mark_of_old_programs_is_no_record() -> None:
    assert _cells(b"a,b\r\n1,2\r\n\x1a") == [("1", "2")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read(codec: str) -> None:
    text = '\ufeff氏名\t会社\r\n髙橋\t"a\r\nb"\r\n'
    table = _table(text.encode(codec))
    assert (table.encoding, table.delimiter) == (codec, "\t")
    assert [record[1] for record in table.records()] == [("髙橋", "a\r\nb")]


def test_half_a_character_spoils_its_own_record_only() -> None:
    data = b"\xff\xfe" + "a,b\n1,2\n3,\ud800x\n5,6\n7,8".encode("utf-16-le", "surrogatepass")
    assert _rejects(data + b"\x41") == [(3, 2, "bad_encoding"), (5, 2, "bad_encoding")]


def test_bar_inside_a_japanese_character_does_not_split() -> None:
    data = "氏名|会社\nポ|ソニ|\nポ|テ\n".encode("cp932")  # ポ ends with the byte of the bar
    table = _table(data)
    assert (table.encoding, table.delimiter, table.header) == (
        Encoding.CP932,
        "|",
        ("氏名", "会社"),
    )
    assert [record[1] for record in table.records()] == [("ポ", "ソニ"), ("ポ", "テ")]


def test_header_names_are_stripped_numbered_and_told_apart() -> None:
    table = _table('\u3000Email , Email,"Long\nname",,Email (2)\n1,2,3,4,5\n')
    names = ("Email", "Email (2)", "Long name", "column 4", "Email (2) (2)")
    assert table.header == names
    assert [record.line for record in table.records()] == [3]


def test_header_with_broken_quotes_is_read_as_text() -> None:
    assert _table('Email,"Name"x\n1,2\n').header == ("Email", "Namex")


def test_quoted_cells_are_read_strictly() -> None:
    data = 'a,b,c\n"1, one","say ""hi""",""\n6" tall,x"y", "z"\n'
    assert _cells(data) == [("1, one", 'say "hi"', ""), ('6" tall', 'x"y"', ' "z"')]


def test_stray_quote_costs_its_own_first_line_only() -> None:
    data = 'a,b\n1,"North "West" Ltd"\n3,4\n5,"open\n6,7\n8,"x"\n'
    assert _rejects(data) == [(2, 2, "stray_quote"), (4, 2, "stray_quote")]
    assert _cells(data) == [("3", "4"), ("6", "7"), ("8", "x")]


def test_detail_of_a_stray_quote_says_which_kind_it_is() -> None:
    first, second = _records('a,b\n1,"x"y\n3,"open\n')
    assert isinstance(first, Reject)
    assert isinstance(second, Reject)
    assert (first.detail, first.raw) == ("text follows a closing quote", b'1,"x"y')
    assert second.detail == "a quoted cell is not closed"


def test_unclosed_quote_does_not_swallow_a_long_file() -> None:
    data = 'a,b\n1,"open\n' + "3,4\n" * 50_000
    assert _rejects(data) == [(2, 2, "stray_quote")]
    assert len(_cells(data)) == 50_000


@pytest.mark.parametrize("row", [",,", " ,\t,\u3000", '"","",""', "   ", ",,,,,"])
def test_row_of_delimiters_and_white_space_is_empty(row: str) -> None:
    assert _rejects(f"a,b,c\n{row}\n1,2,3\n") == [(2, 0, "empty_row")]


def test_line_of_zero_characters_is_no_record() -> None:
    assert _records("a,b\n\n1,2\r\n\r\n\n3,4\n\n") == [
        Record(3, ("1", "2"), b"1,2", 0),
        Record(6, ("3", "4"), b"3,4", 0),
    ]


def test_field_count_is_checked_against_the_header() -> None:
    data = "a,b,c\n1,2\n1,2,3,,\n1,2,3,4\n1,2,3, \n"
    assert _rejects(data) == [(2, 3, "field_count"), (4, 4, "field_count")]
    assert _cells(data) == [("1", "2", "3")] * 2


def test_bad_bytes_cost_their_own_record_only() -> None:
    data = "氏名,b,c\n".encode() + b'1,"x,y",Ren\xe9\n2,3,4\nn\0l,5,6\n7,"\xe9\n8",9\n1,"\xe9\n'
    assert _rejects(data) == [
        (2, 3, "bad_encoding"),
        (4, 1, "bad_encoding"),
        (5, 2, "bad_encoding"),
        (7, 2, "bad_encoding"),
    ]
    assert _cells(data) == [("2", "3", "4")]


def test_bad_bytes_are_told_before_other_faults() -> None:
    assert _rejects("é,b\n".encode() + b"\xe9\n") == [(2, 1, "bad_encoding")]


def test_cell_over_the_limit_is_too_long() -> None:
    rows = [
        "a,b",
        "1," + "x" * 100_001,
        '2,"' + "y" * 100_000 + '"',
        "z" * 60_000 + "," + "z" * 60_000,
    ]
    data = "\n".join(rows)
    assert _rejects(data) == [(2, 2, "too_long")]
    assert len(_cells(data)) == 2


def test_identical_records_are_numbered() -> None:
    found = _records("a,b\n1,2\n3,4\r\n1,2\n3,4\n1,2")
    assert [(each.line, each.nth) for each in found if isinstance(each, Record)] == [
        (2, 0),
        (3, 0),
        (4, 1),
        (5, 1),
        (6, 2),
    ]


def test_identical_rejects_are_numbered() -> None:
    found = _records("a,b\n,\n1\n1,2\n,\n1\n1\n")
    assert [(each.line, each.nth) for each in found] == [
        (2, 0),
        (3, 0),
        (4, 0),
        (5, 1),
        (6, 1),
        (7, 2),
    ]


def test_records_can_be_read_again() -> None:
    table = _table("a,b\n1,2\n1,2\n")
    assert list(table.records()) == list(table.records())


def test_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"leads\.csv is not there"):
        open_table(tmp_path / "leads.csv")


def test_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileIsFolder, match="is a folder"):
        open_table(tmp_path)


def test_file_that_the_system_refuses_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="cannot be read"):
        open_table(tmp_path / ("x" * 300))


@pytest.mark.parametrize("data", [b"", b" \r\n\n", b"\xef\xbb\xbf", b"\xff\xfe\n\0"])
def test_file_without_content_is_an_error(data: bytes) -> None:
    with pytest.raises(FileEmpty):
        _table(data)


@pytest.mark.parametrize(
    "data",
    [b"\0" * 900 + b"a,b\n", bytes(range(32)) * 9, b"%PDF-1.7\n"],
)
def test_file_that_is_no_text_is_an_error(data: bytes) -> None:
    with pytest.raises(FileBinary):
        _table(data)


def test_a_few_nul_bytes_do_not_make_a_file_binary() -> None:
    assert _rejects(b"a,b\n1,\0\n" + b"3,4\n" * 9) == [(2, 2, "bad_encoding")]


@pytest.mark.parametrize(
    "data", ["a@b.example,A\nc@d.example,B\n", "1,2\n3,4\n", ",\n,,\n,,,,,,\n"]
)
def test_file_without_a_header_is_an_error(data: str) -> None:
    with pytest.raises(HeaderMissing):
        _table(data)


@pytest.mark.parametrize(
    "error", [FileMissing, FileIsFolder, FileUnreadable, FileEmpty, FileBinary, HeaderMissing]
)
def test_every_error_speaks_both_languages(error: type[IntakeError]) -> None:
    raised = error(file="leads.csv", why="denied")
    assert raised.say("en").startswith("leads.csv ")
    assert raised.say("ja").startswith("leads.csv ")
    assert raised.say("en") != raised.say("ja")


def _oracle(text: str) -> list[tuple[int, tuple[str, ...] | None]]:
    """Read by the rules of the contract, one character at a time; None is a stray quote."""
    found: list[tuple[int, tuple[str, ...] | None]] = []
    position, line = 0, 1
    while position < len(text):
        cells, end = _oracle_record(text, position)
        if cells is None:
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
        if text[position:end].rstrip("\r"):
            found.append((line, cells))
        line += text.count("\n", position, end) + 1
        position = end + 1
    return found


def _oracle_record(text: str, position: int) -> tuple[tuple[str, ...] | None, int]:
    cells: list[str] = []
    while True:
        cell, position = _oracle_cell(text, position)
        if cell is None:
            return None, position
        cells.append(cell)
        if text[position : position + 1] != ",":
            end = text.find("\n", position)
            return tuple(cells), len(text) if end < 0 else end
        position += 1


def _oracle_cell(text: str, position: int) -> tuple[str | None, int]:
    is_quoted = text.startswith('"', position)
    cell, position = "", position + is_quoted
    while position < len(text):
        if not is_quoted and text[position] in ",\n":
            break
        if is_quoted and text[position] == '"':
            if not text.startswith('""', position):
                return _oracle_end(text, position + 1, cell)
            position += 1
        cell += text[position]
        position += 1
    if is_quoted:
        return None, position
    at_line_end = position == len(text) or text[position] == "\n"
    return (cell.rstrip("\r") if at_line_end else cell), position


def _oracle_end(text: str, position: int, cell: str) -> tuple[str | None, int]:
    is_end = text.startswith(",", position) or text[position:].lstrip("\r")[:1] in {"", "\n"}
    return (cell if is_end else None), position


@given(st.text('a,"\r\n', max_size=40))
def test_reader_agrees_with_a_reader_of_single_characters(body: str) -> None:
    header = "h1,h2,h3\n" + "x,y,z\n" * 60  # enough that the layout is beyond doubt
    expected = [(line + 61, cells) for line, cells in _oracle(body)]
    found = [each for each in _records(header + body) if each.line > 61]
    assert [each.line for each in found] == [line for line, _ in expected]
    for each, (_, cells) in zip(found, expected, strict=True):
        if isinstance(each, Record):
            assert cells is not None
            assert each.cells == cells[:3]
        else:
            assert (each.reason == "stray_quote") == (cells is None)


def test_long_file_of_old_macs_is_read_with_line_feeds_inside_cells() -> None:
    rows = "".join(f'p{n}@b.example,"two\nlines {n}"\r' for n in range(9_000))
    table = _table("Email,Note\r" + rows)
    assert table.dialect.line_end == "CR"
    found = list(table.records())
    assert len(found) == 9_000
    assert found[-1].line == 2 + 8_999 * 2


def test_long_file_is_read_in_batches_with_lines_that_go_on() -> None:
    rows = "".join(f'p{n}@b.example,"{"x" * 200}\n{n}"\n' for n in range(9_000))
    batches = list(_table("Email,Note\n" + rows).batches())
    assert len(batches) > 1
    lines = [line for batch in batches for line in batch.lines.tolist()]
    assert lines == list(range(2, 2 + 18_000, 2))


@pytest.mark.parametrize(
    "codec", ["cp932", "euc_jp", "iso2022_jp", "utf-16", "utf-32", "utf-8-sig"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_file_longer_than_a_block_is_read_in_every_encoding(codec: str, end: str) -> None:
    count = 40_000 if codec == "iso2022_jp" else 25_000
    rows = [f"担当{n},東京都品川区{n},株式会社みどり" for n in range(count)]
    data = end.join(["氏名,住所,会社名", *rows]).encode(codec)
    batches = list(_table(data).batches())
    assert sum(len(batch.lines) for batch in batches) == count
    last = batches[-1]
    assert last.lines[-1].item() == count + 1
    assert [column[-1].as_py() for column in last.columns] == rows[-1].split(",")


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [("cp932", b"\x80"), ("cp932", b"\xfd"), ("euc_jp", b"\xff"), ("windows-1252", b"\x81")],
)
def test_bytes_without_a_meaning_spoil_their_record_only(encoding: str, bad: bytes) -> None:
    text = "Name,x\n" + "Größe €,1\n" * 9 if "1252" in encoding else "氏名,x\n" + "山田,1\n" * 9
    lines = text.encode(encoding).split(b"\n")
    lines[4] = b"2," + bad + b"z"
    table = _table(b"\n".join(lines))
    assert [(each.line, each.reason) for each in table.records() if isinstance(each, Reject)] == [
        (5, "bad_encoding")
    ]
    raw = next(each.raw for each in table.records() if isinstance(each, Reject))
    assert original_bytes(raw, table.encoding) == lines[4]


def test_what_is_known_of_a_file_wins() -> None:
    data = "a;b,c\n\nx;y,z\n1;2,3\n".encode("cp932")
    known = Reading(encoding="shift_jis", delimiter=";", header_line=3)
    table = parse_table(data, file="leads.csv", fixed=known)
    assert (table.encoding, table.delimiter) == (Encoding.CP932, ";")
    assert (table.header_line, table.header) == (3, ("x", "y,z"))
    assert _table("a;b,c\n1;2,3\n").header_line == 1


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["Email,Name\na@b.example,Ann\n", "氏名、会社\n山田太郎、株式会社桜\n"]
)
def test_order_of_bytes_that_a_name_leaves_open_is_found(codec: str, text: str, mark: str) -> None:
    data = f"{mark}{text}".encode(codec)
    table = parse_table(data, file="leads.csv", fixed=Reading(encoding=codec[:6], header_line=1))
    assert (table.encoding, len(list(table.records()))) == (codec, 1)


@pytest.mark.parametrize("data", [b"Email\na@b.example\nx\n", b"Email\n\n\xff"])
def test_header_line_that_is_not_there_is_an_error_that_names_the_last_line(data: bytes) -> None:
    with pytest.raises(HeaderLineMissing) as caught:
        parse_table(data, file="leads.csv", fixed=Reading(header_line=99))
    for lang in ("en", "ja"):
        words = caught.value.say(lang)
        assert all(word in words for word in ("leads.csv", "header_line", " 99", " 3"))


def test_quotation_mark_can_be_switched_off() -> None:
    table = parse_table(b'a,b\n"x,y\n', file="leads.csv", fixed=Reading(quote=""))
    assert [found[1] for found in table.records()] == [('"x', "y")]


def test_unknown_encoding_is_an_error_that_names_the_others() -> None:
    with pytest.raises(EncodingUnknown, match="cp932"):
        parse_table(b"a,b\n", file="leads.csv", fixed=Reading(encoding="klingon"))


def test_line_that_announces_the_delimiter_is_no_record() -> None:
    table = _table("sep=;\r\nEmail;Name\r\na@b.example;A, B\r\n")
    assert (table.header_line, table.header) == (2, ("Email", "Name"))
    assert [found[:2] for found in table.records()] == [(3, ("a@b.example", "A, B"))]


def test_lines_of_a_sub_table_make_one_record() -> None:
    lines = ["レコードの開始行,番号,会社名,品目", ",9,Lost,X", "*,1,Acme,A", ",1,Acme,B", ",,,A"]
    found = _records("\n".join([*lines, "*,2,Beta,C", "*,3,Gam", "*,4,Delta,D"]))
    assert [(each.line, each[1]) for each in found if isinstance(each, Record)] == [
        (3, ("1", "Acme", "A\nB")),
        (6, ("2", "Beta", "C")),
        (8, ("4", "Delta", "D")),
    ]
    assert [(each.line, each.reason) for each in found if isinstance(each, Reject)] == [
        (2, "field_count"),
        (7, "field_count"),
    ]


def test_record_with_a_sub_table_is_one_wherever_the_batches_part_it() -> None:
    lines = [
        *(("*", "1", "A"), ("", "1", "B"), ("", "1", "A"), ("", "", "C")),
        *(("*", "2", "A"), ("", "2", "B"), ("*", "3", "D")),
    ]
    rows = [Line(number, cells, b"") for number, cells in enumerate(lines, start=2)]
    for size in range(1, len(rows) + 1):
        parts = [rows[place : place + size] for place in range(0, len(rows), size)]
        batches = [rows_of(part, [], width=3, size=10 * len(part)) for part in parts]
        found = list(gather_subtables(batches, 0))
        columns = [[column.to_pylist() for column in each.columns] for each in found]
        records = [row for each in columns for row in zip(*each, strict=True)]
        assert records == [("1", "A\nB\nC"), ("2", "A\nB"), ("3", "D")]
        assert sum(each.size for each in found) == 10 * len(rows)


def test_file_is_described_for_people_and_programs() -> None:
    assert _table('Name;Note\n"A";"x\\"y"\n"B";"z"\n').describe() == {
        "kind": "text",
        "encoding": "utf-8",
        "is_guess": False,
        "dialect": {"delimiter": ";", "quote": '"', "escape": "\\", "line_end": "LF"},
        "sheet": None,
        "sheets_not_read": [],
        "header_line": 1,
        "columns": ["Name", "Note"],
    }


def test_pipe_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    os.mkfifo(path)
    with pytest.raises(FileUnreadable, match="no ordinary file"):
        open_table(path)


_PIECES = st.sampled_from(
    [
        *(b",", b";", b"\t", b"|", b'"', b"'", b"\\", b"\n", b"\r", b"\r\n", b"\0", b"\x1a", b" "),
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1b$B", b"\x1b(B", b"\x1b(I", b"\x1b$(D"),
        *(b"Email", b"Name", b"a@b.example", b"1", b"a", b"*", b"sep=;\n", b"=cmd", b"2026-10-05"),
        *(b"\xe9", b"\x82\xa0", b"\xa4\xa2", b"\x8e\xb1", b"\xe3\x81\x82", b"\x80", b"\xff"),
        *(b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"<html>", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(_PIECES, max_size=80).map(b"".join)))
def test_any_bytes_are_read_or_refused_with_every_record_accounted_for(data: bytes) -> None:
    try:
        table = parse_table(data, file="leads.csv", needs_header=False)
    except IntakeError as error:
        assert error.say("en") != error.say("ja")  # noqa: PT017 - either outcome is right
        return
    batches = list(table.batches())
    counted = sum(len(batch.lines) + len(batch.rejects) for batch in batches)
    found = list(table.records())
    assert len(found) == counted
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert all(len(batch.columns) == len(table.header) for batch in batches)
    assert all(len(column) == len(batch.lines) for batch in batches for column in batch.columns)
