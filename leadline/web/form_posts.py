"""What a posted body means for a form: the fields that count, what is wrong, what is stored."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadline.domain.cells import clean_line
from leadline.domain.keys import post_key
from leadline.domain.reach import MAX_EMAIL, read_one_email
from leadline.store.submissions import Arrival
from leadline.web.words import FIELD_FAULTS

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.config.forms import FormShape
    from leadline.config.values import Language
    from leadline.web.bodies import Posted

#: A field that people do not see; whoever fills it is a program.
TRAP: Final = "website_url"
#: The hidden field that stands for the header Idempotency-Key on a hosted form.
KEY_FIELD: Final = "idempotency_key"
RETURN_FIELD: Final = "return_url"
_CONSENT: Final = "consent"
_MAX_CONSENT: Final = 255
_BUCKET_SECONDS: Final = 600
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field; `code` is a key of FIELD_FAULTS."""

    code: str
    limit: int = 0
    length: int = 0

    def say(self, lang: str) -> str:
        """Return the sentence that stands beside the field."""
        return FIELD_FAULTS[self.code][lang].format(limit=self.limit, length=self.length)


@dataclass(frozen=True, slots=True)
class Judged:
    """A post, judged.

    Attributes:
        raw: text by declared field, as it was sent, and the consent when the form asks for it.
        faults: what is wrong, by field.
        trapped: what stands in the field that people do not see.
    """

    raw: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    trapped: str = ""


def judge_post(form: FormShape, posted: Posted) -> Judged:
    """Take the declared fields of a post and find what is wrong; everything else is ignored."""
    judged = Judged(trapped="" if TRAP in form.fields else posted.last(TRAP))
    for name, shape in form.fields.items():
        _take(judged, posted, name, posted.joined(name), limit=shape.max_length)
        if (
            shape.required
            and name not in judged.faults
            and not clean_line(judged.raw.get(name, ""))
        ):
            judged.faults[name] = Fault("required")
    if form.consent is not None:
        asked = form.consent.field
        said = posted.last(asked) if asked in posted.texts else None
        _take(judged, posted, asked, said, limit=_MAX_CONSENT)
        if asked in judged.raw:
            judged.raw[_CONSENT] = judged.raw[asked]
    return judged


def _take(judged: Judged, posted: Posted, name: str, text: str | None, *, limit: int) -> None:
    """Take one field, or note why it cannot be taken."""
    fault = Fault("not_text") if name in posted.odd else None
    if text is not None:
        judged.raw[name] = text
        fault = fault or _fault(name, text, limit)
    if fault is not None:
        judged.faults[name] = fault


def _fault(name: str, text: str, limit: int) -> Fault | None:
    if _NO_TEXT.search(text):
        return Fault("not_text")
    length = len(text.replace("\r\n", "\n"))
    if length > limit:
        return Fault("too_long", limit, length)
    if name != "email" or clean_line(text) is None:
        return None
    email = read_one_email(text)
    if email is None:
        return Fault("invalid_email")
    return Fault("too_long", MAX_EMAIL, len(email)) if len(email) > MAX_EMAIL else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a post came: under which key, in which language, when, and from where."""

    given_key: str
    lang: Language
    now: datetime
    network_address: str | None


def as_arrival(name: str, form: FormShape, judged: Judged, receipt: Receipt) -> Arrival:
    """Return what is stored for a post without faults."""
    sent = json.dumps([judged.raw, judged.trapped], sort_keys=True).encode()
    bucket = int(receipt.now.timestamp()) // _BUCKET_SECONDS
    consent = form.consent
    return Arrival(
        source=f"form:{name}",
        content_key=post_key(name, sent, given=receipt.given_key or None, bucket=bucket),
        kind="form",
        raw=judged.raw,
        reason="honeypot" if judged.trapped else None,
        field=TRAP if judged.trapped else None,
        body_hash=hashlib.sha256(sent).hexdigest(),
        consent_version=consent.version if consent else None,
        consent_wording=consent.wording[receipt.lang] if consent else None,
        network_address=receipt.network_address,
    )
