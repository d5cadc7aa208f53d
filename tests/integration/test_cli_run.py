"""`leadline run`, `status`, `explain` and `mailbox` over a handful of leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from leadline.clock import SystemClock
from leadline.domain.skips import WORDS, SkipReason
from leadline.stages import ORDER
from leadline.store.engine import open_store
from leadline.store.status import read_standing
from tests.command_line import NOW, CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.new_database, pytest.mark.usefixtures("before_now")]

STATUS_KEYS = {
    *("due", "queued", "unknown", "held", "quarantined", "unassigned"),
    *("sla_breached", "awaiting_approval", "oldest_wait_seconds"),
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, before_now: None) -> Path:
    """Give a project whose leads wait for the pipeline."""
    assert before_now is None
    home = a_project(tmp_path_factory.mktemp("imported"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        from leadline.cli import main

        assert main(["import", str(home / "leads.csv"), "--json"]) == 2
    return home


@pytest.fixture
def command(
    imported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(a_copy(imported, tmp_path), monkeypatch, capsys)


def test_run_answers_with_the_keys_of_the_contract(command: CommandLine) -> None:
    answer = command("run", "--now", NOW, "--json")
    stages = answer.document["stages"]
    assert answer.code == 0
    assert [stage["stage"] for stage in stages] == list(ORDER)
    assert stages[0].keys() == {"stage", "claimed", "done", "skipped", "failed", "seconds"}
    assert len(answer.document["config_hash"]) == 64


def test_run_takes_each_lead_once(command: CommandLine) -> None:
    command("run", "--now", NOW)
    again = command("run", "--now", NOW, "--json")
    assert {stage["claimed"] for stage in again.document["stages"]} == {0}


def test_run_names_its_skips_in_words(command: CommandLine) -> None:
    english = command("run", "scoring", "routing", "enrollment", "--now", NOW)
    assert f"1 skipped: {WORDS[SkipReason.NO_TERRITORY]['en']}" in english.out
    assert f"1 skipped: {WORDS[SkipReason.REFUSED]['en']}" in english.out


def test_run_speaks_japanese(command: CommandLine) -> None:
    answer = command("run", "scoring", "routing", "--now", NOW, "--lang", "ja")
    assert "routing 振り分け" in answer.out
    assert f"1 件見送り: {WORDS[SkipReason.NO_TERRITORY]['ja']}" in answer.out


def test_run_takes_only_the_stages_named_in_the_order_of_the_pipeline(
    command: CommandLine,
) -> None:
    answer = command("run", "routing", "scoring", "--once", "--json")
    stages = answer.document["stages"]
    assert [(stage["stage"], stage["claimed"]) for stage in stages] == [
        ("scoring", 4),
        ("routing", 4),
    ]


@pytest.mark.parametrize("text", ["2026-11-24T09:00:00", "2026-11-24", "noon"])
def test_run_refuses_a_time_that_names_no_instant(command: CommandLine, text: str) -> None:
    answer = command("run", "--now", text)
    assert answer.code == 1
    assert "+09:00" in answer.err
    assert command.query("SELECT count(*) FROM scores") == [(0,)]


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("text", ["2030-06-03", "20300603"])
def test_run_answers_a_date_without_time_with_times_that_it_takes(
    command: CommandLine, text: str, lang: str
) -> None:
    said = command("run", "--now", text, "--lang", lang).err
    suggested = ["2030-06-03T09:00:00+09:00", "2030-06-03T09:00:00Z"]
    assert re.findall(r"2030-06-03T[\d:]+(?:\+[\d:]+|Z)", said) == suggested
    assert [command("run", "intake", "--now", each).code for each in suggested] == [0, 0]


def test_status_counts_what_waits_and_names_the_command(command: CommandLine) -> None:
    before = command("status", "--json").document
    command("run", "--now", NOW)
    after = command("status", "--json").document
    assert before.keys() >= STATUS_KEYS
    assert (before["due"], before["due_by_stage"]["scoring"], before["quarantined"]) == (4, 4, 2)
    assert (after["due"], after["unassigned"], after["awaiting_approval"]) == (0, 1, 0)
    assert "leadline run routing" in command("status").out


def test_status_counts_what_needs_a_person(command: CommandLine) -> None:
    command("run", "--now", NOW)
    command.execute("UPDATE outbox SET state = 'unknown' WHERE kind = 'touch'")
    command.execute("UPDATE enrollments SET next_due_at = NULL, skip_reason = 'template_error'")
    command.execute("UPDATE assignments SET response_due_at = '2026-01-01 00:00:00.000000'")
    command.execute("UPDATE submissions SET state = 'new', received_at = '2026-01-01 00:00:00'")
    found = command("status", "--json").document
    assert [found[name] for name in ("unknown", "held", "quarantined")] == [1, 3, 0]
    assert found["sla_breached"] == 3
    assert found["oldest_wait_seconds"] > 86_400
    assert "leadline check" in command("status").out


def test_status_reads_no_table_from_end_to_end(command: CommandLine) -> None:
    store = open_store(f"sqlite:///{command.database}", pepper="")
    statements: list[tuple[str, Any]] = []
    with store.read() as connection:
        event.listen(
            store.engine, "before_cursor_execute", lambda *given: statements.append(given[2:4])
        )
        read_standing(connection, now=SystemClock().now())
        plans = [
            row[3]
            for text, values in statements[:]
            if text.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
        ]
    store.close()
    assert plans
    assert [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan] == []


def test_commands_speak_to_every_database(command: CommandLine, database_url: str) -> None:
    command.set("LEADLINE_DATABASE_URL", database_url)
    assert command("migrate", "--dry-run", "--json").document["from"] is None
    assert command("import", command.home / "leads.csv").code == 2
    assert command("migrate", "--json").document["steps"] == []
    assert command("run", "--now", NOW).code == 0
    assert command("status", "--json").document["quarantined"] == 2
    assert command("explain", 1, "--json").document["touches"][0]["state"] == "sent"
    found = command("leads", "list", "--where", "country = 'JP'", "--json").document["leads"]
    assert [lead["id"] for lead in found] == [3]
    assert command("leads", "show", 3, "--json").document["submissions"][0]["line"] == 4


def test_explain_shows_the_recorded_score_owner_and_touches(command: CommandLine) -> None:
    command("run", "--now", NOW)
    found = command("explain", "lauren.anderson@ramirez.example", "--json").document
    rules = {rule["id"]: rule["points"] for rule in found["score"]["rules"]}
    assert found["lead"] == 1
    assert found["score"].keys() >= {"points", "grade", "rules"}
    assert rules["large_company"] == 20
    assert sum(rules.values()) == found["score"]["points"]
    assert found["assignment"].keys() >= {"rep", "territory", "candidates", "reason"}
    assert found["assignment"]["candidates"][0].keys() >= {"rep", "load", "capacity"}
    [touch] = found["touches"]
    assert (touch["state"], touch["reason"]) == ("sent", None)
    assert touch.keys() >= {"step", "state", "reason", "at"}
    states = {message["kind"]: message["state"] for message in found["messages"]}
    assert states == {"assignment": "sent", "touch": "sent"}


def test_explain_says_why_there_is_no_mail_and_no_owner(command: CommandLine) -> None:
    command("run", "--now", NOW)
    declined = command("explain", 2, "touches", "--json").document
    waiting = command("explain", 4, "routing", "--json").document
    assert declined["touches"] == []
    assert declined["enrollment_skip"]["reason"] == "refused"
    assert waiting.keys() == {"lead", "assignment", "routing_skip"}
    assert waiting["routing_skip"] is None
    assert waiting["assignment"]["rep"] is None
    assert waiting["assignment"]["reason"] == WORDS[SkipReason.NO_TERRITORY]["en"]


def test_explain_is_readable_in_japanese(command: CommandLine) -> None:
    command("run", "--now", NOW)
    answer = command("explain", 3, "--lang", "ja")
    assert answer.code == 0
    assert "テリトリー" in answer.out
    assert "従業員200〜999名" in answer.out


def test_explain_before_anything_ran_names_the_stage_to_run(command: CommandLine) -> None:
    answer = command("explain", 1)
    assert "leadline run scoring" in answer.out
    assert "leadline run routing" in answer.out


def test_mailbox_holds_what_would_have_been_sent(command: CommandLine) -> None:
    command("run", "--now", NOW)
    messages = command("mailbox", "--json").document["messages"]
    assert messages
    assert messages[0].keys() == {"to", "subject", "at", "path"}
    assert {"lauren.anderson@ramirez.example"} < {message["to"] for message in messages}


def test_mailbox_without_a_desktop_says_where_the_page_is(command: CommandLine) -> None:
    command.set("DISPLAY", "")
    command.set("WAYLAND_DISPLAY", "")
    command("run", "--now", NOW)
    page = command.home / ".leadline" / "mailbox" / "newest.html"
    assert str(page) in command("mailbox", "--open").err
    assert "<html" in page.read_text(encoding="utf-8")


def test_empty_mailbox_says_what_fills_it(command: CommandLine) -> None:
    answer = command("mailbox")
    assert (answer.code, "leadline run" in answer.out) == (0, True)
