"""Forms that answer by mail: posts, the mails that they are answered with, and their links."""

from __future__ import annotations

import email
import email.policy
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from leadline.clock import FixedClock
from leadline.stages import run_stages
from tests.factories import NOW, a_visitor, rows_of

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from leadline.stages import Workspace

BASE: Final = "https://leads.example.com"
#: A form with every kind of answer; a test leaves out what it is not about.
FORM: Final = """
title: {{en: Ask us, ja: お問い合わせ}}
fields:
  full_name: {{label: {{en: Name, ja: お名前}}}}
  email: {{label: {{en: Email, ja: メールアドレス}}, required: true}}
  company: {{label: {{en: Company, ja: 会社名}}}}
  phone: {{label: {{en: Phone, ja: 電話番号}}}}
  message: {{label: {{en: Message, ja: ご用件}}, max_length: 2000}}
consent:
  version: v7
  wording: {{en: Send me product news by email., ja: 製品情報をメールで受け取ることに同意します。}}
country: JP
{answers}
"""
ACKNOWLEDGED: Final = {"config/forms/ask.yaml": FORM.format(answers="acknowledgment: true")}
CONFIRMED: Final = {"config/forms/ask.yaml": FORM.format(answers="double_opt_in: true")}
BOTH: Final = {
    "config/forms/ask.yaml": FORM.format(answers="acknowledgment: true\ndouble_opt_in: true")
}
PERSON: Final = {
    "full_name": "鈴木 充",
    "email": "mituru@example.jp",
    "company": "池田鉱業合同会社",
    "message": "来週お電話をください。",
}
AGREED: Final = {**PERSON, "consent": "yes"}


class Mail(NamedTuple):
    """A mail that answers a form, as it waits or was sent."""

    row: dict[str, Any]
    message: EmailMessage
    text: str
    html: str

    @property
    def subject(self) -> str:
        """Return its subject."""
        return str(self.row["subject"])

    def path(self, kind: str) -> str:
        """Return its link of a kind, `d` or `confirm`, below the public address."""
        found = re.search(rf"{BASE}(/{kind}/\S+)", self.text)
        assert found is not None
        assert f"{BASE}{found[1]}" in self.html
        return found[1]


async def post(work: Workspace, *people: dict[str, str], lang: str = "", **options: Any) -> None:  # noqa: ANN401
    """Fill in the form `ask`, each time as somebody new would, and let intake accept it."""
    now: datetime = options.get("now", NOW)
    async with a_visitor(work, clock=FixedClock(now)) as visitor:
        for person in people or (PERSON,):
            asked = {"lang": lang} if lang else {}
            answer = await visitor.post("/forms/ask", data=person, params=asked)
            assert answer.status_code == 201, answer.text
    await run_stages(work, ["intake"], now=now)


def answers(work: Workspace, kind: str = "acknowledgment") -> list[dict[str, Any]]:
    """Return the rows of the outbox that are answers of a kind, in order."""
    return [row for row in rows_of(work, "outbox") if row["kind"] == kind]


def mail_of(row: dict[str, Any]) -> Mail:
    """Read a row's mail as a mail program would."""
    message = email.message_from_string(row["mail"], policy=email.policy.default)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    said = (part.get_content().replace("\r\n", "\n") for part in (text, html))
    return Mail(row, message, *said)


def only_mail(work: Workspace, kind: str = "acknowledgment") -> Mail:
    """Return the one answer of a kind."""
    (row,) = answers(work, kind)
    return mail_of(row)
