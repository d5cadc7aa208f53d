"""How fast one network may post: a sliding minute, in memory, for the networks seen last."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

SPAN: Final = timedelta(minutes=1)
#: Each with at most as many instants as its limit; who has more networks than this is no visitor.
MOST_NETWORKS: Final = 10_000


class Pace:
    """Counts what each key did within the last minute."""

    def __init__(self, *, most: int = MOST_NETWORKS) -> None:
        """Remember the `most` keys that came last."""
        self._most = most
        self._seen: OrderedDict[Hashable, deque[datetime]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._seen)

    def take(self, key: Hashable, *, limit: int, now: datetime) -> timedelta | None:
        """Count one more, or return how long `key` has to wait; who waits is not counted."""
        seen = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        while seen and not now - SPAN < seen[0] <= now:  # a clock that was set back starts anew
            seen.popleft()
        if len(seen) >= limit:
            return seen[len(seen) - limit] + SPAN - now
        seen.append(now)
        return None
