"""Routing: scored leads get an owner, or a place in the queue with the reason.

The assignment and the outbox row that will tell the rep commit together; the row holds ids only,
notification writes the mail.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from leadline.domain.batches import Batch
from leadline.domain.conditions import fold
from leadline.domain.days import local_midnight, week_start, weekday_numbers
from leadline.domain.keys import assignment_key, message_id
from leadline.domain.lateness import find_waiting_since
from leadline.domain.skips import SkipReason
from leadline.domain.windows import Window, add_working_time
from leadline.store import assignments as assignment_store
from leadline.store import leads as lead_store
from leadline.store.frames import read_frame
from leadline.store.outbox import PRIORITY_HOT, PRIORITY_REP, add_messages
from leadline.store.stage_batches import add_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from leadline.config.shape import RepShape, TerritoryShape
    from leadline.domain.routing import Assigned, Line, RepState, Waits
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
    from leadline.store.leads import Unrouted

LIMIT: Final = 10_000
_COLUMNS: Final = (
    "country",
    "region",
    "postal_code",
    "industry",
    "employees_min",
    "employees_max",
    "points",
)


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a lead waits for an owner."""
    with work.store.read() as connection:
        return lead_store.has_due(connection, "routing", now=now)


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Route one batch in one transaction; one routing runs at a time, because loads are shared."""
    started = perf_counter()
    with work.store.write(lock="routing") as connection:
        claimed = lead_store.claim_unrouted(connection, now=now, limit=limit)
        if not claimed:
            return Batch("routing")
        decisions = _decide(work, connection, claimed, now=now)
        waits = _record(work, connection, claimed, decisions, now=now)
        batch = Batch(
            "routing",
            claimed=len(claimed),
            done=len(claimed) - sum(waits.values()),
            skipped=waits,
            seconds=perf_counter() - started,
            has_more=len(claimed) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


def _decide(
    work: Workspace, connection: Connection, claimed: Sequence[Unrouted], *, now: datetime
) -> dict[int, Assigned | Waits]:
    from leadline.domain.routing import decide_routing

    ids = [lead.id for lead in claimed]
    frame = read_frame(connection, ids, _COLUMNS, as_of=now)
    frame["is_hot"] = [lead.is_hot for lead in claimed]
    weeks = {rep.rep_id: week_start(now, rep.time_zone) for rep in work.project.reps if rep.active}
    loads = assignment_store.count_since(connection, weeks)
    return dict(
        decide_routing(
            frame,
            lines=[as_line(territory) for territory in work.project.territories],
            reps=[as_state(rep, loads[rep.rep_id], now) for rep in work.project.reps if rep.active],
            declined=assignment_store.find_declined(connection, ids),
            stated=assignment_store.find_stated_owners(connection, ids),
        )
    )


def as_line(shape: TerritoryShape) -> Line:
    """Return a territory line as the domain reads it: folded, None for what matches anything."""
    from leadline.domain.routing import Line

    return Line(
        id=shape.line_id,
        rule=shape.rule_id,
        priority=shape.priority,
        team=shape.team,
        country=fold(shape.country) or None,
        region=fold(shape.region) or None,
        postal_prefix=shape.postal_prefix or None,
        industry=fold(shape.industry) or None,
        employees_min=shape.employees_min,
        employees_max=shape.employees_max,
    )


def as_state(rep: RepShape, load: int, now: datetime) -> RepState:
    """Return a rep as the domain reads one; a day off in the rep's own zone means away."""
    from leadline.domain.routing import RepState

    today = now.astimezone(ZoneInfo(rep.time_zone)).date()
    return RepState(
        id=rep.rep_id,
        team=rep.team,
        rules=frozenset(rep.territories),
        capacity=rep.weekly_capacity,
        load=load,
        is_away=today in rep.days_off,
    )


def rep_window(rep: RepShape) -> Window:
    """Return a rep's working hours."""
    return Window(weekday_numbers(rep.working_days), rep.opens, rep.closes)


def _record(
    work: Workspace,
    connection: Connection,
    claimed: Sequence[Unrouted],
    decisions: Mapping[int, Assigned | Waits],
    *,
    now: datetime,
) -> dict[str, int]:
    """Write assignments, outbox rows and leads; returns how many wait, by reason."""
    since = _waiting_since(connection, claimed)
    rows = {
        lead_id: {**row, "waiting_since": since[lead_id]}
        for lead_id, row in _rows(work, decisions, now=now).items()
    }
    ids = _keep(connection, rows)
    hot = {lead.id for lead in claimed if lead.is_hot}
    offers = [
        _Offer(lead_id, row["rep_id"], ids[lead_id], is_hot=lead_id in hot)
        for lead_id, row in rows.items()
        if row["rep_id"]
    ]
    _tell(work, connection, offers, now=now)
    retry_at = local_midnight(now, work.project.settings.timezone, days=1)
    lead_store.mark_leads(
        connection,
        [
            {
                "id": lead_id,
                "owner": row["rep_id"],
                "routing_due_at": _retry(row["skip_reason"], retry_at),
                "enrollment_due_at": now,
            }
            for lead_id, row in rows.items()
        ],
    )
    reasons = Counter(row["skip_reason"] for row in rows.values() if row["skip_reason"])
    return dict(sorted(reasons.items()))


def _keep(connection: Connection, rows: Mapping[int, dict[str, Any]]) -> dict[int, int]:
    """Write the assignments, those in the queue anew; returns their ids by lead."""
    queued = assignment_store.find_open(connection, list(rows))
    changed = {lead_id: queued[lead_id]["id"] for lead_id in rows if lead_id in queued}
    assignment_store.change_assignments(
        connection, [{"id": id_, **rows[lead_id]} for lead_id, id_ in changed.items()]
    )
    fresh = [lead_id for lead_id in rows if lead_id not in changed]
    added = assignment_store.add_assignments(
        connection, [{"lead_id": lead_id, **rows[lead_id]} for lead_id in fresh]
    )
    return {**changed, **dict(zip(fresh, added, strict=True))}


def _waiting_since(connection: Connection, claimed: Sequence[Unrouted]) -> dict[int, datetime]:
    """Return since when each lead waited for us; a wait for a rep's capacity is none of ours."""
    ids = [lead.id for lead in claimed]
    received = lead_store.get_received(connection, ids)
    handled = assignment_store.find_handled(connection, ids)
    return {
        lead.id: find_waiting_since(
            due_at=lead.due_at,
            received_at=received.get(lead.id),
            handled_at=handled.get(lead.id),
        )
        for lead in claimed
    }


def _retry(reason: str | None, tomorrow: datetime) -> datetime | None:
    """Say when to look again: without a territory, not before the configuration changes."""
    return None if reason in {None, SkipReason.NO_TERRITORY} else tomorrow


def _rows(
    work: Workspace, decisions: Mapping[int, Assigned | Waits], *, now: datetime
) -> dict[int, dict[str, Any]]:
    """Return the columns of each lead's assignment; a deadline is the same for all of a rep."""
    owners = {getattr(decision, "rep", None) for decision in decisions.values()} - {None}
    deadlines = {rep_id: _deadline(work, rep_id, now) for rep_id in owners if rep_id}
    return {
        lead_id: _row(work, decision, now, deadlines) for lead_id, decision in decisions.items()
    }


def _row(
    work: Workspace,
    decision: Assigned | Waits,
    now: datetime,
    deadlines: Mapping[str, datetime],
) -> dict[str, Any]:
    rep_id = getattr(decision, "rep", None)
    reason = getattr(decision, "reason", None)
    routing = work.project.settings.routing
    return {
        "rep_id": rep_id,
        "queue": None if rep_id else routing.fallback_queue,
        "state": "offered" if rep_id else "queued",
        "skip_reason": None if reason is None else str(reason),
        "territory": decision.trace.get("territory"),
        "trace": decision.trace,
        "config_hash": work.project.hash,
        "assigned_at": now,
        "response_due_at": deadlines[rep_id] if rep_id else None,
    }


def _deadline(work: Workspace, rep_id: str, now: datetime) -> datetime:
    rep = next(rep for rep in work.project.reps if rep.rep_id == rep_id)
    return add_working_time(
        now,
        duration=work.project.settings.routing.response_within,
        window=rep_window(rep),
        zone=rep.time_zone,
        closed_on=rep.days_off,
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """A lead that has a new owner, by the ids that the rep's mail needs."""

    lead_id: int
    rep_id: str
    assignment_id: int
    is_hot: bool


def _tell(
    work: Workspace, connection: Connection, offers: Sequence[_Offer], *, now: datetime
) -> None:
    """Queue one message per new owner: ids only, written later by notification."""
    domain = work.project.settings.mail.from_address.rpartition("@")[2]
    keys = [assignment_key(offer.assignment_id) for offer in offers]
    add_messages(
        connection,
        [
            {
                "message_key": key,
                "message_id": message_id(key, pepper=work.store.pepper, domain=domain),
                "kind": "assignment",
                "lead_id": offer.lead_id,
                "rep_id": offer.rep_id,
                "assignment_id": offer.assignment_id,
                "priority": PRIORITY_HOT if offer.is_hot else PRIORITY_REP,
                "config_hash": work.project.hash,
                "created_at": now,
                "due_at": now,
            }
            for key, offer in zip(keys, offers, strict=True)
        ],
    )
