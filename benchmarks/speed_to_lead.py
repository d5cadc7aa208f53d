"""Speed to lead: from a form's post to the rep's mail on the wire, everything on one machine.

Starts `leadline up` (Prefect server, deployments, web app, watch) over a fresh demo project whose
mail goes to an SMTP server in this process, posts leads one after the other, and waits for each
one's rep mail to arrive there, body and all. The sender's acknowledgment is timed as well.

    python -m benchmarks.speed_to_lead [--leads 10] [--json]
"""

from __future__ import annotations

import argparse
import email
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from email import policy
from pathlib import Path
from statistics import median
from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from aiosmtpd.controller import Controller

from benchmarks.measure import Line, cpu_seconds_of, note, peak_mb_of, print_lines
from benchmarks.project import prepare
from leadline.cli.prefect_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds within which a rep's mail must be on the wire.
TARGET: Final = 10.0
_PATIENCE: Final = 300.0
_ACKNOWLEDGED: Final = "acknowledgment: true\n"


class Sink:
    """An SMTP server's handler that notes when each message had arrived as a whole."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.arrived: list[tuple[float, str]] = []
        self._changed = Condition()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's
        """Take one message."""
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        part = message.get_body(("plain",))
        text = f"{message['To']}\n{part.get_content() if part else ''}"
        with self._changed:
            self.arrived.append((time.monotonic(), text))
            self._changed.notify_all()
        return "250 2.0.0 taken"

    def wait(self, *words: str, beginning: str = "") -> float:
        """Return when the first message that holds all the words had arrived."""
        ends_at = time.monotonic() + _PATIENCE
        with self._changed:
            while True:
                for at, text in self.arrived:
                    if text.startswith(beginning) and all(word in text for word in words):
                        return at
                if not self._changed.wait(ends_at - time.monotonic()):
                    message = f"no mail with {words}"
                    raise TimeoutError(message)


@contextmanager
def running(home: Path, smtp_port: int) -> Iterator[tuple[int, int]]:
    """Run `leadline up` over a project; gives its process and the port of the web app."""
    port = free_port()
    program = str(Path(sys.executable).with_name("leadline"))
    command = [program, "up", "--port", str(port), "--prefect-port", str(free_port())]
    variables = {
        **os.environ,
        "LEADLINE_HOME": str(home),
        "LEADLINE_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=none",
    }
    with (home / "said").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env=variables, stdout=said, stderr=said
        )
    try:
        _wait_for(process, f"http://127.0.0.1:{port}/healthz", home / "said")
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_for(process: subprocess.Popen[bytes], url: str, said: Path) -> None:
    ends_at = time.monotonic() + _PATIENCE
    while time.monotonic() < ends_at and process.poll() is None:
        with (
            suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(url, timeout=5),  # noqa: S310 - our own server
        ):
            if "leadline is running" in said.read_text("utf-8"):
                return
        time.sleep(0.2)
    raise TimeoutError(said.read_text("utf-8")[-2000:])


def post(port: int, number: int) -> float:
    """Post one lead; returns when it was sent off."""
    lead = {
        "full_name": f"Person {number}",
        "email": f"person{number}@company{number}.example",
        "company": f"Company {number}",
        "country": "US",
        "region": "California",
        "message": f"Please send us a quote, number {number}.",
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/forms/contact",
        data=json.dumps(lead).encode(),
        headers={"Content-Type": "application/json"},
    )
    sent_at = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        answer.read()
    return sent_at


def measure(leads: int) -> list[Line]:
    """Post leads one by one and time their mails."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder, "home")
            prepare(home, rows=1).unlink()
            form = home / "config/forms/contact.yaml"
            text = form.read_text("utf-8")
            if f"\n{_ACKNOWLEDGED}" not in text:
                form.write_text(text + "\n" + _ACKNOWLEDGED, "utf-8")
            with running(home, controller.port) as (pid, port):
                return _time(sink, leads, pid, port)
    finally:
        controller.stop()


def _time(sink: Sink, leads: int, pid: int, port: int) -> list[Line]:
    told, answered = [], []
    before = cpu_seconds_of(pid)
    for number in range(leads):
        sent_at = post(port, number)
        address = f"person{number}@company{number}.example"
        told.append(sink.wait(f"Company {number}", f"number {number}.") - sent_at)
        answered.append(sink.wait(beginning=f"{address}\n") - sent_at)
        note(f"lead {number}: rep {told[-1]:.1f} s, acknowledgment {answered[-1]:.1f} s")
    cpu, peak = cpu_seconds_of(pid) - before, peak_mb_of(pid)
    lines = []
    for name, found in (("rep", told), ("acknowledgment", answered)):
        target = TARGET if name == "rep" else None
        figures: dict[str, tuple[float, float | None]] = {
            "first after the start": (found[0], None),
            "median": (median(found[1:]), target),
            "slowest": (max(found[1:]), target),
        }
        for how, (value, most) in figures.items():
            lines.append(
                Line(
                    name=f"speed_to_lead {name} {how}",
                    n=leads,
                    cpu=cpu,
                    peak=peak,
                    value=value,
                    unit="s",
                    direction="lower",
                    target=most,
                    is_ok=most is None or value < most,
                )
            )
    return lines


def main() -> int:
    """Measure, print, and tell whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=10, help="at least 2")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    lines = measure(asked.leads)
    print_lines(lines, is_json=asked.json)
    return 0 if all(line.is_ok for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
