"""Real databases for tests and the fault loop: a SQLite file, and a private PostgreSQL cluster.

The cluster is made for the caller alone, listens on loopback and a socket of its own, keeps
fsync on, and ends with the process that started it. Its server zone is Tokyo and its collation
is a language's, not the code points', so that naive times and a missing `COLLATE "C"` show.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROGRAMS: Final = Path("/usr/lib/postgresql")
OLDEST: Final = 15
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
SOCKET_PATH_LIMIT: Final = 80  # the kernel allows 107 bytes, and the file name takes some

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "Asia/Tokyo",
    "log_line_prefix": "%m [%p] %d ",
}


class PostgreSQLMissingError(RuntimeError):
    """The machine has no PostgreSQL that the tests can start."""


class ClusterFailedError(RuntimeError):
    """PostgreSQL did not start; its own log is in the message."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL server that belongs to the caller.

    Attributes:
        host: loopback address.
        port: TCP port.
        socket_folder: folder of the Unix socket.
        pid: process id of the server's parent process.
        log: the server's log file.
    """

    host: str
    port: int
    socket_folder: Path
    pid: int
    log: Path

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of the database `name`."""
        return f"postgresql+psycopg://postgres@{self.host}:{self.port}/{name}"

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Make a database as a copy of `template`, and return its URL.

        A caller that needs many databases at one schema makes one, migrates it, closes its
        connections, and names it as `template` for the others.
        """
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop the database `name`, even while somebody is connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def take_away(self, name: str) -> None:
        """Cut every connection to the database `name`, and let nobody in again."""
        self._execute("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", name)
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname <> current_database()"
        )

    def give_back(self, name: str) -> None:
        """Let everybody in again."""
        self._execute("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        """Run one statement outside a transaction, with `names` quoted into it."""
        import psycopg
        from psycopg import sql

        target = f"host={self.host} port={self.port} user=postgres dbname=postgres"
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def sqlite_url(file: Path) -> str:
    """Return the SQLAlchemy URL of a SQLite file (an absolute path, so four slashes)."""
    return f"sqlite:///{file.resolve()}"


@cache
def migrated_file() -> Path:
    """Return a SQLite file at the newest schema, made once per process, to be copied."""
    from leadline.store.engine import open_store

    folder = Path(tempfile.mkdtemp(prefix="leadline-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_store(sqlite_url(folder / "leadline.db"), pepper="-").close()
    return folder / "leadline.db"


def postgresql_programs() -> Path:
    """Return the folder of the newest installed server's programs.

    Raises:
        PostgreSQLMissingError: there is none from version 15 on.
    """
    found = [folder / "bin" for folder in PROGRAMS.glob("*") if _version(folder) >= OLDEST]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    usable = [folder for folder in found if (folder / "initdb").exists()]
    if not usable:
        raise PostgreSQLMissingError(
            f"PostgreSQL {OLDEST} or newer is not installed, and these tests are not skipped "
            "without it. `make test` installs it (Debian: apt-get install postgresql)."
        )
    return max(usable, key=lambda folder: _version(folder.parent))


@contextmanager
def postgresql_cluster(folder: Path) -> Iterator[Cluster]:
    """Run a private cluster until the block ends.

    PostgreSQL refuses to run as root; then another account runs it, and where that account
    cannot enter `folder`, or a socket's path there would be too long, the files go to a
    temporary folder that is removed afterwards.

    Raises:
        PostgreSQLMissingError: PostgreSQL is not installed.
        ClusterFailedError: it does not start.
    """
    programs = postgresql_programs()
    account = _account()
    with _home(folder, account) as home:
        _make(programs, home, account)
        cluster, process = _start(programs, home, account)
        try:
            yield cluster
        finally:
            _stop(process)


def _version(folder: Path) -> int:
    """Return the major version that a folder below PROGRAMS is named for, or 0."""
    return int(folder.name) if folder.name.isdigit() else 0


def _account() -> pwd.struct_passwd | None:
    """Return the account that runs the server, or None for our own."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


@contextmanager
def _home(folder: Path, account: pwd.struct_passwd | None) -> Iterator[Path]:
    """Give a new folder that belongs to `account`, and remove it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    parents = (folder.resolve(), *folder.resolve().parents)
    is_open = account is None or all(parent.stat().st_mode & 0o001 for parent in parents)
    is_short = len(str(folder.resolve())) < SOCKET_PATH_LIMIT - 20
    place = folder if is_open and is_short else None
    home = Path(tempfile.mkdtemp(prefix="postgresql-", dir=place))
    if account is not None:
        os.chown(home, account.pw_uid, account.pw_gid)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as(account: pwd.struct_passwd | None, command: Sequence[str]) -> list[str]:
    """Return `command` run by `account`, ended with a signal when its starter dies.

    `setpriv` becomes the program that it starts, so the process id stays the server's.
    """
    setpriv = ["setpriv", "--pdeathsig", "INT"]
    if account is not None:
        setpriv += [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return [*setpriv, "--", *command]


def _make(programs: Path, home: Path, account: pwd.struct_passwd | None) -> None:
    """Write an empty cluster into `home`/data."""
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    collation = ["--locale-provider=icu", "--icu-locale=en-US"]
    command = [str(programs / "initdb"), "--pgdata", str(home / "data"), *options, *collation]
    done = subprocess.run(
        _as(account, command), cwd=home, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ClusterFailedError(f"initdb failed:\n{done.stdout}{done.stderr}")


def _free_port() -> int:
    """Return a TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(
    programs: Path, home: Path, account: pwd.struct_passwd | None
) -> tuple[Cluster, subprocess.Popen[bytes]]:
    """Start the server, on another port when somebody was faster, and wait until it answers."""
    said = ""
    for attempt in range(3):
        log = home / f"server-{attempt}.log"
        cluster, process = _launch(programs, home, account, log=log)
        try:
            _wait(cluster, process)
        except ClusterFailedError as failure:
            said = str(failure)
            _stop(process)
        else:
            return cluster, process
    raise ClusterFailedError(said)


def _launch(
    programs: Path, home: Path, account: pwd.struct_passwd | None, *, log: Path
) -> tuple[Cluster, subprocess.Popen[bytes]]:
    """Start the server process without waiting for it."""
    port = _free_port()
    settings = {**SETTINGS, "port": str(port), "unix_socket_directories": str(home)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = _as(account, [str(programs / "postgres"), "-D", str(home / "data"), *options])
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=home, stdout=output, stderr=output)
    return Cluster("127.0.0.1", port, home, process.pid, log), process


def _wait(cluster: Cluster, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as the server takes connections."""
    import psycopg

    until = time.monotonic() + START_SECONDS
    target = f"host={cluster.host} port={cluster.port} user=postgres dbname=postgres"
    while process.poll() is None and time.monotonic() < until:
        try:
            psycopg.connect(target, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise ClusterFailedError(f"PostgreSQL did not start:\n{cluster.log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server: a fast shutdown, then an immediate one."""
    for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(request)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
