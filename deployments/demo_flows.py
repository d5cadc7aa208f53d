"""The flows of the demo, in a process of their own: `python -m deployments.demo_flows`.

Prints `step` as each step ends. The instants are stated, so the result is the same at any hour.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: The newest row of the files is of 19 November, 19:24 UTC. The next morning in Japan, in Europe
#: and in America are the instants at which the sending windows of the leads are open.
INSTANTS: Final = (
    datetime(2026, 11, 20, 0, 30, tzinfo=UTC),
    datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    datetime(2026, 11, 20, 19, 30, tzinfo=UTC),
)
FILES: Final = ("inbox/generic_en.csv", "inbox/generic_ja_cp932.csv")
STEP_DONE: Final = "step"


async def run_flows() -> AsyncIterator[Any]:
    """Take the inquiry and then the files through the pipeline, and send what is due.

    Yields:
        The state that each step ended in.
    """
    from flows.import_files import import_files
    from flows.process_submissions import process_submissions
    from flows.send_due_touches import send_due_touches

    first = INSTANTS[0].isoformat()
    state = await process_submissions(now=first, return_state=True)
    yield await send_due_touches(now=first, return_state=True) if state.is_completed() else state
    yield await import_files(paths=list(FILES), now=first, is_agreed=True, return_state=True)
    for instant in INSTANTS:
        yield await send_due_touches(now=instant.isoformat(), return_state=True)


async def _main() -> int:
    from prefect import tags

    with tags("leadline"):
        return await _tell()


async def _tell() -> int:
    async for state in run_flows():
        if not state.is_completed():
            sys.stdout.write(f"{state.name}: {state.message}\n")
            return 1
        sys.stdout.write(f"{STEP_DONE}\n")
        sys.stdout.flush()
    return 0


def main() -> int:
    """Run the flows; Prefect's own lines stay in its pages and off the screen."""
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    return asyncio.run(_main())


if __name__ == "__main__":
    raise SystemExit(main())
