"""Events on their way to points: attached, judged with all around them, and judged anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event as sql

from leadline import observing
from leadline.domain.behavior import as_row, read_event
from leadline.store.behavior import add_behavior
from tests.behavior import actors_of, score, take_leads
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

SCORING = """
grades: {A: 60, B: 30, C: 10}
rules: []
events:
  - id: clicked
    event: email_clicked
    points: 10
    says: {en: clicked, ja: クリック}
"""
PERSON = "hana.mori@mori.example"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0"


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    files = {"config/scoring.yaml": SCORING}
    with a_workspace(tmp_path / "project", database_url, files=files) as opened:
        path = tmp_path / "leads.csv"
        rows = "".join(f"lead{n}@mori.example,Lead {n}\n" for n in range(40))
        path.write_text(f"Email,Full Name\n{PERSON},Hana Mori\n{rows}", encoding="utf-8")
        take_leads(opened, path)
        score(opened)
        yield opened


def add(work: Workspace, *events: dict[str, Any], now: datetime = NOW) -> None:
    """Store events as a post does."""
    rows = []
    for number, cells in enumerate(events):
        read = read_event(
            {"email": PERSON, "campaign": "welcome", **cells},
            zone="UTC",
            order="year_first",
            now=now,
        )
        key = f"{now.isoformat()} {number}"
        rows.append(as_row(read, source="tool", key=key, pepper=work.store.pepper, now=now))  # type: ignore[arg-type] # the test's own events are right
    with work.store.write() as connection:
        add_behavior(connection, rows, now=now)


def a_click(at: datetime, link: str = "guide", **cells: str) -> dict[str, str]:
    return {
        "event": "email_clicked",
        "event_id": f"{link}-{at.isoformat()}-{cells.get('email', '').partition('@')[0]}",
        "occurred_at": at.isoformat(),
        "url": f"https://www.example.com/{link}",
        "ip": "203.0.113.7",
        "user_agent": CHROME,
        **cells,
    }


def points_of(work: Workspace, email: str = PERSON) -> float:
    (lead,) = [row for row in rows_of(work, "leads") if row["email"] == email]
    found: float = lead["points"]
    return found


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_click_of_a_person_gives_points_once_its_burst_is_over(work: Workspace) -> None:
    add(work, a_click(NOW))
    score(work, now=after(5))
    assert points_of(work) == 0
    score(work, now=after(11))
    assert points_of(work) == 10
    (row,) = rows_of(work, "events")
    assert (row["actor"], row["actor_reason"], row["due_at"]) == ("human", "nothing_against", None)


def test_a_burst_over_all_links_gives_nothing(work: Workspace) -> None:
    links = ("a", "b", "c", "d", "unsubscribe")
    add(work, *(a_click(after(n * 0.4), link) for n, link in enumerate(links)))
    add(work, a_click(after(90), "by-hand", ip="198.51.100.3"), now=after(91))
    score(work, now=after(120))
    assert sorted(actors_of(work).values()) == ["human", *["suspected_bot"] * 5]
    assert points_of(work) == 10


def test_a_click_that_turns_out_to_be_part_of_a_burst_loses_its_points(work: Workspace) -> None:
    add(work, a_click(NOW))
    score(work, now=after(11))
    assert points_of(work) == 10
    late = [a_click(after(n * 0.4), link) for n, link in ((1, "b"), (2, "c"), (3, "d"))]
    add(work, *late, now=after(3600))
    score(work, now=after(3600))
    assert set(actors_of(work).values()) == {"suspected_bot"}
    assert points_of(work) == 0
    assert len(rows_of(work, "events")) == 4, "the raw events stay"


def test_a_sending_that_is_told_late_takes_the_points_of_hits_behind_it(work: Workspace) -> None:
    add(work, a_click(after(3)))
    score(work, now=after(60))
    assert points_of(work) == 10
    sent = {"event": "email_sent", "occurred_at": NOW.isoformat()}
    add(work, sent, now=after(100))
    score(work, now=after(100))
    assert points_of(work) == 0


def test_a_crowd_is_seen_across_people_and_batches(work: Workspace) -> None:
    for number in range(8):
        email = f"lead{number}@mori.example"
        add(work, a_click(after(number * 0.5), email=email), now=after(number * 0.5))
    moment = after(60)
    while True:
        with work.store.write() as connection:
            if not observing.observe(connection, now=moment, limit=3).claimed:
                break
    assert {row["actor_reason"] for row in rows_of(work, "events")} == {"crowd"}
    score(work, now=moment)
    assert not any(row["points"] for row in rows_of(work, "leads"))


def test_an_event_makes_only_its_own_lead_due(work: Workspace) -> None:
    add(work, a_click(NOW))
    with work.store.write() as connection:
        observed = observing.observe(connection, now=after(11))
    assert (observed.claimed, observed.changed, observed.has_more) == (1, 0, False)
    due = [row["email"] for row in rows_of(work, "leads") if row["scoring_due_at"] is not None]
    assert due == [PERSON]


def test_events_that_are_no_interest_make_nobody_due(work: Workspace) -> None:
    add(work, {"event": "email_sent", "occurred_at": NOW.isoformat()})
    score(work, now=after(1))
    assert not any(row["scoring_due_at"] for row in rows_of(work, "leads"))
    assert set(actors_of(work).values()) == {"unknown"}


def test_judging_again_changes_nothing(work: Workspace) -> None:
    add(work, *(a_click(after(n * 30), f"l{n}") for n in range(5)), now=after(200))
    score(work, now=after(200))
    before = rows_of(work, "events"), rows_of(work, "scores")
    batch = score(work, now=after(201))
    assert (batch.claimed, rows_of(work, "events"), rows_of(work, "scores")) == (0, *before)


def test_the_number_of_statements_does_not_depend_on_the_events(work: Workspace) -> None:
    statements: list[str] = []

    def note(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        statements.append(facts[2])

    def count(people: int, second: float) -> int:
        for number in range(people):
            email = f"lead{number}@mori.example"
            links = (a_click(after(second + n), f"l{n}", email=email) for n in range(4))
            visit = a_click(after(second + 5), email=email, event="page_viewed")
            add(work, *links, visit, now=after(second + number * 0.001))
        with work.store.write() as connection:
            sql.listen(work.store.engine, "before_cursor_execute", note)
            statements.clear()
            observed = observing.observe(connection, now=after(second + 60))
            sql.remove(work.store.engine, "before_cursor_execute", note)
        assert observed.claimed == people * 5
        return len(statements)

    few = count(2, 0)
    assert count(40, 1000) == few
    assert few < 20


def test_a_click_of_a_lead_that_a_rep_owns_takes_it_to_nobody_else(work: Workspace) -> None:
    import asyncio

    from leadline.stages import run_stages

    asyncio.run(run_stages(work, ["routing"], now=NOW))
    before = rows_of(work, "assignments")
    (lead,) = [row for row in rows_of(work, "leads") if row["email"] == PERSON]
    owned = next(row for row in before if row["lead_id"] == lead["id"])
    add(work, a_click(NOW))
    asyncio.run(run_stages(work, ["scoring", "routing"], now=after(30)))
    assert points_of(work) == 10
    theirs = [row for row in rows_of(work, "assignments") if row["lead_id"] == lead["id"]]
    if owned["rep_id"]:
        assert theirs == [owned]
    else:
        assert len(theirs) == 1
