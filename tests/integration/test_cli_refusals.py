"""Bad input and a world that fails: one clear message each, exit code 1, nothing half done."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from leadline.store import engine
from tests.command_line import NOW, CommandLine, a_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command_line import Answer

pytestmark = [pytest.mark.new_database, pytest.mark.usefixtures("before_now")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("made"))


def assert_refused(answer: Answer, *, code: str, named: list[str]) -> None:
    """Check for exactly one message that names the thing, and the same in the JSON document."""
    assert answer.code == 1
    assert answer.err.count("Error: ") == 1
    assert "Traceback" not in answer.err
    document = json.loads(answer.out)
    error = document.get("error") or document["files"][0]["error"]
    assert error["code"] == code
    for word in named:
        assert word in answer.err


def missing(command: CommandLine) -> Path:
    return command.home / "gone.csv"


def empty(command: CommandLine) -> Path:
    return command.file("empty.csv")


def binary(command: CommandLine) -> Path:
    path = command.home / "photo.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    return path


def folder(command: CommandLine) -> Path:
    return command.home / "config"


def nameless(command: CommandLine) -> Path:
    return command.file("shop.csv", "Item,Price", "Cup,3")


@pytest.mark.parametrize(
    ("make", "code", "named"),
    [
        (missing, "file_missing", ["gone.csv", "Check the name"]),
        (empty, "file_empty", ["empty.csv", "Export it again"]),
        (binary, "file_binary", ["photo.csv", "Save the table as CSV"]),
        (folder, "file_is_folder", ["config is a folder", "Name the files"]),
        (nameless, "no_address_column", ["shop.csv", "Item, Price", "mapping"]),
    ],
)
def test_file_that_cannot_be_imported_is_named_with_the_next_step(
    command: CommandLine, make: Callable[[CommandLine], Path], code: str, named: list[str]
) -> None:
    answer = command("import", make(command), "--json")
    assert_refused(answer, code=code, named=named)
    assert command.query("SELECT count(*) FROM submissions") == [(0,)]
    assert command.query("SELECT count(*) FROM import_runs") == [(0,)]


def test_unknown_stage_names_the_nearest_and_runs_nothing(command: CommandLine) -> None:
    answer = command("run", "intake", "deliverry", "--json")
    assert_refused(answer, code="unknown_stage", named=["`deliverry`", "`delivery`", "scoring"])
    assert not command.database.exists()


@pytest.mark.parametrize("words", [["run"], ["import", "leads.csv"], ["leads", "list"]])
def test_misspelled_configuration_key_names_file_line_and_nearest_word(
    command: CommandLine, words: list[str]
) -> None:
    path = command.home / "config" / "sending.yaml"
    text = path.read_text(encoding="utf-8").replace("touches_per_day", "touches_per_dya")
    path.write_text(text, encoding="utf-8")
    answer = command(*words, "--json")
    named = ["config/sending.yaml:", "touches_per_day", "leadline check"]
    assert_refused(answer, code="config_error", named=named)
    [problem] = answer.document["error"]["problems"]
    assert problem["suggestion"] == "touches_per_day"


@pytest.mark.parametrize("words", [["import", "--undo", "abc"], ["release", "--import", "x"]])
def test_run_that_is_no_number_is_told_where_the_numbers_are(
    command: CommandLine, words: list[str]
) -> None:
    answer = command(*words, "--json")
    named = [words[1], "number of an import", "`leadline import --list`"]
    assert_refused(answer, code="run_number", named=named)
    assert "取込番号" in command(*words, "--lang", "ja").err


def test_release_of_a_bare_number_names_the_option(command: CommandLine) -> None:
    answer = command("release", "1", "--json")
    assert_refused(answer, code="release_number", named=["leadline release --import 1"])


def test_folder_without_a_project_is_named_and_gets_no_database(
    command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    command.set("LEADLINE_HOME", str(tmp_path / "elsewhere"))
    for words in (["status"], ["run"], ["check"], ["leads", "list"], ["mailbox"], ["migrate"]):
        answer = command(*words, "--json")
        assert_refused(answer, code="project_missing", named=["elsewhere", "leadline init DIR"])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_secrets_that_others_may_read_are_refused(command: CommandLine) -> None:
    (command.home / ".leadline" / "secrets.env").chmod(0o644)
    answer = command("status", "--json")
    assert_refused(answer, code="secrets_exposed", named=["secrets.env", "chmod 600"])


def test_lost_pepper_is_refused_before_anybody_is_written_to(command: CommandLine) -> None:
    command("import", command.home / "leads.csv")
    assert command("run", "intake", "--now", NOW).code == 0
    secrets = command.home / ".leadline" / "secrets.env"
    secrets.unlink()
    answer = command("run", "--now", NOW, "--json")
    assert_refused(answer, code="secrets_missing", named=["Restore", "backup"])
    command("init", command.home)  # makes another pepper
    answer = command("run", "--now", NOW, "--json")
    assert_refused(answer, code="pepper_changed", named=["LEADLINE_PEPPER", "backup"])
    assert command.query("SELECT count(*) FROM outbox") == [(0,)]
    (found,) = [
        check
        for check in command("doctor", "--quick", "--json").document["checks"]
        if check["name"] == "pepper"
    ]
    assert not found["ok"]


def test_unreachable_relay_is_named_and_every_mail_waits(command: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    command.set("LEADLINE_SMTP_URL", f"smtp://127.0.0.1:{port}")
    command("import", command.home / "leads.csv")
    answer = command("run", "--now", NOW, "--json")
    named = [f"127.0.0.1:{port}", "LEADLINE_SMTP_URL", "leadline run delivery"]
    assert_refused(answer, code="relay_unreachable", named=named)
    assert [stage["stage"] for stage in answer.document["stages"]][:2] == ["intake", "scoring"]
    assert command.query("SELECT DISTINCT state FROM outbox WHERE mail IS NOT NULL") == [
        ("queued",)
    ]


def test_locked_database_is_named_with_who_holds_it(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("import", command.home / "leads.csv")
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_SECONDS", 0)  # thirty in the product
    with closing(sqlite3.connect(command.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = command("run", "--json")
        other.execute("ROLLBACK")
    assert_refused(
        answer, code="database_locked", named=[str(command.database), "fuser", "run again"]
    )
    assert command.query("SELECT count(*) FROM scores") == [(0,)]
    assert command("run", "--now", NOW).code == 0


def test_reading_goes_on_while_another_process_writes(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("import", command.home / "leads.csv")
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_SECONDS", 0)
    with closing(sqlite3.connect(command.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert command("status", "--json").document["quarantined"] == 2
        assert command("leads", "list").code == 0


def test_unreachable_database_server_is_named(command: CommandLine) -> None:
    command.set("LEADLINE_DATABASE_URL", "postgresql://user:canary@127.0.0.1:1/leads")
    answer = command("status", "--json")
    named = ["127.0.0.1:1/leads", "LEADLINE_DATABASE_URL", "leadline doctor"]
    assert_refused(answer, code="database_unreachable", named=named)
    assert "canary" not in answer.out + answer.err


def test_malformed_database_url_is_refused_without_showing_it(command: CommandLine) -> None:
    command.set("LEADLINE_DATABASE_URL", "mysql://user:canary@db/leads")
    answer = command("status", "--json")
    assert_refused(
        answer, code="bad_database_url", named=["LEADLINE_DATABASE_URL", "postgresql://"]
    )
    assert "canary" not in answer.out + answer.err


def test_file_that_is_no_database_is_named(command: CommandLine) -> None:
    command.database.write_bytes(b"this is no database at all, whatever its name says" * 100)
    answer = command("status", "--json")
    assert_refused(
        answer, code="database_unusable", named=[str(command.database), "leadline doctor"]
    )


def test_older_schema_is_refused_with_the_command_that_mends_it(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("migrate")
    present = engine.REVISIONS[-1]
    monkeypatch.setattr(engine, "REVISIONS", (*engine.REVISIONS, "9000"))
    answer = command("run", "--json")
    assert_refused(answer, code="schema_older", named=[present, "9000", "leadline migrate"])


def test_newer_schema_is_refused(command: CommandLine) -> None:
    command("migrate")
    command.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = command("run", "--json")
    assert_refused(answer, code="schema_newer", named=["9999", "Update leadline"])


def test_port_in_use_is_named_with_another(command: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = command("serve", "--port", port, "--json")
    assert_refused(answer, code="port_in_use", named=[f"Port {port} on 127.0.0.1", "--port "])


def test_address_of_another_computer_cannot_be_listened_on(command: CommandLine) -> None:
    answer = command("serve", "--host", "192.0.2.1", "--json")
    assert_refused(answer, code="port_unusable", named=["192.0.2.1", "--host"])


def test_messages_are_in_japanese_when_asked(command: CommandLine) -> None:
    for words in (["import", "gone.csv"], ["run", "intaek"], ["explain", "77"]):
        answer = command(*words, "--lang", "ja")
        assert answer.err.startswith("エラー: ")
        assert "。" in answer.err
