"""Events: how many a server takes by POST, each on the disk before it is answered.

`python -m benchmarks.events [--json] [--events 20000] [--runs 3] [--connections 8]`

The server is `leadline serve` in a process of its own over a fresh project, driven over loopback
with posts of one event, of 100, and of as many as a post may hold. SQLite with the settings of the
product, and PostgreSQL with fsync on. The baseline is the plain way (benchmarks/web_plain.py:
FastAPI, one row and one commit per event), served and driven alike with the same posts, but a
tenth as many events. CPU seconds are the server's alone, without its start. After each run the
rows of the database are counted: they must be as many as events were posted. The median of the
runs counts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, text

from benchmarks.measure import Line, cpu_seconds_of, note, note_machine, peak_mb_of, print_lines
from benchmarks.web import leadline_serving, plain_serving
from benchmarks.web_posts import drive
from leadline.domain.posted_events import MOST
from tests.databases import postgresql_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

BASELINE: Final = "FastAPI with one row and one commit per event"
BATCHES: Final = (1, 100, MOST)
RATIO: Final = 1.0
_MAPPING: Final = "events: {open: true}\n"
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PEOPLE: Final = 977
_LEAST: Final = 200


@dataclass(frozen=True)
class Run:
    """One run of a server over posts of one size."""

    events: int
    cpu: float
    peak: float
    p99: float

    @property
    def per_cpu(self) -> float:
        """Return accepted events per CPU second."""
        return self.events / self.cpu


def _post(batch: int, number: int) -> bytes:
    """Return the post with this number, whole."""
    first = number * batch
    body = json.dumps([_event(each) for each in range(first, first + batch)]).encode()
    head = (
        "POST /events/app HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _event(number: int) -> dict[str, str]:
    return {
        "event_id": f"event-{number}",
        "email": f"person{number % _PEOPLE}@company{number % _PEOPLE}.example",
        "event": "page_viewed" if number % 3 else "pricing_page_viewed",
        "url": f"https://www.example.com/products/{number % 101}?ref=mail",
        "occurred_at": (_START + timedelta(seconds=number)).isoformat(),
    }


def run_posts(
    server: AbstractContextManager[tuple[int, int]],
    *,
    batch: int,
    events: int,
    connections: int,
    url: str,
) -> Run:
    """Post as many events, after one post that warms the server, and count the rows."""
    count = max(1, events // batch)
    with server as (pid, port):
        warm = drive(port, range(1), connections=1, request=lambda number: _post(batch, number))
        before = cpu_seconds_of(pid)
        driven = drive(
            port,
            range(1, count + 1),
            connections=connections,
            request=lambda number: _post(batch, number),
        )
        used, peak = cpu_seconds_of(pid) - before, peak_mb_of(pid)
    _check(url, (count + 1) * batch, dict(warm.answers + driven.answers))
    return Run(count * batch, used, peak, driven.slowest(0.99))


def _check(url: str, events: int, answers: dict[int, int]) -> None:
    """Make sure that the database holds every event that was posted.

    Raises:
        RuntimeError: it does not; the figures would mean nothing.
    """
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM events")).scalar()
    engine.dispose()
    if rows != events:
        message = f"{rows} rows for {events} events, answered {answers}"
        raise RuntimeError(message)


def measure_once(
    batch: int, events: int, *, connections: int, postgresql: str
) -> Iterator[tuple[str, Run]]:
    """Measure each server once with posts of one size, on fresh databases."""
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        ours, plain = (f"sqlite:///{Path(folder) / name}.db" for name in ("ours", "plain"))
        few = max(batch, _LEAST, events // 10)
        for name, url, server, count in (
            ("plain", plain, plain_serving(Path(folder) / "plain.db"), few),
            ("SQLite", ours, leadline_serving(ours, mapping=_MAPPING), events),
            ("PostgreSQL", postgresql, leadline_serving(postgresql, mapping=_MAPPING), events),
        ):
            run = run_posts(server, batch=batch, events=count, connections=connections, url=url)
            note(
                f"  {batch} per post, {name}: {run.per_cpu:.0f} events/CPU s, "
                f"p99 {run.p99:.1f} ms, {run.peak:.0f} MB"
            )
            yield name, run


def measure(events: int, *, runs: int, connections: int) -> Iterator[Line]:
    """Measure every size of post as often as asked, and give the results."""
    with (
        tempfile.TemporaryDirectory(prefix="leadline-") as folder,
        postgresql_cluster(Path(folder)) as cluster,
    ):
        for batch in BATCHES:
            found = [
                dict(
                    measure_once(
                        batch,
                        events if batch > 1 else max(_LEAST, events // 10),
                        connections=connections,
                        postgresql=cluster.create_database(f"events_{batch}_{number}"),
                    )
                )
                for number in range(runs)
            ]
            yield from _lines(batch, found)


def _lines(batch: int, found: list[dict[str, Run]]) -> Iterator[Line]:
    plain = median(run["plain"].per_cpu for run in found)
    for name in ("SQLite", "PostgreSQL"):
        runs = [run[name] for run in found]
        per_cpu, peak = median(run.per_cpu for run in runs), median(run.peak for run in runs)
        cpu, count = median(run.cpu for run in runs), runs[0].events
        what = f"events on {name}, {batch} per post"
        yield Line(
            f"{what}, accepted",
            count,
            cpu,
            peak,
            value=per_cpu,
            unit="events per CPU s",
            direction="higher",
        )
        ratio = plain / per_cpu
        is_ok = ratio <= RATIO or batch == 1
        target = None if batch == 1 else RATIO
        yield Line(
            what, count, cpu, peak, ratio=ratio, baseline=BASELINE, target=target, is_ok=is_ok
        )


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3, help="the median counts")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    note_machine()
    lines = measure(options.events, runs=options.runs, connections=options.connections)
    print_lines(lines, is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
