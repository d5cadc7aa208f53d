"""The consent gate in enrollment, touches and delivery: one answer, also when it has changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from leadline.domain.consent import RULES
from leadline.domain.skips import SkipReason
from leadline.stages import delivery, enrollment, imports, intake, touches
from leadline.store import schema
from leadline.store.submissions import Arrival, add_submissions
from leadline.store.suppressions import (
    Addressee,
    add_suppressions,
    decide_permissions,
    find_suppressed,
)
from tests.builders import NOW, PEPPER, Person, add_consent, add_message, add_person, message
from tests.factories import a_workspace, rows_of
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

DAY = timedelta(days=1)
RELATION = "business_relationship"


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    home, base_url = tmp_path / "home", "https://leads.example.com"
    with a_workspace(home, database_url, base_url=base_url, pepper=PEPPER) as opened:
        yield opened


def add(work: Workspace, country: str | None, **evidence: Any) -> Person:  # noqa: ANN401 - columns
    """Store a lead of a country, in a sequence, with one piece of evidence."""
    with work.store.write() as connection:
        person = add_person(connection, country=country, consent=None)
        if evidence:
            add_consent(connection, person.lead_id, **evidence)
    return person


def enroll(work: Workspace, person: Person) -> str | None:
    """Let enrollment decide about a lead; returns why it is in no sequence."""
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(enrollment_due_at=NOW))
    enrollment.run_batch(work, now=NOW)
    found: dict[int, str | None] = {
        row["id"]: row["enrollment_skip"] for row in rows_of(work, "leads")
    }
    return found[person.lead_id]


async def send(work: Workspace, person: Person) -> tuple[str, str | None]:
    """Queue a nurture mail and let delivery decide; returns its state and reason."""
    with work.store.write() as connection:
        id_ = add_message(connection, person)
    await delivery.run_batch(work, now=NOW, transport=FakeTransport())
    row = message(work.store, id_)
    return row["state"], row["skip_reason"]


@pytest.mark.parametrize(
    ("country", "basis", "reason"),
    [
        ("JP", "address_in_writing", None),
        ("DE", "address_in_writing", "basis_not_accepted"),
        ("DE", RELATION, None),
        (None, RELATION, None),  # the project's country: US
        ("BR", RELATION, "basis_not_accepted"),
    ],
)
async def test_basis_counts_where_the_rules_of_the_leads_country_name_it(
    work: Workspace, country: str | None, basis: str, reason: str | None
) -> None:
    person = add(work, country, basis=basis)
    told = enroll(work, person)
    assert told == reason or (reason is None and told in {"no_sequence", "already_enrolled"})
    assert await send(work, person) == (("skipped", reason) if reason else ("sent", None))


async def test_basis_that_ends_while_a_mail_waits_holds_it_back(work: Workspace) -> None:
    lasting = add(work, "CA", basis=RELATION, at=NOW - 729 * DAY)
    over = add(work, "CA", basis=RELATION, at=NOW - 730 * DAY)
    assert await send(work, lasting) == ("sent", None)
    assert await send(work, over) == ("skipped", "consent_expired")


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ({}, ("skipped", "no_consent")),
        ({"is_pending": True}, ("skipped", "no_consent")),
        ({"undone_at": NOW}, ("skipped", "no_consent")),
        ({"purpose": "events"}, ("skipped", "no_consent")),
        ({"channel": "phone"}, ("skipped", "no_consent")),
        ({"is_granted": False}, ("skipped", "refused")),
    ],
)
async def test_only_evidence_for_this_purpose_that_still_counts_lets_a_mail_out(
    work: Workspace, evidence: dict[str, Any], told: tuple[str, str]
) -> None:
    assert await send(work, add(work, "JP", **evidence)) == told


def take(work: Workspace, name: str, text: str, *, now: datetime) -> None:
    path = work.environment.home / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    imports.finish_import(work, imports.import_file(work, path, now=now), now=now)


def gate(work: Workspace) -> tuple[object, bool | None]:
    """Return what the gate answers for the only lead, and the lead's own word."""
    (lead,) = rows_of(work, "leads")
    with work.store.read() as connection:
        people = [Addressee(lead["id"], "", "US")]
        (found,) = decide_permissions(connection, people, rules=RULES, now=NOW + 9 * DAY)
    return getattr(found, "basis", found), lead["consent"]


NO_ROW = "Email,Email Opt Out\nbob@y.example,1\n"
YES_ROW = "Email,Opt-in\nbob@y.example,yes\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_list_without_dates_does_not_undo_a_refusal(work: Workspace) -> None:
    take(work, "crm", NO_ROW, now=NOW)
    take(work, "later", YES_ROW, now=NOW + DAY)
    assert gate(work) == (SkipReason.REFUSED, False)
    dated = "Email,Opt-in,Submitted at\nbob@y.example,yes,{}\n"
    take(work, "older", dated.format("2020-01-01"), now=NOW + 2 * DAY)
    assert gate(work) == (SkipReason.REFUSED, False)
    newer = (NOW + DAY).date().isoformat() + "T23:00:00Z"
    take(work, "newer", dated.format(newer), now=NOW + 3 * DAY)
    assert gate(work) == ("opt_in", True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_refusal_that_becomes_known_later_counts_against_a_list_without_dates(
    work: Workspace,
) -> None:
    take(work, "list", YES_ROW, now=NOW)
    assert gate(work) == ("opt_in", True)
    said = "Email,Opt-in,Submitted at\nbob@y.example,no,2021-05-01\n"
    take(work, "said", said, now=NOW + DAY)
    assert gate(work) == (SkipReason.REFUSED, False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_form_undoes_a_refusal_by_its_time(work: Workspace) -> None:
    take(work, "crm", NO_ROW, now=NOW)
    fields = {"email": "bob@y.example", "full_name": "Bob", "consent": "true"}
    with work.store.write() as connection:
        arrival = Arrival("form:contact", "1", "form", fields)
        add_submissions(connection, [arrival], now=NOW + DAY)
    intake.run_batch(work, now=NOW + DAY)
    assert gate(work) == ("opt_in", True)


async def test_column_of_the_lead_alone_lets_no_mail_out(work: Workspace) -> None:
    person = add(work, "JP")
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(consent=True))
    assert await send(work, person) == ("skipped", "no_consent")


def test_lead_in_a_sequence_leaves_it_when_its_basis_has_ended(work: Workspace) -> None:
    add(work, "CA", basis=RELATION, at=NOW - 730 * DAY)
    _, body = enrollment.version_of(work.project, "welcome")
    with work.store.write() as connection:
        connection.execute(update(schema.sequence_versions).values(body=body))
        connection.execute(update(schema.enrollments).values(step_due_at=NOW))
    batch = touches.run_batch(work, now=NOW)
    assert batch.skipped == {"consent_expired": 1}
    (left,) = rows_of(work, "enrollments")
    assert (left["state"], left["exit_reason"]) == ("exited", "no_consent")


def test_gate_asks_the_database_as_often_for_fifty_leads_as_for_two(work: Workspace) -> None:
    counts = []
    for many in (2, 50):
        for _ in range(many):
            add(work, "JP", basis="opt_in")
        asked: list[str] = []

        def count(*args: Any, into: list[str] = asked) -> None:  # noqa: ANN401 - SQLAlchemy's
            into.append(args[2])

        with work.store.write() as connection:
            connection.execute(update(schema.leads).values(enrollment_due_at=NOW))
        engine = work.store.engine
        event.listen(engine, "before_cursor_execute", count)
        enrollment.run_batch(work, now=NOW)
        event.remove(engine, "before_cursor_execute", count)
        counts.append(sum("consents" in text or "suppressions" in text for text in asked))
    assert counts == [2, 2]


def test_ban_that_was_lifted_counts_no_more_until_the_address_is_banned_again(
    work: Workspace,
) -> None:
    person = add(work, "JP", basis="opt_in")
    ban = {"address_hash": person.address_hash, "scope": "marketing", "message_id": None}
    with work.store.write() as connection:
        add_suppressions(connection, [{**ban, "cause": "unsubscribe", "at": NOW - DAY}])
        connection.execute(update(schema.suppressions).values(lifted_at=NOW))
        assert find_suppressed(connection, {person.address_hash}) == set()
        add_suppressions(connection, [{**ban, "cause": "complaint", "at": NOW}])
        assert find_suppressed(connection, {person.address_hash}) == {person.address_hash}
    (row,) = rows_of(work, "suppressions")
    assert (row["cause"], row["at"], row["lifted_at"]) == ("complaint", NOW, None)


def test_ban_for_marketing_does_not_stop_what_answers_a_person(work: Workspace) -> None:
    person = add(work, "JP")
    ban = {"address_hash": person.address_hash, "message_id": None, "cause": "manual", "at": NOW}
    hashes = {person.address_hash}
    with work.store.write() as connection:
        add_suppressions(connection, [{**ban, "scope": "marketing"}])
        assert find_suppressed(connection, hashes, purpose="transactional") == set()
        add_suppressions(connection, [{**ban, "scope": "global"}])
        assert find_suppressed(connection, hashes, purpose="transactional") == hashes
