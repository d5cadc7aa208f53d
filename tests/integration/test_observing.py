"""Events on their way to points: attached, judged with all around them, and judged anew."""

from __future__ import annotations

import random
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


def observe_all(work: Workspace, now: datetime) -> None:
    while True:
        with work.store.write() as connection:
            if not observing.observe(connection, now=now).claimed:
                return


def some_events(dice: random.Random) -> list[dict[str, Any]]:
    """Return what people and gateways do within minutes: shared, rotating and unknown networks."""
    events = []
    for number in range(120):
        kind = dice.choice(["email_clicked"] * 5 + ["email_opened", "page_viewed", "email_sent"])
        cells: dict[str, Any] = {
            "event": kind,
            "event_id": str(number),
            "occurred_at": after(dice.choice((0, 40, 95, 140, 86_400)) + dice.random() * 14),
            "email": f"lead{dice.randrange(8)}@mori.example",
            "campaign": dice.choice(("Welcome", "welcome ", "news", "")),
        }
        if kind != "email_sent" and dice.random() < 0.8:
            network = {"ip": f"192.0.2.{dice.randrange(4)}", "user_agent": CHROME}
            cells |= network
        if kind != "email_sent":
            cells["url"] = f"https://www.example.com/{dice.randrange(5)}"
        events.append({**cells, "occurred_at": cells["occurred_at"].isoformat()})
    return events


@pytest.mark.parametrize("seed", range(4))
def test_events_are_judged_alike_in_whatever_parts_they_come(
    tmp_path: Path, database_url: str, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable scenes
    moment = after(90_000)
    with a_workspace(tmp_path / "project", database_url) as work:
        found = []
        events = some_events(dice)
        for parts in (1, 2, 9, 40):
            dice.shuffle(events)
            with work.store.write() as connection:
                connection.exec_driver_sql("DELETE FROM events")
            for part in range(parts):
                add(work, *events[part::parts], now=moment)
                observe_all(work, moment)
            rows = rows_of(work, "events")
            found.append({r["external_id"]: (r["actor"], r["actor_reason"]) for r in rows})
    assert len(found[0]) == len(events)
    assert len(set(found[0].values())) >= 4, "the scenes show several reasons"
    assert found[1:] == found[:1] * 3


def test_a_neighbor_keeps_what_its_own_sending_says(work: Workspace) -> None:
    other = "lead1@mori.example"
    sent = {"event": "email_sent", "occurred_at": NOW.isoformat(), "email": other}
    add(work, sent, a_click(after(5), email=other), now=after(60))
    score(work, now=after(60))
    add(work, a_click(after(7)), now=after(100))
    score(work, now=after(100))
    reasons = sorted(row["actor_reason"] for row in rows_of(work, "events"))
    assert reasons == ["delivery_grace", "nothing_against", "our_act"]


@pytest.mark.parametrize(("days", "actor"), [(29, "human"), (31, "unknown")])
def test_a_sending_that_is_told_late_is_evidence_for_what_followed(
    work: Workspace, days: int, actor: str
) -> None:
    bare = {"event": "email_clicked", "event_id": "bare", "occurred_at": NOW.isoformat()}
    add(work, bare)
    score(work, now=after(60))
    assert actors_of(work)["bare"] == "unknown"
    sent = {"event": "email_sent", "occurred_at": (NOW - timedelta(days=days)).isoformat()}
    add(work, sent, now=after(100))
    score(work, now=after(100))
    assert actors_of(work)["bare"] == actor
