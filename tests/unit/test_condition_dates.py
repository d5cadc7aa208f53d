"""A date in a condition is a day of the company's zone, whatever its clocks do that day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadline.domain.condition_masks import evaluate_masks
from leadline.domain.conditions import Condition, compile_condition, evaluate
from tests.conditions import FIELDS, a_frame

TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"


def compiled(text: str, zone: str) -> Condition:
    found = compile_condition(text, fields=FIELDS, zone=zone)
    assert isinstance(found, Condition), found
    return found


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", "2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        (TOKYO, "2026-11-01", datetime(2026, 10, 31, 15, tzinfo=UTC)),
        # clocks of New York change at two in the morning of these days
        (NEW_YORK, "2026-03-08", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        (NEW_YORK, "2026-03-09", datetime(2026, 3, 9, 4, tzinfo=UTC)),
        (NEW_YORK, "2026-11-01", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        (NEW_YORK, "2026-11-02", datetime(2026, 11, 2, 5, tzinfo=UTC)),
        # midnight is skipped, or comes twice
        ("America/Sao_Paulo", "2018-11-04", datetime(2018, 11, 4, 3, tzinfo=UTC)),
        ("America/Havana", "2025-11-02", datetime(2025, 11, 2, 4, tzinfo=UTC)),
        ("Pacific/Apia", "2011-12-30", datetime(2011, 12, 30, 10, tzinfo=UTC)),
        (TOKYO, "0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_date_is_the_instant_at_which_that_day_begins(
    zone: str, day: str, begins: datetime
) -> None:
    instants = [begins, begins + timedelta(microseconds=1)]
    instants += [begins - timedelta(microseconds=1)] if begins.year > 1 else []
    frame = a_frame([{"created_at": at} for at in instants])
    tests = {">=": [True, True, False], "<": [False, False, True], "=": [True, False, False]}
    for operator, expected in tests.items():
        condition = compiled(f"created_at {operator} '{day}'", zone)
        for decide in (evaluate, evaluate_masks):
            assert decide([condition], frame)[:, 0].tolist() == expected[: len(instants)]


def test_meaning_of_a_date_differs_by_zone_and_of_anything_else_does_not() -> None:
    text = "created_at BETWEEN '2026-03-01' AND '2026-12-01'"
    assert compiled(text, TOKYO).sql != compiled(text, NEW_YORK).sql
    other = "country = '2026-03-01' AND points > 5"
    assert compiled(other, TOKYO).sql == compiled(other, NEW_YORK).sql


def test_date_through_a_segment_is_of_the_same_zone() -> None:
    segment = compiled("created_at >= '2026-11-01'", TOKYO)
    found = compile_condition(
        "consent AND new", fields=FIELDS, segments={"new": segment}, zone=TOKYO
    )
    assert isinstance(found, Condition)
    assert "TIMESTAMP '2026-10-31 15:00:00'" in found.sql
