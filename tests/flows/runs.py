"""What Prefect knows of a run: asked of its server, as its pages do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

from tasks import hold

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.schemas.objects import Artifact, State, TaskRun

    from leadline.stages import Workspace

_PATIENCE = 100  # times 0.1 s: task runs reach the server as events


async def end_of(
    flow: Any,  # noqa: ANN401 - Prefect's overloads do not know return_state with parameters
    work: Workspace,
    **parameters: object,
) -> State[Any]:
    """Run a flow over an open workspace; returns its end state."""
    with hold(work):
        state: State[Any] = await flow(**parameters, return_state=True)
    return state


def run_id(state: State[Any]) -> UUID:
    """Return the flow run that ended so."""
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


async def task_names(state: State[Any], count: int) -> list[str]:
    """Return the names of a run's task runs in the order started, once there are `count`."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[run_id(state)]))
    found: list[TaskRun] = []
    async with get_client() as client:
        for _ in range(_PATIENCE):
            found = await client.read_task_runs(flow_run_filter=wanted)
            if len(found) >= count and all(each.start_time for each in found):
                break
            await asyncio.sleep(0.1)
    return [each.name for each in sorted(found, key=lambda each: str(each.start_time))]


async def artifacts(state: State[Any]) -> dict[str, Artifact]:
    """Return a run's artifacts by key."""
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id(state)]))
    async with get_client() as client:
        return {str(each.key): each for each in await client.read_artifacts(artifact_filter=wanted)}


def database_files() -> list[Path]:
    """Return the files of the server's database."""
    path = Path(str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value()).partition(":///")[2])
    return sorted(path.parent.glob(f"{path.name}*"))
