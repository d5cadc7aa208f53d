"""Intake: what it costs to take in a file, and whether every broken record is found.

`python -m benchmarks.intake [--json] [--rows 100000 1000000] [--runs 3]`

Reading: the file as columns of text, with each rejected record kept by line, column, reason and
bytes, against `pandas.read_csv`, which leaves out long rows, pads short ones and replaces broken
bytes, all in silence. Once leadline is told what pandas takes for granted (UTF-8, commas, a header
on line 1), and once it finds that out by itself, as it does for people. Each side runs in a fresh
process on the same file, once per run, in turns; the median counts. Measured is the reading alone:
interpreter and imports are apart, for both. What is rejected is compared with the truth that the
generator writes beside the file.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.generate import HEADER, write_leads
from benchmarks.measure import (
    Line,
    Report,
    Used,
    measured,
    middle,
    note,
    note_machine,
    print_lines,
    run_child,
)
from benchmarks.whole_import import import_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from leadline.files.records import Reject, Rows

BASELINE: Final = "pandas.read_csv(dtype=str, on_bad_lines='skip', encoding_errors='replace')"
PEAK: Final = 600.0  # MB, whatever the number of rows
SLACK: Final = 1.3  # growth above that of the rows
SEED: Final = 1
#: The most that our share of the baseline's CPU may be, from that many rows on.
RATIOS: Final = ((1_000_000, 0.75), (100_000, 1.0))
_BLOCK: Final = 2 << 20
_QUICK: Final = 200_000  # rows that are taken in several times
#: What a reader can find; the other codes need to know what a column means.
_READERS_CODES: Final = {"bad_encoding", "stray_quote", "empty_row", "field_count"}

_Sides = dict[str, Report]


# ---- what runs in a process of its own ----------------------------------------------------------


def read_told(path: Path) -> Report:
    """Read the file as leadline does once it knows what the file is."""
    from leadline.files.grammar import Dialect
    from leadline.files.records import read_rows

    with measured() as used, path.open("rb") as file:
        file.readline()
        blocks = iter(lambda: file.read(_BLOCK), b"")
        width = HEADER.count(",") + 1
        facts = _facts(read_rows(blocks, dialect=Dialect(), width=width, start_line=2))
    return Report({"reading": used}, facts)


def read_found_out(path: Path) -> Report:
    """Read the file as leadline does for people."""
    import leadline.files.records  # noqa: F401 - imports are not measured
    from leadline.files.reader import open_table

    with measured() as used:
        facts = _facts(open_table(path).batches())
    return Report({"reading": used}, facts)


def _facts(batches: Iterable[Rows]) -> dict[str, Any]:
    """Go through a file, and keep how many records are accepted and what is rejected."""
    accepted = 0
    rejects: list[Reject] = []
    for rows in batches:
        accepted += len(rows.lines)
        rejects += rows.rejects
    found = [(reject.line, reject.reason) for reject in rejects]
    return {"accepted": accepted, "rejects": found}


def read_pandas(path: Path) -> Report:
    """Read the file as the baseline does."""
    import pandas as pd

    with measured() as used:
        frame = pd.read_csv(path, dtype=str, on_bad_lines="skip", encoding_errors="replace")
    return Report({"reading": used}, {"accepted": len(frame)})


_SIDES: Final[Mapping[str, Callable[[Path], Report]]] = {
    "reading": read_told,
    "opening and reading": read_found_out,
    "pandas": read_pandas,
}


# ---- reading ------------------------------------------------------------------------------------


class Found(NamedTuple):
    """How the rejects of a reader compare with the truth.

    Attributes:
        missed: planted errors that were not rejected on their line for their reason.
        false: rejected records that are sound, or of another line or reason.
        lost: records that were neither accepted nor rejected, or twice.
    """

    missed: int
    false: int
    lost: int


def compare(truth: Path, facts: Mapping[str, Any]) -> Found:
    """Compare what a reader found with what the generator planted."""
    planted, records = set(), 0
    with truth.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            records += 1
            if row["reason"] in _READERS_CODES:
                planted.add((int(row["line"]), row["reason"]))
    rejects = [(line, reason) for line, reason in facts["rejects"]]
    lost = abs(records - facts["accepted"] - len(rejects))
    return Found(len(planted.difference(rejects)), len(set(rejects) - planted), lost)


def measure_reading(path: Path) -> _Sides:
    """Read one file once with each side."""
    return {
        side: run_child("benchmarks.intake", "--side", side, str(path), variables={})
        for side in _SIDES
    }


def reading_lines(rows: int, sides: _Sides, truth: Path) -> Iterator[Line]:
    """Give the results of one size."""
    theirs = sides["pandas"].pieces["reading"]
    target = next((most for least, most in RATIOS if rows >= least), None)
    for side in ("reading", "opening and reading"):
        name, ours = f"intake {side}", sides[side].pieces["reading"]
        ratio = ours.cpu / theirs.cpu
        yield Line(
            name,
            rows,
            ours.cpu,
            ours.peak,
            ratio=ratio,
            baseline=BASELINE,
            target=target,
            is_ok=target is None or ratio <= target,
        )
        yield _at_most(f"{name}, peak", rows, ours, value=ours.peak, unit="MB", target=PEAK)
        for what, count in compare(truth, sides[side].facts)._asdict().items():
            yield _at_most(f"{name}, {what}", rows, ours, value=count, unit="records", target=0)


def _at_most(name: str, rows: int, used: Used, *, value: float, unit: str, target: float) -> Line:
    """Give a result that may not be above its target."""
    return Line(
        name,
        rows,
        used.cpu,
        used.peak,
        value=value,
        unit=unit,
        direction="lower",
        target=target,
        is_ok=value <= target,
    )


def growth(name: str, small: tuple[int, Used], large: tuple[int, Used]) -> Line:
    """Give the growth of a piece of work from the smallest size to the largest."""
    (few, before), (many, after) = small, large
    ratio, target = after.cpu / before.cpu, SLACK * many / few
    return Line(
        f"intake {name} growth",
        many,
        after.cpu,
        after.peak,
        ratio=ratio,
        baseline=f"the same with {few} rows",
        target=target,
        is_ok=ratio <= target,
    )


# ---- all of it ----------------------------------------------------------------------------------


def measure(sizes: list[int], *, runs: int) -> Iterator[Line]:
    """Measure each size as often as asked, and give the results."""
    medians: dict[int, _Sides] = {}
    imported: dict[int, Report] = {}
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        for rows in sizes:
            note(f"{rows} rows: writing the file")
            path = write_leads(Path(folder) / str(rows), rows=rows, seed=SEED, events_per_lead=0)
            found: dict[str, list[Report]] = defaultdict(list)
            for _ in range(runs):
                for side, report in measure_reading(path).items():
                    used = report.pieces["reading"]
                    note(f"  {side}: {used.cpu:.3f} CPU s, {used.peak:.0f} MB")
                    found[side].append(report)
            medians[rows] = {side: middle(reports) for side, reports in found.items()}
            truth = path.with_name("leads.truth.csv")
            yield from reading_lines(rows, medians[rows], truth)
            times = runs if rows <= _QUICK else 1
            note(f"{rows} rows: the whole import, {times} time(s)")
            taken = [
                run_child("benchmarks.whole_import", str(path), variables={}) for _ in range(times)
            ]
            imported[rows] = middle(taken)
            yield from import_lines(rows, imported[rows])
            path.unlink()
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        for side in ("reading", "opening and reading"):
            before, after = (medians[rows][side].pieces["reading"] for rows in (small, large))
            yield growth(side, (small, before), (large, after))
        before, after = (imported[rows].pieces["first"] for rows in (small, large))
        yield growth("whole import", (small, before), (large, after))
        yield _at_most("whole import, peak", large, after, value=after.peak, unit="MB", target=PEAK)


def main() -> int:
    """Measure the sizes that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3, help="in turns; the median counts")
    parser.add_argument("--side", choices=_SIDES, help=argparse.SUPPRESS)
    parser.add_argument("path", type=Path, nargs="?", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        _SIDES[options.side](options.path).write()
        return 0
    note_machine()
    print_lines(measure(sorted(set(options.rows)), runs=options.runs), is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
