"""Dates in conditions are days of the company's zone: in every engine, and in what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from leadline.config.conditions import compile_kept, compile_project_condition, keep_condition
from leadline.config.loader import read_project
from leadline.config.models import compile_models
from leadline.domain.condition_masks import evaluate_masks
from leadline.domain.conditions import Condition, compile_condition, evaluate
from leadline.store.frames import read_frame
from leadline.store.leads import mark_leads
from leadline.store.selection import list_matching
from tests.builders import NOW, a_store
from tests.condition_trials import FIELDS, add_random_leads
from tests.factories import a_project

if TYPE_CHECKING:
    from leadline.config.shape import Project

ROOT = Path(__file__).resolve().parents[2]
TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"
BEGINS = {
    ("UTC", "2026-11-01"): datetime(2026, 11, 1, tzinfo=UTC),
    (TOKYO, "2026-11-01"): datetime(2026, 10, 31, 15, tzinfo=UTC),
    (NEW_YORK, "2026-11-01"): datetime(2026, 11, 1, 4, tzinfo=UTC),
    (NEW_YORK, "2026-11-02"): datetime(2026, 11, 2, 5, tzinfo=UTC),
}


def compiled(text: str, zone: str) -> Condition:
    found = compile_condition(text, fields=FIELDS, zone=zone)
    assert isinstance(found, Condition), found
    return found


@pytest.mark.parametrize(("zone", "day"), BEGINS)
def test_engines_agree_on_when_a_day_begins(database_url: str, zone: str, day: str) -> None:
    begins = BEGINS[zone, day]
    steps = [timedelta(microseconds=step) for step in (-1, 0, 1)]
    steps += [timedelta(hours=hours) for hours in (-24, -5, 5, 23, 24, 25)]
    with a_store(database_url) as store, store.write() as connection:
        ids = add_random_leads(connection, Random(3), len(steps))  # noqa: S311 - the same leads
        times = dict(zip(ids, [begins + step for step in steps], strict=True))
        mark_leads(connection, [{"id": id_, "created_at": at} for id_, at in times.items()])
        for operator in ("=", "<>", "<", "<=", ">", ">="):
            condition = compiled(f"created_at {operator} '{day}'", zone)
            expected = [id_ for id_, at in times.items() if _holds(at, operator, begins)]
            frame = read_frame(connection, ids, condition.fields, as_of=NOW)
            for decide in (evaluate, evaluate_masks):
                matches = decide([condition], frame)[:, 0]
                assert [id_ for id_, hit in zip(ids, matches, strict=True) if hit] == expected
            assert list_matching(connection, condition, as_of=NOW) == expected


def _holds(at: datetime, operator: str, day: datetime) -> bool:
    sign = "=" if at == day else "<" if at < day else ">"
    return sign in operator


@pytest.mark.parametrize("zone", ["UTC", TOKYO, NEW_YORK])
def test_engines_agree_on_times_kept_as_text(database_url: str, zone: str) -> None:
    with a_store(database_url) as store, store.write() as connection:
        ids = add_random_leads(connection, Random(4), 60)  # noqa: S311 - the same leads
        for text in (
            "renews_at >= '2026-01-01'",
            "renews_at < '2026-01-02'",
            "submitted_at < '2026-11-20'",
        ):
            condition = compiled(text, zone)
            frame = read_frame(connection, ids, condition.fields, as_of=NOW)
            matches = evaluate([condition], frame)[:, 0]
            assert evaluate_masks([condition], frame)[:, 0].tolist() == matches.tolist()
            expected = [id_ for id_, hit in zip(ids, matches, strict=True) if hit]
            assert list_matching(connection, condition, as_of=NOW) == expected


def in_zone(home: Path, zone: str, when: str) -> Project:
    """Return the shipped project in another zone, its first rule with another condition."""
    a_project(home)
    settings, scoring = home / "config/settings.yaml", home / "config/scoring.yaml"
    lines = settings.read_text("utf-8").split("\n")
    kept = [f"timezone: {zone}" if line.startswith("timezone:") else line for line in lines]
    settings.write_text("\n".join(kept), "utf-8")
    lines = scoring.read_text("utf-8").split("\n")
    place = next(n for n, line in enumerate(lines) if line.strip().startswith("when:"))
    lines[place] = f"    when: {when}"
    scoring.write_text("\n".join(lines), "utf-8")
    project = read_project(home)
    assert project.settings.timezone == zone
    return project


def test_rule_set_with_a_date_is_another_one_in_another_zone(tmp_path: Path) -> None:
    dated = "created_at >= '2026-11-01'"
    hashes = {
        (zone, when): compile_models(in_zone(tmp_path / f"{number}-{zone[:2]}", zone, when))[0].hash
        for number, when in enumerate((dated, "employees >= 200"))
        for zone in (TOKYO, NEW_YORK)
    }
    assert hashes[TOKYO, dated] != hashes[NEW_YORK, dated]
    assert hashes[TOKYO, "employees >= 200"] == hashes[NEW_YORK, "employees >= 200"]


def test_condition_that_was_kept_keeps_its_zone(tmp_path: Path) -> None:
    project = in_zone(tmp_path / "home", TOKYO, "employees >= 200")
    dated = "submitted_at < '2026-11-01'"
    meant = compile_project_condition(project, dated)
    assert "TIMESTAMP '2026-10-31 15:00:00'" in meant.sql
    kept = keep_condition(project, dated)
    assert compile_kept(kept, dated).sql == meant.sql
    del kept["zone"]  # as an earlier version kept it, when dates were days of UTC
    assert "TIMESTAMP '2026-11-01 00:00:00'" in compile_kept(kept, dated).sql
    assert "zone" not in keep_condition(project, "employees >= 200")
