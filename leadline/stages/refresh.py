"""Refresh: what leads are worth as time passes, once a night, and what follows from that.

Only points decay here; counts that change with time are looked at when they do
(`leadline.stages.scoring`). Both come to their points by `decide_points`, so a score does not
depend on how often it was looked at. A lead whose points pass no number that a condition names
needs nothing but its new points.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from leadline.config.models import read_scoring
from leadline.config.scoring import MAIN
from leadline.domain.batches import Batch
from leadline.following import NEEDED, Followed, follow
from leadline.store import leads as lead_store
from leadline.store import scores as score_store
from leadline.store.events import read_log
from leadline.store.frames import aggregates_among, make_frame, read_leads, stored_names
from leadline.store.stage_batches import add_batch, is_live

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadline.config.models import LiveModel, LiveScoring
    from leadline.domain.rescoring import Flags, Floats, Ints, Scores
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 20_000


class Refreshed(NamedTuple):
    """What one batch came to.

    Attributes:
        batch: counts; a lead counts when its points changed.
        after: where the next batch goes on.
    """

    batch: Batch
    after: int


class _Aged(NamedTuple):
    """Scores by one model that are worth something else than they were.

    Attributes:
        ids: of the leads.
        scores: what they are now.
        is_level: whose level changed.
        is_crossing: of whom a condition may answer otherwise.
    """

    ids: Ints
    scores: Scores
    is_level: Flags
    is_crossing: Flags


def refresh_batch(
    work: Workspace, *, now: datetime, after: int = 0, limit: int = LIMIT
) -> Refreshed:
    """Bring leads up to `now` in one transaction.

    Leads that wait for a score are left to it, and so are those whose rules are no longer live.

    Args:
        work: the workspace.
        now: the instant that points are decayed to.
        after: leads with higher ids are looked at, in their order.
        limit: how many ids at once.
    """
    started = perf_counter()
    with work.store.write() as connection:
        first = score_store.find_next(connection, after=after)
        if first is None or not is_live(connection, work.project.hash):
            return Refreshed(Batch("refresh"), after)
        last = first + limit - 1
        changed = _refresh(work, connection, first, last, now=now)
        has_more = score_store.find_next(connection, after=last) is not None
        seconds = perf_counter() - started
        batch = Batch("refresh", changed, changed, seconds=seconds, has_more=has_more)
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return Refreshed(batch, last)


def _refresh(
    work: Workspace, connection: Connection, first: int, last: int, *, now: datetime
) -> int:
    """Refresh leads of a range; returns how many changed."""
    import numpy as np

    live, config_hash = read_scoring(work.project), work.project.hash
    taken = lead_store.claim_range(connection, first, last)
    waiting = lead_store.find_due(connection, "scoring", first, last, now=now)
    waiting |= lead_store.find_due(connection, "review", first, last, now=now)
    found = {}
    for each in live.models:
        aged = _age(connection, live, each, first=first, last=last, now=now)
        is_ours = ~np.isin(aged.ids, list(waiting))
        if taken is not None:
            is_ours &= np.isin(aged.ids, list(taken))
        found[each.model.name] = aged = _chosen(aged, is_ours)
        _put(connection, each.model.name, aged, config_hash=config_hash, now=now)
    crossing = sorted({id_ for each in found.values() for id_ in each.ids[each.is_crossing]})
    _mark(connection, found[MAIN], crossing)
    if crossing:
        ids = [int(id_) for id_ in crossing]
        batch = _read(connection, live, ids, now=now)
        follow(connection, live, batch, config_hash=config_hash, now=now)
    return len({id_ for each in found.values() for id_ in each.ids.tolist()})


def _age(
    connection: Connection,
    live: LiveScoring,
    each: LiveModel,
    *,
    first: int,
    last: int,
    now: datetime,
) -> _Aged:
    """Return what changes by decay alone among the scores of a range."""
    import numpy as np
    import pandas as pd

    from leadline.domain.decay import as_microseconds
    from leadline.domain.rescoring import moved
    from leadline.domain.scoring import decide_points

    model = each.model
    rule_set_id = score_store.keep_rule_set(connection, hash_=each.hash, rules=each.kept, now=now)
    leads, old = score_store.page_scores(
        connection,
        model.name,
        rule_set_id=rule_set_id,
        first=first,
        last=last,
        terms=len(model.terms),
    )
    names = ("fit_points", "base_points", "points_cap")
    decided = pd.DataFrame({name: getattr(old, name) for name in names})
    points = decide_points(decided, old.sums, model, made_at=old.made_at, as_of=now)
    new = replace(
        old,
        **{name: points[name].to_numpy() for name in points.columns},
        sums=moved(old.sums, model.terms, made_at=old.made_at, as_of=now),
        made_at=np.full(len(old.made_at), as_microseconds(now)),
    )
    is_level = new.engagement_level != old.engagement_level
    is_changed = (
        is_level | (new.points != old.points) | (new.engagement_points != old.engagement_points)
    )
    is_crossing = is_level | _crossing(live, model.name, old, new)
    aged = _Aged(np.array(leads, dtype=np.int64), new, is_level, is_crossing)
    return _chosen(aged, is_changed)


def _crossing(live: LiveScoring, model: str, old: Scores, new: Scores) -> Flags:
    """Tell of which leads points pass a number at which something follows."""
    from leadline.domain.thresholds import crossing

    def passes(name: str, before: Floats, after: Floats) -> Flags:
        field = name if model == MAIN else f"{name}_{model}"
        return crossing(before, after, conditions=live.following, field=field)

    return passes("points", old.points, new.points) | passes(
        "engagement_points", old.engagement_points, new.engagement_points
    )


def _chosen(aged: _Aged, chosen: Flags) -> _Aged:
    if chosen.all():
        return aged
    scores = aged.scores.where(chosen)
    return _Aged(aged.ids[chosen], scores, aged.is_level[chosen], aged.is_crossing[chosen])


def _put(
    connection: Connection, model: str, aged: _Aged, *, config_hash: str, now: datetime
) -> None:
    """Write what scores are worth now; history has those whose level changed."""
    score_store.put_decayed(connection, aged.ids, aged.scores, model=model, as_of=now)
    told = aged.is_level
    causes = ["decay"] * int(told.sum())
    origin: dict[str, Any] = {"model": model, "config_hash": config_hash, "as_of": now}
    score_store.add_score_changes(connection, aged.ids[told].tolist(), causes, **origin)


def _mark(connection: Connection, aged: _Aged, crossing: Sequence[int]) -> None:
    """Write the new points of leads from which nothing follows."""
    import numpy as np

    plain = ~np.isin(aged.ids, crossing)
    points = {
        name: getattr(aged.scores, name)[plain].tolist()
        for name in ("points", "engagement_points", "engagement_level")
    }
    lead_store.mark_scored(connection, {**points, "id": aged.ids[plain].tolist()})


def _read(
    connection: Connection, live: LiveScoring, ids: Sequence[int], *, now: datetime
) -> Followed:
    """Read what deciding on these leads needs; their scores are written by now."""
    fields = frozenset().union(*(each.fields for each in live.following))
    stored = read_leads(connection, ids, {*stored_names(fields), *NEEDED}, is_plain=True)
    counts = aggregates_among(fields)
    log = read_log(connection, ids if counts else [])
    decided = {
        name: score_store.read_scores(connection, ids, name, terms=len(each.model.terms))[0]
        for each in live.models
        for name in (each.model.name,)
    }
    frame = make_frame(stored, fields, log, as_of=now)
    return Followed(stored, frame, decided, due=(), reviewed=ids)
