"""The inbox: files that wait in the project folder to be taken in, once each by their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leadline.files.sources import file_hash
from leadline.store.submissions import find_finished_import

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

INBOX: Final = "inbox"
_ENDINGS: Final = {".csv", ".tsv", ".txt"}
#: A file that changed more recently than this may still be on its way into the folder.
_SETTLED_SECONDS: Final = 5.0


def is_imported(work: Workspace, path: Path) -> bool:
    """Tell whether a file with these very bytes was imported to the end before."""
    with work.store.read() as connection:
        return find_finished_import(connection, file_hash(path)) is not None


def find_new_files(work: Workspace, *, now: datetime) -> tuple[list[str], int]:
    """Return the inbox's files that were never imported to the end, and how many must wait.

    Args:
        work: the workspace.
        now: the real time: a file that has just changed may not be whole yet.

    Returns:
        Paths below the project folder, and the number of files left for the next look.
    """
    home = work.environment.home
    files = [path for path in sorted((home / INBOX).glob("*")) if _is_table(path)]
    new = [path for path in files if not is_imported(work, path)]
    settled = [path for path in new if _is_settled(path, now)]
    return [path.relative_to(home).as_posix() for path in settled], len(new) - len(settled)


def _is_table(path: Path) -> bool:
    is_hidden = path.name.startswith((".", "~$"))
    return path.suffix.lower() in _ENDINGS and path.is_file() and not is_hidden


def _is_settled(path: Path, now: datetime) -> bool:
    return now.timestamp() - path.stat().st_mtime >= _SETTLED_SECONDS
