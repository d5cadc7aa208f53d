"""Making a project folder."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from leadline.config import read_environment
from leadline.config.folder import FolderOccupied, create_project
from leadline.config.loader import check_project

if TYPE_CHECKING:
    from pathlib import Path


def test_new_project_is_valid_without_a_warning(tmp_path: Path) -> None:
    create_project(tmp_path / "new", demo=False)
    project, problems = check_project(tmp_path / "new")
    assert [problem.say("en") for problem in problems] == []
    assert project is not None
    assert set(project.settings.sources) == {"generic_en", "generic_ja_cp932"}


def test_demo_has_its_own_reps_and_samples(tmp_path: Path) -> None:
    written = create_project(tmp_path, demo=True)
    project, problems = check_project(tmp_path)
    assert project is not None
    assert [problem.code for problem in problems] == ["territory_without_rep"]
    assert (len(project.reps), len(project.territories)) == (20, 33)
    inbox = {path.name for path in (tmp_path / "inbox").iterdir()}
    assert inbox == {"generic_en.csv", "generic_ja_cp932.csv"}
    assert "inbox/generic_en.csv" in written


def test_secrets_are_fresh_and_for_the_owner_alone(tmp_path: Path) -> None:
    secrets = []
    for name in ("a", "b"):
        create_project(tmp_path / name, demo=False)
        path = tmp_path / name / ".leadline" / "secrets.env"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        secrets.append(read_environment({"LEADLINE_HOME": str(tmp_path / name)}).require_secrets())
    assert len({secrets[0][0][0], secrets[0][1], secrets[1][0][0], secrets[1][1]}) == 4


def test_second_run_keeps_every_file(tmp_path: Path) -> None:
    create_project(tmp_path, demo=False)
    secrets = (tmp_path / ".leadline/secrets.env").read_text()
    (tmp_path / "config/sending.yaml").write_text("touches_per_day: 2\n")
    (tmp_path / "config/schedules.yaml").unlink()
    assert create_project(tmp_path, demo=False) == ["config/schedules.yaml"]
    assert (tmp_path / "config/sending.yaml").read_text() == "touches_per_day: 2\n"
    assert (tmp_path / ".leadline/secrets.env").read_text() == secrets


def test_state_may_lie_elsewhere(tmp_path: Path) -> None:
    state = tmp_path / "state"
    written = create_project(tmp_path / "home", demo=False, state=state)
    assert written[-1] == str(state / "secrets.env")
    assert not (tmp_path / "home/.leadline").exists()


def test_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FolderOccupied, match="not empty"):
        create_project(tmp_path, demo=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_folder_with_hidden_files_only_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert "config/settings.yaml" in create_project(tmp_path, demo=False)


def test_project_folder_keeps_its_state_out_of_version_control(tmp_path: Path) -> None:
    create_project(tmp_path, demo=False)
    assert (tmp_path / ".gitignore").read_text() == ".leadline/\n"
