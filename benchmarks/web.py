"""Web: how many form posts a server takes, each on the disk before it is answered.

`python -m benchmarks.web [--json] [--posts 10000] [--runs 3] [--connections 32] [--long]`

The server is `leadline serve` in a process of its own over a fresh project, driven over loopback
by this process with connections that stay open. SQLite with the settings of the product, and
PostgreSQL with fsync on. The baseline is the plain way to take the same form
(benchmarks/web_plain.py: FastAPI, one row, one commit per request), served and driven alike. CPU
seconds are the server's alone, without its start. After each run the rows of the database are
counted: they must be as many as posts were answered 201. `--long` posts 100,000 and says how much
the server's memory grew after the first 10,000. The median of the runs counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import httpx
from sqlalchemy import create_engine, text

from benchmarks.measure import Line, cpu_seconds_of, note, note_machine, peak_mb_of, print_lines
from benchmarks.web_posts import Driven, drive
from leadline.cli.prefect_server import free_port
from leadline.config.folder import create_project
from tests.databases import postgresql_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BASELINE: Final = "FastAPI with one row and one commit per request"
POSTS_PER_CPU: Final = 400.0
GROWTH_MB: Final = 20.0
WARM: Final = 500
FIRST: Final = 10_000
LONG: Final = 100_000
START_SECONDS: Final = 60.0
_PROTECTION: Final = "\nprotection: {posts_per_minute: 100000000, posts_per_address: 1000000}\n"


@dataclass(frozen=True)
class Run:
    """One run of a server: what came of the posts, and what they cost it."""

    driven: Driven
    cpu: float
    peak: float

    @property
    def per_cpu(self) -> float:
        """Return accepted posts per CPU second."""
        return self.driven.accepted / self.cpu


@contextmanager
def serving(command: Sequence[str], port: int, variables: Mapping[str, str]) -> Iterator[int]:
    """Run a server until the block ends; gives its process id once it answers."""
    process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
        [sys.executable, *command],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    message = "the server did not start"
    raise RuntimeError(message)


@contextmanager
def leadline_serving(url: str, *, mapping: str = "") -> Iterator[tuple[int, int]]:
    """Serve a fresh project over the database at `url`; gives process id and port.

    Args:
        url: the database.
        mapping: what the project has as `config/mappings/app.yaml`.
    """
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        home, port = Path(folder) / "project", free_port()
        create_project(home, demo=False)
        with (home / "config" / "forms" / "contact.yaml").open("a", encoding="utf-8") as form:
            form.write(_PROTECTION)
        if mapping:
            (home / "config" / "mappings" / "app.yaml").write_text(mapping, "utf-8")
        program = "from leadline.cli import main; raise SystemExit(main())"
        command = ["-c", program, "serve", "--port", str(port)]
        variables = {"LEADLINE_HOME": str(home), "LEADLINE_DATABASE_URL": url}
        with serving(command, port, variables) as pid:
            yield pid, port


@contextmanager
def plain_serving(file: Path) -> Iterator[tuple[int, int]]:
    """Serve the baseline over a SQLite file; gives process id and port."""
    port = free_port()
    command = ["-m", "benchmarks.web_plain", str(file), str(port)]
    with serving(command, port, {}) as pid:
        yield pid, port


def run_posts(server: tuple[int, int], numbers: range, *, connections: int) -> Run:
    """Post and measure, once the server is warm."""
    pid, port = server
    drive(port, range(numbers.start, numbers.start + WARM), connections=connections)
    before = cpu_seconds_of(pid)
    rest = range(numbers.start + WARM, numbers.stop)
    driven = drive(port, rest, connections=connections)
    return Run(driven, cpu_seconds_of(pid) - before, peak_mb_of(pid))


def check_rows(url: str, posts: int, *runs: Run) -> None:
    """Make sure that the database holds every post that was answered 201, and no other.

    Raises:
        RuntimeError: it does not, or a post was not accepted; the figures would mean nothing.
    """
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM submissions")).scalar()
    engine.dispose()
    accepted = sum(run.driven.accepted + WARM for run in runs)
    if rows != posts or accepted != posts:
        answers = [dict(run.driven.answers) for run in runs]
        message = f"{rows} rows for {posts} posts, answered {answers}"
        raise RuntimeError(message)


def measure_once(posts: int, *, connections: int, postgresql: str) -> dict[str, Run]:
    """Measure each server once, on fresh databases."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        ours, plain = Path(folder) / "ours.db", Path(folder) / "plain.db"
        for name, url, server in (
            ("plain", f"sqlite:///{plain}", plain_serving(plain)),
            ("sqlite", f"sqlite:///{ours}", leadline_serving(f"sqlite:///{ours}")),
            ("postgresql", postgresql, leadline_serving(postgresql)),
        ):
            with server as started:
                found[name] = run_posts(started, range(posts), connections=connections)
            check_rows(url, posts, found[name])
            note(f"  {name}: " + _words(found[name]))
    return found


def _words(run: Run) -> str:
    rate = run.driven.accepted / run.driven.seconds
    p99 = run.driven.slowest(0.99)
    return f"{run.per_cpu:.0f} posts/CPU s, {rate:.0f} posts/s, p99 {p99:.1f} ms, {run.peak:.0f} MB"


def measure(posts: int, *, runs: int, connections: int) -> Iterator[Line]:
    """Measure as often as asked, and give the results."""
    with (
        tempfile.TemporaryDirectory(prefix="leadline-") as folder,
        postgresql_cluster(Path(folder)) as cluster,
    ):
        urls = [cluster.create_database(f"web_{number}") for number in range(runs)]
        found = [measure_once(posts, connections=connections, postgresql=url) for url in urls]
    for name, words in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        yield from _lines(words, [one[name] for one in found], posts - WARM)
    yield _against([one["sqlite"] for one in found], [one["plain"] for one in found], posts - WARM)


def _lines(words: str, runs: list[Run], posts: int) -> Iterator[Line]:
    cpu, peak = median(run.cpu for run in runs), median(run.peak for run in runs)
    per_cpu = median(run.per_cpu for run in runs)
    target = POSTS_PER_CPU if words == "SQLite" else None
    is_ok = target is None or per_cpu >= target
    values = (
        ("accepted", per_cpu, "posts per CPU s", "higher"),
        ("rate", median(one.driven.accepted / one.driven.seconds for one in runs), "/s", "higher"),
        ("p99", median(run.driven.slowest(0.99) for run in runs), "ms", "lower"),
    )
    for what, value, unit, direction in values:
        is_first = what == "accepted"
        yield Line(
            f"form posts on {words}, {what}",
            posts,
            cpu,
            peak,
            value=value,
            unit=unit,
            direction=direction,
            target=target if is_first else None,
            is_ok=is_ok or not is_first,
        )


def _against(ours: list[Run], plain: list[Run], posts: int) -> Line:
    cpu, base = (median(run.cpu for run in runs) for runs in (ours, plain))
    return Line(
        "form posts on SQLite",
        posts,
        cpu,
        median(run.peak for run in ours),
        ratio=cpu / base,
        baseline=BASELINE,
    )


def measure_growth(*, connections: int) -> Iterator[Line]:
    """Post 100,000 forms and give how much the peak grew after the first 10,000."""
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        url = f"sqlite:///{Path(folder) / 'long.db'}"
        with leadline_serving(url) as server:
            first = run_posts(server, range(FIRST), connections=connections)
            rest = run_posts(server, range(FIRST, LONG), connections=connections)
        check_rows(url, LONG, first, rest)
    growth = rest.peak - first.peak
    yield Line(
        "memory grown between 10,000 and 100,000 posts",
        LONG,
        first.cpu + rest.cpu,
        rest.peak,
        value=growth,
        unit="MB",
        direction="lower",
        target=GROWTH_MB,
        is_ok=growth <= GROWTH_MB,
    )


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3, help="the median counts")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--long", action="store_true", help="also the memory over 100,000 posts")
    options = parser.parse_args()
    note_machine()
    lines = measure(options.posts, runs=options.runs, connections=options.connections)
    print_lines(lines, is_json=options.json)
    if options.long:
        print_lines(measure_growth(connections=options.connections), is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
