"""Whether a flow runs: once per due time, once for all that were missed, again after a death."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadline.domain.due_times import (
    MOST_FENCES,
    Leave,
    Take,
    Taken,
    decide_due_time,
    duration_text,
    late_words,
)
from leadline.domain.skips import SkipReason

NINE = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SINCE = NINE - 30 * DAY


def decide(
    due_at: datetime | None = NINE,
    taken: Taken | None = None,
    *,
    now: datetime = NINE + timedelta(seconds=10),
    **changes: Any,  # noqa: ANN401 - of several types
) -> Take | Leave:
    return decide_due_time(
        due_at, taken, **{"since": SINCE, "now": now, "catch_up": None, **changes}
    )


def was_taken(due_at: datetime, state: str = "completed", **changes: Any) -> Taken:  # noqa: ANN401
    given = {"is_running": state == "running", "is_held": False, "fence": 1, "state": state}
    return Taken(due_at, **{**given, **changes})


def test_due_time_that_nobody_took_is_taken() -> None:
    decision = decide(taken=was_taken(NINE - DAY))
    assert decision == Take(NINE, timedelta(seconds=10), missed_after=NINE - DAY)
    assert not decision.is_late


def test_schedule_that_names_no_time_runs_nothing() -> None:
    assert decide(None) == Leave(SkipReason.NOT_DUE)


@pytest.mark.parametrize("state", ["completed", "failed", "skipped"])
def test_due_time_is_taken_once(state: str) -> None:
    assert decide(taken=was_taken(NINE, state)) == Leave(SkipReason.DONE_BEFORE, NINE)


def test_flow_does_not_run_beside_itself() -> None:
    taken = was_taken(NINE - DAY, "running", is_held=True)
    assert decide(taken=taken) == Leave(SkipReason.IN_PROGRESS, NINE - DAY)


@pytest.mark.parametrize("state", ["running", "crashed"])
def test_due_time_at_which_a_process_died_is_taken_again(state: str) -> None:
    decision = decide(taken=was_taken(NINE, state))
    assert isinstance(decision, Take)
    assert (decision.due_at, decision.is_repeat) == (NINE, True)


def test_due_time_at_which_a_process_died_is_not_made_up_too_late() -> None:
    taken = was_taken(NINE, "crashed")
    late = NINE + timedelta(hours=5)
    assert decide(taken=taken, now=late, catch_up=timedelta(hours=4)) == Leave(
        SkipReason.TOO_LATE, NINE
    )
    assert isinstance(decide(taken=taken, now=late, catch_up=timedelta(hours=6)), Take)


def test_due_time_that_kills_every_process_is_given_up() -> None:
    taken = was_taken(NINE, "crashed", fence=MOST_FENCES)
    assert decide(taken=taken) == Leave(SkipReason.DONE_BEFORE, NINE)


def test_one_run_makes_up_for_days_of_downtime() -> None:
    decision = decide(taken=was_taken(NINE - 4 * DAY), now=NINE + timedelta(hours=3))
    assert decision == Take(NINE, timedelta(hours=3), missed_after=NINE - 4 * DAY)
    assert decision.is_late


@pytest.mark.parametrize(
    ("late_by", "catch_up", "runs"),
    [
        (timedelta(hours=3), timedelta(hours=4), True),
        (timedelta(hours=5), timedelta(hours=4), False),
        (timedelta(minutes=3), timedelta(0), False),
        (timedelta(seconds=90), timedelta(0), True),  # a server's rhythm is no lateness
        (timedelta(days=20), None, True),
    ],
)
def test_missed_time_is_made_up_as_late_as_the_schedule_allows(
    *, late_by: timedelta, catch_up: timedelta | None, runs: bool
) -> None:
    decision = decide(taken=was_taken(NINE - DAY), now=NINE + late_by, catch_up=catch_up)
    assert isinstance(decision, Take) is runs
    if not runs:
        assert decision == Leave(SkipReason.TOO_LATE, NINE, is_new=True)


def test_time_before_the_schedule_was_made_is_not_missed() -> None:
    made_at = NINE + timedelta(hours=2)
    now = made_at + timedelta(hours=1)
    assert decide(now=now, since=made_at) == Leave(SkipReason.NOT_DUE)
    assert isinstance(decide(since=NINE + timedelta(seconds=5)), Take), "the first run of all"


def test_edited_schedule_counts_missed_times_from_the_edit() -> None:
    edited = NINE - timedelta(hours=1)
    decision = decide(taken=was_taken(NINE - 4 * DAY), since=edited)
    assert isinstance(decision, Take)
    assert decision.missed_after == edited


def test_late_run_says_what_it_makes_up_for_in_both_languages() -> None:
    take = Take(NINE, timedelta(days=3, hours=2), missed_after=NINE - DAY)
    said = late_words(take, 4319, due="11-20 09:00 JST", since="11-17 09:00 JST")
    assert "11-20 09:00 JST, 3d 2h ago" in said["en"]
    assert "4319 earlier" in said["en"]
    assert "4319回分" in said["ja"]


def test_run_on_time_says_nothing() -> None:
    take = Take(NINE, timedelta(seconds=20), missed_after=NINE - DAY)
    assert late_words(take, 0, due="", since="") == {"en": "", "ja": ""}


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=61), "1m 1s"),
        (timedelta(hours=25, seconds=1), "1d 1h"),
    ],
)
def test_duration_is_told_in_its_two_greatest_units(duration: timedelta, text: str) -> None:
    assert duration_text(duration) == text
