"""`leadline simulate scoring`: counts and leads in words and in JSON, refusals, exit codes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from leadline.domain.score_changes import Outcome
from tests.command_line import NOW, CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("before_now")


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, before_now: None) -> Path:
    """Make a project with four leads that were scored."""
    assert before_now is None
    home = a_project(tmp_path_factory.mktemp("made"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        from leadline.cli import main

        assert main(["import", str(home / "leads.csv"), "--yes"]) in {0, 2}
        assert main(["run", "scoring", "--now", NOW]) == 0
    return home


@pytest.fixture
def command(
    scored: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(a_copy(scored, tmp_path), monkeypatch, capsys)


def a_draft(command: CommandLine, old: str = "points: 35", new: str = "points: 5") -> Path:
    """Write an edited scoring.yaml into a folder of its own."""
    folder = command.home / "draft"
    folder.mkdir()
    text = (command.home / "config" / "scoring.yaml").read_text("utf-8")
    assert old in text
    (folder / "scoring.yaml").write_text(text.replace(old, new), "utf-8")
    return folder


def test_simulation_lists_the_leads_that_would_change(command: CommandLine) -> None:
    folder = a_draft(command)

    answer = command("simulate", "scoring", "--config", folder, "--now", NOW)

    assert answer.code == 2
    assert "4 lead(s) scored" in answer.out
    assert "1 lead(s) would change." in answer.out
    assert " → " in answer.out
    [rule] = [line.split() for line in answer.out.splitlines() if "executive" in line]
    assert rule == ["main", "executive", "changed", "1", "1"]
    assert "Nothing was changed." in answer.out


def test_simulation_in_japanese_says_the_same(command: CommandLine) -> None:
    folder = a_draft(command)

    answer = command("simulate", "scoring", "--config", folder, "--now", NOW, "--lang", "ja")

    assert answer.code == 2
    assert "1 件の評価が変わります。" in answer.out
    assert "would" not in answer.out


def test_document_names_leads_and_counts(command: CommandLine) -> None:
    folder = a_draft(command)

    answer = command("simulate", "scoring", "--config", folder, "--now", NOW, "--json")

    document = answer.document
    assert answer.code == 2
    assert document["leads"] == 4
    assert document["changed_count"] == len(document["changed"]) == 1
    [change] = document["changed"]
    assert change["before"].keys() == change["after"].keys() == set(Outcome._fields)
    assert change["before"]["points"] - change["after"]["points"] == 30
    assert document["grades"] == [
        {
            "from": f"{change['before']['grade']}{change['before']['engagement_level']}",
            "to": f"{change['after']['grade']}{change['after']['engagement_level']}",
            "leads": 1,
        }
    ]
    assert document["hand_over"] == {"before": 4, "after": 4, "more": 0, "fewer": 0}
    fates = {each["id"]: each["change"] for each in document["rules"]}
    assert [id_ for id_, fate in fates.items() if fate != "same"] == ["executive"]
    assert document["config_hash"]["before"] != document["config_hash"]["after"]


def test_hand_over_is_counted(command: CommandLine) -> None:
    folder = a_draft(command, "\ngrades:", "\nhand_over: grade = 'A'\n\ngrades:")

    document = command("simulate", "scoring", "--config", folder, "--now", NOW, "--json").document

    counts = document["hand_over"]
    assert counts["before"] == 4
    assert counts["after"] + counts["fewer"] == 4
    assert counts["fewer"] == document["changed_count"] > 0


def test_simulation_says_how_many_events_no_score_knows_yet(command: CommandLine) -> None:
    words = ("simulate", "scoring", "--now", NOW)
    assert command(*words, "--json").document["events_waiting"] == 0
    assert "wait to be judged" not in command(*words).out
    command.execute(
        "INSERT INTO events (source, external_id, kind, lead_id, actor, occurred_at, received_at, "
        "due_at) SELECT 'web', 'x', 'page_viewed', 1, 'unknown', as_of, as_of, as_of "
        "FROM scores WHERE lead_id = 1 LIMIT 1"
    )
    assert command(*words, "--json").document["events_waiting"] == 1
    assert "1 event(s) wait to be judged" in command(*words).out
    assert "判定待ちの行動 1 件" in command(*words, "--lang", "ja").out


def test_same_rules_change_nothing(command: CommandLine) -> None:
    answer = command("simulate", "scoring", "--now", NOW)

    assert answer.code == 0
    assert "same configuration" in answer.out
    assert "No lead would change." in answer.out


def test_limit_cuts_the_list_and_not_the_counts(command: CommandLine) -> None:
    folder = a_draft(command, "points: 10", "points: 11")
    words = ("simulate", "scoring", "--config", folder, "--now", NOW, "--limit", "1")

    document = command(*words, "--json").document

    assert len(document["changed"]) == 1 < document["changed_count"]
    rest = document["changed_count"] - 1
    assert f"and {rest} more" in command(*words).out


def test_fault_of_the_draft_is_told_with_its_place(command: CommandLine) -> None:
    folder = a_draft(command, "points: 35", "pointz: 35")

    answer = command("simulate", "scoring", "--config", folder)

    assert answer.code == 1
    assert "config/scoring.yaml:45:5 extra_forbidden" in answer.err
    assert "Did you mean `points`?" in answer.err
    assert list((command.home / ".leadline").glob("simulation-*")) == []


@pytest.mark.parametrize("form", ["project", "config", "inner"])
def test_draft_may_be_a_whole_copy(command: CommandLine, form: str) -> None:
    draft = command.home / "draft"
    inner = draft if form == "config" else draft / "config"
    shutil.copytree(command.home / "config", inner)
    if form == "project":
        shutil.copytree(command.home / "templates", draft / "templates")
    file = inner / "scoring.yaml"
    file.write_text(file.read_text("utf-8").replace("points: 35", "points: 5"), "utf-8")

    answer = command("simulate", "scoring", "--config", draft, "--now", NOW)

    assert answer.code == 2
    assert "1 lead(s) would change." in answer.out


def test_folder_without_a_configuration_is_refused(command: CommandLine) -> None:
    (command.home / "empty").mkdir()

    answer = command("simulate", "scoring", "--config", command.home / "empty")

    assert answer.code == 1
    assert "holds no configuration" in answer.err


@pytest.mark.parametrize("word", ["30", "soon", "-1d"])
def test_since_must_be_a_span(command: CommandLine, word: str) -> None:
    answer = command("simulate", "scoring", f"--since={word}")

    assert answer.code == 1
    assert f"{word} is no span of time" in answer.err


def test_since_leaves_out_leads_that_came_before(command: CommandLine) -> None:
    words = ("simulate", "scoring", "--now", "2030-01-01T00:00:00Z", "--json")

    assert command(*words).document["leads"] == 4
    assert command(*words, "--since", "30d").document["leads"] == 0
