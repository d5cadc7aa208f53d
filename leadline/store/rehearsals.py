"""What a rehearsed import would lead to; only for a store whose changes are taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from leadline.store import schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LEADS = schema.leads
_ASSIGNMENTS = schema.assignments
_ENROLLMENTS = schema.enrollments


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from new leads.

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


def count_consequences(connection: Connection, *, after: int) -> Consequences:
    """Count what became of the leads with an id above `after`."""
    leads = select(func.count()).select_from(_LEADS).where(_LEADS.c.id > after)
    owners = connection.execute(
        select(_ASSIGNMENTS.c.rep_id, func.count())
        .where(_ASSIGNMENTS.c.lead_id > after)
        .group_by(_ASSIGNMENTS.c.rep_id)
    ).all()
    sequences = connection.execute(
        select(_ENROLLMENTS.c.sequence, func.count())
        .where(_ENROLLMENTS.c.lead_id > after)
        .group_by(_ENROLLMENTS.c.sequence)
    ).all()
    return Consequences(
        leads=int(connection.execute(leads).scalar_one()),
        reps={str(row[0]): int(row[1]) for row in owners if row[0] is not None},
        queued=sum(int(row[1]) for row in owners if row[0] is None),
        sequences={str(row[0]): int(row[1]) for row in sequences},
    )
