"""kill -9 at seeded points, and several processes at once, on both kinds of database."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests import faults
from tests.wire import wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[faults.Base]:
    """Give a database in which 500 leads wait, and a recording relay."""
    kind = str(request.param)
    cluster = request.getfixturevalue("postgresql") if kind == "postgresql" else None
    name = f"prepared_{os.getpid()}_{request.node.name.partition('[')[0]}"[:60]
    with wire(tmp_path / "wire") as server:
        yield faults.prepare(tmp_path / "home", cluster, server, name=name)


def test_run_loses_nothing_and_repeats_nothing_when_it_is_killed(base: faults.Base) -> None:
    faults.count_points(base)

    trials = list(faults.run_loop(base, trials=len(faults.PLACES), seed=7))

    counted = Counter(trial.place for trial in trials if trial.counts)
    assert set(counted) == set(faults.PLACES)


def test_three_runs_at_once_partition_the_work_exactly(base: faults.Base) -> None:
    environment, drop = base.fresh()

    statuses = faults.run_together(environment, processes=3)

    assert statuses == [0, 0, 0]
    assert faults.check(base, environment) == 0, "nothing is of unknown outcome"
    assert max(base.wire.taken().values()) == 1
    shares = faults.shares(environment)
    assert len(shares) > 1, f"one process did all the work: {shares}"
    drop()
