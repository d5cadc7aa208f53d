"""The one clock: everything else takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still, for the demo, dry runs and tests."""

    def __init__(self, at: datetime) -> None:
        """Stand at `at`, which must be aware."""
        if at.tzinfo is None:
            message = "a clock needs an aware datetime"
            raise ValueError(message)
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant given."""
        return self._at
