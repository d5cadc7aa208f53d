"""What the embedded clock makes of runs that look dead: those that are, and its own."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from leadline.cli import embedded
from leadline.clock import SystemClock
from leadline.stages import due_times as stage
from leadline.store.engine import DatabaseLocked
from tests.builders import an_owner, keep_schedules
from tests.clocks import Ledger
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.config.environment import Environment
    from leadline.stages import Workspace
    from tests.clocks import Taken

MINUTES = timedelta(minutes=5)


class Clock:
    """An embedded clock without its timers, over a project with one schedule."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.embedded = embedded.Embedded(environment)
        self.ledger = Ledger(environment)

    def claim(self, work: Workspace) -> stage.Claim:
        mine = stage.claim(work, "process_submissions", now=SystemClock().now(), clock="embedded")
        assert isinstance(mine, stage.Claim)
        return mine

    def set_lease(self, **values: object) -> None:
        work = self.embedded.live.refresh(SystemClock().now())
        words = ", ".join(f"{name} = :{name}" for name in values)
        with work.store.write() as connection:
            connection.execute(text(f"UPDATE due_times SET {words}"), values)  # noqa: S608 - names

    def row(self) -> Taken:
        (row,) = self.ledger.read()
        return row

    def alerts(self) -> int:
        work = self.embedded.live.refresh(SystemClock().now())
        with work.store.read() as connection:
            query = text("SELECT count(*) FROM outbox WHERE kind = 'alert'")
            return int(connection.execute(query).scalar_one())

    def wait(self) -> None:
        """Wait for what was started beside."""
        for thread in self.embedded._beside:
            thread.join()

    def start_anew(self) -> None:
        """Go on as the next process does."""
        self.embedded.live.close()
        self.embedded = embedded.Embedded(self.environment)
        self.embedded.mend()
        self.wait()

    def close(self) -> None:
        self.embedded.live.close()
        self.ledger.close()


@pytest.fixture
def clock(tmp_path: Path, database_url: str) -> Iterator[Clock]:
    # it was due some hours ago, so that it is not due again meanwhile
    due = SystemClock().now() - timedelta(hours=6)
    files = {"config/schedules.yaml": f"process_submissions: daily {due:%H:%M} UTC\n"}
    environment = a_project(tmp_path / "home", database_url, files=files)
    made = Clock(environment)
    work = made.embedded.live.refresh(SystemClock().now())
    keep_schedules(work.store, work.project, now=SystemClock().now() - timedelta(days=9))
    yield made
    made.close()


def test_own_run_whose_lease_ran_out_while_the_computer_slept_goes_on(clock: Clock) -> None:
    work = clock.embedded.live.refresh(SystemClock().now())
    mine = clock.claim(work)
    clock.embedded._claims.add((mine.flow, mine.due_at, mine.fence))
    clock.set_lease(leased_until=_stored(SystemClock().now() - MINUTES, work))
    clock.embedded.mend()
    assert (clock.row().state, clock.row().fence, clock.alerts()) == ("running", 1, 0)


def test_dead_run_whose_alert_could_not_be_written_is_told_and_run_later(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = clock.embedded.live.refresh(SystemClock().now())
    clock.claim(work)
    silent_since = _stored(SystemClock().now() - MINUTES, work)
    clock.set_lease(owner=str(an_owner()), leased_until=silent_since)

    def fail(*_: object, **__: object) -> None:
        raise DatabaseLocked(where="leadline.db", seconds=30)

    with monkeypatch.context() as patch:
        patch.setattr(embedded, "tell_admin", fail)
        with pytest.raises(DatabaseLocked):
            clock.embedded.mend()
    assert (clock.row().state, clock.alerts()) == ("running", 0)
    clock.embedded.mend()
    clock.wait()
    assert (clock.row().state, clock.row().fence, clock.alerts()) == ("completed", 2, 1)


def test_run_that_is_told_to_stop_alarms_nobody_and_is_gone_on_with(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_long(_: Workspace, __: datetime) -> None:
        clock.embedded._stopping.set()
        await asyncio.sleep(0)
        for cancel in list(clock.embedded._running.values()):
            cancel()
        await asyncio.sleep(60)

    with monkeypatch.context() as patch:
        patch.setitem(embedded.PLANS, "process_submissions", be_long)
        clock.embedded.run_due("process_submissions")
    assert (clock.row().state, clock.row().ending) == ("crashed", "Stopped")
    clock.start_anew()
    assert (clock.row().state, clock.row().fence, clock.alerts()) == ("completed", 2, 0)


def _stored(at: datetime, work: Workspace) -> object:
    is_text = work.environment.database_url.startswith("sqlite")
    return at.replace(tzinfo=None).isoformat(" ", "microseconds") if is_text else at
