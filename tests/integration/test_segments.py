"""Segments: shipped, listed, chosen by name, pinned with the sequences that use them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leadline.config.conditions import compile_kept, compile_project_condition, compile_segments
from leadline.config.loader import read_project
from leadline.domain.conditions import evaluate
from leadline.stages.enrollment import version_of
from leadline.store.events import add_events
from leadline.store.leads import mark_leads
from leadline.store.selection import count_matching, list_matching
from tests.builders import NOW, a_store, add_person
from tests.conditions import compiled
from tests.factories import a_workspace

if TYPE_CHECKING:
    from leadline.store.engine import Connection

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {
    "readiness": ("ready_now", "prospect", "potential"),
    "buying_stage": ("decision", "consideration", "awareness"),
}
SEGMENTS = """
segments:
  keen: {title: {en: Keen, ja: 熱心}, when: clicks_30d >= 2, group: mood}
  awake: {title: {en: Awake, ja: 反応あり}, when: clicks_30d >= 1, group: mood}
  gold: {title: {en: Gold, ja: ゴールド}, when: awake AND plan = 'gold'}
"""


def add_lead(
    connection: Connection,
    *,
    clicks: int = 0,
    days: int = 1,
    **changes: Any,  # noqa: ANN401 - columns of several types
) -> int:
    """Store a lead who clicked some days ago."""
    scored: dict[str, Any] = {
        name: changes.pop(name) for name in ("grade", "engagement_level") if name in changes
    }
    lead_id = add_person(connection, **changes).lead_id
    if scored:
        mark_leads(connection, [{"id": lead_id, **scored}])
    event = {"source": "test", "kind": "email_clicked", "lead_id": lead_id, "actor": "human"}
    at = {"occurred_at": NOW - timedelta(days=days), "received_at": NOW}
    add_events(
        connection,
        [{**event, **at, "external_id": f"{lead_id}-{number}"} for number in range(clicks)],
    )
    return lead_id


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ({"grade": "A", "engagement_level": 1, "clicks": 1}, {"ready_now", "awareness"}),
        ({"grade": "A", "engagement_level": 1, "clicks": 1, "days": 40}, {"prospect", "awareness"}),
        ({"grade": "C", "engagement_level": 2, "request": "quote"}, {"ready_now", "decision"}),
        ({"grade": "D", "engagement_level": 2, "request": "quote"}, {"potential", "decision"}),
        (
            {"grade": "B", "engagement_level": 4, "request": "document"},
            {"potential", "consideration"},
        ),
        ({"grade": "B", "engagement_level": 4}, {"potential"}),
        ({}, {"potential"}),
    ],
)
def test_shipped_segments_take_a_lead_into_one_of_each_group(
    tmp_path: Path, lead: dict[str, Any], expected: set[str]
) -> None:
    with a_workspace(tmp_path / "home") as work:
        assert tuple(work.project.segments) == (*SHIPPED["readiness"], *SHIPPED["buying_stage"])
        with work.store.write() as connection:
            lead_id = add_lead(connection, **lead)
            found = {
                name
                for name, condition in compile_segments(work.project).items()
                if list_matching(connection, condition, as_of=NOW) == [lead_id]
            }
    assert found == expected


def test_customers_are_in_no_segment_of_readiness(tmp_path: Path) -> None:
    with a_workspace(tmp_path / "home") as work, work.store.write() as connection:
        lead_id = add_lead(connection, grade="A", engagement_level=1, clicks=3)
        mark_leads(connection, [{"id": lead_id, "lifecycle_stage": "customer"}])
        segments = compile_segments(work.project)
        counts = [
            count_matching(connection, segments[name], as_of=NOW) for name in SHIPPED["readiness"]
        ]
        assert counts == [0, 0, 0]


def test_of_a_group_the_first_segment_wins_and_names_stand_for_conditions(
    tmp_path: Path, database_url: str
) -> None:
    files = {"config/segments.yaml": SEGMENTS} | with_plan()
    with (
        a_workspace(tmp_path / "home", database_url, files=files) as work,
        work.store.write() as connection,
    ):
        none, one, two, old = (
            add_lead(connection, clicks=clicks, days=days, attributes={"plan": "Ｇｏｌｄ"})
            for clicks, days in ((0, 1), (1, 1), (2, 1), (5, 31))
        )
        found = {
            text: list_matching(
                connection, compile_project_condition(work.project, text), as_of=NOW
            )
            for text in ("keen", "awake", "gold", "NOT awake AND NOT keen", "awake IS NULL")
        }
    assert found == {
        "keen": [two],
        "awake": [one],
        "gold": [one],
        "NOT awake AND NOT keen": [none, old],
        "awake IS NULL": [],
    }


def with_plan() -> dict[str, str]:
    """Return settings that declare the custom field `plan`."""
    settings = (ROOT / "config/settings.yaml").read_text("utf-8")
    return {"config/settings.yaml": settings.replace("fields: {}", "fields: {plan: text}")}


def test_exit_of_a_sequence_keeps_what_its_segments_and_counts_meant(tmp_path: Path) -> None:
    exit_ = "gold OR visits_7d > 3 OR grade_cloud = 'A'"
    with a_workspace(tmp_path / "home") as work:
        project = work.project
    plain = version_of(project, "welcome")
    assert "segments" not in plain[1]
    project = edited(tmp_path, exit_, SEGMENTS)
    body = version_of(project, "welcome")[1]
    later = edited(tmp_path, exit_, SEGMENTS.replace(">= 1", ">= 9"))
    assert version_of(later, "welcome")[0] != version_of(project, "welcome")[0]
    kept = compile_kept(body, exit_)
    assert kept.sql == compile_project_condition(project, exit_).sql
    assert kept.types == compile_project_condition(project, exit_).types
    assert {"plan", "clicks_30d", "visits_7d", "grade_cloud"} <= kept.fields


def edited(tmp_path: Path, exit_: str, segments: str) -> Any:  # noqa: ANN401 - a project
    home = tmp_path / "home"
    sequence = home / "config/sequences/welcome.yaml"
    lines = sequence.read_text("utf-8").split("\n")
    text = "\n".join(f"exit: {exit_}" if line.startswith("exit:") else line for line in lines)
    sequence.write_text(text, "utf-8")
    (home / "config/segments.yaml").write_text(segments, "utf-8")
    (home / "config/settings.yaml").write_text(with_plan()["config/settings.yaml"], "utf-8")
    scoring = home / "config/scoring.yaml"
    models = "\nmodels:\n  cloud: {grades: {A: 3, B: 2, C: 1}}\n"
    if models not in scoring.read_text("utf-8"):
        scoring.write_text(scoring.read_text("utf-8") + models, "utf-8")
    return read_project(home)


@pytest.mark.parametrize("text", ["country = 'JP'", "regexp_matches(country, '^j')"])
def test_selection_goes_on_after_an_id_and_leaves_out_who_was_erased(
    database_url: str, text: str
) -> None:
    condition = compiled(text)
    with a_store(database_url) as store, store.write() as connection:
        ids = [add_lead(connection, country=("JP", "US")[n % 2]) for n in range(12)]
        mark_leads(connection, [{"id": ids[2], "erased_at": NOW}])
        expected = [ids[n] for n in (0, 4, 6, 8, 10)]
        assert list_matching(connection, condition, as_of=NOW) == expected
        assert list_matching(connection, condition, as_of=NOW, limit=2) == expected[:2]
        assert list_matching(connection, condition, as_of=NOW, limit=0) == []
        after = list_matching(connection, condition, as_of=NOW, after=ids[4], limit=2)
        assert after == expected[2:4]
        assert count_matching(connection, condition, as_of=NOW) == len(expected)


def test_kept_condition_of_an_earlier_version_still_compares_by_rank() -> None:
    import pandas as pd

    condition = compile_kept({"fields": {}}, "grade >= 'C' AND lifecycle_stage < 'mql'")
    frame = pd.DataFrame({"grade": ["d", "a"], "lifecycle_stage": ["lead", "lead"]})
    assert evaluate([condition], frame)[:, 0].tolist() == [True, False]
