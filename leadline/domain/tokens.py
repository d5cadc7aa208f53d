"""Signed links: a purpose, an opaque id, and perhaps an end of life; never an address.

itsdangerous with SHA-256 (its default digest is SHA-1) and one salt per purpose, so that a token
of one purpose is worth nothing for another. Keys rotate: the newest signs, all of them verify.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from itsdangerous import BadData, URLSafeSerializer

if TYPE_CHECKING:
    from collections.abc import Sequence

Purpose = Literal["unsubscribe", "assignment"]
_PREFIX: Final = "leadline."


def _signer(purpose: Purpose, keys: Sequence[str]) -> URLSafeSerializer:
    return URLSafeSerializer(
        list(keys), salt=_PREFIX + purpose, signer_kwargs={"digest_method": hashlib.sha256}
    )


def sign_token(
    purpose: Purpose, subject: str, *, keys: Sequence[str], expires_at: datetime | None = None
) -> str:
    """Return a token for `subject`, which must be an opaque id."""
    end = None if expires_at is None else int(expires_at.timestamp())
    return str(_signer(purpose, keys).dumps([subject, end]))


def read_token(purpose: Purpose, token: str, *, keys: Sequence[str], now: datetime) -> str | None:
    """Return the subject of a token, or None when it is forged, of another purpose, or over."""
    try:
        subject, end = _signer(purpose, keys).loads(token)
    except (BadData, ValueError, TypeError):
        return None
    if end is not None and now > datetime.fromtimestamp(end, UTC):
        return None
    return str(subject)
