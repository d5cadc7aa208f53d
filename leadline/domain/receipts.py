"""The receipt of a score: one line per thing that gave or took points, adding up to the cent.

It is made of what was stored: the rules as they were then, the bitmap of those that matched and
the log of human events up to the newest that the score knows. Conditions on fields are never
evaluated again. Nothing here loads a numerical library, so that a command which shows a receipt
starts at once; `leadline.domain.scoring` does the same sums for batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.bitmaps import matched_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from leadline.domain.kept_rules import KeptDisqualifier, KeptEventRule, KeptRules

#: Single events that a line shows; those before are one sum.
SHOWN_EVENTS: Final = 20
#: In hundredths: further apart than this, a sum was made of other events.
_ROUNDING: Final = 1


class ScoredEvent(NamedTuple):
    """One human event of a lead."""

    id: int
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A stored score, now or at a time before.

    Attributes:
        matched: bitmap: rules, then disqualifiers.
        points: in all.
        fit_points: of the fit group.
        engagement_points: of the engagement group.
        as_of: when.
    """

    matched: int
    points: float
    fit_points: float
    engagement_points: float
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Single:
    """One event of a line.

    Attributes:
        event: the event.
        then: hundredths that it gave when it happened.
        decay: what is left of them, as a factor.
        points: hundredths that are left.
    """

    event: ScoredEvent
    then: int
    decay: float
    points: int


@dataclass(frozen=True, slots=True)
class EventLine:
    """What a line about events says beside its points.

    Attributes:
        rule: whose events they are.
        times: events that counted.
        count: events that happened, counted or not.
        last_at: when the last one that counted happened.
        decay: what is left of the points of all, as a factor.
        singles: the newest events that counted, the newest first.
        earlier_count: how many more counted before these.
        earlier: hundredths that those gave together.
        rounding: hundredths between the line and the sum of what it shows.
    """

    rule: KeptEventRule
    times: int
    count: int
    last_at: datetime | None
    decay: float
    singles: tuple[Single, ...] = ()
    earlier_count: int = 0
    earlier: int = 0
    rounding: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt.

    Attributes:
        kind: `rule`, `event`, `cap` (a bound of a rule or group that cut), `disqualifier`,
            `changed` (events are not those any more that the score was made of) or `rounding`.
        id: of the rule or group; the kind itself for the last two.
        points: in hundredths.
        group: `fit`, `engagement`, or "" for what concerns both.
        condition: of a rule, as it was written then.
        says: the reason in words by language.
        events: of a line about events.
        bound: most or least points, of a `cap` or `disqualifier`.
        grade: the best grade that a disqualifier allows.
    """

    kind: str
    id: str
    points: int
    group: str = ""
    condition: str = ""
    says: Mapping[str, str] = field(default_factory=dict)
    events: EventLine | None = None
    bound: float | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class _Worth:
    """A line with what it is worth before rounding."""

    line: Line
    exact: float


def hundredths(points: float) -> int:
    """Return points in hundredths, rounded half-even as scores are."""
    return round(points * 100)


def decide_receipt(
    rules: KeptRules,
    held: Held,
    events: Sequence[ScoredEvent],
    *,
    fitting: Mapping[str, Collection[int]] | None = None,
) -> tuple[Line, ...]:
    """Return the lines of a score, which add up to its points exactly.

    Args:
        rules: that the score was made with.
        held: the score.
        events: human events that it knew, in the order of their ids.
        fitting: ids of the events that meet the condition of each event rule that has one.
    """
    fit, engaged = _groups(rules, held.matched, events, fitting or {}, as_of=held.as_of)
    told = [each.line for each in (*fit, *engaged)]
    lines = [line for line in told if line.points or line.kind != "cap"]
    missing = hundredths(held.engagement_points) - hundredths(_total(engaged))
    if abs(missing) > _ROUNDING:
        lines.append(Line("changed", "changed", missing, group="engagement"))
    uncapped = hundredths(held.fit_points) + hundredths(held.engagement_points)
    cut = min(hundredths(held.points) - uncapped, 0)
    lines += _disqualified(rules, held.matched, cut)
    rest = hundredths(held.points) - sum(line.points for line in lines)
    return (*lines, Line("rounding", "rounding", rest)) if rest else tuple(lines)


def decide_held(
    rules: KeptRules,
    matched: int,
    events: Sequence[ScoredEvent],
    *,
    as_of: datetime,
    fitting: Mapping[str, Collection[int]] | None = None,
) -> Held:
    """Return what a lead with these matches and events is worth at an instant."""
    fit, engaged = (
        hundredths(_total(group))
        for group in _groups(rules, matched, events, fitting or {}, as_of=as_of)
    )
    capped = [each.at_most for each in _matching(rules, matched)[1] if each.at_most is not None]
    points = min([fit + engaged, *map(hundredths, capped)])
    return Held(matched, points / 100, fit / 100, engaged / 100, as_of)


def _total(group: Sequence[_Worth]) -> float:
    return sum(each.exact for each in group)


def _matching(rules: KeptRules, matched: int) -> tuple[list[int], list[KeptDisqualifier]]:
    """Return the rules that matched, by number, and the disqualifiers."""
    numbers, count = matched_numbers(matched), len(rules.rules)
    told = [number - count for number in numbers if number >= count]
    disqualifiers = [rules.disqualifiers[n] for n in told if n < len(rules.disqualifiers)]
    return [number for number in numbers if number < count], disqualifiers


def _groups(
    rules: KeptRules,
    matched: int,
    events: Sequence[ScoredEvent],
    fitting: Mapping[str, Collection[int]],
    *,
    as_of: datetime,
) -> tuple[list[_Worth], list[_Worth]]:
    """Return the lines of fit and of engagement, the weightiest first, bounds last."""
    found: dict[str, list[list[_Worth]]] = {"fit": [], "engagement": []}
    for rule in (rules.rules[number] for number in _matching(rules, matched)[0]):
        line = Line("rule", rule.id, hundredths(rule.points), rule.group, rule.condition, rule.says)
        found[rule.group].append([_Worth(line, rule.points)])
    for event_rule in rules.event_rules:
        told = _event_lines(event_rule, events, fitting.get(event_rule.id), as_of=as_of)
        if told:
            found["engagement"].append(told)
    fit, engaged = (
        [each for told in sorted(groups, key=_rank) for each in told] for groups in found.values()
    )
    return fit + _bounded(rules, "fit", fit), engaged + _bounded(rules, "engagement", engaged)


def _rank(told: Sequence[_Worth]) -> tuple[float, str]:
    return -abs(told[0].exact), told[0].line.id


def _bounded(rules: KeptRules, group: str, lines: Sequence[_Worth]) -> list[_Worth]:
    """Return the line of a group's bound, when it cut."""
    least, most = rules.bounds[group]
    total = _total(lines)
    kept = min(max(total, least), most)
    return [_cut(group, kept - total, group, bound=kept)] if kept != total else []


def _cut(id_: str, exact: float, group: str, *, bound: float) -> _Worth:
    return _Worth(Line("cap", id_, hundredths(exact), group, bound=bound), exact)


def _event_lines(
    rule: KeptEventRule,
    events: Sequence[ScoredEvent],
    fitting: Collection[int] | None,
    *,
    as_of: datetime,
) -> list[_Worth]:
    """Return the line of an event rule and of its bound; none without such an event."""
    happened = happened_events(rule, events, fitting, as_of=as_of)
    if not happened:
        return []
    counted = counted_events(rule, happened, as_of=as_of)
    worths = [rule.points * decay_factor(as_of - event.at, rule.half_life) for event in counted]
    exact = sum(worths)
    line = Line(
        "event",
        rule.id,
        hundredths(exact),
        "engagement",
        rule.condition,
        rule.says,
        _told(rule, counted, worths, count=len(happened)),
    )
    most = inf if rule.at_most is None else rule.at_most
    kept = min(max(exact, -most), most)
    if kept == exact:
        return [_Worth(line, exact)]
    cut = _cut(rule.id, kept - exact, "engagement", bound=kept)
    return [_Worth(line, exact), replace(cut, line=replace(cut.line, says=rule.says))]


def happened_events(
    rule: KeptEventRule,
    events: Sequence[ScoredEvent],
    fitting: Collection[int] | None,
    *,
    as_of: datetime,
) -> list[ScoredEvent]:
    """Return the events that a rule is about, counted or not."""
    return [
        event
        for event in events
        if event.kind in rule.kinds
        and event.at <= as_of
        and (fitting is None or event.id in fitting)
    ]


def counted_events(
    rule: KeptEventRule, happened: Sequence[ScoredEvent], *, as_of: datetime
) -> list[ScoredEvent]:
    """Return the events that a rule gives points for, in the order of their ids."""
    if rule.within is not None:
        happened = [event for event in happened if event.at > as_of - rule.within]
    if rule.limit is None:
        return list(happened)
    most, span = rule.limit
    taken: list[datetime] = []
    chosen = set()
    for event in sorted(happened, key=lambda event: (event.at, event.id)):
        if len(taken) < most or event.at - taken[-most] >= span:
            taken.append(event.at)
            chosen.add(event.id)
    return [event for event in happened if event.id in chosen]


def decay_factor(age: timedelta, half_life: timedelta | None) -> float:
    """Return what is left after a time, as a factor."""
    return 1.0 if half_life is None else float(2.0 ** -(age / half_life))


def _told(
    rule: KeptEventRule,
    counted: Sequence[ScoredEvent],
    worths: Sequence[float],
    *,
    count: int,
) -> EventLine:
    """Return the newest events one by one and the rest as a sum, which add up to the line."""
    exact, then = sum(worths), rule.points * len(counted)
    pairs = sorted(zip(counted, worths, strict=True), key=lambda pair: pair[0].at, reverse=True)
    newest, earlier = pairs[:SHOWN_EVENTS], pairs[SHOWN_EVENTS:]
    singles = tuple(
        Single(
            event,
            hundredths(rule.points),
            worth / rule.points if rule.points else 1.0,
            hundredths(worth),
        )
        for event, worth in newest
    )
    before = hundredths(sum(worth for _, worth in earlier))
    line = EventLine(
        rule,
        times=len(counted),
        count=count,
        last_at=newest[0][0].at if newest else None,
        decay=exact / then if then else 1.0,
        singles=singles,
        earlier_count=len(earlier),
        earlier=before,
    )
    shown = sum(single.points for single in singles) + before
    return replace(line, rounding=hundredths(exact) - shown)


def _disqualified(rules: KeptRules, matched: int, cut: int) -> list[Line]:
    """Return a line for each disqualifier that matched; the strictest bears what was cut."""
    found = sorted(
        _matching(rules, matched)[1],
        key=lambda each: (inf if each.at_most is None else each.at_most, each.id),
    )
    return [
        Line(
            "disqualifier",
            each.id,
            0 if place else cut,
            condition=each.condition,
            says=each.says,
            bound=each.at_most,
            grade=each.grade,
        )
        for place, each in enumerate(found)
    ]


def decide_level(rules: KeptRules, engagement_points: float) -> int:
    """Return the engagement level that points reach: 1 is the highest."""
    engaged = hundredths(engagement_points)
    return 1 + sum(engaged < hundredths(least) for least in rules.levels)


def changed_rules(
    before: tuple[KeptRules, int] | None, after: tuple[KeptRules, int]
) -> tuple[list[str], list[str]]:
    """Return the rules that matched newly, and those that do no more, by id."""
    was, now = (_names(*each) if each else [] for each in (before, after))
    return [each for each in now if each not in was], [each for each in was if each not in now]


def _names(rules: KeptRules, matched: int) -> list[str]:
    numbers, disqualifiers = _matching(rules, matched)
    return [*(rules.rules[n].id for n in numbers), *(each.id for each in disqualifiers)]
