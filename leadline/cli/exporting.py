"""`leadline leads export`: leads as CSV for spreadsheets, as a workbook, or as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import typer

from leadline.cli.leads import Segment, Where, find_leads
from leadline.cli.refusals import Refused, check_target, choose
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of
from leadline.cli.sheets import WRITERS
from leadline.files.drafts import new_file

if TYPE_CHECKING:
    from leadline.store.engine import Store

ENCODINGS: Final = ("utf-8-sig", "cp932")


def export(
    context: typer.Context,
    *,
    where: Where = None,
    segment: Segment = None,
    form: Annotated[str, typer.Option("--format", metavar="csv|xlsx|jsonl")] = "csv",
    encoding: Annotated[str, typer.Option("--encoding", metavar="utf-8-sig|cp932")] = "utf-8-sig",
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE")] = None,
) -> int:
    """Write leads to a file or to standard output."""
    session = session_of(context)
    write = WRITERS[choose("--format", form, WRITERS)]
    choose("--encoding", encoding, ENCODINGS)
    if target is None and session.out.is_json:
        return _as_document(session, where, segment)
    with session.open_store() as store, _open(target, form, store) as stream:
        columns, leads = find_leads(session, store, where, segment)
        count, altered = write(stream, columns, leads, encoding)
    out = session.out
    if target is not None:
        out.document({"out": target, "format": form, "rows": count, "altered": altered})
        out.line("export.done", count=count, file=target)
    if altered:
        out.note("export.altered", count=altered, encoding=encoding)
    return DIFFERENCES if altered else DONE


def _as_document(session: Session, where: str | None, segment: str | None) -> int:
    with session.open_store() as store:
        found = find_leads(session, store, where, segment)[1]
        session.out.document({"leads": list(found)})
    return DONE


@contextmanager
def _open(target: Path | None, form: str, store: Store) -> Iterator[IO[bytes]]:
    """Give a stream of bytes; a file appears under its name only when it is complete.

    Raises:
        Refused: a workbook would go to a terminal, or the target is a folder or the database.
    """
    if target is None:
        if form == "xlsx" and sys.stdout.isatty():
            raise Refused(code="workbook_on_terminal")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    database = store.engine.url.database if store.is_sqlite else None
    check_target(target, source=Path(database) if database else None)
    with new_file(target) as stream:
        yield stream
