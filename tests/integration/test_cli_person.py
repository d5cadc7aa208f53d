"""`leadline forget` and `export-person`: asked first, counts only, and killed at any point."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final

import pytest

from leadline.config.environment import read_environment
from leadline.stages import open_workspace
from leadline.stages.imports import finish_import, import_file
from tests.builders import NOW
from tests.canaries import ADDRESS, MARK, NAME, PHONE, traces_below, traces_in
from tests.command_line import CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path

ROWS: Final = (
    "Email,Name,Country,Message",
    f"{ADDRESS},{NAME},JP,{PHONE}",
    f"not-an-address,{NAME},JP,{ADDRESS}",
    f"{ADDRESS},too few",
    "cy@c.example,Cy Chen,JP,Hello",
)
COUNTS: Final = ("leads", "submissions", "messages", "mentions", "mailbox", "quarantine")
#: Steps of an erasure, in order; a process dies at the beginning of each.
STEPS: Final = ("_rehearse", "_erase_files", "_erase_rows", "compact", "_list_left")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project that holds the canary in its database and in a quarantine file."""
    home = a_project(tmp_path_factory.mktemp("held"))
    path = home / "fair.csv"
    path.write_text("".join(f"{row}\n" for row in ROWS), encoding="utf-8")
    with open_workspace(read_environment({"LEADLINE_HOME": str(home)}), now=NOW) as work:
        finish_import(work, import_file(work, path, now=NOW), now=NOW)
    path.unlink()
    return home


@pytest.fixture
def command(
    held: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(a_copy(held, tmp_path), monkeypatch, capsys)


def test_forget_counts_and_erases_after_a_yes(command: CommandLine) -> None:
    plan = command("forget", ADDRESS, "--dry-run", "--json")
    assert (plan.code, plan.document["is_done"]) == (0, False)
    assert traces_below(command.home)
    done = command("forget", ADDRESS, "--yes", "--json")
    assert (done.code, done.document["is_done"], done.document["is_compacted"]) == (0, True, True)
    assert [done.document[name] for name in COUNTS] == [plan.document[name] for name in COUNTS]
    assert (done.document["leads"], done.document["submissions"]) == (1, 3)
    assert traces_below(command.home) == {}
    again = command("forget", ADDRESS, "--yes")
    assert (again.code, "Nothing is held" in again.out) == (0, True)


@pytest.mark.parametrize("name", ["explain", "consents"])
def test_erased_lead_is_said_to_be_erased_and_no_more(command: CommandLine, name: str) -> None:
    ((lead,),) = command.query("SELECT id FROM leads ORDER BY id LIMIT 1")
    command("forget", ADDRESS, "--yes")
    answer = command(name, str(lead))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"Lead {lead} was erased on ")
    assert len(answer.out.splitlines()) == 1
    document = command(name, str(lead), "--json").document
    assert (document["lead"], document.keys() & {"score", "consents"}) == (lead, set())
    assert document["erased_at"]


def test_forget_says_nothing_of_the_person(command: CommandLine) -> None:
    answers = [
        command("forget", ADDRESS, *words)
        for words in (("--dry-run",), (), ("--yes",), ("--yes", "--lang", "ja"))
    ]
    assert traces_in("".join(a.out + a.err for a in answers).encode()) == set()


def test_forget_does_nothing_unasked(command: CommandLine) -> None:
    before = command.query("SELECT email FROM leads ORDER BY id")
    answer = command("forget", ADDRESS)
    assert (answer.code, "--yes" in answer.err) == (1, True)
    assert command.query("SELECT email FROM leads ORDER BY id") == before
    assert command.query("SELECT * FROM suppressions") == []


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("", 1), ("y\n", 0), ("はい\n", 0)])
def test_forget_asks_at_a_terminal(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    terminal = io.StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert command("forget", ADDRESS).code == code
    assert bool(command.query("SELECT * FROM suppressions")) is (code == 0)


@pytest.mark.parametrize("words", [("forget", "--yes"), ("export-person",)])
def test_what_is_no_address_is_refused_and_not_repeated(
    command: CommandLine, words: tuple[str, ...]
) -> None:
    answer = command(*words, f"{MARK} at example")
    assert answer.code == 1
    assert traces_in((answer.out + answer.err).encode()) == set()


def test_address_is_read_in_any_spelling_and_from_standard_input(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = command("export-person", ADDRESS.upper().replace("@", "＠"), "--json")
    assert wide.document["address"] == ADDRESS
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{ADDRESS}\n"))
    assert command("export-person", "-", "--json").document["leads"][0]["email"] == ADDRESS


def test_forget_names_files_that_are_not_ours_to_change(command: CommandLine) -> None:
    path = command.file("list.csv", *ROWS)
    answer = command("forget", ADDRESS, "--yes", "--json")
    assert (answer.code, answer.document["files"]) == (2, [str(path)])
    path.unlink()
    assert command("forget", ADDRESS, "--yes").code == 0


def test_forget_says_when_another_process_keeps_the_file_from_being_written_anew(
    command: CommandLine,
) -> None:
    with closing(sqlite3.connect(command.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM leads").fetchall()
        held_up = command("forget", ADDRESS, "--yes", "--json")
    assert (held_up.code, held_up.document["is_compacted"]) == (2, False)
    assert command("forget", ADDRESS, "--yes", "--json").document["is_compacted"] is True
    assert traces_below(command.home) == {}


def test_access_writes_one_document_that_the_owner_alone_reads(
    command: CommandLine, tmp_path: Path
) -> None:
    target = tmp_path / "person.json"
    answer = command("export-person", ADDRESS, "--out", target)
    document = json.loads(target.read_text("utf-8"))
    assert (answer.code, document["address"], len(document["submissions"])) == (0, ADDRESS, 3)
    assert target.stat().st_mode & 0o777 == 0o600
    assert traces_in((answer.out + answer.err).encode()) == set()


def test_access_says_when_nothing_is_held_and_whether_the_address_is_banned(
    command: CommandLine,
) -> None:
    answer = command("export-person", "nobody@example.com")
    assert (answer.code, json.loads(answer.out)["is_held"]) == (0, False)
    assert "Nothing is held" in answer.err
    assert "not on the suppression list" in answer.err
    command("forget", ADDRESS, "--yes")
    assert "erasure" in command("export-person", ADDRESS).err


def test_forget_removes_the_copy_of_a_simulation_that_was_killed(command: CommandLine) -> None:
    left = command.home / ".leadline" / "simulation-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "before.db").write_text(ADDRESS)
    assert command("forget", ADDRESS, "--yes").code == 0
    assert not left.exists()


@pytest.mark.parametrize("step", STEPS)
def test_forget_that_was_killed_is_finished_by_the_next(command: CommandLine, step: str) -> None:
    script = (
        "import os, signal\n"
        "from leadline.cli import main\n"
        "from leadline.stages import erasure\n"
        "from leadline.store import erasure as store\n"
        "def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
        f"for module in (erasure, store):\n    setattr(module, {step!r}, die)\n"
        f"main(['forget', {ADDRESS!r}, '--yes'])\n"
    )
    environment = {**os.environ, "LEADLINE_HOME": str(command.home)}
    killed = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    assert traces_in(killed.stdout + killed.stderr) == set()
    assert command("forget", ADDRESS, "--yes").code == 0
    assert traces_below(command.home) == {}
