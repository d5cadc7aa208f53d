"""The database: one schema by migration and by declaration, aware times, and plain words."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, event, inspect, select, text
from sqlalchemy.exc import StatementError

from leadline.domain.undo import Change
from leadline.errors import ConcurrentUpdate, SchemaOutOfDate, StoreError
from leadline.store import (
    assignments,
    enrollments,
    holds,
    import_runs,
    leads,
    outbox,
    schema,
    submissions,
    suppressions,
    undo,
)
from leadline.store import engine as engines
from leadline.store.bulk import insert_rows
from leadline.store.engine import REVISIONS, Store, connect, migrate, open_store
from tests.builders import NOW, PEPPER, a_lease, a_store, add_message, add_person, an_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.new_database


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        yield opened


def checks_of(connection: Connection) -> dict[str, set[str | None]]:
    inspected = inspect(connection)
    return {
        name: {check["name"] for check in inspected.get_check_constraints(name)}
        for name in schema.metadata.tables
    }


def test_migrations_make_exactly_the_declared_schema(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_migrations_make_every_declared_check_and_partial_index(
    store: Store, tmp_path: Path
) -> None:
    declared = connect(f"sqlite:///{tmp_path / 'declared.db'}")
    with store.read() as migrated, declared.begin() as made:
        schema.metadata.create_all(made)
        assert checks_of(made) == checks_of(migrated)
        for table in schema.metadata.tables.values():
            wanted = {str(index.name) for index in table.indexes}
            found = {str(each["name"]) for each in inspect(migrated).get_indexes(table.name)}
            assert wanted <= found
    declared.dispose()


def test_partial_indexes_hold_only_what_waits(store: Store) -> None:
    catalog = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name"
        if store.is_sqlite
        else "SELECT indexdef FROM pg_indexes WHERE indexname = :name"
    )
    waiting = [
        index
        for table in schema.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    ]
    assert len(waiting) >= 10
    with store.read() as connection:
        for index in waiting:
            made = connection.execute(text(catalog), {"name": index.name}).scalar_one()
            assert " WHERE " in made, index.name


def test_database_made_by_three_processes_at_once_is_made_once(database_url: str) -> None:
    program = (
        "import sys; from leadline.store.engine import open_store; "
        "open_store(sys.argv[1], pepper='p').close()"
    )
    command = [sys.executable, "-c", program, database_url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    assert [process.returncode for process in processes] == [0, 0, 0]
    with a_store(database_url) as store, store.read() as connection:
        query = text("SELECT version_num FROM alembic_version")
        assert [REVISIONS[-1]] == list(connection.execute(query).scalars())


def test_new_databases_opened_by_many_at_the_same_moment_are_not_locked(tmp_path: Path) -> None:
    openers, files = 6, 60
    together = Barrier(openers, timeout=60)

    def open_all(_opener: int) -> None:
        for number in range(files):
            together.wait()
            engine = connect(f"sqlite:///{tmp_path / str(number)}.db")
            with engine.connect() as connection:
                assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            engine.dispose()

    with ThreadPoolExecutor(openers) as threads:
        assert list(threads.map(open_all, range(openers))) == [None] * openers


def test_databases_made_by_threads_of_one_process_do_not_meet(tmp_path: Path) -> None:
    def open_it(number: int) -> None:
        open_store(f"sqlite:///{tmp_path / str(number)}.db", pepper=PEPPER).close()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(open_it, (1, 1, 2, 3))) == [None] * 4


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring an empty database to an older schema."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(engines.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_migration_keeps_the_rows_of_an_older_database(database_url: str) -> None:
    store = Store(connect(database_url), pepper=PEPPER)
    message = (
        "INSERT INTO outbox (id, message_key, message_id, kind, state, priority, fence, attempts,"
        " resends, config_hash, created_at, due_at)"
        " VALUES (7, 'key', 'id', 'touch', 'sent', 1, 0, 0, 0, 'h', :at, :at)"
    )
    event_of_it = (
        "INSERT INTO delivery_events (id, outbox_id, kind, external_id, at)"
        " VALUES (8, 7, 'sent', '', :at)"
    )
    with store.write() as connection:
        upgrade_to(connection, "0001")
        for statement in (message, event_of_it):
            connection.execute(text(statement), {"at": "2026-11-20 00:00:00"})
    assert migrate(store) == ("0001", REVISIONS[-1])
    with store.read() as connection:
        found = connection.execute(
            text(
                "SELECT e.id, o.id, o.kind FROM delivery_events e JOIN outbox o ON o.id = outbox_id"
            )
        )
        assert [tuple(row) for row in found] == [(8, 7, "touch")]
    orphan = event_of_it.replace("(8, 7, 'sent'", "(9, 70, 'sent'")
    with pytest.raises(StoreError), store.write() as connection:
        connection.execute(text(orphan), {"at": "2026-11-20 00:00:00"})
    store.close()


#: One import as it was written before imports could be held back or taken back.
OLD_IMPORT = (
    (
        "INSERT INTO import_runs (id, source, file_name, file_hash, encoding, delimiter, mapping,"
        " started_at, finished_at)"
        " VALUES (3, 'fair', 'f.csv', 'h', 'utf-8', ',', '{}', :at, :at)"
    ),
    (
        "INSERT INTO submissions (id, source, content_key, kind, import_run_id, line, raw,"
        " received_at, state, outcome, lead_id)"
        " VALUES (4, 'fair', 'k', 'file', 3, 2, '{}', :at, 'accepted', 'created', 5)"
    ),
    (
        "INSERT INTO leads (id, email, attributes, zone, zone_source, submission_id,"
        " lifecycle_stage, lead_status, created_at, updated_at, scoring_due_at)"
        " VALUES (5, 'a@b.example', '{}', 'Asia/Tokyo', 'place', 4, 'lead', 'new', :at, :at, :at)"
    ),
    (
        "INSERT INTO consents (id, lead_id, purpose, channel, is_granted, source, at)"
        " VALUES (6, 5, 'marketing', 'email', true, 'fair', :at)"
    ),
)


def test_leads_from_before_imports_could_be_held_are_neither_held_nor_taken_back(
    database_url: str,
) -> None:
    store = Store(connect(database_url), pepper=PEPPER)
    with store.write() as connection:
        upgrade_to(connection, "0003")
        for statement in OLD_IMPORT:
            connection.execute(text(statement), {"at": "2026-11-20 00:00:00"})
    assert migrate(store) == ("0003", REVISIONS[-1])
    with store.read() as connection:
        (run,) = connection.execute(select(schema.import_runs)).mappings()
        (lead,) = connection.execute(select(schema.leads)).mappings()
        (consent,) = connection.execute(select(schema.consents)).mappings()
        (submission,) = connection.execute(select(schema.submissions)).mappings()
    assert (run["is_backfill"], run["undone_at"]) == (False, None)
    assert (lead["held_import_run_id"], lead["is_scoring_only"]) == (None, None)
    assert (consent["undone_at"], submission["state"]) == (None, "accepted")
    with store.write() as connection:
        assert leads.claim_due(connection, "scoring", now=NOW, limit=9) == [5]
        undone = schema.submissions.update().values(state="undone")
        assert connection.execute(undone).rowcount == 1
    store.close()


@pytest.mark.parametrize("revision", ["9999", "0000"])
def test_database_of_another_program_is_refused_and_left_alone(
    database_url: str, revision: str
) -> None:
    with a_store(database_url) as store, store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    with pytest.raises(SchemaOutOfDate, match=revision):
        open_store(database_url, pepper=PEPPER)


def test_time_comes_back_aware_and_in_utc(store: Store) -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9))).replace(microsecond=123_456)
    with store.write() as connection:
        person = add_person(connection, submitted_at=tokyo)
        query = select(schema.leads.c.submitted_at).where(schema.leads.c.id == person.lead_id)
        found = connection.execute(query).scalar_one()
    assert (tokyo, timedelta(0)) == (found, found.utcoffset())


def test_times_are_compared_as_instants(store: Store) -> None:
    later = (NOW + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-11)))
    with store.write() as connection:
        add_person(connection)
        due = select(schema.leads.c.id).where(schema.leads.c.scoring_due_at <= later)
        assert len(connection.execute(due).all()) == 1


def test_naive_time_is_refused_by_columns_and_by_bulk_writes(store: Store) -> None:
    naive = datetime(2026, 11, 20, 10, 0)  # noqa: DTZ001 - that is what is refused
    with store.write() as connection:
        with pytest.raises(StatementError, match="aware"):
            connection.execute(schema.suppressions.update().values(at=naive))
        ban = {"address_hash": "x", "scope": "global", "cause": "manual", "at": naive}
        with pytest.raises(ValueError, match="aware"):
            insert_rows(connection, schema.suppressions, [ban])


def test_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write() as connection:
            add_person(connection)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with store.read() as connection:
        assert connection.execute(select(schema.leads.c.id)).all() == []


def test_refusal_of_the_database_names_the_constraint_and_no_data(store: Store) -> None:
    who = "mituru.suzuki@example.jp"
    row = dict.fromkeys(("source", "content_key", "kind", "state"), who)
    whole = row | {"id": 1, "raw": {"a": who}, "received_at": NOW}
    with pytest.raises(StoreError) as refused, store.write() as connection:
        insert_rows(connection, schema.submissions, [whole])
    assert who not in refused.value.say("en") + refused.value.say("ja") + repr(refused.value)
    assert "check" in refused.value.say("en").lower()
    assert refused.value.__suppress_context__


def test_row_that_breaks_a_key_is_refused_without_data(store: Store) -> None:
    ban = {"address_hash": "mituru", "scope": "global", "cause": "manual", "at": NOW}
    with pytest.raises(StoreError) as refused, store.write() as connection:
        insert_rows(connection, schema.suppressions, [ban, ban])
    assert "mituru" not in str(refused.value)


def test_writer_that_must_wait_too_long_is_told_that_it_lost(postgresql_url: str) -> None:
    impatient = f"{postgresql_url}?options=-c%20lock_timeout%3D100ms"
    with (
        a_store(postgresql_url) as first,
        a_store(impatient) as second,
        first.write(lock="routing"),
        pytest.raises(ConcurrentUpdate),
        second.write(lock="routing"),
    ):
        pass


def test_work_is_found_and_kept_by_an_index_and_never_by_reading_a_whole_table(
    sqlite_url: str,
) -> None:
    owner, lease = an_owner(1), a_lease()
    plans: list[str] = []

    def explain(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        cursor, statement, parameters = facts[1:4]
        if not statement.startswith(("PRAGMA", "BEGIN")):
            found = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(f"{row[3]}: {statement}" for row in found)

    with a_store(sqlite_url) as store:
        with store.write() as connection:
            person = add_person(connection)
            add_message(connection, person)
            claims = outbox.claim_due(connection, lease=lease, now=NOW, limit=1)
        event.listen(store.engine, "before_cursor_execute", explain)
        with store.write() as connection:
            for rendered in (True, False):
                outbox.has_due(connection, rendered=rendered, now=NOW)
            outbox.claim_due(connection, lease=lease, now=NOW, limit=1)
            outbox.claim_unrendered(connection, lease=lease, limit=1)
            outbox.renew(connection, claims, lease=lease)
            outbox.read_gate(connection, claims, owner=owner)
            outbox.mark_sending(connection, claims, owner=owner, now=NOW)
            outbox.list_sent(connection, [person.lead_id], since=NOW)
            outbox.skip_waiting(connection, person.address_hash, reason="suppressed")
            outbox.recover(connection, lease=a_lease(an_owner(2), NOW + timedelta(days=1)))
            enrollments.exit_enrollments(connection, [person.lead_id], reason="x", now=NOW)
            enrollments.find_sequences(connection, [person.lead_id])
            enrollments.claim_due(connection, now=NOW, limit=1)
            for duty in ("scoring", "enrollment"):
                leads.claim_due(connection, duty, now=NOW, limit=1)
            leads.claim_unrouted(connection, now=NOW, limit=1)
            leads.get_received(connection, [person.lead_id])
            submissions.claim_new(connection, limit=1)
            assignments.make_queue_due(connection, now=NOW)
            assignments.find_open(connection, [person.lead_id])
            assignments.find_declined(connection, [person.lead_id])
            assignments.find_handled(connection, [person.lead_id])
            assignments.count_since(connection, {"R01": NOW})
            assignments.count_overdue(connection, now=NOW)
            leads.find_by_keys(connection, {("email", "x"), ("external", "y")})
            leads.get_stated(connection, [person.lead_id])
            leads.find_lead_id(connection, person.email)
            enrollments.list_planned(connection, [person.lead_id], since=NOW)
            submissions.find_submissions(connection, "form:contact", ["x"])
            suppressions.find_suppressed(connection, {person.address_hash})
            suppressions.latest_bases(connection, [person.lead_id])
            take_back(connection, person.lead_id)
    tables = "|".join(schema.metadata.tables)
    assert [plan for plan in plans if re.match(rf"SCAN ({tables})(?! USING)", plan)] == []


def take_back(connection: Connection, lead_id: int) -> None:
    """Hold a lead, let it go, and do all that an undo does, whatever there is."""
    holds.make_score_due(connection, [lead_id], now=NOW)
    holds.find_quiet(connection, [lead_id])
    holds.list_held(connection, 1, limit=1)
    holds.let_go(connection, [lead_id], now=NOW)
    import_runs.find_import_run(connection, 1)
    assignments.find_stated_owners(connection, [lead_id])
    undo.list_rows(connection, 1, after=0, limit=1)
    undo.list_rows_of(connection, [lead_id])
    undo.find_dependents(connection, 1, [lead_id])
    undo.list_evidence(connection, 1, [lead_id])
    undo.list_spoken(connection, 1, [lead_id])
    undo.take_changes(connection, 1, [lead_id])
    undo.mark_changes(connection, {(1, lead_id): Change({}, {})})
    undo.mark_restored(connection, undo.lock_leads(connection, [lead_id]), now=NOW)
    undo.undo_consents(connection, 1, [lead_id], now=NOW)
    undo.remove_keys(connection, {(lead_id, "x")})
    undo.undo_submissions(connection, 1, [1])
    undo.remove_leads(connection, 1, [lead_id + 1])


def test_sqlite_runs_with_the_durable_settings(sqlite_url: str) -> None:
    with a_store(sqlite_url) as store, store.read() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    assert wanted == found


def test_sqlite_writer_holds_the_database_from_its_first_moment(sqlite_url: str) -> None:
    with a_store(sqlite_url) as store, store.write(), store.engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout = 50")
        other.rollback()
        with pytest.raises(StoreError, match="locked"):
            begin_writing(store, other)


def begin_writing(store: Store, connection: Connection) -> None:
    """Begin a writing transaction on a connection, with the store's words for a failure."""
    from leadline.store.engine import _in_plain_words

    with _in_plain_words(store.engine):
        connection.execution_options(leadline_write=True).begin()
