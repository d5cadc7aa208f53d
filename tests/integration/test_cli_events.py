"""The commands about behavior events: import, classify and list, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.config.folder import create_project
from tests.behavior import SAMPLES, truth_of_samples, write_events
from tests.command_line import CommandLine

if TYPE_CHECKING:
    from pathlib import Path

PERSON = "hana.mori@mori.example"
#: Past whatever the clock of the machine shows.
WHEN = "2025-01-10T10:00:00Z"


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    create_project(tmp_path / "home", demo=False)
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_classify_says_of_each_event_who_made_it(command: CommandLine) -> None:
    answer = command("events", "classify", str(SAMPLES / "events.csv"), "--json")
    told = {each["event_id"]: each["actor"] for each in answer.document["events"]}
    assert answer.code == 0
    machines = {each["event_id"] for each in truth_of_samples() if each["machine"]}
    assert {id_ for id_, actor in told.items() if actor == "suspected_bot"} == machines
    assert all(each["reason"] for each in answer.document["events"])
    words = command("events", "classify", str(SAMPLES / "events.csv"), "--lang", "ja").out
    assert "行動履歴 2683 件、うち 432 件は機械の疑い" in words


def test_classify_names_the_rows_that_it_cannot_read(command: CommandLine, tmp_path: Path) -> None:
    path = write_events(
        tmp_path / "odd.csv",
        {"event": "page_viewed", "occurred_at": WHEN, "email": PERSON},
        {"event": "page_viewed", "occurred_at": "soon", "email": PERSON},
    )
    answer = command("events", "classify", str(path), "--json")
    assert (answer.code, len(answer.document["events"])) == (2, 1)
    assert [(each["line"], each["reason"]) for each in answer.document["rejects"]] == [
        (3, "bad_time")
    ]
    assert "line 3" in command("events", "classify", str(path), "--lang", "en").out


def test_events_are_imported_listed_and_taken_back(command: CommandLine, tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text(f"Email,Full Name\n{PERSON},Hana Mori\n", encoding="utf-8")
    command("import", str(leads))
    path = write_events(
        tmp_path / "site.csv",
        {"event_id": "1", "event": "page_viewed", "occurred_at": WHEN, "email": PERSON},
        {
            "event_id": "2",
            "event": "demo_watched",
            "occurred_at": WHEN,
            "email": "who@else.example",
        },
    )
    dry = command("import", str(path), "--kind", "events", "--dry-run", "--json")
    assert (dry.code, dry.document["run"]) == (0, None)
    done = command("import", str(path), "--kind", "events", "--json")
    (report,) = done.document["files"]
    names = ("records", "accepted", "rejected", "created", "updated", "unchanged", "duplicates")
    assert [report[name] for name in names] == [2, 2, 0, 2, 0, 0, 0]
    assert (report["waiting"], report["unknown_events"]) == (1, {"demo_watched": 1})
    assert {name: dry.document["files"][0][name] for name in names} == {
        name: report[name] for name in names
    }
    again = command("import", str(path), "--kind", "events", "--lang", "en")
    assert (again.code, "demo_watched" in again.out) == (0, True)
    command("run", "scoring")
    (listed,) = command("events", "list", PERSON, "--json").document["events"]
    assert (listed["event_id"], listed["event"], listed["actor"]) == ("1", "page_viewed", "human")
    assert "page_viewed" in command("events", "list", PERSON, "--lang", "ja").out
    undone = command("import", "--undo", str(report["run"]), "--json")
    assert undone.document["events_removed"] == 2
    assert command("events", "list", PERSON, "--json").document["events"] == []


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--kind", "events", "--yes"), "--yes"),
        (("--kind", "events", "--backfill"), "--backfill"),
        (("--kind", "outcomes"), "Outcomes"),
        (("--kind", "people"), "events"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    command: CommandLine, options: tuple[str, ...], word: str
) -> None:
    answer = command("import", str(SAMPLES / "events.csv"), *options, "--lang", "en")
    assert answer.code == 1
    assert word in answer.err


def test_a_file_of_leads_is_refused_as_events(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(f"Email,Full Name\n{PERSON},Hana Mori\n", encoding="utf-8")
    for words in (("events", "classify", str(path)), ("import", str(path), "--kind", "events")):
        answer = command(*words, "--lang", "ja")
        assert (answer.code, "occurred_at" in answer.err) == (1, True)
