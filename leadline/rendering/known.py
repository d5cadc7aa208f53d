"""The shape of a context as `leadline check` needs it: which names lie below which."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union, get_args, get_origin, get_type_hints, is_typeddict

from leadline.domain.leads import LANGUAGES
from leadline.rendering.contexts import (
    ADMIN_MAILS,
    PAGES,
    REP_MAILS,
    FormMail,
    Lead,
    NurtureMail,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PARTS = ("subject.txt", "body.txt", "body.html")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one value.

    Attributes:
        keys: the names below it, None when it has none.
        item: what each of its items is, None when it is no list.
        is_open: true when nothing is known, so that anything may be asked of it.
    """

    keys: Mapping[str, Known] | None = None
    item: Known | None = None
    is_open: bool = False


TEXT = Known()
ANYTHING = Known(is_open=True)


def known_of(annotation: object, *, fields: Collection[str] = ()) -> Known:
    """Return the shape of a type from leadline.rendering.contexts.

    Args:
        annotation: a TypedDict, a list of something, `X | None`, or a plain type.
        fields: custom fields that every lead has beside the canonical ones.
    """
    if is_typeddict(annotation) and isinstance(annotation, type):
        hints = get_type_hints(annotation)
        keys = {name: known_of(hint, fields=fields) for name, hint in hints.items()}
        return Known(keys=keys | dict.fromkeys(fields, TEXT) if annotation is Lead else keys)
    if get_origin(annotation) is list:
        return Known(item=known_of(get_args(annotation)[0], fields=fields))
    if get_origin(annotation) in {types.UnionType, Union}:
        given = next(arg for arg in get_args(annotation) if arg is not type(None))
        return known_of(given, fields=fields)
    return TEXT


def context_of(path: str) -> type | None:
    """Return the context of the mail part or page at `path` (below templates/), None if unknown."""
    match path.split("/"):
        case ["nurture", sequence, step, lang, part] if _is_mail(sequence, step, lang, part):
            return NurtureMail
        case ["rep", name, lang, part] if _is_mail(name, "", lang, part):
            return REP_MAILS.get(name)
        case ["admin", name, lang, part] if _is_mail(name, "", lang, part):
            return ADMIN_MAILS.get(name)
        case ["forms", name, lang, part] if _is_mail(name, "", lang, part):
            return FormMail
        case ["pages", lang, page] if lang in LANGUAGES and page.endswith(".html"):
            return PAGES.get(page.removesuffix(".html"))
        case _:
            return None


def mail_folder(path: str) -> str | None:
    """Return the folder of the mail to which `path` belongs, without the language, else None."""
    match path.split("/"):
        case ["nurture", sequence, step, _, _] if not f"{sequence}/{step}".startswith("_"):
            return f"nurture/{sequence}/{step}"
        case ["rep", name, _, _] if not name.startswith("_"):
            return f"rep/{name}"
        case ["admin", name, _, _] if not name.startswith("_"):
            return f"admin/{name}"
        case ["forms", name, _, _] if not name.startswith("_"):
            return f"forms/{name}"
        case _:
            return None


def _is_mail(name: str, step: str, lang: str, part: str) -> bool:
    fragment = name.startswith("_") or step.startswith("_")
    return not fragment and lang in LANGUAGES and part in PARTS
