"""What a batch of judged arrivals comes to, written in a constant number of statements."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from leadline.domain.resolution import CONSENT, WRITTEN, Resolution
from leadline.store import leads as lead_store
from leadline.store import schema
from leadline.store.bulk import among, insert_rows, update_rows
from leadline.store.suppressions import add_consent_columns, latest_consents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from leadline.domain.resolution import Arrivals, Key

_CHANGES: Final = schema.import_changes
_SUBMISSIONS: Final = schema.submissions


def add_arrivals(
    connection: Connection, arrivals: Arrivals, *, now: datetime, run_id: int | None = None
) -> list[tuple[str, int]]:
    """Make leads of arrivals, or join them to the leads that they repeat.

    Args:
        connection: a writing transaction; on PostgreSQL under the lock `intake`, so that two
            arrivals with one key never become two leads.
        arrivals: accepted arrivals; their submissions are stored in this transaction at the
            latest.
        now: when scoring becomes due.
        run_id: the import run that they belong to: what it changes on known leads is kept.

    Returns:
        `created`, `updated` or `duplicate`, and the lead, one per arrival.
    """
    if not arrivals.keys:
        return []
    resolution = _load(connection, arrivals.keys)
    resolution.take(arrivals)
    lead_store.add_leads(connection, resolution.created_columns(arrivals), now=now)
    changed = resolution.changed_rows()
    lead_store.change_leads(connection, changed, now=now)
    lead_store.add_keys(connection, list(dict.fromkeys(resolution.keys)))
    if resolution.consents:
        columns = zip(CONSENT, zip(*resolution.consents, strict=True), strict=True)
        add_consent_columns(connection, dict(columns))
    if run_id is not None:
        _keep_changes(connection, run_id, resolution.before, changed)
    return resolution.outcomes


def _load(connection: Connection, keys: Sequence[Sequence[Key]]) -> Resolution:
    """Read what the batch's keys already point to and reserve ids for new leads.

    An external id alone may be of several people, so an arrival that has no other known key may
    need an id.
    """
    known = lead_store.find_by_keys(connection, set(chain.from_iterable(keys)))
    found = set(known.values())
    sure = {key for key in known if key[0] != "external"}
    strangers = sum(map(sure.isdisjoint, keys)) if sure else len(keys)
    return Resolution(
        known=known,
        leads=lead_store.get_stated(connection, found) if found else {},
        consented=latest_consents(connection, found) if found else {},
        new_ids=iter(lead_store.reserve_ids(connection, strangers)),
    )


def _keep_changes(
    connection: Connection,
    run_id: int,
    before: Mapping[int, Mapping[str, Any]],
    changed: Sequence[Mapping[str, Any]],
) -> None:
    """Keep what a run changed: a field's first value before, and its last value after."""
    made_here = _created_by(connection, run_id, before)
    known = _get_changes(connection, run_id, before)
    rows = []
    for lead in (row for row in changed if row["id"] not in made_here):
        old = before[lead["id"]]
        names = [name for name in WRITTEN if lead[name] != old[name]]
        earlier = known.get(lead["id"], {"before": {}, "after": {}})
        rows.append(
            {
                "import_run_id": run_id,
                "lead_id": lead["id"],
                "submission_id": lead["submission_id"],
                "before": {**{name: old[name] for name in names}, **earlier["before"]},
                "after": {**earlier["after"], **{name: lead[name] for name in names}},
            }
        )
    insert_rows(connection, _CHANGES, [row for row in rows if row["lead_id"] not in known])
    again = [row for row in rows if row["lead_id"] in known]
    update_rows(connection, _CHANGES, again, key="lead_id", fence="import_run_id")


def _created_by(connection: Connection, run_id: int, lead_ids: Collection[int]) -> set[int]:
    if not lead_ids:
        return set()
    rows = connection.execute(
        select(_SUBMISSIONS.c.lead_id).where(
            _SUBMISSIONS.c.import_run_id == run_id,
            _SUBMISSIONS.c.outcome == "created",
            among(connection, _SUBMISSIONS.c.lead_id, lead_ids),
        )
    )
    return {row[0] for row in rows}


def _get_changes(
    connection: Connection, run_id: int, lead_ids: Collection[int]
) -> dict[int, dict[str, Any]]:
    if not lead_ids:
        return {}
    rows = connection.execute(
        select(_CHANGES.c.lead_id, _CHANGES.c.before, _CHANGES.c.after).where(
            _CHANGES.c.import_run_id == run_id,
            among(connection, _CHANGES.c.lead_id, lead_ids),
        )
    )
    return {row.lead_id: {"before": row.before, "after": row.after} for row in rows}
