"""What a score of the past was worth: of the events that it was made of, whatever they are today.

A row of history has its sums, so that a receipt of a date says what stood then. Like the receipt
itself it is made without a numerical library; `leadline.domain.scoring` does the same for batches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf, isclose
from typing import TYPE_CHECKING, Final

from leadline.domain.receipts import (
    Held,
    counted_events,
    decay_factor,
    decide_held,
    happened_events,
    hundredths,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from leadline.domain.kept_rules import KeptEventRule, KeptRules
    from leadline.domain.receipts import ScoredEvent

#: Points that are none: sums of the same events, made in another order, differ by less.
_NO_POINTS: Final = 1e-6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Past:
    """What a score was made of when it was made.

    Attributes:
        matched: bitmap: rules, then disqualifiers.
        fit_points: of the fit group.
        base_points: engagement points by rules alone.
        points_cap: of a disqualifier; None without one.
        sums: of event points, at the landmarks before `made_at`; see `leadline.domain.decay`.
        made_at: when.
    """

    matched: int
    fit_points: float
    base_points: float
    points_cap: float | None
    sums: tuple[float, ...]
    made_at: datetime


def decide_past(
    rules: KeptRules,
    past: Past,
    events: Sequence[ScoredEvent],
    *,
    as_of: datetime,
    fitting: Mapping[str, Collection[int]] | None = None,
) -> Held:
    """Return what a score of the past was worth at an instant.

    Where the events of today do not come to its sums, these tell what stood: events were
    reclassified since, erased, or joined to the lead later.

    Args:
        rules: that the score was made with.
        past: the score.
        events: human events up to the newest that it knew, in the order of their ids.
        as_of: not before the score.
        fitting: see `decide_receipt`.
    """
    terms = _terms(rules)
    past = past if past.sums else replace(past, sums=(0.0,) * len(terms))
    if len(past.sums) == len(terms) and not _agree(terms, past, events, fitting or {}):
        return _decide_stored(rules, terms, past, as_of=as_of)
    return decide_held(rules, past.matched, events, as_of=as_of, fitting=fitting)


def _terms(rules: KeptRules) -> list[list[KeptEventRule]]:
    """Return the rules of each sum, in the order of the sums."""
    shared: dict[timedelta | None, list[KeptEventRule]] = {}
    for rule in rules.event_rules:
        if rule.at_most is None:
            shared.setdefault(rule.half_life, []).append(rule)
    return [*shared.values(), *([rule] for rule in rules.event_rules if rule.at_most is not None)]


def _agree(
    terms: Sequence[Sequence[KeptEventRule]],
    past: Past,
    events: Sequence[ScoredEvent],
    fitting: Mapping[str, Collection[int]],
) -> bool:
    """Tell whether events come to the sums that a score was made of."""
    at = past.made_at
    return all(
        isclose(
            sum(
                rule.points * decay_factor(at - event.at, rule.half_life)
                for rule in term
                for event in counted_events(
                    rule, happened_events(rule, events, fitting.get(rule.id), as_of=at), as_of=at
                )
            ),
            _worth(total, term[0].half_life, made_at=at, as_of=at),
            abs_tol=_NO_POINTS,
        )
        for term, total in zip(terms, past.sums, strict=True)
    )


def _worth(
    total: float, half_life: timedelta | None, *, made_at: datetime, as_of: datetime
) -> float:
    """Return what a stored sum is worth at an instant."""
    if half_life is None:
        return total
    landmark = _EPOCH + (made_at - _EPOCH) // half_life * half_life
    return total * decay_factor(as_of - landmark, half_life)


def _decide_stored(
    rules: KeptRules,
    terms: Sequence[Sequence[KeptEventRule]],
    past: Past,
    *,
    as_of: datetime,
) -> Held:
    engagement = past.base_points
    for term, total in zip(terms, past.sums, strict=True):
        most = inf if term[0].at_most is None else term[0].at_most
        worth = _worth(total, term[0].half_life, made_at=past.made_at, as_of=as_of)
        engagement += min(max(worth, -most), most)
    least, most = rules.bounds["engagement"]
    fit, engaged = hundredths(past.fit_points), hundredths(min(max(engagement, least), most))
    points = fit + engaged
    if past.points_cap is not None:
        points = min(points, hundredths(past.points_cap))
    return Held(past.matched, points / 100, fit / 100, engaged / 100, as_of)
