"""Proof of work by ALTCHA (altcha.org): a small sum for a browser, a large one for a program.

The page carries a challenge with our signature and an end of life, its script finds the number,
and the post brings it back. A number is worth one post to one form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from altcha.v1 import create_challenge, verify_solution

from leadline.store.posts import Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The field that a page posts the solution in; ALTCHA's own widget calls it so.
PROOF_FIELD: Final = "altcha"
#: As long as somebody may take to fill in a form.
LIFE: Final = timedelta(hours=4)
#: Hashes that are tried at most, half of them on average: about a second on a phone.
MOST_TRIES: Final = 50_000
_ALGORITHM: Final = "SHA-256"
_TEXTS: Final = ("algorithm", "challenge", "salt", "signature")
_MOST: Final = 2_000


def make_challenge(form: str, *, keys: Sequence[str], now: datetime) -> str:
    """Return a fresh challenge for a page of `form`, as JSON."""
    challenge = create_challenge(
        algorithm=_ALGORITHM,
        max_number=MOST_TRIES,
        salt_length=16,
        hmac_key=_derive(keys[-1]),
        salt="",
        number=None,
        expires=now + LIFE,
        params={"form": form},
    )
    return json.dumps(challenge.to_dict())


def read_proof(form: str, sent: str, *, keys: Sequence[str], now: datetime) -> Proof | None:
    """Return a valid proof for `form`; None for none, a wrong, a foreign or an expired one."""
    payload = _parse(sent)
    if payload is None:
        return None
    said = parse_qs(payload["salt"].partition("?")[2])
    if said.get("form") != [form] or len(said.get("expires", ())) != 1:
        return None
    if not any(verify_solution(payload, _derive(key), check_expires=False)[0] for key in keys):
        return None
    expires_at = datetime.fromtimestamp(int(said["expires"][0]), UTC)  # signed, so it is a number
    if expires_at < now:
        return None
    return Proof(hashlib.sha256(payload["challenge"].encode()).hexdigest(), expires_at)


def _parse(sent: str) -> Any:  # noqa: ANN401 - the library's own TypedDict, which it does not export
    """Read a solution as it was sent, None for anything that is no such thing."""
    if not sent or len(sent) > _MOST:
        return None
    try:
        payload = json.loads(base64.b64decode(sent, validate=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict) or type(payload.get("number")) is not int:
        return None
    is_whole = all(isinstance(payload.get(name), str) for name in _TEXTS)
    return payload if is_whole and payload["algorithm"] == _ALGORITHM else None


def _derive(key: str) -> bytes:
    """Return the key of challenges, which is worth nothing for links."""
    return hmac.digest(key.encode(), b"leadline.proof", "sha256")
