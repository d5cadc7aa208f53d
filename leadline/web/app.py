"""The web app: forms, unsubscribe, accept and decline, links of mails, page views.

A GET never changes state; following a link of a mail leaves an event, which is no more than an
observation.

`leadline serve` runs it; so may any ASGI server, without an access log of its own:

    uvicorn leadline.web.app:create_app_from_environment --factory --no-access-log

Paths hold tokens, so the logger `leadline.web` writes one line per request with the route's
template and the status instead.
"""

from __future__ import annotations

import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from leadline.clock import SystemClock
from leadline.config.environment import read_environment
from leadline.errors import StoreError
from leadline.stages import open_workspace
from leadline.store.posts import keep_small
from leadline.web import (
    assets,
    assignments,
    clicks,
    confirmations,
    events,
    forms,
    health,
    scripts,
    unsubscribe,
    visits,
    webhooks,
)
from leadline.web.guard import Guard
from leadline.web.pages import Refusal, show_refusal
from leadline.web.site import Site, open_visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from leadline.clock import Clock
    from leadline.stages import Workspace

_LOG = logging.getLogger("leadline.web")
RETRY_AFTER: Final = "30"


def create_app(work: Workspace, *, clock: Clock) -> FastAPI:
    """Return the web app over an open workspace, which stays the caller's to close."""
    app = FastAPI(
        title="leadline",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url="/openapi.json",
    )
    app.state.site = Site(work, clock=clock)
    for module in (
        forms,
        unsubscribe,
        confirmations,
        assets,
        assignments,
        health,
        scripts,
        clicks,
        visits,
        webhooks,
        events,
    ):
        app.include_router(module.router)
    app.add_middleware(Guard, is_https=work.environment.base_url.startswith("https://"))
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(StoreError, _store_unavailable)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(404, _no_route)
    app.add_exception_handler(405, _wrong_method)
    return app


def create_app_from_environment() -> FastAPI:
    """Read the environment once, open the workspace, and return the web app over it.

    Raises:
        ConfigError: the project folder has faults, or there is none.
        StoreError: the database cannot be used.
    """
    clock = SystemClock()
    work = open_workspace(read_environment(os.environ), now=clock.now())
    keep_small(work.store)
    app = create_app(work, clock=clock)

    @asynccontextmanager
    async def close_after(_app: FastAPI) -> AsyncIterator[None]:
        with work:
            yield

    app.router.lifespan_context = close_after
    return app


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    visit = await open_visit(request)
    return await show_refusal(visit, error.status, error.code, error.headers)


async def _store_unavailable(request: Request, error: Exception) -> Response:
    """Say that nothing was stored and when to come back; the log says what is wrong."""
    _LOG.error("%s", error)
    visit = await open_visit(request)
    return await show_refusal(visit, 503, "store_unavailable", {"Retry-After": RETRY_AFTER})


async def _not_understood(request: Request, _error: Exception) -> Response:
    return await show_refusal(await open_visit(request), 400, "bad_request")


async def _no_route(request: Request, _error: Exception) -> Response:
    return await show_refusal(await open_visit(request), 404, "not_found")


async def _wrong_method(request: Request, _error: Exception) -> Response:
    # each method is a route of its own, so that the error knows the methods of one of them only
    is_posted = request.scope["path"].startswith(("/forms/", "/u/", "/a/", "/d/", "/confirm/"))
    headers = {"Allow": "GET, HEAD, POST" if is_posted else "GET, HEAD"}
    if request.scope["path"] == "/visits":
        headers = {"Allow": "OPTIONS, POST"}
    if request.scope["path"].startswith("/webhooks/"):
        headers = {"Allow": "GET, POST"}
    if request.scope["path"].startswith("/events/"):
        headers = {"Allow": "POST"}
    return await show_refusal(await open_visit(request), 405, "method_not_allowed", headers)
