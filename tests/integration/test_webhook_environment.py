"""Where the secrets of webhooks come from, and what `leadline doctor` says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.config.environment import GraphElsewhere, read_environment, webhook_variable
from tests.command_line import CommandLine
from tests.factories import a_project

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "canary-secret"  # noqa: S105 - of no tool


def test_secrets_come_from_the_variables_and_from_the_file_and_are_never_shown(
    tmp_path: Path,
) -> None:
    home = a_project(tmp_path / "home").home
    path = home / ".leadline" / "secrets.env"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"LEADLINE_WEBHOOK_SECRET_TALLY={SECRET}, next\n")
    variables = {
        "LEADLINE_HOME": str(home),
        "LEADLINE_WEBHOOK_SECRET_MY_SITE": SECRET,
        "LEADLINE_META_ACCESS_TOKEN": SECRET,
        "LEADLINE_WEBHOOK_VERIFY_META": " ",
    }
    environment = read_environment(variables)
    assert environment.webhook_secrets == {
        "LEADLINE_WEBHOOK_SECRET_TALLY": (SECRET, "next"),
        "LEADLINE_WEBHOOK_SECRET_MY_SITE": (SECRET,),
        "LEADLINE_META_ACCESS_TOKEN": (SECRET,),
    }
    assert SECRET not in repr(environment)


@pytest.mark.parametrize(
    ("source", "variable"),
    [
        ("tally", "LEADLINE_WEBHOOK_SECRET_TALLY"),
        ("my-site.2", "LEADLINE_WEBHOOK_SECRET_MY_SITE_2"),
        ("展示会", "LEADLINE_WEBHOOK_SECRET____"),
    ],
)
def test_variable_is_named_after_the_source(source: str, variable: str) -> None:
    assert webhook_variable("SECRET", source) == variable


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://0x7f000001",
        "https://graph.evil.example",
        "file:///etc/passwd",
        "127.0.0.1",
    ],
)
def test_meta_is_asked_nowhere_but_at_meta_or_on_this_computer(url: str, tmp_path: Path) -> None:
    variables = {"LEADLINE_HOME": str(tmp_path), "LEADLINE_META_GRAPH_URL": url}
    with pytest.raises(GraphElsewhere):
        read_environment(variables)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8099", "http://[::1]:1", "http://localhost"])
def test_server_on_this_computer_may_stand_in_for_meta(url: str, tmp_path: Path) -> None:
    variables = {"LEADLINE_HOME": str(tmp_path), "LEADLINE_META_GRAPH_URL": url}
    assert read_environment(variables).graph_url == url


def test_doctor_names_the_variable_of_a_source_without_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "config/mappings/tally.yaml": "webhook: {key: {header: K}}\n",
        "config/mappings/free.yaml": "webhook: {open: true}\n",
    }
    home = a_project(tmp_path / "home", files=files).home
    command = CommandLine(home, monkeypatch, capsys)

    def found() -> list[tuple[bool, str]]:
        checks = command("doctor", "--quick", "--json").document["checks"]
        return [(c["ok"], c["message"]) for c in checks if c["name"] == "webhooks"]

    ((is_well, message),) = found()
    assert not is_well
    assert "LEADLINE_WEBHOOK_SECRET_TALLY" in message
    monkeypatch.setenv("LEADLINE_WEBHOOK_SECRET_TALLY", SECRET)
    assert [is_well for is_well, _ in found()] == [True]
