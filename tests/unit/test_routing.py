"""Routing: the territory by the stated rule, the rep by load, and nobody above capacity."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.conditions import fold
from leadline.domain.routing import (
    TRACE_CANDIDATES,
    Assigned,
    Line,
    RepState,
    Waits,
    decide_routing,
    match_lines,
)
from leadline.domain.skips import SkipReason
from tests.builders import a_frame, a_line, a_rep

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES = Path(__file__).parents[1] / "samples"


def route(
    *leads: dict[str, Any],
    lines: Sequence[Line] = (),
    reps: Sequence[RepState] = (),
    declined: dict[int, frozenset[str]] | None = None,
    stated: str = "",
) -> dict[int, Assigned | Waits]:
    frame = a_frame(*(leads or ({},)))
    found = decide_routing(
        frame,
        lines=lines or [a_line()],
        reps=reps or [a_rep()],
        declined=declined or {},
        stated=dict.fromkeys(frame.index, stated) if stated else {},
    )
    return dict(found)


def the_one(found: dict[int, Assigned | Waits]) -> Assigned:
    (only,) = found.values()
    assert isinstance(only, Assigned), only
    return only


def why(found: dict[int, Assigned | Waits]) -> SkipReason:
    (only,) = found.values()
    assert isinstance(only, Waits), only
    return only.reason


@pytest.mark.parametrize(
    ("line", "lead"),
    [
        ({"country": "jp"}, {"country": "JP"}),
        ({"region": fold("大阪府")}, {"region": "大阪府"}),
        ({"industry": fold("ｿﾌﾄｳｪｱ")}, {"industry": "ソフトウェア"}),
        ({"postal_prefix": "53"}, {"postal_code": "530-0001"}),
        ({"postal_prefix": "5300"}, {"postal_code": "530-0001"}),
        ({"postal_prefix": "EC1A"}, {"postal_code": "ec1a 1bb"}),
        ({"employees_min": 200}, {"employees_min": 200}),
        ({"employees_max": 200}, {"employees_min": 200}),
    ],
)
def test_line_takes_a_lead_that_meets_its_condition(
    line: dict[str, Any], lead: dict[str, Any]
) -> None:
    assert match_lines(a_frame(lead), [a_line(**line)]).tolist() == [[True]]


@pytest.mark.parametrize(
    ("line", "lead"),
    [
        ({"country": "jp"}, {"country": None}),
        ({"country": "jp", "region": "x"}, {"country": "JP"}),
        ({"postal_prefix": "53"}, {"postal_code": "153-0001"}),
        ({"postal_prefix": "53"}, {}),
        ({"employees_min": 200}, {"employees_min": 199}),
        ({"employees_max": 200}, {"employees_min": 201}),
        ({"employees_min": 1}, {"employees_min": None}),
        ({"employees_max": 9}, {"employees_min": None}),
    ],
)
def test_line_leaves_a_lead_that_fails_a_condition_or_does_not_state_it(
    line: dict[str, Any], lead: dict[str, Any]
) -> None:
    assert match_lines(a_frame(lead), [a_line(**line)]).tolist() == [[False]]


def test_lowest_priority_number_wins_over_order_and_detail() -> None:
    lines = [a_line("L01", country="jp", region="x"), a_line("L02", priority=5)]
    assert the_one(route({"country": "JP", "region": "x"}, lines=lines)).line == "L02"


def test_line_with_more_conditions_wins_among_equal_priorities() -> None:
    lines = [a_line("L01", country="jp"), a_line("L02", country="jp", employees_min=1)]
    assert the_one(route({"country": "JP", "employees_min": 9}, lines=lines)).line == "L02"


def test_first_line_wins_among_equals() -> None:
    assert the_one(route(lines=[a_line("L02"), a_line("L01")])).line == "L02"


def test_trace_names_every_line_that_matched_in_the_order_of_the_rule() -> None:
    lines = [a_line("L01", priority=90), a_line("L02", country="us"), a_line("L03")]
    assert the_one(route(lines=lines)).trace["tried"] == ["L03", "L01"]


def test_rep_with_the_lowest_load_for_the_capacity_is_chosen() -> None:
    reps = [a_rep("R01", capacity=10, load=4), a_rep("R02", capacity=40, load=8)]
    assert the_one(route(reps=reps)).rep == "R02"


def test_load_is_weighed_with_the_lead_that_is_to_come() -> None:
    reps = [a_rep("R01", capacity=1), a_rep("R02", capacity=10, load=4)]
    assert the_one(route(reps=reps)).rep == "R02"


def test_first_rep_by_id_is_chosen_among_equals() -> None:
    assert the_one(route(reps=[a_rep("R02"), a_rep("R01")])).rep == "R01"


def test_leads_with_more_points_choose_first() -> None:
    found = route({"points": 5}, {"points": None}, {"points": 70}, reps=[a_rep(capacity=1)])
    assert list(found) == [3, 1, 2]
    assert isinstance(found[3], Assigned)


def test_hot_lead_chooses_before_one_with_more_points() -> None:
    found = route({"points": 90}, {"points": 10, "is_hot": True}, reps=[a_rep(capacity=1)])
    assert [(2, Assigned), (1, Waits)] == [(id_, type(each)) for id_, each in found.items()]


def test_leads_with_equal_points_choose_by_id() -> None:
    assert list(route({}, {}, {})) == [1, 2, 3]


def test_batch_fills_a_rep_to_the_capacity_and_no_further() -> None:
    found = route({}, {}, {}, reps=[a_rep(capacity=5, load=3)])
    assert [Assigned, Assigned, Waits] == [type(each) for each in found.values()]


def test_lead_waits_as_over_capacity_when_every_rep_is_full() -> None:
    assert why(route(reps=[a_rep(capacity=3, load=3)])) == SkipReason.OVER_CAPACITY


def test_rep_without_capacity_is_no_rep_at_all() -> None:
    assert why(route(reps=[a_rep(capacity=0)])) == SkipReason.NO_REP


def test_rep_who_is_away_is_passed_over() -> None:
    assert the_one(route(reps=[a_rep("R01", is_away=True), a_rep("R02", load=9)])).rep == "R02"


def test_lead_waits_for_a_rep_when_all_are_away() -> None:
    assert why(route(reps=[a_rep(is_away=True)])) == SkipReason.NO_REP


def test_rep_who_declined_a_lead_is_not_asked_again() -> None:
    reps = [a_rep("R01"), a_rep("R02", load=9)]
    assert the_one(route(reps=reps, declined={1: frozenset({"R01"})})).rep == "R02"


def test_rep_who_declined_one_lead_takes_another() -> None:
    found = route({}, {}, reps=[a_rep("R01")], declined={1: frozenset({"R01"})})
    assert (Waits, Assigned) == (type(found[1]), type(found[2]))


def test_lead_waits_for_a_rep_when_all_have_declined() -> None:
    assert why(route(declined={1: frozenset({"R01"})})) == SkipReason.NO_REP


def test_lead_of_no_territory_waits() -> None:
    assert why(route({"country": "FR"}, lines=[a_line(country="jp")])) == SkipReason.NO_TERRITORY


def test_lead_does_not_spill_into_a_weaker_territory_with_room() -> None:
    lines = [a_line("L01", team="full"), a_line("L02", priority=20)]
    reps = [a_rep("R01", team="full", capacity=1, load=1), a_rep("R02")]
    assert why(route(lines=lines, reps=reps)) == SkipReason.OVER_CAPACITY


def test_reps_who_name_the_rule_go_before_the_rest_of_the_team() -> None:
    reps = [a_rep("R01"), a_rep("R02", rules=frozenset({"T01"}), load=9)]
    assert the_one(route(reps=reps)).rep == "R02"


def test_whole_team_is_asked_when_nobody_names_the_rule() -> None:
    assert the_one(route(reps=[a_rep(rules=frozenset({"T99"}))])).rep == "R01"


def test_rep_of_another_team_is_never_asked() -> None:
    reps = [a_rep(team="osaka", rules=frozenset({"T01"}))]
    assert why(route(reps=reps)) == SkipReason.NO_REP


def test_trace_shows_the_chosen_rep_first_with_the_load_before() -> None:
    trace = the_one(route(reps=[a_rep("R01", load=5), a_rep("R02", load=2)])).trace
    assert trace["candidates"][0] == {"rep": "R02", "load": 2, "capacity": 10}
    assert (trace["able"], trace["territory"], trace["team"]) == (2, "T01", "tokyo")


def test_trace_says_why_each_of_the_others_was_passed_over() -> None:
    reps = [a_rep("R01"), a_rep("R02", is_away=True), a_rep("R03", load=10), a_rep("R04", load=9)]
    found = the_one(route(reps=reps, declined={1: frozenset({"R01"})}))
    assert {each["rep"]: each.get("passed_over") for each in found.trace["candidates"]} == {
        "R04": None,
        "R01": "declined",
        "R02": "away",
        "R03": "at_capacity",
    }


def test_trace_of_a_large_team_stays_short() -> None:
    reps = [a_rep(f"R{number:02}") for number in range(TRACE_CANDIDATES + 5)]
    assert len(the_one(route(reps=reps)).trace["candidates"]) == TRACE_CANDIDATES


# ---- the sample territories ----


def sample_lines() -> list[Line]:
    with (SAMPLES / "territories.csv").open(encoding="utf-8", newline="") as file:
        return [
            Line(
                row["line_id"],
                row["rule_id"],
                int(row["priority"]),
                row["team"],
                country=fold(row["country"]) or None,
                region=fold(row["region"]) or None,
                postal_prefix=row["postal_prefix"] or None,
                industry=fold(row["industry"]) or None,
                employees_min=int(row["employees_min"]) if row["employees_min"] else None,
                employees_max=int(row["employees_max"]) if row["employees_max"] else None,
            )
            for row in csv.DictReader(file)
        ]


def sample_reps() -> list[RepState]:
    """Return the active reps, each with room for every probe unless they have none at all."""
    with (SAMPLES / "reps.csv").open(encoding="utf-8", newline="") as file:
        return [
            RepState(
                row["rep_id"],
                row["team"],
                frozenset(row["territories"].split(";")),
                capacity=int(row["weekly_capacity"]) * 100,
                load=0,
            )
            for row in csv.DictReader(file)
            if row["active"] == "true"
        ]


def probes(outcome: str) -> dict[int, dict[str, Any]]:
    lines = (SAMPLES / "territories.probes.jsonl").read_text("utf-8").splitlines()
    found = {number: json.loads(line) for number, line in enumerate(lines, 1)}
    return {number: probe for number, probe in found.items() if probe["outcome"] == outcome}


def route_probes(asked: dict[int, dict[str, Any]]) -> dict[int, Assigned | Waits]:
    rows = [
        each["probe"] | {"employees_min": each["probe"]["employees"]} for each in asked.values()
    ]
    frame = a_frame(*rows, ids=list(asked))
    return dict(decide_routing(frame, lines=sample_lines(), reps=sample_reps(), declined={}))


def test_sample_leads_in_one_territory_go_to_its_team() -> None:
    asked, teams = probes("single"), {line.id: line.team for line in sample_lines()}
    expected = {number: each["teams"][0] for number, each in asked.items()}
    found = route_probes(asked)
    assert len(expected) == 84
    assert expected == {n: teams[each.line or ""] for n, each in sorted(found.items())}


def test_sample_leads_in_a_gap_wait_and_are_not_lost() -> None:
    asked = probes("gap")
    found = route_probes(asked)
    assert len(asked) == 19
    assert dict.fromkeys(asked, SkipReason.NO_TERRITORY) == {
        number: each.reason for number, each in sorted(found.items()) if isinstance(each, Waits)
    }


def test_sample_leads_in_an_overlap_go_by_the_most_conditions_then_the_first_line() -> None:
    asked, lines = probes("overlap"), sample_lines()
    order = [line.id for line in lines]
    counts = {line.id: line.condition_count for line in lines}
    expected = {
        number: min(each["best_priority"], key=lambda id_: (-counts[id_], order.index(id_)))
        for number, each in asked.items()
    }
    assert len(expected) == 25
    assert expected == {n: each.line for n, each in sorted(route_probes(asked).items())}


@pytest.mark.parametrize("outcome", ["single", "overlap", "gap"])
def test_sample_trace_lists_exactly_the_lines_that_match(outcome: str) -> None:
    asked = probes(outcome)
    found = route_probes(asked)
    assert {number: sorted(each["matching"]) for number, each in asked.items()} == {
        number: sorted(each.trace["tried"]) for number, each in sorted(found.items())
    }


def test_lead_goes_to_the_owner_that_an_import_stated_before_any_territory_is_looked_at() -> None:
    reps = [a_rep("R01"), a_rep("R02", team="osaka", load=3)]
    found = the_one(route({"country": "FR"}, reps=reps, lines=[a_line(country="jp")], stated="R02"))
    assert (found.rep, found.line) == ("R02", None)
    assert found.trace["stated_owner"] == {"rep": "R02"}
    assert found.trace["candidates"] == [{"rep": "R02", "load": 3, "capacity": 10}]


@pytest.mark.parametrize(
    ("owner", "passed_over"),
    [
        ({"is_away": True}, "away"),
        ({"load": 10}, "at_capacity"),
        ({"capacity": 0}, "at_capacity"),
        ({"id": "R09"}, "inactive"),
    ],
)
def test_lead_goes_the_normal_way_when_its_stated_owner_cannot_take_it(
    owner: dict[str, Any], passed_over: str
) -> None:
    reps = [a_rep("R01"), replace(a_rep("R02", team="osaka"), **owner)]
    found = the_one(route({}, reps=reps, stated="R02"))
    assert (found.rep, found.line) == ("R01", "L01")
    kept = found.trace["stated_owner"]
    assert (kept["rep"], kept["passed_over"]) == ("R02", passed_over)


def test_stated_owner_who_has_declined_is_not_asked_again() -> None:
    reps = [a_rep("R01"), a_rep("R02")]
    found = route({}, reps=reps, stated="R02", declined={1: frozenset({"R02"})})
    assert the_one(found).rep == "R01"
    assert the_one(found).trace["stated_owner"]["passed_over"] == "declined"


def test_leads_with_a_stated_owner_count_against_the_capacity_of_all() -> None:
    found = route({"points": 5}, {"points": 1}, {}, reps=[a_rep(capacity=2)], stated="R01")
    assert [type(found[number]) for number in (1, 2, 3)] == [Assigned, Assigned, Waits]


def test_lead_that_waits_says_why_its_stated_owner_was_passed_over() -> None:
    (found,) = route({}, reps=[a_rep(load=10)], stated="R01").values()
    assert isinstance(found, Waits)
    assert found.trace["stated_owner"]["passed_over"] == "at_capacity"
