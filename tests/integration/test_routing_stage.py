"""Routing over a store: capacity from batch to batch and week to week, days off, deadlines."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from leadline.config.shape import RepShape, TerritoryShape
from leadline.stages import ORDER, run_stages
from leadline.stages.routing import as_line, as_state
from leadline.store.submissions import Arrival, add_submissions
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

TOKYO = ZoneInfo("Asia/Tokyo")
HEADER = (
    "rep_id,name,email,manager_id,team,territories,languages,skills,weekly_capacity,"
    "working_days,working_hours,time_zone,days_off,active\n"
)
ENGLISH = "R01,Kim,r01@example.com,,sales-en,T01;T03,en,,40,Mon-Fri,09:00-18:00,UTC,,true\n"
NEXT_MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=TOKYO)


def reps(capacity: int, days_off: str = "") -> dict[str, str]:
    japanese = (
        f"R13,中島,r13@example.jp,,sales-ja,T02,ja,,{capacity},Mon-Fri,09:00-18:00,"
        f"Asia/Tokyo,{days_off},true\n"
    )
    return {"config/reps.csv": HEADER + ENGLISH + japanese}


def a_rep(**changes: Any) -> RepShape:  # noqa: ANN401
    rep: dict[str, Any] = {
        "rep_id": "R13",
        "name": "中島",
        "email": "r13@example.jp",
        "team": "sales-ja",
        "weekly_capacity": 5,
        "working_days": ("Mon",),
        "time_zone": "Asia/Tokyo",
        "opens": NOW.time(),
        "closes": NOW.time(),
    }
    return RepShape(**rep | changes)


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, files=reps(3)) as opened:
        yield opened


def add_leads(work: Workspace, count: int) -> None:
    arrivals = [
        Arrival("form:contact", f"{number}", "form", {"email": f"l{number}@x.jp", "country": "JP"})
        for number in range(count)
    ]
    with work.store.write() as connection:
        add_submissions(connection, arrivals, now=NOW)


async def route(work: Workspace, *, now: datetime = NOW, limit: int | None = None) -> None:
    await run_stages(work, ORDER[:3], now=now, limit=limit)


def states(work: Workspace) -> Counter[str]:
    return Counter(row["state"] for row in rows_of(work, "assignments"))


@pytest.mark.parametrize("limit", [1, 2, None])
async def test_weekly_capacity_holds_from_batch_to_batch_and_run_to_run(
    work: Workspace, limit: int | None
) -> None:
    add_leads(work, 5)
    await route(work, limit=limit)
    await route(work, now=NOW + timedelta(days=1), limit=limit)
    assert states(work) == {"offered": 3, "queued": 2}
    waiting = [row for row in rows_of(work, "assignments") if row["state"] == "queued"]
    assert {"over_capacity"} == {row["skip_reason"] for row in waiting}


async def test_capacity_frees_on_monday_in_the_reps_zone(work: Workspace) -> None:
    add_leads(work, 5)
    await route(work)
    await route(work, now=NEXT_MONDAY - timedelta(seconds=1))
    assert states(work)["queued"] == 2
    await route(work, now=NEXT_MONDAY + timedelta(days=1))
    assert states(work) == {"offered": 5}
    assert len(rows_of(work, "outbox")) == 5


async def test_new_score_never_takes_a_lead_away_from_its_rep(
    tmp_path: Path, database_url: str
) -> None:
    files = reps(3)
    second = files["config/reps.csv"].splitlines()[-1].replace("R13", "R12")
    files["config/reps.csv"] += f"{second}\n"
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        add_leads(work, 1)
        await route(work)
        (before,) = rows_of(work, "assignments")
        with work.store.write() as connection:
            add_submissions(
                connection,
                [Arrival("form:contact", "again", "form", {"email": "l0@x.jp", "title": "CEO"})],
                now=NOW,
            )
        sums = await run_stages(work, ORDER[:3], now=NOW)
        assert [total.claimed for total in sums] == [1, 1, 0]
        assert [before] == rows_of(work, "assignments")
        assert before["rep_id"] == rows_of(work, "leads")[0]["owner"]


async def test_leads_in_the_queue_are_routed_again_when_a_rep_gets_more_capacity(
    tmp_path: Path, work: Workspace, database_url: str
) -> None:
    add_leads(work, 5)
    await route(work)
    with a_workspace(tmp_path / "home", database_url, files=reps(5)) as larger:
        await route(larger)
        assert states(larger) == {"offered": 5}


async def test_lead_that_waits_because_all_are_away_is_looked_at_the_next_day(
    tmp_path: Path, database_url: str
) -> None:
    away = reps(3, days_off="2026-11-20")
    with a_workspace(tmp_path / "home", database_url, files=away) as work:
        add_leads(work, 1)
        await route(work)
        (row,) = rows_of(work, "assignments")
        assert (row["state"], row["skip_reason"]) == ("queued", "no_rep")
        (lead,) = rows_of(work, "leads")
        assert lead["routing_due_at"].isoformat() == "2026-11-21T00:00:00+00:00"
        await route(work, now=NOW + timedelta(days=3))
        assert states(work) == {"offered": 1}


async def test_deadline_counts_working_hours_of_the_rep(work: Workspace) -> None:
    add_leads(work, 1)
    await route(work, now=datetime(2026, 11, 20, 17, 0, tzinfo=TOKYO))
    (row,) = rows_of(work, "assignments")
    assert datetime(2026, 11, 23, 12, 0, tzinfo=TOKYO) == row["response_due_at"]


async def test_deadline_leaves_out_the_days_off_of_the_rep(
    tmp_path: Path, database_url: str
) -> None:
    files = reps(3, days_off="2026-11-23")
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        add_leads(work, 1)
        await route(work, now=datetime(2026, 11, 20, 17, 0, tzinfo=TOKYO))
        (row,) = rows_of(work, "assignments")
    assert datetime(2026, 11, 24, 12, 0, tzinfo=TOKYO) == row["response_due_at"]


@pytest.mark.parametrize(
    ("is_away", "hour"), [(False, 14), (True, 15)], ids=["Friday in Tokyo", "Saturday in Tokyo"]
)
def test_day_off_begins_at_midnight_in_the_reps_zone(*, is_away: bool, hour: int) -> None:
    rep = a_rep(days_off=(date(2026, 11, 21),))
    assert is_away is as_state(rep, 0, NOW.replace(hour=hour)).is_away


def test_empty_cell_of_a_territory_matches_anything_and_text_is_folded() -> None:
    shape = TerritoryShape(line_id="L1", rule_id="T1", priority=1, team="x", industry="ｿﾌﾄｳｪｱ")
    line = as_line(shape)
    assert (line.industry, line.country, line.condition_count) == ("ソフトウェア", None, 1)


SIZES = """\
line_id,rule_id,priority,country,region,postal_prefix,industry,employees_min,employees_max,team
L01,T01,10,,,,,,99,sales-en
L02,T02,10,,,,,100,,sales-ja
L03,T03,10,FR,,,,,,sales-en
"""


@pytest.mark.parametrize(
    ("employees", "line"), [("99", "L01"), ("100", "L02"), ("1000+", "L02"), (None, None)]
)
async def test_lead_goes_by_the_size_of_its_company(
    tmp_path: Path, database_url: str, employees: str | None, line: str | None
) -> None:
    files = {**reps(3), "config/territories.csv": SIZES}
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        raw = {"email": "a@x.jp", **({"employees": employees} if employees else {})}
        with work.store.write() as connection:
            add_submissions(connection, [Arrival("form:contact", "1", "form", raw)], now=NOW)
        await route(work)
        [assignment] = rows_of(work, "assignments")
    assert assignment["trace"].get("line") == line
