"""Routing as a Prefect task: batches of leads that wait for an owner."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.stages import routing as stage
from tasks import is_transient, take_batches


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=900,
    task_run_name="routing-{number}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def routing(now: str, number: int) -> dict[str, Any]:
    """Route batches of leads; returns counts.

    Args:
        now: the instant that "due" is measured against (ISO).
        number: which task run of this stage in the flow run this is, from 1.
    """
    del number  # it names the run
    return await take_batches(stage.run_batch, now)
