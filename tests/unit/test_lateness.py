"""Lateness: since when a lead waits for us, and from when on that is late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadline.domain.lateness import find_wait, find_waiting_since
from tests.builders import NOW

HOUR = timedelta(hours=1)
THREE_DAYS = timedelta(days=3)


def test_new_lead_waits_since_it_was_received() -> None:
    since = find_waiting_since(due_at=NOW, received_at=NOW - THREE_DAYS, handled_at=None)
    assert since == NOW - THREE_DAYS


def test_lead_that_waited_in_the_queue_waits_for_us_only_since_its_turn_came() -> None:
    waited = {"received_at": NOW - THREE_DAYS, "handled_at": NOW - THREE_DAYS + HOUR}
    assert find_waiting_since(due_at=NOW - HOUR, **waited) == NOW - HOUR


def test_lead_that_spoke_again_after_it_was_handled_waits_since_then() -> None:
    asked = {"received_at": NOW - HOUR, "handled_at": NOW - THREE_DAYS}
    assert find_waiting_since(due_at=NOW, **asked) == NOW - HOUR


def test_lead_of_which_no_arrival_is_known_waits_since_its_turn_came() -> None:
    assert find_waiting_since(due_at=NOW, received_at=None, handled_at=None) == NOW


@pytest.mark.parametrize(
    ("waiting_since", "turn_at", "wait"),
    [
        (NOW - THREE_DAYS, NOW - HOUR, THREE_DAYS),
        (NOW - 2 * HOUR, NOW - HOUR, 2 * HOUR),
        (NOW - HOUR, NOW - HOUR, None),
        (NOW - HOUR, NOW - 2 * HOUR, None),
        (NOW - THREE_DAYS, None, None),
        (None, NOW - HOUR, None),
    ],
    ids=["days", "just missed", "came at the turn", "came after it", "no clock", "not known"],
)
def test_lead_is_late_when_a_turn_after_its_arrival_was_missed(
    waiting_since: object, turn_at: object, wait: object
) -> None:
    assert find_wait(waiting_since, turn_at=turn_at, now=NOW) == wait  # type: ignore[arg-type]
