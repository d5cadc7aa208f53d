"""Behavior events: added once, read in the order in which scores sum them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import func, select

from leadline.domain.decay import as_microseconds
from leadline.domain.engagement import EventLog, no_events
from leadline.domain.events import OURS
from leadline.store import schema
from leadline.store.bulk import among, insert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection

_EVENTS = schema.events
#: Columns of an event that its writer gives; absent ones are None.
GIVEN: Final = (
    *("source", "external_id", "kind", "lead_id", "address_hash", "visitor_id", "outbox_id"),
    *("campaign", "url", "network", "user_agent", "actor", "actor_reason", "detail"),
    *("occurred_at", "received_at", "due_at"),
)


def add_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Add events; one whose source and external id are known is left as it is.

    Args:
        connection: a writing transaction.
        rows: columns of `GIVEN`; `actor` is `unknown` and `due_at` is when to classify it.

    Returns:
        How many were new.
    """
    before = _count(connection)
    columns = [{name: row.get(name) for name in GIVEN} for row in rows]
    insert_rows(connection, _EVENTS, columns, ignore_known=True)
    return _count(connection) - before


def _count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(_EVENTS)).scalar_one())


def read_log(
    connection: Connection, lead_ids: Sequence[int], *, has_details: bool = False
) -> EventLog:
    """Return the human events of leads, in the order of their ids.

    Args:
        connection: any transaction.
        lead_ids: the batch; an event's lead is given as its position here.
        has_details: whether a rule asks for campaign, url or source.
    """
    names = ("lead_id", "kind", "occurred_at", *(("campaign", "url", "source") * has_details))
    rows = connection.execute(
        select(*(_EVENTS.c[name] for name in names))
        .where(
            _EVENTS.c.actor == "human",
            among(connection, _EVENTS.c.lead_id, lead_ids),
            _EVENTS.c.kind.not_in(OURS),
        )
        .order_by(_EVENTS.c.id)
    ).all()
    if not rows:
        return no_events()
    places = {lead_id: place for place, lead_id in enumerate(lead_ids)}
    kinds = {kind: place for place, kind in enumerate(sorted({row[1] for row in rows}))}
    return EventLog(
        lead=np.array([places[row[0]] for row in rows], dtype=np.int64),
        kind=np.array([kinds[row[1]] for row in rows], dtype=np.int64),
        at=np.array([as_microseconds(row[2]) for row in rows], dtype=np.int64),
        kinds=tuple(kinds),
        details=_details([row[3:] for row in rows]) if has_details else None,
    )


def _details(rows: Sequence[Any]) -> Any:  # noqa: ANN401 - a frame, whose library loads late
    import pandas as pd

    from leadline.store.frames import fold_text

    columns = ("campaign", "url", "source")
    return fold_text(
        pd.DataFrame.from_records([tuple(row) for row in rows], columns=columns), columns
    )


def last_event_id(connection: Connection) -> int:
    """Return the id of the newest event, 0 when there is none."""
    return int(connection.execute(select(func.max(_EVENTS.c.id))).scalar() or 0)


def attach_waiting(connection: Connection, lead_ids: Collection[int]) -> None:
    """Give events that waited under a keyed address to the leads that now have that address."""
    keys = schema.lead_keys
    waiting = select(_EVENTS.c.id).where(
        _EVENTS.c.lead_id.is_(None), _EVENTS.c.address_hash.is_not(None)
    )
    if connection.execute(waiting.limit(1)).first() is None:
        return
    theirs = select(keys.c.key_hash, keys.c.lead_id).where(
        keys.c.kind == "email", among(connection, keys.c.lead_id, lead_ids)
    )
    found = theirs.subquery()
    connection.execute(
        _EVENTS.update()
        .where(
            _EVENTS.c.lead_id.is_(None),
            _EVENTS.c.address_hash.in_(select(found.c.key_hash)),
        )
        .values(
            lead_id=select(found.c.lead_id)
            .where(found.c.key_hash == _EVENTS.c.address_hash)
            .scalar_subquery()
        )
    )
