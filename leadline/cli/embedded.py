"""The clock without a Prefect server: one process that calls the stages when they are due.

    python -m leadline.cli.embedded

`leadline up --no-prefect` starts it. APScheduler tells when a flow may be due; the row of the due
time in the database decides whether it runs, so that a second clock, of either kind, does no
harm. Between due times it looks for new submissions every second.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from concurrent.futures import CancelledError as Cancelled
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from leadline.clock import SystemClock
from leadline.config.environment import language_of, read_environment
from leadline.domain.alerts import STATES, Alert, Kind
from leadline.domain.batches import Batch
from leadline.domain.endings import Facts
from leadline.errors import LeadlineError
from leadline.schedule import Clock
from leadline.stages import ORDER, delivery, due_times, imports, inbox, intake, refresh, run_stages
from leadline.stages.alerts import tell_admin
from leadline.stages.live import LiveWorkspace
from leadline.stopping import Stop
from leadline.store import outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from leadline.config.environment import Environment
    from leadline.stages import Workspace

_LOG: Final = logging.getLogger("leadline.clock")
#: What each flow does, stage by stage; `flows/` says the same for Prefect.
PROCESS: Final = ORDER[: ORDER.index("touches")]
SEND: Final = ORDER[ORDER.index("touches") :]
#: In seconds of the monotonic clock.
_LOOK_EVERY: Final = 1.0
_MEND_EVERY: Final = 10.0
_EDITS_EVERY: Final = 5.0
_LONGEST_PAUSE: Final = 60.0
#: A clock that works has taken a due time by then.
_SOON: Final = timedelta(seconds=10)
#: How long Prefect's own runs may see to a run of Prefect's that died.
_PREFECT_FIRST: Final = timedelta(seconds=60)


async def import_files(work: Workspace, now: datetime) -> Facts:
    """Take in the files that wait in the inboxes, and go on with their leads."""
    seen = await asyncio.to_thread(inbox.look, work, now=now)
    files, total = list(seen.left), Batch("intake")
    for path in seen.paths:
        taken = await asyncio.to_thread(inbox.take, work, path, now=now, by=imports)
        files.append(taken.facts)
        total += taken.batch
    (judged,) = await run_stages(work, ["intake"], now=now)
    batches = [judged + total, *await run_stages(work, PROCESS[1:], now=now)]
    return _facts(work, batches, files=files, waiting=seen.waiting)


async def process_submissions(work: Workspace, now: datetime) -> Facts:
    """Take in, score, route, write the reps' mails and enroll, until nothing is due."""
    return _facts(work, await run_stages(work, PROCESS, now=now))


async def send_due_touches(work: Workspace, now: datetime) -> Facts:
    """Write the mails that are due and send what is ready, until nothing is due."""
    return _facts(work, await run_stages(work, SEND, now=now))


async def refresh_scores(work: Workspace, now: datetime) -> Facts:
    """Let points of earlier behavior decay."""
    after, total = 0, Batch("refresh", has_more=True)
    while total.has_more:
        found = await asyncio.to_thread(refresh.refresh_batch, work, now=now, after=after)
        after, total = found.after, total + found.batch
    return _facts(work, [total])


async def remove_old_runs(work: Workspace, now: datetime) -> Facts:
    """Forget due times that nobody asks about any more."""
    removed = await asyncio.to_thread(due_times.remove_old, work.store, now=now)
    return Facts([removed] if removed.claimed else [])


def _facts(
    work: Workspace,
    batches: Sequence[Batch],
    *,
    files: Sequence[dict[str, Any]] = (),
    waiting: int = 0,
) -> Facts:
    done = [batch for batch in batches if batch.claimed]
    unknown = 0
    if any(batch.stage == "delivery" for batch in done):
        with work.store.read() as connection:
            unknown = outbox.count_by_state(connection).get("unknown", 0)
    return Facts(done, files, waiting=waiting, unknown=unknown)


#: The flows that this clock runs, by their names in `config/schedules.yaml`.
PLANS: Final[dict[str, Callable[[Workspace, datetime], Awaitable[Facts]]]] = {
    "import_files": import_files,
    "process_submissions": process_submissions,
    "send_due_touches": send_due_touches,
    "refresh_scores": refresh_scores,
    "remove_old_runs": remove_old_runs,
}


@dataclass
class Embedded:
    """The embedded clock of one project.

    Attributes:
        environment: where the project folder and its database are.
        live: the last good configuration.
    """

    environment: Environment
    live: LiveWorkspace = field(init=False)
    _clock: Clock = field(default_factory=Clock)
    _running: dict[int, Callable[[], object]] = field(default_factory=dict)
    _claims: set[tuple[str, datetime, int]] = field(default_factory=set)
    _beside: list[threading.Thread] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _failures: int = 0

    def __post_init__(self) -> None:
        """Look at the project."""
        self.live = LiveWorkspace(self.environment)

    def start(self) -> None:
        """Begin, with whatever was missed while nothing ran.

        Raises:
            ConfigError, StoreError: the project cannot run.
        """
        now = SystemClock().now()
        work = self.live.refresh(now)
        self.mend()
        self._set_table()
        self._clock.start()
        for seconds, call in (
            (_LOOK_EVERY, self.look),
            (_MEND_EVERY, self.mend),
            (_EDITS_EVERY, self._set_table),
        ):
            self._begin(self._repeat, seconds, call)
        _LOG.info("the clock is running, %d schedule(s)", len(work.project.schedules))
        for flow in PLANS:
            self._run_beside(flow)

    def _run_beside(self, flow: str) -> None:
        self._begin(self.run_due, flow)

    def _repeat(self, seconds: float, call: Callable[[], float | None]) -> None:
        """Call again and again until we stop, also while the computer's time is set back.

        What a call returns is how many seconds to wait longer.
        """
        extra: float | None = None
        while not self._stopping.wait(seconds + (extra or 0.0)):
            try:
                extra = call()
            except LeadlineError as error:
                _LOG.warning("%s", error.say(self.environment.lang))
            except Exception as error:  # noqa: BLE001 - its text may hold a row; the clock goes on
                _LOG.warning("the clock met %s", type(error).__name__)

    def _begin(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)
        thread.start()  # first: `stop` may join only what was started
        self._beside = [each for each in self._beside if each.is_alive()] + [thread]

    def _set_table(self) -> None:
        """Take the schedules as they are in the last good configuration."""
        schedules = self.live.refresh(SystemClock().now()).project.schedules
        known = {flow: each for flow, each in schedules.items() if flow in PLANS}
        self._clock.set(
            {
                flow: (schedule.recurrence, partial(self.run_due, flow))
                for flow, schedule in known.items()
            },
            paused=[flow for flow, schedule in known.items() if schedule.paused],
        )

    def run_due(self, flow: str) -> None:
        """Run a flow while a due time of it waits for somebody; whatever fails is logged."""
        try:
            while not self._stopping.is_set():  # the next one may have come meanwhile
                work = self.live.refresh(SystemClock().now())
                mine = due_times.claim(work, flow, now=SystemClock().now(), clock="embedded")
                if isinstance(mine, due_times.Refusal):
                    _LOG.debug("%s: %s", flow, mine.says[self.environment.lang])
                    return
                held = (mine.flow, mine.due_at, mine.fence)
                self._claims.add(held)
                try:
                    self._in_loop(self._run(work, mine))
                finally:
                    self._claims.discard(held)
        except LeadlineError as error:
            _LOG.warning("%s: %s", flow, error.say(self.environment.lang))
        except Exception as error:  # noqa: BLE001 - its text may hold a row; the clock goes on
            _LOG.warning("%s failed: %s", flow, type(error).__name__)

    async def _run(self, work: Workspace, mine: due_times.Claim) -> None:
        """Do the work of a due time; the database knows how it ended, unless we are stopped."""
        lang = self.environment.lang
        keeper = asyncio.create_task(_keep(work, mine, asyncio.current_task()))
        state: due_times.EndState = "failed"
        name, message = "Failed", ""
        try:
            facts = await PLANS[mine.flow](work, SystemClock().now())
            ending = replace(facts, late=mine.says).ending(lang)
            state, name, message = "completed", ending.name, ending.message
        except LeadlineError as error:
            message = error.say(lang)
        except asyncio.CancelledError:
            if self._stopping.is_set():  # nobody needs to hear of it: the next start goes on
                _end(work, mine, state="crashed", ending="Stopped")
            raise
        except Exception as error:  # noqa: BLE001 - its text may hold a row
            message = type(error).__name__
        finally:
            keeper.cancel()
        try:  # told first: who dies in between comes back, and telling again is held back
            await asyncio.to_thread(self._tell_admin, work, mine, name, message)
        finally:
            await asyncio.to_thread(_end, work, mine, state=state, ending=name)
        log = _LOG.debug if name == "Idle" else _LOG.info if state == "completed" else _LOG.warning
        log("%s %s: %s", mine.flow, name, message)

    def _tell_admin(self, work: Workspace, mine: due_times.Claim, name: str, message: str) -> None:
        """Write a mail about a run that failed or needs a person, as Prefect's automations do."""
        kind = STATES.get(name)
        if kind is not None:
            now = SystemClock().now()
            subject = f"{mine.due_at.isoformat()} {mine.fence}"
            alert = Alert(kind, mine.flow, subject, now, state=name, message=message)
            tell_admin(work, alert, now=now)

    def look(self) -> float:
        """Take new submissions through the pipeline at once; the schedule is the safety net.

        Returns:
            How many seconds to wait longer than usual: more after each failure.
        """
        now = SystemClock().now()
        self._clock.wake()
        try:
            work = self.live.refresh(now)
            mails = work.is_nurture_paused and delivery.has_due(work, now=now)
            if self._failures or mails or intake.has_due(work, now=now):
                self._failures += 1
                self._in_loop(_follow(work, now))
        except LeadlineError as error:
            self._failures = max(1, self._failures)
            _LOG.warning("%s", error.say(self.environment.lang))
        except Exception as error:  # noqa: BLE001 - its text may hold a row
            _LOG.warning("looking for new submissions failed: %s", type(error).__name__)
        else:
            self._failures = 0
        return min(_LONGEST_PAUSE, 2.0**self._failures) if self._failures else 0.0

    def mend(self) -> None:
        """Take up what processes left that died, and due times that passed by unseen.

        APScheduler does not call a flow that is still running, nor while the computer sleeps or
        its time is set back.
        """
        now = SystemClock().now()
        work = self.live.refresh(now)
        for left in due_times.find_left(work.store, now=now):
            # after the computer slept our own runs look dead until their leases are prolonged
            if (left.flow, left.due_at, left.fence) in self._claims:
                continue
            # Prefect alone knows whether a person ended a run of its own: it comes first
            if left.flow_run_id is not None and left.silent_for < _PREFECT_FIRST:
                continue
            # told first: what is not closed is found again, and telling again changes nothing
            subject = f"{left.due_at.isoformat()} {left.fence}"
            tell_admin(work, Alert(Kind.CRASHED, left.flow, subject, now, state="Crashed"), now=now)
            if due_times.close_left(work.store, left, now=now):
                _LOG.warning("%s: the process that ran it died", left.flow)
        for flow in sorted(due_times.list_waiting(work, now=now - _SOON).keys() & PLANS.keys()):
            self._run_beside(flow)

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in an event loop of this thread, which `stop` can cancel."""
        if self._stopping.is_set():
            work.close()
            return
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            task = loop.create_task(work)
            key = threading.get_ident()
            self._running[key] = lambda: loop.call_soon_threadsafe(task.cancel)
            if self._stopping.is_set():  # it was told while we came here
                task.cancel()
            try:
                with suppress(asyncio.CancelledError, Cancelled):
                    loop.run_until_complete(task)
            finally:
                del self._running[key]

    def stop(self) -> None:
        """Have whatever runs come to an end after the message that is on its way."""
        self._stopping.set()
        for cancel in list(self._running.values()):
            with suppress(RuntimeError):  # its loop has ended meanwhile
                cancel()
        self._clock.stop()
        for thread in self._beside:
            thread.join()
        self.live.close()


async def _follow(work: Workspace, now: datetime) -> None:
    await run_stages(work, ORDER, now=now)


def _end(work: Workspace, mine: due_times.Claim, *, state: due_times.EndState, ending: str) -> None:
    due_times.end(work.store, mine, state=state, ending=ending, now=SystemClock().now())


async def _keep(work: Workspace, mine: due_times.Claim, task: asyncio.Task[Any] | None) -> None:
    """Prolong the lease; whoever lost it stops, because another process is at the same work."""
    await due_times.keep(work.store, mine)
    _LOG.warning("%s: another process took its due time; stopping here", mine.flow)
    if task is not None:
        task.cancel()


def main() -> int:
    """Run the clock until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("leadline").setLevel(logging.INFO)
    # it warns each second that the look before has not ended yet
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    environment = read_environment(os.environ)
    environment.require_secrets()
    stop = Stop()
    stop.listen()
    embedded = Embedded(environment)
    embedded.start()
    stop.wait()
    embedded.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LeadlineError as failure:
        sys.exit(failure.say(language_of(os.environ)))
