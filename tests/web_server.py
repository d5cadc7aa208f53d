"""The web app in a process of its own, as whoever installs it runs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leadline.config.environment import Environment
    from tests.clocks import FakeTime

START_SECONDS = 60.0
_COMMAND = "from leadline.cli import main; raise SystemExit(main())"
_UVICORN = ["-m", "uvicorn", "leadline.web.app:create_app_from_environment", "--factory"]
_QUIET = ["--no-access-log", "--log-level", "warning"]


@contextmanager
def leadline_serve(
    environment: Environment, port: int, *, at: FakeTime | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `leadline serve`, in a time of the test's own when one is given; end it in any case."""
    command = ["-c", _COMMAND, "serve", "--port", str(port)]
    with _served(environment, command, port, at=at) as process:
        yield process


@contextmanager
def uvicorn_serve(environment: Environment, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the web app as uvicorn runs it for everybody; end it however it stands."""
    with _served(environment, [*_UVICORN, "--port", str(port), *_QUIET], port) as process:
        yield process


@contextmanager
def _served(
    environment: Environment, command: Sequence[str], port: int, *, at: FakeTime | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    variables = {
        "LEADLINE_HOME": str(environment.home),
        "LEADLINE_DATABASE_URL": environment.database_url,
        **(at.variables if at else {}),
    }
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
