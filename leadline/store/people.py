"""Whose events are: found by keyed addresses and by visitors who said who they are.

A visitor belongs to the first lead that its name was met with, and never moves by itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, or_, select, text, update

from leadline.store import schema
from leadline.store.bulk import among, insert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_EVENTS = schema.events
_KEYS = schema.lead_keys
_VISITORS = schema.visitors
_LEADS = schema.leads
#: Written so that no database looks for it first: most events may be nobody's.
_IS_NOBODYS: Final = func.coalesce(_EVENTS.c.lead_id, 0) == 0
#: Match keys that an event states.
_KINDS: Final = ("email", "external")


def find_people(
    connection: Connection, keys: Collection[str], visitors: Collection[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the leads of keyed addresses and ids, and those of visitors."""
    by_key: dict[str, int] = {}
    if keys:
        rows = connection.execute(
            select(_KEYS.c.key_hash, _KEYS.c.lead_id).where(
                _KEYS.c.kind.in_(_KINDS), among(connection, _KEYS.c.key_hash, keys)
            )
        )
        by_key = {row.key_hash: row.lead_id for row in rows}
    return by_key, _find_visitors(connection, visitors)


def _find_visitors(connection: Connection, visitors: Collection[str]) -> dict[str, int]:
    if not visitors:
        return {}
    rows = connection.execute(
        select(_VISITORS.c.visitor_id, _VISITORS.c.lead_id).where(
            among(connection, _VISITORS.c.visitor_id, visitors)
        )
    )
    return {row.visitor_id: row.lead_id for row in rows}


def identify(connection: Connection, rows: Sequence[dict[str, Any]], *, now: datetime) -> set[int]:
    """Say of new events whose they are, and make visitors known who say who they are.

    Args:
        connection: a writing transaction.
        rows: events as they will be added; `lead_id` is set where it is known.
        now: recorded with new visitors.

    Returns:
        Leads that earlier events of such visitors have joined.
    """
    keys = {row["address_hash"] for row in rows if row["address_hash"]}
    visitors = {row["visitor_id"] for row in rows if row["visitor_id"]}
    by_key, by_visitor = find_people(connection, keys, visitors)
    links: dict[str, int] = {}
    for row in rows:
        row["lead_id"] = by_key.get(row["address_hash"])
        if row["lead_id"] and row["visitor_id"] and row["visitor_id"] not in by_visitor:
            links.setdefault(row["visitor_id"], row["lead_id"])
    link(connection, links, now=now)
    known = links | by_visitor
    for row in rows:
        if row["lead_id"] is None and not row["address_hash"]:
            row["lead_id"] = known.get(row["visitor_id"])
    return _join_visitors(connection, links, now=now)


def link(connection: Connection, links: Mapping[str, int], *, now: datetime) -> None:
    """Give visitors to leads; one that is somebody's stays."""
    rows = [
        {"visitor_id": visitor, "lead_id": lead_id, "linked_at": now}
        for visitor, lead_id in sorted(links.items())
    ]
    insert_rows(connection, _VISITORS, rows, ignore_known=True)


def _join_visitors(connection: Connection, visitors: Iterable[str], *, now: datetime) -> set[int]:
    """Let what visitors did before join their leads, and be judged by what these did beside.

    Returns:
        The leads.
    """
    if not (wanted := list(visitors)):
        return set()
    mine = _VISITORS.c.visitor_id == _EVENTS.c.visitor_id
    joined = connection.execute(
        update(_EVENTS)
        .where(
            among(connection, _EVENTS.c.visitor_id, wanted),
            _EVENTS.c.visitor_id.is_not(None),
            _IS_NOBODYS,
            _EVENTS.c.address_hash.is_(None),
        )
        .values(
            lead_id=select(_VISITORS.c.lead_id).where(mine).scalar_subquery(),
            due_at=func.coalesce(_EVENTS.c.due_at, now),
        )
        .returning(_EVENTS.c.lead_id)
    )
    return {lead_id for (lead_id,) in joined if lead_id is not None}


def join_leads(connection: Connection, lead_ids: Collection[int], *, now: datetime) -> None:
    """Let events that waited for these leads join them.

    They waited under a keyed address or id that a lead now has, or under a visitor who is now
    known by such an event.

    Args:
        connection: a writing transaction.
        lead_ids: the leads, old or new.
        now: recorded with new visitors.
    """
    if ids := _find_waiting(connection, lead_ids):
        join_events(connection, ids, now=now)


def _find_waiting(connection: Connection, lead_ids: Collection[int]) -> list[int]:
    """Return the events that wait under a key that one of these leads has."""
    keys, waits = (
        "k.kind IN ('email', 'external')",
        "e.lead_id IS NULL AND e.address_hash IS NOT NULL",
    )
    if connection.dialect.name == "sqlite":
        # SQLite takes all that belongs to nobody for few, and is told which index to use
        query = (
            "SELECT e.id FROM lead_keys k CROSS JOIN events e INDEXED BY ix_events_address_hash "  # noqa: S608 - our own words
            f"WHERE k.lead_id IN (SELECT value FROM json_each(:leads)) AND {keys} "
            f"AND e.address_hash = k.key_hash AND {waits}"
        )
        wanted: Any = json.dumps([*lead_ids])
    else:
        query = (
            "SELECT e.id FROM lead_keys k JOIN events e ON e.address_hash = k.key_hash "  # noqa: S608 - our own words
            f"WHERE k.lead_id = ANY(CAST(:leads AS bigint[])) AND {keys} AND {waits}"
        )
        wanted = [*lead_ids]
    return list(connection.execute(text(query), {"leads": wanted}).scalars())


def join_events(connection: Connection, event_ids: Collection[int], *, now: datetime) -> None:
    """Let events join their leads that came meanwhile, see `join_leads`."""
    theirs = and_(_KEYS.c.key_hash == _EVENTS.c.address_hash, _KEYS.c.kind.in_(_KINDS))
    waits = and_(_IS_NOBODYS, _EVENTS.c.address_hash.is_not(None))
    meant = among(connection, _EVENTS.c.id, event_ids)
    owner = select(func.min(_KEYS.c.lead_id)).where(theirs)
    joined = connection.execute(
        update(_EVENTS)
        .where(waits, meant, select(_KEYS.c.lead_id).where(theirs).exists())
        .values(lead_id=owner.scalar_subquery())
        .returning(_EVENTS.c.visitor_id, _EVENTS.c.lead_id)
    ).all()
    links: dict[str, int] = {}
    for visitor, lead_id in joined:
        if visitor is not None:
            links.setdefault(visitor, lead_id)
    if links:
        link(connection, links, now=now)
        _join_visitors(connection, links, now=now)


def unlink(connection: Connection, visitors: Collection[str], *, now: datetime) -> set[int]:
    """Give visitors to the first lead that a remaining event names, or to nobody.

    What they did without a name moves with them, and is judged anew.

    Returns:
        The leads that lose or win events by it.
    """
    if not visitors:
        return set()
    before = _find_visitors(connection, visitors)
    named = _find_named(connection, visitors)
    moved = [visitor for visitor, owner in before.items() if owner not in named.get(visitor, ())]
    connection.execute(delete(_VISITORS).where(among(connection, _VISITORS.c.visitor_id, moved)))
    theirs = and_(
        among(connection, _EVENTS.c.visitor_id, moved),
        _EVENTS.c.visitor_id.is_not(None),
        _EVENTS.c.address_hash.is_(None),
        _EVENTS.c.lead_id.is_not(None),
    )
    lost = connection.execute(select(_EVENTS.c.id, _EVENTS.c.lead_id).where(theirs)).all()
    connection.execute(
        update(_EVENTS)
        .where(among(connection, _EVENTS.c.id, [row.id for row in lost]))
        .values(lead_id=None, due_at=func.coalesce(_EVENTS.c.due_at, now))
    )
    links = {visitor: named[visitor][0] for visitor in moved if visitor in named}
    link(connection, links, now=now)
    return {row.lead_id for row in lost} | _join_visitors(connection, links, now=now)


def _find_named(connection: Connection, visitors: Collection[str]) -> dict[str, list[int]]:
    """Return the leads that events name of visitors, the first met first."""
    rows = connection.execute(
        select(_EVENTS.c.visitor_id, _EVENTS.c.lead_id)
        .where(
            among(connection, _EVENTS.c.visitor_id, visitors),
            _EVENTS.c.visitor_id.is_not(None),
            _EVENTS.c.address_hash.is_not(None),
            _EVENTS.c.lead_id.is_not(None),
        )
        .order_by(_EVENTS.c.id)
    )
    named: dict[str, list[int]] = {}
    for visitor, lead_id in rows:
        named.setdefault(visitor, []).append(lead_id)
    return named


def make_due(connection: Connection, lead_ids: Collection[int], *, now: datetime) -> None:
    """Make leads due for a score whose events changed; nothing for one that was erased."""
    if lead_ids:
        connection.execute(
            update(_LEADS)
            .where(
                among(connection, _LEADS.c.id, lead_ids),
                _LEADS.c.erased_at.is_(None),
                or_(_LEADS.c.scoring_due_at.is_(None), _LEADS.c.scoring_due_at > now),
            )
            .values(scoring_due_at=now)
        )
