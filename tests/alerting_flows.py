"""Tiny flows that end, wait, sleep or never begin, and the programs that run them.

`python -m tests.alerting_flows PROGRAM`, for tests/flows/test_automations.py. Flows of another
team do the same as ours and lack our tags.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final

from prefect import flow, pause_flow_run, serve, suspend_flow_run, tags
from prefect.deployments import run_deployment
from prefect.states import Completed
from prefect.types.entrypoint import EntrypointType

from flows.alert_admin import alert_admin
from flows.endings import failed, idle
from flows.run import TAG, WATCHED, BadInstant
from leadline.domain.endings import ATTENTION

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

OURS: Final = (TAG, WATCHED)
THEIRS: Final = ("other-team",)
ALERT: Final = "leadline-alert-admin"
#: What a library may put into the text of its error.
PERSON: Final = "suzuki@example.com"
NEEDS: Final = "3 quarantined: mend the rows that `leadline status` names"
_LONG: Final = 3600


@flow(name="leadline-test-breaks")
async def breaks() -> None:
    """Fail in words of others."""
    message = f"{PERSON} is no number"
    raise ValueError(message)


@flow(name="leadline-test-refuses")
async def refuses() -> Any:  # noqa: ANN401 - a state
    """Fail in words of ours."""
    return failed(BadInstant(), "en")


@flow(name="leadline-test-attends")
async def attends() -> Any:  # noqa: ANN401 - a state
    """Leave rows that need a person."""
    return Completed(name=ATTENTION, message=NEEDS)


@flow(name="leadline-test-idles")
async def idles() -> Any:  # noqa: ANN401 - a state
    """Find nothing to do."""
    return idle("nothing was due")


@flow(name="leadline-test-suspends")
async def suspends() -> None:
    """Wait for a decision without a process."""
    await suspend_flow_run(timeout=_LONG)  # type: ignore[misc]  # said to return None


@flow(name="leadline-test-pauses")
async def pauses() -> None:
    """Wait for a decision in a process that goes on."""
    await pause_flow_run(timeout=_LONG)  # type: ignore[misc]  # said to return None


@flow(name="leadline-test-sleeps")
async def sleeps() -> None:
    """Work for very long."""
    await asyncio.sleep(_LONG)


@flow(name="leadline-test-waits")
async def waits() -> None:
    """Be served by nobody, so that its runs are late."""


def deployed(what: Flow[..., Any], name: str, *marks: str) -> RunnerDeployment:
    """Return a deployment whose runs bear these tags."""
    made: RunnerDeployment = what.to_deployment(  # type: ignore[assignment]  # no loop is running
        name, entrypoint_type=EntrypointType.MODULE_PATH, tags=list(marks)
    )
    return made


def serve_all() -> None:
    """Serve the alerts, and runs that live as long as the test."""
    serve(
        deployed(alert_admin, ALERT, TAG),
        deployed(suspends, "suspends", *OURS),
        deployed(suspends, "suspends-theirs", *THEIRS),
        deployed(pauses, "pauses", *OURS),
        deployed(sleeps, "sleeps", *OURS),
        limit=20,
    )


def serve_doomed() -> None:
    """Serve runs that are killed together with this process."""
    serve(
        deployed(sleeps, "doomed", *OURS),
        deployed(sleeps, "doomed-theirs", *THEIRS),
        pause_on_shutdown=False,
    )


def end_all() -> None:
    """Run in this process what ends at once, and plan what never begins."""
    for marks in (THEIRS, OURS):
        with tags(*marks):
            asyncio.run(_end())
        name = f"waits-{marks[0]}"
        deployed(waits, name, *marks).apply()
        run_deployment(f"leadline-test-waits/{name}", timeout=0)


async def _end() -> None:
    for ending in (idles, breaks, breaks, refuses, attends):
        await ending(return_state=True)


if __name__ == "__main__":
    # flows are known by their module: those of `__main__` cannot be loaded by another process
    from tests import alerting_flows as found

    {"serve": found.serve_all, "doomed": found.serve_doomed, "end": found.end_all}[sys.argv[1]]()
