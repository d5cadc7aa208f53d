"""The due time of a scheduled run: taken before anything else, kept while it runs, ended with it.

Prefect runs whatever it planned, however late, and nothing at all while it is away. So a run asks
our database first: one run does the work of all times that were missed, the others end Idle.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from leadline.clock import SystemClock
from leadline.domain.due_times import MOST_FENCES
from leadline.errors import LeadlineError
from leadline.stages import due_times
from leadline.store.leases import LEASE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun, State

    from leadline.stages import Workspace

PREFIX: Final = "leadline-"
#: How many runs Prefect's server changes in one call.
_AT_ONCE: Final = 50
_LOG: Final = logging.getLogger("leadline.due_times")
_SAYS: Final = {
    "superseded": {
        "en": "superseded: the run {name} does its work too",
        "ja": "実行 {name} がまとめて処理するため不要",
    },
    "crashed": {
        "en": "its process died; its work is taken up again (marked from leadline's database)",
        "ja": "プロセスが異常終了。処理は引き継がれます (leadline のデータベースによる判定)",
    },
}


class DueTimeLost(LeadlineError):
    """Another process took this run's due time: we were not heard of for too long."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "This run was suspended for so long that another one took its due time. It stops "
        "here; the other does its work. Nothing is lost.",
        "ja": "この実行は長時間停止していたため、別の実行が処理を引き継ぎました。ここで終了"
        "します。データは失われていません。",
    }


@dataclass(frozen=True)
class Scheduled:
    """The run that a schedule, or a person, started from a deployment.

    Attributes:
        flow: the flow's name in `config/schedules.yaml`.
        run: Prefect's record of the run.
    """

    flow: str
    run: FlowRun

    @property
    def deployment_id(self) -> UUID:
        """Return whose run it is."""
        if self.run.deployment_id is None:
            raise ValueError
        return self.run.deployment_id


def find_scheduled() -> Scheduled | None:
    """Return the run that we are in, None when it looks at a given instant or has no deployment."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if context is None or context.flow is None or run is None or run.deployment_id is None:
        return None
    if any(value is not None for value in (run.parameters or {}).values()):
        return None
    return Scheduled(context.flow.name.removeprefix(PREFIX).replace("-", "_"), run)


async def take(work: Workspace, scheduled: Scheduled) -> due_times.Claim | due_times.Refusal | None:
    """Take the due time of a run.

    Returns:
        The due time; or why there is nothing to do; None when a person started the run: then
        it runs, whatever the schedule says.
    """
    run = scheduled.run
    answer = await asyncio.to_thread(
        due_times.claim,
        work,
        scheduled.flow,
        now=SystemClock().now(),
        clock="prefect",
        flow_run_id=str(run.id),
        planned_at=_planned_at(run),
    )
    if isinstance(answer, due_times.Refusal) and not run.auto_scheduled:
        return None
    return answer


def _planned_at(run: FlowRun) -> datetime | None:
    """Return the time for which Prefect itself planned a run, None when a person started it."""
    if not run.auto_scheduled or run.expected_start_time is None:
        return None
    # Prefect's times are of a class of their own, which loses its zone in a subtraction
    return datetime.fromisoformat(run.expected_start_time.isoformat()).astimezone(UTC)


@asynccontextmanager
async def keep(work: Workspace, mine: due_times.Claim | None) -> AsyncIterator[None]:
    """Prolong the lease of a due time while the block runs.

    Raises:
        DueTimeLost: somebody else has it by now; the block was cancelled.
    """
    if mine is None:
        yield
        return
    running = asyncio.current_task()
    lost = asyncio.Event()

    async def renew() -> None:
        is_mine = True
        while is_mine:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            now = SystemClock().now()
            is_mine = await asyncio.to_thread(due_times.renew, work.store, mine, now=now)
        lost.set()
        if running is not None:
            running.cancel()

    keeper = asyncio.create_task(renew())
    try:
        yield
    except asyncio.CancelledError:
        if lost.is_set():
            raise DueTimeLost from None
        raise
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def end(work: Workspace, mine: due_times.Claim | None, state: State[Any]) -> None:
    """Record how the run of a due time ended."""
    if mine is None:
        return
    await asyncio.to_thread(
        due_times.end,
        work.store,
        mine,
        state="completed" if state.is_completed() else "failed",
        ending=state.name or "",
        now=SystemClock().now(),
    )


async def cancel_superseded(scheduled: Scheduled, lang: str) -> int:
    """Cancel the planned runs of our deployment whose time has passed; returns how many.

    They were planned while nobody listened. This run does their work, and each of them would
    start a process only to find that out.
    """
    run = scheduled.run
    async with get_client() as client:
        return await cancel_planned(
            client,
            scheduled.deployment_id,
            before=SystemClock().now(),
            message=_SAYS["superseded"][lang].format(name=run.name),
        )


async def cancel_planned(
    client: PrefectClient, deployment_id: UUID, *, before: datetime, message: str
) -> int:
    """Cancel runs of a deployment that were planned for before an instant and never started."""
    chosen = {
        "deployment_id": {"any_": [str(deployment_id)]},
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "expected_start_time": {"before_": before.isoformat()},
    }
    cancelled = 0
    while True:
        answer = await client.request(
            "POST",
            "/flow_runs/bulk_set_state",  # type: ignore[arg-type]  # no name in Prefect's list yet
            json={
                "flow_runs": chosen,
                "state": {"type": "CANCELLED", "name": "Cancelled", "message": message},
                "limit": _AT_ONCE,
            },
        )
        answer.raise_for_status()
        results = answer.json()["results"]
        done = len([result for result in results if result["status"] == "ACCEPT"])
        cancelled += done
        if done == 0 or len(results) < _AT_ONCE:
            return cancelled


async def mend_left(work: Workspace) -> None:
    """See to due times at which a process died: Prefect hears of it, and the work is run again.

    Nothing here may stop the run that looks.
    """
    left = await asyncio.to_thread(due_times.take_left, work.store, now=SystemClock().now())
    if not left:
        return
    try:
        async with get_client() as client:
            for each in left:
                await _mend(client, work, each)
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away
        _LOG.warning("a crashed run could not be started again: %s", type(error).__name__)


async def _mend(client: PrefectClient, work: Workspace, left: due_times.Left) -> None:
    if await _was_cancelled(client, work, left):
        await asyncio.to_thread(due_times.note_cancelled, work.store, left)
        return
    if left.is_covered or left.fence >= MOST_FENCES:
        return
    name = PREFIX + left.flow.replace("_", "-")
    try:
        deployment = await client.read_deployment_by_name(f"{name}/{name}")
    except ObjectNotFound:
        return
    await client.create_flow_run_from_deployment(
        deployment.id,
        idempotency_key=f"{name}-{left.due_at.isoformat()}-{left.fence}",
        name=f"{name.removeprefix(PREFIX)} again",
    )


async def _was_cancelled(client: PrefectClient, work: Workspace, left: due_times.Left) -> bool:
    """Tell whether a person cancelled the run; mark it as crashed when it still looks alive."""
    if left.flow_run_id is None:
        return False
    try:
        run = await client.read_flow_run(UUID(left.flow_run_id))
    except ObjectNotFound:
        return False
    state = run.state
    if state is not None and (state.is_cancelled() or state.is_cancelling()):
        return True
    if state is None or not state.is_final():
        await client.set_flow_run_state(
            run.id, Crashed(message=_SAYS["crashed"][work.environment.lang]), force=True
        )
    return False
