"""What visitors are told when the store is full, locked, busy or gone: never a 201."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from leadline.clock import FixedClock
from leadline.store.engine import open_store
from leadline.web.site import Site, StoreBusy
from tests.factories import NOW, a_visitor, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace
    from tests import databases

LAUREN = {"full_name": "Lauren Anderson", "email": "lauren@example.com", "company": "Ramirez"}


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", sqlite_url) as opened:
        yield opened


@contextmanager
def limited(work: Workspace, pragma: str) -> Iterator[None]:
    """Give every connection of the workspace another limit of SQLite."""

    def limit(raw: Any, *_others: object) -> None:  # noqa: ANN401 - a driver's connection
        raw.execute(f"PRAGMA {pragma}").close()

    event.listen(work.store.engine, "checkout", limit)
    yield
    event.remove(work.store.engine, "checkout", limit)
    work.store.engine.dispose()


async def test_health_tells_how_long_the_oldest_post_waits(
    tmp_path: Path, database_url: str
) -> None:
    later = FixedClock(NOW + timedelta(seconds=90))
    with a_workspace(tmp_path / "home", database_url) as work:
        async with a_visitor(work) as visitor:
            fresh = (await visitor.get("/healthz")).json()
            await visitor.post("/forms/contact", data=LAUREN)
        async with a_visitor(work, clock=later) as visitor:
            waiting = await visitor.get("/healthz")
    assert fresh == {"ok": True, "store": "writable", "oldest_unclaimed_seconds": None}
    assert (waiting.status_code, waiting.json()["oldest_unclaimed_seconds"]) == (200, 90)


async def test_locked_store_is_503_and_takes_the_post_afterwards(work: Workspace) -> None:
    other = open_store(work.environment.database_url, pepper="p")
    async with a_visitor(work) as visitor:
        with limited(work, "busy_timeout = 20"), other.write():
            answer = await visitor.post("/forms/contact", data=LAUREN)
            health = await visitor.get("/healthz")
        later = await visitor.post("/forms/contact", data=LAUREN)
    other.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json()["error"] == "store_unavailable"
    assert (health.status_code, health.json()["ok"]) == (503, False)
    assert (later.status_code, len(rows_of(work, "submissions"))) == (201, 1)


async def test_full_store_is_503_and_takes_the_post_when_there_is_room(work: Workspace) -> None:
    body = {**LAUREN, "message": "x" * 4_900}
    async with a_visitor(work) as visitor:
        with limited(work, "max_page_count = 1"):
            answers = [await visitor.post("/forms/contact", data=body) for _ in range(3)]
        later = await visitor.post("/forms/contact", data=body)
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"30"}
    assert (later.status_code, len(rows_of(work, "submissions"))) == (201, 1)


async def test_browser_reads_in_words_that_nothing_was_stored(work: Workspace) -> None:
    headers = {"Accept": "text/html", "Accept-Language": "ja"}
    async with a_visitor(work, headers=headers) as visitor:
        with limited(work, "max_page_count = 1"):
            answer = await visitor.post("/forms/contact", data=LAUREN | {"message": "x" * 4_900})
    assert answer.status_code == 503
    assert "しばらくしてからお試しください" in answer.text


async def test_database_server_that_is_gone_is_503(
    tmp_path: Path, postgresql: databases.Cluster
) -> None:
    url = postgresql.create_database("soon_gone")
    with a_workspace(tmp_path / "home", url) as work:
        async with a_visitor(work) as visitor:
            assert (await visitor.post("/forms/contact", data=LAUREN)).status_code == 201
            postgresql.drop_database("soon_gone")
            answer = await visitor.post("/forms/contact", data=LAUREN)
            health = await visitor.get("/healthz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert health.status_code == 503


async def test_read_only_database_is_not_healthy(tmp_path: Path, postgresql_url: str) -> None:
    with a_workspace(tmp_path / "home", postgresql_url) as work:
        name = postgresql_url.rpartition("/")[2]
        with work.store.write() as connection:
            read_only = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
            connection.execute(text(read_only))
        work.store.engine.dispose()
        async with a_visitor(work) as visitor:
            assert (await visitor.get("/healthz")).status_code == 503
            assert (await visitor.post("/forms/contact", data=LAUREN)).status_code >= 500


async def test_whoever_gets_no_turn_at_the_store_is_sent_away_unserved(work: Workspace) -> None:
    site = Site(work, clock=FixedClock(NOW), patience=timedelta(seconds=0.02))
    release = threading.Event()
    served: list[str] = []
    first = asyncio.create_task(site.in_turn(release.wait))
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy, match="busy"):
        await site.in_turn(served.append, "second")
    release.set()
    assert await first
    await site.in_turn(served.append, "third")
    assert served == ["third"]


async def test_health_answers_while_others_wait_for_their_turn(work: Workspace) -> None:
    site = Site(work, clock=FixedClock(NOW))
    release = threading.Event()
    waiting = asyncio.create_task(site.in_turn(release.wait))
    await asyncio.sleep(0)
    assert await site.probe(lambda given: given is work)
    release.set()
    await waiting
