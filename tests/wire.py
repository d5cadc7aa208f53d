"""A recording SMTP server in a process of its own: what it took is what was on the wire.

Every accepted message is one line of `wire.log`: its Message-ID and recipient, written before
the answer. It can be told to kill the sender at an exact point of the conversation, which no
program can do to itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtpd.smtp import SMTP, Envelope, Session

KillAt = Literal["rcpt", "after_dot"]


class Wire:
    """The server as the tests see it."""

    def __init__(self, folder: Path, port: int, pid: int) -> None:
        """Name the folder that the server writes to and the port that it listens on."""
        self.folder, self.port, self.pid = folder, port, pid

    @property
    def url(self) -> str:
        """Return the LEADLINE_SMTP_URL of this server."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def clear(self) -> None:
        """Forget what was taken."""
        (self.folder / "wire.log").write_text("", "utf-8")

    def kill_sender(self, pid: int, *, at: KillAt, message: int) -> None:
        """Have the server kill process `pid` when it handles its n-th message from now on."""
        plan = {"pid": pid, "at": at, "message": message}
        draft = self.folder / "plan.tmp"
        draft.write_text(json.dumps(plan), "utf-8")
        draft.rename(self.folder / "plan.json")

    def taken(self) -> Counter[str]:
        """Return how often each Message-ID was taken."""
        lines = (self.folder / "wire.log").read_text("utf-8").splitlines()
        return Counter(line.split(" ")[0] for line in lines)


@contextmanager
def wire(folder: Path) -> Iterator[Wire]:
    """Run the server until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wire.log").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.wire", str(folder)], stdin=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while not (folder / "port").exists():
            assert process.poll() is None, "the recording server did not start"
            assert time.monotonic() < deadline, "the recording server did not start in time"
            time.sleep(0.02)
        yield Wire(folder, int((folder / "port").read_text("ascii")), process.pid)
    finally:
        process.communicate(timeout=10)


class _Recorder:
    """aiosmtpd's hooks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = (folder / "wire.log").open("a", encoding="utf-8")
        self._seen = 0

    async def handle_RCPT(  # noqa: N802, PLR0917 - aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        self._seen += 1
        self._maybe_kill("rcpt")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        head = body.partition(b"\r\n\r\n")[0].decode("ascii")
        message_id = next(
            line.split(":", 1)[1].strip()
            for line in head.split("\r\n")
            if line.lower().startswith("message-id:")
        )
        self._log.write(f"{message_id} {envelope.rcpt_tos[0]}\n")
        self._log.flush()
        self._maybe_kill("after_dot")
        return "250 2.0.0 taken"

    def _maybe_kill(self, at: KillAt) -> None:
        path = self._folder / "plan.json"
        if not path.exists():
            return
        plan = json.loads(path.read_text("utf-8"))
        if plan["at"] != at:
            return
        plan["message"] -= 1
        if plan["message"] > 0:
            path.write_text(json.dumps(plan), "utf-8")
            return
        path.unlink()
        os.kill(plan["pid"], signal.SIGKILL)


def _serve(folder: Path) -> None:
    from aiosmtpd.controller import Controller

    controller = Controller(_Recorder(folder), hostname="127.0.0.1", port=_free_port())
    controller.start()
    draft = folder / "port.tmp"
    draft.write_text(str(controller.port), "ascii")
    draft.rename(folder / "port")
    sys.stdin.read()  # until our starter dies or closes it
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
