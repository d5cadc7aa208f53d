"""The due time of a scheduled run: taken before anything else, kept while it runs, ended with it.

Prefect runs whatever it planned, however late, and nothing at all while it is away. So a run asks
our database first: one run does the work of all times that were missed, the others end Idle.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from leadline.clock import SystemClock
from leadline.domain.due_times import MOST_FENCES, ON_TIME
from leadline.errors import LeadlineError
from leadline.stages import due_times

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.client.schemas.responses import DeploymentResponse

    from leadline.stages import Workspace

PREFIX: Final = "leadline-"
#: Begins the key of runs that we start because nothing else did.
_MENDS: Final = "leadline-mends-"
#: How many runs Prefect's server changes in one call.
_AT_ONCE: Final = 50
_MOMENT: Final = timedelta(microseconds=1)
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
#: How messages begin with which Prefect's server itself cancels a run.
_SERVER_SAYS: Final = "Deployment concurrency "


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
    is_refused = isinstance(answer, due_times.Refusal)
    return None if is_refused and _is_asked_for(run) else answer


def _is_asked_for(run: FlowRun) -> bool:
    """Tell whether a person started the run, or started it again."""
    is_ours = (run.idempotency_key or "").startswith(_MENDS)
    return run.run_count > 1 or not (run.auto_scheduled or is_ours)


def _planned_at(run: FlowRun) -> datetime | None:
    """Return the time for which Prefect itself planned a run, None when a person started it."""
    if not run.auto_scheduled or run.expected_start_time is None:
        return None
    return _plain(run.expected_start_time)


def _plain(at: datetime) -> datetime:
    """Return a time of Prefect's: they are of a class that loses its zone in a subtraction."""
    return datetime.fromisoformat(at.isoformat()).astimezone(UTC)


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

    async def hold_on() -> None:
        await due_times.keep(work.store, mine)
        lost.set()
        if running is not None:
            running.cancel()

    keeper = asyncio.create_task(hold_on())
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


async def cancel_superseded(scheduled: Scheduled, lang: str) -> None:
    """Cancel the planned runs of our deployment whose time has passed.

    They were planned while nobody listened. This run does their work, and each of them would
    start a process only to find that out. What fails here may not stop the run.
    """
    try:
        async with get_client() as client:
            await cancel_planned(
                client,
                scheduled.deployment_id,
                before=SystemClock().now(),
                message=_SAYS["superseded"][lang].format(name=scheduled.run.name),
            )
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away
        _LOG.warning("superseded runs could not be cancelled: %s", type(error).__name__)


async def cancel_planned(
    client: PrefectClient, deployment_id: UUID, *, before: datetime, message: str
) -> int:
    """Cancel runs that a schedule planned for before an instant, and that never started."""
    chosen = {
        "tags": {"all_": ["auto-scheduled"]},
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


async def cancel_stale(deployment_ids: Iterable[UUID], *, lang: str) -> int:
    """Cancel what was planned while nobody listened, but the newest run of each deployment.

    That one does the work of the others, each of which would start a process to find that out.

    Args:
        deployment_ids: of flows that have a schedule.
        lang: the project's language.

    Returns:
        How many were cancelled.
    """
    now = SystemClock().now()
    async with get_client() as client:
        return sum([await _cancel_stale(client, id_, now, lang) for id_ in deployment_ids])


async def _cancel_stale(
    client: PrefectClient, deployment_id: UUID, now: datetime, lang: str
) -> int:
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
    )
    newest = await client.read_flow_runs(
        flow_run_filter=waiting, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=1
    )
    if not newest or newest[0].expected_start_time is None:
        return 0
    at = _plain(newest[0].expected_start_time)
    # a run has no telling name before it starts
    message = _SAYS["superseded"][lang].format(name=f"{at:%Y-%m-%d %H:%M UTC}")
    return await cancel_planned(client, deployment_id, before=at - _MOMENT, message=message)


async def mend_left(work: Workspace) -> None:
    """See to due times at which a process died, and to those that no run ever took.

    Prefect hears of the dead, and the work is run again. Nothing here may stop the run that
    looks; what does not succeed is tried by the next one.
    """
    now = SystemClock().now()
    try:
        left = await asyncio.to_thread(due_times.find_left, work.store, now=now)
        waiting = await asyncio.to_thread(due_times.list_waiting, work, now=now - ON_TIME)
    except LeadlineError as error:
        _LOG.warning("%s", error.say(work.environment.lang))
        return
    for each in left:
        await _try(_mend(work, each))
    for flow, due_at in waiting.items():
        await _try(_start_missed(flow, due_at))


async def _try(mending: Awaitable[None]) -> None:
    try:
        await mending
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away
        _LOG.warning("a run could not be started again: %s", type(error).__name__)


async def _mend(work: Workspace, left: due_times.Left) -> None:
    """See to a due time at which a process died."""
    async with get_client() as client:
        state = await _state_of(client, left)
        if state is not None and _has_ended(state):
            await _close_ended(work, left, state)
            return
        if state is not None and not state.is_final():
            message = _SAYS["crashed"][work.environment.lang]
            run_id = UUID(left.flow_run_id)
            await client.set_flow_run_state(run_id, Crashed(message=message), force=True)
        if _may_go_on(work, left) and not await _start_again(client, left):
            # The row stays as it is: closed, it would count as given up. Once the deployment is
            # resumed the work is run again, unless a later run has done it by then.
            return
    await asyncio.to_thread(due_times.close_left, work.store, left, now=SystemClock().now())


async def _state_of(client: PrefectClient, left: due_times.Left) -> State[Any] | None:
    """Return what Prefect says of the run, None when it does not know it."""
    if left.flow_run_id is None:
        return None
    try:
        return (await client.read_flow_run(UUID(left.flow_run_id))).state
    except ObjectNotFound:
        return None


def _has_ended(state: State[Any]) -> bool:
    """Tell whether a run ended in another way than by its process's death.

    One that a person cancelled, or that ran out of time, is not to be run again.
    """
    return state.is_cancelling() or (state.is_final() and not state.is_crashed())


async def _close_ended(work: Workspace, left: due_times.Left, state: State[Any]) -> None:
    """Record how a run ended that had no time to do so itself."""
    is_cancelled = state.is_cancelled() or state.is_cancelling()
    await asyncio.to_thread(
        due_times.end,
        work.store,
        due_times.Claim(left.flow, left.due_at, left.fence, {}, is_late=False),
        state="completed" if state.is_completed() else "failed",
        ending="Cancelled" if is_cancelled else state.name or "",
        now=SystemClock().now(),
    )


def _may_go_on(work: Workspace, left: due_times.Left) -> bool:
    """Tell whether somebody still has to do the work of a due time."""
    is_scheduled = left.flow in work.project.schedules
    return is_scheduled and not left.is_covered and left.fence < MOST_FENCES


async def _start_again(client: PrefectClient, left: due_times.Left) -> bool:
    """Have the work run again; False when people switched its deployment off."""
    deployment = await _find_deployment(client, left.flow)
    if deployment is None:  # another clock sees to it
        return True
    if _is_switched_off(deployment):
        return False
    await _start(client, deployment, _key(left.flow, left.due_at, left.fence))
    return True


async def _start_missed(flow: str, due_at: datetime) -> None:
    """Have a flow run for a due time that no clock took, unless people decided otherwise."""
    async with get_client() as client:
        deployment = await _find_deployment(client, flow)
        if deployment is None or _is_switched_off(deployment):
            return
        if await _waits(client, deployment.id):
            return
        if not await _was_called_off(client, deployment.id, flow, due_at=due_at):
            await _start(client, deployment, _key(flow, due_at, 0))


async def _find_deployment(client: PrefectClient, flow: str) -> DeploymentResponse | None:
    name = PREFIX + flow.replace("_", "-")
    try:
        return await client.read_deployment_by_name(f"{name}/{name}")
    except ObjectNotFound:
        return None


def _is_switched_off(deployment: DeploymentResponse) -> bool:
    """Tell whether a person, or the project, wants no runs of a deployment to begin by themselves.

    Prefect plans none then, but its runner starts whatever we would make.
    """
    return deployment.paused or not any(schedule.active for schedule in deployment.schedules)


def _key(flow: str, due_at: datetime, fence: int) -> str:
    return f"{_MENDS}{flow}-{due_at.isoformat()}-{fence}"


async def _start(client: PrefectClient, deployment: DeploymentResponse, key: str) -> None:
    """Have a flow run; asked twice with the same key, Prefect starts it once."""
    await client.create_flow_run_from_deployment(deployment.id, idempotency_key=key)


async def _waits(client: PrefectClient, deployment_id: UUID) -> bool:
    """Tell whether a run of a deployment should have started and has not ended."""
    found = await _runs(
        client,
        deployment_id,
        state={"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}},
        expected_start_time={"before_": SystemClock().now().isoformat()},
    )
    return bool(found)


async def _was_called_off(
    client: PrefectClient, deployment_id: UUID, flow: str, *, due_at: datetime
) -> bool:
    """Tell whether a person cancelled the run of a due time: Prefect's, or ours in its place."""
    at = due_at.isoformat()
    chosen: tuple[dict[str, Any], ...] = (
        {
            "tags": {"all_": ["auto-scheduled"]},
            "expected_start_time": {"after_": at, "before_": at},
        },
        {"idempotency_key": {"any_": [_key(flow, due_at, n) for n in range(MOST_FENCES)]}},
    )
    cancelled = {"type": {"any_": ["CANCELLED", "CANCELLING"]}}
    found = [await _runs(client, deployment_id, state=cancelled, **each) for each in chosen]
    return any(_is_by_person(run["state"]["message"] or "") for runs in found for run in runs)


def _is_by_person(message: str) -> bool:
    """Tell whether a run was cancelled by somebody else than us or Prefect's server."""
    ours = (words.partition("{name}") for words in _SAYS["superseded"].values())
    is_ours = any(message.startswith(head) and message.endswith(tail) for head, _, tail in ours)
    return not is_ours and not message.startswith(_SERVER_SAYS)


async def _runs(
    client: PrefectClient, deployment_id: UUID, **chosen: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return runs of a deployment as the server's pages get them."""
    deployment = {"deployment_id": {"any_": [str(deployment_id)]}}
    answer = await client.request(
        "POST", "/flow_runs/filter", json={"flow_runs": deployment | chosen, "limit": _AT_ONCE}
    )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found
