"""Scoring: leads that are new or changed get points, a grade and the rules that gave them."""

from __future__ import annotations

import hashlib
import json
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.config.conditions import compile_project_condition
from leadline.domain.batches import Batch
from leadline.store import leads as lead_store
from leadline.store.assignments import find_open
from leadline.store.holds import find_quiet
from leadline.store.scores import keep_rule_set, put_scores
from leadline.store.stage_batches import add_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from leadline.config.shape import Project
    from leadline.domain.scoring import Rule
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 10_000


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a lead waits for a score."""
    with work.store.read() as connection:
        return lead_store.has_due(connection, "scoring", now=now)


def compile_rules(project: Project) -> list[Rule]:
    """Return the scoring rules, compiled, in the order of the file."""
    from leadline.domain.scoring import Rule

    return [
        Rule(
            rule.id, compile_project_condition(project, rule.when), rule.points, rule.group == "fit"
        )
        for rule in project.scoring.rules
    ]


def rules_as_kept(project: Project) -> tuple[str, list[dict[str, Any]]]:
    """Return the hash and the plain form of the rules, kept for ever to explain scores."""
    rules = [rule.model_dump(mode="json") for rule in project.scoring.rules]
    document = json.dumps([rules, project.scoring.grades.model_dump()], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest(), rules


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Score one batch in one transaction."""
    started = perf_counter()
    with work.store.write() as connection:
        ids = lead_store.claim_due(connection, "scoring", now=now, limit=limit)
        if not ids:
            return Batch("scoring")
        scored = _score(work, connection, ids)
        _record(work, connection, scored, now=now)
        batch = Batch(
            "scoring",
            claimed=len(ids),
            done=len(ids),
            seconds=perf_counter() - started,
            has_more=len(ids) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


def _score(work: Workspace, connection: Connection, ids: Sequence[int]) -> pd.DataFrame:
    from leadline.domain.scoring import Grades, decide_scores

    rules = compile_rules(work.project)
    columns = frozenset().union(*(rule.condition.fields for rule in rules))
    grades = work.project.scoring.grades
    return decide_scores(
        lead_store.read_frame(connection, ids, columns), rules, Grades(grades.A, grades.B, grades.C)
    )


def _record(
    work: Workspace, connection: Connection, scored: pd.DataFrame, *, now: datetime
) -> None:
    hash_, kept = rules_as_kept(work.project)
    rule_set_id = keep_rule_set(connection, hash_=hash_, rules=kept, now=now)
    columns = (scored[name].tolist() for name in ("matched", "points", "fit_points", "grade"))
    rows = list(zip(scored.index.tolist(), *columns, strict=True))
    put_scores(
        connection,
        [
            {
                "lead_id": lead_id,
                "rule_set_id": rule_set_id,
                "matched": matched,
                "points": points,
                "fit_points": fit_points,
                "grade": grade,
                "config_hash": work.project.hash,
                "as_of": now,
            }
            for lead_id, matched, points, fit_points, grade in rows
        ],
    )
    _pass_on(connection, scored, now=now)


def _pass_on(connection: Connection, scored: pd.DataFrame, *, now: datetime) -> None:
    """Write points and grades, and make due what follows: nothing for a lead that is held."""
    ids, points, grades = (
        values.tolist() for values in (scored.index, scored["points"], scored["grade"])
    )
    quiet, owned = find_quiet(connection, ids), _owned(find_open(connection, ids))
    loud: list[dict[str, Any]] = []
    still: list[dict[str, Any]] = []
    for lead_id, count, grade in zip(ids, points, grades, strict=True):
        row = {"id": lead_id, "points": count, "grade": grade, "scoring_due_at": None}
        if lead_id in quiet:
            still.append({**row, "is_scoring_only": None})
            continue
        is_owned = lead_id in owned
        row["routing_due_at"] = None if is_owned else now
        row["enrollment_due_at"] = now if is_owned else None
        loud.append(row)
    lead_store.mark_leads(connection, loud)
    lead_store.mark_leads(connection, still)


def _owned(assignments: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """Return the leads that a rep owns: a new score never takes a lead away."""
    return {lead_id for lead_id, row in assignments.items() if row["state"] != "queued"}
