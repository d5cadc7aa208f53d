"""What a rehearsed import would lead to; only for a store whose changes are taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from leadline.store import schema
from leadline.store.bulk import among

if TYPE_CHECKING:
    from sqlalchemy import Column
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement

_LEADS = schema.leads
_ASSIGNMENTS = schema.assignments
_ENROLLMENTS = schema.enrollments
_CHANGES = schema.import_changes


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from new leads, and from leads that are let go of a backfill.

    Attributes:
        leads: how many leads were looked at.
        reps: how many of them each rep would be told of, by rep id.
        queued: how many would wait for an owner.
        sequences: how many would be enrolled, and get the first mail of it, by sequence.
    """

    leads: int
    reps: dict[str, int]
    queued: int
    sequences: dict[str, int]


def quiet_known_leads(connection: Connection) -> int:
    """Let nothing be due for any lead; returns the highest id."""
    duties = ("scoring_due_at", "routing_due_at", "enrollment_due_at")
    for duty in duties:
        connection.execute(update(_LEADS).where(_LEADS.c[duty].is_not(None)).values({duty: None}))
    return int(connection.execute(select(func.max(_LEADS.c.id))).scalar() or 0)


def count_consequences(connection: Connection, *, after: int, run_id: int) -> Consequences:
    """Count what became of leads with an id above `after`, and of those that a run has let go."""
    released = _find_released(connection, run_id)

    def is_meant(lead_id: Column[int]) -> ColumnElement[bool]:
        return (lead_id > after) | among(connection, lead_id, released)

    leads = select(func.count()).select_from(_LEADS).where(is_meant(_LEADS.c.id))
    owners = connection.execute(
        select(_ASSIGNMENTS.c.rep_id, func.count())
        .where(is_meant(_ASSIGNMENTS.c.lead_id))
        .group_by(_ASSIGNMENTS.c.rep_id)
    ).all()
    sequences = connection.execute(
        select(_ENROLLMENTS.c.sequence, func.count())
        .where(is_meant(_ENROLLMENTS.c.lead_id))
        .group_by(_ENROLLMENTS.c.sequence)
    ).all()
    return Consequences(
        leads=int(connection.execute(leads).scalar_one()),
        reps={str(row[0]): int(row[1]) for row in owners if row[0] is not None},
        queued=sum(int(row[1]) for row in owners if row[0] is None),
        sequences={str(row[0]): int(row[1]) for row in sequences},
    )


def _find_released(connection: Connection, run_id: int) -> set[int]:
    """Return the leads that a run has let go."""
    changes = connection.execute(
        select(_CHANGES.c.lead_id, _CHANGES.c.before).where(_CHANGES.c.import_run_id == run_id)
    )
    return {row.lead_id for row in changes if row.before.get("held_import_run_id")}
