"""Everything for one machine: Prefect server, served deployments, watcher and web app.

Without Prefect: the embedded clock and the web app.

Each is a subprocess in a group of its own with a log in `LEADLINE_STATE/logs`. Whoever dies is
started again, a few times; Ctrl-C or SIGTERM ends all of them.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from leadline.cli.prefect_server import (
    HOST,
    STOP_SECONDS,
    PoolNamed,
    PrefectServer,
    check_port,
    is_healthy,
    launch_server,
    prefect_settings,
    start_process,
    stop_process,
)
from leadline.clock import SystemClock
from leadline.errors import LeadlineError
from leadline.mail.relay import is_loopback
from leadline.stages import open_workspace
from leadline.stopping import SIGNALS, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from leadline.config.environment import Environment

#: A program that dies this often within `_WITHIN` is not started again: something needs a person.
MOST_DEATHS: Final = 5
_WITHIN: Final = 600.0  # seconds
_LOOK_EVERY: Final = 0.5
_LISTEN_SECONDS: Final = 60.0

_SAYS: Final = {
    "server": {
        "en": "Starting the Prefect server (the first start takes about 15 s) ...",
        "ja": "Prefect サーバーを起動しています (初回は15秒ほどかかります) …",
    },
    "running": {
        "en": "\nleadline is running.\n"
        "  forms, pages    {web}\n"
        "  Prefect         {prefect}  (artifacts: {prefect}/v2/artifacts)\n"
        "  logs            {logs}\n"
        "Stop it with Ctrl-C. How things stand: `leadline status`",
        "ja": "\nleadline が起動しました。\n"
        "  フォーム・画面  {web}\n"
        "  Prefect         {prefect}  (集計表: {prefect}/v2/artifacts)\n"
        "  ログ            {logs}\n"
        "停止: Ctrl-C   状況の確認: `leadline status`",
    },
    "alone": {
        "en": "\nleadline is running, without Prefect.\n"
        "  forms, pages    {web}\n"
        "  logs            {logs}\n"
        "Stop it with Ctrl-C. Schedules and last runs: `leadline status`",
        "ja": "\nleadline が起動しました (Prefect なし)。\n"
        "  フォーム・画面  {web}\n"
        "  ログ            {logs}\n"
        "停止: Ctrl-C   スケジュールと前回の実行: `leadline status`",
    },
    "died": {
        "en": "{name} ended (exit code {code}); starting it again ({number} of {most}). Log: {log}",
        "ja": "{name} が終了しました (終了コード {code})。再起動します ({number}/{most}回)。"
        "ログ: {log}",
    },
    "gave_up": {
        "en": "{name} ended {most} times within {minutes} minutes and is not started again; "
        "everything is stopped. Its log says why: {log}. Then run `leadline doctor`.",
        "ja": "{name} が{minutes}分以内に{most}回終了したため再起動せず、すべて停止します。"
        "原因はログ {log} を確認し、`leadline doctor` を実行してください。",
    },
    "stopping": {"en": "Stopping ...", "ja": "停止しています …"},
    "stopped": {
        "en": "Stopped. Whatever was not finished stays due.",
        "ja": "停止しました。未完了の処理は次回に続きます。",
    },
}


class HostOpen(LeadlineError):
    """The web app would be reachable from elsewhere while Prefect has no password."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{host} can be reached from other computers, and Prefect, which can start and stop "
        "every run, has no password. Nothing was started. Set "
        "PREFECT_SERVER_API_AUTH_STRING=user:password, or leave --host out to stay on this "
        "computer.",
        "ja": "{host} は他のコンピューターから接続できますが、すべての実行を操作できる Prefect に"
        "パスワードがありません。何も起動していません。"
        "PREFECT_SERVER_API_AUTH_STRING=user:password を設定するか、--host を省略してこの"
        "コンピューターだけで使ってください。",
    }


class PrefectAway(LeadlineError):
    """The Prefect server that the environment names does not answer."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The Prefect server at {url} (PREFECT_API_URL) does not answer. Nothing was started. "
        "Check the address, or unset PREFECT_API_URL to have leadline start its own server.",
        "ja": "PREFECT_API_URL の Prefect サーバー {url} が応答しません。何も起動していません。"
        "アドレスを確認するか、PREFECT_API_URL を解除すると専用のサーバーが起動します。",
    }


class _Told(Exception):
    """A signal asked us to end."""


@dataclass
class _Child:
    """One program that is kept running."""

    name: str
    log: Path
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes]
    deaths: list[float] = field(default_factory=list)

    def is_hopeless(self) -> bool:
        """Note a death; tell whether there were too many lately."""
        now = time.monotonic()
        self.deaths = [at for at in self.deaths if now - at < _WITHIN] + [now]
        return len(self.deaths) > MOST_DEATHS


def run_up(
    environment: Environment,
    *,
    host: str,
    port: int,
    prefect_port: int | None,
    has_prefect: bool = True,
    report: Callable[[str], None],
) -> int:
    """Run server, deployments, watcher and web app until a signal ends them.

    Args:
        environment: the project and its state folder.
        host: where the web app listens; Prefect stays on 127.0.0.1.
        port: the web app's port.
        prefect_port: our own Prefect server's port; a free one when None.
        has_prefect: whether Prefect is the clock; else the embedded clock takes the place of
            server, deployments and watcher.
        report: told, in lines for people, what is started, where it is, and what died.

    Returns:
        0 when it was told to end, 1 when a program could not be kept running.

    Raises:
        HostOpen, PortTaken, PrefectAway, PoolNamed: nothing was started.
        ConfigError, StoreError: the project cannot run; nothing was started.
        PrefectServerRunning, PrefectServerFailed: the server did not start.
    """
    check_port(host, port, option="--port")
    if has_prefect:
        _check_prefect(environment, host, prefect_port)
    _check_project(environment, has_prefect=has_prefect)
    up = _Up(environment, host, port, report)
    with _signals() as stop:
        try:
            if has_prefect:
                up.start(prefect_port)
            else:
                up.start_alone()
            while not stop.wait(_LOOK_EVERY):
                if not up.mend():
                    return 1
        except _Told:
            return 0
        else:
            return 0
        finally:
            up.stop()


def _check_project(environment: Environment, *, has_prefect: bool) -> None:
    """Find whatever would stop every program; make the database where there is none."""
    with open_workspace(environment, now=SystemClock().now()) as work:
        pool = work.project.settings.prefect.work_pool
    if has_prefect and pool:
        raise PoolNamed(pool=pool)


def _check_prefect(environment: Environment, host: str, prefect_port: int | None) -> None:
    """Find whatever would stop Prefect, before anything is started."""
    if not is_loopback(host) and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        raise HostOpen(host=host)
    if environment.prefect_api_url is None:
        if prefect_port is not None:
            check_port(HOST, prefect_port, option="--prefect-port")
    elif not is_healthy(environment.prefect_api_url):
        raise PrefectAway(url=environment.prefect_api_url)


@contextmanager
def _signals() -> Iterator[Stop]:
    """Turn SIGINT and SIGTERM into one exception at the first."""
    stop = Stop()

    def tell(_number: int, _frame: object) -> None:
        if not stop.is_asked:
            stop.ask()
            raise _Told

    before = {number: signal.signal(number, tell) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class _Up:
    """The programs of one machine."""

    environment: Environment
    host: str
    port: int
    report: Callable[[str], None]
    children: list[_Child] = field(default_factory=list)

    def say(self, key: str, **facts: object) -> None:
        """Report a sentence in the environment's language."""
        self.report(_SAYS[key][self.environment.lang].format(**facts))

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.environment.state / "logs"

    @property
    def web_url(self) -> str:
        """Return where the web app is reached from this computer."""
        host = HOST if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared only
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def shown_url(self) -> str:
        """Return where people find the web app."""
        is_set = "LEADLINE_BASE_URL" in os.environ
        return self.environment.base_url if is_set else self.web_url

    def start(self, prefect_port: int | None) -> None:
        """Start the server, wait for it, then start the others and say where they are."""
        server = self._start_server(prefect_port)
        programs = {"deployments": ("deployments.serve",), "watch": ("flows.watch",)}
        self._start_programs(programs, server.settings)
        self.say("running", web=self.shown_url, prefect=server.ui_url, logs=self.logs)

    def start_alone(self) -> None:
        """Start the embedded clock and the web app."""
        self._start_programs({"clock": ("leadline.cli.embedded",)}, {})
        self.say("alone", web=self.shown_url, logs=self.logs)

    def _start_programs(
        self, programs: Mapping[str, tuple[str, ...]], settings: Mapping[str, str]
    ) -> None:
        """Start programs, the web app last, and wait until it listens."""
        web = (
            *("uvicorn", "--factory", "leadline.web.app:create_app_from_environment"),
            *("--host", self.host, "--port", str(self.port)),
        )
        for name, module in {**programs, "web": web}.items():
            self._keep(name, module, {**settings, **self._project_variables()})
        self._wait_for_web()

    def _start_server(self, port: int | None) -> PrefectServer:
        """Start our own server, or name the one that is given."""
        url = self.environment.prefect_api_url
        if url is not None:
            return PrefectServer(url, prefect_settings(self.environment, url))
        self.say("server")
        server = launch_server(self.environment, port=port)
        number = int(server.ui_url.rpartition(":")[2])

        def again() -> subprocess.Popen[bytes]:
            process = launch_server(self.environment, port=number).process
            if process is None:  # pragma: no cover - it is our own
                raise RuntimeError
            return process

        if server.process is not None and server.log is not None:
            self.children.append(_Child("prefect-server", server.log, again, server.process))
        return server

    def _project_variables(self) -> dict[str, str]:
        """Return what the programs need to know of the project; secrets are inherited or read."""
        environment = self.environment
        variables = {
            "LEADLINE_HOME": str(environment.home),
            "LEADLINE_STATE": str(environment.state),
            "LEADLINE_DATABASE_URL": environment.database_url,
            "LEADLINE_SMTP_URL": environment.smtp_url,
            "LEADLINE_LANG": environment.lang,
        }
        if "LEADLINE_BASE_URL" not in os.environ:
            variables["LEADLINE_BASE_URL"] = self.web_url
        return variables

    def _keep(self, name: str, module: tuple[str, ...], settings: Mapping[str, str]) -> None:
        log = self.logs / f"{name}.log"

        def start() -> subprocess.Popen[bytes]:
            return start_process(module, settings=settings, log=log, folder=self.environment.home)

        self.children.append(_Child(name, log, start, start()))

    def _wait_for_web(self) -> None:
        """Wait until the web app listens, dies, or takes too long; `mend` sees to the rest."""
        ends_at = time.monotonic() + _LISTEN_SECONDS
        address = (HOST if self.host in {"0.0.0.0", "::"} else self.host, self.port)  # noqa: S104
        while self.children[-1].process.poll() is None and time.monotonic() < ends_at:
            with suppress(OSError), socket.create_connection(address, timeout=1):
                return
            time.sleep(_LOOK_EVERY)

    def mend(self) -> bool:
        """Start again whoever died; returns False when that no longer makes sense."""
        for child in self.children:
            code = child.process.poll()
            if code is None:
                continue
            stop_process(child.process)  # whatever it left of its group
            if child.is_hopeless():
                minutes = int(_WITHIN // 60)
                self.say(
                    "gave_up", name=child.name, most=MOST_DEATHS, minutes=minutes, log=child.log
                )
                return False
            number = len(child.deaths)
            self.say(
                "died", name=child.name, code=code, number=number, most=MOST_DEATHS, log=child.log
            )
            time.sleep(min(2.0**number, 30.0) if number > 1 else 0.0)
            with suppress(LeadlineError):  # the server did not come: it counts as another death
                child.process = child.start()
        return True

    def stop(self) -> None:
        """End every program, the server last: the others still tell it how they ended."""
        self.say("stopping")
        others = [child for child in self.children if child.name != "prefect-server"]
        for child in others:
            with suppress(ProcessLookupError, PermissionError):
                if child.process.poll() is None:
                    os.killpg(child.process.pid, signal.SIGTERM)
        ends_at = time.monotonic() + STOP_SECONDS
        for child in others:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, ends_at - time.monotonic()))
            stop_process(child.process, seconds=0.1)
        for child in self.children:
            stop_process(child.process)
        self.say("stopped")
