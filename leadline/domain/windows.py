"""Local hours in which something may happen: sending windows and working hours.

Wall clocks jump. Two rules keep every answer unique:

- a local time that does not exist (clocks go forward) stands for the instant that it would have
  had without the jump: 02:30 in New York becomes 03:30;
- a local time that comes twice (clocks go back) stands for its first pass.

Arithmetic is done in UTC, so a working hour is always 60 real minutes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day, in whatever zone they are asked for.

    Attributes:
        days: weekdays on which it opens, 0 = Monday.
        opens: first moment inside.
        closes: first moment outside; at or before `opens` it means the next day, so equal times
            are 24 hours.
    """

    days: frozenset[int]
    opens: time
    closes: time

    def __post_init__(self) -> None:
        """Refuse a window that never opens or that carries a zone of its own."""
        if not self.days or not self.days <= frozenset(range(7)):
            message = "a window needs at least one weekday, each 0 (Monday) to 6 (Sunday)"
            raise ValueError(message)
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            message = "the times of a window are local; they carry no zone"
            raise ValueError(message)


def next_open(
    now: datetime, *, window: Window, zone: str, closed_on: Collection[date] = ()
) -> datetime:
    """Return `now` when it is inside the window, else the next opening.

    Args:
        now: aware.
        window: the local hours.
        zone: IANA name.
        closed_on: local dates on which the window does not open (holidays, days off). A window
            that opened the evening before still runs to its end.

    Returns:
        Aware UTC.

    Raises:
        ValueError: `now` is naive.
        zoneinfo.ZoneInfoNotFoundError: `zone` is unknown.
    """
    if now.tzinfo is not None and not closed_on:
        return _next_open(now.astimezone(UTC), window, zone)
    opens, _ = next(_spans(now, window, zone, closed_on))
    return max(opens, now.astimezone(UTC))


@lru_cache(maxsize=4096)
def _next_open(now: datetime, window: Window, zone: str) -> datetime:
    """Remember the answer for a zone: in a batch thousands of leads share it."""
    opens, _ = next(_spans(now, window, zone, ()))
    return max(opens, now)


def closes_at(now: datetime, *, window: Window, zone: str) -> datetime:
    """Return when the window that holds `now` closes.

    Args:
        now: aware, inside the window; see `next_open`.
        window: the local hours.
        zone: IANA name.

    Returns:
        Aware UTC.

    Raises:
        ValueError: `now` is naive or outside the window.
        zoneinfo.ZoneInfoNotFoundError: `zone` is unknown.
    """
    opens, closes = next(_spans(now, window, zone, ()))
    if opens > now:
        message = "the window is closed now; ask next_open first"
        raise ValueError(message)
    return closes


def add_working_time(
    start: datetime,
    *,
    duration: timedelta,
    window: Window,
    zone: str,
    closed_on: Collection[date] = (),
) -> datetime:
    """Return when `duration` of open time has passed since `start`.

    Args:
        start: aware; outside the window the count begins at the next opening.
        duration: open time to pass. Work that ends at closing time is due at closing time, not
            at the next opening.
        window: the local hours.
        zone: IANA name.
        closed_on: local dates on which the window does not open.

    Returns:
        Aware UTC.

    Raises:
        ValueError: `start` is naive or `duration` is negative.
        zoneinfo.ZoneInfoNotFoundError: `zone` is unknown.
    """
    if duration < timedelta(0):
        message = "a duration of working time cannot be negative"
        raise ValueError(message)
    left = duration
    spans = _spans(start, window, zone, closed_on)
    while True:
        opens, closes = next(spans)
        begins = max(opens, start.astimezone(UTC))
        if left <= closes - begins:
            return begins + left
        left -= closes - begins


def format_window(window: Window) -> str:
    """Return `window` in its compact text form, `Mon,Tue,Wed,Thu,Fri 09:00-18:00`."""
    days = ",".join(_DAYS[day] for day in sorted(window.days))
    return f"{days} {_clock_text(window.opens)}-{_clock_text(window.closes)}"


def parse_window(text: str) -> Window:
    """Read what `format_window` wrote.

    Raises:
        ValueError: `text` has another form.
    """
    try:
        days, hours = text.split(" ")
        opens, closes = map(time.fromisoformat, hours.split("-"))
        return Window(frozenset(map(_DAYS.index, days.split(","))), opens, closes)
    except ValueError as error:
        message = f"{text!r} is no window; write 'Mon,Tue,Wed,Thu,Fri 09:00-18:00'"
        raise ValueError(message) from error


def _clock_text(at: time) -> str:
    """Return `09:00`, with seconds only where there are any."""
    return f"{at:%H:%M}" if at.replace(second=0, microsecond=0) == at else at.isoformat()


def _spans(
    since: datetime, window: Window, zone: str, closed_on: Collection[date]
) -> Iterator[tuple[datetime, datetime]]:
    """Give the opening and closing instants (UTC) of every window that ends after `since`."""
    if since.tzinfo is None:
        message = "a moment must be aware (carry a zone)"
        raise ValueError(message)
    local = ZoneInfo(zone)
    lasts = _DAY if window.closes <= window.opens else timedelta(0)
    first = since.astimezone(local).date() - _DAY
    for day in (first + number * _DAY for number in itertools.count()):
        if day.weekday() not in window.days or day in closed_on:
            continue
        opens = datetime.combine(day, window.opens, local).astimezone(UTC)
        closes = datetime.combine(day + lasts, window.closes, local).astimezone(UTC)
        if opens < closes and closes > since:  # a jump forward can swallow a whole window
            yield opens, closes
