"""The types of a form's fields: what each takes, and how the hosted page asks for it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from leadline.config.forms import FieldKind
from leadline.domain.cells import clean_line, read_boolean, read_number
from leadline.domain.reach import MAX_EMAIL, read_one_email
from leadline.rendering.words import REQUEST_WORDS, choices
from leadline.web.words import FIELD_FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.config.forms import FormField
    from leadline.config.values import Language

#: A type, or `request`: the list of what a lead may ask for, where other words are taken too.
Kind = FieldKind | Literal["request"]

_BY_NAME: Final[dict[str, Kind]] = {
    "email": "email",
    "phone": "phone",
    "request": "request",
    "message": "long_text",
}
_LONG: Final = 1_000
_FEW: Final = 4  # choices that are shown at once; more are a list to open
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
#: How the page asks: an HTML input type, or a kind of its own that the template knows.
_SHOWN: Final[dict[Kind, str]] = {
    "long_text": "textarea",
    "phone": "tel",
    "request": "select",
    "choices": "checkboxes",
    "number": "text",  # a browser's number field drops full-width digits
}
_KEYBOARDS: Final[dict[Kind, str]] = {
    "email": "email",
    "phone": "tel",
    "url": "url",
    "number": "decimal",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field; `code` is a key of FIELD_FAULTS."""

    code: str
    limit: int = 0
    length: int = 0

    def say(self, lang: str) -> str:
        """Return the sentence that stands beside the field."""
        return FIELD_FAULTS[self.code][lang].format(limit=self.limit, length=self.length)


def kind_of(name: str, shape: FormField) -> Kind:
    """Return a field's type; one that the form does not say follows from its name."""
    if shape.type is not None:
        return shape.type
    return _BY_NAME.get(name, "long_text" if shape.max_length >= _LONG else "text")


def is_empty(kind: Kind, texts: Sequence[str]) -> bool:
    """Tell whether a field was left out: a box that is not ticked, a text of nothing."""
    if kind == "checkbox":
        return not any(read_boolean(text) for text in texts)
    return not any(clean_line(text) for text in texts)


def fit(text: str, limit: int) -> str:
    """Return what may be kept of a text that nobody typed, and nobody could correct."""
    return _NO_TEXT.sub("", text)[:limit]


def find_fault(name: str, shape: FormField, texts: Sequence[str]) -> Fault | None:
    """Return what is wrong with the texts that were posted for a field."""
    kind = kind_of(name, shape)
    joined = ", ".join(filter(None, texts))
    if fault := find_text_fault(joined, shape.max_length):
        return fault
    if is_empty(kind, texts):
        return Fault("required") if shape.required else None
    if kind in {"choice", "choices"}:
        return _find_choice_fault(shape, texts)
    if kind == "checkbox":
        return None
    return _find_typed_fault("email" if name == "email" else kind, joined)


def find_text_fault(text: str, limit: int) -> Fault | None:
    """Return what is wrong with a text of any type."""
    if _NO_TEXT.search(text):
        return Fault("not_text")
    length = len(text.replace("\r\n", "\n"))
    return Fault("too_long", limit, length) if length > limit else None


def _find_choice_fault(shape: FormField, texts: Sequence[str]) -> Fault | None:
    values = {option.value for option in shape.options}
    chosen = [text.strip() for text in texts if text.strip()]
    if any(text not in values for text in chosen):
        return Fault("unknown_choice")
    return Fault("one_choice") if shape.type == "choice" and len(set(chosen)) > 1 else None


def _find_typed_fault(kind: Kind, text: str) -> Fault | None:
    if kind == "email":
        email = read_one_email(text)
        if email is None:
            return Fault("invalid_email")
        if len(email) > MAX_EMAIL:
            return Fault("too_long", MAX_EMAIL, len(email))
        return None if email.isascii() else Fault("unsendable_email")
    if kind == "number" and read_number(text) is None:
        return Fault("not_a_number")
    if kind == "url" and not _is_url(text):
        return Fault("not_a_url")
    return None


def _is_url(text: str) -> bool:
    """Tell whether a text is an address of the web: http or https, and a host with a dot."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if re.search(r"\s", plain):
        return False
    try:
        parts = urlsplit(plain)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and "." in host.strip(".")


def show_field(
    name: str, shape: FormField, texts: Sequence[str], *, fault: Fault | None, lang: Language
) -> dict[str, Any]:
    """Return what the page's template needs to ask for a field."""
    kind = kind_of(name, shape)
    shown = _SHOWN.get(kind, kind)
    if kind == "choice":
        shown = "radios" if len(shape.options) <= _FEW else "select"
    chosen = {text.strip() for text in texts}
    value = _NO_TEXT.sub("", ", ".join(filter(None, texts)))
    if kind == "checkbox":
        value = "" if is_empty(kind, texts) else "true"
    return {
        "name": name,
        "label": shape.label[lang],
        "required": shape.required,
        "type": shown,
        "keyboard": _KEYBOARDS.get(kind, ""),
        "value": value,
        "error": fault.say(lang) if fault else "",
        "options": [
            {**each, "chosen": each["value"] in chosen} for each in _options(kind, shape, lang)
        ],
    }


def _options(kind: Kind, shape: FormField, lang: Language) -> list[dict[str, str]]:
    if kind == "request" and not shape.options:
        return [dict(option) for option in choices(REQUEST_WORDS, lang)]
    return [{"value": option.value, "label": option.label[lang]} for option in shape.options]
