"""`leadline up`: what it starts, starts again, refuses, and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leadline.cli.prefect_server import PoolNamed, PortTaken, free_port
from leadline.cli.up import HostOpen, PrefectAway, run_up
from leadline.errors import ConfigError
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leadline.config.environment import Environment

pytestmark = pytest.mark.xdist_group("prefect")
#: Runs `run_up` as the command does, in a process that can be sent signals.
PROGRAM = """
import os, sys
from leadline.cli.up import run_up
from leadline.config.environment import read_environment
sys.exit(run_up(read_environment(os.environ), host="127.0.0.1", port=int(sys.argv[1]),
                prefect_port=int(sys.argv[2]), report=lambda text: print(text, flush=True)))
"""
PATIENCE = 120.0


def refused(environment: Environment, *, host: str = "127.0.0.1", port: int = 0) -> int:
    lines: list[str] = []
    try:
        port = port or free_port()
        return run_up(environment, host=host, port=port, prefect_port=None, report=lines.append)
    finally:
        assert lines == [], "something was started"


def test_up_refuses_an_open_host_while_prefect_has_no_password(tmp_path: Path) -> None:
    with pytest.raises(HostOpen, match=r"0\.0\.0\.0"):
        refused(a_project(tmp_path / "home"), host="0.0.0.0")  # noqa: S104 - it is refused


def test_up_refuses_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken, match="--port"):
        refused(a_project(tmp_path / "home"), port=taken.getsockname()[1])


def test_up_refuses_a_given_server_that_does_not_answer(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/api"
    with pytest.raises(PrefectAway, match=r"127\.0\.0\.1:9"):
        refused(a_project(tmp_path / "home", prefect_api_url=url))


def test_up_refuses_a_configuration_with_faults(tmp_path: Path) -> None:
    files = {"config/sending.yaml": "touches_a_day: 1\n"}
    with pytest.raises(ConfigError):
        refused(a_project(tmp_path / "home", files=files))


def test_up_refuses_a_project_whose_flows_workers_run(tmp_path: Path) -> None:
    environment = a_project(tmp_path / "home")
    with (environment.home / "config" / "settings.yaml").open("a", encoding="utf-8") as file:
        file.write("\nprefect: {work_pool: leadline}\n")
    with pytest.raises(PoolNamed, match="prefect worker start --pool leadline"):
        refused(environment)


class Up:
    """A running `leadline up` and what it said."""

    def __init__(self, home: Path) -> None:
        self.log = home.parent / "said"
        self.port, self.prefect_port = free_port(), free_port()
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(self.port), str(self.prefect_port)],
                env={**os.environ, "LEADLINE_HOME": str(home)},
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def children(self) -> dict[int, str]:
        """Return the processes that it started, by number."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        numbers = [int(number) for number in found.read_text("ascii").split()]
        return {number: _command(number) for number in numbers}

    def pids_of(self, module: str) -> set[int]:
        return {number for number, line in self.children().items() if module in line}

    def answers(self, url: str) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def _command(pid: int) -> str:
    """Return the process's words; none while it starts its program or once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_until(holds: Callable[[], bool], what: str) -> None:
    ends_at = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends_at, f"still waiting: {what}"
        time.sleep(0.2)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(a_project(tmp_path / "home").home)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(60)


def test_up_keeps_everything_running_until_it_is_told_to_end(up: Up) -> None:
    wait_until(lambda: "leadline is running" in up.said(), up.said())
    assert up.answers(f"http://127.0.0.1:{up.port}/healthz")
    assert up.answers(f"http://127.0.0.1:{up.prefect_port}/api/health")
    wait_until(lambda: bool(up.pids_of("flows.watch")), "the watch")
    children = up.children()
    assert len(children) == 4
    (watch,) = up.pids_of("flows.watch")
    os.kill(watch, signal.SIGKILL)
    wait_until(lambda: "watch ended (exit code -9)" in up.said(), "the watch's end")
    wait_until(lambda: bool(up.pids_of("flows.watch") - {watch}), "a new watch")
    assert len(up.children()) == 4
    left = up.children() | children
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert [number for number in left if Path(f"/proc/{number}").exists()] == []
