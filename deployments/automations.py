"""What Prefect's server does by itself about runs of ours, as code; `leadline deploy` applies it.

Every rule matches runs with our own tag alone: on a shared server nothing of others is touched.
Rules that tell the admin start the alert flow, whose own runs lack that tag, so that an alert
that fails starts no further one.

The rule about zombies needs no runner: the server itself marks a run whose process went silent as
Crashed, and the rule about crashed runs then tells the admin. What a run must keep doing is to
beat (PREFECT_FLOWS_HEARTBEAT_FREQUENCY): one that beats more slowly than the rule expects would be
taken for dead. `leadline up` sets it for the processes that it starts, `leadline deploy` for those
that the workers of a pool start (`deployments.desired.POOL_ENV`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture

from flows.run import TAG, WATCHED
from leadline.domain.alerts import HEARTBEAT_LOST
from leadline.domain.endings import ATTENTION, IDLE

if TYPE_CHECKING:
    from uuid import UUID

#: Ends the description of every automation of ours.
MARK: Final = "Made by `leadline deploy`; changes made here are put back by the next one."
#: A run is dead when it missed this many beats.
BEATS: Final = 3
#: After one alert about a flow, further events of the kind start no run for this long: a storm of
#: late runs is one piece of news. No longer: a run that was late by little needs no mail, and may
#: not hide the next one. The mails themselves are further apart (`leadline.stages.alerts`).
QUIET: Final = timedelta(minutes=5)
_STATE: Final = "prefect.flow-run."
_FAILED: Final = ("Failed", "TimedOut")
_CRASHED: Final = "Crashed"
_WAITING: Final = ("Paused", "Suspended")
#: States after which no beat is due. A name that is missing here is no danger to a run that is
#: over: the server refuses to mark it as Crashed.
_SILENT: Final = (
    *_FAILED,
    *_WAITING,
    _CRASHED,
    "Completed",
    "Cancelled",
    IDLE,
    ATTENTION,
    "AwaitingConcurrencySlot",
    "AwaitingRetry",
    "Scheduled",
)
_OURS: Final = {
    "prefect.resource.role": "tag",
    "prefect.resource.id": f"prefect.tag.{WATCHED}",
}
_RUNS: Final = {"prefect.resource.id": "prefect.flow-run.*"}


def make_automations(*, alert_deployment_id: UUID, heartbeat: timedelta) -> list[Automation]:
    """Return all automations of ours, each known by its name.

    Args:
        alert_deployment_id: the deployment of `flows.alert_admin`.
        heartbeat: how often the slowest process that runs our flows beats, at least 30 s.
    """
    tell = RunDeployment(
        source="selected",
        deployment_id=alert_deployment_id,
        parameters={"event": _text("{{ event.event }}"), "flow_run_id": _text("{{ flow_run.id }}")},
    )
    return [
        _rule(
            "leadline-zombie-runs",
            f"Marks a run as Crashed that was silent for {BEATS} beats of its heart.",
            _silence(heartbeat),
            ChangeFlowRunState(state=StateType.CRASHED, message=HEARTBEAT_LOST),
        ),
        _rule(
            "leadline-late-runs",
            "Tells the admin of runs that did not begin on time.",
            _entering("Late", quiet=QUIET),
            tell,
        ),
        _rule(
            "leadline-failed-runs",
            "Tells the admin of runs that failed or ran out of time.",
            _entering(*_FAILED, quiet=QUIET),
            tell,
        ),
        _rule(  # each of them: one that only waits, taken for dead, is put back to waiting
            "leadline-crashed-runs",
            "Tells the admin of runs whose process ended before them.",
            _entering(_CRASHED),
            tell,
        ),
        _rule(
            "leadline-attention-runs",
            "Tells the admin of runs after which rows need a person.",
            _entering(ATTENTION, quiet=QUIET),
            tell,
        ),
        _rule(
            "leadline-approvals-waiting",
            "Tells the admin of runs that wait for a person's decision.",
            _entering(*_WAITING),
            tell,
        ),
    ]


def _text(template: str) -> dict[str, str]:
    """Return a parameter that the server fills in as plain text."""
    return {"__prefect_kind": "jinja", "template": template}


def _rule(
    name: str, does: str, trigger: EventTrigger, action: ChangeFlowRunState | RunDeployment
) -> Automation:
    return Automation(
        name=name, description=f"{does} {MARK}", tags=[TAG], trigger=trigger, actions=[action]
    )


def _silence(heartbeat: timedelta) -> EventTrigger:
    """Return what fires for each run that beat once and then neither beats nor ends."""
    beat = f"{_STATE}heartbeat"
    return EventTrigger(
        posture=Posture.Proactive,
        threshold=1,
        within=BEATS * heartbeat,
        for_each={"prefect.resource.id"},
        after={beat},
        expect={beat, *_names(_SILENT)},
        **_matching(),
    )


def _entering(*states: str, quiet: timedelta = timedelta(0)) -> EventTrigger:
    """Return what fires when a run enters a state, at most once in `quiet` per flow and state."""
    each = {"related:flow:prefect.resource.id", "prefect.state-name"} if quiet else set()
    return EventTrigger(
        posture=Posture.Reactive,
        threshold=1,
        within=quiet,
        for_each=each,
        expect=_names(states),
        **_matching(),
    )


def _names(states: tuple[str, ...]) -> set[str]:
    return {f"{_STATE}{state}" for state in states}


def _matching() -> dict[str, Any]:
    return {"match": dict(_RUNS), "match_related": dict(_OURS)}
