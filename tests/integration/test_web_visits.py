"""Page views of a company's own sites: who may send them, what is kept, whose they become."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from leadline.clock import FixedClock
from leadline.domain.keys import view_key
from leadline.domain.tokens import sign_token
from leadline.stages.erasure import erase_person
from leadline.store.visitors import link_visitors
from tests.factories import a_visitor, a_workspace, rows_of
from tests.tracked_mail import BASE, FILES, LAUREN, SENT_AT, SITE, mails_of, send_mails

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

LATER: Final = SENT_AT + timedelta(hours=1)
VISITOR: Final = "1" * 32
OTHER: Final = "2" * 32


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with _open(tmp_path / "home", database_url) as opened:
        yield opened


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Workspace]:
    """Give the same on SQLite alone."""
    with _open(tmp_path / "home") as opened:
        yield opened


def _open(
    home: Path, database_url: str = "", script: str = f"{{origins: ['{SITE}']}}"
) -> Workspace:
    with a_workspace(home, database_url, base_url=BASE, files=FILES):
        settings = (home / "config/settings.yaml").read_text("utf-8")
    switched = {"config/settings.yaml": f"{settings}\npage_script: {script}\n"}
    return a_workspace(home, database_url, base_url=BASE, files=FILES | switched)


def a_view(number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - what JSON has
    return {
        "id": f"{number:032x}",
        "visitor": VISITOR,
        "url": f"{SITE}/blog",
        "token": "",
        **changes,
    }


async def post(
    work: Workspace, *views: object, origin: str = SITE, seconds: float = 0
) -> list[httpx.Response]:
    """Send page views as a browser does: as text, so that it need not ask first."""
    clock = FixedClock(LATER + timedelta(seconds=seconds))
    headers = {"Origin": origin, "Content-Type": "text/plain;charset=UTF-8"}
    async with a_visitor(work, clock=clock, headers=headers) as visitor:
        return [
            await visitor.post("/visits", content=view if isinstance(view, bytes) else _body(view))
            for view in views
        ]


def _body(view: object) -> bytes:
    return json.dumps(view).encode()


async def click(work: Workspace, person: int = 0) -> str:
    """Follow the first link of a mail; return the token by which its page names the click."""
    async with a_visitor(work, clock=FixedClock(LATER)) as visitor:
        answer = await visitor.get(mails_of(work)[person].followed[0])
    return parse_qs(urlsplit(answer.headers["location"]).query)["ll"][0]


def views_of(work: Workspace) -> list[dict[str, Any]]:
    return [row for row in rows_of(work, "events") if row["source"] == "script"]


def judge_clicks(work: Workspace, actor: str) -> int:
    """Let every click be a person's or a program's, and link who is to be linked."""
    with work.store.write() as connection:
        query = "UPDATE events SET actor = :actor, due_at = NULL WHERE source = 'click'"
        connection.execute(text(query), {"actor": actor})
        mails = {row["outbox_id"] for row in rows_of(work, "events") if row["source"] == "click"}
        return link_visitors(connection, mails, now=LATER)


WRONG: Final = (
    b"",
    b"[]",
    b"{}",
    b"null",
    b"\xff",
    b"[" * 5_000,
    _body(a_view(visitor="lauren@example.com")),
    _body(a_view(id="")),
    _body(a_view(visitor=7)),
    _body(a_view(url="https://evil.example/")),
    _body(a_view(url="javascript:alert(1)")),
    _body(a_view(url=f"{SITE}/a\nb")),
    _body(a_view(url=f"{SITE}/" + "x" * 2_000)),
    _body(a_view(more="x" * 9_000)),
    _body(a_view(token=["a"])),
)


async def test_script_is_off_until_a_site_is_listed(tmp_path: Path) -> None:
    with a_workspace(tmp_path / "home", base_url=BASE) as work:
        async with a_visitor(work) as visitor:
            assert (await visitor.get("/e.js")).status_code == 404
        assert [each.status_code for each in await post(work, a_view())] == [404]


async def test_script_is_small_and_may_be_loaded(front: Workspace) -> None:
    async with a_visitor(front) as visitor:
        answer = await visitor.get("/e.js")
        head = await visitor.head("/e.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert 500 < len(answer.content) < 2_048
    assert (head.status_code, head.content) == (200, b"")
    assert "cookie" not in answer.text


async def test_page_view_is_stored_before_it_is_answered(work: Workspace) -> None:
    (answer,) = await post(
        work,
        a_view(url=f"{SITE}/blog/hana%40mori.example/x?q=lauren%40example.com&utm_source=mail"),
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SITE
    (view,) = views_of(work)
    expected = {
        "kind": "page_viewed",
        "external_id": view_key(VISITOR, f"{1:032x}"),
        "visitor_id": VISITOR,
        "lead_id": None,
        "outbox_id": None,
        "url": f"{SITE}/blog/[address]/x?utm_source=mail",
        "network": "127.0.0.1",
        "actor": "unknown",
        "detail": None,
        "occurred_at": LATER,
        "due_at": LATER + timedelta(seconds=10),
    }
    assert {name: view[name] for name in expected} == expected


async def test_view_that_is_sent_again_is_one(work: Workspace) -> None:
    await asyncio.gather(*(post(work, a_view(), a_view()) for _ in range(3)))
    await post(work, a_view(2))
    assert len(views_of(work)) == 2


async def test_view_of_a_page_with_prices_is_told_apart(front: Workspace) -> None:
    kinds = {
        "/pricing": "pricing_page_viewed",
        "/Pricing/teams": "pricing_page_viewed",
        "/%E6%96%99%E9%87%91": "pricing_page_viewed",
        "/料金": "pricing_page_viewed",
        "/blog/pricing": "page_viewed",
        "/": "page_viewed",
    }
    await post(front, *(a_view(n, url=SITE + path) for n, path in enumerate(kinds)))
    found = {row["url"].removeprefix(SITE): row["kind"] for row in views_of(front)}
    assert found == kinds


async def test_which_pages_show_prices_can_be_said(tmp_path: Path) -> None:
    script = f"{{origins: ['{SITE}'], pricing_paths: ['*/plans']}}"
    with _open(tmp_path / "home", script=script) as work:
        await post(work, a_view(1, url=f"{SITE}/en/plans"), a_view(2, url=f"{SITE}/pricing"))
        assert [row["kind"] for row in views_of(work)] == ["pricing_page_viewed", "page_viewed"]


async def test_site_that_is_not_listed_sends_nothing(front: Workspace) -> None:
    for origin in ("https://evil.example", "null", "", BASE, f"{SITE}.evil.example"):
        (answer,) = await post(front, a_view(), origin=origin)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert views_of(front) == []


async def test_browser_that_asks_first_is_allowed_for_listed_sites(front: Workspace) -> None:
    async with a_visitor(front) as visitor:
        said = [
            await visitor.options("/visits", headers={"Origin": origin})
            for origin in (SITE, "https://evil.example")
        ]
    assert [each.status_code for each in said] == [204, 403]
    assert said[0].headers["access-control-allow-origin"] == SITE


async def test_what_our_script_does_not_send_is_refused(front: Workspace) -> None:
    answers = await post(front, *WRONG)
    assert [each.status_code for each in answers] == [400] * len(WRONG)
    assert views_of(front) == []


async def test_too_many_views_of_one_network_are_sent_away(front: Workspace) -> None:
    async with a_visitor(front, headers={"Origin": SITE}) as visitor:
        answers = [
            await visitor.post("/visits", content=_body(a_view(number))) for number in range(125)
        ]
    assert [each.status_code for each in answers] == [204] * 120 + [429] * 5
    assert answers[-1].headers["retry-after"] == "60"


async def test_visit_is_the_lead_s_once_the_click_is_a_person_s(work: Workspace) -> None:
    await send_mails(work)
    await post(work, a_view(1))
    token = await click(work)
    await post(work, a_view(2, token=token), a_view(3, visitor=OTHER))
    assert {row["lead_id"] for row in views_of(work)} == {None}, "nobody knows yet who it was"
    assert rows_of(work, "visitors") == []
    assert judge_clicks(work, "human") == 1
    (lead,) = rows_of(work, "leads")
    assert [row["lead_id"] for row in views_of(work)] == [lead["id"], lead["id"], None]
    assert lead["scoring_due_at"] == LATER
    assert judge_clicks(work, "human") == 0
    await post(work, a_view(4))
    assert views_of(work)[-1]["lead_id"] == lead["id"]


async def test_click_that_is_known_to_be_a_person_s_links_at_once(work: Workspace) -> None:
    await send_mails(work)
    token = await click(work)
    judge_clicks(work, "human")
    await post(work, a_view(token=token))
    (lead,) = rows_of(work, "leads")
    assert [row["lead_id"] for row in views_of(work)] == [lead["id"]]


async def test_click_of_a_program_links_nobody(work: Workspace) -> None:
    await send_mails(work)
    token = await click(work)
    await post(work, a_view(1, token=token))
    assert judge_clicks(work, "suspected_bot") == 0
    await post(work, a_view(2, token=token))
    assert {row["lead_id"] for row in views_of(work)} == {None}
    assert rows_of(work, "visitors") == []


async def test_link_is_taken_back_when_the_click_turns_out_a_program_s(work: Workspace) -> None:
    await send_mails(work)
    token = await click(work)
    await post(work, a_view(1, token=token), a_view(2))
    judge_clicks(work, "human")
    assert None not in {row["lead_id"] for row in views_of(work)}
    judge_clicks(work, "suspected_bot")
    assert {row["lead_id"] for row in views_of(work)} == {None}
    assert rows_of(work, "visitors") == []
    assert judge_clicks(work, "human") == 1


async def test_address_that_was_passed_on_links_the_first_alone(work: Workspace) -> None:
    await send_mails(work)
    token = await click(work)
    await post(work, a_view(1, token=token), a_view(2, visitor=OTHER, token=token))
    judge_clicks(work, "human")
    assert [row["visitor_id"] for row in rows_of(work, "visitors")] == [VISITOR]
    assert views_of(work)[1]["lead_id"] is None


async def test_browser_of_two_people_is_the_one_s_who_clicked_last(work: Workspace) -> None:
    second = LAUREN | {"email": "mary@example.com", "full_name": "Mary Moreno"}
    await send_mails(work, LAUREN, second)
    for person in (0, 1):
        await post(work, a_view(person, token=await click(work, person)))
        judge_clicks(work, "human")
    first, other = (row["id"] for row in rows_of(work, "leads"))
    assert [row["lead_id"] for row in rows_of(work, "visitors")] == [other]
    assert [row["lead_id"] for row in views_of(work)] == [first, other]


async def test_token_that_is_forged_or_over_links_nobody(front: Workspace) -> None:
    await send_mails(front)
    token = await click(front)
    judge_clicks(front, "human")
    keys = front.environment.secret_keys
    nothing = sign_token("visit", "0" * 32, keys=keys)
    await post(front, a_view(1, token=f"{token}x"), a_view(2, token=nothing))
    await post(front, a_view(3, token=token), seconds=3_601)
    assert len(views_of(front)) == 3
    assert rows_of(front, "visitors") == []


async def test_erased_person_is_not_linked_again(work: Workspace) -> None:
    await send_mails(work)
    token = await click(work)
    judge_clicks(work, "human")
    await post(work, a_view(1, token=token))
    assert [row["lead_id"] for row in rows_of(work, "visitors")] == [1]
    erase_person(work, LAUREN["email"], now=LATER)
    assert rows_of(work, "visitors") == []
    personal = ("visitor_id", "network", "user_agent", "url", "address_hash", "detail")
    assert {row[name] for row in rows_of(work, "events") for name in personal} == {None}
    await post(work, a_view(2, token=token))
    assert views_of(work)[-1]["lead_id"] is None
    assert rows_of(work, "visitors") == []
