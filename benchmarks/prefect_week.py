"""What a week of the default schedules leaves in Prefect's SQLite file, and what retention keeps.

`python -m benchmarks.prefect_week [--json] [--idle 300] [--working 60] [--days 14]`

A week is 10,080 runs of send_due_touches, 2,016 of process_submissions, 245 of import_files, 7 each
of refresh_scores and remove_old_runs, and 168 of the watch with what it awaits. A real week cannot
be waited for, so

1. that many idle and working runs are executed by Prefect's engine against our own server, half
   of them at a time: both halves must take the same room within 20 %;
2. their rows are copied, with other ids and times, into the file of a week in which nothing is
   removed, as Prefect's defaults have it for runs and for events;
3. the same copies arrive in portions in the file of a server as `leadline up` starts it. Between
   two portions all that is there grows older, the server's own vacuum removes what is over its
   age (it looks every few seconds here instead of every hour), and once a day the real
   remove_old_runs runs. The file after the first week is held against the target; the second
   week shows that pages which became free are used again.

A portion is a quarter of a day and arrives at once, so up to 18 hours of events are there before
the vacuum sees them, and the file is rather larger than the product's. What the server keeps
planned (some hundred runs) is left out. A page of the runs list is measured as CPU time of the
server.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import prefect_week_rows as rows
from benchmarks.measure import (
    Line,
    Report,
    note,
    note_machine,
    print_lines,
    run_child,
)
from benchmarks.prefect_week_server import (
    HURRY,
    MB,
    Kept,
    look,
    now,
    run_server,
    wait_for_vacuum,
)
from benchmarks.project import environment_of, prepare
from deployments.automations import BEATS
from leadline.cli.prefect_server import (
    HEARTBEAT,
    PrefectServer,
    start_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_MB: Final = 200.0
ALIKE: Final = 1.2
_IDLE_SEND: Final = "leadline-send-due-touches Idle"
#: How often each kind of run is there in a week. One minute in ten has mail to send, one look at
#: the submissions in twenty finds one that the watch did not, files come five times a day, points
#: decay every night, and in 40 hours of the week the watch finds form posts, 7 or 8 an hour.
WEEK: Final[Mapping[str, int]] = {
    _IDLE_SEND: 9_072,
    "leadline-send-due-touches Completed": 1_008,
    "leadline-process-submissions Idle": 1_915,
    "leadline-process-submissions Completed": 101,
    "leadline-import-files Idle": 220,
    "leadline-import-files Completed": 25,
    "leadline-refresh-scores Completed": 7,
    "leadline-watch Idle": 128,
    "leadline-watch Completed": 40,
}
_BEATS: Final = 58  # of a watch, which lasts 59 minutes, behind its first
_PORTIONS: Final = 4  # a day
_MONTH: Final = 30  # days that the server keeps runs
_PATIENCE: Final = 120  # seconds
_QUIET: Final = 6  # seconds


@dataclass
class Grown:
    """What real runs left.

    Attributes:
        file: a copy of the server's file after all of them.
        sizes: used bytes before, between and after the halves.
        cpu: CPU seconds of the flow processes.
        peak: their peak memory, in MB.
        ended: how runs ended.
    """

    file: Path
    sizes: list[int] = field(default_factory=list)
    cpu: float = 0.0
    peak: float = 0.0
    ended: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def database_of(home: Path) -> Path:
    """Return the file of our own server's database."""
    return environment_of(home).state / "prefect" / "prefect.db"


def grow(home: Path, *, idle: int, working: int) -> Grown:
    """Execute the runs in two halves on a fresh server."""
    database = database_of(home)
    grown = Grown(home.parent / "grown.db")
    with start_server(environment_of(home)) as server:
        variables = {**server.settings, "LEADLINE_HOME": str(home)}
        _deploy(variables)
        grown.sizes.append(_quiet(database))
        for half in (1, 2):
            for kind, count in (("idle", idle // 2), ("working", working // 2)):
                note(f"{count} {kind} runs")
                done = _run(kind, home, count, half, variables=variables)
                grown.cpu += done.pieces["runs"].cpu
                grown.peak = max(grown.peak, done.pieces["runs"].peak)
                for name, ended in done.facts.items():
                    grown.ended[name] += ended
            note("waiting for what the automations do about runs that went silent")
            time.sleep(BEATS * HEARTBEAT.total_seconds() + _QUIET)
            grown.sizes.append(_quiet(database))
    rows.empty_log(database)
    shutil.copy(database, grown.file)
    note(f"  ended {dict(grown.ended)}, bytes used {grown.sizes}")
    return grown


def _run(kind: str, home: Path, count: int, number: int, *, variables: Mapping[str, str]) -> Report:
    arguments = (kind, str(home), str(count), str(number))
    return run_child("benchmarks.prefect_week_runs", *arguments, variables=variables)


def _deploy(variables: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "deployments.deploy"]
    environment = {**os.environ, **variables}
    subprocess.run(command, check=True, stdout=sys.stderr, env=environment)  # noqa: S603 - ours


def _quiet(database: Path) -> int:
    """Return the used bytes once events and log lines have arrived, which come with a delay."""
    before: dict[str, int] = {}
    for _ in range(_PATIENCE // _QUIET):
        counts = rows.count_rows(database)
        if counts == before:
            break
        before = counts
        time.sleep(_QUIET)
    return rows.bytes_used(database)


def read_kinds(file: Path) -> dict[str, list[rows.Family]]:
    """Read the runs by kind; a watch gets the beats of an hour."""
    kinds = defaultdict(list)
    for family in rows.read_families(file):
        if family.kind.startswith("leadline-watch"):
            family.add_beats(_BEATS, every=HEARTBEAT)
        kinds[family.kind].append(family)
    missing = WEEK.keys() - kinds.keys()
    if missing:
        message = f"no run ended as {', '.join(sorted(missing))}"
        raise SystemExit(message)
    return kinds


def portions(
    kinds: Mapping[str, list[rows.Family]], *, days: int
) -> Iterator[list[tuple[rows.Family, timedelta]]]:
    """Give the runs of each quarter of a day, each with when it was before the quarter's end."""
    sources = {kind: itertools.cycle(kinds[kind]) for kind in WEEK}
    length = timedelta(days=1) / _PORTIONS
    for number in range(days * _PORTIONS):
        portion = []
        for kind, count in WEEK.items():
            before, after = (count * one // (7 * _PORTIONS) for one in (number, number + 1))
            portion += [
                (next(sources[kind]), length * (one + 1) / (after - before))
                for one in range(after - before)
            ]
        yield sorted(portion, key=lambda each: each[1], reverse=True)


def keep_all(home: Path, grown: Grown, kinds: Mapping[str, list[rows.Family]]) -> Kept:
    """Let a week be over of which nothing is removed."""
    database = database_of(home)
    rows.put_file(grown.file, database)
    start = now() - timedelta(days=7)
    length = timedelta(days=1) / _PORTIONS
    for number, portion in enumerate(portions(kinds, days=7), 1):
        end = start + length * number
        rows.add_copies(database, [(family, end - ago) for family, ago in portion])
    rows.empty_log(database)
    never = {"PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "[]"}
    with run_server(home, never) as server:
        return look(database, server)


def keep_as_set(
    home: Path, grown: Grown, kinds: Mapping[str, list[rows.Family]], *, days: int
) -> list[Kept]:
    """Let days go by with the retention that is set; returns the file at the end of each week."""
    database = database_of(home)
    rows.put_file(grown.file, database)
    found = []
    with run_server(home, HURRY) as server:
        for number, portion in enumerate(portions(kinds, days=days), 1):
            rows.make_older(database, hours=24 // _PORTIONS)
            end = now()
            rows.add_copies(database, [(family, end - ago) for family, ago in portion])
            rows.empty_log(database)
            wait_for_vacuum(database, server)
            if number % _PORTIONS == 0:
                _remove(home, server, number)
                wait_for_vacuum(database, server)
            rows.empty_log(database)
            if number % _PORTIONS == 0:
                on_disk, used = rows.bytes_on_disk(database), rows.bytes_used(database)
                day = number // _PORTIONS
                note(f"  day {day}: {on_disk / MB:.0f} MB, {used / MB:.0f} MB of them in use")
                if day % 7 == 0 or day == days:
                    found.append(look(database, server))
    return found


def _remove(home: Path, server: PrefectServer, number: int) -> None:
    variables = {**server.settings, "LEADLINE_HOME": str(home)}
    _run("remove", home, 1, number, variables=variables)


def lines_of_growth(grown: Grown, kinds: Mapping[str, list[rows.Family]]) -> Iterator[Line]:
    """Give what real runs left: whether it grows evenly, and bytes of an idle and a working one."""
    first, second = (after - before for before, after in itertools.pairwise(grown.sizes))
    ratio = max(first, second) / min(first, second)
    runs = sum(len(found) for found in kinds.values())
    yield Line(
        "prefect week growth, half against half",
        runs,
        grown.cpu,
        grown.peak,
        ratio=ratio,
        baseline="the other half of the real runs",
        target=ALIKE,
        is_ok=ratio <= ALIKE,
    )
    tables, counts = rows.bytes_by_table(grown.file), rows.count_rows(grown.file)
    for kind, found in sorted(kinds.items()):
        size = sum(
            count * tables.get(table, 0) / counts[table]
            for family in found
            for table, count in family.count().items()
        )
        value = size / len(found) / 1000
        name = f"prefect week one run, {kind}"
        yield Line(name, len(found), 0.0, 0.0, value=value, unit="kB", direction="lower")


def lines_of_weeks(everything: Kept, weeks: Sequence[Kept], *, days: int) -> Iterator[Line]:
    """Give the file and its pages without retention and with it."""
    yield _size("prefect week, nothing removed", everything)
    for number, week in enumerate(weeks, 1):
        yield _size(f"prefect week {number}, retention as set", week, target=MOST_MB)
    last = weeks[-1]
    if len(weeks) > 1:
        a_day = (last.used - weeks[0].used) / (days - 7)
        at_most = last.disk + a_day * (_MONTH - days)
        month = replace(last, disk=int(at_most))
        yield _size(f"prefect day {_MONTH}, computed from the days before", month)
    for name, kept in (("nothing removed", everything), ("retention as set", weeks[0])):
        for question, millis in kept.cpu.items():
            yield Line(
                f"prefect week runs page, {question}, {name}",
                kept.runs,
                millis / 1000,
                kept.peak,
                value=millis,
                unit="server CPU milliseconds",
                direction="lower",
            )


def _size(name: str, kept: Kept, *, target: float | None = None) -> Line:
    value = kept.disk / MB
    is_ok = target is None or value <= target
    return Line(
        *(name, kept.runs, 0.0, kept.peak),
        value=value,
        unit="MB on disk",
        direction="lower",
        target=target,
        is_ok=is_ok,
    )


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prefect_week", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--idle", type=int, default=300, help="real idle runs")
    parser.add_argument("--working", type=int, default=60, help="real working runs")
    parser.add_argument("--days", type=int, default=14, help="simulated with retention, 7 or more")
    options = parser.parse_args()
    note_machine()
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        home = Path(folder) / "project"
        _prepare(home)
        grown = grow(home, idle=options.idle, working=options.working)
        kinds = read_kinds(grown.file)
        print_lines(lines_of_growth(grown, kinds), is_json=options.json)
        everything = keep_all(home, grown, kinds)
        weeks = keep_as_set(home, grown, kinds, days=options.days)
    print_lines(lines_of_weeks(everything, weeks, days=options.days), is_json=options.json)
    return 0


def _prepare(home: Path) -> None:
    """Make a project whose flows run when they are told to, with an empty inbox."""
    prepare(home, rows=10)
    for file in (home / "inbox").iterdir():
        file.unlink()
    (home / "config" / "schedules.yaml").write_text("{}\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
