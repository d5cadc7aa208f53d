"""Exports of leads, as a file that comes back to us tells them by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leadline.domain.leads import LEAD_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_STATED: Final = tuple(name for name in LEAD_FIELDS if name != "owner")
_BOUNDS: Final = ("employees_min", "employees_max")
_SCORED: Final = ("engagement_level", "fit_points", "engagement_points")
_DECIDED: Final = ("score", "grade", "owner", "lifecycle_stage", *_SCORED)
#: What we decided about a lead, which nobody states to us.
OURS: Final = ("id", *_BOUNDS, "score", "grade", "lifecycle_stage", *_SCORED)
#: Columns that an export has kept when somebody took out or moved others.
_MARKS: Final = frozenset({"id", "email", "score", "grade", "lifecycle_stage"})


def export_columns(custom: Sequence[str]) -> list[str]:
    """Return the columns of an export: canonical, custom, then what we decided."""
    return ["id", *_STATED, *_BOUNDS, *custom, *_DECIDED]


def is_export(header: Sequence[str]) -> bool:
    """Tell whether a file is an export of ours, also one whose columns were moved or taken out."""
    return _MARKS.issubset(header)
