"""Scores, and the append-only rule sets that explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, literal, select, update

from leadline.domain.score_fields import STORED
from leadline.store import schema
from leadline.store.bulk import (
    among,
    fetch_columns,
    insert_columns,
    insert_rows,
    update_columns,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

    from leadline.domain.rescoring import Flags, Ints, Scores

_SCORES = schema.scores
_RULE_SETS = schema.rule_sets
#: What becomes of a score by the same rules.
_CHANGING: Final = (*(name for name in STORED if name != "rule_set_id"), "sums", "last_event_id")
_READ: Final = ("lead_id", *STORED, "sums", "last_event_id", "as_of")


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


def get_rule_sets(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """Return the rules of rule sets by id."""
    wanted = _RULE_SETS.c.id.in_(sorted(ids))
    rows = connection.execute(select(_RULE_SETS.c.id, _RULE_SETS.c.rules).where(wanted))
    return {row.id: row.rules for row in rows}


def read_scores(
    connection: Connection, lead_ids: Sequence[int], model: str, *, terms: int
) -> tuple[Scores, Flags]:
    """Return the scores of a batch by one model, and which of them have sums.

    Args:
        connection: any transaction.
        lead_ids: the batch, in ascending order.
        model: its name.
        terms: how many sums a score by the live rules has; others are given back as zeros.
    """
    from leadline.domain.rescoring import as_scores

    query = select(*(_SCORES.c[name] for name in _READ)).where(
        _SCORES.c.model == model, among(connection, _SCORES.c.lead_id, lead_ids)
    )
    return as_scores(fetch_columns(connection, query, is_plain=True), lead_ids, terms)


def find_next(connection: Connection, *, after: int) -> int | None:
    """Return the next lead with a score, None when there is none."""
    query = select(func.min(_SCORES.c.lead_id)).where(_SCORES.c.lead_id > after)
    return connection.execute(query).scalar()


def page_scores(
    connection: Connection, model: str, *, rule_set_id: int, first: int, last: int, terms: int
) -> tuple[Sequence[int], Scores]:
    """Return scores by some rules that decay, with their leads, in the order of their ids.

    Args:
        connection: any transaction.
        model: its name.
        rule_set_id: the rules that they were made with.
        first: the lowest lead id.
        last: the highest.
        terms: how many sums a score has.
    """
    from leadline.domain.rescoring import as_scores

    query = select(*(_SCORES.c[name] for name in _READ)).where(
        _SCORES.c.lead_id.between(first, last),
        _SCORES.c.model == model,
        _SCORES.c.sums.is_not(None),
    )
    found = fetch_columns(connection, query.order_by(_SCORES.c.lead_id), is_plain=True)
    scores = as_scores(found, found["lead_id"], terms)[0]
    chosen = scores.rule_set_id == rule_set_id
    ids = [id_ for id_, is_live in zip(found["lead_id"], chosen.tolist(), strict=True) if is_live]
    return ids, scores.where(chosen)


def add_scores(
    connection: Connection,
    lead_ids: Ints,
    scores: Scores,
    *,
    model: str,
    config_hash: str,
    as_of: datetime,
) -> None:
    """Write scores made at `as_of` of leads that have none by the model."""
    from leadline.domain.rescoring import as_columns

    columns = as_columns(lead_ids, scores, model, config_hash=config_hash, as_of=as_of)
    insert_columns(connection, _SCORES, columns)


def put_scores(
    connection: Connection,
    lead_ids: Ints,
    scores: Scores,
    *,
    model: str,
    config_hash: str,
    as_of: datetime,
) -> None:
    """Write scores made at `as_of`, in place of those by the same rules."""
    names = (*_CHANGING, "config_hash", "as_of")
    columns = _columns(lead_ids, scores, names, model, config_hash=config_hash, as_of=as_of)
    update_columns(connection, _SCORES, columns, key=("lead_id", "model"))


def renew_scores(
    connection: Connection,
    lead_ids: Ints,
    *,
    model: str,
    rule_set_id: int,
    config_hash: str,
    as_of: datetime,
) -> None:
    """Write that scores are now by other rules, as of `as_of`: one statement for all."""
    theirs = (_SCORES.c.model == model) & among(connection, _SCORES.c.lead_id, lead_ids.tolist())
    made: dict[str, Any] = {"rule_set_id": rule_set_id, "config_hash": config_hash, "as_of": as_of}
    connection.execute(update(_SCORES).where(theirs).values(made))


def change_scores(
    connection: Connection, lead_ids: Ints, scores: Scores, *, model: str, as_of: datetime
) -> None:
    """Write what scores, whose rules and instant are stored already, came to."""
    columns = _columns(lead_ids, scores, _CHANGING, model, config_hash="", as_of=as_of)
    update_columns(connection, _SCORES, columns, key=("lead_id", "model"))


def put_decayed(
    connection: Connection, lead_ids: Ints, scores: Scores, *, model: str, as_of: datetime
) -> None:
    """Write what scores, of which nothing else changed, are worth at `as_of`."""
    names = ("points", "engagement_points", "engagement_level", "sums", "as_of")
    columns = _columns(lead_ids, scores, names, model, config_hash="", as_of=as_of)
    update_columns(connection, _SCORES, columns, key=("lead_id", "model"))


def _columns(
    lead_ids: Ints,
    scores: Scores,
    names: Sequence[str],
    model: str,
    *,
    config_hash: str,
    as_of: datetime,
) -> dict[str, Sequence[Any]]:
    from leadline.domain.rescoring import as_columns

    every = as_columns(lead_ids, scores, model, config_hash=config_hash, as_of=as_of)
    return {name: every[name] for name in (*names, "lead_id", "model")}


def add_score_changes(
    connection: Connection,
    lead_ids: Sequence[int],
    causes: Sequence[str],
    *,
    model: str,
    config_hash: str,
    as_of: datetime,
) -> None:
    """Record that scores, which are written already, changed at `as_of`, and why.

    Args:
        connection: a writing transaction.
        lead_ids: of the scores.
        causes: why each of them changed.
        model: that they are by.
        config_hash: of the configuration that changed them.
        as_of: when.
    """
    by_cause: dict[str, list[int]] = {}
    for lead_id, cause in zip(lead_ids, causes, strict=True):
        by_cause.setdefault(cause, []).append(lead_id)
    for cause, ids in sorted(by_cause.items()):
        theirs = (_SCORES.c.model == model) & among(connection, _SCORES.c.lead_id, ids)
        made = {"cause": cause, "config_hash": config_hash, "as_of": as_of}
        _copy_scores(connection, theirs, made)


def _copy_scores(
    connection: Connection, theirs: ColumnElement[bool], made: Mapping[str, Any]
) -> None:
    """Add scores to the history, with some columns of its own."""
    changes = schema.score_changes.c
    names = [c.name for c in changes if c.name in _SCORES.c and c.name not in made]
    values = (literal(value, changes[name].type) for name, value in made.items())
    kept = select(*(_SCORES.c[name] for name in names), *values).where(theirs)
    connection.execute(insert(schema.score_changes).from_select([*names, *made], kept))


def find_outdated(
    connection: Connection, hashes: Collection[str], *, limit: int
) -> tuple[list[int], bool]:
    """Return leads with a score that was made with other rules, and whether there may be others.

    Rule sets are few, so that each is looked up in the index, also when none has a score left.
    A lead has a score of each model: so many scores may be of fewer leads.

    Args:
        connection: any transaction.
        hashes: of the live rules.
        limit: how many scores to look at.
    """
    others = select(_RULE_SETS.c.id).where(_RULE_SETS.c.hash.not_in(sorted(hashes)))
    ids = list(connection.execute(others).scalars())
    query = select(_SCORES.c.lead_id).where(among(connection, _SCORES.c.rule_set_id, ids))
    if not ids:
        return [], False
    found = fetch_columns(connection, query.limit(limit), is_plain=True)["lead_id"]
    return list(dict.fromkeys(found)), len(found) >= limit


def remove_other_models(
    connection: Connection, lead_ids: Collection[int], models: Collection[str], *, as_of: datetime
) -> None:
    """Remove scores by models that are no longer used; history says when, with what they were."""
    theirs = among(connection, _SCORES.c.lead_id, lead_ids) & _SCORES.c.model.not_in(list(models))
    if connection.execute(select(_SCORES.c.lead_id).where(theirs).limit(1)).first() is None:
        return
    _copy_scores(connection, theirs, {"cause": "removed", "as_of": as_of})
    connection.execute(delete(_SCORES).where(theirs))


def add_stage_changes(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record that leads entered lifecycle stages."""
    insert_rows(connection, schema.stage_changes, rows)
