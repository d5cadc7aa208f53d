"""Serves the flows on their schedules: one process polls for all, each run in a subprocess.

    python -m deployments.serve

`leadline up` starts it. At its start it applies what `leadline deploy` applies; what that command
changes later counts at once, without a restart. Where `config/settings.yaml` names a work pool,
its workers run the flows and this program refuses: never both for one project.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from deployments.deploy import apply_project
from leadline.cli.prefect_server import PoolNamed, PrefectServerAbsent, find_server
from leadline.config.environment import read_environment
from leadline.config.loader import read_project
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from prefect.deployments.runner import RunnerDeployment

    from leadline.cli.prefect_server import PrefectServer
    from leadline.config.environment import Environment
    from leadline.config.shape import Project

_MOST_AT_ONCE: Final = 4
_WAIT_SECONDS: Final = 600.0
_LOOK_EVERY: Final = 1.0


def make_served(ids: Mapping[str, UUID]) -> list[RunnerDeployment]:
    """Return the deployments as Prefect's runner takes them: applied already.

    Args:
        ids: of the deployments as they were applied, by name.
    """
    from prefect.deployments.runner import RunnerDeployment

    class Applied(RunnerDeployment):
        """A deployment that its runner polls for and does not change."""

        async def aapply(self, *_: object, **__: object) -> UUID:  # codespell:ignore aapply
            """Return the id; Prefect's own way would rewrite what `apply_project` wrote."""
            return ids[self.name]

    return [Applied(name=name, flow_name=name) for name in ids]


def wait_for_server(environment: Environment) -> PrefectServer:
    """Return the server as soon as it answers.

    Raises:
        PrefectServerAbsent: it did not within ten minutes.
    """
    ends_at = time.monotonic() + _WAIT_SECONDS
    is_told = False
    while True:
        try:
            return find_server(environment)
        except PrefectServerAbsent as error:
            if time.monotonic() > ends_at:
                raise
            if not is_told:
                print(error.say(environment.lang), file=sys.stderr, flush=True)
                is_told = True
        time.sleep(_LOOK_EVERY)


def cancel_stale(project: Project, ids: Mapping[str, UUID], lang: str) -> None:
    """Cancel what was planned while nobody served, but each flow's newest run.

    Each of them would start a process to find out that another has done its work. When it does
    not succeed they do just that.
    """
    from httpx import HTTPError

    from flows import due_times

    names = [due_times.PREFIX + flow.replace("_", "-") for flow in project.schedules]
    try:
        asyncio.run(due_times.cancel_stale([ids[name] for name in names if name in ids], lang=lang))
    except HTTPError as error:
        print(f"stale runs stay planned: {type(error).__name__}", file=sys.stderr, flush=True)


def main() -> int:
    """Serve until a signal ends it; returns the exit code."""
    environment = read_environment(os.environ)
    try:
        project = read_project(environment.home)
        pool = project.settings.prefect.work_pool
        if pool:
            raise PoolNamed(pool=pool)
        outcome = apply_project(environment, project, wait_for_server(environment))
    except LeadlineError as error:
        print(error.say(environment.lang), file=sys.stderr)
        return 1
    cancel_stale(project, outcome.ids, environment.lang)
    from prefect import serve

    serve(*make_served(outcome.ids), limit=_MOST_AT_ONCE, pause_on_shutdown=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
