"""Prefect's clock in one process: takes the runs that its server planned, and runs them.

    python -m tests.prefect_clock

It asks the server for what is due as Prefect's own runner does, and each run goes through
Prefect's own engine; but all of them in this process, because a process for each takes seconds.
Its time is that of `tests.clocks.FakeTime`, which is behind the server's: nothing waits.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from prefect.client.orchestration import get_client
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow_async
from prefect.states import Pending
from prefect.utilities.engine import propose_state

from deployments.desired import SERVED
from leadline.clock import SystemClock

if TYPE_CHECKING:
    from uuid import UUID

    from prefect import Flow
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun

_LOOK_EVERY: Final = 0.1
STARTED: Final = "Prefect's clock is running"


async def main() -> None:
    """Run whatever is due, until a signal ends it."""
    async with get_client() as client:
        flows = await _find_flows(client)
        sys.stderr.write(f"{STARTED}\n")
        while True:
            due = await client.get_scheduled_flow_runs_for_deployments(
                list(flows), scheduled_before=SystemClock().now()
            )
            await asyncio.gather(*(_run(client, run, flows) for run in due))
            await asyncio.sleep(_LOOK_EVERY)


async def _find_flows(client: PrefectClient) -> dict[UUID, Flow[..., object]]:
    """Return the scheduled flows by the ids of their deployments."""
    found: dict[UUID, Flow[..., object]] = {}
    for served in SERVED.values():
        name = served.flow.name
        deployment = await client.read_deployment_by_name(f"{name}/{name}")
        if deployment.schedules:
            found[deployment.id] = served.flow
    return found


async def _run(client: PrefectClient, run: FlowRun, flows: dict[UUID, Flow[..., object]]) -> None:
    assert run.deployment_id is not None
    try:
        await propose_state(client, Pending(), flow_run_id=run.id)
        begun = await client.read_flow_run(run.id)
        await run_flow_async(flows[run.deployment_id], flow_run=begun, return_type="state")
    except Abort:
        return  # too many of its deployment are under way


if __name__ == "__main__":
    asyncio.run(main())
