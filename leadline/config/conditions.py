"""Compiling the conditions of a project folder against its fields, event counts and segments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.conditions import Condition, compile_condition, negated
from leadline.domain.events import aggregate_fields
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS, SCORE_FIELDS
from leadline.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.config.shape import Project
    from leadline.domain.leads import FieldType

Kept = dict[str, str]
_ZONE: Final = "UTC"  # of dates when nothing is said
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")

#: What a condition on one event may name.
EVENT_FIELDS: dict[str, FieldType] = {"campaign": "text", "url": "text", "source": "text"}


def condition_fields(project: Project, *texts: str) -> dict[str, FieldType]:
    """Return what conditions may name: canonical, derived and custom fields, and event counts.

    Args:
        project: which declares custom fields, events and score models.
        texts: the conditions; whatever event counts they name is among the fields.
    """
    return all_fields(
        *texts,
        custom=project.settings.fields,
        events=project.settings.events,
        models=tuple(project.scoring.models),
    )


def all_fields(
    *texts: str,
    custom: Mapping[str, FieldType],
    events: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
) -> dict[str, FieldType]:
    """Return what conditions may name, given what a project declares.

    Args:
        texts: the conditions.
        custom: fields.
        events: names of events beside the built-in ones.
        models: names of score models beside the main one.
    """
    return {
        **LEAD_FIELDS,
        **DERIVED_FIELDS,
        **model_fields(models),
        **aggregate_fields(texts, events),
        **custom,
    }


def model_fields(models: tuple[str, ...]) -> dict[str, FieldType]:
    """Return the fields that hold the scores of models beside the main one."""
    return {f"{name}_{model}": kind for model in models for name, kind in SCORE_FIELDS.items()}


def compile_segments(project: Project) -> dict[str, Condition]:
    """Return every segment, compiled, by name in the order of the file.

    Raises:
        ConfigError: one is not valid; a project that was checked has none such.
    """
    listed = _listed(project)
    fields = condition_fields(project, *(each["when"] for each in listed))
    return _compile_listed(listed, fields, project.settings.timezone)


def _listed(project: Project) -> list[Kept]:
    return [
        {"name": name, "when": segment.when, "group": segment.group or ""}
        for name, segment in project.segments.items()
    ]


def _compile_listed(
    listed: Sequence[Kept], fields: Mapping[str, FieldType], zone: str
) -> dict[str, Condition]:
    """Compile segments in their order; of a group, the first that matches wins."""
    found: dict[str, Condition] = {}
    earlier: dict[str, list[Condition]] = {}
    for each in listed:
        condition = compile_with(fields, each["when"], segments=found, zone=zone)
        before = earlier.setdefault(each["group"], [])
        found[each["name"]] = negated(condition, before) if each["group"] else condition
        before.append(condition)
    return found


def keep_condition(project: Project, text: str) -> dict[str, Any]:
    """Return, as plain data, what `text` means whatever becomes of the configuration.

    These are the types of the fields beyond the standard ones, where it names a segment the
    segments of the file up to that one, and where it compares times the zone of its dates.
    """
    compiled = compile_segments(project)
    words = set(_WORD.findall(text.lower()))
    used = [place for place, name in enumerate(compiled, start=1) if name in words]
    listed = _listed(project)[: max(used, default=0)]
    within = [compile_project_condition(project, text)]
    within += [compiled[each["name"]] for each in listed]
    standard = {**LEAD_FIELDS, **DERIVED_FIELDS}
    kinds = {pair for condition in within for pair in condition.types}
    fields = {name: kind for name, kind in sorted(kinds) if name not in standard}
    zone = project.settings.timezone
    has_zone = zone != _ZONE and any(kind == "time" for _, kind in kinds)
    return {
        "fields": fields,
        **({"segments": listed} if listed else {}),
        **({"zone": zone} if has_zone else {}),
    }


def compile_kept(kept: Mapping[str, Any], text: str) -> Condition:
    """Compile a condition with what `keep_condition` said of it.

    Raises:
        ConfigError: it is not valid.
    """
    fields = {**LEAD_FIELDS, **DERIVED_FIELDS, **kept["fields"]}
    zone = kept.get("zone", _ZONE)
    segments = _compile_listed(kept.get("segments", ()), fields, zone)
    return compile_with(fields, text, segments=segments, zone=zone, is_kept=True)


def compile_project_condition(project: Project, text: str) -> Condition:
    """Compile a condition that was read from this project.

    Raises:
        ConfigError: it is not valid; a project that was checked has none such.
    """
    fields, zone = condition_fields(project, text), project.settings.timezone
    return compile_with(fields, text, segments=compile_segments(project), zone=zone)


def compile_with(
    fields: Mapping[str, FieldType],
    text: str,
    *,
    segments: Mapping[str, Condition] | None = None,
    zone: str = _ZONE,
    is_kept: bool = False,
) -> Condition:
    """Compile a condition against the fields and segments that it may name.

    Raises:
        ConfigError: it is not valid.
    """
    compiled = compile_condition(text, fields=fields, segments=segments, zone=zone, is_kept=is_kept)
    if isinstance(compiled, Condition):
        return compiled
    raise ConfigError(
        [Problem(f.code, "condition", f.line, f.column, f.message, f.suggestion) for f in compiled]
    )
