"""Rule sets as they were stored with the scores that were made with them, read back for words.

The document is that of `leadline.config.models`; the first rows hold a plain list of rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Words = dict[str, str]
_DURATION: Final = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_LEVELS: Final = ("first", "second", "third")
_NO_BOUND: Final = (-inf, inf)


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule over a lead's fields; `group` is `fit` or `engagement`."""

    id: str
    condition: str
    points: float
    group: str
    says: Words


@dataclass(frozen=True, slots=True)
class KeptDisqualifier:
    """A rule that caps."""

    id: str
    condition: str
    at_most: float | None
    grade: str | None
    says: Words


@dataclass(frozen=True, slots=True)
class KeptEventRule:
    """A rule over what a lead did; `limit` is how many events count within which span."""

    id: str
    kinds: tuple[str, ...]
    condition: str
    points: float
    half_life: timedelta | None
    within: timedelta | None
    limit: tuple[int, timedelta] | None
    at_most: float | None
    says: Words


@dataclass(frozen=True, slots=True)
class KeptRules:
    """A score model as it was.

    Attributes:
        rules: in the order of their bits.
        disqualifiers: in the order of their bits, after those of the rules.
        event_rules: in the order of the file.
        bounds: least and most points of each group.
        levels: least engagement points of levels 1 to 3.
    """

    rules: tuple[KeptRule, ...]
    disqualifiers: tuple[KeptDisqualifier, ...] = ()
    event_rules: tuple[KeptEventRule, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: dict.fromkeys(("fit", "engagement"), _NO_BOUND)
    )
    levels: tuple[float, ...] = ()


def read_kept(kept: Mapping[str, Any] | list[Any]) -> KeptRules:
    """Return a stored rule set."""
    document: Mapping[str, Any] = {"rules": kept} if isinstance(kept, list) else kept
    groups = document.get("groups") or {}
    levels = document.get("levels") or {}
    return KeptRules(
        rules=tuple(_rule(each) for each in document["rules"]),
        disqualifiers=tuple(_disqualifier(each) for each in document.get("disqualifiers", ())),
        event_rules=tuple(_event_rule(each) for each in document.get("events", ())),
        bounds={name: _bounds(groups.get(name) or {}) for name in ("fit", "engagement")},
        levels=tuple(levels[name] for name in _LEVELS if name in levels),
    )


def _rule(each: Mapping[str, Any]) -> KeptRule:
    group = each.get("group", "fit")
    return KeptRule(each["id"], each["when"], each["points"], group, dict(each["says"]))


def _disqualifier(each: Mapping[str, Any]) -> KeptDisqualifier:
    limits = (each.get("at_most"), each.get("grade"))
    return KeptDisqualifier(each["id"], each["when"], *limits, dict(each["says"]))


def _event_rule(each: Mapping[str, Any]) -> KeptEventRule:
    event, limit = each["event"], each.get("limit")
    return KeptEventRule(
        id=each["id"],
        kinds=(event,) if isinstance(event, str) else tuple(event),
        condition=each.get("where") or "",
        points=each["points"],
        half_life=_duration(each.get("half_life")),
        within=_duration(each.get("within")),
        limit=(limit["count"], read_duration(limit["per"])) if limit else None,
        at_most=each.get("at_most"),
        says=dict(each["says"]),
    )


def _bounds(each: Mapping[str, Any]) -> tuple[float, float]:
    least, most = each.get("at_least"), each.get("at_most")
    return -inf if least is None else least, inf if most is None else most


def _duration(text: str | None) -> timedelta | None:
    return None if text is None else read_duration(text)


def read_duration(text: str) -> timedelta:
    """Return a stored duration, such as `P14D` or `P1Y35DT12H`; a year is 365 days.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        message = "a stored duration is not of the form P1DT2H"
        raise ValueError(message)
    parts = {unit: float(count) for unit, count in match.groupdict("0").items()}
    return timedelta(days=365 * parts.pop("years")) + timedelta(**parts)
