"""Stopping and mending with real processes: cancelled, killed, away, and whole afterwards."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import text

from leadline.cli.prefect_server import (
    free_port,
    launch_server,
    prefect_settings,
    start_process,
    stop_process,
)
from leadline.clock import SystemClock
from leadline.stages import imports, open_workspace, run_stages
from leadline.store.engine import open_store
from tests.clocks import Ledger, Taken
from tests.factories import a_project
from tests.smtp_script import scripted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from leadline.cli.prefect_server import PrefectServer
    from leadline.config.environment import Environment
    from tests.smtp_script import Scripted

pytestmark = [pytest.mark.xdist_group("machines"), pytest.mark.timeout(400)]
SEND = "leadline-send-due-touches"
LEADS = 60
CONNECTIONS = 10
PATIENCE = 90.0
ONE_MAIL_EACH = "notification:\n  bundle_above: 500\n  bundle_at_most: 500\n"


class House:
    """A project, its server, and the process that serves its flows."""

    def __init__(self, folder: Path, environment: Environment) -> None:
        self.folder, self.environment = folder, environment
        self.port = free_port()
        self.server: PrefectServer | None = None
        self.api = f"http://127.0.0.1:{self.port}/api/"
        self.settings = {
            **prefect_settings(environment, self.api.removesuffix("/")),
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "LEADLINE_HOME": str(environment.home),
            "LEADLINE_DATABASE_URL": environment.database_url,
        }
        self.serving: Any = None

    def start_server(self) -> None:
        self.server = launch_server(self.environment, port=self.port)

    def serve(self, smtp_port: int) -> None:
        url = f"smtp://127.0.0.1:{smtp_port}?tls=none"
        self.serving = start_process(
            ("deployments.serve",),
            settings={**self.settings, "LEADLINE_SMTP_URL": url},
            log=self.folder / "serve.log",
            folder=self.environment.home,
        )

    def kill_serving(self) -> None:
        """SIGKILL the serving process and the runs that it started, as a power cut would."""
        for pid in descendants(self.serving.pid):
            os.kill(pid, signal.SIGKILL)
        self.serving.wait()

    def kill_server(self) -> None:
        assert self.server is not None
        assert self.server.process is not None
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait()

    def said(self) -> str:
        return (self.folder / "serve.log").read_text("utf-8")

    def states(self) -> dict[str, int]:
        store = open_store(self.environment.database_url, pepper=self.environment.pepper)
        try:
            with store.read() as connection:
                rows = connection.execute(
                    text(
                        "SELECT state, count(*) FROM outbox WHERE bundle_id IS NULL GROUP BY state"
                    )
                )
                return {row[0]: row[1] for row in rows}
        finally:
            store.close()

    async def ask(self, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        line = httpx.AsyncHTTPTransport(retries=5)  # it looks on; the runs are what is judged
        async with httpx.AsyncClient(base_url=self.api, timeout=30, transport=line) as client:
            answer = await client.request(method, path, json=body or None)
            answer.raise_for_status()
            return answer.json() if answer.content else None

    async def start_run(self) -> str:
        found = await self.ask("GET", f"deployments/name/{SEND}/{SEND}")
        run = await self.ask("POST", f"deployments/{found['id']}/create_flow_run", state=SCHEDULED)
        return str(run["id"])

    async def state_of(self, run: str) -> str:
        return str((await self.ask("GET", f"flow_runs/{run}"))["state"]["name"])


SCHEDULED = {"type": "SCHEDULED"}


def descendants(pid: int) -> list[int]:
    """Return a process and all that it started, whatever their groups."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    children = [int(word) for word in found.split()]
    return [pid, *(each for child in children for each in descendants(child))]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("stops")
    environment = a_project(folder / "home", files={"config/schedules.yaml": "{}\n"})
    settings = environment.home / "config" / "settings.yaml"
    words = settings.read_text("utf-8")
    head = words.partition("notification:")[0]
    settings.write_text(head + ONE_MAIL_EACH, encoding="utf-8")
    give_room(environment.home / "config" / "reps.csv")
    made = House(folder, environment)
    yield made
    if made.serving is not None:
        stop_process(made.serving)
    if made.server is not None and made.server.process is not None:
        stop_process(made.server.process)


def give_room(table: Path) -> None:
    """Let every rep take any number of leads."""
    head, *rows = list(csv.reader(table.read_text("utf-8").splitlines()))
    place = head.index("weekly_capacity")
    full = [[*row[:place], "100000", *row[place + 1 :]] for row in rows if row]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *full])


async def until(holds: Callable[[], Any], what: str, *, patience: float = PATIENCE) -> None:
    """Wait for something that other processes bring about."""
    started = time.monotonic()
    while True:
        found = holds()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert time.monotonic() - started < patience, f"still waiting: {what}"
        await asyncio.sleep(0.2)


async def write_mails(house: House, name: str) -> None:
    """Take in leads and write the mails to their reps, so that all wait to be sent."""
    rows = [f"{name}{number}@example.com,Pat Lee,Acme Inc,US,yes" for number in range(LEADS)]
    file = house.folder / f"{name}.csv"
    file.write_text("\n".join(["email,full_name,company,country,consent", *rows]), "utf-8")
    now = SystemClock().now()
    with open_workspace(house.environment, now=now) as work:
        await asyncio.to_thread(imports.import_file, work, file, now=now)
        await run_stages(work, ["intake", "scoring", "routing", "notification"], now=now)


@asynccontextmanager
async def slow_relay(house: House) -> AsyncIterator[Scripted]:
    """Run a relay that takes three seconds for each message, and serve the flows beside it."""
    async with scripted({".": "250 2.0.0 taken<slow>"}) as relay:
        house.serve(relay.port)
        try:
            yield relay
        finally:
            stop_process(house.serving)


def message_ids(relay: Scripted) -> list[str]:
    """Return the Message-IDs of what was taken, in order."""
    lines = [
        line for body in relay.messages for line in body.decode("utf-8", "replace").split("\n")
    ]
    return [line.strip() for line in lines if line.lower().startswith("message-id:")]


async def test_serving_process_waits_for_a_server_that_is_away_at_its_start(house: House) -> None:
    house.serve(free_port())
    await until(lambda: "does not answer" in house.said() or "Prefect" in house.said(), "a word")
    assert house.serving.poll() is None
    await asyncio.to_thread(house.start_server)

    async def is_served() -> bool:
        found = await house.ask("POST", "deployments/filter")
        return SEND in {each["name"] for each in found}

    await until(is_served, "its deployments", patience=30)
    stop_process(house.serving)


async def test_cancelled_run_lets_mails_on_their_way_arrive_and_leaves_no_half_state(
    house: House,
) -> None:
    await write_mails(house, "cancelled")
    waiting = house.states()["queued"]
    async with slow_relay(house) as relay:
        run = await house.start_run()
        await until(lambda: len(relay.messages) >= CONNECTIONS, "the first mails")
        begun = len(relay.messages)
        await house.ask(
            "POST", f"flow_runs/{run}/set_state", state={"type": "CANCELLING"}, force=False
        )

        async def is_cancelled() -> bool:
            return await house.state_of(run) == "Cancelled"

        await until(is_cancelled, "the end of the run", patience=45)
        await until(lambda: "sending" not in house.states(), "the end of its process")
        states = house.states()
        assert states.keys() == {"queued", "sent"}
        assert states["sent"] == len(set(message_ids(relay)))
        assert states["sent"] <= begun + 4 * CONNECTIONS, "it stopped, and did not send them all"
        assert states["queued"] + states["sent"] == waiting
        again = await house.start_run()

        async def is_done() -> bool:
            return await house.state_of(again) == "Completed"

        await until(is_done, "the second run", patience=120)
        assert house.states() == {"sent": waiting}
        assert len(message_ids(relay)) == len(set(message_ids(relay))) == waiting


async def test_server_that_is_killed_and_comes_back_does_not_disturb_a_run(house: House) -> None:
    await write_mails(house, "outage")
    before = house.states().get("sent", 0)
    async with slow_relay(house) as relay:
        run = await house.start_run()
        await until(lambda: len(relay.messages) >= 1, "the first mail")
        house.kill_server()
        await asyncio.sleep(2)
        await asyncio.to_thread(house.start_server)

        async def is_done() -> bool:
            return await house.state_of(run) == "Completed"

        await until(is_done, "the end of the run", patience=120)
        assert house.states() == {"sent": before + len(relay.messages)}
        assert len(set(message_ids(relay))) == len(relay.messages) == LEADS


async def test_work_of_a_killed_worker_is_taken_up_and_its_run_marked_from_our_database(
    house: House,
) -> None:
    # a minute and a half at least, in which the clock must be up
    soon = SystemClock().now() + timedelta(seconds=150)
    table = f"send_due_touches: hourly at :{soon.minute:02}\nprocess_submissions: every minute\n"
    (house.environment.home / "config" / "schedules.yaml").write_text(table, encoding="utf-8")
    before = house.states().get("sent", 0)
    await write_mails(house, "killed")
    ledger = Ledger(house.environment)

    def killed() -> Taken:
        return next(row for row in ledger.read() if row.flow == "send_due_touches")

    async with slow_relay(house) as relay:
        await until(lambda: len(relay.messages) >= 1, "a scheduled run's first mail", patience=240)
        await asyncio.to_thread(house.kill_serving)
        assert killed().state == "running"
        house.serve(relay.port)

        async def is_whole() -> bool:
            states = house.states()
            return states.keys() == {"sent"} and states["sent"] == before + LEADS

        # an hour early: another flow's run finds what was left, and has it run again
        await until(is_whole, "the rest of the mails", patience=240)
        await until(lambda: killed().state == "completed", "the end of the second run")
        assert killed().fence == 2
        ids = message_ids(relay)
        assert len(set(ids)) == LEADS
        twice = {each for each in ids if ids.count(each) > 1}
        assert len(twice) <= CONNECTIONS, "at most what was on its way when it was killed"
        runs = await house.ask(
            "POST",
            "flow_runs/filter",
            flow_runs={"state": {"type": {"any_": ["CRASHED"]}}},
            flows={"name": {"any_": [SEND]}},
        )
        assert len(runs) == 1
        assert "marked from leadline's database" in runs[0]["state"]["message"]
    ledger.close()
