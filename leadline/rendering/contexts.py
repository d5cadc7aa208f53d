"""What each kind of template may name: the stages and the web app fill these, templates print them.

Every value is plain text, a number, a truth value, or lists and mappings of these. A text is ""
when there is nothing to say, so that a template can ask `{% if call_url %}`; nothing is left out
unless its key is marked `NotRequired`. Texts for people are already in the language of the
template. `leadline check` compares every template with these definitions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict, cast

from leadline.domain.leads import LEAD_FIELDS
from leadline.rendering.harmless import is_harmless, one_line
from leadline.rendering.mail_link_contexts import (
    AssetPage,
    ConfirmedPage,
    ConfirmPage,
    LinkExpiredPage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Lead(TypedDict):
    """A lead's canonical fields as text ("" when unknown), and how to address the person.

    Custom fields of `config/settings.yaml` may stand beside them.
    """

    name: str
    external_id: str
    email: str
    given_name: str
    family_name: str
    full_name: str
    name_kana: str
    company: str
    department: str
    title: str
    phone: str
    country: str
    region: str
    city: str
    postal_code: str
    address: str
    industry: str
    employees: str
    website: str
    source: str
    campaign: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    message: str
    request: str
    product: str
    budget: str
    timeframe: str
    decision_role: str
    owner: str
    language: str
    timezone: str
    consent: str
    created_at: str
    submitted_at: str


class Owner(TypedDict):
    """The rep whom the lead has, as shown to the lead."""

    name: str
    email: str


class Company(TypedDict):
    """Who sends; the footer of every marketing mail shows all three."""

    name: str
    postal_address: str
    contact: str


class NurtureMail(TypedDict):
    """A step of a sequence, written to a lead.

    `owner` is None until the lead is assigned. `sequence` and `step` are their ids.
    """

    lead: Lead
    owner: Owner | None
    company: Company
    unsubscribe_url: str
    sequence: str
    step: str


class Rep(TypedDict):
    """The rep whom a mail is for."""

    name: str


class Reason(TypedDict):
    """One scoring reason in words, with the points that it gave (may be negative)."""

    text: str
    points: float


class AssignmentMail(TypedDict):
    """One lead, handed to a rep.

    `grade` has the engagement level, as in A1. `reasons` holds at most three, disqualifiers and
    strongest first; one about events says how often and when the last one was. `load` counts the
    leads that the rep has this week, of `capacity`. `due_text` is the deadline in the rep's zone
    as leadline.rendering.words.clock_text writes it; the subject shows its clock time alone.
    `call_url` is "" without a phone number. `accept_url` and `decline_url` lead to the rep's page,
    or begin with mailto: where the rep answers by mail. `is_repeat` says that a mail with the
    same content may have arrived before.

    `waited_text` says how long a late lead waited because we did not run ("3 days"),
    `waited_brief` the same for the subject ("3 d"), `waiting_since_text` since when, in the rep's
    zone; all three are "" for a lead that is in time.
    """

    rep: Rep
    lead: Lead
    points: float
    grade: str
    reasons: list[Reason]
    why_you: str
    load: int
    capacity: int
    request_text: str
    due_text: str
    submitted_text: str
    consent_text: str
    talking_points: list[str]
    call_url: str
    mail_url: str
    accept_url: str
    decline_url: str
    is_repeat: bool
    waited_text: str
    waited_brief: str
    waiting_since_text: str


class BundledLead(TypedDict):
    """One lead of a bundle; `page_url` leads to its page, or to a prepared mail that accepts it.

    Grade, reasons and the texts about its wait are those of the assignment mail.
    """

    lead: Lead
    points: float
    grade: str
    reasons: list[Reason]
    request_text: str
    due_text: str
    page_url: str
    waited_text: str
    waited_brief: str
    waiting_since_text: str


class BundleMail(TypedDict):
    """Several leads at once, handed to a rep in one mail.

    `count` is their number, `late_count` how many of them are late.
    """

    rep: Rep
    leads: list[BundledLead]
    count: int
    late_count: int


class Step(TypedDict):
    """One thing to do: what it is for, and the command."""

    does: str
    command: str


class AlertMail(TypedDict):
    """One thing that the admin is told.

    `kind` is failed, crashed, timed_out, zombie, attention, late, approval or overdue. `headline`
    says what happened to which flow, `explanation` what that means. `message` is the run's own
    words, "" where they are not ours to tell. `state` is Prefect's name of the run's state then,
    `state_now` the one that it has since come to; both "" without a run. `when_text` is in the
    company's zone, `when_utc` the same in UTC ("" where that is the zone). `held_count` counts
    the mails of this kind about this flow that were held back since the last one.
    """

    kind: str
    flow: str
    headline: str
    explanation: str
    message: str
    state: str
    state_now: str
    when_text: str
    when_utc: str
    steps: list[Step]
    held_count: int
    run_url: str


class Addressee(TypedDict):
    """Whom an answer to a form is addressed to: all of the post that its mail repeats.

    `name` is how to address the person, as in every mail. `company` is "" when none was given.
    Neither is repeated when it could be an advertisement: with anything like a link, an address
    or a phone number in it, or longer than 60 characters.
    """

    name: str
    company: str


class FormMail(TypedDict):
    """A mail that answers a form post at once, by itself.

    It goes to whoever's address was typed in. So it holds nothing of what was written beside it:
    there is no `lead.message`.

    `form_title` is the form's title, `received_text` when the post arrived, in the lead's zone.
    `has_message` says that the form asks for a message, which a person answers.
    `is_consent_given` says that marketing mail may be sent to this person, who asked for it in
    this very post; without it, the mail says nothing of products. `is_to_confirm` says that
    another mail asks to confirm the consent.

    `asset_title` and `asset_url` name the document that the form offers and the page to download
    it from, both "" without one. `consent_wording` and `confirm_url` are what is to be confirmed
    and the page to do so, "" in an acknowledgment. `expires_text` is until when the link works.
    """

    lead: Addressee
    company: Company
    form_title: str
    received_text: str
    has_message: bool
    is_consent_given: bool
    is_to_confirm: bool
    asset_title: str
    asset_url: str
    consent_wording: str
    confirm_url: str
    expires_text: str


class Choice(TypedDict):
    """One choice of a list: what is posted, what the person reads, whether it was chosen before."""

    value: str
    label: str
    chosen: NotRequired[bool]


class Field(TypedDict):
    """One field of a hosted form.

    `type` is an HTML input type, "textarea", or "select", "radios" or "checkboxes" (these with
    `options`). `keyboard` is the HTML attribute `inputmode`, "" for none. `value` is what was typed
    before, `error` what is wrong with it ("" when nothing is).
    """

    name: str
    label: str
    required: bool
    type: str
    value: str
    error: str
    keyboard: NotRequired[str]
    options: NotRequired[list[Choice]]


class FormPage(TypedDict):
    """A hosted form. `key` is posted back as `idempotency_key`, so that a double click counts once.

    `consent_wording` is "" when the form asks for no consent; the box is posted as
    `consent_field` (default `consent`), and is ticked when `is_consent_given`. Beside the fields
    stands one named `website_url` that people do not see: whoever fills it is a program.

    `page_token` is posted back as it is: it says when the page was made. Where the form asks for
    a proof of work, `challenge` is JSON for the hidden field `altcha`, and the script at
    `script_url` solves it; it runs with `script_nonce` alone. All three are "" elsewhere.
    """

    title: str
    fields: list[Field]
    consent_wording: str
    action: str
    key: str
    consent_field: NotRequired[str]
    is_consent_given: NotRequired[bool]
    page_token: NotRequired[str]
    challenge: NotRequired[str]
    script_url: NotRequired[str]
    script_nonce: NotRequired[str]


class ThanksPage(TypedDict):
    """After a form was stored; a post that looks like a program's sees the same.

    `has_message` says that the form asks for a message, which a person answers. `sends_mail` says
    that a mail answers it by itself, `has_asset` that a document comes with that mail, and
    `asks_to_confirm` that a mail asks to confirm the consent that was just given.
    """

    has_message: NotRequired[bool]
    sends_mail: NotRequired[bool]
    has_asset: NotRequired[bool]
    asks_to_confirm: NotRequired[bool]


class UnsubscribePage(TypedDict):
    """One button that posts to `action`; the address is not shown."""

    action: str


class UnsubscribedPage(TypedDict):
    """After an unsubscribe; it needs nothing."""


class AssignmentPageLead(TypedDict):
    """What a rep's page shows of the lead; a `full_name` is shown in place of a first name."""

    company: str
    name: str
    full_name: NotRequired[str]
    message: str


class AssignmentPage(TypedDict):
    """A rep's page for one assignment.

    `grade`, `due_text`, `call_url` and `mail_url` are those of the assignment mail. `state` is
    offered, accepted, declined, expired or reassigned; only an offered one has buttons.
    `decline_reasons` is the list beside the decline button, posted as `reason`.
    """

    lead: AssignmentPageLead
    request_text: str
    points: float
    grade: str
    reasons: list[Reason]
    due_text: str
    call_url: str
    mail_url: str
    state: str
    accept_action: str
    decline_action: str
    decline_reasons: list[Choice]


class AnsweredPage(TypedDict):
    """After a rep's answer; `state` is that of the assignment now."""

    state: str


class MessagePage(TypedDict):
    """Anything that must be said, an error above all; `text` is one paragraph."""

    title: str
    text: str


#: Mail folders below templates/rep/ and what fills them.
REP_MAILS: Final[dict[str, type]] = {"assignment": AssignmentMail, "bundle": BundleMail}

#: Mail folders below templates/admin/ and what fills them.
ADMIN_MAILS: Final[dict[str, type]] = {"alert": AlertMail}

#: Mail folders below templates/forms/ that this repository has; every other one there is filled
#: in the same way, for a form that names it.
FORM_MAILS: Final[dict[str, type]] = {"acknowledgment": FormMail, "confirmation": FormMail}

#: Pages below templates/pages/<lang>/ and what fills them.
PAGES: Final[dict[str, type]] = {
    "form": FormPage,
    "thanks": ThanksPage,
    "unsubscribe": UnsubscribePage,
    "unsubscribed": UnsubscribedPage,
    "confirm": ConfirmPage,
    "confirmed": ConfirmedPage,
    "asset": AssetPage,
    "link_expired": LinkExpiredPage,
    "assignment": AssignmentPage,
    "answered": AnsweredPage,
    "message": MessagePage,
}

_CJK = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NOBODY: Final = {"en": "there", "ja": "ご担当者 様"}


def lead_context(values: Mapping[str, object], lang: str) -> Lead:
    """Make a template's `lead` of a lead's fields; None and absent become "", the rest text.

    `full_name` is put together from its parts when the source stated only those. `name` is how
    to address the person in `lang`.
    """
    lead = dict.fromkeys(LEAD_FIELDS, "")
    for field, value in values.items():
        lead[field] = value if type(value) is str else _text(value)
    lead["full_name"] = _full_name(lead)
    lead["name"] = address_name(lead, lang)
    return cast("Lead", lead)


def address_name(lead: Mapping[str, object], lang: str) -> str:
    """Return how to address a lead: "Lauren" or "there"; in Japanese 鈴木 充 様 or ご担当者 様.

    A name that could be an advertisement is not repeated: it is the trick by which a form is made
    to send advertisements to strangers.
    """
    names = {
        field: one_line(_text(lead.get(field)))
        for field in ("given_name", "family_name", "full_name")
    }
    full = _full_name(names)
    called = full if lang == "ja" or _CJK.search(full) else names["given_name"] or full
    called = called.removesuffix("様").strip()
    if not called or not is_harmless(called):
        return _NOBODY.get(lang, _NOBODY["en"])
    return f"{called} 様" if lang == "ja" else called


def _full_name(names: Mapping[str, str]) -> str:
    """Return the full name as stated, else family name first for Japanese names."""
    given, family, full = names["given_name"], names["family_name"], names["full_name"]
    if full or not (given and family):
        return full or family or given
    return f"{family} {given}" if _CJK.search(family + given) else f"{given} {family}"


def _text(value: object) -> str:
    """Return a field's value as text; truth values as `true` and `false`."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
