"""Delivery as a Prefect task: batches of mails that are ready to leave."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.stages import delivery as stage
from tasks import add_up, held, is_transient, plain_errors, run_apart

if TYPE_CHECKING:
    from leadline.domain.batches import Batch


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
    """Send batches of due mails; returns counts.

    Args:
        now: the instant that "due" is measured against (ISO).
        number: which task run of this stage in the flow run this is, from 1.
    """
    del number  # it names the run
    with plain_errors("delivery"):
        return asdict(await run_apart(lambda: _send(datetime.fromisoformat(now))))


async def _send(at: datetime) -> Batch:
    work = held().work
    async with stage.open_transport(work) as transport:
        return await add_up(lambda: stage.run_batch(work, now=at, transport=transport))
