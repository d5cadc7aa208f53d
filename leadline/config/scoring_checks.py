"""Checking `scoring.yaml` against itself, the fields, the events and the segments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeGuard

from leadline.config.condition_checks import Names, check_condition, check_rule, compile_at
from leadline.config.conditions import EVENT_FIELDS, model_fields
from leadline.config.entries import entries, is_text, languages, repeated
from leadline.config.problems import nearest
from leadline.config.scoring import MAIN
from leadline.domain.behavior import read_kind
from leadline.domain.conditions import Condition, compile_condition
from leadline.domain.events import EVENTS, GROUPS, OURS, SINGULAR, find_aggregate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from leadline.config.document import Document, Path
    from leadline.errors import Problem

_GRADES: Final = ("A", "B", "C")
_GROUPS: Final = frozenset({"fit", "engagement"})
_LEVELS: Final = ("first", "second", "third")


def check_scoring(scoring: Document, names: Names) -> Iterator[Problem]:
    """Yield the faults and warnings of every model, and of what hands leads over."""
    yield from _model(scoring, (), names)
    for path in entries(scoring, ("models",)):
        yield from _model_name(scoring, path, names)
        yield from languages(scoring, (*path, "title"))
        yield from _model(scoring, path, names)
    yield from check_condition(scoring, ("hand_over",), names)
    condition, _ = compile_at(scoring, ("hand_over",), names)
    if condition is not None and "routing_skip" in condition.fields:
        yield scoring.at_value(("hand_over",)).warning("hand_over_of_itself")


def check_declared_events(settings: Document) -> Iterator[Problem]:
    """Yield a fault for each declared event whose name means another one already."""
    first_lines: dict[str, int] = {}
    for path in entries(settings, ("events",)):
        name, spot = settings.get(path), settings.at_value(path)
        if not is_text(name):
            continue
        if name in {*EVENTS, *GROUPS, *SINGULAR} or read_kind(name) in EVENTS:
            yield spot.problem("reserved_event", found=name)
        elif name in first_lines:
            yield spot.problem("duplicate_id", first=first_lines[name])
        first_lines.setdefault(name, spot.line)


def _model_name(scoring: Document, path: Path, names: Names) -> Iterator[Problem]:
    """Yield a fault when the fields of a model would be mistaken for others."""
    name = str(path[-1])
    others = {**names.fields(), **names.custom}
    for each in model_fields((name,)):
        is_other = each in others and each not in model_fields(names.models)
        if name == MAIN or is_other or find_aggregate(each):
            yield scoring.at_key(path).problem("reserved_model", found=name, field=each)
            return


def _model(scoring: Document, at: Path, names: Names) -> Iterator[Problem]:
    lists = [(*at, each) for each in ("rules", "events", "disqualifiers")]
    yield from repeated(scoring, *lists)
    for path in (entry for each in lists for entry in entries(scoring, each)):
        yield from languages(scoring, (*path, "says"))
        yield from check_rule(scoring, (*path, "when"), names)
        yield from _idle(scoring, path)
    for path in entries(scoring, (*at, "events")):
        yield from _event(scoring, (*path, "event"), names)
        yield from _where(scoring, (*path, "where"))
    for path in entries(scoring, (*at, "lifecycle")):
        yield from check_condition(scoring, (*path, "when"), names)
        yield from _transition(scoring, path)
    yield from _reach(scoring, at, "fit")
    yield from _reach(scoring, at, "engagement")


def _idle(scoring: Document, path: Path) -> Iterator[Problem]:
    """Warn of a rule without points and of a disqualifier without limits."""
    entry = scoring.get(path)
    if not isinstance(entry, dict):
        return
    points = entry.get("points")
    if _is_number(points) and points == 0:
        yield scoring.at_value((*path, "points")).warning("no_points")
    is_unlimited = entry.get("at_most", 0) is None and entry.get("grade", "D") in {None, "A"}
    if path[-2] == "disqualifiers" and is_unlimited:
        yield scoring.at_key((*path, "at_most")).warning("idle_disqualifier")


def _event(scoring: Document, path: Path, names: Names) -> Iterator[Problem]:
    known = {*EVENTS, *names.events}
    several = isinstance(scoring.get(path), tuple)
    earlier: set[object] = set()
    for each in entries(scoring, path) if several else [path]:
        name = scoring.get(each)
        if is_text(name) and name in earlier:
            yield scoring.at_value(each).warning("repeated_event", found=name)
            continue
        earlier |= {name} if is_text(name) else set()
        if is_text(name) and name in OURS:
            yield scoring.at_value(each).problem("event_of_ours", found=name)
        elif is_text(name) and name not in known:
            suggestion = _event_meant(name, known - OURS)
            yield scoring.at_value(each).problem("unknown_event", found=name, suggestion=suggestion)


def _event_meant(name: str, known: Collection[str]) -> str:
    """Return the event that files call so (`visits`, `クリック`), or else the most alike."""
    words = [read_kind(name), read_kind(name.strip().removesuffix("s"))]
    return next((word for word in words if word in known), "") or nearest(words[0], known)


def _where(scoring: Document, path: Path) -> Iterator[Problem]:
    text = scoring.get(path)
    if not is_text(text) or not text:
        return
    compiled = compile_condition(text, fields=EVENT_FIELDS)
    for finding in () if isinstance(compiled, Condition) else compiled:
        yield scoring.within(path, finding.line, finding.column).worded(
            finding.code,
            en=finding.message["en"],
            ja=finding.message["ja"],
            suggestion=finding.suggestion,
        )


def _transition(scoring: Document, path: Path) -> Iterator[Problem]:
    goal = scoring.get((*path, "to"))
    for each in entries(scoring, (*path, "from")):
        if scoring.get(each) == goal and is_text(goal):
            yield scoring.at_value(each).problem("transition_in_place", found=goal)


def _reach(scoring: Document, at: Path, group: str) -> Iterator[Problem]:
    """Warn of thresholds that no lead can reach, and of an idle cap."""
    cap = (*at, "groups", group, "at_most")
    limit, highest = scoring.get(cap), _highest(scoring, at, group)
    if limit is not None and not _is_number(limit):  # told with the shape
        return
    if limit is not None and highest <= limit:
        yield scoring.at_value(cap).warning("cap_changes_nothing", most=f"{highest:g}")
    if limit is None and not _gives(scoring, at, group):  # a model need not use both groups
        return
    most = highest if limit is None else min(limit, highest)
    section, steps = ("grades", _GRADES) if group == "fit" else ("levels", _LEVELS)
    for step in steps:
        needed = scoring.get((*at, section, step))
        if _is_number(needed) and needed > most:
            yield scoring.at_value((*at, section, step)).warning(
                "threshold_out_of_reach", most=f"{most:g}"
            )


def _gives(scoring: Document, at: Path, group: str) -> list[Path]:
    """Return the rules that give points to a group; of one with a typo nobody can tell."""
    rules = [
        path
        for path in entries(scoring, (*at, "rules"))
        if (scoring.get((*path, "group")) or "fit") not in _GROUPS - {group}
    ]
    return rules + list(entries(scoring, (*at, "events")) if group == "engagement" else ())


def _highest(scoring: Document, at: Path, group: str) -> float:
    """Return the points that a group reaches when everything matches that adds some."""
    total = 0.0
    for path in _gives(scoring, at, group):
        points, most = scoring.get((*path, "points")), scoring.get((*path, "at_most"))
        if not _is_number(points):
            return math.inf
        if points > 0 and path[-2] == "events":
            total += most if _is_number(most) else math.inf
        else:
            total += max(points, 0)
    least = scoring.get((*at, "groups", group, "at_least"))
    return max(total, least) if _is_number(least) else total


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
