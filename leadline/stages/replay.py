"""Replay: submissions in quarantine go back to intake, which judges them by what holds now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadline.domain.replays import SETTLED
from leadline.store.dead_letters import (
    count_suspicious,
    get_submissions,
    list_replayable,
    requeue,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.store.dead_letters import Selection
    from leadline.store.engine import Store

LIMIT: Final = 5_000


@dataclass(slots=True)
class Replayed:
    """What became of a replay.

    Attributes:
        count: submissions that go back to intake.
        unchanged: those named that are there already, or further.
        left_suspicious: those left in quarantine because a suspicion stands.
        refused: why each other one that was named cannot go back.
    """

    count: int = 0
    unchanged: int = 0
    left_suspicious: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def replay_selected(store: Store, selection: Selection, *, limit: int = LIMIT) -> Replayed:
    """Send back what a selection lets go, one transaction per batch; again it changes nothing."""
    done, after = Replayed(), 0
    while True:
        with store.write(lock="intake") as connection:
            ids = list_replayable(connection, selection, after=after, limit=limit)
            done.count += len(requeue(connection, ids))
        if len(ids) < limit:
            break
        after = ids[-1]
    with store.read() as connection:
        done.left_suspicious = count_suspicious(connection, selection)
    return done


def replay_named(store: Store, ids: Sequence[int]) -> Replayed:
    """Send back the submissions that a person names, suspicious or not, in one transaction."""
    wanted, done = list(dict.fromkeys(ids)), Replayed()
    with store.write(lock="intake") as connection:
        gone = requeue(connection, wanted)
        others = [id_ for id_ in wanted if id_ not in gone]
        found = get_submissions(connection, others)
    done.count = len(gone)
    for id_ in others:
        row = found.get(id_)
        if row is None:
            done.refused[id_] = "not_found"
        elif row["kind"] == "file":
            done.refused[id_] = "file_row"
        elif row["state"] in SETTLED:
            done.unchanged += 1
        else:
            done.refused[id_] = row["state"]
    return done
