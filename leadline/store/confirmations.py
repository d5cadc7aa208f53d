"""What the links of an answered form lead to: a consent that is confirmed, a document's download.

A link holds the opaque id of its mail. The mail's row says whose it is; a person who was erased
is nobody's any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import exists, or_, select, update

from leadline.store import schema
from leadline.store.bulk import insert_rows
from leadline.store.suppressions import add_consents, lock_addresses

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from leadline.domain.answers import Kind

_OUTBOX: Final = schema.outbox
_CONSENTS: Final = schema.consents
_LEADS: Final = schema.leads
_SUBMISSIONS: Final = schema.submissions
_SUPPRESSIONS: Final = schema.suppressions

Confirmed = Literal["confirmed", "known", "over"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The mail that a link came with.

    Attributes:
        source: of its submission, such as `form:contact`.
        created_at: when the mail was written.
        zone: of the lead, in which the mail tells times.
    """

    lead_id: int
    submission_id: int
    recipient: str
    address_hash: str
    source: str
    created_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody agreed to, and has not yet confirmed."""

    text: str
    version: str | None


def find_answer(
    connection: Connection, kind: Kind, local_part: str, *, domain: str
) -> Answer | None:
    """Return the mail of a kind whose Message-ID has this local part.

    Args:
        connection: any transaction.
        kind: of the mail.
        local_part: letters and digits, as `leadline.domain.keys.opaque_id` makes them.
        domain: where our Message-IDs end now; mail from before a change of domain is found too,
            by a scan.
    """
    names = ("lead_id", "submission_id", "recipient", "address_hash")
    query = (
        select(
            *(_OUTBOX.c[name] for name in names),
            *(_SUBMISSIONS.c.source, _OUTBOX.c.created_at, _LEADS.c.zone),
        )
        .join(_SUBMISSIONS, _SUBMISSIONS.c.id == _OUTBOX.c.submission_id)
        .join(_LEADS, _LEADS.c.id == _OUTBOX.c.lead_id)
        .where(
            _OUTBOX.c.kind == kind,
            _OUTBOX.c.recipient.is_not(None),
            _OUTBOX.c.address_hash.is_not(None),
            _LEADS.c.erased_at.is_(None),
        )
    )
    row = (
        connection.execute(query.where(_OUTBOX.c.message_id == f"<{local_part}@{domain}>")).first()
        or connection.execute(
            query.where(_OUTBOX.c.message_id.startswith(f"<{local_part}@", autoescape=True))
        ).first()
    )
    return None if row is None else Answer(*row)


def find_wording(connection: Connection, answer: Answer) -> Wording | None:
    """Return the wording that waits, or waited, for the confirmation by this mail."""
    row = connection.execute(
        select(_CONSENTS.c.wording, _CONSENTS.c.version)
        .where(
            _CONSENTS.c.lead_id == answer.lead_id,
            _CONSENTS.c.submission_id == answer.submission_id,
            _CONSENTS.c.is_pending,
        )
        .order_by(_CONSENTS.c.id)
        .limit(1)
    ).first()
    return None if row is None else Wording(row.wording or "", row.version)


def add_confirmation(
    connection: Connection, answer: Answer, *, network_address: str | None, now: datetime
) -> Confirmed:
    """Record that a person confirmed a consent, in one writing transaction.

    The evidence, the present consent, the lifted ban and the enrollment that is due again commit
    together. Confirming again changes nothing, and takes back nothing that was said since the
    mail was written: after an unsubscribe or a refusal its link is over.

    Args:
        connection: a writing transaction.
        answer: from `find_answer`.
        network_address: of whoever pressed the button, kept as evidence.
        now: when that was.

    Returns:
        `confirmed`, `known` when it was before, `over` when the link can do nothing any more:
        the person has refused since, or the lead has another address now.
    """
    lock_addresses(connection, {answer.address_hash})
    query = select(_LEADS.c.email, _LEADS.c.consent).where(_LEADS.c.id == answer.lead_id)
    lead = connection.execute(query.with_for_update(key_share=True)).one()
    wording = find_wording(connection, answer)
    if wording is None or lead.email != answer.recipient:
        return "over"
    if _is_known(connection, answer):
        return "known" if lead.consent else "over"
    if _has_refused_since(connection, answer):
        return "over"
    add_consents(connection, [_evidence(answer, wording, network_address, now)])
    _lift_unsubscribe(connection, answer.address_hash, now=now)
    connection.execute(
        update(_LEADS)
        .where(_LEADS.c.id == answer.lead_id)
        .values(consent=True, enrollment_due_at=now, enrollment_skip=None, updated_at=now)
    )
    return "confirmed"


def _is_known(connection: Connection, answer: Answer) -> bool:
    found = connection.execute(
        select(_CONSENTS.c.id)
        .where(
            _CONSENTS.c.lead_id == answer.lead_id,
            _CONSENTS.c.submission_id == answer.submission_id,
            _CONSENTS.c.source == _source(answer),
        )
        .limit(1)
    )
    return found.first() is not None


def _has_refused_since(connection: Connection, answer: Answer) -> bool:
    """Tell whether the person has said no after the mail was written, on any way."""
    refused = exists().where(
        _CONSENTS.c.lead_id == answer.lead_id,
        _CONSENTS.c.is_granted.is_(False),
        _CONSENTS.c.at > answer.created_at,
    )
    left = exists().where(
        _SUPPRESSIONS.c.address_hash == answer.address_hash,
        _SUPPRESSIONS.c.cause == "unsubscribe",
        _SUPPRESSIONS.c.lifted_at.is_(None),
        _SUPPRESSIONS.c.at > answer.created_at,
    )
    return bool(connection.execute(select(or_(refused, left))).scalar())


def _source(answer: Answer) -> str:
    return f"confirmation:{answer.source.removeprefix('form:')}"


def _evidence(
    answer: Answer, wording: Wording, network_address: str | None, now: datetime
) -> dict[str, Any]:
    return {
        "lead_id": answer.lead_id,
        "purpose": "marketing",
        "channel": "email",
        "is_granted": True,
        "is_pending": False,
        "basis": "opt_in",
        "wording": wording.text,
        "version": wording.version,
        "source": _source(answer),
        "submission_id": answer.submission_id,
        "network_address": network_address,
        "at": now,
    }


def _lift_unsubscribe(connection: Connection, address_hash: str, *, now: datetime) -> None:
    """Lift the ban that the person set by unsubscribing; every other ban stays."""
    connection.execute(
        update(_SUPPRESSIONS)
        .where(
            _SUPPRESSIONS.c.address_hash == address_hash,
            _SUPPRESSIONS.c.scope == "marketing",
            _SUPPRESSIONS.c.cause == "unsubscribe",
            _SUPPRESSIONS.c.lifted_at.is_(None),
        )
        .values(lifted_at=now)
    )


def add_download(
    connection: Connection, answer: Answer, *, press: str, file: str, now: datetime
) -> None:
    """Record that a document was downloaded: one event per press of the button.

    Args:
        connection: a writing transaction.
        answer: from `find_answer`.
        press: what tells this press from every other.
        file: the document's name below `assets/`.
        now: when it was pressed.
    """
    insert_rows(
        connection,
        schema.events,
        [
            {
                "source": f"asset:{answer.source.removeprefix('form:')}",
                "external_id": press,
                "kind": "asset_downloaded",
                "lead_id": answer.lead_id,
                "actor": "human",
                "detail": {"file": file},
                "occurred_at": now,
                "received_at": now,
            }
        ],
    )
