"""What must hold between reps and territories: known ids, and leads that somebody takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leadline.config.checks import check_zone
from leadline.config.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from leadline.config.shape import RepShape, TerritoryShape
    from leadline.config.tables import Entry, Table
    from leadline.errors import Problem

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_COUNTRY_FORM: Final = {
    "en": "two capital letters, such as JP",
    "ja": "大文字2字の国コード (例: JP)",
}


def check_staffing(reps: Table[RepShape], territories: Table[TerritoryShape]) -> Iterator[Problem]:
    """Yield every fault and warning between the two tables.

    Args:
        reps: the table of reps.
        territories: the table of territory lines.
    """
    for line in territories.entries:
        yield from _line(line)
    rules = {line.values["rule_id"] for line in territories.entries if "rule_id" in line.values}
    ids = {rep.values["rep_id"] for rep in reps.entries if "rep_id" in rep.values}
    for rep in reps.entries:
        if "time_zone" in rep.values:
            yield from check_zone(rep.spots["time_zone"], rep.values["time_zone"])
        yield from _manager(rep, ids)
        # without a line the table could not be read, and every rule would seem unknown
        yield from _unknown_rules(rep, rules) if rules else ()
    yield from _shared_addresses(reps.entries)
    if reps.is_sound and territories.is_sound:
        yield from _unstaffed(reps.rows, territories.entries)
        yield from _idle(reps.entries, territories.rows)


def _line(line: Entry[TerritoryShape]) -> Iterator[Problem]:
    country = line.values.get("country", "")
    if country and not _COUNTRY.fullmatch(country):
        suggestion = country.upper() if _COUNTRY.fullmatch(country.upper()) else ""
        spot = line.spots["country"]
        yield spot.problem("bad_form", suggestion=suggestion, expected=_COUNTRY_FORM)
    low, high = line.values.get("employees_min"), line.values.get("employees_max")
    if low is not None and high is not None and high < low:
        yield line.spots["employees_max"].problem("employees_order")


def _manager(rep: Entry[RepShape], ids: set[str]) -> Iterator[Problem]:
    manager, own = rep.values.get("manager_id"), rep.values.get("rep_id")
    if manager and (manager not in ids or manager == own):
        suggestion = nearest(manager, ids - {own, manager})
        spot = rep.spots["manager_id"]
        yield spot.problem("unknown_rep", suggestion=suggestion, found=manager)


def _unknown_rules(rep: Entry[RepShape], rules: Collection[str]) -> Iterator[Problem]:
    for rule in rep.values.get("territories", ()):
        if rule not in rules:
            spot = rep.spots["territories"]
            yield spot.problem("unknown_territory", suggestion=nearest(rule, rules), found=rule)


def _shared_addresses(reps: Sequence[Entry[RepShape]]) -> Iterator[Problem]:
    first_of: dict[str, str] = {}
    for rep in reps:
        name, address = rep.values.get("rep_id"), rep.values.get("email")
        if name and address and first_of.setdefault(address.casefold(), name) != name:
            first = first_of[address.casefold()]
            yield rep.spots["email"].warning("shared_address", first=first, found=name)


def _unstaffed(
    reps: Sequence[RepShape], lines: Sequence[Entry[TerritoryShape]]
) -> Iterator[Problem]:
    """Yield a warning for each team without an active rep, and each rule that no rep names."""
    teams = {rep.team for rep in reps if rep.active}
    named = {(rep.team, rule) for rep in reps if rep.active for rule in rep.territories}
    told: set[tuple[str, str]] = set()
    for line in lines:
        team, rule = line.values["team"], line.values["rule_id"]
        if team not in teams and (team, "") not in told:
            told.add((team, ""))
            yield line.spots["team"].warning("team_without_rep", found=team)
        elif team in teams and (team, rule) not in named | told:
            told.add((team, rule))
            yield line.spots["rule_id"].warning("territory_without_rep", team=team, found=rule)


def _idle(reps: Sequence[Entry[RepShape]], lines: Sequence[TerritoryShape]) -> Iterator[Problem]:
    """Yield a warning for each active rep to whom no line leads."""
    active = [rep for rep in reps if rep.shape is not None and rep.shape.active]
    named = {
        (rep.values["team"], rule) for rep in active for rule in rep.values.get("territories", ())
    }
    for rep in active:
        team, own = rep.values["team"], rep.values.get("territories", ())
        rules = {line.rule_id for line in lines if line.team == team}
        # a rule that nobody of the team names is taken by the whole team
        if not any(rule in own or (team, rule) not in named for rule in rules):
            name = rep.values["rep_id"]
            yield rep.spots["rep_id"].warning("rep_without_territory", found=name)
