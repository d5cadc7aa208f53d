"""A mail to the admin about what a run of ours came to; started by the automations.

Its own runs do not bear the tag that the automations match: no alert about an alert.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.run import Run, carry_out, name_for
from leadline.stages.alerts import open_last_good
from tasks.alerts import alerts
from tasks.delivery import delivery


@flow(
    name="leadline-alert-admin",
    flow_run_name=name_for("alert-admin"),
    timeout_seconds=900,
    persist_result=False,
)
async def alert_admin(event: str, flow_run_id: str, now: str | None = None) -> State[Any]:
    """Write one mail about a run and send it; a mail that cannot leave now leaves with the next.

    Args:
        event: what happened, such as `prefect.flow-run.Failed`.
        flow_run_id: to which run.
        now: the present (ISO with zone); the clock's if None.
    """

    async def follow(run: Run) -> None:
        run.add(await alerts(run.at, event, flow_run_id))
        if number := await run.next_batch("delivery"):
            run.add(await delivery(run.at, number))

    return await carry_out(now, follow, opening=open_last_good)
