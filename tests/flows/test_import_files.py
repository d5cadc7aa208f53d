"""The flow that takes files in: given ones, or whatever is new in the inbox."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

import pytest

from flows.import_files import import_files
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
    path.write_text(header + "".join(ROW.format(name=each) for each in people), "utf-8")
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    return name


async def test_file_goes_through_all_stages_in_one_run(work: Workspace) -> None:
    path = put(work, "inbox/fair.csv", "suzuki", "sato")
    state = await end_of(import_files, work, paths=[path], now=AT)
    assert await task_names(state, 7) == [
        "import-1",
        "intake-1",
        "import-1-counts",
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
