"""What is deployed, as recorded text, and how it is compared with what a server has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse, GlobalConcurrencyLimitResponse

from deployments.desired import SERVED, want_deployments
from deployments.plan import RUNS_AT_ONCE, Change, Wanted, plan_deployments, plan_pool, slugs
from deployments.serve import make_served
from leadline.config.loader import read_project
from tests.factories import a_project

if TYPE_CHECKING:
    from leadline.config.shape import Project

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_name("deployments.txt")


def described(wanted: Wanted) -> str:
    """Return one deployment as the recorded text has it."""
    facts = {
        "name": f"{wanted.name}/{wanted.name}",
        "entry": wanted.entrypoint,
        "schedule": "; ".join(f"{line.cron} {line.timezone}" for line in wanted.lines) or "none",
        "concurrency": f"{RUNS_AT_ONCE} {wanted.collision}",
        "tags": " ".join(sorted(wanted.tags)),
        "says": " | ".join(filter(None, wanted.description.split("\n"))),
    }
    return "\n".join(f"{name}: {fact}" for name, fact in facts.items()) + "\n"


def recorded() -> list[str]:
    text = RECORDED.read_text(encoding="utf-8")
    return [f"{block.strip()}\n" for block in text.split("\n\n") if block.strip()]


def project_with(folder: Path, schedules: str, settings: str = "") -> Project:
    home = a_project(folder, files={"config/schedules.yaml": schedules}).home
    with (home / "config" / "settings.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    return read_project(home)


def by_name(project: Project) -> dict[str, Wanted]:
    return {each.name: each for each in want_deployments(project)}


def found_as(wanted: Wanted, **changes: object) -> DeploymentResponse:
    """Return what a server has after `wanted` was applied, but for some fields."""
    schedules = [
        {
            "id": uuid4(),
            "deployment_id": uuid4(),
            "slug": slug,
            "active": line.is_active,
            "schedule": {"cron": line.cron, "timezone": line.timezone},
        }
        for slug, line in slugs(wanted).items()
    ]
    facts: dict[str, Any] = {
        "id": uuid4(),
        "name": wanted.name,
        "flow_id": uuid4(),
        "version": wanted.version,
        "entrypoint": wanted.entrypoint,
        "description": wanted.description,
        "tags": sorted(wanted.tags),
        "parameter_openapi_schema": wanted.parameters,
        "pull_steps": wanted.pull_steps,
        "work_pool_name": wanted.work_pool,
        "job_variables": {"env": dict(wanted.env)},
        "schedules": schedules,
        "global_concurrency_limit": GlobalConcurrencyLimitResponse(
            name="limit", limit=RUNS_AT_ONCE, active=True, active_slots=0, slot_decay_per_second=0
        ),
        "concurrency_options": ConcurrencyOptions.model_validate(
            {"collision_strategy": wanted.collision}
        ),
    }
    return DeploymentResponse.model_validate(facts | changes)


def changes_of(wanted: Wanted, found: DeploymentResponse) -> list[Change]:
    [plan] = plan_deployments([wanted], {wanted.name: found})
    return list(plan.changes)


def test_deployments_of_a_fresh_project_are_as_recorded() -> None:
    found = [described(each) for each in want_deployments(read_project(ROOT))]
    assert found == recorded()


def test_watch_is_deployed_to_a_work_pool_alone(tmp_path: Path) -> None:
    pooled = by_name(project_with(tmp_path / "home", "{}", "prefect: {work_pool: leadline}\n"))
    assert set(pooled) == {each.flow.name for each in SERVED.values()} | {"leadline-watch"}
    assert {each.work_pool for each in pooled.values()} == {"leadline"}
    [line] = pooled["leadline-watch"].lines
    assert line.cron == "0 * * * *"


def test_worker_enters_the_project_folder_that_its_own_environment_names(tmp_path: Path) -> None:
    wanted = by_name(project_with(tmp_path / "home", "{}", "prefect: {work_pool: leadline}\n"))
    steps = wanted["leadline-import-files"].pull_steps
    assert steps == [{"leadline.config.enter_home": {}}]


def test_served_deployment_has_no_pull_step() -> None:
    assert {each.pull_steps is None for each in want_deployments(read_project(ROOT))} == {True}


def test_paused_schedule_is_deployed_inactive(tmp_path: Path) -> None:
    words = "import_files:\n  when: daily 09:00 Asia/Tokyo\n  paused: true\n"
    wanted = by_name(project_with(tmp_path / "home", words))
    [line] = wanted["leadline-import-files"].lines
    assert (line.cron, line.timezone, line.is_active) == ("0 9 * * *", "Asia/Tokyo", False)
    assert "(paused)" in wanted["leadline-import-files"].description
    assert wanted["leadline-send-due-touches"].lines == ()


def test_description_says_the_words_of_the_schedule(tmp_path: Path) -> None:
    words = "import_files: first business day of the month 09:00 Asia/Tokyo\n"
    wanted = by_name(project_with(tmp_path / "home", words))["leadline-import-files"]
    said = "**Schedule:** first business day of the month 09:00 Asia/Tokyo"
    assert said in wanted.description.split("\n")


def test_what_was_applied_differs_in_nothing() -> None:
    for wanted in want_deployments(read_project(ROOT)):
        assert changes_of(wanted, found_as(wanted)) == []


def test_changed_words_are_one_change(tmp_path: Path) -> None:
    old, new = (
        by_name(project_with(tmp_path / name, f"import_files: {words}\n"))["leadline-import-files"]
        for name, words in (("old", "every 15 min"), ("new", "every 10 min"))
    )
    [change] = changes_of(new, found_as(old))
    assert (change.action, change.kind) == ("update", "schedule")
    assert (change.before, change.after) == ("every 15 min (UTC)", "every 10 min (UTC)")


def test_schedule_edited_by_hand_is_shown_as_cron_and_put_back() -> None:
    [wanted, *_] = want_deployments(read_project(ROOT))
    by_hand = replace(wanted, lines=(replace(wanted.lines[0], cron="0 4 * * *"),))
    [change] = changes_of(wanted, found_as(by_hand))
    assert (change.action, change.kind) == ("update", "schedule")
    assert change.before.startswith("0 4 * * *")


def test_schedule_added_by_hand_goes() -> None:
    [wanted, *_] = want_deployments(read_project(ROOT))
    found = found_as(wanted)
    extra = found.schedules[0].model_copy(update={"id": uuid4(), "slug": None})
    found.schedules.append(extra)
    [plan] = plan_deployments([wanted], {wanted.name: found})
    assert plan.stale == (extra,)
    assert [change.kind for change in plan.changes] == ["schedule"]


def test_tags_and_variables_of_admins_stay() -> None:
    [wanted, *_] = want_deployments(read_project(ROOT))
    found = found_as(wanted, tags=["sales", *wanted.tags], paused=True, parameters={"now": None})
    assert changes_of(wanted, found) == []


def test_fields_that_differ_are_named() -> None:
    [wanted, *_] = want_deployments(read_project(ROOT))
    found = found_as(wanted, entrypoint="flows.old.old", description="", tags=["leadline"])
    [change] = changes_of(wanted, found)
    assert (change.action, change.kind) == ("update", "deployment")
    assert change.before == "tags leadline, entrypoint flows.old.old"
    assert "description" in change.after
    assert "tags leadline leadline-watched" in change.after


def test_pool_of_others_is_not_changed() -> None:
    assert plan_pool("default", 3, None).changes[0].action == "create"
    names = {each.kind for each in plan_pool("default", 3, None).changes}
    assert names == {"work_pool"}


def test_served_deployment_has_the_id_of_the_applied_one() -> None:
    known = uuid4()
    [served] = make_served({"leadline-import-files": known})
    assert served.name == "leadline-import-files"
    assert served.full_name == "leadline-import-files/leadline-import-files"


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("every 5 min America/New_York", "UTC"),  # also through the hour that comes twice
        ("every 5 min Australia/Lord_Howe", "Australia/Lord_Howe"),  # half an hour off
        ("every 15 min, 08-20 America/New_York", "America/New_York"),
        ("daily 09:00 America/New_York", "America/New_York"),
    ],
)
def test_pace_through_all_hours_is_read_in_utc(tmp_path: Path, words: str, zone: str) -> None:
    files = {"config/schedules.yaml": f"import_files: {words}\n"}
    project = read_project(a_project(tmp_path / "home", files=files).home)
    wanted = next(each for each in want_deployments(project) if "import" in each.name)
    assert {line.timezone for line in wanted.lines} == {zone}
    assert words in wanted.description, "people read the schedule as it is written"
