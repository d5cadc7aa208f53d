"""Files become submissions, and their rows leads: given files, or whatever is new in the inbox."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.process_submissions import follow_leads
from flows.run import Run, carry_out, name_for
from leadline.clock import SystemClock
from leadline.stages.inbox import find_new_files
from tasks.imports import count_file, store_file
from tasks.intake import intake


@flow(
    name="leadline-import-files",
    flow_run_name=name_for("import-files"),
    timeout_seconds=4 * 3600,
    persist_result=False,
)
async def import_files(paths: list[str] | None = None, now: str | None = None) -> State[Any]:
    """Store the rows of files, judge them, count them, and go on with the leads.

    Args:
        paths: files below the project folder; every new *.csv, *.tsv and *.txt of `inbox/` when
            None. A file given by name is read again: rows that are known change nothing.
        now: the instant that "due" is measured against (ISO with zone); the present if None.
    """

    async def follow(run: Run) -> None:
        await _store_files(run, paths)
        while number := await run.next_batch("intake"):
            run.add(await intake(run.at, number))
        await _count_files(run)
        await follow_leads(run)

    return await carry_out(now, follow)


async def _store_files(run: Run, paths: list[str] | None) -> None:
    if paths is None:
        found = await asyncio.to_thread(find_new_files, run.work, now=SystemClock().now())
        paths, run.waiting = found
    for number, path in enumerate(paths, 1):
        run.files.append(await store_file(path, run.at, number))


async def _count_files(run: Run) -> None:
    """Count the rows of each file, once all are judged."""
    for file in run.files:
        if "run" in file:
            file.update(await count_file(file["run"], run.at))
