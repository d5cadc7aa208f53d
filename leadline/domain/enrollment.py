"""Enrollment: which sequence a lead enters, if any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadline.domain.skips import SkipReason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from leadline.domain.consent import Permission


@dataclass(frozen=True, slots=True)
class Candidate:
    """What enrollment knows of one lead.

    Attributes:
        permission: what the consent gate says of marketing mail.
        matching: sequences whose entry condition the lead meets.
        known: sequences that the lead was ever enrolled in; each is entered once.
    """

    permission: Permission | SkipReason
    matching: Collection[str]
    known: Collection[str]


def decide_enrollment(lead: Candidate, *, ranked: Sequence[str]) -> str | SkipReason:
    """Return the strongest sequence that the lead may enter, or why it enters none.

    Args:
        lead: the facts.
        ranked: sequence names, the strongest first.
    """
    if isinstance(lead.permission, SkipReason):
        return lead.permission
    matching = [name for name in ranked if name in lead.matching]
    fresh = [name for name in matching if name not in lead.known]
    if fresh:
        return fresh[0]
    return SkipReason.ALREADY_ENROLLED if matching else SkipReason.NO_SEQUENCE
