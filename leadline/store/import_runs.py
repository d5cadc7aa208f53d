"""Import runs as people look at them: which there were, what they did, what was taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import select, update

from leadline.errors import StoreError
from leadline.store import schema
from leadline.store.holds import count_held
from leadline.store.leases import Owner, is_gone, this_process

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

_RUNS = schema.import_runs


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One pass over one file.

    Attributes:
        kind: `leads` or `events`.
        counts: as recorded when it ended, None before that and after a crash.
        owner: the process that reads the file, None in runs that are older than this column.
        undo_counts: what was taken back so far; `undone_at` says that it is done.
    """

    id: int
    kind: str
    source: str
    file_name: str
    mapping: dict[str, str]
    is_backfill: bool
    records: int | None
    counts: dict[str, int] | None
    owner: str | None
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    undo_counts: dict[str, Any] | None

    @property
    def is_running(self) -> bool:
        """Tell whether a process may still be at it; one that is known to be dead is not."""
        if self.finished_at is not None:
            return False
        return not self.owner or not is_gone(Owner.parse(self.owner), observer=this_process())


_COLUMNS = [_RUNS.c[name] for name in ImportRun.__dataclass_fields__]


class ImportTakenBack(StoreError):
    """Somebody took the import back while it ran."""

    texts: ClassVar = {
        "en": "Import {run} was taken back while it ran. Its last rows were not taken in; import "
        "the file again if you need it.",
        "ja": "取込 {run} は実行中に取り消されました。残りの行は取り込んでいません。"
        "必要であればもう一度取り込んでください。",
    }


def require_run(connection: Connection, run_id: int) -> None:
    """Make sure that an import run still counts.

    Raises:
        ImportTakenBack: somebody has begun to undo it.
    """
    query = select(_RUNS.c.undo_counts).where(_RUNS.c.id == run_id)
    if connection.execute(query).scalar() is not None:
        raise ImportTakenBack(run=run_id)


def find_import_run(connection: Connection, run_id: int) -> ImportRun | None:
    """Return an import run; in a writing transaction nobody else changes it until it ends."""
    query = select(*_COLUMNS).where(_RUNS.c.id == run_id).with_for_update(key_share=True)
    row = connection.execute(query).first()
    return None if row is None else ImportRun(*row)


def list_import_runs(connection: Connection, *, limit: int) -> list[tuple[ImportRun, int]]:
    """Return the latest import runs, the newest first, each with how many leads it holds now."""
    query = select(*_COLUMNS).order_by(_RUNS.c.id.desc()).limit(limit)
    runs = [ImportRun(*row) for row in connection.execute(query)]
    held = count_held(connection, [run.id for run in runs])
    return [(run, held.get(run.id, 0)) for run in runs]


def keep_undo(
    connection: Connection, run_id: int, *, counts: dict[str, Any], undone_at: datetime | None
) -> None:
    """Record what was taken back of an import so far, and when it was done."""
    connection.execute(
        update(_RUNS).where(_RUNS.c.id == run_id).values(undo_counts=counts, undone_at=undone_at)
    )
