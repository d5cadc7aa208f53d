"""`leadline run`: the pipeline, or some of its stages, in this process."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.output import Column
from leadline.cli.refusals import Refused, meant
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of
from leadline.cli.wording import find
from leadline.domain.skips import WORDS, SkipReason

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from leadline.domain.batches import Batch
    from leadline.stages import Workspace


TERMINATED: Final = 143  # 128 and the number of SIGTERM, as shells have it


def run(
    context: typer.Context,
    stages: Annotated[list[str] | None, typer.Argument(metavar="[STAGE...]")] = None,
    once: Annotated[bool, typer.Option("--once")] = False,
    now: Annotated[str | None, typer.Option("--now", metavar="ISO")] = None,
) -> int:
    """Run stages until each has nothing left to claim."""
    session = session_of(context)
    at = read_instant(now) if now is not None else session.clock.now()
    from leadline.stages import ORDER

    names = _check_stages(stages or ORDER, ORDER)
    with session.open_workspace() as work:
        session.finished = {"config_hash": work.project.hash, "stages": []}
        sums = _run(session, work, names, at=at, is_once=once)
    failed = sum(total.failed for total in sums)
    session.out.document(session.finished)
    session.out.line("run.held" if failed else "run.finished", count=failed)
    return DIFFERENCES if failed else DONE


def read_instant(text: str) -> datetime:
    """Read an ISO 8601 time with its offset.

    Raises:
        Refused: it is no time, or only a date, or it has no offset.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(code="bad_time", word=text) from None
    if at.tzinfo is None:
        code = "bare_date" if _is_date(text) else "naive_time"
        raise Refused(code=code, word=text, date=at.date().isoformat())
    return at.astimezone(UTC)


def _is_date(text: str) -> bool:
    """Tell whether a text is an ISO 8601 date without a time."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_stages(names: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in names:
        if name not in known:
            raise Refused(
                code="unknown_stage", word=name, near=meant(name, known), known=", ".join(known)
            )
    return list(names)


def _run(
    session: Session, work: Workspace, names: Sequence[str], *, at: datetime, is_once: bool
) -> list[Batch]:
    """Run the stages; what was done is shown even when a later stage fails."""
    from leadline.stages import run_stages

    sums: dict[str, Batch] = {}

    def take(batch: Batch) -> None:
        sums[batch.stage] = sums[batch.stage] + batch if batch.stage in sums else batch
        advance(batch.claimed)

    try:
        with session.out.progress("run.running") as advance:
            asyncio.run(
                _until_told(run_stages(work, names, now=at, is_once=is_once, on_batch=take))
            )
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    finally:
        session.finished["stages"] = [_row(total) for total in sums.values()]
        _show(session, list(sums.values()))
    return list(sums.values())


async def _until_told(running: Coroutine[Any, Any, object]) -> None:
    """Run the stages; SIGTERM ends them after the messages that are on their way."""
    task = asyncio.ensure_future(running)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


def _row(total: Batch) -> dict[str, Any]:
    return {
        "stage": total.stage,
        "claimed": total.claimed,
        "done": total.done,
        "skipped": total.skipped,
        "failed": total.failed,
        "seconds": round(total.seconds, 3),
    }


def _show(session: Session, sums: Sequence[Batch]) -> None:
    out = session.out
    columns = (
        Column("run.stage"),
        Column("run.claimed", is_number=True),
        Column("run.done", is_number=True),
        Column("run.skipped", is_number=True),
        Column("run.failed", is_number=True),
        Column("run.seconds", is_number=True),
    )
    rows = [
        (
            out.words(f"stage.{total.stage}"),
            total.claimed,
            total.done,
            sum(total.skipped.values()),
            total.failed,
            f"{total.seconds:.2f}",
        )
        for total in sums
    ]
    out.table(columns, rows)
    for total in sums:
        for reason, count in total.skipped.items():
            words = reason_words(reason, out.lang)
            out.line("run.reason", stage=total.stage, count=count, reason=words)


def reason_words(reason: str, lang: str) -> str:
    """Return why rows were skipped, in words: a `SkipReason`, a reject code, or a state."""
    if reason in SkipReason.__members__.values():
        return WORDS[SkipReason(reason)][lang]
    from leadline.domain.reject_words import REJECT_WORDS

    if reason in REJECT_WORDS:
        return REJECT_WORDS[reason][lang]
    return find(f"reason.{reason}", lang) or reason
