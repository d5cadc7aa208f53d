"""Which leads reach a rep, and when; and the lifecycle stages that lead there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.stages import ORDER, open_workspace, run_stages
from leadline.stages.imports import finish_import, import_file
from leadline.stages.release import release_import
from leadline.store.events import add_events
from tests.factories import NOW, a_project, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

RULES = """
rules:
  - {id: ceo, when: title = 'CEO', points: 50, says: {en: CEO, ja: CEO}}
events:
  - {id: clicked, event: email_clicked, points: 10, says: {en: clicked, ja: クリック}}
grades: {A: 40, B: 30, C: 10}
lifecycle:
  - {to: mql, when: "grade = 'A' AND engagement_points >= 20"}
  - {to: subscriber, from: [mql], when: "engagement_points >= 40"}
"""
BESIDE = """
models:
  cloud:
    rules: [{id: any, when: title = 'CEO', points: 5, says: {en: any, ja: 全員}}]
    grades: {A: 5, B: 3, C: 1}
    lifecycle: [{to: sal, when: "grade_cloud = 'A' AND lifecycle_stage = 'mql'"}]
"""
HAND_OVER = "hand_over: lifecycle_stage = 'mql'\n"
REPS = (
    "rep_id,name,email,manager_id,team,territories,languages,skills,weekly_capacity,working_days,"
    "working_hours,time_zone,days_off,active\n"
    "R01,Kim,r01@example.com,,sales,T01,en,,40,Mon-Fri,09:00-18:00,UTC,,true\n"
)
TERRITORIES = (
    "line_id,rule_id,priority,country,region,postal_prefix,industry,employees_min,employees_max,"
    "team\nL01,T01,1,,,,,,,sales\n"
)
ROWS = "Email,Title,Country,Opt-in\nann@a.example,CEO,United States,Yes\nbo@b.example,Clerk,,Yes\n"
#: The pipeline up to the sequences; nothing is sent.
STAGES = ORDER[: ORDER.index("enrollment") + 1]


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    files = {
        "config/scoring.yaml": RULES + HAND_OVER,
        "config/reps.csv": REPS,
        "config/territories.csv": TERRITORIES,
    }
    with open_workspace(a_project(tmp_path / "home", database_url, files=files), now=NOW) as opened:
        yield opened


def bring(work: Workspace, *, is_backfill: bool = False) -> int:
    """Import two leads and take them through the pipeline; returns the import's number."""
    path = work.environment.home / "leads.csv"
    path.write_text(ROWS, encoding="utf-8")
    run = import_file(work, path, now=NOW, is_backfill=is_backfill)
    finish_import(work, run, now=NOW)
    follow(work)
    return run.run_id


def follow(work: Workspace, *, now: Any = NOW) -> None:  # noqa: ANN401 - an instant
    asyncio.run(run_stages(work, STAGES, now=now))


def click(work: Workspace, lead_id: int, count: int) -> None:
    """Let a lead click, which makes a score due."""
    from sqlalchemy import update

    from leadline.store import schema

    at = NOW - timedelta(hours=1)
    same = {"source": "test", "kind": "email_clicked", "actor": "human", "lead_id": lead_id}
    known = len(rows_of(work, "events"))
    with work.store.write() as connection:
        rows = [
            {**same, "external_id": str(known + n), "occurred_at": at, "received_at": at}
            for n in range(count)
        ]
        add_events(connection, rows)
        leads = schema.leads
        change = update(leads).where(leads.c.id == lead_id).values(scoring_due_at=NOW)
        connection.execute(change)


def edit(work: Workspace, text: str) -> Workspace:
    (work.environment.home / "config" / "scoring.yaml").write_text(text, encoding="utf-8")
    return open_workspace(work.environment, now=NOW)


def seen(work: Workspace) -> list[tuple[Any, ...]]:
    """Return stage, reason and owner of each lead."""
    names = ("lifecycle_stage", "routing_skip", "owner")
    return [tuple(row[name] for name in names) for row in rows_of(work, "leads")]


def test_lead_that_is_not_ready_is_nurtured_and_not_routed(work: Workspace) -> None:
    bring(work)

    assert seen(work) == [("lead", "not_ready", None)] * 2
    assert rows_of(work, "assignments") == []
    leads = rows_of(work, "leads")
    enrolled = {row["lead_id"] for row in rows_of(work, "enrollments")}
    assert all(row["id"] in enrolled or row["enrollment_skip"] for row in leads)
    assert all(row["routing_due_at"] is None and row["enrollment_due_at"] is None for row in leads)


def test_lead_is_routed_when_it_becomes_ready_and_keeps_its_rep(work: Workspace) -> None:
    bring(work)

    click(work, 1, 2)
    follow(work)

    assert seen(work) == [("mql", None, "R01"), ("lead", "not_ready", None)]
    click(work, 1, 3)  # takes it back to an earlier stage, which is not handed over
    follow(work)
    assert seen(work)[0] == ("subscriber", None, "R01")
    assert [row["state"] for row in rows_of(work, "assignments")] == ["offered"]


def test_stages_are_recorded_with_what_the_lead_had_reached(work: Workspace) -> None:
    bring(work)
    click(work, 1, 2)
    follow(work)
    click(work, 1, 3)
    follow(work)

    changes = rows_of(work, "stage_changes")
    assert [(row["from_stage"], row["to_stage"], row["model"]) for row in changes] == [
        ("lead", "mql", "main"),
        ("mql", "subscriber", "main"),
    ]
    trace = changes[0]["trace"]
    assert trace["when"] == "grade = 'A' AND engagement_points >= 20"
    assert (trace["grade"], trace["engagement_points"]) == ("A", 20)
    assert changes[0]["config_hash"] == work.project.hash
    follow(work)
    assert len(rows_of(work, "stage_changes")) == 2


def test_stage_goes_back_only_from_where_the_rules_say(work: Workspace) -> None:
    bring(work)

    click(work, 2, 5)  # a clerk: 50 points of engagement, and never an mql
    follow(work)

    assert seen(work)[1] == ("lead", "not_ready", None)
    assert rows_of(work, "stage_changes") == []


def test_edited_condition_hands_leads_over_whose_score_stays(work: Workspace) -> None:
    bring(work)

    with edit(work, RULES + "hand_over: grade = 'A'\n") as edited:
        follow(edited)
        assert seen(edited) == [("lead", None, "R01"), ("lead", "not_ready", None)]
    with edit(work, RULES) as without:
        follow(without)
        assert seen(without) == [("lead", None, "R01"), ("lead", None, "R01")]


def test_added_model_scores_every_lead_and_may_move_it_on(work: Workspace) -> None:
    bring(work)
    click(work, 1, 2)
    follow(work)

    with edit(work, RULES + BESIDE + HAND_OVER) as edited:
        follow(edited)

        assert seen(edited)[0] == ("sal", None, "R01")
        scores = {(row["lead_id"], row["model"]): row for row in rows_of(edited, "scores")}
        assert scores[1, "cloud"]["grade"] == "A"
        assert scores[2, "cloud"]["grade"] == "D"
        assert rows_of(edited, "stage_changes")[-1]["model"] == "cloud"


def test_released_lead_is_routed_only_when_it_is_ready(work: Workspace) -> None:
    run = bring(work, is_backfill=True)
    click(work, 1, 2)
    follow(work)
    assert [row[2] for row in seen(work)] == [None, None]

    release_import(work, run, condition=None, now=NOW)
    follow(work)

    assert seen(work) == [("mql", None, "R01"), ("lead", "not_ready", None)]
    assert [row["enrollment_due_at"] for row in rows_of(work, "leads")] == [None, None]
    assert {row["lead_id"] for row in rows_of(work, "assignments")} == {1}


def test_lead_in_the_queue_that_is_not_ready_any_more_waits(work: Workspace) -> None:
    nobody = REPS.replace(",true", ",false")
    (work.environment.home / "config" / "reps.csv").write_text(nobody, encoding="utf-8")
    with edit(work, RULES) as without:
        bring(without)
        assert {row["state"] for row in rows_of(without, "assignments")} == {"queued"}
    (work.environment.home / "config" / "reps.csv").write_text(REPS, encoding="utf-8")

    with edit(work, RULES + HAND_OVER) as edited:
        follow(edited)
        assert seen(edited) == [("lead", "not_ready", None)] * 2
    (work.environment.home / "config" / "reps.csv").write_text(REPS + "\n", encoding="utf-8")
    with edit(work, RULES + HAND_OVER) as again:  # any edit makes the queue due, but not these
        follow(again)
        assert seen(again) == [("lead", "not_ready", None)] * 2
        click(again, 1, 2)
        follow(again)
        assert seen(again)[0] == ("mql", None, "R01")
