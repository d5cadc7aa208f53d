"""Unsubscribing by page and by one click: everything stops, once, and nothing is shown."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.keys import address_hash
from leadline.domain.tokens import sign_token
from leadline.stages import ORDER, run_stages
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

BASE = "https://leads.example.com"
MITURU = {
    "full_name": "鈴木 充",
    "email": "mituru@example.jp",
    "company": "池田鉱業合同会社",
    "country": "JP",
    "consent": "true",
}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE) as opened:
        yield opened


async def enroll(work: Workspace, *people: dict[str, str]) -> list[str]:
    """Take people through the pipeline up to the outbox; return their unsubscribe paths."""
    async with a_visitor(work) as visitor:
        for person in people or (MITURU,):
            assert (await visitor.post("/forms/contact", data=person)).status_code == 201
    await run_stages(work, ORDER[:-1], now=NOW)
    touches = [row for row in rows_of(work, "outbox") if row["kind"] == "touch"]
    return [_path(touch["mail"]) for touch in touches]


def _path(mail: str) -> str:
    message = email.message_from_string(mail, policy=email.policy.default)
    link = str(message["List-Unsubscribe"]).strip("<>")
    return link.removeprefix(BASE)


async def one_click(work: Workspace, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
    async with a_visitor(work) as visitor:
        return await visitor.post(path, **({"data": ONE_CLICK} | options))


async def test_one_click_stops_everything_in_one_go(work: Workspace) -> None:
    (path,) = await enroll(work)
    answer = await one_click(work, path)
    assert answer.status_code == 200
    (ban,) = rows_of(work, "suppressions")
    hash_ = address_hash(MITURU["email"], pepper=work.store.pepper)
    assert (ban["address_hash"], ban["scope"], ban["cause"]) == (hash_, "marketing", "unsubscribe")
    (enrollment,) = rows_of(work, "enrollments")
    assert (enrollment["state"], enrollment["exit_reason"]) == ("exited", "unsubscribed")
    (lead,) = rows_of(work, "leads")
    *_, consent = rows_of(work, "consents")
    assert (lead["consent"], consent["is_granted"], consent["source"]) == (
        False,
        False,
        "unsubscribe",
    )
    assert consent["network_address"] == "127.0.0.1"


async def test_waiting_mail_is_skipped_and_the_event_recorded(work: Workspace) -> None:
    (path,) = await enroll(work)
    await one_click(work, path)
    touch = next(row for row in rows_of(work, "outbox") if row["kind"] == "touch")
    (event,) = rows_of(work, "delivery_events")
    assert (touch["state"], touch["skip_reason"]) == ("skipped", "suppressed")
    assert (event["kind"], event["outbox_id"]) == ("unsubscribed", touch["id"])


async def test_nothing_is_sent_to_the_lead_afterwards(work: Workspace) -> None:
    (path,) = await enroll(work)
    await one_click(work, path)
    await run_stages(work, ORDER, now=NOW)
    sent = [row["recipient"] for row in rows_of(work, "outbox") if row["state"] == "sent"]
    assert sent
    assert MITURU["email"] not in sent


async def test_one_click_needs_no_cookie_and_no_redirect(work: Workspace) -> None:
    (path,) = await enroll(work)
    answer = await one_click(work, path, headers={"User-Agent": "mail server"})
    assert not answer.is_redirect
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", [{"files": {"List-Unsubscribe": (None, "One-Click")}}, {}])
async def test_multipart_and_the_button_of_the_page_unsubscribe_too(
    work: Workspace, body: dict[str, Any]
) -> None:
    (path,) = await enroll(work)
    async with a_visitor(work) as visitor:
        answer = await visitor.post(path, **body)
    assert answer.status_code == 200
    assert len(rows_of(work, "suppressions")) == 1


async def test_fifty_clicks_at_once_and_later_ones_change_what_one_does(work: Workspace) -> None:
    (path,) = await enroll(work)
    async with a_visitor(work) as visitor:
        clicks = [visitor.post(path, data=ONE_CLICK) for _ in range(50)]
        answers = await asyncio.gather(*clicks)
        assert {answer.status_code for answer in answers} == {200}
        after = read_everything(work)
        await visitor.post(path)
    assert read_everything(work) == after
    assert len(after["consents"]) == 2
    assert len(after["delivery_events"]) == 1


async def test_looking_a_hundred_times_changes_nothing(work: Workspace) -> None:
    (path,) = await enroll(work)
    before = read_everything(work)
    async with a_visitor(work, headers={"Sec-Purpose": "prefetch;prerender"}) as visitor:
        for method in ("GET", "HEAD") * 50:
            answer = await visitor.request(method, path)
            assert answer.status_code == 200
    assert read_everything(work) == before


@pytest.mark.parametrize(("lang", "button"), [("en", "Unsubscribe"), ("ja", "配信を停止する")])
async def test_page_has_one_button_and_never_the_address(
    work: Workspace, lang: str, button: str
) -> None:
    (path,) = await enroll(work)
    async with a_visitor(work) as visitor:
        before = (await visitor.get(path, params={"lang": lang})).text
        after = (await visitor.post(path, params={"lang": lang})).text
    assert f'<button type="submit">{button}</button>' in before
    assert before.count("<button") == 1
    for text in (before, after):
        assert "mituru" not in text
        assert "鈴木" not in text


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_token_that_is_not_ours_is_not_found(work: Workspace, method: str) -> None:
    (path,) = await enroll(work)
    before = read_everything(work)
    keys = work.environment.secret_keys
    foreign = sign_token("unsubscribe", "x", keys=["another key"])
    other_purpose = sign_token("assignment", "1", keys=keys)
    unknown = sign_token("unsubscribe", "a" * 26, keys=keys)
    wrong = [path[:-1], f"{path}x", "/u/", "/u/x", f"/u/{foreign}", f"/u/{other_purpose}"]
    async with a_visitor(work) as visitor:
        for each in wrong + ([f"/u/{unknown}"] if method == "POST" else []):
            answer = await visitor.request(method, each)
            assert (answer.status_code, "mituru" in answer.text) == (404, False)
    assert read_everything(work) == before


async def test_link_works_after_the_signing_key_was_rotated_twice(work: Workspace) -> None:
    (path,) = await enroll(work)
    keys = (*work.environment.secret_keys, "newer key", "newest key")
    rotated = replace(work, environment=replace(work.environment, secret_keys=keys))
    assert (await one_click(rotated, path)).status_code == 200


async def test_link_works_after_the_sender_s_domain_changed(work: Workspace) -> None:
    (path,) = await enroll(work)
    settings = work.project.settings
    mail = settings.mail.model_copy(update={"from_address": "hello@moved.example"})
    moved = work.project.model_copy(update={"settings": settings.model_copy(update={"mail": mail})})
    assert (await one_click(replace(work, project=moved), path)).status_code == 200


async def test_everybody_with_the_address_is_meant(work: Workspace) -> None:
    office = {**MITURU, "email": "info@example.jp"}
    path, _ = await enroll(work, office, {**office, "full_name": "田中 恵"})
    await one_click(work, path)
    assert [lead["consent"] for lead in rows_of(work, "leads")] == [False, False]
    assert {row["state"] for row in rows_of(work, "enrollments")} == {"exited"}
    assert len(rows_of(work, "suppressions")) == 1


async def test_others_stay_as_they_are(work: Workspace) -> None:
    path, _ = await enroll(work, MITURU, {**MITURU, "email": "megumi@example.jp"})
    await one_click(work, path)
    states = {row["recipient"]: row["state"] for row in rows_of(work, "outbox")}
    assert (states["mituru@example.jp"], states["megumi@example.jp"]) == ("skipped", "queued")
    assert [lead["consent"] for lead in rows_of(work, "leads")] == [False, True]
