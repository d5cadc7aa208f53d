"""Drives a web app with posts over connections that stay open, and times each of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MESSAGE: Final = "We would like to see a demo and a quote for 40 people. " * 4
_ACCEPTED: Final = (200, 201)


@dataclass
class Driven:
    """What came of posts.

    Attributes:
        seconds: from the first post to the last answer.
        latencies: of each post, in seconds.
        answers: how many by status.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def accepted(self) -> int:
        """How many were told that they are stored."""
        return sum(self.answers[status] for status in _ACCEPTED)

    def slowest(self, share: float) -> float:
        """Return the latency that this share of the posts did not exceed, in milliseconds."""
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))] * 1000


def drive(
    port: int,
    numbers: range,
    *,
    connections: int,
    request: Callable[[int], bytes] | None = None,
) -> Driven:
    """Post one request for each number, all different; without `request` it is a form."""
    return asyncio.run(_drive(port, numbers, connections, request or _form))


async def _drive(
    port: int, numbers: range, connections: int, request: Callable[[int], bytes]
) -> Driven:
    driven, waiting = Driven(), map(request, numbers)
    started = time.perf_counter()
    await asyncio.gather(*(_post_all(port, waiting, driven) for _ in range(connections)))
    driven.seconds = time.perf_counter() - started
    return driven


async def _post_all(port: int, waiting: Iterator[bytes], driven: Driven) -> None:
    """Post over one connection as long as there is something to post."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for posted in waiting:
        started = time.perf_counter()
        writer.write(posted)
        status = await _read_answer(reader)
        driven.latencies.append(time.perf_counter() - started)
        driven.answers[status] += 1
    writer.close()
    await writer.wait_closed()


def _form(number: int) -> bytes:
    fields = {
        "full_name": f"Person {number}",
        "email": f"person{number}@company{number % 977}.example",
        "company": f"Company {number % 977}",
        "message": _MESSAGE,
    }
    body = urlencode(fields).encode()
    head = (
        "POST /forms/contact?lang=en HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
        "Accept: application/json\r\nAccept-Language: en-US,en;q=0.9\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read_answer(reader: asyncio.StreamReader) -> int:
    """Read one answer whole and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    await reader.readexactly(int(length))
    return int(head.split(" ", 2)[1])
