"""Links of nurture mail: what a mail shows, where a link leads, and what is kept of a click."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import event, text

from leadline.clock import FixedClock
from leadline.domain.tokens import sign_token
from leadline.stages.erasure import erase_person
from leadline.store import links
from leadline.web import clicks
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of
from tests.tracked_mail import (
    BASE,
    FILES,
    LAUREN,
    SENT_AT,
    SITE,
    TARGETS,
    Mail,
    mails_of,
    send_mails,
    without_tracking,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

LATER: Final = SENT_AT + timedelta(hours=1)
BROWSER: Final = {"User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/18.0"}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE, files=FILES) as opened:
        yield opened


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Workspace]:
    """Give the same on SQLite alone."""
    with a_workspace(tmp_path / "home", base_url=BASE, files=FILES) as opened:
        yield opened


async def follow(
    work: Workspace,
    *links: str,
    method: str = "GET",
    seconds: float = 0,
    headers: dict[str, str] | None = None,
) -> list[httpx.Response]:
    """Follow links an hour after the mail, as a browser does."""
    clock = FixedClock(LATER + timedelta(seconds=seconds))
    async with a_visitor(work, clock=clock, headers=BROWSER) as visitor:
        return [await visitor.request(method, link, headers=headers) for link in links]


def clicks_of(work: Workspace) -> list[dict[str, Any]]:
    return [row for row in rows_of(work, "events") if row["source"] == "click"]


async def test_links_of_a_mail_lead_over_our_server_to_where_they_led(work: Workspace) -> None:
    (mail,) = await send_mails(work)
    assert len(mail.followed) == len(TARGETS) + 1
    answers = await follow(work, *mail.followed)
    assert [each.headers["location"] for each in answers] == [*TARGETS, f"{BASE}/"]
    for each in answers:
        assert each.status_code == 302
        assert each.headers["referrer-policy"] == "no-referrer"
        assert each.headers["cache-control"] == "no-store"


async def test_click_is_kept_with_what_tells_who_it_was(work: Workspace) -> None:
    (mail,) = await send_mails(work)
    await follow(work, mail.followed[0], mail.followed[-1])
    (touch,) = [row for row in rows_of(work, "outbox") if row["kind"] == "touch"]
    click, trap = clicks_of(work)
    expected = {
        "kind": "email_clicked",
        "lead_id": touch["lead_id"],
        "outbox_id": touch["id"],
        "campaign": "welcome/hello",
        "url": TARGETS[0],
        "network": "127.0.0.1",
        "user_agent": BROWSER["User-Agent"],
        "actor": "unknown",
        "actor_reason": None,
        "detail": {"method": "GET", "prefetch": False, "trap": False},
        "occurred_at": LATER,
        "received_at": LATER,
        "due_at": LATER + timedelta(seconds=10),
    }
    assert {name: click[name] for name in expected} == expected
    assert (trap["detail"]["trap"], trap["url"]) == (True, f"{BASE}/")


async def test_only_links_and_the_trap_tell_a_mail_from_one_without(tmp_path: Path) -> None:
    found: list[Mail] = []
    for number, switch in enumerate(("true", "false")):
        files = FILES | {"config/sending.yaml": f"track_clicks: {switch}\n"}
        with a_workspace(tmp_path / str(number), base_url=BASE, files=files) as work:
            found += await send_mails(work)
            assert bool(rows_of(work, "link_targets")) == (switch == "true")
    tracked, plain = found
    assert plain.followed == []
    assert set(TARGETS) < set(plain.links)
    assert "/c/" not in tracked.text
    assert TARGETS[0].partition("#")[0] in tracked.text
    # the links of the plain mail in the place of the tracked ones: then both are the same
    restored = without_tracking(tracked.html)
    for link in ("https://www.example.com/guide?a=1&amp;b=2#start", *TARGETS[1:]):
        restored = restored.replace("...", link, 1)
    unsubscribes = [link for link in tracked.links if link.startswith(f"{BASE}/u/")]
    assert len(unsubscribes) == 1
    others = [link for link in plain.links if link.startswith(f"{BASE}/u/")]
    assert restored.replace(unsubscribes[0], others[0]) == plain.html


async def test_mail_to_reps_is_not_counted(front: Workspace) -> None:
    await send_mails(front)
    kinds = {row["kind"] for row in rows_of(front, "outbox")}
    assert kinds == {"assignment", "touch"}
    assert len(mails_of(front)) == 1
    assert len(rows_of(front, "link_targets")) == len(TARGETS) + 1


async def test_batch_of_mails_stores_its_targets_with_one_statement(work: Workspace) -> None:
    people = [
        LAUREN | {"email": f"lead{number}@example.com", "full_name": f"Lead {number}"}
        for number in range(5)
    ]
    said: list[str] = []

    def listen(*args: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        said.append(args[2])

    event.listen(work.store.engine, "before_cursor_execute", listen)
    mails = await send_mails(work, *people)
    event.remove(work.store.engine, "before_cursor_execute", listen)
    assert len({link for mail in mails for link in mail.followed}) == 5 * (len(TARGETS) + 1)
    assert len(rows_of(work, "link_targets")) == len(TARGETS) + 1
    assert len([each for each in said if "link_targets" in each]) == 1


async def test_looking_ahead_is_kept_as_such_and_led_on(front: Workspace) -> None:
    (mail,) = await send_mails(front)
    ahead = (
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "preview"},
    )
    for second, headers in enumerate(ahead):
        (answer,) = await follow(front, mail.followed[0], seconds=second, headers=headers)
        assert answer.status_code == 302
    (head,) = await follow(front, mail.followed[0], method="HEAD", seconds=9)
    assert head.status_code == 302
    details = [row["detail"] for row in clicks_of(front)]
    expected = [("GET", True)] * len(ahead) + [("HEAD", False)]
    assert [(each["method"], each["prefetch"]) for each in details] == expected


async def test_token_that_is_not_ours_leads_nowhere_and_leaves_nothing(work: Workspace) -> None:
    (mail,) = await send_mails(work)
    token = mail.followed[0].rpartition("/")[2]
    unknown = sign_token("click", "a" * 52, keys=work.environment.secret_keys)
    other = mail.unsubscribe.rpartition("/")[2]
    before = read_everything(work)
    forged = ("x", token[:-2], f"{token}x", other, unknown, "https://evil.example/", "%2f%2fevil")
    links = [f"/c/{each}" for each in forged] + [f"/c/{token}x?url=https://evil.example/"]
    answers = await follow(work, *links)
    assert {each.status_code for each in answers} == {404}
    assert not any("location" in each.headers for each in answers)
    assert read_everything(work) == before


async def test_query_of_the_request_changes_no_target(front: Workspace) -> None:
    (mail,) = await send_mails(front)
    (answer,) = await follow(front, f"{mail.followed[0]}?url=https://evil.example/&ll=1")
    assert answer.headers["location"] == TARGETS[0]


async def test_repeat_within_a_second_is_one_click_and_a_later_one_another(
    work: Workspace,
) -> None:
    (mail,) = await send_mails(work)
    link = mail.followed[0]
    await asyncio.gather(*(follow(work, link, link) for _ in range(5)))
    assert len(clicks_of(work)) == 1
    await follow(work, link, seconds=1)
    await follow(work, link, headers={"User-Agent": "another program"})
    assert len(clicks_of(work)) == 3


async def test_nobody_fills_the_disk_with_one_link(
    front: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mail,) = await send_mails(front)
    link = mail.followed[0]
    async with a_visitor(front, clock=FixedClock(LATER)) as visitor:
        for number in range(80):
            answer = await visitor.get(link, headers={"User-Agent": f"program {number}"})
            assert answer.status_code == 302
    assert len(clicks_of(front)) == 60, "one network within a minute"
    monkeypatch.setattr(links, "MOST_CLICKS", 65)
    async with a_visitor(front, clock=FixedClock(LATER + timedelta(minutes=1))) as visitor:
        for number in range(20):
            answer = await visitor.get(link, headers={"User-Agent": f"program {number}"})
            assert answer.status_code == 302
    assert len(clicks_of(front)) == 65, "one mail"


async def test_user_agent_is_cut_and_holds_no_control_signs(front: Workspace) -> None:
    (mail,) = await send_mails(front)
    await follow(front, mail.followed[0], headers={"User-Agent": "a\tb" + "x" * 5_000})
    (click,) = clicks_of(front)
    assert click["user_agent"] == ("a b" + "x" * 5_000)[:255]


async def test_whoever_was_erased_is_led_on_and_not_noted(work: Workspace) -> None:
    (mail,) = await send_mails(work)
    erase_person(work, LAUREN["email"], now=LATER)
    before = read_everything(work)
    (answer,) = await follow(work, mail.followed[0])
    assert (answer.status_code, answer.headers["location"]) == (302, TARGETS[0])
    assert read_everything(work) == before


@contextmanager
def no_writing(work: Workspace) -> Iterator[None]:
    """Let the database refuse events, until the block ends."""
    for old, new in (("events", "events_away"), ("events_away", "events")):
        with work.store.write() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        if old == "events":
            yield


async def test_person_is_led_on_when_nothing_can_be_written(
    work: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    (mail,) = await send_mails(work)
    with no_writing(work):
        (answer,) = await follow(work, mail.followed[0])
    assert (answer.status_code, answer.headers["location"]) == (302, TARGETS[0])
    assert "a click was not recorded" in caplog.text
    assert mail.followed[0].rpartition("/")[2] not in caplog.text


async def test_person_does_not_wait_for_who_holds_the_database(
    front: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mail,) = await send_mails(front)
    monkeypatch.setattr(clicks, "_PATIENCE", 0.1)
    with closing(sqlite3.connect(str(front.store.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(*(follow(front, link) for link in mail.followed[:2]))
        other.rollback()
    assert [each.headers["location"] for (each,) in answers] == list(TARGETS[:2])


async def test_link_works_after_the_sender_s_domain_changed(
    tmp_path: Path, database_url: str
) -> None:
    home = tmp_path / "home"
    with a_workspace(home, database_url, base_url=BASE, files=FILES) as work:
        (mail,) = await send_mails(work)
    settings = (home / "config/settings.yaml").read_text("utf-8")
    changed = {"config/settings.yaml": settings.replace("sales@example.com", "us@new.example")}
    with a_workspace(home, database_url, base_url=BASE, files=changed) as work:
        await follow(work, mail.followed[0])
        assert [row["campaign"] for row in clicks_of(work)] == ["welcome/hello"]


async def test_page_of_the_company_is_told_of_the_click_only_when_its_script_is_on(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with a_workspace(home, base_url=BASE, files=FILES) as work:
        (mail,) = await send_mails(work)
    settings = (home / "config/settings.yaml").read_text("utf-8")
    switched = {"config/settings.yaml": f"{settings}\npage_script: {{origins: ['{SITE}']}}\n"}
    with a_workspace(home, base_url=BASE, files=switched) as work:
        answers = await follow(work, *mail.followed)
        guide, prices, foreign, trap = (each.headers["location"] for each in answers)
        assert guide.startswith(f"{SITE}/guide?a=1&b=2&ll=")
        assert guide.endswith("#start")
        assert prices.startswith(f"{SITE}/pricing?utm_campaign=welcome&ll=")
        assert (foreign, trap) == (TARGETS[2], f"{BASE}/")
        for headers in ({"Purpose": "prefetch"}, {}):
            method = "GET" if headers else "HEAD"
            (ahead,) = await follow(
                work, mail.followed[0], method=method, seconds=9, headers=headers
            )
            assert ahead.headers["location"] == TARGETS[0]


async def test_clock_of_the_server_is_the_time_of_a_click(front: Workspace) -> None:
    (mail,) = await send_mails(front)
    await follow(front, mail.followed[0], seconds=90)
    (click,) = clicks_of(front)
    assert click["occurred_at"] - NOW == timedelta(hours=17, seconds=90)
