"""Receipts of stored scores: they add up on both databases, at any time, and never lie."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import event, update

from leadline.domain.receipts import hundredths
from leadline.stages import ORDER, refresh, run_stages, scoring
from leadline.stages.person import read_person
from leadline.store import schema
from leadline.store.events import add_events
from leadline.store.receipts import find_receipt, get_receipts, list_changes
from leadline.store.submissions import Arrival, add_submissions
from tests.factories import NOW, a_workspace, rows_of
from tests.scored import LIVE, add_scored_leads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

DAY: Final = timedelta(days=1)
RULES: Final = """
rules:
  - {id: large, when: employees >= 1000, points: 20, says: {en: large, ja: 大企業}}
events:
  - id: prices
    event: pricing_page_viewed
    where: contains(url, 'pricing')
    points: 16
    half_life: 1d
    within: 30d
    says: {en: viewed the pricing page, ja: 料金ページを閲覧}
grades: {A: 20, B: 10, C: 5}
"""


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    files = {"config/scoring.yaml": RULES}
    with a_workspace(tmp_path / "home", database_url, files=files) as opened:
        yield opened


def score(work: Workspace, now: datetime) -> None:
    while scoring.run_batch(work, now=now).has_more:
        pass


async def a_lead(work: Workspace, name: str = "kim", **changes: str) -> int:
    """Let a lead arrive who looked at the prices three times, and be scored."""
    raw = {"email": f"{name}@{name}.jp", "company": name, "employees": "5000"} | changes
    with work.store.write() as connection:
        add_submissions(connection, [Arrival("form:contact", name, "form", raw)], now=NOW)
    await run_stages(work, ["intake"], now=NOW)
    lead_id: int = max(row["id"] for row in rows_of(work, "leads"))
    with work.store.write() as connection:
        same = {"source": "web", "lead_id": lead_id, "actor": "human", "received_at": NOW}
        seen = [
            {
                "external_id": f"{name}{age}",
                "kind": "pricing_page_viewed",
                "url": "https://x.example/Pricing" if age < 3 else "https://x.example/",
                "occurred_at": NOW - age * DAY,
            }
            for age in range(4)
        ]
        add_events(connection, [row | same for row in seen])
    return lead_id


def receipt_of(work: Workspace, lead_id: int, as_of: datetime | None = None) -> dict[str, float]:
    with work.store.read() as connection:
        if as_of is None:
            receipt = get_receipts(connection, [lead_id])[lead_id]
        else:
            found = find_receipt(connection, lead_id, model="main", as_of=as_of)
            if found is None:
                return {}
            receipt = found
    assert sum(line.points for line in receipt.lines) == hundredths(receipt.held.points)
    return {f"{line.kind} {line.id}": line.points / 100 for line in receipt.lines}


@pytest.mark.parametrize("model", ["main", "cloud"])
def test_every_stored_score_adds_up_and_knows_its_events(
    tmp_path: Path, database_url: str, model: str
) -> None:
    files = {"config/scoring.yaml": LIVE}
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        ids = add_scored_leads(work, 300)
        score(work, NOW)
        for now in (NOW, NOW + 3 * DAY, NOW + 40 * DAY):
            refresh.refresh_batch(work, now=now)
            score(work, now)
            with work.store.read() as connection:
                receipts = get_receipts(connection, ids, model=model)
            assert len(receipts) > 250
            for receipt in receipts.values():
                lines = receipt.lines
                assert sum(line.points for line in lines) == hundredths(receipt.held.points)
                assert "changed" not in {line.kind for line in lines}


async def test_receipt_says_what_a_lead_did(work: Workspace) -> None:
    lead_id = await a_lead(work)
    score(work, NOW)
    assert receipt_of(work, lead_id) == {"rule large": 20, "event prices": 16 + 8 + 4}


async def test_event_that_was_reclassified_since_is_told_and_not_hidden(work: Workspace) -> None:
    lead_id = await a_lead(work)
    score(work, NOW)
    events = schema.events
    with work.store.write() as connection:
        chosen = update(events).where(events.c.external_id == "kim0")
        connection.execute(chosen.values(actor="suspected_bot"))
    found = {"rule large": 20, "event prices": 12, "changed changed": 16}
    assert receipt_of(work, lead_id) == found


async def test_event_that_came_after_the_score_is_not_part_of_it(work: Workspace) -> None:
    lead_id = await a_lead(work)
    score(work, NOW)
    late = {"source": "web", "external_id": "late", "kind": "pricing_page_viewed"}
    seen = {"url": "https://x.example/pricing", "occurred_at": NOW, "received_at": NOW}
    with work.store.write() as connection:
        add_events(connection, [late | seen | {"lead_id": lead_id, "actor": "human"}])
    assert receipt_of(work, lead_id)["event prices"] == 28


async def test_score_of_a_time_is_what_was_known_then_decayed(work: Workspace) -> None:
    lead_id = await a_lead(work)
    score(work, NOW)
    leads = schema.leads
    with work.store.write() as connection:
        changes = {"employees_min": 10, "scoring_due_at": NOW + 2 * DAY}
        connection.execute(update(leads).where(leads.c.id == lead_id).values(**changes))
    score(work, NOW + 2 * DAY)
    assert receipt_of(work, lead_id, NOW - DAY) == {}
    assert receipt_of(work, lead_id, NOW + DAY) == {"rule large": 20, "event prices": 14}
    assert receipt_of(work, lead_id, NOW + 3 * DAY) == {"event prices": 3.5}
    with work.store.read() as connection:
        causes = [row["cause"] for row in list_changes(connection, lead_id, model="main", limit=9)]
    assert causes == ["changed", "new"]


@pytest.mark.parametrize(
    ("day", "changes", "told"),
    [
        (1, {"actor": "suspected_bot"}, {"event prices": 6, "changed changed": 8}),
        (1, {"lead_id": None}, {"event prices": 6, "changed changed": 8}),
        (3, {"actor": "suspected_bot"}, {"event prices": 1.5}),
    ],
)
async def test_score_of_a_time_stands_when_events_are_judged_otherwise_later(
    work: Workspace, day: int, changes: dict[str, Any], told: dict[str, float]
) -> None:
    lead_id = await a_lead(work)
    score(work, NOW)
    change_event(work, lead_id, NOW + 2 * DAY, **changes)
    score(work, NOW + 2 * DAY)
    assert receipt_of(work, lead_id, NOW + day * DAY) == {"rule large": 20} | told


async def test_event_that_is_joined_later_is_no_part_of_a_score_before(work: Workspace) -> None:
    lead_id = await a_lead(work)
    change_event(work, lead_id, NOW, lead_id=None)
    score(work, NOW)
    change_event(work, lead_id, NOW + 2 * DAY, lead_id=lead_id)
    score(work, NOW + 2 * DAY)
    found = {"rule large": 20, "event prices": 14, "changed changed": -8}
    assert receipt_of(work, lead_id, NOW + DAY) == found
    assert receipt_of(work, lead_id, NOW + 2 * DAY) == {"rule large": 20, "event prices": 7}


def change_event(work: Workspace, due_id: int, due_at: datetime, **changes: Any) -> None:  # noqa: ANN401
    """Change the newest event of a lead, and let the lead be scored."""
    events, leads = schema.events, schema.leads
    with work.store.write() as connection:
        chosen = update(events).where(events.c.external_id == "kim0")
        connection.execute(chosen.values(**changes))
        due = update(leads).where(leads.c.id == due_id)
        connection.execute(due.values(scoring_due_at=due_at))


async def test_rep_reads_what_the_lead_did_in_the_mail(work: Workspace) -> None:
    await a_lead(work, country="JP", region="東京都", language="ja")
    await run_stages(work, ORDER[1:4], now=NOW)
    [row] = [row for row in rows_of(work, "outbox") if row["state"] == "queued"]
    message = email.message_from_string(row["mail"], policy=email.policy.default)
    part = message.get_body(("plain",))
    assert part is not None
    text = str(part.get_content())
    assert "A2" in row["subject"]
    assert "+28点 料金ページを3回閲覧 (最終 11月20日)" in text
    assert "+20点 大企業" in text


async def test_receipts_cost_the_same_statements_for_one_lead_and_for_many(
    work: Workspace,
) -> None:
    ids = [await a_lead(work, name) for name in ("kim", "lee", "park")]
    score(work, NOW)
    counts = []
    for some in (ids[:1], ids):
        said: list[Any] = []
        with work.store.read() as connection:
            event.listen(connection, "before_cursor_execute", lambda *each: said.append(each[2]))  # noqa: B023
            assert get_receipts(connection, some).keys() == set(some)
        counts.append(sum(text.startswith("SELECT") for text in said))
    assert counts == [3, 3]


async def test_access_shows_the_receipt_and_the_history_of_the_score(work: Workspace) -> None:
    await a_lead(work)
    score(work, NOW)
    found = read_person(work, "kim@kim.jp", lang="en")
    [held] = found["scores"]
    assert [(line["id"], line["points"]) for line in held["reasons"]] == [
        ("large", 20),
        ("prices", 28),
    ]
    assert [row["cause"] for row in found["score_changes"]] == ["new"]
    assert not {"sums", "matched"} & {*held, *found["score_changes"][0]}
