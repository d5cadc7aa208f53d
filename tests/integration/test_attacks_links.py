"""What an attacker, a scanner or a prefetching browser does with our links: nothing happens.

One exception is on purpose: following a link of a nurture mail leaves an event and nothing else.

The routes and the links are not listed here: they are those of the app and of the mails that it
writes, so that a new one is tried from its first day.
"""

from __future__ import annotations

import base64
import email
import email.policy
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import pytest

from leadline.clock import FixedClock
from leadline.domain.alerts import Alert, Kind
from leadline.mail.message import address_message
from leadline.stages import ORDER, run_stages
from leadline.stages.alerts import tell_admin
from leadline.store.schema import OUTBOX_KINDS
from leadline.web.app import create_app
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of
from tests.pages import GUIDE, links_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from leadline.stages import Workspace

BASE: Final = "https://leads.example.com"
LAUREN: Final = {
    "full_name": "Lauren Anderson",
    "email": "lauren.anderson@example.com",
    "company": "Ramirez Construction",
    "phone": "+1 206 555 0134",
    "country": "US",
    "message": "Please send a quote.",
    "consent": "true",
}
PERSONAL: Final = re.compile("lauren|anderson|ramirez|2065550134|206.555|%40|@", re.IGNORECASE)
#: What browsers, mail gateways and chat programs send when they look ahead.
LOOKING_AHEAD: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
    {"User-Agent": "Slackbot-LinkExpanding 1.0", "Range": "bytes=0-32768"},
    {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"},
    {"Content-Type": "application/x-www-form-urlencoded"},
)
#: Answers to the page's own buttons, in the address of a GET.
QUERIES: Final = ("", "?answer=accept", "?List-Unsubscribe=One-Click", "?_method=POST&consent=true")
#: The one route of which a GET leaves a trace.
FOLLOWED: Final = "/c/{token}"
#: Names of routes for which no mail holds a link.
NAMED: Final = {"form": ("contact", "guide", "none"), "source": ("facebook", "none")}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with _open(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Workspace]:
    """Give the same on SQLite alone."""
    with _open(tmp_path) as opened:
        yield opened


def _open(folder: Path, database_url: str = "") -> Workspace:
    files = {
        "config/forms/guide.yaml": GUIDE,
        "config/mappings/facebook.yaml": "webhook: {vendor: meta}\n",
        "assets/guide.pdf": "%PDF-1.4\n",
    }
    secrets = {"LEADLINE_WEBHOOK_SECRET_FACEBOOK": ("a secret",)}
    changes: dict[str, Any] = {"base_url": BASE, "webhook_secrets": secrets}
    return a_workspace(folder / "home", database_url, files=files, **changes)


async def write_every_mail(work: Workspace) -> None:
    """Take a lead by each form through the pipeline, and tell the admin of a failure."""
    async with a_visitor(work) as visitor:
        for form, address in (("contact", LAUREN["email"]), ("guide", f"x.{LAUREN['email']}")):
            posted = LAUREN | {"email": address}
            answer = await visitor.post(f"/forms/{form}", data=posted)
            assert answer.status_code == 201, answer.text
    await run_stages(work, ORDER[:-1], now=NOW + timedelta(hours=16))
    failed = Alert(Kind.FAILED, "import_files", "run-1", NOW, state="Failed", message="x")
    tell_admin(work, failed, now=NOW)


def routes_of(routes: list[Any]) -> set[tuple[str, str]]:
    """Return path and method of every route, also of the routers that were included."""
    found: set[tuple[str, str]] = set()
    for route in routes:
        if included := getattr(route, "original_router", None):
            found |= routes_of(included.routes)
        else:
            found |= {(route.path, method) for method in route.methods}
    return found


def addresses_of(work: Workspace, route: str) -> list[str]:
    """Return addresses that lead to a route: real links, and one that is none."""
    place = re.search(r"{(\w+)}", route)
    if place is None:
        return [route]
    if place[1] != "token":
        return [route.replace(place[0], name) for name in NAMED[place[1]]]
    kind = route.split("/")[1]
    links = followed_links(work) if kind == "c" else links_of(work)[kind]
    return [link.removeprefix(BASE) for link in links] + [route.replace(place[0], "x")]


def followed_links(work: Workspace) -> list[str]:
    """Return the links of mails that lead over our server to another; text parts have none."""
    return sorted(
        {link for mail in _mails(work) for link in re.findall(rf"{BASE}/c/[\w.-]+", mail, re.ASCII)}
    )


def readable_routes(work: Workspace) -> list[str]:
    routes = routes_of(create_app(work, clock=FixedClock(NOW)).routes)
    return sorted({path for path, method in routes if method in {"GET", "HEAD", "OPTIONS"}})


async def read_in_every_way(work: Workspace, addresses: Iterable[str]) -> Counter[int]:
    """Return how often each status was answered."""
    answered: Counter[int] = Counter()
    async with a_visitor(work) as visitor:
        for address in addresses:
            for method in ("GET", "HEAD", "OPTIONS"):
                for number, headers in enumerate(LOOKING_AHEAD):
                    path = address + QUERIES[number % len(QUERIES)]
                    answer = await visitor.request(method, path, headers=headers)
                    answered[answer.status_code] += 1
    return answered


async def test_reading_any_address_in_any_way_changes_nothing(work: Workspace) -> None:
    await write_every_mail(work)
    before = read_everything(work)
    routes = [route for route in readable_routes(work) if route != FOLLOWED]
    assert len(routes) > 5
    addresses = (each for route in routes for each in addresses_of(work, route))
    answered = await read_in_every_way(work, addresses)
    assert answered[200] > 100
    assert max(answered) < 500
    assert read_everything(work) == before


async def test_following_a_link_of_a_mail_leaves_events_and_nothing_else(work: Workspace) -> None:
    await write_every_mail(work)
    before = read_everything(work)
    assert FOLLOWED in readable_routes(work)
    real = addresses_of(work, FOLLOWED)
    answered = await read_in_every_way(work, real)
    assert set(answered) == {302, 404, 405}
    assert answered[404] == 2 * len(LOOKING_AHEAD)
    after = read_everything(work)
    assert set(after.pop("events")) > set(before.pop("events"))
    assert after == before
    events = [row for row in rows_of(work, "events") if row["source"] == "click"]
    assert {row["actor"] for row in events} == {"unknown"}
    assert len(rows_of(work, "events")) == len(events) < answered[302]


async def test_every_answer_of_every_route_is_guarded(front: Workspace) -> None:
    await write_every_mail(front)
    routes = routes_of(create_app(front, clock=FixedClock(NOW)).routes)
    async with a_visitor(front) as visitor:
        for route in sorted({path for path, _ in routes}):
            for address in addresses_of(front, route):
                for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE"):
                    said = await visitor.request(method, address)
                    headers = dict(said.headers)
                    policy = headers["content-security-policy"]
                    assert policy.startswith("default-src 'none'; "), address
                    assert "unsafe-eval" not in policy
                    assert "script-src 'unsafe-inline'" not in policy
                    assert "base-uri 'none'" in policy
                    assert "frame-ancestors" in policy
                    assert headers["x-content-type-options"] == "nosniff"
                    assert headers["referrer-policy"] == "no-referrer"
                    assert headers["cache-control"] == "no-store"
                    assert "strict-transport-security" in headers
                    assert not {"set-cookie", "server", "x-powered-by"} & set(headers)


async def test_no_link_in_any_mail_holds_personal_data(front: Workspace) -> None:
    await write_every_mail(front)
    assert {row["kind"] for row in rows_of(front, "outbox")} == set(OUTBOX_KINDS)
    links = {link for mail in _mails(front) for link in re.findall(r"https?://[^\s<>\"']+", mail)}
    ours = {link for link in links if link.startswith(BASE)}
    assert {link.removeprefix(BASE).split("/")[1] for link in ours} >= {
        "u",
        "a",
        "d",
        "confirm",
        "c",
    }
    for link in links:
        assert not PERSONAL.search(_opened(link)), link


def _mails(work: Workspace) -> list[str]:
    """Return headers and decoded parts of every mail as it goes out, but for its recipient."""
    found = []
    for row in rows_of(work, "outbox"):
        if row["mail"] is None:
            continue
        whole = address_message(row["mail"], recipient="x@example.com", subject=row["subject"])
        mail = email.message_from_bytes(whole, policy=email.policy.default)
        parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
        found.append("\n".join([*(str(value) for value in mail.values()), *parts]))
    return found


def _opened(link: str) -> str:
    """Return a link as it stands, and with what its parts hold when they are decoded."""
    texts = [unquote(unquote(link))]
    for part in re.split(r"[/.?=&]", link):
        padded = part + "=" * (-len(part) % 4)
        if re.fullmatch(r"[\w-]{8,}=*", padded, re.ASCII):
            texts.append(base64.urlsafe_b64decode(padded).decode("utf-8", "replace"))
    return "\n".join(texts[:1] + [text for text in texts[1:] if text.isprintable()])


async def test_altered_link_shows_and_changes_nothing(front: Workspace) -> None:
    await write_every_mail(front)
    before = read_everything(front)
    kinds = links_of(front) | {"c": followed_links(front)}
    async with a_visitor(front) as visitor:
        for kind, (link, *_) in kinds.items():
            start, _, token = link.removeprefix(BASE).rpartition("/")
            others = [found[0].rpartition("/")[2] for k, found in kinds.items() if k != kind]
            for wrong in [*_altered(token), *others]:
                for method in ("GET", "POST"):
                    said = await visitor.request(method, f"{start}/{wrong}?answer=accept")
                    assert said.status_code in {404, 405}, (kind, method, wrong)
                    assert not re.search("lauren|ramirez", said.text, re.IGNORECASE)
    assert read_everything(front) == before


def _altered(token: str) -> list[str]:
    body, _, signature = token.rpartition(".")
    none = base64.urlsafe_b64encode(b'["1",null]').decode().rstrip("=")
    return [
        token[:-1],
        token[1:],
        f"{token}x",
        f"{token}.",
        token.swapcase(),
        body,
        f"{body}.",
        f"{none}.{signature}",
        f"{none}.",
        "eyJhbGciOiJub25lIn0.e30.",
        "%00",
        "..%2f..%2fetc%2fpasswd",
        "x" * 5000,
        "%F0%9F%92%A9",
        "1",
        "%27%20OR%201=1--",
    ]
