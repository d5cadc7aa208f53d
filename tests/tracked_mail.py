"""Nurture mails with links, as they go out: written by the pipeline, read as their readers do."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

from leadline.stages import ORDER, run_stages
from tests.factories import NOW, a_visitor, rows_of

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.stages import Workspace

#: Noon in New York.
SENT_AT: Final = NOW + timedelta(hours=16)
BASE: Final = "https://leads.example.com"
SITE: Final = "https://www.example.com"
LAUREN: Final = {
    "full_name": "Lauren Anderson",
    "email": "lauren.anderson@example.com",
    "company": "Ramirez Construction",
    "country": "US",
    "consent": "true",
}
LETTER: Final = """{% extends "nurture/_layout/en.html" %}
{% block letter %}
<p>Read <a style="color:#0550ae"
  href="https://www.example.com/guide?a=1&amp;b=2#start">the <b>guide</b></a>,
<a class='x' href='https://www.example.com/pricing?utm_campaign={{ sequence }}'>prices</a> or
{% if lead.country == "US" %}<A HREF="http://us.example.com/">the US page</A>{% endif %}.</p>
<p><a href="mailto:sales@example.com">Mail</a> <a href="tel:+12065550134">Call</a>
<a href="#top">Top</a>
<a href="https://cal.example.com/?for={{ lead.email }}">your date</a></p>
{% endblock %}
"""
TEXT: Final = """Read https://www.example.com/guide?a=1&b=2

{% include "nurture/_footer/en.txt" %}
"""
TARGETS: Final = (
    "https://www.example.com/guide?a=1&b=2#start",
    "https://www.example.com/pricing?utm_campaign=welcome",
    "http://us.example.com/",
)
FILES: Final = {
    "templates/nurture/welcome/hello/en/body.html": LETTER,
    "templates/nurture/welcome/hello/en/body.txt": TEXT,
    "config/scoring.yaml": """
rules: []
events:
  - id: clicked
    event: email_clicked
    points: 10
    half_life: 30d
    says: {en: followed a link, ja: リンクを開封}
  - id: visited
    event: [page_viewed, pricing_page_viewed]
    points: 3
    half_life: 30d
    says: {en: saw a page, ja: ページを閲覧}
grades: {A: 45, B: 30, C: 15}
""",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One nurture mail as it was sent.

    Attributes:
        text: the plain part.
        html: the HTML part.
        unsubscribe: address in the header List-Unsubscribe.
    """

    text: str
    html: str
    unsubscribe: str

    @property
    def links(self) -> list[str]:
        """Every address in the HTML, in order, as a program finds it."""
        return _Links(self.html).found

    @property
    def followed(self) -> list[str]:
        """The addresses that lead over our server; the last one is the trap."""
        return [link for link in self.links if link.startswith(f"{BASE}/c/")]


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.found += [value for name, value in attrs if name == "href" and value]


async def send_mails(
    work: Workspace, *people: dict[str, str], now: datetime = SENT_AT, deliver: bool = False
) -> list[Mail]:
    """Take people through the pipeline, up to the outbox or into the mailbox."""
    async with a_visitor(work) as visitor:
        for person in people or (LAUREN,):
            answer = await visitor.post("/forms/contact", data=person)
            assert answer.status_code == 201, answer.text
    await run_stages(work, ORDER if deliver else ORDER[:-1], now=now)
    return mails_of(work)


def mails_of(work: Workspace) -> list[Mail]:
    """Return every nurture mail of the outbox."""
    return [_read(row["mail"]) for row in rows_of(work, "outbox") if row["kind"] == "touch"]


def _read(mail: str) -> Mail:
    message = email.message_from_string(mail, policy=email.policy.default)
    parts = {part.get_content_type(): part for part in message.walk()}
    return Mail(
        text=parts["text/plain"].get_content(),
        html=parts["text/html"].get_content(),
        unsubscribe=str(message["List-Unsubscribe"]).strip("<>"),
    )


def without_tracking(html: str) -> str:
    """Return a mail's HTML with all that was done to its links taken off."""
    html = re.sub(r'<div aria-hidden="true"[^>]*><a [^>]*></a></div>\r?\n', "", html)
    return re.sub(rf"{BASE}/c/[\w.-]+", "...", html)
