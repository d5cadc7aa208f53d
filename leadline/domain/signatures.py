"""Whether a body was signed by who shares a secret with us, and lately enough."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from leadline.domain.dates import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What is wrong with a signature or a key: values, and never shown to who sent it.
Fault = Literal["signature_missing", "signature_wrong", "time_missing", "too_old", "too_new"]
_PLACE: Final = re.compile(r"\{([A-Za-z0-9_-]+)\}")
_SIGNATURE: Final = r"([A-Za-z0-9+/_=-]+)"
_WHSEC: Final = "whsec_"


@dataclass(frozen=True, slots=True)
class Signing:
    """How a source signs what it posts: an HMAC over the body.

    Attributes:
        header: that holds the signature, in small letters.
        algorithm: `sha256`, `sha512` or `sha1`.
        encoding: `hex` or `base64`, of the signature.
        prefix: what stands before the signature in its header.
        signed: what is signed: `{body}`, `{timestamp}` and headers by their names, such as
            `{webhook-id}`.
        secret: `text`, or what the secret is written in: `base64` or `hex`.
        time_header: that holds the time of the signature, "" when none does.
        time_prefix: what stands before the time in that header.
        tolerance: how far the time may lie from the present.
    """

    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    signed: str = "{body}"
    secret: str = "text"  # noqa: S105 - how it is written
    time_header: str = ""
    time_prefix: str = ""
    tolerance: timedelta = timedelta(minutes=5)


def check_signature(
    signing: Signing,
    body: bytes,
    *,
    headers: Mapping[str, str],
    secrets: Sequence[str],
    now: datetime,
) -> Fault | None:
    """Return what is wrong with the signature of a body, None when it is right.

    Args:
        signing: how the source signs.
        body: as it came.
        headers: of the request, by names in small letters.
        secrets: any of which may have signed.
        now: the instant that its time is measured against.
    """
    given = _after(signing.prefix, headers.get(signing.header, ""))
    if not given:
        return "signature_missing"
    times = _after(signing.time_prefix, headers.get(signing.time_header, ""))
    if signing.time_header and not times:
        return "time_missing"
    said = times[0] if times else ""
    content = _content(signing, body, headers, said)
    is_right = False
    for secret in secrets:
        expected = hmac.digest(_key(signing, secret), content, signing.algorithm)
        for text in given:
            found = _decode(text, signing.encoding)
            is_right |= found is not None and hmac.compare_digest(found, expected)
    if not is_right:
        return "signature_wrong"
    return _time_fault(signing, said, now) if signing.time_header else None


def check_key(given: str, secrets: Sequence[str]) -> bool:
    """Return whether a key is one of the secrets, in a time that tells nothing."""
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
    return found


def _after(prefix: str, header: str) -> list[str]:
    """Return what stands after a prefix, at the beginning of each part of a header."""
    if not prefix:
        return [header.strip()] if header.strip() else []
    return re.findall(rf"(?:\A|[\s,;]){re.escape(prefix)}{_SIGNATURE}", header.strip())


def _content(signing: Signing, body: bytes, headers: Mapping[str, str], said: str) -> bytes:
    """Return what was signed."""
    parts: list[bytes] = []
    for number, part in enumerate(_PLACE.split(signing.signed)):
        if number % 2 == 0:
            parts.append(part.encode())
        elif part == "body":
            parts.append(body)
        else:
            text = said if part == "timestamp" else headers.get(part.lower(), "")
            parts.append(text.encode("latin-1", "replace"))
    return b"".join(parts)


def _key(signing: Signing, secret: str) -> bytes:
    if signing.secret == "text":  # noqa: S105 - the word, not a secret
        return secret.encode()
    found = _decode(secret.removeprefix(_WHSEC), signing.secret)
    return secret.encode() if found is None else found


def _decode(text: str, encoding: str) -> bytes | None:
    """Return the bytes of a signature; None when it is not written as it should be."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        plain = text.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _time_fault(signing: Signing, said: str, now: datetime) -> Fault | None:
    at = parse_time(said, zone="UTC", order="year_first")
    if at is None:
        return "time_missing"
    if now - at.astimezone(UTC) > signing.tolerance:
        return "too_old"
    return "too_new" if at - now > signing.tolerance else None
