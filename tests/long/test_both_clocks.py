"""Prefect's clock and the embedded one over one database: real processes, each job once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from leadline.cli.prefect_server import launch_server, stop_process
from leadline.clock import SystemClock
from leadline.store.engine import open_store
from tests.clocks import FakeTime, Ledger, Program, project_variables, wait_until
from tests.factories import a_project
from tests.prefect_api import ask
from tests.prefect_clock import STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.config.environment import Environment
    from tests.clocks import Taken

pytestmark = [pytest.mark.xdist_group("machines"), pytest.mark.timeout(900)]
FLOWS = (
    *("import_files", "process_submissions", "refresh_scores", "remove_old_runs"),
    "send_due_touches",
)
EVERY_MINUTE = "".join(f"{flow}: every minute\n" for flow in FLOWS)
MINUTE = timedelta(minutes=1)
MINUTES = 50
KILL_EVERY = 7
EMBEDDED_FIRST_EVERY = 4
ROWS = 5
HEADER = "email,full_name,company,country,consent"


class House:
    """A project, its Prefect server in real time, and both clocks in a time of the test's own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.environment: Environment = a_project(
            folder / "home", database_url, files={"config/schedules.yaml": EVERY_MINUTE}
        )
        # behind the server's time, so that it holds no run back
        self.start = (SystemClock().now() - timedelta(days=3)).replace(second=0, microsecond=0)
        self.ledger = Ledger(self.environment)
        self.times = (FakeTime(folder / "now-prefect"), FakeTime(folder / "now-embedded"))
        self.set_time(self.start)
        self.server = launch_server(self.environment)
        of_prefect, of_embedded = (
            {**project_variables(self.environment), **each.variables} for each in self.times
        )
        self.embedded = Program(
            ("-m", "leadline.cli.embedded"), of_embedded, folder / "embedded.log"
        )
        self.prefect = Program(
            ("-m", "tests.prefect_clock"),
            {**self.server.settings, **of_prefect},
            folder / "prefect.log",
        )
        self.dead: set[str] = set()
        self.killed: set[int] = set()

    @property
    def clocks(self) -> tuple[Program, Program]:
        return self.prefect, self.embedded

    def deploy(self) -> None:
        """Do what `leadline deploy` does, and have the server plan the runs of the test's hour.

        Prefect plans runs of the past as it plans those to come: with the same code, which marks
        them as planned by itself.
        """
        subprocess.run(
            [sys.executable, "-m", "deployments.deploy"],
            env={**os.environ, **self.server.settings, **project_variables(self.environment)},
            check=True,
            capture_output=True,
        )
        for flow in FLOWS:
            name = f"leadline-{flow.replace('_', '-')}"
            found = self.ask("GET", f"deployments/name/{name}/{name}")
            self.ask(
                "POST",
                f"deployments/{found['id']}/schedule",
                start_time=(self.start + MINUTE).isoformat(),
                end_time=(self.start + MINUTES * MINUTE).isoformat(),
                min_runs=MINUTES,
                max_runs=MINUTES,
            )

    def set_time(self, at: datetime, *, pause: float = 0.0) -> None:
        """Let it be `at`, for one clock a moment earlier than for the other.

        Args:
            at: the time.
            pause: seconds by which the embedded clock is behind; Prefect's when negative.
        """
        first, second = self.times if pause >= 0 else reversed(self.times)
        first.set_ahead(at - SystemClock().now())
        time.sleep(abs(pause))
        second.set_ahead(at - SystemClock().now())

    def ask(self, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        return ask(method, f"{self.server.api_url}/{path}", body)

    def planned(self, until: datetime, **state: list[str]) -> list[dict[str, Any]]:
        """Return the runs that Prefect planned for up to a time of the test's hour."""
        chosen: dict[str, Any] = {"expected_start_time": {"before_": until.isoformat()}}
        if state:
            chosen["state"] = {"type": state}
        return [
            run
            for offset in (0, 200)
            for run in self.ask(
                "POST", "flow_runs/filter", flow_runs=chosen, limit=200, offset=offset
            )
        ]

    def runs_with_tasks(self) -> set[str]:
        """Return the runs in which a task began, so that they did work."""
        found: set[str] = set()
        for offset in range(0, 4000, 200):
            page = self.ask("POST", "task_runs/filter", limit=200, offset=offset)
            found |= {each["flow_run_id"] for each in page}
            if len(page) < 200:
                break
        return found

    def starts(self, clock: Program) -> int:
        """Return how often a clock has said that it runs."""
        return clock.said().count(STARTED if clock is self.prefect else "clock is running")

    def drop_leads(self, number: int) -> None:
        """Put a file into the inbox, as if it had been there for long."""
        inbox = self.environment.home / "inbox"
        inbox.mkdir(exist_ok=True)
        rows = [f"a{number}n{row}@example.com,Pat Lee,Acme Inc,US,yes" for row in range(ROWS)]
        file = inbox / f"file{number}.csv"
        file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        long_ago = (self.start - timedelta(days=1)).timestamp()
        os.utime(file, (long_ago, long_ago))

    def due_at(self, number: int) -> datetime:
        return self.start + number * MINUTE

    def taken(self, number: int) -> list[Taken]:
        """Return what the clocks took of a minute."""
        return [row for row in self.ledger.read() if row.due_at == self.due_at(number)]

    def is_over(self, number: int) -> bool:
        """Tell whether both clocks are through with a minute, but for runs that were killed."""
        rows = self.taken(number)
        ended = [row for row in rows if row.state != "running" or row.pid in self.killed]
        if {row.flow for row in ended} != set(FLOWS):
            return False
        alive = self.planned(self.due_at(number), any_=["SCHEDULED", "PENDING", "RUNNING"])
        return {run["id"] for run in alive} <= self.dead

    def pass_minute(self, number: int, pause: float) -> None:
        """Let a minute come, and wait until both clocks are through with it.

        It jumps a little when a clock died: whoever sees to that looks every ten seconds.
        """
        for seconds in (1, 14, 27, 40, 53):
            self.set_time(self.due_at(number) + timedelta(seconds=seconds), pause=pause)
            with suppress(AssertionError):
                wait_until(lambda: self.is_over(number), "a minute", patience=10)
                return
        raise AssertionError(self.taken(number), [clock.said()[-3000:] for clock in self.clocks])

    def let_embedded_begin(self, number: int) -> None:
        """Let the embedded clock take something of a minute before Prefect's clock looks.

        It sleeps until it is due by the computer's clock, and notices a jump of the time later.
        """
        _, of_embedded = self.times
        of_embedded.set_ahead(self.due_at(number) + timedelta(seconds=1) - SystemClock().now())
        with suppress(AssertionError):
            wait_until(lambda: bool(self.taken(number)), "its work", patience=12)

    def kill_at_work(
        self, clock: Program, number: int, chance: random.Random
    ) -> set[tuple[str, datetime]]:
        """Kill a clock some moment after its minute came; returns what it was at."""
        assert clock.process is not None
        pid = clock.process.pid
        is_first = 1 if clock is self.prefect else -1
        self.set_time(self.due_at(number) + timedelta(seconds=1), pause=0.5 * is_first)
        with suppress(AssertionError):
            wait_until(
                lambda: any(row.pid == pid for row in self.taken(number)), "its work", patience=2
            )
        time.sleep(chance.uniform(0, 0.3))
        os.killpg(pid, signal.SIGSTOP)  # it stays at what it is at, while we look
        looks = [self.taken(number)]
        clock.kill()
        self.killed.add(pid)
        looks.append(self.taken(number))
        if clock is self.prefect:
            left = self.planned(self.due_at(number), any_=["PENDING", "RUNNING"])
            self.dead |= {run["id"] for run in left}
        told = self.starts(clock)
        clock.start()
        wait_until(lambda: self.starts(clock) > told, "the clock's return")
        return {
            (row.flow, row.due_at)
            for rows in looks
            for row in rows
            if row.pid == pid and row.state == "running"
        }

    def close(self) -> None:
        for clock in self.clocks:
            if clock.process is not None and clock.process.poll() is None:
                clock.kill()
        assert self.server.process is not None
        stop_process(self.server.process)
        self.ledger.close()


@pytest.fixture
def house(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for service in ("LATE_RUNS", "SCHEDULER", "TRIGGERS"):  # they look at the real time
        monkeypatch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
    made = House(tmp_path, postgresql_url)
    yield made
    made.close()


def count(environment: Environment, query: str) -> int:
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        with store.read() as connection:
            return int(connection.execute(text(query)).scalar_one())
    finally:
        store.close()


def test_prefect_and_the_embedded_clock_run_each_of_250_due_times_once_though_either_is_killed(
    house: House,
) -> None:
    chance = random.Random(3)  # noqa: S311 - repeatable moments
    house.deploy()
    for clock in house.clocks:
        clock.start()
    wait_until(lambda: all(map(house.starts, house.clocks)), "both clocks")
    at: set[tuple[str, datetime]] = set()
    kills = 0
    for number in range(1, MINUTES + 1):
        house.drop_leads(number)
        if number % KILL_EVERY == 0:
            at |= house.kill_at_work(house.clocks[kills % 2], number, chance)
            kills += 1
        elif number % EMBEDDED_FIRST_EVERY == 0:
            house.let_embedded_begin(number)
        house.pass_minute(number, chance.uniform(-0.2, 0.2))
    rows = [row for row in house.ledger.read() if row.due_at > house.start]
    assert len(rows) == len({(row.flow, row.due_at) for row in rows}) == MINUTES * len(FLOWS)
    # a run of Prefect's that died is Prefect's to mend for a minute: then the next has done it
    crashed = {(row.flow, row.due_at) for row in rows if row.state != "completed"}
    assert crashed <= at
    assert {row.state for row in rows} <= {"completed", "crashed"}
    assert sum(row.missed_count for row in rows) == 0
    assert {(row.flow, row.due_at) for row in rows if row.fence > 1} <= at
    assert sum(row.fence - 1 for row in rows) <= len(at)
    shares = [sum(row.clock == clock for row in rows) for clock in ("prefect", "embedded")]
    assert min(shares) > 0, "both clocks had their share"

    mine = {row.flow_run_id for row in rows if row.clock == "prefect" and row.state == "completed"}
    runs = {run["id"]: run for run in house.planned(house.due_at(MINUTES))}
    # beside them are those that were started because others died
    assert sum(run["auto_scheduled"] for run in runs.values()) == MINUTES * len(FLOWS)
    assert {runs[id_]["state_type"] for id_ in mine} == {"COMPLETED"}
    second = runs.keys() - mine - house.dead
    assert {runs[id_]["state_name"] for id_ in second} == {"Idle"}
    assert not second & house.runs_with_tasks(), "whoever came second did nothing"
    for table in ("leads", "submissions"):
        assert count(house.environment, f"SELECT count(*) FROM {table}") == MINUTES * ROWS  # noqa: S608
