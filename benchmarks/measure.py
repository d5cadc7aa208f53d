"""What a benchmark counts: CPU seconds and peak memory; and the lines in which it says so.

CPU seconds are user and system time of all threads. They vary less than wall time on a shared
computer, and they are what is paid for.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sqlite3
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PACKAGES: Final = ("duckdb", "jinja2", "numpy", "pandas", "prefect", "psycopg", "sqlalchemy")
_RESET_PEAK: Final = "5"  # proc(5), clear_refs


def cpu_seconds() -> float:
    """Return what this process and the children it waited for have used so far."""
    uses = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def cpu_seconds_of(pid: int) -> float:
    """Return what another process has used so far, with its children, ended ones and living."""
    stats = _read_stats()
    return sum(stats[one].ticks for one in _family(pid, stats)) / _TICKS


def peak_mb_of(pid: int) -> float:
    """Return the sum of the most memory that a process and its living children held, in MB."""
    return sum(_read_peak(_PROC / str(one)) for one in _family(pid, _read_stats()))


class _Stat(NamedTuple):
    """A process: whose child it is, and the clock ticks that it and its ended children used."""

    parent: int
    ticks: int


def _read_stats() -> dict[int, _Stat]:
    """Read fields 4 and 14 to 17 of /proc/PID/stat (proc(5)) of every process."""
    stats = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # it ended while we looked
                stat = (entry / "stat").read_text("utf-8", errors="replace")
                fields = stat.rpartition(")")[2].split()
                stats[int(entry.name)] = _Stat(int(fields[1]), sum(map(int, fields[11:15])))
    return stats


def _family(pid: int, stats: Mapping[int, _Stat]) -> Iterator[int]:
    if pid in stats:
        yield pid
    for child in [one for one, stat in stats.items() if stat.parent == pid]:
        yield from _family(child, stats)


def peak_mb() -> float:
    """Return the most memory that this process held since its start or `reset_peak`, in MB."""
    return _read_peak(_PROC / "self")


def _read_peak(entry: Path) -> float:
    """Read VmHWM of /proc/PID/status; 0 for a process that has ended."""
    with suppress(OSError):
        for line in (entry / "status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def reset_peak() -> None:
    """Forget the peak so far; where the system does not allow it, peaks only grow."""
    with suppress(OSError):
        (_PROC / "self/clear_refs").write_text(_RESET_PEAK, "ascii")


@dataclass
class Used:
    """What a piece of work used.

    Attributes:
        cpu: CPU seconds.
        peak: the process's peak memory meanwhile, in MB.
    """

    cpu: float = 0.0
    peak: float = 0.0


@contextmanager
def measured() -> Iterator[Used]:
    """Measure the block in this process."""
    used = Used()
    reset_peak()
    before = cpu_seconds()
    try:
        yield used
    finally:
        used.cpu = cpu_seconds() - before
        used.peak = peak_mb()


@dataclass(frozen=True)
class Line:
    """One result. `ratio` goes with `baseline`, `value` with `unit` and `direction`.

    Attributes:
        name: what was measured.
        n: how many rows.
        cpu: CPU seconds of our side.
        peak: peak memory of our side, in MB.
        ratio: ours divided by the baseline's, measured in the same run.
        baseline: what we are compared with.
        value: where nothing is there to compare with.
        unit: the value's unit.
        direction: `higher` or `lower`, whichever is better.
        target: the most that a ratio, or a value to be lower, may be; None when none is set.
        is_ok: whether the target is met; a line without one is.
    """

    name: str
    n: int
    cpu: float
    peak: float
    ratio: float | None = None
    baseline: str = ""
    value: float | None = None
    unit: str = ""
    direction: str = ""
    target: float | None = None
    is_ok: bool = True

    def document(self) -> dict[str, Any]:
        """Return the line's keys, as `make bench` documents them."""
        compared: dict[str, Any] = (
            {"value": _short(self.value), "unit": self.unit, "direction": self.direction}
            if self.ratio is None
            else {"ratio": _short(self.ratio), "baseline": self.baseline}
        )
        return {
            "name": self.name,
            **compared,
            "target": _short(self.target),
            "ok": self.is_ok,
            "cpu_seconds": _short(self.cpu),
            "peak_mb": round(self.peak, 1),
            "n": self.n,
        }

    def words(self) -> str:
        """Return the line for a person."""
        what = (
            f"{_short(self.value)} {self.unit}"
            if self.ratio is None
            else f"{_short(self.ratio)} x {self.baseline}"
        )
        target = "" if self.target is None else f", target {_short(self.target)}"
        mark = "" if self.is_ok else "  MISSED"
        used = f"{_short(self.cpu)} CPU s, {self.peak:.0f} MB"
        return f"{self.name} [{self.n}]: {what}{target} ({used}){mark}"


def _short(number: float | None) -> float | None:
    """Return a number with four digits that mean something."""
    return None if number is None else float(f"{number:.4g}")


def print_lines(lines: Iterable[Line], *, is_json: bool) -> None:
    """Print results on stdout: a JSON document per line, or words."""
    for line in lines:
        text = json.dumps(line.document(), ensure_ascii=False) if is_json else line.words()
        print(text, flush=True)


def note(text: str) -> None:
    """Say on stderr what is being done."""
    print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, str]:
    """Return the facts of this computer that figures depend on."""
    packages = {name: version(name) for name in _PACKAGES}
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **packages,
    }


def note_machine() -> None:
    """Say on stderr what the figures were measured on."""
    note(", ".join(f"{name} {fact}" for name, fact in machine().items()))


@dataclass(frozen=True)
class Report:
    """What a child process measured: its pieces of work by name, and facts beside them."""

    pieces: dict[str, Used]
    facts: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        """Print the report for the parent."""
        pieces = {name: (used.cpu, used.peak) for name, used in self.pieces.items()}
        print(json.dumps({"pieces": pieces, "facts": self.facts}))

    @classmethod
    def read(cls, text: str) -> Report:
        """Read the report back: the last line that a child printed."""
        found = json.loads(text.splitlines()[-1])
        return cls({name: Used(*used) for name, used in found["pieces"].items()}, found["facts"])


def run_child(module: str, *arguments: str, variables: Mapping[str, str]) -> Report:
    """Run a program of ours in a fresh process and return what it measured.

    Raises:
        ChildFailed: it failed.
    """
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", module, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **variables},
    )
    if done.returncode:
        note(done.stderr)
        raise ChildFailed(module, done.returncode)
    return Report.read(done.stdout)


class ChildFailed(RuntimeError):
    """A program that was to be measured ended with an error; its words are on stderr."""

    def __init__(self, module: str, code: int) -> None:
        """Keep the program's name and exit code."""
        super().__init__(f"{module} ended with exit code {code}")


def middle(reports: Sequence[Report]) -> Report:
    """Return the median of every piece over several runs of the same work."""
    names = list(dict.fromkeys(name for report in reports for name in report.pieces))
    pieces = {}
    for name in names:
        found = [report.pieces[name] for report in reports if name in report.pieces]
        pieces[name] = Used(median(one.cpu for one in found), median(one.peak for one in found))
    return Report(pieces, reports[-1].facts)
