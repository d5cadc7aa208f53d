"""Scoring: 30 rules over a million leads, their decay, and what a night and a tick cost.

`python -m benchmarks.scoring [--json] [--leads 1000000] [--events 5000000]`

- Rules with a bitmap of which matched, against a Python loop over the rows with compiled regular
  expressions. The loop runs on a tenth of the leads; CPU seconds per lead are compared.
- What events of 90 days are worth today: from the stored sums, against pandas with one row per
  event, mapped and grouped anew.
- Scoring end to end on SQLite (read, score, write, with history): the first time, after an edit of
  the rules, and per lead against a tenth of the leads.
- A tick with 1 % changed leads against the full pass, the nightly refresh, and `leadline explain`
  of one lead as a process of its own.

Results that are compared are checked to be equal first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import text

from benchmarks import scoring_data as data
from benchmarks.measure import Line, Used, measured, note, note_machine, print_lines
from leadline.config.environment import read_environment
from leadline.domain.conditions import compile_condition
from leadline.domain.decay import as_microseconds
from leadline.domain.engagement import EventLog, EventRule, no_events, sum_terms
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.scoring import Grades, Levels, Model, Rule, decide_points, decide_rules
from leadline.stages import open_workspace, refresh, scoring
from leadline.store.frames import make_frame

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from leadline.stages import Workspace

LOOP: Final = "a Python loop over rows with compiled patterns, per lead"
PANDAS: Final = "pandas: one row per event, mapped and grouped anew"
RULES_RATIO: Final = 0.08
DECAY_RATIO: Final = 0.02
FULL_SECONDS: Final = 25.0
LINEAR: Final = 1.15
TICK_RATIO: Final = 0.03
EXPLAIN_SECONDS: Final = 1.0
_BATCH: Final = 50_000
_FIELDS: Final = (
    *("country", "source", "request", "department", "campaign", "industry", "region"),
    *("employees", "title", "email", "message"),
)


def a_model(event_rules: tuple[EventRule, ...] = ()) -> Model:
    """Return the 30 rules, compiled."""
    rules = []
    for number, (when, points, is_fit, _) in enumerate(data.RULES):
        condition = compile_condition(when, fields=LEAD_FIELDS)
        if isinstance(condition, tuple):
            raise TypeError(when)
        rules.append(Rule(f"rule_{number}", condition, points, is_fit))
    grades, levels = Grades(45, 30, 15), Levels(50, 25, 5)
    return Model("main", rules, grades, levels, event_rules=event_rules)


def measure_rules(count: int) -> Iterator[Line]:
    """Measure the rules over all leads, and the loop over a tenth of them."""
    columns = data.make_leads(count)
    stored = {**columns, "id": list(range(1, count + 1))}
    frame = make_frame(stored, _FIELDS, no_events(), as_of=data.NOW)
    model = a_model()
    decide_rules(frame.head(100), model)  # the libraries are loaded by now
    with measured() as ours:
        parts = [
            decide_rules(frame.iloc[start : start + _BATCH], model)["matched"].to_numpy()
            for start in range(0, count, _BATCH)
        ]
    few = max(1, count // 10)
    some = frame.head(few).astype(object)
    some = some.where(some.notna(), None)
    with measured() as loop:
        found = _loop(some)
    _expect(np.concatenate(parts)[:few].tolist() == found, "bitmaps")
    ratio = (ours.cpu / count) / (loop.cpu / few)
    note(f"  rules {ours.cpu:.2f} CPU s of {count}, the loop {loop.cpu:.2f} CPU s of {few}")
    yield _ratio(
        "30 rules with bitmaps", count, ours, ratio=ratio, baseline=LOOP, target=RULES_RATIO
    )


def _loop(frame: pd.DataFrame) -> list[int]:
    """Score row by row; returns the bitmaps."""
    tests = [
        (1 << number, points, is_fit, test or _searching(*data.as_pattern(when)))
        for number, (when, points, is_fit, test) in enumerate(data.RULES)
    ]
    found, scores = [], []
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        matched, fit, engagement = 0, 0, 0
        for bit, points, is_fit, test in tests:
            if test(row):
                matched |= bit
                if is_fit:
                    fit += points
                else:
                    engagement += points
        grade = next(
            (grade for least, grade in ((45, "A"), (30, "B"), (15, "C")) if fit >= least), "D"
        )
        scores.append((fit + engagement, fit, grade))
        found.append(matched)
    return found


def _searching(field: str, pattern: re.Pattern[str]) -> Callable[[dict[str, Any]], object]:
    return lambda row: row[field] is not None and pattern.search(row[field])


def measure_decay(leads: int, count: int) -> Iterator[Line]:
    """Measure what leads are worth a day later, from sums and from all events."""
    chance = np.random.default_rng(data.SEED)
    now = as_microseconds(data.NOW)
    log = EventLog(
        lead=chance.integers(0, leads, count),
        kind=chance.integers(0, 3, count),
        at=now - chance.integers(0, 90 * 86_400_000_000, count),
        kinds=data.KINDS[:3],
    )
    points, half_life = {"email_clicked": 5.0, "page_viewed": 1.0, "pricing_page_viewed": 10.0}, 14
    rules = tuple(
        EventRule(kind, frozenset({kind}), worth, timedelta(days=half_life))
        for kind, worth in points.items()
    )
    model = a_model(rules)
    decided = pd.DataFrame(
        {"fit_points": np.zeros(leads), "base_points": 0.0, "points_cap": np.nan}
    )
    sums = sum_terms(log, model.terms, count=leads, as_of=data.NOW)
    made_at, later = np.full(leads, now), data.NOW + timedelta(days=1)
    decide_points(decided[:9], sums[:9], model, made_at=made_at[:9], as_of=later)  # loads libraries
    blocks = [slice(start, start + refresh.LIMIT) for start in range(0, leads, refresh.LIMIT)]
    with measured() as ours:
        parts = [
            decide_points(decided[at], sums[at], model, made_at=made_at[at], as_of=later)["points"]
            for at in blocks
        ]
    mine = np.concatenate(parts)
    events = pd.DataFrame({"lead": log.lead, "kind": np.array(log.kinds)[log.kind], "at": log.at})
    with measured() as theirs:
        ages = (as_microseconds(later) - events["at"]) / (half_life * 86_400_000_000)
        worth = events["kind"].map(points) * np.exp2(-ages)
        totals = worth.groupby(events["lead"]).sum().reindex(range(leads), fill_value=0.0)
    _expect(np.allclose(mine, totals, atol=0.00501), "points")
    note(f"  decay {ours.cpu:.4f} CPU s, pandas {theirs.cpu:.2f} CPU s")
    ratio = ours.cpu / theirs.cpu
    yield _ratio(
        "one day's decay of all leads",
        count,
        ours,
        ratio=ratio,
        baseline=PANDAS,
        target=DECAY_RATIO,
    )


@contextmanager
def a_database(leads: int) -> Iterator[Workspace]:
    """Give a workspace with leads that wait for their first score, and one event for each."""
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        home = Path(folder) / "home"
        data.prepare(home)
        with open_workspace(read_environment({"LEADLINE_HOME": str(home)}), now=data.NOW) as work:
            data.store_leads(work.store, data.make_leads(leads))
            data.store_events(work.store, leads=leads, count=leads)
            yield work


def _score(work: Workspace, expected: int) -> Used:
    """Score all that is due."""
    done, has_more = 0, True
    with measured() as used:
        while has_more:
            batch = scoring.run_batch(work, now=data.NOW)
            done, has_more = done + batch.done, batch.has_more
    _expect(done == expected, f"{done} leads scored of {expected}")
    return used


def _edited(work: Workspace) -> Workspace:
    """Open the workspace again with other points for one rule."""
    path = work.environment.home / "config" / "scoring.yaml"
    path.write_text(path.read_text("utf-8").replace('"points": 12', '"points": 14'), "utf-8")
    return open_workspace(work.environment, now=data.NOW)


def measure_stage(leads: int) -> Iterator[Line]:
    """Measure the stage on a database of all leads, and on one of a tenth."""
    few = max(1, leads // 10)
    with a_database(few) as work:
        _score(work, few)
        with _edited(work) as edited:
            small = _score(edited, few)
    with a_database(leads) as work:
        first = _score(work, leads)
        yield _seconds("first scores, read to written", leads, first, FULL_SECONDS)
        with _edited(work) as edited:
            full = _score(edited, leads)
            yield _seconds("all scores by edited rules", leads, full, FULL_SECONDS)
            ratio = (full.cpu / leads) / (small.cpu / few)
            yield _ratio(
                "the same, per lead",
                leads,
                full,
                ratio=ratio,
                baseline=f"{few} leads",
                target=LINEAR,
            )
            yield from _measure_little(edited, leads, full)


def _measure_little(work: Workspace, leads: int, full: Used) -> Iterator[Line]:
    """Measure a tick, a night and one explanation on a scored database."""
    share = max(1, leads // 100)
    with work.store.write() as connection:
        changed = "UPDATE leads SET title = 'CEO', scoring_due_at = :now WHERE id % 100 = 1"
        connection.execute(text(changed), {"now": f"{data.NOW:%Y-%m-%d %H:%M:%S.%f}"})
    tick = _score(work, share)
    yield _ratio(
        "a tick, 1 % changed",
        share,
        tick,
        ratio=tick.cpu / full.cpu,
        baseline="all",
        target=TICK_RATIO,
    )
    with measured() as night:
        after, has_more, count = 0, True, 0
        while has_more:
            found = refresh.refresh_batch(work, now=data.NOW + timedelta(hours=8), after=after)
            after, has_more = found.after, found.batch.has_more
            count += found.batch.done
    yield _seconds(f"a night's refresh, {count} leads written", leads, night, None)
    took = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own program
        [
            Path(sys.executable).with_name("leadline"),
            "explain",
            str(leads // 2),
            "scoring",
            "--json",
        ],
        capture_output=True,
        env={**os.environ, "LEADLINE_HOME": str(work.environment.home)},
        check=False,
    )
    seconds = time.perf_counter() - took
    _expect(done.returncode == 0, "explain")
    is_ok = seconds <= EXPLAIN_SECONDS
    figures: dict[str, Any] = {"unit": "s", "direction": "lower", "target": EXPLAIN_SECONDS}
    yield Line("explain one lead", leads, seconds, 0.0, value=seconds, is_ok=is_ok, **figures)


def _expect(is_equal: bool, what: str) -> None:  # noqa: FBT001 - what was found
    if not is_equal:
        message = f"{what}: not as expected, so the figures would mean nothing"
        raise RuntimeError(message)


def _ratio(name: str, count: int, used: Used, **figures: Any) -> Line:  # noqa: ANN401 - as Line has them
    is_ok = figures["ratio"] <= figures["target"]
    return Line(name, count, used.cpu, used.peak, is_ok=is_ok, **figures)


def _seconds(name: str, count: int, used: Used, target: float | None) -> Line:
    is_ok = target is None or used.cpu <= target * count / 1_000_000
    figures: dict[str, Any] = {"unit": "CPU s", "direction": "lower", "target": target}
    return Line(name, count, used.cpu, used.peak, value=used.cpu, is_ok=is_ok, **figures)


def measure(leads: int, events: int) -> Iterator[Line]:
    """Measure everything."""
    yield from measure_rules(leads)
    yield from measure_decay(leads, events)
    yield from measure_stage(leads)


def main() -> int:
    """Measure as many leads and events as the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    options = parser.parse_args()
    note_machine()
    print_lines(measure(options.leads, options.events), is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
