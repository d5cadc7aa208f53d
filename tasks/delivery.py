"""Delivery as a Prefect task: one batch of mails that are ready to leave."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.stages import delivery as stage
from tasks import held, is_transient, plain_errors


@task(
    retries=3,
    retry_delay_seconds=[5, 30, 120],
    retry_condition_fn=is_transient,
    timeout_seconds=3600,
    task_run_name="delivery-{number}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def delivery(now: str, number: int) -> dict[str, Any]:
    """Send one batch of due mails; returns counts.

    Args:
        now: the instant that "due" is measured against (ISO).
        number: which batch of the run this is, from 1.
    """
    del number  # it names the run
    with plain_errors("delivery"):
        async with stage.open_transport(held().work) as transport:
            batch = await stage.run_batch(
                held().work, now=datetime.fromisoformat(now), transport=transport
            )
    return asdict(batch)
