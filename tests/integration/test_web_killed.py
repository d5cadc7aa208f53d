"""A real server, killed in the middle of posts: whoever was told 201 is on disk."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from leadline.store.engine import open_store
from tests.factories import a_project, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.config.environment import Environment

PEOPLE = 400
ENOUGH = 60
POSTERS = 8
START_SECONDS = 60.0


@contextmanager
def a_server(environment: Environment, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the web app as uvicorn runs it for everybody; end it however it stands."""
    app = "leadline.web.app:create_app_from_environment"
    command = [sys.executable, "-m", "uvicorn", app, "--factory", "--port", str(port)]
    variables = {
        "LEADLINE_HOME": str(environment.home),
        "LEADLINE_DATABASE_URL": environment.database_url,
    }
    options = ["--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen([*command, *options], env={**os.environ, **variables})
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
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


def post_until_dead(
    url: str, numbers: range, told: dict[int, int], enough: threading.Event
) -> None:
    """Post one person after another; note the submission id of each who was told 201."""
    with httpx.Client() as client:
        for number in numbers:
            body = {"full_name": "P", "company": "C", "email": f"p{number}@example.com"}
            try:
                answer = client.post(url, data=body)
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                told[number] = answer.json()["submission"]
            if len(told) >= ENOUGH:
                enough.set()


def kill_while_posting(environment: Environment, port: int) -> dict[int, int]:
    """Kill a server that takes posts; return whom it told 201, with their submission ids."""
    told: dict[int, int] = {}
    enough = threading.Event()
    url = f"http://127.0.0.1:{port}/forms/contact"
    parts = [range(first, PEOPLE, POSTERS) for first in range(POSTERS)]
    with a_server(environment, port) as server:
        arguments = [(url, part, told, enough) for part in parts]
        threads = [threading.Thread(target=post_until_dead, args=each) for each in arguments]
        for thread in threads:
            thread.start()
        assert enough.wait(START_SECONDS)
        server.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    return told


def test_killed_server_has_everybody_on_disk_who_was_told_201(
    tmp_path: Path, database_url: str
) -> None:
    environment = a_project(tmp_path / "home", database_url)
    told = kill_while_posting(environment, free_port())
    store = open_store(environment.database_url, pepper=environment.pepper)
    kept = {row["id"]: row["raw"]["email"] for row in rows_of(store, "submissions")}
    store.close()
    assert ENOUGH <= len(told) < PEOPLE
    assert {id_: kept.get(id_) for id_ in told.values()} == {
        id_: f"p{number}@example.com" for number, id_ in told.items()
    }
    assert 0 <= len(kept) - len(told) <= POSTERS
