"""`leadline import`: files become submissions, submissions become leads or rejects."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import typer

from leadline.cli.failures import details_of
from leadline.cli.output import Column
from leadline.cli.session import DIFFERENCES, DONE, ERROR, Session, session_of
from leadline.errors import IntakeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.stages import Workspace

SHOWN_REJECTS: Final = 5
_COUNTS: Final = (
    *("records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates"),
)


class NoFile(IntakeError):
    """A pipe or a device: it can be read only once, and an import reads a file twice."""

    texts: ClassVar = {
        "en": "{file} is no ordinary file. Save it as a file first, then import that.",
        "ja": "{file} は通常のファイルではありません。ファイルとして保存してから"
        "取り込んでください。",
    }


def import_(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    source: Annotated[str | None, typer.Option("--source", metavar="NAME")] = None,
) -> int:
    """Take files in; one that cannot be read does not stop the others."""
    session = session_of(context)
    reports: list[dict[str, Any]] = []
    session.finished = {"run": None, "files": reports}
    with session.open_workspace() as work:
        try:
            for path in files:
                reports.append(_import(session, work, path, source))
                session.finished["run"] = reports[-1]["run"] or session.finished["run"]
        finally:
            _show_counts(session, reports)
    session.out.document(session.finished)
    if any(report.get("created") or report.get("updated") for report in reports):
        session.out.line("import.next")
    if any("error" in report for report in reports):
        return ERROR
    return DIFFERENCES if any(report["rejected"] for report in reports) else DONE


def _import(session: Session, work: Workspace, path: Path, source: str | None) -> dict[str, Any]:
    """Take one file in; one that cannot be read at all comes back with its error."""
    try:
        report = _take(session, work, path, source)
    except IntakeError as error:
        message = error.say(session.out.lang)
        session.out.note("error", message=message)
        found = {**details_of(error, session.out.lang), "message": message}
        return {"file": str(path), "run": None, "error": found}
    _show_rejects(session, report)
    return report


def _take(session: Session, work: Workspace, path: Path, source: str | None) -> dict[str, Any]:
    from leadline.stages import run_stages
    from leadline.stages.imports import finish_import, import_file

    if path.exists() and not path.is_file() and not path.is_dir():
        raise NoFile(file=path)
    now = session.clock.now()
    with session.out.progress("import.reading", _count_lines(path)) as advance:
        run = import_file(work, path, now=now, source=source, on_chunk=advance)
    with session.out.progress("import.judging", run.records - run.unchanged) as advance:
        stages = run_stages(
            work, ["intake"], now=now, on_batch=lambda batch: advance(batch.claimed)
        )
        asyncio.run(stages)
    return finish_import(work, run, now=session.clock.now())


def _count_lines(path: Path) -> int | None:
    """Return about how many rows a file has, for the bar; None when it cannot be read."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return None


def _show_counts(session: Session, reports: Sequence[Mapping[str, Any]]) -> None:
    done = [report for report in reports if "error" not in report]
    if done:
        columns = [
            Column("import.file"),
            *(Column(f"import.{name}", is_number=True) for name in _COUNTS),
        ]
        rows = [(Path(report["file"]).name, *(report[name] for name in _COUNTS)) for report in done]
        session.out.table(columns, rows)


def _show_rejects(session: Session, report: Mapping[str, Any]) -> None:
    """List the first rejects: line, column and reason, never a value."""
    from leadline.domain.intake import REJECT_WORDS

    out, rejects = session.out, report["rejects"]
    if not rejects:
        return
    out.line("import.rejects", count=len(rejects), file=Path(report["file"]).name)
    for reject in rejects[:SHOWN_REJECTS]:
        words = REJECT_WORDS.get(reject["reason"], {}).get(out.lang, reject["reason"])
        key = "import.reject_in_column" if reject["column"] else "import.reject"
        out.line(key, line=reject["line"], reason=words, column=reject["column"])
    if len(rejects) > SHOWN_REJECTS:
        out.line("import.more", count=len(rejects) - SHOWN_REJECTS)
    out.line("import.quarantine", path=report["quarantine"])
