"""Delivery: what goes out, what is held back at the last moment, and what is then recorded."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, text, update

from leadline.errors import ConcurrentUpdate
from leadline.mail.sink import read_mailbox
from leadline.mail.transport import RelayUnreachable
from leadline.stages import delivery, run_stages
from leadline.store import schema
from leadline.store.answers import add_unsubscribe, find_marketing_message
from leadline.store.enrollments import claim_due, exit_enrollments
from leadline.store.leads import get_stated, mark_consent
from leadline.store.suppressions import find_suppressed, lock_addresses
from tests.builders import (
    DOMAIN,
    NOW,
    PEPPER,
    Person,
    a_lease,
    a_store,
    add_consent,
    add_message,
    add_person,
    an_owner,
    claim_all,
    message,
)
from tests.factories import a_workspace
from tests.fakes import NO_SUCH_USER, UNREACHABLE, FakeTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from leadline.domain.batches import Batch
    from leadline.domain.delivery import Reply
    from leadline.mail.transport import Envelope
    from leadline.stages import Workspace
    from leadline.store.engine import Connection, Store

ROOT = Path(__file__).parents[2]
NOBODY = 2**22 + 1
ELSEWHERE: dict[str, Any] = {
    "smtp_url": "smtp://relay.example.com",
    "base_url": "https://leads.example.com",
    "pepper": PEPPER,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("delivery") / "home"


@pytest.fixture
def work(home: Path, database_url: str) -> Iterator[Workspace]:
    """Give a workspace whose mail leaves this computer."""
    with a_workspace(home, database_url, **ELSEWHERE) as opened:
        yield opened


def with_line(file: str, line: str) -> dict[str, str]:
    """Return a packaged file with one line more, for `a_workspace`."""
    return {file: f"{(ROOT / file).read_text('utf-8')}\n{line}\n"}


def queue(work: Workspace, **changes: Any) -> tuple[Person, int]:  # noqa: ANN401
    """Queue one mail to a new person."""
    with work.store.write() as connection:
        person = add_person(connection)
        return person, add_message(connection, person, **changes)


async def deliver(work: Workspace, transport: FakeTransport) -> Batch:
    return await delivery.run_batch(work, now=NOW, transport=transport)


def states(work: Workspace, *ids: int) -> list[tuple[str, str | None]]:
    rows = [message(work.store, id_) for id_ in ids]
    return [(row["state"], row["skip_reason"]) for row in rows]


def enrollment(work: Workspace, person: Person) -> tuple[str, str | None]:
    found = schema.enrollments
    with work.store.read() as connection:
        query = select(found.c.state, found.c.exit_reason)
        row = connection.execute(query.where(found.c.id == person.enrollment_id)).one()
    return row.state, row.exit_reason


def suppressed(work: Workspace, *people: Person) -> list[str]:
    with work.store.read() as connection:
        found = find_suppressed(connection, {person.address_hash for person in people})
    return [person.email for person in people if person.address_hash in found]


def meanwhile(work: Workspace, change: Callable[[Connection], object]) -> FakeTransport:
    """Return a transport that commits a change while its first message is on the way."""

    async def before(_: object) -> None:
        if not transport.sent:
            with work.store.write() as connection:
                change(connection)

    transport = FakeTransport(before=before)
    return transport


# ---- going out ----


async def test_mail_goes_out_once_and_is_recorded_with_its_answer(work: Workspace) -> None:
    person, id_ = queue(work)
    transport = FakeTransport()
    batch = await deliver(work, transport)
    await deliver(work, transport)
    row = message(work.store, id_)
    assert tuple(
        row[name] for name in ("state", "sent_at", "phase", "reply_code", "reply", "attempts")
    ) == ("sent", NOW, "done", 250, "2.0.0 taken", 1)
    assert (transport.ids, transport.sent[0].recipient) == ([id_], person.email)
    assert (batch.claimed, batch.done, batch.failed, batch.skipped) == (1, 1, 0, {})


async def test_rep_mail_passes_a_backlog_that_was_queued_before_it(work: Workspace) -> None:
    backlog = [queue(work)[1] for _ in range(3)]
    _, rep = queue(work, kind="assignment")
    transport = FakeTransport()
    await deliver(work, transport)
    assert transport.ids == [rep, *backlog]


async def test_repeated_mail_says_so_and_keeps_its_message_id(work: Workspace) -> None:
    ids = [
        queue(work, kind="assignment", resends=1, subject=subject)[1]
        for subject in ("A new lead", "新規リード")
    ]
    transport = FakeTransport()
    await deliver(work, transport)
    for id_, envelope in zip(ids, transport.sent, strict=True):
        assert message(work.store, id_)["message_id"].encode() in envelope.message
    assert b"Subject: [repeat] A new lead\r\n" in transport.sent[0].message
    assert b"Subject: =?utf-8?b?44CQ5YaN6YCB44CR5paw6KaP44Oq44O844OJ?=\r\n" in (
        transport.sent[1].message
    )


async def test_deferred_mail_is_due_after_its_wait(work: Workspace) -> None:
    from leadline.domain.delivery import Phase, Reply

    _, id_ = queue(work, attempts=2)
    await deliver(work, FakeTransport(answers={id_: Reply(Phase.ENVELOPE, 450, "4.2.0 wait")}))
    row = message(work.store, id_)
    assert ("deferred", NOW + timedelta(minutes=20), None, None) == tuple(
        row[name] for name in ("state", "due_at", "sent_at", "owner")
    )


# ---- held back at the last moment ----


def unsubscribe(connection: Connection, person: Person) -> None:
    query = select(schema.outbox.c.message_id).where(schema.outbox.c.lead_id == person.lead_id)
    local_part = connection.execute(query).scalars().one().strip("<>").partition("@")[0]
    found = find_marketing_message(connection, local_part, domain=DOMAIN)
    assert found is not None
    add_unsubscribe(connection, found, network_address=None, now=NOW)


def reply(connection: Connection, person: Person) -> None:
    lock_addresses(connection, {person.address_hash})
    exit_enrollments(connection, [person.lead_id], reason="replied", now=NOW)


def withdraw(connection: Connection, person: Person) -> None:
    add_consent(connection, person.lead_id, is_granted=False, basis=None, at=NOW)
    mark_consent(connection, [person.lead_id], is_granted=False)


@pytest.mark.parametrize(
    ("reason", "change"),
    [("suppressed", unsubscribe), ("exited", reply), ("refused", withdraw)],
)
async def test_what_commits_between_claim_and_mark_holds_the_mail_back(
    work: Workspace, reason: str, change: Callable[[Connection, Person], None]
) -> None:
    _, first = queue(work)
    person, second = queue(work)
    transport = meanwhile(work, lambda connection: change(connection, person))
    batch = await deliver(work, transport)
    assert transport.ids == [first]
    assert states(work, first, second) == [("sent", None), ("skipped", reason)]
    assert batch.skipped == {reason: 1}


async def test_reply_after_the_last_step_was_taken_still_holds_its_mail_back(
    work: Workspace,
) -> None:
    queue(work)
    person, second = queue(work)
    with work.store.write() as connection:
        done = update(schema.enrollments).where(schema.enrollments.c.id == person.enrollment_id)
        connection.execute(done.values(state="completed"))
    await deliver(work, meanwhile(work, lambda connection: reply(connection, person)))
    assert states(work, second) == [("skipped", "exited")]
    assert enrollment(work, person) == ("exited", "replied")


async def test_last_mail_of_a_completed_sequence_goes_out(work: Workspace) -> None:
    person, id_ = queue(work)
    with work.store.write() as connection:
        done = update(schema.enrollments).where(schema.enrollments.c.id == person.enrollment_id)
        connection.execute(done.values(state="completed"))
    await deliver(work, FakeTransport())
    assert states(work, id_) == [("sent", None)]


async def test_reply_long_after_the_last_mail_leaves_the_sequence_completed(
    work: Workspace,
) -> None:
    person, _ = queue(work)
    with work.store.write() as connection:
        done = update(schema.enrollments).where(schema.enrollments.c.id == person.enrollment_id)
        connection.execute(done.values(state="completed"))
    await deliver(work, FakeTransport())
    with work.store.write() as connection:
        reply(connection, person)
    assert enrollment(work, person) == ("completed", None)


@pytest.mark.parametrize("width", [1, 5])
async def test_lead_gets_one_mail_a_day_however_many_are_due(work: Workspace, width: int) -> None:
    with work.store.write() as connection:
        person = add_person(connection)
        ids = [add_message(connection, person) for _ in range(3)]
    transport = FakeTransport(width=width)
    await deliver(work, transport)
    assert transport.ids == ids[:1]
    assert states(work, *ids) == [("sent", None), *[("deferred", "over_cap")] * 2]
    midnight_in_tokyo = NOW.replace(hour=15)
    assert {message(work.store, id_)["due_at"] for id_ in ids[1:]} == {midnight_in_tokyo}


async def test_day_of_the_cap_is_the_leads_own(work: Workspace) -> None:
    midnight_in_tokyo = NOW.replace(hour=15) - timedelta(days=1)
    sent: dict[str, Any] = {"state": "sent", "sent_at": midnight_in_tokyo}
    with work.store.write() as connection:
        today, yesterday = add_person(connection), add_person(connection)
        add_message(connection, today, **sent)
        add_message(
            connection, yesterday, **sent | {"sent_at": midnight_in_tokyo - timedelta(seconds=1)}
        )
        ids = [add_message(connection, person) for person in (today, yesterday)]
    await deliver(work, FakeTransport())
    assert [state for state, _ in states(work, *ids)] == ["deferred", "sent"]


async def test_mail_of_unknown_outcome_counts_against_the_cap(work: Workspace) -> None:
    with work.store.write() as connection:
        person = add_person(connection)
        add_message(connection, person, state="unknown", sent_at=NOW - timedelta(minutes=5))
        id_ = add_message(connection, person)
    await deliver(work, FakeTransport())
    assert states(work, id_) == [("deferred", "over_cap")]


async def test_mail_outside_the_window_waits_for_its_opening(work: Workspace) -> None:
    _, id_ = queue(work, sending_window="Mon 09:00-18:00")
    await deliver(work, FakeTransport())
    assert states(work, id_) == [("deferred", "outside_window")]
    assert message(work.store, id_)["due_at"].isoformat() == "2026-11-23T00:00:00+00:00"


async def test_nurture_mail_waits_while_its_links_cannot_be_opened(
    home: Path, database_url: str
) -> None:
    local = ELSEWHERE | {"base_url": "http://127.0.0.1:8000"}
    with a_workspace(home, database_url, **local) as work:
        _, id_ = queue(work)
        _, rep = queue(work, kind="assignment")
        transport = FakeTransport()
        await deliver(work, transport)
        assert states(work, id_) == [("deferred", "no_public_url")]
        assert transport.ids == [rep]


async def test_mail_that_waited_too_long_for_the_relay_expires(work: Workspace) -> None:
    _, late = queue(work, created_at=NOW - timedelta(days=3, seconds=1))
    _, in_time = queue(work, created_at=NOW - timedelta(days=3))
    _, rep = queue(work, created_at=NOW - timedelta(days=9), kind="assignment")
    transport = FakeTransport()
    await deliver(work, transport)
    assert states(work, late) == [("expired", "expired")]
    assert transport.ids == [rep, in_time]


async def test_sequence_says_how_late_its_mail_may_be(tmp_path: Path, database_url: str) -> None:
    files = with_line("config/sequences/welcome.yaml", "max_lateness: 9d")
    with a_workspace(tmp_path / "home", database_url, files=files, **ELSEWHERE) as work:
        _, id_ = queue(work, created_at=NOW - timedelta(days=8))
        await deliver(work, FakeTransport())
        assert states(work, id_) == [("sent", None)]


async def test_message_that_cannot_be_written_is_held_and_the_others_go_out(
    work: Workspace,
) -> None:
    _, odd = queue(work, kind="assignment", recipient="担当@example.jp")
    _, fine = queue(work)
    transport = FakeTransport(width=5)
    batch = await deliver(work, transport)
    assert transport.ids == [fine]
    assert states(work, odd, fine) == [("failed", "template_error"), ("sent", None)]
    assert (batch.done, batch.failed) == (1, 1)


# ---- bounces ----


async def test_bounce_bans_the_address_and_ends_its_sequences(work: Workspace) -> None:
    person, id_ = queue(work)
    other, _ = queue(work)
    await deliver(work, FakeTransport(width=5, answers={id_: NO_SUCH_USER}))
    assert suppressed(work, person, other) == [person.email]
    assert enrollment(work, person) == ("exited", "bounced")
    assert enrollment(work, other) == ("active", None)


async def test_bounce_of_a_reps_address_leaves_the_leads_sequence_alone(work: Workspace) -> None:
    person, id_ = queue(work, kind="assignment", address_hash="f" * 64)
    await deliver(work, FakeTransport(answers={id_: NO_SUCH_USER}))
    assert states(work, id_) == [("bounced", None)]
    assert enrollment(work, person) == ("active", None)


async def test_redirected_mail_goes_to_one_address_and_its_bounce_bans_nobody(
    tmp_path: Path, database_url: str
) -> None:
    files = with_line("config/settings.yaml", "redirect_all_to: me@example.com")
    with a_workspace(tmp_path / "home", database_url, files=files, **ELSEWHERE) as work:
        person, id_ = queue(work, subject="A guide")
        transport = FakeTransport(answers={id_: NO_SUCH_USER})
        await deliver(work, transport)
        assert suppressed(work, person) == []
        assert enrollment(work, person) == ("active", None)
    (envelope,) = transport.sent
    assert envelope.recipient == "me@example.com"
    assert b"To: me@example.com\r\n" in envelope.message
    assert f"Subject: [{person.email}] A guide\r\n".encode() in envelope.message


# ---- when something breaks ----


async def test_relay_that_is_gone_stops_the_batch_and_nothing_is_lost(work: Workspace) -> None:
    ids = [queue(work)[1] for _ in range(3)]
    transport = FakeTransport(answers={ids[0]: UNREACHABLE})
    with pytest.raises(RelayUnreachable, match="connection refused"):
        await deliver(work, transport)
    assert [state for state, _ in states(work, *ids)] == ["deferred", "queued", "queued"]
    assert transport.ids == ids[:1]


async def test_relay_that_takes_some_of_a_wave_is_used_on(work: Workspace) -> None:
    ids = [queue(work)[1] for _ in range(4)]
    await deliver(work, FakeTransport(width=2, answers={ids[0]: UNREACHABLE}))
    assert [state for state, _ in states(work, *ids)] == ["deferred", "sent", "sent", "sent"]


async def test_transport_that_fails_makes_its_wave_unknown_and_gives_back_the_rest(
    work: Workspace,
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError

    ids = [queue(work)[1] for _ in range(3)]
    with pytest.raises(RuntimeError):
        await deliver(work, FakeTransport(width=2, before=fail))
    assert [state for state, _ in states(work, *ids)] == ["unknown", "unknown", "queued"]


async def test_lease_is_prolonged_while_a_slow_server_keeps_us_waiting(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=0.3))  # looked after every 0.1 s
    queue(work)
    _, second = queue(work)
    prolonged: list[datetime] = []

    async def wait(_: object) -> None:
        before = message(work.store, second)["leased_until"]
        async with asyncio.timeout(30):
            while not prolonged:
                await asyncio.sleep(0.05)
                if (after := message(work.store, second)["leased_until"]) > before:
                    prolonged.append(after)

    await deliver(work, FakeTransport(before=wait))
    assert prolonged
    assert states(work, second) == [("sent", None)]


async def test_database_that_fails_at_the_mark_gives_back_the_whole_batch(
    work: Workspace,
) -> None:
    def fail(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        if "SET state=" in facts[2] and "attempts=" in facts[2]:
            raise RuntimeError

    ids = [queue(work)[1] for _ in range(2)]
    event.listen(work.store.engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        await deliver(work, FakeTransport())
    assert [state for state, _ in states(work, *ids)] == ["queued", "queued"]


async def test_run_that_is_told_to_stop_lets_the_message_on_its_way_arrive(
    work: Workspace,
) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def wait(_: object) -> None:
        started.set()
        await may_end.wait()

    ids = [queue(work)[1] for _ in range(2)]
    transport = FakeTransport(before=wait)
    run = asyncio.create_task(deliver(work, transport))
    await started.wait()
    run.cancel()
    await asyncio.sleep(0.1)  # the server takes its time
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert states(work, *ids) == [("sent", None), ("queued", None)]


async def test_run_that_is_told_to_stop_keeps_the_answers_that_it_has(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GRACE_SECONDS", 0.1)
    stalled = asyncio.Event()

    class Stalling(FakeTransport):
        async def send(
            self, envelopes: Sequence[Envelope], *, on_reply: Callable[[int, Reply], None]
        ) -> None:
            await super().send(envelopes[:2], on_reply=on_reply)
            stalled.set()
            await asyncio.Event().wait()  # the third server never answers

    ids = [queue(work, kind="assignment", enrollment_id=None)[1] for _ in range(3)]
    run = asyncio.create_task(deliver(work, Stalling(width=3)))
    await stalled.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    found = [message(work.store, id_) for id_ in ids]
    assert [(row["state"], row["resends"]) for row in found] == [
        ("sent", 0),
        ("sent", 0),
        ("deferred", 1),
    ]


async def test_relay_that_is_away_does_not_count_as_an_attempt(work: Workspace) -> None:
    _, id_ = queue(work, attempts=2)
    with pytest.raises(RelayUnreachable):
        await deliver(work, FakeTransport(answers={id_: UNREACHABLE}))
    row = message(work.store, id_)
    assert (row["state"], row["attempts"]) == ("deferred", 2)


async def test_run_that_is_told_to_stop_at_the_mark_leaves_nothing_in_doubt(
    home: Path, sqlite_url: str
) -> None:
    with a_workspace(home, sqlite_url, **ELSEWHERE) as work, ExitStack() as blocked:
        started = asyncio.Event()

        async def block(_: object) -> None:
            if not started.is_set():
                blocked.enter_context(work.store.write())
                started.set()

        ids = [queue(work)[1] for _ in range(3)]
        transport = FakeTransport(before=block)
        run = asyncio.create_task(deliver(work, transport))
        await started.wait()
        await asyncio.sleep(0.2)  # the next mark waits for the database by now
        run.cancel()
        await asyncio.sleep(0)
        blocked.close()
        with pytest.raises(asyncio.CancelledError):
            await run
        found = [state for state, _ in states(work, *ids)]
        assert found[0] == "sent"
        assert set(found[1:]) <= {"deferred", "queued"}
        assert transport.ids == ids[:1]


async def test_mail_that_a_killed_process_had_leased_is_sent_by_the_next_run(
    home: Path, database_url: str
) -> None:
    with a_workspace(home, database_url, pepper=PEPPER) as work:
        person, _ = queue(work)
        claim_all(work.store, a_lease(an_owner(NOBODY, here=True)))
        assert delivery.has_due(work, now=NOW)
        (batch,) = await run_stages(work, ["delivery"], now=NOW)
        recipients = [filed.recipient for filed in read_mailbox(work.environment.state / "mailbox")]
    assert batch.done == 1
    assert person.email in recipients


# ---- the address lock (PostgreSQL) ----


async def wait_for_a_waiter(store: Store) -> None:
    """Return when somebody waits for a lock in this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(30):
        while True:
            with store.read() as connection:
                if connection.execute(waiting).scalar_one():
                    return
            await asyncio.sleep(0.01)


async def test_unsubscribe_that_was_begun_first_commits_first(
    home: Path, postgresql_url: str
) -> None:
    with a_workspace(home, postgresql_url, **ELSEWHERE) as work, ExitStack() as begun:
        queue(work)
        person, second = queue(work)

        async def begin(_: object) -> None:
            unsubscribe(begun.enter_context(work.store.write()), person)

        transport = FakeTransport(before=begin)
        run = asyncio.create_task(deliver(work, transport))
        await wait_for_a_waiter(work.store)
        begun.close()
        await run
        assert states(work, second) == [("skipped", "suppressed")]
        assert len(transport.sent) == 1


def hold_address(connection: Connection, person: Person) -> None:
    lock_addresses(connection, {"0" * 64, person.address_hash})


def hold_lead(connection: Connection, person: Person) -> None:
    get_stated(connection, [person.lead_id])


def hold_enrollments(connection: Connection, person: Person) -> None:
    del person
    assert claim_due(connection, now=NOW, limit=10)


@pytest.mark.parametrize(
    ("hold", "waits"),
    [(hold_address, unsubscribe), (hold_lead, withdraw), (hold_enrollments, reply)],
    ids=["address", "lead that intake joins", "enrollment that takes a step"],
)
def test_writer_waits_for_whoever_was_first(
    postgresql_url: str,
    hold: Callable[[Connection, Person], None],
    waits: Callable[[Connection, Person], None],
) -> None:
    impatient = f"{postgresql_url}?options=-c%20lock_timeout%3D100ms"
    with a_store(postgresql_url) as first, a_store(impatient) as second:
        with first.write() as connection:
            person = add_person(connection)
            add_message(connection, person)
        with first.write() as one:
            hold(one, person)
            with pytest.raises(ConcurrentUpdate), second.write() as another:
                waits(another, person)
        with second.write() as another:
            waits(another, person)


async def test_exit_sees_the_mail_of_a_step_that_commits_while_it_waits(
    home: Path, postgresql_url: str
) -> None:
    with a_workspace(home, postgresql_url, **ELSEWHERE) as work:
        with work.store.write() as connection:
            person = add_person(connection)

        def leave() -> None:
            with work.store.write() as connection:
                reply(connection, person)

        with work.store.write() as connection:
            claim_due(connection, now=NOW, limit=10)
            connection.execute(update(schema.enrollments).values(state="completed"))
            add_message(connection, person)
            leaving = asyncio.create_task(asyncio.to_thread(leave))
            await wait_for_a_waiter(work.store)
        await leaving
        assert enrollment(work, person) == ("exited", "replied")
