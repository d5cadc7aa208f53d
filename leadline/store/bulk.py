"""Writing many rows at a constant number of statements.

SQLite runs one prepared statement over the rows; PostgreSQL receives the rows as one JSON
document and expands them with `jsonb_populate_recordset`, which types every column as the table
declares it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from operator import itemgetter
from sqlite3 import DatabaseError
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import any_, cast, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError

from leadline.store.columns import PlainJson, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Select, Table
    from sqlalchemy.engine import Connection, Result

Row = dict[str, Any]

_STORED_TIME: Final = len("2026-11-20 01:00:00.000000")
_LONG: Final = 100  # values
_AT_HAND: Final = 500  # rows
_EMPTY: Final = {dict: "{}", list: "[]", tuple: "[]"}


def allocate_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Reserve `count` ids of `table` inside a writing transaction."""
    if connection.dialect.name == "sqlite":
        top = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table.name}").scalar()  # noqa: S608 - our own table name
        return list(range(int(top or 0) + 1, int(top or 0) + 1 + count))
    found = connection.execute(
        text(f"SELECT nextval('{table.name}_id_seq') FROM generate_series(1, :count)"),  # noqa: S608
        {"count": count},
    )
    return [int(row[0]) for row in found]


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Row], *, ignore_known: bool = False
) -> None:
    """Insert rows that all have the same keys; `ignore_known` skips those already there."""
    if rows:
        insert_columns(
            connection,
            table,
            {name: [row[name] for row in rows] for name in rows[0]},
            ignore_known=ignore_known,
        )


def insert_columns(
    connection: Connection,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    *,
    encoded: Collection[str] = (),
    ignore_known: bool = False,
) -> None:
    """Insert rows that are given as columns.

    Args:
        connection: a writing transaction.
        table: the table.
        columns: values by name, all as long.
        encoded: columns of documents that are JSON text already.
        ignore_known: skip rows that are there.
    """
    if not next(iter(columns.values())):
        return
    conflict = " ON CONFLICT DO NOTHING" if ignore_known else ""
    columns = {name: values for name, values in columns.items() if not _is_empty(values)}
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks}){conflict}",  # noqa: S608 - our own names
            list(zip(*_sqlite_columns(table, columns), strict=True)),
        )
        return
    columns = {**columns, **{name: list(map(json.loads, columns[name])) for name in encoded}}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    connection.execute(
        text(
            f"INSERT INTO {table.name} ({names}) SELECT {names} "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)){conflict}"
        ),
        {"rows": _document(rows)},
    )


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Row], *, key: str) -> int:
    """Write rows under their key; one that is there as it is given is not touched.

    Args:
        connection: a writing transaction.
        table: the table, unique on `key`.
        rows: all with the same keys, each `key` once.
        key: the columns that name the row, separated by ", ".

    Returns:
        How many rows were added or changed.
    """
    if not rows:
        return 0
    columns = tuple(rows[0])
    names = ", ".join(columns)
    others = [name for name in columns if name not in key.split(", ")]
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    mine, given = (", ".join(f"{of}.{name}" for name in others) for of in (table.name, "excluded"))
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        return connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks}) "  # noqa: S608 - our own names
            f"ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE ({mine}) IS NOT ({given})",
            _sqlite_rows(table, rows, columns),
        ).rowcount
    return connection.execute(
        text(
            f"INSERT INTO {table.name} ({names}) SELECT {names} "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) "
            f"ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE ({mine}) IS DISTINCT FROM ({given})"
        ),
        {"rows": _document(rows)},
    ).rowcount


def update_columns(
    connection: Connection,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    *,
    key: tuple[str, ...] = ("id",),
) -> None:
    """Update rows that are given as columns, found by the columns of `key`."""
    others = [name for name in columns if name not in key]
    if connection.dialect.name == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in others)
        same = " AND ".join(f"{name} = ?" for name in key)
        ordered = {name: columns[name] for name in (*others, *key)}
        sql = f"UPDATE {table.name} SET {sets} WHERE {same}"  # noqa: S608 - our own names
        _run_many(connection, sql, _sqlite_columns(table, ordered))
        return
    sets = ", ".join(f"{name} = s.{name}" for name in others)
    same = " AND ".join(f"{table.name}.{name} = s.{name}" for name in key)
    connection.execute(
        text(
            f"UPDATE {table.name} SET {sets} "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) s "
            f"WHERE {same}"
        ),
        {"rows": _document(_as_rows(columns))},
    )


def _as_rows(columns: Mapping[str, Sequence[Any]]) -> list[Row]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _run_many(connection: Connection, sql: str, columns: Sequence[Sequence[Any]]) -> None:
    """Run one statement over rows; SQLAlchemy would look at each of them first."""
    if columns[0]:
        cursor: Any = connection.connection.cursor()
        try:
            cursor.executemany(sql, zip(*columns, strict=True))
        except DatabaseError as error:
            raise DBAPIError(sql, (), error, hide_parameters=True) from None
        finally:
            cursor.close()


def fetch_columns(
    connection: Connection, query: Select[Any], *, is_plain: bool = False
) -> dict[str, Sequence[Any]]:
    """Return the rows of a query as columns by name.

    Args:
        connection: any transaction.
        query: the columns, each under a name of its own.
        is_plain: take what SQLite stores as it is: times as text, booleans as 0 and 1, JSON as
            text. It is given back at a third of the cost.
    """
    names = [column.name for column in query.selected_columns]
    if is_plain and connection.dialect.name == "sqlite":
        compiled = query.compile(dialect=connection.dialect)
        values = [_sqlite_value(compiled.params[name]) for name in compiled.positiontup or ()]
        return dict(zip(names, _fetch_lists(connection, str(compiled), values), strict=True))
    rows = connection.execute(query).all()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return dict(zip(names, columns, strict=True))


def _fetch_lists(connection: Connection, sql: str, values: Sequence[Any]) -> list[list[Any]]:
    """Return the rows of a query as columns; rows are dropped while they are still at hand."""
    cursor: Any = connection.connection.cursor()
    cursor.execute(sql, values)
    columns: list[list[Any]] = [[] for _ in cursor.description]
    while rows := cursor.fetchmany(_AT_HAND):
        for column, more in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(more)
    cursor.close()
    return columns


def update_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: str = "id",
    fence: str = "",
    guard: str = "",
) -> int:
    """Update rows by `key`, one value set each; returns how many rows changed.

    Args:
        connection: a writing transaction.
        table: the table.
        rows: all with the same keys, `key` among them.
        key: the column that names the row.
        fence: a column whose stored value must still be that of the row given.
        guard: SQL that must hold for the stored row, such as `state = 'leased'`.
    """
    if not rows:
        return 0
    keys = (key, fence) if fence else (key,)
    columns = tuple(name for name in rows[0] if name not in keys)
    also = f" AND {guard}" if guard else ""
    if connection.dialect.name == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in columns)
        same = " AND ".join(f"{name} = ?" for name in keys)
        return connection.exec_driver_sql(
            f"UPDATE {table.name} SET {sets} WHERE {same}{also}",  # noqa: S608 - our own names
            _sqlite_rows(table, rows, (*columns, *keys)),
        ).rowcount
    sets = ", ".join(f"{name} = s.{name}" for name in columns)
    same = " AND ".join(f"{table.name}.{name} = s.{name}" for name in keys)
    qualified = f" AND {_qualify(guard, table)}" if guard else ""
    return connection.execute(
        text(
            f"UPDATE {table.name} SET {sets} "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) s "
            f"WHERE {same}{qualified}"
        ),
        {"rows": _document(rows)},
    ).rowcount


def _qualify(guard: str, table: Table) -> str:
    """Write a guard's columns with their table, where the joined rows have the same names."""
    words = [f"{table.name}.{word}" if word in table.c else word for word in guard.split(" ")]
    return " ".join(words)


def among(
    connection: Connection, column: Column[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """Return `column IN (values)` as one parameter, whatever their number."""
    wanted = list(values)
    if connection.dialect.name == "sqlite":
        if _is_range(wanted):
            return column.between(wanted[0], wanted[-1])
        return column.in_(select(func.json_each(json.dumps(wanted)).table_valued("value").c.value))
    return column == any_(cast(wanted, ARRAY(column.type)))


def _is_range(values: Sequence[Any]) -> bool:
    """Tell whether values are whole numbers without a gap, in order."""
    count = len(values)
    if count < _LONG or type(values[0]) is not int or values[-1] != values[0] + count - 1:
        return False
    return values == list(range(values[0], values[0] + count))


def among_pairs(
    connection: Connection,
    columns: tuple[Column[Any], Column[Any]],
    pairs: Iterable[tuple[int, int]],
) -> ColumnElement[bool]:
    """Return `(column, column) IN (pairs)` as a fixed number of parameters."""
    wanted = [list(pair) for pair in pairs]
    if connection.dialect.name == "sqlite":
        value = func.json_each(json.dumps(wanted)).table_valued("value").c.value
        first, second = (func.json_extract(value, f"$[{place}]") for place in (0, 1))
    else:
        first, second = (
            func.unnest(cast([pair[place] for pair in wanted], ARRAY(columns[place].type)))
            for place in (0, 1)
        )
    return tuple_(*columns).in_(select(first, second))


def as_dicts(rows: Result[Any]) -> list[Row]:
    """Return the rows of a result by column name, at a third of the cost of `Row._mapping`."""
    names = tuple(rows.keys())
    return [dict(zip(names, row, strict=True)) for row in rows]


def _sqlite_rows(
    table: Table, rows: Sequence[Row], columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Return rows as SQLite takes them."""
    if len(columns) > 1 and not any(_is_coded(table, name) for name in columns):
        return list(map(itemgetter(*columns), rows))
    taken = {name: [row[name] for row in rows] for name in columns}
    return list(zip(*_sqlite_columns(table, taken), strict=True))


def _is_coded(table: Table, name: str) -> bool:
    return isinstance(table.c[name].type, (UtcDateTime, PlainJson))


def _sqlite_columns(table: Table, columns: Mapping[str, Sequence[Any]]) -> list[Sequence[Any]]:
    """Return columns as SQLite takes them; times and JSON are text, all else is its own value."""
    return [
        _coded(values) if _is_coded(table, name) else values for name, values in columns.items()
    ]


def _is_empty(values: Sequence[Any]) -> bool:
    """Tell whether a column says nothing, so that it need not be named."""
    return values[0] is None and values[-1] is None and not any(v is not None for v in values)


def _coded(values: Sequence[Any]) -> list[Any]:
    """Return times and JSON as text; many rows share one object, such as the instant of a run."""
    known = dict(zip(map(id, values), values, strict=True))
    if 2 * len(known) > len(values):
        return list(map(_sqlite_value, values))
    stored = {key: _sqlite_value(value) for key, value in known.items()}
    return list(map(stored.__getitem__, map(id, values)))


def _sqlite_value(value: object) -> object:
    if isinstance(value, datetime):
        in_utc = value if value.tzinfo is UTC else _aware(value)
        return in_utc.isoformat(sep=" ", timespec="microseconds")[:_STORED_TIME]
    if isinstance(value, (dict, list, tuple)):
        return _ENCODER.encode(value) if value else _EMPTY[type(value)]
    return value


def _document(rows: Sequence[Row]) -> str:
    return _ENCODER.encode(rows)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _aware(value).isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    message = f"no column takes a {type(value).__name__}"
    raise TypeError(message)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = "a stored time must be aware"
        raise ValueError(message)
    return value.astimezone(UTC)


#: One encoder for all: `json.dumps` with options makes a new one at every call.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=_plain)
