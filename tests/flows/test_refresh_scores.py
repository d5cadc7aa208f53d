"""The nightly refresh as a flow: points decay once, and a second run finds nothing to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from flows.refresh_scores import refresh_scores
from leadline.cli import embedded
from leadline.domain.endings import COMPLETED, IDLE
from leadline.stages import open_workspace, scoring
from tests.builders import NOW, PEPPER
from tests.factories import a_project, rows_of
from tests.flows.runs import end_of
from tests.scored import LIVE, add_scored_leads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

pytestmark = [pytest.mark.xdist_group("prefect"), pytest.mark.usefixtures("prefect_engine")]
NIGHT = NOW + timedelta(hours=16)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    files = {"config/scoring.yaml": LIVE}
    environment = a_project(tmp_path / "home", files=files, pepper=PEPPER)
    with open_workspace(environment, now=NOW) as opened:
        add_scored_leads(opened, 30)
        scoring.run_batch(opened, now=NOW)
        yield opened


async def test_points_decay_once(work: Workspace) -> None:
    before = [row["points"] for row in rows_of(work, "leads")]
    first = await end_of(refresh_scores, work, now=NIGHT.isoformat())
    after = [row["points"] for row in rows_of(work, "leads")]
    assert (first.name, before == after) == (COMPLETED, False)
    second = await end_of(refresh_scores, work, now=NIGHT.isoformat())
    assert second.name == IDLE
    assert [row["points"] for row in rows_of(work, "leads")] == after


async def test_embedded_clock_decays_as_prefect_does(work: Workspace) -> None:
    facts = await embedded.refresh_scores(work, NIGHT)
    assert [batch.stage for batch in facts.batches] == ["refresh"]
    assert not (await embedded.refresh_scores(work, NIGHT)).batches
    assert (await end_of(refresh_scores, work, now=NIGHT.isoformat())).name == IDLE
