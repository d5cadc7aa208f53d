"""`leadline submissions`: what is held, why, and judging it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leadline.config.environment import read_environment
from leadline.stages import open_workspace
from leadline.stages.replay import replay_named, replay_selected
from leadline.store.dead_letters import Selection
from leadline.store.submissions import Arrival, add_submissions
from tests.builders import NOW, a_store
from tests.command_line import CommandLine, a_copy, a_project
from tests.factories import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.store.engine import Store

ANN = {"email": "ann@secret.example", "full_name": "Ann"}
DETAIL = "not JSON from line 1, column 7"
HELD = (
    Arrival("form:contact", "1", "form", ANN, reason="honeypot", suspicion="honeypot"),
    Arrival("form:contact", "2", "form", {"full_name": "Bo"}, reason="missing_email"),
    Arrival("webhook:meta", "3", "webhook", {"body": "x"}, reason="unreadable", detail=DETAIL),
    Arrival("webhook:meta", "4", "webhook", {"body": "y"}, reason="too_long"),
    Arrival("few", "5", "file", {"text": "bad"}, line=4, reason="field_count"),
    Arrival("form:contact", "6", "form", ANN),
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        with opened.write() as connection:
            add_submissions(connection, HELD, now=NOW)
        yield opened


def states(store: Store) -> list[str]:
    return [row["state"] for row in rows_of(store, "submissions")]


def moved(store: Store) -> set[int]:
    """Return which of the held ones wait for intake now."""
    return {number for number, state in enumerate(states(store), start=1) if state == "new"} - {6}


@pytest.mark.parametrize(
    ("selection", "gone", "left"),
    [
        (Selection(), {2, 3}, 1),
        (Selection(is_all=True), {2, 3, 4}, 1),
        (Selection(source="webhook:meta"), {3}, 0),
        (Selection(reason="missing_email"), {2}, 0),
        (Selection(reason="honeypot"), {1}, 0),
        (Selection(reason="honeypot", source="webhook:meta"), set(), 0),
        (Selection(reason="field_count"), set(), 0),
    ],
)
def test_selection_lets_go_what_may_be_mended_and_no_suspicion_it_does_not_name(
    store: Store, selection: Selection, gone: set[int], left: int
) -> None:
    done = replay_selected(store, selection, limit=1)
    assert (moved(store), done.count, done.left_suspicious) == (gone, len(gone), left)


def test_named_submission_goes_though_it_is_suspicious_and_the_suspicion_stays(
    store: Store,
) -> None:
    done = replay_named(store, [1, 5, 6, 99])
    assert (done.count, done.unchanged) == (1, 1)
    assert done.refused == {5: "file_row", 99: "not_found"}
    row = rows_of(store, "submissions")[0]
    assert (row["state"], row["reason"], row["suspicion"]) == ("new", None, "honeypot")


def test_second_replay_changes_nothing(store: Store) -> None:
    replay_selected(store, Selection())
    before = rows_of(store, "submissions")
    assert replay_selected(store, Selection()).count == 0
    again = replay_named(store, [2])
    assert (again.count, again.unchanged, again.refused) == (0, 1, {})
    assert rows_of(store, "submissions") == before


# ---- the command ----


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a little of everything in quarantine."""
    home = a_project(tmp_path_factory.mktemp("made"))
    environment = read_environment({"LEADLINE_HOME": str(home)})
    with open_workspace(environment, now=NOW) as work, work.store.write() as connection:
        add_submissions(connection, HELD, now=NOW)
    return home


@pytest.fixture
def command(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(a_copy(made, tmp_path), monkeypatch, capsys)


def ids(document: dict[str, Any]) -> list[int]:
    return [row["id"] for row in document["submissions"]]


def test_list_tells_why_and_nothing_of_what_was_said(command: CommandLine) -> None:
    answer = command("submissions", "list")
    assert answer.code == 0
    assert "the form's hidden field was filled in" in answer.out
    assert "1 row(s) of files are in quarantine as well" in answer.out
    assert "secret" not in answer.out
    found = command("submissions", "list", "--json").document
    assert (ids(found), found["file_rows"]) == ([1, 2, 3, 4], 1)
    assert found["submissions"][0]["suspicion"] == "honeypot"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--reason", "honeypot"), [1]),
        (("--source", "webhook:meta"), [3, 4]),
        (("--state", "new"), [6]),
        (("--state", "waiting"), []),
        (("--limit", "2"), [1, 2]),
    ],
)
def test_list_is_narrowed(command: CommandLine, words: tuple[str, ...], found: list[int]) -> None:
    assert ids(command("submissions", "list", *words, "--json").document) == found


def test_list_says_what_is_wrong_with_a_body(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = command("submissions", "list", "--json").document["submissions"]
    assert [row["detail_text"] for row in found if row["reason"] == "unreadable"] == [DETAIL]
    monkeypatch.setenv("LEADLINE_LANG", "ja")
    found = command("submissions", "list", "--json").document["submissions"]
    assert "1 行 7 桁から JSON として読めません" in [row["detail_text"] for row in found]
    assert "JSON" in command("submissions", "list").out


def test_show_says_what_arrived(command: CommandLine) -> None:
    assert "ann@secret.example" in command("submissions", "show", 1).out
    shown = command("submissions", "show", 1, "--json").document["submission"]
    assert (shown["raw"], shown["reason"]) == (ANN, "honeypot")


def test_replay_says_how_many_go_and_who_takes_them(command: CommandLine) -> None:
    answer = command("submissions", "replay")
    assert answer.code == 0
    assert "2 submission(s) go back to intake." in answer.out
    assert "1 are held for a suspicion and stay" in answer.out
    assert answer.out.rstrip().endswith("without one: leadline run")
    again = command("submissions", "replay", "--json").document
    assert (again["replayed"], again["left_suspicious"]) == (0, 1)


def test_replayed_submission_is_judged_by_the_next_run(command: CommandLine) -> None:
    command("submissions", "replay", 1)
    command("run", "intake")
    query = "SELECT state, suspicion FROM submissions WHERE id = 1"
    assert command.query(query) == [("accepted", "honeypot")]


def test_file_row_is_refused_with_its_quarantine_folder(command: CommandLine) -> None:
    answer = command("submissions", "replay", 5, "--lang", "ja")
    assert answer.code == 2
    assert "隔離ファイル" in answer.out
    assert str(command.home / ".leadline" / "quarantine") in answer.out
    rejects = command("submissions", "replay", 5, 99, "--json").document["rejects"]
    assert [(each["id"], each["reason"]) for each in rejects] == [
        (5, "file_row"),
        (99, "not_found"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--state", "quarantine"), "Did you mean `quarantined`?"),
        (("list", "--reason", "honeypt"), "Did you mean `honeypot`?"),
        (("replay", "--source", "form:contakt"), "Did you mean `form:contact`?"),
        (("replay", "1", "--all"), "not both"),
        (("show", "99"), "There is no submission 99"),
        (("replay", "many"), "ID"),
    ],
)
def test_refusal_says_what_to_do(command: CommandLine, words: tuple[str, ...], said: str) -> None:
    answer = command("submissions", *words)
    assert answer.code == 1
    assert said in answer.err


def test_status_names_the_command_for_what_is_held(command: CommandLine) -> None:
    assert command("status", "--json").document["commands"]["quarantined"] == (
        "leadline submissions list"
    )
    assert "leadline submissions list" in command("status").out
    command.execute("DELETE FROM submissions WHERE kind != 'file'")
    commands = command("status", "--json").document["commands"]
    assert commands["quarantined"] == "leadline import FILE"
