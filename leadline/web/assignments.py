"""A rep's page for one assignment: accept, or decline with a reason.

The link lives as long as the deadline. When it is over, or the lead went to somebody else, the
page says so and shows nothing of the lead. A GET changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from leadline.domain.points import as_shown, grade_shown
from leadline.domain.tokens import read_token
from leadline.rendering.contexts import lead_context
from leadline.rendering.words import DECLINE_WORDS, REQUEST_WORDS, choices, say
from leadline.stages.notification import (
    contact_urls,
    due_text,
    rep_language,
    score_texts,
    shown_fields,
)
from leadline.store.assignments import answer_assignment, get_assignments
from leadline.store.leads import get_leads
from leadline.store.receipts import get_receipts
from leadline.web.bodies import read_posted
from leadline.web.pages import Refusal, show_page
from leadline.web.schema import ANSWER_REQUEST, PAGE_ANSWERS
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.stages import Workspace

router: Final = APIRouter()
_STATES: Final = {"accept": "accepted", "decline": "declined"}
_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_EXPIRED: Final = "expired"


@router.get("/a/{token}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
@router.head("/a/{token}", include_in_schema=False)
async def show_assignment(visit: Visiting, token: str) -> Response:
    """Show the lead and the buttons, or what has become of the assignment."""
    assignment_id, is_over = _read(visit, token)
    offer = await visit.site.in_turn(_find_offer, visit.work, assignment_id)
    lang = _language(visit, offer)
    state = _state(offer["assignment"], visit.now, is_over=is_over)
    is_shown = state == "offered" or (state == "accepted" and not is_over)
    if not is_shown:
        status = 410 if state == _EXPIRED else 200
        return await show_page(visit, "answered", {"state": state}, status=status, lang=lang)
    return await show_page(visit, "assignment", _context(offer, lang), lang=lang)


@router.post(
    "/a/{token}",
    response_class=HTMLResponse,
    responses=PAGE_ANSWERS,
    openapi_extra=ANSWER_REQUEST,
)
async def answer(visit: Visiting, token: str) -> Response:
    """Record a rep's answer; a declined lead goes to somebody else."""
    assignment_id, is_over = _read(visit, token)
    posted = await read_posted(visit.request)
    said = posted.last("answer") or visit.request.query_params.get("answer", "")
    reason = posted.last("reason") if said == "decline" else None
    if said not in _STATES:
        raise Refusal(400, "bad_request")
    if reason is not None and reason not in DECLINE_WORDS:
        raise Refusal(422, "reason_missing")
    offer = await visit.site.in_turn(_find_offer, visit.work, assignment_id)
    state = _state(offer["assignment"], visit.now, is_over=is_over)
    if state == "offered":
        state = await visit.site.in_turn(
            _answer, visit.work, assignment_id, state=_STATES[said], reason=reason, now=visit.now
        )
    status = 200 if state == _STATES[said] else 410 if state == _EXPIRED else 409
    lang = _language(visit, offer)
    return await show_page(visit, "answered", {"state": state}, status=status, lang=lang)


def _read(visit: Visit, token: str) -> tuple[int, bool]:
    """Return the assignment that the token stands for, and whether the token's time is over.

    Raises:
        Refusal: 404, the token is forged, cut short or for another purpose.
    """
    keys = visit.work.environment.secret_keys
    subject = read_token("assignment", token, keys=keys, now=visit.now)
    is_over = subject is None
    subject = subject or read_token("assignment", token, keys=keys, now=_LONG_AGO)
    if subject is None or not subject.isdecimal():
        raise Refusal(404, "not_found")
    return int(subject), is_over


def _find_offer(work: Workspace, assignment_id: int) -> dict[str, Any]:
    """Return the assignment with its lead and the receipt of its score.

    Raises:
        Refusal: 404, the assignment is not there any more.
    """
    with work.store.read() as connection:
        assignment = get_assignments(connection, [assignment_id]).get(assignment_id)
        if assignment is None:
            raise Refusal(404, "not_found")
        lead_id = assignment["lead_id"]
        lead = get_leads(connection, [lead_id])[lead_id]
        receipt = get_receipts(connection, [lead_id]).get(lead_id)
    rep = next((r for r in work.project.reps if r.rep_id == assignment["rep_id"]), None)
    return {"assignment": assignment, "lead": lead, "receipt": receipt, "rep": rep}


def _language(visit: Visit, offer: Mapping[str, Any]) -> str:
    """Return what the request says, else the language of the rep's mails."""
    rep = offer["rep"]
    return visit.lang if visit.is_said or rep is None else rep_language(rep)


def _state(assignment: Mapping[str, Any], now: datetime, *, is_over: bool) -> str:
    """Return the state as a rep is told it: an offer whose deadline has passed is expired."""
    state = str(assignment["state"])
    due_at = assignment["response_due_at"]
    if state == "offered" and (is_over or (due_at is not None and now > due_at)):
        return _EXPIRED
    return state


def _context(offer: Mapping[str, Any], lang: str) -> dict[str, Any]:
    lead, receipt, rep = offer["lead"], offer["receipt"], offer["rep"]
    zone = rep.time_zone if rep else "UTC"
    return {
        "lead": lead_context(shown_fields(lead), lang),
        "request_text": say(REQUEST_WORDS, lead["request"] or "other", lang),
        "points": as_shown(lead["points"]),
        "grade": grade_shown(lead["grade"], lead["engagement_level"]),
        "reasons": score_texts(receipt, lang, zone=zone) if receipt else [],
        "due_text": due_text(offer["assignment"], rep, lang) if rep else "",
        **contact_urls(lead),
        "state": offer["assignment"]["state"],
        "accept_action": f"?lang={lang}&answer=accept",
        "decline_action": f"?lang={lang}&answer=decline",
        "decline_reasons": choices(DECLINE_WORDS, lang),
    }


def _answer(
    work: Workspace, assignment_id: int, *, state: str, reason: str | None, now: datetime
) -> str:
    """Record the answer if the offer is still open; return the state that it has now."""
    with work.store.write() as connection:
        assignment = get_assignments(connection, [assignment_id])[assignment_id]
        found = _state(assignment, now, is_over=False)
        if found != "offered":
            return found
        if answer_assignment(connection, assignment_id, state=state, reason=reason, now=now):
            return state
        return str(get_assignments(connection, [assignment_id])[assignment_id]["state"])
