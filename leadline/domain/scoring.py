"""Scoring: which rules match a lead, what it did, how many points that is, and which grade.

A score is a pure function of the lead's fields, its human events, the rules and `as_of`. What is
kept to explain it is one bit per rule (at most 63 in a signed word) and the version of the rules;
what is kept to let it decay is one sum per term (`leadline.domain.decay`). A batch that is scored
anew and one that only grows older go through the same `decide_points`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from leadline.domain.conditions import bitmap, evaluate
from leadline.domain.decay import decayed
from leadline.domain.engagement import terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy.typing as npt

    from leadline.domain.conditions import Condition
    from leadline.domain.engagement import EventRule, Term

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

GRADES: Final = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True)
class Rule:
    """One scoring rule over a lead's fields, compiled."""

    id: str
    condition: Condition
    points: float
    is_fit: bool


@dataclass(frozen=True, slots=True)
class Disqualifier:
    """Caps what a lead may reach, whatever else speaks for it.

    Attributes:
        id: of the rule.
        condition: whom it concerns.
        at_most: points that such a lead may have; None for any.
        grade: the best grade that it may have; None for any.
    """

    id: str
    condition: Condition
    at_most: float | None = 0.0
    grade: str | None = "D"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most points of a group."""

    at_least: float = -np.inf
    at_most: float = np.inf


@dataclass(frozen=True, slots=True)
class Grades:
    """Least fit points of A, B and C; below C is D."""

    a: float
    b: float
    c: float


@dataclass(frozen=True, slots=True)
class Levels:
    """Least engagement points of levels 1, 2 and 3; below the third is 4."""

    first: float
    second: float
    third: float


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that turns a lead into a score, compiled.

    Attributes:
        name: `main`, or the model's name in the configuration.
        rules: over the lead's fields, in the order that gives each its bit.
        disqualifiers: in the order that gives each its bit, after those of the rules.
        event_rules: over what the lead did.
        grades: thresholds on fit points.
        levels: thresholds on engagement points.
        fit: bounds of the fit group.
        engagement: bounds of the engagement group.
        terms: the sums that are stored for the event rules.
    """

    name: str
    rules: Sequence[Rule]
    grades: Grades
    levels: Levels
    disqualifiers: Sequence[Disqualifier] = ()
    event_rules: Sequence[EventRule] = ()
    fit: Bounds = Bounds()
    engagement: Bounds = Bounds()
    terms: tuple[Term, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the terms."""
        object.__setattr__(self, "terms", terms_of(self.event_rules))


def decide_rules(frame: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Decide what does not change with time: which rules match, and what follows from them.

    Args:
        frame: one row per lead, text columns folded, the counts that conditions name included.
        model: the rules.

    Returns:
        A frame with the index of `frame` and the columns `matched` (bitmap: rules, then
        disqualifiers), `fit_points`, `base_points` (engagement points by rules alone, unbounded),
        `points_cap` (NaN without one) and `grade`.
    """
    rules, disqualifiers = model.rules, model.disqualifiers
    conditions = [rule.condition for rule in rules]
    conditions += [each.condition for each in disqualifiers]
    matches = evaluate(conditions, frame)
    ruled, capped = matches[:, : len(rules)], matches[:, len(rules) :]
    fit = _cents(_bounded(_sum(ruled, rules, is_fit=True), model.fit))
    caps = np.array([_or(each.at_most, np.inf) for each in disqualifiers], dtype=float)
    lowest = np.min(np.where(capped, caps, np.inf), axis=1, initial=np.inf)
    return pd.DataFrame(
        {
            "matched": bitmap(matches),
            "fit_points": fit / 100,
            "base_points": _sum(ruled, rules, is_fit=False),
            "points_cap": np.where(np.isinf(lowest), np.nan, lowest),
            "grade": pd.Series(_grades(fit, capped, model), dtype=object, index=frame.index),
        },
        index=frame.index,
    )


def _sum(matches: npt.NDArray[np.bool_], rules: Sequence[Rule], *, is_fit: bool) -> Floats:
    """Return the points of each lead by the rules of a group, added in the order of the rules.

    A product of matrices would add in an order of its own, and keep all cores waiting for it.
    """
    total = np.zeros(len(matches))
    for place, rule in enumerate(rules):
        if rule.is_fit == is_fit:
            total += matches[:, place] * float(rule.points)
    return total


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _grades(fit: Floats, capped: npt.NDArray[np.bool_], model: Model) -> npt.NDArray[np.object_]:
    """Return the letter of each lead: by its fit points, no better than a disqualifier allows."""
    least = _cents(np.array([model.grades.a, model.grades.b, model.grades.c], dtype=float))
    places = (fit[:, None] < least).sum(axis=1)
    worst = np.array([GRADES.index(each.grade or "A") for each in model.disqualifiers], dtype=int)
    limits = np.max(np.where(capped, worst, 0), axis=1, initial=0)
    grades: npt.NDArray[np.object_] = np.array(GRADES, dtype=object)[np.maximum(places, limits)]
    return grades


def decide_points(
    decided: pd.DataFrame, sums: Floats, model: Model, *, made_at: Ints, as_of: datetime
) -> pd.DataFrame:
    """Decide what a lead is worth at `as_of`, whether it was just scored or only grew older.

    Points are rounded half-even to 0.01 once, in hundredths, so the total is the sum of what is
    shown for the groups.

    Args:
        decided: `fit_points`, `base_points` and `points_cap` as `decide_rules` made them.
        sums: of shape (leads, terms), as `sum_terms` made them.
        model: the rules.
        made_at: microseconds since 1970 at which each lead's sums were made.
        as_of: now.

    Returns:
        A frame with the index of `decided` and the columns `points`, `engagement_points` and
        `engagement_level`.
    """
    engagement = decided["base_points"].to_numpy(dtype=float)
    for number, term in enumerate(model.terms):
        worth = decayed(sums[:, number], half_life=term.half_life, made_at=made_at, as_of=as_of)
        if term.at_most is not None:
            worth = np.clip(worth, -term.at_most, term.at_most)
        engagement = engagement + worth
    engaged = _cents(_bounded(engagement, model.engagement))
    fit = _cents(decided["fit_points"].to_numpy(dtype=float))
    caps = _cents(decided["points_cap"].to_numpy(dtype=float))
    least = _cents(
        np.array([model.levels.first, model.levels.second, model.levels.third], dtype=float)
    )
    return pd.DataFrame(
        {
            "points": np.fmin(fit + engaged, caps) / 100,
            "engagement_points": engaged / 100,
            "engagement_level": 1 + sum((engaged < each).astype(np.int64) for each in least),
        },
        index=decided.index,
    )


def _bounded(points: Floats, bounds: Bounds) -> Floats:
    """Return points within the bounds of their group."""
    if np.isinf(bounds.at_least) and np.isinf(bounds.at_most):
        return points
    found: Floats = np.clip(points, bounds.at_least, bounds.at_most)
    return found


def _cents(points: Floats) -> Floats:
    """Return points in hundredths, rounded half-even; never minus zero."""
    cents: Floats = points * 100
    np.rint(cents, out=cents)
    cents += 0.0
    return cents
