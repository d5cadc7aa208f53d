"""What the flows share: a run in progress, from the instant it looks at to how it ends.

A flow opens the workspace, calls tasks batch by batch and ends in one of four ways: Completed,
Completed as Idle (nothing was due), Completed as Attention (rows need a person) or Failed. A run
of a process that is told to stop ends as Cancelled. What Prefect stores and shows of it are
counts, names of stages and reasons, and paths.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from prefect.context import TagsContext
from prefect.runtime import flow_run
from prefect.states import Cancelled

from flows import due_times
from flows.endings import ending_of, failed, idle, publish
from leadline.clock import SystemClock
from leadline.domain.batches import Batch
from leadline.domain.endings import Facts
from leadline.errors import LeadlineError, UsageError
from leadline.stages import load_stage, open_workspace
from leadline.stages.due_times import Refusal
from leadline.store import outbox
from tasks import current_environment, hold_workspace, unforeseen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from prefect.client.schemas.objects import State

    from leadline.stages import Workspace
    from leadline.stages.due_times import Claim


#: What every run, deployment and automation of ours bears, on a server shared with other teams.
TAG: Final = "leadline"
#: What runs bear that the automations look after. An alert's run does not: no alert of an alert.
WATCHED: Final = "leadline-watched"
#: Set by a process that ends its runs itself when it is told to stop; where a worker or a serving
#: process started the run, Prefect ends it.
STOP: Final[ContextVar[asyncio.Event]] = ContextVar("leadline_stop")
_STOPPED: Final = {
    "en": "stopped, because its process was told to stop; what it had not done stays due",
    "ja": "プロセスの停止により中断しました。未処理の分は次回の実行で処理されます",
}
T = TypeVar("T")


class BadInstant(UsageError):
    """A flow was given a `now` that is no instant."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "`now` is no instant with a zone. Write it like 2026-11-20T09:30:00+09:00, or leave "
        "it out for the present.",
        "ja": "`now` はタイムゾーン付きの時刻ではありません。2026-11-20T09:30:00+09:00 の形で"
        "指定するか、省略して現在時刻を使ってください。",
    }


class Stopped(Exception):
    """What ran was cancelled: this process was told to stop."""


@dataclass
class Run:
    """One flow run: what it works with, the instant it looks at, and what it did so far.

    Attributes:
        work: the open workspace.
        now: the instant that "due" is measured against.
        sums: what each stage did, in the order run.
        files: what became of each imported file.
        waiting: files that were left for the next run because they are still being written.
        late: per language, that the run is late or makes up for missed times.
    """

    work: Workspace
    now: datetime
    late: Mapping[str, str] | None = None
    sums: dict[str, Batch] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    waiting: int = 0
    _batches: dict[str, int] = field(default_factory=dict)

    @property
    def at(self) -> str:
        """Return the instant as tasks take it."""
        return self.now.isoformat()

    async def next_batch(self, stage: str) -> int:
        """Return the number of a stage's next batch, 0 when nothing is due any more."""
        number = self._batches.get(stage, 0)
        if number and not self.sums[stage].has_more:
            return 0
        is_due = await asyncio.to_thread(load_stage(stage).has_due, self.work, now=self.now)
        return number + 1 if is_due else 0

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add what a batch did."""
        batch = Batch(**counts)
        self.sums[batch.stage] = self.sums.get(batch.stage, Batch(batch.stage)) + batch
        self._batches[batch.stage] = self._batches.get(batch.stage, 0) + 1

    def facts(self) -> Facts:
        """Return what the end of the run depends on."""
        done = [batch for batch in self.sums.values() if batch.claimed]
        unknown = 0
        if any(batch.stage == "delivery" for batch in done):
            with self.work.store.read() as connection:
                unknown = outbox.count_by_state(connection).get("unknown", 0)
        return Facts(done, self.files, waiting=self.waiting, unknown=unknown, late=self.late)


async def carry_out(
    now: str | None,
    follow: Callable[[Run], Awaitable[None]],
    *,
    opening: Callable[..., Workspace] = open_workspace,
) -> State[Any]:
    """Open the workspace, follow a flow's plan, write its artifacts; returns its end state.

    Whatever fails ends as Failed with words of ours: a traceback may quote a row.

    Args:
        now: the instant that the flow looks at (ISO with zone), None for the present.
        follow: the plan.
        opening: how the workspace is opened.
    """
    lang = "en"
    try:
        environment = current_environment()
        lang = environment.lang
        instant = read_instant(now)
        async with hold_workspace(environment, now=instant, opening=opening) as work:
            return await _when_due(Run(work, instant), follow, lang)
    except LeadlineError as error:
        return failed(error, lang)
    except Exception as error:  # noqa: BLE001 - its text may hold a row, see above
        return failed(unforeseen("flow", error), lang)


async def _when_due(run: Run, follow: Callable[[Run], Awaitable[None]], lang: str) -> State[Any]:
    """Follow the plan when the due time of this run is ours, or when it has none."""
    scheduled = due_times.find_scheduled()
    if scheduled is None:
        return await _follow(run, follow, lang)
    mine = await due_times.take(run.work, scheduled)
    await due_times.mend_left(run.work)
    if isinstance(mine, Refusal):
        return idle(mine.says[lang])
    if mine is not None and mine.is_late:
        run.late = mine.says
        await due_times.cancel_superseded(scheduled, lang)
    return await _follow_and_record(run, follow, mine, lang=lang)


async def _follow_and_record(
    run: Run, follow: Callable[[Run], Awaitable[None]], mine: Claim | None, *, lang: str
) -> State[Any]:
    """Follow the plan; our database knows how it ended, unless the process dies."""
    try:
        async with due_times.keep(run.work, mine):
            state = await _follow(run, follow, lang)
    except LeadlineError as error:
        state = failed(error, lang)
    except Exception as error:  # noqa: BLE001 - its text may hold a row
        state = failed(unforeseen("flow", error), lang)
    await due_times.end(run.work, mine, state)
    return state


async def _follow(run: Run, follow: Callable[[Run], Awaitable[None]], lang: str) -> State[Any]:
    try:
        with TagsContext(current_tags=set()):  # the run's own tag is not for its tasks, see tasks
            await unless_stopped(partial(follow, run))
    except Stopped:
        return Cancelled(message=_STOPPED[lang])
    finally:  # what was done before a failure is shown as well
        facts = await asyncio.to_thread(run.facts)
        await publish(facts, lang)
    return ending_of(facts, lang)


def is_stopping() -> bool:
    """Tell whether this process was told to stop; see `STOP`."""
    stop = STOP.get(None)
    return stop is not None and stop.is_set()


async def unless_stopped(work: Callable[[], Awaitable[T]]) -> T:
    """Do some work; when this process is told to stop meanwhile, the work is cancelled.

    The engine around it is not: Prefect takes a run whose engine was cancelled for crashed.

    Raises:
        Stopped: the work was cancelled, or not begun.
    """
    stop = STOP.get(None)
    if stop is None:
        return await work()
    if stop.is_set():
        raise Stopped
    running = asyncio.ensure_future(work())
    told = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        await _end(running)
    if running.cancelled() and stop.is_set():
        raise Stopped
    return running.result()


async def _end(running: asyncio.Future[Any]) -> None:
    """Cancel what runs and wait for its end, however often we are cancelled ourselves meanwhile."""
    running.cancel()
    while not running.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({running})


def read_instant(now: str | None) -> datetime:
    """Return the instant that a flow was given, else the present, as aware UTC.

    Raises:
        BadInstant: it is no instant, or has no zone.
    """
    if now is None:
        return SystemClock().now()
    try:
        instant = datetime.fromisoformat(now)
    except ValueError:
        raise BadInstant from None
    if instant.tzinfo is None:
        raise BadInstant
    return instant.astimezone(UTC)


def name_for(flow: str) -> Callable[[], str]:
    """Return what names the runs of a flow: the flow and the local time that the run looks at."""

    def name() -> str:
        try:
            instant = read_instant(flow_run.parameters.get("now"))
        except BadInstant:
            return flow
        return f"{flow} {instant.astimezone():%Y-%m-%d %H:%M:%S %Z}"

    return name
