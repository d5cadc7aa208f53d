"""The `leadline` command as tests call it: a project folder, words, and what came back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from leadline.cli import main
from leadline.config.folder import create_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

#: A Tuesday morning on the west coast of the United States: the first lead may be written to.
NOW: Final = "2026-11-24T18:00:00+00:00"
#: When the leads arrive that a command looks at by `NOW`.
ARRIVED: Final = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
HEADER: Final = "Email,Full Name,Company,Job Title,Phone,Country,State,Employees,Opt-in,Message"
#: Four leads and two rows that are none; one company would be a formula, one mail is wanted.
ROWS: Final = (
    (
        "lauren.anderson@ramirez.example,Lauren Anderson,Ramirez Group,CEO,+1 206-555-0183,"
        "United States,Washington,1200,Yes,Please send a quote"
    ),
    (
        'marcus.morgan@gutierrez.example,Marcus Morgan,"=HYPERLINK(""http://x.example"")",'
        "IT Manager,+1 415-555-0182,United States,California,50,No,"
    ),
    "mituru.suzuki@ikeda.example,鈴木 充,池田鉱業合同会社,部長,06-1654-4579,日本,東京都,300,Yes,",
    "paul.perez@harper.example,Paul Perez,Harper and Wade,VP Marketing,,France,,20,Yes,Hello",
    "not-an-address,Susan Moreno,Harris and Sons,,,United States,Texas,10,Yes,",
    ",,,,,,,,,",
)


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class CommandLine:
    """A project folder, and the command in this process with its environment."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Point the environment at a folder, which need not be there."""
        self.home = home
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.set("LEADLINE_HOME", str(home))
        self.set("LEADLINE_LANG", "en")

    @property
    def database(self) -> Path:
        """The project's SQLite file."""
        return self.home / ".leadline" / "leadline.db"

    def set(self, name: str, value: str) -> None:
        """Set an environment variable for the rest of the test."""
        self._monkeypatch.setenv(name, value)

    def __call__(self, *words: object) -> Answer:
        """Run one command line."""
        self._capsys.readouterr()
        code = main([str(word) for word in words])
        said = self._capsys.readouterr()
        return Answer(code, said.out, said.err)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        """Change the database behind the product's back."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement)

    def file(self, name: str, *lines: str) -> Path:
        """Write a text file into the project folder."""
        path = self.home / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path


def a_project(folder: Path) -> Path:
    """Make the demo project with a file of its own leads, `leads.csv`."""
    home = folder / "project"
    create_project(home, demo=True)
    lines = "".join(f"{line}\n" for line in (HEADER, *ROWS))
    (home / "leads.csv").write_text(lines, encoding="utf-8")
    return home


def a_copy(home: Path, folder: Path) -> Path:
    """Copy a prepared project, so that a test may change it."""
    return shutil.copytree(home, folder / "copy")
