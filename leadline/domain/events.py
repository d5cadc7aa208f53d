"""What people do, by name: behavior events, and the counts of them that conditions may name.

`clicks_30d` is how many of a lead's human clicks fell into the last 30 days, `visits_7d` its page
views of the last 7, `days_since_last_event` how many whole days ago it last did anything. Every
event that the product knows, or that `settings.yaml` declares, may stand in their place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from leadline.domain.leads import FieldType

#: Events that the product knows; a company declares its own in `settings.yaml`.
EVENTS: Final = (
    "email_sent",
    "email_opened",
    "email_clicked",
    "page_viewed",
    "pricing_page_viewed",
    "asset_downloaded",
    "form_submitted",
    "webinar_registered",
    "webinar_attended",
)
#: Events that are our own act: nobody's interest, and never part of a count.
OURS: Final = frozenset({"email_sent"})
#: Several events under one word, as conditions name them.
GROUPS: Final[dict[str, frozenset[str]]] = {
    "clicks": frozenset({"email_clicked"}),
    "opens": frozenset({"email_opened"}),
    "visits": frozenset({"page_viewed", "pricing_page_viewed"}),
    "downloads": frozenset({"asset_downloaded"}),
    "events": frozenset(),
}
#: One of a group, as `days_since_last_click` names it.
SINGULAR: Final = {
    "click": "clicks",
    "open": "opens",
    "visit": "visits",
    "download": "downloads",
    "event": "events",
}
ACTORS: Final = ("human", "suspected_bot", "unknown")
LONGEST_WINDOW: Final = 730  # days
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COUNT: Final = re.compile(r"(?P<name>[a-z][a-z0-9_]*)_(?P<days>[1-9][0-9]{0,2})d")
_SINCE: Final = re.compile(r"days_since_last_(?P<name>[a-z][a-z0-9_]*)")
_USUAL_DAYS: Final = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number made of a lead's human events.

    Attributes:
        name: the field's name in conditions.
        kinds: the events counted; empty for all but our own.
        days: length of the window in days; None for the whole days since the last event, which
            are unknown for a lead without one.
    """

    name: str
    kinds: frozenset[str]
    days: int | None


def find_aggregate(name: str, declared: Collection[str] | None = None) -> Aggregate | None:
    """Return what a field such as `clicks_30d` counts, None for any other field.

    Args:
        name: in small letters.
        declared: events that the company declares beside `EVENTS`; without it any name is taken
            for an event, as in a condition that was checked before.
    """
    if match := _SINCE.fullmatch(name):
        group, days = SINGULAR.get(match["name"], ""), None
    else:
        match = _COUNT.fullmatch(name)
        if match is None or int(match["days"]) > LONGEST_WINDOW:
            return None
        group, days = match["name"], int(match["days"])
    if group in GROUPS:
        return Aggregate(name, GROUPS[group], days)
    is_known = declared is None or match["name"] in {*EVENTS, *declared}
    is_counted = is_known and match["name"] not in OURS
    return Aggregate(name, frozenset({match["name"]}), days) if is_counted else None


def counts_ours(name: str) -> bool:
    """Tell whether a field such as `email_sent_30d` would count what we did: it is no field."""
    match = _SINCE.fullmatch(name) or _COUNT.fullmatch(name)
    return match is not None and match["name"] in OURS


def aggregate_fields(
    texts: Iterable[str], declared: Collection[str] = ()
) -> Mapping[str, FieldType]:
    """Return the event counts that conditions name, and the usual ones to suggest, as fields."""
    names = {*GROUPS, *declared, *EVENTS} - OURS
    usual = {f"{name}_{days}d" for name in names for days in _USUAL_DAYS}
    usual |= {f"days_since_last_{name}" for name in {*SINGULAR, *names} - GROUPS.keys()}
    named = {word.lower() for text in texts for word in _WORD.findall(text)}
    found = {name for name in named if find_aggregate(name, declared)}
    return dict.fromkeys(sorted(usual | found), "number")
