"""Who posts to us by a program: believed by a signature or by a key, and read within limits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

from leadline.config.environment import webhook_variable
from leadline.config.webhook_readings import signing_of
from leadline.domain.paths import JmesPath
from leadline.domain.payload_answers import as_text
from leadline.domain.payloads import Unreadable, decode_body
from leadline.domain.signatures import check_key, check_signature
from leadline.web.bodies import read_body
from leadline.web.pages import Refusal

if TYPE_CHECKING:
    from leadline.config.webhooks import KeyShape, SignatureShape
    from leadline.web.site import Visit

_LOG: Final = logging.getLogger("leadline.web")
_RETRY_AFTER: Final = "300"
_BEARER: Final = "bearer "


class Guarded(Protocol):
    """How the posts of a source are believed."""

    @property
    def signature(self) -> SignatureShape | None:
        """How it signs."""

    @property
    def key(self) -> KeyShape | None:
        """Where it repeats a key."""

    @property
    def open(self) -> bool:
        """Whether anybody may post."""


async def receive(
    visit: Visit, source: str, guarded: Guarded, *, what: str, is_batch: bool = False
) -> bytes:
    """Return the body of a post that is believed.

    Args:
        visit: the request.
        source: whose posts these are.
        guarded: how they are believed.
        what: of the posts, for the log.
        is_batch: whether a post may hold many records.

    Raises:
        Refusal: the secret is not set (503), the body is compressed (415), too large, too slow or
            cut off, or it is not believed (401).
    """
    secrets = _secrets(visit, source, guarded, what=what)
    if visit.request.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise Refusal(415, "compressed")
    body = await read_body(visit.request, is_batch=is_batch)
    fault = _fault(visit, guarded, body, secrets)
    if fault is not None:
        _LOG.warning("%s %s: a post was refused: %s", what, source, fault)
        raise Refusal(401, "not_authentic")
    return body


def _secrets(visit: Visit, source: str, guarded: Guarded, *, what: str) -> tuple[str, ...]:
    """Return what the source signs with, or repeats.

    Raises:
        Refusal: 503, there is none yet; whoever posts is to come again.
    """
    if guarded.open:
        return ()
    variable = webhook_variable("SECRET", source)
    secrets = visit.work.environment.webhook_secrets.get(variable, ())
    if not secrets:
        _LOG.error("%s %s: the variable %s is not set; nothing is taken", what, source, variable)
        raise Refusal(503, "webhook_not_ready", {"Retry-After": _RETRY_AFTER})
    return secrets


def _fault(visit: Visit, guarded: Guarded, body: bytes, secrets: tuple[str, ...]) -> str | None:
    """Return why a post is not believed to come from the tool."""
    if guarded.signature is not None:
        fault = check_signature(
            signing_of(guarded.signature),
            body,
            headers=dict(visit.request.headers),
            secrets=secrets,
            now=visit.now,
        )
        if fault is not None:
            return fault
    if guarded.key is None:
        return None
    given = _given_key(visit, guarded.key, body)
    return None if given and check_key(given, secrets) else "key_wrong" if given else "key_missing"


def _given_key(visit: Visit, key: KeyShape, body: bytes) -> str:
    if key.header is not None:
        given = visit.request.headers.get(key.header, "").strip()
        is_bearer = given.lower().startswith(_BEARER)
        return given[len(_BEARER) :].strip() if is_bearer else given
    if key.query is not None:
        return visit.request.query_params.get(key.query, "")
    try:
        value = decode_body(body, visit.request.headers.get("content-type", ""))
    except Unreadable:
        return ""
    return as_text(JmesPath(key.body or "").find(value)) or ""
