"""Every text in the database that may hold one address: found by SQL, decided by the caller.

An erasure empties the rows of a person. What others wrote of that person stands in rows of
others, which stay, without the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, func, or_, select, true

from leadline.domain.mentions import base64_runs
from leadline.store import schema
from leadline.store.bulk import among, as_dicts, update_rows
from leadline.store.columns import PlainJson

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Table
    from sqlalchemy.engine import Connection

#: Tables with text that people wrote; the configuration is nobody's but the company's.
_TABLES: Final = (
    schema.leads,
    schema.submissions,
    schema.import_changes,
    schema.import_runs,
    schema.consents,
    schema.events,
    schema.assignments,
    schema.enrollments,
    schema.touches,
    schema.delivery_events,
    schema.suppression_lists,
)
#: Signs that stand for an `@` in texts that are not plain: full width, and escapes of JSON, links,
#: HTML and quoted-printable.
_WIDE: Final = (
    *("\uff20", "\\uff20", "\\u0040", "%40", "%2540"),
    *("&#64;", "&#064;", "&#x40;", "&commat;", "=40"),
)
_TO_WIDE: Final = 0xFEE0
#: Kinds of submissions whose text may be encoded by whoever sent it.
_ENCODED: Final = "webhook"


@dataclass(frozen=True, slots=True)
class Place:
    """A row with texts that may hold the address.

    Attributes:
        table: its table.
        row: its key, its texts, and `lead_id`, `state` and `kind` where it has them.
        texts: names of the columns that are texts.
    """

    table: Table
    row: dict[str, Any]
    texts: tuple[str, ...]

    @property
    def key(self) -> int:
        """The first column of its key."""
        return int(self.row[next(iter(self.table.primary_key)).name])

    @property
    def values(self) -> list[Any]:
        """Its texts."""
        return [self.row[name] for name in self.texts]

    @property
    def lead_id(self) -> int | None:
        """The lead that the row is about."""
        found = self.row["id"] if self.table is schema.leads else self.row.get("lead_id")
        return found if isinstance(found, int) else None


def list_places(
    connection: Connection,
    spellings: Sequence[str],
    *,
    only: Mapping[str, Collection[int]] | None = None,
    tables: Collection[Table] = _TABLES,
) -> list[Place]:
    """Return rows that may hold an address, at most one statement per table.

    Args:
        connection: any transaction.
        spellings: of the address, in lower case.
        only: by table, the first column of the keys of the rows to lock; all when None.
        tables: to look into.
    """
    found = []
    for table in tables if only is None else (each for each in tables if each.name in only):
        texts = tuple(column.name for column in table.c if _is_text(column))
        keys = list(table.primary_key)
        facts = [name for name in ("lead_id", "state", "kind") if name in table.c]
        names = dict.fromkeys((*texts, *(column.name for column in keys), *facts))
        query = select(*(table.c[name] for name in names))
        if only is None:
            query = query.where(_may_hold(table, texts, spellings))
        else:
            query = query.where(among(connection, keys[0], only[table.name]))
            query = query.order_by(*keys).with_for_update()
        found += [Place(table, row, texts) for row in as_dicts(connection.execute(query))]
    return found


def _is_text(column: Column[Any]) -> bool:
    """Tell whether people's words may stand in a column."""
    is_fixed = column.primary_key or column.unique or column.name.endswith(("_hash", "_key"))
    is_fixed = is_fixed or column is schema.leads.c.email  # the address of a lead is its own
    return isinstance(column.type, (Text, PlainJson)) and not is_fixed


def _may_hold(table: Table, texts: Sequence[str], spellings: Sequence[str]) -> ColumnElement[bool]:
    plain = [func.lower(cast(table.c[name], Text)) for name in texts]
    tests = [
        text.contains(sign, autoescape=True) for text in plain for sign in (*spellings, *_WIDE)
    ]
    for address in spellings:
        tests += [text.contains(run.decode().lower()) for text in plain for run in _coded(address)]
        starts = {part[0] for part in address.split("@") if "!" <= part[:1] <= "~"}
        wide = [form for sign in starts for form in _wide_forms(sign)]
        tests += [text.contains("@") & text.contains(form) for text in plain for form in wide]
    if table is schema.submissions:
        tests.append((table.c.kind == _ENCODED) & true())
    return or_(*tests)


def _coded(address: str) -> list[bytes]:
    """Return the base64 of an address at each offset; the lines of long ones are not broken."""
    return [run for run in base64_runs(address.encode()) if run]


def _wide_forms(sign: str) -> list[str]:
    """Return a sign in full width, in both cases, and its escapes in JSON."""
    wide = {chr(ord(each) + _TO_WIDE) for each in (sign.lower(), sign.upper())}
    return [form for each in sorted(wide) for form in (each, f"\\u{ord(each):04x}")]


def rewrite(
    connection: Connection, places: Sequence[Place], redact: Callable[[Any], Any]
) -> list[Place]:
    """Write texts as `redact` gives them back; returns the rows that changed."""
    changed: list[Place] = []
    for place in places:
        values = {name: redact(place.row[name]) for name in place.texts}
        different = {name: value for name, value in values.items() if value != place.row[name]}
        if different:
            keys = {column.name: place.row[column.name] for column in place.table.primary_key}
            first, *others = keys
            update_rows(
                connection,
                place.table,
                [{**different, **keys}],
                key=first,
                fence=others[0] if others else "",
            )
            changed.append(place)
    return changed
