"""Writing many rows at a constant number of statements.

SQLite runs one prepared statement over the rows; PostgreSQL receives the rows as one JSON
document and expands them with `jsonb_populate_recordset`, which types every column as the table
declares it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Table
    from sqlalchemy.engine import Connection

Row = dict[str, Any]


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
    if not rows:
        return
    columns = tuple(rows[0])
    conflict = " ON CONFLICT DO NOTHING" if ignore_known else ""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks}){conflict}",  # noqa: S608 - our own names
            [_sqlite_values(row, columns) for row in rows],
        )
        return
    connection.execute(
        text(
            f"INSERT INTO {table.name} ({names}) SELECT {names} "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)){conflict}"
        ),
        {"rows": _document(rows)},
    )


def update_rows(
    connection: Connection, table: Table, rows: Sequence[Row], *, key: str = "id", guard: str = ""
) -> int:
    """Update rows by `key`, one value set each; returns how many rows changed.

    Args:
        connection: a writing transaction.
        table: the table.
        rows: all with the same keys, `key` among them.
        key: the column that names the row.
        guard: SQL that must hold for the stored row, such as `state = 'leased'`.
    """
    if not rows:
        return 0
    columns = tuple(name for name in rows[0] if name != key)
    also = f" AND {guard}" if guard else ""
    if connection.dialect.name == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in columns)
        return connection.exec_driver_sql(
            f"UPDATE {table.name} SET {sets} WHERE {key} = ?{also}",  # noqa: S608 - our own names
            [_sqlite_values(row, (*columns, key)) for row in rows],
        ).rowcount
    sets = ", ".join(f"{name} = s.{name}" for name in columns)
    qualified = f" AND {_qualify(guard, table)}" if guard else ""
    return connection.execute(
        text(
            f"UPDATE {table.name} SET {sets} "  # noqa: S608 - our own names
            f"FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) s "
            f"WHERE {table.name}.{key} = s.{key}{qualified}"
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
        return column.in_(select(func.json_each(json.dumps(wanted)).table_valued("value").c.value))
    return column == any_(cast(wanted, ARRAY(column.type)))


def _sqlite_values(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_sqlite_value(row[name]) for name in columns)


def _sqlite_value(value: object) -> object:
    if isinstance(value, datetime):
        return _aware(value).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return value


def _document(rows: Sequence[Row]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _aware(value).isoformat()
    message = f"no column takes a {type(value).__name__}"
    raise TypeError(message)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = "a stored time must be aware"
        raise ValueError(message)
    return value.astimezone(UTC)
