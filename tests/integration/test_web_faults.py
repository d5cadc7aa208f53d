"""A sample of what goes wrong while posts arrive; `python -m tests.web_faults` tries all of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import web_faults as faults
from tests import web_kills as kills
from tests.warm_server import warm_servers
from tests.web_trials import Case, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests import databases
    from tests.warm_server import Warm

pytestmark = [pytest.mark.xdist_group("web_faults"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warm_servers() as loaded:
        yield loaded


@pytest.fixture(scope="module")
def file_case(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Case:
    return prepare(tmp_path_factory.mktemp("file") / "home", warm)


@pytest.fixture(scope="module")
def server_case(
    tmp_path_factory: pytest.TempPathFactory, warm: Warm, postgresql: databases.Cluster
) -> Case:
    home = tmp_path_factory.mktemp("server") / "home"
    return prepare(home, warm, cluster=postgresql, name=f"posted_{os.getpid()}")


@pytest.fixture(params=["file", "server"])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(f"{request.param}_case")
    return found


@pytest.mark.parametrize(("name", "number"), [("fdatasync", 4), ("sendto", 5), ("pwrite64", 20)])
def test_killed_server_has_every_post_on_disk_that_it_acknowledged(
    file_case: Case, name: str, number: int
) -> None:
    assert kills.kill_at(file_case, name, number) != "unhurt"


def test_server_that_is_killed_while_it_closes_the_database_loses_nothing(file_case: Case) -> None:
    assert kills.kill_closing(file_case, "fdatasync", 1) != "unhurt"


def test_killed_server_has_every_post_in_the_database_elsewhere(server_case: Case) -> None:
    assert kills.kill_at(server_case, "sendto", 12) != "unhurt"


def test_acknowledged_post_is_synced_before_the_power_fails(file_case: Case) -> None:
    assert kills.cut_power(file_case, 6) != "unhurt"


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_full_or_failing_disk_is_503_and_takes_posts_again_later(
    file_case: Case, error: str
) -> None:
    refused = faults.fail_calls(file_case, "pwrite64", f"error={error}:when=5+")
    assert refused != "0 refused"


def test_post_waits_for_a_lock(case: Case) -> None:
    assert faults.wait_out(case) == "waited"


def test_lock_that_lasts_is_503_and_nothing_is_stored(case: Case) -> None:
    assert faults.lock_out(case) == f"{len(faults.WAVE)} refused"


def test_post_that_comes_fifty_times_at_once_is_one(case: Case) -> None:
    assert faults.repeat_together(case) == "150 posts"


def test_second_body_under_a_key_is_409_even_at_the_same_moment(case: Case) -> None:
    assert faults.contend(case) == "50 posts"


def test_server_that_is_told_to_stop_answers_whoever_waits(case: Case) -> None:
    assert faults.stop_midway(case) == "answered"
