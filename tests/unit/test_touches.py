"""Touches: send, later, not at all, or out of the sequence, in the order of what weighs most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadline.domain.skips import SkipReason
from leadline.domain.touches import Exit, Postpone, Send, Skip, decide_touch
from tests.builders import NOW, a_policy, a_step

TOMORROW = NOW + timedelta(days=1)
SATURDAY = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MONDAY_OPENING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 09:00 in Tokyo
EVERYTHING: dict[str, Any] = {
    "permission": SkipReason.SUPPRESSED,
    "is_exiting": True,
    "step_due_at": NOW - timedelta(days=30),
    "cap_frees_at": TOMORROW,
}


def test_step_that_nothing_speaks_against_is_sent() -> None:
    assert Send() == decide_touch(a_step(), a_policy(), now=NOW)


@pytest.mark.parametrize(
    ("without", "decision"),
    [
        ((), Exit("suppressed", SkipReason.SUPPRESSED)),
        (("permission",), Exit("goal_reached", SkipReason.EXITED)),
        (("permission", "is_exiting"), Skip(SkipReason.EXPIRED)),
    ],
)
def test_refusal_that_weighs_more_is_told_first(without: tuple[str, ...], decision: object) -> None:
    changes = {name: value for name, value in EVERYTHING.items() if name not in without}
    step, policy = a_step(**changes), a_policy(has_public_url=False)
    assert decision == decide_touch(step, policy, now=SATURDAY)


@pytest.mark.parametrize(
    ("permission", "left"),
    [
        (SkipReason.SUPPRESSED, "suppressed"),
        (SkipReason.REFUSED, "unsubscribed"),
        (SkipReason.NO_CONSENT, "no_consent"),
        (SkipReason.CONSENT_EXPIRED, "no_consent"),
        (SkipReason.BASIS_NOT_ACCEPTED, "no_consent"),
    ],
)
def test_lead_that_may_not_be_written_to_leaves_for_a_reason(
    permission: SkipReason, left: str
) -> None:
    decided = decide_touch(a_step(permission=permission), a_policy(), now=NOW)
    assert decided == Exit(left, permission)


def test_step_waits_an_hour_for_a_public_url_before_anything_else_that_delays() -> None:
    later = Postpone(SkipReason.NO_PUBLIC_URL, NOW + timedelta(hours=1))
    step, policy = a_step(cap_frees_at=TOMORROW), a_policy(has_public_url=False)
    assert later == decide_touch(step, policy, now=NOW)


def test_step_over_the_cap_waits_until_the_cap_frees() -> None:
    later = Postpone(SkipReason.OVER_CAP, TOMORROW)
    assert later == decide_touch(a_step(cap_frees_at=TOMORROW), a_policy(), now=NOW)


def test_step_outside_the_window_waits_for_its_next_opening_in_the_leads_zone() -> None:
    later = Postpone(SkipReason.OUTSIDE_WINDOW, MONDAY_OPENING)
    assert later == decide_touch(a_step(step_due_at=SATURDAY), a_policy(), now=SATURDAY)


def test_step_as_late_as_allowed_is_still_sent() -> None:
    step = a_step(step_due_at=NOW - timedelta(days=3))
    assert Send() == decide_touch(step, a_policy(), now=NOW)


def test_step_later_than_allowed_expires() -> None:
    step = a_step(step_due_at=NOW - timedelta(days=3, seconds=1))
    assert Skip(SkipReason.EXPIRED) == decide_touch(step, a_policy(), now=NOW)


def test_lateness_counts_from_the_first_opening_and_not_from_the_weekend() -> None:
    step = a_step(step_due_at=SATURDAY)
    policy = a_policy(max_lateness=timedelta(hours=2))
    assert Send() == decide_touch(step, policy, now=MONDAY_OPENING + timedelta(hours=2))
    late = MONDAY_OPENING + timedelta(hours=2, seconds=1)
    assert Skip(SkipReason.EXPIRED) == decide_touch(step, policy, now=late)
