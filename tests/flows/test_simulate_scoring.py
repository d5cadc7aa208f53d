"""The flow that tries rules: counts on Prefect's pages, and nothing written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from prefect.client.orchestration import get_client

from flows.simulate_scoring import ARTIFACT, simulate_scoring, write_counts
from leadline.stages import open_workspace, run_stages
from tests.builders import NOW, PEPPER
from tests.factories import a_project, read_everything
from tests.flows.runs import artifacts, end_of, run_id
from tests.scored import EDITED, LIVE, add_scored_leads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

pytestmark = pytest.mark.usefixtures("prefect_engine")
AT = NOW.isoformat()


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    files = {"config/scoring.yaml": LIVE, "draft/scoring.yaml": EDITED}
    environment = a_project(tmp_path / "home", files=files, pepper=PEPPER)
    with open_workspace(environment, now=NOW) as opened:
        add_scored_leads(opened, 40)
        asyncio.run(run_stages(opened, ["scoring"], now=NOW))
        yield opened


async def test_flow_publishes_counts_and_writes_nothing(work: Workspace) -> None:
    everything = read_everything(work)

    state = await end_of(simulate_scoring, work, config="draft", since="365d", now=AT)

    assert state.is_completed()
    assert read_everything(work) == everything
    found = await artifacts(state)
    assert list(found) == [ARTIFACT]
    text = str(found[ARTIFACT].data)
    assert "of 40 lead(s) would change" in text
    assert "| main | osaka | new |" in text
    assert "@" not in text
    assert str(state.message).endswith("of 40")
    async with get_client() as client:
        run = await client.read_flow_run(run_id(state))
    assert run.parameters == {"config": "draft", "since": "365d", "now": AT}


@pytest.mark.parametrize(
    ("config", "since", "says"),
    [
        ("../elsewhere", None, "holds no configuration"),
        ("inbox", None, "holds no configuration"),
        ("draft", "soon", "no span of time"),
    ],
)
async def test_flow_says_what_it_cannot_take(
    work: Workspace, config: str, since: str | None, says: str
) -> None:
    state = await end_of(simulate_scoring, work, config=config, since=since, now=AT)

    assert state.is_failed()
    assert says in str(state.message)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_artifact_leaves_out_what_did_not_change(lang: str) -> None:
    same = {"model": "main", "id": "home", "kind": "rule", "change": "same"}
    counts = {
        "leads": 2,
        "changed_count": 0,
        "grades": [],
        "stages": [],
        "hand_over": {"before": 1, "after": 1, "more": 0, "fewer": 0},
        "rules": [{**same, "before": 1, "after": 1}],
    }

    text = write_counts(counts, lang)

    assert "|" not in text
    assert "2" in text
