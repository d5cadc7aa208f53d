"""Release: leads that a backfill holds go on to routing, all of them or those of a condition."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.batches import Batch
from leadline.domain.consent import Permission
from leadline.domain.days import week_start
from leadline.domain.keys import address_hash
from leadline.store import holds
from leadline.store.assignments import count_since
from leadline.store.frames import read_frame
from leadline.store.stage_batches import add_batch
from leadline.store.suppressions import Addressee, decide_permissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from leadline.domain.conditions import Condition
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 5_000
_Held = dict[str, Any]


@dataclass(slots=True)
class Plan:
    """Whom a release would let go, and to whom.

    Attributes:
        run: the import.
        held: leads that it holds.
        matching: those that the condition names.
        owners: leads whose file names an active rep as their owner, by rep.
        rooms: how many more leads each of these reps takes this week.
        with_consent: leads that may be written to, and so be enrolled.
    """

    run: int
    held: int = 0
    matching: int = 0
    owners: Counter[str] = field(default_factory=Counter)
    rooms: dict[str, int] = field(default_factory=dict)
    with_consent: int = 0

    @property
    def beyond_capacity(self) -> int:
        """Return how many leads their owner cannot take this week; they go the normal way."""
        return sum(max(0, count - self.rooms[rep]) for rep, count in self.owners.items())

    @property
    def routed(self) -> int:
        """Return how many leads have no owner to keep, and are routed by territory."""
        return self.matching - self.owners.total()


def plan_release(
    work: Workspace, run_id: int, *, condition: Condition | None, now: datetime
) -> Plan:
    """Count what a release would do; changes nothing."""
    plan = Plan(run_id)
    active = {rep.rep_id for rep in work.project.reps if rep.active}
    for rows in _pages(work, run_id):
        with work.store.read() as connection:
            matching = _matching(connection, rows, condition, now=now)
            plan.with_consent += _count_reachable(work, connection, matching, now=now)
        plan.held += len(rows)
        plan.matching += len(matching)
        plan.owners.update(row["owner"] for row in matching if row["owner"] in active)
    weeks = {rep.rep_id: week_start(now, rep.time_zone) for rep in work.project.reps}
    with work.store.read() as connection:
        loads = count_since(connection, {rep_id: weeks[rep_id] for rep_id in plan.owners})
    plan.rooms = {
        rep.rep_id: max(0, rep.weekly_capacity - loads[rep.rep_id])
        for rep in work.project.reps
        if rep.rep_id in plan.owners
    }
    return plan


def release_import(
    work: Workspace,
    run_id: int,
    *,
    condition: Condition | None,
    now: datetime,
    limit: int = LIMIT,
    on_batch: Callable[[int], None] | None = None,
) -> int:
    """Let held leads go, one transaction per batch; returns how many.

    Args:
        work: the workspace.
        run_id: the import that holds them.
        condition: which of them; all when it is None.
        now: when their routing becomes due.
        limit: leads per batch.
        on_batch: told how many leads each batch looked at.
    """
    released, after = 0, 0
    while True:
        started = perf_counter()
        with work.store.write() as connection:
            rows = holds.list_held(connection, run_id, after=after, limit=limit)
            matching = _matching(connection, rows, condition, now=now)
            done = holds.let_go(connection, [row["id"] for row in matching], now=now)
            batch = Batch("release", claimed=done, done=done, seconds=perf_counter() - started)
            add_batch(connection, batch, config_hash=work.project.hash, now=now)
        released += done
        if on_batch is not None:
            on_batch(len(rows))
        if len(rows) < limit:
            return released
        after = rows[-1]["id"]


def _pages(work: Workspace, run_id: int) -> Iterator[list[_Held]]:
    """Read held leads page by page; each is a transaction of its own, so that no writer waits."""
    after = 0
    while True:
        with work.store.read() as connection:
            rows = holds.list_held(connection, run_id, after=after, limit=LIMIT)
        if rows:
            yield rows
        if len(rows) < LIMIT:
            return
        after = rows[-1]["id"]


def _matching(
    connection: Connection,
    rows: Sequence[_Held],
    condition: Condition | None,
    *,
    now: datetime,
) -> list[_Held]:
    if condition is None or not rows:
        return list(rows)
    from leadline.domain.conditions import evaluate

    frame = read_frame(connection, [row["id"] for row in rows], condition.fields, as_of=now)
    hits = evaluate([condition], frame)[:, 0]
    return [row for row, hit in zip(rows, hits, strict=True) if hit]


def _count_reachable(
    work: Workspace, connection: Connection, rows: Sequence[_Held], *, now: datetime
) -> int:
    """Return how many leads may be sent marketing mail now."""
    pepper, country = work.store.pepper, work.project.settings.country
    people = [
        Addressee(row["id"], address_hash(row["email"], pepper=pepper), row["country"] or country)
        for row in rows
    ]
    decided = decide_permissions(connection, people, rules=work.project.consent, now=now)
    return sum(isinstance(each, Permission) for each in decided)
