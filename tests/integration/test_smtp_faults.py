"""What every misbehavior of an SMTP server makes of a message: one row each, on a real socket."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import trustme
from sqlalchemy import select

from leadline.domain.delivery import Phase, Reply
from leadline.mail.relay import Relay
from leadline.mail.transport import (
    BODY_SECONDS,
    PER_CONNECTION,
    Envelope,
    Patience,
    RelayRefuses,
    RelayUnreachable,
    SmtpTransport,
)
from leadline.stages import delivery
from leadline.store import schema
from leadline.store.suppressions import find_suppressed
from tests.builders import NOW, PEPPER, Person, add_message, add_person, message
from tests.factories import a_workspace
from tests.smtp_script import Scripted, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.errors import DeliveryError
    from leadline.stages import Workspace

SOON = NOW + timedelta(minutes=5)
#: For a server that means to answer, and for one that will not.
LONG, SHORT = Patience(command=30, body=30), Patience(command=2, body=2)
OFFERS_TLS = "250-hello|250 STARTTLS"
OFFERS_LOGIN = "250-hello|250 AUTH PLAIN"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults") / "home"


@pytest.fixture
def work(home: Path, sqlite_url: str) -> Iterator[Workspace]:
    with a_workspace(home, sqlite_url, pepper=PEPPER) as opened:
        yield opened


def a_relay(server: Scripted, tls: str = "none", user: str | None = None) -> Relay:
    return Relay("127.0.0.1", server.port, tls, user, "geheim" if user else None)


def patience_for(script: dict[str, Any]) -> Patience:
    return SHORT if "<silent>" in script.values() else LONG


def queue(work: Workspace, **changes: Any) -> tuple[Person, int]:  # noqa: ANN401
    with work.store.write() as connection:
        person = add_person(connection)
        return person, add_message(connection, person, **changes)


async def deliver(
    work: Workspace, relay: Relay, *, width: int = 1, patience: Patience = LONG
) -> None:
    async with SmtpTransport(relay, width=width, patience=patience) as transport:
        await delivery.run_batch(work, now=NOW, transport=transport)


def events(work: Workspace) -> list[str]:
    with work.store.read() as connection:
        query = select(schema.delivery_events.c.kind).order_by(schema.delivery_events.c.id)
        return list(connection.execute(query).scalars())


class Row(NamedTuple):
    """One misbehavior, and what is right then."""

    script: dict[str, Any]
    state: str
    phase: Phase
    code: int | None
    event: str = ""
    copies: int = 0


ROWS = {
    "MAIL 451": Row({"MAIL": "451 4.3.0 later"}, "deferred", Phase.SENDER, 451),
    "MAIL 421": Row({"MAIL": "421 4.3.2 closing<drop>"}, "deferred", Phase.SENDER, 421),
    "MAIL 552": Row({"MAIL": "552 5.3.4 too big"}, "failed", Phase.SENDER, 552, "rejected"),
    "MAIL 550": Row({"MAIL": "550 sender unknown"}, "failed", Phase.SENDER, 550, "rejected"),
    "MAIL 550 5.1.8": Row({"MAIL": "550 5.1.8 no"}, "failed", Phase.SENDER, 550, "rejected"),
    "drop at MAIL": Row({"MAIL": "<drop>"}, "deferred", Phase.SENDER, None),
    "RCPT 450": Row({"RCPT": "450 4.2.0 greylisted"}, "deferred", Phase.ENVELOPE, 450),
    "RCPT 452": Row({"RCPT": "452 4.5.3 too many"}, "deferred", Phase.ENVELOPE, 452),
    "RCPT 421": Row({"RCPT": "421 4.7.0 wait<drop>"}, "deferred", Phase.ENVELOPE, 421),
    "RCPT 550 5.1.1": Row({"RCPT": "550 5.1.1 unknown"}, "bounced", Phase.ENVELOPE, 550),
    "RCPT 550 5.7.1": Row({"RCPT": "550 5.7.1 no"}, "failed", Phase.ENVELOPE, 550, "rejected"),
    "drop at RCPT": Row({"RCPT": "<drop>"}, "deferred", Phase.ENVELOPE, None),
    "silence at RCPT": Row({"RCPT": "<silent>"}, "deferred", Phase.ENVELOPE, None),
    "garbage at RCPT": Row({"RCPT": "hello?"}, "deferred", Phase.ENVELOPE, None),
    "DATA 451": Row({"DATA": "451 4.3.0 later"}, "deferred", Phase.BODY, 451),
    "DATA 554": Row({"DATA": "554 5.5.1 no"}, "failed", Phase.BODY, 554, "rejected"),
    "DATA 250": Row({"DATA": "250 what?"}, "unknown", Phase.BODY, 250),
    "drop after the dot": Row({".": "<drop>"}, "unknown", Phase.BODY, None, copies=1),
    "silence after the dot": Row({".": "<silent>"}, "unknown", Phase.BODY, None, copies=1),
    "garbage after the dot": Row({".": "OK!"}, "unknown", Phase.BODY, None, copies=1),
    "451 after the dot": Row({".": "451 4.3.0 later"}, "deferred", Phase.BODY, 451, copies=1),
    "421 after the dot": Row({".": "421 closing<drop>"}, "deferred", Phase.BODY, 421, copies=1),
    "554 after the dot": Row(
        {".": "554 5.7.1 spam"}, "failed", Phase.BODY, 554, "rejected", copies=1
    ),
    "550 5.1.1 after the dot": Row({".": "550 5.1.1 no"}, "bounced", Phase.BODY, 550, copies=1),
    "250": Row({}, "sent", Phase.DONE, 250, copies=1),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_answer_becomes_state_event_and_due_time_and_bans_only_what_does_not_exist(
    work: Workspace, row: Row
) -> None:
    person, id_ = queue(work)
    async with scripted(row.script) as server:
        await deliver(work, a_relay(server), patience=patience_for(row.script))
    found = message(work.store, id_)
    answer = (found["state"], found["phase"], found["reply_code"])
    assert (row.state, row.phase, row.code) == answer
    assert (SOON if row.state == "deferred" else NOW) == found["due_at"]
    assert [row.event or row.state] == events(work)
    assert row.copies == len(server.messages)
    with work.store.read() as connection:
        banned = find_suppressed(connection, {person.address_hash})
    assert (row.state == "bounced") is bool(banned)


async def test_nurture_mail_that_was_cut_off_after_the_dot_is_never_sent_again(
    work: Workspace,
) -> None:
    queue(work)
    async with scripted({".": ["<drop>"]}) as server:
        for _ in range(3):
            await deliver(work, a_relay(server))
    assert len(server.messages) == 1


async def test_rep_mail_that_was_cut_off_after_the_dot_is_repeated_once_and_then_unknown(
    work: Workspace,
) -> None:
    _, id_ = queue(work, kind="assignment", subject="A new lead")
    async with scripted({".": ["<drop>"]}) as server:
        for minutes in (0, 30, 60, 90):
            async with SmtpTransport(a_relay(server), patience=LONG) as transport:
                later = NOW + timedelta(minutes=minutes)
                await delivery.run_batch(work, now=later, transport=transport)
    found = message(work.store, id_)
    assert (found["state"], found["resends"], len(server.messages)) == ("unknown", 1, 2)
    assert [b"[repeat]" in each for each in server.messages] == [False, True]
    assert all(found["message_id"].encode() in each for each in server.messages)
    assert events(work) == ["unknown", "unknown"]


async def test_server_has_longer_for_the_answer_to_the_dot_than_for_a_command(
    work: Workspace,
) -> None:
    _, id_ = queue(work)
    async with scripted({".": "250 2.0.0 taken<slow>"}) as server:
        await deliver(work, a_relay(server), patience=Patience(command=2, body=30))
    assert message(work.store, id_)["state"] == "sent"
    assert BODY_SECONDS == 600, "RFC 5321 4.5.3.2.6"


async def test_words_in_any_bytes_are_kept_as_text(work: Workspace) -> None:
    _, id_ = queue(work)
    async with scripted({"RCPT": "550 5.1.1 \xe9\xff\0 inconnu\x1b[31m"}) as server:
        await deliver(work, a_relay(server))
    found = message(work.store, id_)
    assert (found["state"], found["reply"]) == ("bounced", "5.1.1 inconnu [31m")


async def test_message_arrives_as_it_was_written(work: Workspace) -> None:
    person, _ = queue(work, mail="Message-ID: <a@b>\r\n\r\n.one\r\n..two\r\n")
    async with scripted() as server:
        await deliver(work, a_relay(server))
    (arrived,) = server.messages
    assert arrived.endswith(b"Message-ID: <a@b>\r\n\r\n..one\r\n...two\r\n.\r\n")
    assert f"RCPT TO:<{person.email}>" in server.talks[0]
    assert "MAIL FROM:<sales@example.com>" in server.talks[0]


# ---- connections ----


@pytest.mark.parametrize(
    ("script", "connections"),
    [
        ({"MAIL": ["250 ok", "250 ok", "421 4.7.0 enough<drop>"]}, 3),
        ({".": "250 2.0.0 taken<drop>"}, 5),
        ({"MAIL": ["250 ok", "<drop>"]}, 5),
    ],
    ids=["421 after two messages", "closed when idle", "dropped at the next message"],
)
async def test_kept_connection_that_ends_costs_no_message_its_turn(
    work: Workspace, script: dict[str, Any], connections: int
) -> None:
    ids = [queue(work)[1] for _ in range(5)]
    async with scripted(script) as server:
        await deliver(work, a_relay(server))
    found = [message(work.store, id_) for id_ in ids]
    assert [(row["state"], row["attempts"]) for row in found] == [("sent", 1)] * 5
    assert (5, connections) == (len(server.messages), len(server.talks))


async def test_server_that_allows_two_connections_is_used_with_two(work: Workspace) -> None:
    ids = [queue(work)[1] for _ in range(9)]
    crowded = {"greeting": ["220 ready", "220 ready", "421 4.7.0 too many<drop>"]}
    async with scripted(crowded) as server:
        await deliver(work, a_relay(server), width=3)
    found = sorted(message(work.store, id_)["state"] for id_ in ids)
    assert ["deferred", *["sent"] * 8] == found
    assert len(server.talks) == 3


async def answers_of(transport: SmtpTransport, *envelopes: Envelope) -> list[Reply]:
    answers: dict[int, Reply] = {}
    await transport.send(envelopes, on_reply=answers.__setitem__)
    return [answers[place] for place in range(len(envelopes))]


async def test_connection_carries_a_hundred_messages_and_no_more() -> None:
    envelopes = [Envelope(n, "a@example.com", "b@example.com", b"x\r\n") for n in range(101)]
    async with scripted() as server, SmtpTransport(a_relay(server)) as transport:
        for envelope in envelopes:
            (answer,) = await answers_of(transport, envelope)
            assert answer.phase is Phase.DONE
    sent = [sum(line.startswith("MAIL") for line in talk) for talk in server.talks]
    assert sent == [PER_CONNECTION, 1]


async def test_refused_message_leaves_the_connection_to_the_next(work: Workspace) -> None:
    ids = [queue(work)[1] for _ in range(2)]
    async with scripted({"RCPT": ["550 5.1.1 unknown", "250 ok"]}) as server:
        await deliver(work, a_relay(server))
    assert [message(work.store, id_)["state"] for id_ in ids] == ["bounced", "sent"]
    assert (len(server.talks), "RSET" in server.talks[0]) == (1, True)


async def test_message_that_cannot_be_said_does_not_stop_its_neighbors() -> None:
    odd = Envelope(1, "a@example.com", "担当@example.jp", b"x")
    fine = Envelope(2, "a@example.com", "c@example.com", b"x")
    async with scripted() as server, SmtpTransport(a_relay(server), width=2) as transport:
        answers = await answers_of(transport, odd, fine)
    assert [(a.phase, a.code) for a in answers] == [(Phase.ENVELOPE, None), (Phase.DONE, 250)]
    assert len(server.messages) == 1


# ---- the relay as a whole ----


class Refusal(NamedTuple):
    """A server that cannot be used, and what people are told."""

    script: dict[str, Any]
    error: type[DeliveryError]
    words: str
    tls: str = "none"
    user: str | None = None


REFUSALS = {
    "421 greeting": Refusal({"greeting": "421 busy"}, RelayUnreachable, "421"),
    "554 greeting": Refusal({"greeting": "554 no service"}, RelayRefuses, "554"),
    "silent greeting": Refusal({"greeting": "<silent>"}, RelayUnreachable, "does not answer"),
    "dropped greeting": Refusal({"greeting": "<drop>"}, RelayUnreachable, "SMTPServer"),
    "EHLO and HELO 550": Refusal({"EHLO": "550 denied", "HELO": "550 denied"}, RelayRefuses, "550"),
    "AUTH 535": Refusal(
        {"EHLO": OFFERS_LOGIN, "AUTH": "535 5.7.8 wrong"}, RelayRefuses, "535 at login", user="me"
    ),
    "AUTH 454": Refusal(
        {"EHLO": OFFERS_LOGIN, "AUTH": "454 4.7.0 wait"}, RelayUnreachable, "454", user="me"
    ),
    "AUTH not offered": Refusal({}, RelayRefuses, "AUTH", user="me"),
    "STARTTLS not offered": Refusal({}, RelayRefuses, "STARTTLS", "starttls"),
    "STARTTLS not offered, login": Refusal(
        {"EHLO": OFFERS_LOGIN}, RelayRefuses, "STARTTLS", "starttls", "me"
    ),
    "STARTTLS 454": Refusal(
        {"EHLO": OFFERS_TLS, "STARTTLS": "454 not now"}, RelayUnreachable, "454", "starttls", "me"
    ),
    "STARTTLS and then garbage": Refusal(
        {"EHLO": OFFERS_TLS, "STARTTLS": "220 go|no TLS|at all"},
        RelayUnreachable,
        "cannot be used",
        "starttls",
        "me",
    ),
    "plain text where TLS is required": Refusal({}, RelayUnreachable, "cannot", "required", "me"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_relay_that_cannot_be_used_stops_the_channel_and_everything_stays_due(
    work: Workspace, refusal: Refusal
) -> None:
    _, id_ = queue(work)
    before = message(work.store, id_)
    async with scripted(refusal.script) as server:
        with pytest.raises(refusal.error, match=refusal.words) as stopped:
            await deliver(
                work,
                a_relay(server, refusal.tls, refusal.user),
                patience=patience_for(refusal.script),
            )
    assert "MAIL" not in server.verbs
    assert refusal.tls == "none" or "AUTH" not in server.verbs
    assert "geheim" not in stopped.value.say("en") + stopped.value.say("ja")
    assert (before, []) == (message(work.store, id_), events(work))


async def test_nobody_listening_is_told_in_plain_words(work: Workspace) -> None:
    queue(work)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(RelayUnreachable, match="connection refused"):
        await deliver(work, Relay("127.0.0.1", port, "none"))


async def test_old_server_that_knows_only_helo_is_used(work: Workspace) -> None:
    _, id_ = queue(work)
    async with scripted({"EHLO": "502 5.5.1 what?"}) as server:
        await deliver(work, a_relay(server))
    assert message(work.store, id_)["state"] == "sent"


# ---- certificates ----


def a_context(authority: trustme.CA, name: str, **changes: Any) -> ssl.SSLContext:  # noqa: ANN401
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **changes).configure_cert(context)
    return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Give a certificate authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


async def test_nothing_is_said_in_clear_before_tls_stands(
    work: Workspace, authority: trustme.CA
) -> None:
    _, id_ = queue(work)
    script = {
        "EHLO": [OFFERS_TLS, OFFERS_LOGIN],
        "STARTTLS": "220 go<tls>",
        "AUTH": "235 2.7.0 welcome",
    }
    async with scripted(script, tls=a_context(authority, "127.0.0.1")) as server:
        await deliver(work, a_relay(server, "starttls", "me"))
    assert message(work.store, id_)["state"] == "sent"
    talk = [line.split(" ")[0] for line in server.talks[0]]
    assert talk[:6] == ["EHLO", "STARTTLS", "<tls>", "EHLO", "AUTH", "MAIL"]


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("self-signed|unable to get", {"authority": trustme.CA()}),
        ("not valid for", {"name": "other.example"}),
        ("expired", {"not_after": datetime(2020, 1, 1, tzinfo=UTC)}),
    ],
    ids=["of nobody we trust", "of another host", "expired"],
)
async def test_bad_certificate_is_refused_and_nothing_is_said(
    work: Workspace, authority: trustme.CA, words: str, changes: dict[str, Any]
) -> None:
    _, id_ = queue(work)
    wanted: dict[str, Any] = {"authority": authority, "name": "127.0.0.1"} | changes
    context = a_context(wanted.pop("authority"), wanted.pop("name"), **wanted)
    script = {"EHLO": OFFERS_TLS, "STARTTLS": "220 go<tls>"}
    async with scripted(script, tls=context) as server:
        with pytest.raises(RelayRefuses, match=f"certificate is not trusted.*({words})"):
            await deliver(work, a_relay(server, "starttls", "me"))
    assert server.verbs == {"EHLO", "STARTTLS"}
    assert message(work.store, id_)["state"] == "queued"
