"""POST /events/{source}: believed by key or signature, stored before the answer, each once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.clock import FixedClock
from leadline.stages import run_stages
from leadline.stages.replay import replay_named
from leadline.store.dead_letters import Selection, list_held
from tests.factories import NOW, a_visitor, rows_of
from tests.webhooks import SECRET, a_webhook_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

SOURCES = {
    "app": "events: {key: {header: X-Key}}\n",
    "signed": "events: {signature: {header: X-Signature, prefix: sha256=}}\n",
    "tool": "events: {open: true, columns: {who: email, what: event}}\n",
    "body": "events: {key: {body: secret}}\n",
    "files": "events: {columns: {who: email}}\n",
}
WHEN = "2026-11-20T00:59:00Z"
PERSON = "hana.mori@mori.example"
KEY = {"X-Key": SECRET}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_webhook_workspace(tmp_path / "project", database_url, sources=SOURCES) as opened:
        yield opened


def an_event(id_: str = "e1", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    given = {"event_id": id_, "email": PERSON, "event": "page_viewed", "occurred_at": WHEN}
    return {**given, **more}


async def post(
    work: Workspace,
    body: object,
    *,
    source: str = "app",
    **options: Any,  # noqa: ANN401 - of httpx
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **KEY, **options.pop("headers", {})}
    async with a_visitor(work, clock=FixedClock(options.pop("now", NOW))) as client:
        return await client.post(f"/events/{source}", content=content, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        {"events": [an_event("e1"), an_event("e2")]},
        [an_event("e1"), an_event("e2")],
        b"\n".join(json.dumps(an_event(id_)).encode() for id_ in ("e1", "e2")) + b"\n",
    ],
    ids=["object", "list", "lines"],
)
async def test_events_are_stored_once_whatever_the_shape(work: Workspace, body: object) -> None:
    lines = {"Content-Type": "application/x-ndjson"} if isinstance(body, bytes) else {}
    first = await post(work, body, headers=lines)
    assert (first.status_code, first.json()) == (200, {"accepted": 2, "known": 0, "rejected": []})
    again = await post(work, body, headers=lines)
    assert again.json() == {"accepted": 0, "known": 2, "rejected": []}
    rows = rows_of(work, "events")
    assert [(row["source"], row["external_id"], row["kind"]) for row in rows] == [
        ("app", "e1", "page_viewed"),
        ("app", "e2", "page_viewed"),
    ]
    assert all(row["due_at"] == NOW and row["received_at"] == NOW for row in rows)


async def test_one_object_with_names_of_its_own_is_read(work: Workspace) -> None:
    body = {
        "eventId": 17,
        "who": f"Hana <{PERSON}>",
        "what": "Demo Watched",
        "timestamp": "2026-11-20T09:59:00+09:00",
        "ip": "2001:db8:1:2:3:4:5:6",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
        "properties": {"minutes": 12, "by": [PERSON]},
        "plan": "pro",
    }
    answer = await post(work, body, source="tool")
    assert answer.json() == {"accepted": 1, "known": 0, "rejected": []}
    (row,) = rows_of(work, "events")
    assert (row["external_id"], row["kind"], row["network"]) == (
        "17",
        "demo_watched",
        "2001:db8:1:2::/64",
    )
    assert row["detail"] == {"properties": {"minutes": 12, "by": ["[address]"], "plan": "pro"}}
    assert PERSON not in str(row)


async def test_refused_events_are_told_and_kept_and_looked_at_again(work: Workspace) -> None:
    batch = [
        an_event("e1"),
        an_event("e2", occurred_at="2026-11-20T02:00:00Z"),
        an_event("e3", email="nobody"),
        {"event": "page_viewed", "occurred_at": WHEN},
        "no event",
        an_event("e4", event=""),
    ]
    answer = await post(work, {"events": batch})
    assert answer.json()["accepted"] == 1
    assert [
        (each["index"], each["field"], each["reason"]) for each in answer.json()["rejected"]
    ] == [
        (1, "occurred_at", "in_future"),
        (2, "email", "invalid_email"),
        (3, "email", "no_person"),
        (4, None, "unreadable"),
        (5, "event", "no_event"),
    ]
    await post(work, {"events": batch})
    with work.store.read() as connection:
        held = list_held(connection, states=["quarantined"], selection=Selection(), limit=None)
    assert [each["reason"] for each in held] == [
        *("in_future", "invalid_email", "no_person", "unreadable", "no_event")
    ]
    later = NOW + timedelta(hours=2)
    assert replay_named(work.store, [each["id"] for each in held]).count == 5
    await run_stages(work, ["intake"], now=later)
    assert sorted(row["external_id"] for row in rows_of(work, "events")) == ["e1", "e2"]
    states = [(row["reason"], row["state"], row["outcome"]) for row in rows_of(work, "submissions")]
    assert states[0] == (None, "accepted", "event")
    assert {state for _, state, _ in states[1:]} == {"quarantined"}
    assert not rows_of(work, "leads")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"{", 422), (b"7", 422), (b"[NaN]", 422), (b'{"events": 1}', 422), (b"[]", 200)],
)
async def test_a_body_without_events_is_refused(work: Workspace, body: bytes, status: int) -> None:
    assert (await post(work, body)).status_code == status
    assert not rows_of(work, "events")


async def test_texts_that_no_database_keeps_are_stored_without_it(work: Workspace) -> None:
    odd = an_event("e1", url="https://w.example/\x00a", properties={"\x00k": "\ud800"})
    assert (await post(work, odd)).json()["accepted"] == 1
    (row,) = rows_of(work, "events")
    assert (row["url"], row["detail"]) == ("https://w.example/a", {"properties": {"k": "?"}})


@pytest.mark.parametrize(
    ("source", "headers", "status"),
    [
        ("app", {"X-Key": "wrong"}, 401),
        ("app", {"X-Key": ""}, 401),
        ("app", {"Content-Type": "text/plain"}, 415),
        ("app", {"Content-Encoding": "gzip"}, 415),
        ("files", {}, 404),
        ("nobody", {}, 404),
        ("signed", {}, 401),
        ("signed", {"X-Signature": "sha256=00"}, 401),
        ("body", {}, 401),
    ],
)
async def test_who_is_not_believed_stores_nothing(
    work: Workspace, source: str, headers: dict[str, str], status: int
) -> None:
    answer = await post(work, an_event(), source=source, headers=headers)
    assert answer.status_code == status
    assert not rows_of(work, "events") + rows_of(work, "submissions")


async def test_a_signature_or_a_key_in_the_body_is_believed(work: Workspace) -> None:
    body = json.dumps(an_event()).encode()
    sign = "sha256=" + hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
    signed = await post(work, body, source="signed", headers={"X-Signature": sign})
    keyed = await post(work, {"secret": SECRET, "events": [an_event()]}, source="body")
    assert [each.json()["accepted"] for each in (signed, keyed)] == [1, 1]


async def test_a_source_without_its_secret_is_to_come_again(
    tmp_path: Path, database_url: str
) -> None:
    secrets: dict[str, Any] = {"LEADLINE_WEBHOOK_SECRET_APP": ()}
    folder = tmp_path / "project"
    with a_webhook_workspace(folder, database_url, sources=SOURCES, secrets=secrets) as work:
        answer = await post(work, an_event())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")


async def test_a_body_that_is_too_large_is_refused(work: Workspace) -> None:
    answer = await post(work, b" " * (4 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "batch_too_large")
    most = [an_event(str(n), user_agent="x" * 300) for n in range(5_000)]
    assert (await post(work, most)).json()["accepted"] == 5_000


async def test_the_same_events_posted_at_once_are_stored_once(work: Workspace) -> None:
    batch = {"events": [an_event(f"e{n}") for n in range(20)]}
    answers = await asyncio.gather(*(post(work, batch) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(rows_of(work, "events")) == 20


async def test_a_posted_burst_gives_nobody_points(work: Workspace) -> None:
    links = ("a", "b", "c", "pricing", "unsubscribe")
    burst = [
        an_event(
            f"c{n}",
            event="email_clicked",
            campaign="welcome",
            url=f"https://w.example/{link}",
            ip="198.51.100.4",
            occurred_at=f"2026-11-20T00:59:5{n + 5}.{n}00Z",
        )
        for n, link in enumerate(links)
    ]
    await post(work, burst)
    await run_stages(work, ["scoring"], now=NOW)
    assert {row["actor"] for row in rows_of(work, "events")} == {"unknown"}, "it waits its 10 s"
    after = NOW + timedelta(seconds=30)
    await run_stages(work, ["scoring"], now=after)
    rows = rows_of(work, "events")
    assert {(row["actor"], row["due_at"]) for row in rows} == {("suspected_bot", None)}


def test_the_route_stands_in_the_schema(work: Workspace) -> None:
    async def read() -> Any:  # noqa: ANN401 - a document
        async with a_visitor(work) as client:
            return (await client.get("/openapi.json")).json()

    found = asyncio.run(read())["paths"]["/events/{source}"]["post"]
    assert {"200", "401", "404", "413", "415", "422", "503"} <= found["responses"].keys()
    assert "application/x-ndjson" in found["requestBody"]["content"]
