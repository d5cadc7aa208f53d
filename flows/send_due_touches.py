"""Due steps of sequences become mails, and whatever is ready leaves, mail to reps first."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run import Run, carry_out, name_for
from tasks.delivery import delivery
from tasks.touches import touches


@flow(
    name="leadline-send-due-touches",
    flow_run_name=name_for("send-due-touches"),
    timeout_seconds=4 * 3600,
    persist_result=False,
)
async def send_due_touches(now: str | None = None) -> State[Any]:
    """Write the mails that are due and send what is ready, until nothing is due.

    Args:
        now: the instant that "due" is measured against (ISO with zone); the present if None.
    """
    return await carry_out(now, _follow)


async def _follow(run: Run) -> None:
    while number := await run.next_batch("touches"):
        run.add(await touches(run.at, number))
    while number := await run.next_batch("delivery"):
        run.add(await delivery(run.at, number))
