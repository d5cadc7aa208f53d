"""Fixtures of several modules; each says in its own `made` what project they start from."""

from __future__ import annotations

from shutil import copytree
from typing import TYPE_CHECKING

import pytest
import time_machine

from leadline.config.environment import read_environment
from leadline.stages import open_workspace
from tests.builders import NOW
from tests.command_line import ARRIVED, CommandLine, a_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace


@pytest.fixture(scope="module")
def before_now() -> Iterator[None]:
    """Let a module's commands run a little before `tests.command_line.NOW`, whatever day it is."""
    with time_machine.travel(ARRIVED):
        yield


@pytest.fixture
def command(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """Give the command line of a copy of the project that the module has made."""
    return CommandLine(a_copy(made, tmp_path), monkeypatch, capsys)


@pytest.fixture
def work(request: pytest.FixtureRequest, made: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Open a copy of the project that the module has made; on PostgreSQL if a test asks for it."""
    home = copytree(made, tmp_path / "home")
    is_sqlite = getattr(request, "param", "sqlite") == "sqlite"
    url = "" if is_sqlite else request.getfixturevalue("postgresql_url")
    environment = read_environment({"LEADLINE_HOME": str(home), "LEADLINE_DATABASE_URL": url})
    with open_workspace(environment, now=NOW) as opened:
        yield opened
