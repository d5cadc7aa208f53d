"""The project that the pipeline is measured on: the demo's, with room for every lead.

The demo's reps take 40 to 200 leads a week; here each one who takes any takes 100,000, so that
routing assigns. Three weak territory lines are added behind the demo's, so that no place of the
generated file, and no country of the samples, is without one. Nothing else differs: 13 scoring
rules, two sequences, the usual sending window.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from benchmarks.generate import write_leads
from leadline.config.environment import read_environment
from leadline.config.folder import create_project

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.config.environment import Environment

#: Wednesday, 10:00 to 13:00 in the United States (all US leads are inside the window of 09:00 to
#: 18:00: 65 % of the file), 03:00 on Thursday in Japan (outside).
NOW: Final = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)
CAPACITY: Final = 100_000
SEED: Final = 20_261_118
#: Weakest lines: line_id, rule_id, priority, country, then nothing, then the team.
_REST: Final = (
    ("L90", "T02", "95", "US", *[""] * 5, "us-west"),
    ("L91", "T22", "95", "JP", *[""] * 5, "jp-west"),
    ("L92", "T10", "99", "", *[""] * 5, "emea"),
)


def prepare(folder: Path, *, rows: int) -> Path:
    """Make the project in `folder`, with the file in its inbox; returns the file."""
    create_project(folder, demo=True)
    for sample in (folder / "inbox").iterdir():
        sample.unlink()
    _widen(folder / "config" / "reps.csv")
    with (folder / "config" / "territories.csv").open("a", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows(_REST)
    return write_leads(folder / "inbox", rows=rows, seed=SEED)


def _widen(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        reps = list(csv.DictReader(file))
    for rep in reps:
        if int(rep["weekly_capacity"]):
            rep["weekly_capacity"] = str(CAPACITY)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(reps[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(reps)


def environment_of(folder: Path) -> Environment:
    """Return the project's environment, whatever the variables of this process say."""
    return read_environment({"LEADLINE_HOME": str(folder)})
