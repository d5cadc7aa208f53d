"""The server of a simulated week: run with some settings changed, waited for, and asked."""

from __future__ import annotations

import json
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from benchmarks import prefect_week_rows as rows
from benchmarks.measure import ChildFailed, cpu_seconds_of, note, peak_mb_of
from benchmarks.project import environment_of
from leadline.cli.prefect_server import (
    HEARTBEAT,
    HOST,
    START_SECONDS,
    PrefectServer,
    free_port,
    is_healthy,
    prefect_settings,
    start_process,
    stop_process,
)
from leadline.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MB: Final = 1_000_000
_PATIENCE: Final = 120  # looks
_VACUUM_EVERY: Final = 3  # seconds
HURRY: Final = {"PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": str(_VACUUM_EVERY)}
_CALLS: Final = 20
#: What the pages of the runs ask: the newest runs, how many there are, and the chart of a day.
_QUESTIONS: Final[Mapping[str, dict[str, Any]]] = {
    "filter": {"limit": 50, "sort": "START_TIME_DESC"},
    "count": {"flow_runs": {"state": {"name": {"any_": ["Completed", "Attention", "Failed"]}}}},
    "history": {},
}


@dataclass
class Kept:
    """A file of runs, as an admin meets it.

    Attributes:
        disk: bytes of the file with its log.
        used: bytes of the pages that hold something.
        runs: rows of the runs list.
        cpu: CPU milliseconds of the server for each question of its pages.
        tables: bytes by table.
    """

    disk: int
    used: int
    runs: int
    cpu: dict[str, float]
    tables: dict[str, int]
    peak: float = 0.0


def now() -> datetime:
    """Return the present as Prefect writes it: UTC without saying so."""
    return SystemClock().now().replace(tzinfo=None)


@contextmanager
def run_server(home: Path, changes: Mapping[str, str]) -> Iterator[PrefectServer]:
    """Run our own server with some settings changed."""
    environment = environment_of(home)
    port = free_port()
    url = f"http://{HOST}:{port}/api"
    settings = {**prefect_settings(environment, url), **changes}
    log = environment.state / "logs" / "prefect-server.log"
    command = ("prefect", "server", "start", "--host", HOST, "--port", str(port))
    process = start_process(command, settings=settings, log=log, folder=home)
    try:
        ends_at = time.monotonic() + START_SECONDS
        while not is_healthy(url):
            if time.monotonic() > ends_at or process.poll() is not None:
                raise ChildFailed(" ".join(command), process.poll() or 1)
            time.sleep(0.5)
        yield PrefectServer(url, settings, log, process)
    finally:
        stop_process(process)


def wait_for_vacuum(database: Path, server: PrefectServer) -> None:
    """Wait until the server has removed what is over its age."""
    text = server.settings.get("PREFECT_SERVER_EVENTS_RETENTION_PERIOD", "P7D")
    retention = TypeAdapter(timedelta).validate_python(text)
    before: dict[str, int] = {}
    for _ in range(_PATIENCE):
        counts = rows.count_rows(database)
        oldest = rows.oldest_event(database)
        is_old = oldest is not None and oldest < now() - retention - HEARTBEAT
        if counts == before and not is_old:
            return
        before = counts
        time.sleep(_VACUUM_EVERY + 1)
    message = "the server did not remove what is over its age"
    raise SystemExit(message)


def look(database: Path, server: PrefectServer) -> Kept:
    """Measure a file and what its server needs for the pages of the runs list."""
    pid = server.process.pid if server.process else 0
    cpu = {}
    for question, body in _QUESTIONS.items():
        _ask(server, question, body)
        before = cpu_seconds_of(pid)
        for _ in range(_CALLS):
            _ask(server, question, body)
        cpu[question] = (cpu_seconds_of(pid) - before) / _CALLS * 1000
    kept = Kept(
        rows.bytes_on_disk(database),
        rows.bytes_used(database),
        int(_ask(server, "count", {})),
        cpu,
        rows.bytes_by_table(database),
        peak_mb_of(pid),
    )
    largest = sorted(kept.tables.items(), key=lambda each: -each[1])[:8]
    note(f"  {kept.runs} runs; tables in MB: { ({n: round(s / MB, 1) for n, s in largest}) }")
    return kept


def _ask(server: PrefectServer, question: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if question == "history":
        end = SystemClock().now()
        body = {
            "history_start": (end - timedelta(days=1)).isoformat(),
            "history_end": end.isoformat(),
            "history_interval_seconds": 900,
        }
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.api_url}/flow_runs/{question}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return json.load(answer)
