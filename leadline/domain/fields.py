"""How each canonical field is read from a cell, and the plan that a mapping compiles to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadline.domain.cells import (
    clean_kana,
    clean_line,
    clean_name,
    clean_text,
    read_boolean,
    read_language,
    read_number,
)
from leadline.domain.dates import parse_time
from leadline.domain.mapping import is_opt_out
from leadline.domain.places import find_country, find_region
from leadline.domain.reach import read_phone, read_postal_code, unguarded

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_ZONE: Final = 64
_ID_PREFIX: Final = re.compile(r"\A(?:(?:l:|zcrm_)(?=\S))+")


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What is known of a source beside its rows.

    Attributes:
        name: the source's name.
        country: ISO code for rows that name none.
        timezone: IANA zone of times without an offset.
        date_order: `year_first`, `month_first` or `day_first`.
    """

    name: str
    country: str
    timezone: str
    date_order: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with each column of a mapping; the same for every row of a file.

    Attributes:
        emails: headers of mail columns, in file order.
        countries: headers of country columns.
        requests: headers of columns that say what is asked for.
        employees: headers of head-count columns.
        consents: header of a consent column, and whether it holds refusals.
        plain: header, field and reader of fields that need the cell only.
        placed: the same of fields that need the row's country.
        timed: header and field of times.
        custom: header, field and type of fields that the configuration declares.
        known: every header that is named above.
    """

    emails: tuple[str, ...]
    countries: tuple[str, ...]
    requests: tuple[str, ...]
    employees: tuple[str, ...]
    consents: tuple[tuple[str, bool], ...]
    plain: tuple[tuple[str, str, Callable[[str], str | None]], ...]
    placed: tuple[tuple[str, str, Callable[[str, str], str | None]], ...]
    timed: tuple[tuple[str, str], ...]
    custom: tuple[tuple[str, str, str], ...]
    known: frozenset[str]


@lru_cache(maxsize=64)
def plan_for(pairs: tuple[tuple[str, str], ...], types: tuple[tuple[str, str], ...]) -> Plan:
    """Compile a mapping.

    Args:
        pairs: header and field, in file order.
        types: name and type of the custom fields; a header that is such a name needs no mapping.
    """
    custom = dict(types)
    mapped = {header for header, _ in pairs}
    pairs += tuple((name, name) for name in custom if name not in mapped)
    return Plan(
        emails=tuple(header for header, field in pairs if field == "email"),
        countries=tuple(header for header, field in pairs if field == "country"),
        requests=tuple(header for header, field in pairs if field == "request"),
        employees=tuple(header for header, field in pairs if field == "employees"),
        consents=tuple(
            (header, is_opt_out(header)) for header, field in pairs if field == "consent"
        ),
        plain=tuple((header, field, _PLAIN[field]) for header, field in pairs if field in _PLAIN),
        placed=tuple(
            (header, field, _PLACED[field]) for header, field in pairs if field in _PLACED
        ),
        timed=tuple((header, field) for header, field in pairs if field in TIMED),
        custom=tuple((header, field, custom[field]) for header, field in pairs if field in custom),
        known=frozenset(header for header, field in pairs if field in custom or field in FIELDS),
    )


def read_custom(cell: str, kind: str, source: SourceContext) -> str | None:
    """Return a custom field in the shape of its type (`true`, `1200`, ISO 8601 in UTC).

    None when the cell says nothing, or nothing that fits the type.
    """
    if kind == "number":
        return read_number(cell)
    if kind == "boolean":
        said = read_boolean(cell)
        return None if said is None else str(said).lower()
    if kind == "time":
        at = parse_time(cell, zone=source.timezone, order=source.date_order)
        return at.isoformat() if at else None
    return clean_text(cell)


def _read_external_id(cell: str) -> str | None:
    """Return an id as text, without what vendors and exports put before it or around it."""
    text = unguarded(clean_line(cell) or "")
    return _ID_PREFIX.sub("", text, count=1) or None


def _read_region(cell: str, country: str) -> str | None:
    """Return a region by its full name."""
    text = clean_line(cell)
    return find_region(text, country) if text else None


def _read_timezone(cell: str) -> str | None:
    """Return an IANA zone that exists."""
    name = cell.strip()
    if not name or len(name) > _LONGEST_ZONE:
        return None
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


_LINES: Final = (
    "company",
    "department",
    "title",
    "city",
    "address",
    "industry",
    "website",
    "source",
    "campaign",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "product",
    "budget",
    "timeframe",
    "decision_role",
    "owner",
)
_PLAIN: Final[dict[str, Callable[[str], str | None]]] = {
    **dict.fromkeys(_LINES, clean_line),
    **dict.fromkeys(("given_name", "family_name", "full_name"), clean_name),
    "name_kana": clean_kana,
    "message": clean_text,
    "external_id": _read_external_id,
    "country": find_country,
    "language": read_language,
    "timezone": _read_timezone,
}
_PLACED: Final[dict[str, Callable[[str, str], str | None]]] = {
    "phone": read_phone,
    "region": _read_region,
    "postal_code": read_postal_code,
}
TIMED: Final = ("created_at", "submitted_at")
#: Every field that a plan knows what to do with.
FIELDS: Final = frozenset({*_PLAIN, *_PLACED, *TIMED, "email", "request", "employees", "consent"})
