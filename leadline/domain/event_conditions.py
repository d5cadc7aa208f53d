"""Which events meet the `where` of an event rule, decided without a frame.

Scoring decides it for batches (`leadline.domain.engagement`); a receipt needs a handful of
events of one lead, and loads no more for it than the condition language itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.domain.conditions import Condition, compile_condition, connect, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.domain.leads import FieldType


def find_fitting(
    wheres: Mapping[str, str],
    events: Mapping[int, Sequence[str | None]],
    *,
    fields: Mapping[str, FieldType],
) -> dict[str, frozenset[int]]:
    """Return the ids of the events that meet each condition.

    Args:
        wheres: conditions under names of their own.
        events: by id, the values of `fields` in their order.
        fields: text fields that the conditions may name.

    Raises:
        ValueError: a condition is not of the language any more.
    """
    conditions = {name: _compiled(text, fields) for name, text in wheres.items()}
    if not conditions or not events:
        return dict.fromkeys(conditions, frozenset())
    columns = ", ".join(f'"{name}" VARCHAR' for name in fields)
    marks = ", ".join("?" * (len(fields) + 1))
    tests = ", ".join(condition.sql for condition in conditions.values())
    rows = [
        (id_, *(fold(value) if value is not None else None for value in values))
        for id_, values in events.items()
    ]
    with connect() as database:
        database.execute(f"CREATE TEMP TABLE leads (id BIGINT, {columns})")
        database.executemany(f"INSERT INTO leads VALUES ({marks})", rows)  # noqa: S608 - marks alone
        found = database.execute(f"SELECT id, {tests} FROM leads").fetchall()  # noqa: S608 - our own SQL
    return {
        name: frozenset(row[0] for row in found if row[place])
        for place, name in enumerate(conditions, start=1)
    }


def _compiled(text: str, fields: Mapping[str, FieldType]) -> Condition:
    compiled = compile_condition(text, fields=fields)
    if isinstance(compiled, Condition):
        return compiled
    message = "a stored condition on events cannot be read any more"
    raise ValueError(message)
