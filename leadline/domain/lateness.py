"""Lateness: whether a lead that a rep is told of waited because we did not run.

A lead is late when a scheduled time at which it should have been taken along is more than a
quarter of an hour past. Its wait counts from its arrival here, because that is the moment from
which it was ours: what its source states (an export of last spring) is no delay of ours, and what
lay in a folder while nothing ran cannot be told from what was put there a minute ago. Hours in
which the schedule asks for nothing are nobody's delay, and neither is a wait in the queue: a lead
that found no rep waits for us only from the time at which it is to be looked at again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

#: What ordinary work may take after a scheduled time before a lead is late.
GRACE: Final = timedelta(minutes=15)


def find_waiting_since(
    *, due_at: datetime, received_at: datetime | None, handled_at: datetime | None
) -> datetime:
    """Return since when a lead that is routed now has waited for us.

    Args:
        due_at: when its routing became due.
        received_at: when its newest statement arrived here, None when that is not known.
        handled_at: when it was last given to a rep, put into the queue or declined; None when it
            was never routed before.

    Returns:
        Its arrival; `due_at` for one that nothing new was said of since it was handled.
    """
    if received_at is None or (handled_at is not None and received_at <= handled_at):
        return due_at
    return received_at


def find_wait(
    waiting_since: datetime | None, *, turn_at: datetime | None, now: datetime
) -> timedelta | None:
    """Return how long a late lead has waited, None for one that is in time.

    Args:
        waiting_since: since when it waited for us, None when that is not known.
        turn_at: the newest scheduled time that is at least `GRACE` past; None when no clock
            follows a schedule: who runs the stages by hand decides when.
        now: the present.
    """
    if waiting_since is None or turn_at is None or waiting_since >= turn_at:
        return None
    return now - waiting_since
