"""Alerts: what a state says happened, and whose words may be told."""

from __future__ import annotations

import pytest

from leadline.domain.alerts import (
    HEARTBEAT_LOST,
    Kind,
    flow_named,
    kind_of,
    sign,
    told_message,
)


@pytest.mark.parametrize(
    ("state", "message", "kind"),
    [
        ("Failed", "", Kind.FAILED),
        ("Crashed", "exited with status code: -9", Kind.CRASHED),
        ("Crashed", HEARTBEAT_LOST, Kind.ZOMBIE),
        ("TimedOut", "", Kind.TIMED_OUT),
        ("Attention", "", Kind.ATTENTION),
        ("Late", "", Kind.LATE),
        ("Paused", "", Kind.APPROVAL),
        ("Suspended", "", Kind.APPROVAL),
        ("Completed", "", None),
        ("Idle", "", None),
    ],
)
def test_state_says_what_happened(state: str, message: str, kind: Kind | None) -> None:
    assert kind_of(state, message) is kind


def test_message_is_told_when_it_is_ours() -> None:
    assert told_message("Attention", "3 quarantined") == "3 quarantined"
    assert told_message("Failed", sign("The database is locked.", "DatabaseLocked")) == (
        "The database is locked."
    )


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("Failed", "Flow run encountered an exception: ValueError: suzuki@example.com"),
        ("Failed", "[leadline: StageError] suzuki@example.com"),
        ("Crashed", sign("suzuki@example.com", "ValueError")),
        ("Late", "suzuki@example.com"),
    ],
)
def test_message_of_others_is_never_told(state: str, message: str) -> None:
    assert told_message(state, message) == ""


def test_flow_is_called_as_schedules_call_it() -> None:
    assert flow_named("leadline-import-files") == "import_files"
    assert flow_named("import_files") == "import_files"
