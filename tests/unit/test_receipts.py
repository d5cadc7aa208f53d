"""Receipts of scores: lines that add up to the cent, and agree with what scoring computed."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from leadline.config.conditions import EVENT_FIELDS
from leadline.config.folder import create_project
from leadline.config.loader import read_project
from leadline.config.models import compile_models
from leadline.config.scoring import Scoring
from leadline.domain.conditions import fold
from leadline.domain.decay import as_microseconds, decayed
from leadline.domain.engagement import EventLog, Term, counted, sum_terms
from leadline.domain.event_conditions import find_fitting
from leadline.domain.kept_rules import read_duration, read_kept
from leadline.domain.receipts import (
    SHOWN_EVENTS,
    Held,
    Line,
    ScoredEvent,
    changed_rules,
    decide_held,
    decide_level,
    decide_receipt,
)
from leadline.domain.scoring import Model, decide_points, decide_rules
from tests.builders import a_frame

if TYPE_CHECKING:
    import pandas as pd

    from leadline.config.shape import Project
    from leadline.domain.kept_rules import KeptRules

NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
KINDS: Final = ("page_viewed", "pricing_page_viewed", "email_clicked", "webinar_attended")
CONDITIONS: Final = (
    *("employees >= 1000", "employees < 200", "employees IS NULL", "country = 'JP'"),
    *("country IN ('JP', 'US')", "contains(title, '部長')", "request = 'quote'"),
)
HALF_LIVES: Final = (None, None, "1h", "36h", "7d", "14d", "90d", "400d")
URLS: Final = (None, "https://x.example/pricing", "https://x.example/blog", "HTTPS://X/PRICING")
MODELS: Final = 50
LEADS: Final = 200


class Case(NamedTuple):
    """A model with leads, what they did, and what scoring made of it."""

    model: Model
    rules: KeptRules
    scores: pd.DataFrame
    events: list[list[ScoredEvent]]
    fitting: dict[str, frozenset[int]]
    log: EventLog


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("receipts") / "project"
    create_project(home, demo=False)
    (home / "config" / "scoring.yaml").write_text("grades: {A: 3, B: 2, C: 1}\n")
    return read_project(home)


def some_points(rng: random.Random) -> float:
    whole = rng.choice((-40, -5, 1, 3, 10, 25, 60))
    return whole + rng.choice((0.0, 0.0, 0.25, 0.125, 1 / 3))


def a_document(rng: random.Random) -> dict[str, Any]:
    """Return a score model of random rules, with every kind of bound."""
    says = {"en": "reason", "ja": "理由"}
    rules = tuple(
        {
            "id": f"r{number}",
            "when": rng.choice(CONDITIONS),
            "points": some_points(rng),
            "group": rng.choice(("fit", "engagement")),
            "says": says,
        }
        for number in range(rng.randrange(8))
    )
    disqualifiers = tuple(
        {
            "id": f"d{number}",
            "when": rng.choice(CONDITIONS),
            "at_most": rng.choice((None, 0.0, 20.5)),
            "grade": rng.choice((None, "D")),
            "says": says,
        }
        for number in range(rng.randrange(3))
    )
    document: dict[str, Any] = {
        "rules": rules,
        "disqualifiers": disqualifiers,
        "events": tuple(an_event_rule(rng, n) | {"says": says} for n in range(rng.randrange(7))),
        "grades": {"A": 45.0, "B": 30.0, "C": 15.0},
        "levels": {"first": 50.0, "second": 25.0, "third": 5.0},
    }
    bounds = {"at_least": -10.5, "at_most": 60.25}
    document["groups"] = {group: bounds for group in ("fit", "engagement") if rng.random() < 0.4}
    return document


def an_event_rule(rng: random.Random, number: int) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": f"e{number}",
        "event": tuple(rng.sample(KINDS, rng.choice((1, 1, 2)))),
        "points": some_points(rng),
    }
    if half_life := rng.choice(HALF_LIVES):
        rule["half_life"] = half_life
    if rng.random() < 0.4:
        rule["within"] = rng.choice(("12h", "7d", "30d", "365d"))
    if rng.random() < 0.4:
        rule["limit"] = {"count": rng.randrange(1, 4), "per": rng.choice(("1h", "1d", "30d"))}
    if rng.random() < 0.4:
        rule["at_most"] = rng.choice((5.0, 30.5))
    if rng.random() < 0.3:
        rule["where"] = "contains(url, 'pricing')"
    return rule


def a_case(rng: random.Random, project: Project, *, leads: int = LEADS) -> Case:
    """Score leads as the stage does, and keep the rules as the database does."""
    import numpy as np
    import pandas as pd

    scoring = Scoring.model_validate(a_document(rng))
    [live] = compile_models(project.model_copy(update={"scoring": scoring, "hash": ""}))
    frame = a_frame(
        *(
            {
                "employees": rng.choice((None, 5.0, 300.0, 2000.0)),
                "country": rng.choice(("jp", "us", None)),
                "title": rng.choice((None, "営業部長")),
                "request": rng.choice(("quote", "other")),
            }
            for _ in range(leads)
        )
    )
    happened = [
        (lead, rng.choice(KINDS), NOW - timedelta(seconds=rng.randrange(-90_000, 200 * 86_400)))
        for lead in range(leads)
        for _ in range(rng.choice((0, 1, 3, 8, 30)))
    ]
    rng.shuffle(happened)
    urls = [rng.choice(URLS) for _ in happened]
    log = EventLog(
        lead=np.array([each[0] for each in happened], dtype=np.int64),
        kind=np.array([KINDS.index(each[1]) for each in happened], dtype=np.int64),
        at=np.array([as_microseconds(each[2]) for each in happened], dtype=np.int64),
        kinds=KINDS,
        details=pd.DataFrame(
            {"url": [url and fold(url) for url in urls], "campaign": None, "source": None},
            dtype=object,
        ),
    )
    decided = decide_rules(frame, live.model)
    sums = sum_terms(log, live.model.terms, count=leads, as_of=NOW)
    made_at = np.full(leads, as_microseconds(NOW))
    points = decide_points(decided, sums, live.model, made_at=made_at, as_of=NOW)
    events: list[list[ScoredEvent]] = [[] for _ in range(leads)]
    for number, (lead, kind, at) in enumerate(happened):
        events[lead].append(ScoredEvent(number, kind, at))
    rules = read_kept(json.loads(json.dumps(live.kept)))
    details = {number: (None, url, None) for number, url in enumerate(urls)}
    wheres = {each.id: each.condition for each in rules.event_rules if each.condition}
    fitting = find_fitting(wheres, details, fields=EVENT_FIELDS)
    scores = decided.join(points)
    return Case(live.model, rules, scores.reset_index(drop=True), events, fitting, log)


def held_of(case: Case, lead: int) -> Held:
    names = ("matched", "points", "fit_points", "engagement_points")
    values = {name: case.scores[name].to_numpy()[lead].item() for name in names}
    return Held(**values, as_of=NOW)


def expected_events(case: Case) -> dict[str, tuple[Any, Any]]:
    """Return what the batch computation counts and gives for each event rule, by lead."""
    import numpy as np

    known, leads = case.log.up_to(NOW), len(case.scores)
    made_at = np.full(leads, as_microseconds(NOW))
    found = {}
    for rule in case.model.event_rules:
        term = Term((rule,), rule.half_life, None)
        sums = sum_terms(case.log, [term], count=leads, as_of=NOW)[:, 0]
        worth = decayed(sums, half_life=rule.half_life, made_at=made_at, as_of=NOW)
        times = np.bincount(known.lead[counted(known, rule, as_of=NOW)], minlength=leads)
        found[rule.id] = (times, worth)
    return found


def check_adds_up(lines: tuple[Line, ...], points: float) -> None:
    assert sum(line.points for line in lines) == round(points * 100)
    rounding = [line.points for line in lines if line.kind == "rounding"]
    assert len(rounding) <= 1
    assert abs(sum(rounding)) <= 0.5 * len(lines) + 1.5
    for line in lines:
        if line.events is not None:
            told = sum(single.points for single in line.events.singles) + line.events.earlier
            assert told + line.events.rounding == line.points
            assert len(line.events.singles) <= SHOWN_EVENTS


def test_lines_add_up_to_the_score_for_ten_thousand_leads(project: Project) -> None:
    rng = random.Random(6)  # noqa: S311 - seeded, nothing here is a secret
    seen: set[str] = set()
    for _ in range(MODELS):
        case = a_case(rng, project)
        expected = expected_events(case)
        for lead in range(LEADS):
            held = held_of(case, lead)
            lines = decide_receipt(case.rules, held, case.events[lead], fitting=case.fitting)
            check_adds_up(lines, held.points)
            seen.update(line.kind for line in lines)
            told = {line.id: line for line in lines if line.kind == "event"}
            for id_, (times, worth) in expected.items():
                count = told[id_].events.times if id_ in told else 0  # type: ignore[union-attr]
                assert count == times[lead]
                exact = told[id_].points / 100 if id_ in told else 0
                assert abs(exact - worth[lead]) < 0.005 + 1e-9
    assert MODELS * LEADS == 10_000
    assert seen == {"rule", "event", "cap", "disqualifier", "rounding"}


def test_score_of_an_instant_is_that_of_the_batch(project: Project) -> None:
    rng = random.Random(7)  # noqa: S311
    for _ in range(10):
        case = a_case(rng, project, leads=50)
        for lead in range(50):
            held = held_of(case, lead)
            found = decide_held(
                case.rules, held.matched, case.events[lead], as_of=NOW, fitting=case.fitting
            )
            for name in ("points", "fit_points", "engagement_points"):
                assert getattr(found, name) == pytest.approx(getattr(held, name), abs=0.0101)
            level = case.scores["engagement_level"][lead]
            assert decide_level(case.rules, held.engagement_points) == level


def a_rule_set(**changes: Any) -> KeptRules:  # noqa: ANN401 - parts of a document
    """Return rules over visits: 10 points each, half of them left after a day."""
    visit = {"id": "visit", "event": "page_viewed", "points": 10.0, "half_life": "P1D"}
    says = {"says": {"en": "visited", "ja": "訪問"}}
    rule = {"id": "large", "when": "employees >= 1000", "points": 20.0, "group": "fit"}
    events = [visit | says | changes.pop("visit", {})]
    return read_kept({"rules": [rule | says], "events": events, **changes})


def visits(*days: int) -> list[ScoredEvent]:
    return [
        ScoredEvent(number, "page_viewed", NOW - timedelta(days=age))
        for number, age in enumerate(days, start=1)
    ]


def receipt_of(rules: KeptRules, events: list[ScoredEvent], matched: int = 1) -> dict[str, float]:
    held = decide_held(rules, matched, events, as_of=NOW)
    lines = decide_receipt(rules, held, events)
    check_adds_up(lines, held.points)
    return {f"{line.kind} {line.id}": line.points / 100 for line in lines}


def test_event_decays_by_its_age() -> None:
    found = receipt_of(a_rule_set(), visits(0, 1, 2))
    assert found == {"rule large": 20, "event visit": 17.5}


def test_bound_of_a_rule_is_a_line_of_its_own() -> None:
    found = receipt_of(a_rule_set(visit={"at_most": 12.0}), visits(0, 1, 2))
    assert found == {"rule large": 20, "event visit": 17.5, "cap visit": -5.5}


def test_bound_of_a_group_is_a_line_of_its_own() -> None:
    groups = {"fit": {"at_most": 15.0}, "engagement": {"at_least": 18.0}}
    found = receipt_of(a_rule_set(groups=groups), visits(0, 1, 2))
    assert found == {"rule large": 20, "cap fit": -5, "event visit": 17.5, "cap engagement": 0.5}


def test_strictest_disqualifier_bears_what_was_cut() -> None:
    says = {"when": "TRUE", "says": {"en": "rival", "ja": "競合"}, "grade": "D"}
    disqualifiers = [{"id": "rival", "at_most": 5.0} | says, {"id": "student", "at_most": 0} | says]
    rules = a_rule_set(disqualifiers=disqualifiers)
    assert receipt_of(rules, [], matched=0b111) == {
        "rule large": 20,
        "disqualifier student": -20,
        "disqualifier rival": 0,
    }


def test_events_that_count_no_more_are_told_without_points() -> None:
    held = decide_held(a_rule_set(visit={"within": "P1D"}), 0, visits(3), as_of=NOW)
    [line] = decide_receipt(a_rule_set(visit={"within": "P1D"}), held, visits(3))
    assert line.events is not None
    assert (line.points, line.events.times, line.events.count) == (0, 0, 1)


def test_events_before_the_newest_twenty_are_one_sum() -> None:
    rules, events = a_rule_set(visit={"half_life": None}), visits(*range(30))
    held = decide_held(rules, 0, events, as_of=NOW)
    [line] = decide_receipt(rules, held, events)
    assert line.events is not None
    assert [single.event.id for single in line.events.singles] == list(range(1, 21))
    assert (line.points, line.events.earlier_count, line.events.earlier) == (30_000, 10, 10_000)


def test_events_that_changed_since_are_a_line_and_not_a_rounding() -> None:
    rules = a_rule_set()
    held = decide_held(rules, 1, visits(0, 1, 2), as_of=NOW)
    lines = decide_receipt(rules, held, visits(0))
    assert [(line.kind, line.points) for line in lines] == [
        ("rule", 2000),
        ("event", 1000),
        ("changed", 750),
    ]


def test_rounding_of_the_lines_is_a_line() -> None:
    third = {"when": "TRUE", "points": 1 / 3, "group": "fit", "says": {"en": "a", "ja": "a"}}
    rules = read_kept({"rules": [{"id": f"r{n}"} | third for n in range(6)]})
    assert receipt_of(rules, [], matched=0b111111)["rounding rounding"] == 0.02


def test_rules_kept_as_a_plain_list_are_read() -> None:
    says = {"en": "large", "ja": "大企業"}
    kept = [{"id": "large", "when": "employees >= 1000", "points": 20, "says": says}]
    assert receipt_of(read_kept(kept), []) == {"rule large": 20}


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("P14D", timedelta(days=14)),
        ("P1DT12H", timedelta(hours=36)),
        ("P1Y35D", timedelta(days=400)),
        ("PT1M30S", timedelta(seconds=90)),
    ],
)
def test_stored_duration_is_read(text: str, length: timedelta) -> None:
    assert read_duration(text) == length


def test_text_that_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="P1DT2H"):
        read_duration("14 days")


def test_rules_that_came_and_went_are_named() -> None:
    rules = a_rule_set()
    assert changed_rules((rules, 0), (rules, 1)) == (["large"], [])
    assert changed_rules((rules, 1), (rules, 0)) == ([], ["large"])
    assert changed_rules(None, (rules, 1)) == (["large"], [])
