"""`leadline init`, `check`, `migrate` and `doctor`: what a project stands on."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from leadline.store import engine
from tests.command_line import CommandLine, a_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.new_database


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("made"))


def edit(command: CommandLine, name: str, old: str, new: str) -> None:
    path = command.home / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# ---- init ----


def test_init_makes_a_project_that_check_accepts(command: CommandLine, tmp_path: Path) -> None:
    home = tmp_path / "new"
    answer = command("init", home, "--json")
    command.set("LEADLINE_HOME", str(home))
    assert (answer.code, answer.document["home"]) == (0, str(home))
    assert stat.S_IMODE((home / ".leadline" / "secrets.env").stat().st_mode) == 0o600
    assert command("check").code == 0


def test_init_again_writes_nothing(command: CommandLine) -> None:
    secrets = (command.home / ".leadline" / "secrets.env").read_bytes()
    assert command("init", command.home, "--json").document["written"] == []
    assert (command.home / ".leadline" / "secrets.env").read_bytes() == secrets


def test_init_prints_no_secret(command: CommandLine, tmp_path: Path) -> None:
    answer = command("init", tmp_path / "new", "--demo")
    lines = (tmp_path / "new" / ".leadline" / "secrets.env").read_text("utf-8").splitlines()
    secrets = [line.partition("=")[2] for line in lines if line.startswith("LEADLINE")]
    assert len(secrets) == 2
    assert not any(secret in answer.out + answer.err for secret in secrets)


def test_init_refuses_a_folder_that_holds_something_else(
    command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.txt").write_text("cat", encoding="utf-8")
    answer = command("init", tmp_path / "photos", "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "folder_occupied"
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.txt"]


def test_init_puts_the_secrets_into_the_state_folder_that_is_set(
    command: CommandLine, tmp_path: Path
) -> None:
    command.set("LEADLINE_STATE", str(tmp_path / "state"))
    assert command("init", tmp_path / "new").code == 0
    assert (tmp_path / "state" / "secrets.env").is_file()


# ---- check ----


def test_check_names_place_and_nearest_word_of_every_fault(command: CommandLine) -> None:
    edit(command, "config/scoring.yaml", "points: 20", "pointz: 20")
    edit(command, "config/sending.yaml", "max_lateness: 3d", "max_lateness: soon")
    edit(
        command, "templates/nurture/welcome/hello/en/body.txt", "lead.", "lead.nickname }}{{ lead."
    )
    answer = command("check", "--json")
    errors = answer.document["errors"]
    assert answer.code == 1
    assert answer.document["config_hash"] is None
    assert {error["file"] for error in errors} >= {"config/scoring.yaml", "config/sending.yaml"}
    assert errors[0].keys() == {"code", "file", "line", "column", "message", "suggestion"}
    assert "points" in [error["suggestion"] for error in errors]


def test_check_finds_an_unknown_variable_of_a_template(command: CommandLine) -> None:
    edit(command, "templates/rep/assignment/en/subject.txt", "grade", "grad")
    answer = command("check", "--json")
    [error] = answer.document["errors"]
    assert (error["code"], error["suggestion"]) == ("unknown_variable", "grade")
    assert error["file"] == "templates/rep/assignment/en/subject.txt"


def test_check_knows_the_custom_fields_of_templates(command: CommandLine) -> None:
    edit(command, "config/settings.yaml", "fields: {}", "fields: {plan: text}")
    edit(command, "templates/nurture/welcome/hello/en/body.txt", "{{", "{{ lead.plan }}{{")
    assert command("check", "--json").document["errors"] == []


def test_check_shows_the_next_five_times_of_each_schedule_in_its_zone(
    command: CommandLine,
) -> None:
    answer = command("check", "--json")
    schedules = {each["flow"]: each for each in answer.document["schedules"]}
    assert len(schedules["import_files"]["next"]) == 5
    assert "Asia/Tokyo" in command("check").out


def test_check_warns_when_mail_leaves_and_links_do_not_work(command: CommandLine) -> None:
    command.set("LEADLINE_SMTP_URL", "smtp://relay.example.com")
    answer = command("check", "--json")
    assert answer.code == 2
    assert "no_public_url" in [warning["code"] for warning in answer.document["warnings"]]
    command.set("LEADLINE_BASE_URL", "https://leads.example.com")
    found = command("check", "--json").document["warnings"]
    assert "no_public_url" not in [warning["code"] for warning in found]


def test_check_needs_neither_database_nor_secrets(command: CommandLine) -> None:
    (command.home / ".leadline" / "secrets.env").unlink()
    command.set("LEADLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert command("check").code in {0, 2}
    assert not command.database.exists()


def test_check_speaks_japanese(command: CommandLine) -> None:
    edit(command, "config/scoring.yaml", "points: 20", "pointz: 20")
    answer = command("check", "--lang", "ja")
    assert "エラー" in answer.out
    assert "config/scoring.yaml:" in answer.out


# ---- migrate ----


def test_migrate_makes_the_database_and_then_has_nothing_to_do(command: CommandLine) -> None:
    plan = command("migrate", "--dry-run", "--json")
    steps = list(engine.REVISIONS)
    assert (plan.code, plan.document["from"], plan.document["steps"]) == (2, None, steps)
    assert not command.database.exists()
    assert command("migrate", "--json").document["to"] == steps[-1]
    assert command("migrate", "--dry-run", "--json").document["steps"] == []
    assert command("migrate", "--dry-run").code == 0


def test_migrate_copies_an_older_database_first(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("migrate")
    # an older database is the present one once there is a newer revision
    present = engine.REVISIONS[-1]
    monkeypatch.setattr(engine, "REVISIONS", (*engine.REVISIONS, "9000"))
    answer = command("migrate", "--json")
    backup = answer.document["backup"]
    assert (answer.document["from"], answer.document["steps"]) == (present, ["9000"])
    assert backup in answer.err
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(present,)]


def test_migrate_refuses_a_newer_database(command: CommandLine) -> None:
    command("migrate")
    command.execute("UPDATE alembic_version SET version_num = '9999'")
    for words in (["migrate"], ["migrate", "--dry-run"]):
        answer = command(*words, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, "schema_newer")


# ---- doctor ----


def checks(command: CommandLine) -> dict[str, dict[str, object]]:
    answer = command("doctor", "--quick", "--json")
    found = {check["name"]: check for check in answer.document["checks"]}
    assert answer.code == (0 if all(check["ok"] for check in found.values()) else 1)
    return found


def test_doctor_answers_with_the_keys_of_the_contract(command: CommandLine) -> None:
    found = checks(command)
    assert found.keys() >= {"python", "packages", "clock", "project", "configuration", "secrets"}
    assert found.keys() >= {"database", "smtp", "disk", "web_port", "prefect_bind"}
    assert {frozenset(check) for check in found.values()} == {
        frozenset({"name", "ok", "message", "fix"})
    }
    assert [name for name, check in found.items() if not check["ok"] and name != "web_port"] == []


def test_doctor_makes_no_database(command: CommandLine) -> None:
    checks(command)
    assert not command.database.exists()


def test_doctor_reports_an_old_schema_with_the_command(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("migrate")
    monkeypatch.setattr(engine, "REVISIONS", (*engine.REVISIONS, "9000"))
    found = checks(command)["database"]
    assert (found["ok"], "leadline migrate" in str(found["fix"])) == (False, True)


def test_doctor_reports_secrets_that_others_may_read(command: CommandLine) -> None:
    (command.home / ".leadline" / "secrets.env").chmod(0o644)
    found = checks(command)
    assert found["secrets"]["ok"] is False
    assert "chmod 600" in str(found["secrets"]["message"])
    assert found["configuration"]["ok"] is True


def test_doctor_reports_a_relay_that_does_not_answer(command: CommandLine) -> None:
    command.set("LEADLINE_SMTP_URL", "smtp://127.0.0.1:1")
    found = checks(command)["smtp"]
    assert (found["ok"], "127.0.0.1:1" in str(found["message"])) == (False, True)


def test_doctor_reports_mail_in_clear_and_links_that_lead_nowhere(command: CommandLine) -> None:
    command.set("LEADLINE_SMTP_URL", "smtp://user:canary@relay.invalid:25?tls=none")
    found = checks(command)
    assert [found[name]["ok"] for name in ("smtp", "tls", "base_url")] == [False, False, False]
    assert "canary" not in str(found)


def test_doctor_reports_a_configuration_error(command: CommandLine) -> None:
    edit(command, "config/scoring.yaml", "points: 20", "pointz: 20")
    found = checks(command)["configuration"]
    assert (found["ok"], "leadline check" in str(found["fix"])) == (False, True)


def test_doctor_demands_a_password_where_prefect_listens_to_the_network(
    command: CommandLine,
) -> None:
    command.set("PREFECT_SERVER_API_HOST", "0.0.0.0")  # noqa: S104 - what doctor must refuse
    assert checks(command)["prefect_bind"]["ok"] is False
    command.set("PREFECT_SERVER_API_AUTH_STRING", "admin:canary")
    assert checks(command)["prefect_bind"]["ok"] is True
