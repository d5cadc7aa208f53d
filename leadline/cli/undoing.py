"""`leadline import --undo RUN` and `--list`: what was taken in, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leadline.cli.output import Column, time_text
from leadline.cli.session import DIFFERENCES, DONE, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadline.stages.undo import Undone
    from leadline.store.import_runs import ImportRun

#: How many runs are shown where words are wanted; JSON has more.
SHOWN: Final = 20
MOST: Final = 1_000
_UNDONE: Final = (
    *("created_removed", "leads_restored", "consents_undone", "submissions_undone"),
    "events_removed",
)
_COUNTS: Final = ("records", "created", "updated", "rejected")


def undo(session: Session, run_id: int) -> int:
    """Take an import back and say what could not be; exit code 2 where something stays."""
    from leadline.cli.releasing import find_run
    from leadline.stages.undo import undo_import

    with session.open_workspace() as work:
        run = find_run(work, run_id)
        with session.out.progress("undo.working", run.records) as advance:
            undone = undo_import(work, run_id, now=session.clock.now(), on_batch=advance)
    session.out.document(
        {
            "run": run_id,
            **undone.counts(),
            "undone_at": time_text(undone.undone_at),
            "is_repeat": undone.is_repeat,
        }
    )
    _show(session, run, undone)
    is_whole = undone.is_repeat or not (undone.created_kept or undone.fields_kept)
    return DONE if is_whole else DIFFERENCES


def _show(session: Session, run: ImportRun, undone: Undone) -> None:
    out = session.out
    key = "undo.done_before" if undone.is_repeat else "undo.done"
    out.line(key, run=run.id, file=run.file_name, at=time_text(undone.undone_at))
    for name in _UNDONE:
        if count := getattr(undone, name):
            out.line(f"undo.{name}", count=count, fields=undone.fields_restored)
    for name in ("created_kept", "fields_kept"):
        for reason, count in sorted(getattr(undone, name).items()):
            out.line(f"undo.{name}", count=count, why=out.words(f"undo.why.{reason}"))


def list_runs(session: Session) -> int:
    """List the import runs, the newest first."""
    from leadline.store.import_runs import list_import_runs

    limit = MOST if session.out.is_json else SHOWN
    with session.open_store() as store, store.read() as connection:
        runs = list_import_runs(connection, limit=limit)
    rows = [_row(run, held) for run, held in runs]
    session.out.document({"runs": rows})
    if not rows:
        session.out.line("runs.none")
        return DONE
    columns = (
        Column("runs.run", is_number=True),
        Column("runs.when"),
        Column("runs.file", may_shrink=True),
        Column("runs.source", may_shrink=True),
        *(Column(f"import.{name}", is_number=True) for name in _COUNTS),
        Column("runs.held", is_number=True),
        Column("runs.note"),
    )
    names = ("run", "started_at", "file", "source", *_COUNTS, "held")
    session.out.table(
        columns, ([*(row[name] for name in names), ", ".join(_notes(session, row))] for row in rows)
    )
    return DONE


def _row(run: ImportRun, held: int) -> dict[str, Any]:
    counts = run.counts or {}
    return {
        "run": run.id,
        "file": run.file_name,
        "source": run.source,
        "started_at": time_text(run.started_at),
        "finished_at": time_text(run.finished_at),
        **{name: counts.get(name) for name in _COUNTS},
        "is_backfill": run.is_backfill,
        "held": held,
        "undone_at": time_text(run.undone_at),
    }


def _notes(session: Session, row: Mapping[str, Any]) -> Iterator[str]:
    """Give what is unusual about a run."""
    if row["is_backfill"]:
        yield session.out.words("runs.backfill")
    if row["undone_at"]:
        yield session.out.words("runs.undone", at=row["undone_at"])
    elif not row["finished_at"]:
        yield session.out.words("runs.unfinished")
