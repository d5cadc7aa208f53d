"""Files as Prefect tasks: each is taken in, counted and put away by one task run."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.stages import imports, inbox
from tasks import held, is_transient, plain_errors


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=3600,
    task_run_name="import-{number}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def take_file(
    path: str, now: str, number: int, *, is_given: bool, is_agreed: bool
) -> dict[str, Any]:
    """Take one file in; a second try goes on where the first stopped.

    Args:
        path: the file, below the project folder or in an inbox.
        now: recorded as the time of arrival (ISO).
        number: which file of the run this is, from 1.
        is_given: whether a person named the file; else it waited in an inbox.
        is_agreed: whether that person lets however many new leads go on.

    Returns:
        What `leadline.stages.inbox.take` says of it: names, ids and counts; and as `batches` what
        intake did, if anything. Why a file was refused is said in the report beside it.
    """
    del number  # it names the run
    with plain_errors("imports"):
        taken = await asyncio.to_thread(
            inbox.take,
            held().work,
            path,
            now=datetime.fromisoformat(now),
            by=imports,
            is_given=is_given,
            is_agreed=is_agreed,
        )
    return {**taken.facts, "batches": [asdict(taken.batch)] if taken.batch.claimed else []}
