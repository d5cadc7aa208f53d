"""Opening the database: settings, transactions, schema check, and errors in plain words.

Every SQLite setting of the product is made here: WAL, synchronous FULL, foreign keys on, busy
timeout 30 s, `BEGIN IMMEDIATE` for whatever writes.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from sqlite3 import SQLITE_BUSY, OperationalError
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from leadline.errors import ConcurrentUpdate, LeadlineError, SchemaOutOfDate, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as Connection  # noqa: PLC0414 - stages name it from here

#: Every schema revision, oldest first; the last is what this program needs.
REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
BUSY_TIMEOUT_SECONDS: Final = 30
#: SQLite's own measure, 2 MiB, spills a batch of an import to the disk several times over.
_CACHE_KIB: Final = 65_536
#: Transaction-scoped locks on PostgreSQL, one number per duty (SQLite has one writer anyway).
LOCKS: Final = {
    "migrate": 4_207_001,
    "intake": 4_207_002,
    "routing": 4_207_003,
    "outbox": 4_207_004,
    "due_times": 4_207_005,
}
#: Alembic's context is one for the whole process, so that two threads would share it.
_MIGRATING: Final = Lock()
#: What PostgreSQL calls it when two transactions met and this one had to give way.
_LOST_RACES: Final = ("DeadlockDetected", "SerializationFailure", "LockNotAvailable")


class Store:
    """One database, and the two ways to speak to it."""

    def __init__(self, engine: Engine, *, pepper: str) -> None:
        """Wrap an engine; `pepper` keys every hash of an address or key."""
        self.engine = engine
        self.pepper = pepper

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self, lock: str | None = None) -> Iterator[Connection]:
        """Open one transaction that writes; it commits at the end or leaves nothing.

        Args:
            lock: a name of `LOCKS` that serializes this duty among processes.
        """
        with _in_plain_words(self.engine), self.engine.connect() as connection:
            connection.execution_options(leadline_write=True)
            with connection.begin():
                if lock is not None and not self.is_sqlite:
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCKS[lock]}
                    )
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one transaction that only reads."""
        with _in_plain_words(self.engine), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def rehearsal(self) -> Iterator[Store]:
        """Give a store whose every change is taken back at the end; nobody else ever sees one.

        Writers wait meanwhile (SQLite), or those of the same duty (PostgreSQL): keep it short.
        """
        with _in_plain_words(self.engine), self.engine.connect() as connection:
            connection.execution_options(leadline_write=True)
            with connection.begin() as transaction:
                yield _Rehearsal(self, connection)
                transaction.rollback()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


class _Rehearsal(Store):
    """A store inside of one transaction that never commits."""

    def __init__(self, store: Store, connection: Connection) -> None:
        super().__init__(store.engine, pepper=store.pepper)
        self._connection = connection

    @contextmanager
    def write(self, lock: str | None = None) -> Iterator[Connection]:
        if lock is not None and not self.is_sqlite:
            self._connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCKS[lock]}
            )
        with self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        yield self._connection

    def close(self) -> None:
        """Leave the engine to the store that gave it."""


def open_store(url: str, *, pepper: str) -> Store:
    """Open the database at `url`; one that is not there yet is made at the newest schema.

    Raises:
        SchemaOutOfDate: it is older (migrate first) or newer (a newer program made it).
        StoreError: it cannot be reached, is locked, or is no database.
    """
    store = Store(connect(url), pepper=pepper)
    try:
        check_schema(store)
    except BaseException:
        store.close()
        raise
    return store


def connect(url: str) -> Engine:
    """Make an engine with this product's settings; opens nothing yet.

    Raises:
        StoreError: the URL is malformed or names an unknown kind of database.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            _prepare_file(parsed)
            engine = create_engine(
                parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
            )
            _set_up_sqlite(engine)
            return engine
        if parsed.get_backend_name() == "postgresql":
            engine = create_engine(
                parsed,
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 10},
            )
            _set_up_postgresql(engine)
            return engine
    except (ArgumentError, NoSuchModuleError):
        raise BadDatabaseUrl from None
    raise BadDatabaseUrl


class BadDatabaseUrl(StoreError):
    """LEADLINE_DATABASE_URL cannot be read."""

    texts: ClassVar = {
        "en": "LEADLINE_DATABASE_URL is no database URL that leadline knows. Write "
        "sqlite:////folder/leadline.db or postgresql://user:password@host:5432/name.",
        "ja": "LEADLINE_DATABASE_URL を解釈できません。sqlite:////folder/leadline.db または "
        "postgresql://user:password@host:5432/name の形で指定してください。",
    }


def _prepare_file(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise BadDatabaseUrl
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(where=str(url.database), why=error.strerror or "") from None


class DatabaseUnusable(StoreError):
    """The database file or folder refuses us."""

    texts: ClassVar = {
        "en": "The database {where} cannot be used: {why}. Nothing was changed. "
        "Mend that, then try again; `leadline doctor` checks it.",
        "ja": "データベース {where} を利用できません: {why}。何も変更していません。"
        "原因を取り除いてから再実行してください(`leadline doctor` で確認できます)。",
    }


class DatabaseLocked(StoreError):
    """Another process has been writing for too long."""

    texts: ClassVar = {
        "en": "The database {where} is locked: another process has been writing for more than "
        "{seconds} s. What was recorded before is safe. Let it finish or stop it (on Linux: "
        "`fuser {where}` names it), then run again.",
        "ja": "データベース {where} は他のプロセスが {seconds} 秒以上書き込み中のためロック"
        "されています。それ以前の記録は保たれています。終了を待つか停止して"
        "(Linux では `fuser {where}` で確認)、再実行してください。",
    }


class DatabaseUnreachable(StoreError):
    """The database server does not answer or refuses us."""

    texts: ClassVar = {
        "en": "The database server at {where} cannot be reached or refuses us: {why}. Nothing "
        "was changed. Check LEADLINE_DATABASE_URL and that the server runs; "
        "`leadline doctor` repeats this check.",
        "ja": "データベースサーバー {where} に接続できません: {why}。何も変更していません。"
        "LEADLINE_DATABASE_URL とサーバーの稼働を確認してください"
        "(`leadline doctor` で再確認できます)。",
    }


class DatabaseFull(StoreError):
    """The disk is full; the last step was undone."""

    texts: ClassVar = {
        "en": "The disk of the database {where} is full. The last step was undone; what was "
        "recorded before is safe. Make room, then run again.",
        "ja": "データベース {where} のディスクに空きがありません。直前の処理は取り消され、"
        "それ以前の記録は保たれています。空きを確保して再実行してください。",
    }


class DiskFailed(StoreError):
    """The disk did not read or write what it should; the last step was undone."""

    texts: ClassVar = {
        "en": "The disk of the database {where} cannot be read or written: it fails, or it is "
        "full. The last step was undone; what was recorded before is safe. Have the disk looked "
        "at (on Linux: `dmesg`, `df`), then run again.",
        "ja": "データベース {where} のディスクを読み書きできません (故障または空き不足)。"
        "直前の処理は取り消され、それ以前の記録は保たれています。ディスクを確認してから"
        "(Linux では `dmesg` と `df`)、再実行してください。",
    }


class _Beaten(ConcurrentUpdate):
    texts: ClassVar = {
        "en": "Another process was changing the same rows of the database {where}. The last step "
        "was undone; what was recorded before is safe. Run again.",
        "ja": "データベース {where} の同じ行を別のプロセスが更新中でした。直前の処理は取り消され、"
        "それ以前の記録は保たれています。再実行してください。",
    }


class _Refused(StoreError):
    texts: ClassVar = {
        "en": "The database {where} refused a statement: {why}. The last step was undone; what "
        "was recorded before is safe. Run again, and report it if it happens twice.",
        "ja": "データベース {where} が処理を拒否しました: {why}。直前の処理は取り消され、"
        "それ以前の記録は保たれています。再実行し、繰り返す場合は報告してください。",
    }


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _settings(raw: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
        raw.isolation_level = None  # we send BEGIN ourselves, see below
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}").close()
        _write_ahead(raw)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"cache_size=-{_CACHE_KIB}"):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("leadline_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(engine: Engine) -> None:
    """Wait for a lock as long as SQLite does, where whoever runs the server has not said."""
    sql = "SELECT set_config('lock_timeout', %s, false) WHERE current_setting('lock_timeout') = '0'"

    @event.listens_for(engine, "connect")
    def _settings(raw: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
        raw.execute(sql, [f"{BUSY_TIMEOUT_SECONDS}s"])
        raw.commit()  # a setting that is rolled back is gone


def _write_ahead(raw: Any) -> None:  # noqa: ANN401 - a driver's connection
    """Switch to WAL; SQLite refuses this one step at once, its busy timeout does not count."""
    deadline = monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL").close()
        except OperationalError as error:
            if error.sqlite_errorcode & 0xFF != SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


@contextmanager
def _in_plain_words(engine: Engine) -> Iterator[None]:
    """Turn a driver's error into one that says what to do; its text never holds row data."""
    try:
        yield
    except DBAPIError as error:
        raise _explain(engine, error) from None


def _explain(engine: Engine, error: DBAPIError) -> LeadlineError:
    where, words = _place(engine), str(error.orig).lower()
    if engine.dialect.name == "sqlite":
        found = _explain_sqlite(where, words)
    else:
        found = _explain_postgresql(where, words, error)
    return found or _Refused(where=where, why=_name(error))


def _explain_sqlite(where: str, words: str) -> LeadlineError | None:
    if "locked" in words or "busy" in words:
        return DatabaseLocked(where=where, seconds=BUSY_TIMEOUT_SECONDS)
    if "disk is full" in words:
        return DatabaseFull(where=where)
    if "disk i/o" in words:
        return DiskFailed(where=where)
    if "unable to open" in words or "readonly" in words or "not a database" in words:
        return DatabaseUnusable(where=where, why=words)
    return None


def _explain_postgresql(where: str, words: str, error: DBAPIError) -> LeadlineError | None:
    if "no space left" in words:
        return DatabaseFull(where=where)
    if type(error.orig).__name__ in _LOST_RACES:
        return _Beaten(where=where)
    if error.connection_invalidated or type(error.orig).__name__ == "OperationalError":
        return DatabaseUnreachable(where=where, why=str(error.orig).strip().splitlines()[0][:200])
    return None


def _name(error: DBAPIError) -> str:
    """Name a driver's error by its kind and constraint: its text may quote the row."""
    found = error.orig
    kind = getattr(found, "sqlite_errorname", None) or type(found).__name__
    constraint = getattr(getattr(found, "diag", None), "constraint_name", None)
    return f"{kind} ({constraint})" if constraint else str(kind)


def _place(engine: Engine) -> str:
    url = engine.url
    if engine.dialect.name == "sqlite":
        return str(url.database)
    return f"{url.host or 'localhost'}:{url.port or 5432}/{url.database}"


class SchemaOlder(SchemaOutOfDate):
    """The database waits for a migration."""

    texts: ClassVar = {
        "en": "The database {where} has schema {found}; this program needs {needed}. Nothing was "
        "changed. Make a backup, then run `leadline migrate`.",
        "ja": "データベース {where} のスキーマは {found} で、このプログラムには {needed} が必要"
        "です。何も変更していません。バックアップ後に `leadline migrate` を実行してください。",
    }


class SchemaNewer(SchemaOutOfDate):
    """A newer program made the database."""

    texts: ClassVar = {
        "en": "The database {where} has schema {found}, which is newer than this program "
        "({needed}). Nothing was changed. Update leadline, then run again.",
        "ja": "データベース {where} のスキーマ {found} は、このプログラム ({needed}) より新しい"
        "ものです。何も変更していません。leadline を更新してから再実行してください。",
    }


def find_revision(store: Store) -> str | None:
    """Return the schema revision of the database, or None when it has no schema of ours."""
    with store.read() as connection:
        if not store.engine.dialect.has_table(connection, "alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def check_schema(store: Store) -> None:
    """Make the schema when there is none; refuse an older or a newer one."""
    found = find_revision(store)
    if found is None:
        migrate(store)
    elif found != REVISIONS[-1]:
        kind = SchemaOlder if found in REVISIONS else SchemaNewer
        raise kind(where=_place(store.engine), found=found, needed=REVISIONS[-1])


def migrate(store: Store) -> tuple[str | None, str]:
    """Bring the schema to this program's revision in one transaction.

    Returns:
        The revision before (None when there was none) and after.
    """
    from alembic import command
    from alembic.config import Config

    with _MIGRATING, _rebuilding(store) as connection:
        has_table = store.engine.dialect.has_table(connection, "alembic_version")
        before = (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if has_table
            else None
        )
        if before is not None and before not in REVISIONS:
            raise SchemaNewer(where=_place(store.engine), found=before, needed=REVISIONS[-1])
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, REVISIONS[-1]


@contextmanager
def _rebuilding(store: Store) -> Iterator[Connection]:
    """Open the transaction of a migration.

    SQLite changes a constraint by copying the table, which the foreign keys that point to it
    would refuse. So they are off meanwhile, and are checked as a whole before the commit
    (sqlite.org/lang_altertable.html, section 7).
    """
    if not store.is_sqlite:
        with store.write(lock="migrate") as connection:
            yield connection
        return
    with _in_plain_words(store.engine), store.engine.connect() as connection:
        raw = connection.connection.cursor()
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            connection.execution_options(leadline_write=True)
            with connection.begin():
                yield connection
                if broken := connection.execute(text("PRAGMA foreign_key_check")).first():
                    raise _Refused(where=_place(store.engine), why=f"foreign key of {broken[0]}")
        finally:
            raw.execute("PRAGMA foreign_keys=ON")
