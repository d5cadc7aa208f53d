"""`leadline import`: files become submissions, submissions become leads or rejects."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli import import_showing
from leadline.cli.failures import details_of
from leadline.cli.refusals import Refused, choose
from leadline.cli.session import DIFFERENCES, DONE, ERROR, Session, session_of
from leadline.errors import IntakeError

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.files.sources import SourceFile, Wish
    from leadline.stages import Workspace
    from leadline.stages.imports import Preview
    from leadline.store.rehearsals import Consequences

#: Rows of a file whose sending is rehearsed before it is agreed to.
_REHEARSED: Final = 2_000
_KINDS: Final = ("leads", "events", "outcomes")


@dataclass(frozen=True, slots=True)
class _Asked:
    """How the files are to be taken in; `before` counts leads that go on from earlier files."""

    wish: Wish
    is_backfill: bool
    is_agreed: bool
    is_dry: bool
    before: int = 0


def import_(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...")] = None,
    *,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND")] = "leads",
    source: Annotated[str | None, typer.Option("--source", metavar="NAME")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", metavar="FILE")] = None,
    is_backfill: Annotated[bool, typer.Option("--backfill")] = False,
    is_agreed: Annotated[bool, typer.Option("--yes")] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run")] = False,
    undone: Annotated[
        int | None, typer.Option("--undo", metavar="RUN", min=1, max=2**63 - 1)
    ] = None,
    is_list: Annotated[bool, typer.Option("--list")] = False,
) -> int:
    """Take files in; one that cannot be read does not stop the others."""
    session = session_of(context)
    others = (files, source, mapping, is_backfill, is_agreed, is_dry, kind != "leads")
    if undone is not None or is_list:
        if any(others) or (undone is not None and is_list):
            raise Refused(code="import_alone")
        from leadline.cli import undoing

        return undoing.list_runs(session) if undone is None else undoing.undo(session, undone)
    if not files:
        raise Refused(code="import_what")
    wish = _wish(source, mapping)
    if choose("--kind", kind, _KINDS) != "leads":
        return _import_others(
            session, files, wish, kind=kind, others=(is_backfill, is_agreed, is_dry)
        )
    asked = _Asked(wish, is_backfill, is_agreed, is_dry)
    before, reports = 0, list[dict[str, Any]]()
    session.finished = {"run": None, "files": reports}
    with session.open_workspace() as work:
        try:
            for path in files:
                report, going = _import(session, work, path, replace(asked, before=before))
                before += going
                reports.append(report)
                session.finished["run"] = reports[-1]["run"] or session.finished["run"]
        finally:
            import_showing.show_counts(session, reports)
    session.out.document(session.finished)
    import_showing.show_next(session, reports)
    if any("error" in report for report in reports):
        return ERROR
    differs = any(report["rejected"] or "stopped" in report for report in reports)
    return DIFFERENCES if differs else DONE


def _import_others(
    session: Session, files: list[Path], wish: Wish, *, kind: str, others: tuple[bool, bool, bool]
) -> int:
    """Take in files of what is no lead.

    Raises:
        Refused: an option that is for leads alone.
    """
    is_backfill, is_agreed, is_dry = others
    if kind == "outcomes":
        raise Refused(code="outcomes_unknown")
    if is_backfill or is_agreed:
        raise Refused(code="events_backfill")
    from leadline.cli.event_importing import import_events

    return import_events(session, files, replace(wish, is_events=True), is_dry=is_dry)


def _wish(source: str | None, mapping: Path | None) -> Wish:
    """Return what is asked for.

    Raises:
        Refused: the name of the source is none that a mapping file can have.
    """
    from leadline.config.mappings import read_mapping
    from leadline.files.sources import Wish

    if source and (source.startswith(".") or "/" in source or "\\" in source):
        raise Refused(code="bad_source", word=source)
    return Wish(source, read_mapping(mapping), str(mapping)) if mapping else Wish(source)


def _import(
    session: Session, work: Workspace, path: Path, asked: _Asked
) -> tuple[dict[str, Any], int]:
    """Take one file in, see `_take`; one that cannot be read at all comes back with its error."""
    try:
        return _take(session, work, path, asked)
    except IntakeError as error:
        message = error.say(session.out.lang)
        session.out.note("error", message=message)
        found = {**details_of(error, session.out.lang), "message": message}
        return {"file": str(path), "run": None, "error": found}, 0


def _take(
    session: Session, work: Workspace, path: Path, asked: _Asked
) -> tuple[dict[str, Any], int]:
    """Take one file in, or say what that would come to.

    Returns:
        The report, and how many leads go on at once that count for the files behind it.
    """
    from leadline.stages.imports import finish_import, import_file, preview_import

    is_backfill, going = asked.is_backfill, 0
    if asked.is_dry or not (asked.is_backfill or asked.is_agreed):
        with session.out.progress("import.looking", _size_of(path)) as advance:
            preview = preview_import(work, path, wish=asked.wish, on_chunk=advance)
        is_backfill = is_backfill or bool(preview.file.settings.backfill)
        asked = replace(asked, is_backfill=is_backfill)
        going = 0 if is_backfill else preview.created + preview.released
        is_stopped = _is_stopped(asked, preview)
        if asked.is_dry or is_stopped:
            report = _stop(session, work, path, asked=asked, preview=preview)
            return report, 0 if is_stopped else going
    now = session.clock.now()
    with session.out.progress("import.reading", _size_of(path)) as advance:
        run = import_file(
            work, path, now=now, wish=asked.wish, is_backfill=is_backfill, on_chunk=advance
        )
    _judge_others(work, now=now)
    report = finish_import(work, run, now=session.clock.now())
    import_showing.show_file(session, report)
    import_showing.show_rejects(session, report)
    return report, going


def _is_stopped(asked: _Asked, preview: Preview) -> bool:
    """Tell whether more leads go on at once than may without being asked for."""
    if asked.is_backfill or asked.is_agreed:
        return False
    going = preview.created + preview.released
    return going > max(0, preview.file.threshold - asked.before)


def _judge_others(work: Workspace, *, now: datetime) -> None:
    """Judge what arrived by other ways meanwhile: the summary speaks of leads that are there."""
    from leadline.stages import run_stages

    asyncio.run(run_stages(work, ["intake"], now=now))


def _size_of(path: Path) -> int | None:
    """Return how many bytes a file has, for the bar; None when it cannot be read."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _stop(
    session: Session, work: Workspace, path: Path, *, asked: _Asked, preview: Preview
) -> dict[str, Any]:
    """Say what an import would come to, and to whom it would lead; nothing is stored."""
    consequences = None
    if (preview.created or preview.released) and not asked.is_backfill:
        consequences = asdict(_rehearse(session, work, path, preview.file))
    report: dict[str, Any] = {
        "file": str(path),
        "source": preview.file.name,
        "run": None,
        **preview.file.describe(),
        "records": preview.records,
        "accepted": preview.records - len(preview.rejects),
        "rejected": len(preview.rejects),
        "created": preview.created,
        "updated": None,
        "duplicates": None,
        "joined": preview.joined,
        "released": preview.released,
        "unchanged": preview.unchanged,
        "consequences": consequences,
        "quarantine": "",
        "rejects": preview.rejects,
    }
    report |= {"is_dry_run": True} if asked.is_dry else {"stopped": "backfill_threshold"}
    report |= {"backfill_threshold": preview.file.threshold, "created_before": asked.before}
    import_showing.show_file(session, report)
    import_showing.show_mapping(session, report)
    import_showing.show_rejects(session, report)
    import_showing.show_stop(session, report, is_stopped=_is_stopped(asked, preview))
    return report


def _rehearse(session: Session, work: Workspace, path: Path, file: SourceFile) -> Consequences:
    """Take the first rows in and let their leads go on, in a transaction that is taken back."""
    from leadline.stages import run_stages
    from leadline.stages.imports import rehearse_import
    from leadline.store.rehearsals import count_consequences, quiet_known_leads

    now = session.clock.now()
    chunk = next(file.chunks(_REHEARSED))  # read before anybody has to wait for us
    with work.store.rehearsal() as store:
        stage = replace(work, store=store)
        with store.write() as connection:
            last = quiet_known_leads(connection)
        run = rehearse_import(stage, file, path, chunk=chunk, now=now)
        asyncio.run(run_stages(stage, ["scoring", "routing", "enrollment"], now=now))
        with store.read() as connection:
            return count_consequences(connection, after=last, run_id=run)
