"""The shape of `config/scoring.yaml` and `config/segments.yaml`.

The file itself is the main score model; `models` holds further ones, for products or markets,
which stand beside it and are complete in themselves.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from leadline.config.values import Duration, Name, Shape, ShapeFault, Text, Words

#: The name of the model that the file itself is.
MAIN: Final = "main"
_MOST_BITS: Final = 63

Points = Annotated[float, Field(ge=-1000, le=1000)]
EventName = Name
Stage = Literal["subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer"]


class RuleShape(Shape):
    """One scoring rule over a lead's fields."""

    id: Name
    when: Text = Field(description="a condition over lead fields and event counts")
    points: Points
    group: Literal["fit", "engagement"] = "fit"
    says: Words = Field(description="the reason in words, per language")


class LimitShape(Shape):
    """How many events count within any span of time."""

    count: Annotated[int, Field(ge=1, le=1000)]
    per: Annotated[Duration, Field(gt=timedelta(0))]


class EventRuleShape(Shape):
    """Points for something that a lead did, each time; always engagement."""

    id: Name
    event: EventName | Annotated[tuple[EventName, ...], Field(min_length=1)]
    where: Text | None = Field(
        default=None, description="a condition over campaign, url and source of the event"
    )
    points: Points
    half_life: Annotated[Duration, Field(ge=timedelta(hours=1))] | None = Field(
        default=None, description="half of the points is left after it; without it they stay"
    )
    within: Annotated[Duration, Field(gt=timedelta(0))] | None = Field(
        default=None, description="how long an event counts at all"
    )
    limit: LimitShape | None = None
    at_most: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        default=None, description="the most that this rule gives, or takes, in all"
    )
    says: Words = Field(description="the reason in words, per language")

    @property
    def events(self) -> tuple[str, ...]:
        """Return the names of the events."""
        return (self.event,) if isinstance(self.event, str) else self.event


class DisqualifierShape(Shape):
    """Caps what a lead may reach, whatever else speaks for it."""

    id: Name
    when: Text = Field(description="a condition over lead fields and event counts")
    at_most: Points | None = Field(default=0.0, description="points that such a lead may have")
    grade: Literal["A", "B", "C", "D"] | None = Field(
        default="D", description="the best grade that such a lead may have"
    )
    says: Words = Field(description="the reason in words, per language")


class BoundsShape(Shape):
    """Least and most points of a group of rules."""

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if None not in (self.at_least, self.at_most) and not self.at_least < self.at_most:  # type: ignore[operator]
            raise ShapeFault(code="bounds_order")
        return self


class GroupsShape(Shape):
    """Bounds of the two groups."""

    fit: BoundsShape = BoundsShape()
    engagement: BoundsShape = BoundsShape()


class GradeShape(Shape):
    """Least fit points of each grade; below `C` is `D`."""

    A: float
    B: float
    C: float

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if not self.A > self.B > self.C:
            raise ShapeFault(code="grades_order")
        return self


class LevelShape(Shape):
    """Least engagement points of levels 1 to 3; below the third is 4."""

    first: float = 50.0
    second: float = 25.0
    third: float = 5.0

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if not self.first > self.second > self.third:
            raise ShapeFault(code="levels_order")
        return self


class TransitionShape(Shape):
    """When a lead enters a lifecycle stage by itself.

    Without `from` it only moves forward; with it, from the stages named there, also back.
    """

    to: Stage
    when: Text = Field(description="a condition over fields, event counts, points and grade")
    from_: Annotated[tuple[Stage, ...], Field(min_length=1)] | None = Field(
        default=None, alias="from"
    )


class ModelShape(Shape):
    """One score model: at most 63 rules and disqualifiers (one bit each in a signed word)."""

    title: Words | None = None
    rules: Annotated[tuple[RuleShape, ...], Field(max_length=_MOST_BITS)] = ()
    events: Annotated[tuple[EventRuleShape, ...], Field(max_length=_MOST_BITS)] = ()
    disqualifiers: tuple[DisqualifierShape, ...] = ()
    groups: GroupsShape = GroupsShape()
    grades: GradeShape
    levels: LevelShape = LevelShape()
    lifecycle: tuple[TransitionShape, ...] = ()

    @model_validator(mode="after")
    def _fits_the_bits(self) -> Self:
        if len(self.rules) + len(self.disqualifiers) > _MOST_BITS:
            raise ShapeFault(code="too_many_rules")
        return self


class Scoring(ModelShape):
    """`config/scoring.yaml`: the main model, and further ones beside it."""

    models: dict[Name, ModelShape] = Field(default_factory=dict)
    hand_over: Text | None = Field(
        default=None, description="a condition: which leads reach a rep; without it all do"
    )

    @property
    def all_models(self) -> dict[str, ModelShape]:
        """Return every model by its name, the main one first."""
        return {MAIN: self, **self.models}

    @property
    def decays(self) -> bool:
        """Tell whether points of any model become fewer with time."""
        return any(each.half_life for model in self.all_models.values() for each in model.events)


class SegmentShape(Shape):
    """Leads that a condition describes, under a name that other conditions may use."""

    title: Words
    when: Text = Field(description="a condition over fields, points and event counts")
    group: Name | None = Field(
        default=None, description="of the segments of a group a lead is in the first that matches"
    )


class Segments(Shape):
    """`config/segments.yaml`: named conditions."""

    segments: dict[Name, SegmentShape] = Field(default_factory=dict)
