"""The pages of a running web app as visitors meet them: a real server, a real browser.

The app runs in a thread of this process over a project folder of its own, with a clock that
stands still: leads in both languages are with their reps, and each page can be opened as often as
a test likes.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import re
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from leadline.clock import FixedClock
from leadline.domain.tokens import read_token, sign_token
from leadline.stages import ORDER, run_stages
from leadline.stages.notification import answer_page_url
from tests.factories import NOW, a_visitor, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from leadline.domain.tokens import Purpose
    from leadline.stages import Workspace

#: Debian's browser; nothing is downloaded. It speaks to nobody but the server of the test.
CHROMIUM: Final = "/usr/bin/chromium"
SWITCHES: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
LANGUAGES: Final = ("en", "ja")
EVERYTHING: Final = """
title: {en: Ask for a quote, ja: お見積のご依頼}
fields:
  full_name: {label: {en: Name, ja: お名前}, required: true}
  email: {label: {en: Email, ja: メールアドレス}, required: true, max_length: 254}
  company: {label: {en: Company, ja: 会社名}, required: true}
  country: {label: {en: Country, ja: 国}}
  postal_code: {label: {en: Postal code, ja: 郵便番号}, max_length: 20}
  phone: {label: {en: Phone, ja: 電話番号}, max_length: 40}
  website: {label: {en: Website, ja: Webサイト}, type: url}
  employees: {label: {en: Employees, ja: 従業員数}, type: number}
  request: {label: {en: What is it about?, ja: ご用件}}
  product:
    label: {en: Product, ja: 製品}
    type: choice
    options:
      - {value: cloud, label: {en: In the cloud, ja: クラウド版}}
      - {value: own, label: {en: On your own servers, ja: オンプレミス版}}
  industry:
    label: {en: Which of these do you use?, ja: ご利用中のものをお選びください}
    type: choices
    options:
      - {value: crm, label: {en: A CRM, ja: 顧客管理システム}}
      - {value: mail, label: {en: A tool for mail, ja: メール配信ツール}}
      - {value: none, label: {en: None of them, ja: いずれも利用していない}}
  timeframe:
    label: {en: When would you like to start?, ja: 導入のご予定時期}
    type: choice
    required: true
    options:
      - {value: soon, label: {en: Within 3 months, ja: 3か月以内}}
      - {value: later, label: {en: Later, ja: それ以降}}
  utm_campaign: {label: {en: Campaign, ja: キャンペーン}, type: hidden}
  decision_role:
    label: {en: I have read the privacy notice., ja: 個人情報の取り扱いに同意します。}
    type: checkbox
    required: true
  message:
    label: {en: How can we help?, ja: お問い合わせ内容}
    max_length: 2000
consent:
  version: "3"
  wording:
    en: I would like to receive product news by email. I can unsubscribe at any time.
    ja: 製品に関するご案内をメールで受け取ることに同意します。配信はいつでも停止できます。
return_urls: [http://127.0.0.1/]
protection: {minimum_seconds: 0, posts_per_minute: 100000, posts_per_address: 100000}
"""
#: A form whose sender gets a mail, a document, and a question whether the consent is meant.
GUIDE: Final = """
title: {en: Get the guide, ja: 資料のご請求}
fields:
  full_name: {label: {en: Name, ja: お名前}, required: true}
  email: {label: {en: Email, ja: メールアドレス}, required: true, max_length: 254}
  country: {label: {en: Country, ja: 国}}
consent:
  version: "3"
  wording:
    en: I would like to receive product news by email. I can unsubscribe at any time.
    ja: 製品に関するご案内をメールで受け取ることに同意します。配信はいつでも停止できます。
acknowledgment: true
asset: {file: guide.pdf, title: {en: Guide to first steps, ja: 導入ガイド}}
double_opt_in: true
protection: {minimum_seconds: 0, posts_per_minute: 100000, posts_per_address: 100000}
"""
PEOPLE: Final = {
    "en": {
        "full_name": "Lauren Anderson",
        "company": "Ramirez, Johnson and Jones",
        "country": "US",
        "phone": "+1 206-555-0134",
        "message": "Please send a quote.\nWe have two offices and would start in spring.",
    },
    "ja": {
        "full_name": "鈴木 充",
        "company": "池田鉱業合同会社",
        "country": "JP",
        "phone": "06-1654-4579",
        "message": "見積をお願いします。\n電話は午後の時間帯にいただけますと助かります。",
    },
}
CHOSEN: Final = {"timeframe": "soon", "decision_role": "true"}
_OFFERS: Final = 40  # of each language; more than one run of all tests opens


@dataclass
class Site:
    """A running web app.

    Attributes:
        work: its workspace.
        url: its address.
    """

    work: Workspace
    url: str
    _offers: dict[str, Iterator[str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fill_store(self) -> None:
        """Take leads of both languages through the pipeline, up to the outbox."""
        asyncio.run(self._post_people())
        asyncio.run(_run(self.work))
        paths: dict[str, list[str]] = {lang: [] for lang in LANGUAGES}
        leads = {row["id"]: row for row in rows_of(self.work, "leads")}
        for row in rows_of(self.work, "assignments"):
            lang = "ja" if leads[row["lead_id"]]["country"] == "JP" else "en"
            paths[lang].append(answer_page_url(self.work, row))
        self._offers = {lang: iter(urls) for lang, urls in paths.items()}

    async def _post_people(self) -> None:
        async with a_visitor(self.work) as visitor:
            for lang, number in itertools.product(LANGUAGES, range(_OFFERS)):
                own = {"email": f"lead{number}@{lang}.example.com", "phone": _phone(lang, number)}
                posted = PEOPLE[lang] | CHOSEN | own | {"consent": "true"}
                answer = await visitor.post("/forms/everything", data=posted)
                assert answer.status_code == 201, answer.text
            body = {"full_name": "Lauren Moreno", "email": "guide@example.com", "consent": "true"}
            answer = await visitor.post("/forms/guide", data=body)
            assert answer.status_code == 201, answer.text

    def an_offer(self, lang: str) -> str:
        """Return a rep's page that nobody has answered yet, in a language."""
        return f"{next(self._offers[lang])}?lang={lang}"

    def an_address(self) -> str:
        """Return a mail address that was not used before."""
        return f"visitor{next(self._numbers)}@example.com"

    def link(self, kind: str) -> str:
        """Return the first link of a kind, such as "u" or "confirm", that stands in a mail."""
        return links_of(self.work)[kind][0]

    def ended(self, purpose: Purpose, link: str) -> str:
        """Return the same link with a life that ended yesterday."""
        start, _, token = link.rpartition("/")
        keys = self.work.environment.secret_keys
        subject = read_token(purpose, token, keys=keys, now=NOW)
        assert subject is not None
        past = NOW - timedelta(days=1)
        return f"{start}/{sign_token(purpose, subject, keys=keys, expires_at=past)}"

    @contextmanager
    def without_store(self) -> Iterator[None]:
        """Let the database refuse what the web app asks for, until the block ends."""
        self._rename("submissions", "submissions_away")
        try:
            yield
        finally:
            self._rename("submissions_away", "submissions")

    def _rename(self, old: str, new: str) -> None:
        with self.work.store.write() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def _phone(lang: str, number: int) -> str:
    """Return a number of its own: name and number together are one person's."""
    return f"06-1654-{4000 + number}" if lang == "ja" else f"+1 206-555-{100 + number:04}"


def links_of(work: Workspace) -> dict[str, list[str]]:
    """Return the links to our pages in all mails, by the first part of their path."""
    found: dict[str, list[str]] = {}
    for row in rows_of(work, "outbox"):
        parts = email.message_from_string(row["mail"] or "", policy=email.policy.default).walk()
        texts = [part.get_content() for part in parts if part.get_content_type() == "text/plain"]
        for text_ in texts:
            for link in re.findall(rf"{work.environment.base_url}/\w+/[\w.-]+", text_, re.ASCII):
                kind = link.removeprefix(work.environment.base_url).split("/")[1]
                found.setdefault(kind, []).append(link)
    return found


async def _run(work: Workspace) -> None:
    await run_stages(work, ORDER[:-1], now=NOW)


@contextmanager
def a_site(
    folder: Path,
    *,
    files: Mapping[str, str] | None = None,
    **changes: Any,  # noqa: ANN401 - attributes of the environment
) -> Iterator[Site]:
    """Serve a new project folder, with files of its own if wanted, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        all_files = {
            "config/forms/everything.yaml": EVERYTHING,
            "config/forms/guide.yaml": GUIDE,
            "assets/guide.pdf": "%PDF-1.4\n",
            **(files or {}),
        }
        with a_workspace(folder, base_url=url, files=all_files, **changes) as work:
            site = Site(work, url)
            site.fill_store()
            with _serving(work, listener):
                yield site


@contextmanager
def _serving(work: Workspace, listener: socket.socket) -> Iterator[None]:
    import uvicorn

    from leadline.web.app import create_app

    app = create_app(work, clock=FixedClock(NOW))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Run Chromium until the block ends; only synchronous tests may stand beside it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES])
        with closing(browser):
            yield browser


def fill_in(page: Page, site: Site, lang: str) -> None:
    """Fill in the form on a page as somebody would."""
    for name, said in PEOPLE[lang].items():
        page.locator(f"[name={name}]").fill(said)
    page.locator("[name=email]").fill(site.an_address())
    page.locator("[name=timeframe]").first.check()
    page.locator("[name=decision_role]").check()
    page.locator("[name=consent]").check()


def press(page: Page) -> None:
    """Press the first button of a page and wait for what comes."""
    with page.expect_navigation():
        page.locator("button").first.click()


def _form(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.url}/forms/everything?lang={lang}")


def _contact(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.url}/forms/contact?lang={lang}")


def _errors(page: Page, site: Site, lang: str) -> None:
    _form(page, site, lang)
    page.locator("[name=email]").fill("lauren@")
    page.locator("[name=message]").fill("x" * 2001)
    press(page)


def _thanks(page: Page, site: Site, lang: str) -> None:
    _form(page, site, lang)
    fill_in(page, site, lang)
    press(page)


def _unsubscribe(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.link('u')}?lang={lang}")


def _unsubscribed(page: Page, site: Site, lang: str) -> None:
    _unsubscribe(page, site, lang)
    press(page)


def _offered(page: Page, site: Site, lang: str) -> None:
    page.goto(site.an_offer(lang))


def _accepted(page: Page, site: Site, lang: str) -> None:
    _offered(page, site, lang)
    press(page)


def _mine(page: Page, site: Site, lang: str) -> None:
    offer = site.an_offer(lang)
    page.goto(offer)
    press(page)
    page.goto(offer)


def _declined(page: Page, site: Site, lang: str) -> None:
    _offered(page, site, lang)
    page.locator("select").select_option(index=1)
    with page.expect_navigation():
        page.locator("button").last.click()


def _late(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.ended('assignment', site.link('a'))}?lang={lang}")


def _confirm(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.link('confirm')}?lang={lang}")


def _confirmed(page: Page, site: Site, lang: str) -> None:
    _confirm(page, site, lang)
    press(page)


def _confirm_late(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.ended('confirmation', site.link('confirm'))}?lang={lang}")


def _document(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.link('d')}?lang={lang}")


def _document_late(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.ended('asset', site.link('d'))}?lang={lang}")


def _not_found(page: Page, site: Site, lang: str) -> None:
    page.goto(f"{site.url}/u/nothing?lang={lang}")


def _unavailable(page: Page, site: Site, lang: str) -> None:
    _form(page, site, lang)
    fill_in(page, site, lang)
    with site.without_store():
        press(page)


#: How to come to each page, by its name.
PAGES: Final[dict[str, Callable[[Page, Site, str], None]]] = {
    "form": _form,
    "contact": _contact,
    "errors": _errors,
    "thanks": _thanks,
    "unsubscribe": _unsubscribe,
    "unsubscribed": _unsubscribed,
    "offered": _offered,
    "accepted": _accepted,
    "mine": _mine,
    "declined": _declined,
    "late": _late,
    "confirm": _confirm,
    "confirmed": _confirmed,
    "confirm_late": _confirm_late,
    "document": _document,
    "document_late": _document_late,
    "not_found": _not_found,
    "unavailable": _unavailable,
}
