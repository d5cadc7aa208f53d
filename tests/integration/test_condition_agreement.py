"""One condition, four engines: DuckDB, masks over a frame, SQLite and PostgreSQL agree."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from leadline.domain.condition_masks import evaluate_masks
from leadline.domain.conditions import Condition, compile_condition, evaluate
from leadline.store.frames import read_frame
from leadline.store.selection import list_matching
from tests.builders import NOW, a_store
from tests.condition_trials import FIELDS, a_random_condition, add_random_leads

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

LEADS, CONDITIONS = 120, 110  # 13,200 pairs on each database


def compiled(condition: str) -> Condition:
    found = compile_condition(condition, fields=FIELDS)
    assert isinstance(found, Condition), (condition, found)
    return found


def decided(condition: Condition, connection: Connection, ids: list[int]) -> tuple[Any, Any]:
    """Return what DuckDB and masks decide."""
    frame = read_frame(connection, ids, condition.fields, as_of=NOW)
    return evaluate([condition], frame)[:, 0], evaluate_masks([condition], frame)[:, 0]


def test_engines_agree_on_random_conditions_and_leads(database_url: str) -> None:
    random = Random(20261120)  # noqa: S311 - the same leads whenever this runs
    hits = 0
    with a_store(database_url) as store, store.write() as connection:
        ids = add_random_leads(connection, random, LEADS)
        for _ in range(CONDITIONS):
            condition = compiled(a_random_condition(random))
            by_duckdb, by_masks = decided(condition, connection, ids)
            expected = [id_ for id_, hit in zip(ids, by_duckdb, strict=True) if hit]
            assert by_masks.tolist() == by_duckdb.tolist(), condition.text
            found = list_matching(connection, condition, as_of=NOW)
            assert found == expected, (condition.text, set(found) ^ set(expected))
            hits += len(found)
    assert LEADS * CONDITIONS * 0.1 < hits < LEADS * CONDITIONS * 0.9
