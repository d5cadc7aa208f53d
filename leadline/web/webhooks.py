"""Webhooks: what a tool posts is stored word for word before it is answered with 200.

A signature or a key is checked first, and what fails is not stored. Only what has to be known at
once is read before: the vendor's id, and whether it is a trial. A body in which that cannot be
read is quarantined and answered all the same, so that nobody posts it for ever.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from leadline.config.environment import webhook_variable
from leadline.config.mappings import source_settings
from leadline.config.webhook_readings import FETCHED, find_webhook, reading_of
from leadline.domain.payloads import (
    Delivered,
    Reading,
    Unreadable,
    find_leads,
    keep_body,
    open_body,
)
from leadline.domain.signatures import check_key
from leadline.store.deliveries import add_deliveries, delivery_of
from leadline.web.pages import Refusal
from leadline.web.senders import receive
from leadline.web.site import Visiting
from leadline.web.webhook_schema import (
    HANDSHAKE_ANSWERS,
    HANDSHAKE_REQUEST,
    WEBHOOK_ANSWERS,
    WEBHOOK_REQUEST,
)

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.config.webhooks import WebhookShape
    from leadline.stages import Workspace
    from leadline.store.submissions import Arrival

router: Final = APIRouter()
_LOG: Final = logging.getLogger("leadline.web")


@router.get(
    "/webhooks/{source}",
    response_class=PlainTextResponse,
    responses=HANDSHAKE_ANSWERS,
    openapi_extra=HANDSHAKE_REQUEST,
)
async def shake_hands(visit: Visiting, source: str) -> Response:
    """Answer Meta's handshake: the challenge, when it knows the token that we chose."""
    webhook = find_webhook(visit.work.project, source)
    if webhook is None or webhook.vendor != FETCHED:
        raise Refusal(404, "not_found")
    query = visit.request.query_params
    variable = webhook_variable("VERIFY", source)
    tokens = visit.work.environment.webhook_secrets.get(variable, ())
    if not tokens:
        _LOG.error("webhook %s: the variable %s is not set", source, variable)
    is_known = check_key(query.get("hub.verify_token", ""), tokens)
    if query.get("hub.mode") != "subscribe" or not is_known:
        raise Refusal(403, "not_verified")
    return PlainTextResponse(query.get("hub.challenge", "")[:1000])


@router.post(
    "/webhooks/{source}",
    status_code=200,
    responses=WEBHOOK_ANSWERS,
    openapi_extra=WEBHOOK_REQUEST,
)
async def take_delivery(visit: Visiting, source: str) -> Response:
    """Take what a tool posts: 200 once it is stored, also when it was stored before."""
    webhook = find_webhook(visit.work.project, source)
    if webhook is None:
        raise Refusal(404, "not_found")
    body = await receive(visit, source, webhook, what="webhook")
    post = _Post(source, webhook, body, visit.request.headers.get("content-type", ""))
    arrivals = _arrivals(visit.work, post, now=visit.now)
    if arrivals:
        await visit.site.in_turn(_store, visit.work, arrivals, now=visit.now)
    return JSONResponse({})


@dataclass(frozen=True, slots=True)
class _Post:
    """One request of a source that may post."""

    source: str
    webhook: WebhookShape
    body: bytes
    content_type: str


def _arrivals(work: Workspace, post: _Post, *, now: datetime) -> list[Arrival]:
    """Return what is to be stored of a post; nothing of a trial."""
    reading = reading_of(work.project.mappings[post.source], work.project.settings.fields)
    try:
        return _wanted(work, post, reading or Reading(), now=now)
    except Unreadable as error:
        raw = keep_body(post.body, post.content_type)
        return [_arrival(work, post, Delivered(raw), now=now, error=error)]


def _wanted(work: Workspace, post: _Post, reading: Reading, *, now: datetime) -> list[Arrival]:
    """Return the leads of a post that count.

    Raises:
        Unreadable: the body cannot be read.
    """
    value = open_body(reading, post.body, post.content_type)
    found = find_leads(reading, post.body, post.content_type, value=value)
    dropped = Counter(each.rule for each in found if each.rule)
    for rule, count in sorted(({"leads": 1} if not found else dropped).items()):
        _LOG.info("webhook %s: %d answered and not kept by `%s`", post.source, count, rule)
    return [_arrival(work, post, each, now=now) for each in found if not each.rule]


def _arrival(
    work: Workspace,
    post: _Post,
    delivered: Delivered,
    *,
    now: datetime,
    error: Unreadable | None = None,
) -> Arrival:
    consent = source_settings(work.project, post.source).consent
    arrival = delivery_of(
        post.source,
        delivered,
        received_at=now,
        is_signed=post.webhook.signature is not None,
        consent=(consent.version, consent.wording) if consent else (None, None),
    )
    if error is None:
        return arrival
    return replace(arrival, reason=error.reason, field="", detail=str(error))


def _store(work: Workspace, arrivals: list[Arrival], *, now: datetime) -> None:
    """Commit everything that one post holds."""
    with work.store.write() as connection:
        add_deliveries(connection, arrivals, now=now)
