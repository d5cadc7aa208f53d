"""The built-in mailbox: a real SMTP server on loopback that files what it takes in a Maildir.

Nothing leaves the computer, and the sender speaks to it exactly as to any relay.
"""

from __future__ import annotations

import email.policy
import itertools
import logging
import os
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from leadline.mail.relay import Relay
from leadline.mail.transport import CONNECTIONS, SmtpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from aiosmtpd.smtp import SMTP as Server  # noqa: N811 - its name there
    from aiosmtpd.smtp import Envelope, Session

_numbers = itertools.count()
#: aiosmtpd names every recipient at INFO, and logs are no place for addresses.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Maildir:
    """Files each message under `new/`, completely or not at all."""

    def __init__(self, folder: Path) -> None:
        """Make the folder's three parts."""
        self._folder = folder
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's hook
        self, server: Server, session: Session, envelope: Envelope
    ) -> str:
        """Take one message: written, synced and renamed before the answer."""
        del server, session
        name = f"{time.time_ns()}.{os.getpid()}_{next(_numbers)}.leadline"
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        recipients = ", ".join(envelope.rcpt_tos)
        draft = self._folder / "tmp" / name
        with draft.open("wb") as file:
            file.write(f"X-Original-To: {recipients}\r\n".encode() + body)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / "new" / name)
        return "250 2.0.0 filed"


class _LoopbackController(Controller):
    """aiosmtpd's server in a thread, on a free port of 127.0.0.1."""

    def _create_server(self) -> Any:  # noqa: ANN401 - aiosmtpd's signature
        return self.loop.create_server(self._factory_invoker, sock=self.listener)

    def _trigger_server(self) -> None:
        with socket.create_connection(self.listener.getsockname(), timeout=5) as probe:
            probe.recv(64)

    listener: socket.socket


def start_sink(folder: Path) -> tuple[Controller, Relay]:
    """Start the server; the caller stops the controller when it is done."""
    listener = socket.create_server(("127.0.0.1", 0))
    controller = _LoopbackController(Maildir(folder), hostname="127.0.0.1", port=0)
    controller.listener = listener
    controller.start()
    return controller, Relay("127.0.0.1", listener.getsockname()[1], "none")


@asynccontextmanager
async def sink_transport(folder: Path) -> AsyncIterator[SmtpTransport]:
    """Give a transport into the built-in mailbox for as long as the context lasts."""
    controller, relay = start_sink(folder)
    try:
        async with SmtpTransport(relay, width=CONNECTIONS) as transport:
            yield transport
    finally:
        controller.stop()


@dataclass(frozen=True, slots=True)
class Filed:
    """One message of the mailbox."""

    path: Path
    recipient: str
    subject: str
    at: datetime | None


def read_mailbox(folder: Path) -> list[Filed]:
    """Return what the mailbox holds, oldest first."""
    parser = BytesParser(policy=email.policy.default)
    found = []
    for path in sorted((*folder.glob("new/*"), *folder.glob("cur/*"))):
        with path.open("rb") as file:
            message = parser.parse(file, headersonly=True)
        date = message["Date"]
        found.append(
            Filed(
                path,
                str(message["X-Original-To"] or message["To"] or ""),
                str(message["Subject"] or ""),
                parsedate_to_datetime(str(date)) if date else None,
            )
        )
    return found
