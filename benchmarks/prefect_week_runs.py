"""Real runs against a real server, in one process: idle ones, working ones, or the removal.

`python -m benchmarks.prefect_week_runs idle|working|remove HOME COUNT NUMBER` runs against the
server that the environment names; `benchmarks.prefect_week` starts it. A run of a deployment is
made, proposed as Pending and as Submitting, and executed by Prefect's engine, as the process that
serves the flows and its subprocess do together: it leaves the same states, events and log lines.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

from prefect import tags
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.flow_engine import run_flow_async
from prefect.states import Pending, Submitting
from prefect.utilities.engine import propose_state

from benchmarks.measure import Report, measured
from benchmarks.project import environment_of
from flows.import_files import import_files
from flows.process_submissions import process_submissions
from flows.refresh_scores import refresh_scores
from flows.remove_old_runs import remove_old_runs
from flows.run import TAG, WATCHED
from flows.send_due_touches import send_due_touches
from flows.watch import watch
from leadline.domain.keys import match_key_hash
from leadline.stages import open_workspace
from leadline.stages.intake import has_due
from leadline.store.events import add_events
from leadline.store.submissions import Arrival, add_submissions
from tasks import hold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prefect import Flow
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import State

    from leadline.stages import Workspace

#: What the runs look at: a Friday morning in Tokyo, when reps work and mail may leave.
_NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
_AT: Final = _NOW.isoformat()
_NIGHTS: Final = 3  # of a half
_WATCHED_FOR: Final = 30.0  # seconds
_LAST_SECONDS: Final = 8.0  # of a watch, in which it ends what has arrived
_FORM: Final = {
    "full_name": "鈴木 充",
    "company": "株式会社山田製作所",
    "country": "JP",
    "message": "見積をお願いします。",
    "consent": "true",
}
_ROWS: Final = (
    "Email,Name,Company,Country,Message\nfair-{key}@example.com,Morgan,Example Inc,US,quote\n"
)


class _Runs:
    """Runs flows over one open workspace."""

    def __init__(self, work: Workspace, client: PrefectClient, key: int) -> None:
        self.work, self.client, self.key = work, client, key
        self._arrived, self._nights = 0, _NIGHTS * (key - 1)

    def add_submission(self) -> None:
        """Have a form post arrive, of a person who is new and looked at the prices before."""
        self._arrived += 1
        key = f"{self.key}-{self._arrived}"
        email = f"mitsuru-{key}@yamada-{key}.example"
        looked = {
            "source": "site",
            "external_id": key,
            "kind": "pricing_page_viewed",
            "lead_id": None,
            "campaign": None,
            "actor": "human",
            "address_hash": match_key_hash("email", email, pepper=self.work.environment.pepper),
            "occurred_at": _NOW,
            "received_at": _NOW,
        }
        post = Arrival("form:contact", key, "form", _FORM | {"email": email})
        with self.work.store.write() as connection:
            add_events(connection, [looked])
            add_submissions(connection, [post], now=_NOW)

    def add_file(self) -> str:
        """Have a file of one row arrive; returns its path."""
        self._arrived += 1
        key = f"{self.key}-{self._arrived}"
        path = f"inbox/fair-{key}.csv"
        file = self.work.environment.home / path
        file.write_text(_ROWS.format(key=key), encoding="utf-8")
        os.utime(file, (0, 0))  # one that has just changed may still be being written
        return path

    def next_night(self) -> str:
        """Return an instant by which points have decayed since the one before."""
        self._nights += 1
        return (_NOW + timedelta(days=self._nights)).isoformat()

    async def planned(self, flow: Flow[..., Any], **parameters: object) -> str:
        """Run a flow's deployment, as if the server had planned it; returns how it ended."""
        found = await self.client.read_deployment_by_name(f"{flow.name}/{flow.name}")
        made = await self.client.create_flow_run_from_deployment(
            found.id,
            parameters=parameters,
            tags=["auto-scheduled"],
            idempotency_key=f"scheduled {found.id} {uuid4()} 2026-11-22 03:56:00+00:00",
        )
        planned: tuple[State[Any], ...] = (Pending(), Submitting())
        for state in planned:
            await propose_state(self.client, state, flow_run_id=made.id)
        run = await self.client.read_flow_run(made.id)
        with hold(self.work):
            ended = cast(
                "State[Any]",
                await run_flow_async(
                    flow, flow_run=run, parameters=run.parameters, return_type="state"
                ),
            )
        # a process per run means a connection per run, and events that arrive in another order
        await asyncio.to_thread(EventsWorker.drain_all)
        return str(ended.name)

    async def watched(self, *, seconds: float) -> str:
        """Run a watch during which one form post after another arrives."""
        watching = asyncio.create_task(_watch(seconds))
        ends_at = time.monotonic() + seconds - _LAST_SECONDS
        while time.monotonic() < ends_at:
            if not await asyncio.to_thread(has_due, self.work, now=_NOW):
                self.add_submission()
            await asyncio.sleep(0.5)
        return await watching


async def _watch(seconds: float) -> str:
    with tags(TAG, WATCHED):
        ended: State[Any] = await watch(now=_AT, for_seconds=seconds, return_state=True)
    return str(ended.name)


async def idle(runs: _Runs, count: int) -> list[str]:
    """Run the scheduled flows when nothing is due, three in four of them the minutely one."""
    flows = (send_due_touches, send_due_touches, process_submissions, send_due_touches)
    ended = [await runs.planned(import_files, now=_AT)]
    ended += [await runs.planned(flows[number % 4], now=_AT) for number in range(count - 1)]
    return ended


async def working(runs: _Runs, count: int) -> list[str]:
    """Run the flows when something is due, by their schedules and by the watch."""
    ended = []
    for _ in range(count // 2):
        runs.add_submission()
        ended.append(await runs.planned(process_submissions, now=_AT))
        ended.append(await runs.planned(send_due_touches, now=_AT))
    ended += [await runs.planned(import_files, paths=[runs.add_file()], now=_AT) for _ in range(3)]
    ended += [await runs.planned(refresh_scores, now=runs.next_night()) for _ in range(_NIGHTS)]
    return ended + [await runs.watched(seconds=seconds) for seconds in (_WATCHED_FOR, 0.5, 0.5)]


async def remove(runs: _Runs, count: int) -> list[str]:
    """Run the removal."""
    return [await runs.planned(remove_old_runs) for _ in range(count)]


_KINDS: Final[dict[str, Callable[[_Runs, int], Awaitable[list[str]]]]] = {
    "idle": idle,
    "working": working,
    "remove": remove,
}


async def _run(kind: str, home: Path, count: int, number: int) -> list[str]:
    with open_workspace(environment_of(home), now=_NOW) as work:
        async with get_client() as client:
            ended = await _KINDS[kind](_Runs(work, client, number), count)
        await asyncio.sleep(3)  # log lines leave every 2 s
    return ended


def main() -> int:
    """Run what the command line names and print how the runs ended."""
    kind, home, count, number = sys.argv[1:]
    with measured() as used:
        ended = asyncio.run(_run(kind, Path(home), int(count), int(number)))
    Report({"runs": used}, {name: ended.count(name) for name in sorted(set(ended))}).write()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
