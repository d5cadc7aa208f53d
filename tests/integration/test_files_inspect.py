"""`leadline files inspect`: what it says of a file, what it writes, how it ends."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.command_line import CommandLine

SAMPLES = Path(__file__).parents[1] / "samples"
#: Codes that need no mapping; the long cells of the samples are too long for their fields only.
STRUCTURAL = {"bad_encoding", "stray_quote", "empty_row", "field_count"}


@pytest.fixture
def inspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line in a folder that is no project."""
    return CommandLine(tmp_path, monkeypatch, capsys)


def _clean(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_file_is_inspected_without_a_project(inspect: CommandLine) -> None:
    path = inspect.file("leads.csv", "Email;Name", "a@b.example;Ann", "c@b.example", ";")
    answer = inspect("files", "inspect", path, "--json")
    assert answer.code == 2
    assert answer.document == {
        "file": str(path),
        "kind": "text",
        "encoding": "utf-8",
        "is_guess": False,
        "dialect": {"delimiter": ";", "quote": '"', "escape": '"', "line_end": "LF"},
        "sheet": None,
        "sheets_not_read": [],
        "header_line": 1,
        "columns": ["Email", "Name"],
        "records": 3,
        "accepted": 1,
        "rejected": 2,
        "rejects": [
            {
                "line": 3,
                "column": 2,
                "reason": "field_count",
                "detail": "1 cells, the header has 2",
            },
            {"line": 4, "column": 0, "reason": "empty_row", "detail": ""},
        ],
    }
    assert sorted(inspect.home.iterdir()) == [path]


def test_accepted_records_are_written_as_plain_csv(inspect: CommandLine) -> None:
    path = inspect.home / "leads.txt"
    text = '氏名\t備考\r\n"髙橋, 花"\t"二行\r\n目"\r\n㈱\t\'=1\r\nrest\r\n""\tx"y\r\n'
    path.write_bytes(text.encode("cp932"))
    target = inspect.home / "clean.csv"
    answer = inspect("files", "inspect", path, "--out", target, "--json")
    assert (answer.code, answer.document["out"]) == (2, str(target))
    assert target.read_bytes().decode() == ('氏名,備考\n"髙橋, 花","二行\n目"\n㈱,\'=1\n,"x""y"\n')


def test_every_reject_is_listed_in_a_document_of_one_shape(inspect: CommandLine) -> None:
    path = inspect.file("leads.csv", "氏名,Email", *["x"] * 300, "A,a@b.example")
    for options in ([], ["--out", inspect.home / "clean.csv"]):
        answer = inspect("files", "inspect", path, *options, "--json")
        assert answer.document["rejected"] == 300
        assert [one["line"] for one in answer.document["rejects"]] == [*range(2, 302)]
        assert answer.out == json.dumps(answer.document, ensure_ascii=False, indent=2) + "\n"


def test_file_that_is_all_right_ends_with_zero(inspect: CommandLine) -> None:
    path = inspect.file("leads.csv", "Email,Name")
    answer = inspect("files", "inspect", path, "--json")
    assert (answer.code, answer.document["records"], answer.document["rejects"]) == (0, 0, [])


def test_table_without_a_header_is_shown_with_numbered_columns(inspect: CommandLine) -> None:
    path = inspect.file("leads.csv", "a@b.example,1", "c@b.example,2")
    answer = inspect("files", "inspect", path, "--json")
    document = answer.document
    assert (answer.code, document["header_line"], document["records"]) == (0, None, 2)
    assert document["columns"] == ["column 1", "column 2"]
    assert "no line names the 2 columns" in inspect("files", "inspect", path).out


def test_file_that_cannot_be_read_ends_with_one_and_writes_nothing(inspect: CommandLine) -> None:
    path, target = inspect.home / "leads.csv", inspect.home / "clean.csv"
    target.write_text("before", encoding="utf-8")
    for data, code in ((b"", "file_empty"), (b"%PDF-1.7", "file_binary"), (None, "file_missing")):
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
        answer = inspect("files", "inspect", path, "--out", target, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, code)
    assert target.read_text(encoding="utf-8") == "before"
    assert [each.name for each in inspect.home.iterdir()] == ["clean.csv"]


def test_folder_is_refused_as_a_target(inspect: CommandLine) -> None:
    path = inspect.file("leads.csv", "Email")
    answer = inspect("files", "inspect", path, "--out", inspect.home, "--json")
    assert (answer.code, answer.document["error"]["code"]) == (1, "out_is_folder")


@pytest.mark.parametrize("link", ["none", "soft", "hard"])
def test_file_that_is_read_is_never_written_over(inspect: CommandLine, link: str) -> None:
    path = inspect.file("leads.csv", "Email,Name", "a@b.example")
    target = path if link == "none" else inspect.home / "other.csv"
    if link == "soft":
        target.symlink_to(path)
    elif link == "hard":
        target.hardlink_to(path)
    before = path.read_bytes()
    answer = inspect("files", "inspect", path, "--out", target, "--json")
    assert (answer.code, answer.document["error"]["code"]) == (1, "out_is_input")
    assert f"{target.stem}_clean.csv" in answer.document["error"]["message"]
    assert (path.read_bytes(), target.is_symlink()) == (before, link == "soft")


def test_people_are_told_how_the_file_was_read(inspect: CommandLine) -> None:
    rows = [f"p{number}" for number in range(8)]
    path = inspect.file("leads.csv", "Leads", "", "Email,Name", "a@b.example,A", *rows)
    target = inspect.home / "clean.csv"
    answer = inspect("files", "inspect", path, "--out", target)
    for words in (
        "leads.csv: text with commas between the cells, encoding utf-8, line ends LF",
        "line 3 names the 2 columns: Email, Name",
        "9 record(s), 1 of them can be read",
        "line 5: 1 cell(s), the header has 2\n",
        "... and 3 more",
        f"1 record(s) written to {target}",
    ):
        assert words in answer.out


def test_cells_too_many_are_told_in_japanese(inspect: CommandLine) -> None:
    path = inspect.file("leads.csv", "Email,Name", "a@b.example,A,B,C")
    answer = inspect("files", "inspect", path, "--lang", "ja")
    assert "2 行目: 4 列あります(見出しは 2 列)\n" in answer.out


def test_people_are_told_in_japanese(inspect: CommandLine) -> None:
    path = inspect.home / "leads.csv"
    path.write_bytes("Nom;Ville\nRené;Nîmes\n".encode("iso-8859-1"))
    answer = inspect("files", "inspect", path, "--lang", "ja")
    assert "セミコロン区切りのテキスト、文字コード iso-8859-1、改行 LF" in answer.out
    assert "iso-8859-1 とみなしました" in answer.out
    assert "1 件中 1 件を読み取れます" in answer.out


def test_workbook_is_inspected(inspect: CommandLine) -> None:
    book = Workbook()
    book.active.title = "October"
    for row in (["Email", "No"], ["a@b.example", 1], ["c@b.example", 2, "beside"]):
        book.active.append(row)
    book.active["C2"].value = None
    path, target = inspect.home / "leads.xlsx", inspect.home / "clean.csv"
    for _ in range(20):
        book.active.append(["d@b.example", 3])
    book.save(path)
    answer = inspect("files", "inspect", path, "--out", target, "--json")
    document = answer.document
    assert (document["kind"], document["sheet"]) == ("workbook", "October")
    assert [reject["line"] for reject in document["rejects"]] == [3]
    assert _clean(target)[:2] == [["Email", "No"], ["a@b.example", "1"]]
    assert "Excel workbook, sheet `October`" in inspect("files", "inspect", path).out


FACTS = {
    "eight_cards": ("utf-8-sig", 6, 80),
    "events": ("utf-8", 1, 2_683),
    "generic_en": ("utf-8", 1, 500),
    "generic_ja_cp932": ("cp932", 1, 400),
    "google_forms_ja": ("utf-8", 1, 100),
    "hubspot_export": ("utf-8", 1, 150),
    "meta_lead_ads": ("utf-8", 1, 120),
    "reps": ("utf-8", 1, 20),
    "salesforce_leads": ("utf-8", 1, 150),
    "territories": ("utf-8", 1, 33),
    "tsv_excel_utf16": ("utf-16-le", 1, 80),
}


@pytest.mark.parametrize("name", FACTS)
def test_sample_is_inspected_with_every_record_and_structural_reject(
    inspect: CommandLine, name: str
) -> None:
    path = next(SAMPLES.glob(f"{name}.[ct][sx][vt]"))
    target = inspect.home / "clean.csv"
    document = inspect("files", "inspect", path, "--out", target, "--json").document
    assert (document["encoding"], document["header_line"], document["records"]) == FACTS[name]
    lines = (SAMPLES / f"{name}.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    expected = [reject for reject in map(json.loads, lines) if reject["reason"] in STRUCTURAL]
    found = [{"line": each["line"], "reason": each["reason"]} for each in document["rejects"]]
    assert found == expected
    written = _clean(target)
    assert written[0] == document["columns"]
    assert len(written) - 1 == document["accepted"]


def test_clean_file_is_read_as_what_it_was_written_from(inspect: CommandLine) -> None:
    first, second = inspect.home / "first.csv", inspect.home / "second.csv"
    path = SAMPLES / "tsv_excel_utf16.txt"
    inspect("files", "inspect", path, "--out", first)
    answer = inspect("files", "inspect", first, "--out", second, "--json")
    assert (answer.code, answer.document["rejected"]) == (0, 0)
    assert first.read_bytes() == second.read_bytes()


def test_sheets_with_addresses_that_are_not_read_are_named(inspect: CommandLine) -> None:
    book = Workbook()
    book.active.title = "May"
    book.active.append(["Email"])
    book.active.append(["a@b.example"])
    for title in ("June", "July"):
        sheet = book.create_sheet(title)
        for row in (["Email"], ["c@b.example"], ["d@b.example"]):
            sheet.append(row)
    path = inspect.home / "leads.xlsx"
    book.save(path)
    answer = inspect("files", "inspect", path, "--json")
    assert (answer.document["sheet"], answer.document["accepted"]) == ("June", 2)
    assert answer.document["sheets_not_read"] == ["May", "July"]
    assert "not read, though they hold mail addresses too: May, July" in (
        inspect("files", "inspect", path).out
    )
    assert (
        "読み取らなかったシート: May, July" in inspect("--lang", "ja", "files", "inspect", path).out
    )
