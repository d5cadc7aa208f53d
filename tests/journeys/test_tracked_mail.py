"""A tracked mail in a real browser: it looks, sounds and is reached as the same mail without.

What mail programs show of the hidden link is nothing: no box, no stop of the keyboard, no word for
a screen reader.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.factories import NOW, a_workspace
from tests.pages import a_browser
from tests.tracked_mail import BASE, FILES, LAUREN, Mail, send_mails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

Scheme = Literal["light", "dark"]
pytestmark = pytest.mark.xdist_group("pages")  # one browser at a time

MITSURU: Final = {
    "full_name": "鈴木 充",
    "email": "mitsuru.suzuki@example.jp",
    "company": "株式会社山田製作所",
    "country": "JP",
    "consent": "true",
}
#: Every way in which a program of a reader comes to a link.
REACHED: Final = """() => [...document.querySelectorAll("a")].map((each) => ({
  href: each.href,
  isSeen: each.getClientRects().length > 0,
  isStop: each.tabIndex >= 0 && each.getClientRects().length > 0,
}))"""
#: Rules of axe that a mail violates, apart from those that a page of its own has to keep.
VIOLATIONS: Final = """() => axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}).then(
  ({violations}) => violations.map(({id, nodes}) => id + ": " + nodes.map(({html}) => html)))"""
#: How many elements violate each of all rules.
COUNTED: Final = """() => axe.run().then(
  ({violations}) => violations.map(({id, nodes}) => [id, nodes.length]))"""


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, list[Mail]]:
    """Give the same two mails with and without tracking: English and Japanese."""
    found = {}
    for switch in (True, False):
        sending = {"config/sending.yaml": f"track_clicks: {str(switch).lower()}\n"}
        home = tmp_path_factory.mktemp("mails") / "home"
        with a_workspace(home, base_url=BASE, files=FILES | sending) as work:
            found[switch] = asyncio.run(send_mails(work, LAUREN))
        with a_workspace(home.parent / "ja", base_url=BASE, files=sending) as work:
            found[switch] += asyncio.run(send_mails(work, MITSURU, now=NOW))
    return found


@pytest.fixture(scope="module")
def browser(mails: dict[bool, list[Mail]]) -> Iterator[Browser]:
    del mails  # are written first: beside a browser no loop of asyncio can be started
    with a_browser() as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tracked_mail_looks_as_it_did(
    browser: Browser, mails: dict[bool, list[Mail]], scheme: Scheme
) -> None:
    page = browser.new_page(color_scheme=scheme)
    for tracked, plain in zip(mails[True], mails[False], strict=True):
        page.set_content(plain.html)
        before = page.screenshot(full_page=True)
        page.set_content(tracked.html)
        assert page.screenshot(full_page=True) == before
        assert page.inner_text("body")
    page.close()


def test_hidden_link_is_seen_and_reached_by_nobody(
    browser: Browser, mails: dict[bool, list[Mail]]
) -> None:
    page = browser.new_page()
    for mail, count in zip(mails[True], (4, 1), strict=True):
        page.set_content(mail.html)
        trap = mail.followed[-1]
        links = page.evaluate(REACHED)
        assert [each["href"] for each in links if not each["isSeen"]] == [trap]
        assert [each["href"] for each in links if not each["isStop"]] == [trap]
        assert len(mail.followed) == count
        assert trap not in page.locator("body").aria_snapshot()
        assert mail.text.count("/c/") == 0
    page.close()


def test_tracked_mail_is_as_accessible_as_before(
    browser: Browser, mails: dict[bool, list[Mail]]
) -> None:
    page = browser.new_page()
    for tracked, plain in zip(mails[True], mails[False], strict=True):
        counts = []
        for mail in (plain, tracked):
            page.set_content(mail.html)
            page.evaluate(AXE_SCRIPT)
            assert page.evaluate(VIOLATIONS) == []
            counts.append(page.evaluate(COUNTED))
        assert counts[0] == counts[1]
    page.close()
