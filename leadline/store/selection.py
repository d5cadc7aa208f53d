"""Which leads a condition describes, found by the database in chunks of ids.

What the database lets through without being sure of it is decided here, chunk by chunk: few rows
by masks, many by DuckDB. So the answer is the same on every database, and no condition is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from leadline.domain.condition_masks import evaluate_masks
from leadline.domain.conditions import evaluate
from leadline.store import schema
from leadline.store.condition_clauses import Clauses
from leadline.store.condition_functions import register
from leadline.store.frames import read_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

    from leadline.domain.conditions import Condition

_LEADS = schema.leads
_CHUNK: Final = 5_000
_FEW: Final = 500  # rows for which masks cost less than asking DuckDB


def list_matching(
    connection: Connection,
    condition: Condition,
    *,
    as_of: datetime,
    after: int = 0,
    limit: int | None = None,
) -> list[int]:
    """Return the ids of leads that a condition describes, in ascending order.

    Args:
        connection: any transaction.
        condition: compiled.
        as_of: events after it do not count.
        after: only leads with a greater id.
        limit: at most so many; all without it.
    """
    found: list[int] = []
    for ids in _chunks(connection, condition, as_of=as_of, after=after, limit=limit):
        found += ids
        if limit is not None and len(found) >= limit:
            return found[:limit]
    return found


def count_matching(connection: Connection, condition: Condition, *, as_of: datetime) -> int:
    """Return how many leads a condition describes."""
    clauses = _clauses(connection, condition, as_of=as_of)
    doubtful = clauses.doubtful()
    sure = select(func.count()).select_from(_LEADS)
    sure = sure.where(_LEADS.c.erased_at.is_(None), clauses.possible(), ~doubtful)
    count = int(connection.execute(sure).scalar_one())
    after = 0
    while True:
        rest = _candidates(clauses).where(doubtful, _LEADS.c.id > after).limit(_CHUNK)
        ids = [row[0] for row in connection.execute(rest)]
        count += len(_decided(connection, condition, ids, as_of=as_of))
        if len(ids) < _CHUNK:
            return count
        after = ids[-1]


def _chunks(
    connection: Connection,
    condition: Condition,
    *,
    as_of: datetime,
    after: int,
    limit: int | None,
) -> Iterator[list[int]]:
    """Yield the ids that match, as many as a chunk of candidates holds."""
    size = _CHUNK if limit is None else min(max(limit, 1), _CHUNK)
    candidates = _candidates(_clauses(connection, condition, as_of=as_of))
    while True:
        rows = connection.execute(candidates.where(_LEADS.c.id > after).limit(size)).all()
        doubted = [row[0] for row in rows if row[1]]
        decided = _decided(connection, condition, doubted, as_of=as_of)
        yield [row[0] for row in rows if not row[1] or row[0] in decided]
        if len(rows) < size:
            return
        after, size = rows[-1][0], _CHUNK


def _clauses(connection: Connection, condition: Condition, *, as_of: datetime) -> Clauses:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        register(connection)
    return Clauses(condition, is_sqlite=is_sqlite, as_of=as_of)


def _candidates(clauses: Clauses) -> Select[tuple[int, bool]]:
    """Select the leads that may match, each with whether that is in doubt."""
    return (
        select(_LEADS.c.id, clauses.doubtful().label("is_doubtful"))
        .where(_LEADS.c.erased_at.is_(None), clauses.possible())
        .order_by(_LEADS.c.id)
    )


def _decided(
    connection: Connection, condition: Condition, ids: Sequence[int], *, as_of: datetime
) -> set[int]:
    """Return which of the leads match, decided outside the database."""
    if not ids:
        return set()
    frame = read_frame(connection, ids, condition.fields, as_of=as_of)
    decide = evaluate_masks if len(ids) <= _FEW else evaluate
    hits = decide([condition], frame)[:, 0]
    return {lead_id for lead_id, hit in zip(ids, hits, strict=True) if hit}
