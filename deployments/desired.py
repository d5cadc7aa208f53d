"""What Prefect is to have of ours, made from the project: one deployment for each flow.

`leadline deploy` and `deployments.serve` both apply exactly this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from deployments.automations import make_automations
from deployments.plan import RUNS_AT_ONCE, SCHEDULE_MARK, Line, Wanted
from flows.alert_admin import alert_admin
from flows.import_files import import_files
from flows.process_submissions import process_submissions
from flows.refresh_scores import refresh_scores
from flows.remove_old_runs import remove_old_runs
from flows.run import TAG, WATCHED
from flows.send_due_touches import send_due_touches
from flows.simulate_scoring import simulate_scoring
from flows.watch import watch
from leadline.cli.prefect_server import HEARTBEAT

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from prefect import Flow
    from prefect.events.schemas.automations import AutomationCore

    from leadline.config.shape import Project

FOOTER: Final = (
    "_Comes from `config/` by `leadline deploy`; what is edited here is put back by the next one._"
)
#: For runs that a worker starts, whatever its own environment is: what `leadline up` sets.
POOL_ENV: Final = {
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(int(HEARTBEAT.total_seconds())),
    "PREFECT_LOGGING_EXTRA_LOGGERS": "leadline",
    "PREFECT_CLIENT_MAX_RETRIES": "10",
}
#: A run of the watch lasts 59 minutes, so each hour's run finds the one before ended.
HOURLY: Final = Line("0 * * * *", "UTC")


@dataclass(frozen=True, slots=True)
class Served:
    """A flow that has a deployment.

    Attributes:
        flow: Prefect's flow.
        tags: beside `leadline`.
        collision: what becomes of a run while another one is under way. Each run does whatever
            is due, so runs that piled up are one run; an alert is about one thing and waits.
        unscheduled: says how it is started when it has no schedule.
        runs_at_once: how many may be under way.
    """

    flow: Flow[..., Any]
    tags: frozenset[str] = frozenset({WATCHED})
    collision: Literal["CANCEL_NEW", "ENQUEUE"] = "CANCEL_NEW"
    unscheduled: str = "none; started by hand"
    runs_at_once: int = RUNS_AT_ONCE


_HOUR: Final = timedelta(hours=1)
_MARKUP: Final = re.compile(r"[*_<>\[\]]")
#: Every flow with a deployment, by its name in `config/schedules.yaml`.
SERVED: Final[dict[str, Served]] = {
    "import_files": Served(import_files),
    "process_submissions": Served(process_submissions),
    "send_due_touches": Served(send_due_touches),
    "refresh_scores": Served(refresh_scores),
    "remove_old_runs": Served(remove_old_runs),
    "simulate_scoring": Served(simulate_scoring, collision="ENQUEUE"),
    "alert_admin": Served(alert_admin, frozenset(), "ENQUEUE", "none; started by automations"),
}
#: With a work pool only: `leadline up` runs it as a process of its own. The next run waits until
#: the one before ends for it; refused, it would leave up to an hour without a watch. A slot that
#: a killed process keeps for five minutes does no harm here: the schedules are the safety net.
WATCH: Final = Served(
    watch,
    collision="ENQUEUE",
    unscheduled="every hour, for 59 minutes (UTC)",
    runs_at_once=1,
)


def want_deployments(project: Project) -> list[Wanted]:
    """Return the deployments of a project; a flow without a schedule is started by hand."""
    pool = project.settings.prefect.work_pool
    wanted = [
        _want(served, *_schedule(project, name, served), pool) for name, served in SERVED.items()
    ]
    if pool:
        lines, words = _schedule(project, "watch", WATCH)
        wanted.append(_want(WATCH, lines or (HOURLY,), words, pool))
    return wanted


def _schedule(project: Project, name: str, served: Served) -> tuple[tuple[Line, ...], str]:
    """Return the cron lines of a flow, and when it runs in words."""
    schedule = project.schedules.get(name)
    if schedule is None:
        return (), served.unscheduled
    found = schedule.recurrence
    lines = tuple(
        Line(cron, _zone_for(cron, found.timezone), not schedule.paused) for cron in found.lines
    )
    zone = "" if found.timezone in found.words else f" ({found.timezone})"
    paused = " (paused)" if schedule.paused else ""
    return lines, f"{_plainly(found.words)}{zone}{paused}"


def _zone_for(cron: str, zone: str) -> str:
    """Return the zone in which Prefect reads a line: UTC for a pace through all hours and days.

    In a local zone Prefect leaves out the hour that comes twice when summer time ends.
    """
    is_pace = cron.split()[1:] == ["*"] * 4
    at = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (1, 7))
    is_whole = all((each.utcoffset() or timedelta(0)) % _HOUR == timedelta(0) for each in at)
    return "UTC" if is_pace and is_whole else zone


def _plainly(words: str) -> str:
    """Return words for Markdown: a cron line as code, because `*` would set it in italics."""
    return f"`{words}`" if _MARKUP.search(words) else words


def _want(served: Served, lines: tuple[Line, ...], words: str, pool: str | None) -> Wanted:
    flow = served.flow
    does = (flow.description or "").split("\n", maxsplit=1)[0]
    return Wanted(
        name=flow.name,
        entrypoint=f"{flow.fn.__module__}.{flow.fn.__name__}",
        description=f"{does}\n\n{SCHEDULE_MARK} {words}\n\n{FOOTER}",
        tags=served.tags | {TAG},
        parameters=flow.parameters.model_dump_for_openapi(),
        version=version("leadline"),
        lines=lines,
        runs_at_once=served.runs_at_once,
        collision=served.collision,
        work_pool=pool,
        env=POOL_ENV if pool else {},
    )


def want_automations(id_of: Callable[[str], UUID]) -> list[AutomationCore]:
    """Return the automations of every project.

    Args:
        id_of: gives a deployment's id by its name.
    """
    return [
        *make_automations(
            alert_deployment_id=id_of(SERVED["alert_admin"].flow.name), heartbeat=HEARTBEAT
        )
    ]
