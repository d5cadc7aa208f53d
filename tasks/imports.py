"""Imports as Prefect tasks: a file's rows become submissions, and are counted once judged."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from leadline.errors import IntakeError
from leadline.stages import imports as stage
from tasks import held, is_transient, plain_errors

if TYPE_CHECKING:
    from pathlib import Path

_COUNTS: Final = (
    *("run", "records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates"),
)


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=3600,
    task_run_name="import-{number}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def store_file(path: str, now: str, number: int) -> dict[str, Any]:
    """Store every row of a file as a submission; a second try goes on where the first stopped.

    Args:
        path: the file, below the project folder.
        now: recorded as the time of arrival (ISO).
        number: which file of the run this is, from 1.

    Returns:
        `file` with `run` and `records`; or with `error`, the kind of what is wrong with the
        file. Its full text quotes the file and stays out of Prefect.
    """
    del number  # it names the run
    work = held().work
    with plain_errors("imports"):
        file = resolve(work.environment.home, path)
        if file is None:
            return {"file": path, "error": "OutsideHome"}
        try:
            run = await asyncio.to_thread(
                stage.import_file, work, file, now=datetime.fromisoformat(now)
            )
        except IntakeError as error:
            return {"file": path, "error": type(error).__name__}
    held().imports[run.run_id] = run
    return {"file": path, "run": run.run_id, "records": run.records}


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=900,
    task_run_name="import-{run_id}-counts",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def count_file(run_id: int, now: str) -> dict[str, Any]:
    """Count what became of a file's rows and write its quarantine file; returns counts."""
    with plain_errors("imports"):
        result = await asyncio.to_thread(
            stage.finish_import,
            held().work,
            held().imports[run_id],
            now=datetime.fromisoformat(now),
        )
    return {name: result[name] for name in _COUNTS}


def resolve(home: Path, path: str) -> Path | None:
    """Return a file below the project folder, None when it lies elsewhere.

    Whoever may start a run in Prefect's pages may name any path.
    """
    file = (home / path).resolve()
    return file if file.is_relative_to(home) else None
