"""One import of a file after another upon one state: a trial, and what must hold in it.

A trial starts from a project with a few known leads and imports a file of every kind of row, a
chunk per transaction. Something disturbs that. Then the same file is imported again: it must go on
behind what was stored, end with exactly what an import leaves that nothing disturbed, and count
the same. A third import adds nothing.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from leadline.cli import main as leadline
from leadline.config.folder import create_project
from tests import databases
from tests.imported import (
    Left,
    check_equal,
    check_file,
    check_part,
    read_left,
    write_earlier,
    write_rows,
)
from tests.small_command import small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
DIFFERENCES: Final = 2
SOURCE: Final = "rows"
COUNTS: Final = (
    *("records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates"),
)
#: Nobody waits for a lock that nobody holds.
PATIENCE: Final = 30


@dataclass
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What it says of the file."""
        found: dict[str, Any] = json.loads(self.out)["files"][0]
        return found

    @property
    def error(self) -> dict[str, Any]:
        """What it says of its failure."""
        document = json.loads(self.out)
        found: dict[str, Any] = document.get("error") or document["files"][0]["error"]
        return found


@dataclass
class Case:
    """A project with a few leads, a file, and what its import leaves when nothing disturbs it.

    Attributes:
        home: folder of the project and of the file.
        rows: of a chunk; those of the command itself when None.
        cluster: where the databases are; SQLite files when None.
    """

    home: Path
    rows: int | None
    cluster: databases.Cluster | None = None
    name: str = "prepared"
    whole: Left = field(default_factory=Left)
    report: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    @property
    def file(self) -> Path:
        """The file that is imported."""
        return self.home / f"{SOURCE}.csv"

    @contextmanager
    def trial(self, state: Path | None = None) -> Iterator[Trial]:
        """Copy the prepared project's state, into a folder of the caller's if there is one."""
        self.number += 1
        folder = state or self.home / f"trial{self.number}"
        shutil.copytree(self.home / "prepared", folder, dirs_exist_ok=True)
        name = f"{self.name}_{self.number}"
        url = databases.sqlite_url(folder / "leadline.db")
        if self.cluster is not None:
            url = self.cluster.create_database(name, template=self.name)
        yield Trial(self, folder, url)
        if self.cluster is not None:
            self.cluster.drop_database(name)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Trial:
    """One copy of the state, and the command upon it."""

    case: Case
    state: Path
    url: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of the command."""
        return {
            "LEADLINE_HOME": str(self.case.home),
            "LEADLINE_STATE": str(self.state),
            "LEADLINE_DATABASE_URL": self.url,
        }

    @property
    def words(self) -> list[str]:
        """The words of the import."""
        return ["import", str(self.case.file), "--yes", "--json"]

    def left(self) -> Left:
        """Read what is in the database, which must be whole."""
        if self.case.cluster is None:
            check_file(self.state / "leadline.db")
        return read_left(self.url, source=SOURCE)

    def again(self, *, lang: str = "en", seconds: int = PATIENCE) -> Answer:
        """Import the file in this process."""
        words = (*self.words, "--lang", lang)
        return call(self.variables, *words, rows=self.case.rows, seconds=seconds)

    def start(self, *before: str, lang: str = "en", seconds: int = PATIENCE) -> Started:
        """Start an import in a process of its own, under a program such as strace."""
        program = [str(Path(sys.executable).with_name("leadline"))]
        if self.case.rows is not None:
            program = [sys.executable, "-m", "tests.small_command"]
            program += [str(self.case.rows), str(seconds)]
        return subprocess.Popen(
            [*before, *program, *self.words, "--lang", lang],
            cwd=ROOT,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def disturbed(self, name: str, how: str, *, lang: str = "en") -> Answer:
        """Import in a process of its own in which strace tampers with a system call."""
        options = ("-e", f"trace={name}", "-e", f"inject={name}:{how}")
        with self.start(*strace(*options), lang=lang) as process:
            out, err = process.communicate()
        return Answer(process.returncode, out, err)


Started = subprocess.Popen[str]


def strace(*options: str, output: str = "/dev/null") -> list[str]:
    """Return the words that run a program under strace."""
    return ["strace", "-f", "-qq", "-o", output, *options]


def call(
    variables: Mapping[str, str], *words: str, rows: int | None, seconds: int = PATIENCE
) -> Answer:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, variables),
        small(rows=rows, seconds=seconds),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = leadline(words)
    return Answer(code, out.getvalue(), err.getvalue())


def prepare(
    home: Path,
    *,
    count: int,
    rows: int | None,
    cluster: databases.Cluster | None = None,
    name: str = "prepared",
    is_new: bool = False,
) -> Case:
    """Make the project with its known leads, and import the file once undisturbed.

    Args:
        home: folder of the project.
        count: rows of the file.
        rows: of a chunk; those of the command itself when None.
        cluster: where the databases are made; SQLite files when None.
        name: of the database on it.
        is_new: whether nothing was imported before, so that there is not even a database.
    """
    create_project(home, demo=True)
    case = Case(home, rows, cluster, name)
    shutil.move(home / ".leadline", home / "prepared")
    write_rows(case.file, count)
    if not is_new:
        url = databases.sqlite_url(home / "prepared" / "leadline.db")
        if cluster is not None:
            url = cluster.create_database(name)
        earlier = write_earlier(home / "earlier.csv")
        variables = Trial(case, home / "prepared", url).variables
        answer = call(variables, "import", str(earlier), "--yes", "--json", rows=rows)
        assert answer.code == 0, answer.err
    with case.trial() as trial:
        answer = trial.again()
        assert answer.code == DIFFERENCES, answer.err
        case.report, case.whole = answer.report, trial.left()
        case.report["bytes"] = Path(case.report["quarantine"]).read_bytes()
    assert all(case.report[name] for name in COUNTS if name != "unchanged")
    assert is_new or case.whole.tables["import_changes"], "no known lead was changed"
    return case


def check_resumed(trial: Trial, *, is_repeated: bool = True) -> int | None:
    """Import the file again after a fault; returns the line from which that went on."""
    whole, before = trial.case.whole, trial.left()
    check_part(before, whole)
    for run_id, is_closed, _ in before.runs:
        if is_closed:
            path = trial.state / "quarantine" / f"{SOURCE}-{run_id}.csv"
            assert path.read_bytes() == trial.case.report["bytes"]
    answer = trial.again()
    assert answer.code == DIFFERENCES, answer.err
    after, report = trial.left(), answer.report
    check_equal(after, whole)
    _check_report(trial.case, report, before)
    assert after.runs[-1][1], "the run is not closed"
    if is_repeated:
        check_repeated(trial)
    line: int | None = report["resumed_from"]
    return line


def _check_report(case: Case, report: dict[str, Any], before: Left) -> None:
    """Check what an import says that went on with another, or came after it had ended."""
    is_over = any(is_closed for _, is_closed, _ in before.runs)
    if before.runs and not is_over:
        assert report["run"] == before.runs[-1][0]
        assert report["resumed_from"] == max(before.lines, default=None)
    else:
        assert report["resumed_from"] is None
    if is_over:
        _check_idle(case, report)
    else:
        assert {name: report[name] for name in COUNTS} == {
            name: case.report[name] for name in COUNTS
        }
    assert report["rejects"] == case.report["rejects"]
    assert Path(report["quarantine"]).read_bytes() == case.report["bytes"]
    assert not list(Path(report["quarantine"]).parent.glob(".*")), "a draft was left"


def check_repeated(trial: Trial) -> None:
    """Check that the file once more adds nothing."""
    answer = trial.again()
    assert answer.code == DIFFERENCES, answer.err
    _check_idle(trial.case, answer.report)
    check_equal(trial.left(), trial.case.whole)


def _check_idle(case: Case, report: dict[str, Any]) -> None:
    accepted, rejected = case.report["accepted"], case.report["rejected"]
    assert [report[name] for name in COUNTS] == [
        *(accepted + rejected, accepted, rejected),
        *(0, 0, accepted, 0),
    ]
