"""Clicks in our own mails are judged by when the mail was sent, also when that is recorded late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event as sql

from leadline import observing
from leadline.domain.delivery import Phase, Reply
from leadline.stages import delivery
from leadline.store import observations
from leadline.store.events import add_events
from tests.builders import NOW, PEPPER, add_message, add_person
from tests.factories import a_workspace, rows_of
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0"


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(
        tmp_path / "home",
        database_url,
        pepper=PEPPER,
        smtp_url="smtp://relay.example.com",
        base_url="https://leads.example.com",
    ) as opened:
        yield opened


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def queue(work: Workspace) -> tuple[int, int]:
    """Queue one mail to a new person; returns the lead and the message."""
    with work.store.write() as connection:
        person = add_person(connection)
        return person.lead_id, add_message(connection, person)


def click(work: Workspace, lead_id: int, outbox_id: int, *, at: datetime) -> None:
    """Store a click in our own mail, and judge it once its burst is over."""
    row = {
        "source": "leadline",
        "external_id": f"{outbox_id} {at.isoformat()}",
        "kind": "email_clicked",
        "lead_id": lead_id,
        "outbox_id": outbox_id,
        "url": "https://www.example.com/guide",
        "network": "203.0.113.7",
        "user_agent": CHROME,
        "actor": "unknown",
        "occurred_at": at,
        "received_at": at,
        "due_at": at,
    }
    with work.store.write() as connection:
        add_events(connection, [row])
        observing.observe(connection, now=at + timedelta(seconds=10))


def judged(work: Workspace, *, now: datetime) -> list[tuple[str, str]]:
    """Judge what is due; returns what is said of each event."""
    with work.store.write() as connection:
        observing.observe(connection, now=now)
    return [(row["actor"], row["actor_reason"]) for row in rows_of(work, "events")]


async def test_a_click_judged_before_its_sending_is_recorded_is_judged_anew(
    work: Workspace,
) -> None:
    lead_id, outbox_id = queue(work)
    click(work, lead_id, outbox_id, at=after(3))
    assert judged(work, now=after(30)) == [("human", "nothing_against")]
    batch = await delivery.run_batch(work, now=NOW, transport=FakeTransport())
    assert batch.done == 1
    assert judged(work, now=after(60)) == [("suspected_bot", "delivery_grace")]
    (lead,) = rows_of(work, "leads")
    assert lead["scoring_due_at"] is not None, "its points are taken back"


async def test_a_click_long_after_a_sending_that_is_recorded_late_stays_a_persons(
    work: Workspace,
) -> None:
    lead_id, outbox_id = queue(work)
    click(work, lead_id, outbox_id, at=after(300))
    await delivery.run_batch(work, now=NOW, transport=FakeTransport())
    assert judged(work, now=after(600)) == [("human", "nothing_against")]


async def test_a_gateways_click_of_a_failed_attempt_stays_one_when_the_next_arrives(
    work: Workspace,
) -> None:
    lead_id, outbox_id = queue(work)
    answers = {outbox_id: Reply(Phase.DONE, 451, "4.7.1 greylisted")}
    await delivery.run_batch(work, now=NOW, transport=FakeTransport(answers=answers))
    click(work, lead_id, outbox_id, at=after(3))
    assert judged(work, now=after(30)) == [("suspected_bot", "delivery_grace")]
    batch = await delivery.run_batch(work, now=after(3600), transport=FakeTransport())
    assert batch.done == 1
    assert judged(work, now=after(4000)) == [("suspected_bot", "delivery_grace")]


def test_mails_are_judged_anew_through_the_index_of_their_events(work: Workspace) -> None:
    ran: list[tuple[str, object]] = []
    with work.store.write() as connection:
        add_message(connection, add_person(connection))
        sql.listen(work.store.engine, "before_cursor_execute", lambda *of: ran.append(of[2:4]))
        observations.judge_mails_anew(connection, {1}, now=NOW)
        (statement, given), *others = ran
        assert not others
        if work.store.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[arg-type] # as it was given
            assert "ix_events_outbox_id" in str(plan.all())
