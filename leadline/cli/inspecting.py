"""`leadline files inspect`: what the reader makes of any table file, without mapping or store."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.import_showing import SHOWN_REJECTS
from leadline.cli.refusals import Refused
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.files.reader import Table
    from leadline.files.records import Rows

_SHOWN_COLUMNS: Final = 12
_SIGNS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}


def inspect(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    target: Annotated[Path | None, typer.Option("--out", metavar="CLEAN.csv")] = None,
) -> int:
    """Read a file to its end and say how; write what was accepted as plain CSV when asked."""
    from leadline.files.reader import open_table

    session = session_of(context)
    if target is not None and target.is_dir():
        raise Refused(code="out_is_folder", file=target)
    table = open_table(file, needs_header=False)
    with _new_file(target) if target else nullcontext() as stream:
        report = {"file": str(file), **table.describe(), **_read(session, table, stream)}
    if target is not None:
        report["out"] = str(target)
    _show(session, report)
    session.out.document(report)
    return DIFFERENCES if report["rejected"] else DONE


def _read(session: Session, table: Table, stream: IO[str] | None) -> dict[str, Any]:
    """Read every record, and write the accepted ones when a stream is given."""
    accepted = 0
    rejects: list[dict[str, Any]] = []
    write = _writer(stream, table.header) if stream else None
    with session.out.progress("inspect.reading", table.file_size) as advance:
        for rows in table.batches():
            accepted += len(rows.lines)
            rejects += (
                {
                    "line": reject.line,
                    "column": reject.column,
                    "reason": reject.reason,
                    "detail": reject.detail,
                }
                for reject in rows.rejects
            )
            if write:
                write(rows)
            advance(rows.size)
    return {
        "records": accepted + len(rejects),
        "accepted": accepted,
        "rejected": len(rejects),
        "rejects": rejects,
    }


def _writer(stream: IO[str], header: tuple[str, ...]) -> Callable[[Rows], None]:
    """Return what writes accepted records as CSV: commas, as few quotes as can be, LF."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)

    def write(rows: Rows) -> None:
        columns = [list(map(_with_line_feeds, column.to_pylist())) for column in rows.columns]
        writer.writerows(zip(*columns, strict=True))

    return write


def _with_line_feeds(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


@contextmanager
def _new_file(target: Path) -> Iterator[IO[str]]:
    """Give a stream of text in UTF-8; the file appears under its name only when it is complete."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        draft.replace(target)
    except OSError as error:
        if error.filename in {None, str(draft)}:
            error.filename = str(target)  # what was asked for
        raise
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _show(session: Session, report: dict[str, Any]) -> None:
    """Say how the file was read and what is wrong with it."""
    out, name = session.out, Path(report["file"]).name
    if report["kind"] == "workbook":
        out.line("inspect.workbook", file=name, sheet=report["sheet"])
        if report["sheets_not_read"]:
            out.line("inspect.sheets_not_read", sheets=", ".join(report["sheets_not_read"]))
    else:
        dialect = report["dialect"]
        sign = _SIGNS.get(dialect["delimiter"])
        words = out.words(f"import.sign.{sign}") if sign else repr(dialect["delimiter"])
        facts = {"sign": words, "quote": dialect["quote"], "line_end": dialect["line_end"]}
        out.line("inspect.text", file=name, encoding=report["encoding"], **facts)
    if report["is_guess"]:
        out.line("inspect.guess", encoding=report["encoding"])
    columns, line = report["columns"], report["header_line"]
    shown = ", ".join(columns[:_SHOWN_COLUMNS]) + (" ..." if len(columns) > _SHOWN_COLUMNS else "")
    key = "inspect.header" if line else "inspect.no_header"
    out.line(key, line=line, count=len(columns), columns=shown)
    out.line("inspect.counts", **{name: report[name] for name in ("records", "accepted")})
    _show_rejects(session, report["rejects"])
    if "out" in report:
        out.line("inspect.out", count=report["accepted"], path=report["out"])


def _show_rejects(session: Session, rejects: list[dict[str, Any]]) -> None:
    """List the first rejects: line, column and reason, never a value."""
    from leadline.domain.intake import REJECT_WORDS

    out = session.out
    if rejects:
        out.line("inspect.rejects", count=len(rejects))
    for reject in rejects[:SHOWN_REJECTS]:
        words = REJECT_WORDS[reject["reason"]][out.lang]
        key = "import.reject_in_column" if reject["column"] else "import.reject"
        out.line(key, line=reject["line"], reason=words, column=reject["column"])
    if len(rejects) > SHOWN_REJECTS:
        out.line("import.more", count=len(rejects) - SHOWN_REJECTS)
