"""The command line as such: fast start, help, usage errors, and errors that nobody foresaw."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from typer.core import TyperCommand, TyperGroup

from leadline.cli.help_wording import COMMANDS, PARAMETERS
from leadline.cli.output import as_json, plain
from leadline.cli.program import program
from leadline.cli.wording import CATALOG
from tests.command_line import CommandLine, a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAVY = {"pandas", "numpy", "duckdb", "sqlglot", "sqlalchemy", "fastapi", "alembic", "prefect"}
PROGRAM = "from leadline.cli import main; raise SystemExit(main())"
HELP = "import json, sys; from leadline.cli import main; main(['--help']); "
LOADED = f"{HELP} print(json.dumps(sorted({HEAVY!r} & set(sys.modules))), file=sys.stderr)"


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(tmp_path / "project", monkeypatch, capsys)


def commands(
    group: TyperCommand | TyperGroup, path: str = ""
) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    yield path, group
    if isinstance(group, TyperGroup):
        for name, each in group.commands.items():
            assert isinstance(each, TyperCommand | TyperGroup)
            yield from commands(each, f"{path} {name}".strip())


EVERY = dict(commands(program()))


def test_help_loads_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert json.loads(done.stderr) == []


def test_receipt_of_a_score_loads_no_numerical_library(command: CommandLine) -> None:
    a_project(command.home.parent)
    command("import", command.home / "leads.csv")
    command("run", "scoring")
    done = subprocess.run(
        [sys.executable, "-c", LOADED.replace("['--help']", "['explain', '1', 'scoring']")],
        capture_output=True,
        env={**os.environ, "LEADLINE_HOME": str(command.home)},
        check=True,
    )
    assert b"large_company" in done.stdout
    assert json.loads(done.stderr) == ["sqlalchemy"]


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_help_of_every_command_is_worded_in_both_languages(
    command: CommandLine, path: str, lang: str
) -> None:
    answer = command(*path.split(), "--help", "--lang", lang)
    assert answer.code == 0
    assert COMMANDS[path][lang][:12] in answer.out
    assert "--json" in answer.out


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_help_on_a_narrow_terminal_wraps_and_loses_nothing(
    command: CommandLine, lang: str, width: int
) -> None:
    command.set("COLUMNS", str(width))
    for path, found in EVERY.items():
        shown = command(*path.split(), "--help", "--lang", lang).out
        lines = [line.strip() for line in shown.splitlines()]
        joined = "".join(shown.split())
        assert all(cell_len(line) <= width for line in shown.splitlines())
        assert not [line for line in lines if line[:1] in {*"。、)」"}]
        for text in (COMMANDS[path], *(PARAMETERS[f"{path}.{each.name}"] for each in found.params)):
            assert "".join(text[lang].split()) in joined


def test_every_parameter_has_help_and_no_help_is_left_over() -> None:
    names = {f"{path}.{each.name}" for path, found in EVERY.items() for each in found.params}
    assert names == {key for key in PARAMETERS if not key.startswith("--")}
    assert set(EVERY) == set(COMMANDS)


def test_catalog_says_the_same_facts_in_both_languages() -> None:
    def facts(text: str) -> set[str]:
        return {part.partition("}")[0].split("!")[0] for part in text.split("{")[1:]}

    assert {key for key, (en, ja) in CATALOG.items() if facts(en) != facts(ja)} == set()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["statsu"], "`status`"),
        (["export"], "`leads export`"),
        (["leads", "lst"], "`list`"),
        (["run", "scoringg"], "`scoring`"),
        (["run", "--onec"], "`--once`"),
        (["import"], "FILE"),
        (["leads", "list", "--limit", "many"], "--limit"),
        (["status", "now"], "now"),
        (["run", "--now"], "`leadline run --help`"),
        (["leads", "export", "--format", "pdf"], "csv | xlsx | jsonl"),
        (["explain", "1", "scoringg"], "`scoring`"),
        (["--lang", "fr", "status"], "en | ja"),
        ([], "leadline --help"),
    ],
)
def test_usage_error_is_one_message_that_names_the_next_step(
    command: CommandLine, words: list[str], named: str
) -> None:
    answer = command(*words)
    assert (answer.code, answer.out) == (1, "")
    assert named in answer.err
    assert answer.err.count("Error: ") == 1


def test_common_options_may_stand_anywhere(command: CommandLine) -> None:
    before = command("--json", "--lang", "ja", "status", "--none")
    after = command("status", "--none", "--lang=ja", "--json")
    assert before.document == after.document
    assert before.document["error"]["code"] == "unknown_option"
    assert before.err.startswith("エラー: ")


def test_locale_chooses_the_language(command: CommandLine) -> None:
    command.set("LEADLINE_LANG", "ja")
    assert command("statsu").err.startswith("エラー: ")


def test_version_is_that_of_the_package(command: CommandLine) -> None:
    assert command("--version").out.startswith("leadline ")
    assert set(command("--version", "--json").document) == {"version"}


def test_unforeseen_error_is_told_by_type_and_place_and_kept_for_its_owner(
    command: CommandLine,
) -> None:
    a_project(command.home.parent)
    command("import", command.home / "leads.csv")
    command("run", "scoring")
    command.execute("UPDATE rule_sets SET rules = '5'")
    answer = command("explain", 1, "--json")
    [trace] = (command.home / ".leadline" / "logs").iterdir()
    assert (answer.code, answer.document["error"]["code"]) == (1, "unforeseen")
    assert "AttributeError at leadline/domain/kept_rules.py:" in answer.err
    assert str(trace) in answer.err
    assert "Traceback" not in answer.err
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "words", [("check",), ("leads", "export"), ("leads", "export", "--format", "xlsx")]
)
def test_reader_who_leaves_is_met_with_silence(
    command: CommandLine, words: tuple[str, ...]
) -> None:
    a_project(command.home.parent)
    command("import", command.home / "leads.csv")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "LEADLINE_HOME": str(command.home)},
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_interrupted_command_ends_quietly_with_the_code_of_an_interruption(
    command: CommandLine,
) -> None:
    a_project(command.home.parent)
    words = [sys.executable, "-c", PROGRAM, "doctor", "--quick"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, "LEADLINE_HOME": str(command.home), "LEADLINE_SMTP_URL": url}
        # a starter in the background has SIGINT ignored, and its children inherit that
        heard = ["env", "--default-signal=INT", *words]
        with subprocess.Popen(heard, stderr=subprocess.PIPE, env=environment) as process:
            waiting, _ = silent.accept()  # the command has come, and waits for our greeting
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
            waiting.close()
    assert (process.returncode, said) == (130, b"")


def test_control_characters_of_a_lead_never_reach_the_terminal() -> None:
    assert plain("A\x1b[31mB\u202eC\nD") == "A\ufffd[31mB\ufffdC D"
    assert plain("池田　鉱業") == "池田　鉱業"


def test_json_is_plain_ascii_where_the_terminal_knows_no_more() -> None:
    stream = io.StringIO(as_json({"a": "池"}, is_ascii=True))
    assert json.load(stream) == {"a": "池"}
    assert stream.getvalue().isascii()
