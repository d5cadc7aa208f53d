"""The outbox: every mail is a row here before it is a message.

States: queued -> leased -> sending -> sent | deferred | bounced | failed | unknown | skipped |
expired. A claim carries a fence; whoever writes later with an older fence changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, func, or_, select, text, true, update

from leadline.store import schema
from leadline.store.bulk import (
    allocate_ids,
    among,
    among_pairs,
    as_dicts,
    insert_rows,
    update_rows,
)
from leadline.store.leases import LEASE, Owner, is_gone

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.engine import Connection

_OUTBOX = schema.outbox
_EVENTS = schema.delivery_events
PRIORITY_HOT: Final = 5
PRIORITY_ANSWER: Final = 7
PRIORITY_REP: Final = 10
PRIORITY_ALERT: Final = 20
PRIORITY_NURTURE: Final = 50
#: Kinds of mail that answer a form post: transactional, to the person who sent it.
ANSWERS: Final = ("acknowledgment", "confirmation")
#: Kinds of mail to a rep or the admin: what of them is missed costs more than a repeat.
RESENDABLE: Final = ("alert", "assignment")
#: How often a mail of unknown outcome to a rep or the admin is sent again.
MOST_RESENDS: Final = 1
#: Conditions of the partial indexes, word for word: SQLite uses such an index only then.
_WAITING: Final = text("outbox.state IN ('queued', 'deferred')")
_HELD: Final = text("outbox.state IN ('leased', 'sending')")


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim's terms: whose it is, and the real instant at which it was taken."""

    owner: Owner
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """One leased row."""

    id: int
    fence: int


def add_messages(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add queued messages; a message key that is known stays as it is."""
    base = {"state": "queued", "fence": 0, "attempts": 0, "resends": 0}
    ids = allocate_ids(connection, _OUTBOX, len(rows))
    insert_rows(
        connection,
        _OUTBOX,
        [{"id": id_, **base, **row} for id_, row in zip(ids, rows, strict=True)],
        ignore_known=True,
    )


def has_due(
    connection: Connection, *, rendered: bool, now: datetime, has_nurture: bool = True
) -> bool:
    """Tell whether a message waits to be rendered, or to be sent; nurture mail may not count."""
    condition = (
        and_(_OUTBOX.c.rendered_at.is_not(None), _OUTBOX.c.due_at <= now)
        if rendered
        else _OUTBOX.c.rendered_at.is_(None)
    )
    states = _WAITING if rendered else _OUTBOX.c.state == "queued"
    return (
        connection.execute(
            select(_OUTBOX.c.id)
            .where(states, condition, _of_kind(has_nurture=has_nurture))
            .limit(1)
        ).first()
        is not None
    )


def claim_unrendered(connection: Connection, *, lease: Lease, limit: int) -> list[Claim]:
    """Lease rep mails that wait to be written, rep by rep so that they can be bundled."""
    waiting = and_(_OUTBOX.c.state == "queued", _OUTBOX.c.rendered_at.is_(None))
    ids = (
        select(_OUTBOX.c.id)
        .where(waiting)
        .order_by(_OUTBOX.c.rep_id, _OUTBOX.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return _lease(connection, ids, waiting, lease)


def _of_kind(*, has_nurture: bool) -> ColumnElement[bool]:
    return true() if has_nurture else _OUTBOX.c.kind != "touch"


def claim_due(
    connection: Connection, *, lease: Lease, now: datetime, limit: int, has_nurture: bool = True
) -> list[Claim]:
    """Lease rendered messages that are due: hot leads' rep mail first, nurture mail last."""
    waiting = and_(
        _WAITING,
        _OUTBOX.c.rendered_at.is_not(None),
        _OUTBOX.c.due_at <= now,
        _of_kind(has_nurture=has_nurture),
    )
    ids = (
        select(_OUTBOX.c.id)
        .where(waiting)
        .order_by(_OUTBOX.c.priority, _OUTBOX.c.due_at, _OUTBOX.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return _lease(connection, ids, waiting, lease)


def _lease(
    connection: Connection,
    ids: Select[Any],
    waiting: ColumnElement[bool],
    lease: Lease,
) -> list[Claim]:
    # a CTE is evaluated once; a subquery with LIMIT and SKIP LOCKED may be run again
    taken = ids.cte("taken")
    rows = connection.execute(
        update(_OUTBOX)
        .where(_OUTBOX.c.id.in_(select(taken.c.id)), waiting)
        .values(
            state="leased",
            owner=str(lease.owner),
            leased_until=lease.taken_at + LEASE,
            fence=_OUTBOX.c.fence + 1,
        )
        .returning(_OUTBOX.c.id, _OUTBOX.c.fence, _OUTBOX.c.priority, _OUTBOX.c.due_at)
    )
    in_turn = sorted(rows, key=lambda row: (row.priority, row.due_at, row.id))
    return [Claim(row.id, row.fence) for row in in_turn]


def recover(connection: Connection, *, lease: Lease) -> dict[str, int]:
    """Take back what dead or silent processes left.

    What was only leased is queued again. What was `sending` may have been delivered: mail to a
    lead becomes `unknown` and is never sent again; a mail to a rep or the admin is sent once more,
    with the same Message-ID, because what is missed costs more than a repeat.

    Returns:
        Counts by the state that the rows came to.
    """
    left = _left_behind(connection, lease)
    if left is None:
        return {}
    resend = and_(_OUTBOX.c.kind.in_(RESENDABLE), _OUTBOX.c.resends < MOST_RESENDS)
    leased = connection.execute(
        update(_OUTBOX).where(left, _OUTBOX.c.state == "leased").values(_released())
    ).rowcount
    repeated = connection.execute(
        update(_OUTBOX)
        .where(left, _OUTBOX.c.state == "sending", resend)
        .values(**_released(), resends=_OUTBOX.c.resends + 1)
    ).rowcount
    unknown = connection.execute(
        update(_OUTBOX)
        .where(left, _OUTBOX.c.state == "sending")
        .values(state="unknown", owner=None, leased_until=None, fence=_OUTBOX.c.fence + 1)
        .returning(_OUTBOX.c.id, _OUTBOX.c.fence)
    ).all()
    insert_rows(
        connection,
        _EVENTS,
        [_event(row.id, "unknown", row.fence, at=lease.taken_at) for row in unknown],
    )
    return {"queued": leased + repeated, "unknown": len(unknown)}


def has_left_behind(connection: Connection, *, lease: Lease) -> bool:
    """Tell whether a dead or silent process left rows that `recover` would take back."""
    return _left_behind(connection, lease) is not None


def _left_behind(connection: Connection, lease: Lease) -> ColumnElement[bool] | None:
    """Return which held rows nobody works on any more, None when there are none.

    A lease that ended counts whoever held it, this process too: a batch that broke off cannot
    give its rows back.
    """
    owners = connection.execute(
        select(_OUTBOX.c.owner, func.min(_OUTBOX.c.leased_until))
        .where(_HELD)
        .group_by(_OUTBOX.c.owner)
    ).all()
    gone = [
        owner
        for owner, _ in owners
        if owner != str(lease.owner) and is_gone(Owner.parse(owner), observer=lease.owner)
    ]
    if not gone and all(until >= lease.taken_at for _, until in owners):
        return None
    is_over = or_(_OUTBOX.c.owner.in_(gone), _OUTBOX.c.leased_until < lease.taken_at)
    return and_(_HELD, is_over)


def _released() -> dict[str, Any]:
    return {
        "state": case((_OUTBOX.c.attempts > 0, "deferred"), else_="queued"),
        "owner": None,
        "leased_until": None,
        "fence": _OUTBOX.c.fence + 1,
    }


def release(connection: Connection, claims: Collection[Claim], *, owner: Owner) -> int:
    """Give leased rows back unsent; returns how many were still ours."""
    return connection.execute(
        update(_OUTBOX)
        .where(
            _ours(connection, claims, owner),
            _OUTBOX.c.state == "leased",
        )
        .values(_released())
    ).rowcount


def renew(connection: Connection, claims: Collection[Claim], *, lease: Lease) -> int:
    """Prolong claims; returns how many are still ours."""
    return connection.execute(
        update(_OUTBOX)
        .where(_ours(connection, claims, lease.owner), _HELD)
        .values(leased_until=lease.taken_at + LEASE)
    ).rowcount


def _ours(connection: Connection, claims: Collection[Claim], owner: Owner) -> ColumnElement[bool]:
    """Return the condition of rows that this owner holds under these very claims."""
    pairs = [(claim.id, claim.fence) for claim in claims]
    held = among_pairs(connection, (_OUTBOX.c.id, _OUTBOX.c.fence), pairs)
    return and_(held, _OUTBOX.c.owner == str(owner))


def read_claims(connection: Connection, claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Return the rows of claims, in the order of the claims."""
    found = connection.execute(
        select(_OUTBOX).where(among(connection, _OUTBOX.c.id, [claim.id for claim in claims]))
    )
    by_id = {row["id"]: row for row in as_dicts(found)}
    return [by_id[claim.id] for claim in claims]


def mark_rendered(connection: Connection, rows: Sequence[dict[str, Any]], *, owner: Owner) -> int:
    """Record rendered (or skipped) mails and end their lease; returns how many were still ours.

    Each row has `id`, the `fence` that it was claimed with, and its columns.
    """
    return _end_lease(connection, rows, owner, state="leased")


def _end_lease(
    connection: Connection, rows: Sequence[dict[str, Any]], owner: Owner, *, state: str
) -> int:
    ended = [{**row, "owner": None, "leased_until": None} for row in rows]
    guard = f"state = '{state}' AND owner = '{owner}'"
    return update_rows(connection, _OUTBOX, ended, fence="fence", guard=guard)


def read_gate(
    connection: Connection, claims: Sequence[Claim], *, owner: Owner
) -> list[dict[str, Any]]:
    """Read, inside the transaction that would mark them `sending`, what the gate asks about.

    Only rows that are still leased by `owner` under their fence come back, in the order of the
    claims.
    """
    leads, enrollments = schema.leads, schema.enrollments
    rows = connection.execute(
        select(
            _OUTBOX,
            leads.c.country,
            enrollments.c.state.label("enrollment_state"),
            enrollments.c.sequence,
        )
        .outerjoin(leads, leads.c.id == _OUTBOX.c.lead_id)
        .outerjoin(enrollments, enrollments.c.id == _OUTBOX.c.enrollment_id)
        .where(_ours(connection, claims, owner), _OUTBOX.c.state == "leased")
    )
    by_id = {row.id: dict(row._mapping) for row in rows}
    return [by_id[claim.id] for claim in claims if claim.id in by_id]


def list_addresses(connection: Connection, claims: Sequence[Claim]) -> set[str]:
    """Return the address hashes of claims; only an erasure takes them from a rendered mail."""
    rows = connection.execute(
        select(_OUTBOX.c.address_hash).where(
            among(connection, _OUTBOX.c.id, [claim.id for claim in claims])
        )
    )
    return {row[0] for row in rows if row[0] is not None}


def list_sent(
    connection: Connection, lead_ids: Collection[int], *, since: datetime
) -> dict[int, list[datetime]]:
    """Return when nurture mail went (or may have gone) to leads since an instant."""
    rows = connection.execute(
        select(_OUTBOX.c.lead_id, _OUTBOX.c.sent_at).where(
            among(connection, _OUTBOX.c.lead_id, lead_ids),
            _OUTBOX.c.kind == "touch",
            _OUTBOX.c.sent_at >= since,
        )
    )
    found: dict[int, list[datetime]] = {}
    for lead_id, sent_at in rows:
        found.setdefault(lead_id, []).append(sent_at)
    return found


def mark_sending(
    connection: Connection, claims: Sequence[Claim], *, owner: Owner, now: datetime
) -> set[int]:
    """Mark messages as about to be written; only what comes back may be written."""
    if not claims:
        return set()
    rows = connection.execute(
        update(_OUTBOX)
        .where(_ours(connection, claims, owner), _OUTBOX.c.state == "leased")
        .values(state="sending", attempts=_OUTBOX.c.attempts + 1, sent_at=now)
        .returning(_OUTBOX.c.id)
    )
    return {row[0] for row in rows}


def mark_refused(connection: Connection, rows: Sequence[dict[str, Any]], *, owner: Owner) -> int:
    """Record what may not go out (id, fence, state, skip_reason, due_at) and end the lease."""
    return _end_lease(connection, rows, owner, state="leased")


def mark_outcomes(
    connection: Connection, rows: Sequence[dict[str, Any]], *, owner: Owner, now: datetime
) -> int:
    """Record what became of messages that were `sending`; a row that is no longer ours stays.

    Each row has id, fence, state, due_at, sent_at, attempts, resends, phase, reply_code, reply and
    event.
    """
    if not rows:
        return 0
    tried = ("attempts", "resends", "phase", "reply_code", "reply")
    columns = ("id", "fence", "state", "due_at", "sent_at", *tried)
    ended = [{name: row[name] for name in columns} for row in rows]
    changed = _end_lease(connection, ended, owner, state="sending")
    insert_rows(
        connection,
        _EVENTS,
        [
            _event(
                row["id"],
                row["event"],
                row["fence"],
                at=now,
                code=row["reply_code"],
                reply=row["reply"],
            )
            for row in rows
        ],
        ignore_known=True,
    )
    return changed


def _event(
    outbox_id: int,
    kind: str,
    number: int,
    *,
    at: datetime,
    code: int | None = None,
    reply: str | None = None,
) -> dict[str, Any]:
    return {
        "outbox_id": outbox_id,
        "kind": kind,
        "external_id": str(number),
        "reply_code": code,
        "reply": reply,
        "at": at,
    }


def find_by_message_id(connection: Connection, message_id: str) -> dict[str, Any] | None:
    """Return the message with this Message-ID."""
    row = connection.execute(select(_OUTBOX).where(_OUTBOX.c.message_id == message_id)).first()
    return None if row is None else dict(row._mapping)


def skip_waiting(connection: Connection, address_hash: str, *, reason: str) -> int:
    """Skip nurture mail to an address that is not yet being written; returns how many."""
    return connection.execute(
        update(_OUTBOX)
        .where(
            _OUTBOX.c.address_hash == address_hash,
            _OUTBOX.c.kind == "touch",
            _WAITING,
        )
        .values(state="skipped", skip_reason=reason)
    ).rowcount


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return the number of messages by state."""
    rows = connection.execute(select(_OUTBOX.c.state, func.count()).group_by(_OUTBOX.c.state))
    return {row[0]: row[1] for row in rows}


def list_by_lead(connection: Connection, lead_id: int) -> list[dict[str, Any]]:
    """Return the messages about or to a lead, oldest first, without their bodies."""
    columns = [column for column in _OUTBOX.c if column.name != "mail"]
    rows = connection.execute(
        select(*columns).where(_OUTBOX.c.lead_id == lead_id).order_by(_OUTBOX.c.id)
    )
    return [dict(row._mapping) for row in rows]


def find_subject(connection: Connection, outbox_id: int) -> str | None:
    """Return the subject of a message, None while it is not written."""
    query = select(_OUTBOX.c.subject).where(_OUTBOX.c.id == outbox_id)
    return connection.execute(query).scalar()
