"""Reads from a Prefect server what is ours, and makes it what is wanted, one call per change.

Every call does the same when it is done twice, and whatever is left undone is a difference that
the next time finds.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.desired import want_automations, want_deployments
from deployments.plan import (
    OUR_TAGS,
    PREFIX,
    AutomationPlan,
    DeploymentPlan,
    Found,
    Line,
    Outcome,
    PoolPlan,
    Wanted,
    env_of,
    is_our_pool,
    is_ours,
    plan_automations,
    plan_deployments,
    plan_pool,
    plan_removed_pools,
    slugs,
)
from flows.run import TAG
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import DeploymentSchedule, WorkPool
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.events.schemas.automations import Automation

    from deployments.plan import Change
    from leadline.config.shape import Project

_PAGE: Final = 200
#: Stands for the alert deployment while there is none yet.
_UNKNOWN: Final = UUID(int=0)
POOL_SAYS: Final = "Made by `leadline deploy` for the flows of leadline."


class NameTaken(LeadlineError):
    """A deployment of others has a name that we need."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The server has a deployment {name} without the tag `leadline`, so it is not ours. "
        "Nothing was changed. Rename or delete it; or, if it is leadline's and lost its tag, give "
        "it the tag `leadline` in Prefect, then run the command again.",
        "ja": "サーバーに、タグ `leadline` のないデプロイメント {name} があります (leadline のも"
        "のではありません)。何も変更していません。名前を変更するか削除してください。leadline のも"
        "のでタグだけが失われた場合は、Prefect でタグ `leadline` を付けてから再実行してください。",
    }


class PoolMissing(LeadlineError):
    """The work pool of others that the settings name is not there."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The server has no work pool {name} (config/settings.yaml: prefect.work_pool). "
        "Nothing was changed. Make it with `prefect work-pool create {name} --type process`, "
        "correct the name, or use one that begins with `leadline`, which is made for you.",
        "ja": "サーバーにワークプール {name} がありません (config/settings.yaml の "
        "prefect.work_pool)。何も変更していません。"
        "`prefect work-pool create {name} --type process` で作成するか、名前を修正してください。"
        "`leadline` で始まる名前なら自動で作成されます。",
    }


@dataclass(frozen=True, slots=True)
class _Plan:
    pools: Sequence[PoolPlan]
    deployments: Sequence[DeploymentPlan]
    automations: Sequence[AutomationPlan]

    def changes(self) -> list[Change]:
        """Return all changes in words."""
        pools = [change for plan in self.pools for change in plan.changes]
        deployments = [change for plan in self.deployments for change in plan.changes]
        return (
            pools + deployments + [change for plan in self.automations for change in plan.changes]
        )


async def apply(
    project: Project,
    *,
    is_dry_run: bool,
    is_removal: bool,
    on_plan: Callable[[Sequence[Change]], None] | None = None,
) -> Outcome:
    """Find what differs, and change it unless that is not wanted; see `apply_project`."""
    async with get_client() as client:
        wanted = [] if is_removal else want_deployments(project)
        found = await read_found(client, wanted, project)
        plan = _removal(found) if is_removal else _plan(project, wanted, found)
        ids: dict[str, UUID] = {}
        if not is_dry_run:
            if on_plan is not None:
                on_plan(plan.changes())
            await _make_pools(client, plan.pools)
            ids = await _put_deployments(client, plan.deployments)
            if not is_removal:  # now that every deployment has its id
                automations = want_automations(ids.__getitem__)
                plan = replace(plan, automations=plan_automations(automations, found.automations))
            await _put_automations(client, plan.automations)
            await _delete(client, plan)
        return Outcome(plan.changes(), _paused(plan), ids)


def _plan(project: Project, wanted: Sequence[Wanted], found: Found) -> _Plan:
    settings = project.settings.prefect
    pools = []
    if settings.work_pool:
        pool = found.pools.get(settings.work_pool)
        if pool is None and not is_our_pool(settings.work_pool):
            raise PoolMissing(name=settings.work_pool)
        pools.append(plan_pool(settings.work_pool, settings.work_pool_limit, pool))
    ids = {name: each.id for name, each in found.deployments.items()}
    automations = want_automations(lambda name: ids.get(name, _UNKNOWN))
    return _Plan(
        pools,
        plan_deployments(wanted, found.deployments),
        plan_automations(automations, found.automations),
    )


def _removal(found: Found) -> _Plan:
    return _Plan(
        plan_removed_pools(found),
        plan_deployments((), found.deployments),
        plan_automations((), found.automations),
    )


async def read_found(client: PrefectClient, wanted: Iterable[Wanted], project: Project) -> Found:
    """Return what the server has of ours.

    Raises:
        NameTaken: a deployment of others has the name of one that is wanted.
    """
    ours, foreign = await _deployments(client)
    for each in wanted:
        if each.name in foreign:
            raise NameTaken(name=f"{each.name}/{each.name}")
    pools = await _pools(client, project, ours)
    return Found(ours, await _automations(client), pools, await _shared(client, pools, ours))


async def _deployments(client: PrefectClient) -> tuple[dict[str, DeploymentResponse], set[str]]:
    """Return our deployments by name, and the names of others' that are like ours."""
    found: list[DeploymentResponse] = []
    like_ours = DeploymentFilter(name=DeploymentFilterName(like_=PREFIX))
    while page := await client.read_deployments(
        deployment_filter=like_ours, limit=_PAGE, offset=len(found)
    ):
        found += page
    ours, foreign = {}, set()
    for each in found:
        if not each.name.startswith(PREFIX):
            continue
        flow = await client.read_flow(each.flow_id)
        if flow.name != each.name:
            continue
        if TAG in each.tags:
            ours[each.name] = each
        else:
            foreign.add(each.name)
    return ours, foreign


async def _automations(client: PrefectClient) -> list[Automation]:
    found: list[Automation] = []
    while page := await client.read_automations(limit=_PAGE, offset=len(found)):
        found += page
    return [each for each in found if is_ours(each)]


async def _pools(
    client: PrefectClient, project: Project, ours: Mapping[str, DeploymentResponse]
) -> dict[str, WorkPool]:
    """Return the pool that the project names, those that we made, and those that ours use."""
    named = {project.settings.prefect.work_pool}
    named |= {each.work_pool_name for each in ours.values()}
    found: list[WorkPool] = []
    while page := await client.read_work_pools(limit=_PAGE, offset=len(found)):
        found += page
    return {
        each.name: each for each in found if each.name in named or each.description == POOL_SAYS
    }


async def _shared(
    client: PrefectClient, pools: Iterable[str], ours: Mapping[str, DeploymentResponse]
) -> frozenset[str]:
    """Return the pools that are not ours alone: by their name, or because others use them."""
    ids = {each.id for each in ours.values()}
    shared = set()
    for name in pools:
        users = await client.read_deployments(
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[name])), limit=_PAGE
        )
        if not is_our_pool(name) or any(each.id not in ids for each in users):
            shared.add(name)
    return frozenset(shared)


def _paused(plan: _Plan) -> list[str]:
    """Return the names of what stays and was paused or disabled in Prefect."""
    deployments = (each.found for each in plan.deployments if each.wanted and each.found)
    automations = (each.found for each in plan.automations if each.wanted and each.found)
    return sorted(
        {
            *(each.name for each in deployments if each.paused),
            *(each.name for each in automations if not each.enabled),
        }
    )


async def _make_pools(client: PrefectClient, pools: Sequence[PoolPlan]) -> None:
    for pool in pools:
        actions = {(each.kind, each.action) for each in pool.changes}
        if ("work_pool", "create") in actions:
            made = WorkPoolCreate(
                name=pool.name,
                type="process",
                description=POOL_SAYS,
                concurrency_limit=pool.limit,
                base_job_template=ProcessWorker.get_default_base_job_template(),
            )
            with suppress(ObjectAlreadyExists):  # another deploy was first
                await client.create_work_pool(made)
        elif any(kind == "concurrency_limit" for kind, _ in actions):
            await client.update_work_pool(pool.name, WorkPoolUpdate(concurrency_limit=pool.limit))


async def _put_deployments(
    client: PrefectClient, plans: Sequence[DeploymentPlan]
) -> dict[str, UUID]:
    """Make and change deployments; returns the ids of all that are wanted, by name."""
    ids: dict[str, UUID] = {}
    for plan in plans:
        if plan.wanted is None:
            continue
        if plan.found is None:
            ids[plan.wanted.name] = await _create(client, plan.wanted)
        else:
            ids[plan.wanted.name] = plan.found.id
            if plan.changes or plan.stale:
                await _update(client, plan.wanted, plan.found, plan.stale)
    return ids


async def _create(client: PrefectClient, wanted: Wanted) -> UUID:
    """Make a deployment; one that another deploy made in between becomes the same."""
    return await client.create_deployment(
        flow_id=await client.create_flow_from_name(wanted.name),
        name=wanted.name,
        version=wanted.version,
        entrypoint=wanted.entrypoint,
        description=wanted.description,
        tags=sorted(wanted.tags),
        parameter_openapi_schema=dict(wanted.parameters),
        enforce_parameter_schema=True,
        concurrency_limit=wanted.runs_at_once,
        concurrency_options=_options(wanted),
        work_pool_name=wanted.work_pool,
        job_variables={"env": dict(wanted.env)} if wanted.env else {},
        pull_steps=wanted.pull_steps,
        schedules=[
            DeploymentScheduleCreate(schedule=_cron(line), active=line.is_active, slug=slug)
            for slug, line in slugs(wanted).items()
        ],
    )


async def _update(
    client: PrefectClient,
    wanted: Wanted,
    found: DeploymentResponse,
    stale: Sequence[DeploymentSchedule],
) -> None:
    """Change a deployment; its id, its runs and the ids of the schedules that stay are kept.

    A schedule that is only left out of an update stays: it is deleted by itself.
    """
    for each in stale:
        await _unless_gone(client.delete_deployment_schedule(found.id, each.id))
    changes: dict[str, Any] = {
        "version": wanted.version,
        "entrypoint": wanted.entrypoint,
        "path": None,
        "description": wanted.description,
        "tags": [*(tag for tag in found.tags if tag not in OUR_TAGS), *sorted(wanted.tags)],
        "parameter_openapi_schema": dict(wanted.parameters),
        "pull_steps": wanted.pull_steps,
        "concurrency_limit": wanted.runs_at_once,
    }
    if wanted.lines:
        changes["schedules"] = [
            DeploymentScheduleUpdate(schedule=_cron(line), active=line.is_active, slug=slug)
            for slug, line in slugs(wanted).items()
        ]
    if found.work_pool_name != wanted.work_pool:  # else its queue in the pool would be reset
        changes["work_pool_name"] = wanted.work_pool
    if wanted.env:
        env = {**env_of(found), **wanted.env}
        changes["job_variables"] = {**found.job_variables, "env": env}
    strategy = found.concurrency_options and found.concurrency_options.collision_strategy
    if strategy != wanted.collision:
        changes["concurrency_options"] = _options(wanted)
    await client.update_deployment(found.id, DeploymentUpdate(**changes))


def _options(wanted: Wanted) -> ConcurrencyOptions:
    return ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy(wanted.collision))


def _cron(line: Line) -> CronSchedule:
    return CronSchedule(cron=line.cron, timezone=line.timezone)


async def _put_automations(client: PrefectClient, plans: Sequence[AutomationPlan]) -> None:
    for plan in plans:
        if plan.wanted is None or not plan.changes:
            continue
        # the server refuses an update that names an owner, also when there is none
        said = AutomationCore(**plan.wanted.model_dump(exclude={"id", "owner_resource"}))
        if plan.found is None:
            await client.create_automation(said)
        else:
            await client.update_automation(plan.found.id, said)


async def _delete(client: PrefectClient, plan: _Plan) -> None:
    """Delete what is to go; what uses something else goes before it."""
    for automation in plan.automations:
        if automation.wanted is None and automation.found is not None:
            await client.delete_automation(automation.found.id)
    for deployment in plan.deployments:
        if deployment.wanted is None and deployment.found is not None:
            await _unless_gone(client.delete_deployment(deployment.found.id))
    for pool in plan.pools:
        if any((each.kind, each.action) == ("work_pool", "delete") for each in pool.changes):
            await _unless_gone(client.delete_work_pool(pool.name))


async def _unless_gone(deletion: Awaitable[None]) -> None:
    with suppress(ObjectNotFound):
        await deletion
