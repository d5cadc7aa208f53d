"""Scores, and the append-only rule sets that explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from leadline.store import schema
from leadline.store.bulk import among, as_dicts, insert_rows, upsert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_SCORES = schema.scores
_RULE_SETS = schema.rule_sets


def keep_rule_set(connection: Connection, *, hash_: str, rules: Any, now: datetime) -> int:  # noqa: ANN401 - JSON
    """Return the id of the rule set with this hash; it is added when it is new."""
    insert_rows(
        connection,
        _RULE_SETS,
        [{"hash": hash_, "rules": rules, "created_at": now}],
        ignore_known=True,
    )
    query = select(_RULE_SETS.c.id).where(_RULE_SETS.c.hash == hash_)
    return int(connection.execute(query).scalar_one())


def put_scores(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write scores by lead and model, in place of the ones before; every row has all columns."""
    upsert_rows(connection, _SCORES, rows, key="lead_id, model")


def find_outdated(connection: Connection, hashes: Mapping[str, str], *, limit: int) -> list[int]:
    """Return leads whose score of a model was made with other rules than the live ones.

    Args:
        connection: any transaction.
        hashes: of the live rules, by model.
        limit: how many leads at most.
    """
    found: dict[int, None] = {}
    for model, hash_ in hashes.items():
        live = select(_RULE_SETS.c.id).where(_RULE_SETS.c.hash == hash_)
        live_id = connection.execute(live).scalar() or 0
        for other in (_SCORES.c.rule_set_id < live_id, _SCORES.c.rule_set_id > live_id):
            query = select(_SCORES.c.lead_id).where(_SCORES.c.model == model, other)
            found |= dict.fromkeys(connection.execute(query.limit(limit)).scalars())
    return list(found)[:limit]


def add_stage_changes(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record that leads entered lifecycle stages."""
    insert_rows(connection, schema.stage_changes, rows)


def get_scores(
    connection: Connection, lead_ids: Collection[int], *, model: str = "main"
) -> dict[int, dict[str, Any]]:
    """Return each lead's score of a model with the rules that it was made with."""
    found = connection.execute(
        select(_SCORES).where(
            _SCORES.c.model == model, among(connection, _SCORES.c.lead_id, lead_ids)
        )
    )
    rows = as_dicts(found)
    # one document is shared by thousands of scores: it is read once
    sets = connection.execute(
        select(_RULE_SETS.c.id, _RULE_SETS.c.rules).where(
            _RULE_SETS.c.id.in_({row["rule_set_id"] for row in rows})
        )
    )
    rules = {row.id: row.rules for row in sets}
    return {row["lead_id"]: {**row, "rules": rules[row["rule_set_id"]]} for row in rows}
