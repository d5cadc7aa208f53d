"""Submissions and import runs: what arrived, word for word, before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, insert, or_, select, update

from leadline.store import schema
from leadline.store.bulk import allocate_ids, among, insert_columns, insert_rows, update_rows
from leadline.store.leases import Owner, is_gone, this_process

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_SUBMISSIONS = schema.submissions
_RUNS = schema.import_runs
#: The state of a file's row by its reject code; rows with any other code are quarantined.
_FILE_STATES: Final[dict[str | None, str]] = {None: "accepted", "erased": "erased"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One arrival as it is stored.

    Attributes:
        content_key: unique within the source; the same arrival again is `unchanged`.
        raw: header or field name -> text, or {"text": ...} for a row that cannot be read.
        reason: reject code when it is quarantined at once, else None.
        address_hash: keyed hash of the mail address that it names.
        mailbox_hash: of the box behind that address, to count posts by.
        asks_to_confirm: the form said then that a consent counts once it is confirmed by mail.
        suspicion: why it is held for a program's; stays when a person lets it through.
        language: of the page that was filled in, as far as it says so.
        is_waiting: its answers come in a second call.
        changed_key: content key under which it is stored when its own is known with another body;
            None where the first body is the only one.
    """

    source: str
    content_key: str
    kind: str
    raw: dict[str, Any]
    line: int | None = None
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    body_hash: str | None = None
    consent_version: str | None = None
    consent_wording: str | None = None
    network_address: str | None = None
    address_hash: str | None = None
    mailbox_hash: str | None = None
    asks_to_confirm: bool | None = None
    suspicion: str | None = None
    language: str | None = None
    is_waiting: bool = False
    changed_key: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A new submission, claimed for intake."""

    id: int
    source: str
    kind: str
    raw: dict[str, Any]
    import_run_id: int | None
    received_at: datetime
    consent_version: str | None
    consent_wording: str | None
    network_address: str | None
    asks_to_confirm: bool | None
    suspicion: str | None
    language: str | None


def add_submissions(
    connection: Connection,
    arrivals: Sequence[Arrival],
    *,
    now: datetime,
    import_run_id: int | None = None,
) -> None:
    """Store arrivals; one whose key is known in its source stays as it was."""
    insert_rows(
        connection,
        _SUBMISSIONS,
        [
            {
                "source": arrival.source,
                "content_key": arrival.content_key,
                "kind": arrival.kind,
                "import_run_id": import_run_id,
                "line": arrival.line,
                "raw": arrival.raw,
                "body_hash": arrival.body_hash,
                "consent_version": arrival.consent_version,
                "consent_wording": arrival.consent_wording,
                "network_address": arrival.network_address,
                "address_hash": arrival.address_hash,
                "mailbox_hash": arrival.mailbox_hash,
                "asks_to_confirm": arrival.asks_to_confirm,
                "suspicion": arrival.suspicion,
                "language": arrival.language,
                "received_at": now,
                "state": _first_state(arrival),
                "attempts": 0 if arrival.is_waiting else None,
                "due_at": now if arrival.is_waiting else None,
                "reason": arrival.reason,
                "field": arrival.field,
                "detail": arrival.detail,
            }
            for arrival in arrivals
        ],
        ignore_known=True,
    )


def _first_state(arrival: Arrival) -> str:
    if arrival.reason:
        return "quarantined"
    return "waiting" if arrival.is_waiting else "new"


@dataclass(slots=True)
class FileRows:
    """Judged rows of a file, in columns, all as long.

    Attributes:
        keys: content keys.
        lines: physical lines.
        raws: as JSON text: the cells in the order of the run's header, or {"text": ...} for a row
            that cannot be read.
        reasons: reject codes, None for accepted rows.
        fields: what the reject names: a header, or the number of a cell.
        details: what is wrong, without the content.
    """

    keys: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    fields: list[str | None] = field(default_factory=list)
    details: list[str | None] = field(default_factory=list)


def reserve_ids(connection: Connection, count: int) -> list[int]:
    """Reserve ids for new submissions inside a writing transaction, ascending."""
    return allocate_ids(connection, _SUBMISSIONS, count)


def add_file_rows(
    connection: Connection,
    rows: FileRows,
    *,
    run: tuple[int, str],
    ids: Sequence[int],
    outcomes: Iterable[tuple[str, int]],
    now: datetime,
) -> None:
    """Store the judged rows of a file.

    Args:
        connection: a writing transaction.
        rows: none of which is known in the source.
        run: id of the import run, and its source.
        ids: reserved, one per row.
        outcomes: `created`, `updated` or `duplicate`, and the lead, of the accepted rows in order.
        now: recorded as the time of arrival.
    """
    count, judged = len(ids), iter(outcomes)
    found = [(None, None) if reason else next(judged) for reason in rows.reasons]
    insert_columns(
        connection,
        _SUBMISSIONS,
        {
            "id": ids,
            "source": [run[1]] * count,
            "content_key": rows.keys,
            "kind": ["file"] * count,
            "import_run_id": [run[0]] * count,
            "line": rows.lines,
            "raw": rows.raws,
            "received_at": [now] * count,
            "state": [_FILE_STATES.get(reason, "quarantined") for reason in rows.reasons],
            "reason": rows.reasons,
            "field": rows.fields,
            "detail": rows.details,
            "outcome": [outcome for outcome, _ in found],
            "lead_id": [lead_id for _, lead_id in found],
        },
        encoded={"raw"},
    )


class Known(NamedTuple):
    """What is known of a row that was taken in before."""

    is_quarantined: bool
    import_run_id: int | None


def find_known(connection: Connection, source: str, keys: Sequence[str]) -> dict[str, Known]:
    """Return those content keys that the source has already."""
    columns = (_SUBMISSIONS.c[name] for name in ("content_key", "state", "import_run_id"))
    wanted = among(connection, _SUBMISSIONS.c.content_key, keys)
    rows = connection.execute(select(*columns).where(_SUBMISSIONS.c.source == source, wanted))
    return {key: Known(state == "quarantined", run_id) for key, state, run_id in rows}


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a submission stands."""

    id: int
    content_key: str
    line: int | None
    raw: dict[str, Any]
    state: str
    reason: str | None
    field: str | None
    detail: str | None
    outcome: str | None
    import_run_id: int | None
    body_hash: str | None


def find_submissions(connection: Connection, source: str, keys: Sequence[str]) -> list[Stored]:
    """Return those submissions of `source` that have one of the content keys."""
    columns = [_SUBMISSIONS.c[name] for name in Stored.__dataclass_fields__]
    wanted = among(connection, _SUBMISSIONS.c.content_key, keys)
    rows = connection.execute(select(*columns).where(_SUBMISSIONS.c.source == source, wanted))
    return [Stored(*row) for row in rows]


def claim_new(connection: Connection, *, limit: int) -> list[Waiting]:
    """Take up to `limit` new submissions, oldest first, until the transaction ends."""
    columns = [_SUBMISSIONS.c[name] for name in Waiting.__dataclass_fields__]
    rows = connection.execute(
        select(*columns)
        .where(_SUBMISSIONS.c.state == "new")
        .order_by(_SUBMISSIONS.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Waiting(*row) for row in rows]


def mark_judged(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record intake's judgment: id, state, reason, field, detail, outcome, lead_id."""
    update_rows(connection, _SUBMISSIONS, rows, guard="state = 'new'")


def has_new(connection: Connection) -> bool:
    """Tell whether a submission waits for intake."""
    query = select(_SUBMISSIONS.c.id).where(_SUBMISSIONS.c.state == "new").limit(1)
    return connection.execute(query).first() is not None


def begin_import(
    connection: Connection,
    *,
    now: datetime,
    **values: Any,  # noqa: ANN401 - columns
) -> tuple[int, int | None]:
    """Begin an import run, or go on with one over the same bytes whose process has died.

    Returns:
        The run, and the last line that it had stored before, None for a new one.
    """
    owner = str(this_process())
    values = {"kind": "leads", **values}
    same = ("kind", "source", "file_hash", "mapping", "is_backfill")
    query = (
        select(_RUNS.c.id, _RUNS.c.owner, *(_RUNS.c[name] for name in same))
        .where(
            _RUNS.c.file_hash == values["file_hash"],
            _RUNS.c.finished_at.is_(None),
            _RUNS.c.undo_counts.is_(None),
        )
        .order_by(_RUNS.c.id.desc())
    )
    for row in connection.execute(query).all():
        is_same = all(getattr(row, name) == values[name] for name in same)
        if is_same and _is_left(row.owner):
            connection.execute(update(_RUNS).where(_RUNS.c.id == row.id).values(owner=owner))
            return int(row.id), _last_line(connection, row.id)
    statement = insert(_RUNS).values(started_at=now, owner=owner, **values).returning(_RUNS.c.id)
    return int(connection.execute(statement).scalar_one()), None


def _is_left(owner: str | None) -> bool:
    """Tell whether a run may be gone on with: nobody is at it, or it is ours."""
    ours = this_process()
    return owner is None or owner == str(ours) or is_gone(Owner.parse(owner), observer=ours)


def _last_line(connection: Connection, run_id: int) -> int | None:
    query = select(func.max(_SUBMISSIONS.c.line)).where(_SUBMISSIONS.c.import_run_id == run_id)
    return connection.execute(query).scalar()


def finish_import_run(
    connection: Connection, run_id: int, *, counts: dict[str, int], now: datetime
) -> None:
    """Record the counts of a finished import run."""
    connection.execute(
        update(_RUNS)
        .where(_RUNS.c.id == run_id)
        .values(counts=counts, records=counts["records"], finished_at=now)
    )


def find_finished_import(
    connection: Connection, file_hash: str, *, source: str | None = None
) -> int | None:
    """Return the latest finished run over a file with these bytes that was not taken back.

    The same bytes of another source, where one is given, are another import.
    """
    query = select(func.max(_RUNS.c.id)).where(
        _RUNS.c.kind == "leads",
        _RUNS.c.file_hash == file_hash,
        _RUNS.c.finished_at.is_not(None),
        _RUNS.c.undo_counts.is_(None),
    )
    if source is not None:
        query = query.where(_RUNS.c.source == source)
    return connection.execute(query).scalar()


def count_outcomes(connection: Connection, run_id: int) -> dict[str, int]:
    """Return how many rows first seen by this run were created, updated, duplicates ..."""
    rows = connection.execute(
        select(_SUBMISSIONS.c.state, _SUBMISSIONS.c.outcome, func.count())
        .where(_SUBMISSIONS.c.import_run_id == run_id)
        .group_by(_SUBMISSIONS.c.state, _SUBMISSIONS.c.outcome)
    )
    return {(outcome or state): count for state, outcome, count in rows}


def list_rejects(connection: Connection, *, run_id: int) -> list[Stored]:
    """Return the rows first seen by an import run that it refused.

    They stand in quarantine, or are about people who were erased before, and are empty.
    """
    columns = [_SUBMISSIONS.c[name] for name in Stored.__dataclass_fields__]
    rows = connection.execute(
        select(*columns)
        .where(
            _SUBMISSIONS.c.import_run_id == run_id,
            or_(_SUBMISSIONS.c.state == "quarantined", _SUBMISSIONS.c.reason == "erased"),
        )
        .order_by(_SUBMISSIONS.c.line)
    )
    return [Stored(*row) for row in rows]


def get_mappings(connection: Connection, run_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return header -> field of import runs by id."""
    if not run_ids:
        return {}
    rows = connection.execute(select(_RUNS.c.id, _RUNS.c.mapping).where(_RUNS.c.id.in_(run_ids)))
    return {row.id: row.mapping for row in rows}
