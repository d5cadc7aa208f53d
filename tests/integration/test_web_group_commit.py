"""Posts at the same time share a transaction, and each is answered as if it were alone."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import event, text

from leadline.store.engine import open_store
from leadline.store.posts import Post, Proof, add_posts
from leadline.store.submissions import Arrival
from leadline.web.together import Together
from tests.clocks import FakeTime
from tests.factories import NOW, a_project, a_visitor, a_workspace, rows_of
from tests.web_server import free_port, leadline_serve, uvicorn_serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leadline.config.environment import Environment
    from leadline.stages import Workspace
    from leadline.store.engine import Store

AT_ONCE = 50
FORM = """
title: {en: Ask us, ja: お問い合わせ}
fields:
  full_name: {label: {en: Name, ja: お名前}, required: true}
  email: {label: {en: Email, ja: メール}, required: true}
  message: {label: {en: Message, ja: 内容}, max_length: 20000}
"""
FILES = {
    "config/forms/ask.yaml": f"{FORM}protection: {{posts_per_minute: 1000}}\n",
    "config/forms/slow.yaml": f"{FORM}protection: {{posts_per_minute: 3}}\n",
}
LAUREN = {"full_name": "Lauren Anderson", "email": "lauren@example.com"}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, files=FILES) as opened:
        yield opened


def a_post(name: str, body: str = "", *, proof: Proof | None = None) -> Post:
    raw = {**LAUREN, "message": body or name}
    arrival = Arrival("form:ask", name, "form", raw, body_hash=f"hash of {body or name}")
    return Post(arrival, most_a_day=1_000, proof=proof)


def post_at_barrier(
    port: int, bodies: list[dict[str, str]], **headers: str
) -> list[httpx.Response]:
    """Post all bodies to a server at the same instant, each over a connection that is open."""
    barrier = threading.Barrier(len(bodies))

    def post(body: dict[str, str]) -> httpx.Response:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            client.get("/healthz")
            barrier.wait(60)
            return client.post("/forms/ask", data=body, headers=headers)

    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(post, bodies))


def stored(environment: Environment) -> list[dict[str, Any]]:
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        return rows_of(store, "submissions")
    finally:
        store.close()


def test_posts_at_a_barrier_are_each_stored_once(tmp_path: Path, database_url: str) -> None:
    environment, port = a_project(tmp_path / "home", database_url, files=FILES), free_port()
    time = FakeTime(tmp_path / "now")
    time.set(NOW)  # the same post without a key is another one every ten minutes
    keyed = [LAUREN | {"message": str(number)} for number in range(AT_ONCE)]
    others = [LAUREN | {"email": f"p{number}@example.com"} for number in range(AT_ONCE)]
    with leadline_serve(environment, port, at=time):
        same = post_at_barrier(port, [LAUREN] * AT_ONCE)
        contested = post_at_barrier(port, keyed, **{"Idempotency-Key": "one"})
        different = post_at_barrier(port, others)
    assert {(each.status_code, each.text) for each in same} == {(201, same[0].text)}
    assert Counter(each.status_code for each in contested) == {201: 1, 409: AT_ONCE - 1}
    assert {each.status_code for each in different} == {201}
    rows = stored(environment)
    told = {
        each.json()["submission"] for each in (*same, *contested, *different) if each.is_success
    }
    assert {row["id"] for row in rows} == told
    assert len(rows) == len(told) == AT_ONCE + 2
    winner = next(each for each in contested if each.is_success)
    kept = next(row for row in rows if row["id"] == winner.json()["submission"])
    assert kept["raw"]["message"] == str(contested.index(winner))


@pytest.mark.parametrize("serve", [leadline_serve, uvicorn_serve])
def test_forged_forwarding_is_no_way_around_the_limit(
    tmp_path: Path, sqlite_url: str, serve: Callable[..., Any]
) -> None:
    environment, port = a_project(tmp_path / "home", sqlite_url, files=FILES), free_port()
    with serve(environment, port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        answers = [
            client.post(
                "/forms/slow",
                data=LAUREN | {"message": str(number)},
                headers={"X-Forwarded-For": f"203.0.113.{number}"},
            )
            for number in range(6)
        ]
    assert [answer.status_code for answer in answers] == [201] * 3 + [429] * 3
    assert {row["network_address"] for row in stored(environment)} <= {"127.0.0.1", None}


@contextmanager
def counted_commits(store: Store) -> Iterator[list[object]]:
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    event.listen(store.engine, "commit", count)
    yield commits
    event.remove(store.engine, "commit", count)


async def add_all(together: Together[Post, Any], posts: list[Post]) -> list[Any]:
    adding = (together.add(post, now=NOW) for post in posts)
    return await asyncio.gather(*adding, return_exceptions=True)


def a_gatherer(work: Workspace) -> Together[Post, Any]:
    return Together(work.store, turns=asyncio.Semaphore(1), patience=30, add=add_posts)


async def test_posts_that_wait_share_one_commit(work: Workspace) -> None:
    posts = [a_post(f"post {number}") for number in range(30)]
    with counted_commits(work.store) as commits:
        answers = await add_all(a_gatherer(work), posts)
    assert len(commits) == 1
    ids = {row["content_key"]: row["id"] for row in rows_of(work, "submissions")}
    assert answers == [ids[post.arrival.content_key] for post in posts]


async def test_repeat_and_other_body_are_told_apart_within_one_batch(work: Workspace) -> None:
    posts = [a_post("a", "first"), a_post("a", "first"), a_post("a", "second"), a_post("b")]
    first, again, other, apart = await add_all(a_gatherer(work), posts)
    assert (first == again, other) == (True, "key_reused")
    assert [row["id"] for row in rows_of(work, "submissions")] == [first, apart]
    assert rows_of(work, "submissions")[0]["raw"]["message"] == "first"


async def test_proof_is_spent_once_within_one_batch(work: Workspace) -> None:
    proof = Proof("spent", NOW)
    posts = [a_post("a", proof=proof), a_post("b", proof=proof), a_post("a", proof=proof)]
    first, other, again = await add_all(a_gatherer(work), posts)
    assert (first == again, other) == (True, "proof_spent")
    assert len(rows_of(work, "submissions")) == len(rows_of(work, "proofs")) == 1


async def test_post_that_the_database_refuses_does_not_fail_the_others(
    tmp_path: Path, sqlite_url: str
) -> None:
    with a_workspace(tmp_path / "home", sqlite_url) as work:
        with work.store.write() as connection:
            refuse = "BEFORE INSERT ON submissions WHEN NEW.raw LIKE '%poison%'"
            abort = "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            connection.execute(text(f"CREATE TRIGGER refuse {refuse} {abort}"))
        posts = [a_post("a"), a_post("b", "poison"), a_post("c")]
        first, refused, last = await add_all(a_gatherer(work), posts)
        assert [row["id"] for row in rows_of(work, "submissions")] == [first, last]
    assert isinstance(refused, Exception)


async def test_nothing_of_a_batch_is_stored_when_the_database_is_full(
    tmp_path: Path, sqlite_url: str
) -> None:
    def limit(raw: Any, *_others: object) -> None:  # noqa: ANN401 - a driver's connection
        raw.execute("PRAGMA max_page_count = 1").close()

    bodies = [LAUREN | {"message": str(number) * 15_000} for number in range(5)]
    with a_workspace(tmp_path / "home", sqlite_url, files=FILES) as work:
        event.listen(work.store.engine, "checkout", limit)
        async with a_visitor(work) as visitor:
            answers = await asyncio.gather(
                *(visitor.post("/forms/ask", data=body) for body in bodies)
            )
        event.remove(work.store.engine, "checkout", limit)
        assert rows_of(work, "submissions") == []
    assert {each.status_code for each in answers} == {503}
    assert {each.headers["retry-after"] for each in answers} == {"30"}


async def test_post_without_a_turn_is_sent_away_and_never_stored(work: Workspace) -> None:
    turns = asyncio.Semaphore(1)
    together = Together(work.store, turns=turns, patience=0.02, add=add_posts)
    await turns.acquire()
    with pytest.raises(TimeoutError):
        await together.add(a_post("late"), now=NOW)
    turns.release()
    await together.add(a_post("in time"), now=NOW)
    assert [row["content_key"] for row in rows_of(work, "submissions")] == ["in time"]


async def test_post_whose_sender_has_gone_before_its_turn_is_left_out(work: Workspace) -> None:
    turns = asyncio.Semaphore(1)
    together = Together(work.store, turns=turns, patience=30, add=add_posts)
    await turns.acquire()
    gone = asyncio.create_task(together.add(a_post("gone"), now=NOW))
    there = asyncio.create_task(together.add(a_post("there"), now=NOW))
    await asyncio.sleep(0)
    gone.cancel()
    turns.release()
    await there
    assert [row["content_key"] for row in rows_of(work, "submissions")] == ["there"]


def test_two_processes_let_no_more_posts_of_a_box_through_than_one(
    tmp_path: Path, postgresql_url: str
) -> None:
    with a_workspace(tmp_path / "home", postgresql_url, files=FILES) as work:
        crowds = [[in_a_crowd(f"{each}{number}") for number in range(20)] for each in "ab"]

        def store_second() -> None:
            with work.store.write() as connection:
                add_posts(connection, crowds[1], now=NOW)

        with ThreadPoolExecutor(1) as threads:
            with work.store.write() as connection:
                add_posts(connection, crowds[0], now=NOW)
                second = threads.submit(store_second)
                while not second.done() and not somebody_waits(work.store):
                    threading.Event().wait(0.01)
            second.result()
        rows = rows_of(work, "submissions")
    assert Counter(row["suspicion"] for row in rows) == {None: 20, "too_many_for_address": 20}


def test_processes_store_posts_in_one_order_so_that_none_waits_in_a_circle(
    tmp_path: Path, postgresql_url: str
) -> None:
    with a_workspace(tmp_path / "home", postgresql_url, files=FILES) as work:
        with work.store.write() as connection:
            add_posts(connection, [a_post(name) for name in ("c", "a", "b")], now=NOW)
        keys = [row["content_key"] for row in rows_of(work, "submissions")]
    assert keys == ["a", "b", "c"]


def in_a_crowd(name: str) -> Post:
    post = a_post(name)
    return replace(post, arrival=replace(post.arrival, mailbox_hash="f" * 64), most_a_day=20)


def somebody_waits(store: Store) -> bool:
    with store.read() as connection:
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return connection.execute(text(waiting)).first() is not None


@pytest.mark.parametrize("count", [1, 40])
def test_batch_of_any_size_takes_as_many_statements(work: Workspace, count: int) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(work.store.engine, "before_cursor_execute", note)
    with work.store.write() as connection:
        add_posts(connection, [a_post(str(number)) for number in range(count)], now=NOW)
    event.remove(work.store.engine, "before_cursor_execute", note)
    is_work = [each for each in statements if each.split(" ", 1)[0] in {"SELECT", "INSERT"}]
    assert len(is_work) == 3
