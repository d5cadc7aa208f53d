"""Forms: the hosted page, and the one way in for posts: 201 is said after the commit alone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from leadline.rendering.words import REQUEST_WORDS, choices
from leadline.store.answers import add_post
from leadline.web.bodies import read_posted
from leadline.web.form_posts import KEY_FIELD, RETURN_FIELD, Judged, Receipt, as_arrival, judge_post
from leadline.web.origins import check_origin, check_return_url, csp_sources
from leadline.web.pages import Refusal, show_page, wants_page
from leadline.web.schema import PAGE_ANSWERS, POST_ANSWERS, POST_REQUEST
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.config.forms import FormField, FormShape
    from leadline.config.values import Language
    from leadline.stages import Workspace
    from leadline.store.submissions import Arrival
    from leadline.web.bodies import Posted

router: Final = APIRouter()
_MAX_KEY: Final = 200
_LONG: Final = 1_000
_TYPES: Final = {"email": "email", "phone": "tel", "request": "select", "message": "textarea"}


@router.get("/forms/{form}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
@router.head("/forms/{form}", include_in_schema=False)
async def show_form(visit: Visiting, form: str) -> Response:
    """Show the hosted form, in the language of `?lang=` or of the browser."""
    shape = _find_form(visit, form)
    return await _form_page(visit, shape, Judged(), key=secrets.token_urlsafe(16))


@router.options("/forms/{form}", include_in_schema=False)
async def allow_form(visit: Visiting, form: str) -> Response:
    """Answer a browser that asks whether a page elsewhere may post JSON."""
    shape = _find_form(visit, form)
    visit.request.state.cors_origin = check_origin(
        visit.request, shape, base_url=visit.work.environment.base_url
    )
    allowed = {
        "Allow": "GET, HEAD, OPTIONS, POST",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=allowed)


@router.post("/forms/{form}", status_code=201, responses=POST_ANSWERS, openapi_extra=POST_REQUEST)
async def take_post(visit: Visiting, form: str) -> Response:
    """Take a form post: 201 once it is stored, 303 to an allowed `return_url` for browsers."""
    shape = _find_form(visit, form)
    visit.request.state.cors_origin = check_origin(
        visit.request, shape, base_url=visit.work.environment.base_url
    )
    posted = await read_posted(visit.request)
    return_url = check_return_url(
        shape, posted.last(RETURN_FIELD) or visit.request.query_params.get(RETURN_FIELD, "")
    )
    key = _given_key(visit, posted)
    judged = judge_post(shape, posted)
    if judged.faults:
        return await _faulty(visit, shape, judged, key=key)
    receipt = Receipt(key, visit.lang, visit.now, visit.network_address)
    arrival = as_arrival(form, shape, judged, receipt)
    id_ = await visit.site.in_turn(_store, visit.work, arrival, now=visit.now)
    if not wants_page(visit.request):
        return JSONResponse({"submission": id_}, 201)
    if return_url:
        return RedirectResponse(return_url, 303)
    return await show_page(visit, "thanks", {}, status=201)


def _find_form(visit: Visit, name: str) -> FormShape:
    shape = visit.work.project.forms.get(name)
    if shape is None:
        raise Refusal(404, "not_found")
    visit.request.state.frame_ancestors = csp_sources(shape.origins)
    visit.request.state.form_action = csp_sources(shape.return_urls)
    return shape


def _given_key(visit: Visit, posted: Posted) -> str:
    key = visit.request.headers.get("idempotency-key", "").strip() or posted.last(KEY_FIELD)
    if len(key) > _MAX_KEY:
        raise Refusal(400, "bad_request")
    return key


def _store(work: Workspace, arrival: Arrival, *, now: datetime) -> int:
    """Commit one post and return its id; the same post again has the id of the first.

    Raises:
        Refusal: 409, another body is stored under the key.
    """
    with work.store.write() as connection:
        stored = add_post(connection, arrival, now=now)
    if stored.body_hash != arrival.body_hash:
        raise Refusal(409, "key_reused")
    return stored.id


async def _faulty(visit: Visit, form: FormShape, judged: Judged, *, key: str) -> Response:
    """Say what is wrong: beside the fields, or as JSON in both languages."""
    if wants_page(visit.request):
        key = key or secrets.token_urlsafe(16)
        return await _form_page(visit, form, judged, key=key, status=422)
    errors = {
        name: {"code": fault.code, "en": fault.say("en"), "ja": fault.say("ja")}
        for name, fault in judged.faults.items()
    }
    return JSONResponse({"error": "invalid_fields", "errors": errors}, 422)


async def _form_page(
    visit: Visit, form: FormShape, judged: Judged, *, key: str, status: int = 200
) -> Response:
    lang = visit.lang
    kept = {name: visit.request.query_params.get(name, "") for name in (RETURN_FIELD,)}
    query = {"lang": lang} | {n: url for n, url in kept.items() if url in form.return_urls}
    context = {
        "title": form.title[lang],
        "fields": [_field(name, shape, judged, lang) for name, shape in form.fields.items()],
        "consent_wording": form.consent.wording[lang] if form.consent else "",
        "consent_field": form.consent.field if form.consent else "consent",
        "is_consent_given": bool(form.consent and judged.raw.get(form.consent.field)),
        "action": f"?{urlencode(query)}",
        "key": key,
    }
    return await show_page(visit, "form", context, status=status)


def _field(name: str, shape: FormField, judged: Judged, lang: Language) -> dict[str, Any]:
    fault = judged.faults.get(name)
    kind = _TYPES.get(name, "textarea" if shape.max_length >= _LONG else "text")
    field = {
        "name": name,
        "label": shape.label[lang],
        "required": shape.required,
        "type": kind,
        "value": judged.raw.get(name, ""),
        "error": fault.say(lang) if fault else "",
    }
    return field | {"options": choices(REQUEST_WORDS, lang)} if kind == "select" else field
