"""Enrollments, the sequence versions that they are pinned to, and their touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from leadline.store import schema
from leadline.store.bulk import allocate_ids, among, as_dicts, insert_rows, update_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_ENROLLMENTS = schema.enrollments
_VERSIONS = schema.sequence_versions
_TOUCHES = schema.touches


def keep_sequence_version(
    connection: Connection,
    *,
    name: str,
    hash_: str,
    body: dict[str, Any],
    now: datetime,
) -> int:
    """Return the id of this version of a sequence; it is added when it is new."""
    insert_rows(
        connection,
        _VERSIONS,
        [{"name": name, "hash": hash_, "body": body, "created_at": now}],
        ignore_known=True,
    )
    query = select(_VERSIONS.c.id).where(_VERSIONS.c.name == name, _VERSIONS.c.hash == hash_)
    return int(connection.execute(query).scalar_one())


def get_sequence_versions(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """Return (name, body) of sequence versions by id."""
    rows = connection.execute(
        select(_VERSIONS.c.id, _VERSIONS.c.name, _VERSIONS.c.body).where(_VERSIONS.c.id.in_(ids))
    )
    return {row.id: (row.name, row.body) for row in rows}


def find_sequences(connection: Connection, lead_ids: Collection[int]) -> dict[int, set[str]]:
    """Return the sequences that each lead was ever enrolled in."""
    rows = connection.execute(
        select(_ENROLLMENTS.c.lead_id, _ENROLLMENTS.c.sequence).where(
            among(connection, _ENROLLMENTS.c.lead_id, lead_ids)
        )
    )
    found: dict[int, set[str]] = {}
    for lead_id, sequence in rows:
        found.setdefault(lead_id, set()).add(sequence)
    return found


def add_enrollments(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add active enrollments."""
    insert_rows(connection, _ENROLLMENTS, rows)


def claim_due(connection: Connection, *, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Take enrollments whose step is due, until the transaction ends."""
    rows = connection.execute(
        select(_ENROLLMENTS)
        .where(_ENROLLMENTS.c.next_due_at <= now)
        .order_by(_ENROLLMENTS.c.next_due_at, _ENROLLMENTS.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return as_dicts(rows)


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Tell whether a step is due."""
    query = select(_ENROLLMENTS.c.id).where(_ENROLLMENTS.c.next_due_at <= now).limit(1)
    return connection.execute(query).first() is not None


def change_enrollments(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write columns of active enrollments; every row has the same keys."""
    update_rows(connection, _ENROLLMENTS, rows, guard="state = 'active'")


def add_touches(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Add touches and return their ids in the order given."""
    ids = allocate_ids(connection, _TOUCHES, len(rows))
    insert_rows(
        connection, _TOUCHES, [{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)]
    )
    return ids


def list_planned(
    connection: Connection, lead_ids: Collection[int], *, since: datetime
) -> dict[int, list[datetime]]:
    """Return when touches were planned for each lead since an instant."""
    rows = connection.execute(
        select(_TOUCHES.c.lead_id, _TOUCHES.c.decided_at).where(
            among(connection, _TOUCHES.c.lead_id, lead_ids),
            _TOUCHES.c.state == "planned",
            _TOUCHES.c.decided_at >= since,
        )
    )
    found: dict[int, list[datetime]] = {}
    for lead_id, decided_at in rows:
        found.setdefault(lead_id, []).append(decided_at)
    return found


def exit_enrollments(
    connection: Connection, lead_ids: Collection[int], *, reason: str, now: datetime
) -> int:
    """End every enrollment of leads that may still send a mail; returns how many ended.

    That is an active one, and one that has taken its last step whose mail still waits.
    """
    theirs = among(connection, _ENROLLMENTS.c.lead_id, lead_ids)
    # locked first: the last step may just be taken, and only a new statement sees its mail
    every = select(_ENROLLMENTS.c.id).where(theirs).order_by(_ENROLLMENTS.c.id)
    connection.execute(every.with_for_update(key_share=True)).all()
    outbox = schema.outbox
    waiting = (
        select(outbox.c.id)
        .where(
            outbox.c.enrollment_id == _ENROLLMENTS.c.id,
            outbox.c.lead_id == _ENROLLMENTS.c.lead_id,  # the indexed one
            outbox.c.state.in_(("queued", "deferred", "leased")),
        )
        .exists()
    )
    is_open = or_(
        _ENROLLMENTS.c.state == "active", and_(_ENROLLMENTS.c.state == "completed", waiting)
    )
    return connection.execute(
        update(_ENROLLMENTS)
        .where(theirs, is_open)
        .values(state="exited", exit_reason=reason, next_due_at=None, ended_at=now)
    ).rowcount


def list_by_lead(connection: Connection, lead_id: int) -> list[dict[str, Any]]:
    """Return a lead's enrollments with their touches, oldest first."""
    enrollments = connection.execute(
        select(_ENROLLMENTS, _VERSIONS.c.body)
        .join(_VERSIONS, _VERSIONS.c.id == _ENROLLMENTS.c.sequence_version_id)
        .where(_ENROLLMENTS.c.lead_id == lead_id)
        .order_by(_ENROLLMENTS.c.id)
    )
    touches = connection.execute(
        select(_TOUCHES).where(_TOUCHES.c.lead_id == lead_id).order_by(_TOUCHES.c.id)
    )
    by_enrollment: dict[int, list[dict[str, Any]]] = {}
    for row in touches:
        by_enrollment.setdefault(row.enrollment_id, []).append(dict(row._mapping))
    return [{**row._mapping, "touches": by_enrollment.get(row.id, [])} for row in enrollments]


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return the number of enrollments by state."""
    rows = connection.execute(
        select(_ENROLLMENTS.c.state, func.count()).group_by(_ENROLLMENTS.c.state)
    )
    return {row[0]: row[1] for row in rows}
