"""Score models as the configuration has them: compiled for scoring, plain to be kept for ever."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from leadline.config.conditions import (
    EVENT_FIELDS,
    compile_project_condition,
    compile_with,
)
from leadline.config.scoring import MAIN
from leadline.domain.engagement import EventRule, Limit
from leadline.domain.events import find_aggregate
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS
from leadline.domain.scoring import Bounds, Disqualifier, Grades, Levels, Model, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.config.scoring import BoundsShape, EventRuleShape, ModelShape, TransitionShape
    from leadline.config.shape import Project
    from leadline.domain.conditions import Condition

#: What of a rule set says how points pass with time; with the same, the same sums decay alike.
_OF_TIME: Final = ("events", "groups", "levels")
#: What a lead has is no count of events, whatever its name reads like.
_OF_LEADS: Final = LEAD_FIELDS.keys() | DERIVED_FIELDS.keys()


@dataclass(frozen=True, slots=True)
class Transition:
    """When a lead enters a lifecycle stage by itself, compiled."""

    shape: TransitionShape
    condition: Condition


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model in use.

    Attributes:
        model: compiled.
        transitions: in the order of the file.
        kept: the plain form that explains scores for ever.
        hash: SHA-256 (hex) over all that a score depends on, and what follows from it; that of
            the main model also over which models stand beside it, who is handed over and what
            sequences ask of events, so that every lead is looked at again when one of these is
            edited.
    """

    model: Model
    transitions: tuple[Transition, ...]
    kept: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class LiveScoring:
    """All that scoring decides with, compiled.

    Attributes:
        models: the main one first.
        hand_over: which leads reach a rep; None when all do.
        entries: of the sequences; they may ask for points and event counts.
    """

    models: tuple[LiveModel, ...]
    hand_over: Condition | None
    entries: tuple[Condition, ...]

    @property
    def following(self) -> tuple[Condition, ...]:
        """Return the conditions on what is decided after the points."""
        moves = [each.condition for live in self.models for each in live.transitions]
        return (*moves, *([self.hand_over] if self.hand_over else []), *self.entries)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Return every condition whose answer a score, or what follows from it, depends on."""
        models = [live.model for live in self.models]
        rules = [rule.condition for model in models for rule in model.rules]
        caps = [each.condition for model in models for each in model.disqualifiers]
        return (*rules, *caps, *self.following)


def read_scoring(project: Project) -> LiveScoring:
    """Return what scoring decides with, compiled once for each configuration."""
    cache = _compiled(project.hash)
    if not cache:
        cache.append(_compile_all(project))
    return cache[0]


@lru_cache(maxsize=4)
def _compiled(config_hash: str) -> list[LiveScoring]:
    """Return the place of one configuration: compiling takes a tenth of a second."""
    del config_hash
    return []


def _compile_all(project: Project) -> LiveScoring:
    return LiveScoring(
        models=compile_models(project),
        hand_over=next(iter(_beyond(project)), None),
        entries=_entries(project),
    )


def decays_alike(kept: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether sums made with one rule set mean the same under another one."""
    return _of_time(kept) == _of_time(other)


def _of_time(kept: Mapping[str, Any]) -> dict[str, Any]:
    # through JSON, as the database gives it back
    found: dict[str, Any] = json.loads(json.dumps({name: kept.get(name) for name in _OF_TIME}))
    found["events"] = [
        {name: value for name, value in rule.items() if name != "says"}
        for rule in found["events"] or ()
    ]
    return found


def compile_models(project: Project) -> tuple[LiveModel, ...]:
    """Return the score models of a project, the main one first.

    Raises:
        ConfigError: a condition is not valid; a project that was checked has none such.
    """
    return tuple(_live(project, name, shape) for name, shape in project.scoring.all_models.items())


def _live(project: Project, name: str, shape: ModelShape) -> LiveModel:
    model = _model(project, name, shape)
    kept = shape.model_dump(mode="json", by_alias=True, exclude={"models", "hand_over"})
    kept = {"model": name, **kept}
    transitions = tuple(
        Transition(each, compile_project_condition(project, each.when)) for each in shape.lifecycle
    )
    # what the words of the rules mean is part of the rules: a segment's condition, a field's type
    conditions = [each.condition for each in model.rules]
    conditions += [each.condition for each in model.disqualifiers]
    conditions += [each.condition for each in transitions]
    conditions += _beyond(project) if name == MAIN else []
    meaning = [each.sql for each in conditions]
    kinds = sorted({pair for each in conditions for pair in each.types})
    beside = [*sorted(project.scoring.models), *_asked(project)] if name == MAIN else []
    document = json.dumps([kept, meaning, kinds, beside], sort_keys=True)
    return LiveModel(model, transitions, kept, hashlib.sha256(document.encode()).hexdigest())


def _beyond(project: Project) -> list[Condition]:
    """Return what is decided by all models together: who is handed over to a rep."""
    text = project.scoring.hand_over
    return [compile_project_condition(project, text)] if text else []


def _asked(project: Project) -> list[list[Any]]:
    """Return what entries of sequences ask of events: it decides when leads are looked at again."""
    from leadline.domain.thresholds import is_compared, thresholds

    entries = _entries(project)
    names = sorted({name for each in entries for name in each.fields})
    return [
        [name, thresholds(entries, name), is_compared(entries, name)]
        for name in names
        if name not in _OF_LEADS and find_aggregate(name)
    ]


def _entries(project: Project) -> tuple[Condition, ...]:
    """Return who enters the sequences."""
    return tuple(
        compile_project_condition(project, each.entry) for each in project.sequences.values()
    )


def _model(project: Project, name: str, shape: ModelShape) -> Model:
    grades, levels = shape.grades, shape.levels
    return Model(
        name=name,
        rules=tuple(
            Rule(
                each.id,
                compile_project_condition(project, each.when),
                each.points,
                each.group == "fit",
            )
            for each in shape.rules
        ),
        disqualifiers=tuple(
            Disqualifier(
                each.id,
                compile_project_condition(project, each.when),
                each.at_most,
                each.grade,
            )
            for each in shape.disqualifiers
        ),
        event_rules=tuple(_event_rule(each) for each in shape.events),
        grades=Grades(grades.A, grades.B, grades.C),
        levels=Levels(levels.first, levels.second, levels.third),
        fit=_bounds(shape.groups.fit),
        engagement=_bounds(shape.groups.engagement),
    )


def _bounds(shape: BoundsShape) -> Bounds:
    return Bounds(
        -math.inf if shape.at_least is None else shape.at_least,
        math.inf if shape.at_most is None else shape.at_most,
    )


def _event_rule(shape: EventRuleShape) -> EventRule:
    limit = shape.limit
    return EventRule(
        id=shape.id,
        kinds=frozenset(shape.events),
        points=shape.points,
        half_life=shape.half_life,
        within=shape.within,
        limit=Limit(limit.count, limit.per) if limit else None,
        at_most=shape.at_most,
        where=compile_with(EVENT_FIELDS, shape.where) if shape.where else None,
    )
