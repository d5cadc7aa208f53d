"""Whether a flow runs now, for which due time, and what it makes up for.

"What is due" is computed when a run starts: however many times were missed, one run does their
work. A due time is taken once, by whichever clock comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from leadline.domain.skips import SkipReason

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A run that starts this soon after its due time is on time: servers look every 10 s or so, and
#: a new process needs some seconds.
ON_TIME: Final = timedelta(minutes=2)
#: A due time that no clock took for this long is overdue: something does not run.
OVERDUE: Final = timedelta(minutes=10)
#: How often the work of one due time is taken up again after a process died at it.
MOST_FENCES: Final = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """A due time that a clock took before.

    Attributes:
        due_at: the due time.
        is_running: whether it has no end yet.
        is_held: whether its process is alive and keeps its lease.
        fence: how often it was taken.
        state: as stored.
    """

    due_at: datetime
    is_running: bool
    is_held: bool
    fence: int
    state: str


@dataclass(frozen=True, slots=True)
class Take:
    """Run, for this due time.

    Attributes:
        due_at: the due time.
        late_by: how long ago it was.
        missed_after: due times after this instant and before `due_at` were missed; one run does
            their work too.
        is_repeat: whether a process died at this due time before.
    """

    due_at: datetime
    late_by: timedelta
    missed_after: datetime
    is_repeat: bool = False

    @property
    def is_late(self) -> bool:
        """Tell whether people should hear that this run is late."""
        return self.late_by > ON_TIME


@dataclass(frozen=True, slots=True)
class Leave:
    """Do not run.

    Attributes:
        reason: why.
        due_at: the due time that it is about, None when there is none.
        is_new: whether that due time is given up now, to be recorded.
    """

    reason: SkipReason
    due_at: datetime | None = None
    is_new: bool = False


def decide_due_time(
    due_at: datetime | None,
    taken: Taken | None,
    *,
    since: datetime,
    now: datetime,
    catch_up: timedelta | None,
) -> Take | Leave:
    """Decide what a clock does that finds a flow due.

    Args:
        due_at: the newest due time up to now, None when the schedule has none.
        taken: the newest due time that any clock took, None at first.
        since: since when the schedule is in force; what was due before then was never missed.
        now: the present.
        catch_up: how late a missed time may still be made up; None for however late.
    """
    if due_at is None:
        return Leave(SkipReason.NOT_DUE)
    late_by = max(now - due_at, timedelta(0))
    if taken is not None and taken.is_running and taken.is_held:
        return Leave(SkipReason.IN_PROGRESS, taken.due_at)
    if taken is not None and taken.due_at >= due_at:
        return _again(taken, max(now - taken.due_at, timedelta(0)), catch_up)
    if due_at < since and late_by > ON_TIME:
        return Leave(SkipReason.NOT_DUE)
    if catch_up is not None and late_by > max(catch_up, ON_TIME):
        return Leave(SkipReason.TOO_LATE, due_at, is_new=True)
    before = since if taken is None else max(since, taken.due_at)
    return Take(due_at, late_by, missed_after=min(before, due_at))


def _again(taken: Taken, late_by: timedelta, catch_up: timedelta | None) -> Take | Leave:
    """Take up what a process left that died, but not for ever."""
    has_died = taken.is_running or taken.state == "crashed"
    if has_died and catch_up is not None and late_by > max(catch_up, ON_TIME):
        return Leave(SkipReason.TOO_LATE, taken.due_at)
    if has_died and taken.fence < MOST_FENCES:
        return Take(taken.due_at, late_by, missed_after=taken.due_at, is_repeat=True)
    return Leave(SkipReason.DONE_BEFORE, taken.due_at)


_SAYS: Final[dict[str, dict[str, str]]] = {
    "late": {
        "en": "late: was due {due}, {late} ago",
        "ja": "遅延: 予定 {due} ({late}前)",
    },
    "missed": {
        "en": "{count} earlier time(s) since {since} missed, their work is done by this run",
        "ja": "{since} 以降の{count}回分は未実行。この実行でまとめて処理します",
    },
    "repeat": {
        "en": "takes up what an earlier run left unfinished",
        "ja": "前の実行で終わらなかった処理の続きです",
    },
}


def late_words(take: Take, missed_count: int, *, due: str, since: str) -> Mapping[str, str]:
    """Say per language what is unusual about a run; "" when nothing is.

    Args:
        take: the decision.
        missed_count: how many due times were missed before this one.
        due: the due time as people read it, in the schedule's zone.
        since: the same of the first that was missed.
    """
    facts = {"due": due, "late": duration_text(take.late_by), "count": missed_count, "since": since}
    keys = [("late", take.is_late), ("missed", missed_count > 0), ("repeat", take.is_repeat)]
    return {
        lang: "; ".join(_SAYS[key][lang].format(**facts) for key, applies in keys if applies)
        for lang in ("en", "ja")
    }


def duration_text(duration: timedelta) -> str:
    """Return a duration as `2d 3h`, `4h 5m`, `6m 7s` or `8s`."""
    days, rest = divmod(int(duration.total_seconds()), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    shown = [f"{count}{unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or "0s"
