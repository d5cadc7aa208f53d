"""What taking an import back reads and writes, at a constant number of statements per batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, false, func, literal, select, union_all, update

from leadline.domain.resolution import WRITTEN
from leadline.domain.undo import Change, Said
from leadline.store import schema
from leadline.store.bulk import among, as_dicts, insert_rows, update_rows
from leadline.store.suppressions import is_undated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TypeAlias

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine import Connection

    #: Tables that name leads, and which of their rows count, by reason.
    _Found: TypeAlias = dict[str, tuple[Table, tuple[ColumnElement[bool], ...]]]

_SUBMISSIONS = schema.submissions
_LEADS = schema.leads
_CHANGES = schema.import_changes
_CONSENTS = schema.consents
_KEYS = schema.lead_keys
_RUNS = schema.import_runs
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
#: Why a lead stays that an import has created, the weightiest first.
REASONS: Final = ("message", "enrolled", "assigned", "consent", "other_submission")
_STEPS: Final[_Found] = {
    "message": (schema.outbox, ()),
    "enrolled": (schema.enrollments, ()),
    "assigned": (schema.assignments, ()),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A submission.

    Attributes:
        outcome: what it came to, None when it was not accepted.
        is_undone: whether it counts no longer.
        is_backfill: whether it came with a backfill, which lets no lead go.
    """

    id: int
    lead_id: int | None
    import_run_id: int | None
    outcome: str | None
    is_undone: bool
    is_backfill: bool


_COUNTS = _SUBMISSIONS.c.state.not_in(("undone", "erased"))
_ROWS = select(
    *(_SUBMISSIONS.c[name] for name in ("id", "lead_id", "import_run_id", "outcome")),
    ~_COUNTS,
    func.coalesce(_RUNS.c.is_backfill, false()),
).outerjoin(_RUNS, _RUNS.c.id == _SUBMISSIONS.c.import_run_id)


def list_rows(connection: Connection, run_id: int, *, after: int, limit: int) -> list[Row]:
    """Return submissions of an import that are not undone, in order of id."""
    rows = connection.execute(
        _ROWS.where(_SUBMISSIONS.c.import_run_id == run_id, _COUNTS, _SUBMISSIONS.c.id > after)
        .order_by(_SUBMISSIONS.c.id)
        .limit(limit)
    )
    return [Row(*row) for row in rows]


def list_rows_of(connection: Connection, lead_ids: Collection[int]) -> list[Row]:
    """Return the submissions of leads, whatever they came with, undone ones too."""
    theirs = among(connection, _SUBMISSIONS.c.lead_id, lead_ids)
    return [Row(*row) for row in connection.execute(_ROWS.where(theirs))]


def lock_leads(connection: Connection, lead_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return whole leads by id; nobody else changes or joins them until the transaction ends."""
    query = select(_LEADS).where(among(connection, _LEADS.c.id, lead_ids))
    rows = connection.execute(query.order_by(_LEADS.c.id).with_for_update())
    return {row["id"]: row for row in as_dicts(rows)}


def find_dependents(
    connection: Connection, run_id: int, lead_ids: Collection[int]
) -> dict[int, str]:
    """Return why leads must stay that an import has created: the weightiest of `REASONS`.

    Evidence of consent that came with another import is that import's word; all other evidence
    is the person's. Other submissions of the leads are the caller's to look at.
    """
    imported = select(_SUBMISSIONS.c.id).where(
        _SUBMISSIONS.c.id == _CONSENTS.c.submission_id, _SUBMISSIONS.c.import_run_id.is_not(None)
    )
    own = imported.where(_SUBMISSIONS.c.import_run_id == run_id)
    counts = _CONSENTS.c.undone_at.is_(None)
    said: _Found = {
        "consent": (_CONSENTS, (counts, ~imported.exists())),
        "other_submission": (_CONSENTS, (counts, imported.exists(), ~own.exists())),
    }
    return _weigh(connection, lead_ids, said | _STEPS)


def find_steps(connection: Connection, lead_ids: Collection[int]) -> set[int]:
    """Return the leads for which something was done: an assignment, an enrollment or mail."""
    return set(_weigh(connection, lead_ids, _STEPS))


def _weigh(connection: Connection, lead_ids: Collection[int], found: _Found) -> dict[int, str]:
    """Return the weightiest of the reasons that hold, by lead."""
    queries = [
        select(literal(REASONS.index(reason)), table.c.lead_id).where(
            among(connection, table.c.lead_id, lead_ids), *conditions
        )
        for reason, (table, conditions) in found.items()
    ]
    weights: dict[int, int] = {}
    for weight, lead_id in connection.execute(union_all(*queries)):
        weights[lead_id] = min(weight, weights.get(lead_id, weight))
    return {lead_id: REASONS[weight] for lead_id, weight in weights.items()}


def remove_leads(connection: Connection, run_id: int, lead_ids: Collection[int]) -> None:
    """Delete leads with all that is theirs alone; their submissions stay and name no lead.

    What they did waits again under the keyed address, for another lead that has it.

    The highest id is kept with the run: no lead ever gets the id of another one.
    """
    if not lead_ids:
        return
    connection.execute(
        update(_RUNS)
        .where(
            _RUNS.c.id == run_id,
            func.coalesce(_RUNS.c.last_removed_id, 0) < max(lead_ids),
        )
        .values(last_removed_id=max(lead_ids))
    )
    connection.execute(
        update(schema.events)
        .where(among(connection, schema.events.c.lead_id, lead_ids))
        .values(lead_id=None)
    )
    for column in (
        schema.scores.c.lead_id,
        schema.score_changes.c.lead_id,
        schema.stage_changes.c.lead_id,
        schema.visitors.c.lead_id,
        _KEYS.c.lead_id,
        _CONSENTS.c.lead_id,
        _CHANGES.c.lead_id,
        _LEADS.c.id,
    ):
        connection.execute(delete(column.table).where(among(connection, column, lead_ids)))
    connection.execute(
        update(_SUBMISSIONS)
        .where(among(connection, _SUBMISSIONS.c.lead_id, lead_ids))
        .values(lead_id=None)
    )


def take_changes(
    connection: Connection, run_id: int, lead_ids: Collection[int]
) -> tuple[dict[int, Change], dict[int, dict[int, Change]]]:
    """Return what an import changed, by lead, and what later imports did, by lead and run.

    Its own changes are no longer kept: they are about to be taken back.
    """
    own: dict[int, Change] = {}
    later: dict[int, dict[int, Change]] = {}
    rows = connection.execute(
        select(_CHANGES.c.import_run_id, _CHANGES.c.lead_id, _CHANGES.c.before, _CHANGES.c.after)
        .where(among(connection, _CHANGES.c.lead_id, lead_ids))
        .order_by(_CHANGES.c.import_run_id)
    )
    for found, lead_id, before, after in rows:
        if found == run_id:
            own[lead_id] = Change(before, after)
        elif lead_id in own:
            later.setdefault(lead_id, {})[found] = Change(before, after)
    connection.execute(
        delete(_CHANGES).where(
            among(connection, _CHANGES.c.lead_id, own), _CHANGES.c.import_run_id == run_id
        )
    )
    return own, later


def mark_changes(connection: Connection, changes: Mapping[tuple[int, int], Change]) -> None:
    """Write what imports changed, by run and lead."""
    update_rows(
        connection,
        _CHANGES,
        [
            {"import_run_id": run, "lead_id": lead, "before": each.before, "after": each.after}
            for (run, lead), each in changes.items()
        ],
        key="lead_id",
        fence="import_run_id",
    )


def add_changes(connection: Connection, changes: Mapping[tuple[int, int], Change]) -> None:
    """Keep what imports changed, by run and lead, where nothing is kept yet."""
    rows = [
        {
            "import_run_id": run,
            "lead_id": lead,
            "submission_id": None,
            "before": each.before,
            "after": each.after,
        }
        for (run, lead), each in changes.items()
    ]
    insert_rows(connection, _CHANGES, rows)


def list_evidence(
    connection: Connection, run_id: int, lead_ids: Collection[int]
) -> dict[int, list[Said]]:
    """Return the evidence of consent to marketing mail that counts, by lead."""
    is_own = _SUBMISSIONS.c.import_run_id.is_not_distinct_from(run_id).label("is_own")
    names = ("lead_id", "id", "at", "is_granted")
    rows = connection.execute(
        select(*(_CONSENTS.c[name] for name in names), is_undated(), is_own)
        .outerjoin(_SUBMISSIONS, _SUBMISSIONS.c.id == _CONSENTS.c.submission_id)
        .where(
            among(connection, _CONSENTS.c.lead_id, lead_ids),
            _CONSENTS.c.undone_at.is_(None),
            _CONSENTS.c.is_pending.is_(False),
            _CONSENTS.c.purpose == "marketing",
            _CONSENTS.c.channel == "email",
        )
    )
    found: dict[int, list[Said]] = {}
    for lead_id, id_, at, is_granted, is_undated_, is_undone in rows:
        said_at = _LONG_AGO if is_undated_ else at
        said = Said(id_, said_at, is_granted=is_granted, is_undone=bool(is_undone))
        found.setdefault(lead_id, []).append(said)
    return found


def undo_consents(
    connection: Connection, run_id: int, lead_ids: Collection[int], *, now: datetime
) -> int:
    """Let an import's evidence about leads count no longer; returns how many rows."""
    own = select(_SUBMISSIONS.c.id).where(
        _SUBMISSIONS.c.id == _CONSENTS.c.submission_id, _SUBMISSIONS.c.import_run_id == run_id
    )
    return connection.execute(
        update(_CONSENTS)
        .where(
            among(connection, _CONSENTS.c.lead_id, lead_ids),
            _CONSENTS.c.undone_at.is_(None),
            own.exists(),
        )
        .values(undone_at=now)
    ).rowcount


def mark_restored(
    connection: Connection, leads: Mapping[int, dict[str, Any]], *, now: datetime
) -> None:
    """Write leads that say again what they said before."""
    names = ("id", *WRITTEN)
    rows = [{name: lead[name] for name in names} | {"updated_at": now} for lead in leads.values()]
    update_rows(connection, _LEADS, rows)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a submission said about a lead, word for word, and how to read it."""

    lead_id: int
    is_own: bool
    source: str
    raw: Any
    header: list[str] | None
    mapping: dict[str, str] | None

    def cells(self) -> dict[str, str]:
        """Return the texts by header or field; a file's row is a list in the header's order."""
        if isinstance(self.raw, dict):
            return self.raw
        return dict(zip(self.header or (), self.raw, strict=False))


def list_spoken(connection: Connection, run_id: int, lead_ids: Collection[int]) -> list[Spoken]:
    """Return every submission that counts of leads, with the mapping of its import."""
    runs = schema.import_runs
    rows = connection.execute(
        select(
            _SUBMISSIONS.c.lead_id,
            _SUBMISSIONS.c.import_run_id.is_not_distinct_from(run_id),
            _SUBMISSIONS.c.source,
            _SUBMISSIONS.c.raw,
            runs.c.header,
            runs.c.mapping,
        )
        .outerjoin(runs, runs.c.id == _SUBMISSIONS.c.import_run_id)
        .where(
            among(connection, _SUBMISSIONS.c.lead_id, lead_ids),
            _SUBMISSIONS.c.state == "accepted",
        )
    )
    return [Spoken(row[0], bool(row[1]), *row[2:]) for row in rows]


def remove_keys(connection: Connection, keys: Collection[tuple[int, str]]) -> int:
    """Delete match keys of leads, by lead and hash; returns how many there were."""
    if not keys:
        return 0
    hashes, leads = {key for _, key in keys}, {lead for lead, _ in keys}
    rows = connection.execute(
        select(_KEYS.c.kind, _KEYS.c.key_hash, _KEYS.c.lead_id).where(
            among(connection, _KEYS.c.lead_id, leads), among(connection, _KEYS.c.key_hash, hashes)
        )
    )
    gone = [(row.kind, row.key_hash) for row in rows if (row.lead_id, row.key_hash) in keys]
    kinds = sorted({kind for kind, _ in gone})
    connection.execute(
        delete(_KEYS).where(
            _KEYS.c.kind.in_(kinds), among(connection, _KEYS.c.key_hash, {key for _, key in gone})
        )
    )
    return len(gone)


def undo_submissions(connection: Connection, run_id: int, ids: Collection[int]) -> int:
    """Mark submissions of an import undone; returns how many.

    Their content keys are set apart, so that the same rows can arrive again.
    """
    return connection.execute(
        update(_SUBMISSIONS)
        .where(among(connection, _SUBMISSIONS.c.id, ids), _COUNTS)
        .values(state="undone", content_key=_SUBMISSIONS.c.content_key + f" undone {run_id}")
    ).rowcount
