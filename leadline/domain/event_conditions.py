"""Which events meet the `where` of an event rule, decided without a frame.

Scoring decides it for batches (`leadline.domain.engagement`); a receipt needs a handful of
events of one lead, and loads no more for it than the condition language itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.domain.conditions import Condition, compile_condition, connect, fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.domain.leads import FieldType


def find_fitting(
    wheres: Mapping[str, str],
    events: Mapping[int, tuple[str | None, ...]],
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
    # many events are of one page and campaign: each is asked about once
    kinds = list(dict.fromkeys(events.values()))
    folded = [[value and fold(value) for value in column] for column in zip(*kinds, strict=True)]
    columns = ", ".join(f'unnest(?::VARCHAR[]) AS "{name}"' for name in fields)
    tests = ", ".join(condition.sql for condition in conditions.values())
    with connect() as database:
        query = f"SELECT {tests} FROM (SELECT {columns}) leads"  # noqa: S608 - our own SQL
        found = dict(zip(kinds, database.execute(query, folded).fetchall(), strict=True))
    return {
        name: frozenset(id_ for id_, kind in events.items() if found[kind][place])
        for place, name in enumerate(conditions)
    }


def _compiled(text: str, fields: Mapping[str, FieldType]) -> Condition:
    compiled = compile_condition(text, fields=fields)
    if isinstance(compiled, Condition):
        return compiled
    message = "a stored condition on events cannot be read any more"
    raise ValueError(message)
