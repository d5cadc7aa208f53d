"""Reps as last configured, and assignments: who owns a lead, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, func, literal, select, update

from leadline.store import schema
from leadline.store.bulk import allocate_ids, among, as_dicts, insert_rows, update_rows
from leadline.store.columns import UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_ASSIGNMENTS = schema.assignments
_REPS = schema.reps
ROLE: Final = "inside_sales"
OPEN: Final = ("queued", "offered", "accepted")


def keep_reps(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write the configured reps; one who is no longer configured stays, inactive."""
    insert_rows(connection, _REPS, rows, ignore_known=True)
    update_rows(connection, _REPS, rows, key="rep_id")
    gone = _REPS.c.rep_id.not_in([row["rep_id"] for row in rows])
    connection.execute(update(_REPS).where(gone).values(is_active=False))


def get_reps(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return every rep by id."""
    return {row.rep_id: dict(row._mapping) for row in connection.execute(select(_REPS))}


def count_since(connection: Connection, since: dict[str, datetime]) -> dict[str, int]:
    """Return how many leads each rep was given since the start of the rep's local week.

    Declined and reassigned ones do not count: the rep did not keep them.
    """
    if not since:
        return {}
    weeks = {rep_id: literal(start, UtcDateTime) for rep_id, start in since.items()}
    rows = connection.execute(
        select(_ASSIGNMENTS.c.rep_id, func.count())
        .where(
            _ASSIGNMENTS.c.rep_id.in_(list(since)),
            _ASSIGNMENTS.c.assigned_at >= case(weeks, value=_ASSIGNMENTS.c.rep_id),
            _ASSIGNMENTS.c.state.in_(("offered", "accepted")),
        )
        .group_by(_ASSIGNMENTS.c.rep_id)
    )
    return dict.fromkeys(since, 0) | {row[0]: row[1] for row in rows}


def find_stated_owners(connection: Connection, lead_ids: Collection[int]) -> dict[int, str]:
    """Return the owner that an import stated for each lead, of leads that wait for routing.

    Routing writes the owner of every lead that it has looked at, so that only a lead which has
    never been routed can have one that is not its assignment's. A lead in the queue has it in
    its trace.
    """
    leads = schema.leads
    rows = connection.execute(
        select(leads.c.id, leads.c.owner).where(
            among(connection, leads.c.id, lead_ids), leads.c.owner.is_not(None)
        )
    )
    queued = connection.execute(
        select(_ASSIGNMENTS.c.lead_id, _ASSIGNMENTS.c.trace).where(
            among(connection, _ASSIGNMENTS.c.lead_id, lead_ids), _ASSIGNMENTS.c.state == "queued"
        )
    )
    kept = {row.lead_id: row.trace["stated_owner"] for row in queued if "stated_owner" in row.trace}
    return {lead_id: owner["rep"] for lead_id, owner in kept.items()} | {
        row.id: row.owner for row in rows
    }


def find_declined(connection: Connection, lead_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the reps who declined each lead."""
    rows = connection.execute(
        select(_ASSIGNMENTS.c.lead_id, _ASSIGNMENTS.c.rep_id).where(
            among(connection, _ASSIGNMENTS.c.lead_id, lead_ids),
            _ASSIGNMENTS.c.state.in_(("declined", "expired")),
        )
    )
    found: dict[int, set[str]] = {}
    for lead_id, rep_id in rows:
        found.setdefault(lead_id, set()).add(rep_id)
    return {lead_id: frozenset(reps) for lead_id, reps in found.items()}


def find_handled(connection: Connection, lead_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each lead was last given to a rep, put into the queue or declined."""
    handled_at = func.max(func.coalesce(_ASSIGNMENTS.c.answered_at, _ASSIGNMENTS.c.assigned_at))
    rows = connection.execute(
        select(_ASSIGNMENTS.c.lead_id, handled_at)
        .where(among(connection, _ASSIGNMENTS.c.lead_id, lead_ids))
        .group_by(_ASSIGNMENTS.c.lead_id)
    )
    return {row[0]: row[1] for row in rows}


def find_open(connection: Connection, lead_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the open assignment of each lead, if it has one."""
    rows = connection.execute(
        select(_ASSIGNMENTS).where(
            among(connection, _ASSIGNMENTS.c.lead_id, lead_ids),
            _ASSIGNMENTS.c.role == ROLE,
            _ASSIGNMENTS.c.state.in_(OPEN),
        )
    )
    return {row["lead_id"]: row for row in as_dicts(rows)}


def find_owned(connection: Connection, lead_ids: Collection[int]) -> set[int]:
    """Return which of the leads a rep has, or was offered."""
    rows = connection.execute(
        select(_ASSIGNMENTS.c.lead_id).where(
            among(connection, _ASSIGNMENTS.c.lead_id, lead_ids),
            _ASSIGNMENTS.c.role == ROLE,
            _ASSIGNMENTS.c.state.in_([state for state in OPEN if state != "queued"]),
        )
    )
    return {row[0] for row in rows}


def add_assignments(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Add assignments and return their ids in the order given."""
    ids = allocate_ids(connection, _ASSIGNMENTS, len(rows))
    insert_rows(
        connection,
        _ASSIGNMENTS,
        [{"id": id_, "role": ROLE, **row} for id_, row in zip(ids, rows, strict=True)],
    )
    return ids


def change_assignments(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write columns of queued assignments that found a rep or still wait."""
    update_rows(connection, _ASSIGNMENTS, rows, guard="state = 'queued'")


def make_queue_due(connection: Connection, *, now: datetime) -> int:
    """Make routing due again for every lead that waits in the queue; returns how many.

    One that is not ready for a rep any more waits for scoring to say that it is.
    """
    waiting = select(_ASSIGNMENTS.c.lead_id).where(_ASSIGNMENTS.c.state == "queued")
    leads = schema.leads
    is_meant = leads.c.id.in_(waiting) & leads.c.routing_skip.is_(None)
    return connection.execute(update(leads).where(is_meant).values(routing_due_at=now)).rowcount


def get_assignments(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return assignments by id."""
    rows = connection.execute(select(_ASSIGNMENTS).where(among(connection, _ASSIGNMENTS.c.id, ids)))
    return {row["id"]: row for row in as_dicts(rows)}


def take_back_offers(connection: Connection, *, now: datetime) -> int:
    """Route anew what was offered to reps who are gone or inactive; returns how many leads.

    What a rep has accepted stays: somebody is talking to that lead.
    """
    gone = select(_REPS.c.rep_id).where(_REPS.c.is_active.is_(False))
    taken = connection.execute(
        update(_ASSIGNMENTS)
        .where(_ASSIGNMENTS.c.state == "offered", _ASSIGNMENTS.c.rep_id.in_(gone))
        .values(state="reassigned", answered_at=now)
        .returning(_ASSIGNMENTS.c.lead_id)
    )
    leads = schema.leads
    ids = sorted(row.lead_id for row in taken)
    change = update(leads).where(among(connection, leads.c.id, ids))
    connection.execute(change.values(owner=None, routing_due_at=now))
    return len(ids)


def answer_assignment(
    connection: Connection, assignment_id: int, *, state: str, reason: str | None, now: datetime
) -> bool:
    """Record a rep's answer to an offer; returns False when it was answered before.

    A declined lead goes back to routing at once, which then leaves this rep out.
    """
    offered = and_(_ASSIGNMENTS.c.id == assignment_id, _ASSIGNMENTS.c.state == "offered")
    lead_id = connection.execute(
        update(_ASSIGNMENTS)
        .where(offered)
        .values(state=state, decline_reason=reason, answered_at=now)
        .returning(_ASSIGNMENTS.c.lead_id)
    ).scalar()
    if lead_id is None:
        return False
    leads = schema.leads
    change: dict[str, Any] = (
        {"owner": None, "routing_due_at": now}
        if state == "declined"
        else {"lead_status": "working"}
    )
    connection.execute(update(leads).where(leads.c.id == lead_id).values(**change))
    return True


def count_open(connection: Connection) -> dict[str, int]:
    """Return the number of assignments by state."""
    rows = connection.execute(
        select(_ASSIGNMENTS.c.state, func.count()).group_by(_ASSIGNMENTS.c.state)
    )
    return {row[0]: row[1] for row in rows}


def count_overdue(connection: Connection, *, now: datetime) -> int:
    """Return how many offers were not answered in time."""
    query = select(func.count()).where(
        _ASSIGNMENTS.c.state == "offered", _ASSIGNMENTS.c.response_due_at < now
    )
    return int(connection.execute(query).scalar_one())
