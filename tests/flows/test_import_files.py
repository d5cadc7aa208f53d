"""The flow that takes files in: given ones, or whatever is new in the inbox."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Final

import pytest

from flows.import_files import import_files
from leadline.stages import open_workspace
from leadline.store.submissions import Arrival, add_submissions
from tasks import hold
from tests.factories import NOW, a_workspace, rows_of
from tests.flows.runs import artifacts, end_of, task_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

pytestmark = pytest.mark.usefixtures("prefect_engine")
AT: Final = NOW.isoformat()
HEADER: Final = "Email,Name,Company,Country,Message\n"
ROW: Final = "{name}@yamada.example,{name},Yamada,JP,quote\n"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home") as opened:
        yield opened


def put(work: Workspace, name: str, *people: str, age: float = 60.0, header: str = HEADER) -> str:
    """Write a file of leads as it lies there after `age` seconds; returns its path."""
    path = work.environment.home / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(header + "".join(ROW.format(name=each) for each in people), "utf-8")
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    return name


async def test_file_goes_through_all_stages_in_one_run(work: Workspace) -> None:
    path = put(work, "inbox/fair.csv", "suzuki", "sato")
    state = await end_of(import_files, work, paths=[path], now=AT)
    assert await task_names(state, 5) == [
        "import-1",
        "scoring-1",
        "routing-1",
        "notification-1",
        "enrollment-1",
    ]
    assert [lead["company"] for lead in rows_of(work, "leads")] == ["Yamada", "Yamada"]


async def test_file_is_counted_in_an_artifact_without_its_rows(work: Workspace) -> None:
    path = put(work, "inbox/fair.csv", "suzuki", "suzuki", "no body")
    found = await artifacts(await end_of(import_files, work, paths=[path], now=AT))
    [counts] = json.loads(str(found["leadline-imports"].data))
    assert (counts["file"], counts["records"], counts["accepted"]) == (path, 3, 2)
    assert (counts["rejected"], counts["created"], counts["duplicates"]) == (1, 1, 1)
    assert (counts["outcome"], counts["encoding"], counts["unchanged"]) == ("imported", "utf-8", 0)
    assert counts["quarantine"] == "quarantine/fair-1.csv"
    assert "yamada" not in str(found["leadline-imports"].data)


async def test_rejected_rows_ask_for_attention(work: Workspace) -> None:
    path = put(work, "inbox/fair.csv", "suzuki", "no body")
    state = await end_of(import_files, work, paths=[path], now=AT)
    assert state.name == "Attention"
    assert "1 of 2 rows of 1 file(s), 1 quarantined" in str(state.message)


async def test_inbox_is_taken_in_once(work: Workspace) -> None:
    put(work, "inbox/fair.csv", "suzuki")
    put(work, "inbox/notes.md", "sato")
    put(work, "inbox/.half.csv", "ito")
    assert (await end_of(import_files, work, now=AT)).name == "Completed"
    assert (await end_of(import_files, work, now=AT)).name == "Idle"
    assert len(rows_of(work, "leads")) == 1


async def test_waiting_submission_is_judged_with_the_file(work: Workspace) -> None:
    arrival = Arrival("form:contact", "1", "form", {"email": "ito@yamada.example"})
    with work.store.write() as connection:
        add_submissions(connection, [arrival], now=NOW)
    put(work, "inbox/展示会/名刺.csv", "suzuki")
    state = await end_of(import_files, work, now=AT)
    assert (await task_names(state, 6))[:2] == ["import-1", "intake-1"]
    assert "1 of 1 rows of 1 file(s), 0 quarantined; intake 2 of 2" in str(state.message)


async def test_run_tells_what_became_of_each_file_in_one_table(work: Workspace) -> None:
    put(work, "inbox/bad.csv", header="Mitsuru Suzuki,06-1234-1098\n")
    put(work, "inbox/fair/old.csv", *(f"person{number}" for number in range(201)))
    put(work, "inbox/good.csv", "sato")
    state = await end_of(import_files, work, now=AT)
    assert state.name == "Attention"
    assert "1 file(s) not taken in (inbox/bad.csv)" in str(state.message)
    assert "backfill_threshold left for you to decide (inbox/fair/old.csv)" in str(state.message)
    rows = json.loads(str((await artifacts(state))["leadline-imports"].data))
    assert [(row["file"], row["outcome"]) for row in rows] == [
        ("inbox/bad.csv", "failed"),
        ("inbox/fair/old.csv", "held"),
        ("inbox/good.csv", "imported"),
    ]
    assert len({tuple(row) for row in rows}) == 1, "one set of columns"
    assert rows[2]["moved_to"] == "done/2026-11-20/good.csv"
    again = await end_of(import_files, work, now=AT)
    assert again.name == "Idle"
    assert "2 file(s) in the inbox wait for you" in str(again.message)
    assert await artifacts(again) == {}


async def test_two_flow_runs_at_once_take_a_file_once(work: Workspace) -> None:
    put(work, "inbox/fair.csv", "suzuki")
    with hold(work):
        ends = await asyncio.gather(*(import_files(now=AT, return_state=True) for _ in range(2)))
    assert sorted(str(state.name) for state in ends) == ["Completed", "Idle"]
    assert len(rows_of(work, "import_runs")) == len(rows_of(work, "leads")) == 1


async def test_inbox_without_its_library_keeps_no_other_from_coming_in(tmp_path: Path) -> None:
    with a_workspace(tmp_path / "home") as first:
        settings = first.environment.home / "config/settings.yaml"
        settings.write_text(
            settings.read_text(encoding="utf-8") + "inboxes: [{url: s3://bucket/leads}]\n",
            encoding="utf-8",
        )
    with open_workspace(first.environment, now=NOW) as work:
        put(work, "inbox/fair.csv", "suzuki")
        state = await end_of(import_files, work, now=AT)
        assert len(rows_of(work, "leads")) == 1
    assert state.name == "Attention"
    assert "1 inbox(es) cannot be used (s3://bucket/leads)" in str(state.message)


async def test_file_that_is_still_being_written_waits(work: Workspace) -> None:
    put(work, "inbox/fair.csv", "suzuki", age=0.0)
    state = await end_of(import_files, work, now=AT)
    assert state.name == "Idle"
    assert str(state.message).startswith("1 file(s) still being written")
    assert rows_of(work, "submissions") == []


async def test_same_file_again_changes_nothing(work: Workspace) -> None:
    path = put(work, "inbox/fair.csv", "suzuki", "sato")
    await end_of(import_files, work, paths=[path], now=AT)
    found = await artifacts(await end_of(import_files, work, paths=[path], now=AT))
    assert list(found) == ["leadline-imports"]
    [counts] = json.loads(str(found["leadline-imports"].data))
    assert (counts["unchanged"], counts["created"]) == (2, 0)


async def test_file_without_addresses_is_named_and_not_quoted(
    work: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = put(work, "inbox/bad.csv", header="Mitsuru Suzuki,06-1234-1098\n")
    good = put(work, "inbox/good.csv", "sato")
    state = await end_of(import_files, work, paths=[bad, good], now=AT)
    assert state.name == "Attention"
    assert "1 file(s) not taken in (inbox/bad.csv)" in str(state.message)
    assert "Suzuki" not in str(state.message) + "".join(capfd.readouterr())
    assert len(rows_of(work, "leads")) == 1


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/hosts"])
async def test_file_outside_the_project_folder_is_not_opened(work: Workspace, path: str) -> None:
    put(work, "../outside.csv", "suzuki")
    state = await end_of(import_files, work, paths=[path], now=AT)
    assert state.name == "Attention"
    assert rows_of(work, "submissions") == []
