"""Which web sites may post to a form, and where a visitor may be sent afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from leadline.web.pages import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request

    from leadline.config.forms import FormShape

_SOURCE: Final = re.compile(r"https?://[a-z0-9.:\[\]_-]+")


def origin_of(url: str) -> str:
    """Return `scheme://host[:port]` of a URL in small letters, "" when it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def check_origin(request: Request, form: FormShape, *, base_url: str) -> str | None:
    """Return the other web site that posts, None when it is our own page or no page at all.

    A browser names the origin of every page that posts; whoever names none is a program, which
    could name any. Our own pages send no referrer, and so their origin is the word "null": then
    Sec-Fetch-Site tells them from others, where the browser says it (it does so over HTTPS and
    on loopback). An empty list of origins means ours alone.

    Raises:
        Refusal: 403, the origin is not on the form's list.
    """
    origin = request.headers.get("origin", "").lower()
    if not origin or origin == origin_of(base_url):
        return None
    if origin == "null":
        is_ours = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    else:
        is_ours = origin_of(origin).partition("://")[2] == request.headers.get("host", "").lower()
    if is_ours:
        return None
    if origin in map(origin_of, form.origins):
        return origin
    raise Refusal(403, "foreign_origin")


def check_return_url(form: FormShape, url: str) -> str:
    """Return where to send the visitor, "" for nowhere; only a configured URL, word for word.

    Raises:
        Refusal: 400, the URL is not on the form's list.
    """
    if url and url not in form.return_urls:
        raise Refusal(400, "foreign_return_url")
    return url


def csp_sources(urls: Iterable[str]) -> str:
    """Return `'self'` and the origins of URLs, as a Content-Security-Policy lists them."""
    origins = {origin_of(url) for url in urls}
    return " ".join(["'self'", *sorted(filter(_SOURCE.fullmatch, origins))])
