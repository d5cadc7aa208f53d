"""The `leadline` command: what a person or a script at a terminal can ask for."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words after `leadline`; those of this process when None.

    Returns:
        The exit code: 0 done, 1 error, 2 done with differences to look at, 130 interrupted.
    """
    from leadline.cli.program import run

    return run(sys.argv[1:] if arguments is None else arguments)
