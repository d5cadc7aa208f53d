"""The page script of a company's own web sites, off unless they are listed, and what it sends.

It asks for nothing and stores nothing before the visitor has consented. What it sends names a
visitor by a number of the browser's own; that it is a certain lead is known by a click alone.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter
from fastapi.responses import Response

from leadline.domain.behavior import without_addresses
from leadline.domain.links import keep_campaign
from leadline.domain.tokens import read_token
from leadline.store.visitors import PageView
from leadline.web.bodies import read_body
from leadline.web.clicks import CLASSIFIED_AFTER, agent_of
from leadline.web.network import network_of
from leadline.web.origins import origin_of
from leadline.web.pages import Refusal
from leadline.web.schema import PAGE_SCRIPT_ANSWERS, VISIT_ANSWERS, VISIT_REQUEST
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from leadline.config.shape import PageScript

router: Final = APIRouter()
_SCRIPT: Final = Path(__file__).with_name("page.js").read_bytes()
#: Page views of one network within a minute.
_PER_MINUTE: Final = 120
_MAX_BYTES: Final = 8_192
_MAX_URL: Final = 2_000
_NUMBER: Final = re.compile(r"[0-9a-f]{32}")


@router.get("/e.js", response_class=Response, responses=PAGE_SCRIPT_ANSWERS)
@router.head("/e.js", include_in_schema=False)
async def show_page_script(visit: Visiting) -> Response:
    """Give the script that a web site of the company may load."""
    _find_script(visit)
    return Response(_SCRIPT, media_type="text/javascript")


@router.options("/visits", include_in_schema=False)
async def allow_visit(visit: Visiting) -> Response:
    """Answer a browser that asks whether a page elsewhere may post."""
    _check_origin(visit, _find_script(visit))
    allowed = {
        "Allow": "OPTIONS, POST",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=allowed)


@router.post(
    "/visits",
    status_code=204,
    response_class=Response,
    responses=VISIT_ANSWERS,
    openapi_extra=VISIT_REQUEST,
)
async def take_visit(visit: Visiting) -> Response:
    """Take a page view: 204 once it is stored."""
    script = _find_script(visit)
    origin = _check_origin(visit, script)
    _check_pace(visit)
    body = await read_body(visit.request)
    await visit.site.store_page_view(_as_view(visit, script, origin, body), now=visit.now)
    return Response(status_code=204)


def _find_script(visit: Visit) -> PageScript:
    script = visit.work.project.settings.page_script
    if script is None:
        raise Refusal(404, "not_found")
    return script


def _check_origin(visit: Visit, script: PageScript) -> str:
    """Return the web site that posts.

    Raises:
        Refusal: 403, it is not listed.
    """
    origin = visit.request.headers.get("origin", "").lower()
    if origin not in map(origin_of, script.origins):
        raise Refusal(403, "foreign_site")
    visit.request.state.cors_origin = origin
    return origin


def _check_pace(visit: Visit) -> None:
    key = ("visit", network_of(visit.network_address))
    wait = visit.site.pace.take(key, limit=_PER_MINUTE, now=visit.now)
    if wait is not None:
        raise Refusal(429, "too_many_posts", {"Retry-After": str(ceil(wait.total_seconds()))})


def _as_view(visit: Visit, script: PageScript, origin: str, body: bytes) -> PageView:
    """Return what a body says.

    Raises:
        Refusal: 400, it is not what our script sends, or names a page of another web site.
    """
    sent = _read(body)
    is_ours = _NUMBER.fullmatch(sent["id"]) and _NUMBER.fullmatch(sent["visitor"])
    url = sent["url"]
    if not is_ours or len(url) > _MAX_URL or origin_of(url) != origin or not url.isprintable():
        raise Refusal(400, "bad_request")
    keys = visit.work.environment.secret_keys
    return PageView(
        id=sent["id"],
        visitor=sent["visitor"],
        kind=_kind(url, script),
        url=without_addresses(keep_campaign(url)) or "",
        click=read_token("visit", sent["token"], keys=keys, now=visit.now),
        network=network_of(visit.network_address) or None,
        user_agent=agent_of(visit.request) or None,
        at=visit.now,
        due_at=visit.now + CLASSIFIED_AFTER,
    )


def _read(body: bytes) -> dict[str, str]:
    try:
        sent: Any = json.loads(body) if len(body) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        sent = None
    names = ("id", "visitor", "url", "token")
    found = {name: sent.get(name, "") for name in names} if isinstance(sent, dict) else {}
    if not found or not all(isinstance(value, str) for value in found.values()):
        raise Refusal(400, "bad_request")
    return found


def _kind(url: str, script: PageScript) -> str:
    path = unquote(urlsplit(url).path).lower()
    is_pricing = any(fnmatchcase(path, pattern.lower()) for pattern in script.pricing_paths)
    return "pricing_page_viewed" if is_pricing else "page_viewed"
