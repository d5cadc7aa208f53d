"""`leadline serve`: the web app in a process of its own, until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.command_line import a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "from leadline.cli import main; raise SystemExit(main())"


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def serving(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", str(port), "--json"]
    with subprocess.Popen(
        command,
        env={**os.environ, "LEADLINE_HOME": str(a_project(tmp_path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def first_document(process: subprocess.Popen[str]) -> dict[str, object]:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line == "}\n":
            break
    found: dict[str, object] = json.loads("".join(lines))
    return found


def test_serve_answers_at_the_address_it_names_and_stops_on_a_signal(
    serving: subprocess.Popen[str], port: int
) -> None:
    url = first_document(serving)["url"]
    assert url == f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:  # noqa: S310 - our own
        assert json.load(answer)["ok"] is True
    serving.send_signal(signal.SIGTERM)
    _, said = serving.communicate(timeout=60)
    assert serving.returncode == 0
    assert "Traceback" not in said
