"""Leads that an import holds back: scored, but neither assigned, told of nor enrolled.

`held_import_run_id` names the import that holds a lead. `is_scoring_only` says that a score is
due for its own sake: a backfill changed what a known lead says, and nothing else follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select, text, update

from leadline.store import schema
from leadline.store.bulk import among, as_dicts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection

_LEADS = schema.leads
#: The condition of the index of held leads, word for word: SQLite uses it only then.
_HELD = text("held_import_run_id IS NOT NULL")


def make_score_due(connection: Connection, lead_ids: Collection[int], *, now: datetime) -> None:
    """Make a score due that leads to nothing else, unless one that does is due already."""
    is_due = _LEADS.c.scoring_due_at.is_not(None)
    connection.execute(
        update(_LEADS)
        .where(among(connection, _LEADS.c.id, lead_ids))
        .values(
            is_scoring_only=case((is_due, _LEADS.c.is_scoring_only), else_=True),
            scoring_due_at=case((is_due, _LEADS.c.scoring_due_at), else_=now),
        )
    )


def find_quiet(connection: Connection, lead_ids: Collection[int]) -> set[int]:
    """Return which leads are held, or are due for a score alone."""
    rows = connection.execute(
        select(_LEADS.c.id).where(
            among(connection, _LEADS.c.id, lead_ids),
            _LEADS.c.held_import_run_id.is_not(None) | _LEADS.c.is_scoring_only.is_(True),
        )
    )
    return {row.id for row in rows}


def let_go(connection: Connection, lead_ids: Collection[int], *, now: datetime) -> int:
    """Let leads go on: one with a score is due for routing, another when it has its score.

    One that scoring found not ready for a rep is due for enrollment alone. Leads that nobody
    holds stay as they are; returns how many were let go. A release calls this; an arrival from a
    live source ends the hold of the lead that it joins as a change of that lead.
    """
    is_due = _LEADS.c.scoring_due_at.is_not(None)
    is_unready = _LEADS.c.routing_skip.is_not(None)
    return connection.execute(
        update(_LEADS)
        .where(among(connection, _LEADS.c.id, lead_ids), _LEADS.c.held_import_run_id.is_not(None))
        .values(
            held_import_run_id=None,
            is_scoring_only=None,
            routing_due_at=case((is_due | is_unready, _LEADS.c.routing_due_at), else_=now),
            enrollment_due_at=case((is_due | ~is_unready, _LEADS.c.enrollment_due_at), else_=now),
        )
    ).rowcount


def stop_going_on(connection: Connection, lead_ids: Collection[int]) -> None:
    """Let nothing be due but a score for leads that are held again."""
    connection.execute(
        update(_LEADS)
        .where(among(connection, _LEADS.c.id, lead_ids))
        .values(routing_due_at=None, enrollment_due_at=None)
    )


def count_held(connection: Connection, run_ids: Collection[int]) -> dict[int, int]:
    """Return how many leads each import holds now; an import that holds none is left out."""
    run = _LEADS.c.held_import_run_id
    rows = connection.execute(
        select(run, func.count()).where(_HELD, among(connection, run, run_ids)).group_by(run)
    )
    return {row[0]: int(row[1]) for row in rows}


def list_held(
    connection: Connection, run_id: int, *, after: int = 0, limit: int
) -> list[dict[str, Any]]:
    """Return held leads of an import in order of id: id, owner, email, country."""
    columns = (_LEADS.c.id, _LEADS.c.owner, _LEADS.c.email, _LEADS.c.country)
    rows = connection.execute(
        select(*columns)
        .where(_HELD, _LEADS.c.held_import_run_id == run_id, _LEADS.c.id > after)
        .order_by(_LEADS.c.id)
        .limit(limit)
    )
    return as_dicts(rows)
