"""`leadline segments`: the named conditions, and how many leads each describes now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from leadline.cli.output import Column
from leadline.cli.session import DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.config.shape import Project


def segments(context: typer.Context) -> int:
    """List the segments in the order of the file, each with the number of its leads."""
    from leadline.config.loader import read_project

    session = session_of(context)
    project = read_project(session.environment.home)
    counts = _count(session, project)
    listed = [
        {"name": name, "title": shape.title, "group": shape.group, "count": counts[name]}
        for name, shape in project.segments.items()
    ]
    out = session.out
    out.document({"segments": listed})
    if not listed:
        out.line("segments.none")
        return DONE
    columns = (
        Column("segments.name"),
        Column("segments.title", may_shrink=True),
        Column("segments.group"),
        Column("segments.count", is_number=True),
    )
    rows = (
        (name, shape.title["ja" if out.lang == "ja" else "en"], shape.group or "", counts[name])
        for name, shape in project.segments.items()
    )
    out.table(columns, rows)
    out.line("segments.next", name=next(iter(project.segments)))
    return DONE


def _count(session: Session, project: Project) -> dict[str, int]:
    """Count the leads of every segment as of one instant, in one view of the database."""
    from leadline.config.conditions import compile_segments
    from leadline.store.selection import count_matching

    now = session.clock.now()
    with session.open_store() as store, store.read() as connection:
        return {
            name: count_matching(connection, condition, as_of=now)
            for name, condition in compile_segments(project).items()
        }
