"""Due times in the database: one clock runs each, the dead are taken over, nothing is silent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import text

from leadline.clock import SystemClock
from leadline.domain.due_times import MOST_FENCES
from leadline.domain.skips import SkipReason
from leadline.stages import due_times as stage
from leadline.stages import open_workspace
from leadline.stages.due_times import Claim, Refusal
from leadline.store import due_times
from leadline.store.engine import DatabaseLocked
from leadline.store.leases import LEASE
from tests.builders import an_owner, keep_schedules
from tests.factories import a_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace
    from leadline.store.engine import Connection, Store

#: A Friday, 09:00 in Tokyo.
NINE = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SOON = timedelta(seconds=8)
SCHEDULES = """\
import_files: daily 09:00 Asia/Tokyo
process_submissions: every 5 min
send_due_touches: {when: every minute, paused: true}
"""


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    files = {"config/schedules.yaml": SCHEDULES}
    with a_workspace(tmp_path / "home", database_url, files=files) as opened:
        keep_schedules(opened.store, opened.project, now=NINE - 30 * DAY)
        yield opened


def claimed(work: Workspace, flow: str = "import_files", *, now: datetime) -> Claim:
    answer = stage.claim(work, flow, now=now, clock="embedded")
    assert isinstance(answer, Claim), answer
    return answer


def done(work: Workspace, flow: str = "import_files", *, now: datetime) -> Claim:
    mine = claimed(work, flow, now=now)
    assert stage.end(work.store, mine, state="completed", ending="Idle", now=now)
    return mine


def refused(work: Workspace, flow: str = "import_files", *, now: datetime) -> SkipReason:
    answer = stage.claim(work, flow, now=now, clock="prefect")
    assert isinstance(answer, Refusal), answer
    return answer.reason


def row_of(work: Workspace, flow: str = "import_files") -> due_times.Row:
    with work.store.read() as connection:
        return due_times.list_last(connection, now=NINE + 1000 * DAY)[flow]


def test_second_clock_finds_the_due_time_taken(work: Workspace) -> None:
    mine = claimed(work, now=NINE + SOON)
    assert mine.due_at == NINE
    assert refused(work, now=NINE + SOON) is SkipReason.IN_PROGRESS
    stage.end(work.store, mine, state="completed", ending="Completed", now=NINE + 2 * SOON)
    assert refused(work, now=NINE + 3 * SOON) is SkipReason.DONE_BEFORE


def test_many_at_the_same_moment_get_one_claim(work: Workspace) -> None:
    def claim(_number: int) -> Claim | Refusal:
        return stage.claim(work, "import_files", now=NINE + SOON, clock="embedded")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(claim, range(8)))
    assert sum(isinstance(answer, Claim) for answer in answers) == 1


def test_paused_and_unscheduled_flows_are_not_due(work: Workspace) -> None:
    assert refused(work, "send_due_touches", now=NINE) is SkipReason.NOT_DUE
    assert refused(work, "watch", now=NINE) is SkipReason.NOT_DUE


def test_three_days_of_downtime_are_one_run_that_says_so(work: Workspace) -> None:
    done(work, "process_submissions", now=NINE)
    mine = claimed(work, "process_submissions", now=NINE + 3 * DAY + SOON)
    assert (mine.due_at, mine.is_late) == (NINE + 3 * DAY, True)
    row = row_of(work, "process_submissions")
    assert (row.missed_count, row.missed_since) == (863, NINE + timedelta(minutes=5))
    assert "863 earlier" in mine.says["en"]


def test_missed_time_that_may_not_be_made_up_is_recorded_as_skipped(
    tmp_path: Path, database_url: str
) -> None:
    schedule = "import_files: {when: 'daily 09:00 Asia/Tokyo', catch_up: within 2h}\n"
    files = {"config/schedules.yaml": schedule}
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        keep_schedules(work.store, work.project, now=NINE - DAY)
        late = NINE + timedelta(hours=3)
        assert refused(work, now=late) is SkipReason.TOO_LATE
        assert refused(work, now=late) is SkipReason.DONE_BEFORE
        row = row_of(work)
        assert (row.state, row.skip_reason, row.due_at) == ("skipped", "too_late", NINE)
        assert claimed(work, now=NINE + DAY + SOON).due_at == NINE + DAY


def test_due_time_of_a_process_that_was_killed_is_taken_up_by_another(
    work: Workspace,
) -> None:
    program = (
        "import os, signal, sys; from datetime import datetime;"
        "from leadline.config.environment import read_environment;"
        "from leadline.stages import open_workspace, due_times;"
        "now = datetime.fromisoformat(sys.argv[1]);"
        "work = open_workspace(read_environment(os.environ), now=now);"
        "due_times.claim(work, 'import_files', now=now, clock='prefect', flow_run_id='42');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = work.environment
    variables = {
        "LEADLINE_HOME": str(environment.home),
        "LEADLINE_DATABASE_URL": environment.database_url,
    }
    now = NINE + SOON
    killed = subprocess.run(
        [sys.executable, "-c", program, now.isoformat()], env=variables, check=False
    )
    assert killed.returncode == -9
    assert row_of(work).state == "running"
    (left,) = stage.find_left(work.store, now=now)
    assert (left.flow, left.due_at, left.flow_run_id) == ("import_files", NINE, "42")
    assert not left.is_covered
    assert stage.close_left(work.store, left, now=now)
    assert stage.find_left(work.store, now=now) == []
    assert row_of(work).state == "crashed"
    again = claimed(work, now=now + SOON)
    assert (again.due_at, again.fence) == (NINE, 2)
    assert "unfinished" in again.says["en"]
    assert (row_of(work).state, row_of(work).ending) == ("running", None)


def test_whoever_lost_the_lease_can_neither_renew_nor_end(work: Workspace) -> None:
    mine = claimed(work, now=NINE + SOON)
    later = NINE + timedelta(minutes=3)
    (left,) = stage.find_left(work.store, now=later)
    assert left.silent_for == later - NINE - SOON - LEASE
    other = claimed(work, now=later)
    assert other.fence == mine.fence + 1
    assert not stage.renew(work.store, mine, now=later)
    assert not stage.end(work.store, mine, state="completed", ending="Idle", now=later)
    assert not stage.close_left(work.store, left, now=later), "somebody is at it again"
    assert stage.renew(work.store, other, now=later)


def test_renewed_lease_is_not_taken(work: Workspace) -> None:
    mine = claimed(work, now=NINE + SOON)
    later = NINE + timedelta(seconds=50)
    assert stage.renew(work.store, mine, now=later)
    assert stage.find_left(work.store, now=later + timedelta(seconds=50)) == []


def test_crash_whose_work_a_later_run_did_asks_for_nothing(work: Workspace) -> None:
    claimed(work, "process_submissions", now=NINE)  # and never ended
    later = NINE + timedelta(minutes=5, seconds=3)
    done(work, "process_submissions", now=later)
    (left,) = stage.find_left(work.store, now=later)
    assert (left.due_at, left.is_covered) == (NINE, True)


def test_cancelled_run_is_not_taken_up_again(work: Workspace) -> None:
    claimed(work, now=NINE + SOON)
    later = NINE + timedelta(minutes=3)
    (left,) = stage.find_left(work.store, now=later)
    stage.close_left(work.store, left, ending="Cancelled", now=later)
    assert refused(work, now=later) is SkipReason.DONE_BEFORE
    assert (row_of(work).state, row_of(work).ending) == ("failed", "Cancelled")


def test_lease_that_was_prolonged_meanwhile_is_not_closed(work: Workspace) -> None:
    mine = claimed(work, now=NINE + SOON)
    later = NINE + timedelta(minutes=3)
    (left,) = stage.find_left(work.store, now=later)
    assert stage.renew(work.store, mine, now=later)
    assert not stage.close_left(work.store, left, now=later)
    assert row_of(work).state == "running"


def test_run_that_ended_while_another_clock_looked_is_not_run_again(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = claimed(work, now=NINE + SOON)
    later = NINE + timedelta(minutes=3)
    look = due_times.find_newest

    def look_and_be_slow(
        connection: Connection, flow: str, *, now: datetime
    ) -> due_times.Row | None:
        found = look(connection, flow, now=now)
        due_times.mark_ended(
            connection, flow, NINE, fence=mine.fence, state="completed", ending="Idle", now=now
        )
        return found

    monkeypatch.setattr(due_times, "find_newest", look_and_be_slow)
    assert refused(work, now=later) is SkipReason.DONE_BEFORE
    assert (row_of(work).state, row_of(work).fence) == ("completed", 1)


def test_crashed_run_waits_until_somebody_goes_on_with_it(work: Workspace) -> None:
    for fence in range(1, MOST_FENCES):
        mine = claimed(work, now=NINE + SOON)
        assert mine.fence == fence
        assert "import_files" not in stage.list_waiting(work, now=NINE + SOON)
        stage.end(work.store, mine, state="crashed", ending="Crashed", now=NINE + SOON)
        assert stage.list_waiting(work, now=NINE + SOON)["import_files"] == NINE
    last = claimed(work, now=NINE + SOON)
    stage.end(work.store, last, state="crashed", ending="Crashed", now=NINE + SOON)
    assert "import_files" not in stage.list_waiting(work, now=NINE + SOON), "not for ever"


def test_crashed_run_that_may_not_be_made_up_waits_for_nobody(
    tmp_path: Path, database_url: str
) -> None:
    schedules = "import_files: {when: 'daily 09:00 Asia/Tokyo', catch_up: within 2h}\n"
    files = {"config/schedules.yaml": schedules}
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        keep_schedules(work.store, work.project, now=NINE - 30 * DAY)
        mine = claimed(work, now=NINE + SOON)
        stage.end(work.store, mine, state="crashed", ending="Crashed", now=NINE + SOON)
        assert "import_files" in stage.list_waiting(work, now=NINE + timedelta(hours=2))
        assert "import_files" not in stage.list_waiting(work, now=NINE + timedelta(hours=3))


def test_new_holiday_makes_no_time_of_the_past_due(tmp_path: Path, database_url: str) -> None:
    files = {"config/schedules.yaml": "import_files: first business day of the month 09:00 UTC\n"}
    first, third = (datetime(2026, 6, day, 9, 1, tzinfo=UTC) for day in (1, 3))
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        keep_schedules(work.store, work.project, now=first - 30 * DAY)
        done(work, now=first)
        home = work.environment.home
    (home / "config" / "calendars.csv").write_text(
        "calendar,from,to,name\ncompany,06-01,,founding day\n", encoding="utf-8"
    )
    with open_workspace(work.environment, now=third) as work:
        assert refused(work, now=third) is SkipReason.NOT_DUE


def test_clock_that_was_wrong_does_not_stop_the_schedule(work: Workspace) -> None:
    done(work, now=NINE + 400 * DAY)
    assert stage.list_waiting(work, now=NINE + SOON)["import_files"] == NINE
    assert "import_files" in dict(stage.list_overdue(work, now=NINE + timedelta(minutes=15)))
    assert claimed(work, now=NINE + SOON).due_at == NINE


def test_due_time_that_was_missed_waits_until_somebody_takes_it(work: Workspace) -> None:
    done(work, now=NINE - DAY)
    assert "import_files" not in stage.list_waiting(work, now=NINE - SOON)
    assert stage.list_waiting(work, now=NINE)["import_files"] == NINE
    assert "send_due_touches" not in stage.list_waiting(work, now=NINE), "it is paused"
    claimed(work, now=NINE + SOON)
    assert "import_files" not in stage.list_waiting(work, now=NINE + SOON)


def test_time_before_the_schedule_was_made_waits_for_nobody(work: Workspace) -> None:
    keep_schedules(work.store, work.project, now=NINE + timedelta(hours=1))
    assert "import_files" not in stage.list_waiting(work, now=NINE + timedelta(hours=2))


def test_process_that_went_silent_on_another_computer_is_overdue(work: Workspace) -> None:
    claimed(work, now=NINE + SOON)
    elsewhere = str(an_owner(here=False))
    with work.store.write() as connection:
        connection.execute(text("UPDATE due_times SET owner = :owner"), {"owner": elsewhere})
    assert stage.find_left(work.store, now=NINE + 2 * SOON) == []
    (left,) = stage.find_left(work.store, now=NINE + 3 * DAY)
    assert left.silent_for > 2 * DAY
    overdue = dict(stage.list_overdue(work, now=NINE + 3 * DAY))
    assert overdue["import_files"] == NINE + DAY


async def test_lease_outlives_a_database_that_is_away_for_a_while(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_RENEW_EVERY", 0.05)
    now = SystemClock().now()
    keep_schedules(work.store, work.project, now=now - 3 * DAY)
    mine = claimed(work, now=now)
    calls: list[bool] = []

    class Away:
        """The store, which fails once and then finds the lease gone."""

        @contextmanager
        def write(self) -> Iterator[Connection]:
            calls.append(True)
            if len(calls) == 1:
                raise DatabaseLocked(where="here", seconds=30)
            with work.store.write() as connection:
                yield connection
            if len(calls) == 3:
                stage.end(work.store, mine, state="completed", ending="Idle", now=now)

    await asyncio.wait_for(stage.keep(cast("Store", Away()), mine), 20)
    assert len(calls) == 4


def test_run_that_prefect_starts_a_moment_early_takes_its_due_time(work: Workspace) -> None:
    done(work, now=NINE - DAY)
    early = NINE - timedelta(seconds=2)
    answer = stage.claim(work, "import_files", now=early, clock="prefect", planned_at=NINE)
    assert isinstance(answer, Claim)
    assert answer.due_at == NINE


def test_holiday_is_named_where_prefect_planned_a_run(tmp_path: Path, database_url: str) -> None:
    words = "import_files: {when: business days 09:00 Asia/Tokyo, holidays: [jp]}\n"
    files = {"config/schedules.yaml": words}
    monday = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 勤労感謝の日
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        keep_schedules(work.store, work.project, now=monday - DAY)
        answer = stage.claim(
            work, "import_files", now=monday + SOON, clock="prefect", planned_at=monday
        )
        assert isinstance(answer, Refusal)
        assert answer.reason is SkipReason.NOT_DUE
        assert "勤労感謝の日" in answer.says["ja"]


def test_local_time_that_does_not_exist_is_run_once_though_prefect_plans_it_early(
    tmp_path: Path, database_url: str
) -> None:
    words = "import_files: daily 02:30 America/New_York\n"
    files = {"config/schedules.yaml": words}
    planned = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)  # the clocks jump at 07:00
    due = planned + timedelta(hours=1)
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        keep_schedules(work.store, work.project, now=planned - 10 * DAY)
        done(work, now=planned - DAY + timedelta(hours=1))
        answer = stage.claim(
            work, "import_files", now=planned + SOON, clock="prefect", planned_at=planned
        )
        assert isinstance(answer, Claim)
        assert (answer.due_at, answer.is_late) == (due, False)
        stage.end(work.store, answer, state="completed", ending="Idle", now=planned + SOON)
        assert refused(work, now=due + SOON) is SkipReason.DONE_BEFORE


def test_standing_tells_what_no_clock_ran(work: Workspace) -> None:
    done(work, now=NINE - DAY)

    def standing(now: datetime) -> stage.Standing:
        with work.store.read() as connection:
            found = stage.read_standings(connection, work.project, now=now)
        return next(each for each in found if each.flow == "import_files")

    before = standing(NINE - timedelta(hours=1))
    assert (before.next_at, before.overdue_since) == (NINE, None)
    assert standing(NINE + timedelta(minutes=5)).overdue_since is None
    assert standing(NINE + timedelta(minutes=15)).overdue_since == NINE
    done(work, now=NINE + timedelta(minutes=16))
    assert standing(NINE + timedelta(minutes=17)).overdue_since is None


def test_old_due_times_are_forgotten_but_each_flows_newest(work: Workspace) -> None:
    for day in range(3):
        done(work, now=NINE + day * DAY + SOON)
    done(work, "process_submissions", now=NINE)
    with work.store.write() as connection:
        assert due_times.remove_old(connection, before=NINE + 10 * DAY) == 2
    assert row_of(work).due_at == NINE + 2 * DAY
    assert row_of(work, "process_submissions").due_at == NINE
