"""Conditions for tests: the fields that they may use, and leads to try them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadline.domain.conditions import Condition, Finding, compile_condition, evaluate, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from leadline.domain.leads import FieldType

FIELDS: dict[str, FieldType] = {
    "country": "text",
    "title": "text",
    "employees": "number",
    "points": "number",
    "consent": "boolean",
    "is_partner": "boolean",
    "created_at": "time",
    "submitted_at": "time",
}


def compiled(text: str) -> Condition:
    """Compile `text`, which must be right."""
    condition = compile_condition(text, fields=FIELDS)
    assert isinstance(condition, Condition), condition
    return condition


def refused(text: str, fields: Mapping[str, FieldType] = FIELDS) -> tuple[Finding, ...]:
    """Compile `text`, which must be wrong."""
    findings = compile_condition(text, fields=fields)
    assert isinstance(findings, tuple), findings
    return findings


def a_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Build a frame as the store does: one column per field, text folded."""
    import pandas as pd

    folded = [
        {name: fold(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]
    return pd.DataFrame(folded, columns=list(FIELDS))


def matches(text: str, **lead: object) -> bool:
    """Tell whether `text` matches one lead."""
    return bool(evaluate([compiled(text)], a_frame([lead]))[0, 0])
