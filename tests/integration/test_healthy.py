"""`python -m deployments.healthy`: what the health checks of containers find."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from deployments.healthy import find_fault
from leadline.cli.prefect_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def a_server(body: str, status: int = 200) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/healthz"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("body", "status", "oldest", "fault"),
    [
        ("whatever", 200, None, ""),
        ("whatever", 503, None, "status 503"),
        ('{"oldest_unclaimed_seconds": null}', 200, 300, ""),
        ('{"oldest_unclaimed_seconds": 300}', 200, 300, ""),
        ('{"oldest_unclaimed_seconds": 301}', 200, 300, "a form post has waited for 301 s"),
        ('{"ok": true}', 200, 300, "the answer is not that of /healthz"),
        ("[]", 200, 300, "the answer is not that of /healthz"),
        ("nonsense", 200, 300, "the answer is not that of /healthz"),
    ],
)
def test_answer_is_healthy_or_named(body: str, status: int, oldest: int | None, fault: str) -> None:
    with a_server(body, status) as url:
        assert find_fault(url, oldest=oldest) == fault


def test_program_that_does_not_listen_is_unhealthy() -> None:
    assert find_fault(f"http://127.0.0.1:{free_port()}/") == "no answer: ConnectionRefusedError"


def test_exit_code_is_what_an_engine_looks_at() -> None:
    command = [sys.executable, "-m", "deployments.healthy"]
    with a_server('{"oldest_unclaimed_seconds": 7}') as url:
        codes = [
            subprocess.run([*command, url, *words], capture_output=True, check=False).returncode
            for words in ((), ("--oldest", "7"), ("--oldest", "6"))
        ]
    assert codes == [0, 0, 1]
