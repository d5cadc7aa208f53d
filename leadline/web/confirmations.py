"""Confirming a consent: a page with its wording and one button, for forms with double opt-in.

A GET changes nothing: mail scanners open every link, so opening one proves nothing of its reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from leadline.store.confirmations import add_confirmation, find_wording
from leadline.web.mail_links import answer_of, open_link, show_over
from leadline.web.pages import show_page
from leadline.web.schema import PAGE_ANSWERS
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from leadline.stages import Workspace
    from leadline.store.confirmations import Answer, Confirmed, Wording
    from leadline.web.mail_links import Opened

router: Final = APIRouter()


@router.get("/confirm/{token}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
@router.head("/confirm/{token}", include_in_schema=False)
async def show_confirmation(visit: Visiting, token: str) -> Response:
    """Show what is to be confirmed; nothing changes before the button is pressed."""
    link = open_link(visit, "confirmation", token)
    answer, wording = await visit.site.in_turn(_find, visit.work, link)
    if link.is_over or wording is None:
        return await show_over(visit, link, answer)
    context = {"consent_wording": wording.text, "action": f"?lang={visit.lang}"}
    return await show_page(visit, "confirm", context)


@router.post("/confirm/{token}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
async def confirm(visit: Visiting, token: str) -> Response:
    """Record the confirmed consent; pressing again changes nothing."""
    link = open_link(visit, "confirmation", token)
    answer, outcome = await visit.site.in_turn(_confirm, visit, link)
    if outcome == "over":
        return await show_over(visit, link, answer)
    return await show_page(visit, "confirmed", {})


def _find(work: Workspace, link: Opened) -> tuple[Answer, Wording | None]:
    with work.store.read() as connection:
        answer = answer_of(connection, work, link)
        return answer, find_wording(connection, answer)


def _confirm(visit: Visit, link: Opened) -> tuple[Answer, Confirmed]:
    if link.is_over:
        return _find(visit.work, link)[0], "over"
    with visit.work.store.write() as connection:
        answer = answer_of(connection, visit.work, link)
        return answer, add_confirmation(
            connection, answer, network_address=visit.network_address, now=visit.now
        )
