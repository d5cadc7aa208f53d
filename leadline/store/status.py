"""Where things stand: what waits, what needs a person, and what one lead was made of.

Every count reads an index that holds waiting rows alone, so that its cost follows the work that
is left and not the history.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, select, text

from leadline.store import schema

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, TextClause
    from sqlalchemy.engine import Connection

_LEADS = schema.leads
_SUBMISSIONS = schema.submissions
_ASSIGNMENTS = schema.assignments
_ENROLLMENTS = schema.enrollments
_OUTBOX = schema.outbox
_BATCHES = schema.stage_batches
_EVENTS = schema.events
#: Conditions of the partial indexes, word for word: SQLite uses such an index only then.
_NEW: Final = text("state = 'new'")
_QUARANTINED: Final = text("state = 'quarantined'")
_NOT_READY: Final = text("routing_skip IS NOT NULL")
_WAITING_EVENT: Final = text("lead_id IS NULL AND address_hash IS NOT NULL")
_OFFERED: Final = text("state = 'offered'")
_UNRENDERED: Final = text("state = 'queued' AND rendered_at IS NULL")
_RENDERED: Final = text("state IN ('queued', 'deferred') AND rendered_at IS NOT NULL")
_HELD_BY_PROCESS: Final = text("state IN ('leased', 'sending')")
_STUCK: Final = (
    select(_OUTBOX.c.state, func.count())
    .where(text("state IN ('unknown', 'failed')"))
    .group_by(_OUTBOX.c.state)
)
_HELD: Final = text("state = 'active' AND next_due_at IS NULL AND skip_reason = 'template_error'")


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts of what is there to do.

    Attributes:
        due: rows that each stage would claim now.
        queued: messages in the outbox that wait to be written or sent.
        leased: messages that a process holds now.
        unknown: messages whose outcome nobody knows.
        failed: messages given up.
        held: enrollments that a template's error stopped.
        quarantined: submissions that could not become leads.
        quarantined_posts: those of them that came by form or webhook, and not in a file.
        unassigned: leads in the queue, without an owner, that are ready for one.
        not_ready: leads that do not go to a rep yet.
        events_waiting: events whose address is nobody's yet.
        sla_breached: offers that no rep answered in time.
        oldest_at: since when the longest waiting row is due, None when nothing waits.
    """

    due: dict[str, int] = field(default_factory=dict)
    queued: int = 0
    leased: int = 0
    unknown: int = 0
    failed: int = 0
    held: int = 0
    quarantined: int = 0
    quarantined_posts: int = 0
    unassigned: int = 0
    not_ready: int = 0
    events_waiting: int = 0
    sla_breached: int = 0
    oldest_at: datetime | None = None


def read_standing(connection: Connection, *, now: datetime) -> Standing:
    """Count what waits at an instant."""
    waiting = {stage: _waiting(connection, stage, now) for stage in _DUE}
    oldest = [at for _, at in waiting.values() if at is not None]
    stuck = {row.state: int(row[1]) for row in connection.execute(_STUCK)}
    return Standing(
        due={stage: count for stage, (count, _) in waiting.items()},
        queued=_count(connection, _OUTBOX.c.id, _UNRENDERED)
        + _count(connection, _OUTBOX.c.id, _RENDERED),
        leased=_count(connection, _OUTBOX.c.id, _HELD_BY_PROCESS),
        unknown=stuck.get("unknown", 0),
        failed=stuck.get("failed", 0),
        held=_count(connection, _ENROLLMENTS.c.id, _HELD),
        quarantined=_count(connection, _SUBMISSIONS.c.id, _QUARANTINED),
        quarantined_posts=_count(
            connection, _SUBMISSIONS.c.id, and_(_QUARANTINED, _SUBMISSIONS.c.kind != "file")
        ),
        unassigned=_unassigned(connection),
        not_ready=_count(connection, _LEADS.c.id, _NOT_READY),
        events_waiting=_count(connection, _EVENTS.c.id, _WAITING_EVENT),
        sla_breached=_count(
            connection,
            _ASSIGNMENTS.c.id,
            and_(_OFFERED, _ASSIGNMENTS.c.response_due_at < now),
        ),
        oldest_at=min(oldest, default=None),
    )


#: The column that says since when a row waits for a stage, and the index's condition.
_DUE: Final[dict[str, tuple[Any, TextClause]]] = {
    "intake": (_SUBMISSIONS.c.received_at, _NEW),
    "scoring": (_LEADS.c.scoring_due_at, text("scoring_due_at IS NOT NULL")),
    "routing": (_LEADS.c.routing_due_at, text("routing_due_at IS NOT NULL")),
    "notification": (_OUTBOX.c.due_at, _UNRENDERED),
    "enrollment": (_LEADS.c.enrollment_due_at, text("enrollment_due_at IS NOT NULL")),
    "touches": (_ENROLLMENTS.c.next_due_at, text("next_due_at IS NOT NULL")),
    "delivery": (_OUTBOX.c.due_at, _RENDERED),
}


def _waiting(connection: Connection, stage: str, now: datetime) -> tuple[int, datetime | None]:
    """Return how many rows a stage would claim, and since when the oldest is due."""
    column, condition = _DUE[stage]
    found = connection.execute(
        select(func.count(), func.min(column)).where(condition, column <= now)
    ).one()
    return int(found[0]), found[1]


def _count(
    connection: Connection, column: ColumnElement[Any], condition: ColumnElement[bool] | TextClause
) -> int:
    return int(connection.execute(select(func.count(column)).where(condition)).scalar_one())


def _unassigned(connection: Connection) -> int:
    """Return how many leads wait for an owner; one that is not ready for one does not."""
    query = (
        select(func.count())
        .select_from(_ASSIGNMENTS.join(_LEADS, _LEADS.c.id == _ASSIGNMENTS.c.lead_id))
        .where(text("assignments.state = 'queued'"), _LEADS.c.routing_skip.is_(None))
    )
    return int(connection.execute(query).scalar_one())


def find_last_batch(connection: Connection) -> datetime | None:
    """Return when a stage last did something, None when none ever did."""
    query = select(_BATCHES.c.at).order_by(_BATCHES.c.id.desc()).limit(1)
    return connection.execute(query).scalar()


def list_submissions(connection: Connection, lead_id: int) -> list[dict[str, Any]]:
    """Return the submissions that a lead was made of, oldest first, word for word."""
    names = (
        *("id", "source", "kind", "import_run_id", "line", "received_at"),
        *("state", "outcome", "consent_version", "raw"),
    )
    runs = schema.import_runs
    rows = connection.execute(
        select(*(_SUBMISSIONS.c[name] for name in names), runs.c.header)
        .outerjoin(runs, runs.c.id == _SUBMISSIONS.c.import_run_id)
        .where(_SUBMISSIONS.c.lead_id == lead_id)
        .order_by(_SUBMISSIONS.c.id)
    )
    return [_with_headers(dict(row._mapping)) for row in rows]


def _with_headers(row: dict[str, Any]) -> dict[str, Any]:
    """Return a submission whose raw texts stand under the headers of its file."""
    header = row.pop("header")
    if header and isinstance(row["raw"], list):
        row["raw"] = dict(zip(header, row["raw"], strict=False))
    return row
