"""Checking a form against itself: fields, options and consent that would not work together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.config.document import Document
    from leadline.errors import Problem

_FIELDS: Final = "fields"
_LISTS: Final = frozenset({"choice", "choices"})


def check_form(form: Document) -> Iterator[Problem]:
    """Yield the faults of a form file that concern this form alone."""
    fields = form.get((_FIELDS,))
    if not isinstance(fields, dict):
        return
    yield from _email(form)
    yield from _consent(form)
    for name in fields:
        yield from _field(form, str(name))


def _email(form: Document) -> Iterator[Problem]:
    place = (_FIELDS, "email")
    if not isinstance(form.get(place), dict):
        return
    if form.get((*place, "type")) not in {None, "email"}:
        yield form.at_value((*place, "type")).problem("email_of_other_type", suggestion="email")
    if form.get((*place, "required")) is not True:
        yield form.at_key(place).problem("email_not_required")


def _consent(form: Document) -> Iterator[Problem]:
    if not isinstance(form.get(("consent",)), dict):
        return
    named = form.get(("consent", "field"))
    asked = "consent" if named is None else named
    if isinstance(asked, str) and form.get((_FIELDS, asked)) is not None:
        yield form.at_key((_FIELDS, asked)).problem("consent_is_a_field")


def _field(form: Document, name: str) -> Iterator[Problem]:
    place = (_FIELDS, name)
    if not isinstance(form.get(place), dict):
        return
    kind = form.get((*place, "type"))
    if kind == "hidden" and form.get((*place, "required")) is True:
        yield form.at_key((*place, "required")).problem("hidden_required")
    options = form.get((*place, "options"))
    if not isinstance(options, tuple) or not options:
        return
    if kind not in _LISTS and not (kind is None and name == "request"):
        yield form.at_key((*place, "options")).problem("options_without_choice")
    seen: set[object] = set()
    for number in range(len(options)):
        spot = (*place, "options", number, "value")
        value = form.get(spot)
        if not isinstance(value, str):
            continue
        if value in seen:
            yield form.at_value(spot).problem("option_twice")
        if kind == "choices" and "," in value:
            yield form.at_value(spot).problem("option_with_comma")
        seen.add(value)
