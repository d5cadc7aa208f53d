"""A rep's page: accept, decline with a reason, and what is said when it is too late."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from sqlalchemy import update

from leadline.clock import FixedClock
from leadline.domain.tokens import sign_token
from leadline.stages import ORDER, run_stages
from leadline.stages.notification import answer_page_url
from leadline.store import schema
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

BASE = "https://leads.example.com"
LAUREN = {
    "full_name": "Lauren Anderson",
    "email": "lauren@example.com",
    "company": "Ramirez Construction",
    "country": "US",
    "message": "Please send a quote.",
    "phone": "+1 206 555 0134",
    "consent": "true",
}
LATER = NOW + timedelta(days=5)


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE) as opened:
        yield opened


async def assign(work: Workspace, **changes: str) -> str:
    """Take a lead through the pipeline; return the path of the rep's page."""
    async with a_visitor(work) as visitor:
        await visitor.post("/forms/contact", data=LAUREN | changes)
    await run_stages(work, ORDER[:-1], now=NOW)
    assignment = rows_of(work, "assignments")[-1]
    return answer_page_url(work, assignment).removeprefix(BASE)


async def answer(work: Workspace, path: str, **fields: str) -> httpx.Response:
    async with a_visitor(work) as visitor:
        return await visitor.post(path, data=fields)


async def test_page_shows_the_lead_and_both_buttons(work: Workspace) -> None:
    path = await assign(work)
    async with a_visitor(work) as visitor:
        page = await visitor.get(path)
    assert page.status_code == 200
    for text in ("Ramirez Construction", "Lauren", "Quote request", "Accept", "Decline", "+30"):
        assert text in page.text
    assert 'href="mailto:lauren@example.com"' in page.text, "a bundled lead is met here first"


async def test_page_keeps_the_lead_for_the_rep_who_accepted_it(work: Workspace) -> None:
    path = await assign(work)
    await answer(work, path, answer="accept")
    async with a_visitor(work) as visitor:
        page = await visitor.get(path)
    assert "You have accepted this lead." in page.text
    assert "Ramirez Construction" in page.text
    assert "<button" not in page.text


async def test_page_speaks_the_rep_s_language_unless_asked_otherwise(work: Workspace) -> None:
    path = await assign(work, country="JP")
    async with a_visitor(work) as visitor:
        assert '<html lang="ja">' in (await visitor.get(path)).text
        assert '<html lang="en">' in (await visitor.get(path, params={"lang": "en"})).text


async def test_accepting_gives_the_lead_to_the_rep(work: Workspace) -> None:
    path = await assign(work)
    said = await answer(work, path, answer="accept")
    (assignment,) = rows_of(work, "assignments")
    (lead,) = rows_of(work, "leads")
    assert (said.status_code, "The lead is yours" in said.text) == (200, True)
    assert (assignment["state"], assignment["answered_at"]) == ("accepted", NOW)
    assert (lead["owner"], lead["lead_status"]) == (assignment["rep_id"], "working")


async def test_declined_lead_goes_to_somebody_else(work: Workspace) -> None:
    path = await assign(work)
    said = await answer(work, path, answer="decline", reason="no_time")
    await run_stages(work, ORDER[:-1], now=NOW)
    first, second = rows_of(work, "assignments")
    assert said.status_code == 200
    assert (first["state"], first["decline_reason"]) == ("declined", "no_time")
    assert second["state"] == "offered"
    assert first["rep_id"] != second["rep_id"] == rows_of(work, "leads")[0]["owner"]


async def test_buttons_of_the_page_say_the_answer_in_their_address(work: Workspace) -> None:
    path = await assign(work)
    async with a_visitor(work) as visitor:
        page = (await visitor.get(path)).text
        (action,) = re.findall(r'action="(\?[^"]*answer=decline)"', page)
        said = await visitor.post(path + action.replace("&amp;", "&"), data={"reason": "other"})
    assert said.status_code == 200
    assert rows_of(work, "assignments")[0]["state"] == "declined"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"answer": "decline"}, 422),
        ({"answer": "decline", "reason": "I dislike <b>her</b>"}, 422),
        ({"answer": "maybe"}, 400),
        ({}, 400),
    ],
)
async def test_answer_that_is_none_changes_nothing(
    work: Workspace, fields: dict[str, str], status: int
) -> None:
    path = await assign(work)
    before = read_everything(work)
    assert (await answer(work, path, **fields)).status_code == status
    assert read_everything(work) == before


async def test_same_answer_again_says_the_same_and_another_is_too_late(work: Workspace) -> None:
    path = await assign(work)
    await answer(work, path, answer="accept")
    before = read_everything(work)
    again = await answer(work, path, answer="accept")
    other = await answer(work, path, answer="decline", reason="other")
    assert (again.status_code, other.status_code) == (200, 409)
    assert read_everything(work) == before


async def test_one_of_twenty_answers_at_once_counts(work: Workspace) -> None:
    path = await assign(work)
    bodies = [{"answer": "accept"}, {"answer": "decline", "reason": "other"}] * 10
    async with a_visitor(work) as visitor:
        answers = await asyncio.gather(*(visitor.post(path, data=body) for body in bodies))
    assert sorted(said.status_code for said in answers) == [200] * 10 + [409] * 10
    (assignment,) = rows_of(work, "assignments")
    assert (assignment["state"] == "declined") == (assignment["decline_reason"] == "other")


async def test_scanner_that_opens_the_link_a_hundred_times_changes_nothing(
    work: Workspace,
) -> None:
    path = await assign(work)
    before = read_everything(work)
    async with a_visitor(work, headers={"Purpose": "prefetch"}) as visitor:
        for method in ("GET", "HEAD") * 50:
            assert (await visitor.request(method, f"{path}?answer=accept")).status_code == 200
    assert read_everything(work) == before


async def test_after_the_deadline_nothing_is_shown_and_nothing_changes(work: Workspace) -> None:
    path = await assign(work)
    before = read_everything(work)
    async with a_visitor(work, clock=FixedClock(LATER)) as visitor:
        seen = await visitor.get(path)
        said = await visitor.post(path, data={"answer": "accept"})
    for page in (seen, said):
        assert page.status_code == 410
        assert "Deadline passed" in page.text
        assert not re.search("Lauren|Ramirez|lauren", page.text)
    assert read_everything(work) == before


@pytest.mark.parametrize("state", ["accepted", "declined", "reassigned"])
async def test_answered_assignment_says_so_without_the_lead(work: Workspace, state: str) -> None:
    path = await assign(work)
    with work.store.write() as connection:
        connection.execute(update(schema.assignments).values(state=state))
    async with a_visitor(work, clock=FixedClock(LATER)) as visitor:
        page = await visitor.get(path)
    heading = "Already reassigned" if state == "reassigned" else state.capitalize()
    assert f"<h1>{heading}</h1>" in page.text
    assert not re.search("Lauren|Ramirez|lauren", page.text)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_token_for_another_purpose_is_refused(work: Workspace, method: str) -> None:
    path = await assign(work)
    keys = work.environment.secret_keys
    before = read_everything(work)
    forged = ["/a/x", path[:-2], f"/a/{sign_token('assignment', '1', keys=['another'])}"]
    other = [f"/a/{sign_token('unsubscribe', '1', keys=keys)}", path.replace("/a/", "/u/")]
    gone = [f"/a/{sign_token('assignment', number, keys=keys)}" for number in ("99", "x")]
    async with a_visitor(work) as visitor:
        for each in forged + other + gone:
            said = await visitor.request(method, each, params={"answer": "accept"})
            assert (said.status_code, "Ramirez" in said.text) == (404, False)
    assert read_everything(work) == before


async def test_no_address_of_a_page_holds_personal_data(work: Workspace) -> None:
    await assign(work, country="JP", message="資料をお願いします。")
    mails = [
        email.message_from_string(row["mail"], policy=email.policy.default)
        for row in rows_of(work, "outbox")
    ]
    texts = [
        part.get_content() for mail in mails for part in mail.walk() if not part.is_multipart()
    ]
    links = set(re.findall(rf"{BASE}[^\s\"<>]*", " ".join(texts)))
    assert {link.removeprefix(BASE)[:3] for link in links} == {"/a/", "/c/", "/u/"}
    for link in links:
        assert not re.search("lauren|anderson|ramirez|206555", unquote(link), re.IGNORECASE)
