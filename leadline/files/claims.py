"""One process at a time for one piece of work; who dies lets go at once."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO


@contextmanager
def claimed(lock: Path) -> Iterator[bool]:
    """Hold a lock file for the block; gives False at once while somebody else holds it.

    Threads of one process exclude each other too. The file is gone behind the block.
    """
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if not _is_there(file, lock):  # its holder removed it just before we had it
            yield False
            return
        try:
            yield True
        finally:
            lock.unlink(missing_ok=True)


def _is_there(file: TextIO, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
