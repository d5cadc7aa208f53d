"""What follows from scores: lifecycle stages, who reaches a rep, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leadline.config.scoring import MAIN
from leadline.domain.leads import SCORE_FIELDS
from leadline.domain.lifecycle import Move, decide_stage
from leadline.domain.skips import SkipReason
from leadline.store.assignments import find_owned
from leadline.store.leads import mark_scored
from leadline.store.scores import add_stage_changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from leadline.config.models import LiveScoring
    from leadline.domain.rescoring import Flags, Ints, Scores, Words
    from leadline.store.engine import Connection

Row = dict[str, Any]
#: Columns of leads that deciding what follows needs, as the database stores them.
NEEDED: Final = (
    *(*SCORE_FIELDS, "lifecycle_stage", "held_import_run_id", "is_scoring_only"),
    *("erased_at", "scoring_due_at", "review_due_at"),
    *("routing_skip", "routing_due_at", "enrollment_due_at"),
)


@dataclass(frozen=True)
class Followed:
    """A batch whose scores were decided.

    Attributes:
        stored: `NEEDED` and `id` of these leads, as columns.
        frame: fields and counts that the conditions on what follows name, by lead.
        decided: their scores, by model.
        due: leads that are new, changed or did something: their score is news as it is.
        reviewed: leads of which counts changed with time, on which entering a sequence may depend.
        review_at: when each is looked at again, microseconds since 1970; None leaves that as it is.
    """

    stored: Mapping[str, Sequence[Any]]
    frame: pd.DataFrame
    decided: Mapping[str, Scores]
    due: Collection[int]
    reviewed: Collection[int]
    review_at: Ints | None = None

    @property
    def ids(self) -> Sequence[int]:
        """Return the leads."""
        return self.stored["id"]


def follow(
    connection: Connection,
    live: LiveScoring,
    batch: Followed,
    *,
    config_hash: str,
    now: datetime,
) -> None:
    """Write points, grades and stages of a batch, and make due what follows from them.

    Nothing follows for a lead that an import holds, and an owned lead is never taken away.
    """
    _put_scores(batch)
    stages = _move(connection, live, batch, config_hash=config_hash, now=now)
    is_ready = _find_ready(live, batch, stages)
    is_owned = _flags(batch.ids, find_owned(connection, batch.ids))
    mark_scored(connection, _columns(batch, stages, is_ready, is_owned, now=now))


def _put_scores(batch: Followed) -> None:
    """Put what was decided in the place of what the store still holds."""
    from leadline.domain.condition_text import folded

    for model, scores in batch.decided.items():
        for name in SCORE_FIELDS:
            column = name if model == MAIN else f"{name}_{model}"
            values = getattr(scores, name)
            is_text = values.dtype == object
            batch.frame[column] = folded(values.tolist()) if is_text else values


def _move(
    connection: Connection,
    live: LiveScoring,
    batch: Followed,
    *,
    config_hash: str,
    now: datetime,
) -> list[str]:
    """Decide the lifecycle stages and record those that change."""
    import numpy as np

    from leadline.domain.conditions import evaluate

    stages = list(batch.stored["lifecycle_stage"])
    changes: list[Row] = []
    for model in live.models:
        conditions = [each.condition for each in model.transitions]
        if not conditions:
            continue
        moves = [Move(each.shape.to, each.shape.from_) for each in model.transitions]
        batch.frame["lifecycle_stage"] = stages
        matches = evaluate(conditions, batch.frame)
        places = np.flatnonzero(matches.any(axis=1))
        reached = _reached(batch.decided[model.model.name], places)
        for place, met, scores in zip(
            places.tolist(), matches[places].tolist(), reached, strict=True
        ):
            stage, taken = decide_stage(stages[place], moves, met)
            if taken is not None and stage != stages[place]:
                shape = model.transitions[taken].shape
                changes.append(
                    {
                        "lead_id": batch.ids[place],
                        "from_stage": stages[place],
                        "to_stage": shape.to,
                        "model": model.model.name,
                        "trace": {"when": shape.when, **scores},
                        "config_hash": config_hash,
                        "at": now,
                    }
                )
                stages[place] = stage
    add_stage_changes(connection, changes)
    return stages


def _reached(scores: Scores, places: Ints) -> Iterator[Row]:
    """Return what leads at some places of a batch are worth."""
    columns = [getattr(scores, name)[places].tolist() for name in SCORE_FIELDS]
    return (dict(zip(SCORE_FIELDS, row, strict=True)) for row in zip(*columns, strict=True))


def _find_ready(live: LiveScoring, batch: Followed, stages: Sequence[str]) -> Flags:
    """Tell which leads reach a rep."""
    import numpy as np

    from leadline.domain.conditions import evaluate

    if live.hand_over is None:
        return np.ones(len(stages), dtype=bool)
    batch.frame["lifecycle_stage"] = stages
    ready: Flags = evaluate([live.hand_over], batch.frame)[:, 0]
    return ready


def _flags(ids: Sequence[int], chosen: Collection[int]) -> Flags:
    import numpy as np

    found: Flags = np.isin(ids, np.array([*chosen], dtype=np.int64))
    return found


def _column(values: Sequence[Any]) -> Words:
    """Return values of any kind as an array of objects."""
    import numpy as np

    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _columns(
    batch: Followed,
    stages: Sequence[str],
    is_ready: Flags,
    is_owned: Flags,
    *,
    now: datetime,
) -> dict[str, Sequence[Any]]:
    """Return what the leads become that change, and of these the columns that do."""
    import numpy as np

    where: Any = np.where  # of objects, of which its types know nothing
    old = {name: _column(batch.stored[name]) for name in NEEDED}
    is_held = _column([each is not None for each in batch.stored["held_import_run_id"]]).astype(
        bool
    )
    is_quiet = is_held | old["is_scoring_only"].astype(bool)
    skips = where(is_ready | is_owned, None, SkipReason.NOT_READY.value)
    # nothing follows from a score for its own sake: what waited goes on waiting
    skips = where(is_quiet & ~is_held & is_ready, old["routing_skip"], skips)
    main = batch.decided[MAIN]
    new: dict[str, Any] = {name: _column(getattr(main, name).tolist()) for name in SCORE_FIELDS}
    new |= {"lifecycle_stage": _column(stages), "routing_skip": skips}
    telling = ("grade", "engagement_level", "lifecycle_stage", "routing_skip")
    is_due = _flags(batch.ids, batch.due)
    is_news = is_due | np.any([new[name] != old[name] for name in telling], axis=0)
    routes = is_news & is_ready & ~is_owned & ~is_quiet
    counts = is_news | _flags(batch.ids, batch.reviewed)
    enrolls = counts & (is_owned | ~is_ready) & ~is_quiet
    waits = where(is_ready | is_quiet, old["routing_due_at"], None)
    new["routing_due_at"] = where(routes, now, waits)
    new["enrollment_due_at"] = where(enrolls, now, old["enrollment_due_at"])
    new["scoring_due_at"] = _column([None] * len(stages))
    new["is_scoring_only"] = where(is_quiet, None, old["is_scoring_only"])
    new["review_due_at"] = _reviews(batch, old["review_due_at"])
    changes = {name: new[name] != old[name] for name in new}
    is_changed = np.any(list(changes.values()), axis=0)
    found = {name: new[name][is_changed].tolist() for name in new if changes[name].any()}
    return {**found, "id": np.array(batch.ids)[is_changed].tolist()}


def _reviews(batch: Followed, before: Words) -> Words:
    """Return when each lead is looked at again; one that stays is given back as it was."""
    from leadline.domain.decay import as_instants, at_microseconds
    from leadline.domain.engagement import NEVER

    if batch.review_at is None:
        return before
    found = before.copy()
    for place, at in enumerate(batch.review_at.tolist()):
        stored = before[place]
        if at == NEVER:
            found[place] = None
        elif stored is None or as_instants([stored])[0] != at:
            found[place] = at_microseconds(at)
    return found
