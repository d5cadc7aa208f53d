"""Shows that Prefect works here: a server answers its own client's question for deployments.

    python -m deployments.probe [--json]

Packages that import well may still not make a working server, so a real one is asked: the one
that PREFECT_API_URL names, else one that is started for this on a free port with a folder of its
own, and stopped again. The exit code is 0 when it answered, else 1.
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
from typing import TYPE_CHECKING, Any

from leadline.cli.prefect_server import start_server
from leadline.config.environment import Environment
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Probe and print what was found; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.probe", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    is_json = parser.parse_args(arguments).json
    found = probe()
    if is_json:
        print(json.dumps(found, indent=2))
    else:
        print(f"prefect {found['prefect']}, fastapi {found['fastapi']}: {_outcome(found)}")
    return 0 if found["ok"] else 1


def _outcome(found: dict[str, Any]) -> str:
    if not found["ok"]:
        return f"no server that answers ({found['error']})"
    return f"the {found['server']} server answers, {len(found['deployments'])} deployment(s)"


def probe() -> dict[str, Any]:
    """Ask a server for its deployments.

    Returns:
        `ok`, `prefect` and `fastapi` (versions), `server` (given or own), `deployments` (those
        that bear our prefix, by flow/name) and `error` ("" when ok).
    """
    url = os.environ.get("PREFECT_API_URL") or None
    found: dict[str, Any] = {
        "ok": False,
        "prefect": version("prefect"),
        "fastapi": version("fastapi"),
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
                found["deployments"] = asyncio.run(_list_deployments())
            found["ok"] = True
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


async def _list_deployments() -> list[str]:
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        deployments = await client.read_deployments(limit=200)
        flows = {
            flow_id: (await client.read_flow(flow_id)).name
            for flow_id in {each.flow_id for each in deployments}
        }
    names = sorted(f"{flows[each.flow_id]}/{each.name}" for each in deployments)
    return [name for name in names if name.startswith("leadline")]


if __name__ == "__main__":
    sys.exit(main())
