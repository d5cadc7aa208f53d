"""The same work done once, in a fresh process: by our stages, as Prefect flows, by a plain program.

`python -m benchmarks.pipeline_runs stages|flows|naive HOME` takes the file of a prepared project
from the file to the outbox and prints what each part used; `benchmarks.pipeline` starts it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import wraps
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.measure import Report, Used, cpu_seconds, cpu_seconds_of, measured, peak_mb
from benchmarks.project import NOW, environment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from leadline.domain.batches import Batch
    from leadline.stages import Workspace

FILE: Final = "inbox/leads.csv"
#: Everything from the file to the outbox; delivery waits for the world outside.
STAGES: Final = ("intake", "scoring", "routing", "notification", "enrollment", "touches")
SERVER_PID: Final = "BENCHMARK_SERVER_PID"


def run_stages_once(home: Path) -> Report:
    """Import the file and run every stage but delivery, as `leadline import` and `run` do."""
    from leadline.stages import open_workspace
    from leadline.stages.imports import finish_import, import_file

    _load_stages()
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


def _load_stages() -> dict[str, ModuleType]:
    """Import the stages and their libraries before the clock starts."""
    import duckdb  # noqa: F401
    import pandas as pd  # noqa: F401

    from leadline.stages import load_stage

    return {name: load_stage(name) for name in STAGES}


async def _run(work: Workspace, name: str) -> Batch:
    from leadline.stages import run_stages

    (batch,) = await run_stages(work, [name], now=NOW)
    return batch


def run_flows_once(home: Path) -> Report:
    """Do the same as flow runs against the server that the environment names."""
    from benchmarks.pipeline_flows import import_and_write
    from leadline.stages import imports, open_workspace

    inside = _Inside()
    for module in _load_stages().values():
        inside.watch(module, "run_batch")
    inside.watch(imports, "import_file")
    inside.watch(imports, "finish_import")
    with open_workspace(environment_of(home), now=NOW) as work:
        pieces = {"start": Used(cpu_seconds(), peak_mb())}
        server = cpu_seconds_of(int(os.environ[SERVER_PID]))
        with measured() as pieces["flows"]:
            states = asyncio.run(import_and_write(work, FILE, now=NOW))
    pieces["inside"] = Used(inside.cpu, pieces["flows"].peak)
    return Report(pieces, {"server": server, "states": states})


class _Inside:
    """Adds up what the stages use while Prefect calls them, on the clock of the calling thread."""

    def __init__(self) -> None:
        self.cpu = 0.0

    def watch(self, module: ModuleType, name: str) -> None:
        """Put a clock around a function of a stage."""
        function: Callable[..., Any] = getattr(module, name)

        @wraps(function)
        def clocked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes
            before = thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.cpu += thread_time() - before

        setattr(module, name, clocked)


def run_naive_once(home: Path) -> Report:
    """Do what a plain program would do with the same file."""
    from benchmarks.naive import Naive

    naive = Naive(environment_of(home))
    pieces = {"start": Used(cpu_seconds(), peak_mb())}
    with measured() as pieces["all"]:
        owners = naive.run(home / FILE)
    return Report(pieces, {"leads": len(owners), "owned": sum(map(bool, owners))})


def main() -> int:
    """Run the side that the command line names."""
    side, home = sys.argv[1:]
    runs = {"stages": run_stages_once, "flows": run_flows_once, "naive": run_naive_once}
    runs[side](Path(home)).write()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
