"""The flow that tells the admin: what is worth a mail, and what has mended itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Cancelled, Late, Running

from flows.alert_admin import alert_admin
from leadline.clock import SystemClock
from leadline.mail.sink import read_mailbox
from tests.factories import a_workspace
from tests.flows.runs import end_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from prefect.client.schemas.objects import State

    from leadline.stages import Workspace

pytestmark = pytest.mark.usefixtures("prefect_engine")


@flow(name="leadline-import-files")
async def stands_in() -> None:
    """Be late."""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", now=SystemClock().now()) as opened:
        yield opened


async def late_run(late_by: timedelta, *later: State[object]) -> UUID:
    """Return a run that was due a while ago and became late, and then came to other states."""
    planned = SystemClock().now() - late_by
    async with get_client() as client:
        run = await client.create_flow_run(stands_in, state=Late(scheduled_time=planned))
        for state in later:
            await client.set_flow_run_state(run.id, state, force=True)
    return run.id


async def told(work: Workspace, run: UUID) -> str:
    state = await end_of(alert_admin, work, event="prefect.flow-run.Late", flow_run_id=str(run))
    return str(state.message)


async def test_late_run_that_has_not_begun_is_told(work: Workspace) -> None:
    await told(work, await late_run(timedelta(minutes=1)))
    (mail,) = read_mailbox(work.environment.state / "mailbox")
    assert (mail.recipient, "import_files" in mail.subject) == ("admin@example.com", True)


async def test_late_run_that_began_soon_after_is_not_told(work: Workspace) -> None:
    run = await late_run(timedelta(minutes=1), Running())
    assert "done_before" in await told(work, run)
    assert read_mailbox(work.environment.state / "mailbox") == []


async def test_late_run_that_began_much_later_is_told(work: Workspace) -> None:
    await told(work, await late_run(timedelta(minutes=30), Running()))
    assert len(read_mailbox(work.environment.state / "mailbox")) == 1


async def test_late_run_whose_work_another_one_does_is_not_told(work: Workspace) -> None:
    run = await late_run(timedelta(minutes=30), Cancelled(message="superseded"))
    assert "done_before" in await told(work, run)
    assert read_mailbox(work.environment.state / "mailbox") == []
