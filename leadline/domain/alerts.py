"""Alerts: what is worth a mail to the admin, which words of a run may be told, and how often.

A run's message is told only where it is ours. Whatever else failed may have put a row into its
text, so of that the name of the state is all that is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from leadline.domain.endings import ATTENTION

if TYPE_CHECKING:
    from datetime import datetime

#: At most one mail per kind and flow in this time.
APART: Final = timedelta(hours=1)
#: The message of a run that the server marked as Crashed because it went silent.
HEARTBEAT_LOST: Final = "heartbeat lost"
_FAILED: Final = "Failed"
#: Ends the message of a run that failed in words of ours, see `sign`.
_SIGNATURE: Final = re.compile(r" \[leadline: \w+\]$")


class Kind(StrEnum):
    """What happened."""

    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    ZOMBIE = "zombie"
    ATTENTION = "attention"
    LATE = "late"
    APPROVAL = "approval"
    OVERDUE = "overdue"


#: The states of a run that an alert may be about.
STATES: Final = {
    _FAILED: Kind.FAILED,
    "Crashed": Kind.CRASHED,
    "TimedOut": Kind.TIMED_OUT,
    ATTENTION: Kind.ATTENTION,
    "Late": Kind.LATE,
    "Paused": Kind.APPROVAL,
    "Suspended": Kind.APPROVAL,
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that the admin is told.

    Attributes:
        kind: what happened.
        flow: the flow's name, such as `import_files`.
        subject: what tells it from others of its kind and flow, such as a run's id and state.
        at: when it happened.
        state: the run's state then, "" where there was no run.
        state_now: the run's state when the alert was made, "" when it is the same.
        message: the run's own words, "" where they are not ours.
        run_url: where the run can be looked at, "" where there is none.
    """

    kind: Kind
    flow: str
    subject: str
    at: datetime
    state: str = ""
    state_now: str = ""
    message: str = ""
    run_url: str = ""


def kind_of(state: str, message: str) -> Kind | None:
    """Return what a run's state says happened, None when it is nothing to tell."""
    if state == "Crashed" and message == HEARTBEAT_LOST:
        return Kind.ZOMBIE
    return STATES.get(state)


def flow_named(name: str) -> str:
    """Return a flow's name as schedules.yaml has it: `import_files` of `leadline-import-files`."""
    return name.removeprefix("leadline-").replace("-", "_")


def sign(message: str, kind: str) -> str:
    """Mark the message of a failed run as worded by us, which Prefect's own messages never are.

    Args:
        message: the words; they hold counts, names of ours and places in files.
        kind: name of the error, for whoever searches.
    """
    return f"{message} [leadline: {kind}]"


def told_message(state: str, message: str) -> str:
    """Return what may be told of a run's message: all of it where it is ours, else ""."""
    if state == ATTENTION:
        return message
    if state == _FAILED and _SIGNATURE.search(message):
        return _SIGNATURE.sub("", message)
    return ""
