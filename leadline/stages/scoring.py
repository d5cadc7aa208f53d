"""Scoring: leads that are new, changed or did something get points, a grade and their reasons.

Three kinds of lead are taken: those that are due because they or their events changed, those of
which an event leaves a window, and those whose score was made with other rules. What only grows
older is looked after by `refresh_batch`, once a night.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.config.conditions import compile_project_condition
from leadline.config.models import LiveModel, compile_models
from leadline.config.scoring import MAIN
from leadline.domain.batches import Batch
from leadline.domain.leads import SCORE_FIELDS
from leadline.domain.lifecycle import Move, decide_stage
from leadline.domain.skips import SkipReason
from leadline.store import events as event_store
from leadline.store import leads as lead_store
from leadline.store import scores as score_store
from leadline.store.assignments import find_open
from leadline.store.frames import aggregates_among, read_frame
from leadline.store.holds import find_quiet
from leadline.store.stage_batches import add_batch, is_live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from leadline.config.shape import Project
    from leadline.domain.conditions import Condition
    from leadline.domain.engagement import EventLog
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 10_000
Row = dict[str, Any]


@dataclass
class _Claimed:
    """Leads of one batch.

    Attributes:
        ids: all of them.
        due: those that wait for a score; for the others only a change is news.
    """

    ids: list[int]
    due: set[int]


@dataclass
class _Scored:
    """What was decided about a batch, as frames by lead id.

    Attributes:
        by_model: decisions of each model.
        review_at: when the next look is needed, microseconds since 1970.
        last_event_id: the newest event that was there.
    """

    by_model: dict[str, pd.DataFrame]
    review_at: Any
    last_event_id: int
    rule_sets: dict[str, int] = field(default_factory=dict)


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a lead waits for a score."""
    with work.store.read() as connection:
        return bool(_claim(work, connection, now=now, limit=1).ids)


@lru_cache(maxsize=4)
def _models(config_hash: str) -> dict[str, Any]:
    """Return the cache of one configuration: compiling takes a tenth of a second."""
    del config_hash
    return {}


def live_models(project: Project) -> tuple[LiveModel, ...]:
    """Return the score models of a project, compiled once."""
    cache = _models(project.hash)
    if "models" not in cache:
        cache["models"] = compile_models(project)
        text = project.scoring.hand_over
        cache["hand_over"] = compile_project_condition(project, text) if text else None
    models: tuple[LiveModel, ...] = cache["models"]
    return models


def hand_over(project: Project) -> Condition | None:
    """Return the condition of which leads reach a rep, None when all do."""
    live_models(project)
    condition: Condition | None = _models(project.hash)["hand_over"]
    return condition


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Score one batch in one transaction."""
    started = perf_counter()
    with work.store.write() as connection:
        claimed = _claim(work, connection, now=now, limit=limit)
        if not claimed.ids:
            return Batch("scoring")
        event_store.attach_waiting(connection, claimed.ids)
        scored = _score(work, connection, claimed.ids, now=now)
        _record(work, connection, claimed, scored, now=now)
        batch = Batch(
            "scoring",
            claimed=len(claimed.ids),
            done=len(claimed.ids),
            seconds=perf_counter() - started,
            has_more=len(claimed.ids) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


def _claim(work: Workspace, connection: Connection, *, now: datetime, limit: int) -> _Claimed:
    due = lead_store.claim_due(connection, "scoring", now=now, limit=limit)
    ids = dict.fromkeys(due)
    if len(ids) < limit:
        ids |= dict.fromkeys(lead_store.claim_due(connection, "review", now=now, limit=limit))
    if len(ids) < limit and is_live(connection, work.project.hash):
        hashes = {live.model.name: live.hash for live in live_models(work.project)}
        found = score_store.find_outdated(connection, hashes, limit=limit)
        ids |= dict.fromkeys(found)
    return _Claimed(list(ids)[:limit], set(due))


def _score(
    work: Workspace, connection: Connection, ids: Sequence[int], *, now: datetime
) -> _Scored:
    import numpy as np

    models = live_models(work.project)
    has_details = any(rule.where for live in models for rule in live.model.event_rules)
    log = event_store.read_log(connection, ids, has_details=has_details)
    fields = frozenset().union(*(each.fields for live in models for each in _conditions(live)))
    frame = read_frame(connection, ids, fields, as_of=now)
    decided = {live.model.name: _decide(live, frame, log, now=now) for live in models}
    reviews = [_review_at(live, log, count=len(ids), now=now) for live in models]
    return _Scored(decided, np.min(reviews, axis=0), event_store.last_event_id(connection))


def _conditions(live: LiveModel) -> list[Condition]:
    rules = [rule.condition for rule in live.model.rules]
    return rules + [each.condition for each in live.model.disqualifiers]


def _decide(live: LiveModel, frame: pd.DataFrame, log: EventLog, *, now: datetime) -> pd.DataFrame:
    import numpy as np

    from leadline.domain.decay import as_microseconds
    from leadline.domain.engagement import sum_terms
    from leadline.domain.scoring import decide_points, decide_rules

    decided = decide_rules(frame, live.model)
    sums = sum_terms(log, live.model.terms, count=len(frame), as_of=now)
    made_at = np.full(len(frame), as_microseconds(now))
    points = decide_points(decided, sums, live.model, made_at=made_at, as_of=now)
    decided[points.columns] = points
    decided["sums"] = [row.tobytes() if row.any() else None for row in sums.astype("<f8")]
    return decided


def _review_at(live: LiveModel, log: EventLog, *, count: int, now: datetime) -> Any:  # noqa: ANN401 - an array, whose library loads late
    from leadline.domain.engagement import next_reviews

    conditions = [*_conditions(live), *(each.condition for each in live.transitions)]
    aggregates = {
        each: days
        for condition in conditions
        for each in aggregates_among(condition.fields)
        for days in (_days_named(conditions, each.name),)
    }
    return next_reviews(log, live.model.event_rules, aggregates, count=count, as_of=now)


def _days_named(conditions: Sequence[Condition], name: str) -> set[int]:
    """Return at which ages of its last event a condition on a lead may change."""
    numbers = {n for each in conditions if name in each.fields for n in each.numbers}
    return {int(n) + more for n in numbers for more in (0, 1) if 0 <= n < 10_000}


def _record(
    work: Workspace,
    connection: Connection,
    claimed: _Claimed,
    scored: _Scored,
    *,
    now: datetime,
) -> None:
    for live in live_models(work.project):
        rule_set_id = score_store.keep_rule_set(
            connection, hash_=live.hash, rules=live.kept, now=now
        )
        rows = _as_rows(scored.by_model[live.model.name])
        same = {
            "model": live.model.name,
            "rule_set_id": rule_set_id,
            "last_event_id": scored.last_event_id,
            "config_hash": work.project.hash,
            "as_of": now,
        }
        score_store.put_scores(connection, [{**row, **same} for row in rows])
    _pass_on(work, connection, claimed, scored, now=now)


def _as_rows(decided: pd.DataFrame) -> list[Row]:
    columns = {name: decided[name].tolist() for name in decided.columns}
    columns["points_cap"] = [None if cap != cap else cap for cap in columns["points_cap"]]  # noqa: PLR0124 - NaN
    names = ("lead_id", *columns)
    return [
        dict(zip(names, row, strict=True))
        for row in zip(decided.index.tolist(), *columns.values(), strict=True)
    ]


def _pass_on(
    work: Workspace,
    connection: Connection,
    claimed: _Claimed,
    scored: _Scored,
    *,
    now: datetime,
) -> None:
    """Write points and grades, and make due what follows: nothing for a lead that is held."""
    from leadline.domain.decay import at_microseconds
    from leadline.domain.engagement import NEVER

    main = scored.by_model[MAIN]
    ids = claimed.ids
    before = lead_store.get_standing(connection, ids)
    stages = _stages(work, connection, ids, scored, before, now=now)
    ready = _ready(work, connection, ids, scored, stages, now=now)
    quiet, owned = find_quiet(connection, ids), _owned(find_open(connection, ids))
    columns = {name: main[name].tolist() for name in SCORE_FIELDS}
    by_shape: dict[bool, list[Row]] = {True: [], False: []}
    for place, lead_id in enumerate(ids):
        row: Row = {"id": lead_id, **{name: values[place] for name, values in columns.items()}}
        old = before[lead_id]
        row["lifecycle_stage"] = stages[lead_id]
        at = int(scored.review_at[place])
        row["review_due_at"] = None if at == NEVER else at_microseconds(at)
        row["scoring_due_at"] = None
        is_owned, is_ready = lead_id in owned, lead_id in ready
        row["routing_skip"] = None if is_ready or is_owned else SkipReason.NOT_READY.value
        if lead_id in quiet:
            if old["held_import_run_id"] is None:  # nothing follows: what waited goes on waiting
                row["routing_skip"] = row["routing_skip"] or old["routing_skip"]
            by_shape[False].append({**row, "is_scoring_only": None})
            continue
        is_news = lead_id in claimed.due or any(row[name] != old[name] for name in SCORE_FIELDS)
        is_news |= row["routing_skip"] != old["routing_skip"]
        routes = is_news and is_ready and not is_owned
        row["routing_due_at"] = now if routes else old["routing_due_at"] if is_ready else None
        enrolls = is_news and (is_owned or not is_ready)
        row["enrollment_due_at"] = now if enrolls else old["enrollment_due_at"]
        by_shape[True].append(row)
    for rows in by_shape.values():
        lead_store.mark_leads(connection, rows)


def _with_scores(frame: pd.DataFrame, scored: _Scored, stages: Mapping[int, str]) -> pd.DataFrame:
    """Put what this batch decided in the place of what the store still holds."""
    from leadline.domain.conditions import fold

    for model, decided in scored.by_model.items():
        for name in SCORE_FIELDS:
            column = name if model == MAIN else f"{name}_{model}"
            if column in frame:
                values = decided[name].tolist()
                frame[column] = [fold(v) if isinstance(v, str) else v for v in values]
    if "lifecycle_stage" in frame:
        frame["lifecycle_stage"] = [stages[lead_id] for lead_id in frame.index]
    return frame


def _stages(
    work: Workspace,
    connection: Connection,
    ids: Sequence[int],
    scored: _Scored,
    before: Mapping[int, Mapping[str, Any]],
    *,
    now: datetime,
) -> dict[int, str]:
    """Decide the lifecycle stages and record those that change."""
    from leadline.domain.conditions import evaluate

    stages = {lead_id: before[lead_id]["lifecycle_stage"] for lead_id in ids}
    for live in live_models(work.project):
        if not live.transitions:
            continue
        conditions = [each.condition for each in live.transitions]
        fields = frozenset().union(*(each.fields for each in conditions))
        frame = _with_scores(read_frame(connection, ids, fields, as_of=now), scored, stages)
        moves = [Move(each.shape.to, each.shape.from_) for each in live.transitions]
        changes = []
        for lead_id, matches in zip(ids, evaluate(conditions, frame).tolist(), strict=True):
            stage, taken = decide_stage(stages[lead_id], moves, matches)
            if taken is not None and stage != stages[lead_id]:
                changes.append(_change(live, lead_id, stages[lead_id], taken, scored))
                stages[lead_id] = stage
        score_store.add_stage_changes(
            connection, [{**row, "config_hash": work.project.hash, "at": now} for row in changes]
        )
    return stages


def _change(live: LiveModel, lead_id: int, stage: str, taken: int, scored: _Scored) -> Row:
    shape = live.transitions[taken].shape
    decided = scored.by_model[live.model.name].loc[lead_id]
    reached = {
        name: value.item() if hasattr(value := decided[name], "item") else value
        for name in SCORE_FIELDS
    }
    return {
        "lead_id": lead_id,
        "from_stage": stage,
        "to_stage": shape.to,
        "model": live.model.name,
        "trace": {"when": shape.when, **reached},
    }


def _ready(
    work: Workspace,
    connection: Connection,
    ids: Sequence[int],
    scored: _Scored,
    stages: Mapping[int, str],
    *,
    now: datetime,
) -> set[int]:
    """Return the leads that reach a rep."""
    from leadline.domain.conditions import evaluate

    condition = hand_over(work.project)
    if condition is None:
        return set(ids)
    frame = _with_scores(read_frame(connection, ids, condition.fields, as_of=now), scored, stages)
    hits = evaluate([condition], frame)[:, 0].tolist()
    return {lead_id for lead_id, hit in zip(ids, hits, strict=True) if hit}


def _owned(assignments: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """Return the leads that a rep owns: a new score never takes a lead away."""
    return {lead_id for lead_id, row in assignments.items() if row["state"] != "queued"}
