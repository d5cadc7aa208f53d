"""The same work done once, in a fresh process: by our stages, and by a plain program.

`python -m benchmarks.pipeline_runs stages|naive HOME` takes the file of a prepared project and
prints what each part used. `benchmarks.pipeline` starts it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measure import Report, Used, cpu_seconds, measured, peak_mb
from benchmarks.project import NOW, environment_of

if TYPE_CHECKING:
    from leadline.domain.batches import Batch
    from leadline.stages import Workspace

FILE: Final = "inbox/leads.csv"
#: Everything from the file to the outbox; delivery waits for the world outside.
STAGES: Final = ("intake", "scoring", "routing", "notification", "enrollment", "touches")


def run_stages_once(home: Path) -> Report:
    """Import the file and run every stage but delivery, as `leadline import` and `run` do."""
    from leadline.stages import load_stage, open_workspace
    from leadline.stages.imports import finish_import, import_file

    import duckdb  # noqa: F401 - loaded before the clock starts, like the stages
    import pandas as pd  # noqa: F401

    for name in STAGES:
        load_stage(name)
    pieces: dict[str, Used] = {}
    facts: dict[str, object] = {}
    with open_workspace(environment_of(home), now=NOW) as work:
        pieces["start"] = Used(cpu_seconds(), peak_mb())
        with measured() as pieces["import"]:
            run = import_file(work, home / FILE, now=NOW)
        for name in STAGES:
            with measured() as pieces[name]:
                batch = asyncio.run(_run(work, name))
            facts[name] = {"done": batch.done, **batch.skipped, "failed": batch.failed}
        with measured() as pieces["count"]:
            counted = finish_import(work, run, now=NOW)
    facts["import"] = {name: counted[name] for name in ("records", "accepted", "rejected")}
    return Report(pieces, facts)


async def _run(work: Workspace, name: str) -> Batch:
    from leadline.stages import run_stages

    (batch,) = await run_stages(work, [name], now=NOW)
    return batch


def run_naive_once(home: Path) -> Report:
    """Do what a plain program would do with the same file."""
    from benchmarks.naive import Naive

    import pandas as pd  # noqa: F401 - loaded before the clock starts

    naive = Naive(environment_of(home))
    pieces = {"start": Used(cpu_seconds(), peak_mb())}
    with measured() as pieces["all"]:
        owners = naive.run(home / FILE)
    return Report(pieces, {"leads": len(owners), "owned": Counter(map(bool, owners))[True]})


def main() -> int:
    """Run the side that the command line names."""
    side, home = sys.argv[1:]
    runs = {"stages": run_stages_once, "naive": run_naive_once}
    runs[side](Path(home)).write()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
