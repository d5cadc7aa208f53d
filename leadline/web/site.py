"""What every route works with: the live configuration, the clock, and turns at the database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, ParamSpec, TypedDict, TypeVar, cast

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from leadline.errors import StoreError
from leadline.store.links import add_clicks
from leadline.store.posts import add_posts
from leadline.store.visitors import add_page_views
from leadline.web.languages import choose_language
from leadline.web.live import LiveProject
from leadline.web.network import find_client
from leadline.web.pace import Pace
from leadline.web.together import Together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leadline.clock import Clock
    from leadline.config.values import Language
    from leadline.stages import Workspace
    from leadline.store.links import Click
    from leadline.store.posts import Post, PostRefusal
    from leadline.store.visitors import PageView

P = ParamSpec("P")
T = TypeVar("T")

#: How often the project folder is looked at, at most.
LOOK_EVERY: Final = timedelta(seconds=2)
#: How long a request waits for its turn at the database before it is told to come back.
PATIENCE: Final = timedelta(seconds=30)
# SQLite has one writer, and those who wait for it in turn wait shorter than those who try and
# try again; PostgreSQL's connection pool has room for fifteen.
_SQLITE_TURNS: Final = 1
_TURNS: Final = 10
_PROBES: Final = 2
_LOOKS: Final = 4


class _Terms(TypedDict):
    turns: asyncio.Semaphore
    patience: float


class StoreBusy(StoreError):
    """So many requests wait for the database that this one is sent away."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The database is busy: a request waited {seconds} s for its turn. Nothing of it was "
        "stored. `leadline doctor` checks the database.",
        "ja": "データベースが混み合っています({seconds}秒待機)。このリクエストは何も保存して"
        "いません。`leadline doctor` でデータベースを確認できます。",
    }


class Site:
    """One running web app.

    Attributes:
        clock: tells the time.
        pace: how fast each network posts.
    """

    def __init__(self, work: Workspace, *, clock: Clock, patience: timedelta = PATIENCE) -> None:
        """Serve `work`; `clock` tells the time, `patience` bounds the wait for a turn."""
        self.clock = clock
        self.pace = Pace()
        self._patience = patience.total_seconds()
        self._work = work
        self._live = LiveProject()
        self._looking = Lock()
        self._looked_at = clock.now()
        self._turns = asyncio.Semaphore(_SQLITE_TURNS if work.store.is_sqlite else _TURNS)
        self._looks = asyncio.Semaphore(_LOOKS)
        terms: _Terms = {"turns": self._turns, "patience": self._patience}
        self._posts = Together(work.store, add=add_posts, **terms)
        self._clicks = Together(work.store, add=add_clicks, **terms)
        self._views = Together(work.store, add=add_page_views, **terms)
        self._probes = BoundedSemaphore(_PROBES)

    async def workspace(self) -> Workspace:
        """Return the workspace with the live configuration."""
        now = self.clock.now()
        if abs(now - self._looked_at) >= LOOK_EVERY:
            self._looked_at = now  # before waiting, so that one request looks and the others go on
            await run_in_threadpool(self._look)
        return self._work

    def _look(self) -> None:
        with self._looking:
            self._work = self._live.renew(self._work)

    async def in_turn(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that speaks to the database in a thread, when its turn has come.

        Raises:
            StoreBusy: no turn came in time; the function was not called.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            raise StoreBusy(seconds=self._patience) from None
        try:
            return await run_in_threadpool(act, *args, **kwargs)
        finally:
            self._turns.release()

    async def store_post(self, post: Post, *, now: datetime) -> int | PostRefusal:
        """Store a form post together with others that wait, and return once it is committed.

        Raises:
            StoreBusy: no turn came in time; the post was not stored.
        """
        try:
            return await self._posts.add(post, now=now)
        except TimeoutError:
            raise StoreBusy(seconds=self._patience) from None

    async def store_click(self, click: Click, *, now: datetime) -> bool:
        """Store the use of a link together with others; tells whether it is recorded.

        Raises:
            TimeoutError: no turn came in time; it was not stored.
        """
        return await self._clicks.add(click, now=now)

    async def store_page_view(self, view: PageView, *, now: datetime) -> None:
        """Store a page view together with others, and return once it is committed.

        Raises:
            StoreBusy: no turn came in time; it was not stored.
        """
        try:
            await self._views.add(view, now=now)
        except TimeoutError:
            raise StoreBusy(seconds=self._patience) from None

    async def look(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads, out of turn: who writes may hold the turns for long."""
        async with self._looks:
            return await run_in_threadpool(act, *args, **kwargs)

    async def probe(self, act: Callable[[Workspace], T]) -> T:
        """Run a look at the database at once, out of turn; it may be left behind unfinished.

        Raises:
            StoreBusy: earlier looks have not come back yet.
        """
        work = await self.workspace()

        def look() -> T:
            if not self._probes.acquire(blocking=False):
                raise StoreBusy(seconds=0)
            try:
                return act(work)
            finally:
                self._probes.release()

        return await asyncio.to_thread(look)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, with the configuration and the instant that it is answered by.

    Attributes:
        lang: "en" or "ja": what `?lang=` says, else the browser, else the settings.
        is_said: whether the request itself named the language.
    """

    request: Request
    site: Site
    work: Workspace
    now: datetime
    lang: Language
    is_said: bool

    @property
    def network_address(self) -> str | None:
        """Return where the request came from, None when nobody can tell."""
        return find_client(self.request.scope, self.work.environment.trusted_proxies)


async def open_visit(request: Request) -> Visit:
    """Return the request with what is needed to answer it."""
    site = cast("Site", request.app.state.site)
    work = await site.workspace()
    said = choose_language(
        request.query_params.get("lang", ""), request.headers.get("accept-language", "")
    )
    lang = said or work.project.settings.language
    return Visit(request, site, work, site.clock.now(), lang, is_said=said is not None)


Visiting = Annotated[Visit, Depends(open_visit)]
