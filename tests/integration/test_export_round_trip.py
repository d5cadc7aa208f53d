"""Exports run nothing in a spreadsheet, and change nothing when they come back."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import chain, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from leadline.cli import main
from leadline.cli.sheets import write_csv
from leadline.config.folder import create_project
from leadline.files.formulas import guard, unguard, unguard_column
from tests.command_line import CommandLine, a_copy
from tests.naughty import a_table, naughty_strings

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES: Final = Path(__file__).parents[1] / "samples"
FILES: Final = ("hubspot_export.csv", "meta_lead_ads.csv", "eight_cards.csv", "google_forms_ja.csv")
STRINGS: Final = naughty_strings()
FIELDS: Final = "fields: {remark: text, seats: number, vip: boolean, seen: time}\n"
HEADER: Final = (
    *("Lead ID", "Email", "Full Name", "Company", "Message", "Phone", "Submitted at", "Country"),
    *("remark", "seats", "vip", "seen"),
)
#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection).
STARTS: Final = "=+-@\t\r\n＝＋－＠"
COUNTS: Final = ("rejected", "created", "updated")
ESCAPED: Final = re.compile(r"_x([0-9A-F]{4})_")


def wild_rows() -> list[list[str]]:
    """Return rows with other strings in each column that takes any."""
    width = 5
    texts = [*STRINGS, *[""] * (-len(STRINGS) % width)]
    starts = range(0, len(texts), width)
    return [a_row(number, texts[at : at + width]) for number, at in enumerate(starts)]


def a_row(number: int, texts: list[str]) -> list[str]:
    id_, *names, remark = texts
    said = [f"+1 206-555-{number % 100 + 100:04}", "2026-10-05 13:04:22", ("US", "JP")[number % 2]]
    typed = [("12", "0.0000001", "1,234.5", "")[number % 4], ("yes", "no", "")[number % 3]]
    return [f"{id_}-{number}", f"n{number}@example.com", *names, *said, remark, *typed, said[1]]


def an_empty_project(folder: Path) -> Path:
    home = folder / "project"
    create_project(home, demo=True)
    settings = home / "config" / "settings.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("fields: {}\n", FIELDS), encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project with leads of several sources, hostile ones among them."""
    home = an_empty_project(tmp_path_factory.mktemp("full"))
    (home / "wild.csv").write_text(a_table([HEADER, *wild_rows()]), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        files = [home / "wild.csv", *(SAMPLES / name for name in FILES)]
        assert main(["import", *map(str, files), "--yes", "--json"]) == 2
    return home


@pytest.fixture
def command(
    full: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(full, monkeypatch, capsys)


@pytest.fixture
def copy(
    full: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(a_copy(full, tmp_path), monkeypatch, capsys)


@pytest.fixture
def other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Give an empty project; whoever asks for both asks for this one last."""
    return CommandLine(an_empty_project(tmp_path), monkeypatch, capsys)


def leads_of(command: CommandLine) -> list[dict[str, Any]]:
    """Return every lead but for the time when the store first saw it."""
    command.set("LEADLINE_HOME", str(command.home))
    leads: list[dict[str, Any]] = command("leads", "list", "--json").document["leads"]
    return [{name: lead[name] for name in lead if name != "created_at"} for lead in leads]


def exported(command: CommandLine, form: str, folder: Path) -> Path:
    command.set("LEADLINE_HOME", str(command.home))
    target = folder / f"leads.{form}"
    assert command("leads", "export", "--format", form, "--out", target).code == 0
    return target


def rows_of(path: Path, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export_that_comes_back_changes_nothing(
    copy: CommandLine, tmp_path: Path, form: str
) -> None:
    consents = "SELECT count(*) FROM consents"
    before, said = leads_of(copy), copy.query(consents)
    path = exported(copy, form, tmp_path)
    for duplicates, unchanged in ((len(before), 0), (0, len(before))):
        [file] = copy("import", path, "--yes", "--json").document["files"]
        assert [file[name] for name in COUNTS] == [0, 0, 0]
        assert (file["duplicates"], file["unchanged"]) == (duplicates, unchanged)
    assert leads_of(copy) == before
    assert copy.query(consents) == said > [(0,)]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export_makes_the_same_leads_in_an_empty_project(
    command: CommandLine, other: CommandLine, tmp_path: Path, form: str
) -> None:
    before = leads_of(command)
    path = exported(command, form, tmp_path)
    other.set("LEADLINE_HOME", str(other.home))
    [file] = other("import", path, "--yes", "--json").document["files"]
    assert [file[name] for name in COUNTS] == [0, len(before), 0]
    assert leads_of(other) == before


def test_leads_of_two_sources_with_the_same_id_stay_two(
    other: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("crm", "fair"):
        path = other.file(f"{name}.csv", "Lead ID,Email", f"1001,{name}@example.com")
        assert other("import", path).code == 0
    path = exported(other, "csv", tmp_path)
    empty = CommandLine(an_empty_project(tmp_path / "empty"), monkeypatch, capsys)
    [file] = empty("import", path, "--json").document["files"]
    assert file["created"] == 2
    assert leads_of(empty) == leads_of(other)


def test_export_is_known_after_somebody_moved_and_took_out_columns(
    command: CommandLine, other: CommandLine, tmp_path: Path
) -> None:
    companies = {lead["email"]: lead["company"] for lead in leads_of(command)}
    table = rows_of(exported(command, "csv", tmp_path))
    names = ("lifecycle_stage", "company", "id", "grade", "score", "email")
    places = [table[0].index(name) for name in names]
    path = tmp_path / "fewer.csv"
    fewer = [[row[place] for place in places] for row in table]
    path.write_text(a_table(fewer), encoding="utf-8-sig", newline="")
    other.set("LEADLINE_HOME", str(other.home))
    [file] = other("import", path, "--yes", "--json").document["files"]
    assert file["created"] == len(companies)
    assert {lead["email"]: lead["company"] for lead in leads_of(other)} == companies


def test_no_cell_of_a_csv_starts_a_formula_but_phones(command: CommandLine, tmp_path: Path) -> None:
    header, *rows = rows_of(exported(command, "csv", tmp_path))
    phone = header.index("phone")
    cells = chain.from_iterable(row[:phone] + row[phone + 1 :] for row in rows)
    assert [cell for cell in cells if cell.startswith(tuple(STARTS))] == []
    assert all(re.fullmatch(r"(?:\+\d+)?", row[phone]) for row in rows)


def test_csv_holds_every_text_behind_at_most_one_apostrophe(
    command: CommandLine, tmp_path: Path
) -> None:
    header, *rows = rows_of(exported(command, "csv", tmp_path))
    for lead, row in zip(leads_of(command), rows, strict=True):
        for name, cell in zip(header, row, strict=True):
            if isinstance(lead.get(name), str):
                assert cell in {lead[name], f"'{lead[name]}"}


def test_workbook_holds_every_text_as_text(command: CommandLine, tmp_path: Path) -> None:
    sheet = load_workbook(exported(command, "xlsx", tmp_path))["leads"]
    header, *rows = sheet.iter_rows()
    names = [cell.value for cell in header]
    for lead, row in zip(leads_of(command), rows, strict=True):
        for name, cell in zip(names, row, strict=True):
            if isinstance(text := lead.get(name), str):
                shown = ESCAPED.sub(lambda code: chr(int(code[1], 16)), str(cell.value))
                assert (cell.data_type, shown) == ("s", text)


def test_lines_of_json_hold_every_lead_as_it_is(command: CommandLine, tmp_path: Path) -> None:
    text = exported(command, "jsonl", tmp_path).read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    assert [{name: lead[name] for name in lead if name != "created_at"} for lead in found] == (
        leads_of(command)
    )


def test_cp932_marks_what_it_lacks_and_nothing_else(command: CommandLine, tmp_path: Path) -> None:
    header, *plain = rows_of(exported(command, "csv", tmp_path))
    target = tmp_path / "cp932.csv"
    answer = command("leads", "export", "--encoding", "cp932", "--out", target, "--json")
    _, *rows = rows_of(target, "cp932")
    fitted = [[fit(cell) for cell in row] for row in plain]
    marked = [cell for cell in chain.from_iterable(fitted) if "〓" in cell]
    assert rows == fitted
    assert (answer.code, answer.document["altered"]) == (2, len(marked))
    assert header[0] == "id"


def fit(cell: str) -> str:
    """Return a text in CP932; − and 〜 have one place there with their Windows twins."""
    return "".join(sign.encode("cp932", "ignore").decode("cp932") or "〓" for sign in cell)


MARKED: Final = ("", "'", "''", " ", "\u3000", "\u200b", "\ufeff")


def guarded_candidates() -> Sequence[str]:
    starts = (*STARTS, *(f"{first}{second}" for first, second in product(MARKED, "=+-@＝x")))
    return [*STRINGS, *(f"{start}{text}" for start in starts for text in ("", "1+1", "x"))]


def test_guard_is_taken_back_exactly_one_by_one_and_in_columns() -> None:
    texts = guarded_candidates()
    guarded = [guard(text) for text in texts]
    assert [unguard(text) for text in guarded] == texts
    assert unguard_column(pa.array(guarded, pa.string())).to_pylist() == texts
    assert len(set(guarded)) == len(set(texts))


def test_guard_leaves_what_no_spreadsheet_runs() -> None:
    assert [
        text for text in ("a=1", "1-1", "'quoted'", "O'Brien", "''") if guard(text) != text
    ] == []


@pytest.mark.parametrize("number", [1e-7, 0.1, 1e15, 123456.789])
def test_number_is_written_in_full(number: float) -> None:
    stream = io.BytesIO()
    write_csv(stream, ["seats"], [{"seats": number}], "utf-8-sig")
    text = stream.getvalue().decode("utf-8-sig").splitlines()[1]
    assert "e" not in text.lower()
    assert float(text) == number
