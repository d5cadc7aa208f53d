"""What `status` and `doctor` say of the schedules: next, last, late, and run by nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.clock import SystemClock
from leadline.config.environment import read_environment
from leadline.stages import due_times, open_workspace
from leadline.stages.due_times import Claim
from tests.builders import keep_schedules
from tests.command_line import CommandLine, a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

SCHEDULES = """\
import_files: every minute
process_submissions: {when: every 5 min, paused: true}
watch: every hour
"""
DAY = timedelta(days=1)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> CommandLine:  # noqa: ANN401
    home = a_project(tmp_path / "home")
    (home / "config" / "schedules.yaml").write_text(SCHEDULES, encoding="utf-8")
    return CommandLine(home, monkeypatch, capsys)


@pytest.fixture
def work(command: CommandLine) -> Iterator[Workspace]:
    now = SystemClock().now() - 2 * DAY
    with open_workspace(read_environment({"LEADLINE_HOME": str(command.home)}), now=now) as opened:
        keep_schedules(opened.store, opened.project, now=now)
        yield opened


def run(work: Workspace, ago: timedelta, *, ending: str = "Idle") -> None:
    now = SystemClock().now() - ago
    mine = due_times.claim(work, "import_files", now=now, clock="embedded")
    assert isinstance(mine, Claim)
    due_times.end(work.store, mine, state="completed", ending=ending, now=now)


def clock(command: CommandLine) -> dict[str, Any]:
    clocks = command("status", "--json").document["clocks"]
    found: dict[str, Any] = next(each for each in clocks if each["flow"] == "import_files")
    return found


def test_status_shows_next_and_last_run_of_each_schedule(
    command: CommandLine, work: Workspace
) -> None:
    run(work, timedelta(seconds=10))
    before = SystemClock().now()
    found = clock(command)
    assert found["words"] == "every minute"
    assert before < datetime.fromisoformat(found["next"])
    assert (found["last"]["state"], found["last"]["ending"]) == ("completed", "Idle")
    assert found["overdue_since"] is None
    shown = command("status").out
    assert "import_files" in shown
    assert "nothing was due" in shown
    assert "paused" in shown
    assert "watch" not in shown.split("schedule", 1)[1]


def test_status_shows_what_a_late_run_made_up_for_in_both_languages(
    command: CommandLine, work: Workspace
) -> None:
    run(work, DAY)
    run(work, timedelta(seconds=10), ending="Attention")
    found = clock(command)["last"]
    assert found["missed"] >= 24 * 60 - 2
    assert f"for {found['missed']} missed before" in command("status").out
    shown = command("status", "--lang", "ja").out
    assert f"未実行{found['missed']}回分を含む" in shown
    assert "要対応" in shown


def test_schedule_that_no_clock_runs_is_told_with_what_to_start(
    command: CommandLine, work: Workspace
) -> None:
    run(work, timedelta(hours=1))
    assert clock(command)["overdue_since"] is not None
    assert "Due and run by no clock: import_files" in command("status").out
    checks = command("doctor", "--quick", "--json").document["checks"]
    found = next(each for each in checks if each["name"] == "schedules")
    assert (found["ok"], "leadline up" in found["fix"]) == (False, True)


def test_project_whose_stages_are_run_by_hand_expects_no_clock(
    command: CommandLine, work: Workspace
) -> None:
    assert work.project.schedules
    assert "no clock" not in command("status").out
    checks = command("doctor", "--quick", "--json").document["checks"]
    assert next(each for each in checks if each["name"] == "schedules")["ok"]


def test_status_works_while_the_configuration_has_faults(
    command: CommandLine, work: Workspace
) -> None:
    run(work, timedelta(seconds=10))
    (command.home / "config" / "schedules.yaml").write_text("import_files: ever\n", "utf-8")
    answer = command("status", "--json")
    assert (answer.code, answer.document["clocks"]) == (0, [])
