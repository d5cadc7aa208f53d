"""Routing: which territory a lead falls into, and which rep of it takes the lead.

The rule is stated and repeatable: the line with the lowest priority number wins; among equals
the one with the most conditions, then the first in the file. Among the territory's reps the one
with the lowest load in proportion to the weekly capacity is chosen, then the first by id; nobody
goes above the capacity. Hot leads choose first, and among them and the others those with more
points. A lead whose owner an import stated goes to that rep before any territory is looked at,
unless the rep is gone, away, at capacity or has declined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leadline.domain.conditions import fold
from leadline.domain.skips import SkipReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

#: How many candidates a trace lists, the chosen one first.
TRACE_CANDIDATES: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One territory line; None matches anything. Text is folded."""

    id: str
    rule: str
    priority: int
    team: str
    country: str | None = None
    region: str | None = None
    postal_prefix: str | None = None
    industry: str | None = None
    employees_min: int | None = None
    employees_max: int | None = None

    @property
    def condition_count(self) -> int:
        """Return how many conditions the line states: more is more specific."""
        stated = (self.country, self.region, self.postal_prefix, self.industry)
        sizes = (self.employees_min, self.employees_max)
        return sum(value is not None for value in (*stated, *sizes))


@dataclass(frozen=True, slots=True)
class RepState:
    """A rep as routing sees one: who, for which territories, and how busy this week."""

    id: str
    team: str
    rules: frozenset[str]
    capacity: int
    load: int
    is_away: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    """The lead goes to `rep`; `trace` says why. `line` is None where an import stated the owner."""

    rep: str
    line: str | None
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waits:
    """The lead waits in the fallback queue; `trace` says why."""

    reason: SkipReason
    line: str | None
    trace: dict[str, Any] = field(default_factory=dict)


def match_lines(frame: pd.DataFrame, lines: Sequence[Line]) -> NDArray[np.bool_]:
    """Tell which lines each lead falls into.

    Args:
        frame: columns country, region, postal_code, industry (text as stored) and
            employees_min, employees_max.
        lines: the territory lines.

    Returns:
        Booleans of shape (leads, lines).
    """
    folded = {name: _each(frame[name], fold) for name in ("country", "region", "industry")}
    postal = _each(frame["postal_code"], _plain_postal)
    low = frame["employees_min"].to_numpy(dtype=np.float64, na_value=np.nan)
    masks = [_mask(line, folded, postal, low) for line in lines]
    return np.column_stack(masks) if masks else np.zeros((len(frame), 0), dtype=bool)


def _each(column: pd.Series, read: Callable[[str], str]) -> NDArray[np.object_]:
    """Return `read` of every text, "" where there is none; equal texts are read once."""
    known = {value: read(value) for value in set(column) if isinstance(value, str)}
    return np.array([known.get(value, "") for value in column], dtype=object)


def _plain_postal(code: str) -> str:
    return fold(code).replace("-", "").replace(" ", "")


def _mask(
    line: Line,
    folded: Mapping[str, NDArray[np.object_]],
    postal: NDArray[np.object_],
    low: NDArray[np.float64],
) -> NDArray[np.bool_]:
    mask = np.ones(len(low), dtype=bool)
    for name in ("country", "region", "industry"):
        if (wanted := getattr(line, name)) is not None:
            mask &= folded[name] == wanted
    if (prefix := line.postal_prefix) is not None:
        plain = _plain_postal(prefix)
        mask &= np.fromiter((code.startswith(plain) for code in postal), dtype=bool, count=len(low))
    # an unknown size is NaN, and a comparison with NaN does not match
    if line.employees_min is not None:
        mask &= low >= line.employees_min
    if line.employees_max is not None:
        mask &= low <= line.employees_max
    return mask


def decide_routing(
    frame: pd.DataFrame,
    *,
    lines: Sequence[Line],
    reps: Sequence[RepState],
    declined: Mapping[int, frozenset[str]],
    stated: Mapping[int, str] = MappingProxyType({}),
) -> Iterator[tuple[int, Assigned | Waits]]:
    """Decide an owner, or a reason to wait, for each lead; hot leads come first, then points.

    Args:
        frame: index = lead id; the columns of `match_lines`, `points`, and `is_hot` (bool).
        lines: the territory lines.
        reps: every active rep with the load that counts against the capacity.
        declined: reps who declined a lead already, by lead id.
        stated: the rep whom an import named as a lead's owner, by lead id.

    Yields:
        The lead id and the decision, in the order in which leads chose.
    """
    ranked = sorted(
        range(len(lines)), key=lambda i: (lines[i].priority, -lines[i].condition_count, i)
    )
    matches = match_lines(frame, lines)[:, ranked]
    loads = {rep.id: rep.load for rep in reps}
    by_line = [_eligible(lines[i], reps) for i in ranked]
    points = frame["points"].fillna(0).to_numpy()
    is_cold = ~frame["is_hot"].to_numpy(dtype=np.bool_)
    ids = frame.index.to_numpy()
    by_id = {rep.id: rep for rep in reps}
    for row in np.lexsort((ids, -points, is_cold)):
        lead_id = int(ids[row])
        refused = declined.get(lead_id, frozenset())
        owner = stated.get(lead_id)
        kept = owner and _keep_owner(owner, by_id.get(owner), loads, declined=refused)
        if isinstance(kept, Assigned):
            yield lead_id, kept
            continue
        hits = np.flatnonzero(matches[row])
        tried = [lines[ranked[hit]].id for hit in hits]
        trace = {"tried": tried, **({"stated_owner": kept} if kept else {})}
        if not tried:
            yield lead_id, Waits(SkipReason.NO_TERRITORY, None, trace)
            continue
        line, candidates = lines[ranked[hits[0]]], by_line[hits[0]]
        yield lead_id, _choose(line, candidates, loads, declined=refused, trace=trace)


def _keep_owner(
    owner: str, rep: RepState | None, loads: dict[str, int], *, declined: frozenset[str]
) -> Assigned | dict[str, Any]:
    """Give a lead to the owner that an import stated, or return why it goes the normal way."""
    if rep is None:
        return {"rep": owner, "passed_over": "inactive"}
    shown = _candidate(rep, loads[rep.id], has_declined=rep.id in declined)
    if "passed_over" in shown:
        return shown
    loads[rep.id] += 1
    facts = {"tried": [], "team": rep.team, "able": 1, "candidates": [shown]}
    return Assigned(rep.id, None, {**facts, "stated_owner": {"rep": rep.id}})


def _eligible(line: Line, reps: Sequence[RepState]) -> list[RepState]:
    """Return the line's reps: those of its team who name its rule, else the whole team."""
    team = [rep for rep in reps if rep.team == line.team]
    return [rep for rep in team if line.rule in rep.rules] or team


def _choose(
    line: Line,
    candidates: Sequence[RepState],
    loads: dict[str, int],
    *,
    declined: frozenset[str],
    trace: dict[str, Any],
) -> Assigned | Waits:
    asked = [rep for rep in candidates if rep.id not in declined]
    able = [rep for rep in asked if not rep.is_away and loads[rep.id] < rep.capacity]
    able.sort(key=lambda rep: ((loads[rep.id] + 1) / rep.capacity, rep.id))
    trace = {
        **trace,
        "line": line.id,
        "territory": line.rule,
        "team": line.team,
        "able": len(able),
        "candidates": [
            _candidate(rep, loads[rep.id], has_declined=rep.id in declined)
            for rep in _shown(able, candidates)
        ],
    }
    if not able:
        at_capacity = any(rep.capacity > 0 and not rep.is_away for rep in asked)
        reason = SkipReason.OVER_CAPACITY if at_capacity else SkipReason.NO_REP
        return Waits(reason, line.id, trace)
    loads[able[0].id] += 1
    return Assigned(able[0].id, line.id, trace)


def _shown(able: list[RepState], candidates: Sequence[RepState]) -> list[RepState]:
    """Return the first of those who can take the lead, then of the others."""
    ids = {rep.id for rep in able}
    return (able + [rep for rep in candidates if rep.id not in ids])[:TRACE_CANDIDATES]


def _candidate(rep: RepState, load: int, *, has_declined: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"rep": rep.id, "load": load, "capacity": rep.capacity}
    if has_declined:
        return {**shown, "passed_over": "declined"}
    if rep.is_away:
        return {**shown, "passed_over": "away"}
    return {**shown, "passed_over": "at_capacity"} if load >= rep.capacity else shown
