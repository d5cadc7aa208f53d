"""Serves the flows on their schedules: one process polls for all, each run in a subprocess.

    python -m deployments.serve

`leadline up` starts it. Where a work pool is used instead, see `deployments/prefect.yaml`; never
both for one project.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.import_files import import_files
from flows.process_submissions import process_submissions
from flows.run import TAG
from flows.send_due_touches import send_due_touches
from leadline.config.environment import read_environment
from leadline.config.loader import read_project
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Schedule

    from leadline.config.shape import ScheduleShape

#: What a schedule of `config/schedules.yaml` starts. The watch runs as long as the machine is
#: up, in a process of its own, and needs no schedule here.
SERVED: Final[dict[str, Flow[..., Any]]] = {
    "import_files": import_files,
    "process_submissions": process_submissions,
    "send_due_touches": send_due_touches,
}
#: Runs that piled up while the machine was off are one run: each does whatever is due.
ONE_AT_A_TIME: Final = ConcurrencyLimitConfig(
    limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
)
_MOST_AT_ONCE: Final = 4


def make_deployments(schedules: Mapping[str, ScheduleShape]) -> list[RunnerDeployment]:
    """Return the deployments of a project; a flow without a schedule is started by hand.

    Args:
        schedules: `config/schedules.yaml`, by flow.
    """
    return [_make(flow, schedules.get(name)) for name, flow in SERVED.items()]


def _make(flow: Flow[..., Any], schedule: ScheduleShape | None) -> RunnerDeployment:
    made = flow.to_deployment(
        flow.name,
        description=(flow.description or "").split("\n", maxsplit=1)[0],
        entrypoint_type=EntrypointType.MODULE_PATH,
        concurrency_limit=ONE_AT_A_TIME,
        tags=[TAG],
        schedules=[_cron(schedule)] if schedule else [],
    )
    return cast("RunnerDeployment", made)  # a coroutine only inside a running loop


def _cron(schedule: ScheduleShape) -> Schedule:
    return Cron(
        schedule.cron,
        timezone=schedule.timezone,
        active=not schedule.paused,
        slug="config",
    )


def main() -> int:
    """Serve until a signal ends it; returns the exit code."""
    environment = read_environment(os.environ)
    try:
        schedules = read_project(environment.home).schedules
    except LeadlineError as error:
        print(error.say(environment.lang), file=sys.stderr)
        return 1
    serve(*make_deployments(schedules), limit=_MOST_AT_ONCE, pause_on_shutdown=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
