"""What a mail that answers a form says: the facts of one post, in words, and safe to send on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from leadline.rendering.contexts import address_name
from leadline.rendering.harmless import is_harmless, one_line
from leadline.rendering.words import clock_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leadline.rendering.contexts import Addressee, Company, FormMail


@dataclass(frozen=True, slots=True)
class Link:
    """A link in an answer.

    Attributes:
        url: the page that it opens.
        says: the title of the document, or the wording of the consent.
        expires_at: until when it works.
    """

    url: str
    says: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """One post that is answered.

    Attributes:
        said: the fields of the post.
        zone: the lead's time zone.
        has_message: the form asks for a message, which a person answers.
        is_consent_given: marketing mail may be sent, and this post asked for it.
        is_to_confirm: another mail asks to confirm the consent.
    """

    form_title: str
    said: Mapping[str, object]
    received_at: datetime
    zone: str
    has_message: bool = False
    is_consent_given: bool = False
    is_to_confirm: bool = False


def addressee(said: Mapping[str, object], lang: str) -> Addressee:
    """Return how to address whoever posted a form, without what could be an advertisement."""
    kept = {name: _harmless(said.get(name)) for name in ("given_name", "family_name", "full_name")}
    if not all(kept[name] or not said.get(name) for name in kept):
        kept = {}
    return {"name": address_name(kept, lang), "company": _harmless(said.get("company"))}


def acknowledgment(
    post: Answered, company: Company, lang: str, *, asset: Link | None = None
) -> FormMail:
    """Return what an acknowledgment says."""
    context = _form_mail(post, company, lang)
    if asset is not None:
        context["asset_title"], context["asset_url"] = asset.says, asset.url
        context["expires_text"] = clock_text(asset.expires_at, zone=ZoneInfo(post.zone), lang=lang)
    return context


def confirmation(post: Answered, company: Company, lang: str, *, consent: Link) -> FormMail:
    """Return what a mail that asks to confirm a consent says."""
    context = _form_mail(post, company, lang)
    context["consent_wording"], context["confirm_url"] = consent.says, consent.url
    context["expires_text"] = clock_text(consent.expires_at, zone=ZoneInfo(post.zone), lang=lang)
    return context


def _form_mail(post: Answered, company: Company, lang: str) -> FormMail:
    return {
        "lead": addressee(post.said, lang),
        "company": company,
        "form_title": post.form_title,
        "received_text": clock_text(post.received_at, zone=ZoneInfo(post.zone), lang=lang),
        "has_message": post.has_message,
        "is_consent_given": post.is_consent_given,
        "is_to_confirm": post.is_to_confirm,
        "asset_title": "",
        "asset_url": "",
        "consent_wording": "",
        "confirm_url": "",
        "expires_text": "",
    }


def _harmless(value: object) -> str:
    """Return a text on one line, "" when it could be an advertisement."""
    text = one_line(str(value or ""))
    return text if is_harmless(text) else ""
