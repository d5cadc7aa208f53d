"""Shows that Prefect works here: a server answers its own client, and its schedules start runs.

    python -m deployments.probe [--json]

Packages that import well may still not make a working server, so a real one is asked: the one
that PREFECT_API_URL names is asked for its deployments; else one is started for this on a free
port with a folder of its own, is given a deployment, must schedule its runs, and is stopped
again. The exit code is 0 when all that went well, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leadline.cli.prefect_server import start_server
from leadline.config.environment import Environment
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefect.client.orchestration import PrefectClient


#: The scheduler looks for new deployments every 5 s.
PLAN_SECONDS: Final = 30
PROBE: Final = "leadline-probe"
UNSCHEDULED: Final = (
    "its scheduler plans no runs: Prefect and SQLAlchemy do not fit together, "
    "install what requirements.txt names"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Probe and print what was found; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.probe", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    is_json = parser.parse_args(arguments).json
    found = probe()
    if is_json:
        print(json.dumps(found, indent=2))
    else:
        names = ("prefect", "fastapi", "sqlalchemy")
        print(", ".join(f"{name} {found[name]}" for name in names) + f": {_outcome(found)}")
    return 0 if found["ok"] else 1


def _outcome(found: dict[str, Any]) -> str:
    if not found["ok"]:
        return f"no server that works ({found['error']})"
    return f"the {found['server']} server works, {len(found['deployments'])} deployment(s)"


def probe() -> dict[str, Any]:
    """Ask a server for its deployments.

    Returns:
        `ok`, `prefect`, `fastapi` and `sqlalchemy` (versions), `server` (given or own),
        `deployments` (those that bear our prefix, by flow/name) and `error` ("" when ok).
    """
    url = os.environ.get("PREFECT_API_URL") or None
    found: dict[str, Any] = {
        "ok": False,
        "prefect": version("prefect"),
        "fastapi": version("fastapi"),
        "sqlalchemy": version("sqlalchemy"),
        "server": "given" if url else "own",
        "deployments": [],
        "error": "",
    }
    with tempfile.TemporaryDirectory(prefix="leadline-probe-") as name:
        folder = Path(name)
        environment = Environment(folder, folder, database_url="", prefect_api_url=url)
        try:
            with start_server(environment) as server:
                os.environ.update(server.settings)  # before Prefect is imported
                found |= asyncio.run(_ask(may_write=url is None))
        except LeadlineError as error:
            log = folder / "logs" / "prefect-server.log"
            found["error"] = _last_line(log) or str(error)
        except Exception as error:  # noqa: BLE001 - any failure is what this program looks for
            found["error"] = f"{type(error).__name__}: {error}"[:500]
    return found


def _last_line(log: Path) -> str:
    """Return the last words of a server that did not start: usually the error itself."""
    lines = log.read_text("utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:500]


async def _ask(*, may_write: bool) -> dict[str, Any]:
    """Ask a server what it has; one that is ours alone must schedule a run as well."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        is_scheduling = not may_write or await _schedules(client)
        deployments = await client.read_deployments(limit=200)
        flows = {
            flow_id: (await client.read_flow(flow_id)).name
            for flow_id in {each.flow_id for each in deployments}
        }
    names = sorted(f"{flows[each.flow_id]}/{each.name}" for each in deployments)
    return {
        "ok": is_scheduling,
        "deployments": [
            name for name in names if name.startswith("leadline") and PROBE not in name
        ],
        "error": "" if is_scheduling else UNSCHEDULED,
    }


async def _schedules(client: PrefectClient) -> bool:
    """Make a deployment that is due every minute; tell whether the server plans its runs.

    Prefect 3.8 declares any SQLAlchemy 2, and with 2.1 its scheduler fails at every insert: the
    server looks well, and nothing ever starts.
    """
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    flow_id = await client.create_flow_from_name(PROBE)
    schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="* * * * *", timezone="UTC"))
    await client.create_deployment(flow_id, PROBE, schedules=[schedule])
    for _ in range(PLAN_SECONDS):
        if await client.read_flow_runs(limit=1):
            return True
        await asyncio.sleep(1)
    return False


if __name__ == "__main__":
    sys.exit(main())
