"""Touches: whether a due step is sent now, later, or not at all, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadline.domain.skips import SkipReason
from leadline.domain.windows import next_open

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from leadline.domain.windows import Window


@dataclass(frozen=True, slots=True)
class DueStep:
    """One enrollment whose step is due, with what the decision reads.

    Attributes:
        step_due_at: when the step was meant to go; lateness counts from here.
        zone: the lead's time zone.
        is_exiting: the exit condition matches.
        cap_frees_at: None while the frequency cap leaves room, else when it does again.
    """

    step_due_at: datetime
    zone: str
    has_consent: bool
    is_suppressed: bool
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
    if step.is_suppressed:
        return Exit("suppressed", SkipReason.SUPPRESSED)
    if not step.has_consent:
        return Exit("unsubscribed", SkipReason.NO_CONSENT)
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
