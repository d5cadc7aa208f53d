"""The long-lived flow: what arrives is taken through, whatever goes wrong meanwhile."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import text

from flows.watch import Watching, watch, watch_until
from leadline.clock import SystemClock
from leadline.mail.sink import read_mailbox
from leadline.stages import open_workspace
from leadline.store.submissions import Arrival, add_submissions
from tests.builders import keep_schedules
from tests.factories import NOW, a_project, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from prefect.client.schemas.objects import State

    from leadline.config.environment import Environment

pytestmark = pytest.mark.usefixtures("prefect_engine")
AT: Final = NOW.isoformat()
WRONG: Final = "touches_a_day: 1\n"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return a_project(tmp_path / "home")


def post(environment: Environment, key: str) -> None:
    form = {"full_name": "Lauren Anderson", "email": f"{key}@a.example", "company": "Anderson"}
    with open_workspace(environment, now=NOW) as work, work.store.write() as connection:
        add_submissions(connection, [Arrival("form:contact", key, "form", form)], now=NOW)


def break_configuration(environment: Environment) -> None:
    (environment.home / "config" / "sending.yaml").write_text(WRONG, encoding="utf-8")


async def end_of_watch(*, for_seconds: float) -> State[Any]:
    state: State[Any] = await watch(now=AT, for_seconds=for_seconds, return_state=True)
    return state


def leads(environment: Environment) -> int:
    with open_workspace(environment, now=NOW) as work:
        return len(rows_of(work, "leads"))


async def test_watch_takes_a_submission_to_the_reps_mailbox(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(environment.home))
    post(environment, "one")

    async def post_later() -> None:
        await asyncio.sleep(2.0)
        post(environment, "two")

    state, _ = await asyncio.gather(end_of_watch(for_seconds=6.0), post_later())
    assert (state.name, state.message) == ("Completed", "2 pass(es), 0 failed")
    assert len(read_mailbox(environment.state / "mailbox")) == 2


async def test_watch_is_idle_when_nothing_arrived(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(environment.home))
    assert (await end_of_watch(for_seconds=0.5)).name == "Idle"


async def test_wrong_edit_leaves_the_last_good_configuration_at_work(
    environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    watching = Watching(environment, AT)
    try:
        post(environment, "one")
        await watching.look()
        post(environment, "two")
        break_configuration(environment)
        with caplog.at_level(logging.WARNING, "leadline"):
            async with asyncio.timeout(60):
                while "going on with the last good configuration" not in caplog.text:
                    assert await watching.look() == 1.0
                    await asyncio.sleep(0.2)
    finally:
        watching.close()
    assert (watching.passes, watching.failures) == (2, 0)


async def test_wrong_configuration_from_the_start_is_waited_out(environment: Environment) -> None:
    post(environment, "one")
    good = (environment.home / "config" / "sending.yaml").read_text(encoding="utf-8")
    break_configuration(environment)
    watching = Watching(environment, AT)
    try:
        assert [await watching.look(), await watching.look()] == [2.0, 4.0]
        (environment.home / "config" / "sending.yaml").write_text(good, encoding="utf-8")
        assert await watching.look() == 1.0
    finally:
        watching.close()
    assert leads(environment) == 1


def rename(environment: Environment, table: str, name: str) -> None:
    with open_workspace(environment, now=NOW) as work, work.store.write() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_failed_pass_is_tried_again_longer_each_time(environment: Environment) -> None:
    post(environment, "one")
    rename(environment, "rule_sets", "away")
    watching = Watching(environment, AT)
    try:
        assert [await watching.look(), await watching.look()] == [2.0, 4.0]
        rename(environment, "away", "rule_sets")
        assert await watching.look() == 1.0
    finally:
        watching.close()
    assert (watching.passes, watching.failures) == (3, 2)
    assert len(read_mailbox(environment.state / "mailbox")) == 1


async def test_watch_that_is_told_to_stop_ends_by_itself(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(environment.home))
    stop = asyncio.Event()
    running = asyncio.create_task(watch_until(stop, lambda _line: None))
    await asyncio.sleep(1.0)
    assert not running.done()
    stop.set()
    await asyncio.wait_for(running, 60)


async def test_watch_tells_the_admin_of_a_schedule_that_no_clock_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"config/schedules.yaml": "import_files: every minute\n"}
    environment = a_project(tmp_path / "home", files=files)
    monkeypatch.setenv("LEADLINE_HOME", str(environment.home))
    with open_workspace(environment, now=NOW) as work:
        now = SystemClock().now()
        keep_schedules(work.store, work.project, now=now - timedelta(hours=1))
    for _ in range(2):
        assert (await watch(for_seconds=2.0, return_state=True)).is_completed()
    (mail,) = read_mailbox(environment.state / "mailbox")
    assert "import_files" in mail.subject
