"""Outcomes of two sets of rules, compared: who differs, which moves, which rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leadline.domain.score_changes import (
    Change,
    Comparison,
    ModelScore,
    Outcome,
    compare_rules,
    count_matches,
)
from leadline.domain.scoring import Disqualifier, Grades, Levels, Model
from tests.builders import a_condition, a_rule

if TYPE_CHECKING:
    from leadline.domain.score_changes import Key

ONE = Outcome(50.0, 40.0, 10.0, "B", 3, "lead", is_handed_over=False)
RULES = (a_rule("title = 'CEO'", 30), a_rule("country = 'JP'", 10))
STUDENT = Disqualifier("student", a_condition("title = 'student'"))


def a_model(**changes: Any) -> Model:  # noqa: ANN401
    model = Model("main", RULES, Grades(40, 30, 20), Levels(50, 25, 5), disqualifiers=(STUDENT,))
    return replace(model, **changes)


def test_comparison_counts_moves_once_per_lead() -> None:
    found = Comparison()
    better = ONE._replace(grade="A", lifecycle_stage="mql", is_handed_over=True)

    changes = found.add({1: ONE, 2: ONE, 5: ONE}, {1: ONE, 2: better, 5: better})
    changes += found.add({7: better}, {7: ONE})

    assert changes == [Change(2, ONE, better), Change(5, ONE, better), Change(7, better, ONE)]
    assert (found.leads, found.changed) == (4, 3)
    assert found.cells == {("B3", "A3"): 2, ("A3", "B3"): 1}
    assert found.stages == {("lead", "mql"): 2, ("mql", "lead"): 1}
    assert (found.before, found.after, found.more, found.fewer) == (1, 2, 2, 1)


def test_comparison_sees_what_moves_no_grade() -> None:
    found = Comparison()
    beside = ONE._replace(models=(ModelScore("cloud", 1.0, 1.0, 0.0, "D", 4),))

    assert found.add({1: ONE, 2: ONE}, {1: ONE._replace(points=50.01), 2: beside})
    assert found.changed == 2
    assert not found.cells
    assert not found.stages


def test_document_lists_the_most_frequent_move_first_and_no_lead() -> None:
    found = Comparison()
    worse, better = ONE._replace(grade="C"), ONE._replace(grade="A")
    found.add(dict.fromkeys(range(3), ONE), {0: worse, 1: better, 2: better})

    document = found.as_document()

    assert document["grades"] == [
        {"from": "B3", "to": "A3", "leads": 2},
        {"from": "B3", "to": "C3", "leads": 1},
    ]
    assert "changed" not in document


def test_outcome_as_document_names_the_other_models() -> None:
    beside = ONE._replace(models=(ModelScore("cloud", 1.0, 1.0, 0.0, "D", 4),))
    assert beside.as_document()["models"]["cloud"]["grade"] == "D"
    assert beside.cell == "B3"


def test_rules_are_told_apart_by_meaning_and_points_and_not_by_words() -> None:
    fewer = replace(RULES[0], points=20)
    other = replace(STUDENT, grade="C")
    added = a_rule("country = 'US'", 7)
    before = a_model()
    after = a_model(rules=(fewer, added), disqualifiers=(other,))
    old: dict[Key, int] = {("main", "rule", "rule_30"): 4, ("main", "rule", "rule_10"): 2}

    found = compare_rules([before], [after], (old, {("main", "rule", "rule_7"): 5}))

    assert [(each.id, each.fate, each.before, each.after) for each in found] == [
        ("rule_30", "changed", 4, 0),
        ("rule_7", "new", None, 5),
        ("student", "changed", 0, 0),
        ("rule_10", "removed", 2, None),
    ]
    assert {each.fate for each in compare_rules([before], [a_model()], ({}, {}))} == {"same"}


def test_bits_are_counted_for_rules_and_then_disqualifiers() -> None:
    assert count_matches(a_model(), [0b001, 0b101, 0b010]) == {
        ("main", "rule", "rule_30"): 2,
        ("main", "rule", "rule_10"): 1,
        ("main", "disqualifier", "student"): 1,
    }
