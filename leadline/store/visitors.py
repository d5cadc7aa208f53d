"""Visitors of our web sites: page views under a name that says nothing, and whose they are.

A visitor becomes a lead's by a link of a mail alone: the page that it leads to is told of the use
of the link, and once that use is found to be a person's, all that the visitor did is the lead's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, select, update

from leadline.domain.keys import view_key
from leadline.store import schema
from leadline.store.bulk import among, as_dicts, insert_rows, update_rows, upsert_rows
from leadline.store.events import GIVEN
from leadline.store.links import SOURCE as CLICK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_EVENTS = schema.events
_VISITORS = schema.visitors
_LEADS = schema.leads
SOURCE: Final = "script"


@dataclass(frozen=True, slots=True)
class PageView:
    """One look at a page.

    Attributes:
        id: made by the browser; the same when it is sent again.
        visitor: made by the browser too, and no more than a number.
        click: external id of the use of a link that led here, None for none.
        due_at: when to find out who it was.
    """

    id: str
    visitor: str
    kind: str
    url: str
    click: str | None
    network: str | None
    user_agent: str | None
    at: datetime
    due_at: datetime


def add_page_views(
    connection: Connection, views: Sequence[PageView], *, now: datetime
) -> list[None]:
    """Record page views, each once, at a number of statements that does not depend on theirs."""
    leads = _leads_of(connection, {view.visitor for view in views})
    uses = _uses_of(connection, {view.click for view in views if view.click})
    rows = [
        {
            "source": SOURCE,
            "external_id": view_key(view.visitor, view.id),
            "kind": view.kind,
            "lead_id": _owner(leads.get(view.visitor), uses.get(view.click or "")),
            "visitor_id": view.visitor,
            "outbox_id": uses[view.click].outbox_id if view.click in uses else None,
            "url": view.url,
            "network": view.network,
            "user_agent": view.user_agent,
            "actor": "unknown",
            "detail": {"click": view.click} if view.click in uses else None,
            "occurred_at": view.at,
            "received_at": now,
            "due_at": view.due_at,
        }
        for view in views
    ]
    columns = [{name: row.get(name) for name in GIVEN} for row in rows]
    insert_rows(connection, _EVENTS, columns, ignore_known=True)
    link_visitors(connection, {use.outbox_id for use in uses.values()}, now=now)
    return [None] * len(views)


def _leads_of(connection: Connection, visitors: Collection[str]) -> dict[str, int]:
    columns = (_VISITORS.c.visitor_id, _VISITORS.c.lead_id)
    rows = connection.execute(
        select(*columns).where(among(connection, _VISITORS.c.visitor_id, visitors))
    )
    return {row[0]: row[1] for row in rows}


class _Use(NamedTuple):
    """One use of a link: of which mail, to whom it went."""

    outbox_id: int
    lead_id: int | None


def _owner(known: int | None, use: _Use | None) -> int | None:
    """Return whose a view is: nobody's yet, when its visitor has come as somebody else now."""
    return known if use is None or use.lead_id == known else None


def _uses_of(connection: Connection, clicks: Collection[str]) -> dict[str, _Use]:
    """Return what uses of links are known under these ids."""
    if not clicks:
        return {}
    rows = connection.execute(
        select(_EVENTS.c.external_id, _EVENTS.c.outbox_id, _EVENTS.c.lead_id).where(
            _EVENTS.c.source == CLICK,
            among(connection, _EVENTS.c.external_id, clicks),
            _EVENTS.c.outbox_id.is_not(None),
        )
    )
    return {row[0]: _Use(row[1], row[2]) for row in rows}


def link_visitors(connection: Connection, outbox_ids: Collection[int], *, now: datetime) -> int:
    """Make visitors known who came by a link of one of these mails, and are people.

    A use of a link that is not classified yet waits, one of a program links nobody, and only the
    first visitor who names one is believed: an address may be passed on. A link that was made
    before its use was found to be a program's is taken back.

    Args:
        connection: a writing transaction.
        outbox_ids: mails of which a link was used, or its use was classified.
        now: the time.

    Returns:
        How many visitors are a lead's that were nobody's, or another's.
    """
    if not outbox_ids:
        return 0
    rows = _read_uses(connection, among(connection, _EVENTS.c.outbox_id, outbox_ids))
    found, doubted = _leads_by_claim(rows, "human"), _leads_by_claim(rows, "suspected_bot")
    known = _leads_of(connection, found.keys() | doubted.keys())
    _take_back(connection, [each for each, lead in doubted.items() if known.get(each) == lead])
    there = _present(connection, set(found.values()))
    links = {
        visitor: lead_id
        for visitor, lead_id in found.items()
        if lead_id in there and known.get(visitor) != lead_id
    }
    _join(connection, links, now=now)
    return len(links)


def _read_uses(connection: Connection, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Return uses of links and the page views that name one, oldest first."""
    names = ("source", "external_id", "lead_id", "visitor_id", "outbox_id", "actor", "detail")
    query = select(*(_EVENTS.c[name] for name in names)).where(
        condition, _EVENTS.c.source.in_((CLICK, SOURCE))
    )
    return as_dicts(connection.execute(query.order_by(_EVENTS.c.id)))


def _leads_by_claim(rows: Iterable[dict[str, Any]], actor: str) -> dict[str, int]:
    """Return visitor and lead for the uses of links that somebody made, the last of each."""
    made: dict[str, int] = {}
    claims: dict[str, str] = {}
    for row in rows:
        if row["source"] == CLICK:
            if row["actor"] == actor and row["lead_id"] is not None:
                made[row["external_id"]] = row["lead_id"]
        elif click := (row["detail"] or {}).get("click"):
            claims.setdefault(click, row["visitor_id"])
    return {visitor: made[click] for click, visitor in claims.items() if click in made}


def _take_back(connection: Connection, visitors: Collection[str]) -> None:
    """Let visitors be nobody's again for whom no use of a link speaks that a person made."""
    if not visitors:
        return
    theirs = among(connection, _EVENTS.c.visitor_id, visitors)
    views = _read_uses(connection, and_(theirs, _EVENTS.c.outbox_id.is_not(None)))
    mails = {row["outbox_id"] for row in views}
    rows = _read_uses(connection, among(connection, _EVENTS.c.outbox_id, mails))
    gone = set(visitors) - _leads_by_claim(rows, "human").keys()
    connection.execute(delete(_VISITORS).where(among(connection, _VISITORS.c.visitor_id, gone)))
    connection.execute(
        update(_EVENTS)
        .where(among(connection, _EVENTS.c.visitor_id, gone), _EVENTS.c.source == SOURCE)
        .values(lead_id=None)
    )


def _present(connection: Connection, lead_ids: Collection[int]) -> set[int]:
    rows = connection.execute(
        select(_LEADS.c.id).where(
            among(connection, _LEADS.c.id, lead_ids), _LEADS.c.erased_at.is_(None)
        )
    )
    return set(rows.scalars())


def _join(connection: Connection, links: dict[str, int], *, now: datetime) -> None:
    """Give visitors to leads with all that was nobody's, and make the leads due."""
    if not links:
        return
    rows = [
        {"visitor_id": visitor, "lead_id": lead_id, "linked_at": now}
        for visitor, lead_id in sorted(links.items())
    ]
    upsert_rows(connection, _VISITORS, rows, key="visitor_id")
    connection.execute(
        update(_EVENTS)
        .where(among(connection, _EVENTS.c.visitor_id, links), _EVENTS.c.lead_id.is_(None))
        .values(
            lead_id=select(_VISITORS.c.lead_id)
            .where(_VISITORS.c.visitor_id == _EVENTS.c.visitor_id)
            .scalar_subquery()
        )
    )
    due = [{"id": lead_id, "scoring_due_at": now} for lead_id in sorted(set(links.values()))]
    update_rows(connection, _LEADS, due)
