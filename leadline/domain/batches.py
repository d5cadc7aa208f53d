"""What one batch of a stage did, in counts that are safe to show anywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Batch:
    """Counts of one batch, or the sum of several.

    Attributes:
        stage: the stage's name.
        claimed: rows taken.
        done: rows whose work was done.
        skipped: rows not done on purpose, by reason (a `SkipReason` or a reject code).
        failed: rows that need a person.
        seconds: wall time spent.
        has_more: whether another batch may be waiting.
    """

    stage: str
    claimed: int = 0
    done: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    seconds: float = 0.0
    has_more: bool = False

    def __add__(self, other: Batch) -> Batch:
        """Return the sum; `has_more` is the later batch's."""
        return Batch(
            self.stage,
            self.claimed + other.claimed,
            self.done + other.done,
            dict(sorted((Counter(self.skipped) + Counter(other.skipped)).items())),
            self.failed + other.failed,
            self.seconds + other.seconds,
            other.has_more,
        )
