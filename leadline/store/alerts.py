"""Mails to the admin in the outbox: found again by their key, counted by kind and flow.

What was not sent because one like it had just gone out is a row as well, skipped with its reason,
so that the next mail can say how many there were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from leadline.store import schema
from leadline.store.outbox import PRIORITY_ALERT, add_messages

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

_OUTBOX = schema.outbox


def find_alert(connection: Connection, key: str) -> dict[str, Any] | None:
    """Return id, state and skip_reason of the alert with this message key."""
    columns = (_OUTBOX.c.id, _OUTBOX.c.state, _OUTBOX.c.skip_reason)
    row = connection.execute(select(*columns).where(_OUTBOX.c.message_key == key)).first()
    return None if row is None else dict(row._mapping)


def find_last_mail(connection: Connection, address_hash: str, *, prefix: str) -> datetime | None:
    """Return when the last alert to an address was written whose key begins so."""
    written = and_(_alike(address_hash, prefix), _OUTBOX.c.skip_reason.is_(None))
    return connection.execute(select(func.max(_OUTBOX.c.created_at)).where(written)).scalar()


def count_held(
    connection: Connection, address_hash: str, *, prefix: str, since: datetime | None
) -> int:
    """Count the alerts whose key begins so that were held back since an instant."""
    held = and_(_alike(address_hash, prefix), _OUTBOX.c.skip_reason == "told_already")
    if since is not None:
        held = and_(held, _OUTBOX.c.created_at >= since)
    return int(connection.execute(select(func.count()).where(held)).scalar_one())


def _alike(address_hash: str, prefix: str) -> ColumnElement[bool]:
    # by the index of addresses: the key's own index has no order by code point on PostgreSQL
    return and_(
        _OUTBOX.c.address_hash == address_hash,
        _OUTBOX.c.kind == "alert",
        _OUTBOX.c.message_key.startswith(prefix, autoescape=True),
    )


def add_alert(connection: Connection, row: dict[str, Any]) -> int:
    """Add an alert, written or skipped; returns its id."""
    at = {"created_at": row["rendered_at"], "due_at": row["rendered_at"]}
    add_messages(connection, [{"kind": "alert", "priority": PRIORITY_ALERT, **at, **row}])
    query = select(_OUTBOX.c.id).where(_OUTBOX.c.message_key == row["message_key"])
    return int(connection.execute(query).scalar_one())
