"""Answers that people read: pages from the templates, and refusals as page or JSON."""

from __future__ import annotations

import logging
from html import escape
from typing import TYPE_CHECKING, Final

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response

from leadline.rendering.problems import TemplateProblem
from leadline.web.words import DONE, REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from leadline.web.site import Visit

_LOG = logging.getLogger("leadline.web")
_BARE: Final = (
    '<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
)


class Refusal(Exception):
    """A request that is answered with an error, on purpose; an error handler words it.

    Attributes:
        status: HTTP status.
        code: a key of `leadline.web.words.REFUSALS`.
        headers: added to the answer.
    """

    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what the answer is made of."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers


async def show_page(
    visit: Visit,
    name: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    lang: str | None = None,
) -> Response:
    """Render `pages/<lang>/<name>.html`; a template that fails never hides that work was done."""
    lang = lang or visit.lang
    try:
        text = await run_in_threadpool(
            visit.work.renderer.render_page, name, lang=lang, context=context
        )
    except TemplateProblem as problem:
        _LOG.error("page %s cannot be shown: %s", name, problem.problem.say("en"))
        if name not in DONE:
            title, words = REFUSALS["failed"][lang]
            return _bare_page(title, words, lang=lang, status=500)
        title, words = DONE[name][lang]
        return _bare_page(title, words, lang=lang, status=status)
    return HTMLResponse(text, status)


def _bare_page(title: str, text: str, *, lang: str, status: int) -> Response:
    return HTMLResponse(_BARE.format(lang=lang, title=escape(title), text=escape(text)), status)


async def show_refusal(
    visit: Visit, status: int, code: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with an error, as page or as JSON, whichever the visitor reads."""
    if wants_page(visit.request):
        title, text = REFUSALS[code][visit.lang]
        answer = await show_page(visit, "message", {"title": title, "text": text}, status=status)
        if answer.status_code != status:
            answer = _bare_page(title, text, lang=visit.lang, status=status)
    else:
        answer = JSONResponse({"error": code, **_both(code), **_told(visit.request, code)}, status)
    answer.headers.update(headers or {})
    return answer


def bare_refusal(request: Request, status: int, code: str, *, lang: str) -> Response:
    """Answer with an error when not even the configuration can be asked."""
    if not wants_page(request):
        return JSONResponse({"error": code, **_both(code), **_told(request, code)}, status)
    title, text = REFUSALS[code][lang]
    return _bare_page(title, text, lang=lang, status=status)


def _both(code: str) -> dict[str, str]:
    return {lang: text for lang, (_, text) in REFUSALS[code].items()}


def _told(request: Request, code: str) -> dict[str, str]:
    """Return what a tool shows of a call that failed."""
    return {"message": REFUSALS[code]["en"][1]} if _is_of_a_tool(request) else {}


def _is_of_a_tool(request: Request) -> bool:
    """Tell whether only tools call this address."""
    return bool(request.scope["path"].startswith(("/webhooks/", "/events/")))


def content_type_of(request: Request) -> str:
    """Return the type of a request's body in small letters, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def wants_page(request: Request) -> bool:
    """Tell whether the visitor reads pages rather than JSON."""
    if _is_of_a_tool(request):
        return False
    if content_type_of(request) == "application/json":
        return False
    accept = request.headers.get("accept", "*/*")
    if "text/html" in accept or "application/json" in accept:
        return "text/html" in accept
    path = request.scope["path"]
    is_posted_form = request.method == "POST" and path.startswith("/forms/")
    return not is_posted_form and path != "/healthz"
