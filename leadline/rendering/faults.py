"""Words an error of the template engine as a `TemplateProblem`, without any value in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.utils import missing

from leadline.rendering.environment import FILTERS, RefusedTemplate, UnknownName
from leadline.rendering.problems import TemplateProblem, nearest

if TYPE_CHECKING:
    from types import TracebackType


def explain(
    error: BaseException,
    *,
    path: str,
    context: Mapping[str, object],
    templates: Mapping[str, str],
) -> TemplateProblem:
    """Return what is wrong with the template at `path`, or with one that it includes."""
    if isinstance(error, TemplateSyntaxError):
        return _unreadable(error, path)
    template, line = _place(error.__traceback__, templates) or (path, 0)
    if isinstance(error, UnknownName):
        variable, suggestion = _unknown(error, context)
        return TemplateProblem(
            "unknown_variable",
            template=template,
            line=line,
            variable=variable,
            suggestion=suggestion,
        )
    if isinstance(error, TemplateNotFound):
        absent = str(error.name)
        return TemplateProblem("include_refused", template=template, line=line, variable=absent)
    if isinstance(error, SecurityError):
        refused = error.message or "?"
        return TemplateProblem("unsafe_expression", template=template, line=line, variable=refused)
    kind = type(error).__name__
    return TemplateProblem("bad_value", template=template, line=line, detail=kind)


def _unreadable(error: TemplateSyntaxError, path: str) -> TemplateProblem:
    template, line = error.name or path, error.lineno
    if not isinstance(error, RefusedTemplate):
        detail = (error.message or "").rstrip(".")
        return TemplateProblem("syntax_error", template=template, line=line, detail=detail)
    near = nearest(error.variable, FILTERS) if error.code == "unknown_filter" else ""
    return TemplateProblem(
        error.code, template=template, line=line, variable=error.variable, suggestion=near
    )


def _place(trace: TracebackType | None, templates: Mapping[str, str]) -> tuple[str, int] | None:
    """Return path and line of the innermost template in a traceback."""
    place = None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in templates:
            place = name, trace.tb_lineno
        trace = trace.tb_next
    return place


def _unknown(error: UnknownName, context: Mapping[str, object]) -> tuple[str, str]:
    """Return the unknown name as the template wrote it, as far as known, and the nearest one."""
    if error.owner is missing:
        return error.name, suggest(error.name, context)
    known = error.owner if isinstance(error.owner, Mapping) else {}
    near = nearest(error.name, known)
    parent = next((name for name, value in context.items() if value is error.owner), "")
    prefix = f"{parent}." if parent else ""
    return prefix + error.name, prefix + near if near else ""


def suggest(name: str, known: Mapping[str, object]) -> str:
    """Return the likely meaning of an unknown name: `email` is `lead.email` where that exists."""
    for parent, value in known.items():
        if isinstance(value, Mapping) and name in value:
            return f"{parent}.{name}"
    return nearest(name, known)
