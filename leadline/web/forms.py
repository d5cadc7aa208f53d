"""Forms: the hosted page, and the one way in for posts: 201 is said after the commit alone."""

from __future__ import annotations

import secrets
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from leadline.domain.cells import read_consent
from leadline.store.posts import REPEAT_SPAN, Post
from leadline.web.bodies import read_posted
from leadline.web.form_fields import fit, kind_of, show_field
from leadline.web.form_posts import (
    KEY_FIELD,
    RETURN_FIELD,
    Judged,
    Receipt,
    as_arrival,
    claims_of,
    judge_post,
)
from leadline.web.network import network_of
from leadline.web.origins import check_origin, check_return_url, csp_sources
from leadline.web.pages import Refusal, show_page, wants_page
from leadline.web.proofs import make_challenge
from leadline.web.schema import PAGE_ANSWERS, POST_ANSWERS, POST_REQUEST
from leadline.web.scripts import PROOF_SCRIPT
from leadline.web.site import Visit, Visiting
from leadline.web.suspicion import judge_claims, renew_page, sign_page

if TYPE_CHECKING:
    from leadline.config.forms import FormShape
    from leadline.web.bodies import Posted
    from leadline.web.suspicion import Claims

router: Final = APIRouter()
_MAX_KEY: Final = 200


@router.get("/forms/{form}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
@router.head("/forms/{form}", include_in_schema=False)
async def show_form(visit: Visiting, form: str) -> Response:
    """Show the hosted form, in the language of `?lang=` or of the browser."""
    shape = _find_form(visit, form)
    asked = {
        name: fit(visit.request.query_params.get(name, ""), each.max_length)
        for name, each in shape.fields.items()
        if kind_of(name, each) == "hidden"
    }
    judged = Judged(texts={name: [text] for name, text in asked.items() if text})
    return await _form_page(visit, form, judged)


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
    _check_pace(visit, form, shape)
    posted = await read_posted(visit.request)
    return_url = check_return_url(
        shape, posted.last(RETURN_FIELD) or visit.request.query_params.get(RETURN_FIELD, "")
    )
    key = _given_key(visit, posted)
    judged = judge_post(shape, posted)
    if judged.faults:
        return await _faulty(visit, form, judged, posted=posted, key=key, return_url=return_url)
    id_ = await _store(visit, _as_post(visit, form, judged, posted=posted, key=key))
    if not wants_page(visit.request):
        return JSONResponse({"submission": id_}, 201)
    if return_url:
        return RedirectResponse(return_url, 303)
    return await show_page(visit, "thanks", _promises(shape, judged), status=201)


def _promises(form: FormShape, judged: Judged) -> dict[str, bool]:
    """Return what the page says will follow; the form alone decides, and never a suspicion."""
    return {
        "has_message": form.has_message,
        "sends_mail": form.acknowledgment,
        "has_asset": form.asset is not None,
        "asks_to_confirm": form.double_opt_in
        and read_consent(judged.raw.get("consent", "")) is True,
    }


def _find_form(visit: Visit, name: str) -> FormShape:
    shape = visit.work.project.forms.get(name)
    if shape is None:
        raise Refusal(404, "not_found")
    visit.request.state.frame_ancestors = csp_sources(shape.origins)
    visit.request.state.form_action = csp_sources(shape.return_urls)
    return shape


def _given_key(visit: Visit, posted: Posted) -> str:
    """Return the sender's own key of the post, "" for none.

    Raises:
        Refusal: 400, the key is too long.
    """
    key = visit.request.headers.get("idempotency-key", "").strip() or posted.last(KEY_FIELD)
    if len(key) > _MAX_KEY:
        raise Refusal(400, "bad_request")
    return key


def _check_pace(visit: Visit, name: str, form: FormShape) -> None:
    """Count the post for its network.

    Raises:
        Refusal: 429, the network has posted as much as it may within a minute.
    """
    network = network_of(visit.network_address)
    limit = form.protection.posts_per_minute
    wait = visit.site.pace.take((name, network), limit=limit, now=visit.now)
    if wait is not None:
        raise Refusal(429, "too_many_posts", {"Retry-After": str(ceil(wait.total_seconds()))})


def _as_post(visit: Visit, name: str, judged: Judged, *, posted: Posted, key: str) -> Post:
    """Return a post without faults as it is stored: suspicious ones apart, with the reason."""
    form = visit.work.project.forms[name]
    suspicion, proof = judge_claims(
        name,
        form,
        claims_of(judged, posted, key=key),
        keys=visit.work.environment.secret_keys,
        now=visit.now,
    )
    receipt = Receipt(
        given_key=key,
        lang=visit.lang,
        now=visit.now,
        network_address=visit.network_address,
        suspicion=suspicion,
        pepper=visit.work.store.pepper,
        said_lang=visit.lang if visit.is_said else None,
    )
    arrival = as_arrival(name, form, judged, receipt)
    earlier = as_arrival(name, form, judged, replace(receipt, now=visit.now - REPEAT_SPAN))
    return Post(arrival, form.protection.posts_per_address, proof, earlier.content_key)


async def _store(visit: Visit, post: Post) -> int:
    """Commit one post and return its id; the same post again has the id of the first.

    Raises:
        Refusal: 409, another body is stored under the key, or the proof of work was spent.
    """
    outcome = await visit.site.store_post(post, now=visit.now)
    if isinstance(outcome, str):
        raise Refusal(409, outcome)
    return outcome


async def _faulty(
    visit: Visit, name: str, judged: Judged, *, posted: Posted, key: str, return_url: str
) -> Response:
    """Say what is wrong: beside the fields, or as JSON in both languages."""
    if wants_page(visit.request):
        page_key = posted.last(KEY_FIELD) or secrets.token_urlsafe(16)
        claims = replace(claims_of(judged, posted, key=key), page_key=page_key)
        return await _form_page(visit, name, judged, claims=claims, return_url=return_url)
    errors = {
        field: {"code": fault.code, "en": fault.say("en"), "ja": fault.say("ja")}
        for field, fault in judged.faults.items()
    }
    return JSONResponse({"error": "invalid_fields", "errors": errors}, 422)


async def _form_page(
    visit: Visit,
    name: str,
    judged: Judged,
    *,
    claims: Claims | None = None,
    return_url: str = "",
) -> Response:
    """Show the form; the page that a wrong field came from goes on with its key and its age."""
    form, lang = visit.work.project.forms[name], visit.lang
    key, token = _signed(visit, name, claims)
    asked = return_url or visit.request.query_params.get(RETURN_FIELD, "")
    query = {"lang": lang} | ({RETURN_FIELD: asked} if asked in form.return_urls else {})
    context = {
        "title": form.title[lang],
        "fields": [
            show_field(
                field,
                shape,
                judged.texts.get(field, ()),
                fault=judged.faults.get(field),
                lang=lang,
            )
            for field, shape in form.fields.items()
        ],
        "consent_wording": form.consent.wording[lang] if form.consent else "",
        "consent_field": form.consent.field if form.consent else "consent",
        "is_consent_given": read_consent(judged.raw.get("consent", "")) is True,
        "action": f"?{urlencode(query)}",
        "key": key,
        "page_token": token,
        "challenge": "",
        "script_url": "",
        "script_nonce": "",
    }
    if form.protection.proof_of_work:
        context |= _proof_of_work(visit, name)
    return await show_page(visit, "form", context, status=422 if claims else 200)


def _signed(visit: Visit, name: str, claims: Claims | None) -> tuple[str, str]:
    """Return the key and the token of a page; without claims it is a new one."""
    keys = visit.work.environment.secret_keys
    if claims is not None:
        form = visit.work.project.forms[name]
        return claims.page_key, renew_page(name, form, claims, keys=keys, now=visit.now)
    key = secrets.token_urlsafe(16)
    return key, sign_page(name, key, keys=keys, now=visit.now)


def _proof_of_work(visit: Visit, name: str) -> dict[str, str]:
    """Return the page's challenge, and let its one script run, by a number used once."""
    nonce = secrets.token_urlsafe(16)
    visit.request.state.script_source = f"'nonce-{nonce}'"
    keys = visit.work.environment.secret_keys
    return {
        "challenge": make_challenge(name, keys=keys, now=visit.now),
        "script_url": f"..{PROOF_SCRIPT}",
        "script_nonce": nonce,
    }
