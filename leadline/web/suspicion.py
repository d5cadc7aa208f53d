"""What makes a post suspicious; it is kept apart with the reason, and answered like any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from leadline.domain.tokens import read_token, sign_token
from leadline.web.proofs import read_proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.config.forms import FormShape
    from leadline.store.posts import Proof

#: The hidden field of our own page that says when it was made.
PAGE_FIELD: Final = "page_token"
#: A page that was open for longer than this is worth nothing; its post waits for a person.
PAGE_LIFE: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a post says of where it comes from.

    Attributes:
        trapped: what stands in the field that people do not see.
        page: the token of the page, "" for none.
        page_key: the key that stood on the page beside it.
        key: the key that the post is stored under; a page's post has the page's own.
        proof: the proof of work as it was sent, "" for none.
    """

    trapped: str
    page: str
    page_key: str
    key: str
    proof: str


def sign_page(form: str, key: str, *, keys: Sequence[str], now: datetime) -> str:
    """Return the token of a page that is made now; it is worth something with its key alone."""
    made = (now - _EPOCH) // _MILLISECOND
    return sign_token("form", f"{made}.{form}.{key}", keys=keys)


def renew_page(
    name: str, form: FormShape, claims: Claims, *, keys: Sequence[str], now: datetime
) -> str:
    """Return the token of the page that shows what was wrong with a post.

    Who reads it has typed already, so it is never too young: the page's own token goes on where
    it is old enough, another says that it was made earlier.
    """
    least = timedelta(seconds=form.protection.minimum_seconds)
    made = _read_page(name, claims.page_key, claims.page, keys=keys, now=now)
    if made is not None and now - made >= least:
        return claims.page
    return sign_page(name, claims.page_key, keys=keys, now=now - least)


def _read_page(
    form: str, key: str, token: str, *, keys: Sequence[str], now: datetime
) -> datetime | None:
    """Return when the page of a token was made, None for one that is forged, another's or over."""
    made, _, rest = (read_token("form", token, keys=keys, now=now) or "").partition(".")
    if rest != f"{form}.{key}" or not made.isdecimal():
        return None
    at = _EPOCH + int(made) * _MILLISECOND
    return None if now - at > PAGE_LIFE else at


def judge_claims(
    name: str, form: FormShape, claims: Claims, *, keys: Sequence[str], now: datetime
) -> tuple[str | None, Proof | None]:
    """Return why a post is suspicious, None if it is not, and the proof of work that it spends."""
    proof = None
    if form.protection.proof_of_work:
        proof = read_proof(name, claims.proof, keys=keys, now=now)
    if claims.trapped:
        return "honeypot", proof
    if reason := _doubt_page(name, form, claims, keys=keys, now=now):
        return reason, proof
    return ("no_proof" if form.protection.proof_of_work and proof is None else None), proof


def _doubt_page(
    name: str, form: FormShape, claims: Claims, *, keys: Sequence[str], now: datetime
) -> str | None:
    if not claims.page:
        return "no_page" if form.protection.page_required else None
    made = _read_page(name, claims.page_key, claims.page, keys=keys, now=now)
    if made is None or claims.key != claims.page_key:
        return "forged_page"
    least = timedelta(seconds=form.protection.minimum_seconds)
    return "too_fast" if now - made < least else None
