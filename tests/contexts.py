"""Sample contexts for every kind of template, and the templates of this repository."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from leadline.domain.alerts import Alert, Kind
from leadline.rendering.alerts import alert_context
from leadline.rendering.answers import Answered, Link, acknowledgment, confirmation
from leadline.rendering.contexts import lead_context
from leadline.rendering.words import (
    CONSENT_WORDS,
    DECLINE_WORDS,
    REQUEST_WORDS,
    choices,
    clock_text,
    say,
    wait_texts,
)

if TYPE_CHECKING:
    from leadline.rendering.contexts import (
        AssignmentMail,
        AssignmentPage,
        BundleMail,
        Choice,
        Company,
        Field,
        FormPage,
        Lead,
        NurtureMail,
        Owner,
        Reason,
    )

TEMPLATES = Path(__file__).parents[1] / "templates"
NOW = datetime(2026, 11, 23, 0, 25, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Tokyo")


def read_templates() -> dict[str, str]:
    """Return the text of every template by its path below templates/."""
    files = (path for path in TEMPLATES.rglob("*") if path.is_file())
    return {path.relative_to(TEMPLATES).as_posix(): path.read_text("utf-8") for path in files}


LEADS: dict[str, dict[str, object]] = {
    "en": {
        "email": "lauren.anderson@ramirez-johnson-and-jones.example",
        "given_name": "Lauren",
        "family_name": "Anderson",
        "company": "Ramirez, Johnson and Jones",
        "title": "CEO",
        "phone": "+442079460804",
        "country": "GB",
        "region": "England",
        "industry": "Construction",
        "employees": 250,
        "source": "Trade Show",
        "message": "Does it integrate with our CRM? We have two offices and would start in spring.",
        "timeframe": "within 3 months",
        "consent": True,
        "submitted_at": "2026-10-15T14:35:54Z",
    },
    "ja": {
        "email": "mituru.suzuki@example.jp",
        "full_name": "鈴木 充",
        "company": "池田鉱業合同会社",
        "department": "情報システム部",
        "title": "主事",
        "phone": "+81616544579",
        "country": "JP",
        "region": "大阪府",
        "industry": "製造業",
        "employees": "101-300",
        "source": "展示会",
        "message": "来月のデモを希望します。電話は午後にお願いします。",
        "timeframe": "3か月以内",
        "consent": True,
        "submitted_at": "2026-09-03T02:38:00Z",
    },
}
_REASONS = {
    "en": ("Asks for a quote", "viewed the pricing page 3 times, last on 20 Nov", "no budget"),
    "ja": ("見積を希望している", "料金ページを3回閲覧 (最終 11月20日)", "予算の記載なし"),
}
_TALKING = {
    "en": ("Asked whether it works with their CRM.", "Two offices, wants to start in spring."),
    "ja": ("来月のデモを希望。", "電話は午後が都合がよい。"),
}
_WHY_YOU = {
    "en": "Territory T07 (UK and Ireland); lowest load among 3 reps",
    "ja": "テリトリー T12(近畿)。対象3名のうち担当件数が最も少ない",
}
_FAILURE = {
    "en": "The database is locked by another program.",
    "ja": "データベースは他のプログラムが使用中です。",
}
_FORM = {
    "en": ("Ask for a quote", "Work email", "Message", "Enter an address like name@example.com"),
    "ja": ("お見積のご依頼", "メールアドレス", "ご要望", "name@example.jp の形で入力してください"),
}
_WORDING = {
    "en": "Send me product news by email. I can unsubscribe at any time.",
    "ja": "製品に関するご案内をメールで受け取ることに同意します(いつでも停止できます)。",
}


def a_lead(lang: str, **changes: object) -> Lead:
    """Return a lead as templates see it, with some fields changed."""
    return lead_context(LEADS[lang] | changes, lang)


def a_company(lang: str) -> Company:
    """Return the sender."""
    if lang == "ja":
        return {
            "name": "株式会社リードライン商会",
            "postal_address": "〒100-0001 東京都千代田区千代田1-1",
            "contact": "contact@example.jp",
        }
    return {
        "name": "Leadline Trading Ltd",
        "postal_address": "1 Example Street, London EC1A 1BB, United Kingdom",
        "contact": "contact@example.com",
    }


def an_owner(lang: str) -> Owner:
    """Return the rep who owns the lead."""
    return {"name": "佐藤 恵" if lang == "ja" else "Joy Harrell", "email": "rep02@example.com"}


def nurture_mail(lang: str, **changes: object) -> dict[str, Any]:
    """Return the context of a nurture mail."""
    context: NurtureMail = {
        "lead": a_lead(lang),
        "owner": an_owner(lang),
        "company": a_company(lang),
        "unsubscribe_url": "https://leads.example.com/u/eyJpZCI6MTJ9.sample",
        "sequence": "welcome",
        "step": "hello",
    }
    return cast("dict[str, Any]", context) | changes


def some_reasons(lang: str) -> list[Reason]:
    """Return three scoring reasons."""
    points = (30, 25, -5)
    return [{"text": text, "points": n} for text, n in zip(_REASONS[lang], points, strict=True)]


def assignment_mail(lang: str, **changes: object) -> dict[str, Any]:
    """Return the context of a rep's mail about one lead."""
    context: AssignmentMail = {
        "rep": {"name": an_owner(lang)["name"]},
        "lead": a_lead(lang),
        "points": 78,
        "grade": "A1",
        "reasons": some_reasons(lang),
        "why_you": _WHY_YOU[lang],
        "load": 4,
        "capacity": 10,
        "request_text": say(REQUEST_WORDS, "quote", lang),
        "due_text": clock_text(NOW + timedelta(hours=1), zone=ZONE, lang=lang),
        "submitted_text": clock_text(NOW, zone=ZONE, lang=lang),
        "consent_text": say(CONSENT_WORDS, "opt_in", lang),
        "talking_points": list(_TALKING[lang]),
        "call_url": f"tel:{LEADS[lang]['phone']}",
        "mail_url": f"mailto:{LEADS[lang]['email']}",
        "accept_url": "https://leads.example.com/a/eyJpZCI6MTJ9.accept",
        "decline_url": "https://leads.example.com/a/eyJpZCI6MTJ9.decline",
        "is_repeat": False,
        "waited_text": "",
        "waited_brief": "",
        "waiting_since_text": "",
    }
    return cast("dict[str, Any]", context) | changes


def a_wait(lang: str) -> dict[str, str]:
    """Return the words for a lead that waited from Friday to Monday."""
    waited, brief = wait_texts(timedelta(days=3), lang)
    since = clock_text(NOW - timedelta(days=3), zone=ZONE, lang=lang)
    return {"waited_text": waited, "waited_brief": brief, "waiting_since_text": since}


def bundle_mail(lang: str, count: int = 6, late_count: int = 0) -> dict[str, Any]:
    """Return the context of a rep's mail about several leads, the first ones late."""
    one, wait = assignment_mail(lang), a_wait(lang)
    context: BundleMail = {
        "rep": one["rep"],
        "leads": [
            {
                "lead": a_lead(lang),
                "points": 78 - number,
                "grade": "A1" if number < 2 else "B3",
                "reasons": some_reasons(lang),
                "request_text": one["request_text"],
                "due_text": one["due_text"],
                "page_url": f"https://leads.example.com/a/eyJpZCI6MTJ9.{number}",
                "waited_text": wait["waited_text"] * (number < late_count),
                "waited_brief": wait["waited_brief"] * (number < late_count),
                "waiting_since_text": wait["waiting_since_text"] * (number < late_count),
            }
            for number in range(count)
        ],
        "count": count,
        "late_count": late_count,
    }
    return cast("dict[str, Any]", context)


def alert_mail(lang: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - of several types
    """Return the context of a mail to the admin about a run that failed.

    Args:
        lang: of the mail.
        changes: attributes of the alert, and `held_count`.
    """
    held_count = changes.pop("held_count", 3)
    alert = Alert(
        kind=Kind.FAILED,
        flow="import_files",
        subject="0e7bb0c9-6d5a-7a0e-8000-4f1d5a3b9c11",
        at=NOW,
        state="Failed",
        message=_FAILURE[lang],
        run_url="https://prefect.example.com/v2/runs/flow-run/0e7bb0c9-6d5a-7a0e-8000-4f1d5a3b9c11",
    )
    context = alert_context(replace(alert, **changes), zone=ZONE, lang=lang, held_count=held_count)
    return cast("dict[str, Any]", context)


def an_answered_post(lang: str) -> Answered:
    """Return a post that agreed to marketing mail, and is to confirm that."""
    title = "お問い合わせ" if lang == "ja" else "Contact us"
    said, zone = LEADS[lang], "Asia/Tokyo"
    facts = dict.fromkeys(("has_message", "is_consent_given", "is_to_confirm"), True)
    return Answered(title, said, NOW, zone, **facts)


def acknowledgment_mail(lang: str, **changes: object) -> dict[str, Any]:
    """Return the context of a mail that answers a form and offers a document."""
    title = "導入ガイド" if lang == "ja" else "The buyer's guide"
    url = f"https://leads.example.com/d/eyJpZCI6MTJ9.sample?lang={lang}"
    link = Link(url, title, NOW + timedelta(days=14))
    context = acknowledgment(an_answered_post(lang), a_company(lang), lang, asset=link)
    return cast("dict[str, Any]", context) | changes


def confirmation_mail(lang: str, **changes: object) -> dict[str, Any]:
    """Return the context of a mail that asks to confirm a consent."""
    url = f"https://leads.example.com/confirm/eyJpZCI6MTJ9.sample?lang={lang}"
    link = Link(url, _WORDING[lang], NOW + timedelta(days=7))
    context = confirmation(an_answered_post(lang), a_company(lang), lang, consent=link)
    return cast("dict[str, Any]", context) | changes


def form_page(lang: str, *, has_error: bool = True) -> dict[str, Any]:
    """Return the context of a hosted form, posted once with a wrong address."""
    title, email, message, error = _FORM[lang]
    fields: list[Field] = [
        {
            "name": "email",
            "label": email,
            "required": True,
            "type": "email",
            "value": "lauren@",
            "error": error if has_error else "",
        },
        {
            "name": "request",
            "label": "ご用件" if lang == "ja" else "Request",
            "required": False,
            "type": "select",
            "value": "quote",
            "error": "",
            "options": cast("list[Choice]", choices(REQUEST_WORDS, lang)),
        },
        {
            "name": "message",
            "label": message,
            "required": False,
            "type": "textarea",
            "value": str(LEADS[lang]["message"]),
            "error": "",
        },
    ]
    page: FormPage = {
        "title": title,
        "fields": fields,
        "consent_wording": _WORDING[lang],
        "action": "/forms/quote",
        "key": "9f8b7c6d5e4f",
    }
    return cast("dict[str, Any]", page)


def assignment_page(lang: str, *, state: str = "offered") -> dict[str, Any]:
    """Return the context of a rep's page for one assignment."""
    lead = a_lead(lang)
    page: AssignmentPage = {
        "lead": {
            "company": lead["company"],
            "name": lead["name"],
            "full_name": lead["full_name"],
            "message": lead["message"],
        },
        "due_text": "10:25 (JST), Mon 23 Nov",
        "call_url": "tel:+81312345678",
        "mail_url": "mailto:lead@example.jp",
        "request_text": say(REQUEST_WORDS, "quote", lang),
        "points": 78,
        "grade": "A1",
        "reasons": some_reasons(lang),
        "state": state,
        "accept_action": "/a/eyJpZCI6MTJ9.accept",
        "decline_action": "/a/eyJpZCI6MTJ9.decline",
        "decline_reasons": cast("list[Choice]", choices(DECLINE_WORDS, lang)),
    }
    return cast("dict[str, Any]", page)


def page_contexts(lang: str) -> dict[str, dict[str, Any]]:
    """Return a context for each page by its name."""
    return {
        "form": form_page(lang),
        "thanks": dict.fromkeys(
            ("has_message", "sends_mail", "has_asset", "asks_to_confirm"), True
        ),
        "unsubscribe": {"action": "/u/eyJpZCI6MTJ9.sample"},
        "unsubscribed": {},
        "confirm": {"consent_wording": _WORDING[lang], "action": f"?lang={lang}"},
        "confirmed": {},
        "asset": {
            "asset_title": "導入ガイド" if lang == "ja" else "The buyer's guide",
            "action": f"?lang={lang}",
            "expires_text": clock_text(NOW + timedelta(days=14), zone=ZONE, lang=lang),
        },
        "link_expired": {
            "purpose": "confirmation",
            "form_url": f"https://leads.example.com/forms/contact?lang={lang}",
        },
        "assignment": assignment_page(lang),
        "answered": {"state": "accepted"},
        "message": {
            "title": "リンクが無効です" if lang == "ja" else "This link does not work",
            "text": "メールのリンクをもう一度お試しください。"
            if lang == "ja"
            else "Please try the link in the email again.",
        },
    }


def mail_contexts(lang: str) -> dict[str, dict[str, Any]]:
    """Return a context for each mail of this repository by its folder."""
    paths = {path.rsplit("/", 2)[0] for path in read_templates() if path.endswith("/body.txt")}
    nurture = {folder: nurture_mail(lang) for folder in paths if folder.startswith("nurture/")}
    return nurture | {
        "rep/assignment": assignment_mail(lang),
        "rep/bundle": bundle_mail(lang),
        "admin/alert": alert_mail(lang),
        "forms/acknowledgment": acknowledgment_mail(lang),
        "forms/confirmation": confirmation_mail(lang),
    }
