"""Links of our mails: who follows one is noted as an event, and sent on to where it leads.

This is the one GET that writes, and it writes observations alone: whoever it was, a person or a
program that looks ahead, is found out later. Where a link leads stands in the database and never
in the address, so that nobody can make it lead elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from leadline.domain.keys import click_key
from leadline.domain.links import read_subject, with_parameter
from leadline.domain.tokens import read_token, sign_token
from leadline.errors import StoreError
from leadline.store.links import Click, find_target
from leadline.web.network import network_of
from leadline.web.origins import origin_of
from leadline.web.pages import Refusal
from leadline.web.schema import CLICK_ANSWERS
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from fastapi import Request

    from leadline.domain.links import Target
    from leadline.stages import Workspace

_LOG = logging.getLogger("leadline.web")
router: Final = APIRouter()
#: How long after it an event may still be understood by others around it.
CLASSIFIED_AFTER: Final = timedelta(seconds=10)
#: How long the page that a link leads to may name it.
VISIT_LIFE: Final = timedelta(hours=1)
#: The parameter by which it does.
VISIT_PARAMETER: Final = "ll"
#: Uses of the links of one mail by one network within a minute; more are sent on and not noted.
_PER_MINUTE: Final = 60
#: How long somebody waits for the note before the way on.
_PATIENCE: Final = 3.0
_AHEAD: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD_WORD: Final = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_UNSHOWN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_MAX_AGENT: Final = 255


@router.get("/c/{token}", status_code=302, response_class=Response, responses=CLICK_ANSWERS)
@router.head("/c/{token}", include_in_schema=False)
async def follow_link(visit: Visiting, token: str) -> Response:
    """Note that a link was followed, and lead on to its target."""
    keys = visit.work.environment.secret_keys
    subject = read_token("click", token, keys=keys, now=visit.now)
    if subject is None:
        raise Refusal(404, "not_found")
    message, key = read_subject(subject)
    target = await visit.site.look(_find, visit.work, key)
    if target is None:
        raise Refusal(404, "not_found")
    click = _as_click(visit, message, key, target)
    is_noted = await _note(visit, message, click)
    return RedirectResponse(_way_on(visit, target, click) if is_noted else target.url, 302)


def _find(work: Workspace, key: str) -> Target | None:
    with work.store.read() as connection:
        return find_target(connection, key)


def _as_click(visit: Visit, message: str, key: str, target: Target) -> Click:
    network, agent = network_of(visit.network_address), agent_of(visit.request)
    method = visit.request.method
    is_prefetch = looks_ahead(visit.request)
    client = f"{network}\0{agent}\0{method}\0{is_prefetch}"
    domain = visit.work.project.settings.mail.from_address.rpartition("@")[2]
    return Click(
        external_id=click_key(message + key, client, int(visit.now.timestamp())),
        message_id=f"<{message}@{domain}>",
        url=target.url,
        network=network or None,
        user_agent=agent or None,
        detail={"method": method, "prefetch": is_prefetch, "trap": target.is_trap},
        at=visit.now,
        due_at=visit.now + CLASSIFIED_AFTER,
    )


def agent_of(request: Request) -> str:
    """Return what a request says of the program that sent it, cut to a sane length."""
    return _UNSHOWN.sub(" ", request.headers.get("user-agent", "")).strip()[:_MAX_AGENT]


def looks_ahead(request: Request) -> bool:
    """Tell whether a request says that nobody has asked for it yet."""
    return any(_AHEAD_WORD.search(request.headers.get(name, "")) for name in _AHEAD)


async def _note(visit: Visit, message: str, click: Click) -> bool:
    """Store the use of a link; whoever followed it goes on all the same when that fails."""
    key = ("click", message, click.network)
    if visit.site.pace.take(key, limit=_PER_MINUTE, now=visit.now) is not None:
        return False
    try:
        async with asyncio.timeout(_PATIENCE):
            return await visit.site.store_click(click, now=visit.now)
    except (StoreError, TimeoutError) as error:
        _LOG.error("a click was not recorded: %s", type(error).__name__)
        return False


def _way_on(visit: Visit, target: Target, click: Click) -> str:
    """Return the target; a page with our script learns by which use of a link it was reached."""
    script = visit.work.project.settings.page_script
    if script is None or target.is_trap or click.detail["prefetch"]:
        return target.url
    if visit.request.method != "GET" or origin_of(target.url) not in map(origin_of, script.origins):
        return target.url
    token = sign_token(
        "visit",
        click.external_id,
        keys=visit.work.environment.secret_keys,
        expires_at=visit.now + VISIT_LIFE,
    )
    return with_parameter(target.url, VISIT_PARAMETER, token)
