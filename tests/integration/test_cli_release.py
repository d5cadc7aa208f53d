"""`leadline release`, `import --undo` and `import --list`: counts first, words, exit codes."""

from __future__ import annotations

import asyncio
import io
import sys
from typing import TYPE_CHECKING

import pytest

from leadline.config.environment import read_environment
from leadline.stages import open_workspace, run_stages
from leadline.stages.imports import finish_import, import_file
from tests.builders import NOW
from tests.command_line import CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (
    "Email,Country,State,Opt-in,Owner",
    "ann@a.example,United States,Washington,Yes,",
    "bo@b.example,United States,Texas,No,R01",
    "cy@c.example,日本,東京都,Yes,nobody",
)
RELEASE_KEYS = {
    *("run", "held", "matching", "released", "remaining", "owners", "with_consent"),
    *("beyond_capacity", "routed"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def held_back(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a backfill of three leads, scored."""
    home = a_copy(made, tmp_path_factory.mktemp("held"))
    path = home / "old.csv"
    path.write_text("".join(f"{row}\n" for row in ROWS), encoding="utf-8")
    with open_workspace(read_environment({"LEADLINE_HOME": str(home)}), now=NOW) as work:
        finish_import(work, import_file(work, path, now=NOW, is_backfill=True), now=NOW)
        asyncio.run(run_stages(work, ["scoring"], now=NOW))
    return home


@pytest.fixture
def command(
    held_back: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(a_copy(held_back, tmp_path), monkeypatch, capsys)


def held(command: CommandLine) -> int:
    query = "SELECT count(*) FROM leads WHERE held_import_run_id IS NOT NULL"
    return int(command.query(query)[0][0])


def test_release_without_a_yes_counts_and_changes_nothing(command: CommandLine) -> None:
    answer = command("release", "--import", 1)
    assert (answer.code, held(command)) == (2, 3)
    for words in (
        "holds 3 lead(s); 3 would be released",
        "1 go to the owner that the file names",
        "2 are routed by territory",
        "2 have agreed to mail",
    ):
        assert words in answer.out
    assert "--yes" in answer.err


def test_release_answers_with_the_keys_of_the_contract(command: CommandLine) -> None:
    before = command("release", "--import", 1, "--json")
    assert (before.code, held(command)) == (2, 3)
    assert before.document.keys() == RELEASE_KEYS
    found = command("release", "--import", 1, "--yes", "--json").document
    assert found == {
        "run": 1,
        "held": 3,
        "matching": 3,
        "released": 3,
        "remaining": 0,
        "owners": {"R01": 1},
        "beyond_capacity": 0,
        "routed": 2,
        "with_consent": 2,
    }
    assert held(command) == 0


def test_release_of_a_condition_leaves_the_others_held(command: CommandLine) -> None:
    answer = command("release", "--import", 1, "--where", "country = 'US'", "--yes")
    assert answer.code == 0
    assert "Released 2 lead(s); 1 are still held." in answer.out
    assert answer.out.rstrip().endswith("Next: leadline run")
    assert held(command) == 1


def test_second_release_has_nothing_to_do(command: CommandLine) -> None:
    command("release", "--import", 1, "--yes")
    answer = command("release", "--import", 1)
    assert answer.code == 0
    assert "holds no lead" in answer.out
    none = command("release", "--import", 1, "--where", "country = 'FR'", "--json")
    assert (none.code, none.document["matching"]) == (0, 0)


@pytest.mark.parametrize(("said", "code", "left"), [("y\n", 0, 0), ("n\n", 2, 3), ("", 2, 3)])
def test_release_asks_at_a_terminal(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, *, said: str, code: int, left: int
) -> None:
    terminal = io.StringIO(said)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _self: True, raising=False)
    answer = command("release", "--import", 1)
    assert (answer.code, held(command)) == (code, left)
    assert "Release 3 lead(s)? [y/N]" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("release",), "--import RUN"),
        (("release", "--import", 9), "no import run 9"),
        (("release", "--import", 1, "--where", "grde = 'A'"), "grade"),
        (("import", "--undo", 9), "no import run 9"),
    ],
)
def test_refusal_says_what_to_do(
    command: CommandLine, words: tuple[object, ...], said: str
) -> None:
    answer = command(*words)
    assert (answer.code, held(command)) == (1, 3)
    assert said in answer.err


def test_undo_says_what_it_took_back(command: CommandLine) -> None:
    answer = command("import", "--undo", 1)
    assert answer.code == 0
    assert "Import 1 (old.csv) was taken back." in answer.out
    assert "3 lead(s) that it had created are gone" in answer.out
    again = command("import", "--undo", 1)
    assert again.code == 0
    assert "was taken back before" in again.out


def test_undo_that_leaves_something_says_why_and_counts_as_a_difference(
    command: CommandLine,
) -> None:
    command("release", "--import", 1, "--where", "email = 'bo@b.example'", "--yes")
    command("run", "routing")
    answer = command("import", "--undo", 1, "--json")
    assert answer.code == 2
    assert answer.document["created_removed"] == 2
    assert answer.document["created_kept"] == {"message": 1}
    other = command.file("more.csv", "Email,Title", "bo@b.example,CEO")
    command("import", other)
    shown = command("import", "--undo", 2, "--lang", "ja")
    assert "1 件のリードを元に戻しました" in shown.out


def test_list_names_every_run_with_its_counts(command: CommandLine) -> None:
    command("import", command.home / "leads.csv")
    command("import", "--undo", 2)
    rows = command("import", "--list", "--json").document["runs"]
    names = ("run", "file", "is_backfill", "records", "created", "rejected", "held")
    assert [[row[name] for name in names] for row in rows] == [
        [2, "leads.csv", False, 6, 4, 2, 0],
        [1, "old.csv", True, 3, 3, 0, 3],
    ]
    assert [row["undone_at"] is None for row in rows] == [False, True]
    shown = command("import", "--list").out
    assert "backfill" in shown
    assert "taken back 2" in shown
    assert "バックフィル" in command("import", "--list", "--lang", "ja").out


def test_list_without_a_run_says_so(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    answer = CommandLine(a_copy(made, tmp_path), monkeypatch, capsys)("import", "--list")
    assert (answer.code, answer.out) == (0, "No file has been imported yet.\n")


def test_release_and_undo_print_nothing_about_a_person(command: CommandLine) -> None:
    said = [
        command("release", "--import", 1, "--yes"),
        command("import", "--undo", 1),
        command("import", "--list"),
    ]
    text = "".join(answer.out + answer.err for answer in said)
    assert not [canary for canary in ("ann", "a.example", "nobody") if canary in text]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_help_of_release_names_its_options(command: CommandLine, lang: str) -> None:
    out = command("release", "--help", "--lang", lang).out
    assert [name for name in ("--import RUN", "--where", "--yes") if name not in out] == []
