"""The pipeline as Prefect flow runs, without delivery.

`flows.import_files` does everything from the file to the enrollments. `flows.send_due_touches`
writes the due mails and delivers them in one run; delivery costs the same with Prefect and
without, and waits for a relay, so its first half stands here as a flow of its own: the same loop
over the same task, with the same end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import flow
from prefect.client.schemas.objects import State  # noqa: TC002 - Prefect reads the annotation

from flows.import_files import import_files
from flows.run import Run, carry_out
from tasks import hold
from tasks.touches import touches

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.stages import Workspace


@flow(name="leadline-benchmark-touches", persist_result=False)
async def write_due_touches(now: str) -> State[Any]:
    """Write the mails that are due, until nothing is due."""
    return await carry_out(now, _follow)


async def _follow(run: Run) -> None:
    while number := await run.next_batch("touches"):
        run.add(await touches(run.at, number))


async def import_and_write(work: Workspace, path: str, *, now: datetime) -> list[str]:
    """Run both flows on an open workspace, as `flows.watch` does; returns how each run ended.

    Raises:
        RuntimeError: a run did not do its work.
    """
    at = now.isoformat()
    with hold(work):
        states = [
            await import_files(paths=[path], now=at, is_agreed=True, return_state=True),
            await write_due_touches(now=at, return_state=True),
        ]
    for state in states:
        if not state.is_completed():
            message = f"a flow run ended as {state.name}: {state.message}"
            raise RuntimeError(message)
    return [str(state.message) for state in states]
