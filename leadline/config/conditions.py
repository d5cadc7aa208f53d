"""Compiling the conditions of a project folder against its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.domain.conditions import Condition, compile_condition
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS
from leadline.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.config.shape import Project
    from leadline.domain.leads import FieldType


def condition_fields(project: Project) -> dict[str, FieldType]:
    """Return what a condition may name: canonical, derived and custom fields."""
    return {**LEAD_FIELDS, **DERIVED_FIELDS, **project.settings.fields}


def compile_project_condition(project: Project, text: str) -> Condition:
    """Compile a condition that was read from this project.

    Raises:
        ConfigError: it is not valid; a project that was checked has none such.
    """
    return compile_with(condition_fields(project), text)


def compile_with(fields: Mapping[str, FieldType], text: str) -> Condition:
    """Compile a condition against the fields that it may name.

    Raises:
        ConfigError: it is not valid.
    """
    compiled = compile_condition(text, fields=fields)
    if isinstance(compiled, Condition):
        return compiled
    raise ConfigError(
        [Problem(f.code, "condition", f.line, f.column, f.message, f.suggestion) for f in compiled]
    )
