"""The typed shape of `config/forms/<name>.yaml`: fields, consent, protection, and what follows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, Field, model_validator

from leadline.config.values import Country, Duration, Name, Shape, ShapeFault, Text, Words

FieldKind = Literal[
    "text",
    "long_text",
    "email",
    "phone",
    "url",
    "number",
    "choice",
    "choices",
    "checkbox",
    "hidden",
]


_PORTS: Final = {"http": ":80", "https": ":443"}
_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
_ORIGIN: Final = re.compile(rf"https?://{_HOST}", re.IGNORECASE)
_URL: Final = re.compile(rf"https?://{_HOST}(?:[/?#][!-~]*)?", re.IGNORECASE)


def _plain_host(url: str) -> tuple[str, str]:
    """Return `scheme://host[:port]` of a URL as browsers write it, and the rest; "" for none."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        return "", ""
    if not host or parts.scheme not in _PORTS:
        return "", ""
    host = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return origin.removesuffix(_PORTS[parts.scheme]), urlunsplit(("", "", *parts[2:]))


def _origin(url: str) -> str:
    cure, _ = _plain_host(url)
    if not _ORIGIN.fullmatch(url) or url.lower() != cure:
        raise ShapeFault(code="origin_expected", cure=cure if _ORIGIN.fullmatch(cure) else "")
    return url


#: An address of a web site as a browser names it: `https://www.example.com`.
Origin = Annotated[str, AfterValidator(_origin)]


def _return_url(url: str) -> str:
    if not _URL.fullmatch(url):
        cure = "".join(_plain_host(url))
        raise ShapeFault(code="web_url_expected", cure=cure if _URL.fullmatch(cure) else "")
    return url


def _lasting(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ShapeFault(code="link_never_works")
    return value


Lasting = Annotated[Duration, AfterValidator(_lasting)]


class FormOption(Shape):
    """One choice of a field: what is kept, and what people read."""

    value: Text
    label: Words


class FormField(Shape):
    """One field of a form; its key is a canonical lead field or one of the project's own."""

    label: Words
    type: FieldKind | None = Field(default=None, description="from the field's name if not said")
    required: bool = False
    max_length: Annotated[int, Field(ge=1, le=100_000)] = 255
    options: tuple[FormOption, ...] = Field(default=(), description="of choice and choices")

    @model_validator(mode="after")
    def _options_where_there_is_a_choice(self) -> Self:
        if self.type in {"choice", "choices"} and not self.options:
            raise ShapeFault(code="options_missing")
        return self


class FormConsent(Shape):
    """The consent box and the exact wording that is kept as evidence."""

    field: str = "consent"
    version: Text
    wording: Words


class FormProtection(Shape):
    """What keeps programs out; what is suspicious is kept apart and never dropped."""

    minimum_seconds: Annotated[int, Field(ge=0, le=60)] = Field(
        default=2, description="a post sooner than this after its page was opened is suspicious"
    )
    page_required: bool = Field(
        default=False, description="a post that comes from no page of ours is suspicious"
    )
    posts_per_minute: Annotated[int, Field(ge=1)] = Field(
        default=60, description="from one network; more are answered 429"
    )
    posts_per_address: Annotated[int, Field(ge=1)] = Field(
        default=20, description="that name one mail address, a day; more are suspicious"
    )
    proof_of_work: bool = Field(default=False, description="ALTCHA; needs JavaScript")


class FormAsset(Shape):
    """A document that the acknowledgment offers for download."""

    file: Text = Field(description="below assets/ in the project folder")
    title: Words
    expires_after: Lasting = timedelta(days=14)


class FormShape(Shape):
    """`config/forms/<name>.yaml`."""

    title: Words
    fields: Annotated[dict[str, FormField], Field(min_length=1)]
    consent: FormConsent | None = None
    origins: tuple[Origin, ...] = ()
    return_urls: tuple[Annotated[str, AfterValidator(_return_url)], ...] = ()
    country: Country | None = None
    timezone: str | None = None
    protection: FormProtection = FormProtection()
    acknowledgment: bool = Field(default=False, description="a mail to whoever sent the form")
    acknowledgment_mail: Name = Field(
        default="acknowledgment", description="template folder below templates/forms/"
    )
    asset: FormAsset | None = None
    double_opt_in: bool = Field(
        default=False, description="a consent counts once it is confirmed by a link in a mail"
    )
    confirmation_mail: Name = Field(
        default="confirmation", description="template folder below templates/forms/"
    )
    confirm_within: Lasting = timedelta(days=7)

    @property
    def has_message(self) -> bool:
        """Whether people can ask something in their own words, so that somebody has to answer."""
        return any(
            name == "message" or field.type == "long_text" for name, field in self.fields.items()
        )

    @model_validator(mode="after")
    def _asset_needs_a_mail(self) -> Self:
        if self.asset is not None and not self.acknowledgment:
            raise ShapeFault(code="asset_without_mail")
        if self.double_opt_in and self.consent is None:
            raise ShapeFault(code="nothing_to_confirm")
        return self
