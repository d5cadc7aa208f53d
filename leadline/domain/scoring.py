"""Scoring: which rules match a lead, how many points that is, and which grade.

A score is a pure function of the lead's fields and the rules. What is kept to explain it is one
bit per rule (at most 63 in a signed word) and the version of the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadline.domain.conditions import bitmap, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.domain.conditions import Condition


@dataclass(frozen=True, slots=True)
class Rule:
    """One scoring rule, compiled."""

    id: str
    condition: Condition
    points: int
    is_fit: bool


@dataclass(frozen=True, slots=True)
class Grades:
    """Least fit points of A, B and C; below C is D."""

    a: int
    b: int
    c: int


def decide_scores(frame: pd.DataFrame, rules: Sequence[Rule], grades: Grades) -> pd.DataFrame:
    """Score a batch of leads.

    Args:
        frame: one row per lead, text columns folded.
        rules: at most 63, in the order that gives each its bit.
        grades: thresholds on the fit points.

    Returns:
        A frame with the index of `frame` and the columns `matched` (bitmap), `points`,
        `fit_points` (int64) and `grade` (text).
    """
    matches = evaluate([rule.condition for rule in rules], frame)
    points = np.array([rule.points for rule in rules], dtype=np.int64)
    is_fit = np.array([rule.is_fit for rule in rules], dtype=bool)
    fit = matches @ (points * is_fit)
    return pd.DataFrame(
        {
            "matched": bitmap(matches),
            "points": matches @ points,
            "fit_points": fit,
            "grade": np.select(
                [fit >= grades.a, fit >= grades.b, fit >= grades.c], ["A", "B", "C"], "D"
            ),
        },
        index=frame.index,
    )
