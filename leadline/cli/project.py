"""`leadline init` and `leadline migrate`: what a project stands on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.store.backup import Schema


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    demo: Annotated[bool, typer.Option("--demo")] = False,
) -> int:
    """Make a project folder, or complete one that is half made."""
    from leadline.config.folder import create_project

    session = session_of(context)
    home = folder.expanduser().resolve()
    state = session.variables.get("LEADLINE_STATE")
    written = create_project(home, demo=demo, state=Path(state).resolve() if state else None)
    out = session.out
    out.document({"home": home, "written": written, "demo": demo})
    out.line("init.made" if written else "init.complete", home=home, count=len(written))
    out.line("init.secrets", file=Path(state or home / ".leadline") / "secrets.env")
    out.line("init.next_demo" if demo else "init.next", home=home)
    return DONE


def migrate(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
) -> int:
    """Bring the database to this program's schema."""
    from leadline.store.backup import find_schema

    session = session_of(context)
    session.require_project()
    session.environment.require_secrets()
    schema = find_schema(session.environment.database_url)
    if dry_run or not schema.steps:
        return _show_plan(session, schema)
    return _migrate(session, schema)


def _document(schema: Schema, backup: Path | None) -> dict[str, object]:
    return {
        "from": schema.found,
        "to": schema.needed,
        "steps": list(schema.steps),
        "backup": backup,
    }


def _show_plan(session: Session, schema: Schema) -> int:
    session.out.document(_document(schema, None))
    key = "migrate.plan" if schema.steps else "migrate.current"
    session.out.line(
        key, where=schema.where, revision=schema.needed, steps=" -> ".join(schema.steps)
    )
    return DIFFERENCES if schema.steps else DONE


def _migrate(session: Session, schema: Schema) -> int:
    from leadline.store.backup import copy_database
    from leadline.store.engine import Store, connect, migrate

    out, environment = session.out, session.environment
    store = Store(connect(environment.database_url), pepper=environment.pepper)
    try:
        backup = None
        if schema.found is not None:
            backup = copy_database(store, schema, now=session.clock.now())
            key = "migrate.backup" if backup else "migrate.no_backup"
            out.note(key, file=backup, where=schema.where)
        migrate(store)
    finally:
        store.close()
    out.document(_document(schema, backup))
    out.line("migrate.done", where=schema.where, revision=schema.needed)
    return DONE
