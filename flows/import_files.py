"""Files become submissions, and their rows leads: given files, or whatever waits in the inboxes."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.process_submissions import follow_leads
from flows.run import Run, carry_out, name_for
from leadline.clock import SystemClock
from leadline.stages.inbox import look
from tasks.imports import take_file
from tasks.intake import intake


@flow(
    name="leadline-import-files",
    flow_run_name=name_for("import-files"),
    timeout_seconds=4 * 3600,
    persist_result=False,
)
async def import_files(
    paths: list[str] | None = None, now: str | None = None, *, is_agreed: bool = False
) -> State[Any]:
    """Take files in, count them, put them away, and go on with the leads.

    Args:
        paths: files below the project folder or in an inbox; every file that waits in an inbox
            when None. A file given by name is read again, which changes nothing where its rows
            are known, and stays where it is.
        now: the instant that "due" is measured against (ISO with zone); the present if None.
        is_agreed: let however many new leads of the given files go on.
    """

    async def follow(run: Run) -> None:
        taken = await _take_files(run, paths, is_agreed=is_agreed)
        while number := await run.next_batch("intake"):
            run.add(await intake(run.at, number))
        for batch in taken:
            run.add(batch)
        await follow_leads(run)

    return await carry_out(now, follow)


async def _take_files(
    run: Run, paths: list[str] | None, *, is_agreed: bool
) -> list[dict[str, Any]]:
    """Take files in one by one; returns what intake did with each."""
    is_given = paths is not None
    asked = {"is_given": is_given, "is_agreed": is_given and is_agreed}
    if paths is None:
        seen = await asyncio.to_thread(look, run.work, now=SystemClock().now())
        paths, run.waiting = seen.paths, seen.waiting
        run.files += seen.left
    batches = []
    for number, path in enumerate(paths, 1):
        facts = await take_file(path, run.at, number, **asked)
        batches += facts.pop("batches")
        run.files.append(facts)
    return batches
