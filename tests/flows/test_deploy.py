"""`leadline deploy` against a real server: what it changes, and what it never touches."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from deployments.applying import NameTaken, PoolMissing, apply
from deployments.reference_commands import JSON_KEYS
from leadline.cli.prefect_server import start_process, start_server, stop_process
from leadline.config.loader import read_project
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deployments.plan import Change, Outcome
    from leadline.cli.prefect_server import PrefectServer
    from leadline.config.environment import Environment

pytestmark = pytest.mark.xdist_group("prefect")
PATIENCE = 150.0
BUSY = httpx.codes.SERVICE_UNAVAILABLE
AUTH = ("leadline", "a password")
YEARLY = {"cron": "0 0 1 1 *", "timezone": "UTC"}
IMPORT = "leadline-import-files"
SEND = "leadline-send-due-touches"
WEEKLY = "import_files: every Monday 09:00 Asia/Tokyo\n"
DAILY = "import_files: daily 10:00 Asia/Tokyo\n"


class Server:
    """A running server, asked as its pages ask it."""

    def __init__(self, server: PrefectServer) -> None:
        self.url = server.api_url
        self.settings = server.settings
        self._client = httpx.Client(base_url=f"{self.url}/", timeout=60, auth=AUTH)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self._send("GET", path).json()

    def post(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        return self._send("POST", path, json=body).json()

    def patch(self, path: str, **body: object) -> None:
        self._send("PATCH", path, json=body)

    def put(self, path: str, **body: object) -> None:
        self._send("PUT", path, json=body)

    def delete(self, path: str) -> None:
        self._send("DELETE", path)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401
        """Send a request, again where the server's database was locked: Prefect's client does."""
        ends_at = time.monotonic() + PATIENCE
        while (answer := self._client.request(method, path, **content)).status_code == BUSY:
            assert time.monotonic() < ends_at, "still busy"
            time.sleep(0.2)
        return answer.raise_for_status()

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.post("deployments/filter")}

    def names(self) -> set[str]:
        return set(self.deployments())

    def automations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.post("automations/filter")
        return sorted(found, key=lambda each: str(each["id"]))

    def planned(self, name: str) -> list[str]:
        """Return when the deployment's runs are planned."""
        wanted = {"deployments": {"name": {"any_": [name]}}, "flow_runs": SCHEDULED}
        found = self.post("flow_runs/filter", sort="EXPECTED_START_TIME_ASC", **wanted)
        return [run["expected_start_time"] for run in found]

    def close(self) -> None:
        self._client.close()


SCHEDULED = {"state": {"type": {"any_": ["SCHEDULED"]}}}


class Deployer:
    """A project folder, and deploying it to a server."""

    def __init__(self, environment: Environment, server: Server) -> None:
        self.home = environment.home
        self.environment = environment
        self.server = server
        self.on_plan: Callable[[Sequence[Change]], None] | None = None

    def write(self, schedules: str, settings: str = "") -> None:
        (self.home / "config" / "schedules.yaml").write_text(schedules, encoding="utf-8")
        path = self.home / "config" / "settings.yaml"
        text = path.read_text(encoding="utf-8").partition("\nprefect:")[0]
        path.write_text(f"{text}\n{settings}\n", encoding="utf-8")

    def __call__(self, *, dry_run: bool = False, remove: bool = False) -> list[Change]:
        return list(self.outcome(dry_run=dry_run, remove=remove).changes)

    def outcome(self, *, dry_run: bool = False, remove: bool = False) -> Outcome:
        project = read_project(self.home)
        password = ":".join(AUTH)
        known = {PREFECT_API_URL: self.server.url, PREFECT_API_AUTH_STRING: password}
        with temporary_settings(known):
            return asyncio.run(
                apply(project, is_dry_run=dry_run, is_removal=remove, on_plan=self.on_plan)
            )

    def variables(self) -> dict[str, str]:
        return {**os.environ, **self.server.settings, "LEADLINE_HOME": str(self.home)}

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            env={**self.variables(), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *words: str, **more: str) -> tuple[int, dict[str, Any], str]:
        """Run `leadline deploy`; returns exit code, document and what stood on stderr."""
        program = "import sys; from leadline.cli import main; sys.exit(main())"
        process = self.start("-c", program, "deploy", "--json", *words, **more)
        out, err = process.communicate()
        return process.returncode, json.loads(out), err


@pytest.fixture(scope="module")
def home_of_server(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return a_project(tmp_path_factory.mktemp("deploy") / "home")


@pytest.fixture(scope="module")
def server(home_of_server: Environment) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_API_AUTH_STRING", ":".join(AUTH))
        with start_server(home_of_server) as started:
            found = Server(started)
            yield found
            found.close()


@pytest.fixture
def deploy(server: Server, tmp_path: Path) -> Iterator[Deployer]:
    """Give a project with one weekly schedule; what it deployed is removed after the test."""
    deployer = Deployer(a_project(tmp_path / "home"), server)
    deployer.write(WEEKLY)
    yield deployer
    deployer.write(WEEKLY)
    deployer(remove=True)


def wait_until(holds: Callable[[], object], what: str) -> None:
    ends_at = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends_at, f"still waiting: {what}"
        time.sleep(0.2)


def told(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    return [(each.action, each.kind, each.name) for each in changes]


def test_schedule_edit_reaches_the_server_and_its_planned_runs(
    deploy: Deployer, server: Server
) -> None:
    deploy()
    before = server.deployments()[IMPORT]
    assert [each["slug"] for each in before["schedules"]] == ["config-1"]
    wait_until(lambda: server.planned(IMPORT), "runs of the first schedule")
    assert {at[10:19] for at in server.planned(IMPORT)} == {"T00:00:00"}
    deploy.write(DAILY)
    [change] = deploy()
    assert (change.before, change.after) == (
        "every Monday 09:00 Asia/Tokyo",
        "daily 10:00 Asia/Tokyo",
    )
    after = server.deployments()[IMPORT]
    [schedule] = after["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (
        "0 10 * * *",
        "Asia/Tokyo",
    )
    assert after["id"] == before["id"]
    assert schedule["id"] == before["schedules"][0]["id"]
    assert "**Schedule:** daily 10:00 Asia/Tokyo" in after["description"]
    wait_until(lambda: server.planned(IMPORT), "runs of the second schedule")
    assert {at[10:19] for at in server.planned(IMPORT)} == {"T01:00:00"}


def test_second_deploy_changes_nothing(deploy: Deployer, server: Server) -> None:
    assert deploy() != []
    before = (server.deployments(), server.automations())
    assert deploy() == []
    assert (server.deployments(), server.automations()) == before


def test_dry_run_shows_what_a_deploy_does_and_writes_nothing(
    deploy: Deployer, server: Server
) -> None:
    before = (server.deployments(), server.automations())
    shown = deploy(dry_run=True)
    assert (server.deployments(), server.automations()) == before
    assert shown == deploy()
    deploy.write(DAILY)
    [change] = deploy(dry_run=True)
    assert change.after == "daily 10:00 Asia/Tokyo"
    assert server.deployments()[IMPORT]["schedules"][0]["schedule"]["cron"] == "0 9 * * mon"


def test_paused_schedule_is_inactive_and_plans_no_runs(deploy: Deployer, server: Server) -> None:
    deploy()
    wait_until(lambda: server.planned(IMPORT), "planned runs")
    deploy.write("import_files:\n  when: every Monday 09:00 Asia/Tokyo\n  paused: true\n")
    assert told(deploy()) == [("update", "schedule", IMPORT)]
    [schedule] = server.deployments()[IMPORT]["schedules"]
    assert schedule["active"] is False
    assert server.planned(IMPORT) == []


def test_removed_schedule_goes_and_its_deployment_stays(deploy: Deployer, server: Server) -> None:
    deploy()
    wait_until(lambda: server.planned(IMPORT), "planned runs")
    before = server.deployments()[IMPORT]["id"]
    deploy.write("{}\n")
    assert told(deploy()) == [("delete", "schedule", IMPORT)]
    after = server.deployments()[IMPORT]
    assert (after["id"], after["schedules"]) == (before, [])
    assert server.planned(IMPORT) == []
    assert deploy() == []


def test_several_lines_become_several_schedules_and_fewer_again(
    deploy: Deployer, server: Server
) -> None:
    deploy.write("import_files: daily 09:00 and 17:30 Asia/Tokyo\n")
    deploy()
    slugs = [each["slug"] for each in server.deployments()[IMPORT]["schedules"]]
    assert sorted(slugs) == ["config-1", "config-2"]
    deploy.write(DAILY)
    deploy()
    assert [each["slug"] for each in server.deployments()[IMPORT]["schedules"]] == ["config-1"]
    assert deploy() == []


def test_what_was_changed_by_hand_is_put_back_but_for_the_pause(
    deploy: Deployer, server: Server
) -> None:
    deploy()
    found = server.deployments()[IMPORT]
    server.patch(f"deployments/{found['id']}", paused=True, tags=["leadline", "sales"])
    server.patch(
        f"deployments/{found['id']}/schedules/{found['schedules'][0]['id']}",
        schedule={"cron": "0 4 * * *", "timezone": "UTC"},
    )
    outcome = deploy.outcome()
    assert told(outcome.changes) == [
        ("update", "deployment", IMPORT),
        ("update", "schedule", IMPORT),
    ]
    assert outcome.paused == [IMPORT]
    after = server.deployments()[IMPORT]
    assert after["paused"] is True
    assert sorted(after["tags"]) == ["leadline", "leadline-watched", "sales"]
    assert after["schedules"][0]["schedule"]["cron"] == "0 9 * * mon"
    assert after["id"] == found["id"]


def test_concurrency_limit_changed_by_hand_is_put_back(deploy: Deployer, server: Server) -> None:
    deploy()
    found = server.deployments()[IMPORT]
    server.patch(f"deployments/{found['id']}", concurrency_limit=5)
    [change] = deploy()
    assert (change.kind, change.before, change.after) == (
        "concurrency_limit",
        "5 CANCEL_NEW",
        "3 CANCEL_NEW",
    )
    assert server.deployments()[IMPORT]["global_concurrency_limit"]["limit"] == 3


def test_one_watch_runs_at_a_time_and_the_next_one_waits(deploy: Deployer, server: Server) -> None:
    deploy.write(WEEKLY, "prefect: {work_pool: leadline}")
    deploy()
    limits = {name: limit_of(each) for name, each in server.deployments().items()}
    assert limits.pop("leadline-watch") == (1, "ENQUEUE")
    assert limits.pop("leadline-alert-admin") == (3, "ENQUEUE")
    assert limits.pop("leadline-simulate-scoring") == (3, "ENQUEUE")
    assert set(limits.values()) == {(3, "CANCEL_NEW")}
    found = server.deployments()["leadline-watch"]
    server.patch(f"deployments/{found['id']}", concurrency_limit=3)
    [change] = deploy()
    assert (change.before, change.after) == ("3 ENQUEUE", "1 ENQUEUE")
    assert limit_of(server.deployments()["leadline-watch"]) == (1, "ENQUEUE")
    assert deploy() == []


def limit_of(deployment: dict[str, Any]) -> tuple[int, str]:
    options = deployment["concurrency_options"]
    return deployment["global_concurrency_limit"]["limit"], options["collision_strategy"]


def test_automation_that_was_doubled_or_edited_by_hand_is_mended(
    deploy: Deployer, server: Server
) -> None:
    deploy()
    late, failed = (rule(server, f"leadline-{name}-runs")[0] for name in ("late", "failed"))
    server.patch(f"automations/{late['id']}", enabled=False)
    server.post("automations/", **{key: late[key] for key in SAID})
    server.post("automations/", **{key: failed[key] for key in SAID} | {"description": "mine"})
    server.delete(f"automations/{failed['id']}")
    outcome = deploy.outcome()
    assert told(outcome.changes) == [
        ("delete", "automation", "leadline-late-runs"),
        ("update", "automation", "leadline-failed-runs"),
    ]
    assert deploy() == []
    assert len(rule(server, "leadline-late-runs")) == 1
    [mended] = rule(server, "leadline-failed-runs")
    assert mended["description"] == failed["description"]


SAID = ("name", "description", "tags", "trigger", "actions")


def rule(server: Server, name: str) -> list[dict[str, Any]]:
    return [each for each in server.automations() if each["name"] == name]


def test_automation_that_was_disabled_by_hand_stays_so(deploy: Deployer, server: Server) -> None:
    deploy()
    [late] = rule(server, "leadline-late-runs")
    server.patch(f"automations/{late['id']}", enabled=False)
    outcome = deploy.outcome()
    assert (list(outcome.changes), outcome.paused) == ([], ["leadline-late-runs"])
    edited = {key: late[key] for key in SAID} | {"description": "mine", "enabled": False}
    server.put(f"automations/{late['id']}", **edited)
    assert told(deploy()) == [("update", "automation", "leadline-late-runs")]
    [after] = rule(server, "leadline-late-runs")
    assert (after["enabled"], after["description"]) == (False, late["description"])


def test_run_history_outlives_a_deploy(deploy: Deployer, server: Server) -> None:
    deploy()
    found = server.deployments()[IMPORT]["id"]
    run = server.post(f"deployments/{found}/create_flow_run", state={"type": "COMPLETED"})["id"]
    deploy.write(DAILY)
    deploy()
    assert server.get(f"flow_runs/{run}")["deployment_id"] == found


# ---- what is not ours ----


@pytest.fixture
def foreign(server: Server) -> Iterator[Callable[[], Any]]:
    """Make things of other teams that look much like ours; gives a function that reads them."""
    flow = server.post("flows/", name="nightly-export")["id"]
    twin = server.post("flows/", name="leadline-reports")["id"]
    pool = server.post("work_pools/", name="leadlines", type="process", concurrency_limit=7)
    other = server.post("work_pools/", name="default", type="process", concurrency_limit=3)
    plan = {"schedules": [{"schedule": YEARLY, "slug": "config-1"}], "concurrency_limit": 2}
    made = [
        server.post("deployments/", name=IMPORT, flow_id=flow, tags=["leadline"], **plan),
        server.post("deployments/", name="leadline-reports", flow_id=twin, tags=["sales"], **plan),
        server.post("deployments/", name="nightly", flow_id=flow, work_pool_name="default", **plan),
        server.post(
            "deployments/", name="x", flow_id=flow, tags=["leadline"], work_pool_name="leadlines"
        ),
    ]
    trigger = {"type": "event", "expect": ["a"], "posture": "Reactive", "threshold": 1, "within": 0}
    rules = [
        server.post("automations/", name=name, tags=tags, trigger=trigger, actions=NO_ACTION)
        for name, tags in (("leadline-something-else", []), ("team-x", ["leadline"]))
    ]
    run = server.post(f"deployments/{made[0]['id']}/create_flow_run", state={"type": "COMPLETED"})
    wait_until(lambda: len(runs_of(server, made)) == 4, "planned runs of others")

    def read() -> Any:  # noqa: ANN401 - JSON
        return [
            *(server.get(f"deployments/{each['id']}") for each in made),
            *(server.get(f"automations/{each['id']}") for each in rules),
            server.get(f"work_pools/{pool['name']}"),
            server.get(f"work_pools/{other['name']}"),
            server.get(f"flow_runs/{run['id']}") | {"estimated_start_time_delta": 0},
            runs_of(server, made),
        ]

    yield read
    for each in made:
        server.delete(f"deployments/{each['id']}")
    for each in rules:
        server.delete(f"automations/{each['id']}")
    for name in ("default", "leadlines"):
        server.delete(f"work_pools/{name}")


NO_ACTION = [{"type": "do-nothing"}]


def runs_of(server: Server, deployments: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    wanted = {"deployment_id": {"any_": [each["id"] for each in deployments]}}
    found = server.post("flow_runs/filter", flow_runs=wanted)
    return sorted((run["id"], run["state_type"], str(run["expected_start_time"])) for run in found)


def test_things_of_others_are_as_they_were(deploy: Deployer, foreign: Callable[[], Any]) -> None:
    before = foreign()
    deploy()
    assert foreign() == before
    deploy.write(DAILY, "prefect: {work_pool: leadline, work_pool_limit: 2}")
    deploy()
    assert foreign() == before
    deploy(remove=True)
    assert foreign() == before


def test_pool_of_others_is_used_and_left_as_it_is(
    deploy: Deployer, server: Server, foreign: Callable[[], Any]
) -> None:
    before = foreign()
    deploy.write(WEEKLY, "prefect: {work_pool: default, work_pool_limit: 9}")
    deploy()
    ours = [each for each in server.deployments().values() if each["name"] == SEND]
    assert [each["work_pool_name"] for each in ours] == ["default"]
    deploy(remove=True)
    assert [each | {"updated": 0} for each in foreign() if "concurrency_limit" in each] == [
        each | {"updated": 0} for each in before if "concurrency_limit" in each
    ]


def test_missing_pool_of_others_is_not_made(deploy: Deployer, server: Server) -> None:
    deploy.write(WEEKLY, "prefect: {work_pool: sales}")
    with pytest.raises(PoolMissing, match="sales"):
        deploy()
    assert server.names() == set()


def test_deployment_of_others_with_our_name_stops_the_deploy(
    deploy: Deployer, server: Server
) -> None:
    flow = server.post("flows/", name=IMPORT)["id"]
    made = server.post("deployments/", name=IMPORT, flow_id=flow, tags=["sales"])
    try:
        with pytest.raises(NameTaken, match=IMPORT):
            deploy()
        assert server.names() == {IMPORT}
        assert server.get(f"deployments/{made['id']}") == made | {
            "updated": server.get(f"deployments/{made['id']}")["updated"]
        }
    finally:
        server.delete(f"deployments/{made['id']}")


# ---- teardown, interruption, two at once ----


def test_teardown_leaves_nothing_of_ours(deploy: Deployer, server: Server) -> None:
    deploy.write(WEEKLY, "prefect: {work_pool: leadline}")
    deploy()
    wait_until(lambda: server.planned(IMPORT), "planned runs")
    deploy.write(WEEKLY)  # the pool is found although the settings no longer name it
    shown = deploy(dry_run=True, remove=True)
    assert IMPORT in server.names()
    assert deploy(remove=True) == shown
    assert server.names() == set()
    assert server.automations() == []
    assert server.planned(IMPORT) == []
    assert [each["name"] for each in server.post("work_pools/filter")] == []
    limits = server.post("v2/concurrency_limits/filter")
    assert [each["name"] for each in limits] == []
    assert deploy(remove=True) == []


def test_difference_is_shown_before_anything_is_done(deploy: Deployer, server: Server) -> None:
    seen: list[tuple[Sequence[Change], object]] = []
    deploy.on_plan = lambda changes: seen.append((changes, server.names()))
    done = deploy()
    ((planned, names),) = seen
    assert not names
    assert told(planned) == told(done) != []
    assert server.names()


def test_command_shows_the_difference_even_if_it_cannot_make_it(deploy: Deployer) -> None:
    program = "import sys; from leadline.cli import main; sys.exit(main())"
    process = deploy.start("-c", program, "deploy")
    assert process.stdout is not None
    shown = process.stdout.readline() + process.stdout.readline()
    assert "+ concurrency limit" in shown or "+ deployment" in shown
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    os.kill(int(child), signal.SIGKILL)
    _, err = process.communicate()
    assert process.returncode == 1
    assert "Run the command again" in err


def test_deployment_that_is_no_longer_wanted_goes(deploy: Deployer, server: Server) -> None:
    deploy.write(WEEKLY, "prefect: {work_pool: leadline}")
    deploy()
    assert "leadline-watch" in server.names()
    deploy.write(WEEKLY)
    assert ("delete", "deployment", "leadline-watch") in told(deploy())
    found = server.deployments()
    assert "leadline-watch" not in found
    assert (found[IMPORT]["work_pool_name"], found[IMPORT]["pull_steps"]) == (None, None)
    assert deploy() == []


def test_deploy_that_was_killed_is_finished_by_the_next(deploy: Deployer, server: Server) -> None:
    process = deploy.start("-m", "deployments.deploy")
    wait_until(server.names, "the first deployment")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deploy()
    after = (server.deployments(), server.automations())
    assert IMPORT in after[0]
    assert deploy() == []
    assert (server.deployments(), server.automations()) == after


def test_two_deploys_at_once_leave_no_duplicates(
    deploy: Deployer, server: Server, tmp_path: Path
) -> None:
    # with a state folder of its own each, so that they do not wait for each other
    url = {"PREFECT_API_URL": server.url}
    started = [
        deploy.start("-m", "deployments.deploy", LEADLINE_STATE=str(tmp_path / name), **url)
        for name in ("one", "two")
    ]
    for process in started:
        process.communicate()
    deploy()
    assert deploy() == []
    names = [each["name"] for each in server.post("deployments/filter")]
    assert sorted(names) == sorted(set(names))
    assert [len(each["schedules"]) for each in server.deployments().values()].count(1) == 1
    rules = [each["name"] for each in server.automations()]
    assert sorted(rules) == sorted(set(rules))


# ---- runs ----


def finish(server: Server, name: str) -> str:
    """Start a run by hand and return the state that it ends in."""
    deployment = server.deployments()[name]["id"]
    run = server.post(f"deployments/{deployment}/create_flow_run")["id"]
    wait_until(lambda: is_over(server.get(f"flow_runs/{run}")), f"a run of {name}")
    return str(server.get(f"flow_runs/{run}")["state_type"])


def is_over(run: dict[str, Any]) -> bool:
    return run["end_time"] is not None


def test_serving_process_runs_what_is_deployed_and_follows_edits(
    deploy: Deployer, server: Server
) -> None:
    deploy.write("{}\n")
    serving = start_process(
        ("deployments.serve",),
        settings=deploy.variables(),
        log=deploy.home / "serve.log",
        folder=deploy.home,
    )
    try:
        wait_until(lambda: deploy(dry_run=True) == [], "what serving applies, as the command does")
        assert deploy() == []
        assert finish(server, SEND) == "COMPLETED"
        deploy.write("send_due_touches: every minute\n")
        assert told(deploy()) == [("create", "schedule", SEND)]
        ended = {"flow_runs": {"tags": {"all_": ["auto-scheduled", "leadline"]}, **COMPLETED}}
        wait_until(lambda: server.post("flow_runs/filter", **ended), "a run of the new schedule")
    finally:
        stop_process(serving)
    assert server.deployments()[SEND]["schedules"][0]["active"] is True


COMPLETED = {"state": {"type": {"any_": ["COMPLETED"]}}}


def test_worker_of_the_pool_runs_what_is_deployed(
    deploy: Deployer, server: Server, tmp_path: Path
) -> None:
    deploy.write("{}\n", "prefect: {work_pool: leadline, work_pool_limit: 2}")
    assert ("create", "work_pool", "leadline") in told(deploy())
    assert server.get("work_pools/leadline")["concurrency_limit"] == 2
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    worker = start_process(
        ("prefect", "worker", "start", "--pool", "leadline", "--type", "process"),
        settings=deploy.variables(),
        log=tmp_path / "worker.log",
        folder=elsewhere,
    )
    try:
        assert finish(server, SEND) == "COMPLETED"
    finally:
        stop_process(worker)
    assert deploy() == []


def test_limit_of_our_pool_follows_the_settings(deploy: Deployer, server: Server) -> None:
    deploy.write("{}\n", "prefect: {work_pool: leadline}")
    deploy()
    deploy.write("{}\n", "prefect: {work_pool: leadline, work_pool_limit: 4}")
    assert told(deploy()) == [("create", "concurrency_limit", "leadline")]
    assert server.get("work_pools/leadline")["concurrency_limit"] == 4


def test_serving_refuses_a_project_whose_flows_workers_run(deploy: Deployer) -> None:
    deploy.write("{}\n", "prefect: {work_pool: leadline}")
    process = deploy.start("-m", "deployments.serve")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "prefect worker start --pool leadline" in err


# ---- the command ----


def test_command_says_the_changes_and_its_exit_code(deploy: Deployer, server: Server) -> None:
    url = {"PREFECT_API_URL": server.url}
    code, document, _ = deploy.command("--dry-run", **url)
    assert (code, document["dry_run"]) == (2, True)
    listed = [re.sub(r"[\[{].*", "", text) for text in JSON_KEYS["deploy"]]
    assert sorted(document) == sorted(listed)
    assert {"action", "kind", "name", "before", "after"} == set(document["changes"][0])
    assert server.names() == set()
    code, done, _ = deploy.command(**url)
    assert (code, done["changes"]) == (0, document["changes"])
    code, document, _ = deploy.command("--dry-run", **url)
    assert (code, document["changes"]) == (0, [])
    code, document, _ = deploy.command("--remove", **url)
    assert code == 0
    assert {each["action"] for each in document["changes"]} == {"delete"}
    assert server.names() == set()


def test_command_finds_the_server_of_the_project(
    home_of_server: Environment, server: Server
) -> None:
    code, document, _ = Deployer(home_of_server, server).command("--dry-run", PREFECT_API_URL="")
    assert (code, document["server"]) == (2, server.url)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "`leadline up`"), ("ja", "`leadline up` で起動するか")]
)
def test_command_says_what_to_start_when_there_is_no_server(
    deploy: Deployer, lang: str, words: str
) -> None:
    code, document, err = deploy.command("--lang", lang, PREFECT_API_URL="")
    assert (code, document["error"]["code"]) == (1, "prefect_server_absent")
    assert words in err


def test_command_names_a_given_server_that_does_not_answer(deploy: Deployer) -> None:
    code, document, _ = deploy.command(PREFECT_API_URL="http://127.0.0.1:9/api")
    assert (code, document["error"]["code"]) == (1, "prefect_server_silent")
    assert "http://127.0.0.1:9/api" in document["error"]["message"]


def test_command_says_what_is_missing_when_the_server_asks_for_a_password(
    deploy: Deployer, server: Server
) -> None:
    given = {"PREFECT_API_URL": server.url, "PREFECT_API_AUTH_STRING": "somebody:else"}
    code, document, _ = deploy.command(**given)
    assert (code, document["error"]["code"]) == (1, "prefect_refused")
    assert "PREFECT_API_AUTH_STRING" in document["error"]["message"]


def test_wrong_configuration_is_told_and_nothing_is_touched(
    deploy: Deployer, server: Server
) -> None:
    deploy()
    before = server.deployments()
    deploy.write("import_files: every blue moon\n")
    code, document, err = deploy.command(PREFECT_API_URL=server.url)
    assert code == 1
    [problem] = document["error"]["problems"]
    assert (problem["file"], problem["line"]) == ("config/schedules.yaml", 1)
    assert "config/schedules.yaml:1" in err
    assert server.deployments() == before
