"""Reading what was posted: urlencoded, multipart or JSON, within limits, decoded once.

A page in Shift_JIS posts in Shift_JIS and does not say so: what is not UTF-8 is read as CP932.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import parse_qsl

from python_multipart import parse_form
from python_multipart.multipart import parse_options_header

from leadline.web.pages import Refusal, content_type_of

if TYPE_CHECKING:
    from fastapi import Request
    from python_multipart.multipart import Field, File

MAX_BYTES: Final = 256 * 1024
#: Of a post that holds many records.
MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
MAX_FIELDS: Final = 200
MAX_DEPTH: Final = 5
BODY_SECONDS: Final = 30.0
_ENCODINGS: Final = ("utf-8", "cp932")


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of one request body.

    Attributes:
        texts: every text that was given for a name, in order.
        odd: names whose value is no text, such as an object.
        files: names that a file came under; what is in it is left out.
        is_json: whether the body was JSON.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    is_json: bool = False

    def last(self, name: str) -> str:
        """Return the last text of a name, "" when there is none."""
        return self.texts.get(name, [""])[-1]

    def joined(self, name: str) -> str | None:
        """Return all texts of a name as one, None when there is none."""
        texts = self.texts.get(name)
        return None if texts is None else ", ".join(filter(None, texts))


async def read_posted(request: Request) -> Posted:
    """Read the body of a request.

    Raises:
        Refusal: too large (413), too slow (408), of another type (415), or not readable (400).
    """
    body = await read_body(request)
    kind = content_type_of(request)
    try:
        if kind == "application/json":
            return _from_json(body)
        if kind == "application/x-www-form-urlencoded":
            return _decoded(body)
        if kind == "multipart/form-data":
            return _from_multipart(body, request.headers["content-type"])
    except (ValueError, RecursionError):
        raise Refusal(400, "bad_request") from None
    if not body:
        return Posted()
    raise Refusal(415, "unsupported_type")


async def read_body(request: Request, *, is_batch: bool = False) -> bytes:
    """Return the whole body; what is too large is refused before it is held.

    Args:
        request: its body was not read yet.
        is_batch: whether it may hold many records.

    Raises:
        Refusal: too large (413), too slow (408), or cut off (400).
    """
    announced = request.headers.get("content-length", "0")
    most = MAX_BATCH_BYTES if is_batch else MAX_BYTES
    refusal = Refusal(413, "batch_too_large" if is_batch else "too_large")
    if announced.isdecimal() and int(announced) > most:
        raise refusal
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _receive(request, most)
    except TimeoutError:
        raise Refusal(408, "too_slow") from None
    if body is None:
        raise refusal
    return body


async def _receive(request: Request, most: int) -> bytes | None:
    """Return the whole body, None once there is more than `most`."""
    body, has_more = bytearray(), True
    while has_more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "bad_request")
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(body) > most:
            return None
    return bytes(body)


def _decoded(body: bytes) -> Posted:
    """Read an urlencoded body in the first encoding that fits it."""
    for encoding in _ENCODINGS:
        try:
            pairs = parse_qsl(
                body.decode(encoding),
                keep_blank_values=True,
                encoding=encoding,
                errors="strict",
                max_num_fields=MAX_FIELDS,
            )
        except UnicodeDecodeError:
            continue
        return _collected(pairs)
    return _refuse("neither UTF-8 nor CP932")


def _from_multipart(body: bytes, content_type: str) -> Posted:
    """Read a multipart body; files in it are left out."""
    found: list[tuple[bytes, bytes]] = []
    files: list[bytes] = []

    def keep(part: Field) -> None:
        found.append((part.field_name or b"", part.value or b""))
        _limit(len(found))

    def leave_out(part: File) -> None:
        files.append(part.field_name or b"")
        _limit(len(found) + len(files))
        part.close()

    header = content_type.encode("latin-1", "replace")
    if b"--%b--" % parse_options_header(header)[1].get(b"boundary", b"") not in body:
        _refuse("a body that was cut off")
    parse_form({"Content-Type": header}, BytesIO(body), keep, leave_out)
    for encoding in _ENCODINGS:
        try:
            pairs = [(name.decode(encoding), value.decode(encoding)) for name, value in found]
            named = {name.decode(encoding) for name in files}
        except UnicodeDecodeError:
            continue
        return replace(_collected(pairs), files=named)
    return _refuse("neither UTF-8 nor CP932")


def _collected(pairs: list[tuple[str, str]]) -> Posted:
    posted = Posted()
    for name, text in pairs:
        posted.texts.setdefault(name, []).append(text)
    return posted


def _from_json(body: bytes) -> Posted:
    """Read a JSON object; numbers stay as they are written."""
    count = 0

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal count
        count += len(pairs)
        _limit(count)
        return dict(pairs)

    found = json.loads(
        body.decode("utf-8-sig"),
        object_pairs_hook=as_object,
        parse_int=str,
        parse_float=str,
        parse_constant=_refuse,
    )
    if not isinstance(found, dict) or _depth(found) > MAX_DEPTH:
        _refuse("not a flat JSON object")
    posted = Posted(is_json=True)
    for name, value in found.items():
        texts = _texts(value)
        if texts is None:
            posted.odd.add(name)
        elif texts:
            posted.texts[name] = texts
    return posted


def _texts(value: object) -> list[str] | None:
    """Return a JSON value as texts; None when it is an object or holds one."""
    if value is None:
        return []
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def _depth(value: object) -> int:
    """Return how many objects and lists lie in each other."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [
            child for item in level for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _limit(count: int) -> None:
    if count > MAX_FIELDS:
        _refuse("too many fields")


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)
