"""The page script in a real browser, on a web site of its own with a strict policy.

Before the visitor consents nothing is sent or stored; afterwards page views are, and a visit that
began with a link of a mail is the lead's.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import pytest

from leadline.clock import SystemClock
from leadline.config.environment import read_environment
from leadline.stages import open_workspace, scoring
from tests.factories import NOW, a_workspace, rows_of
from tests.pages import a_browser
from tests.rules.sources import ROOT
from tests.tracked_mail import BASE, FILES, LETTER, SITE, send_mails
from tests.web_server import free_port, leadline_serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from leadline.config.environment import Environment

pytestmark = pytest.mark.xdist_group("pages")  # one browser at a time

PERSON: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/18.0"
PAGE: Final = (
    '<!DOCTYPE html><html lang="en"><head><title>Company</title>'
    '<script src="{server}/e.js"{consent}></script></head><body><h1>{path}</h1></body></html>'
)


@dataclass
class Running:
    """A company's web site, leadline's server, and a mail that leads to the site.

    Attributes:
        environment: of the server.
        browser: nobody's yet.
        site: origin of the web site.
        link: the first link of the mail.
    """

    environment: Environment
    browser: Browser
    site: str
    link: str

    def views(self) -> list[dict[str, Any]]:
        """Return the page views that are stored."""
        with open_workspace(self.environment, now=NOW) as work:
            return [row for row in rows_of(work, "events") if row["source"] == "script"]


@contextmanager
def company_site(server: str) -> Iterator[str]:
    """Serve a web site that loads the script and forbids every other; give its origin."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            consent = ' data-consent="true"' if path == "/agreed" else ""
            body = PAGE.format(server=server, consent=consent, path=path).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            policy = f"default-src 'none'; script-src {server}; connect-src {server}"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}"
        finally:
            serving.shutdown()
            thread.join(30)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    port = free_port()
    server = f"http://127.0.0.1:{port}"
    with company_site(server) as site:
        settings = (ROOT / "config/settings.yaml").read_text("utf-8")
        files = FILES | {
            "templates/nurture/welcome/hello/en/body.html": LETTER.replace(SITE, site),
            "config/settings.yaml": f"{settings}\npage_script: {{origins: ['{site}']}}\n",
        }
        home = tmp_path / "home"
        with a_workspace(home, base_url=BASE, files=files) as work:
            (mail,) = asyncio.run(send_mails(work, deliver=True))
        environment = read_environment({"LEADLINE_HOME": str(home)})
        with leadline_serve(environment, port), a_browser() as browser:
            yield Running(environment, browser, site, mail.followed[0].replace(BASE, server))


@contextmanager
def a_window(running: Running, asked: list[str]) -> Iterator[Page]:
    """Open a window of a browser that was never here; note what it asks of the server."""
    with closing(running.browser.new_context(user_agent=PERSON)) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.on("console", lambda message: asked.append(message.text))
        yield page


def stored_in(context: BrowserContext) -> list[Any]:
    """Return cookies and storage of a browser."""
    state = context.storage_state()
    kept = [item for origin in state["origins"] for item in origin["localStorage"]]
    return [*state["cookies"], *kept]


def agree(page: Page) -> None:
    """Consent, and wait until what the page sends has been answered."""
    with page.expect_response("**/visits") as answer:
        page.evaluate("leadline.consent(true)")
    assert answer.value.status == 204


def test_nothing_is_sent_or_stored_before_consent_and_after_it_was_withdrawn(
    running: Running,
) -> None:
    asked: list[str] = []
    with a_window(running, asked) as page:
        page.goto(f"{running.site}/blog?q=lauren&utm_source=fair")
        page.goto(f"{running.site}/pricing")
        page.wait_for_timeout(300)
        assert not [each for each in asked if "/visits" in each]
        assert stored_in(page.context) == []
        assert page.evaluate("sessionStorage.length") == 0
        assert running.views() == []
        page.goto(f"{running.site}/blog?q=lauren&utm_source=fair")
        agree(page)
        with page.expect_response("**/visits"):
            page.goto(f"{running.site}/pricing")
        (item,) = stored_in(page.context)
        views = running.views()
        page.evaluate("leadline.consent(false)")
        assert stored_in(page.context) == []
        before = len(asked)
        page.goto(f"{running.site}/blog")
        page.wait_for_timeout(300)
        assert not [each for each in asked[before:] if "/visits" in each]
    assert [(row["kind"], row["url"].removeprefix(running.site)) for row in views] == [
        ("page_viewed", "/blog?utm_source=fair"),
        ("pricing_page_viewed", "/pricing"),
    ]
    assert {row["visitor_id"] for row in views} == {item["value"]}
    assert len(running.views()) == 2
    assert not [each for each in asked if "rror" in each]


def test_visit_by_a_link_of_a_mail_is_the_lead_s(running: Running) -> None:
    asked: list[str] = []
    with a_window(running, asked) as page:
        page.goto(running.link)
        assert page.url == f"{running.site}/guide?a=1&b=2#start", "without the token"
        agree(page)
        assert stored_in(page.context)[0]["name"] == "leadline.visitor"
    with open_workspace(running.environment, now=NOW) as work:
        scoring.run_batch(work, now=SystemClock().now() + timedelta(minutes=1))
        (lead,) = rows_of(work, "leads")
        click, view = rows_of(work, "events")
        assert (click["actor"], view["actor"]) == ("human", "human")
        assert click["lead_id"] == view["lead_id"] == lead["id"]
        assert view["url"] == f"{running.site}/guide"
        assert [row["lead_id"] for row in rows_of(work, "visitors")] == [lead["id"]]


def test_consent_that_the_page_itself_knows_of_is_enough(running: Running) -> None:
    with a_window(running, []) as page:
        with page.expect_response("**/visits") as answer:
            page.goto(f"{running.site}/agreed")
        assert answer.value.status == 204
    assert [row["lead_id"] for row in running.views()] == [None]
