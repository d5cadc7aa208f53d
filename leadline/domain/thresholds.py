"""Where the answers of conditions may change while a number passes through its values.

There is no arithmetic in conditions: a field is compared with numbers that are written there, or
with another field. So an answer changes only where the field passes one of the numbers, unless
fields are compared with each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from leadline.domain.conditions import Condition

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


def thresholds(conditions: Sequence[Condition], field: str) -> list[float]:
    """Return, in order, the numbers at which conditions that name a field may change."""
    found = {number for each in conditions if field in each.fields for number in each.numbers}
    return sorted(found | {-number for number in found})


@lru_cache(maxsize=1024)
def compared_fields(condition: Condition) -> frozenset[str]:
    """Return the fields that a condition compares with other fields."""
    from sqlglot import exp, parse_one

    found: set[str] = set()
    for node in parse_one(condition.sql, dialect="duckdb").find_all(
        exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In
    ):
        names = {column.name for column in node.find_all(exp.Column)}
        if len(names) > 1:
            found |= names
    return frozenset(found)


def is_compared(conditions: Sequence[Condition], field: str) -> bool:
    """Tell whether a condition compares a field with another one."""
    return any(field in each.fields and field in compared_fields(each) for each in conditions)


def crossing(
    before: Floats, after: Floats, *, conditions: Sequence[Condition], field: str
) -> Flags:
    """Tell for which leads a condition may answer otherwise than before.

    Args:
        before: the field's values.
        after: the same, later.
        conditions: on this field, or on others.
        field: its name.
    """
    import numpy as np

    changed: Flags = before != after
    if not changed.any() or is_compared(conditions, field):
        return changed
    numbers = np.array(thresholds(conditions, field), dtype=float)
    found = np.zeros(len(before), dtype=bool)
    places = np.flatnonzero(changed)
    for is_right in (False, True):
        side = "right" if is_right else "left"
        old = numbers.searchsorted(before[places], side=side)  # type: ignore[call-overload]
        new = numbers.searchsorted(after[places], side=side)  # type: ignore[call-overload]
        found[places] |= old != new
    return found
