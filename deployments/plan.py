"""What is to change in Prefect: the difference between what is wanted and what a server has.

Nothing here speaks to a server. What is wanted is `Wanted`, made from the project; what is there
is `Found`, as read. Ours, and nothing else, is

- a deployment whose name begins with `leadline-`, of the flow of the same name, with the tag
  `leadline`;
- an automation whose name begins with `leadline-`, with the tag `leadline`;
- a work pool whose name begins with `leadline`.

Two switches belong to whoever looks after the server and stay as they are: a deployment that was
paused and an automation that was disabled. Tags, job variables, default parameters and queues
that somebody added stay as well. All else of ours is put back to what the project says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from flows.run import TAG, WATCHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from prefect.client.schemas.objects import DeploymentSchedule, WorkPool
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.events.schemas.automations import Automation, AutomationCore

PREFIX: Final = "leadline-"
POOL_PREFIX: Final = "leadline"
#: Opens the paragraph of a deployment's description that says when it runs.
SCHEDULE_MARK: Final = "**Schedule:**"
_SAID: Final = re.compile(rf"^{re.escape(SCHEDULE_MARK)} (.*)$", re.MULTILINE)

Action = Literal["create", "update", "delete"]
#: The tags that a deploy sets and takes away; any other was added by an admin and stays.
OUR_TAGS: Final = frozenset({TAG, WATCHED})
#: Whichever run takes the due time does the work; the others find that out and end. The limit
#: keeps a pile of them from starting. One would not do: a process that is killed keeps its slot
#: for five minutes, and Prefect would start nothing meanwhile.
RUNS_AT_ONCE: Final = 3
Kind = Literal["work_pool", "deployment", "schedule", "concurrency_limit", "automation"]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan.

    Attributes:
        action: what is done.
        kind: to what kind of thing.
        name: its name; a schedule and a limit have that of their deployment or work pool.
        before: what the server has, in words; "" where that says nothing.
        after: what it gets.
    """

    action: Action
    kind: Kind
    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One cron line of a schedule.

    Attributes:
        cron: five fields.
        timezone: in which they are read.
        is_active: false while the schedule is paused in the project.
    """

    cron: str
    timezone: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deployment as the project wants it.

    Attributes:
        name: of the deployment and of its flow.
        entrypoint: dotted module path of the flow.
        description: Markdown; its line that begins with `SCHEDULE_MARK` says when it runs.
        tags: that its runs bear.
        parameters: schema of the flow's parameters.
        lines: when it runs, () when it is started otherwise.
        runs_at_once: how many may be under way.
        collision: what becomes of a run when so many are.
        work_pool: whose workers run it, None where it is served.
        env: variables of its runs in a work pool.
        version: of leadline.
    """

    name: str
    entrypoint: str
    description: str
    tags: frozenset[str]
    parameters: Mapping[str, Any]
    version: str
    lines: tuple[Line, ...] = ()
    runs_at_once: int = RUNS_AT_ONCE
    collision: Literal["CANCEL_NEW", "ENQUEUE"] = "CANCEL_NEW"
    work_pool: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def pull_steps(self) -> list[dict[str, Any]] | None:
        """What a worker does first: it enters the folder that its own environment names."""
        return [{"leadline.config.enter_home": {}}] if self.work_pool else None


@dataclass(frozen=True, slots=True)
class Found:
    """What a server has of ours.

    Attributes:
        deployments: by name.
        automations: all, also several of one name.
        pools: work pools of ours, by name.
        foreign_use: names of those pools that deployments of others use as well.
    """

    deployments: Mapping[str, DeploymentResponse] = field(default_factory=dict)
    automations: Sequence[Automation] = ()
    pools: Mapping[str, WorkPool] = field(default_factory=dict)
    foreign_use: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found and done.

    Attributes:
        changes: in words.
        paused: names of ours that somebody paused or disabled in Prefect; they stay so.
        ids: of the deployments, by name; {} after a dry run.
    """

    changes: Sequence[Change]
    paused: Sequence[str]
    ids: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """What becomes of one deployment.

    Attributes:
        found: as it is, None when it is missing.
        wanted: as it is to be, None when it is to go.
        changes: in words; () when nothing differs.
        stale: schedules that are deleted, also those that somebody added by hand.
    """

    found: DeploymentResponse | None
    wanted: Wanted | None
    changes: tuple[Change, ...]
    stale: tuple[DeploymentSchedule, ...] = ()


@dataclass(frozen=True, slots=True)
class AutomationPlan:
    """What becomes of one automation; see `DeploymentPlan`."""

    found: Automation | None
    wanted: AutomationCore | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What becomes of one work pool.

    Attributes:
        name: its name.
        limit: most runs at once, None when it is not stated.
        changes: in words; () when nothing differs.
    """

    name: str
    limit: int | None
    changes: tuple[Change, ...]


def plan_pool(name: str, limit: int | None, found: WorkPool | None) -> PoolPlan:
    """Return what is to be done to the work pool that the project names.

    Only one whose name begins with `leadline` is made, and only its limit is ever changed.
    """
    changes: list[Change] = []
    if found is None:
        changes.append(Change("create", "work_pool", name, after="process"))
    had = found.concurrency_limit if found else None
    if is_our_pool(name) and limit is not None and limit != had:
        changes.append(
            Change("update" if had else "create", "concurrency_limit", name, _text(had), str(limit))
        )
    return PoolPlan(name, limit, tuple(changes))


def is_our_pool(name: str) -> bool:
    """Tell by its name whether a work pool is ours."""
    return name.startswith(POOL_PREFIX)


def plan_removed_pools(found: Found) -> list[PoolPlan]:
    """Return the pools of ours that a teardown deletes: nobody else uses them."""
    return [
        PoolPlan(name, None, (Change("delete", "work_pool", name),))
        for name in sorted(found.pools)
        if name not in found.foreign_use
    ]


def plan_deployments(
    wanted: Sequence[Wanted], found: Mapping[str, DeploymentResponse]
) -> list[DeploymentPlan]:
    """Return what becomes of each deployment, those that are wanted first."""
    names = {each.name for each in wanted}
    return [
        *(_plan(each, found.get(each.name)) for each in wanted),
        *(
            DeploymentPlan(each, None, (Change("delete", "deployment", name),))
            for name, each in sorted(found.items())
            if name not in names
        ),
    ]


def _plan(wanted: Wanted, found: DeploymentResponse | None) -> DeploymentPlan:
    if found is None:
        changes = [Change("create", "deployment", wanted.name)]
        if wanted.lines:
            said = said_in(wanted.description)
            changes.append(Change("create", "schedule", wanted.name, after=said))
        changes.append(Change("create", "concurrency_limit", wanted.name, after=_limit(wanted)))
        return DeploymentPlan(None, wanted, tuple(changes))
    schedule = list(_schedule_changes(wanted, found))
    fields = list(_fields(wanted, found))
    if schedule:  # the description says when it runs: that line is told already
        fields = [each for each in fields if each[0] != "description"]
    changes = []
    if fields:
        before = ", ".join(was for _, was, _ in fields if was)
        after = ", ".join(now for *_, now in fields)
        changes.append(Change("update", "deployment", wanted.name, before, after))
    changes += [*schedule, *_limit_changes(wanted, found)]
    stale = tuple(each for each in found.schedules if each.slug not in slugs(wanted))
    return DeploymentPlan(found, wanted, tuple(changes), stale)


def slugs(wanted: Wanted) -> dict[str, Line]:
    """Return the lines by the name that each has in Prefect."""
    return {f"config-{number}": line for number, line in enumerate(wanted.lines, 1)}


def _fields(wanted: Wanted, found: DeploymentResponse) -> Iterator[tuple[str, str, str]]:
    """Give each field that differs: its name, and both values where they are short."""
    ours = OUR_TAGS.intersection(found.tags)
    if wanted.tags != ours:
        yield "tags", f"tags {' '.join(sorted(ours))}", f"tags {' '.join(sorted(wanted.tags))}"
    for name, was, now in (
        ("entrypoint", found.entrypoint, wanted.entrypoint),
        ("version", found.version, wanted.version),
        ("work pool", found.work_pool_name, wanted.work_pool),
    ):
        if was != now:
            yield name, f"{name} {_text(was)}", f"{name} {_text(now)}"
    for name, differs in (
        ("description", found.description != wanted.description),
        ("parameters", found.parameter_openapi_schema != wanted.parameters),
        ("pull steps", (found.pull_steps or None) != wanted.pull_steps),
        ("path", bool(found.path)),
        ("variables", env_of(found) != {**env_of(found), **wanted.env}),
    ):
        if differs:
            yield name, "", name


def _schedule_changes(wanted: Wanted, found: DeploymentResponse) -> Iterator[Change]:
    had = {each.slug: _line(each) for each in found.schedules}
    was, now = said_in(found.description or ""), said_in(wanted.description)
    same_lines = had == slugs(wanted) and len(had) == len(found.schedules)
    if same_lines and (was in {now, ""} or not had):
        return
    if was == now or not was:  # somebody changed it by hand
        was = "; ".join(_cron(each) for each in found.schedules)
        now = "; ".join(map(_cron_of, wanted.lines)) if found.schedules and wanted.lines else now
    if not wanted.lines:
        yield Change("delete", "schedule", wanted.name, before=was)
    elif not found.schedules:
        yield Change("create", "schedule", wanted.name, after=now)
    else:
        yield Change("update", "schedule", wanted.name, was, now)


def _line(schedule: DeploymentSchedule) -> Line | None:
    """Return a schedule as one of ours, None when it is of another kind."""
    cron: Any = schedule.schedule
    text = getattr(cron, "cron", None)
    if text is None or not cron.day_or:
        return None
    return Line(text, cron.timezone or "UTC", bool(schedule.active))


def _cron(schedule: DeploymentSchedule) -> str:
    line = _line(schedule)
    return _cron_of(line) if line else type(schedule.schedule).__name__


def _cron_of(line: Line) -> str:
    return f"{line.cron} {line.timezone}" + ("" if line.is_active else " (paused)")


def env_of(found: DeploymentResponse) -> dict[str, str]:
    """Return the variables that a deployment gives its runs."""
    return dict(found.job_variables.get("env") or {})


def said_in(description: str) -> str:
    """Return what a description says about when the deployment runs; "" when it says nothing."""
    match = _SAID.search(description)
    return match[1].replace("`", "") if match else ""


def _limit(wanted: Wanted) -> str:
    return f"{wanted.runs_at_once} {wanted.collision}"


def _limit_changes(wanted: Wanted, found: DeploymentResponse) -> Iterator[Change]:
    limit, options = found.global_concurrency_limit, found.concurrency_options
    strategy = options.collision_strategy.value if options else ""
    had = f"{limit.limit} {strategy}".strip() if limit else ""
    if had != _limit(wanted):
        action: Action = "update" if limit else "create"
        yield Change(action, "concurrency_limit", wanted.name, had, _limit(wanted))


def plan_automations(
    wanted: Sequence[AutomationCore], found: Sequence[Automation]
) -> list[AutomationPlan]:
    """Return what becomes of each automation; of several of one name one stays."""
    plans: list[AutomationPlan] = []
    names = {each.name for each in wanted}
    for each in map(mark, wanted):
        twins = sorted(
            (other for other in found if other.name == each.name),
            key=lambda other: (content(other) != content(each), str(other.id)),
        )
        plans.append(_plan_automation(each, twins[0] if twins else None))
        plans += map(_delete, twins[1:])
    return plans + [_delete(each) for each in found if each.name not in names]


def _plan_automation(wanted: AutomationCore, found: Automation | None) -> AutomationPlan:
    if found is None:
        says = wanted.description.partition(". ")[0]
        created = Change("create", "automation", wanted.name, after=says)
        return AutomationPlan(None, wanted, (created,))
    was, now = content(found), content(wanted)
    differing = ", ".join(name for name in now if was[name] != now[name])
    if not differing:
        return AutomationPlan(found, wanted, ())
    changed = Change("update", "automation", wanted.name, after=differing)
    kept = wanted.model_copy(update={"enabled": found.enabled})
    return AutomationPlan(found, kept, (changed,))


def _delete(found: Automation) -> AutomationPlan:
    return AutomationPlan(found, None, (Change("delete", "automation", found.name),))


def mark(automation: AutomationCore) -> AutomationCore:
    """Return an automation with the tag by which we know it for ours."""
    return automation.model_copy(update={"tags": sorted({*automation.tags, TAG})})


def is_ours(automation: Automation) -> bool:
    """Tell whether an automation is one that we made."""
    return automation.name.startswith(PREFIX) and TAG in automation.tags


def content(automation: AutomationCore) -> dict[str, Any]:
    """Return what an automation says, without what its server adds, ready to be compared."""
    fields = (
        "description",
        "tags",
        "trigger",
        "actions",
        "actions_on_trigger",
        "actions_on_resolve",
    )
    said = automation.model_dump(mode="json", include=set(fields))
    return {name: _sorted(said[name]) for name in fields}


def _sorted(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON whose lists of texts are in order: they were sets."""
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        items = [_sorted(item) for item in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return value


def _text(value: object) -> str:
    return "none" if value is None else str(value)
