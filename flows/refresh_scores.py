"""Points that leads earned by what they did pass with time: all are brought up to date."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run import Run, carry_out, name_for
from tasks.refresh import refresh


@flow(
    name="leadline-refresh-scores",
    flow_run_name=name_for("refresh-scores"),
    timeout_seconds=3600,
    persist_result=False,
)
async def refresh_scores(now: str | None = None) -> State[Any]:
    """Let points of earlier behavior decay, and decide what follows for leads that cross a line.

    Args:
        now: the instant that points are decayed to (ISO with zone); the present if None.
    """
    return await carry_out(now, _follow)


async def _follow(run: Run) -> None:
    after, number, has_more = 0, 0, True
    while has_more:
        number += 1
        found = await refresh(run.at, after, number)
        run.add(found["batch"])
        after, has_more = found["after"], found["batch"]["has_more"]
