"""The decision about one raw row: a canonical lead, or a reject code with its column.

The rules of the fields are those of the product's contract: nothing is re-cased, nothing is
guessed from the address, a cell that says nothing gives nothing. Structural codes (`bad_encoding`,
`stray_quote`, `empty_row`, `field_count`) are the reader's; the others are decided here, in the
order `missing_email`, `invalid_email`, `too_long`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leadline.domain.cells import (
    clean_line,
    clean_name,
    clean_text,
    fold_text,
    is_japanese,
    read_consent,
)
from leadline.domain.dates import parse_time
from leadline.domain.fields import Plan, SourceContext, plan_for, read_custom
from leadline.domain.headcount import read_headcount
from leadline.domain.inquiry import decide_request
from leadline.domain.names import split_name
from leadline.domain.places import read_place, settle_place
from leadline.domain.reach import MAX_EMAIL, read_email
from leadline.domain.streets import split_address

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Lead",
    "Rejected",
    "SourceContext",
    "decide_intake",
    "is_role_address",
    "match_keys",
]

MAX_LINE: Final = 255
MAX_CELL: Final = 100_000
_SHORT_FIELDS: Final = frozenset(
    {"given_name", "family_name", "full_name", "name_kana", "company", "title"}
)

#: Mailboxes of a function and not of a person (RFC 2142 and what Japanese offices use).
_ROLE_WORDS: Final = """
info information sales contact contactus support admin administrator office hello mail email
noreply donotreply postmaster webmaster hostmaster abuse marketing hr jobs recruit careers
billing accounts accounting invoice inquiry inquiries enquiry enquiries help helpdesk service
customerservice team press pr media news newsletter security privacy legal web order orders
reception soumu eigyo toiawase otoiawase kouhou koho jinji keiri saiyo shien
"""
_ROLES: Final = frozenset(_ROLE_WORDS.split())
_ROLE_SIGNS: Final = re.compile(r"[-_.]")
_PLACE: Final = ("region", "city", "postal_code", "address")
_IN_ADDRESS: Final = frozenset({"postal_code", "region", "city"})
_IN_NAME: Final = frozenset({"given_name", "family_name"})
_SPOKEN: Final = (
    "full_name",
    "family_name",
    "given_name",
    "name_kana",
    "company",
    "department",
    "title",
    "region",
    "address",
    "message",
)


@dataclass(frozen=True, slots=True)
class Lead:
    """A row that was accepted.

    Attributes:
        values: canonical fields that the source states; None where the column is there and the
            cell says nothing. Beside them always `request`, `request_rule` and `language`, and
            `employees_min` and `employees_max` where `employees` is stated.
        attributes: trimmed text of columns that no field takes, by header, and the values of
            custom fields in one shape (`true`, `1200`, ISO 8601 in UTC), by field name.
        guessed: fields of `values` that nobody stated: the country of the source where the row
            says nothing of a place, a language that follows from it or from nothing, and the parts
            of a full name. They fill a new lead and change no known one.
    """

    values: dict[str, object]
    attributes: dict[str, str]
    guessed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not accepted; it goes to the quarantine.

    Attributes:
        reason: `missing_email`, `invalid_email` or `too_long`.
        column: header of the cell at fault, "" when no column can be named.
        detail: what is wrong; never the value itself.
    """

    reason: str
    column: str
    detail: str


def decide_intake(
    cells: Mapping[str, str],
    *,
    mapping: Mapping[str, str],
    source: SourceContext,
    custom: Mapping[str, str],
) -> Lead | Rejected:
    """Return the lead that one raw row makes, or why it makes none.

    Args:
        cells: text by header; a header that is absent is not stated.
        mapping: canonical or custom field by header, from `map_headers`.
        source: defaults of the source.
        custom: type (`text`, `number`, `boolean`, `time`) by name of the fields that the
            configuration declares.
    """
    plan = plan_for(tuple(mapping.items()), tuple(custom.items()))
    email = _decide_email(cells, plan)
    if isinstance(email, Rejected):
        return email
    fault = _too_long(cells, mapping)
    if fault is not None:
        return fault
    country = _decide_country(cells, plan, source)
    values: dict[str, object] = {"email": email}
    _add_fields(values, cells, plan, country)
    _add_statements(values, cells, plan, source)
    guessed = _add_parts(values, country) | _add_decisions(values, cells, plan, source)
    return Lead(values, _attributes(cells, plan, source), guessed)


def match_keys(values: Mapping[str, object], *, source: str) -> tuple[tuple[str, str], ...]:
    """Return the exact keys (kind, text) under which a lead is known, the strongest first.

    The address of a function (info@, sales@ ...) belongs to several people, so it counts only
    together with the name; a phone number likewise.
    """
    name = fold_text(str(values.get("full_name") or ""))
    keys: list[tuple[str, str]] = []
    email = values.get("email")
    if isinstance(email, str) and email:
        keys.append(("email", f"{email}|{name}" if is_role_address(email) else email))
    if values.get("external_id"):
        keys.append(("external", f"{source}|{values['external_id']}"))
    if values.get("phone") and name:
        keys.append(("phone_name", f"{values['phone']}|{name}"))
    return tuple(keys)


def is_role_address(email: str) -> bool:
    """Return whether an address is that of a function and not of a person."""
    local = email.partition("@")[0].partition("+")[0]
    return _ROLE_SIGNS.sub("", local.casefold()) in _ROLES


def _decide_email(cells: Mapping[str, str], plan: Plan) -> str | Rejected:
    """Return the first address that is filled."""
    for header in plan.emails:
        cell = cells.get(header, "")
        if clean_line(cell) is None:
            continue
        email = read_email(cell)
        if email is None:
            return Rejected("invalid_email", header, "not a single valid address")
        if len(email) > MAX_EMAIL:
            detail = f"{len(email)} characters, at most {MAX_EMAIL}"
            return Rejected("too_long", header, detail)
        return email
    return Rejected("missing_email", next(iter(plan.emails), ""), "no mail cell is filled")


def _too_long(cells: Mapping[str, str], mapping: Mapping[str, str]) -> Rejected | None:
    """Return the first cell over its limit; most rows have no cell that could be."""
    if max(map(len, cells.values()), default=0) <= MAX_LINE:
        return None
    for header, cell in cells.items():
        is_short = mapping.get(header) in _SHORT_FIELDS
        length = len(clean_name(cell) or "") if is_short else len(cell)
        limit = MAX_LINE if is_short else MAX_CELL
        if length > limit:
            return Rejected("too_long", header, f"{length} characters, at most {limit}")
    return None


def _decide_country(cells: Mapping[str, str], plan: Plan, source: SourceContext) -> str:
    """Return the ISO code that phones, postal codes and regions of the row are read with."""
    said = (read_place(cells.get(header, "")) for header in plan.countries)
    return settle_place(said, source.country)


def _add_fields(
    values: dict[str, object], cells: Mapping[str, str], plan: Plan, country: str
) -> None:
    """Add the fields that are read from one cell; of several columns the first filled counts."""
    for header, field, read in plan.plain:
        if header in cells and values.get(field) is None:
            values[field] = read(cells[header])
    for header, field, read_placed in plan.placed:
        if header in cells and values.get(field) is None:
            values[field] = read_placed(cells[header], country)


def _add_statements(
    values: dict[str, object], cells: Mapping[str, str], plan: Plan, source: SourceContext
) -> None:
    """Add times, head count and consent; a refusal in any column wins."""
    for header, field in plan.timed:
        if header in cells and values.get(field) is None:
            values[field] = parse_time(cells[header], zone=source.timezone, order=source.date_order)
    for header in plan.employees:
        if header in cells and values.get("employees") is None:
            found = read_headcount(cells[header])
            values["employees"] = found.text if found else None
            values["employees_min"] = found.least if found else None
            values["employees_max"] = found.most if found else None
    for header, is_refusal in plan.consents:
        if header in cells:
            said = read_consent(cells[header], is_refusal=is_refusal)
            if values.get("consent") is None or said is False:
                values["consent"] = said


def _add_parts(values: dict[str, object], country: str) -> frozenset[str]:
    """Add the parts of a full name and of a Japanese address that have no columns of their own.

    Returns the names: they were never stated apart. The parts of an address were stated in it.
    """
    address, full_name = values.get("address"), values.get("full_name")
    if country == "JP" and isinstance(address, str) and not _IN_ADDRESS.issubset(values):
        for field, part in split_address(address)._asdict().items():
            if part is not None:
                values.setdefault(field, part)
    if not isinstance(full_name, str) or not _IN_NAME.isdisjoint(values):
        return frozenset()
    if (name := split_name(full_name, country=country)) is None:
        return frozenset()
    values["given_name"], values["family_name"] = name.given, name.family
    return _IN_NAME


def _add_decisions(
    values: dict[str, object], cells: Mapping[str, str], plan: Plan, source: SourceContext
) -> frozenset[str]:
    """Add what follows from the row as a whole; returns which fields of it are mere defaults."""
    country = values.get("country") if plan.countries else source.country
    is_placed = plan.countries or any(values.get(field) for field in _PLACE)
    guessed = set() if is_placed else {"country"}
    if not values.get("language"):
        values["language"], is_told = _decide_language(values, country)
        guessed |= set() if is_told else {"language"}
    values["country"], language = country, values["language"]
    if "full_name" not in values:
        given, family = values.get("given_name"), values.get("family_name")
        parts = (family, given) if language == "ja" else (given, family)
        if name := " ".join(str(part) for part in parts if part):
            values["full_name"] = name
    asked = [text for header in plan.requests if (text := clean_text(cells.get(header, "")))]
    message = values.get("message")
    values["request"], values["request_rule"] = decide_request(
        " ".join(asked) or None, message if isinstance(message, str) else None
    )
    return frozenset(guessed)


def _decide_language(values: Mapping[str, object], country: object) -> tuple[str, bool]:
    """Return `ja` for a lead in Japan or one that writes Japanese, else `en`; and if it is told.

    Japan where the row states it and Japanese writing tell the language; the country of the
    source (`country` where the row has no such column) and plain Latin letters do not.
    """
    if values.get("country") == "JP":
        return "ja", True
    place = country if isinstance(country, str) else None
    for field in _SPOKEN:
        text = values.get(field)
        if isinstance(text, str) and not text.isascii() and is_japanese(text, country=place):
            return "ja", True
    return ("ja" if country == "JP" else "en"), False


def _attributes(cells: Mapping[str, str], plan: Plan, source: SourceContext) -> dict[str, str]:
    """Return the columns that no field takes, and the custom fields in the shape of their type."""
    attributes: dict[str, str] = {}
    if not plan.known.issuperset(cells):
        for header, cell in cells.items():
            if header not in plan.known and (text := clean_text(cell)):
                attributes[header] = text
    for header, field, kind in plan.custom:
        if header in cells and (value := read_custom(cells[header], kind, source)) is not None:
            attributes.setdefault(field, value)
    return attributes
