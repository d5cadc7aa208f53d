"""What a minutely schedule leaves behind is removed: Idle runs after a day, due times after 30.

A Prefect server of our own removes other runs after 30 days by itself; on one that is shared with
other teams its admins decide, and only Idle runs of ours are removed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run import TAG, Run, carry_out, name_for
from tasks.due_times import remove_due_times, remove_idle_runs

#: How long an Idle run is shown.
IDLE_KEPT: Final = timedelta(days=1)


@flow(
    name="leadline-remove-old-runs",
    flow_run_name=name_for("remove-old-runs"),
    timeout_seconds=3600,
    persist_result=False,
)
async def remove_old_runs(now: str | None = None) -> State[Any]:
    """Remove Idle runs of the day before and older, and due times of a month ago.

    Args:
        now: the instant that ages are measured against (ISO with zone); the present if None.
    """
    return await carry_out(now, _follow)


async def _follow(run: Run) -> None:
    run.add(await remove_due_times(run.at))
    run.add(await remove_idle_runs((run.now - IDLE_KEPT).isoformat(), TAG))
