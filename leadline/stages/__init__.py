"""The stations of the pipeline, each in a file of its own, and the order in which they run.

A stage offers `run_batch(work, now=..., limit=...)`, which claims, decides and records one batch
and returns its counts, and `has_due(work, now=...)`. Delivery's `run_batch` is a coroutine and
takes the transport as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from leadline.clock import SystemClock
from leadline.config.loader import read_project
from leadline.domain.batches import Batch
from leadline.rendering.sandbox import Renderer
from leadline.store.assignments import keep_reps, make_queue_due, take_back_offers
from leadline.store.due_times import keep_schedule
from leadline.store.engine import open_store
from leadline.store.pepper import check_pepper
from leadline.store.stage_batches import is_live, keep_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime
    from types import ModuleType, TracebackType
    from typing import Self

    from leadline.config.environment import Environment
    from leadline.config.shape import Project, RepShape
    from leadline.store.engine import Store

#: The pipeline in one place: flows and `leadline run` follow it.
ORDER: Final = (
    "intake",
    "scoring",
    "routing",
    "notification",
    "enrollment",
    "touches",
    "delivery",
)


@dataclass(frozen=True)
class Workspace:
    """What every stage works with: the database, the configuration, the environment."""

    store: Store
    project: Project
    environment: Environment

    @cached_property
    def renderer(self) -> Renderer:
        """Templates of the live configuration."""
        return Renderer(self.project.templates)

    @property
    def is_nurture_paused(self) -> bool:
        """Tell whether no nurture mail may leave: its schedule is paused, whoever would send it."""
        schedule = self.project.schedules.get("send_due_touches")
        return schedule is not None and schedule.paused

    def __enter__(self) -> Self:
        """Give the workspace itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the database connections back."""
        self.store.close()


def open_workspace(environment: Environment, *, now: datetime) -> Workspace:
    """Read the project folder, open the database, and make the configuration live.

    A configuration that differs from the last one used is recorded with its files; schedules and
    reps are written, and leads that wait in the queue, or for a rep who is gone, are routed again.

    Raises:
        ConfigError: the project folder has faults.
        StoreError: the database cannot be used, or was made with another pepper.
    """
    environment.require_secrets()
    project = read_project(environment.home)
    work = Workspace(
        open_store(environment.database_url, pepper=environment.pepper), project, environment
    )
    try:
        check_pepper(work.store)
        _make_live(work, now=now)
    except BaseException:
        work.store.close()
        raise
    return work


def _make_live(work: Workspace, *, now: datetime) -> None:
    config_hash = work.project.hash
    with work.store.read() as connection:
        if is_live(connection, config_hash):
            return
    with work.store.write(lock="routing") as connection:
        files = {"config": work.project.files, "templates": work.project.templates}
        keep_config(connection, config_hash=config_hash, files=files, at=SystemClock().now())
        for flow, schedule in work.project.schedules.items():
            keep_schedule(connection, flow, schedule.says, at=SystemClock().now())
        keep_reps(connection, [_as_row(rep, config_hash) for rep in work.project.reps])
        take_back_offers(connection, now=now)
        make_queue_due(connection, now=now)


def _as_row(rep: RepShape, config_hash: str) -> dict[str, Any]:
    return {
        "rep_id": rep.rep_id,
        "name": rep.name,
        "email": rep.email,
        "team": rep.team,
        "languages": list(rep.languages),
        "time_zone": rep.time_zone,
        "weekly_capacity": rep.weekly_capacity,
        "is_active": rep.active,
        "config_hash": config_hash,
    }


async def run_stages(
    work: Workspace,
    names: Sequence[str],
    *,
    now: datetime,
    is_once: bool = False,
    limit: int | None = None,
    on_batch: Callable[[Batch], None] | None = None,
) -> list[Batch]:
    """Run stages in this process, in the pipeline's order, until nothing is left to claim.

    Args:
        work: the workspace.
        names: stages of `ORDER`.
        now: the instant that "due" is measured against.
        is_once: stop after one batch per stage.
        limit: rows per batch; each stage's own measure when it is not given.
        on_batch: told of each batch as it ends.

    Returns:
        One sum of batches per stage, in the order run.
    """
    sums = []
    for name in (stage for stage in ORDER if stage in names):
        run = _drain_delivery if name == "delivery" else _drain
        total = Batch(name)
        async for batch in run(work, name, now=now, **_limit(limit)):
            total += batch
            if on_batch is not None:
                on_batch(batch)
            if is_once:
                break
        sums.append(total)
    return sums


def load_stage(name: str) -> ModuleType:
    """Import one stage; the others, and their libraries, stay out."""
    return import_module(f"leadline.stages.{name}")


def _limit(limit: int | None) -> dict[str, int]:
    return {} if limit is None else {"limit": limit}


async def _drain(
    work: Workspace, name: str, *, now: datetime, **limit: int
) -> AsyncIterator[Batch]:
    stage = load_stage(name)
    while True:
        batch: Batch = await asyncio.to_thread(stage.run_batch, work, now=now, **limit)
        yield batch
        if not batch.has_more:
            return


async def _drain_delivery(
    work: Workspace, name: str, *, now: datetime, **limit: int
) -> AsyncIterator[Batch]:
    stage = load_stage(name)
    if not await asyncio.to_thread(stage.has_due, work, now=now):
        yield Batch(name)
        return
    async with stage.open_transport(work) as transport:
        while True:
            batch: Batch = await stage.run_batch(work, now=now, transport=transport, **limit)
            yield batch
            if not batch.has_more:
                return
