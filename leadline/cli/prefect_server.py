"""Our own Prefect server: started on loopback, watched until it answers, stopped with its group.

leadline never imports Prefect: the server is a subprocess of this interpreter. Where the
environment names a server (PREFECT_API_URL), that one is used as it is and none is started.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from leadline.config.environment import Environment

HOST: Final = "127.0.0.1"
#: A first start writes the server's database: 14 s on a quiet computer, 44 s on a busy one.
START_SECONDS: Final = 180.0
#: Longer than a message on its way may take (`leadline.stages.delivery.GRACE_SECONDS`).
STOP_SECONDS: Final = 25.0
_LARGEST_LOG: Final = 5_000_000  # bytes; a larger one is put aside at the next start
_LOOK_EVERY: Final = 0.25  # seconds
_YES: Final = {"1", "true", "t", "yes", "y", "on"}  # as Prefect reads its switches

#: How often a run says that it is alive. The server takes one for dead that was silent for three
#: times as long, so whatever runs our flows (a work pool's worker too) must beat as often as this.
HEARTBEAT: Final = timedelta(seconds=60)

#: For whoever speaks to a server, ours or another: it tells its makers nothing, waits out a
#: restart (state changes are tried again 10 times), and keeps a bounded queue of events.
_CLIENT: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # the client reads it too
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "10",
    "PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE": "10000",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(int(HEARTBEAT.total_seconds())),
    "PREFECT_LOGGING_EXTRA_LOGGERS": "leadline",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}
#: For our own server. Runs are kept for 30 days: the history slows a server down, and what
#: happened to each lead is in our database anyway.
_SERVER: Final = {
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # by default every state of a task run is a commit of its own: half of the server's CPU
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "2",
    # less than the 60 s that a client waits: a lock that lasts is answered, and asked for again
    "PREFECT_SERVER_DATABASE_TIMEOUT": "20",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": '["events","flow_runs"]',
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "P30D",
    # by default 7 days: five in six bytes that a run leaves are events (benchmarks/prefect_week.py)
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "PT12H",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": (
        '{"prefect.flow-run.heartbeat":3600}'
    ),
}


class PortTaken(LeadlineError):
    """Another program listens on the port that was asked for."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "Port {port} on {host} is in use by another program. Nothing was started. Stop that "
        "program (on Linux, `ss -ltnp` names it), or choose another port: "
        "`leadline up {option} {other}`.",
        "ja": "{host} のポート {port} は他のプログラムが使用中です。何も起動していません。"
        "そのプログラムを停止するか (Linux では `ss -ltnp` で確認)、別のポートを指定してください: "
        "`leadline up {option} {other}`。",
    }


class PrefectServerFailed(LeadlineError):
    """The server ended, or did not answer in time."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The Prefect server did not start: {why}. Its last words are in {log}. "
        "`leadline doctor` says whether its packages fit together.",
        "ja": "Prefect サーバーを起動できませんでした ({why})。ログは {log} にあります。"
        "`leadline doctor` でパッケージの組み合わせを確認してください。",
    }


class PrefectServerRunning(LeadlineError):
    """A server of this project runs already; two must never share its database."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "A Prefect server of this project is running already (state folder {state}). Use it "
        "at {url}, or stop it first: end the `leadline up` that started it, or process {pid}.",
        "ja": "このプロジェクトの Prefect サーバーはすでに起動しています (状態フォルダ {state})。"
        "{url} を利用するか、起動元の `leadline up` またはプロセス {pid} を終了してください。",
    }


class PrefectServerAbsent(LeadlineError):
    """No server is named, and none of this project runs."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "No Prefect server of this project is running (state folder {state}). Nothing was "
        "changed. Start it with `leadline up`, or name another one in PREFECT_API_URL, then run "
        "the command again.",
        "ja": "このプロジェクトの Prefect サーバーが起動していません (状態フォルダ {state})。何も"
        "変更していません。`leadline up` で起動するか、使用するサーバーを PREFECT_API_URL に設定"
        "して、もう一度実行してください。",
    }


class PrefectServerSilent(PrefectServerAbsent):
    """The server that PREFECT_API_URL names does not answer."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The Prefect server at {url} (PREFECT_API_URL) does not answer: {why}. Nothing was "
        "changed. Check the address, whether the server runs and, for your own certificates, "
        "PREFECT_API_SSL_CERT_FILE; or unset PREFECT_API_URL to use the one of `leadline up`.",
        "ja": "PREFECT_API_URL の Prefect サーバー {url} が応答しません ({why})。何も変更して"
        "いません。アドレス、サーバーの稼働、独自の証明書なら PREFECT_API_SSL_CERT_FILE を確認する"
        "か、PREFECT_API_URL を解除して `leadline up` が起動するサーバーを使ってください。",
    }


class PoolNamed(LeadlineError):
    """Workers run this project's flows."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "config/settings.yaml names the work pool {pool}, whose workers run the flows, so "
        "they are not run here as well. Nothing was started. Start a worker with "
        "`prefect worker start --pool {pool}`, with the server's address in PREFECT_API_URL, and "
        "the web app with `leadline serve`, or take prefect.work_pool out of the settings.",
        "ja": "config/settings.yaml でワークプール {pool} が指定され、フローはそのワーカーが実行"
        "するため、ここでは実行しません。何も起動していません。"
        "PREFECT_API_URL にサーバーを設定して `prefect worker start --pool {pool}` でワーカーを、"
        "`leadline serve` で Web アプリを起動するか、設定から prefect.work_pool を外してください。",
    }


@dataclass
class PrefectServer:
    """A Prefect server that answers.

    Attributes:
        api_url: where clients reach it (PREFECT_API_URL).
        settings: the variables for every program that speaks to it.
        log: the file of its own words; None for a server that is not ours.
        process: our server; None when the environment named one.
    """

    api_url: str
    settings: Mapping[str, str] = field(repr=False)  # may hold the server's password
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def ui_url(self) -> str:
        """Return the address of its pages; PREFECT_UI_URL names it where people use another one."""
        if self.process is None and (given := os.environ.get("PREFECT_UI_URL")):
            return given.rstrip("/")
        return self.api_url.removesuffix("/").removesuffix("/api")

    def is_running(self) -> bool:
        """Tell whether it is still there; one that is not ours counts as there."""
        return self.process is None or self.process.poll() is None


def prefect_settings(environment: Environment, api_url: str) -> dict[str, str]:
    """Return the variables for programs that use a Prefect server, beside those they inherit.

    Args:
        environment: where the state folder is, and whether the server is somebody else's: then
            nothing of its own settings or of the user's Prefect profile is touched.
        api_url: the server's API.
    """
    settings = {**_CLIENT, "PREFECT_API_URL": api_url}
    if environment.prefect_api_url is not None:
        return settings
    parts = urlsplit(api_url)
    settings |= _SERVER
    settings["PREFECT_HOME"] = str(environment.state / "prefect")
    # without it the pages of a server on another port than 4200 call port 4200
    settings["PREFECT_SERVER_UI_API_URL"] = api_url
    settings["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] = f"{parts.scheme}://{parts.netloc}"
    if password := os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        settings.setdefault("PREFECT_API_AUTH_STRING", password)
    return settings


@contextmanager
def start_server(
    environment: Environment,
    *,
    port: int | None = None,
    on_wait: Callable[[float], None] | None = None,
) -> Iterator[PrefectServer]:
    """Run our own Prefect server for as long as the context lasts, unless one is named.

    Args:
        environment: where the state folder is, and whether PREFECT_API_URL names a server.
        port: on 127.0.0.1; a free one when None.
        on_wait: told the seconds waited so far, until the server answers.

    Yields:
        The server, which answers.

    Raises:
        PortTaken: the port is in use; nothing was started.
        PrefectServerRunning: a server of this state folder runs already.
        PrefectServerFailed: it ended or did not answer; names the log.
    """
    if (url := environment.prefect_api_url) is not None:
        yield PrefectServer(url, prefect_settings(environment, url))
        return
    server = launch_server(environment, port=port, on_wait=on_wait)
    try:
        yield server
    finally:
        if server.process is not None:
            stop_process(server.process)


def launch_server(
    environment: Environment,
    *,
    port: int | None = None,
    on_wait: Callable[[float], None] | None = None,
) -> PrefectServer:
    """Start our own server and wait until it answers; the caller stops its process.

    Raises:
        PortTaken: the port is in use; nothing was started.
        PrefectServerRunning: a server of this state folder runs already.
        PrefectServerFailed: it ended or did not answer; names the log.
    """
    port = port or free_port()
    check_port(HOST, port, option="--prefect-port")
    api_url = f"http://{HOST}:{port}/api"
    settings = prefect_settings(environment, api_url)
    log = environment.state / "logs" / "prefect-server.log"
    with _only_server(environment, api_url) as lock:
        process = start_process(
            ("prefect", "server", "start", "--host", HOST, "--port", str(port)),
            settings=settings,
            log=log,
            folder=environment.home,
            keep_open=(lock,),
        )
        os.pwrite(lock, f"{process.pid} {api_url}\n".encode(), 0)
    server = PrefectServer(api_url, settings, log, process)
    try:
        _wait(server, process, on_wait)
    except BaseException:
        stop_process(process)
        raise
    return server


def find_server(environment: Environment) -> PrefectServer:
    """Return the server that this project uses: the one that is named, else our own that runs.

    Raises:
        PrefectServerAbsent: none is named and none of ours runs, or it does not answer.
    """
    if (url := environment.prefect_api_url) is not None:
        if why := why_silent(url):
            raise PrefectServerSilent(url=url, why=why)
    else:
        url = _running_url(environment)
        if not url or not is_healthy(url):
            raise PrefectServerAbsent(state=environment.state)
    return PrefectServer(url, prefect_settings(environment, url))


def _running_url(environment: Environment) -> str:
    """Return what the holder of the lock wrote into it; "" when nobody holds it."""
    try:
        lock = os.open(environment.state / "prefect" / "server.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 200, 0).decode().strip().partition(" ")[2]
    else:
        return ""
    finally:
        os.close(lock)


@contextmanager
def _only_server(environment: Environment, api_url: str) -> Iterator[int]:
    """Hold the lock of the server's database; the server inherits it and keeps it while it lives.

    Two servers on one SQLite file destroy each other's runs, and a parent that was killed leaves
    its server behind.
    """
    folder = environment.state / "prefect"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, url = os.pread(lock, 200, 0).decode().strip().partition(" ")
            at = (url or api_url).removesuffix("/api")
            raise PrefectServerRunning(state=environment.state, url=at, pid=pid or "?") from None
        os.truncate(lock, 0)
        yield lock
    finally:
        os.close(lock)


def start_process(
    module: Sequence[str],
    *,
    settings: Mapping[str, str],
    log: Path,
    folder: Path,
    keep_open: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start `python -m MODULE ...` in a process group of its own, its words in a log file.

    Args:
        module: name and arguments.
        settings: variables on top of the inherited ones.
        log: file that is added to; a very long one is put aside first.
        folder: where it runs. Its modules stay out of the import path: a project folder may
            hold any name.
        keep_open: descriptors that it inherits.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as words:
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **settings, "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"},
            pass_fds=keep_open,
            start_new_session=True,
        )


def stop_process(process: subprocess.Popen[bytes], *, seconds: float = STOP_SECONDS) -> None:
    """End a process that `start_process` started, with its group: asked first, then killed."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    _signal_group(process, signal.SIGKILL)  # whoever of the group outlived its leader
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # a session leader's group has its number, and the number lives as long as the group does
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_port(host: str, port: int, *, option: str) -> None:
    """Make sure that nobody listens on a port.

    Args:
        host: address to listen on.
        port: its number.
        option: the option of `leadline up` that chooses another one.

    Raises:
        PortTaken: somebody listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError:
            raise PortTaken(host=host, port=port, option=option, other=free_port()) from None


def _wait(
    server: PrefectServer,
    process: subprocess.Popen[bytes],
    on_wait: Callable[[float], None] | None,
) -> None:
    started = time.monotonic()
    while not is_healthy(server.api_url):
        waited = time.monotonic() - started
        if process.poll() is not None:
            raise PrefectServerFailed(why=f"exit code {process.returncode}", log=server.log)
        if waited > START_SECONDS:
            raise PrefectServerFailed(why=f"no answer in {START_SECONDS:.0f} s", log=server.log)
        if on_wait is not None:
            on_wait(waited)
        time.sleep(_LOOK_EVERY)


def is_healthy(api_url: str) -> bool:
    """Tell whether a server answers at `api_url`."""
    return not why_silent(api_url)


def why_silent(api_url: str) -> str:
    """Return in a few words why no server answers at `api_url`; "" when one does."""
    parts = urlsplit(api_url)
    try:
        with closing(_connection(parts.scheme, parts.hostname or HOST, parts.port)) as connection:
            connection.request("GET", f"{parts.path.rstrip('/')}/health")
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        words = (getattr(error, name, None) for name in ("verify_message", "strerror"))
        return next(filter(None, words), str(error) or type(error).__name__)
    return "" if status == http.client.OK else f"HTTP {status}"


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    """Return a connection that trusts whom Prefect's client trusts."""
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=5)
    skips = os.environ.get("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "").lower() in _YES
    file = "" if skips else os.environ.get("PREFECT_API_SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=file or None)
    if skips:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=5, context=context)
