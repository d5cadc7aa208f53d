"""What is new about scores: which are to be written, which changed and why, which crossed a line.

A score that only decayed is what the one before is worth now; both go through `decide_points`.
Whatever differs beyond that is a change, and history has a row of it. So the rows of history, each
with its sums, tell the score of any date exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leadline.domain.decay import as_instants, as_microseconds, length_of
from leadline.domain.score_fields import STORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt
    import pandas as pd

    from leadline.domain.engagement import Term

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Words = npt.NDArray[np.object_]

_WIDTH: Final = 8  # bytes of a sum
#: Why a row of history was written; a row of `removed` says that its model is no longer used.
CAUSES: Final = (
    *("new", "rules", "events", "window", "reclassified", "changed", "decay", "removed"),
)


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a batch by one model, as columns; row i is of lead i of the batch.

    Attributes:
        is_known: whether the lead has a score; all else means nothing where it has none.
        rule_set_id: the rules that it was made with.
        matched: bitmap of rules and disqualifiers.
        points: in all.
        fit_points: of the fit group.
        engagement_points: of the engagement group.
        grade: letter.
        engagement_level: 1 to 4.
        base_points: engagement points by rules alone.
        points_cap: of a disqualifier; NaN without one.
        sums: of decayed event points, one column per term of the live rules.
        last_event_id: the lead's newest human event; 0 without one.
        made_at: microseconds since 1970 at which score and sums were made.
    """

    is_known: Flags
    rule_set_id: Ints
    matched: Ints
    points: Floats
    fit_points: Floats
    engagement_points: Floats
    grade: Words
    engagement_level: Ints
    base_points: Floats
    points_cap: Floats
    sums: Floats
    last_event_id: Ints
    made_at: Ints

    def where(self, chosen: Flags | Ints) -> Scores:
        """Return the chosen scores."""
        return Scores(**{each.name: getattr(self, each.name)[chosen] for each in fields(self)})


@dataclass(frozen=True, slots=True)
class News:
    """What became of the scores of a batch.

    Attributes:
        is_written: scores that differ from what is stored.
        is_history: those with a row of history.
        causes: why, for each of these.
    """

    is_written: Flags
    is_history: Flags
    causes: Words


def as_scores(
    found: Mapping[str, Sequence[Any]], lead_ids: Sequence[int], terms: int
) -> tuple[Scores, Flags]:
    """Put stored columns in the order of a batch, and tell which scores have sums.

    Args:
        found: the columns by name, `lead_id`, `sums`, `last_event_id` and `as_of` among them.
        lead_ids: the batch, in ascending order.
        terms: how many sums a score by the live rules has; others are given back as zeros.
    """
    places = np.searchsorted(np.array(lead_ids, dtype=np.int64), np.array(found["lead_id"]))
    count = len(lead_ids)

    def placed(values: Sequence[Any], kind: str) -> Any:  # noqa: ANN401 - of any type
        column = np.zeros(count, dtype=kind)
        column[places] = np.array(values, dtype=kind)
        return column

    known = {at: as_instants([at])[0] for at in set(found["as_of"])}
    widths = [0 if each is None else len(each) for each in found["sums"]]
    fits = np.array([0 < width == terms * _WIDTH for width in widths], dtype=bool)
    whole = b"".join([each for each, is_fit in zip(found["sums"], fits, strict=True) if is_fit])
    sums = np.zeros((count, terms))
    if whole:
        sums[places[fits]] = np.frombuffer(whole, dtype="<f8").reshape(-1, terms)
    scores = Scores(
        is_known=placed([True] * len(places), "bool"),
        **{name: placed(found[name], kind) for name, kind in STORED.items()},
        sums=sums,
        last_event_id=placed([each or 0 for each in found["last_event_id"]], "int64"),
        made_at=placed([known[at] for at in found["as_of"]], "int64"),
    )
    return scores, placed(widths, "bool")


def as_decided(
    decided: pd.DataFrame,
    sums: Floats,
    *,
    rule_set_id: int,
    last_event_id: Ints,
    made_at: Ints,
) -> Scores:
    """Return the scores of a batch from what `decide_rules` and `decide_points` found."""
    count = len(decided)
    plain = {name: kind for name, kind in STORED.items() if name != "rule_set_id"}
    return Scores(
        is_known=np.ones(count, dtype=bool),
        rule_set_id=np.full(count, rule_set_id),
        **{name: decided[name].to_numpy().astype(kind) for name, kind in plain.items()},
        sums=sums,
        last_event_id=last_event_id,
        made_at=made_at,
    )


def as_columns(
    lead_ids: Ints, scores: Scores, model: str, *, config_hash: str, as_of: datetime
) -> dict[str, Sequence[Any]]:
    """Return scores made at `as_of` as the tables have them."""
    count, width = len(lead_ids), scores.sums.shape[1] * _WIDTH
    sums = scores.sums.astype("<f8").tobytes()
    has_sums: Flags = (scores.sums != 0).any(axis=1)
    plain = {name: getattr(scores, name).tolist() for name in STORED}
    caps = [None if cap != cap else cap for cap in plain["points_cap"]]  # noqa: PLR0124 - NaN
    return {
        "lead_id": lead_ids.tolist(),
        "model": [model] * count,
        **plain,
        "points_cap": caps,
        "sums": [
            sums[place * width : (place + 1) * width] if is_any else None
            for place, is_any in enumerate(has_sums.tolist())
        ],
        "last_event_id": [each or None for each in scores.last_event_id.tolist()],
        "config_hash": [config_hash] * count,
        "as_of": [as_of] * count,
    }


def moved(sums: Floats, terms: Sequence[Term], *, made_at: Ints, as_of: datetime) -> Floats:
    """Return sums as they are at the landmarks before `as_of`: scaled by powers of two."""
    found = sums.copy()
    now = as_microseconds(as_of)
    for number, term in enumerate(terms):
        if term.half_life is not None:
            length = length_of(term.half_life)
            steps = (made_at // length - now // length).astype(np.int32)
            if steps.any():
                found[:, number] = np.ldexp(sums[:, number], steps)
    return found


def find_news(
    old: Scores,
    new: Scores,
    terms: Sequence[Term],
    *,
    comparable: Flags,
    is_due_by_time: Flags,
    as_of: datetime,
) -> News:
    """Tell which scores are to be written, and which changed other than by decay.

    Args:
        old: as stored.
        new: as decided at `as_of`.
        terms: of the live rules.
        comparable: whose old sums mean the same under the live rules.
        is_due_by_time: of which an event may have left a window, or come to pass.
        as_of: now.
    """
    is_same_set = old.is_known & (old.rule_set_id == new.rule_set_id)
    carried = moved(old.sums, terms, made_at=old.made_at, as_of=as_of)
    is_same_sum = comparable & (carried == new.sums).all(axis=1)
    is_level = old.engagement_level == new.engagement_level
    is_same = _is_same(old, new)
    is_changed = ~(old.is_known & is_same & is_same_sum & is_level)
    is_decayed = (old.points != new.points) | (old.engagement_points != new.engagement_points)
    is_newer = new.last_event_id > old.last_event_id
    # where there were no sums all are comparable, also with those of added rules
    is_first = ~(old.sums != 0).any(axis=1) & ~is_same_sum & ~is_newer
    causes = np.select(
        [
            ~old.is_known,
            ~is_same_set & (~comparable | ~is_same | is_first),
            is_newer,
            is_due_by_time & ~(is_same & is_same_sum),
            ~is_same_sum | (new.last_event_id < old.last_event_id),
            ~is_same,
        ],
        ["new", "rules", "events", "window", "reclassified", "changed"],
        "decay",
    ).astype(object)
    is_written = is_changed | is_decayed | ~is_same_set | (new.last_event_id != old.last_event_id)
    return News(is_written, is_changed, causes)


def only_rules_differ(old: Scores, new: Scores, has_sums: Flags) -> Flags:
    """Tell which stored scores are what new rules make of them too.

    Args:
        old: as stored.
        new: as decided.
        has_sums: which of the stored ones have sums, also such as the live rules cannot read.
    """
    plain = [
        getattr(old, name) == getattr(new, name)
        for name in ("points", "engagement_points", "engagement_level", "last_event_id")
    ]
    is_sum = (old.sums == new.sums).all(axis=1) & (has_sums == (new.sums != 0).any(axis=1))
    same: Flags = old.is_known & _is_same(old, new) & is_sum & np.logical_and.reduce(plain)
    return same


def _is_same(old: Scores, new: Scores) -> Flags:
    """Tell which scores are alike in all that time does not change."""
    same: Flags = (
        (old.matched == new.matched)
        & (old.fit_points == new.fit_points)
        & (old.base_points == new.base_points)
        & (old.grade == new.grade)
        & ((old.points_cap == new.points_cap) | np.isnan(old.points_cap) & np.isnan(new.points_cap))
    )
    return same
