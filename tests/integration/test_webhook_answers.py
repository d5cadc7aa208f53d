"""Meta's notices: the handshake, asking for the answers, and what happens when none come."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.retries import MOST_ATTEMPTS, retry_at
from leadline.stages import intake, run_stages
from tests.factories import NOW, a_visitor, read_everything, rows_of
from tests.graph_script import Graph, a_graph
from tests.webhooks import a_webhook_workspace, deliver, leads_of, sample, truth_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

SOURCES = {"facebook": "webhook: {vendor: meta, graph_version: v24.0}\n"}
TOKENS = {
    "LEADLINE_META_ACCESS_TOKEN": ("an access token",),
    "LEADLINE_WEBHOOK_VERIFY_FACEBOOK": ("a verify token",),
}
LEAD = "4440000000000123"
NOTICE = sample("meta_lead_webhook.json")
ANSWERS = json.loads(sample("field_data.json"))


@contextmanager
def a_workspace_with(
    folder: Path,
    url: str,
    answers: dict[str, Any],
    **secrets: tuple[str, ...],
) -> Iterator[tuple[Workspace, Graph]]:
    """Give a workspace whose source asks a server of ours."""
    with (
        a_graph(answers) as graph,
        a_webhook_workspace(
            folder / "home",
            url,
            sources=SOURCES,
            secrets={**TOKENS, **secrets},
            graph_url=graph.url,
        ) as work,
    ):
        yield work, graph


def the_submission(work: Workspace) -> dict[str, Any]:
    (found,) = rows_of(work, "submissions")
    return found


async def test_answers_are_asked_for_with_the_id_alone(tmp_path: Path, database_url: str) -> None:
    with a_workspace_with(tmp_path, database_url, {LEAD: ANSWERS}) as (work, graph):
        await deliver(work, "facebook", NOTICE)
        assert (the_submission(work)["state"], intake.has_due(work, now=NOW)) == ("waiting", True)
        await run_stages(work, ["intake"], now=NOW)
        truth = truth_of("field_data.json")
        assert leads_of(work, truth[0]) == truth
        assert graph.asked == [(f"/v24.0/{LEAD}", "Bearer an access token")]
        assert not intake.has_due(work, now=NOW)
        assert json.loads(the_submission(work)["raw"]["notice"])["field"] == "leadgen"


async def test_several_notices_of_one_post_are_asked_for_each(
    tmp_path: Path, database_url: str
) -> None:
    ids = [str(number) for number in range(60)]
    answers = {
        each: {
            "id": each,
            "created_time": "2026-11-20T00:00:00+0000",
            "field_data": [{"name": "email", "values": [f"lead{each}@example.com"]}],
        }
        for each in ids
    }
    changes = [{"field": "leadgen", "value": {"leadgen_id": each}} for each in ids]
    other = [{"field": "feed", "value": {"leadgen_id": "99"}}]
    body = json.dumps({"object": "page", "entry": [{"changes": [*changes, *other]}]})
    with a_workspace_with(tmp_path, database_url, answers) as (work, graph):
        await deliver(work, "facebook", body)
        assert len(rows_of(work, "submissions")) == 60
        for hours in range(5):  # what a slow machine does not get in one round is asked for again
            await run_stages(work, ["intake"], now=NOW + timedelta(hours=hours))
        assert len(rows_of(work, "leads")) == len(set(graph.asked)) == 60


BAD = [
    404,
    500,
    "elsewhere",
    b"{",
    b"[" * 100_000,
    b"x" * 300_000,
    b"\xff\xfe",
    {"id": "another", "field_data": []},
    {"id": LEAD},
    [],
]


@pytest.mark.parametrize("answer", BAD, ids=lambda each: str(each)[:12])
async def test_what_is_no_answer_is_asked_for_again_later(
    tmp_path: Path, sqlite_url: str, answer: object
) -> None:
    with a_workspace_with(tmp_path, sqlite_url, {LEAD: answer}) as (work, graph):
        await deliver(work, "facebook", NOTICE)
        await run_stages(work, ["intake"], now=NOW)
        found = the_submission(work)
        assert (found["state"], found["attempts"]) == ("waiting", 1)
        assert found["due_at"] == NOW + timedelta(minutes=1)
        assert [path for path, _ in graph.asked] == [f"/v24.0/{LEAD}"]
        graph.answers = {LEAD: ANSWERS}
        await run_stages(work, ["intake"], now=NOW + timedelta(seconds=59))
        assert rows_of(work, "leads") == []
        await run_stages(work, ["intake"], now=NOW + timedelta(minutes=1))
        assert len(rows_of(work, "leads")) == 1


async def test_vendor_that_does_not_answer_holds_nobody_up(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.asking._SECONDS", 0.2)
    with a_workspace_with(tmp_path, sqlite_url, {LEAD: "silent"}) as (work, graph):
        await deliver(work, "facebook", NOTICE)
        await deliver(work, "facebook", json.dumps({**ANSWERS, "id": "5"}))
        first = intake.run_batch(work, now=NOW)
        assert (first.done, first.has_more, graph.asked) == (1, True, [])
        second = intake.run_batch(work, now=NOW)
        assert (second.claimed, second.has_more, len(graph.asked)) == (0, False, 1)


async def test_server_that_is_away_is_asked_again_later(tmp_path: Path, sqlite_url: str) -> None:
    with a_workspace_with(tmp_path, sqlite_url, {}) as (work, _):
        away = replace(work, environment=replace(work.environment, graph_url="http://127.0.0.1:9"))
        await deliver(away, "facebook", NOTICE)
        await run_stages(away, ["intake"], now=NOW)
        assert (the_submission(work)["state"], the_submission(work)["attempts"]) == ("waiting", 1)


async def test_answers_that_never_come_end_in_quarantine(tmp_path: Path, database_url: str) -> None:
    from sqlalchemy import update

    from leadline.store import schema

    with a_workspace_with(tmp_path, database_url, {}) as (work, graph):
        await deliver(work, "facebook", NOTICE)
        with work.store.write() as connection:
            connection.execute(update(schema.submissions).values(attempts=MOST_ATTEMPTS - 2))
        for hours in range(3):
            await run_stages(work, ["intake"], now=NOW + timedelta(hours=hours))
        found = the_submission(work)
        assert (found["state"], found["reason"]) == ("quarantined", "answers_missing")
        assert (len(graph.asked), found["due_at"]) == (2, None)


async def test_answers_that_are_posted_mend_a_notice_that_was_given_up(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.domain.retries.MOST_ATTEMPTS", 1)
    with a_workspace_with(tmp_path, database_url, {}) as (work, _):
        await deliver(work, "facebook", NOTICE)
        await run_stages(work, ["intake"], now=NOW)
        assert the_submission(work)["reason"] == "answers_missing"
        await deliver(work, "facebook", sample("field_data.json"))
        await deliver(work, "facebook", NOTICE)
        await run_stages(work, ["intake"], now=NOW)
        assert the_submission(work)["state"] == "accepted"
        assert len(rows_of(work, "leads")) == 1


async def test_notice_that_is_read_again_is_asked_for_again(
    tmp_path: Path, sqlite_url: str
) -> None:
    from sqlalchemy import update

    from leadline.store import schema

    with a_workspace_with(tmp_path, sqlite_url, {LEAD: ANSWERS}) as (work, _):
        await deliver(work, "facebook", NOTICE)
        with work.store.write() as connection:
            connection.execute(update(schema.submissions).values(state="new", attempts=77))
        await run_stages(work, ["intake"], now=NOW)
        assert the_submission(work)["state"] == "accepted"


async def test_notice_waits_while_the_token_is_missing_and_the_log_names_it(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with a_workspace_with(tmp_path, sqlite_url, {LEAD: ANSWERS}, LEADLINE_META_ACCESS_TOKEN=()) as (
        work,
        graph,
    ):
        await deliver(work, "facebook", NOTICE)
        await run_stages(work, ["intake"], now=NOW)
        assert "LEADLINE_META_ACCESS_TOKEN" in caplog.text
        assert (the_submission(work)["attempts"], graph.asked) == (0, [])
        secrets = {**work.environment.webhook_secrets, "LEADLINE_WEBHOOK_TOKEN_FACEBOOK": ("own",)}
        ready = replace(work, environment=replace(work.environment, webhook_secrets=secrets))
        await run_stages(ready, ["intake"], now=NOW + timedelta(minutes=5))
        assert len(rows_of(work, "leads")) == 1
        assert graph.asked == [(f"/v24.0/{LEAD}", "Bearer own")]


@pytest.mark.parametrize("id_", ["../me", "1/2", "1?x=1", "\u0661", "", "x" * 65, "http://evil"])
async def test_id_that_could_lead_elsewhere_is_never_asked_with(
    tmp_path: Path, sqlite_url: str, id_: str
) -> None:
    body = NOTICE.replace(LEAD.encode(), json.dumps(id_)[1:-1].encode())
    with a_workspace_with(tmp_path, sqlite_url, {}) as (work, graph):
        await deliver(work, "facebook", body)
        await run_stages(work, ["intake"], now=NOW)
        assert graph.asked == []
        assert the_submission(work)["reason"] == "answers_missing"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "a verify token"}, 200),
        ({"hub.mode": "subscribe", "hub.verify_token": "a verify tok"}, 403),
        ({"hub.mode": "subscribe"}, 403),
        ({"hub.mode": "unsubscribe", "hub.verify_token": "a verify token"}, 403),
        ({"hub.verify_token": "a verify token"}, 403),
        ({}, 403),
    ],
)
async def test_handshake_is_answered_to_who_knows_the_token(
    tmp_path: Path, sqlite_url: str, query: dict[str, str], status: int
) -> None:
    with a_workspace_with(tmp_path, sqlite_url, {}) as (work, _):
        before = read_everything(work)
        async with a_visitor(work) as visitor:
            answer = await visitor.get(
                "/webhooks/facebook", params={**query, "hub.challenge": "<b>1158201444"}
            )
        assert answer.status_code == status
        if status == 200:
            assert answer.text == "<b>1158201444"
            assert answer.headers["content-type"].startswith("text/plain")
        assert read_everything(work) == before


async def test_neither_token_nor_person_is_logged(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with a_workspace_with(tmp_path, sqlite_url, {LEAD: ANSWERS}) as (work, _):
        await deliver(work, "facebook", NOTICE)
        await run_stages(work, ["intake"], now=NOW)
        assert len(rows_of(work, "leads")) == 1
    told = " ".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpcore"))
    assert "an access token" not in told
    assert "walton" not in told.lower()


def test_asking_again_takes_longer_each_time_up_to_an_hour() -> None:
    waits = [(retry_at(n, now=NOW) - NOW).total_seconds() / 60 for n in (1, 2, 3, 6, 7, 8, 99)]
    assert waits == [1, 2, 4, 32, 60, 60, 60]


def test_answers_are_asked_for_three_days_long() -> None:
    waits = (retry_at(n, now=NOW) - NOW for n in range(1, MOST_ATTEMPTS))
    assert timedelta(days=2, hours=22) < sum(waits, timedelta(0)) < timedelta(days=3, hours=1)
