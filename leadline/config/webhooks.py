"""The typed shape of `webhook:` in `config/mappings/<source>.yaml`: what a tool posts, and how.

Where something stands in a body is said in JMESPath. The tools that leadline knows have a
`vendor`, which fills in what the file leaves out.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from leadline.config.problems import nearest
from leadline.config.values import Duration, Shape, ShapeFault, Text

_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
Vendor = Literal["google_ads", "meta", "typeform", "contact_form_7"]


def _as_tuple(value: object) -> object:
    """Let one text stand for a list of one."""
    return (value,) if isinstance(value, str | int | float) else value


def _header_name(text: str) -> str:
    """Refuse a name that no header can have."""
    if not _HEADER.fullmatch(text):
        raise ShapeFault(code="no_header_name")
    return text


def _places(text: str) -> str:
    """Refuse a placeholder that is a slip of the pen: any other name is that of a header."""
    for name in _PLACE.findall(text):
        near = "" if "-" in name else nearest(name.strip(), ("timestamp", "body"))
        if near and name != near:
            raise ShapeFault(code="placeholder_misspelled", cure=f"{{{near}}}")
    return text


def _some_time(value: timedelta) -> timedelta:
    if not value:
        raise ShapeFault(code="no_tolerance")
    return value


HeaderName = Annotated[Text, AfterValidator(_header_name)]
Paths = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class TimestampShape(Shape):
    """Where the time of a signature stands."""

    header: HeaderName | None = Field(default=None, description="the signature's own if not said")
    prefix: str = Field(default="", description="before the time, such as `t=`")
    tolerance: Annotated[Duration, AfterValidator(_some_time)] = timedelta(minutes=5)


class SignatureShape(Shape):
    """How a tool signs what it posts: an HMAC over the body."""

    header: HeaderName
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: Annotated[Text, AfterValidator(_places)] = "{body}"
    secret: Literal["text", "base64", "hex"] = "text"  # noqa: S105 - how it is written
    timestamp: TimestampShape | None = None

    @model_validator(mode="after")
    def _body_is_signed(self) -> Self:
        if "{body}" not in self.signed:
            raise ShapeFault(code="body_not_signed")
        if "{timestamp}" in self.signed and self.timestamp is None:
            raise ShapeFault(code="timestamp_unknown")
        if self.timestamp is not None and not self._signs_time(self.timestamp):
            raise ShapeFault(code="timestamp_not_signed")
        return self

    def _signs_time(self, time: TimestampShape) -> bool:
        """Return whether the time is signed, by its place or by the name of its header."""
        names = {name.lower() for name in _PLACE.findall(self.signed)}
        return "timestamp" in names or (time.header or "").lower() in names


class KeyShape(Shape):
    """Where a tool that does not sign repeats a key that we gave it."""

    header: HeaderName | None = None
    query: Text | None = None
    body: Text | None = Field(default=None, description="JMESPath")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.header, self.query, self.body)) != 1:
            raise ShapeFault(code="one_key_place")
        return self


class OptionsShape(Shape):
    """What the ids of choices mean."""

    each: Paths
    id: Paths | None = None
    text: Paths | None = None


class QuestionsShape(Shape):
    """Where the questions stand, when the answers only refer to them."""

    each: Paths
    id: Paths | None = None
    name: Paths | None = None
    options: OptionsShape | None = None


class AnswersShape(Shape):
    """A list, or an object, of answers; each becomes a column."""

    each: Paths
    id: Paths | None = None
    name: Paths | None = None
    value: Paths | None = None
    options: OptionsShape | None = None
    questions: QuestionsShape | None = None


class WebhookShape(Shape):
    """What a tool posts to `/webhooks/<source>`, and how it is known to be that tool."""

    vendor: Vendor | None = None
    signature: SignatureShape | None = None
    key: KeyShape | None = None
    open: bool = Field(default=False, description="anybody may post")
    decode: Paths | None = None
    leads: Paths | None = None
    only: Paths | None = None
    test: Paths | None = None
    id: Paths | None = None
    fields: dict[str, Paths] = Field(default_factory=dict)
    answers: tuple[AnswersShape, ...] = ()
    leave_out: tuple[Text, ...] | None = None
    graph_version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$")] = "v24.0"

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        is_guarded = self.signature or self.key or self.vendor
        if self.open and (self.signature or self.key):
            raise ShapeFault(code="open_and_guarded")
        if not is_guarded and not self.open:
            raise ShapeFault(code="webhook_unguarded")
        return self
