"""Signed links: a purpose, an opaque id, and perhaps an end of life; never an address.

itsdangerous with SHA-256 (its default digest is SHA-1) and one salt per purpose, so that a token
of one purpose is worth nothing for another. Keys rotate: the newest signs, all of them verify.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

if TYPE_CHECKING:
    from collections.abc import Sequence

Purpose = Literal["unsubscribe", "assignment", "form", "asset", "confirmation", "click", "visit"]
_PREFIX: Final = "leadline."


class _Serializer(URLSafeSerializer):
    """Leaves out trying to compress: an id gains nothing, and it is most of the time."""

    def dump_payload(self, obj: Any, *_: Any, **__: Any) -> bytes:  # noqa: ANN401 - as the base class
        return base64_encode(json.dumps(obj, ensure_ascii=False, separators=(",", ":")))


@lru_cache(maxsize=8)
def _signer(purpose: Purpose, keys: tuple[str, ...]) -> URLSafeSerializer:
    return _Serializer(
        list(keys), salt=_PREFIX + purpose, signer_kwargs={"digest_method": hashlib.sha256}
    )


def sign_token(
    purpose: Purpose, subject: str, *, keys: Sequence[str], expires_at: datetime | None = None
) -> str:
    """Return a token for `subject`, which must be an opaque id."""
    end = None if expires_at is None else int(expires_at.timestamp())
    return str(_signer(purpose, tuple(keys)).dumps([subject, end]))


def read_token(purpose: Purpose, token: str, *, keys: Sequence[str], now: datetime) -> str | None:
    """Return the subject of a token, or None when it is forged, of another purpose, or over."""
    found = _load(purpose, token, keys=keys)
    if found is None or (found[1] is not None and now > found[1]):
        return None
    return found[0]


def read_ended(purpose: Purpose, token: str, *, keys: Sequence[str], now: datetime) -> str | None:
    """Return the subject of a genuine token whose life has ended, None for every other token."""
    if read_token(purpose, token, keys=keys, now=now) is not None:
        return None
    return read_token(purpose, token, keys=keys, now=datetime.min.replace(tzinfo=UTC))


def read_end(purpose: Purpose, token: str, *, keys: Sequence[str]) -> datetime | None:
    """Return when the life of a token ends, None for one without an end or not of ours."""
    found = _load(purpose, token, keys=keys)
    return None if found is None else found[1]


def _load(
    purpose: Purpose, token: str, *, keys: Sequence[str]
) -> tuple[str, datetime | None] | None:
    """Return subject and end of a token of ours, in the one spelling that it was signed in."""
    try:
        subject, end = _signer(purpose, tuple(keys)).loads(token)
        signature = token.rpartition(".")[2]
        if base64_encode(base64_decode(signature)).decode() != signature:
            return None
        return str(subject), None if end is None else datetime.fromtimestamp(end, UTC)
    except (BadData, ValueError, TypeError):
        return None
