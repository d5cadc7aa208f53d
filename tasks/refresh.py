"""Refresh as a Prefect task: batches of leads whose points decay."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.stages import refresh as stage
from tasks import WORTH_SECONDS, held, is_transient, plain_errors


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=900,
    task_run_name="refresh-{number}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def refresh(now: str, after: int, number: int) -> dict[str, Any]:
    """Decay the points of leads; returns counts, and the id after which the next task goes on.

    Args:
        now: the instant that points are decayed to (ISO).
        after: leads with higher ids are looked at.
        number: which task run of this stage in the flow run this is, from 1.
    """
    del number  # it names the run
    at, ends_at = datetime.fromisoformat(now), time.monotonic() + WORTH_SECONDS
    with plain_errors("refresh"):
        found = await asyncio.to_thread(stage.refresh_batch, held().work, now=at, after=after)
        batch = found.batch
        while batch.has_more and time.monotonic() < ends_at:
            found = await asyncio.to_thread(
                stage.refresh_batch, held().work, now=at, after=found.after
            )
            batch += found.batch
    return {"batch": asdict(batch), "after": found.after}
