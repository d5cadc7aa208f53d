"""`leadline consents LEAD`: the evidence, the bans, and the gate's answer, in words and as JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.config.environment import read_environment
from leadline.domain.keys import address_hash
from leadline.stages import open_workspace
from leadline.store.suppressions import add_consents, add_suppressions
from tests.builders import NOW, add_person
from tests.command_line import CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "mituru@ikeda.example"
DAY = timedelta(days=1)


def evidence(lead_id: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - columns
    nothing = dict.fromkeys(("basis", "wording", "version", "submission_id", "network_address"))
    what = {
        "lead_id": lead_id,
        "purpose": "marketing",
        "channel": "email",
        "source": "form:contact",
    }
    said = {"is_granted": True, "is_pending": False, "undone_at": None, "at": NOW}
    return {**nothing, **what, **said, **changes}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with one person in Japan who said many things."""
    home = a_project(tmp_path_factory.mktemp("made"))
    settings = home / "config" / "settings.yaml"
    stated = settings.read_text("utf-8").replace("timezone: UTC", "timezone: Asia/Tokyo")
    settings.write_text(stated, "utf-8")
    environment = read_environment({"LEADLINE_HOME": str(home)})
    with open_workspace(environment, now=NOW) as work, work.store.write() as connection:
        table_of = add_person(connection, email=EMAIL, country="JP").lead_id
        connection.exec_driver_sql("DELETE FROM consents")
        opted = {"basis": "opt_in", "wording": "製品情報を受け取る", "version": "3"}
        rows = [
            evidence(table_of, is_pending=True, at=NOW - 4 * DAY, **opted),
            evidence(table_of, undone_at=NOW, at=NOW - 3 * DAY, basis="business_relationship"),
            evidence(table_of, is_granted=False, at=NOW - 2 * DAY, source="unsubscribe"),
            evidence(table_of, at=NOW - DAY, network_address="192.0.2.7", **opted),
        ]
        for row in rows:
            add_consents(connection, [row])
        hash_ = address_hash(EMAIL, pepper=work.store.pepper)
        ban = {"scope": "marketing", "cause": "unsubscribe", "message_id": None}
        add_suppressions(connection, [{"address_hash": hash_, **ban, "at": NOW - 2 * DAY}])
    return home


@pytest.fixture
def command(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(a_copy(made, tmp_path), monkeypatch, capsys)


@pytest.fixture
def lifted(command: CommandLine) -> CommandLine:
    """Give the project after the ban was lifted."""
    command.execute("UPDATE suppressions SET lifted_at = '2026-11-19 02:00:00.000000'")
    return command


def test_evidence_comes_oldest_first_with_what_became_of_it(command: CommandLine) -> None:
    found = command("consents", EMAIL, "--json").document
    assert [row["answer"] for row in found["consents"]] == [
        *("pending", "undone"),
        *("refused", "granted"),
    ]
    last = found["consents"][-1]
    assert (last["basis"], last["version"], last["wording"], last["network_address"]) == (
        *("opt_in", "3"),
        *("製品情報を受け取る", "192.0.2.7"),
    )
    assert (last["source"], last["at"]) == ("form:contact", "2026-11-19T01:00:00Z")


def test_ban_in_force_is_shown_with_its_cause_and_forbids_mail(command: CommandLine) -> None:
    found = command("consents", EMAIL, "--json").document
    (ban,) = found["suppressions"]
    assert (ban["cause"], ban["is_in_force"], ban["lifted_at"]) == ("unsubscribe", True, None)
    permission = found["permission"]
    assert (permission["is_allowed"], permission["reason"]) == (False, "suppressed")
    said = command("consents", EMAIL).out
    assert "May be mailed for marketing: no: the address is on the suppression list." in said
    assert "Banned from marketing mail since 2026-11-18 10:00: unsubscribed." in said


def test_newer_yes_allows_mail_once_the_ban_is_lifted(lifted: CommandLine) -> None:
    found = lifted("consents", EMAIL, "--json").document
    assert found["permission"] == {
        "purpose": "marketing",
        "channel": "email",
        "is_allowed": True,
        "basis": "opt_in",
        "since": "2026-11-19T01:00:00Z",
        "until": None,
        "reason": None,
        "text": "agreed to marketing mail",
    }
    assert (found["suppressions"][0]["is_in_force"], found["timezone"]) == (False, "Asia/Tokyo")


def test_words_are_in_the_company_zone_and_both_languages(lifted: CommandLine) -> None:
    said = lifted("consents", 1).out
    assert "yes, on the basis: agreed to marketing mail, since 2026-11-19 10:00." in said
    assert "Banned from marketing mail from 2026-11-18 10:00 to 2026-11-19 11:00" in said
    japanese = lifted("consents", EMAIL, "--lang", "ja").out
    assert "シナリオメールの送信: 可(根拠: メール配信に同意済み、2026-11-19 10:00 から)" in japanese
    for word in ("確認待ち", "取込の取り消しにより無効", "拒否", "解除済み"):
        assert word in japanese


def test_refusal_without_a_newer_yes_is_the_reason(lifted: CommandLine) -> None:
    lifted.execute("DELETE FROM consents WHERE network_address IS NOT NULL")
    permission = lifted("consents", EMAIL, "--json").document["permission"]
    assert (permission["is_allowed"], permission["reason"]) == (False, "refused")


def test_lead_without_evidence_says_so(lifted: CommandLine) -> None:
    lifted.execute("DELETE FROM consents")
    said = lifted("consents", EMAIL).out
    assert "There is no evidence of a yes or a no." in said
    assert "no: no consent to marketing mail" in said


@pytest.mark.parametrize("name", ["99", "nobody@x.example"])
def test_lead_that_is_not_there_is_refused(command: CommandLine, name: str) -> None:
    answer = command("consents", name)
    assert answer.code == 1
    assert name in answer.err
