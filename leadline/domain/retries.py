"""When a vendor is asked again for answers that it did not give."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

#: Reason code of a notice whose answers never came.
ANSWERS_MISSING: Final = "answers_missing"
_LONGEST: Final = timedelta(hours=1)
_DOUBLINGS: Final = 6
#: 1, 2, 4 ... 32 minutes and then every hour: three days.
MOST_ATTEMPTS: Final = 77
#: How long nobody is asked while the access token is missing.
WITHOUT_TOKEN: Final = timedelta(minutes=5)


def retry_at(attempts: int, *, now: datetime) -> datetime:
    """Return when to ask again after so many attempts."""
    doublings = min(max(attempts - 1, 0), _DOUBLINGS)
    return now + min(timedelta(minutes=2**doublings), _LONGEST)


def is_last(attempts: int) -> bool:
    """Return whether nobody is asked again after so many attempts."""
    return attempts >= MOST_ATTEMPTS
