"""Scoring: leads that are new, changed or did something get points, a grade and their reasons.

Three kinds of lead are taken: those that are due because they or their events changed, those of
which an event leaves a window, and those whose score was made with other rules. What only grows
older is looked after by `leadline.stages.refresh`, once a night.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline import observing
from leadline.config.models import decays_alike, read_scoring
from leadline.domain.batches import Batch
from leadline.following import NEEDED, Followed, follow
from leadline.store import events as event_store
from leadline.store import leads as lead_store
from leadline.store import scores as score_store
from leadline.store.frames import aggregates_among, make_frame, read_leads, stored_names
from leadline.store.stage_batches import add_batch, is_live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from leadline.config.models import LiveModel, LiveScoring
    from leadline.config.shape import Project
    from leadline.domain.conditions import Condition
    from leadline.domain.engagement import EventLog
    from leadline.domain.events import Aggregate
    from leadline.domain.rescoring import Flags, Ints, Scores
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 10_000
#: Beyond so many days since an event no condition is looked at again.
_MOST_DAYS: Final = 10_000


@dataclass(frozen=True)
class _Claimed:
    """Leads of one batch.

    Attributes:
        ids: all of them, in order.
        due: those that wait for a score; for the others only a change is news.
        reviewed: those of which an event leaves a window, or comes to pass.
        has_more: whether there may be others.
    """

    ids: list[int]
    due: frozenset[int]
    reviewed: frozenset[int]
    has_more: bool


@dataclass(frozen=True)
class _Inputs:
    """What scores of a batch are made of.

    Attributes:
        claimed: the batch.
        stored: columns of its leads, as they are stored.
        frame: what the conditions name.
        log: all human events, also those to come.
        now: the instant.
    """

    claimed: _Claimed
    stored: Mapping[str, Sequence[Any]]
    frame: pd.DataFrame
    log: EventLog
    now: datetime

    @property
    def ids(self) -> Sequence[int]:
        """Return the leads."""
        return self.stored["id"]


def live_models(project: Project) -> tuple[LiveModel, ...]:
    """Return the score models of a project, compiled once."""
    return read_scoring(project).models


def hand_over(project: Project) -> Condition | None:
    """Return the condition of which leads reach a rep, None when all do."""
    return read_scoring(project).hand_over


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a lead waits for a score."""
    with work.store.read() as connection:
        return any(
            lead_store.has_due(connection, duty, now=now) for duty in ("scoring", "review")
        ) or bool(
            observing.has_due(connection, now=now) or _find_outdated(work, connection, limit=1)[0]
        )


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Score one batch in one transaction."""
    started = perf_counter()
    with work.store.write() as connection:
        observed = observing.observe(connection, now=now)
        claimed = _claim(work, connection, now=now, limit=limit)
        if not claimed.ids:
            return Batch("scoring", has_more=observed.has_more)
        observing.join_leads(connection, claimed.ids, now=now)
        _score(work, connection, claimed, now=now)
        batch = Batch(
            "scoring",
            claimed=len(claimed.ids),
            done=len(claimed.ids),
            seconds=perf_counter() - started,
            has_more=claimed.has_more or observed.has_more,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


def _claim(work: Workspace, connection: Connection, *, now: datetime, limit: int) -> _Claimed:
    due = lead_store.claim_due(connection, "scoring", now=now, limit=limit)
    reviewed, outdated, has_others = [], [], False
    if len(due) < limit:
        reviewed = lead_store.claim_due(connection, "review", now=now, limit=limit - len(due))
    if len(due) + len(reviewed) < limit:
        left = limit - len(due) - len(reviewed)
        found, has_others = _find_outdated(work, connection, limit=left)
        outdated = lead_store.claim_leads(connection, found)
    ids = sorted({*due, *reviewed, *outdated})
    has_more = has_others or len(due) + len(reviewed) >= limit
    return _Claimed(ids, frozenset(due), frozenset(reviewed), has_more=has_more)


def _find_outdated(
    work: Workspace, connection: Connection, *, limit: int
) -> tuple[list[int], bool]:
    """Return leads to be scored by new rules, and whether there may be others.

    A process that still has old rules leaves them.

    Every lead has a score of the main model, whose hash changes with the models beside it: so an
    added model reaches every lead, and what a removed one left is seen.
    """
    if not is_live(connection, work.project.hash):
        return [], False
    hashes = {live.hash for live in live_models(work.project)}
    return score_store.find_outdated(connection, hashes, limit=limit)


def _score(work: Workspace, connection: Connection, claimed: _Claimed, *, now: datetime) -> None:
    live = read_scoring(work.project)
    inputs = _read(connection, live, claimed, now=now)
    if not inputs.ids:
        return
    config_hash = work.project.hash
    decided = {
        each.model.name: _score_model(connection, each, inputs, config_hash=config_hash)
        for each in live.models
    }
    score_store.remove_other_models(connection, inputs.ids, decided.keys(), as_of=now)
    batch = Followed(
        inputs.stored,
        inputs.frame,
        decided,
        due=claimed.due,
        reviewed=claimed.reviewed,
        review_at=_review_at(live, inputs),
    )
    follow(connection, live, batch, config_hash=config_hash, now=now)


def _read(
    connection: Connection, live: LiveScoring, claimed: _Claimed, *, now: datetime
) -> _Inputs:
    """Read all that a batch needs; erased leads, of whom nothing is left to score, drop out."""
    rules = [rule for each in live.models for rule in each.model.event_rules]
    fields = frozenset().union(*(each.fields for each in live.conditions))
    names = {*stored_names(fields), *NEEDED}
    stored = read_leads(connection, claimed.ids, names, is_plain=True)
    erased = [id_ for id_, at in zip(stored["id"], stored["erased_at"], strict=True) if at]
    if erased:
        lead_store.stop_scoring(connection, erased)
        left = [id_ for id_ in claimed.ids if id_ not in frozenset(erased)]
        stored = read_leads(connection, left, names, is_plain=True)
    log = event_store.read_log(
        connection, stored["id"], has_details=any(rule.where for rule in rules)
    )
    frame = make_frame(stored, fields, log, as_of=now)
    return _Inputs(claimed, stored, frame, log, now)


def _score_model(
    connection: Connection, live: LiveModel, inputs: _Inputs, *, config_hash: str
) -> Scores:
    """Score a batch by one model, and record what changed."""
    import numpy as np

    from leadline.domain.rescoring import find_news, only_rules_differ

    name, now = live.model.name, inputs.now
    rule_set_id = score_store.keep_rule_set(connection, hash_=live.hash, rules=live.kept, now=now)
    new = _decide(live, inputs, rule_set_id)
    old, has_sums = score_store.read_scores(
        connection, inputs.ids, name, terms=len(live.model.terms)
    )
    news = find_news(
        old,
        new,
        live.model.terms,
        comparable=_comparable(connection, live, old, rule_set_id) | ~has_sums,
        is_due_by_time=np.isin(inputs.ids, list(inputs.claimed.reviewed)),
        as_of=now,
    )
    ids = np.array(inputs.ids, dtype=np.int64)
    origin: dict[str, Any] = {"model": name, "config_hash": config_hash, "as_of": now}
    has_others = old.is_known & (old.rule_set_id != rule_set_id)
    if has_others.any():
        score_store.renew_scores(connection, ids[has_others], rule_set_id=rule_set_id, **origin)
    changed = has_others & ~only_rules_differ(old, new, has_sums)
    score_store.change_scores(connection, ids[changed], new.where(changed), model=name, as_of=now)
    written, told = news.is_written & old.is_known & ~has_others, news.is_history
    score_store.put_scores(connection, ids[written], new.where(written), **origin)
    score_store.add_scores(connection, ids[~old.is_known], new.where(~old.is_known), **origin)
    causes = news.causes[told].tolist()
    score_store.add_score_changes(connection, ids[told].tolist(), causes, **origin)
    return new


def _decide(live: LiveModel, inputs: _Inputs, rule_set_id: int) -> Scores:
    import numpy as np

    from leadline.domain.decay import as_microseconds
    from leadline.domain.engagement import last_ids, sum_terms
    from leadline.domain.rescoring import as_decided
    from leadline.domain.scoring import decide_points, decide_rules

    count, now = len(inputs.ids), inputs.now
    decided = decide_rules(inputs.frame, live.model)
    sums = sum_terms(inputs.log, live.model.terms, count=count, as_of=now)
    made_at = np.full(count, as_microseconds(now))
    points = decide_points(decided, sums, live.model, made_at=made_at, as_of=now)
    decided[points.columns] = points
    last = last_ids(inputs.log, count=count, as_of=now)
    return as_decided(decided, sums, rule_set_id=rule_set_id, last_event_id=last, made_at=made_at)


def _comparable(connection: Connection, live: LiveModel, old: Scores, rule_set_id: int) -> Flags:
    """Tell whose stored sums mean the same under the live rules."""
    import numpy as np

    others = set(old.rule_set_id[old.is_known].tolist()) - {rule_set_id}
    kept = score_store.get_rule_sets(connection, others) if others else {}
    alike = [id_ for id_, rules in kept.items() if decays_alike(rules, live.kept)]
    return np.isin(old.rule_set_id, [rule_set_id, *alike])


def _review_at(live: LiveScoring, inputs: _Inputs) -> Ints:
    """Return when each lead's counts, or the events that score, change by themselves."""
    from leadline.domain.engagement import next_reviews

    rules = [rule for each in live.models for rule in each.model.event_rules]
    count, now = len(inputs.ids), inputs.now
    return next_reviews(inputs.log, rules, _counts(live), count=count, as_of=now)


def _counts(live: LiveScoring) -> dict[Aggregate, set[int] | None]:
    """Return what conditions count, with the ages of a last event at which they may change."""
    from leadline.domain.thresholds import is_compared, thresholds

    conditions = live.conditions
    found: dict[Aggregate, set[int] | None] = {}
    for each in aggregates_among(frozenset().union(*(each.fields for each in conditions))):
        if each.days is None and is_compared(conditions, each.name):
            found[each] = None
            continue
        numbers = thresholds(conditions, each.name) if each.days is None else ()
        days = {int(n) + more for n in numbers for more in (0, 1) if 0 <= n < _MOST_DAYS}
        found[each] = days
    return found
