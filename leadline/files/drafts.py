"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def new_file(target: Path) -> Iterator[IO[bytes]]:
    """Give a stream of bytes for a file that replaces `target` at the end, or leaves it alone.

    Raises:
        OSError: it cannot be written; its `filename` is the target, which was asked for.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as stream:
            yield stream
        draft.replace(target)
    except OSError as error:
        if error.filename in {None, str(draft)}:
            error.filename = str(target)
        raise
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
