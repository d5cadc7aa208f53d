"""Consents and suppressions: what a person agreed to, and the standing bans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from leadline.store import schema
from leadline.store.bulk import among, insert_columns, insert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_SUPPRESSIONS = schema.suppressions


def lock_addresses(connection: Connection, hashes: Collection[str]) -> None:
    """Hold the addresses until the transaction ends (PostgreSQL; SQLite has one writer).

    Whoever writes a suppression, exit or erasure and whoever marks a message `sending` takes
    this first, so that neither slips between the other's read and commit.
    """
    if connection.dialect.name == "sqlite" or not hashes:
        return
    keys = sorted({int(found[:15], 16) for found in hashes})
    connection.execute(
        text(
            "SELECT pg_advisory_xact_lock(key) FROM "
            "(SELECT unnest(CAST(:keys AS bigint[])) AS key ORDER BY key) AS sorted"
        ),
        {"keys": keys},
    )


def add_suppressions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Ban addresses: address_hash, scope, cause, message_id, at. A ban once set stays."""
    insert_rows(connection, _SUPPRESSIONS, rows, ignore_known=True)


def find_suppressed(connection: Connection, hashes: Collection[str]) -> set[str]:
    """Return which of the address hashes are banned for marketing mail."""
    rows = connection.execute(
        select(_SUPPRESSIONS.c.address_hash).where(
            among(connection, _SUPPRESSIONS.c.address_hash, hashes),
            _SUPPRESSIONS.c.scope.in_(("global", "marketing")),
        )
    )
    return {row[0] for row in rows}


def add_consents(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append consent evidence; every row has all columns but the id."""
    insert_rows(connection, schema.consents, rows)


def add_consent_columns(connection: Connection, columns: Mapping[str, Sequence[Any]]) -> None:
    """Append evidence on marketing mail, given as columns of `leadline.domain.resolution.CONSENT`.

    A lead's evidence stands in the order in which it was appended.
    """
    count = len(columns["lead_id"])
    same = {"purpose": ["marketing"] * count, "channel": ["email"] * count}
    insert_columns(connection, schema.consents, {**columns, **same})


def latest_bases(connection: Connection, lead_ids: Collection[int]) -> dict[int, str]:
    """Return the basis of each lead's latest consent; "none" after a refusal.

    Evidence of an import that was taken back does not count.
    """
    consents = schema.consents
    rows = connection.execute(
        select(consents.c.lead_id, consents.c.is_granted, consents.c.basis)
        .where(among(connection, consents.c.lead_id, lead_ids), consents.c.undone_at.is_(None))
        .order_by(consents.c.at, consents.c.id)
    )
    return {row.lead_id: (row.basis or "opt_in") if row.is_granted else "none" for row in rows}


def latest_consents(connection: Connection, lead_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each lead last granted or refused its consent, as far as that counts."""
    consents = schema.consents
    rows = connection.execute(
        select(consents.c.lead_id, func.max(consents.c.at).label("at"))
        .where(among(connection, consents.c.lead_id, lead_ids), consents.c.undone_at.is_(None))
        .group_by(consents.c.lead_id)
    )
    return {row.lead_id: row.at for row in rows}
