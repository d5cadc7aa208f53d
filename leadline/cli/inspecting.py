"""`leadline files inspect`: what the reader makes of any table file, without mapping or store."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.import_showing import SHOWN_REJECTS, SIGNS
from leadline.cli.refusals import check_target
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of
from leadline.files.drafts import new_file

if TYPE_CHECKING:
    from leadline.files.reader import Table
    from leadline.files.records import Rows
    from leadline.files.rejects import Reject

_SHOWN_COLUMNS: Final = 12


def inspect(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    target: Annotated[Path | None, typer.Option("--out", metavar="CLEAN.csv")] = None,
) -> int:
    """Read a file to its end and say how; write what was accepted as plain CSV when asked."""
    from tempfile import TemporaryFile

    from leadline.files.reader import open_table

    session = session_of(context)
    if target is not None:
        check_target(target, source=file)
    table = open_table(file, needs_header=False)
    with TemporaryFile("w+", encoding="utf-8") if session.out.is_json else nullcontext() as aside:
        rejects = _Rejects(aside)
        with _new_file(target) if target else nullcontext() as stream:
            counts = _read(session, table, stream, rejects)
        report = {"file": str(file), **table.describe(), **counts}
        report["rejects"] = []  # put in as the document is printed
        if target is not None:
            report["out"] = str(target)
        _show(session, report, rejects.first)
        if aside:
            _print_document(report, aside, rejects.count)
    return DIFFERENCES if report["rejected"] else DONE


class _Rejects:
    """The rejects of a file, however many: the first for people, all of them aside as JSON.

    Attributes:
        first: as many as people are shown.
        count: how many there are.
    """

    def __init__(self, aside: IO[str] | None) -> None:
        """Take a file for the JSON; None where none is wanted."""
        self.first: list[Reject] = []
        self.count = 0
        self._aside = aside

    def add(self, rejects: list[Reject]) -> None:
        """Take the rejects of a batch."""
        self.first += rejects[: max(0, SHOWN_REJECTS - len(self.first))]
        if self._aside:
            for reject in rejects:
                self._aside.write("[\n    " if not self.count else ",\n    ")
                self._aside.write(_as_json(reject))
                self.count += 1
        else:
            self.count += len(rejects)


def _as_json(reject: Reject) -> str:
    """Return what is shown of a reject as a part of the document."""
    reason, detail = json.dumps(reject.reason), json.dumps(reject.detail)
    places = f'"line": {reject.line},\n      "column": {reject.column}'
    return f'{{\n      {places},\n      "reason": {reason},\n      "detail": {detail}\n    }}'


def _print_document(report: dict[str, Any], aside: IO[str], count: int) -> None:
    """Print the one JSON document, the rejects in pieces."""
    import shutil

    from leadline.cli.output import as_json

    encoding = sys.stdout.encoding or "utf-8"
    text = as_json({**report, "rejects": []}, is_ascii=not encoding.lower().startswith("utf"))
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    if count:
        before, place, behind = text.partition('\n  "rejects": ')
        sys.stdout.write(before + place)
        aside.seek(0)
        shutil.copyfileobj(aside, sys.stdout)
        text = "\n  " + behind.removeprefix("[").lstrip()
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _read(
    session: Session, table: Table, stream: IO[str] | None, rejects: _Rejects
) -> dict[str, Any]:
    """Read every record, and write the accepted ones when a stream is given."""
    accepted = 0
    write = _writer(stream, table.header) if stream else None
    with session.out.progress("inspect.reading", table.file_size) as advance:
        for rows in table.batches():
            accepted += len(rows.lines)
            rejects.add(rows.rejects)
            if write:
                write(rows)
            advance(rows.size)
    return {
        "records": accepted + rejects.count,
        "accepted": accepted,
        "rejected": rejects.count,
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
    with new_file(target) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        try:
            yield text
            text.flush()
        finally:
            text.detach()


def _show(session: Session, report: dict[str, Any], rejects: list[Reject]) -> None:
    """Say how the file was read and what is wrong with it."""
    out, name = session.out, Path(report["file"]).name
    if report["kind"] == "workbook":
        out.line("inspect.workbook", file=name, sheet=report["sheet"])
        if report["sheets_not_read"]:
            out.line("inspect.sheets_not_read", sheets=", ".join(report["sheets_not_read"]))
    else:
        dialect = report["dialect"]
        sign = SIGNS.get(dialect["delimiter"])
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
    _show_rejects(session, rejects, report["rejected"])
    if "out" in report:
        out.line("inspect.out", count=report["accepted"], path=report["out"])


def _show_rejects(session: Session, rejects: list[Reject], count: int) -> None:
    """List the first rejects: line, column and reason, never a value."""
    from leadline.cli.rejects import show_reject

    out = session.out
    if rejects:
        out.line("inspect.rejects", count=count)
    for reject in rejects:
        place = {"line": reject.line, "column": reject.column}
        show_reject(out, **place, reason=reject.reason, detail=reject.detail)
    if count > SHOWN_REJECTS:
        out.line("import.more", count=count - SHOWN_REJECTS)
