"""Before a schema is changed: what the database has, what it needs, and a copy beside it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy.engine import make_url

from leadline.errors import StoreError
from leadline.store import engine as engines
from leadline.store.engine import Store, check_schema, connect, find_revision

if TYPE_CHECKING:
    from datetime import datetime


class BackupFailed(StoreError):
    """The copy could not be written; the schema was not touched."""

    texts: ClassVar = {
        "en": "No backup could be written to {file}: {why}. The database was not changed. Make "
        "room or mend the folder's permissions, then run `leadline migrate` again.",
        "ja": "バックアップ {file} を書き込めません: {why}。データベースは変更していません。"
        "空き容量かフォルダの権限を確認し、`leadline migrate` を再実行してください。",
    }


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema of a database against this program's.

    Attributes:
        where: the file, or the database's name on its server; never a password.
        found: its revision, None when there is no database or it has no schema of ours.
        needed: this program's revision.
        steps: the revisions that are missing, oldest first.
        file: the SQLite file, None on a server.
        exists: whether there is a database at all.
    """

    where: str
    found: str | None
    needed: str
    steps: tuple[str, ...]
    file: Path | None
    exists: bool


def find_schema(url: str) -> Schema:
    """Look at a database without making or changing anything.

    Raises:
        StoreError: it cannot be reached, or it is newer than this program.
    """
    # before the URL is taken apart: `connect` says in plain words what is wrong with it
    engine = connect(url) if not _is_absent(url) else None
    parsed = make_url(url)
    file = Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None
    where = str(file) if file else f"{parsed.host or 'localhost'}/{parsed.database}"
    found = None
    if engine is not None:
        store = Store(engine, pepper="")
        try:
            found = find_revision(store)
            if found is not None and found not in engines.REVISIONS:
                check_schema(store)  # says that it is newer
        finally:
            store.close()
    known = engines.REVISIONS
    steps = known if found is None else known[known.index(found) + 1 :]
    return Schema(where, found, known[-1], tuple(steps), file, engine is not None)


def _is_absent(url: str) -> bool:
    """Tell whether the URL names a SQLite file that is not there yet."""
    prefix, separator, file = url.partition(":///")
    return bool(separator) and prefix.startswith("sqlite") and not Path(file).exists()


def copy_database(store: Store, schema: Schema, *, now: datetime) -> Path | None:
    """Copy a SQLite database, whole and consistent, into a new file beside it.

    Returns:
        The copy, readable by its owner alone; None on a server, which has tools of its own.

    Raises:
        BackupFailed: the copy could not be written; nothing of it is left.
    """
    if schema.file is None:
        return None
    name = f"{schema.file.stem}-{schema.found}-{now:%Y%m%dT%H%M%SZ}{schema.file.suffix}"
    target = schema.file.with_name(name)
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with store.read() as connection, closing(sqlite3.connect(target)) as copy:
            source = connection.connection.driver_connection
            if not isinstance(source, sqlite3.Connection):
                message = "a file is served by sqlite3"
                raise TypeError(message)
            source.backup(copy)
    except (OSError, sqlite3.Error) as error:
        target.unlink(missing_ok=True)
        raise BackupFailed(file=target, why=getattr(error, "strerror", None) or error) from None
    return target
