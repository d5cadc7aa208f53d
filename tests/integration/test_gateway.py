"""A mail security gateway opens every link of a mail: nobody gains a point, nobody unsubscribes.

The mail goes through the whole pipeline into the built-in mailbox and is taken apart as a gateway
does it; the hits come to the real web app, and scoring tells who it was.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from leadline.mail.sink import read_mailbox
from leadline.stages import run_stages
from leadline.web.app import create_app
from tests.factories import a_workspace, rows_of
from tests.tracked_mail import BASE, FILES, LAUREN, SENT_AT, SITE, TARGETS, send_mails

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

GATEWAY: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/128.0.0.0"
PERSON: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/18.0"
#: What a person may press, and what mail programs press for them.
SAFE: Final = ("suppressions", "consents", "enrollments", "delivery_events")


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE, files=FILES) as opened:
        yield opened


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Workspace]:
    """Give the same on SQLite alone."""
    with a_workspace(tmp_path / "home", base_url=BASE, files=FILES) as opened:
        yield opened


@dataclass
class Watch:
    """A clock that is set by hand."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Hits:
    """Requests to the app, each at its time and from its network.

    Attributes:
        statuses: what was answered.
    """

    work: Workspace
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(SENT_AT)
        self.app = create_app(self.work, clock=self.watch)

    async def hit(
        self,
        links: Sequence[str],
        *,
        at: float,
        step: float,
        methods: Sequence[str] = ("GET",),
        networks: Sequence[str] = ("203.0.113.7",),
        agent: str = GATEWAY,
    ) -> None:
        """Ask for every link by every method, `at` seconds after the delivery, one by one."""
        for number, (link, method) in enumerate((each, m) for each in links for m in methods):
            self.watch.at = SENT_AT + timedelta(seconds=at + number * step)
            client = (networks[number % len(networks)], 40_000)
            transport = httpx.ASGITransport(app=self.app, client=client)
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as asking:
                answer = await asking.request(method, link, headers={"User-Agent": agent})
            self.statuses.append(answer.status_code)


def links_in(work: Workspace, *, has_trap: bool = True) -> list[str]:
    """Return every address of the one delivered nurture mail, as a gateway finds them."""
    found: list[str] = []
    for filed in read_mailbox(work.environment.state / "mailbox"):
        message = email.message_from_bytes(filed.path.read_bytes(), policy=email.policy.default)
        if message["List-Unsubscribe"] is None:
            continue
        parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
        texts = [str(message["List-Unsubscribe"]), *parts]
        if not has_trap:
            texts = [re.sub(r'<div aria-hidden="true".*?</div>', "", text) for text in texts]
        found += [link for text in texts for link in re.findall(r"https?://[^\s<>\"']+", text)]
    return list(dict.fromkeys(link for link in found if link.startswith(BASE)))


def clicks_of(work: Workspace) -> list[dict[str, Any]]:
    return [row for row in rows_of(work, "events") if row["source"] == "click"]


def lead_of(work: Workspace) -> dict[str, Any]:
    (lead,) = rows_of(work, "leads")
    return lead


async def score(work: Workspace, *, at: float) -> None:
    """Let scoring run a minute after the last hit."""
    await run_stages(work, ["scoring"], now=SENT_AT + timedelta(seconds=at + 60))


VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "seconds after delivery": {"at": 0.1, "span": 2},
    "without the hidden link": {"at": 0.1, "span": 2, "has_trap": False},
    "ten minutes later": {"at": 600, "span": 2},
    "ten minutes later, without the hidden link": {"at": 600, "span": 2, "has_trap": False},
    "an hour later, slowly, by the hidden link": {"at": 3_600, "span": 40},
    "from several networks": {
        "at": 0.1,
        "span": 2,
        "networks": [f"203.0.113.{n}" for n in range(9)],
    },
    "by GET alone, ten minutes later": {"at": 600, "span": 2, "methods": ("GET",)},
}


async def test_gateway_adds_no_point_and_unsubscribes_nobody(work: Workspace) -> None:
    await replay(work, "seconds after delivery")


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "seconds after delivery"])
async def test_other_gateway_adds_no_point_either(front: Workspace, name: str) -> None:
    await replay(front, name)


async def replay(work: Workspace, name: str) -> None:
    """Send a mail, let a gateway work through it, score, and find that nothing came of it."""
    variant = {"has_trap": True, "methods": ("HEAD", "GET"), **VARIANTS[name]}
    await send_mails(work, deliver=True)
    before = {table: rows_of(work, table) for table in SAFE}
    points = lead_of(work)["points"]
    links = links_in(work, has_trap=variant.pop("has_trap"))
    ours = {link.removeprefix(BASE).split("/")[1] for link in links}
    assert ours >= {"u", "c"}
    hits, at, span = Hits(work), variant.pop("at"), variant.pop("span")
    step = span / (len(links) * len(variant["methods"]))
    await hits.hit(links, at=at, step=step, **variant)
    assert set(hits.statuses) <= {200, 302}
    await score(work, at=at + span)
    clicks = clicks_of(work)
    followed = [link for link in links if "/c/" in link]
    assert len(clicks) == len(followed) * len(variant["methods"])
    assert {row["actor"] for row in clicks} == {"suspected_bot"}
    assert {row["due_at"] for row in clicks} == {None}
    assert lead_of(work)["points"] == points == 0
    assert {table: rows_of(work, table) for table in SAFE} == before
    assert lead_of(work)["consent"] is True


async def test_person_scores_an_hour_after_the_gateway(work: Workspace) -> None:
    await send_mails(work, deliver=True)
    hits, links = Hits(work), links_in(work)
    await hits.hit(links, at=0.1, step=0.2)
    await score(work, at=2)
    assert lead_of(work)["points"] == 0
    await hits.hit(
        [next(link for link in links if "/c/" in link)],
        at=3_600,
        step=1,
        networks=["198.51.100.4"],
        agent=PERSON,
    )
    await score(work, at=3_600)
    *others, click = clicks_of(work)
    assert (click["actor"], click["url"]) == ("human", TARGETS[0])
    assert {row["actor"] for row in others} == {"suspected_bot"}
    assert lead_of(work)["points"] == pytest.approx(10, abs=0.01)


async def test_burst_that_is_seen_in_parts_takes_its_points_back(work: Workspace) -> None:
    await send_mails(work, deliver=True)
    hits = Hits(work)
    links = [link for link in links_in(work, has_trap=False) if "/c/" in link]
    await hits.hit(links[:1], at=600, step=0)
    await run_stages(work, ["scoring"], now=SENT_AT + timedelta(seconds=610))
    assert lead_of(work)["points"] == pytest.approx(10, abs=0.01)
    await hits.hit(links[1:], at=600.3, step=0.3)
    await score(work, at=602)
    assert {row["actor"] for row in clicks_of(work)} == {"suspected_bot"}
    assert lead_of(work)["points"] == 0


async def test_gateway_in_front_of_many_people_scores_nobody(tmp_path: Path) -> None:
    people = [
        LAUREN | {"email": f"lead{n}@example.com", "full_name": f"Lead {n}"} for n in range(8)
    ]
    with a_workspace(tmp_path / "home", base_url=BASE, files=FILES) as work:
        await send_mails(work, *people, deliver=True)
        links = links_in(work)
        await Hits(work).hit(links, at=700, step=0.05)
        await score(work, at=710)
        assert len(clicks_of(work)) == 8 * (len(TARGETS) + 1)
        assert {row["actor"] for row in clicks_of(work)} == {"suspected_bot"}
        assert {row["points"] for row in rows_of(work, "leads")} == {0}
        assert rows_of(work, "suppressions") == []


async def test_visit_of_a_person_scores_and_one_of_a_gateway_does_not(
    tmp_path: Path, database_url: str
) -> None:
    home = tmp_path / "home"
    with a_workspace(home, database_url, base_url=BASE, files=FILES):
        settings = (home / "config/settings.yaml").read_text("utf-8")
    switched = {"config/settings.yaml": f"{settings}\npage_script: {{origins: ['{SITE}']}}\n"}
    numbers = count(1)
    with a_workspace(home, database_url, base_url=BASE, files=FILES | switched) as work:
        await send_mails(work, deliver=True)
        hits, links = Hits(work), [link for link in links_in(work) if "/c/" in link]
        for at, agent, network in ((1, GATEWAY, "203.0.113.7"), (3_600, PERSON, "198.51.100.4")):
            hits.watch.at = SENT_AT + timedelta(seconds=at)
            transport = httpx.ASGITransport(app=hits.app, client=(network, 40_000))
            headers = {"User-Agent": agent, "Origin": SITE}
            async with httpx.AsyncClient(
                transport=transport, base_url=BASE, headers=headers
            ) as asking:
                page = (await asking.get(links[0])).headers["location"]
                token = httpx.URL(page).params["ll"]
                number = f"{next(numbers):032x}"
                view = {"id": number, "visitor": number, "url": f"{SITE}/guide", "token": token}
                assert (await asking.post("/visits", json=view)).status_code == 204
            await score(work, at=at)
        views = [row for row in rows_of(work, "events") if row["source"] == "script"]
        assert [row["lead_id"] for row in views] == [None, lead_of(work)["id"]]
        assert lead_of(work)["points"] == pytest.approx(13, abs=0.01)
