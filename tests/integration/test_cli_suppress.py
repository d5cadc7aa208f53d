"""`leadline suppress` and the doctor that asks for it: words, keys, exit codes, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from tests.command_line import CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path

JAPANESE = "氏名,メールアドレス\n鈴木 充,mituru@ikeda.example\n佐藤,sato at ikeda.example\n"
SMTP = "smtp://user:secret@relay.invalid:587"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("made"))


@pytest.fixture
def command(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(a_copy(made, tmp_path), monkeypatch, capsys)


def bans(command: CommandLine) -> list[tuple[str, str]]:
    return command.query("SELECT scope, cause FROM suppressions ORDER BY scope, cause")


def japanese_list(command: CommandLine) -> Path:
    path = command.home / "配信停止.csv"
    path.write_bytes(JAPANESE.encode("cp932"))
    return path


def test_named_addresses_are_banned_and_counted(command: CommandLine) -> None:
    answer = command("suppress", "a@x.example", "Bo <b@x.example>")
    assert (answer.code, bans(command)) == (0, [("marketing", "unsubscribe")] * 2)
    assert "2 address(es) banned from marketing mail (unsubscribed), 0 known before." in answer.out
    again = command("suppress", "a@x.example", "--json").document
    assert (again["added"], again["known"], again["file"]) == (0, 1, None)


def test_scope_and_cause_are_kept(command: CommandLine) -> None:
    command("suppress", "a@x.example", "--scope", "global", "--cause", "complaint")
    assert bans(command) == [("global", "complaint")]


def test_bad_address_is_told_without_its_text_and_the_rest_goes_on(command: CommandLine) -> None:
    answer = command("suppress", "a@x.example", "bo@secret,example")
    assert (answer.code, len(bans(command))) == (2, 1)
    assert "address 2: a comma stands in the domain -> write a dot in its place" in answer.out
    assert "secret" not in answer.out + answer.err


def test_list_is_taken_with_file_and_line_of_what_is_wrong(command: CommandLine) -> None:
    answer = command("suppress", "--file", japanese_list(command))
    assert (answer.code, len(bans(command))) == (2, 1)
    assert "配信停止.csv: cp932, header on line 1; addresses are in: メールアドレス" in answer.out
    assert "配信停止.csv:3: the @ is written in words -> write the sign" in answer.out
    assert "sato" not in answer.out + answer.err


def test_list_is_spoken_of_in_japanese(command: CommandLine) -> None:
    answer = command("suppress", "--file", japanese_list(command), "--lang", "ja")
    assert "1 件を登録しました" in answer.out
    assert "@ が文字で書かれています" in answer.out


def test_second_run_of_a_list_says_that_it_is_known(command: CommandLine) -> None:
    path = command.file("list.txt", "a@x.example", "b@x.example")
    command("suppress", "--file", path)
    answer = command("suppress", "--file", path, "--json")
    found = answer.document
    assert (answer.code, found["is_known"], found["added"], found["known"]) == (0, True, 0, 2)
    assert (found["rejects"], found["header_line"], found["columns"]) == ([], None, [1])


def test_dry_run_changes_nothing(command: CommandLine) -> None:
    path = command.file("list.txt", "a@x.example", "b@x.example")
    answer = command("suppress", "--file", path, "--dry-run")
    assert (answer.code, bans(command)) == (0, [])
    assert "2 address(es) would be banned" in answer.out
    assert command.query("SELECT count(*) FROM suppression_lists") == [(0,)]


def test_column_that_tells_rows_apart_is_refused_until_every_row_is_meant(
    command: CommandLine,
) -> None:
    rows = ("Email,Unsubscribed", "a@x.example,Yes", "b@x.example,No")
    path = command.file("all.csv", *rows)
    answer = command("suppress", "--file", path)
    assert (answer.code, bans(command)) == (1, [])
    assert "'Unsubscribed' of all.csv says different things" in answer.err
    assert command("suppress", "--file", path, "--dry-run").code == 1
    answer = command("suppress", "--file", path, "--all-rows")
    assert (answer.code, len(bans(command))) == (0, 2)
    assert "'Unsubscribed' says different things of the rows" in answer.err


def test_sheets_that_were_not_read_are_named(command: CommandLine) -> None:
    book = Workbook()
    book.active.title = "2025"
    for sheet, name in ((book.active, "a"), (book.create_sheet("2026"), "b")):
        sheet.append(["Email", "Name"])
        sheet.append([f"{name}@x.example", "Ada"])
    book.save(command.home / "stop.xlsx")
    answer = command("suppress", "--file", command.home / "stop.xlsx")
    left = "2026"
    assert (answer.code, left in answer.err) == (2, True)
    document = command("suppress", "--file", command.home / "stop.xlsx", "--json").document
    assert document["sheets_not_read"] == [left]


def test_export_without_rows_is_refused_as_empty(command: CommandLine) -> None:
    answer = command("suppress", "--file", command.file("none.csv", "Email,Name"))
    assert (answer.code, "leadline suppress --none" in answer.err) == (1, True)
    assert command.query("SELECT count(*) FROM suppression_lists") == [(0,)]


def test_heavier_cause_stands_in_place_of_an_unsubscribe(command: CommandLine) -> None:
    command("suppress", "a@x.example")
    rehearsed = command("suppress", "a@x.example", "--cause", "complaint", "--dry-run", "--json")
    assert (rehearsed.document["changed"], bans(command)) == (1, [("marketing", "unsubscribe")])
    answer = command("suppress", "a@x.example", "--cause", "complaint")
    assert "1 ban(s) that the person could take back have this cause now" in answer.out
    command("suppress", "a@x.example")
    assert bans(command) == [("marketing", "complaint")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say one of three"),
        (("a@x.example", "--none"), "Say one of three"),
        (("--none", "--dry-run"), "Say one of three"),
        (("a@x.example", "--all-rows"), "Say one of three"),
        (("a@x.example", "--cause", "unsubscribed"), "Did you mean `unsubscribe`?"),
        (("a@x.example", "--scope", "globl"), "Did you mean `global`?"),
        (("--file", "nowhere.csv"), "nowhere.csv is not there"),
        (("--file", "empty.csv"), "leadline suppress --none"),
        (("--file", "leads_without.csv"), "no column with mail addresses"),
    ],
)
def test_refusal_says_what_to_do(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(command.home)
    command.file("empty.csv")
    command.file("leads_without.csv", "Company,City", "Ikeda,Osaka")
    answer = command("suppress", *words)
    assert answer.code == 1
    assert said in answer.err


def test_addresses_are_banned_though_the_configuration_has_faults(command: CommandLine) -> None:
    command("suppress", "a@x.example")
    command.file("config/scoring.yaml", "rules: [")
    assert command("suppress", "b@x.example").code == 0
    assert len(bans(command)) == 2


def check(command: CommandLine) -> dict[str, object] | None:
    checks = command("doctor", "--quick", "--json").document["checks"]
    return next((each for each in checks if each["name"] == "suppressions"), None)


@pytest.mark.parametrize("words", [("--none",), ("--file", "list.txt")])
def test_doctor_asks_for_the_old_list_before_mail_leaves(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(command.home)
    command.file("list.txt", "a@x.example")
    assert check(command) is None
    command.set("LEADLINE_SMTP_URL", SMTP)
    before = check(command)
    assert before is not None
    assert (before["ok"], "leadline suppress --none" in str(before["fix"])) == (False, True)
    assert command("suppress", *words).code == 0
    after = check(command)
    assert after is not None
    assert (after["ok"], after["fix"]) == (True, "")


def test_single_address_is_no_list(command: CommandLine) -> None:
    command.set("LEADLINE_SMTP_URL", SMTP)
    command("suppress", "a@x.example")
    found = check(command)
    assert found is not None
    assert found["ok"] is False


def test_none_is_confirmed_once(command: CommandLine) -> None:
    assert command("suppress", "--none", "--json").document == {"none": True, "recorded": True}
    assert command("suppress", "--none", "--json").document == {"none": True, "recorded": False}
    assert command.query("SELECT records, file_name FROM suppression_lists") == [(0, None)]
