"""What due times and their runs leave behind, removed by Prefect tasks."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from leadline.domain.batches import Batch
from leadline.domain.endings import IDLE
from leadline.stages import due_times as stage
from tasks import held, is_transient, plain_errors

#: As many as Prefect's server removes in one call.
_AT_ONCE: Final = 50


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=900,
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def remove_due_times(now: str) -> dict[str, Any]:
    """Forget old due times; returns counts.

    Args:
        now: the instant that ages are measured against (ISO).
    """
    with plain_errors("due_times"):
        at = datetime.fromisoformat(now)
        return asdict(await asyncio.to_thread(stage.remove_old, held().work.store, now=at))


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    timeout_seconds=3600,
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def remove_idle_runs(before: str, tag: str) -> dict[str, Any]:
    """Remove runs of ours that ended Idle; returns counts.

    Args:
        before: runs that ended earlier than this instant are removed (ISO).
        tag: what runs of ours bear.
    """
    chosen = {
        "state": {"name": {"any_": [IDLE]}},
        "tags": {"all_": [tag]},
        "end_time": {"before_": before},
    }
    removed = 0
    with plain_errors("idle_runs"):
        async with get_client() as client:
            while True:
                answer = await client.request(
                    "POST",
                    "/flow_runs/bulk_delete",  # type: ignore[arg-type]  # not in Prefect's list
                    json={"flow_runs": chosen, "limit": _AT_ONCE},
                )
                answer.raise_for_status()
                count = len(answer.json()["deleted"])
                removed += count
                if count < _AT_ONCE:
                    return asdict(Batch("idle_runs", claimed=removed, done=removed))
