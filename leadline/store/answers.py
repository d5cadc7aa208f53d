"""What the web asks of the store: keep a post, unsubscribe, say whether it can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import false, or_, select, update

from leadline.domain.skips import SkipReason
from leadline.store import schema
from leadline.store.bulk import insert_rows
from leadline.store.enrollments import exit_enrollments
from leadline.store.leads import mark_consent
from leadline.store.outbox import skip_waiting
from leadline.store.submissions import add_submissions, find_submissions
from leadline.store.suppressions import add_consents, add_suppressions, lock_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from leadline.store.submissions import Arrival, Stored

_OUTBOX = schema.outbox
_LEADS = schema.leads


def add_post(connection: Connection, arrival: Arrival, *, now: datetime) -> Stored:
    """Store one post, and return what is stored under its key: this post, or an earlier one.

    The caller compares `body_hash` to tell a repeat from another body under the same key.
    """
    add_submissions(connection, [arrival], now=now)
    (stored,) = find_submissions(connection, arrival.source, [arrival.content_key])
    return stored


def find_marketing_message(
    connection: Connection, local_part: str, *, domain: str
) -> dict[str, Any] | None:
    """Return the marketing message whose Message-ID has this local part.

    Args:
        connection: any transaction.
        local_part: letters and digits, as `leadline.domain.keys.opaque_id` makes them.
        domain: where our Message-IDs end now; mail from before a change of domain is found too,
            by a scan.
    """
    kept = (_OUTBOX.c.id, _OUTBOX.c.lead_id, _OUTBOX.c.message_id)
    is_written = or_(_OUTBOX.c.address_hash.is_not(None), _OUTBOX.c.sent_at.is_not(None))
    query = select(*kept, _OUTBOX.c.recipient, _OUTBOX.c.address_hash).where(
        _OUTBOX.c.kind == "touch", is_written
    )
    row = (
        connection.execute(query.where(_OUTBOX.c.message_id == f"<{local_part}@{domain}>")).first()
        or connection.execute(
            query.where(_OUTBOX.c.message_id.startswith(f"<{local_part}@", autoescape=True))
        ).first()
    )
    return None if row is None else dict(row._mapping)


def add_unsubscribe(
    connection: Connection,
    message: Mapping[str, Any],
    *,
    network_address: str | None,
    now: datetime,
) -> None:
    """Stop marketing mail to the address of `message`, in one writing transaction.

    The ban, the exits, the withdrawn consent with its evidence, the waiting mail and the
    delivery event commit together. Doing it again changes nothing.

    Args:
        connection: a writing transaction.
        message: from `find_marketing_message`.
        network_address: of whoever asked, kept as evidence.
        now: when it was asked.
    """
    hash_ = message["address_hash"]
    if hash_ is None:  # whoever it went to was erased, and is banned already
        return
    lock_addresses(connection, {hash_})
    ban = {"scope": "marketing", "cause": "unsubscribe", "message_id": message["message_id"]}
    add_suppressions(connection, [{"address_hash": hash_, **ban, "at": now}])
    leads = _leads_of(connection, message)
    exit_enrollments(connection, list(leads), reason="unsubscribed", now=now)
    withdrawn = [lead_id for lead_id, consent in leads.items() if consent is not False]
    evidence = {"network_address": network_address, "at": now}
    add_consents(connection, [_withdrawal(lead_id) | evidence for lead_id in withdrawn])
    mark_consent(connection, withdrawn, is_granted=False)
    skip_waiting(connection, hash_, reason=SkipReason.SUPPRESSED.value)
    event = {"kind": "unsubscribed", "external_id": "", "reply_code": None, "reply": None}
    insert_rows(
        connection,
        schema.delivery_events,
        [{"outbox_id": message["id"], **event, "at": now}],
        ignore_known=True,
    )


def _leads_of(connection: Connection, message: Mapping[str, Any]) -> dict[int, bool | None]:
    """Return every lead with the message's address, and its present consent; locked, in order."""
    is_meant = _LEADS.c.id == message["lead_id"]
    if message["recipient"]:  # None would compare as IS NULL and mean everybody without address
        is_meant = or_(is_meant, _LEADS.c.email == message["recipient"])
    query = select(_LEADS.c.id, _LEADS.c.consent).where(is_meant).order_by(_LEADS.c.id)
    rows = connection.execute(query.with_for_update(key_share=True))
    return {row.id: row.consent for row in rows}


def _withdrawal(lead_id: int) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "purpose": "marketing",
        "channel": "email",
        "is_granted": False,
        "basis": None,
        "wording": None,
        "version": None,
        "source": "unsubscribe",
        "submission_id": None,
    }


def find_oldest_new(connection: Connection) -> datetime | None:
    """Return when the submission that has waited longest for intake arrived."""
    submissions = schema.submissions
    query = select(submissions.c.received_at).where(submissions.c.state == "new")
    return connection.execute(query.order_by(submissions.c.id).limit(1)).scalar()


def try_writing(connection: Connection) -> None:
    """Ask a writing transaction for a write that touches no row.

    Raises:
        StoreError: the database is read-only, locked or gone.
    """
    suppressions = schema.suppressions
    connection.execute(update(suppressions).where(false()).values(cause=suppressions.c.cause))
