"""The clock without Prefect: real processes under a clock of the test's own, killed at times."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from leadline.mail.sink import read_mailbox
from tests.clocks import FakeTime, Ledger, Program, project_variables, wait_until
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.config.environment import Environment
    from tests.clocks import Taken
    from tests.databases import Cluster

#: A Monday, 09:00 in Tokyo.
START = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FLOWS = (
    *("import_files", "process_submissions", "refresh_scores", "remove_old_runs"),
    "send_due_touches",
)
EVERY_MINUTE = "".join(f"{flow}: every minute\n" for flow in FLOWS)


class Machine:
    """A project, a time, and embedded clocks over it."""

    def __init__(self, folder: Path, database_url: str = "", schedules: str = EVERY_MINUTE) -> None:
        files = {"config/schedules.yaml": schedules}
        self.environment: Environment = a_project(folder / "home", database_url, files=files)
        self.ledger = Ledger(self.environment)
        self.time = FakeTime(folder / "now")
        self.time.set(START)
        variables = {**project_variables(self.environment), **self.time.variables}
        self.clocks = [
            Program(("-m", "leadline.cli.embedded"), variables, folder / f"clock{number}.log")
            for number in (1, 2)
        ]

    def taken(self) -> list[Taken]:
        return self.ledger.read()

    def ended(self, due_at: datetime) -> int:
        """Return how many flows are through with a due time; a crashed run is taken up again."""
        rows = [row for row in self.taken() if row.due_at == due_at]
        return sum(row.state not in {"running", "crashed"} for row in rows)

    def start(self, *clocks: Program) -> None:
        """Start clocks and wait until they are through with what is due at the start.

        A lease lasts by the test's own time: a flow that still ran would lose its lease when the
        next minute comes.
        """
        for clock in clocks:
            clock.start()
        wait_until(
            lambda: all("clock is running" in clock.said() for clock in clocks), "the clocks"
        )
        wait_until(lambda: self.ended(START) == len(FLOWS), "the first runs")

    def pass_minute(self, number: int) -> None:
        """Let one minute come, and wait until all flows are through with it.

        The time stands still meanwhile. It moves on a little when a clock died: whoever sees to
        that looks every ten seconds.
        """
        due_at = START + number * MINUTE
        for seconds in (1, 14, 27, 40, 53):
            self.time.set(due_at + timedelta(seconds=seconds))
            with suppress(AssertionError):
                wait_until(lambda: self.ended(due_at) == len(FLOWS), "a minute", patience=8)
                return
        here = [row for row in self.taken() if row.due_at == due_at]
        raise AssertionError(here, [clock.said() for clock in self.clocks])

    def close(self) -> None:
        """End whatever runs."""
        for clock in self.clocks:
            if clock.process is not None and clock.process.poll() is None:
                clock.kill()
        self.ledger.close()


@pytest.fixture
def machine(tmp_path: Path, database_url: str) -> Iterator[Machine]:
    made = Machine(tmp_path, database_url)
    yield made
    made.close()


@pytest.mark.timeout(600)
def test_two_clocks_run_each_of_250_due_times_once_though_either_is_killed(
    machine: Machine,
) -> None:
    chance = random.Random(3)  # noqa: S311 - repeatable moments
    first, second = machine.clocks
    machine.start(first, second)
    kills = 0
    for number in range(1, 51):
        if number % 12 == 0:  # at some moment of a due time's work
            machine.time.set(START + number * MINUTE)
            time.sleep(chance.uniform(0, 1.5))
            machine.clocks[kills % 2].kill()
            machine.clocks[kills % 2].start()
            kills += 1
        machine.pass_minute(number)
    rows = [row for row in machine.taken() if row.due_at > START]
    assert len(rows) == 50 * len(FLOWS) == 250
    assert {row.state for row in rows} == {"completed"}
    assert sum(row.missed_count for row in rows) == 0
    taken_again = sum(row.fence - 1 for row in rows)
    assert taken_again <= kills * len(FLOWS), "only what a killed clock was at is run again"
    assert len({row.owner for row in rows}) > kills, "both clocks had their share"


WORKDAY = """\
process_submissions: every minute
send_due_touches: every minute
import_files: daily 09:00 Asia/Tokyo
remove_old_runs: {when: "daily 06:00 Asia/Tokyo", catch_up: within 2h}
"""


def drop_leads(machine: Machine, name: str, *rows: str) -> None:
    inbox = machine.environment.home / "inbox"
    inbox.mkdir(exist_ok=True)
    header = "email,full_name,company,country,consent"
    (inbox / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    long_ago = (START - DAY).timestamp()  # it has been lying there
    os.utime(inbox / name, (long_ago, long_ago))


def rows_of(machine: Machine, flow: str, since: datetime) -> list[Taken]:
    return [row for row in machine.taken() if row.flow == flow and row.due_at >= since]


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_three_days_without_the_machine_are_one_run_per_flow(tmp_path: Path, end: str) -> None:
    machine = Machine(tmp_path, schedules=WORKDAY)
    clock, _ = machine.clocks
    try:
        clock.start()
        wait_until(lambda: len(rows_of(machine, "import_files", START)) == 1, "the first import")
        wait_until(lambda: {row.state for row in machine.taken()} == {"completed"}, "its end")
        getattr(clock, end)()
        drop_leads(machine, "waited.csv", "hanako@example.jp,Hanako Sato,Sato KK,JP,yes")
        back = START + 3 * DAY + timedelta(hours=3, seconds=20)
        machine.time.set(back)
        clock.start()
        wait_until(
            lambda: (
                sum(row.state == "completed" for row in machine.taken() if row.due_at > START) == 3
            ),
            "one run of each flow",
        )
        (import_run,) = rows_of(machine, "import_files", START + DAY)
        assert (import_run.due_at, import_run.missed_count) == (START + 3 * DAY, 2)
        for flow in ("process_submissions", "send_due_touches"):
            (run,) = rows_of(machine, flow, START + DAY)
            assert run.missed_count == 3 * 24 * 60 + 180 - 1
        (skipped,) = rows_of(machine, "remove_old_runs", START + DAY)
        assert (skipped.state, skipped.due_at) == ("skipped", START + 3 * DAY - 3 * HOUR)
        assert "2 earlier time(s) since 2026-11-17 09:00 JST missed" in clock.said()
        assert "1 of 1 rows of 1 file(s)" in clock.said()
    finally:
        machine.close()


def test_three_days_without_the_database_are_one_run_per_flow(
    tmp_path: Path, postgresql: Cluster
) -> None:
    name = "leadline_away"
    machine = Machine(tmp_path, postgresql.create_database(name), schedules=WORKDAY)
    clock, _ = machine.clocks
    try:
        clock.start()
        wait_until(lambda: len(rows_of(machine, "import_files", START)) == 1, "the first import")
        wait_until(lambda: {row.state for row in machine.taken()} == {"completed"}, "its end")
        machine.ledger.close()
        postgresql.take_away(name)
        for day in (1, 2, 3):
            before = clock.said().count("cannot be reached")
            machine.time.set(START + day * DAY + timedelta(seconds=20))
            wait_until(
                lambda before=before: clock.said().count("cannot be reached") > before,  # type: ignore[misc]
                "a word about the database",
            )
        assert clock.process is not None
        assert clock.process.poll() is None
        postgresql.give_back(name)
        machine.time.set(START + 3 * DAY + timedelta(seconds=45))
        wait_until(
            lambda: (
                sum(row.state == "completed" for row in machine.taken() if row.due_at > START) == 3
            ),
            "one run of each flow",
        )
        assert {row.missed_count for row in machine.taken() if row.due_at > START + DAY} >= {2}
    finally:
        machine.close()
        postgresql.drop_database(name)


def test_wrong_edit_leaves_the_last_good_schedules_running(machine: Machine) -> None:
    clock, _ = machine.clocks
    machine.start(clock)
    table = machine.environment.home / "config" / "schedules.yaml"
    table.write_text("import_files: ever minute\n", encoding="utf-8")
    wait_until(lambda: "going on with the last good configuration" in clock.said(), "the fault")
    machine.pass_minute(1)
    mended = "import_files: every minute\n"
    table.write_text(mended, encoding="utf-8")
    wait_until(lambda: machine.ledger.read_schedules() == mended, "the new schedules")
    for number in (2, 3):
        machine.time.set(START + number * MINUTE + timedelta(seconds=1))
        wait_until(lambda due=START + number * MINUTE: machine.ended(due) >= 1, "a run")  # type: ignore[misc]
    later = {row.flow for row in machine.taken() if row.due_at > START + MINUTE}
    assert later == {"import_files"}


def test_clock_that_is_told_to_stop_ends_with_code_0(machine: Machine) -> None:
    clock, _ = machine.clocks
    clock.start()
    wait_until(lambda: "clock is running" in clock.said(), "the clock")
    assert clock.stop() == 0, clock.said()


def test_admin_is_told_of_a_run_that_needs_a_person(machine: Machine) -> None:
    drop_leads(machine, "mixed.csv", "hanako@example.jp,Hanako Sato,Sato KK,JP,yes", "nobody,,,,")
    clock, _ = machine.clocks
    machine.start(clock)
    for number in (1, 2):
        machine.pass_minute(number)
    mails = read_mailbox(machine.environment.state / "mailbox")
    (told,) = [mail for mail in mails if mail.recipient == "admin@example.com"]
    assert "import_files" in told.subject
    (row,) = [row for row in machine.taken() if row.ending == "Attention"]
    assert row.flow == "import_files"
