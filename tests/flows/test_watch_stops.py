"""`python -m flows.watch` as a process of its own: told to stop, and refusing to start."""

from __future__ import annotations

import asyncio
import csv
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_API_URL

from flows.run import STOP, unless_stopped
from leadline.cli.prefect_server import start_process, stop_process
from leadline.clock import SystemClock
from leadline.stages import open_workspace, run_stages
from leadline.store.submissions import Arrival, add_submissions
from tests.factories import a_project, rows_of
from tests.smtp_script import scripted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import Popen

    from leadline.config.environment import Environment
    from tests.smtp_script import Scripted

LEADS: Final = 60
PATIENCE: Final = 90.0
ONE_MAIL_EACH: Final = "notification:\n  bundle_above: 500\n  bundle_at_most: 500\n"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Give a project in which every lead is a mail of its own to a rep."""
    made = a_project(tmp_path / "home", files={"config/schedules.yaml": "{}\n"})
    settings = made.home / "config" / "settings.yaml"
    head = settings.read_text("utf-8").partition("notification:")[0]
    settings.write_text(head + ONE_MAIL_EACH, encoding="utf-8")
    table = made.home / "config" / "reps.csv"
    titles, *reps = list(csv.reader(table.read_text("utf-8").splitlines()))
    place = titles.index("weekly_capacity")
    with table.open("w", encoding="utf-8", newline="") as file:
        roomy = [[*rep[:place], "100000", *rep[place + 1 :]] for rep in reps if rep]
        csv.writer(file).writerows([titles, *roomy])
    return made


def post(environment: Environment, names: list[str]) -> None:
    """Store posts of a form."""
    now = SystemClock().now()
    arrivals = [
        Arrival(
            "form:contact",
            name,
            "form",
            {"full_name": "Pat Lee", "email": f"{name}@a.example", "company": "Acme"},
        )
        for name in names
    ]
    with open_workspace(environment, now=now) as work, work.store.write() as connection:
        add_submissions(connection, arrivals, now=now)


async def write_mails(environment: Environment) -> None:
    """Write mails to reps that wait to be sent, and one more post for the watch to find."""
    post(environment, [f"lead{number}" for number in range(LEADS)])
    now = SystemClock().now()
    with open_workspace(environment, now=now) as work:
        await run_stages(work, ["intake", "scoring", "routing", "notification"], now=now)
    post(environment, ["late"])


def start_watch(environment: Environment, **more: str) -> Popen[bytes]:
    settings = {
        "LEADLINE_HOME": str(environment.home),
        "LEADLINE_DATABASE_URL": environment.database_url,
        "LEADLINE_LANG": "ja",
        **more,
    }
    log = environment.home / "watch.log"
    return start_process(("flows.watch",), settings=settings, log=log, folder=environment.home)


async def until(holds: Callable[[], Any]) -> None:
    """Wait for something that the other process brings about."""
    started = time.monotonic()
    while True:
        if holds():
            return
        assert time.monotonic() - started < PATIENCE, "still waiting"
        await asyncio.sleep(0.1)


def outbox_states(environment: Environment) -> Counter[str]:
    with open_workspace(environment, now=SystemClock().now()) as work:
        return Counter(row["state"] for row in rows_of(work, "outbox"))


def message_ids(relay: Scripted) -> list[bytes]:
    lines = [line for body in relay.messages for line in body.split(b"\r\n")]
    return [line for line in lines if line.lower().startswith(b"message-id:")]


async def states_of_runs() -> dict[str, str]:
    """Return how the last run of each flow ended, and what it says of a stop."""
    async with get_client() as client:
        runs = await client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=3)
        names = {run.id: (await client.read_flow(run.flow_id)).name for run in runs}
    return {names[run.id]: f"{run.state_name}: {run.state and run.state.message}" for run in runs}


@pytest.mark.usefixtures("prefect_engine")
@pytest.mark.timeout(300)
async def test_watch_that_is_stopped_while_it_sends_leaves_nothing_half_done(
    environment: Environment,
) -> None:
    await write_mails(environment)
    async with scripted({".": "250 2.0.0 taken<slow>"}) as relay:
        server = {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
        url = f"smtp://127.0.0.1:{relay.port}?tls=none"
        watch = start_watch(environment, LEADLINE_SMTP_URL=url, **server)
        try:
            await until(lambda: relay.messages or watch.poll() is not None)
            watch.send_signal(signal.SIGTERM)
            # a wave takes three seconds, all that waits about half a minute
            await until(lambda: watch.poll() is not None)
        finally:
            stop_process(watch)
    states = outbox_states(environment)
    assert watch.returncode == 0
    assert states.keys() == {"queued", "sent"}
    assert states["sent"] == len(set(message_ids(relay))) == len(relay.messages)
    assert states.total() == LEADS + 1
    ended = await states_of_runs()
    assert ended["leadline-send-due-touches"].startswith("Cancelled: プロセスの停止により中断")
    assert {said.partition(":")[0] for said in ended.values()} == {"Completed", "Cancelled"}


async def test_cancellation_by_somebody_else_ends_the_work_and_stays_a_cancellation() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            await asyncio.sleep(0.1)  # as long as messages on their way take
            ended.set()

    STOP.set(asyncio.Event())
    running = asyncio.create_task(unless_stopped(work))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


def test_watch_says_in_the_language_of_the_project_why_it_does_not_start(
    environment: Environment,
) -> None:
    secrets = environment.state / "secrets.env"
    secrets.chmod(0o644)
    watch = start_watch(environment)
    assert watch.wait(PATIENCE) == 1
    said = (environment.home / "watch.log").read_text("utf-8")
    assert "所有者以外も読み取れます" in said
    assert "Traceback" not in said
