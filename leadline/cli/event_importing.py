"""`leadline import --kind events`: files of behavior events become events of leads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadline.cli import import_showing
from leadline.cli.failures import details_of
from leadline.cli.session import DIFFERENCES, DONE, ERROR, Session
from leadline.errors import IntakeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.files.sources import Wish
    from leadline.stages import Workspace

_MOST_NAMES = 8


def import_events(session: Session, files: Sequence[Path], wish: Wish, *, is_dry: bool) -> int:
    """Take files of events in; one that cannot be read does not stop the others."""
    reports: list[dict[str, Any]] = []
    session.finished = {"run": None, "files": reports}
    with session.open_workspace() as work:
        try:
            for path in files:
                reports.append(_import(session, work, path, wish, is_dry=is_dry))
                session.finished["run"] = reports[-1]["run"] or session.finished["run"]
        finally:
            import_showing.show_counts(session, reports)
    session.out.document(session.finished)
    _show_next(session, reports)
    if any("error" in report for report in reports):
        return ERROR
    return DIFFERENCES if any(report["rejected"] for report in reports) else DONE


def _import(
    session: Session, work: Workspace, path: Path, wish: Wish, *, is_dry: bool
) -> dict[str, Any]:
    try:
        return _take(session, work, path, wish, is_dry=is_dry)
    except IntakeError as error:
        message = error.say(session.out.lang)
        session.out.note("error", message=message)
        found = {**details_of(error, session.out.lang), "message": message}
        return {"file": str(path), "run": None, "error": found}


def _take(
    session: Session, work: Workspace, path: Path, wish: Wish, *, is_dry: bool
) -> dict[str, Any]:
    from leadline.stages.behavior_imports import (
        finish_events,
        import_events,
        preview_events,
        report_of,
    )

    now = session.clock.now()
    act = preview_events if is_dry else import_events
    with session.out.progress("events.reading", _size_of(path)) as advance:
        run = act(work, path, now=now, wish=wish, on_chunk=advance)
    if is_dry:
        report = {**report_of(run), "is_dry_run": True}
    else:
        report = finish_events(work, run, now=session.clock.now())
    _show(session, report)
    return report


def _size_of(path: Path) -> int | None:
    """Return how many bytes a file has, for the bar; None when it cannot be read."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _show(session: Session, report: Mapping[str, Any]) -> None:
    out = session.out
    import_showing.show_file(session, report)
    if report.get("is_dry_run"):
        import_showing.show_mapping(session, report)
        out.line("events.would", created=report["created"], unchanged=report["unchanged"])
    if report["waiting"]:
        out.line("events.waiting", count=report["waiting"])
    if kinds := report["unknown_events"]:
        names = ", ".join([*kinds][:_MOST_NAMES]) + (" ..." if len(kinds) > _MOST_NAMES else "")
        out.line("events.unknown", count=sum(kinds.values()), names=names)
    import_showing.show_rejects(session, report)
    if report.get("is_dry_run"):
        out.line("import.nothing_done")


def _show_next(session: Session, reports: Sequence[Mapping[str, Any]]) -> None:
    done = [report for report in reports if report.get("run") and report["created"]]
    if done:
        session.out.line("events.next")
    for report in done:
        session.out.line("events.undo", file=Path(report["file"]).name, run=report["run"])
