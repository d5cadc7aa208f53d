"""Builders of what tests stand on: a project folder, and an open workspace over it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from leadline.clock import FixedClock
from leadline.config.environment import Environment, read_environment
from leadline.config.folder import create_project
from leadline.stages import Workspace, open_workspace
from leadline.store import schema
from tests.databases import migrated_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from leadline.clock import Clock
    from leadline.store.engine import Store

#: A Friday morning in Tokyo, inside everybody's working hours.
NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def a_project(
    folder: Path,
    database_url: str = "",
    *,
    demo: bool = False,
    files: Mapping[str, str] | None = None,
    **changes: Any,  # noqa: ANN401 - attributes of several types
) -> Environment:
    """Make a project folder and return its environment, with secrets of its own.

    Args:
        folder: where; it is made when it is not there.
        database_url: the database; a SQLite file in the state folder when it is not given.
        demo: whether with the demo's reps and territories, which leave out some places.
        files: texts that replace or add files, by their path in the folder.
        changes: attributes of the environment, such as `base_url`.
    """
    _make(folder, demo=demo)
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    variables = {"LEADLINE_HOME": str(folder), "LEADLINE_DATABASE_URL": database_url}
    file = folder / ".leadline" / "leadline.db"
    if not database_url and not file.exists():
        shutil.copyfile(migrated_file(), file)
    return replace(read_environment(variables), **changes)


def _make(folder: Path, *, demo: bool) -> None:
    """Make a project folder like one that was made before, with secrets of its own."""
    if not folder.exists():
        shutil.copytree(_made_before(demo), folder)
    create_project(folder, demo=demo)


@cache
def _made_before(demo: bool) -> Path:  # noqa: FBT001 - the key of a cache
    folder = Path(tempfile.mkdtemp(prefix="leadline-project-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    create_project(folder / "home", demo=demo)
    shutil.rmtree(folder / "home" / ".leadline")  # its secrets are its own
    return folder / "home"


def a_workspace(
    folder: Path,
    database_url: str = "",
    now: datetime = NOW,
    **changes: Any,  # noqa: ANN401 - attributes of several types
) -> Workspace:
    """Open a workspace over a new project folder, or over the one that is there.

    Whoever calls closes it: `with a_workspace(...) as work`. The changes are those of `a_project`.
    """
    return open_workspace(a_project(folder, database_url, **changes), now=now)


def a_visitor(
    work: Workspace, *, clock: Clock | None = None, headers: Mapping[str, str] | None = None
) -> httpx.AsyncClient:
    """Return a client of the web app over `work`; it is used with `async with`."""
    import httpx

    from leadline.web.app import create_app

    app = create_app(work, clock=clock or FixedClock(NOW))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport, base_url=work.environment.base_url, headers=headers
    )


def read_everything(work: Workspace) -> dict[str, list[str]]:
    """Return every row of every table as text, to compare before with after."""
    with work.store.read() as connection:
        return {
            table.name: sorted(str(tuple(row)) for row in connection.execute(select(table)))
            for table in schema.metadata.sorted_tables
        }


def rows_of(held: Workspace | Store, table: str) -> list[dict[str, Any]]:
    """Return the rows of one table in the order of their key, as mappings."""
    found = schema.metadata.tables[table]
    query = select(found).order_by(*found.primary_key.columns)
    store = held.store if isinstance(held, Workspace) else held
    with store.read() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]
