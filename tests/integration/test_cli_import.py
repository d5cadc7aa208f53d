"""`leadline import`: counts, rejects in words, and what a second import does."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine, a_project

FILE_KEYS = {
    *("file", "encoding", "dialect", "mapping", "records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates", "quarantine", "rejects"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("made"))


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
    assert "Mend the cells there and import that file." in answer.out
    assert answer.out.splitlines()[-2:] == [
        "Next: leadline run",
        "To take leads.csv back: leadline import --undo 1",
    ]


def test_import_prints_nothing_about_a_person(command: CommandLine) -> None:
    answer = command("import", command.home / "leads.csv")
    for canary in ("anderson", "suzuki", "not-an-address", "moreno", "鈴木", "池田"):
        assert canary not in (answer.out + answer.err).lower()


def test_import_keeps_rejected_rows_in_a_quarantine_file(command: CommandLine) -> None:
    [file] = command("import", command.home / "leads.csv", "--json").document["files"]
    rows = quarantined(file)
    assert [row["quarantine_line"] for row in rows] == ["6", "7"]
    assert [row["quarantine_reason"] for row in rows] == ["invalid_email", "empty_row"]
    assert [row["Email"] for row in rows] == ["not-an-address", ""]


def test_row_mended_in_the_quarantine_file_becomes_a_lead_of_the_same_source(
    command: CommandLine,
) -> None:
    [file] = command("import", command.home / "leads.csv", "--json").document["files"]
    first, *others = quarantined(file)
    mended = command.home / "mended.csv"
    with mended.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, first.keys())
        writer.writeheader()
        writer.writerows([{**first, "Email": "found.later@harper.example"}, *others])

    [again] = command("import", mended, "--json").document["files"]

    assert [again[name] for name in ("source", "created", "rejected")] == ["leads", 1, 1]
    assert [reject["reason"] for reject in again["rejects"]] == ["empty_row"]
    assert [row["quarantine_source"] for row in quarantined(again)] == ["leads"]


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
    found = [(row["quarantine_reason"], row["quarantine_row"]) for row in quarantined(file)]
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


@pytest.mark.timeout(30)  # whoever opens a pipe waits for ever
def test_pipe_is_refused_because_a_file_is_read_twice(command: CommandLine) -> None:
    pipe = command.home / "pipe.csv"
    os.mkfifo(pipe)
    answer = command("import", pipe, "--json")
    assert answer.code == 1
    assert answer.document["files"][0]["error"]["code"] == "file_unreadable"
    assert "it is no ordinary file" in answer.err


def test_device_is_refused(command: CommandLine) -> None:
    answer = command("import", "/dev/null", "--json")
    assert answer.code == 1
    assert answer.document["files"][0]["error"]["code"] == "file_unreadable"


def test_import_of_more_new_leads_than_the_threshold_stops_and_says_who_would_be_told(
    command: CommandLine,
) -> None:
    answer = command("import", many(command, 201))
    assert answer.code == 2
    assert "Stopped: 201 new leads are more than 200 (backfill_threshold)." in answer.err
    assert "--backfill" in answer.err
    assert "--yes" in answer.err
    assert "What would follow, rehearsed with the first 201 new lead(s):" in answer.out
    assert stored(command) == [(0, 0)]


def test_stopped_import_says_so_in_json(command: CommandLine) -> None:
    answer = command("import", many(command, 201), "--json")
    [file] = answer.document["files"]
    assert answer.code == 2
    assert answer.document["run"] is None
    assert [file[name] for name in ("stopped", "run", "created", "backfill_threshold")] == [
        *("backfill_threshold", None, 201, 200)
    ]
    assert file["consequences"]["leads"] == 201


def test_import_of_as_many_new_leads_as_the_threshold_goes_on(command: CommandLine) -> None:
    answer = command("import", many(command, 200))
    assert answer.code == 0
    assert stored(command) == [(200, 200)]


def test_import_that_is_agreed_to_goes_on_above_the_threshold(command: CommandLine) -> None:
    answer = command("import", many(command, 201), "--yes")
    assert answer.code == 0
    assert stored(command) == [(201, 201)]
    assert held(command) == 0


def test_backfill_goes_on_above_the_threshold_and_holds_the_leads(command: CommandLine) -> None:
    answer = command("import", many(command, 201), "--backfill")
    assert answer.code == 0
    assert "201 lead(s) are held back. To let them go: leadline release --import 1" in answer.out
    assert held(command) == 201


def test_threshold_of_a_mapping_file_is_that_of_its_source(command: CommandLine) -> None:
    path = command.home / "config" / "mappings" / "many.yaml"
    path.write_text("backfill_threshold: 2\n", encoding="utf-8")
    answer = command("import", many(command, 3), "--json")
    [file] = answer.document["files"]
    assert [file[name] for name in ("stopped", "backfill_threshold")] == ["backfill_threshold", 2]


def test_source_whose_mapping_says_backfill_is_held_without_the_option(
    command: CommandLine,
) -> None:
    path = command.home / "config" / "mappings" / "many.yaml"
    path.write_text("backfill: true\n", encoding="utf-8")
    answer = command("import", many(command, 201))
    assert answer.code == 0
    assert held(command) == 201


def test_dry_run_shows_the_mapping_and_stores_nothing(command: CommandLine) -> None:
    answer = command("import", command.home / "leads.csv", "--dry-run")
    assert answer.code == 2  # two rows would be refused
    assert re.search(r"^Job Title +title +its name +100  CEO$", answer.out, re.MULTILINE)
    assert "An import would make 4 new lead(s)" in answer.out
    assert answer.out.rstrip().endswith("Nothing was taken in.")
    assert stored(command) == [(0, 0)]
    assert command.query("SELECT count(*) FROM import_runs") == [(0,)]


def test_import_says_which_columns_it_took_by_likeness_and_which_it_only_suggests(
    command: CommandLine,
) -> None:
    header = "Email,Compnay Name,Teleph number"
    answer = command("import", command.file("fair.csv", header, "a@b.example,Ikeda,06-1654-4579"))
    assert "Column `Compnay Name` was taken as company by likeness (" in answer.out
    assert "Column `Teleph number` may be phone (" in answer.out
    assert answer.out.count("config/mappings/fair.yaml") == 2


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_hints_name_the_mapping_file_that_this_run_reads(command: CommandLine, lang: str) -> None:
    mapping = command.home / "m" / "x.yaml"
    mapping.parent.mkdir()
    mapping.write_text("country: JP\n", encoding="utf-8")
    header = "Email,Compnay Name,Teleph number,Submitted at"
    path = command.file("fair.csv", header, "a@b.example,Ikeda,06-1654-4579,03/04/2026")
    answer = command("import", path, "--mapping", mapping, "--dry-run", "--lang", lang)
    assert answer.out.count(str(mapping)) == 3
    assert "config/mappings" not in answer.out
    shop = command.file("shop.csv", "Item,Price", "Cup,3")
    answer = command("import", shop, "--mapping", mapping, "--lang", lang)
    assert str(mapping) in answer.err
    assert "config/mappings" not in answer.err


@pytest.mark.parametrize("source", ["../x y", "a/b", "a\\b", ".hidden"])
def test_source_that_can_name_no_mapping_file_is_refused(command: CommandLine, source: str) -> None:
    for lang, word in (("en", "the name of a source"), ("ja", "取込元の名前")):
        path = command.home / "leads.csv"
        answer = command("import", path, "--source", source, "--lang", lang)
        assert answer.code == 1
        assert word in answer.err
    assert not command.database.exists()


def test_mapping_that_names_no_column_of_the_file_is_reported(command: CommandLine) -> None:
    mapping = command.home / "fair.yaml"
    mapping.write_text("columns:\n  Badge: external_id\n", encoding="utf-8")
    path = command.file("fair.csv", "Email,Company", "a@b.example,Ikeda")
    answer = command("import", path, "--mapping", mapping)
    assert answer.code == 0
    assert "Mapping: " in answer.err
    assert "Badge" in answer.err


def test_import_says_how_it_read_dates_that_can_be_read_in_two_ways(command: CommandLine) -> None:
    path = command.file("fair.csv", "Email,Submitted at", "a@b.example,03/04/2026")
    answer = command("import", path)
    assert "they were read with the month first" in answer.out
    assert "date_order in config/mappings/fair.yaml" in answer.out


def test_stop_is_told_in_japanese(command: CommandLine) -> None:
    answer = command("import", many(command, 201), "--lang", "ja")
    assert "停止しました: 新規 201 件は上限 200 件 (backfill_threshold) を超えます。" in answer.err
    assert "その後の動き(先頭の新規 201 件で試算):" in answer.out


def test_reading_of_a_japanese_file_is_told_in_japanese(command: CommandLine) -> None:
    path = command.home / "cards.csv"
    path.write_bytes("氏名,会社名,メールアドレス\n髙橋,㈱山﨑,a@b.example\n".encode("cp932"))
    answer = command("import", path, "--lang", "ja")
    assert "cards.csv: カンマ区切りのテキスト、文字コード cp932" in answer.out
    assert "見出しは 1 行目、3 列" in answer.out
    assert "国の記載がない電話番号・住所は JP、時刻は Asia/Tokyo として読みます。" in answer.out
    assert "cards.csv の取込を取り消すには: leadline import --undo 1" in answer.out


def test_leads_that_a_file_lets_go_count_like_new_ones(command: CommandLine) -> None:
    command("import", many(command, 201), "--backfill")
    answer = command("import", many(command, 201), "--source", "live")
    assert answer.code == 2
    assert "Stopped: 201 leads are more than 200 (backfill_threshold): 0 new, 201 let go of a" in (
        answer.err
    )
    assert "rehearsed with the first 201 lead(s), new or let go:" in answer.out
    assert "201 lead(s) would wait for an owner" in answer.out
    assert (stored(command), held(command)) == ([(201, 201)], 201)
    answer = command("import", many(command, 201), "--source", "live", "--lang", "ja")
    assert "新規 0 件、保留解除 201 件、前のファイルの 0 件、合わせて 201 件は上限" in answer.err
    assert "その後の動き(先頭の新規・保留解除 201 件で試算):" in answer.out


def test_rehearsal_tells_of_released_leads_what_it_would_tell_of_new_ones(
    command: CommandLine,
) -> None:
    path = many(command, 201)
    new = command("import", path, "--json").document["files"][0]["consequences"]
    command("import", path, "--backfill")
    again = command("import", path, "--source", "live", "--json").document["files"][0]
    assert again["consequences"] == new
    assert (again["created"], again["released"], new["leads"]) == (0, 201, 201)


def test_leads_of_the_files_before_count(command: CommandLine) -> None:
    files = [many(command, 150, name) for name in ("first", "second")]
    answer = command("import", *files, "--json")
    first, second = answer.document["files"]
    assert (answer.code, answer.document["run"], first["created"]) == (2, 1, 150)
    assert (second["stopped"], second["created_before"]) == ("backfill_threshold", 150)
    assert stored(command) == [(150, 150)]


def test_leads_that_the_files_before_let_go_count(command: CommandLine) -> None:
    old = many(command, 150, "old")
    command("import", old, "--backfill")
    answer = command("import", old, many(command, 150, "new"), "--source", "live", "--json")
    first, second = answer.document["files"]
    assert (first["created"], first["updated"], held(command)) == (0, 150, 0)
    assert (second["stopped"], second["created_before"]) == ("backfill_threshold", 150)
    assert stored(command) == [(300, 150)]


def test_leads_that_a_file_before_holds_back_do_not_count(command: CommandLine) -> None:
    mapping = command.home / "config" / "mappings" / "many.yaml"
    mapping.write_text("backfill: true\n", encoding="utf-8")
    one = command.file("one.csv", "Email", "one@wade.example")
    answer = command("import", many(command, 201), one)
    assert answer.code == 0
    assert (stored(command), held(command)) == ([(202, 202)], 201)


def test_dry_run_of_several_files_stops_where_the_import_would(command: CommandLine) -> None:
    files = [many(command, 150, name) for name in ("first", "second", "third")]
    files.append(many(command, 50, "fourth"))
    dry = command("import", *files, "--dry-run", "--json").document["files"]
    assert [file["created_before"] for file in dry] == [0, 150, 150, 150]
    said = command("import", *files, "--dry-run").out
    assert said.count("Without --backfill or --yes the import would stop: 300 leads") == 2
    assert "停止します: 新規 150 件" in command("import", *files, "--dry-run", "--lang", "ja").out
    real = command("import", *files, "--json").document["files"]
    assert [file.get("created_before") for file in real] == [None, 150, 150, None]
    assert stored(command) == [(200, 200)]


def test_dry_run_of_what_is_agreed_to_or_held_back_speaks_of_no_stop(command: CommandLine) -> None:
    for choice in ("--yes", "--backfill"):
        answer = command("import", many(command, 201), "--dry-run", choice)
        assert (answer.code, "would stop" in answer.out) == (0, False)


def test_number_of_the_run_stays_when_a_file_behind_it_cannot_be_read(command: CommandLine) -> None:
    answer = command("import", many(command, 1), command.home / "gone.csv", "--json")
    assert (answer.code, answer.document["run"]) == (1, 1)


def quarantined(file: dict[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the quarantine file of an import."""
    with Path(file["quarantine"]).open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def many(command: CommandLine, count: int, name: str = "many") -> Path:
    """Write a file of so many leads, who are others in a file of another name."""
    rows = (f"{name}{number}@harper.example,Harper {number}" for number in range(count))
    return command.file(f"{name}.csv", "Email,Company", *rows)


def stored(command: CommandLine) -> list[tuple[Any, ...]]:
    """Return how many submissions and leads there are."""
    return command.query("SELECT (SELECT count(*) FROM submissions), (SELECT count(*) FROM leads)")


def held(command: CommandLine) -> int:
    """Return how many leads are held back."""
    [(count,)] = command.query("SELECT count(held_import_run_id) FROM leads")
    return int(count)
