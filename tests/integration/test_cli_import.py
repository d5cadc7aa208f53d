"""`leadline import`: counts, rejects in words, and what a second import does."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from tests.command_line import CommandLine, a_copy, a_project

FILE_KEYS = {
    *("file", "encoding", "dialect", "mapping", "records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates", "quarantine", "rejects"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("made"))


@pytest.fixture
def command(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(a_copy(made, tmp_path), monkeypatch, capsys)


def test_import_answers_with_the_keys_of_the_contract(command: CommandLine) -> None:
    answer = command("import", command.home / "leads.csv", "--json")
    [file] = answer.document["files"]
    assert answer.code == 2
    assert answer.document["run"] == 1
    assert file.keys() >= FILE_KEYS
    assert [file[name] for name in ("records", "accepted", "rejected", "created")] == [6, 4, 2, 4]
    assert [reject.keys() for reject in file["rejects"]] == [
        {"line", "column", "reason", "detail"}
    ] * 2
    assert [reject["reason"] for reject in file["rejects"]] == ["invalid_email", "empty_row"]


def test_import_says_line_reason_and_next_step(command: CommandLine) -> None:
    answer = command("import", command.home / "leads.csv")
    assert "line 6: the mail address is not a single valid address (column Email)" in answer.out
    assert "line 7: the row is empty" in answer.out
    assert answer.out.rstrip().endswith("Next: leadline run")


def test_import_prints_nothing_about_a_person(command: CommandLine) -> None:
    answer = command("import", command.home / "leads.csv")
    for canary in ("anderson", "suzuki", "not-an-address", "moreno", "鈴木", "池田"):
        assert canary not in (answer.out + answer.err).lower()


def test_import_keeps_rejected_rows_in_a_quarantine_file(command: CommandLine) -> None:
    [file] = command("import", command.home / "leads.csv", "--json").document["files"]
    text = Path(file["quarantine"]).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["line"] for row in rows] == ["6", "7"]
    assert "not-an-address" in rows[0]["row"]


def test_quarantine_file_of_a_cp932_file_is_readable(command: CommandLine) -> None:
    path = command.home / "cards.csv"
    rows = (
        "氏名,メールアドレス,会社名",
        '髙橋,a@b.example,"㈱山﨑',
        "鈴木,池田鉱業",
        "伊藤,c@d.example,東京",
    )
    path.write_bytes("\n".join(rows).encode("cp932") + b"\xff\n")
    [file] = command("import", path, "--json").document["files"]
    with Path(file["quarantine"]).open(encoding="utf-8-sig", newline="") as opened:
        found = [(row["reason"], row["row"]) for row in csv.DictReader(opened)]
    assert file["encoding"] == "cp932"
    assert found == [
        ("stray_quote", '髙橋,a@b.example,"㈱山﨑'),
        ("field_count", "鈴木,池田鉱業"),
        ("bad_encoding", r"伊藤,c@d.example,東京\xff"),
    ]


def test_second_import_of_a_file_changes_nothing(command: CommandLine) -> None:
    path = command.home / "leads.csv"
    command("import", path)
    [file] = command("import", path, "--json").document["files"]
    counts = [file[name] for name in ("created", "updated", "unchanged", "duplicates", "rejected")]
    assert counts == [0, 0, 4, 0, 2]
    assert command.query("SELECT count(*) FROM leads") == [(4,)]


def test_growing_export_with_new_rows_on_top_quarantines_each_bad_row_once(
    command: CommandLine,
) -> None:
    header, bad = "Email,Company", ["only one cell", ",", ","]
    command("import", command.file("export.csv", header, "a@b.example,A", *bad))
    path = command.file("export.csv", header, "c@d.example,C", ",", "a@b.example,A", *bad)
    [file] = command("import", path, "--json").document["files"]
    assert [file[name] for name in ("rejected", "created", "unchanged")] == [4, 1, 1]
    assert [reject["line"] for reject in file["rejects"]] == [3, 5, 6, 7]
    quarantined = "SELECT count(*) FROM submissions WHERE state = 'quarantined'"
    assert command.query(quarantined) == [(4,)]


def test_file_that_cannot_be_read_does_not_stop_the_others(command: CommandLine) -> None:
    answer = command("import", command.home / "gone.csv", command.home / "leads.csv", "--json")
    missing, taken = answer.document["files"]
    assert answer.code == 1
    assert missing["error"]["code"] == "file_missing"
    assert taken["created"] == 4
    assert answer.err.count("Error: ") == 1


def test_import_without_rejects_is_done(command: CommandLine) -> None:
    path = command.file("few.csv", "Email,Company", "a.lead@example.com,Ikeda")
    answer = command("import", path, "--source", "fair")
    assert answer.code == 0
    assert command.query("SELECT source FROM submissions") == [("fair",)]


def test_import_speaks_japanese(command: CommandLine) -> None:
    answer = command("import", command.home / "leads.csv", "--lang", "ja")
    assert "6 行目: メールアドレスの形式が正しくありません (列: Email)" in answer.out
    assert "次の手順: leadline run" in answer.out


def test_pipe_is_refused_because_a_file_is_read_twice(command: CommandLine) -> None:
    pipe = command.home / "pipe.csv"
    os.mkfifo(pipe)
    answer = command("import", pipe, "--json")
    assert answer.code == 1
    assert answer.document["files"][0]["error"]["code"] == "no_file"
    assert "Save it as a file" in answer.err
