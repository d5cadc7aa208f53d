"""Questions to a Prefect server that is busy: asked again until it answers."""

from __future__ import annotations

from typing import Any, Final

import httpx

from tests.clocks import wait_until

_PATIENCE: Final = 180.0
_TIMEOUT: Final = 60.0


def ask(method: str, url: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """Return what a server answers, None for nothing.

    While another transaction has its database, it answers 503 or not in time.

    Raises:
        httpx.HTTPError: it is away, or refuses.
    """
    found: list[httpx.Response] = []

    def has_answered() -> bool:
        try:
            found.append(httpx.request(method, url, json=body or None, timeout=_TIMEOUT))
        except httpx.ReadTimeout:
            return False
        return found[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

    wait_until(has_answered, "the server", patience=_PATIENCE)
    answer = found[-1].raise_for_status()
    return answer.json() if answer.content else None
