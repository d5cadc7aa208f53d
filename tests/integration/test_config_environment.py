"""The environment and the file of secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadline.config import enter_home, read_environment
from leadline.config.environment import HomeUnset, SecretsExposed, SecretsMissing


def write_secrets(state: Path, *, mode: int = 0o600) -> Path:
    state.mkdir()
    path = state / "secrets.env"
    path.write_text("# keep\nLEADLINE_SECRET_KEYS=old, new\nLEADLINE_PEPPER=pepper=1\n")
    path.chmod(mode)
    return path


def test_environment_has_defaults_below_the_home(tmp_path: Path) -> None:
    env = read_environment({"LEADLINE_HOME": str(tmp_path)})
    assert env.state == tmp_path / ".leadline"
    assert env.database_url == f"sqlite:///{tmp_path}/.leadline/leadline.db"
    assert (env.smtp_url, env.base_url) == ("mailbox:", "http://127.0.0.1:8080")
    assert (env.lang, env.prefect_api_url) == ("en", None)


def test_home_is_the_current_folder_when_unset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_environment({"LEADLINE_HOME": ""}).home == tmp_path


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_urls_name_the_driver(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://user:pass@db/leadline"
    env = read_environment({"LEADLINE_HOME": str(tmp_path), "LEADLINE_DATABASE_URL": url})
    assert env.database_url == "postgresql+psycopg://user:pass@db/leadline"


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LEADLINE_LANG": "ja"}, "ja"),
        ({}, "en"),
    ],
)
def test_language_comes_from_the_variable_then_the_locale(
    tmp_path: Path, variables: dict[str, str], lang: str
) -> None:
    assert read_environment({"LEADLINE_HOME": str(tmp_path), **variables}).lang == lang


def test_secrets_come_from_the_file_unless_a_variable_is_set(tmp_path: Path) -> None:
    write_secrets(tmp_path / ".leadline")
    variables = {"LEADLINE_HOME": str(tmp_path)}
    assert read_environment(variables).require_secrets() == (("old", "new"), "pepper=1")
    variables |= {"LEADLINE_SECRET_KEYS": "other"}
    assert read_environment(variables).require_secrets() == (("other",), "pepper=1")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_secrets_open_to_others_are_refused(tmp_path: Path, mode: int) -> None:
    path = write_secrets(tmp_path / ".leadline", mode=mode)
    with pytest.raises(SecretsExposed, match=f"chmod 600 {path}") as caught:
        read_environment({"LEADLINE_HOME": str(tmp_path)})
    assert "pepper" not in caught.value.say("ja")


def test_missing_secrets_name_the_command_only_when_needed(tmp_path: Path) -> None:
    env = read_environment({"LEADLINE_HOME": str(tmp_path)})
    with pytest.raises(SecretsMissing, match="leadline init"):
        env.require_secrets()


def test_environment_shows_no_secret() -> None:
    env = read_environment(
        {
            "LEADLINE_DATABASE_URL": "postgresql://u:canary@db/x",
            "LEADLINE_SMTP_URL": "smtp://u:canary@relay:25",
            "LEADLINE_SECRET_KEYS": "canary",
            "LEADLINE_PEPPER": "canary",
            "PREFECT_API_URL": "http://u:canary@prefect/api",
        }
    )
    assert "canary" not in f"{env!r} {env}"


def test_worker_enters_the_home_of_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    assert enter_home() == {"directory": str(tmp_path)}
    assert Path.cwd() == tmp_path


def test_worker_without_home_is_told_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEADLINE_HOME", raising=False)
    with pytest.raises(HomeUnset, match="LEADLINE_HOME"):
        enter_home()
