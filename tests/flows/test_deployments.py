"""What is deployed, as recorded text: by `deployments.serve`, and by prefect.yaml for a pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from deployments.serve import make_deployments
from leadline.config.loader import read_project
from leadline.config.shape import ScheduleShape

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_name("deployments.txt")


def described(**facts: object) -> str:
    """Return one deployment as the recorded text has it."""
    return "\n".join(f"{name}: {fact}" for name, fact in facts.items()) + "\n"


def served(deployment: RunnerDeployment) -> str:
    [schedule] = deployment.schedules or []
    cron: Any = schedule.schedule
    options = deployment.concurrency_options
    strategy = options.collision_strategy.value if options else ""
    return described(
        name=f"{deployment.flow_name}/{deployment.name}",
        entry=deployment.entrypoint,
        schedule=cron.cron,
        zone=cron.timezone,
        concurrency=f"{deployment.concurrency_limit} {strategy}",
        tags=" ".join(deployment.tags),
        says=deployment.description,
    )


def pooled(deployment: dict[str, Any]) -> str:
    [schedule] = deployment["schedules"]
    limit = deployment["concurrency_limit"]
    return described(
        name=f"{deployment['name']}/{deployment['name']}",
        entry=deployment["entrypoint"],
        schedule=schedule["cron"],
        zone=schedule["timezone"],
        concurrency=f"{limit['limit']} {limit['collision_strategy']}",
        tags=" ".join(deployment["tags"]),
        says=deployment["description"],
    )


def prefect_yaml() -> dict[str, Any]:
    text = (ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def recorded() -> list[str]:
    text = RECORDED.read_text(encoding="utf-8")
    return [f"{block.strip()}\n" for block in text.split("\n\n") if block.strip()]


def test_pool_deployments_are_as_recorded() -> None:
    assert [pooled(each) for each in prefect_yaml()["deployments"]] == recorded()


def test_served_deployments_are_as_recorded_without_the_watch() -> None:
    schedules = read_project(ROOT).schedules
    assert [served(each) for each in make_deployments(schedules)] == recorded()[:-1]
    assert "leadline-watch" in recorded()[-1]


def test_worker_enters_the_project_folder_that_its_own_environment_names() -> None:
    assert prefect_yaml()["pull"] == [{"leadline.config.enter_home": {}}]


def test_paused_schedule_is_deployed_inactive() -> None:
    schedule = ScheduleShape(cron="0 9 * * mon", timezone="Asia/Tokyo", paused=True)
    made = {each.name: each for each in make_deployments({"import_files": schedule})}
    [deployed] = made["leadline-import-files"].schedules or []
    assert deployed.active is False
    assert made["leadline-send-due-touches"].schedules == []
