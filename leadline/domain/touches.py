"""Touches: whether a due step is sent now, later, or not at all, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leadline.domain.skips import SkipReason
from leadline.domain.windows import next_open

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from leadline.domain.consent import Permission
    from leadline.domain.windows import Window

#: Why a lead leaves a sequence for which it may not be written to; "no_consent" for the rest.
_EXITS: Final = {SkipReason.SUPPRESSED: "suppressed", SkipReason.REFUSED: "unsubscribed"}


@dataclass(frozen=True, slots=True)
class DueStep:
    """One enrollment whose step is due, with what the decision reads.

    Attributes:
        step_due_at: when the step was meant to go; lateness counts from here.
        zone: the lead's time zone.
        permission: what the consent gate says.
        is_exiting: the exit condition matches.
        cap_frees_at: None while the frequency cap leaves room, else when it does again.
    """

    step_due_at: datetime
    zone: str
    permission: Permission | SkipReason
    is_exiting: bool
    cap_frees_at: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits that hold for a step."""

    window: Window
    max_lateness: timedelta
    has_public_url: bool
    retry_after: timedelta


@dataclass(frozen=True, slots=True)
class Send:
    """The mail goes out now."""


@dataclass(frozen=True, slots=True)
class Postpone:
    """Look again at `until`."""

    reason: SkipReason
    until: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """This step is not sent; the sequence goes on with the next one."""

    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Exit:
    """The lead leaves the sequence; `reason` is an exit reason."""

    reason: str
    skip: SkipReason


Decision = Send | Postpone | Skip | Exit


def decide_touch(  # noqa: PLR0911 - one line per reason, in the order of their weight
    step: DueStep, policy: Policy, *, now: datetime
) -> Decision:
    """Decide what happens with a due step.

    The order is the promise: a refusal ends the sequence before anything else is asked, then
    lateness, then what only delays. Lateness counts from the first allowed instant, so that a
    step which fell on a weekend is not late for having waited for Monday.
    """
    if isinstance(step.permission, SkipReason):
        return Exit(_EXITS.get(step.permission, "no_consent"), step.permission)
    if step.is_exiting:
        return Exit("goal_reached", SkipReason.EXITED)
    first_chance = next_open(step.step_due_at, window=policy.window, zone=step.zone)
    if now - first_chance > policy.max_lateness:
        return Skip(SkipReason.EXPIRED)
    if not policy.has_public_url:
        return Postpone(SkipReason.NO_PUBLIC_URL, now + policy.retry_after)
    if step.cap_frees_at is not None:
        return Postpone(SkipReason.OVER_CAP, step.cap_frees_at)
    opens = next_open(now, window=policy.window, zone=step.zone)
    if opens > now:
        return Postpone(SkipReason.OUTSIDE_WINDOW, opens)
    return Send()
