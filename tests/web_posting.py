"""Posts to a real server, and exactly what came back for each.

Several posts at once go over a connection each. All but the last byte of each is sent before; the
last bytes go out one right after the other, so that the posts are complete at the same moment.
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tests.warm_server import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

FORM: Final = "/forms/contact"
#: A source whose posts name their own id.
TOOL: Final = "tool"


@dataclass(frozen=True)
class Post:
    """One post.

    Attributes:
        who: number of the person; several posts may be of one.
        says: what no other post says.
        key: its idempotency key, "" for none.
        email: as it is written; the person's own when None.
        length: of what it says, at least.
        is_delivery: whether it is a webhook's, with the key as its id.
    """

    who: int
    says: str
    key: str = ""
    email: str | None = None
    length: int = 0
    is_delivery: bool = False

    @property
    def body(self) -> dict[str, str]:
        """Its fields."""
        id_ = {"id": self.key} if self.is_delivery else {}
        return id_ | {
            "full_name": f"Person {self.who}",
            "company": f"Company {self.who}",
            "email": self.email or f"person{self.who}@fault.example",
            "message": self.says.ljust(self.length, "."),
        }

    @property
    def request(self) -> bytes:
        """What goes over the wire."""
        path, kind = FORM, "application/x-www-form-urlencoded"
        body, headers = urlencode(self.body), {"Idempotency-Key": self.key}
        if self.is_delivery:
            path, kind = f"/webhooks/{TOOL}", "application/json"
            body, headers = json.dumps(self.body), {}
        headers |= {"Content-Type": kind, "Content-Length": str(len(body))}
        lines = [f"{name}: {value}" for name, value in headers.items() if value]
        start = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        return "\r\n".join([*start, *lines, "", body]).encode()


@dataclass(frozen=True)
class Told:
    """What a poster was told: a whole answer, or its beginning.

    Attributes:
        document: None when the answer broke off behind its status.
    """

    status: int
    retry_after: str | None = None
    document: Any = None

    @property
    def is_yes(self) -> bool:
        """Tell whether the post was acknowledged."""
        return 200 <= self.status < 300

    @property
    def submission(self) -> int | None:
        """The number under which the post is stored, as far as that was told."""
        return None if self.document is None else self.document.get("submission")


def post_together(port: int, posts: Sequence[Post]) -> list[Told | None]:
    """Post over a connection each, all at once; None for who was told nothing.

    Raises:
        TimeoutError: a server that lives did not answer.
    """
    with ExitStack() as stack:
        lines = [_connect(port, stack) for _ in posts]
        for line, post in zip(lines, posts, strict=True):
            _send(line, post.request[:-1])
        for line, post in zip(lines, posts, strict=True):
            _send(line, post.request[-1:])
        return [_hear(line) for line in lines]


class Posting:
    """Posts that are under way: sent, and not answered yet."""

    def __init__(self, port: int, posts: Sequence[Post], stack: ExitStack) -> None:
        """Send them; the connections last as long as `stack`."""
        self._lines = [_connect(port, stack) for _ in posts]
        for line, post in zip(self._lines, posts, strict=True):
            _send(line, post.request)

    @property
    def ports(self) -> set[int]:
        """Our end of each connection."""
        return {line.getsockname()[1] for line in self._lines if line is not None}

    def hear(self) -> list[Told | None]:
        """Wait for the answers."""
        return [_hear(line) for line in self._lines]


def _connect(port: int, stack: ExitStack) -> socket.socket | None:
    try:
        line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    except (ConnectionError, BrokenPipeError):
        return None
    stack.callback(line.close)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _send(line: socket.socket | None, data: bytes) -> None:
    if line is not None:
        try:
            line.sendall(data)
        except ConnectionError:
            return  # nobody is there any more, which reading shows


def _hear(line: socket.socket | None) -> Told | None:
    if line is None:
        return None
    response = http.client.HTTPResponse(line, method="POST")
    try:
        response.begin()
    except (ConnectionError, http.client.HTTPException):
        return None
    told = Told(response.status, response.getheader("Retry-After"))
    try:
        return Told(told.status, told.retry_after, json.loads(response.read()))
    except (ConnectionError, http.client.IncompleteRead):
        return told
