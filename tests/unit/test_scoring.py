"""Scores: points, the grade from fit alone, and one bit for each rule that matched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.bitmaps import matched_numbers
from leadline.domain.scoring import Grades, Levels, Model, Rule, decide_points, decide_rules
from tests.builders import a_frame, a_rule

if TYPE_CHECKING:
    import pandas as pd

GRADES = Grades(a=45, b=30, c=15)
LARGE = a_rule("employees >= 1000", 20)
JAPANESE = a_rule("country = 'jp'", 10)
TINY = a_rule("employees < 20", -5)
BUYER = a_rule("request = 'quote'", 30, is_fit=False)


NOW = datetime(2026, 11, 20, tzinfo=UTC)


def decided(frame: pd.DataFrame, rules: list[Rule]) -> pd.DataFrame:
    import numpy as np

    model = Model(name="main", rules=rules, grades=GRADES, levels=Levels(50, 25, 5))
    found = decide_rules(frame, model)
    made_at, sums = np.zeros(len(frame), dtype=np.int64), np.zeros((len(frame), 0))
    points = decide_points(found, sums, model, made_at=made_at, as_of=NOW)
    return found.join(points)


def scored(rules: list[Rule], **lead: object) -> dict[str, Any]:
    return dict(decided(a_frame(lead), rules).iloc[0])


def test_points_are_the_sum_of_every_rule_that_matches() -> None:
    found = scored([LARGE, JAPANESE, TINY, BUYER], employees=5, country="jp", request="quote")
    assert found["points"] == (10 - 5 + 30)


def test_grade_comes_from_fit_alone() -> None:
    keen = a_rule("request = 'quote'", 300, is_fit=False)
    found = scored([JAPANESE, keen], country="jp", request="quote")
    assert (found["points"], found["fit_points"], found["grade"]) == (310, 10, "D")


@pytest.mark.parametrize(
    ("points", "grade"),
    [(45, "A"), (44, "B"), (30, "B"), (29, "C"), (15, "C"), (14, "D"), (-20, "D")],
)
def test_grade_begins_at_its_threshold(points: int, grade: str) -> None:
    assert grade == scored([a_rule("country = 'jp'", points)], country="jp")["grade"]


def test_unknown_value_matches_neither_a_condition_nor_its_opposite() -> None:
    at_least, below = a_rule("employees >= 20", 1), a_rule("employees < 20", 2)
    assert scored([at_least, below], employees=None)["points"] == 0


def test_bitmap_names_the_rules_in_their_order() -> None:
    found = scored([LARGE, JAPANESE, TINY, BUYER], employees=1000, request="quote")
    assert matched_numbers(found["matched"]) == [0, 3]


def test_sixty_third_rule_has_a_bit_of_its_own() -> None:
    rules = [LARGE] * 62 + [JAPANESE]
    assert matched_numbers(scored(rules, country="jp")["matched"]) == [62]


def test_scores_stand_under_the_ids_of_their_leads() -> None:
    frame = a_frame({"country": "jp"}, {"country": "us"}, {"country": "jp"}, ids=[30, 10, 20])
    scores = decided(frame, [JAPANESE])
    assert scores["points"].to_dict() == {30: 10, 10: 0, 20: 10}


def test_no_rules_make_everybody_a_d_without_points() -> None:
    found = scored([], country="jp")
    assert (found["matched"], found["points"], found["grade"]) == (0, 0, "D")
