"""The due time of a run as Prefect hands it over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from prefect.client.schemas.objects import FlowRun

from flows import due_times
from leadline.clock import SystemClock
from leadline.stages.due_times import Claim, Refusal
from tests.factories import a_workspace

if TYPE_CHECKING:
    from pathlib import Path


async def test_run_that_comes_second_to_a_due_time_is_told_so(tmp_path: Path) -> None:
    planned = SystemClock().now().replace(second=0, microsecond=0)
    # as its client reads it from the server: the time is of a class of Prefect's own
    facts = {"flow_id": uuid4(), "deployment_id": uuid4(), "auto_scheduled": True}
    facts["expected_start_time"] = planned.isoformat()
    first, second = (
        due_times.Scheduled("import_files", FlowRun.model_validate(facts)) for _ in range(2)
    )
    # once a day: the next due time does not come meanwhile
    files = {"config/schedules.yaml": f"import_files: daily {planned:%H:%M} UTC\n"}
    with a_workspace(tmp_path / "home", files=files) as work:
        assert isinstance(await due_times.take(work, first), Claim)
        assert isinstance(await due_times.take(work, second), Refusal)
