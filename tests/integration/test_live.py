"""The configuration of a program that keeps running: a wrong edit never stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.clock import SystemClock
from leadline.stages import live
from leadline.stages.live import LiveWorkspace
from leadline.store.engine import DatabaseLocked
from tests.clocks import wait_until
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace


@pytest.fixture
def running(tmp_path: Path) -> Iterator[LiveWorkspace]:
    opened = LiveWorkspace(a_project(tmp_path / "home"), rests=0)
    opened.refresh(SystemClock().now())
    yield opened
    opened.close()


def edit(running: LiveWorkspace) -> None:
    file = running.environment.home / "config" / "schedules.yaml"
    file.write_text("import_files: every minute\n", encoding="utf-8")


def test_fault_that_nobody_foresaw_leaves_the_last_good_configuration(
    running: LiveWorkspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = SystemClock().now()
    before = running.refresh(now)

    def fail(*_: object, **__: object) -> Workspace:
        message = "pat@example.com"
        raise NotImplementedError(message)

    monkeypatch.setattr(live, "open_workspace", fail)
    edit(running)
    assert running.refresh(now) is before
    assert "NotImplementedError" in caplog.text
    assert "pat@example.com" not in caplog.text
    monkeypatch.undo()
    edit(running)
    (running.environment.home / "config" / "schedules.yaml").write_text("{}\n", encoding="utf-8")
    assert running.refresh(now) is not before, "the next edit is read again"


def test_file_is_not_read_while_it_is_written(tmp_path: Path) -> None:
    running = LiveWorkspace(a_project(tmp_path / "home"), rests=1)
    now = SystemClock().now()
    before = running.refresh(now)
    file = running.environment.home / "config" / "schedules.yaml"
    file.write_text("", encoding="utf-8")  # as an editor does first
    assert running.refresh(now) is before
    edit(running)
    assert running.refresh(now) is before
    wait_until(lambda: running.refresh(now) is not before, "the edit")
    assert set(running.refresh(now).project.schedules) == {"import_files"}
    running.close()


def test_database_that_is_away_is_said(
    running: LiveWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Workspace:
        raise DatabaseLocked(where="leadline.db", seconds=30)

    monkeypatch.setattr(live, "open_workspace", fail)
    edit(running)
    with pytest.raises(DatabaseLocked):
        running.refresh(SystemClock().now())
