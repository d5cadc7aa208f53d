"""All that the database holds of one person, as it stands: what an access request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select

from leadline.store import schema
from leadline.store.bulk import among, as_dicts
from leadline.store.scores import get_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine import Connection

Rows = list[dict[str, Any]]
#: Tables whose rows are about a lead, under the names that they have in the document.
_OF_LEADS: Final = {
    "consents": schema.consents,
    "events": schema.events,
    "assignments": schema.assignments,
    "enrollments": schema.enrollments,
    "touches": schema.touches,
    "import_changes": schema.import_changes,
}
_OPEN: Final = ("new", "waiting", "quarantined", "undone")
_REP_KINDS: Final = ("assignment", "alert")


def read_held(
    connection: Connection,
    address: str,
    *,
    address_hash: str,
    is_own: Callable[[str, Any], bool],
) -> dict[str, Rows]:
    """Return a person's rows by what they are.

    Args:
        connection: any transaction.
        address: in canonical form.
        address_hash: its keyed hash.
        is_own: tells of an arrival that no lead has come of, by kind and text, whether it is the
            person's.
    """
    leads = _read(connection, schema.leads, schema.leads.c.email == address)
    ids = [row["id"] for row in leads]
    held = {
        name: _read(connection, table, among(connection, table.c.lead_id, ids))
        for name, table in _OF_LEADS.items()
    }
    table = schema.submissions
    linked = _read(connection, table, among(connection, table.c.lead_id, ids))
    left = _read(connection, table, table.c.state.in_(_OPEN) & table.c.lead_id.is_(None))
    submissions = linked + [row for row in left if is_own(row["kind"], row["raw"])]
    bans = schema.suppressions
    messages = _messages(connection, ids, [row["id"] for row in submissions], address_hash)
    events = schema.delivery_events
    return {
        "leads": leads,
        "submissions": submissions,
        **held,
        "scores": list(get_scores(connection, ids).values()),
        "messages": messages,
        "delivery_events": _read(
            connection, events, among(connection, events.c.outbox_id, [m["id"] for m in messages])
        ),
        "suppressions": _read(
            connection, bans, (bans.c.address_hash == address_hash) & bans.c.lifted_at.is_(None)
        ),
    }


def _messages(
    connection: Connection, leads: Collection[int], submissions: Collection[int], hash_: str
) -> Rows:
    """Return mails to the person and about them."""
    outbox = schema.outbox
    theirs = or_(
        among(connection, outbox.c.lead_id, leads),
        among(connection, outbox.c.submission_id, submissions),
        (outbox.c.address_hash == hash_) & outbox.c.kind.not_in(_REP_KINDS),
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
