"""Unsubscribing: a page with one button, and the one-click POST of RFC 8058.

Neither needs a cookie or a login, and a GET changes nothing: mail scanners open every link. The
token holds an opaque id; the address is never shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from leadline.domain.tokens import read_token
from leadline.store.answers import add_unsubscribe, find_marketing_message
from leadline.web.pages import Refusal, show_page
from leadline.web.schema import ONE_CLICK_REQUEST, PAGE_ANSWERS
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.stages import Workspace

router: Final = APIRouter()


@router.get("/u/{token}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
@router.head("/u/{token}", include_in_schema=False)
async def show_unsubscribe(visit: Visiting, token: str) -> Response:
    """Show the button that unsubscribes; nothing changes before it is pressed."""
    _read(visit, token)
    return await show_page(visit, "unsubscribe", {"action": f"?lang={visit.lang}"})


@router.post(
    "/u/{token}",
    response_class=HTMLResponse,
    responses=PAGE_ANSWERS,
    openapi_extra=ONE_CLICK_REQUEST,
)
async def unsubscribe(visit: Visiting, token: str) -> Response:
    """Unsubscribe: by the page's button, or by one click in the mail program (RFC 8058)."""
    local_part = _read(visit, token)
    is_known = await visit.site.in_turn(
        _unsubscribe, visit.work, local_part, network_address=visit.network_address, now=visit.now
    )
    if not is_known:
        raise Refusal(404, "not_found")
    return await show_page(visit, "unsubscribed", {})


def _read(visit: Visit, token: str) -> str:
    """Return what the token stands for.

    Raises:
        Refusal: 404, the token is forged, cut short or for another purpose.
    """
    keys = visit.work.environment.secret_keys
    subject = read_token("unsubscribe", token, keys=keys, now=visit.now)
    if subject is None:
        raise Refusal(404, "not_found")
    return subject


def _unsubscribe(
    work: Workspace, local_part: str, *, network_address: str | None, now: datetime
) -> bool:
    domain = work.project.settings.mail.from_address.rpartition("@")[2]
    with work.store.write() as connection:
        message = find_marketing_message(connection, local_part, domain=domain)
        if message is None:
            return False
        add_unsubscribe(connection, message, network_address=network_address, now=now)
    return True
