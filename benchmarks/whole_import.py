"""A whole import: from the file to committed leads, with keys, consents and submissions.

Part of `benchmarks.intake`. Measured is `import_file` and `finish_import` on a fresh project with
SQLite and the settings of the product, step by step, then the same file again, which must change
no row. Each size runs in a fresh process.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.measure import Line, Report, Used, cpu_seconds, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leadline.stages import Workspace

NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
RATE: Final = 12_000.0
REPLAY: Final = 0.6
_TABLES: Final = ("submissions", "leads", "lead_keys", "consents", "import_changes")


def import_twice(path: Path) -> Report:
    """Take a file in and take it in again, in this process."""
    from leadline.config.environment import read_environment
    from leadline.config.folder import create_project
    from leadline.stages import open_workspace

    report = Report({})
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        home = Path(folder) / "project"
        create_project(home, demo=True)
        environment = read_environment({"LEADLINE_HOME": str(home)})
        with open_workspace(environment, now=NOW) as work:
            steps = _watch_steps()
            report.pieces["first"], first = _take(work, path)
            report.facts["steps"] = dict(steps)
            before = _fingerprint(work)
            report.pieces["again"], again = _take(work, path)
            report.facts["changed"] = int(_fingerprint(work) != before)
    report.facts.update(first=first, again=again)
    return report


def _take(work: Workspace, path: Path) -> tuple[Used, dict[str, int]]:
    from leadline.stages.imports import finish_import, import_file

    with measured() as used:
        run = import_file(work, path, now=NOW)
        counts = finish_import(work, run, now=NOW)
    names = ("records", "rejected", "created", "updated", "unchanged", "duplicates")
    return used, {name: counts[name] for name in names}


def _fingerprint(work: Workspace) -> list[Any]:
    """Return what tells whether a row was added or changed: counts and the database's own count."""
    with work.store.read() as connection:
        return [
            connection.exec_driver_sql(f"SELECT count(*), max(rowid) FROM {table}").one()  # noqa: S608
            for table in _TABLES
        ] + [connection.exec_driver_sql("SELECT max(updated_at) FROM leads").one()]


def _watch_steps() -> dict[str, float]:
    """Count CPU seconds of the steps of an import from now on."""
    from leadline.domain.resolution import Resolution
    from leadline.domain.twins import Twins
    from leadline.files import sources
    from leadline.stages import imports
    from leadline.store import arrivals
    from leadline.store import leads as lead_store

    spent: dict[str, float] = defaultdict(float)

    def watch(holder: Any, name: str, step: str) -> None:  # noqa: ANN401 - a module or class
        run: Callable[..., Any] = getattr(holder, name)

        def counted(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            before = cpu_seconds()
            try:
                return run(*args, **options)
            finally:
                spent[step] += cpu_seconds() - before

        setattr(holder, name, counted)

    watch(imports, "open_source", "open: encoding, dialect, header, mapping")
    watch(sources.SourceFile, "judge", "judge: normalize and validate")
    watch(sources.SourceFile, "raw_rows", "keep the raw cells")
    watch(Twins, "keys", "content keys")
    watch(imports, "_keys", "match keys")
    watch(imports, "find_known", "look for known rows")
    watch(arrivals, "_load", "look for known leads")
    watch(Resolution, "take", "resolve")
    watch(lead_store, "add_leads", "write leads")
    watch(lead_store, "change_leads", "write changed leads")
    watch(lead_store, "add_keys", "write match keys")
    watch(arrivals, "add_consent_columns", "write consents")
    watch(imports, "add_file_rows", "write submissions")
    return spent


def import_lines(rows: int, report: Report) -> Iterator[Line]:
    """Give the results of one size."""
    first, again = report.pieces["first"], report.pieces["again"]
    rate = rows / first.cpu
    yield Line(
        "whole import, file to committed leads",
        rows,
        first.cpu,
        first.peak,
        value=rate,
        unit="rows per CPU second",
        direction="higher",
        target=RATE,
        is_ok=rate >= RATE,
    )
    steps = dict(report.facts["steps"])
    steps["the rest: reading, committing, ..."] = first.cpu - sum(steps.values())
    for step, cpu in sorted(steps.items(), key=lambda pair: -pair[1]):
        yield Line(
            f"  {step}",
            rows,
            cpu,
            first.peak,
            value=cpu / rows * 1e6,
            unit="CPU microseconds a row",
            direction="lower",
        )
    ratio = again.cpu / first.cpu
    is_same = not report.facts["changed"] and report.facts["again"]["created"] == 0
    yield Line(
        "the same file again" + ("" if is_same else ": ROWS CHANGED"),
        rows,
        again.cpu,
        again.peak,
        ratio=ratio,
        baseline="its first import",
        target=REPLAY,
        is_ok=ratio <= REPLAY and is_same,
    )


if __name__ == "__main__":
    import_twice(Path(sys.argv[1])).write()
