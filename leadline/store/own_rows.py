"""Which leads and arrivals are a person's, also under other addresses of theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select

from leadline.store import schema
from leadline.store.bulk import among
from leadline.store.mentions import list_places

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

    from leadline.domain.mentions import Mentions
    from leadline.domain.stated import Stated

_LEADS = schema.leads
_SUBMISSIONS = schema.submissions
_RUNS = schema.import_runs
_KEYS = schema.lead_keys
#: Arrivals that no lead has come of yet.
_OPEN: Final = ("new", "waiting", "quarantined")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A submission, as far as it is asked whose it is.

    Attributes:
        raw: as it arrived.
        header: of its file.
        mapping: field by header.
    """

    id: int
    source: str
    state: str
    kind: str
    import_run_id: int | None
    line: int | None
    lead_id: int | None
    raw: Any
    header: list[str] | None
    mapping: dict[str, str] | None


@dataclass(slots=True)
class Own:
    """What is a person's.

    Attributes:
        leads: their ids.
        arrived: submissions that became these leads, and others that state the address.
        emails: every address that those and the leads have, in canonical form.
    """

    leads: list[int]
    arrived: list[Arrived]
    emails: set[str] = field(default_factory=set)


def find_own(
    connection: Connection,
    stated: Stated,
    *,
    key_hash: str,
    candidates: Collection[int],
    after: int,
    is_locked: bool,
) -> Own:
    """Return what is a person's.

    Args:
        connection: a transaction; a writing one where rows are to be locked.
        stated: tells of an arrival whose it is.
        key_hash: the match key under which a lead with the address is known.
        candidates: submissions that may hold the address.
        after: the last submission that was looked at for them; later ones are looked at here.
        is_locked: whether nobody else may change the rows until the transaction ends.
    """
    is_later = (_SUBMISSIONS.c.id > after) & _SUBMISSIONS.c.state.in_(_OPEN)
    wanted = or_(among(connection, _SUBMISSIONS.c.id, candidates), is_later)
    stating = [row for row in _read(connection, wanted, is_locked) if stated.is_own(row)]
    known = select(_KEYS.c.lead_id).where(_KEYS.c.kind == "email", _KEYS.c.key_hash == key_hash)
    query = (
        select(_LEADS.c.id, _LEADS.c.email)
        .where(
            or_(
                _LEADS.c.email == stated.mentions.address,
                _LEADS.c.id.in_(known),
                among(connection, _LEADS.c.id, {row.lead_id for row in stating if row.lead_id}),
            ),
            _LEADS.c.erased_at.is_(None),
        )
        .order_by(_LEADS.c.id)
    )
    leads = connection.execute(query.with_for_update() if is_locked else query).all()
    ids = [lead.id for lead in leads]
    linked = _read(connection, among(connection, _SUBMISSIONS.c.lead_id, ids), is_locked)
    arrived = [*{row.id: row for row in (*linked, *stating)}.values()]
    emails = {lead.email for lead in leads if lead.email}
    emails |= {email for row in arrived for email in stated.emails(row) or ()}
    return Own(ids, arrived, emails)


def list_candidates(connection: Connection, mentions: Mentions) -> set[int]:
    """Return the submissions that hold an address."""
    places = list_places(connection, mentions.spellings, tables=(_SUBMISSIONS,))
    return {place.key for place in places if mentions.is_in_value(place.values)}


def get_last_id(connection: Connection) -> int:
    """Return the id of the submission that came last, 0 when there is none."""
    return connection.execute(select(func.max(_SUBMISSIONS.c.id))).scalar() or 0


def _read(connection: Connection, condition: ColumnElement[bool], is_locked: bool) -> list[Arrived]:  # noqa: FBT001 - private
    names = [name for name in Arrived.__dataclass_fields__ if name in _SUBMISSIONS.c]
    query = (
        select(*(_SUBMISSIONS.c[name] for name in names), _RUNS.c.header, _RUNS.c.mapping)
        .outerjoin(_RUNS, _RUNS.c.id == _SUBMISSIONS.c.import_run_id)
        .where(condition, _SUBMISSIONS.c.state != "erased")
        .order_by(_SUBMISSIONS.c.id)
    )
    rows = connection.execute(query.with_for_update(of=_SUBMISSIONS) if is_locked else query)
    return [Arrived(*row) for row in rows]
