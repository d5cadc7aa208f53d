"""Clocks as real processes that live in a time of the test's own, and the ledger they write to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from leadline.store import schema
from leadline.store.engine import open_store
from leadline.store.stage_batches import find_live_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from leadline.config.environment import Environment

_TIMED: Final = Path(__file__).parent / "timed"
PATIENCE: Final = 60.0


@dataclass
class FakeTime:
    """A wall clock of a test's own, at which whole processes look."""

    file: Path

    def set(self, at: datetime) -> None:
        """Let it be `at` everywhere."""
        self._write(at.isoformat())

    def set_ahead(self, ahead: timedelta) -> None:
        """Let programs be ahead of the real time, or behind it, and go on from there."""
        self._write(f"+{ahead.total_seconds()}")

    def _write(self, words: str) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(words, encoding="ascii")
        fresh.replace(self.file)  # nobody reads half a time

    @property
    def variables(self) -> dict[str, str]:
        """Return what puts a program, and those that it starts, under this clock."""
        return {"PYTHONPATH": str(_TIMED), "LEADLINE_TESTS_TIME": str(self.file)}


@dataclass
class Program:
    """A program of ours in a process group of its own, with a log."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it, or start it again."""
        with self.log.open("ab") as words:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                env={**os.environ, **self.variables},
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL it with everything that it started."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 40) -> int:
        """Ask it to end; returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(1)
            raise AssertionError("it does not end", self.said()) from None

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text("utf-8") if self.log.exists() else ""


def project_variables(environment: Environment) -> dict[str, str]:
    """Return what a program needs to find a project."""
    return {
        "LEADLINE_HOME": str(environment.home),
        "LEADLINE_DATABASE_URL": environment.database_url,
        "LEADLINE_SMTP_URL": environment.smtp_url,
    }


@dataclass(frozen=True)
class Taken:
    """One row of the ledger of due times."""

    flow: str
    due_at: datetime
    state: str
    ending: str | None
    clock: str
    owner: str
    fence: int
    missed_count: int
    skip_reason: str | None
    flow_run_id: str | None

    @property
    def pid(self) -> int:
        """Return the number of the process that took it last."""
        return int(self.owner.split("|")[2])


class Ledger:
    """The due times that were taken, as the database has them."""

    def __init__(self, environment: Environment) -> None:
        """Open the database of a project; `close` gives it back."""
        self._store = open_store(environment.database_url, pepper=environment.pepper)
        self.close = self._store.close

    def read(self) -> list[Taken]:
        """Return every row, by flow and time."""
        table = schema.due_times
        columns = (table.c[name] for name in Taken.__dataclass_fields__)
        with self._store.read() as connection:
            query = select(*columns).order_by(table.c.flow, table.c.due_at)
            return [Taken(*row) for row in connection.execute(query)]

    def read_schedules(self) -> str:
        """Return `schedules.yaml` as the newest configuration in use has it."""
        with self._store.read() as connection:
            files = find_live_files(connection)
        return str(files["config"]["schedules.yaml"]) if files else ""


def wait_until(holds: Callable[[], bool], what: str, *, patience: float = PATIENCE) -> None:
    """Wait for something that other processes bring about."""
    ends_at = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < ends_at, f"still waiting: {what}"
        time.sleep(0.1)
