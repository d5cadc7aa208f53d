"""How points are shown, whole where they are whole, and the grade with its level."""

from __future__ import annotations


def as_shown(points: float | None) -> float:
    """Return points for people and JSON: 45 for 45.0, 18.37 for 18.37, 0 for none."""
    value = round(points or 0.0, 2)
    return int(value) if value == int(value) else value


def grade_shown(grade: str | None, level: int | None) -> str:
    """Return grade and engagement level as people see them: A1, or A where no level is known."""
    return f"{grade or 'D'}{level or ''}"
