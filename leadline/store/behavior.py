"""Behavior events on their way in: each stored once, with whose it is as far as that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, delete, func, select

from leadline.store import observations, schema
from leadline.store.bulk import among, insert_rows
from leadline.store.events import GIVEN
from leadline.store.people import identify, make_due, unlink

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_EVENTS = schema.events


class Added(NamedTuple):
    """What became of events.

    Attributes:
        created: those that are new, by id in their source.
        waiting: how many of the new ones belong to nobody that is known.
    """

    created: set[str]
    waiting: int


def find_known(
    connection: Connection, source: str, external_ids: Collection[str]
) -> dict[str, int | None]:
    """Return the events of a source that are stored, and the import that each came with."""
    rows = connection.execute(
        select(_EVENTS.c.external_id, _EVENTS.c.import_run_id).where(
            _EVENTS.c.source == source, among(connection, _EVENTS.c.external_id, external_ids)
        )
    )
    return {row.external_id: row.import_run_id for row in rows}


def add_behavior(connection: Connection, rows: Sequence[dict[str, Any]], *, now: datetime) -> Added:
    """Store events of one source, each once, and attach those that are somebody's.

    Args:
        connection: a writing transaction.
        rows: from `leadline.domain.behavior.as_row`; the first of those with one id counts.
        now: recorded with visitors who say who they are.
    """
    by_id: dict[str, dict[str, Any]] = {}
    for row in rows:
        by_id.setdefault(row["external_id"], row)
    if not by_id:
        return Added(set(), 0)
    known = find_known(connection, rows[0]["source"], by_id)
    fresh = [row for id_, row in by_id.items() if id_ not in known]
    make_due(connection, identify(connection, fresh, now=now), now=now)
    columns = [{name: row.get(name) for name in GIVEN} for row in fresh]
    insert_rows(connection, _EVENTS, columns, ignore_known=True)
    created = {row["external_id"] for row in fresh}
    return Added(created, sum(row["lead_id"] is None for row in fresh))


def count_imported(connection: Connection, run_id: int) -> tuple[int, int]:
    """Return how many events an import has brought, and how many belong to nobody known."""
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((_EVENTS.c.lead_id.is_(None), 1), else_=0)), 0),
        ).where(_EVENTS.c.import_run_id == run_id)
    ).one()
    return int(row[0]), int(row[1])


def remove_imported(connection: Connection, run_id: int, *, limit: int, now: datetime) -> int:
    """Delete events that an import has brought, and let their leads be scored without them.

    What they told of other events is judged anew. Visitors of whom nothing else says who they are
    become nobody's again.

    Returns:
        How many were deleted, at most `limit`.
    """
    mine = _EVENTS.c.import_run_id == run_id
    first = select(_EVENTS.c.id).where(mine).order_by(_EVENTS.c.id).limit(limit)
    gone = connection.execute(
        delete(_EVENTS)
        .where(_EVENTS.c.id.in_(first))
        .returning(*(_EVENTS.c[name] for name in observations.TELLING))
    ).all()
    rows = [row._asdict() for row in gone]
    affected = observations.find_affected(connection, rows)
    observations.make_due(connection, affected, now=now)
    leads = {row.lead_id for row in gone if row.lead_id is not None}
    named = {row.visitor_id for row in gone if row.visitor_id and row.address_hash}
    make_due(connection, leads | unlink(connection, named, now=now), now=now)
    return len(gone)
