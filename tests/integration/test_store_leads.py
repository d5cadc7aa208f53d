"""Leads that wait for an owner: hot ones are taken first, however long the backlog."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text, update

from leadline.domain.leads import HOT_GRADE
from leadline.store import leads, schema
from tests.builders import NOW, a_store, add_person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from leadline.store.engine import Store

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        yield opened


def a_waiting_lead(store: Store, grade: str | None, due_at: datetime | None = NOW) -> int:
    with store.write() as connection:
        lead_id = add_person(connection).lead_id
        found = update(schema.leads).where(schema.leads.c.id == lead_id)
        connection.execute(found.values(grade=grade, routing_due_at=due_at))
    return lead_id


def claim(store: Store, limit: int) -> list[int]:
    with store.write() as connection:
        return [lead.id for lead in leads.claim_unrouted(connection, now=NOW, limit=limit)]


def test_hot_leads_are_taken_first_though_others_waited_longer(store: Store) -> None:
    cold = [a_waiting_lead(store, grade, NOW - 9 * MINUTE) for grade in ("B", None, "D")]
    newer = a_waiting_lead(store, HOT_GRADE, NOW)
    older = a_waiting_lead(store, HOT_GRADE, NOW - MINUTE)
    assert claim(store, 9) == [older, newer, *cold]
    assert claim(store, 3) == [older, newer, cold[0]]
    assert claim(store, 1) == [older]


def test_lead_that_is_not_due_is_left_though_it_is_hot(store: Store) -> None:
    a_waiting_lead(store, HOT_GRADE, NOW + MINUTE)
    a_waiting_lead(store, HOT_GRADE, None)
    due = a_waiting_lead(store, "C", NOW)
    assert claim(store, 9) == [due]


def test_claimed_lead_says_whether_it_is_hot_and_since_when_it_is_due(store: Store) -> None:
    hot, cold = a_waiting_lead(store, HOT_GRADE), a_waiting_lead(store, "B", NOW - MINUTE)
    with store.write() as connection:
        claimed = leads.claim_unrouted(connection, now=NOW, limit=9)
    assert claimed == [
        leads.Unrouted(hot, is_hot=True, due_at=NOW),
        leads.Unrouted(cold, is_hot=False, due_at=NOW - MINUTE),
    ]


def test_hot_leads_that_another_process_holds_are_passed_over(postgresql_url: str) -> None:
    with a_store(postgresql_url) as store:
        a_waiting_lead(store, HOT_GRADE)
        cold = a_waiting_lead(store, "B")
        with store.write() as connection:
            leads.claim_unrouted(connection, now=NOW, limit=1)
            assert claim(store, 9) == [cold]


def test_hot_and_other_leads_are_each_found_by_an_index(store: Store) -> None:
    """Read the plans of the very statements; PostgreSQL would read so small a table whole."""
    plans: list[str] = []

    def explain(*facts: object) -> None:
        cursor, statement, parameters = facts[1:4]
        if "routing_due_at" in str(statement):
            asked = cursor.connection.cursor()  # type: ignore[attr-defined]
            explaining = "EXPLAIN QUERY PLAN" if store.is_sqlite else "EXPLAIN"
            asked.execute(f"{explaining} {statement}", parameters)
            plans.append("\n".join(str(row[-1]) for row in asked.fetchall()))

    with store.write() as connection:
        if not store.is_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(store.engine, "before_cursor_execute", explain)
        leads.claim_unrouted(connection, now=NOW, limit=5)
    hot, others = plans
    assert "ix_leads_hot_routing_due" in hot
    assert "ix_leads_routing_due" in others


def test_arrival_of_a_lead_is_that_of_its_newest_submission(store: Store) -> None:
    from leadline.store.submissions import Arrival, add_submissions

    with store.write() as connection:
        arrivals = [Arrival("form:contact", "1", "form", {"email": "x@example.jp"})]
        add_submissions(connection, arrivals, now=NOW - MINUTE)
        known = add_person(connection, submission_id=1).lead_id
        unknown = add_person(connection).lead_id
        assert leads.get_received(connection, [known, unknown]) == {known: NOW - MINUTE}
