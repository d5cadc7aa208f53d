"""Answering a form post by mail: which mails it gets, and why it does not get one.

Anybody can type anybody's address into a form. So a post is answered a few times a day at most,
never when it looks like a program's, and never with the words that came with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from leadline.domain.skips import SkipReason

Kind = Literal["acknowledgment", "confirmation"]

#: How many mails one address is answered with within `ADDRESS_SPAN`, of both kinds together.
ADDRESS_CAP: Final = 3
ADDRESS_SPAN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known when a form post would be answered.

    Attributes:
        is_suspicious: it was held for a program's, even if a person has let it through.
        is_banned: no mail at all goes to the address: it bounced, or somebody complained.
        may_be_mailed: the consent gate allows marketing mail to the lead.
        has_link: the mail is of no use without its link.
        links_work: a link can be opened where the mail is read.
        answered_count: mails that answered forms to the address within `ADDRESS_SPAN`.
    """

    is_suspicious: bool
    is_banned: bool
    may_be_mailed: bool
    has_link: bool
    links_work: bool
    answered_count: int


def decide_answer(kind: Kind, asked: Asked) -> SkipReason | None:
    """Return why a post is not answered by a mail of this kind, None when it is."""
    reasons = {
        SkipReason.SUSPICIOUS: asked.is_suspicious,
        SkipReason.SUPPRESSED: asked.is_banned,
        SkipReason.CONSENTED_ALREADY: kind == "confirmation" and asked.may_be_mailed,
        SkipReason.NO_PUBLIC_URL: asked.has_link and not asked.links_work,
        SkipReason.ADDRESS_CAP: asked.answered_count >= ADDRESS_CAP,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
