"""Alerts as a Prefect task: what a run came to is read from the server and told to the admin."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings.context import get_current_settings

from leadline.domain.alerts import STATES, Alert, Kind, flow_named, kind_of, told_message
from leadline.domain.due_times import OVERDUE
from leadline.domain.skips import SkipReason
from leadline.errors import UsageError
from leadline.stages import alerts as stage
from tasks import held, is_transient, plain_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun, State


class NothingToTell(UsageError):
    """The run never came to the state that the alert is about."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "No run {run} with a state {state} is on the Prefect server, so there is nothing to "
        "tell. An alert is about one of these states: {states}.",
        "ja": "Prefect サーバーに、状態 {state} になった実行 {run} がないため、通知しません。"
        "通知の対象になる状態: {states}。",
    }


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_transient,
    timeout_seconds=120,
    task_run_name="alerts",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def alerts(now: str, event: str, flow_run_id: str) -> dict[str, Any]:
    """Write the mail about what a run came to; returns counts.

    Args:
        now: the present (ISO).
        event: the event, such as `prefect.flow-run.Failed`, or the state's name alone.
        flow_run_id: whose state it is.
    """
    with plain_errors("alerts"):
        alert = await _look(event.rpartition(".")[2], flow_run_id)
        if isinstance(alert, SkipReason):
            told = stage.Told(alert)
        else:
            at = datetime.fromisoformat(now)
            told = await asyncio.to_thread(stage.tell_admin, held().work, alert, now=at)
        return asdict(told.counts)


async def _look(name: str, flow_run_id: str) -> Alert | SkipReason:
    """Ask the server about a run and its newest state of this name.

    Returns:
        What happened; or why it is nothing to tell: a run was taken for dead that only waits, or
        one was late that has begun soon after, or whose work another one does.

    Raises:
        NothingToTell: there is no such run, or it never was in that state.
    """
    nothing = NothingToTell(run=flow_run_id, state=name, states=", ".join(STATES))
    try:
        async with get_client() as client:
            run = await client.read_flow_run(UUID(flow_run_id))
            states = sorted(
                await client.read_flow_run_states(run.id), key=lambda state: state.timestamp
            )
            if await _wakes(client, run, states):
                return SkipReason.STILL_WAITING
            flow = await client.read_flow(run.flow_id)
    except (ObjectNotFound, ValueError):
        raise nothing from None
    state = next((state for state in reversed(states) if state.name == name), None)
    kind = kind_of(name, state.message or "") if state else None
    if state is None or kind is None:
        raise nothing
    if kind is Kind.LATE and _is_mended(run):
        return SkipReason.DONE_BEFORE
    if kind is Kind.ZOMBIE and run.state is not None and not run.state.is_crashed():
        return SkipReason.STILL_WAITING  # it was put back meanwhile, or went on
    return Alert(
        kind=kind,
        flow=flow_named(flow.name),
        subject=f"{run.id}:{state.timestamp.isoformat()}",
        at=_since(kind, run, state),
        state=name,
        state_now=_now(run, state),
        message=told_message(name, state.message or ""),
        run_url=_url(run),
    )


async def _wakes(client: PrefectClient, run: FlowRun, states: Sequence[State[Any]]) -> bool:
    """Put a run back to waiting that was marked as dead although it has no process.

    A beat that reaches the server after the word that the run is suspended looks like the last
    one of a run that went on. Of a run that is over the server itself refuses to believe it.
    """
    before, last = ([None, None, *states])[-2:]
    if before is None or last is None or before.name != "Suspended":
        return False
    if kind_of(last.name or "", last.message or "") is not Kind.ZOMBIE:
        return False
    waiting = before.model_copy(update={"id": uuid4(), "timestamp": last.timestamp})
    await client.set_flow_run_state(run.id, waiting, force=True)
    return True


def _is_mended(run: FlowRun) -> bool:
    """Tell whether a late run was late by so little that nobody minds, or is not needed any more.

    Prefect calls a run late after 15 s, which a busy computer needs to start one.
    """
    if run.state is not None and run.state.is_cancelled():
        return True
    planned, began = run.expected_start_time, run.start_time
    return planned is not None and began is not None and began - planned < OVERDUE


def _since(kind: Kind, run: FlowRun, state: State[Any]) -> datetime:
    """Return when it happened; a late run is late since it was due."""
    is_late = kind is Kind.LATE and run.expected_start_time is not None
    return run.expected_start_time if is_late else state.timestamp  # type: ignore[return-value]


def _now(run: FlowRun, state: State[Any]) -> str:
    """Return the name of the state that the run has since come to, "" when it is the same."""
    if run.state is None or run.state.timestamp <= state.timestamp:
        return ""
    return run.state.name or ""


def _url(run: FlowRun) -> str:
    """Return where the run's page is; a server without the newer pages leads on to the older."""
    base = (get_current_settings().ui_url or "").rstrip("/").removesuffix("/v2")
    return f"{base}/v2/runs/flow-run/{run.id}" if base else ""
