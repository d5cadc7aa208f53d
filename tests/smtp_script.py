"""An SMTP server that says what a script tells it to, and notes what it was told.

A script names replies by what they answer: `greeting`, a command, or `.` for the end of the body.
A list is used up reply by reply, and its last one stays; the greetings are counted over the
whole server, the others within a connection. What is not named is answered kindly. Besides its
words a reply may hold:

- `<drop>`: then the connection is closed (alone: without an answer);
- `<silent>`: no answer at all;
- `<slow>`: the answer comes three seconds later;
- `<tls>`: then TLS begins.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping, Sequence

_KIND: Final = {
    "greeting": "220 ready",
    "EHLO": "250 at your service",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "QUIT": "221 bye<drop>",
}


@dataclass
class Scripted:
    """What happened at the server.

    Attributes:
        port: on 127.0.0.1.
        talks: the commands of each connection, in order; TLS is noted as `<tls>`.
        messages: every body whose end was seen.
    """

    script: Mapping[str, str | Sequence[str]]
    tls: ssl.SSLContext | None = None
    port: int = 0
    talks: list[list[str]] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    @property
    def verbs(self) -> set[str]:
        """Return every command that was heard."""
        return {line.split(" ")[0] for talk in self.talks for line in talk}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one conversation."""
        number, counts = len(self.talks), Counter[str]()
        self.talks.append([])
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            goes_on = await self._say(writer, "greeting", number)
            while goes_on:
                line = (await reader.readuntil(b"\n")).decode("ascii").strip()
                self.talks[number].append(line)
                verb = line.split(" ")[0].upper()
                goes_on = await self._say(writer, verb, counts[verb])
                counts[verb] += 1
                if verb == "DATA" and self._reply(verb, counts[verb] - 1).startswith("354"):
                    self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                    goes_on = await self._say(writer, ".", counts["."])
                    counts["."] += 1
        writer.close()

    def _reply(self, to: str, number: int) -> str:
        said = self.script.get(to, _KIND.get(to, "250 2.1.0 ok"))
        return said if isinstance(said, str) else said[min(number, len(said) - 1)]

    async def _say(self, writer: asyncio.StreamWriter, to: str, number: int) -> bool:
        """Answer; tell whether the conversation goes on."""
        reply = self._reply(to, number)
        words = reply.partition("<")[0]
        if "<slow>" in reply:
            await asyncio.sleep(3)
        if words:
            writer.write("".join(f"{line}\r\n" for line in words.split("|")).encode("latin-1"))
            await writer.drain()
        if "<tls>" in reply and self.tls is not None:
            await writer.start_tls(self.tls)
            self.talks[-1].append("<tls>")
        return "<drop>" not in reply


@asynccontextmanager
async def scripted(
    script: Mapping[str, str | Sequence[str]] | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Scripted]:
    """Run a server until the block ends."""
    found = Scripted(script or {}, tls)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)
