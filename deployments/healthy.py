"""Whether a program of a container does its work: the health checks of `compose.yaml`.

    python -m deployments.healthy URL [--oldest SECONDS]

The URL must answer with status 200. With --oldest, it is the web app's `/healthz`, and no form
post may have waited longer for the pipeline. The exit code is 0 when that holds, else 1; one
line says what was found.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Less than the time limit of the health checks in `compose.yaml`.
ANSWER_SECONDS: Final = 8.0


def main(words: Sequence[str] | None = None) -> int:
    """Ask, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.healthy", description=__doc__)
    parser.add_argument("url", help="http://host:port/path")
    parser.add_argument("--oldest", type=int, metavar="SECONDS", help="longest wait of a form post")
    asked = parser.parse_args(words)
    fault = find_fault(asked.url, oldest=asked.oldest)
    print(fault or "healthy")
    return 1 if fault else 0


def find_fault(url: str, *, oldest: int | None = None) -> str:
    """Return what is wrong, in one line; "" when nothing is.

    Args:
        url: what is asked.
        oldest: seconds that a form post may wait; None when the answer itself is enough.
    """
    try:
        status, body = _get(url)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {type(error).__name__}"
    if status != http.client.OK:
        return f"status {status}"
    return "" if oldest is None else _find_wait(body, oldest)


def _get(url: str) -> tuple[int, bytes]:
    """Ask without a proxy, for every address is inside the network of the containers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "127.0.0.1", parts.port, timeout=ANSWER_SECONDS
    )
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _find_wait(body: bytes, oldest: int) -> str:
    try:
        found: dict[str, Any] = json.loads(body)
        waited = int(found["oldest_unclaimed_seconds"] or 0)
    except (ValueError, KeyError, TypeError):
        return "the answer is not that of /healthz"
    return f"a form post has waited for {waited} s" if waited > oldest else ""


if __name__ == "__main__":
    sys.exit(main())
