"""What is started because a process died or no clock began, and what people decided against."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Running

from flows.due_times import cancel_planned, mend_left
from leadline.clock import SystemClock
from leadline.domain.due_times import ON_TIME
from leadline.domain.endings import IDLE
from leadline.stages import due_times as stage
from leadline.store import due_times
from tests.builders import keep_schedules
from tests.factories import a_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun, State

    from leadline.stages import Workspace

FLOW: Final = "import_files"
NAME: Final = "leadline-import-files"
AGO: Final = timedelta(minutes=10)
#: Days since the last due time: no instant that a test looks at lies on the other side of one.
SINCE_DUE: Final = timedelta(days=3)
SUPERSEDED: Final = (
    "superseded: the run import_files 2026-11-20 09:00:00 JST does its work too",
    "実行 import_files 2026-11-20 09:00:00 JST がまとめて処理するため不要",
)


def due_weekday() -> str:
    """Return the weekday in Tokyo whose 09:00 passed some days ago, whenever this runs."""
    return f"{(SystemClock().now() - SINCE_DUE).astimezone(ZoneInfo('Asia/Tokyo')):%A}"


@dataclass(frozen=True)
class Deployed:
    """The flow's deployment on a real server, as people and the server's pages see it."""

    client: PrefectClient
    id: UUID

    async def pause(self) -> None:
        await self.client.pause_deployment(self.id)

    async def resume(self) -> None:
        await self.client.resume_deployment(self.id)

    async def switch(self, *, active: bool) -> None:
        """Use the switch beside the schedule."""
        [schedule] = await self.client.read_deployment_schedules(self.id)
        await self.client.update_deployment_schedule(self.id, schedule.id, active=active)

    async def plan(self, at: datetime) -> FlowRun:
        """Have the server plan the run of one due time, as its scheduler does."""
        soon = timedelta(seconds=1)
        body = {"start_time": (at - soon).isoformat(), "end_time": (at + soon).isoformat()}
        path: Any = f"/deployments/{self.id}/schedule"
        await self.client.request("POST", path, json=body | {"min_runs": 0, "max_runs": 1})
        [run] = [each for each in await self._runs() if each.expected_start_time == at]
        assert run.auto_scheduled
        return run

    async def cancel(self, run: FlowRun) -> None:
        """Cancel a run as the pages do."""
        await self.client.set_flow_run_state(run.id, Cancelling())

    async def begin(self) -> FlowRun:
        """Make a run that is under way."""
        run = await self.client.create_flow_run_from_deployment(self.id)
        await self.client.set_flow_run_state(run.id, Running(), force=True)
        return run

    async def started(self) -> list[FlowRun]:
        """Return the runs that were started in the place of others."""
        keyed = [(run.idempotency_key or "", run) for run in await self._runs()]
        return [run for key, run in keyed if key.startswith("leadline-mends-")]

    async def _runs(self) -> list[FlowRun]:
        chosen = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[self.id]))
        return await self.client.read_flow_runs(flow_run_filter=chosen)


@pytest.fixture
async def deployed(prefect_engine: None) -> AsyncIterator[Deployed]:
    assert prefect_engine is None
    async with get_client() as client:
        flow_id = await client.create_flow_from_name(NAME)
        weekly = CronSchedule(cron=f"0 9 * * {due_weekday()[:3].lower()}", timezone="Asia/Tokyo")
        schedules = [DeploymentScheduleCreate(schedule=weekly, active=True)]
        made = Deployed(client, await client.create_deployment(flow_id, NAME, schedules=schedules))
        yield made
        await client.delete_deployment(made.id)


@pytest.fixture
def work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Workspace]:
    """Give a project whose last due time nobody has taken; nothing may fail in silence."""
    now = SystemClock().now()
    files = {"config/schedules.yaml": f"{FLOW}: every {due_weekday()} 09:00 Asia/Tokyo\n"}
    with a_workspace(tmp_path / "home", now=now, files=files) as opened:
        keep_schedules(opened.store, opened.project, now=now - timedelta(days=30))
        yield opened
    assert not [each for each in caplog.records if each.name == "leadline.due_times"]


def due_at(work: Workspace) -> datetime:
    return stage.list_waiting(work, now=SystemClock().now() - ON_TIME)[FLOW]


async def died(work: Workspace, deployed: Deployed) -> FlowRun:
    """Take the due time by a run of which nothing was heard for minutes."""
    run = await deployed.begin()
    then = SystemClock().now() - AGO
    mine = await asyncio.to_thread(
        stage.claim, work, FLOW, now=then, clock="prefect", flow_run_id=str(run.id)
    )
    assert isinstance(mine, stage.Claim)
    return run


def row_of(work: Workspace) -> tuple[str, str | None]:
    """Return state and ending of the due time that was taken."""
    with work.store.read() as connection:
        row = due_times.list_last(connection, now=SystemClock().now())[FLOW]
    return row.state, row.ending


async def test_due_time_that_nothing_took_is_started_once(
    work: Workspace, deployed: Deployed
) -> None:
    await mend_left(work)
    await mend_left(work)
    assert len(await deployed.started()) == 1


async def test_paused_deployment_is_left_alone_until_it_is_resumed(
    work: Workspace, deployed: Deployed
) -> None:
    await deployed.pause()
    await mend_left(work)
    assert await deployed.started() == []
    await deployed.resume()
    await mend_left(work)
    assert len(await deployed.started()) == 1


async def test_schedule_that_was_switched_off_starts_nothing_until_it_is_on(
    work: Workspace, deployed: Deployed
) -> None:
    await deployed.switch(active=False)
    await mend_left(work)
    assert await deployed.started() == []
    await deployed.switch(active=True)
    await mend_left(work)
    assert len(await deployed.started()) == 1


async def test_planned_run_that_a_person_cancelled_is_not_replaced(
    work: Workspace, deployed: Deployed
) -> None:
    await deployed.cancel(await deployed.plan(due_at(work)))
    await mend_left(work)
    assert await deployed.started() == []


@pytest.mark.parametrize("message", SUPERSEDED, ids=["en", "ja"])
async def test_planned_run_that_we_cancelled_is_replaced(
    work: Workspace, deployed: Deployed, message: str
) -> None:
    await deployed.plan(due_at(work))
    now = SystemClock().now()
    assert await cancel_planned(deployed.client, deployed.id, before=now, message=message) == 1
    await mend_left(work)
    assert len(await deployed.started()) == 1


async def test_planned_run_that_the_server_cancelled_is_replaced(
    work: Workspace, deployed: Deployed
) -> None:
    run = await deployed.plan(due_at(work))
    full: State[Any] = Cancelled(message="Deployment concurrency limit reached.")
    await deployed.client.set_flow_run_state(run.id, full, force=True)
    await mend_left(work)
    assert len(await deployed.started()) == 1


async def test_work_of_a_dead_run_is_started_again(work: Workspace, deployed: Deployed) -> None:
    run = await died(work, deployed)
    await mend_left(work)
    assert len(await deployed.started()) == 1
    assert row_of(work) == ("crashed", "Crashed")
    assert (await deployed.client.read_flow_run(run.id)).state_name == "Crashed"


async def test_work_of_a_dead_run_waits_while_its_deployment_is_paused(
    work: Workspace, deployed: Deployed
) -> None:
    run = await died(work, deployed)
    await deployed.pause()
    await mend_left(work)
    assert (await deployed.client.read_flow_run(run.id)).state_name == "Crashed"
    assert (await deployed.started(), row_of(work)) == ([], ("running", None))
    await deployed.resume()
    await mend_left(work)
    assert len(await deployed.started()) == 1
    assert row_of(work) == ("crashed", "Crashed")


async def test_dead_run_that_the_zombie_rule_marked_is_started_again(
    work: Workspace, deployed: Deployed
) -> None:
    run = await died(work, deployed)
    await deployed.client.set_flow_run_state(run.id, Crashed(), force=True)
    await mend_left(work)
    assert len(await deployed.started()) == 1


async def test_start_in_place_of_a_dead_run_may_be_cancelled(
    work: Workspace, deployed: Deployed
) -> None:
    await died(work, deployed)
    await mend_left(work)
    [again] = await deployed.started()
    await deployed.cancel(again)
    await mend_left(work)
    assert [run.id for run in await deployed.started()] == [again.id]


@pytest.mark.parametrize(
    ("end", "row"),
    [
        (Failed(name="TimedOut"), ("failed", "TimedOut")),
        (Failed(), ("failed", "Failed")),
        (Completed(name=IDLE), ("completed", IDLE)),
        (Cancelled(), ("failed", "Cancelled")),
        (Cancelling(), ("failed", "Cancelled")),
    ],
    ids=["timed out", "failed", "completed", "cancelled", "cancelling"],
)
async def test_run_that_ended_otherwise_is_closed_as_it_ended_and_not_run_again(
    work: Workspace, deployed: Deployed, end: State[Any], row: tuple[str, str]
) -> None:
    run = await died(work, deployed)
    await deployed.client.set_flow_run_state(run.id, end, force=True)
    await mend_left(work)
    assert (await deployed.started(), row_of(work)) == ([], row)
    assert (await deployed.client.read_flow_run(run.id)).state_name == end.name
    await mend_left(work)
    assert await deployed.started() == []
