"""All that the database holds of one person, as it stands: what an access request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select

from leadline.store import schema
from leadline.store.bulk import among, as_dicts
from leadline.store.receipts import get_receipts, list_model_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine import Connection

Rows = list[dict[str, Any]]
#: Tables whose rows are about a lead, under the names that they have in the document.
_OF_LEADS: Final = {
    "consents": schema.consents,
    "events": schema.events,
    "score_changes": schema.score_changes,
    "stage_changes": schema.stage_changes,
    "visitors": schema.visitors,
    "assignments": schema.assignments,
    "enrollments": schema.enrollments,
    "touches": schema.touches,
    "import_changes": schema.import_changes,
}
_REP_KINDS: Final = ("assignment", "alert")


def read_held(
    connection: Connection,
    *,
    leads: Collection[int],
    submissions: Collection[int],
    hashes: Collection[str],
    keys: Collection[str],
) -> dict[str, Any]:
    """Return a person's rows by what they are, and the receipts of the scores.

    Args:
        connection: any transaction.
        leads: ids of the person's leads.
        submissions: ids of the person's submissions.
        hashes: keyed hashes of the person's addresses.
        keys: hashed match keys of these, under which events wait for a lead.
    """
    ids = leads
    held = {
        name: _read(connection, table, among(connection, table.c.lead_id, ids))
        for name, table in _OF_LEADS.items()
    }
    table = schema.submissions
    bans = schema.suppressions
    messages = _messages(connection, ids, submissions, hashes)
    events = schema.delivery_events
    return {
        "leads": _read(connection, schema.leads, among(connection, schema.leads.c.id, ids)),
        "submissions": _read(connection, table, among(connection, table.c.id, submissions)),
        **held,
        "events": held["events"] + _waiting_events(connection, keys),
        "scores": [
            receipt
            for model in list_model_names(connection, ids)
            for receipt in get_receipts(connection, ids, model=model).values()
        ],
        "messages": messages,
        "delivery_events": _read(
            connection, events, among(connection, events.c.outbox_id, [m["id"] for m in messages])
        ),
        "suppressions": _read(connection, bans, among(connection, bans.c.address_hash, hashes)),
    }


def _waiting_events(connection: Connection, keys: Collection[str]) -> Rows:
    """Return what the person did that no lead has."""
    events = schema.events
    waits = events.c.lead_id.is_(None) & events.c.address_hash.is_not(None)
    return _read(connection, events, waits & among(connection, events.c.address_hash, keys))


def _messages(
    connection: Connection,
    leads: Collection[int],
    submissions: Collection[int],
    hashes: Collection[str],
) -> Rows:
    """Return mails to the person and about them."""
    outbox = schema.outbox
    theirs = or_(
        among(connection, outbox.c.lead_id, leads),
        among(connection, outbox.c.submission_id, submissions),
        among(connection, outbox.c.address_hash, hashes) & outbox.c.kind.not_in(_REP_KINDS),
    )
    found = _read(connection, outbox, theirs)
    ids = [row["id"] for row in found]
    joined = select(outbox.c.bundle_id).where(among(connection, outbox.c.bundle_id, ids))
    bundles = set(connection.execute(joined).scalars())
    # a mail that tells of several leads is shown without its text: the others are not theirs
    return [row | {"mail": None} if row["id"] in bundles else row for row in found]


def _read(connection: Connection, table: Table, condition: ColumnElement[bool]) -> Rows:
    query = select(table).where(condition).order_by(*table.primary_key)
    return as_dicts(connection.execute(query))
