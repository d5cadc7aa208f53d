"""Enrollment: the strongest sequence that fits, entered once, and only with consent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leadline.domain.enrollment import Candidate, decide_enrollment
from leadline.domain.skips import SkipReason
from tests.builders import AGREED

RANKED = ("evaluation", "welcome")
LEAD = Candidate(permission=AGREED, matching=RANKED, known=())


def test_lead_enters_the_strongest_sequence_that_fits() -> None:
    assert decide_enrollment(LEAD, ranked=RANKED) == "evaluation"


def test_lead_enters_the_one_sequence_that_fits() -> None:
    assert decide_enrollment(replace(LEAD, matching={"welcome"}), ranked=RANKED) == "welcome"


def test_lead_enters_the_next_sequence_when_it_was_in_the_strongest() -> None:
    assert decide_enrollment(replace(LEAD, known={"evaluation"}), ranked=RANKED) == "welcome"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"known": RANKED}, SkipReason.ALREADY_ENROLLED),
        ({"matching": {"welcome"}, "known": {"welcome"}}, SkipReason.ALREADY_ENROLLED),
        ({"matching": ()}, SkipReason.NO_SEQUENCE),
        ({"matching": (), "known": RANKED}, SkipReason.NO_SEQUENCE),
        ({"permission": SkipReason.NO_CONSENT}, SkipReason.NO_CONSENT),
        ({"permission": SkipReason.SUPPRESSED}, SkipReason.SUPPRESSED),
        ({"permission": SkipReason.REFUSED, "matching": ()}, SkipReason.REFUSED),
    ],
)
def test_lead_enters_nothing_for_a_reason(changes: dict[str, object], reason: SkipReason) -> None:
    assert reason == decide_enrollment(replace(LEAD, **changes), ranked=RANKED)  # type: ignore[arg-type]


def test_sequence_that_is_configured_no_more_is_not_entered() -> None:
    lead = replace(LEAD, matching={"retired"})
    assert decide_enrollment(lead, ranked=RANKED) is SkipReason.NO_SEQUENCE
