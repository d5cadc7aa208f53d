"""What leads did, made into numbers: counts for conditions and decayed sums for points.

Events are columns in the order of their ids, so that sums are added in one order whatever the
batch. Only human events with an instant up to `as_of` ever reach this module's results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leadline.domain.conditions import evaluate
from leadline.domain.decay import as_instants, as_microseconds, landmark_weights, length_of
from leadline.domain.events import OURS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    import numpy.typing as npt
    import pandas as pd

    from leadline.domain.conditions import Condition
    from leadline.domain.events import Aggregate

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

_DAY: Final = 86_400_000_000  # microseconds
#: The review time of a lead whose counts never change by themselves.
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class EventLog:
    """Human events of a batch of leads, in the order of their ids.

    Attributes:
        lead: position of the event's lead in the batch.
        kind: position of its name in `kinds`.
        at: microseconds since 1970.
        kinds: names of events.
        details: folded `campaign`, `url` and `source` of each event; only where a rule asks.
        ids: of the events; only where somebody asks.
    """

    lead: Ints
    kind: Ints
    at: Ints
    kinds: tuple[str, ...]
    details: pd.DataFrame | None = None
    ids: Ints | None = None

    def up_to(self, as_of: datetime) -> EventLog:
        """Return the events that had happened by `as_of`."""
        return self.where(self.at <= as_microseconds(as_of))

    def where(self, chosen: Flags) -> EventLog:
        """Return the chosen events."""
        if chosen.all():
            return self
        details = None if self.details is None else self.details[chosen]
        return replace(
            self,
            lead=self.lead[chosen],
            kind=self.kind[chosen],
            at=self.at[chosen],
            details=details,
            ids=None if self.ids is None else self.ids[chosen],
        )

    def is_of(self, kinds: Collection[str]) -> Flags:
        """Tell which events have one of these names; none given means any but our own acts."""
        chosen = [name in kinds if kinds else name not in OURS for name in self.kinds]
        flags: Flags = np.array(chosen, dtype=bool)[self.kind]
        return flags


def make_log(found: Mapping[str, Sequence[Any]], lead_ids: Sequence[int]) -> EventLog:
    """Return the events of a batch but our own acts, in the order of their ids.

    Args:
        found: columns `id`, `lead_id`, `kind` and `occurred_at`; folded `campaign`, `url` and
            `source` where a rule asks for them.
        lead_ids: the batch.
    """
    if not found["id"]:
        return no_events()
    ids, batch = np.array(found["id"]), np.array(lead_ids, dtype=np.int64)
    order, known = np.argsort(ids, kind="stable"), np.argsort(batch, kind="stable")
    places = known[np.searchsorted(batch, np.array(found["lead_id"]), sorter=known)]
    kinds = {kind: place for place, kind in enumerate(sorted(set(found["kind"])))}
    numbers = np.array([kinds[kind] for kind in found["kind"]], dtype=np.int64)
    details = {name: found[name] for name in ("campaign", "url", "source") if name in found}
    log = EventLog(
        lead=places[order],
        kind=numbers[order],
        at=as_instants(found["occurred_at"])[order],
        kinds=tuple(kinds),
        details=_frame(details, order) if details else None,
        ids=ids[order],
    )
    return log.where(log.is_of(()))


def _frame(columns: Mapping[str, Sequence[Any]], order: npt.NDArray[np.intp]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns, dtype=object).iloc[order].reset_index(drop=True)


def no_events() -> EventLog:
    """Return a log without events."""
    none = np.empty(0, dtype=np.int64)
    return EventLog(none, none, none, ())


@dataclass(frozen=True, slots=True)
class Limit:
    """How many events of a rule count within any span of time."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class EventRule:
    """Points for something that a lead did, each time.

    Attributes:
        id: of the rule.
        kinds: names of the events.
        points: for one event, at the instant that it happens.
        half_life: after which half of them is left; None for points that stay.
        within: how long an event counts at all; None for ever.
        limit: how many events count within a span.
        at_most: the most that the rule may give, or take, in all.
        where: condition over the event's `campaign`, `url` and `source`.
    """

    id: str
    kinds: frozenset[str]
    points: float
    half_life: timedelta | None = None
    within: timedelta | None = None
    limit: Limit | None = None
    at_most: float | None = None
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One stored sum: the rules that decay alike, or a single rule with a cap of its own."""

    rules: tuple[EventRule, ...]
    half_life: timedelta | None
    at_most: float | None


def terms_of(rules: Sequence[EventRule]) -> tuple[Term, ...]:
    """Return the sums that rules need, in the order in which they are stored."""
    shared: dict[timedelta | None, list[EventRule]] = {}
    capped = []
    for rule in rules:
        if rule.at_most is None:
            shared.setdefault(rule.half_life, []).append(rule)
        else:
            capped.append(Term((rule,), rule.half_life, rule.at_most))
    return (*(Term(tuple(found), life, None) for life, found in shared.items()), *capped)


def sum_terms(log: EventLog, terms: Sequence[Term], *, count: int, as_of: datetime) -> Floats:
    """Return the sums of a batch at the landmarks before `as_of`, of shape (leads, terms)."""
    known = log.up_to(as_of)
    sums = np.zeros((count, len(terms)))
    for number, term in enumerate(terms):
        worth = np.zeros(len(known.at))
        for rule in term.rules:
            worth += np.where(counted(known, rule, as_of=as_of), rule.points, 0.0)
        weights = landmark_weights(known.at, half_life=term.half_life, as_of=as_of)
        # bincount adds one after the other, in the order of the events
        sums[:, number] = np.bincount(known.lead, weights=worth * weights, minlength=count)
    return sums


def counted(log: EventLog, rule: EventRule, *, as_of: datetime) -> Flags:
    """Tell which events a rule gives points for; the log ends at `as_of`."""
    chosen = log.is_of(rule.kinds)
    if rule.within is not None:
        chosen &= log.at > as_microseconds(as_of) - length_of(rule.within)
    if rule.where is not None and log.details is not None:
        chosen &= evaluate([rule.where], log.details)[:, 0]
    if rule.limit is not None:
        chosen[chosen] = _within_limit(log.lead[chosen], log.at[chosen], rule.limit)
    return chosen


def _within_limit(lead: Ints, at: Ints, limit: Limit) -> Flags:
    """Tell which events are among the first of any span, by lead and time."""
    order = np.lexsort((np.arange(len(at)), at, lead))
    leads, times, span = lead[order], at[order], length_of(limit.per)
    is_counted = np.ones(len(at), dtype=bool)
    back = limit.count
    crowded = (leads[back:] == leads[:-back]) & (times[back:] - times[:-back] < span)
    for one in np.unique(leads[back:][crowded]):
        taken: list[int] = []
        for place in range(*np.searchsorted(leads, [one, one + 1])):
            now = int(times[place])
            is_counted[place] = len(taken) < back or now - taken[-back] >= span
            if is_counted[place]:
                taken.append(now)
    found = np.empty(len(at), dtype=bool)
    found[order] = is_counted
    return found


def last_ids(log: EventLog, *, count: int, as_of: datetime) -> Ints:
    """Return the id of each lead's newest event that had happened by `as_of`; 0 without one."""
    known, found = log.up_to(as_of), np.zeros(count, dtype=np.int64)
    if known.ids is not None:
        np.maximum.at(found, known.lead, known.ids)
    return found


def count_aggregates(
    log: EventLog, aggregates: Sequence[Aggregate], *, count: int, as_of: datetime
) -> dict[str, Any]:
    """Return the columns of a batch that conditions name, such as `clicks_30d`.

    Days since the last event are NaN for a lead without one.
    """
    known, now = log.up_to(as_of), as_microseconds(as_of)
    columns: dict[str, Any] = {}
    for aggregate in aggregates:
        chosen = known.is_of(aggregate.kinds)
        if aggregate.days is None:
            last = np.full(count, np.iinfo(np.int64).min)
            np.maximum.at(last, known.lead[chosen], known.at[chosen])
            is_known = last > np.iinfo(np.int64).min
            days = np.full(count, np.nan)
            days[is_known] = (now - last[is_known]) // _DAY
            columns[aggregate.name] = days
        else:
            chosen &= known.at > now - aggregate.days * _DAY
            columns[aggregate.name] = np.bincount(known.lead[chosen], minlength=count).astype(float)
    return columns


def next_reviews(
    log: EventLog,
    rules: Sequence[EventRule],
    aggregates: Mapping[Aggregate, Collection[int] | None],
    *,
    count: int,
    as_of: datetime,
) -> Ints:
    """Return when each lead's score can change other than by decay.

    That is when an event leaves a window, when a whole day more has passed since the last one, or
    when an event dated ahead comes to pass.

    Args:
        log: all human events of the batch, also those after `as_of`.
        rules: of the model.
        aggregates: what the conditions name; for days since the last event the numbers of days
            at which a condition may change, None for each of them.
        count: leads in the batch.
        as_of: now.

    Returns:
        Microseconds since 1970, `NEVER` for a lead without such an instant.
    """
    now = as_microseconds(as_of)
    found = np.full(count, NEVER)
    ahead = log.at > now
    np.minimum.at(found, log.lead[ahead], log.at[ahead])
    spans = [(rule.kinds, length_of(rule.within)) for rule in rules if rule.within is not None]
    spans += [(each.kinds, each.days * _DAY) for each in aggregates if each.days is not None]
    known = log.up_to(as_of)
    for kinds, span in dict.fromkeys(spans):
        leaving = known.is_of(kinds) & (known.at + span > now)
        np.minimum.at(found, known.lead[leaving], known.at[leaving] + span)
    for aggregate, days in aggregates.items():
        if aggregate.days is None:
            _days_passing(found, known, aggregate, days, now=now)
    return found


def _days_passing(
    found: Ints,
    log: EventLog,
    aggregate: Aggregate,
    days: Collection[int] | None,
    *,
    now: int,
) -> None:
    """Note when a lead's last event will be one of these numbers of days old."""
    chosen = log.is_of(aggregate.kinds)
    last = np.full(len(found), np.iinfo(np.int64).min)
    np.maximum.at(last, log.lead[chosen], log.at[chosen])
    known = last > np.iinfo(np.int64).min
    if days is None:
        next_day = last[known] + ((now - last[known]) // _DAY + 1) * _DAY
        found[known] = np.minimum(found[known], next_day)
    for number in days or ():
        at = last[known] + number * _DAY
        found[known] = np.where(at > now, np.minimum(found[known], at), found[known])
