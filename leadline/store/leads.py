"""Leads and their exact match keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select, text, update

from leadline.domain.leads import HOT_GRADE
from leadline.domain.resolution import WRITTEN
from leadline.store import schema
from leadline.store.bulk import (
    allocate_ids,
    among,
    as_dicts,
    fetch_columns,
    insert_columns,
    update_columns,
    update_rows,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_LEADS = schema.leads
_KEYS = schema.lead_keys

#: The condition of the hot leads' partial index, word for word: SQLite uses it only then.
_HOT: Final = text(f"leads.grade = '{HOT_GRADE}'")
_NOT_HOT: Final = _LEADS.c.grade.is_distinct_from(HOT_GRADE)
#: The largest id that a database holds: a signed 64-bit word.
_MOST_ID: Final = 2**63 - 1


def find_by_keys(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Return the lead of each known (kind, key hash)."""
    by_kind: dict[str, list[str]] = {}
    for kind, key in keys:
        by_kind.setdefault(kind, []).append(key)
    found: dict[tuple[str, str], int] = {}
    for kind, hashes in by_kind.items():
        rows = connection.execute(
            select(_KEYS.c.key_hash, _KEYS.c.lead_id).where(
                _KEYS.c.kind == kind, among(connection, _KEYS.c.key_hash, sorted(hashes))
            )
        )
        found.update(((kind, key), lead_id) for key, lead_id in rows)
    return found


def find_held(connection: Connection, lead_ids: Collection[int]) -> set[int]:
    """Return which of the leads a backfill holds back."""
    rows = connection.execute(
        select(_LEADS.c.id).where(
            _LEADS.c.held_import_run_id.is_not(None), among(connection, _LEADS.c.id, lead_ids)
        )
    )
    return {row[0] for row in rows}


def get_people(
    connection: Connection, lead_ids: Collection[int]
) -> dict[int, tuple[str | None, str | None]]:
    """Return mail address and full name of leads by id."""
    columns = (_LEADS.c.id, _LEADS.c.email, _LEADS.c.full_name)
    rows = connection.execute(select(*columns).where(among(connection, _LEADS.c.id, lead_ids)))
    return {lead_id: (email, name) for lead_id, email, name in rows}


def get_stated(connection: Connection, lead_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return what the sources stated about leads, with `attributes`, by lead id.

    Nobody else changes these leads until the transaction ends: whoever reads them here writes
    them back as a whole, and an unsubscribe in between would be lost.
    """
    columns = [_LEADS.c[name] for name in ("id", *WRITTEN, "scoring_due_at")]
    query = select(*columns).where(among(connection, _LEADS.c.id, lead_ids))
    rows = connection.execute(query.order_by(_LEADS.c.id).with_for_update(key_share=True))
    return {row["id"]: row for row in as_dicts(rows)}


def reserve_ids(connection: Connection, count: int) -> list[int]:
    """Reserve ids for new leads inside a writing transaction, ascending, none of them ever used."""
    ids = allocate_ids(connection, _LEADS, count)
    if connection.dialect.name != "sqlite":  # a sequence never goes back
        return ids
    removed = connection.execute(select(func.max(schema.import_runs.c.last_removed_id))).scalar()
    first = max(ids[0], (removed or 0) + 1) if ids else 0
    return list(range(first, first + count))


def add_leads(
    connection: Connection, columns: Mapping[str, Sequence[Any]], *, now: datetime
) -> None:
    """Add new leads, given as columns of `WRITTEN` and `id`, and make scoring due for them."""
    count = len(columns["id"])
    fixed = {
        "lifecycle_stage": "lead",
        "lead_status": "new",
        "created_at": now,
        "updated_at": now,
        "scoring_due_at": now,
    }
    same = {name: [value] * count for name, value in fixed.items()}
    insert_columns(connection, _LEADS, {**columns, **same})


def change_leads(
    connection: Connection, rows: Sequence[Mapping[str, Any]], *, now: datetime
) -> None:
    """Write changed leads and make scoring due again; owner and enrollments stay."""
    names = ("id", *WRITTEN)
    update_rows(
        connection,
        _LEADS,
        [{**{n: row[n] for n in names}, "updated_at": now, "scoring_due_at": now} for row in rows],
    )


def add_keys(connection: Connection, rows: Sequence[tuple[str, str, int]]) -> None:
    """Add match keys (kind, hash, lead); a key that is taken stays with its lead."""
    if not rows:
        return
    kinds, hashes, leads = zip(*rows, strict=True)
    columns = {"kind": kinds, "key_hash": hashes, "lead_id": leads}
    insert_columns(connection, _KEYS, columns, ignore_known=True)


def claim_due(connection: Connection, duty: str, *, now: datetime, limit: int) -> list[int]:
    """Take leads whose `<duty>_due_at` has come, until the transaction ends."""
    due = _LEADS.c[f"{duty}_due_at"]
    waiting = select(_LEADS.c.id).where(due <= now).order_by(due, _LEADS.c.id).limit(limit)
    query = waiting.with_for_update(skip_locked=True)
    return list(fetch_columns(connection, query, is_plain=True)["id"])


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A lead that waits for an owner.

    Attributes:
        id: of the lead.
        is_hot: whether it goes before the others.
        due_at: when its routing became due.
    """

    id: int
    is_hot: bool
    due_at: datetime


def claim_unrouted(connection: Connection, *, now: datetime, limit: int) -> list[Unrouted]:
    """Take leads that wait for an owner, hot ones first, until the transaction ends.

    Each kind is read in the order of its own partial index, so that a batch of a long backlog
    costs no more than a batch of a short one.
    """
    due = _LEADS.c.routing_due_at
    waiting = (
        select(_LEADS.c.id, due)
        .where(due <= now)
        .order_by(due, _LEADS.c.id)
        .with_for_update(skip_locked=True)
    )
    hot = connection.execute(waiting.where(_HOT).limit(limit)).all()
    others = connection.execute(waiting.where(_NOT_HOT).limit(limit - len(hot))).all()
    return [
        *(Unrouted(row[0], is_hot=True, due_at=row[1]) for row in hot),
        *(Unrouted(row[0], is_hot=False, due_at=row[1]) for row in others),
    ]


def get_received(connection: Connection, lead_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the submission that last changed each lead was stored."""
    submissions = schema.submissions
    rows = connection.execute(
        select(_LEADS.c.id, submissions.c.received_at)
        .join(submissions, submissions.c.id == _LEADS.c.submission_id)
        .where(among(connection, _LEADS.c.id, lead_ids))
    )
    return {row[0]: row[1] for row in rows}


def has_due(connection: Connection, duty: str, *, now: datetime) -> bool:
    """Tell whether a lead waits for a duty."""
    query = select(_LEADS.c.id).where(_LEADS.c[f"{duty}_due_at"] <= now).limit(1)
    return connection.execute(query).first() is not None


def mark_leads(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write columns of leads; every row has the same keys, `id` among them."""
    update_rows(connection, _LEADS, rows)


def claim_leads(connection: Connection, lead_ids: Collection[int]) -> list[int]:
    """Take leads until the transaction ends; those that somebody else has are left out."""
    if connection.dialect.name == "sqlite":  # one writer at a time
        return list(lead_ids)
    query = select(_LEADS.c.id).where(among(connection, _LEADS.c.id, lead_ids))
    rows = connection.execute(query.order_by(_LEADS.c.id).with_for_update(skip_locked=True))
    return [row[0] for row in rows]


def claim_range(connection: Connection, first: int, last: int) -> set[int] | None:
    """Take leads by their ids until the transaction ends; None means all of them.

    Those that somebody else has are left out.
    """
    if connection.dialect.name == "sqlite":  # one writer at a time
        return None
    query = select(_LEADS.c.id).where(_LEADS.c.id.between(first, last)).order_by(_LEADS.c.id)
    return {row[0] for row in connection.execute(query.with_for_update(skip_locked=True))}


def find_due(
    connection: Connection, duty: str, first: int, last: int, *, now: datetime
) -> set[int]:
    """Return leads in a range of ids whose `<duty>_due_at` has come."""
    due = _LEADS.c[f"{duty}_due_at"]
    # the sign keeps SQLite from reading every lead of the range: few are due
    in_range = text("+leads.id BETWEEN :first AND :last").bindparams(first=first, last=last)
    return {row[0] for row in connection.execute(select(_LEADS.c.id).where(due <= now, in_range))}


def mark_scored(connection: Connection, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write what scoring decided about leads, given as columns with `id`."""
    if columns["id"]:
        update_columns(connection, _LEADS, columns)


def stop_scoring(connection: Connection, lead_ids: Collection[int]) -> None:
    """Let no score be due for leads, of whom nothing is left."""
    connection.execute(
        update(_LEADS)
        .where(among(connection, _LEADS.c.id, lead_ids))
        .values(scoring_due_at=None, review_due_at=None)
    )


class Contact(NamedTuple):
    """How a lead can be written to, and where it is."""

    email: str
    country: str | None
    zone: str


def get_contacts(connection: Connection, lead_ids: Collection[int]) -> dict[int, Contact]:
    """Return address, country and zone of leads by id."""
    rows = connection.execute(
        select(_LEADS.c.id, _LEADS.c.email, _LEADS.c.country, _LEADS.c.zone).where(
            among(connection, _LEADS.c.id, lead_ids)
        )
    )
    return {row.id: Contact(row.email, row.country, row.zone) for row in rows}


def get_leads(connection: Connection, lead_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return whole leads by id."""
    rows = connection.execute(select(_LEADS).where(among(connection, _LEADS.c.id, lead_ids)))
    return {row["id"]: row for row in as_dicts(rows)}


def count_leads(connection: Connection) -> int:
    """Return how many leads there are."""
    return int(connection.execute(select(func.count()).select_from(_LEADS)).scalar_one())


def list_leads(
    connection: Connection, *, after: int = 0, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return whole leads in order of id; of one who was erased there is nothing to show."""
    there = select(_LEADS).where(_LEADS.c.erased_at.is_(None))
    query = there.where(_LEADS.c.id > after).order_by(_LEADS.c.id).limit(limit)
    return as_dicts(connection.execute(query))


def find_lead_id(connection: Connection, name: str) -> int | None:
    """Return the lead named by id or by mail address."""
    if name.isdecimal():
        if len(name) > len(str(_MOST_ID)) or int(name) > _MOST_ID:
            return None
        return connection.execute(select(_LEADS.c.id).where(_LEADS.c.id == int(name))).scalar()
    query = select(_LEADS.c.id).where(_LEADS.c.email == name.strip().lower()).order_by(_LEADS.c.id)
    return connection.execute(query.limit(1)).scalar()


def mark_consent(connection: Connection, lead_ids: Collection[int], *, is_granted: bool) -> None:
    """Write the present consent of leads."""
    connection.execute(
        update(_LEADS).where(among(connection, _LEADS.c.id, lead_ids)).values(consent=is_granted)
    )
