"""Handing messages to a relay through aiosmtplib, and saying exactly how far each came.

aiosmtplib raises one class for a connection that is lost before and after a message was taken,
so MAIL, RCPT and DATA are driven apart and the phase is kept (facts: RFC 5321 4.5.3.2, RFC 1047).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, Self

import aiosmtplib

from leadline.domain.delivery import Phase, Reply
from leadline.errors import PermanentDeliveryError, TransientDeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from leadline.mail.relay import Relay

COMMAND_SECONDS: Final = 30
#: RFC 5321 4.5.3.2.6 asks a client to wait ten minutes for the answer to the final dot.
BODY_SECONDS: Final = 600
PER_CONNECTION: Final = 100
CONNECTIONS: Final = 5
_SERVICE_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message to one address, ready to be written."""

    id: int
    sender: str
    recipient: str
    message: bytes


class Transport(Protocol):
    """What delivery needs of a way out."""

    @property
    def width(self) -> int:
        """How many messages may be on their way at once."""
        ...

    async def __aenter__(self) -> Self:
        """Make sure that the relay can be reached."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        ...

    async def send(self, envelopes: Sequence[Envelope]) -> list[Reply]:
        """Send at most `width` messages at once; one answer each, in order."""
        ...


class RelayUnreachable(TransientDeliveryError):
    """The relay does not answer or cannot take mail now."""

    texts: ClassVar = {
        "en": "The SMTP server {relay} cannot be used now: {why}. No mail was sent and none is "
        "lost: all of it waits in the outbox. Check LEADLINE_SMTP_URL and the server, then run "
        "`leadline run delivery`.",
        "ja": "SMTPサーバー {relay} を利用できません: {why}。メールは送信されておらず、失われても"
        "いません(送信待ちのままです)。LEADLINE_SMTP_URL とサーバーを確認し、"
        "`leadline run delivery` を実行してください。",
    }


class RelayRefuses(PermanentDeliveryError):
    """The relay refuses our login or lacks the TLS that we require."""

    texts: ClassVar = {
        "en": "The SMTP server {relay} refuses us: {why}. No mail was sent and none is lost. "
        "Mend user, password or tls in LEADLINE_SMTP_URL, then run `leadline run delivery`.",
        "ja": "SMTPサーバー {relay} に拒否されました: {why}。メールは送信されておらず、失われても"
        "いません。LEADLINE_SMTP_URL のユーザー・パスワード・tls を修正し、"
        "`leadline run delivery` を実行してください。",
    }


class SmtpTransport:
    """Up to `width` connections to one relay, kept open and recycled."""

    def __init__(self, relay: Relay, *, width: int = CONNECTIONS) -> None:
        """Name the relay; nothing is opened yet."""
        self._relay = relay
        self._width = width
        self._free: list[_Connection] = []

    @property
    def width(self) -> int:
        """How many messages may be on their way at once."""
        return self._width

    async def __aenter__(self) -> Self:
        """Open the first connection.

        Raises:
            RelayUnreachable: nobody answers, or not now.
            RelayRefuses: login or TLS is refused.
        """
        self._free.append(await _Connection.open(self._relay))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say QUIT on every connection."""
        await asyncio.gather(*(connection.quit() for connection in self._free))
        self._free.clear()

    async def send(self, envelopes: Sequence[Envelope]) -> list[Reply]:
        """Send each envelope on a connection of its own; one answer each, in order."""
        return list(await asyncio.gather(*(self._send(envelope) for envelope in envelopes)))

    async def _send(self, envelope: Envelope) -> Reply:
        while self._free and not self._free[-1].is_usable:
            await self._free.pop().quit()
        try:
            connection = self._free.pop() if self._free else await _Connection.open(self._relay)
        except (RelayUnreachable, RelayRefuses) as error:
            return Reply(Phase.CONNECT, None, str(error.details.get("why", ""))[:200])
        reply = await connection.send(envelope)
        self._free.append(connection)
        return reply


class _Connection:
    """One SMTP session."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client
        self._sent = 0

    @classmethod
    async def open(cls, relay: Relay) -> _Connection:
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user,
            password=relay.password,
            local_hostname=socket.gethostname().encode("ascii", "ignore").decode() or "localhost",
            timeout=COMMAND_SECONDS,
            use_tls=relay.tls == "required",
            start_tls=relay.tls == "starttls",
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            kind = RelayUnreachable if 400 <= error.code < 500 else RelayRefuses  # noqa: PLR2004
            raise kind(relay=str(relay), why=f"{error.code} at login") from None
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            kind = RelayUnreachable if 400 <= error.code < 500 else RelayRefuses  # noqa: PLR2004
            raise kind(relay=str(relay), why=f"it answered {error.code} on connecting") from None
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            client.close()
            raise RelayUnreachable(relay=str(relay), why="it does not answer") from None
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError, OSError) as error:
            client.close()
            raise RelayUnreachable(relay=str(relay), why=_reason(error)) from None
        except aiosmtplib.SMTPException as error:
            client.close()
            raise RelayRefuses(relay=str(relay), why=error.message[:100]) from None
        return cls(client)

    @property
    def is_usable(self) -> bool:
        """Tell whether another message may go out here."""
        return self._client.is_connected and self._sent < PER_CONNECTION

    async def send(self, envelope: Envelope) -> Reply:
        """Run one mail transaction and say how far it came."""
        phase = Phase.ENVELOPE
        self._sent += 1
        try:
            await self._client.mail(envelope.sender, timeout=COMMAND_SECONDS)
            await self._client.rcpt(envelope.recipient, timeout=COMMAND_SECONDS)
            phase = Phase.BODY
            answer = await self._client.data(envelope.message, timeout=BODY_SECONDS)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset(error.code)
            return Reply(phase, error.code, _one_line(error.message))
        except (aiosmtplib.SMTPException, OSError) as error:
            self._client.close()
            return Reply(phase, None, _reason(error))
        except BaseException:
            # after a cancellation in mid-transaction the session's state is not known
            self._client.close()
            raise
        return Reply(Phase.DONE, answer.code, _one_line(answer.message))

    async def _reset(self, code: int) -> None:
        if code == _SERVICE_CLOSING:
            self._client.close()
            return
        try:
            await self._client.rset(timeout=COMMAND_SECONDS)
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()

    async def quit(self) -> None:
        """End the session politely if it still stands."""
        if self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=COMMAND_SECONDS)
        self._client.close()


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]


def _reason(error: BaseException) -> str:
    """Say why a connection failed in words that hold no address."""
    cause = error.__cause__ or error
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if isinstance(cause, socket.gaierror):
        return "its name cannot be resolved"
    return type(cause).__name__
