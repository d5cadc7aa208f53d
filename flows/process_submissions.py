"""New submissions become scored, assigned and enrolled leads, and mails to reps that are ready."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run import Run, carry_out, name_for
from tasks.enrollment import enrollment
from tasks.intake import intake
from tasks.notification import notification
from tasks.routing import routing
from tasks.scoring import scoring


@flow(
    name="leadline-process-submissions",
    flow_run_name=name_for("process-submissions"),
    timeout_seconds=3600,
    persist_result=False,
)
async def process_submissions(now: str | None = None) -> State[Any]:
    """Take in, score, route, write the reps' mails and enroll, until nothing is due.

    Args:
        now: the instant that "due" is measured against (ISO with zone); the present if None.
    """
    return await carry_out(now, _follow)


async def _follow(run: Run) -> None:
    while number := await run.next_batch("intake"):
        run.add(await intake(run.at, number))
    await follow_leads(run)


async def follow_leads(run: Run) -> None:
    """Do for the leads of a run what comes after intake."""
    while number := await run.next_batch("scoring"):
        run.add(await scoring(run.at, number))
    while number := await run.next_batch("routing"):
        run.add(await routing(run.at, number))
    while number := await run.next_batch("notification"):
        run.add(await notification(run.at, number))
    while number := await run.next_batch("enrollment"):
        run.add(await enrollment(run.at, number))
