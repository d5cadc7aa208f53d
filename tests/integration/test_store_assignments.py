"""Assignments and reps in the store: answers, weekly loads, and who waits in the queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.store import assignments
from leadline.store.leads import mark_leads
from tests.builders import NOW, a_store, add_person
from tests.factories import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.store.engine import Store

MONDAY_IN_TOKYO = datetime(2026, 11, 15, 15, 0, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        with opened.write() as connection:
            assignments.keep_reps(connection, [a_rep("R01"), a_rep("R02")])
        yield opened


def a_rep(id_: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    rep = {"rep_id": id_, "name": id_, "email": f"{id_}@example.com", "team": "tokyo"}
    rest = {"languages": ["ja"], "time_zone": "Asia/Tokyo", "weekly_capacity": 10}
    return rep | rest | {"is_active": True, "config_hash": ""} | changes


def assign(store: Store, state: str = "offered", rep: str = "R01", at: datetime = NOW) -> int:
    """Store an assignment of a new lead; returns its id."""
    is_queued = state == "queued"
    row: dict[str, Any] = {
        "rep_id": None if is_queued else rep,
        "queue": "unassigned" if is_queued else None,
        "state": state,
        "trace": {},
        "config_hash": "",
        "assigned_at": at,
        "response_due_at": at + timedelta(hours=4),
    }
    with store.write() as connection:
        person = add_person(connection)
        mark_leads(connection, [{"id": person.lead_id, "owner": row["rep_id"]}])
        lead = {"lead_id": person.lead_id}
        return assignments.add_assignments(connection, [lead | row])[0]


def answer(store: Store, id_: int, state: str) -> bool:
    with store.write() as connection:
        return assignments.answer_assignment(connection, id_, state=state, reason=None, now=NOW)


def test_offer_is_answered_once(store: Store) -> None:
    id_ = assign(store)
    assert [answer(store, id_, state) for state in ("accepted", "declined", "accepted")] == [
        True,
        False,
        False,
    ]
    (row,) = rows_of(store, "assignments")
    assert (row["state"], row["answered_at"]) == ("accepted", NOW)


def test_accepted_lead_is_worked_on_and_stays_with_its_rep(store: Store) -> None:
    answer(store, assign(store), "accepted")
    (lead,) = rows_of(store, "leads")
    assert (lead["lead_status"], lead["owner"], lead["routing_due_at"]) == ("working", "R01", None)


def test_declined_lead_is_routed_again_at_once_and_not_to_the_same_rep(store: Store) -> None:
    answer(store, assign(store), "declined")
    (lead,) = rows_of(store, "leads")
    assert (lead["owner"], lead["routing_due_at"]) == (None, NOW)
    with store.read() as connection:
        found = assignments.find_declined(connection, [lead["id"]])
        assert assignments.find_open(connection, [lead["id"]]) == {}
    assert found == {lead["id"]: frozenset({"R01"})}


def test_load_counts_what_a_rep_keeps_of_the_own_week(store: Store) -> None:
    for state in ("offered", "accepted", "declined", "expired", "reassigned"):
        assign(store, state)
    assign(store, at=MONDAY_IN_TOKYO)
    assign(store, at=MONDAY_IN_TOKYO - timedelta(seconds=1))
    assign(store, rep="R02")
    since = {"R01": MONDAY_IN_TOKYO, "R02": NOW + timedelta(seconds=1)}
    with store.read() as connection:
        assert assignments.count_since(connection, since) == {"R01": 3, "R02": 0}
        assert assignments.count_since(connection, {}) == {}


def test_rep_who_is_configured_no_more_stays_and_is_inactive(store: Store) -> None:
    with store.write() as connection:
        assignments.keep_reps(connection, [a_rep("R02", weekly_capacity=3)])
    first, second = rows_of(store, "reps")
    assert (first["is_active"], second["is_active"], second["weekly_capacity"]) == (False, True, 3)


def test_only_leads_in_the_queue_are_routed_again_when_the_configuration_changes(
    store: Store,
) -> None:
    for state in ("queued", "offered", "declined"):
        assign(store, state)
    with store.write() as connection:
        assert assignments.make_queue_due(connection, now=NOW) == 1
    assert [lead["routing_due_at"] for lead in rows_of(store, "leads")] == [NOW, None, None]


def test_queued_assignment_finds_a_rep_and_an_owned_one_is_left_alone(store: Store) -> None:
    ids = [assign(store, "queued"), assign(store)]
    rows = [{"id": id_, "rep_id": "R02", "state": "offered", "queue": None} for id_ in ids]
    with store.write() as connection:
        assignments.change_assignments(connection, rows)
    assert [row["rep_id"] for row in rows_of(store, "assignments")] == ["R02", "R01"]


def test_offers_that_nobody_answered_in_time_are_counted(store: Store) -> None:
    assign(store)
    answer(store, assign(store), "accepted")
    with store.read() as connection:
        assert assignments.count_overdue(connection, now=NOW + timedelta(hours=4)) == 0
        assert assignments.count_overdue(connection, now=NOW + timedelta(hours=5)) == 1
