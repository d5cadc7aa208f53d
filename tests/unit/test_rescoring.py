"""What a changed score is, and where time alone changes the answer of a condition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np  # noqa: TID253 - batches are what is tested
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain.conditions import Condition, compile_condition
from leadline.domain.decay import as_instants, as_microseconds, decayed, landmark_weights
from leadline.domain.engagement import (
    NEVER,
    EventLog,
    EventRule,
    Limit,
    Term,
    count_aggregates,
    counted,
    next_reviews,
    sum_terms,
    terms_of,
)
from leadline.domain.events import find_aggregate
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS
from leadline.domain.rescoring import moved
from leadline.domain.thresholds import compared_fields, crossing, thresholds

NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLICKS = frozenset({"email_clicked"})
COUNTS = dict.fromkeys(("clicks_30d", "visits_7d", "days_since_last_click"), "number")


def a_condition(text: str) -> Condition:
    found = compile_condition(text, fields={**LEAD_FIELDS, **DERIVED_FIELDS, **COUNTS})  # type: ignore[dict-item]
    assert isinstance(found, Condition), found
    return found


def a_log(*days_ago: float, kind: str = "email_clicked") -> EventLog:
    """Return events of one lead."""
    count = len(days_ago)
    return EventLog(
        lead=np.zeros(count, dtype=np.int64),
        kind=np.zeros(count, dtype=np.int64),
        at=as_instants([NOW - days * DAY for days in days_ago]),
        kinds=(kind,),
        ids=np.arange(1, count + 1),
    )


@pytest.mark.parametrize(
    ("before", "after", "is_crossing"),
    [(46, 45.5, False), (46, 45, True), (45, 44.99, True), (44, 20, False), (50, 9, True)],
)
def test_condition_may_change_only_where_points_pass_its_number(
    before: float, after: float, *, is_crossing: bool
) -> None:
    conditions = [a_condition("points >= 45"), a_condition("employees > 20")]
    found = crossing(np.array([before]), np.array([after]), conditions=conditions, field="points")
    assert found.tolist() == [is_crossing]


@settings(deadline=None)
@given(
    st.floats(-100, 100).map(lambda value: round(value, 2)),
    st.floats(-100, 100).map(lambda value: round(value, 2)),
    st.sampled_from(
        ["points > 10", "points BETWEEN -5 AND 40.5", "points IN (1, 2.5)", "NOT points = 0"]
    ),
)
def test_no_answer_changes_without_a_crossing(before: float, after: float, text: str) -> None:
    from leadline.domain.conditions import evaluate
    from tests.builders import a_frame

    condition = a_condition(text)
    answers = evaluate([condition], a_frame({"points": before}, {"points": after}))[:, 0]
    found = crossing(np.array([before]), np.array([after]), conditions=[condition], field="points")
    assert answers[0] == answers[1] or found[0]


def test_fields_compared_with_each_other_count_at_every_change() -> None:
    condition = a_condition("clicks_30d > 2 AND points > days_since_last_click")
    assert compared_fields(condition) == {"points", "days_since_last_click"}
    found = crossing(np.array([9.0]), np.array([8.9]), conditions=[condition], field="points")
    assert found.tolist() == [True]


def test_thresholds_are_those_of_the_conditions_that_name_the_field() -> None:
    conditions = [a_condition("points > 45"), a_condition("employees >= 20")]
    assert thresholds(conditions, "points") == [-45, 45]


@pytest.mark.parametrize("half_life", [timedelta(hours=5), 14 * DAY, None])
@pytest.mark.parametrize("days", [0, 1, 13.7, 400])
def test_sums_moved_to_a_later_day_are_those_made_on_it(
    half_life: timedelta | None, days: float
) -> None:
    log, later = a_log(0.5, 3, 8.25), NOW + days * DAY
    terms = terms_of([EventRule("click", CLICKS, 5.3, half_life)])
    made_at = np.array([as_microseconds(NOW)])
    early = sum_terms(log, terms, count=1, as_of=NOW)
    late = sum_terms(log, terms, count=1, as_of=later)
    assert moved(early, terms, made_at=made_at, as_of=later).tolist() == late.tolist()
    worth = [
        decayed(sums[:, 0], half_life=half_life, made_at=made, as_of=later).tolist()
        for sums, made in ((early, made_at), (late, np.array([as_microseconds(later)])))
    ]
    assert worth[0] == worth[1]


@pytest.mark.parametrize(("half_lives", "left"), [(0, 8), (1, 4), (2, 2), (3, 1)])
def test_half_of_the_points_is_left_after_each_half_life(half_lives: int, left: float) -> None:
    length, at = 14 * DAY, NOW - half_lives * 14 * DAY
    weights = landmark_weights(as_instants([at]), half_life=length, as_of=NOW)
    made_at = np.array([as_microseconds(NOW)])
    worth = decayed(8 * weights, half_life=length, made_at=made_at, as_of=NOW)
    assert worth[0] == pytest.approx(left, rel=1e-12)


@pytest.mark.parametrize(
    ("days_ago", "counts"),
    [
        ((3.0, 2.9, 2.8), [True, True, False]),
        ((3.0, 2.0, 1.0), [True, True, True]),
        ((3.0, 2.5, 2.0), [True, True, True]),
        ((2.8, 3.0, 2.9), [False, True, True]),
        ((3.0, 2.9, 2.8, 1.95), [True, True, False, True]),
    ],
)
def test_limit_counts_the_first_events_of_any_span(
    days_ago: tuple[float, ...], counts: list[bool]
) -> None:
    rule = EventRule("click", CLICKS, 1, limit=Limit(2, DAY))
    assert counted(a_log(*days_ago), rule, as_of=NOW).tolist() == counts


@pytest.mark.parametrize(("days_ago", "is_counted"), [(29.99, True), (30, False), (-1, False)])
def test_event_counts_within_its_window_and_not_before_it_happens(
    days_ago: float, *, is_counted: bool
) -> None:
    rule = EventRule("click", CLICKS, 1, within=30 * DAY)
    log = a_log(days_ago).up_to(NOW)
    assert counted(log, rule, as_of=NOW).tolist() == [True] * is_counted + [False] * (
        len(log.at) - is_counted
    )


@pytest.mark.parametrize("name", ["clicks_30d", "visits_7d", "days_since_last_click"])
@settings(deadline=None)
@given(
    days_ago=st.lists(st.floats(-3, 60), min_size=1, max_size=5),
    later=st.floats(0.01, 20),
)
def test_counts_stay_until_the_next_review(name: str, days_ago: list[float], later: float) -> None:
    aggregate = find_aggregate(name)
    assert aggregate is not None
    log = a_log(*days_ago)
    (at,) = next_reviews(log, [], {aggregate: None}, count=1, as_of=NOW)
    assert at == NEVER or at > as_microseconds(NOW)
    then = NOW + later * DAY
    if as_microseconds(then) < at:
        before, after = (
            count_aggregates(log, [aggregate], count=1, as_of=when)[name] for when in (NOW, then)
        )
        assert np.array_equal(before, after, equal_nan=True)


def test_rules_that_decay_alike_share_a_sum_unless_capped() -> None:
    rules = [
        EventRule("a", CLICKS, 1, 14 * DAY),
        EventRule("b", CLICKS, 2, 14 * DAY),
        EventRule("c", CLICKS, 3, 14 * DAY, at_most=5),
        EventRule("d", CLICKS, 4),
    ]
    assert terms_of(rules) == (
        Term((rules[0], rules[1]), 14 * DAY, None),
        Term((rules[3],), None, None),
        Term((rules[2],), 14 * DAY, 5),
    )
