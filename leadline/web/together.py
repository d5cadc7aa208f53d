"""Posts that wait at the same time are stored by one transaction: one sync of the disk for all.

While one batch is being committed the next one gathers, so that nobody waits for company, and
everybody is answered after the commit that holds the post.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from fastapi.concurrency import run_in_threadpool

from leadline.errors import ConcurrentUpdate
from leadline.store.engine import (
    DatabaseFull,
    DatabaseLocked,
    DatabaseUnreachable,
    DatabaseUnusable,
    DiskFailed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadline.store.engine import Connection, Store

#: Posts of one transaction; more wait for the next.
_MOST: Final = 200
#: What fails for every post alike; anything else may be the fault of one. A lock that all have
#: waited for is not waited for again by each.
_OUTAGES: Final = (
    *(DatabaseFull, DatabaseLocked, DatabaseUnreachable, DatabaseUnusable, DiskFailed),
    ConcurrentUpdate,
)


ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")
In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class Adding(Protocol[In_contra, Out_co]):
    """Writes posts in one transaction; returns what became of each."""

    def __call__(
        self, connection: Connection, posts: Sequence[In_contra], /, *, now: datetime
    ) -> Sequence[Out_co]:
        """Write."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[ItemT, OutcomeT]):
    """A post that waits, since when, and who is to be told."""

    post: ItemT
    now: datetime
    told: asyncio.Future[OutcomeT]


class Together(Generic[ItemT, OutcomeT]):
    """Gathers posts and stores them batch by batch."""

    def __init__(
        self,
        store: Store,
        *,
        turns: asyncio.Semaphore,
        patience: float,
        add: Adding[ItemT, OutcomeT],
    ) -> None:
        """Store into `store`, a batch at each turn; a post waits `patience` seconds for one."""
        self._store = store
        self._turns = turns
        self._patience = patience
        self._add = add
        self._waiting: deque[_Waiting[ItemT, OutcomeT]] = deque()
        self._work: asyncio.Task[None] | None = None

    async def add(self, post: ItemT, *, now: datetime) -> OutcomeT:
        """Store one post, and return what became of it once that is committed.

        Raises:
            TimeoutError: no turn came in time; the post was not stored.
            StoreError: the database cannot be used; the post was not stored.
        """
        loop = asyncio.get_running_loop()
        mine: _Waiting[ItemT, OutcomeT] = _Waiting(post, now, loop.create_future())
        self._waiting.append(mine)
        timer = loop.call_later(self._patience, self._give_up, mine)
        if self._work is None:
            self._work = loop.create_task(self._store_all())
        try:
            return await mine.told
        finally:
            timer.cancel()

    def _give_up(self, waiting: _Waiting[ItemT, OutcomeT]) -> None:
        """Send a post away that no batch has taken yet."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            _tell(waiting, TimeoutError())

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                async with self._turns:
                    await self._store_some()
        finally:
            self._work = None

    async def _store_some(self) -> None:
        """Store those that wait now; whoever has gone meanwhile is left out."""
        count = min(len(self._waiting), _MOST)
        found = [self._waiting.popleft() for _ in range(count)]
        batch = [waiting for waiting in found if not waiting.told.done()]
        if not batch:
            return
        posts, now = [waiting.post for waiting in batch], max(waiting.now for waiting in batch)
        answers: Sequence[OutcomeT | Exception]
        try:
            answers = await run_in_threadpool(self._commit, posts, now=now)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait, not to this loop
            answers = [error] * len(batch)
        for waiting, answer in zip(batch, answers, strict=True):
            _tell(waiting, answer)

    def _commit(self, posts: list[ItemT], *, now: datetime) -> Sequence[OutcomeT | Exception]:
        """Store posts in one transaction, one by one if one of them spoils it for the others."""
        try:
            return self._write(posts, now=now)
        except _OUTAGES:
            raise
        except Exception:
            if len(posts) == 1:
                raise
        return [self._try(post, now=now) for post in posts]

    def _try(self, post: ItemT, *, now: datetime) -> OutcomeT | Exception:
        try:
            return self._write([post], now=now)[0]
        except Exception as error:  # noqa: BLE001 - raised where this post is waited for
            return error

    def _write(self, posts: list[ItemT], *, now: datetime) -> Sequence[OutcomeT]:
        with self._store.write() as connection:
            return self._add(connection, posts, now=now)


def _tell(waiting: _Waiting[ItemT, OutcomeT], answer: OutcomeT | Exception) -> None:
    if waiting.told.done():
        return
    if isinstance(answer, Exception):
        waiting.told.set_exception(answer)
    else:
        waiting.told.set_result(answer)
