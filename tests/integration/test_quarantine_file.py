"""The quarantine file opens in Excel, is mended there, and comes back under its source."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from openpyxl import Workbook

from leadline.cli import main
from leadline.files.quarantine import Refused, write_quarantine
from tests.command_line import CommandLine, a_project
from tests.naughty import a_table, naughty_strings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STRINGS: Final = naughty_strings()
HEADER: Final = "Lead ID,Email,Full Name,Company,Submitted at,=Shelf"
LONG: Final = "x" * 300
HUGE: Final = "x" * 100_001
#: Rows that are refused, each below one that is not, with what is said of them.
ROWS: Final = (
    (b"2,b@example.com,M\xfcller,B,13/10/2026,b", "bad_encoding"),
    (b"3,c@example.com,nu\0l,C,13/10/2026,c", "bad_encoding"),
    (b'4,d@example.com,D,"Dora" Ltd,13/10/2026,d', "stray_quote"),
    (b",,,,,", "empty_row"),
    (b"6,f@example.com,F,Fern,13/10/2026", "field_count"),
    (b"7,g@example.com,G,Gold, Inc,13/10/2026,g", "field_count"),
    (f"8,h@example.com,H,H,13/10/2026,{HUGE}".encode(), "too_long"),
    (b"9,,I,I,13/10/2026,i", "missing_email"),
    (b'10,not an address,J,J,13/10/2026,"two\nlines"', "invalid_email"),
    (f"11,k@example.com,K,{LONG},13/10/2026,k".encode(), "too_long"),
    (b"12,=cmd|' /C calc'!A0,L,@SUM(1),13/10/2026,-1+1", "invalid_email"),
)
REASONS: Final = [reason for _, reason in ROWS]
#: What makes leads of them, by their place in the file.
MENDS: Final[dict[int, dict[str, str]]] = {
    0: {"Full Name": "Müller"},
    1: {"Full Name": "null"},
    2: {"Company": '"Dora" Ltd'},
    3: {"Lead ID": "5", "Email": "e@example.com", "Company": "Elm", "Submitted at": "02/10/2026"},
    4: {"=Shelf": "f"},
    5: {"Company": "Gold, Inc", "Submitted at": "13/10/2026", "=Shelf": "g"},
    6: {"=Shelf": "short"},
    7: {"Email": "i@example.com"},
    8: {"Email": "j@example.com"},
    9: {"Company": "K"},
    10: {"Email": "l@example.com"},
}


def the_file() -> bytes:
    good = "1,a@example.com,山田 太郎,株式会社アルファ,13/10/2026,=1+1"
    return b"\n".join([HEADER.encode(), good.encode(), *(row for row, _ in ROWS), b""])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project that has taken the file in."""
    home = a_project(tmp_path_factory.mktemp("made"))
    (home / "expo.csv").write_bytes(the_file())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        assert main(["import", str(home / "expo.csv"), "--yes", "--json"]) == 2
    return home


def taken(command: CommandLine, path: Path, *words: str) -> dict[str, Any]:
    """Import a file and return its report."""
    [file] = command("import", path, "--yes", "--json", *words).document["files"]
    assert file["accepted"] + file["rejected"] == file["records"]
    return dict(file)


def refused(command: CommandLine) -> Path:
    return command.home / ".leadline" / "quarantine" / "expo-1.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def mended(path: Path, mends: Mapping[int, Mapping[str, str]], name: str = "mended.csv") -> Path:
    """Write a quarantine file with other cells, as a spreadsheet saves it."""
    rows = rows_of(path)
    for place, cells in mends.items():
        rows[place] |= {guarded(header): text for header, text in cells.items()}
    target = path.with_name(name)
    table = [list(rows[0]), *(list(row.values()) for row in rows)]
    text = a_table(table, lineterminator="\r\n")
    target.write_text(text, encoding="utf-8-sig", newline="")
    return target


def guarded(header: str) -> str:
    return f"'{header}" if header.startswith("=") else header


def leads_of(command: CommandLine) -> dict[str, dict[str, Any]]:
    leads = command("leads", "list", "--json").document["leads"]
    return {lead["email"]: lead for lead in leads}


def shelves_of(command: CommandLine) -> list[str | None]:
    """Return what no field takes, of the leads in order of their address."""
    return [
        note
        for (note,) in command.query(
            "SELECT json_extract(attributes, '$.\"=Shelf\"') FROM leads ORDER BY email"
        )
    ]


def test_file_has_every_refused_row_with_line_and_code(command: CommandLine) -> None:
    report = taken(command, command.home / "expo.csv")
    rows = rows_of(Path(report["quarantine"]))
    lines = [*range(3, 12), 13, 14]
    assert [row["quarantine_reason"] for row in rows] == REASONS
    assert [int(row["quarantine_line"]) for row in rows] == lines
    assert [(reject["line"], reject["reason"]) for reject in report["rejects"]] == [
        *zip(lines, REASONS, strict=True)
    ]
    assert {row["quarantine_source"] for row in rows} == {"expo"}


def test_file_starts_no_formula_and_fits_into_a_spreadsheet(command: CommandLine) -> None:
    rows = rows_of(refused(command))
    cells = [cell for row in rows for cell in (*row, *row.values())]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n"))] == []
    assert max(map(len, cells)) < 32_767


def test_mended_rows_become_leads_as_their_file_would_have_made_them(
    command: CommandLine,
) -> None:
    report = taken(command, mended(refused(command), MENDS))
    leads = leads_of(command)
    assert (report["source"], report["rejected"], report["created"]) == ("expo", 0, 11)
    assert sorted(lead["external_id"] for lead in leads.values()) == sorted(
        str(number) for number in range(1, 13)
    )
    assert leads["b@example.com"]["full_name"] == "Müller"
    assert leads["d@example.com"]["company"] == '"Dora" Ltd'
    assert leads["l@example.com"]["company"] == "@SUM(1)"
    assert shelves_of(command) == [
        *("=1+1", "b", "c", "d", None, "f", "g", "short", "i", "two\nlines", "k", "-1+1"),
    ]


def test_dates_of_mended_rows_are_read_in_the_order_of_their_file(command: CommandLine) -> None:
    path = mended(refused(command), {3: MENDS[3]})
    rows = rows_of(path)
    text = a_table([list(rows[3]), list(rows[3].values())])
    path.write_text(text, encoding="utf-8-sig", newline="")
    taken(command, path)
    assert leads_of(command)["e@example.com"]["submitted_at"].startswith("2026-10-02")


def configured(command: CommandLine, text: str, name: str = "config/mappings/expo.yaml") -> Path:
    """Write a mapping file."""
    path = command.home / name
    path.write_text(text, encoding="utf-8")
    return path


def test_order_of_dates_that_is_configured_since_counts_for_mended_rows(
    command: CommandLine,
) -> None:
    configured(command, "date_order: month_first\n")
    taken(command, mended(refused(command), {3: MENDS[3]}))
    assert leads_of(command)["e@example.com"]["submitted_at"].startswith("2026-02-10")


def test_source_that_is_asked_for_is_that_of_mended_rows(command: CommandLine) -> None:
    path = mended(refused(command), {7: MENDS[7]})
    assert taken(command, path, "--source", "fair")["source"] == "fair"


def test_column_that_is_configured_since_counts_in_any_writing_for_mended_rows(
    command: CommandLine,
) -> None:
    configured(command, "columns:\n  'full  NAME': title\n")
    report = taken(command, mended(refused(command), {7: MENDS[7]}))
    assert report["mapping"]["Full Name"] == "title"
    assert leads_of(command)["i@example.com"]["title"] == "I"


def test_mapping_that_is_asked_for_is_the_only_one_for_mended_rows(command: CommandLine) -> None:
    configured(command, "columns:\n  Betrieb Nr: company\n", "config/mappings/odd.yaml")
    path = command.file("odd.csv", "Email,Betrieb Nr", "nobody,Firm X")
    quarantine = Path(taken(command, path)["quarantine"])
    fixed = mended(quarantine, {0: {"Email": "x@example.com"}})
    other = configured(command, "columns:\n  Email: email\n", "other.yaml")
    assert taken(command, fixed)["mapping"].get("Betrieb Nr") == "company"
    assert taken(command, fixed, "--mapping", str(other))["mapping"].get("Betrieb Nr") != "company"


def test_rows_that_nobody_mended_come_back_refused_at_their_new_lines(
    command: CommandLine,
) -> None:
    path = refused(command)
    report = taken(command, path)
    assert (report["created"], report["rejected"]) == (0, len(ROWS))
    assert [reject["reason"] for reject in report["rejects"]] == REASONS
    assert [reject["line"] for reject in report["rejects"]] == starts_of(path)


def starts_of(path: Path) -> list[int]:
    """Return the physical lines on which the records of a file start."""
    reader = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    starts = [reader.line_num + 1 for _ in reader]
    return starts[:-1]


def test_people_are_told_that_a_row_was_not_changed(command: CommandLine) -> None:
    path = command.home / "two.csv"
    path.write_text("Email,Name\na@b.example,A,B\n,C\n", encoding="utf-8")
    words = "3 cell(s), the header has 2"
    quarantine = Path(taken(command, path)["quarantine"])
    again = Path(taken(command, quarantine)["quarantine"])
    answers = [command("import", each, "--yes").out for each in (path, quarantine, again)]
    changed = [f"{words}; the row was not changed: mend it\n" in answer for answer in answers]
    assert changed == [False, True, True]
    assert all(words in answer and "no mail address" in answer for answer in answers)
    assert rows_of(again)[0]["quarantine_detail"] == "3 cells, the header has 2"
    answer = command("import", mended(refused(command), {0: {"Company": "x"}}), "--yes")
    assert "no text in the file's encoding (column" in answer.out
    shown = command("import", quarantine, "--yes", "--lang", "ja").out
    assert "3 列あります(見出しは 2 列)。変更されていない行です。修正してください\n" in shown


def test_japanese_company_reads_in_its_file_why_rows_were_refused(command: CommandLine) -> None:
    settings = command.home / "config" / "settings.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub("(?m)^language: .*\n", "", text) + "language: ja\n", "utf-8")
    path = command.home / "two.csv"
    path.write_text("Email,Name\na@b.example,A,B\n,C\n", encoding="utf-8")
    quarantine = Path(taken(command, path)["quarantine"])
    again = Path(taken(command, quarantine)["quarantine"])
    words = ["3 列あります(見出しは 2 列)", "メールアドレスがありません"]
    for file in (quarantine, again):
        assert [row["quarantine_detail"] for row in rows_of(file)] == words
    shown = command("import", quarantine, "--yes", "--lang", "ja").out
    assert "3 列あります(見出しは 2 列)。変更されていない行です。修正してください\n" in shown


def test_only_what_was_mended_is_taken(command: CommandLine) -> None:
    report = taken(command, mended(refused(command), {2: MENDS[2], 7: MENDS[7]}))
    assert (report["created"], report["rejected"]) == (2, len(ROWS) - 2)
    assert leads_of(command).keys() == {"a@example.com", "d@example.com", "i@example.com"}


def test_bytes_that_are_shown_as_escapes_never_become_data(command: CommandLine) -> None:
    report = taken(command, mended(refused(command), {0: {"Company": "changed"}}))
    assert report["rejects"][0]["reason"] == "bad_encoding"
    assert "b@example.com" not in leads_of(command)


def test_row_whose_reason_was_cleared_is_taken_as_it_stands(command: CommandLine) -> None:
    taken(command, mended(refused(command), {4: {"quarantine_reason": ""}}))
    assert leads_of(command)["f@example.com"]["company"] == "Fern"


def test_file_that_comes_back_twice_changes_nothing_the_second_time(
    command: CommandLine,
) -> None:
    path = mended(refused(command), {2: MENDS[2], 7: MENDS[7]})
    taken(command, path)
    before = leads_of(command), command.query("SELECT count(*) FROM submissions")
    report = taken(command, path)
    assert [report[name] for name in ("created", "updated", "duplicates")] == [0, 0, 0]
    assert (report["unchanged"], report["rejected"]) == (2, len(ROWS) - 2)
    assert (leads_of(command), command.query("SELECT count(*) FROM submissions")) == before


def test_mended_row_joins_the_lead_that_its_source_knows_by_its_id(command: CommandLine) -> None:
    cells = {**MENDS[7], "Lead ID": "1", "Full Name": "山田 太郎"}
    report = taken(command, mended(refused(command), {7: cells}))
    assert report["created"] == 0
    assert leads_of(command)["a@example.com"]["company"] == "I"


def test_quarantine_of_a_quarantine_file_can_be_mended_as_well(command: CommandLine) -> None:
    first = mended(refused(command), {2: MENDS[2]})
    second = Path(taken(command, first)["quarantine"])
    rows, again = rows_of(first), rows_of(second)
    del rows[2]
    ignored = {"quarantine_line", "quarantine_check"}
    assert [{name: row[name] for name in row if name not in ignored} for row in again] == [
        {name: row[name] for name in row if name not in ignored} for row in rows
    ]
    later = {place - (place > 2): cells for place, cells in MENDS.items() if place != 2}
    report = taken(command, mended(second, later, "second.csv"))
    assert (report["rejected"], report["created"]) == (0, 10)
    assert len(leads_of(command)) == 12


def saved_in_german_excel(rows: list[list[str]], folder: Path) -> Path:
    path = folder / "mended.csv"
    path.write_bytes(a_table(rows, delimiter=";", lineterminator="\r\n").encode("cp1252"))
    return path


def saved_as_utf_16(rows: list[list[str]], folder: Path) -> Path:
    path = folder / "mended.txt"
    path.write_bytes(a_table(rows, delimiter="\t", lineterminator="\r\n").encode("utf-16"))
    return path


def saved_as_workbook(rows: list[list[str]], folder: Path) -> Path:
    book = Workbook()
    for row in rows:
        assert book.active is not None
        book.active.append(row)
    book.save(folder / "mended.xlsx")
    return folder / "mended.xlsx"


@pytest.mark.parametrize("save", [saved_in_german_excel, saved_as_utf_16, saved_as_workbook])
def test_file_is_known_however_a_spreadsheet_saved_it(
    command: CommandLine, save: Callable[[list[list[str]], Path], Path]
) -> None:
    rows = rows_of(mended(refused(command), {**MENDS, 6: {"=Shelf": "short"}}))
    for row in rows:
        row["quarantine_row"] = row["quarantine_row"].replace("…", "")
    path = save([list(rows[0]), *(list(row.values()) for row in rows)], command.home)
    report = taken(command, path)
    assert (report["source"], report["rejected"], report["created"]) == ("expo", 0, 11)


#: A row with a cell too many and one with a cell too few, as they are written and as Excel saves.
SAVED: Final = (
    ("09011112222", "9011112222"),
    ("2026-10-05", "2026/10/5"),
    ("12345678901234", "1.23457E+13"),
    ("true", "TRUE"),
)


def saved_by_excel(command: CommandLine) -> Path:
    """Take a file with broken rows in, and return its quarantine file as Excel saves it."""
    path = command.home / "booth.csv"
    row = ",".join(written for written, _ in SAVED)
    text = f"Email,Phone,Day,Number,Said,Note\na@b.example,{row}\nc@b.example,{row},x,y\n"
    path.write_text(text, encoding="utf-8")
    quarantine = Path(taken(command, path)["quarantine"])
    names = ("Phone", "Day", "Number", "Said")
    cells = {name: saved for name, (_, saved) in zip(names, SAVED, strict=True)}
    return mended(quarantine, {0: cells, 1: cells})


def test_rows_that_excel_alone_has_changed_stay_refused(command: CommandLine) -> None:
    saved = saved_by_excel(command)
    report = taken(command, saved)
    assert (report["accepted"], report["rejected"]) == (0, 2)
    again = Path(report["quarantine"])
    assert taken(command, again)["rejected"] == 2


@pytest.mark.parametrize("mend", [{"Note": "x"}, {"Phone": "9011112223"}, {"Said": ""}])
def test_row_that_somebody_mended_in_excel_is_taken(
    command: CommandLine, mend: dict[str, str]
) -> None:
    fixed = mended(saved_by_excel(command), {0: mend}, "fixed.csv")
    assert taken(command, fixed)["accepted"] == 1


def test_checks_of_older_files_still_hold(command: CommandLine) -> None:
    cells = ["7", "g@example.com", "G", "Gold", " Inc", "13/10/2026"]
    plain = "\0".join(" ".join(cell.split()) for cell in cells)
    letters = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
    check = hashlib.sha256(plain.encode()).hexdigest()[:12].translate(letters)
    path = mended(refused(command), {5: {"quarantine_check": check}})
    assert taken(command, path)["rejected"] == len(ROWS)
    path = mended(path, {5: {"Company": "Silver"}}, "second.csv")
    assert taken(command, path)["rejected"] == len(ROWS) - 1


def test_settings_about_the_files_of_a_source_leave_its_quarantine_file_alone(
    command: CommandLine,
) -> None:
    mapping = "delimiter: semicolon\nencoding: cp932\nheader_line: 2\n"
    (command.home / "config" / "mappings" / "fair.yaml").write_text(mapping, encoding="utf-8")
    path = command.home / "fair.csv"
    path.write_bytes("お客様一覧\nメール;会社\nx;㈱髙橋\na@example.com;A\n".encode("cp932"))
    quarantine = Path(taken(command, path)["quarantine"])
    fixed = mended(quarantine, {0: {"メール": "b@example.com"}})
    for words in ((), ("--source", "fair")):
        assert taken(command, fixed, *words)["rejected"] == 0
    assert leads_of(command)["b@example.com"]["company"] == "㈱髙橋"


def test_columns_mean_in_a_few_rows_what_they_meant_in_the_file(command: CommandLine) -> None:
    rows = [[f"p{number}@example.com", f"Firm {number}"] for number in range(20)]
    text = a_table([("Reachable under", "Betrieb"), *rows, ("nobody", "Firm X")])
    path = command.home / "odd.csv"
    path.write_text(text, encoding="utf-8")
    quarantine = Path(taken(command, path)["quarantine"])
    assert taken(command, quarantine)["rejects"][0]["reason"] == "invalid_email"
    fixed = mended(quarantine, {0: {"Reachable under": "x@example.com"}})
    assert taken(command, fixed)["created"] == 1


def test_source_whose_name_would_be_a_formula_keeps_it(command: CommandLine) -> None:
    path = command.home / "leads.csv"
    report = taken(command, path, "--source", "@fair")
    fixed = mended(Path(report["quarantine"]), {0: {"Email": "s@example.com"}})
    assert taken(command, fixed)["source"] == "@fair"


def test_no_hostile_row_breaks_the_file(command: CommandLine) -> None:
    rows = [(f"n{n}", text, text, text) for n, text in enumerate(STRINGS)]
    header = ("Email", "Company", "Message", "Shoe size")
    path = command.home / "wild.csv"
    path.write_text(a_table([header, *rows]), encoding="utf-8", newline="")
    quarantine = Path(taken(command, path)["quarantine"])
    found = rows_of(quarantine)
    assert [row["Email"] for row in found] == [row[0] for row in rows]
    mends = {place: {"Email": f"n{place}@example.com"} for place in range(len(rows))}
    report = taken(command, mended(quarantine, mends))
    assert (report["created"], report["rejected"]) == (len(rows), 0)
    direct = command.home / "direct.csv"
    mail = [(f"m{n}@example.com", *row[1:]) for n, row in enumerate(rows)]
    direct.write_text(a_table([header, *mail]), encoding="utf-8", newline="")
    taken(command, direct)
    texts = command.query("SELECT company, message, attributes FROM leads ORDER BY id")[1:]
    assert texts[: len(rows)] == texts[len(rows) :]


@pytest.mark.parametrize(
    "text",
    ['{"fields": 7}', "[", pytest.param("[" * 30_000, id="deep"), "7", '{"fields": {}}'],
)
def test_reading_that_somebody_changed_is_not_believed(command: CommandLine, text: str) -> None:
    mends = {2: MENDS[2]} | {0: {"quarantine_reading": text}}
    assert taken(command, mended(refused(command), mends))["created"] == 1


def test_rows_of_any_shape_are_written(tmp_path: Path) -> None:
    odd = [
        Refused(1, "9" * 99, "stray_quote", "", '"\n,\r', ["a"] * 9),
        Refused(2, "", "", "", "", []),
    ]
    write_quarantine(tmp_path / "odd.csv", odd, header=["A", "B"], source="s")
    assert [(row["A"], row["B"]) for row in rows_of(tmp_path / "odd.csv")] == [("a", "a"), ("", "")]


def test_headers_that_only_an_apostrophe_tells_apart_stay_two(command: CommandLine) -> None:
    header = ("quarantine_source", "quarantine_row", "Email", "=x", "'=x")
    path = command.home / "odd.csv"
    path.write_text(a_table([header, ("odd", "", "a@example.com", "1", "2")]), encoding="utf-8")
    assert taken(command, path)["accepted"] == 1
