"""What the tasks share: batch after batch in one task run, and what a failure leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.domain.batches import Batch
from tasks import add_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def batches(*each: Batch | Exception) -> Callable[[], Awaitable[Batch]]:
    """Return what gives one batch after the other."""
    left = list(each)

    async def run() -> Batch:
        batch = left.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    return run


MORE = Batch("scoring", claimed=2, done=2, has_more=True)
LAST = Batch("scoring", claimed=1, done=1)


async def test_task_run_sums_up_its_batches_until_none_is_left() -> None:
    total = await add_up(batches(MORE, MORE, LAST))
    assert (total.claimed, total.done, total.has_more) == (5, 5, False)


async def test_task_run_ends_with_what_was_done_when_a_later_batch_fails() -> None:
    total = await add_up(batches(MORE, ValueError()))
    assert (total.claimed, total.done, total.has_more) == (2, 2, True)


async def test_task_run_whose_first_batch_fails_has_failed() -> None:
    with pytest.raises(ValueError, match="lost"):
        await add_up(batches(ValueError("lost")))
