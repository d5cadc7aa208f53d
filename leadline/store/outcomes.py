"""What scoring made of leads, read page by page to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from leadline.config.scoring import MAIN
from leadline.domain.leads import SCORE_FIELDS
from leadline.domain.score_changes import ModelScore, Outcome
from leadline.store import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection, Row

_LEADS = schema.leads
_SCORES = schema.scores
_DECIDED = tuple(SCORE_FIELDS)


def list_outcomes(
    connection: Connection, *, models: Collection[str], after: int, limit: int
) -> tuple[dict[int, Outcome], dict[str, list[int]]]:
    """Return the outcome of leads in order of id, and by model which rules matched each.

    Args:
        connection: any transaction.
        models: names of the models in use, the main one among them.
        after: leads with a higher id are read.
        limit: how many at most.

    Returns:
        Outcomes by lead id; and by model the bitmaps of those leads.
    """
    names = (*_DECIDED, "lifecycle_stage", "routing_skip", "held_import_run_id")
    rows = connection.execute(
        select(_LEADS.c.id, *(_LEADS.c[name] for name in names))
        .where(_LEADS.c.id > after, _LEADS.c.erased_at.is_(None))
        .order_by(_LEADS.c.id)
        .limit(limit)
    ).all()
    if not rows:
        return {}, {}
    found = connection.execute(
        select(
            *(_SCORES.c.lead_id, _SCORES.c.model, _SCORES.c.matched),
            *(_SCORES.c[name] for name in _DECIDED),
        )
        .where(
            _SCORES.c.lead_id.between(rows[0].id, rows[-1].id), _SCORES.c.model.in_(list(models))
        )
        .order_by(_SCORES.c.lead_id, _SCORES.c.model)
    )
    matched: dict[str, list[int]] = {name: [] for name in models}
    beside: dict[int, list[ModelScore]] = {}
    for lead_id, model, bits, *score in found:
        matched[model].append(bits)
        if model != MAIN:
            beside.setdefault(lead_id, []).append(ModelScore(model, *score))
    return {row.id: _outcome(row, beside.get(row.id, ())) for row in rows}, matched


def _outcome(row: Row[Any], beside: Sequence[ModelScore]) -> Outcome:
    return Outcome(
        points=row.points,
        fit_points=row.fit_points,
        engagement_points=row.engagement_points,
        grade=row.grade,
        engagement_level=row.engagement_level,
        lifecycle_stage=row.lifecycle_stage,
        is_handed_over=row.routing_skip is None and row.held_import_run_id is None,
        models=tuple(beside),
    )
