"""From the file to the outbox: leads per CPU second, growth, and what Prefect adds.

`python -m benchmarks.pipeline [--json] [--rows 10000 100000] [--runs 1]`

Every run is a fresh process on a fresh project (`benchmarks.project`) on SQLite as the product
runs it (WAL, synchronous FULL). Measured is everything but delivery: import, intake, scoring,
routing, notification, enrollment, touches, and the counting of the import. Against it stand

- a plain program over the same file (`benchmarks.naive`, which says what it leaves out), for the
  whole and for what both do, which ends with routing;
- the same work as Prefect flow runs against a real server: what flow process and server use
  between the first and the last run, less what the stages use without Prefect, as a share of the
  total. A second line takes the stages' part from the clock of the threads that ran them, inside
  the same flow runs: it is free of the scatter between two runs.

Start-up is apart: interpreter, imports and an open workspace (for the flows as well: they hold
it as `flows.watch` does), the imports of Prefect, and the server's start. What the server uses
while it has nothing to do counts as its part for as long as the flow runs last; a line of its own
says how much that is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measure import (
    Line,
    Report,
    Used,
    cpu_seconds_of,
    middle,
    note,
    note_machine,
    peak_mb_of,
    print_lines,
    run_child,
)
from benchmarks.pipeline_runs import SERVER_PID, STAGES
from benchmarks.project import environment_of, prepare
from leadline.cli.prefect_server import start_server

if TYPE_CHECKING:
    from collections.abc import Iterator

NAIVE: Final = "pandas read_csv and a Python loop, no ledger"
DIRECT: Final = "the same work by leadline.stages.run_stages"
SHARE: Final = 0.05
SHARE_CPU: Final = 2.0  # seconds; what Prefect may cost however little work there is
SHARE_FROM: Final = 100_000  # rows
SLACK: Final = 1.3  # growth above that of the rows
_PARTS: Final = ("import", *STAGES, "count")
_COMPARED: Final = ("import", "intake", "scoring", "routing")
_QUIET: Final = 0.05  # CPU seconds per second of a server that has nothing left to do
_PATIENCE: Final = 30  # seconds
_IDLE: Final = 10  # seconds
_Sides = dict[str, Report]


def measure_once(rows: int) -> _Sides:
    """Run each side once, one after the other."""
    sides = {}
    for side in ("naive", "stages", "flows"):
        with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
            home = Path(folder) / "project"
            prepare(home, rows=rows)
            note(f"{rows} rows: {side}")
            sides[side] = _flows(home) if side == "flows" else _plain(side, home)
            note(f"  {sides[side].facts}")
    return sides


def _plain(side: str, home: Path) -> Report:
    return run_child("benchmarks.pipeline_runs", side, str(home), variables={})


def _flows(home: Path) -> Report:
    with start_server(environment_of(home)) as server:
        process = server.process
        if process is None:
            message = "PREFECT_API_URL names a server whose CPU cannot be read; unset it"
            raise SystemExit(message)
        started = cpu_seconds_of(process.pid)
        idle = _idle(process.pid)
        variables = {**server.settings, SERVER_PID: str(process.pid)}
        report = run_child("benchmarks.pipeline_runs", "flows", str(home), variables=variables)
        used = _quiet_server(process.pid) - report.facts.pop("server")
        peak = peak_mb_of(process.pid)
    report.pieces["server"] = Used(used, peak)
    report.pieces["server start"] = Used(started, peak)
    report.pieces["server idle"] = Used(idle, peak)
    return report


def _idle(pid: int) -> float:
    """Return the CPU seconds that the server uses in `_IDLE` seconds with nothing to do."""
    _quiet_server(pid)
    before = cpu_seconds_of(pid)
    time.sleep(_IDLE)
    return cpu_seconds_of(pid) - before


def _quiet_server(pid: int) -> float:
    """Return the server's CPU seconds once it has dealt with what the runs left it."""
    before = cpu_seconds_of(pid)
    for _ in range(_PATIENCE):
        time.sleep(1)
        now = cpu_seconds_of(pid)
        if now - before < _QUIET:
            return now
        before = now
    return before


def lines_of(rows: int, sides: _Sides) -> Iterator[Line]:
    """Give the results of one size."""
    stages = sides["stages"].pieces
    for name in _PARTS:
        yield _speed(f"pipeline {name}", rows, stages[name])
    total = _sum(stages, _PARTS)
    yield _speed("pipeline total", rows, total)
    yield _start("pipeline start-up", rows, stages["start"])
    naive = sides["naive"].pieces["all"].cpu
    compared = _sum(stages, _COMPARED)
    for name, ours in (("pipeline", total), ("pipeline to routing", compared)):
        yield Line(name, rows, ours.cpu, ours.peak, ratio=ours.cpu / naive, baseline=NAIVE)
    yield from _prefect(rows, sides["flows"].pieces, total.cpu)


def _sum(pieces: dict[str, Used], names: tuple[str, ...]) -> Used:
    found = [pieces[name] for name in names]
    return Used(sum(one.cpu for one in found), max(one.peak for one in found))


def _speed(name: str, rows: int, used: Used) -> Line:
    value = rows / used.cpu if used.cpu else None
    unit = "leads per CPU second"
    return Line(name, rows, used.cpu, used.peak, value=value, unit=unit, direction="higher")


def _start(name: str, rows: int, used: Used) -> Line:
    unit = "CPU seconds"
    return Line(name, rows, used.cpu, used.peak, value=used.cpu, unit=unit, direction="lower")


def _prefect(rows: int, pieces: dict[str, Used], direct: float) -> Iterator[Line]:
    flows, server = pieces["flows"], pieces["server"]
    total = flows.cpu + server.cpu
    target = max(SHARE, SHARE_CPU / total) if rows >= SHARE_FROM else None
    for name, without, baseline in (
        ("pipeline Prefect share", direct, DIRECT),
        (
            "pipeline Prefect share, inside",
            pieces["inside"].cpu,
            f"{DIRECT}, on the clocks of its threads",
        ),
    ):
        share = (total - without) / total
        yield Line(
            name,
            rows,
            total,
            flows.peak,
            ratio=share,
            baseline=f"flow process and server together; ours is their excess over {baseline}",
            target=target,
            is_ok=target is None or share <= target,
        )
    yield _start("pipeline Prefect server's part", rows, server)
    yield _start("pipeline Prefect flow process start-up", rows, pieces["start"])
    yield _start("pipeline Prefect server start-up", rows, pieces["server start"])
    idle = pieces["server idle"]
    unit = "CPU milliseconds per second of waiting"
    value = idle.cpu / _IDLE * 1000
    name = "pipeline Prefect server idle"
    yield Line(name, rows, idle.cpu, idle.peak, value=value, unit=unit, direction="lower")


def growth(small: tuple[int, Report], large: tuple[int, Report]) -> Iterator[Line]:
    """Give the growth of every part from the smallest size to the largest."""
    (few, before), (many, after) = small, large
    target = SLACK * many / few
    for name in (*_PARTS, ""):
        parts = (name,) if name else _PARTS
        ours, theirs = _sum(after.pieces, parts), _sum(before.pieces, parts)
        ratio = ours.cpu / theirs.cpu
        yield Line(
            f"pipeline {name} growth".replace("  ", " "),
            many,
            ours.cpu,
            ours.peak,
            ratio=ratio,
            baseline=f"the same with {few} rows",
            target=target,
            is_ok=ratio <= target,
        )


@contextmanager
def _time_noted() -> Iterator[None]:
    started = time.monotonic()
    yield
    note(f"done in {time.monotonic() - started:.0f} s")


def main() -> int:
    """Measure the sizes that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=1, help="interleaved; the median counts")
    options = parser.parse_args()
    note_machine()
    sizes = sorted(set(options.rows))
    found: dict[int, list[_Sides]] = defaultdict(list)
    with _time_noted():
        for _ in range(options.runs):
            for rows in sizes:
                found[rows].append(measure_once(rows))
    medians = {
        rows: {side: middle([run[side] for run in runs]) for side in runs[0]}
        for rows, runs in found.items()
    }
    for rows, sides in medians.items():
        print_lines(lines_of(rows, sides), is_json=options.json)
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        both = (small, medians[small]["stages"]), (large, medians[large]["stages"])
        print_lines(growth(*both), is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
