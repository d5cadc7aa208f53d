"""Each stage as one Prefect task: retries and a time limit around batches of a stage.

What the tasks share is here. A task takes and returns ids, counts, instants and paths below the
project folder, because Prefect stores and shows them. The open workspace is no parameter either:
Prefect walks through parameters in search of futures, and a workspace holds the database and
every template. A flow opens it once, or finds the one that a long-lived flow opened, and holds it
in a context variable, which awaited tasks and their threads see.

Tasks bear no tags, flow runs do. Before a tagged task runs, Prefect asks its server for a slot
per tag; a server on SQLite answers one such call in four with "locked", and the client then waits
2 s. Measured over a run of four small tasks: 5 s with tags, 0.7 s without.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from leadline.config.environment import read_environment
from leadline.errors import (
    ConcurrentUpdate,
    LeadlineError,
    StageError,
    TransientDeliveryError,
)
from leadline.stages import Workspace, open_workspace
from leadline.store.engine import DatabaseLocked, DatabaseUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator

    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

    from leadline.config.environment import Environment
    from leadline.domain.batches import Batch

#: Errors that pass by themselves: the database is busy or away, the relay cannot take mail now.
TRANSIENT: Final = (TransientDeliveryError, ConcurrentUpdate, DatabaseLocked, DatabaseUnreachable)
#: A task run costs about 60 ms of CPU, here and in the server. It goes on taking batches for this
#: long, so that Prefect's share stays below 5 % while transactions stay short.
WORTH_SECONDS: Final = 5.0
T = TypeVar("T")
_OURS: Final = Path(__file__).resolve().parents[1]


@dataclass
class Held:
    """What the tasks of one flow run work with.

    Attributes:
        work: the open workspace.
    """

    work: Workspace


_HELD: ContextVar[Held] = ContextVar("leadline_held")


def held() -> Held:
    """Return what the running flow holds.

    Raises:
        LookupError: no flow of ours is running.
    """
    return _HELD.get()


def find_held() -> Workspace | None:
    """Return the workspace that is held, if there is one."""
    outer = _HELD.get(None)
    return outer.work if outer else None


@contextmanager
def hold(work: Workspace) -> Iterator[Workspace]:
    """Have the flows and tasks inside the block work with an open workspace."""
    token = _HELD.set(Held(work))
    try:
        yield work
    finally:
        _HELD.reset(token)


def current_environment() -> Environment:
    """Return the environment of the workspace that is held, else that of this process.

    Raises:
        SecretsExposed: others than the owner may read the file of secrets.
    """
    work = find_held()
    return work.environment if work else read_environment(os.environ)


@asynccontextmanager
async def hold_workspace(
    environment: Environment,
    *,
    now: datetime,
    opening: Callable[..., Workspace] = open_workspace,
) -> AsyncIterator[Workspace]:
    """Give the workspace that is held, or open and hold one for the block.

    Args:
        environment: where the project folder and its database are.
        now: recorded when the configuration is new.
        opening: how one is opened.

    Raises:
        ConfigError: the project folder has faults.
        StoreError: the database cannot be used.
    """
    outer = find_held()
    if outer is not None:
        with hold(outer):
            yield outer
        return
    with await asyncio.to_thread(opening, environment, now=now) as work, hold(work):
        yield work


async def take_batches(run_batch: Callable[..., Batch], now: str) -> dict[str, Any]:
    """Run batches of a stage in a thread for as long as a task run is worth; returns their sum.

    Raises:
        LeadlineError: as the stage raised it.
        StageError: it failed in a way that nobody foresaw.
    """
    at = datetime.fromisoformat(now)

    async def run() -> Batch:
        return await asyncio.to_thread(run_batch, held().work, now=at)

    with plain_errors(run_batch.__module__.rpartition(".")[2]):
        return asdict(await add_up(run))


async def add_up(run: Callable[[], Awaitable[Batch]]) -> Batch:
    """Run batch after batch until none is left or `WORTH_SECONDS` are over; returns their sum.

    Each batch is a transaction of its own. One that fails after others were done ends the task
    run with what was done; the next task run meets the failure again, and its retries.
    """
    ends_at = time.monotonic() + WORTH_SECONDS
    total = await run()
    while total.has_more and time.monotonic() < ends_at:
        try:
            total += await run()
        except Exception:  # noqa: BLE001 - see above: nothing is lost, and nothing hidden
            break
    return total


@contextmanager
def plain_errors(stage: str) -> Iterator[None]:
    """Let only errors without data out of the block: Prefect stores and shows their text.

    Raises:
        LeadlineError: as it was raised; ours hold no personal data.
        StageError: in place of anything else, with its kind and place.
    """
    try:
        yield
    except LeadlineError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold a row
        raise unforeseen(stage, error) from None


async def run_apart(run: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in an event loop of a thread of its own; a stop reaches it as a cancellation.

    Prefect answers SIGTERM, which is how a run is cancelled, with an exception between any two
    steps of the main thread. In the middle of a mail that would leave its outcome unknown. Here
    the exception meets a thread that waits, and the mails on their way arrive.
    """
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()  # whoever stops waiting does not cancel it

    async def main() -> T:
        task = asyncio.ensure_future(run())
        ready.set_result((asyncio.get_running_loop(), task))
        return await task

    def work() -> None:
        try:
            outcome.set_result(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            outcome.set_exception(error)
            if not ready.done():  # it never came to run
                ready.set_exception(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="apart")
    thread.start()
    try:
        return await asyncio.wrap_future(outcome)
    except BaseException:
        loop, task = ready.result()
        if thread.is_alive():
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise


def unforeseen(stage: str, error: Exception) -> StageError:
    """Return what may be said of an error that nobody foresaw: its kind and its place."""
    return StageError(stage=stage, kind=type(error).__name__, place=_place(error))


def _place(error: Exception) -> str:
    """Return the innermost line of ours that the error passed, else the innermost of all."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        lines.append((Path(trace.tb_frame.f_code.co_filename), trace.tb_lineno))
        trace = trace.tb_next
    ours = [line for line in lines if line[0].is_relative_to(_OURS / "leadline")]
    path, number = (ours or lines or [(Path("?"), 0)])[-1]
    shown = path.relative_to(_OURS) if path.is_relative_to(_OURS) else path.name
    return f"{shown}:{number}"


async def is_transient(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Tell Prefect whether trying a task again can help."""
    del task, task_run
    return isinstance(await state.aresult(raise_on_failure=False), TRANSIENT)
