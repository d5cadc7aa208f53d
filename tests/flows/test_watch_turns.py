"""The runs of the watch in a work pool: one at a time, and the next one follows at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.flow_engine import run_flow_async
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Pending, Scheduled
from prefect.utilities.engine import propose_state

from flows import due_times
from flows.run import STOP
from flows.watch import Turn, Watching, keep_watching, watch
from leadline.clock import SystemClock
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient

    from leadline.config.environment import Environment

pytestmark = pytest.mark.usefixtures("prefect_engine")
NOBODY: Final = "http://127.0.0.1:9/api"
NOW: Final = timedelta(0)
HOUR: Final = timedelta(hours=1)


@dataclass
class Pool:
    """The deployment of the watch on a server, and what its schedule and its worker do."""

    client: PrefectClient
    deployment: UUID

    async def plan(self, after: timedelta) -> UUID:
        """Plan a run as a schedule does."""
        planned = await self.client.create_flow_run_from_deployment(
            self.deployment,
            state=Scheduled(scheduled_time=SystemClock().now() + after),
            tags=["auto-scheduled"],
        )
        return planned.id

    async def take_up(self, run: UUID) -> None:
        """Ask for the slot, as a worker does before it starts a process."""
        await propose_state(self.client, Pending(), flow_run_id=run)

    async def state(self, run: UUID) -> str:
        return (await self.client.read_flow_run(run)).state_name or ""

    async def scheduled(self, run: UUID) -> due_times.Scheduled:
        return due_times.Scheduled("watch", await self.client.read_flow_run(run))


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with get_client() as client:
        made = await client.create_deployment(
            await client.create_flow_from_name(watch.name),
            watch.name,
            concurrency_limit=1,
            concurrency_options=ConcurrencyOptions(
                collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
            ),
        )
        yield Pool(client, made)
        await client.delete_deployment(made)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return a_project(tmp_path / "home")


async def test_first_watch_after_a_pause_cancels_those_that_piled_up(
    pool: Pool, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(environment.home))
    first, second, third, ahead = [await pool.plan(hours * HOUR) for hours in (-3, -2, -1, 1)]
    for run in (first, second):
        await pool.take_up(run)
    assert await pool.state(second) == "AwaitingConcurrencySlot"
    at_once = asyncio.Event()
    at_once.set()
    STOP.set(at_once)
    await run_flow_async(watch, flow_run=await pool.client.read_flow_run(first))
    ended = [await pool.state(run) for run in (first, second, third, ahead)]
    assert ended == ["Idle", "Cancelled", "Cancelled", "Scheduled"]


async def test_watch_goes_on_until_a_worker_waits_with_the_next_run(
    pool: Pool, environment: Environment
) -> None:
    first = await pool.plan(NOW)
    await pool.take_up(first)
    following = await pool.plan(timedelta(seconds=1))
    turn = Turn(await pool.scheduled(first), "en", look_every=0.2)
    running = asyncio.create_task(
        keep_watching(Watching(environment, None), turn, for_seconds=3600)
    )
    await asyncio.sleep(2.5)
    assert not running.done(), "the next one is due, but no worker is there for it"
    await pool.take_up(following)
    await asyncio.wait_for(running, 60)


async def test_server_that_is_away_does_not_end_the_watch(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    turn = Turn(await pool.scheduled(await pool.plan(NOW)), "en", look_every=0.0)
    with temporary_settings({PREFECT_API_URL: NOBODY, PREFECT_CLIENT_MAX_RETRIES: 0}):
        await turn.begin()
        assert not await turn.is_over()
    assert "nobody knows whether the next watch waits" in caplog.text
