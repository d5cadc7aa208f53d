"""`leadline release`: what is held back goes on, after a look at how many and to whom."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadline.cli.leads import Where, read_condition
from leadline.cli.output import Column
from leadline.cli.refusals import Refused
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.domain.conditions import Condition
    from leadline.stages import Workspace
    from leadline.stages.release import Plan
    from leadline.store.import_runs import ImportRun

Run = Annotated[int | None, typer.Option("--import", metavar="RUN", min=1, max=2**63 - 1)]


def release(
    context: typer.Context,
    *,
    import_run: Run = None,
    where: Where = None,
    is_agreed: Annotated[bool, typer.Option("--yes")] = False,
) -> int:
    """Let go what is held; `--import` names leads of a backfill."""
    session = session_of(context)
    if import_run is None:
        raise Refused(code="release_what")
    with session.open_workspace() as work:
        condition = None if where is None else read_condition(work.project, where)
        return _release(session, work, import_run, condition, is_agreed=is_agreed)


def _release(
    session: Session,
    work: Workspace,
    run_id: int,
    condition: Condition | None,
    *,
    is_agreed: bool,
) -> int:
    from leadline.stages.release import plan_release, release_import

    now = session.clock.now()
    run = find_run(work, run_id)
    plan = plan_release(work, run_id, condition=condition, now=now)
    session.finished = _document(plan, released=0)
    if not plan.matching:
        _show_nothing(session, run, plan)
        return DONE
    _show(session, run, plan)
    if not is_agreed and not _ask(session, plan):
        session.out.document(session.finished)
        session.out.note("release.not_done")
        return DIFFERENCES
    with session.out.progress("release.working", plan.held) as advance:
        released = release_import(work, run_id, condition=condition, now=now, on_batch=advance)
    session.out.document(_document(plan, released=released))
    session.out.line("release.done", released=released, remaining=max(0, plan.held - released))
    session.out.line("release.next")
    return DONE


def find_run(work: Workspace, run_id: int) -> ImportRun:
    """Return an import run that a person names.

    Raises:
        Refused: there is none.
    """
    from leadline.store.import_runs import find_import_run

    with work.store.read() as connection:
        run = find_import_run(connection, run_id)
    if run is None:
        raise Refused(code="no_import_run", run=run_id)
    return run


def _document(plan: Plan, *, released: int) -> dict[str, Any]:
    return {
        "run": plan.run,
        "held": plan.held,
        "matching": plan.matching,
        "released": released,
        "remaining": max(0, plan.held - released),
        "owners": dict(sorted(plan.owners.items())),
        "beyond_capacity": plan.beyond_capacity,
        "routed": plan.routed,
        "with_consent": plan.with_consent,
    }


def _show_nothing(session: Session, run: ImportRun, plan: Plan) -> None:
    session.out.document(session.finished)
    key = "release.nothing_matches" if plan.held else "release.nothing_held"
    session.out.line(key, run=run.id, file=run.file_name, held=plan.held)


def _show(session: Session, run: ImportRun, plan: Plan) -> None:
    """Say how many would go, to whom, and who may get mail."""
    out = session.out
    out.line("release.plan", run=run.id, file=run.file_name, held=plan.held, matching=plan.matching)
    for key, count in (
        ("release.owned", plan.owners.total()),
        ("release.beyond", plan.beyond_capacity),
        ("release.routed", plan.routed),
        ("release.consented", plan.with_consent),
    ):
        if count:
            out.line(key, count=count)
    if plan.owners:
        columns = (
            Column("release.rep"),
            Column("release.leads", is_number=True),
            Column("release.room", is_number=True),
        )
        rows = [(rep, count, plan.rooms[rep]) for rep, count in sorted(plan.owners.items())]
        out.table(columns, rows)


def _ask(session: Session, plan: Plan) -> bool:
    """Ask at a terminal; a script, and whoever wants JSON, has to say `--yes`."""
    if session.out.is_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        answer = input(session.out.words("release.ask", matching=plan.matching))
    except EOFError:
        return False
    return answer.strip().lower() in {"y", "yes", "はい"}
