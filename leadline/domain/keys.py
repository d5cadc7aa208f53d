"""Every idempotency key and keyed hash of the product is built here and nowhere else.

Keys hold identifiers only: never translated or formatted text, which may change and would make
us send again. Hashes of addresses are keyed with the pepper, because a plain hash of an address
can be guessed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes of a digest that is kept in an index: 128 bits tell a billion rows apart.
_SHORT: Final = 16
_GMAIL: Final = ("gmail.com", "googlemail.com")
_BLOCK: Final = 64  # bytes that SHA-256 works on
#: Before the bytes of a row that cannot be read: a readable row holds no NUL.
REJECT_MARK: Final = b"reject\0"


def touch_key(enrollment_id: int, step: str, occurrence: int) -> str:
    """Return the key of one touch's mail, the same for every attempt to send it."""
    return f"touch:{enrollment_id}:{step}:{occurrence}"


def assignment_key(assignment_id: int) -> str:
    """Return the key of the mail that tells a rep of one assignment."""
    return f"assignment:{assignment_id}"


def acknowledgment_key(submission_id: int) -> str:
    """Return the key of the mail that answers a form post."""
    return f"acknowledgment:{submission_id}"


def confirmation_key(submission_id: int) -> str:
    """Return the key of the mail that asks to confirm the consent of a form post."""
    return f"confirmation:{submission_id}"


def alert_key(kind: str, flow: str, subject: str) -> str:
    """Return the key of the mail that tells the admin of one thing; "" for its beginning."""
    return f"alert:{kind}:{flow}:{subject}"


def message_id(key: str, *, pepper: str, domain: str) -> str:
    """Return the Message-ID for a message key: deterministic, and telling nothing.

    128 bits of HMAC-SHA256 in the local part; receivers see a repeat as the same message, and a
    relay's log can be searched for it.
    """
    return f"<{opaque_id(key, pepper=pepper)}@{domain}>"


def opaque_id(key: str, *, pepper: str) -> str:
    """Return 128 keyed bits of `key` as 26 lower-case letters and digits."""
    digest = hmac.digest(pepper.encode(), b"message:" + key.encode(), hashlib.sha256)[:16]
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def target_key(url: str, *, is_trap: bool) -> str:
    """Return the key of where a link leads, and of the trap that leads to the same place."""
    digest = hashlib.sha256(b"trap\0" * is_trap + url.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest[:_SHORT]).decode("ascii").rstrip("=").lower()


def click_key(subject: str, client: str, second: int) -> str:
    """Return the id of one use of a link: the same within a second from the same client.

    Args:
        subject: what the link's token stands for.
        client: network, program and manner of the request.
        second: since 1970.
    """
    text = f"click\0{subject}\0{client}\0{second}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_SHORT].hex()


def address_hash(address: str, *, pepper: str) -> str:
    """Return the keyed hash under which an address is suppressed; outlives erasure."""
    canonical = address.strip().lower().encode()
    return hmac.digest(pepper.encode(), b"address:" + canonical, hashlib.sha256).hex()


def mailbox_hash(address: str, *, pepper: str) -> str:
    """Return the keyed hash of the box that mail to an address ends up in.

    One box has many addresses: whatever follows a plus sign in them, and at Gmail every dot. What
    goes to a box is counted by this; a person's word is kept under the exact address.
    """
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), _GMAIL[0]
    return address_hash(f"{local}@{domain}", pepper=pepper)


def match_key_hash(kind: str, text: str, *, pepper: str) -> str:
    """Return the keyed hash of one exact match key (email, external id, phone and name)."""
    return hmac.digest(pepper.encode(), f"{kind}:{text}".encode(), "sha256")[:_SHORT].hex()


def match_key_hasher(pepper: str) -> Callable[[str, str], str]:
    """Return `match_key_hash` for one pepper, for many keys.

    HMAC as RFC 2104 writes it: what depends on the key alone is hashed once and copied, which
    costs half of `hmac.digest`.
    """
    inner, outer = _hashed_once(pepper)

    def hash_key(kind: str, text: str) -> str:
        within = inner()
        within.update(f"{kind}:{text}".encode())
        around = outer()
        around.update(within.digest())
        return around.digest()[:_SHORT].hex()

    return hash_key


def address_hasher(pepper: str) -> Callable[[str], str]:
    """Return `address_hash` for one pepper, for many canonical addresses."""
    inner, outer = _hashed_once(pepper)

    def hash_address(canonical: str) -> str:
        within = inner()
        within.update(b"address:" + canonical.encode())
        around = outer()
        around.update(within.digest())
        return around.hexdigest()

    return hash_address


def _hashed_once(pepper: str) -> tuple[Callable[[], hashlib._Hash], Callable[[], hashlib._Hash]]:
    """Return what makes copies of both hashes of an HMAC, to which its key has been given."""
    key = pepper.encode()
    key = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in key)) for pad in (0x36, 0x5C))
    return inner.copy, outer.copy


def view_key(visitor: str, id_: str) -> str:
    """Return the id of a page view; it does not tell the visitor, whose number may be erased."""
    return hashlib.sha256(f"view\0{visitor}\0{id_}".encode()).digest()[:_SHORT].hex()


def event_key(id_: str, *, pepper: str) -> str:
    """Return under which id an event is stored: its source's own, unless that names a person."""
    return match_key_hash("event", id_, pepper=pepper) if "@" in id_ else id_


def pair_key(key_hash: str, text: str) -> str:
    """Return the digest of a match key together with what was stated beside it."""
    return hashlib.sha256(f"{key_hash}:{text}".encode()).digest()[:_SHORT].hex()


def row_key(raw: bytes, nth: int) -> str:
    """Return the content key of a file row: its bytes, and which of its twins in the file."""
    return hashlib.sha256(raw + b"\0" + str(nth).encode()).digest()[:_SHORT].hex()


def reject_key(raw: bytes, nth: int) -> str:
    """Return the content key of a file row that cannot be read; no readable row ever has it."""
    return row_key(REJECT_MARK + raw, nth)


def delivery_key(id_: str, body: bytes, *, bucket: int | None) -> str:
    """Return the content key of one lead that a tool posts.

    Args:
        id_: the tool's own id of it; "" when it gives none.
        body: as it is stored, for those without an id.
        bucket: number of the 10-minute span, so that the same words next week are another; None
            where a body is signed, which may be posted again by whoever has seen it.
    """
    if id_:
        found = hashlib.sha256(b"delivery\0" + id_.encode("utf-8", "surrogatepass"))
    else:
        span = b"" if bucket is None else b"%d" % bucket
        found = hashlib.sha256(b"payload\0" + span + b"\0" + body)
    return found.digest()[:_SHORT].hex()


def changed_delivery_key(id_: str, body: bytes) -> str:
    """Return the content key of a lead that a tool has posted before in other words.

    Args:
        id_: the tool's own id of it.
        body: as it is stored.
    """
    digest = hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest()
    return hashlib.sha256(b"changed\0" + digest + body).digest()[:_SHORT].hex()


def post_key(form: str, body: bytes, *, given: str | None, bucket: int) -> str:
    """Return the content key of a form post.

    Args:
        form: the form's name.
        body: canonical bytes of the fields.
        given: the sender's Idempotency-Key, when there is one.
        bucket: number of the 10-minute span, so that a double click is one submission and the
            same words next week are another.
    """
    if given:
        found = hashlib.sha256(
            b"given\0" + form.encode() + b"\0" + given.encode("utf-8", "surrogatepass")
        )
    else:
        found = hashlib.sha256(b"body\0%d\0" % bucket + form.encode() + b"\0" + body)
    return found.digest()[:_SHORT].hex()
