"""What follows from rows as wholes: parts of names, language, requests, and derived fields."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone

from leadline.domain.cells import clean_text
from leadline.domain.column_values import (
    PLAIN_TEXT,
    Reading,
    Values,
    constant,
    first_said,
    objects,
    read_cells,
    read_pairs,
)
from leadline.domain.companies import company_key
from leadline.domain.derived import JAPANESE_CODE
from leadline.domain.mail_columns import flag_emails
from leadline.domain.names import PersonName, split_name
from leadline.domain.places import region_code
from leadline.domain.streets import Place, split_address
from leadline.domain.wording_columns import find_japanese, find_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadline.domain.column_fields import Rows
    from leadline.domain.column_values import Flags
    from leadline.domain.derived import FindPlaces

_PLACE: Final = ("region", "city", "postal_code", "address")
_SPOKEN: Final = (
    *("full_name", "family_name", "given_name", "name_kana", "company", "department", "title"),
    *("region", "address", "message"),
)
_IN_NAME: Final = ("given_name", "family_name")
_IN_ADDRESS: Final = ("postal_code", "region", "city")
_BY_CODE: Final = ("region", "city")
#: Sets of what nobody stated, by a bit for each of the three.
_GUESSES: Final = tuple(
    frozenset(
        (*("country",) * (bits & 1), *("language",) * (bits >> 1 & 1), *_IN_NAME * (bits >> 2))
    )
    for bits in range(8)
)


class Parts(NamedTuple):
    """What was found inside other fields.

    Attributes:
        names: fields that some rows say inside another one, and no column states.
        is_name_split: rows whose full name was split.
    """

    names: frozenset[str]
    is_name_split: Flags


def split_parts(rows: Rows) -> Parts:
    """Add the parts of full names and addresses that have no columns of their own."""
    found: set[str] = set()
    missing = [name for name in _IN_ADDRESS if name not in rows.fields]
    if "address" in rows.fields and missing:
        parts = _split(rows, "address", _split_address)
        found |= {name for name in missing if _add_part(rows, name, parts, of=name)}
    is_name_split = np.zeros(rows.count, bool)
    if "full_name" in rows.fields and not any(name in rows.fields for name in _IN_NAME):
        parts = _split(rows, "full_name", _split_name)
        is_name_split = parts.flags(bool)
        for name, of in zip(_IN_NAME, ("given", "family"), strict=True):
            _add_part(rows, name, parts, of=of)
    return Parts(frozenset(found), is_name_split)


def _split(rows: Rows, name: str, split: Callable[[str | None, str], Any]) -> Values:
    values = rows.fields[name].values
    if values.known is not None:
        return read_pairs(values, rows.places, split)
    pairs = zip(values.rows or (), rows.places.to_list(), strict=True)
    return Values(None, rows=[split(value, place) for value, place in pairs])


def _add_part(rows: Rows, name: str, parts: Values, *, of: str) -> bool:
    """Add a field that some rows say inside another one; where none does, it is not stated."""
    values = parts.changed(partial(_part, name=of))
    is_said = bool(values.flags(bool).any())
    if is_said:
        rows.add(name, values)
    return is_said


def decide_rows(rows: Rows, parts: Parts) -> list[frozenset[str]]:
    """Add what follows from the rows as wholes; returns by row which fields are mere defaults."""
    stated = rows.fields.get("country")
    country = rows.values_of("country")
    if not rows.plan.countries:
        country = constant(rows.source.country, rows.count)
    is_told = _decide_language(rows, country, is_stated=stated is not None)
    is_placed = np.full(rows.count, bool(rows.plan.countries))
    for name in _PLACE:
        if not rows.plan.countries:
            is_placed |= rows.values_of(name).flags(bool)
    rows.add("country", country)
    if stated:
        rows.fields["country"] = Reading(country, stated.written)
    _join_names(rows)
    _decide_requests(rows)
    bits = ~is_placed + 2 * ~is_told + 4 * parts.is_name_split
    guessed: list[frozenset[str]] = objects(_GUESSES)[bits].tolist()
    return guessed


def _decide_language(rows: Rows, country: Values, *, is_stated: bool) -> Flags:
    """Decide the language where none is stated; returns which rows tell it."""
    said = rows.values_of("language")
    is_said = said.flags(bool)
    is_japan = country.flags(lambda code: code == "JP")
    texts = [rows.fields[name].values for name in _SPOKEN if name in rows.fields]
    is_japanese = find_japanese(texts, country, is_open=~(is_japan & is_stated) & ~is_said)
    is_japanese |= is_japan & is_stated
    decided = objects(("en", "ja"))[np.where(is_japanese | is_japan, 1, 0)]
    if is_said.any():
        decided = np.where(is_said, objects(said.to_list()), decided)
    values = Values(None, rows=decided.tolist())
    stated = rows.fields.get("language")
    rows.add("language", values)
    if stated:
        rows.fields["language"] = Reading(values, stated.written)
    return is_japanese | is_said


def _join_names(rows: Rows) -> None:
    """Make full names of their parts, where the source has no such column."""
    if "full_name" in rows.fields or not any(name in rows.fields for name in _IN_NAME):
        return
    given, family = (rows.values_of(name).to_list() for name in _IN_NAME)
    languages = rows.values_of("language").to_list()
    names: list[str | None] = [
        (f"{second} {first}" if language == "ja" else f"{first} {second}")
        if first and second
        else first or second or None
        for first, second, language in zip(given, family, languages, strict=True)
    ]
    rows.add("full_name", Values(None, rows=names))


def _decide_requests(rows: Rows) -> None:
    """Decide what is asked for, and by which rule."""
    columns = [
        read_cells(rows.cells[header], clean_text, plain=PLAIN_TEXT).values
        for header in rows.present(rows.plan.requests)
    ]
    asked = columns[0] if columns else constant(None, rows.count)
    for more in columns[1:]:
        pairs = zip(asked.to_list(), more.to_list(), strict=True)
        asked = Values(None, rows=[" ".join(filter(None, pair)) or None for pair in pairs])
    found = find_requests(asked, rows.values_of("message"))
    kinds = found.changed(lambda pair: pair[0])
    written = constant(None, rows.count)
    if columns:
        pairs = zip(asked.to_list(), kinds.to_list(), strict=True)
        written = Values(None, rows=[text if text != kind else None for text, kind in pairs])
    rows.fields["request"] = Reading(kinds, written)
    rows.add("request_rule", found.changed(lambda pair: pair[1]))


def derive_rows(rows: Rows, parts: Parts, find_places: FindPlaces | None) -> None:
    """Add what follows from values, as `leadline.domain.derived.derive` does for one row."""
    emails: list[str | None] = rows.fields["email"].values.to_list()
    for name, flags in flag_emails(emails).items():
        rows.add(name, Values(None, rows=flags))
    if "company" in rows.fields:
        rows.add("company_key", _company_keys(rows.values_of("company")))
    place = rows.values_of("country").changed(lambda code: code or rows.source.country)
    if find_places and "postal_code" in rows.fields:
        _find_places(rows, parts, place, find_places)
    if "region" in rows.fields:
        rows.add("region_code", read_pairs(rows.values_of("region"), place, region_code))


def _find_places(rows: Rows, parts: Parts, place: Values, find_places: FindPlaces) -> None:
    """Add prefecture and city by the postal code, where the source has no such column."""
    missing = [name for name in _BY_CODE if name not in rows.fields or name in parts.names]
    if not missing:
        return
    codes = read_pairs(rows.values_of("postal_code"), place, _japanese_code)
    known = find_places([code for code in codes.known or () if code])
    found = codes.changed(known.get)
    for name in missing:
        readings = [rows.fields[name]] if name in parts.names else []
        values = found.changed(partial(_part, name=name))
        readings.append(Reading(values, constant(None, rows.count)))
        rows.fields[name] = first_said(readings)


def _company_keys(companies: Values) -> Values:
    """Return the key of each company; several leads come from one."""
    known = companies.known if companies.known is not None else set(companies.rows or ())
    keys = {company: company_key(company or "") for company in known}
    return companies.changed(keys.__getitem__)


def _split_address(address: str | None, place: str) -> Place | None:
    return split_address(address) if address and place == "JP" else None


def _split_name(name: str | None, place: str) -> PersonName | None:
    return split_name(name, country=place) if name else None


def _part(whole: object, *, name: str) -> Any:  # noqa: ANN401 - parts of any kind
    return getattr(whole, name) if whole else None


def _japanese_code(code: str | None, country: str) -> str | None:
    is_japanese = country == "JP" and code and JAPANESE_CODE.fullmatch(code)
    return code if is_japanese else None
