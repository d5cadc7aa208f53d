"""What is on record of one person's consent: all evidence, all bans, in force or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from leadline.store import schema
from leadline.store.bulk import as_dicts

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CONSENTS = schema.consents
_SUPPRESSIONS = schema.suppressions
_SHOWN: Final = (
    *("purpose", "channel", "is_granted", "is_pending", "basis", "wording", "version"),
    *("source", "submission_id", "network_address", "at", "undone_at"),
)


def list_evidence(connection: Connection, lead_id: int) -> list[dict[str, Any]]:
    """Return every yes and no of a lead, oldest first, also what does not count."""
    query = (
        select(*(_CONSENTS.c[name] for name in _SHOWN))
        .where(_CONSENTS.c.lead_id == lead_id)
        .order_by(_CONSENTS.c.at, _CONSENTS.c.id)
    )
    return as_dicts(connection.execute(query))


def list_bans(connection: Connection, address_hash: str) -> list[dict[str, Any]]:
    """Return the bans of an address, oldest first, also those that were lifted."""
    names = ("scope", "cause", "at", "lifted_at")
    query = (
        select(*(_SUPPRESSIONS.c[name] for name in names))
        .where(_SUPPRESSIONS.c.address_hash == address_hash)
        .order_by(_SUPPRESSIONS.c.at, _SUPPRESSIONS.c.scope)
    )
    return as_dicts(connection.execute(query))
