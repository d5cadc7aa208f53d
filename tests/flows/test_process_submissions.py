"""The flow that takes new submissions to scored, assigned and enrolled leads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from prefect.states import Failed
from sqlalchemy import text

from flows.process_submissions import process_submissions
from leadline.errors import ConcurrentUpdate, LeadlineError, StoreError, TransientDeliveryError
from leadline.stages import ORDER
from leadline.store.submissions import Arrival, add_submissions
from tasks import is_transient
from tests.factories import NOW, a_project, a_workspace
from tests.flows.runs import artifacts, end_of, run_id, task_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefect.client.schemas.objects import State

    from leadline.stages import Workspace

pytestmark = pytest.mark.usefixtures("prefect_engine")
AT: Final = NOW.isoformat()
FORM: Final = {
    "full_name": "鈴木 充",
    "email": "mitsuru.suzuki@yamada.example",
    "company": "株式会社山田製作所",
    "country": "JP",
    "message": "見積をお願いします。",
    "consent": "true",
}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home") as opened:
        yield opened


def post(work: Workspace, **changes: str) -> None:
    form = FORM | changes
    arrival = Arrival("form:contact", json.dumps(form), "form", form)
    with work.store.write() as connection:
        add_submissions(connection, [arrival], now=NOW)


async def test_run_gives_each_stage_a_task_run_of_its_own(work: Workspace) -> None:
    post(work)
    state = await end_of(process_submissions, work, now=AT)
    stages = [stage for stage in ORDER if stage not in {"touches", "delivery"}]
    assert await task_names(state, len(stages)) == [f"{stage}-1" for stage in stages]


async def test_run_is_completed_with_counts_when_all_went_through(work: Workspace) -> None:
    post(work)
    state = await end_of(process_submissions, work, now=AT)
    assert (state.name, state.is_completed()) == ("Completed", True)
    assert str(state.message).startswith("intake 1 of 1; scoring 1 of 1; routing 1 of 1")


async def test_run_is_idle_and_leaves_nothing_when_nothing_is_due(work: Workspace) -> None:
    state = await end_of(process_submissions, work, now=AT)
    assert (state.name, state.is_completed()) == ("Idle", True)
    assert await artifacts(state) == {}
    assert await task_names(state, 0) == []


async def test_run_asks_for_attention_when_a_row_is_quarantined(work: Workspace) -> None:
    post(work)
    post(work, email="nobody")
    state = await end_of(process_submissions, work, now=AT)
    assert (state.name, state.is_completed()) == ("Attention", True)
    assert "1 quarantined" in str(state.message)
    assert "`leadline status`" in str(state.message)


async def test_run_speaks_the_language_of_its_environment(tmp_path: Path) -> None:
    with a_workspace(tmp_path / "home", lang="ja") as work:
        assert (await end_of(process_submissions, work, now=AT)).message == "処理対象はありません"


async def test_artifacts_hold_counts_by_reason_alone(work: Workspace) -> None:
    post(work, consent="")
    found = await artifacts(await end_of(process_submissions, work, now=AT))
    table = json.loads(str(found["leadline-enrollment"].data))
    assert {row["What"]: row["Rows"] for row in table} == {
        "claimed": 1,
        "done": 0,
        "no_consent": 1,
        "failed": 0,
    }
    assert not [key for key, each in found.items() if "yamada" in str(each.data)]


async def test_run_is_named_after_the_flow_and_the_time_it_looks_at(work: Workspace) -> None:
    from prefect.client.orchestration import get_client

    state = await end_of(process_submissions, work, now=AT)
    async with get_client() as client:
        name = (await client.read_flow_run(run_id(state))).name
    assert name.startswith(f"process-submissions {NOW.astimezone():%Y-%m-%d %H:%M:%S}")


@pytest.mark.parametrize("now", ["tomorrow", "2026-11-20T09:30:00"])
async def test_run_fails_in_words_when_now_is_no_instant(work: Workspace, now: str) -> None:
    state = await end_of(process_submissions, work, now=now)
    assert state.is_failed()
    assert str(state.message).startswith("`now` is no instant with a zone.")


async def test_run_fails_with_file_and_line_when_the_configuration_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = a_project(tmp_path, files={"config/sending.yaml": "touches_a_day: 1\n"}).home
    monkeypatch.setenv("LEADLINE_HOME", str(home))
    state: State[Any] = await process_submissions(now=AT, return_state=True)
    assert state.is_failed()
    assert "config/sending.yaml:1:1" in str(state.message)


async def test_what_was_done_before_a_failure_is_shown(work: Workspace) -> None:
    post(work)
    with work.store.write() as connection:
        connection.execute(text("ALTER TABLE rule_sets RENAME TO gone"))
    state = await end_of(process_submissions, work, now=AT)
    assert state.is_failed()
    assert list(await artifacts(state)) == ["leadline-intake"]


@pytest.mark.parametrize(
    ("error", "is_tried_again"),
    [
        (TransientDeliveryError(message=""), True),
        (ConcurrentUpdate(message=""), True),
        (StoreError(message=""), False),
        (LeadlineError(message=""), False),
        (ValueError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_only_what_passes_by_itself_is_tried_again(
    error: Exception,
    is_tried_again: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    from tasks.scoring import scoring

    state: State[Any] = Failed(data=error)
    assert await is_transient(scoring, None, state) is is_tried_again  # type: ignore[arg-type]


async def test_locked_database_is_tried_again(tmp_path: Path) -> None:
    import sqlite3

    from tasks.scoring import scoring

    with a_workspace(tmp_path / "home") as work:
        path = str(work.store.engine.url.database)
        with work.store.engine.connect() as held:
            held.exec_driver_sql("PRAGMA busy_timeout=0")
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError) as caught, work.store.write():
                pass
            other.execute("ROLLBACK")
    assert await is_transient(scoring, None, Failed(data=caught.value))  # type: ignore[arg-type]
