"""Reps and territories from CSV and XLSX, in English and Japanese."""

from __future__ import annotations

import io
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from leadline.config.tables import REP_COLUMNS, TERRITORY_COLUMNS, read_reps, read_territories

REP = {
    "rep_id": "R13",
    "name": "中島 裕美子",
    "email": "rep13@example.jp",
    "manager_id": "",
    "team": "東日本",
    "territories": "T20;T21",
    "languages": "ja;en",
    "skills": "",
    "weekly_capacity": "20",
    "working_days": "月-金",
    "working_hours": "09:00-18:00",
    "time_zone": "Asia/Tokyo",
    "days_off": "2026-11-23;2026-11-27",
    "active": "有効",
}
LINE = {"line_id": "L23", "rule_id": "T21", "priority": "10", "postal_prefix": "06", "team": "東"}


def a_table(row: dict[str, str], *, japanese: bool = False, columns: object = None) -> str:
    """Return a CSV text with one line."""
    known = REP_COLUMNS if columns is None else TERRITORY_COLUMNS
    headers = [known[name].japanese if japanese else name for name in row]
    return "\r\n".join([",".join(headers), ",".join(row.values()), ""])


def a_workbook(headers: list[str], *rows: list[object]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (headers, *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("japanese", [False, True])
def test_reps_are_read_in_every_encoding_and_both_languages(
    encoding: str, *, japanese: bool
) -> None:
    data = a_table(REP, japanese=japanese).encode(encoding)
    table, problems = read_reps("config/reps.csv", data)
    assert problems == ()
    (rep,) = table.rows
    assert (rep.name, rep.team, rep.territories) == ("中島 裕美子", "東日本", ("T20", "T21"))
    assert rep.working_days == ("Mon", "Tue", "Wed", "Thu", "Fri")
    assert (rep.opens, rep.closes, rep.active) == (time(9), time(18), True)
    assert rep.days_off == (date(2026, 11, 23), date(2026, 11, 27))


def test_reps_are_read_from_a_workbook_with_typed_cells() -> None:
    values: list[object] = list(REP.values())
    values[8], values[12], values[13] = 20, datetime(2026, 11, 23), True  # noqa: DTZ001 (Excel)
    headers = [column.japanese for column in REP_COLUMNS.values()]
    table, problems = read_reps("config/reps.xlsx", a_workbook(headers, [], values))
    assert problems == ()
    (rep,) = table.rows
    assert (rep.weekly_capacity, rep.days_off, rep.active) == (20, (date(2026, 11, 23),), True)
    assert "中島 裕美子,rep13@example.jp" in table.text


def test_number_cell_for_a_postal_prefix_says_format_as_text() -> None:
    row: list[object] = ["L23", "T21", 10, 6, "東"]
    data = a_workbook([TERRITORY_COLUMNS[name].japanese for name in LINE], row)
    _, (problem,) = read_territories("config/territories.xlsx", data)
    assert (problem.code, problem.line, problem.column) == ("cell_as_text", 2, 4)
    assert problem.message["en"].startswith("D2 (郵便番号先頭): text is expected")
    assert "文字列" in problem.message["ja"]


def test_postal_prefix_keeps_its_zero() -> None:
    text = a_table(LINE, columns=TERRITORY_COLUMNS)
    table, _ = read_territories("config/territories.csv", text.encode())
    assert table.rows[0].postal_prefix == "06"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("weekly_capacity", "many", "number_expected"),
        ("weekly_capacity", "-1", "out_of_range"),
        ("weekly_capacity", "", "value_missing"),
        ("working_days", "weekdays", "bad_days"),
        ("working_hours", "9 to 5", "bad_hours"),
        ("days_off", "23.11.2026", "bad_date"),
        ("active", "perhaps", "boolean_expected"),
        ("email", "rep13", "bad_form"),
    ],
)
def test_fault_names_line_column_and_header(field: str, value: str, code: str) -> None:
    _, (problem,) = read_reps("config/reps.csv", a_table(REP | {field: value}).encode())
    before = ",".join(list(REP.values())[: list(REP).index(field)])
    assert (problem.code, problem.line, problem.column) == (code, 2, len(before) + 2)
    assert problem.message["en"].startswith(f"{field}: ")


def test_all_faults_of_a_line_are_told_without_names() -> None:
    bad = REP | {"email": "yumiko", "weekly_capacity": "x", "active": "x"}
    _, problems = read_reps("config/reps.csv", a_table(bad).encode())
    assert {each.code for each in problems} == {"number_expected", "boolean_expected", "bad_form"}
    told = " ".join(problem.say(lang) for problem in problems for lang in ("en", "ja"))
    assert "中島" not in told
    assert "yumiko" not in told


def test_unknown_header_has_a_suggestion_and_the_lacking_one_is_named() -> None:
    text = a_table(REP).replace("weekly_capacity", "weekly_capcity")
    _, problems = read_reps("config/reps.csv", text.encode())
    assert {(each.code, each.suggestion) for each in problems} == {
        ("missing_header", ""),
        ("unknown_header", "weekly_capacity"),
    }


def test_one_field_in_both_languages_is_a_duplicate_header() -> None:
    text = "rep_id,担当者ID\nR1,R1\n"
    _, problems = read_reps("config/reps.csv", text.encode())
    assert ("duplicate_header", 1, 8) in {(p.code, p.line, p.column) for p in problems}


def test_repeated_id_names_the_first_line() -> None:
    line = a_table(REP).splitlines()[1]
    _, (problem,) = read_reps("config/reps.csv", f"{a_table(REP)}{line}\r\n".encode())
    assert (problem.code, problem.line, problem.column) == ("duplicate_id", 3, 1)


def test_quoted_cells_may_hold_commas_quotes_and_line_breaks() -> None:
    text = a_table(REP | {"name": '"Cobb, ""Kate""\nJr."'}) + a_table(REP).splitlines()[1] + ","
    table, (problem,) = read_reps("config/reps.csv", text.encode())
    assert table.rows[0].name == 'Cobb, "Kate"\nJr.'
    assert (problem.code, problem.line) == ("duplicate_id", 4)


def test_stray_quote_and_short_line_are_placed() -> None:
    short = "rep_id,name\nR1\n"
    stray = 'rep_id,name\nR1,"a"b\n'
    faults = [
        next(each for each in read_reps("x.csv", text.encode())[1] if each.line == 2)
        for text in (short, stray)
    ]
    assert [(each.code, each.column) for each in faults] == [("field_count", 1), ("stray_quote", 4)]


def test_damaged_workbook_is_a_fault() -> None:
    _, problems = read_reps("config/reps.xlsx", b"PK\x03\x04 not a workbook")
    assert [problem.code for problem in problems] == ["bad_workbook"]


def test_broken_bytes_are_placed() -> None:
    data = a_table(REP).encode("cp932") + b"R2,\x81\x20\xff\xff\r\n"
    _, (problem,) = read_reps("config/reps.csv", data)
    assert (problem.code, problem.line) == ("bad_encoding", 3)
