"""The `leadline` command with small chunks and little patience, so that a trial is short.

`python -m tests.small_command ROWS SECONDS WORDS...` imports ROWS rows per transaction, and waits
SECONDS for a locked database. All else is the command itself.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leadline.cli import main
from leadline.stages import imports
from leadline.store import engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def small(*, rows: int | None, seconds: int) -> Iterator[None]:
    """Make chunks small, unless `rows` is None, and patience short until the block ends."""
    defaults = imports.import_file.__kwdefaults__
    assert defaults is not None
    before = (defaults["size"], engine.BUSY_TIMEOUT_SECONDS)
    defaults["size"], engine.BUSY_TIMEOUT_SECONDS = rows or before[0], seconds  # type: ignore[misc]
    try:
        yield
    finally:
        defaults["size"], engine.BUSY_TIMEOUT_SECONDS = before  # type: ignore[misc]


if __name__ == "__main__":
    with small(rows=int(sys.argv[1]), seconds=int(sys.argv[2])):
        code = main(sys.argv[3:])
    raise SystemExit(code)
