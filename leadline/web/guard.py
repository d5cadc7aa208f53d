"""Around every answer: security headers, one log line without personal data, and no trace."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from fastapi import Request

from leadline.web.languages import choose_language
from leadline.web.pages import bare_refusal

_LOG = logging.getLogger("leadline.web")
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_YEAR: Final = 31_536_000

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Guard:
    """ASGI middleware; the outermost of ours.

    A route says in `request.state` what its answer allows: `frame_ancestors`, `form_action`
    and `script_source` (sources of a Content-Security-Policy), and `cors_origin`.
    """

    def __init__(self, app: App, *, is_https: bool) -> None:
        """Wrap `app`; `is_https` says whether the public address is one."""
        self._app = app
        self._is_https = is_https

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed: dict[str, Any] = scope.setdefault("state", {})
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = self._headers(allowed)
                message["headers"] = [*message.get("headers", ()), *_encoded(added)]
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 - the server would print it, with the data in it
            _LOG.error("%s at %s", type(error).__name__, _place(error))
            if not status:
                await _failed(scope, receive, send_guarded)
        _LOG.info("%s %s %d", _method(scope), _route(scope), status)

    def _headers(self, allowed: dict[str, Any]) -> dict[str, str]:
        ancestors = allowed.get("frame_ancestors", "'none'")
        targets = allowed.get("form_action", "'self'")
        script = f"script-src {source}; " if (source := allowed.get("script_source")) else ""
        headers = {
            "Content-Security-Policy": f"default-src 'none'; {script}style-src 'unsafe-inline'; "
            f"base-uri 'none'; form-action {targets}; frame-ancestors {ancestors}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Vary": "Accept, Accept-Language, Origin",
        }
        if origin := allowed.get("cors_origin"):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After"
        if self._is_https:
            headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
        return headers


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]


async def _failed(scope: Message, receive: Receive, send: Send) -> None:
    request = Request(scope)
    lang = choose_language(
        request.query_params.get("lang", ""), request.headers.get("accept-language", "")
    )
    await bare_refusal(request, 500, "failed", lang=lang or "en")(scope, receive, send)


def _place(error: Exception) -> str:
    """Return module and line where an error arose; its text could hold data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _method(scope: Message) -> str:
    method = str(scope["method"])
    return method if method in _METHODS else "OTHER"


def _route(scope: Message) -> str:
    """Return the route's template: the path itself may hold a token."""
    return str(getattr(scope.get("route"), "path", "(no route)"))
