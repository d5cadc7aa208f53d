"""What an erasure reads and writes: a person's rows keep their numbers and lose what they say.

A row stays where counts, foreign keys or idempotency need it. The mail about the person that has
not left is written anew without that person, or skipped. Everything here is for one transaction
that holds the address and the intake (see `leadline.stages.erasure`).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, null, or_, select, text, update

from leadline.domain.skips import SkipReason
from leadline.store import schema
from leadline.store.bulk import among, as_dicts, update_rows
from leadline.store.enrollments import exit_enrollments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from leadline.store.engine import Store

_LEADS = schema.leads
_SUBMISSIONS = schema.submissions
_OUTBOX = schema.outbox
_SUPPRESSIONS = schema.suppressions
_CHANGES = schema.import_changes

#: The cause of a ban that an erasure leaves behind.
CAUSE: Final = "erasure"
#: What stays of a lead: that there was one, when, how far it came, and who had it.
_KEPT: Final = frozenset(
    {
        *("id", "submission_id", "lifecycle_stage", "lead_status", "points", "grade", "owner"),
        *("created_at", "updated_at", "erased_at", "attributes", "zone", "zone_source"),
    }
)
_CLEARED: Final = ("reason", "field", "detail", "consent_wording", "network_address")
#: What an event says of whoever it was.
_OBSERVED: Final = (
    *("address_hash", "visitor_id", "url", "network", "user_agent", "detail"),
    "due_at",
)
#: Tables of which nothing stays.
_OWN: Final = (
    *(schema.lead_keys, schema.consents, schema.scores, schema.score_changes),
    *(schema.visitors, _CHANGES),
)
_REP_KINDS: Final = ("assignment", "alert")
_WAITING: Final = ("queued", "deferred", "leased")
#: How long others may keep the file of the database from being written anew.
_PATIENCE_SECONDS: Final = 5
_WRITTEN: Final = ("recipient", "address_hash", "subject", "mail")


def erase_submissions(connection: Connection, ids: Collection[int]) -> int:
    """Empty submissions; their content keys stay, so that the same delivery is nothing new.

    The hash of the whole body goes: whoever guesses what it said could make sure of it.
    """
    if not ids:
        return 0
    return connection.execute(
        update(_SUBMISSIONS)
        .where(among(connection, _SUBMISSIONS.c.id, ids))
        .values(
            {
                "raw": {},
                "state": "erased",
                "address_hash": null(),
                "body_hash": null(),
                "mailbox_hash": null(),
                "due_at": null(),
                **dict.fromkeys(_CLEARED, null()),
            }
        )
    ).rowcount


def erase_leads(connection: Connection, lead_ids: Collection[int], *, now: datetime) -> None:
    """Empty leads, and all that is theirs alone; nothing is due for them any more."""
    if not lead_ids:
        return
    gone = {column.name: null() for column in _LEADS.c if column.name not in _KEPT}
    fixed = {"attributes": {}, "zone": "UTC", "zone_source": "source"}
    connection.execute(
        update(_LEADS)
        .where(among(connection, _LEADS.c.id, lead_ids))
        .values({**gone, **fixed, "updated_at": now, "erased_at": now})
    )
    own = (
        schema.lead_keys,
        schema.consents,
        schema.scores,
        schema.visitors,
        schema.score_changes,
        _CHANGES,
    )
    for table in own:
        connection.execute(delete(table).where(among(connection, table.c.lead_id, lead_ids)))
    exit_enrollments(connection, lead_ids, reason=SkipReason.ERASED.value, now=now)
    _close_assignments(connection, lead_ids, now=now)


def erase_events(connection: Connection, lead_ids: Collection[int], keys: Collection[str]) -> int:
    """Empty what a person did: that something was done, and when, is all that stays.

    Called before the leads are emptied, whose keys and visitors tell what else is theirs.

    Args:
        connection: a writing transaction.
        lead_ids: the person's leads.
        keys: hashed match keys of the person's address, under which events wait for a lead.

    Returns:
        How many events there were.
    """
    events, known = schema.events, schema.lead_keys
    theirs = select(known.c.key_hash).where(among(connection, known.c.lead_id, lead_ids))
    waits = events.c.lead_id.is_(None) & events.c.address_hash.is_not(None)
    is_key = among(connection, events.c.address_hash, keys) | events.c.address_hash.in_(theirs)
    own = among(connection, events.c.lead_id, lead_ids) | (waits & is_key)
    visitors = set(
        connection.execute(
            select(events.c.visitor_id).where(own, events.c.visitor_id.is_not(None))
        ).scalars()
    )
    nameless = events.c.visitor_id.is_not(None) & events.c.lead_id.is_(None)
    nameless &= events.c.address_hash.is_(None)
    return connection.execute(
        update(events)
        .where(own | (nameless & among(connection, events.c.visitor_id, visitors)))
        .values(dict.fromkeys(_OBSERVED, null()))
    ).rowcount


def _close_assignments(connection: Connection, lead_ids: Collection[int], *, now: datetime) -> None:
    """Take open assignments away from their reps; one that has no rep yet was nobody's."""
    assignments = schema.assignments
    theirs = among(connection, assignments.c.lead_id, lead_ids)
    connection.execute(delete(assignments).where(theirs, assignments.c.state == "queued"))
    connection.execute(
        update(assignments)
        .where(theirs, assignments.c.state.in_(("offered", "accepted")))
        .values(state="reassigned", skip_reason=SkipReason.ERASED.value, answered_at=now)
    )
    connection.execute(update(assignments).where(theirs).values(decline_reason=null()))


def list_mails(
    connection: Connection, lead_ids: Collection[int], ids: Collection[int], hash_: str
) -> list[dict[str, Any]]:
    """Return messages to or about a person, and those whose text they stand in; locked, in order.

    Args:
        connection: a writing transaction.
        lead_ids: the person's leads.
        ids: the person's submissions.
        hash_: of the person's address; "" to look for none.
    """
    to_person = (_OUTBOX.c.address_hash == hash_) & _OUTBOX.c.kind.not_in(_REP_KINDS)
    theirs = or_(
        among(connection, _OUTBOX.c.lead_id, lead_ids),
        among(connection, _OUTBOX.c.submission_id, ids),
        to_person,
    )
    heads = select(_OUTBOX.c.bundle_id).where(theirs, _OUTBOX.c.bundle_id.is_not(None))
    query = select(_OUTBOX).where(or_(theirs, _OUTBOX.c.id.in_(heads))).order_by(_OUTBOX.c.id)
    return as_dicts(connection.execute(query.with_for_update()))


def erase_mails(
    connection: Connection, rows: Sequence[Mapping[str, Any]], lead_ids: Collection[int]
) -> int:
    """Empty messages; what has not left is skipped, or written anew where it tells of others too.

    Args:
        connection: a writing transaction.
        rows: from `list_mails`.
        lead_ids: the person's leads; a rep's message about another lead tells of them too.

    Returns:
        How many messages there were.
    """
    own = {row["id"] for row in rows if row["lead_id"] in lead_ids or row["kind"] not in _REP_KINDS}
    waiting = {row["id"] for row in rows if row["state"] in _WAITING}
    heads = {row["bundle_id"] or row["id"] for row in rows if row["kind"] in _REP_KINDS} & waiting
    unfinished = any(row["state"] == "leased" and row["rendered_at"] is None for row in rows)
    _write_anew(connection, heads, apart=own, has_writer=unfinished)
    emptied = [_emptied(row) for row in rows if row["id"] in own or row["id"] not in heads]
    update_rows(connection, _OUTBOX, emptied)
    events = schema.delivery_events
    connection.execute(
        update(events)
        .where(among(connection, events.c.outbox_id, [row["id"] for row in rows]))
        .values(reply=null())
    )
    return len(rows)


def redact_mails(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    *,
    redact: Callable[[str], str],
    redact_mail: Callable[[str], str],
) -> None:
    """Take an address out of messages to others; whom they go to, and when, stays.

    What was sent loses its text; its links go on working. What waits is sent with other words.

    Args:
        connection: a writing transaction.
        rows: from `list_mails`; a rep's messages are written anew.
        redact: a text without the address.
        redact_mail: a whole message without it.
    """
    of_reps = [row for row in rows if row["kind"] in _REP_KINDS]
    if of_reps:
        erase_mails(connection, of_reps, ())
    changed = []
    for row in rows:
        if row["kind"] in _REP_KINDS:
            continue
        is_open = row["state"] in (*_WAITING, "sending")
        is_leased = row["state"] == "leased"
        texts = {
            "subject": redact(row["subject"]) if is_open and row["subject"] else None,
            "mail": redact_mail(row["mail"]) if is_open and row["mail"] else None,
            "reply": redact(row["reply"]) if row["reply"] else None,
        }
        lease = {
            "state": "queued" if is_leased else row["state"],
            "owner": None if is_leased else row["owner"],
            "leased_until": None if is_leased else row["leased_until"],
            "fence": row["fence"] + is_leased,
        }
        changed.append({"id": row["id"], **texts, **lease})
    update_rows(connection, _OUTBOX, changed)


def _emptied(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without its text; a rep's address is not the person's.

    What is on its way just now keeps whom it goes to until its outcome is known: it cannot be
    stopped, and is never written again.
    """
    is_waiting = row["state"] in _WAITING
    is_kept = row["kind"] in _REP_KINDS or row["state"] == "sending"
    ended = {"state": "skipped", "skip_reason": SkipReason.ERASED.value} if is_waiting else row
    return {
        "id": row["id"],
        "recipient": row["recipient"] if is_kept else None,
        "address_hash": row["address_hash"] if is_kept else None,
        "subject": None,
        "mail": None,
        "reply": None,
        "state": ended["state"],
        "skip_reason": ended["skip_reason"],
        "owner": None if is_waiting else row["owner"],
        "leased_until": None if is_waiting else row["leased_until"],
        "fence": row["fence"] + is_waiting,
    }


def _write_anew(
    connection: Connection, heads: Collection[int], *, apart: Collection[int], has_writer: bool
) -> None:
    """Queue the leads of unsent reps' mails again, all but the person's.

    A mail that is being written may have read the person already. Whoever writes it comes too
    late then: the fence has moved on.
    """
    meant = [
        among(connection, _OUTBOX.c.id, heads),
        among(connection, _OUTBOX.c.bundle_id, heads),
    ]
    if has_writer:
        meant.append((_OUTBOX.c.state == "leased") & _OUTBOX.c.rendered_at.is_(None))
    empty = dict.fromkeys(
        (*_WRITTEN, "skip_reason", "bundle_id", "rendered_at", "owner", "leased_until")
    )
    connection.execute(
        update(_OUTBOX)
        .where(or_(*meant), ~among(connection, _OUTBOX.c.id, apart))
        .values({**empty, "state": "queued", "fence": _OUTBOX.c.fence + 1})
    )


def add_ban(connection: Connection, hash_: str, *, now: datetime) -> None:
    """Ban an address for marketing mail, because of an erasure; this stays whatever happens."""
    ban = {"address_hash": hash_, "scope": "marketing"}
    is_same = (_SUPPRESSIONS.c.address_hash == hash_) & (_SUPPRESSIONS.c.scope == ban["scope"])
    known = connection.execute(
        update(_SUPPRESSIONS)
        .where(is_same)
        .values(cause=CAUSE, message_id=null(), lifted_at=null())
    )
    if not known.rowcount:
        connection.execute(insert(_SUPPRESSIONS).values({**ban, "cause": CAUSE, "at": now}))


def list_erased(connection: Connection) -> frozenset[str]:
    """Return the hashes of all addresses that were erased."""
    query = select(_SUPPRESSIONS.c.address_hash).where(_SUPPRESSIONS.c.cause == CAUSE)
    return frozenset(connection.execute(query).scalars())


def list_files(store: Store) -> list[Path]:
    """Return the files that SQLite keeps a database in; none for a server's."""
    if not store.is_sqlite:
        return []
    name = str(store.engine.url.database)
    return [Path(name + ending).resolve() for ending in ("", "-wal", "-shm", "-journal")]


def compact(store: Store) -> bool:
    """Let nothing of deleted and overwritten rows stay in the database's file.

    SQLite writes the whole file anew and empties its log. PostgreSQL frees the room of old rows;
    its own log and backups are the server's.

    Returns:
        Whether that could be done; other processes may be in the way.
    """
    if not store.is_sqlite:
        with store.engine.connect() as connection:
            plain = connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in schema.metadata.tables:
                plain.execute(text(f"VACUUM {table}"))
        return True
    raw = store.engine.raw_connection()
    try:
        raw.cursor().execute(f"PRAGMA busy_timeout={_PATIENCE_SECONDS * 1000}")
        raw.cursor().execute("VACUUM")
        busy, *_ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    finally:
        raw.invalidate()  # its patience is not that of the others
        raw.close()
    return not busy
