"""Files become submissions, and their rows leads: given files, or whatever is new in the inbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from prefect import flow
from prefect.client.schemas.objects import State

from flows.process_submissions import follow_leads
from flows.run import Run, carry_out, name_for
from leadline.clock import SystemClock
from leadline.stages.imports import is_imported
from tasks.imports import count_file, store_file
from tasks.intake import intake

if TYPE_CHECKING:
    from pathlib import Path

INBOX: Final = "inbox"
_ENDINGS: Final = {".csv", ".tsv", ".txt"}
#: A file that changed more recently than this may still be on its way into the folder.
_SETTLED_SECONDS: Final = 5.0


@flow(
    name="leadline-import-files",
    flow_run_name=name_for("import-files"),
    timeout_seconds=4 * 3600,
    persist_result=False,
)
async def import_files(paths: list[str] | None = None, now: str | None = None) -> State[Any]:
    """Store the rows of files, judge them, count them, and go on with the leads.

    Args:
        paths: files below the project folder; every new *.csv, *.tsv and *.txt of `inbox/` when
            None. A file given by name is read again: rows that are known change nothing.
        now: the instant that "due" is measured against (ISO with zone); the present if None.
    """

    async def follow(run: Run) -> None:
        await _store_files(run, paths)
        while number := await run.next_batch("intake"):
            run.add(await intake(run.at, number))
        await _count_files(run)
        await follow_leads(run)

    return await carry_out(now, follow)


async def _store_files(run: Run, paths: list[str] | None) -> None:
    if paths is None:
        found, run.waiting = await asyncio.to_thread(_find_new, run)
        paths = found
    for number, path in enumerate(paths, 1):
        run.files.append(await store_file(path, run.at, number))


async def _count_files(run: Run) -> None:
    """Count the rows of each file, once all are judged."""
    for file in run.files:
        if "run" in file:
            file.update(await count_file(file["run"], run.at))


def _find_new(run: Run) -> tuple[list[str], int]:
    """Return the inbox's files that were never imported to the end, and how many must wait."""
    home = run.work.environment.home
    files = [path for path in sorted((home / INBOX).glob("*")) if _is_table(path)]
    new = [path for path in files if not is_imported(run.work, path)]
    settled = [path for path in new if _is_settled(path)]
    return [path.relative_to(home).as_posix() for path in settled], len(new) - len(settled)


def _is_table(path: Path) -> bool:
    is_hidden = path.name.startswith((".", "~$"))
    return path.suffix.lower() in _ENDINGS and path.is_file() and not is_hidden


def _is_settled(path: Path) -> bool:
    return SystemClock().now().timestamp() - path.stat().st_mtime >= _SETTLED_SECONDS
