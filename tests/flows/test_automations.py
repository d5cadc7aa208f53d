"""The automations on a real server: each is provoked, and runs of others are left alone.

All of it happens at the same time, once for the whole module: the longest wait is for the server
to miss three beats of a run whose processes are gone.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.automations import MARK, QUIET, make_automations
from deployments.plan import is_ours, plan_automations
from flows.run import WATCHED
from leadline.cli.prefect_server import start_process, start_server, stop_process
from leadline.domain.alerts import APART, HEARTBEAT_LOST
from leadline.mail.sink import read_mailbox
from tests.alerting_flows import ALERT, NEEDS, PERSON
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from subprocess import Popen

    from leadline.cli.prefect_server import PrefectServer
    from leadline.config.environment import Environment
    from tests.databases import Cluster

pytestmark = [pytest.mark.xdist_group("machines"), pytest.mark.timeout(600)]
ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 300.0
#: The shortest that Prefect allows.
BEAT: Final = timedelta(seconds=30)
#: For the test alone: runs begin sooner, and are late sooner.
HURRY: Final = {
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "20",
    "PREFECT_RUNNER_POLL_FREQUENCY": "1",
}
SUBJECTS: Final = {
    "[leadline] test_breaks failed",
    "[leadline] test_refuses failed",
    "[leadline] test_attends needs a person",
    "[leadline] test_waits is late",
    "[leadline] test_suspends waits for a decision",
    "[leadline] test_pauses waits for a decision",
    "[leadline] test_sleeps went silent",
}


@dataclass
class Story:
    """What was provoked, and what came of it.

    Attributes:
        url: the server's API.
        environment: whose mailbox the admin reads.
        runs: ids of the runs that the test started, by deployment.
        automations: all of the server, after ours were made.
        seconds: how long each thing took.
    """

    url: str
    environment: Environment
    settings: dict[str, str]
    runs: dict[str, str] = field(default_factory=dict)
    automations: list[Any] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def post(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        return self.ask("POST", path, json=body)

    def ask(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - JSON
        """Ask the server; while another transaction has its database, it answers 503."""
        answer = httpx.request(method, f"{self.url}/{path}", timeout=60, **more)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return self.ask(method, path, **more)
        return answer.raise_for_status().json()

    def ids(self) -> dict[str, UUID]:
        found = self.post("deployments/filter")
        return {each["name"]: UUID(each["id"]) for each in found}

    def start(self, name: str, **parameters: str) -> None:
        path = f"deployments/{self.ids()[name]}/create_flow_run"
        made = self.post(path, parameters=parameters, state={"type": "SCHEDULED"})
        self.runs[name] = made["id"]

    def state(self, name: str) -> tuple[str, str]:
        """Return name and message of the state of the run that was started."""
        found = self.ask("GET", f"flow_runs/{self.runs[name]}")["state"]
        return found["name"], found["message"] or ""

    def ended(self, *tags: str) -> list[str]:
        """Return the names of the states of all runs with these tags."""
        wanted = {"tags": {"all_": tags}}
        found = self.post("flow_runs/filter", flow_runs=wanted)
        return sorted(each["state"]["name"] for each in found)

    def alerts(self) -> list[dict[str, Any]]:
        """Return every run of the alert flow."""
        found = self.post("flow_runs/filter", deployments={"name": {"any_": [ALERT]}})
        return [each for each in found if each["parameters"]]

    def beats(self, name: str) -> int:
        """Count the heartbeats of a run that reached the server."""
        run = f"prefect.flow-run.{self.runs[name]}"
        wanted = {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [run]},
        }
        return int(self.post("events/filter", filter=wanted)["total"])

    def mails(self) -> dict[str, EmailMessage]:
        """Return the admin's mails by subject."""
        filed = read_mailbox(self.environment.state / "mailbox")
        found = {
            each.subject: email.message_from_bytes(
                each.path.read_bytes(), policy=email.policy.default
            )
            for each in filed
        }
        assert len(found) == len(filed), "one thing was told twice"
        return found

    def body(self, subject: str, kind: str = "plain") -> str:
        part = self.mails()[f"[leadline] {subject}"].get_body((kind,))
        assert part is not None
        return str(part.get_content())

    @contextmanager
    def program(self, name: str) -> Iterator[Popen[bytes]]:
        """Run a program of tests/alerting_flows.py until the block ends."""
        process = start_process(
            ("tests.alerting_flows", name),
            settings={**self.settings, "PYTHONPATH": str(ROOT)},
            log=self.environment.state / "logs" / f"{name}.log",
            folder=ROOT,
        )
        try:
            yield process
        finally:
            stop_process(process)


def wait_until(holds: Callable[[], bool], what: str) -> float:
    """Wait for a condition; returns how long it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < PATIENCE, f"still waiting: {what}"
        time.sleep(0.5)
    return time.monotonic() - begun


async def make(url: str, alert_id: UUID) -> list[Any]:
    """Make our automations twice; returns all that the server has."""
    wanted = make_automations(alert_deployment_id=alert_id, heartbeat=BEAT)
    with temporary_settings({PREFECT_API_URL: url}):
        async with get_client() as client:
            for _ in range(2):
                found = [each for each in await client.read_automations() if is_ours(each)]
                for plan in plan_automations(wanted, found):
                    if plan.changes and plan.wanted is not None:
                        fields = plan.wanted.model_dump(include=set(AutomationCore.model_fields))
                        await client.create_automation(AutomationCore(**fields))
            return list(await client.read_automations())


def descendants(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for each in found:
        below = Path(f"/proc/{each}/task/{each}/children").read_text("ascii")
        found += map(int, below.split())
    return found


def cut_power(process: Popen[bytes]) -> None:
    """Kill a process and all below it so that none can say a word about another."""
    pids = descendants(process.pid)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)
    process.wait(10)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, postgresql: Cluster) -> Iterator[Story]:
    environment = a_project(tmp_path_factory.mktemp("automations") / "home")
    # on SQLite, with so much at a time, the server may find its database locked and lose an event
    database = postgresql.create_database("prefect_automations").replace("psycopg", "asyncpg")
    hurry = {**HURRY, "PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
    with ExitStack() as stack:
        stack.callback(postgresql.drop_database, "prefect_automations")
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(
            os, "environ", {**os.environ, **hurry}
        )
        server = stack.enter_context(start_server(environment))
        told = Story(server.api_url, environment, variables(server, environment))
        serving = stack.enter_context(told.program("serve"))
        doomed = stack.enter_context(told.program("doomed"))
        names = {ALERT, "suspends", "pauses", "sleeps", "doomed", "doomed-theirs"}
        wait_until(lambda: names <= set(told.ids()), "the deployments")
        told.automations = asyncio.run(make(told.url, told.ids()[ALERT]))
        provoke(told, stack, doomed)
        assert serving.poll() is None
        yield told
        sys.stderr.write(f"{told.seconds}\n")


def variables(server: PrefectServer, environment: Environment) -> dict[str, str]:
    """Return what the programs of the test are told."""
    return {
        **server.settings,
        "LEADLINE_HOME": str(environment.home),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(int(BEAT.total_seconds())),
    }


def provoke(told: Story, stack: ExitStack, doomed: Popen[bytes]) -> None:
    """Have everything happen, and wait until the admin has been told."""
    for name in ("doomed-theirs", "doomed", "suspends", "suspends-theirs", "pauses", "sleeps"):
        told.start(name)
    told.start(ALERT, event="prefect.flow-run.Failed", flow_run_id="none")
    stack.enter_context(told.program("end"))
    begun = time.monotonic()
    wait_until(lambda: told.beats("doomed") > 0 < told.beats("doomed-theirs"), "two beats")
    cut_power(doomed)
    killed = time.monotonic()
    silent = "[leadline] test_sleeps went silent"
    wait_until(lambda: told.mails().keys() >= SUBJECTS - {silent}, "the other mails")
    told.seconds["other mails"] = time.monotonic() - begun
    wait_until(lambda: told.state("doomed")[0] == "Crashed", "the silent run")
    told.seconds["crashed after"] = time.monotonic() - killed
    told.seconds["mail"] = wait_until(lambda: silent in told.mails(), "the last mail")


def test_automations_are_ours_by_name_tag_and_mark_and_made_once(story: Story) -> None:
    assert sorted(each.name for each in story.automations) == [
        "leadline-approvals-waiting",
        "leadline-attention-runs",
        "leadline-crashed-runs",
        "leadline-failed-runs",
        "leadline-late-runs",
        "leadline-zombie-runs",
    ]
    for each in story.automations:
        assert is_ours(each)
        assert each.description.endswith(MARK)


def test_each_thing_is_told_once_and_nothing_else_is(story: Story) -> None:
    assert story.mails().keys() == SUBJECTS


def test_failed_run_is_told_without_the_words_of_others(story: Story) -> None:
    for kind in ("plain", "html"):
        body = story.body("test_breaks failed", kind)
        assert "Failed" in body
        assert PERSON not in body
        assert "ValueError" not in body


def test_failed_run_is_told_in_our_own_words(story: Story) -> None:
    body = story.body("test_refuses failed")
    assert "`now` is no instant with a zone." in body
    assert "[leadline:" not in body


def test_run_that_needs_a_person_is_told_with_its_command(story: Story) -> None:
    assert NEEDS in story.body("test_attends needs a person")


def test_late_run_is_told(story: Story) -> None:
    assert "State: Late" in story.body("test_waits is late")


def test_runs_that_wait_for_a_decision_are_told_and_go_on_waiting(story: Story) -> None:
    assert story.runs["suspends"] in story.body("test_suspends waits for a decision")
    assert story.runs["pauses"] in story.body("test_pauses waits for a decision")
    assert story.state("pauses")[0] == "Paused"
    # its last beat may come after the word that it is suspended: then it is put back to waiting
    wait_until(lambda: story.state("suspends")[0] == "Suspended", "the suspended run")


def test_run_whose_processes_are_gone_is_marked_as_crashed_and_told(story: Story) -> None:
    assert story.state("doomed") == ("Crashed", "heartbeat lost")
    assert story.runs["doomed"] in story.body("test_sleeps went silent")


def test_run_that_beats_goes_on(story: Story) -> None:
    assert story.state("sleeps")[0] == "Running"


def test_runs_of_others_are_left_alone(story: Story) -> None:
    assert story.state("doomed-theirs")[0] == "Running"
    assert story.state("suspends-theirs")[0] == "Suspended"
    assert story.ended("other-team") == sorted(
        ["Attention", "Failed", "Failed", "Failed", "Idle", "Late", "Running", "Suspended"]
    )
    ours = {each["parameters"]["flow_run_id"] for each in story.alerts()}
    theirs = story.post("flow_runs/filter", flow_runs={"tags": {"all_": ["other-team"]}})
    assert not ours & {each["id"] for each in theirs}


def test_alert_that_fails_starts_no_further_one(story: Story) -> None:
    name, message = story.state(ALERT)
    assert (name, message.startswith("No run none")) == ("Failed", True)
    told = {each["parameters"]["flow_run_id"] for each in story.alerts()}
    assert story.runs[ALERT] not in told


def test_run_that_fails_again_within_minutes_starts_no_further_alert(story: Story) -> None:
    wanted = {
        "flows": {"name": {"any_": ["leadline-test-breaks"]}},
        "flow_runs": {"tags": {"all_": [WATCHED]}},
    }
    broken = {each["id"] for each in story.post("flow_runs/filter", **wanted)}
    told = {each["parameters"]["flow_run_id"] for each in story.alerts()}
    assert (len(broken), len(broken & told)) == (2, 1)


def test_run_that_waits_and_was_taken_for_dead_waits_again_and_can_be_resumed(
    story: Story,
) -> None:
    path = f"flow_runs/{story.runs['suspends']}"
    dead = {"type": "CRASHED", "message": HEARTBEAT_LOST}
    # it may just have been taken for dead by itself: then it is put back first
    wait_until(
        lambda: story.post(f"{path}/set_state", state=dead)["status"] == "ACCEPT", "its death"
    )
    wait_until(lambda: story.state("suspends")[0] == "Suspended", "the run waits again")
    assert story.post(f"{path}/resume")["status"] == "ACCEPT"
    wait_until(lambda: story.state("suspends")[0] == "Completed", "the run is over")
    assert story.mails().keys() == SUBJECTS


def test_no_rule_is_quiet_for_as_long_as_mails_are_apart() -> None:
    rules = make_automations(alert_deployment_id=UUID(int=1), heartbeat=BEAT)
    reactive = [
        each.trigger
        for each in rules
        if isinstance(each.trigger, EventTrigger) and each.trigger.posture is Posture.Reactive
    ]
    assert len(reactive) == 5
    # a late run that needs no mail, begun soon after, may not hide the next one for an hour
    assert max(trigger.within for trigger in reactive) == QUIET < APART
