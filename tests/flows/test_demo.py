"""The demo: nothing of the caller's settings is used, and a step that fails ends it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from prefect.states import Completed, Failed

from deployments import demo_flows
from deployments.demo import demo_environment
from leadline.mail.relay import read_relay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest
    from prefect.client.schemas.objects import State

CALLERS = {
    "LEADLINE_SMTP_URL": "smtp://relay.example.com",
    "LEADLINE_DATABASE_URL": "postgresql://db.example.com/leads",
    "LEADLINE_HOME": "/srv/leads",
    "LEADLINE_LANG": "ja",
    "PREFECT_API_URL": "https://prefect.example.com/api",
}


def test_demo_writes_and_sends_where_the_caller_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (os.environ | CALLERS).items():  # what the demo takes away comes back
        monkeypatch.setenv(name, value)
    environment = demo_environment(tmp_path / "demo", None)
    assert read_relay(environment.smtp_url) is None
    assert environment.database_url.startswith("sqlite:")
    assert (environment.home, environment.lang) == (tmp_path / "demo", "ja")
    assert "PREFECT_API_URL" not in os.environ


async def test_demo_ends_at_the_step_that_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def steps() -> AsyncIterator[State[Any]]:
        yield Completed()
        yield Failed(message="Stage intake failed")
        yield Completed()

    monkeypatch.setattr(demo_flows, "run_flows", steps)
    assert await demo_flows._tell() == 1
    assert capsys.readouterr().out == "step\nFailed: Stage intake failed\n"
