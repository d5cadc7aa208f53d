"""Simulation as a Prefect task: edited rules are tried on a copy; only counts come back."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.config.drafts import DraftMissing
from leadline.stages import simulation as stage
from tasks import held, is_transient, plain_errors


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=3 * 3600,
    task_run_name="simulation",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def simulation(config: str, since: str | None, now: str) -> dict[str, Any]:
    """Try an edited scoring configuration; returns counts, no lead is named.

    Args:
        config: the folder with the edit, below the project folder.
        since: only leads that arrived, changed or did something within, such as `30d`.
        now: the instant to score at (ISO).
    """
    with plain_errors("simulation"):
        return await asyncio.to_thread(_simulate, config, since, datetime.fromisoformat(now))


def _simulate(config: str, since: str | None, now: datetime) -> dict[str, Any]:
    work = held().work
    home = work.environment.home
    folder = (home / config).resolve()
    if not folder.is_relative_to(home):
        raise DraftMissing(folder=config)
    start = stage.read_since(since, now=now)
    edited = stage.read_edited(work, folder, now=now)
    found = stage.simulate_scoring(work, edited, now=now, since=start)
    return found.as_document()
