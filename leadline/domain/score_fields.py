"""What is stored of a score, beside its sums and the instants and events that it was made of."""

from __future__ import annotations

from typing import Final

#: Columns that scores and their history share, by the type of their values.
STORED: Final[dict[str, str]] = {
    "rule_set_id": "int64",
    "matched": "int64",
    "points": "float64",
    "fit_points": "float64",
    "engagement_points": "float64",
    "grade": "object",
    "engagement_level": "int64",
    "base_points": "float64",
    "points_cap": "float64",
}
