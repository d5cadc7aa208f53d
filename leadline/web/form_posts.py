"""What a posted body means for a form: the fields that count, what is wrong, what is stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadline.domain.keys import address_hash, mailbox_hash, post_key
from leadline.domain.reach import read_one_email
from leadline.store.posts import REPEAT_SPAN
from leadline.store.submissions import Arrival
from leadline.web.form_fields import Fault, find_fault, find_text_fault, fit, kind_of
from leadline.web.proofs import PROOF_FIELD
from leadline.web.suspicion import PAGE_FIELD, Claims

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.config.forms import FormField, FormShape
    from leadline.config.values import Language
    from leadline.web.bodies import Posted

#: A field that people do not see; whoever fills it is a program.
TRAP: Final = "website_url"
#: The hidden field that stands for the header Idempotency-Key on a hosted form.
KEY_FIELD: Final = "idempotency_key"
RETURN_FIELD: Final = "return_url"
_CONSENT: Final = "consent"
_EMAIL: Final = "email"
_MAX_CONSENT: Final = 255
#: Between several values of a field that has one; it stands in no token, and in no box of a page.
_BETWEEN: Final = "\n"


@dataclass(frozen=True, slots=True)
class Judged:
    """A post, judged.

    Attributes:
        raw: text by declared field, as it was sent, and the consent when the form asks for it.
        texts: every text by declared field, where a field may have several.
        faults: what is wrong, by field.
        trapped: what stands in the field that people do not see.
    """

    raw: dict[str, str] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    trapped: str = ""


def judge_post(form: FormShape, posted: Posted) -> Judged:
    """Take the declared fields of a post and find what is wrong; everything else is ignored."""
    judged = Judged(trapped="" if TRAP in form.fields else _said(posted, TRAP).strip(_BETWEEN))
    for name, shape in form.fields.items():
        if kind_of(name, shape) == "hidden":
            _take_hidden(judged, posted, name, shape)
        else:
            _take(judged, posted, name, shape)
    if form.consent is not None:
        _take_consent(judged, posted, form.consent.field)
    return judged


def _take(judged: Judged, posted: Posted, name: str, shape: FormField) -> None:
    """Take one field, and note what is wrong with it."""
    texts = posted.texts.get(name, [])
    if name in posted.texts:
        judged.texts[name] = texts
        judged.raw[name] = ", ".join(filter(None, texts))
    fault = Fault("not_text") if name in posted.odd else find_fault(name, shape, texts)
    if fault is not None:
        judged.faults[name] = fault


def _take_hidden(judged: Judged, posted: Posted, name: str, shape: FormField) -> None:
    """Take what nobody typed: what is wrong with it is left out, because nobody could mend it."""
    if text := fit(posted.joined(name) or "", shape.max_length):
        judged.raw[name] = text
        judged.texts[name] = [text]


def _take_consent(judged: Judged, posted: Posted, asked: str) -> None:
    fault = Fault("not_text") if asked in posted.odd else None
    if asked in posted.texts:
        judged.raw[asked] = judged.raw[_CONSENT] = posted.last(asked)
        fault = fault or find_text_fault(posted.last(asked), _MAX_CONSENT)
    if fault is not None:
        judged.faults[asked] = fault


def _said(posted: Posted, name: str) -> str:
    """Return what was sent for a name that no program of ours sends twice or as another thing."""
    odd = ["(no text)"] if name in posted.odd or name in posted.files else []
    return _BETWEEN.join(dict.fromkeys([*posted.texts.get(name, ()), *odd]))


def claims_of(judged: Judged, posted: Posted, *, key: str) -> Claims:
    """Return what a post says of where it comes from."""
    return Claims(
        trapped=judged.trapped,
        page=_said(posted, PAGE_FIELD),
        page_key=posted.last(KEY_FIELD),
        key=key,
        proof=posted.last(PROOF_FIELD),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a post came: under which key, in which language, when, from where, and how suspicious.

    Attributes:
        suspicion: a reject code when it is held for a program's, else None.
        pepper: the key of the hash under which posts of one address are counted.
        said_lang: the language of the page, None where nothing named one.
    """

    given_key: str
    lang: Language
    now: datetime
    network_address: str | None
    suspicion: str | None = None
    pepper: str = ""
    said_lang: Language | None = None


def as_arrival(name: str, form: FormShape, judged: Judged, receipt: Receipt) -> Arrival:
    """Return what is stored for a post without faults."""
    sent = json.dumps([judged.raw, judged.trapped], sort_keys=True).encode()
    bucket = int(receipt.now.timestamp()) // int(REPEAT_SPAN.total_seconds())
    consent = form.consent
    email = read_one_email(judged.raw.get(_EMAIL, ""))
    return Arrival(
        source=f"form:{name}",
        content_key=post_key(name, sent, given=receipt.given_key or None, bucket=bucket),
        kind="form",
        raw=judged.raw,
        reason=receipt.suspicion,
        field=TRAP if judged.trapped else None,
        body_hash=hashlib.sha256(sent).hexdigest(),
        consent_version=consent.version if consent else None,
        consent_wording=consent.wording[receipt.lang] if consent else None,
        network_address=receipt.network_address,
        address_hash=address_hash(email, pepper=receipt.pepper) if email else None,
        mailbox_hash=mailbox_hash(email, pepper=receipt.pepper) if email else None,
        asks_to_confirm=form.double_opt_in,
        suspicion=receipt.suspicion,
        language=receipt.said_lang,
    )
