"""`leadline serve` in processes of its own, forked from one that has it loaded.

A fault loop starts hundreds of servers. `warm_servers()` starts `python -m tests.warm_server`,
which loads the command once and forks for each order; what runs in the fork is the command itself.
A server ends with its starter, however that ends.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leadline.cli import main as run
from leadline.clock import SystemClock
from leadline.config.environment import read_environment
from leadline.config.folder import create_project
from leadline.stages import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
#: Long enough for a computer that does much else; whoever waits this long has failed.
PATIENCE: Final = 120.0
_TRIES: Final = 5
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_LET_TRACE: Final = 0x59616D61  # PR_SET_PTRACER: where only a parent may trace, anybody may


@dataclass
class Server:
    """A server process.

    Attributes:
        log: what it writes to stdout and stderr.
        code: its exit code once it has ended and was waited for; negative for a signal.
    """

    warm: Warm
    pid: int
    port: int
    log: Path
    code: int | None = None

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self.code is None and not self._wait(0)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def end(self) -> int:
        """Wait until it has ended, and return its exit code."""
        if self.code is None:
            assert self._wait(PATIENCE), f"the server does not end:\n{self.said()}"
            self.code = self.warm.order({"wait": self.pid})
        return self.code

    def said(self) -> str:
        """Return what it wrote."""
        return self.log.read_text("utf-8", errors="replace")

    def _wait(self, seconds: float) -> bool:
        handle = os.pidfd_open(self.pid)
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def become_ready(self) -> bool:
        """Wait until it answers; False when it ended before."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if not self.is_alive():
                return False
            if '"url"' in self.said() and self._is_healthy():
                return True
            time.sleep(0.01)
        raise AssertionError(f"the server does not answer:\n{self.said()}")

    def _is_healthy(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()


class Warm:
    """The process that has everything loaded."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Give orders to `process`."""
        self._process = process
        self._number = 0

    def order(self, what: dict[str, Any]) -> int:
        """Give one order, and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    @contextmanager
    def serve(self, variables: Mapping[str, str], folder: Path, **how: int) -> Iterator[Server]:
        """Run a server until the block ends, if it does not end before.

        Args:
            variables: of its environment.
            folder: for its log.
            how: `seconds` that it waits for a locked database, `point` at which it dies (see
                `tests.import_faults.Points`).
        """
        server = self._start(variables, folder, how)
        try:
            yield server
        finally:
            if server.code is None:
                if server.is_alive():
                    server.signal(signal.SIGKILL)
                server.end()

    def _start(self, variables: Mapping[str, str], folder: Path, how: dict[str, int]) -> Server:
        for _ in range(_TRIES):
            self._number += 1
            port, log = _free_port(), folder / f"server{self._number}.log"
            log.touch()
            words = ["serve", "--json", "--port", str(port)]
            what = {"words": words, "variables": dict(variables), "log": str(log), **how}
            server = Server(self, self.order(what), port, log)
            if server.become_ready() or "port_in_use" not in server.said():
                return server
            server.end()
        raise AssertionError("no port is free")


@contextmanager
def warm_servers() -> Iterator[Warm]:
    """Load the command into a process that servers are forked from."""
    command = [sys.executable, "-m", "tests.warm_server"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Warm(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---- the process that is forked from ------------------------------------------------------------


def _load() -> None:
    """Do once what a server does at its start, so that its own start is short."""
    import psycopg  # noqa: F401 - for the forks
    import uvicorn.lifespan.on
    import uvicorn.loops.auto
    import uvicorn.protocols.http.auto  # noqa: F401 - for the forks

    import leadline.cli.program
    import leadline.cli.serving
    import leadline.web.app
    import tests.import_faults  # noqa: F401 - for the forks

    with tempfile.TemporaryDirectory() as name:
        create_project(Path(name), demo=False)
        environment, clock = read_environment({"LEADLINE_HOME": name}), SystemClock()
        with open_workspace(environment, now=clock.now()) as work:
            leadline.web.app.create_app(work, clock=clock)


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        _become(order)
        code = run(order["words"])
    except BaseException as error:  # noqa: BLE001 - a forked child must never return
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stdout.flush()
        os._exit(code)


def _become(order: dict[str, Any]) -> None:
    """Make this fork the server that was ordered."""
    libc = ctypes.CDLL(None)
    libc.prctl(_DIE_WITH_PARENT, ctypes.c_ulong(signal.SIGKILL))
    libc.prctl(_LET_TRACE, ctypes.c_ulong(-1))
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(file, number)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    os.environ.update(order["variables"])
    if seconds := order.get("seconds"):
        from leadline.store import engine

        engine.BUSY_TIMEOUT_SECONDS = seconds  # type: ignore[misc]
    if point := order.get("point"):
        from tests.import_faults import Points

        Points(point)


def main() -> int:
    """Follow orders, one line of JSON each, until there are no more."""
    _load()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        else:
            answer = _fork(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
