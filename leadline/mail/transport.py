"""Handing messages to a relay through aiosmtplib, and saying exactly how far each came.

aiosmtplib raises one class for a connection that is lost before and after a message was taken,
so MAIL, RCPT and DATA are driven apart and the phase is kept (facts: RFC 5321 4.5.3.2, RFC 1047).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, Self

import aiosmtplib

from leadline.domain.delivery import Phase, Reply
from leadline.errors import PermanentDeliveryError, TransientDeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from leadline.mail.relay import Relay

COMMAND_SECONDS: Final = 30
#: RFC 5321 4.5.3.2.6 asks a client to wait ten minutes for the answer to the final dot.
BODY_SECONDS: Final = 600
PER_CONNECTION: Final = 100
CONNECTIONS: Final = 5
_SERVICE_CLOSING: Final = 421
#: What SMTP calls an answer; aiosmtplib reports a malformed line as -1.
_ANSWERS: Final = range(200, 600)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a server has for an answer: to a command, and to the final dot."""

    command: float = COMMAND_SECONDS
    body: float = BODY_SECONDS


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

    async def send(
        self, envelopes: Sequence[Envelope], *, on_reply: Callable[[int, Reply], None]
    ) -> None:
        """Send at most `width` messages at once; `on_reply` is told each one's place and answer."""
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

    def __init__(
        self, relay: Relay, *, width: int = CONNECTIONS, patience: Patience | None = None
    ) -> None:
        """Name the relay; nothing is opened yet."""
        self._relay = relay
        self._width = width
        self._patience = patience or Patience()
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
        self._free.append(await self._open())
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

    async def send(
        self, envelopes: Sequence[Envelope], *, on_reply: Callable[[int, Reply], None]
    ) -> None:
        """Send each envelope on a connection of its own.

        Args:
            envelopes: at most `width` of them.
            on_reply: told the place and the answer of each as soon as it is there; whoever stops
                waiting for a slow one keeps those of the others.
        """

        async def send(place: int, envelope: Envelope) -> bool:
            reply = await self._send(envelope)
            on_reply(place, reply)
            return reply.phase is not Phase.CONNECT

        opened = sum(await asyncio.gather(*(send(*one) for one in enumerate(envelopes))))
        if 0 < opened < len(envelopes):  # the server takes so many connections and no more
            self._width = opened

    async def _send(self, envelope: Envelope) -> Reply:
        while self._free and not self._free[-1].is_usable:
            await self._free.pop().quit()
        kept = self._free.pop() if self._free else None
        if kept is not None:
            reply = await kept.send(envelope)
            if kept.is_usable or not reply.is_turned_away:
                self._free.append(kept)
                return reply
            # the server closed a connection that it had kept for us: nothing was said on it
            await kept.quit()
        try:
            connection = await self._open()
        except (RelayUnreachable, RelayRefuses) as error:
            return Reply(Phase.CONNECT, None, str(error.details.get("why", ""))[:200])
        reply = await connection.send(envelope)
        self._free.append(connection)
        return reply

    async def _open(self) -> _Connection:
        return await _Connection.open(self._relay, self._patience)


class _Connection:
    """One SMTP session."""

    def __init__(self, client: aiosmtplib.SMTP, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._sent = 0

    @classmethod
    async def open(cls, relay: Relay, patience: Patience) -> _Connection:
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user,
            password=relay.password,
            local_hostname=socket.gethostname().encode("ascii", "ignore").decode() or "localhost",
            timeout=patience.command,
            use_tls=relay.tls == "required",
            start_tls=relay.tls == "starttls",
        )
        try:
            await client.connect()
            await _greet(client)
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
            kind = RelayRefuses if _is_certificate(error) else RelayUnreachable
            raise kind(relay=str(relay), why=_reason(error)) from None
        except aiosmtplib.SMTPException as error:
            client.close()
            raise RelayRefuses(relay=str(relay), why=error.message[:100]) from None
        return cls(client, patience)

    @property
    def is_usable(self) -> bool:
        """Tell whether another message may go out here."""
        return self._client.is_connected and self._sent < PER_CONNECTION

    async def send(self, envelope: Envelope) -> Reply:
        """Run one mail transaction and say how far it came."""
        phase, command = Phase.SENDER, self._patience.command
        self._sent += 1
        try:
            await self._client.mail(envelope.sender, timeout=command)
            phase = Phase.ENVELOPE
            await self._client.rcpt(envelope.recipient, timeout=command)
            phase = Phase.BODY
            answer = await self._client.data(envelope.message, timeout=self._patience.body)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset(error.code)
            code = error.code if error.code in _ANSWERS else None
            return Reply(phase, code, _one_line(error.message))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # ValueError: a command that aiosmtplib will not write; one message must not stop others
            self._client.close()
            return Reply(phase, None, _reason(error))
        except BaseException:
            # after a cancellation in mid-transaction the session's state is not known
            self._client.close()
            raise
        return Reply(Phase.DONE, answer.code, _one_line(answer.message))

    async def _reset(self, code: int) -> None:
        if code == _SERVICE_CLOSING or code not in _ANSWERS:
            self._client.close()
            return
        try:
            await self._client.rset(timeout=self._patience.command)
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()

    async def quit(self) -> None:
        """End the session politely if it still stands."""
        if self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=self._patience.command)
        self._client.close()


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Say EHLO before the first message, so that its refusal is never taken for the recipient's."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            if not client.is_connected:
                raise
            await client.helo()


def _one_line(text: str) -> str:
    """Return a server's words as text that any database takes."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:500]


def _is_certificate(error: BaseException) -> bool:
    return isinstance(error.__cause__ or error, ssl.SSLCertVerificationError)


def _reason(error: BaseException) -> str:
    """Say why a connection failed in words that hold no address."""
    cause = error.__cause__ or error
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if isinstance(cause, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    return type(cause).__name__
