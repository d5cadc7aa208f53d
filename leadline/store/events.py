"""Behavior events: added once, read in the order in which scores sum them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select, text

from leadline.domain.condition_text import folded
from leadline.store import schema
from leadline.store.bulk import among, fetch_columns, insert_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from leadline.domain.engagement import EventLog

_EVENTS = schema.events
#: Columns of an event that its writer gives; absent ones are None.
GIVEN: Final = (
    *("source", "external_id", "kind", "lead_id", "address_hash", "visitor_id", "outbox_id"),
    "import_run_id",
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
    from leadline.domain.engagement import make_log

    asked = ("campaign", "url", "source") if has_details else ()
    names = ("id", "lead_id", "kind", "occurred_at", *asked)
    query = select(*(_EVENTS.c[name] for name in names)).where(
        # word for word as the index has it: SQLite uses it only then
        text("actor = 'human' AND lead_id IS NOT NULL"),
        among(connection, _EVENTS.c.lead_id, lead_ids),
    )
    found = fetch_columns(connection, query, is_plain=True)
    details = {name: folded(found[name]) for name in asked}
    return make_log({**found, **details}, lead_ids)
