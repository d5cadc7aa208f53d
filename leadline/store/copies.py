"""A throwaway SQLite copy of the rows that scoring reads, for runs that nobody must notice.

The source is only read, in one transaction that sees one state of it; a writer never waits for
that. The copy is a file of its own in a folder that is gone afterwards, also when the process
that made it was killed: the next copy removes what such a process left.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager, suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from sqlalchemy import event, text, update
from sqlalchemy.schema import CreateIndex, CreateTable

from leadline.errors import StoreError
from leadline.store import schema
from leadline.store.bulk import insert_columns
from leadline.store.engine import DatabaseFull, DiskFailed, Store, connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection, Engine

_PREFIX: Final = "simulation-"
_LOCK: Final = "lock"
_ROWS: Final = 5_000
_CACHE_KIB: Final = 65_536  # unique keys arrive in any order
_STORED_TIME: Final = "%Y-%m-%d %H:%M:%S.%f"
#: Leads that are there to be scored; `{of}` is what names the source's tables.
_ALL: Final = "SELECT id FROM {of}leads WHERE erased_at IS NULL"
#: The same, of which something happened since an instant.
_RECENT: Final = (
    _ALL + " AND (created_at >= :since OR updated_at >= :since OR id IN (SELECT lead_id FROM "  # noqa: S608 - our own names
    "{of}events WHERE actor = 'human' AND lead_id IS NOT NULL "
    "AND (occurred_at >= :since OR received_at >= :since)))"
)
_THEIRS: Final = "lead_id IN ({chosen})"
#: Events that wait for a person to be known, and become those of a lead when it is scored.
_WAITING: Final = (
    "lead_id IS NULL AND (address_hash IN (SELECT key_hash FROM {of}lead_keys WHERE kind = 'email' "
    "AND lead_id IN ({chosen})) OR visitor_id IN (SELECT visitor_id FROM {of}visitors "
    "WHERE lead_id IN ({chosen})))"
)
#: Which rows of which tables are copied, those that others point to first.
_COPIED: Final[dict[str, str]] = {
    "reps": "1 = 1",
    "rule_sets": "1 = 1",
    "leads": "id IN ({chosen})",
    "lead_keys": f"kind = 'email' AND {_THEIRS}",
    "visitors": _THEIRS,
    "events": f"actor = 'human' AND ({_THEIRS} OR {_WAITING})",
    "scores": _THEIRS,
    "assignments": f"state IN ('queued', 'offered', 'accepted') AND {_THEIRS}",
}
#: What scoring never reads of an event, and nobody should find in a copy.
_LEFT_OUT: Final = {"events": {"outbox_id", "network", "user_agent", "detail", "due_at"}}


class CopyFailed(StoreError):
    """The copy could not be made or scored; the database was only read."""

    texts: ClassVar = {
        "en": "The rows to try the rules on could not be copied to {folder}: {why}. The database "
        "was only read. Make room there or mend the folder's permissions, then run again.",
        "ja": "ルールを試すためのデータを {folder} に複製できません: {why}。データベースは読み取り"
        "のみで、変更していません。空き容量かフォルダの権限を確認し、再実行してください。",
    }


@contextmanager
def told_of_copy(folder: Path) -> Iterator[None]:
    """Say of a disk that is full or fails that it is the copy's: the database lacks nothing.

    Raises:
        CopyFailed: the block could not write to a copy.
    """
    try:
        yield
    except DatabaseFull:
        raise CopyFailed(folder=folder, why="database or disk is full") from None
    except DiskFailed:
        raise CopyFailed(folder=folder, why="disk I/O error") from None


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say the same of files that are written without a store."""
    try:
        with told_of_copy(folder):
            yield
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise CopyFailed(folder=folder, why=why) from None


def repeat_copy(file: Path, second: Path) -> None:
    """Make a second file of a copy that nobody has open.

    Raises:
        CopyFailed: it could not be written.
    """
    with _writing(second.parent):
        shutil.copyfile(file, second)


@contextmanager
def hold_folder(state: Path) -> Iterator[Path]:
    """Give an empty folder for copies, readable by its owner alone, until the block ends.

    Raises:
        CopyFailed: no folder can be made there.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        remove_left(state)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state))
    except OSError as error:
        raise CopyFailed(folder=state, why=error.strerror or type(error).__name__) from None
    try:
        with (folder / _LOCK).open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left(state: Path) -> None:
    """Remove the folders of processes that were killed; what is held stays."""
    for folder in state.glob(f"{_PREFIX}*"):
        with suppress(OSError), (folder / _LOCK).open() as mark:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_copy(file: Path, *, pepper: str) -> Iterator[Store]:
    """Open a copy, or an empty file to be one; nothing of it is made to outlast a power cut."""
    engine = connect(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def _forget(raw: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
        raw.execute("PRAGMA synchronous=OFF").close()

    store = Store(engine, pepper=pepper)
    try:
        yield store
    finally:
        store.close()


def copy_rows(source: Store, file: Path, *, since: datetime | None, now: datetime) -> int:
    """Copy what scoring reads into a new file, and make every lead of it due for a score.

    Args:
        source: the database, which is only read.
        file: the copy; it is not there yet.
        since: leave out leads that neither arrived nor changed nor did anything since then.
        now: when the scores are due.

    Returns:
        How many leads were copied.

    Raises:
        CopyFailed: the copy could not be written.
    """
    with _writing(file.parent), open_copy(file, pepper=source.pepper) as copy:
        _make_tables(copy.engine)
        if source.is_sqlite:
            copy.engine.dispose()  # who leaves the write-ahead log must be alone
            _copy_file(source.engine, file, since=since)
        else:
            _copy_stream(source, copy, since=since)
        return _finish(copy, now=now)


def _make_tables(engine: Engine) -> None:
    """Make every table; indexes come when the rows are there."""
    with engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            connection.execute(CreateTable(table))


def _finish(copy: Store, *, now: datetime) -> int:
    leads = schema.leads
    with copy.write() as connection:
        for table in schema.metadata.sorted_tables:
            for index in sorted(table.indexes, key=lambda each: str(each.name)):
                connection.execute(CreateIndex(index))
        return connection.execute(update(leads).values(scoring_due_at=now)).rowcount


def _columns(table: Table) -> list[str]:
    return [name for name in table.c.keys() if name not in _LEFT_OUT.get(table.name, ())]  # noqa: SIM118 - not a dictionary


def _statement(table: Table, *, of: str, since: datetime | None) -> str:
    """Return what selects the rows of a table that are copied."""
    chosen = (_RECENT if since is not None else _ALL).format(of=of)
    where = _COPIED[table.name].format(of=of, chosen=chosen)
    return f"SELECT {', '.join(_columns(table))} FROM {of}{table.name} WHERE {where}"  # noqa: S608 - our own names


def _copy_file(source: Engine, file: Path, *, since: datetime | None) -> None:
    """Copy between two SQLite files; the source is attached so that it cannot be written."""
    stored = since.astimezone(UTC).strftime(_STORED_TIME) if since is not None else None
    with closing(sqlite3.connect(file, uri=True, isolation_level=None)) as raw:
        raw.execute("PRAGMA busy_timeout=30000")
        # the file is new, and gone after a fault: nothing needs to be undone or to last
        for pragma in ("synchronous=OFF", "journal_mode=OFF", f"cache_size=-{_CACHE_KIB}"):
            raw.execute(f"PRAGMA {pragma}").close()
        place = quote(str(Path(str(source.url.database)).resolve()))
        raw.execute("ATTACH DATABASE ? AS source", [f"file:{place}?mode=ro"])
        raw.execute("BEGIN")
        for name in _COPIED:
            table = schema.metadata.tables[name]
            into = f"INSERT INTO main.{name} ({', '.join(_columns(table))}) "
            raw.execute(into + _statement(table, of="source.", since=since), {"since": stored})
        raw.execute("COMMIT")


def _copy_stream(source: Store, copy: Store, *, since: datetime | None) -> None:
    """Copy from a server, a few thousand rows at a time."""
    with source.read() as reading, copy.write() as writing:
        reading.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        for name in _COPIED:
            _stream(reading, writing, schema.metadata.tables[name], since=since)


def _stream(
    reading: Connection, writing: Connection, table: Table, *, since: datetime | None
) -> None:
    columns = _columns(table)
    rows = reading.execute(
        text(_statement(table, of="", since=since)),
        {"since": since} if since is not None else {},
        execution_options={"stream_results": True, "yield_per": _ROWS},
    )
    for part in rows.partitions():
        values = dict(zip(columns, zip(*part, strict=True), strict=True))
        insert_columns(writing, table, values)
