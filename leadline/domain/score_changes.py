"""What two sets of rules make of the same leads, compared lead by lead.

The two outcomes are those of whole runs of the scoring stage; nothing is estimated here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from leadline.domain.conditions import Condition
    from leadline.domain.scoring import Model

Kind = Literal["rule", "disqualifier", "event"]
#: What became of a rule: as it was, edited, added or taken out.
Fate = Literal["same", "changed", "new", "removed"]
FATES: Final[tuple[Fate, ...]] = ("changed", "new", "removed", "same")


class ModelScore(NamedTuple):
    """A score of a model beside the main one."""

    model: str
    points: float
    fit_points: float
    engagement_points: float
    grade: str
    engagement_level: int


class Outcome(NamedTuple):
    """What scoring made of a lead.

    Attributes:
        points: of the main model, as are the next four.
        fit_points: who they are.
        engagement_points: what they did.
        grade: A to D.
        engagement_level: 1 to 4.
        lifecycle_stage: after the transitions.
        is_handed_over: whether the lead goes to a rep, or is with one.
        models: the scores of the other models.
    """

    points: float
    fit_points: float
    engagement_points: float
    grade: str
    engagement_level: int
    lifecycle_stage: str
    is_handed_over: bool
    models: tuple[ModelScore, ...] = ()

    @property
    def cell(self) -> str:
        """Return grade and level as people write them: `A1`."""
        return f"{self.grade}{self.engagement_level}"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        document = self._asdict()
        models = [each._asdict() for each in self.models]
        document["models"] = {each.pop("model"): each for each in models}
        return document


class Change(NamedTuple):
    """A lead of which the two sets of rules think differently."""

    lead_id: int
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule in both sets, and how many leads each of them gave it to.

    Attributes:
        model: the score model.
        id: of the rule.
        kind: of rule.
        fate: what the edit did to it.
        before: leads that it matched, None for a new rule.
        after: leads that it matches, None for a removed one.
    """

    model: str
    id: str
    kind: Kind
    fate: Fate
    before: int | None
    after: int | None


Key = tuple[str, Kind, str]


@dataclass
class Comparison:
    """Two outcomes of the same leads, in counts.

    Attributes:
        leads: how many were scored.
        changed: how many of them differ in anything.
        cells: moves between grade and level, such as ("A1", "B1").
        stages: moves between lifecycle stages.
        before: leads that go to a rep under the first set of rules.
        after: the same under the second.
        more: leads that only the second set hands over.
        fewer: leads that only the first does.
        rules: by model and kind, in the order of the second file.
    """

    leads: int = 0
    changed: int = 0
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    before: int = 0
    after: int = 0
    more: int = 0
    fewer: int = 0
    rules: list[RuleChange] = field(default_factory=list)

    def add(self, before: Mapping[int, Outcome], after: Mapping[int, Outcome]) -> list[Change]:
        """Count some leads; returns those that differ, in order of id."""
        found = []
        for lead_id, old in before.items():
            new = after[lead_id]
            self.leads += 1
            self.before += old.is_handed_over
            self.after += new.is_handed_over
            if old != new:
                found.append(Change(lead_id, old, new))
                self._count(old, new)
        return found

    def _count(self, old: Outcome, new: Outcome) -> None:
        self.changed += 1
        self.more += new.is_handed_over and not old.is_handed_over
        self.fewer += old.is_handed_over and not new.is_handed_over
        if old.cell != new.cell:
            self.cells[old.cell, new.cell] += 1
        if old.lifecycle_stage != new.lifecycle_stage:
            self.stages[old.lifecycle_stage, new.lifecycle_stage] += 1

    def as_document(self) -> dict[str, Any]:
        """Return the counts as JSON has them; no lead is named."""
        return {
            "leads": self.leads,
            "changed_count": self.changed,
            "grades": _moves(self.cells),
            "stages": _moves(self.stages),
            "hand_over": {
                "before": self.before,
                "after": self.after,
                "more": self.more,
                "fewer": self.fewer,
            },
            "rules": [
                {
                    "model": each.model,
                    "id": each.id,
                    "kind": each.kind,
                    "change": each.fate,
                    "before": each.before,
                    "after": each.after,
                }
                for each in self.rules
            ],
        }


def _moves(counts: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return moves, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"from": old, "to": new, "leads": count} for (old, new), count in ordered]


def list_rules(models: Sequence[Model]) -> dict[Key, Hashable]:
    """Return every rule with all that its points depend on; its words are no part of that."""
    found: dict[Key, Hashable] = {}
    for model in models:
        for rule in model.rules:
            meaning = (_meaning(rule.condition), rule.points, rule.is_fit)
            found[model.name, "rule", rule.id] = meaning
        for each in model.disqualifiers:
            found[model.name, "disqualifier", each.id] = (
                *(_meaning(each.condition), each.at_most, each.grade),
            )
        for event in model.event_rules:
            found[model.name, "event", event.id] = (
                *(event.kinds, event.points, event.half_life, event.within, event.limit),
                *(event.at_most, _meaning(event.where)),
            )
    return found


def _meaning(condition: Condition | None) -> Hashable:
    return None if condition is None else (condition.sql, condition.types)


def compare_rules(
    before: Sequence[Model],
    after: Sequence[Model],
    matched: tuple[Mapping[Key, int], Mapping[Key, int]],
) -> list[RuleChange]:
    """Return what became of each rule, those that are gone last.

    Args:
        before: the models that are live.
        after: the edited ones.
        matched: to how many leads each rule was given before, and after.
    """
    old, new = list_rules(before), list_rules(after)
    keys = [*new, *(key for key in old if key not in new)]
    return [
        RuleChange(
            model=key[0],
            kind=key[1],
            id=key[2],
            fate=_fate(key, old, new),
            before=matched[0].get(key, 0) if key in old else None,
            after=matched[1].get(key, 0) if key in new else None,
        )
        for key in keys
    ]


def _fate(key: Key, old: Mapping[Key, Hashable], new: Mapping[Key, Hashable]) -> Fate:
    if key not in old:
        return "new"
    if key not in new:
        return "removed"
    return "same" if old[key] == new[key] else "changed"


def count_matches(model: Model, words: Iterable[int]) -> dict[Key, int]:
    """Return how many leads each rule and disqualifier of a model matched.

    Args:
        model: whose bits they are.
        words: the bitmap of each lead.
    """
    import numpy as np

    bits = np.fromiter(words, dtype=np.int64)
    keys: list[Key] = [(model.name, "rule", each.id) for each in model.rules]
    keys += [(model.name, "disqualifier", each.id) for each in model.disqualifiers]
    return {key: int(((bits >> place) & 1).sum()) for place, key in enumerate(keys)}
