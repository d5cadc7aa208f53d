"""A sample of the faults of an import; `python -m tests.import_faults` runs all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import import_faults as faults
from tests.import_trials import Case, check_resumed, prepare

if TYPE_CHECKING:
    from tests import databases

COUNT, ROWS = 600, 200


@pytest.fixture(scope="module")
def file_case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return prepare(tmp_path_factory.mktemp("file") / "home", count=COUNT, rows=ROWS)


@pytest.fixture(scope="module")
def server_case(tmp_path_factory: pytest.TempPathFactory, postgresql: databases.Cluster) -> Case:
    home = tmp_path_factory.mktemp("server") / "home"
    name = f"imported_{os.getpid()}"
    return prepare(home, count=COUNT, rows=ROWS, cluster=postgresql, name=name)


@pytest.fixture(params=["file", "server"])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(f"{request.param}_case")
    return found


def test_import_that_is_killed_at_an_fsync_goes_on_behind_what_was_stored(file_case: Case) -> None:
    assert faults.kill_at(file_case, "fdatasync", 5)


def test_import_that_is_killed_at_a_statement_ends_as_if_it_was_not(server_case: Case) -> None:
    assert faults.kill_at_point(server_case, 70)


def test_import_that_is_killed_at_its_end_has_taken_everything_in(file_case: Case) -> None:
    assert faults.kill_at_point(file_case, faults.count_points(file_case)) is None


def test_import_on_a_full_disk_says_so_and_goes_on_when_there_is_room(file_case: Case) -> None:
    answer = faults.fail_calls(file_case, "pwrite64", "error=ENOSPC:when=300+", lang="ja")
    assert answer.error["code"] == "database_full"
    assert faults.MAKE_ROOM["ja"] in answer.error["message"]


def test_import_that_cannot_write_the_quarantine_file_is_not_closed(file_case: Case) -> None:
    with file_case.trial() as trial:
        folder = trial.state / "quarantine"
        folder.mkdir(exist_ok=True)
        (folder / ".rows-2.csv.new").symlink_to("/dev/full")
        answer = trial.again(lang="ja")
        assert answer.error["code"] == "disk_full"
        assert faults.MAKE_ROOM["ja"] in answer.error["message"]
        assert check_resumed(trial)


def test_import_that_meets_a_lock_waits_for_it(file_case: Case) -> None:
    assert faults.wait_out(file_case) == "waited"


def test_import_that_waited_too_long_says_so_and_goes_on_later(file_case: Case) -> None:
    answer = faults.lock_out(file_case)
    assert answer.error["code"] == "database_locked"


def test_two_imports_of_a_file_at_once_take_each_row_in_once(case: Case) -> None:
    assert faults.import_together(case) in {1, 2}
