"""What a minutely schedule leaves on a real server, and what the daily removal takes away."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from prefect import flow, tags
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler, APILogWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    temporary_settings,
)
from prefect.states import Completed, Failed

from flows.process_submissions import process_submissions
from flows.remove_old_runs import IDLE_KEPT, remove_old_runs
from flows.run import TAG, WATCHED
from flows.send_due_touches import send_due_touches
from leadline.cli.prefect_server import start_server
from leadline.clock import SystemClock
from leadline.domain.endings import ATTENTION, IDLE
from tests.factories import a_project, a_workspace
from tests.flows.runs import artifacts, end_of, run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from prefect.client.schemas.objects import State

    from leadline.stages import Workspace

pytestmark = [
    pytest.mark.xdist_group("prefect"),
    # Prefect leaves sockets to the garbage collector
    pytest.mark.filterwarnings(r"ignore:Exception ignored in. <socket\.socket"),
    pytest.mark.filterwarnings("ignore:unclosed"),
]
PATIENCE: Final = 60.0
#: More than Prefect's server removes in one call.
MANY: Final = 53


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = a_project(tmp_path_factory.mktemp("retention") / "server")
    with start_server(environment) as server:
        settings = {PREFECT_API_URL: server.api_url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        with temporary_settings(settings):
            yield server.api_url
            EventsWorker.drain_all()
            APILogWorker.drain_all()
    gc.collect()


@pytest.fixture
def work(url: str, tmp_path: Path) -> Iterator[Workspace]:
    assert url
    with a_workspace(tmp_path / "home", now=SystemClock().now()) as opened:
        yield opened


@pytest.fixture
def shipped() -> Iterator[None]:
    """Send our own log lines to the server, as PREFECT_LOGGING_EXTRA_LOGGERS has it."""
    ours, handler = logging.getLogger("leadline"), APILogHandler()
    before = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    yield
    ours.setLevel(before)
    ours.removeHandler(handler)


@flow(name="of-another-team")
def foreign() -> None:
    """Stand for whatever another team runs on the same server."""


async def a_run(state: State[Any], bearing: tuple[str, ...] = (TAG, WATCHED)) -> UUID:
    """Make a run that ends now; returns its id."""
    async with get_client() as client:
        made = await client.create_flow_run(
            send_due_touches if TAG in bearing else foreign, tags=bearing
        )
        await client.set_flow_run_state(made.id, state, force=True)
    return made.id


def an_idle_end() -> State[Any]:
    return Completed(name=IDLE, message="nothing was due")


def found(url: str, path: str, **wanted: object) -> list[dict[str, Any]]:
    """Return what the server's pages are answered."""
    answer = httpx.post(f"{url}/{path}", json=wanted, timeout=60)
    rows: list[dict[str, Any]] = answer.raise_for_status().json()
    return rows


def is_there(url: str, run: UUID) -> bool:
    return bool(found(url, "flow_runs/filter", flow_runs={"id": {"any_": [str(run)]}}))


def logs_of(url: str, run: UUID) -> list[dict[str, Any]]:
    return found(url, "logs/filter", logs={"flow_run_id": {"any_": [str(run)]}})


def states_of(url: str, run: UUID) -> list[dict[str, Any]]:
    answer = httpx.get(f"{url}/flow_run_states/", params={"flow_run_id": str(run)}, timeout=60)
    rows: list[dict[str, Any]] = answer.raise_for_status().json()
    return rows


async def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what the server does in the background."""
    ends_at = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends_at, f"still waiting: {what}"
        await asyncio.sleep(0.1)


async def remove_ended_by(instant: datetime, work: Workspace) -> tuple[str | None, str | None]:
    """Run the removal at the time at which runs that ended before an instant are old."""
    state = await end_of(remove_old_runs, work, now=(instant + IDLE_KEPT).isoformat())
    return state.name, state.message


async def test_old_idle_runs_go_and_all_others_stay(url: str, work: Workspace) -> None:
    await remove_ended_by(SystemClock().now(), work)
    old = [await a_run(an_idle_end()) for _ in range(2)]
    kept = {
        "of another team": await a_run(an_idle_end(), ("theirs",)),
        "without tags": await a_run(an_idle_end(), ()),
        "completed": await a_run(Completed(message="delivery 2 of 2")),
        "attention": await a_run(Completed(name=ATTENTION)),
        "failed": await a_run(Failed(message="no relay")),
    }
    instant = SystemClock().now()
    kept["of today"] = await a_run(an_idle_end())
    assert await remove_ended_by(instant, work) == ("Completed", "idle_runs 2 of 2")
    assert [is_there(url, run) for run in old] == [False, False]
    assert {name: is_there(url, run) for name, run in kept.items()} == dict.fromkeys(kept, True)


async def test_removal_takes_more_than_the_server_does_at_once_and_is_idle_after_it(
    url: str, work: Workspace
) -> None:
    await remove_ended_by(SystemClock().now(), work)
    runs = [await a_run(an_idle_end()) for _ in range(MANY)]
    instant = SystemClock().now()
    assert await remove_ended_by(instant, work) == ("Completed", f"idle_runs {MANY} of {MANY}")
    assert [run for run in runs if is_there(url, run)] == []
    assert await remove_ended_by(instant, work) == (IDLE, "nothing was due")


async def test_nothing_is_left_of_a_removed_run(url: str, work: Workspace) -> None:
    with tags(TAG, WATCHED):
        run = run_id(await end_of(process_submissions, work))
    await wait_until(lambda: len(logs_of(url, run)) == 2, "the run's log lines")
    assert len(states_of(url, run)) >= 3
    await remove_ended_by(SystemClock().now(), work)
    assert not is_there(url, run)
    await wait_until(lambda: not logs_of(url, run), "the log lines to go")
    assert states_of(url, run) == []


@pytest.mark.usefixtures("shipped")
async def test_idle_run_leaves_no_artifact_no_task_run_and_no_log_line_of_ours(
    url: str, work: Workspace
) -> None:
    state = await end_of(send_due_touches, work)
    assert state.name == IDLE
    assert await artifacts(state) == {}
    one = {"id": {"any_": [str(run_id(state))]}}
    await wait_until(lambda: len(logs_of(url, run_id(state))) >= 2, "the run's log lines")
    assert {line["name"] for line in logs_of(url, run_id(state))} == {"prefect.flow_runs"}
    assert found(url, "task_runs/filter", flow_runs=one) == []


async def test_idle_runs_are_found_and_left_out_by_the_name_of_their_state(
    url: str, work: Workspace
) -> None:
    run = str(run_id(await end_of(send_due_touches, work)))
    named = found(url, "flow_runs/filter", flow_runs={"state": {"name": {"any_": [IDLE]}}})
    assert run in {each["id"] for each in named}
    assert {each["state_name"] for each in named} == {IDLE}
    others = found(url, "flow_runs/filter", flow_runs={"state": {"name": {"not_any_": [IDLE]}}})
    assert run not in {each["id"] for each in others}
