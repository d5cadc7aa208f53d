"""A server that answers as Meta's Graph API does, or as a script tells it to, on loopback."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class Graph:
    """What the server says, and what it was asked.

    Attributes:
        answers: body by lead id; a number is a status, bytes are sent as they are, `silent` waits
            until the server ends, and `elsewhere` sends on to /elsewhere.
        asked: path without query, and the Authorization header, of each request.
    """

    answers: Mapping[str, Any]
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def a_graph(answers: Mapping[str, Any]) -> Iterator[Graph]:
    """Serve a script on a free port until the block ends."""
    graph = Graph(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            graph.asked.append((path, self.headers.get("Authorization", "")))
            found = graph.answers.get(path.rpartition("/")[2], 404)
            if found == "silent":
                graph.over.wait(60)
                found = 500
            status = found if isinstance(found, int) else 302 if found == "elsewhere" else 200
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", f"{graph.url}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    graph.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield graph
    finally:
        graph.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
