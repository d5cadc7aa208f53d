"""Real Prefect servers: our own is started, asked, refused a twin, and stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from leadline.cli.prefect_server import (
    PortTaken,
    PrefectServerFailed,
    PrefectServerRunning,
    is_healthy,
    prefect_settings,
    start_server,
)
from leadline.config.environment import read_environment
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.cli.prefect_server import PrefectServer
    from leadline.config.environment import Environment

pytestmark = pytest.mark.xdist_group("prefect")  # a server takes a processor for 15 s


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return a_project(tmp_path_factory.mktemp("server") / "home")


@pytest.fixture(scope="module")
def server(environment: Environment) -> Iterator[PrefectServer]:
    with start_server(environment) as started:
        yield started


def test_server_answers_and_its_pages_call_it_and_nobody_else(server: PrefectServer) -> None:
    with urllib.request.urlopen(f"{server.ui_url}/ui-settings", timeout=60) as answer:  # noqa: S310
        settings = json.load(answer)
    assert settings["api_url"] == server.api_url
    with urllib.request.urlopen(f"{server.ui_url}/", timeout=60) as answer:  # noqa: S310
        assert answer.status == 200


def test_server_listens_on_its_loopback_address_alone(server: PrefectServer) -> None:
    port = int(server.ui_url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):  # whoever listens everywhere answers here as well
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_second_server_on_the_same_database_is_refused(
    environment: Environment, server: PrefectServer
) -> None:
    with pytest.raises(PrefectServerRunning) as caught, start_server(environment):
        pass
    assert server.ui_url in caught.value.say("en")
    assert server.ui_url in caught.value.say("ja")


def test_port_in_use_is_named_before_anything_starts(tmp_path: Path) -> None:
    environment = a_project(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as caught, start_server(environment, port=port):
            pass
    assert f"Port {port} on 127.0.0.1" in caught.value.say("en")
    assert "`leadline up --prefect-port" in caught.value.say("ja")
    assert not (environment.state / "prefect").exists()


def test_server_that_ends_at_once_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "nonsense")
    environment = a_project(tmp_path / "home")
    with pytest.raises(PrefectServerFailed) as caught, start_server(environment):
        pass
    assert str(environment.state / "logs" / "prefect-server.log") in caught.value.say("en")
    assert "`leadline doctor`" in caught.value.say("ja")


def test_given_server_is_used_as_it_is(tmp_path: Path) -> None:
    url = "https://prefect.example.com/api"
    environment = read_environment({"LEADLINE_HOME": str(tmp_path), "PREFECT_API_URL": url})
    with start_server(environment) as server:
        assert (server.api_url, server.process) == (url, None)
        touched = [name for name in server.settings if name.startswith("PREFECT_SERVER_")]
    assert sorted(touched) == [
        "PREFECT_SERVER_ANALYTICS_ENABLED",
        "PREFECT_SERVER_EPHEMERAL_ENABLED",
    ]
    assert "PREFECT_HOME" not in server.settings


def test_every_setting_is_one_that_prefect_knows(environment: Environment) -> None:
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_settings_fields

    known = {*_get_settings_fields(Settings), "DO_NOT_TRACK"}
    assert set(prefect_settings(environment, "http://127.0.0.1:1/api")) <= known


def test_server_is_gone_after_its_context(tmp_path: Path) -> None:
    environment = a_project(tmp_path / "home")
    with start_server(environment) as server:
        assert server.is_running()
    assert not server.is_running()
    assert not is_healthy(server.api_url)


def test_probe_finds_a_server_that_answers_and_plans_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.probe", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["ok"], found["error"], found["server"]) == (True, "", "own")
    assert done.returncode == 0


def test_probe_says_why_when_a_given_server_does_not_answer(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.probe", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["ok"], found["server"], done.returncode) == (False, "given", 1)
    assert found["error"].startswith("ConnectError")


def test_server_does_not_outlive_its_group(tmp_path: Path) -> None:
    environment = a_project(tmp_path / "home")
    with start_server(environment) as server:
        assert server.process is not None
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
    with start_server(environment):  # the lock went with the one that was killed
        pass
