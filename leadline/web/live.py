"""The live configuration: an edit of the project folder is taken when it is valid as a whole."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from leadline.config.loader import check_project
from leadline.errors import LeadlineError
from leadline.rendering.checks import check_templates

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.config.shape import Project
    from leadline.errors import Problem
    from leadline.stages import Workspace

_LOG = logging.getLogger("leadline.web")

Traces = frozenset[tuple[str, int, int]]


class LiveProject:
    """Looks at a project folder for edits; the last good version stays live."""

    def __init__(self) -> None:
        """Know nothing yet, so that the first look compares everything."""
        self._seen: Traces = frozenset()

    def renew(self, work: Workspace) -> Workspace:
        """Return `work`, or one with the folder's present configuration when that is valid.

        A wrong edit is looked at once, named in the log, and looked at again when a file changes.
        """
        home = work.environment.home
        try:
            traces = _traces(home)
            if traces == self._seen:
                return work
            project = _read_valid(home)
        except (LeadlineError, OSError) as error:
            _LOG.warning("configuration not taken (%s); the last one stays", type(error).__name__)
            return work
        self._seen = traces
        if project is None or project.hash == work.project.hash:
            return work
        _LOG.info("configuration %s is live", project.hash[:12])
        return replace(work, project=project)


def _traces(home: Path) -> Traces:
    """Return path, size and time of change (in nanoseconds) of every configured file."""
    found = (path for name in ("config", "templates") for path in (home / name).rglob("*"))
    states = ((str(path), path.stat()) for path in found if path.is_file())
    return frozenset((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _read_valid(home: Path) -> Project | None:
    """Return the folder's project, None when it or a template of it has an error."""
    project, problems = check_project(home)
    if project is not None:
        problems += check_templates(project.templates, fields=project.settings.fields)
    errors = [problem for problem in problems if not problem.is_warning]
    if errors:
        _LOG.warning(
            "configuration not taken, %d error(s), the first: %s; the last good one stays live. "
            "`leadline check` shows them",
            len(errors),
            _place(errors[0]),
        )
        return None
    return project


def _place(problem: Problem) -> str:
    """Name code and place; the message could quote a person's address from a table."""
    return f"{problem.code} at {problem.file}:{problem.line}:{problem.column}"
