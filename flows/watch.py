"""The long-lived flow: a new submission is with its rep's mail server within a second or two.

It looks every second and awaits `process_submissions` and `send_due_touches` in its own process;
the schedules of both remain the safety net. `python -m flows.watch` runs it again and again until
it is told to stop. In a work pool it is a deployment with a schedule: there a run lasts until a
worker waits with the next one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from prefect import flow, tags
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import State
from prefect.states import AwaitingConcurrencySlot, Completed

from flows.due_times import Scheduled, cancel_superseded, find_scheduled, mend_left
from flows.process_submissions import process_submissions
from flows.run import (
    STOP,
    TAG,
    WATCHED,
    Stopped,
    is_stopping,
    name_for,
    read_instant,
    unless_stopped,
)
from flows.send_due_touches import send_due_touches
from leadline.clock import SystemClock
from leadline.config.environment import language_of, read_environment
from leadline.domain.endings import IDLE
from leadline.errors import LeadlineError
from leadline.stages import delivery, run_stages
from leadline.stages.alerts import alert_overdue
from leadline.stages.due_times import list_overdue
from leadline.stages.intake import has_due
from leadline.stages.live import LiveWorkspace
from leadline.stopping import Stop
from tasks import current_environment, find_held, hold, unforeseen

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from leadline.config.environment import Environment
    from leadline.stages import Workspace

#: An hour less a minute: an hourly schedule finds the run before it ended.
FOR_SECONDS: Final = 3540
_LONGEST: Final = 6 * 3600
_LOOK_EVERY: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_OVERDUE_EVERY: Final = 60.0
#: How long Prefect's server may take to answer while new submissions wait.
_ANSWER_WITHIN: Final = 10.0
_LOG: Final = logging.getLogger("leadline.watch")
#: The state of runs that a worker took up while another one of their deployment runs.
_WAITING: Final = AwaitingConcurrencySlot().name


@flow(
    name="leadline-watch",
    flow_run_name=name_for("watch"),
    timeout_seconds=_LONGEST + 600,
    persist_result=False,
)
async def watch(now: str | None = None, for_seconds: float = FOR_SECONDS) -> State[Any]:
    """Look for new submissions every second and take them through the pipeline.

    A database that is locked or away, a Prefect server that does not answer and a failed run are
    waited out, longer each time up to a minute. A wrong edit of the configuration is logged and
    the last good one goes on.

    Args:
        now: the instant that its runs look at (ISO with zone); the present of each if None.
        for_seconds: when it ends itself, at most 6 hours.
    """
    read_instant(now)  # a wrong one ends the run at once
    environment = current_environment()
    watching = Watching(environment, now)
    await keep_watching(watching, Turn(find_scheduled(), environment.lang), for_seconds=for_seconds)
    if watching.passes:
        return Completed(message=f"{watching.passes} pass(es), {watching.failures} failed")
    return Completed(name=IDLE, message="nothing arrived")


async def keep_watching(watching: Watching, turn: Turn, *, for_seconds: float) -> None:
    """Look again and again until the time is over, the next run waits, or we are told to stop."""
    ends_at = time.monotonic() + min(for_seconds, _LONGEST)
    stop = STOP.get(None) or asyncio.Event()
    try:
        await turn.begin()
        while time.monotonic() < ends_at and not (stop.is_set() or await turn.is_over()):
            pause = await watching.look()
            await _sleep(min(pause, max(0.0, ends_at - time.monotonic())), stop)
    finally:
        watching.close()


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


@dataclass
class Turn:
    """The place of a run among those that are planned for its deployment: one runs at a time.

    Attributes:
        mine: the run, None when it belongs to no deployment.
        lang: the project's language.
        look_every: how many seconds between two looks at who waits.
    """

    mine: Scheduled | None
    lang: str
    look_every: float = _OVERDUE_EVERY
    _next_look_at: float = 0.0

    async def begin(self) -> None:
        """Cancel runs whose time has passed: they were planned while no worker was there."""
        self._next_look_at = time.monotonic() + self.look_every
        if self.mine is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(cancel_superseded(self.mine, self.lang), _ANSWER_WITHIN)

    async def is_over(self) -> bool:
        """Tell whether a worker waits with a newer run; looks at most every `look_every` seconds.

        One that no worker has taken up does not count: nobody might start it when we end.
        """
        if self.mine is None or time.monotonic() < self._next_look_at:
            return False
        self._next_look_at = time.monotonic() + self.look_every
        try:
            return await asyncio.wait_for(_is_awaited(self.mine), _ANSWER_WITHIN)
        except Exception as error:  # noqa: BLE001 - Prefect's server may be away; the watch goes on
            _LOG.warning("nobody knows whether the next watch waits: %s", type(error).__name__)
            return False


async def _is_awaited(mine: Scheduled) -> bool:
    """Tell whether a planned run that is due, and newer than ours, waits for ours to end."""
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[mine.deployment_id]),
        tags=FlowRunFilterTags(all_=["auto-scheduled"]),
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=[_WAITING])),
        expected_start_time=FlowRunFilterExpectedStartTime(
            after_=mine.run.expected_start_time, before_=SystemClock().now()
        ),
    )
    async with get_client() as client:
        return bool(await client.read_flow_runs(flow_run_filter=waiting, limit=1))


class PassFailed(LeadlineError):
    """A flow that the watch awaited did not complete."""


@dataclass
class Watching:
    """One watch: the last good configuration, and how long to wait after a failure.

    Attributes:
        environment: where the project folder and its database are.
        now: the instant given to the flow, None for the present of each look.
        passes: how often new submissions were found.
        failures: how many of those passes failed.
    """

    environment: Environment
    now: str | None
    passes: int = 0
    failures: int = 0
    _in_a_row: int = 0
    _next_look_at: float = 0.0
    _is_unfinished: bool = False

    @cached_property
    def live(self) -> LiveWorkspace:
        """Return what reads the project folder again when it changes."""
        return LiveWorkspace(self.environment)

    async def look(self) -> float:
        """Take what is new through the pipeline; returns how long to wait until the next look."""
        try:
            work = await asyncio.to_thread(self._refresh, read_instant(self.now))
            is_due = await asyncio.to_thread(_is_due, work, read_instant(self.now))
            if is_due or self._is_unfinished:
                await self._take(work)
            await unless_stopped(partial(self._see_to_clocks, work))
        except Stopped:
            return 0.0
        except LeadlineError as error:
            _LOG.warning("%s", error.say(self.environment.lang))
            return self._back_off()
        except Exception as error:  # noqa: BLE001 - the watch goes on, and the text may hold a row
            _LOG.warning("%s", unforeseen("watch", error).say(self.environment.lang))
            return self._back_off()
        self._in_a_row = 0
        return _LOOK_EVERY

    async def _see_to_clocks(self, work: Workspace) -> None:
        """See once a minute to schedules that no clock runs, and tell the admin of them."""
        if time.monotonic() < self._next_look_at:
            return
        self._next_look_at = time.monotonic() + _OVERDUE_EVERY
        await mend_left(work)
        now = SystemClock().now()
        for name, due_at in await asyncio.to_thread(list_overdue, work, now=now):
            told = await asyncio.to_thread(alert_overdue, work, name, due_at, now=now)
            if told.reason is None:
                await run_stages(work, ["delivery"], now=now)

    async def _take(self, work: Workspace) -> None:
        """Run both flows in this process.

        Raises:
            PassFailed: one of them failed; the next look tries both again.
        """
        self.passes += 1
        self.failures += 1
        self._is_unfinished = True
        with hold(work), tags(TAG, WATCHED):
            for follow in (process_submissions, send_due_touches):
                if is_stopping():
                    break
                state = await follow(now=self.now, return_state=True)
                if not (state.is_completed() or is_stopping()):
                    raise PassFailed(message=state.message or state.name)
        self._is_unfinished = False
        self.failures -= 1

    def _back_off(self) -> float:
        self._in_a_row += 1
        return float(min(_LONGEST_PAUSE, 2**self._in_a_row))

    def _refresh(self, now: datetime) -> Workspace:
        """Return the workspace that is held, else the last good one."""
        return find_held() or self.live.refresh(now)

    def close(self) -> None:
        """Give the database connections back."""
        self.live.close()


def _is_due(work: Workspace, now: datetime) -> bool:
    """Tell whether something arrived, or a rep's mail waits while its schedule is paused."""
    return has_due(work, now=now) or (work.is_nurture_paused and delivery.has_due(work, now=now))


async def watch_until(stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Run the watch again and again until `stop` is set, also while the server is away."""
    STOP.set(stop)
    failures = 0
    while not stop.is_set():
        try:
            with tags(TAG, WATCHED):
                state = await watch(return_state=True)
            why = "" if state.is_completed() else str(state.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next one may go well
            why = type(error).__name__
        failures = failures + 1 if why else 0
        if why:
            pause = min(_LONGEST_PAUSE, 2.0**failures)
            say(f"the watch ended: {why}; again in {pause:.0f} s")
            await _sleep(pause, stop)


def main() -> int:
    """Watch until SIGTERM or SIGINT; returns the exit code.

    Prefect takes SIGTERM for itself wherever it may and then gives the run up in the middle. It
    may in the main thread only, so the runs live in another one, where we end them ourselves.
    """
    # not more: libraries that speak SMTP and HTTP name addresses at lower levels
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    read_environment(os.environ).require_secrets()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    asked = Stop()
    asked.listen()
    runner = threading.Thread(
        target=lambda: loop.run_until_complete(watch_until(stop, _LOG.warning)), name="watch"
    )
    runner.start()
    while runner.is_alive() and not asked.wait(0.5):
        pass
    loop.call_soon_threadsafe(stop.set)
    runner.join()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LeadlineError as failure:
        sys.exit(failure.say(language_of(os.environ)))
