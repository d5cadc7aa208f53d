"""Observing: events that are due are attached to their leads and classified.

Scoring calls this before it claims leads, in its own transaction, and the command line classifies
a file with the same functions. An event is judged with all others of the same person, mail and
network around it, whatever batch they are claimed in; those that were judged before are judged
anew with all around them in turn, because a burst is seen only when it is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.actors import Hit, as_instant, classify, mail_of
from leadline.store import observations, people
from leadline.store.observations import has_due
from leadline.store.visitors import link_visitors

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from leadline.store.engine import Connection

__all__ = ["Observed", "has_due", "join_leads", "observe"]

join_leads = people.join_leads

LIMIT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Observed:
    """What a batch of events came to.

    Attributes:
        claimed: events that were due.
        changed: events whose actor is another one now, the claimed ones apart.
        has_more: whether others may be due.
    """

    claimed: int = 0
    changed: int = 0
    has_more: bool = False


def observe(connection: Connection, *, now: datetime, limit: int = LIMIT) -> Observed:
    """Attach and classify events that are due; their leads become due for a score.

    Args:
        connection: a writing transaction.
        now: what is due is due by then.
        limit: how many events at most.
    """
    ids = observations.claim_due(connection, now=now, limit=limit)
    if not ids:
        return Observed()
    people.join_events(connection, ids, now=now)
    claimed = observations.get_events(connection, ids)
    near = observations.find_affected(connection, claimed.values()) - claimed.keys()
    asked = claimed | {
        id_: row
        for id_, row in observations.get_events(connection, near).items()
        if row["due_at"] is None  # what waits is judged in its turn
    }
    around = observations.find_neighbors(connection, asked.values()) - asked.keys()
    rows = asked | observations.get_events(connection, around)
    judged = _judge(connection, rows)
    changed = [
        {"id": id_, "actor": judged[id_][0], "actor_reason": judged[id_][1]}
        for id_, row in asked.items()
        if id_ in claimed or judged[id_] != _said(row)
    ]
    observations.mark_judged(connection, changed)
    _pass_on(connection, rows, changed, now=now)
    return Observed(len(ids), len(changed) - len(ids), len(ids) == limit)


def _said(row: Mapping[str, Any]) -> tuple[str, str | None]:
    return row["actor"], row["actor_reason"]


def _judge(
    connection: Connection, rows: Mapping[int, Mapping[str, Any]]
) -> dict[int, tuple[str, str]]:
    """Classify events by all that are given."""
    hits = [_hit(row) for row in rows.values()]
    sent = observations.list_sendings(
        connection, {row["outbox_id"] for row in rows.values() if row["outbox_id"] is not None}
    )
    people_of = {
        (row["outbox_id"], _person(row)) for row in rows.values() if row["outbox_id"] in sent
    }
    sendings = [
        Hit("email_sent", as_instant(at), person, ("mail", outbox_id), is_own=True)
        for outbox_id, person in people_of
        for at in sent[outbox_id]
    ]
    verdicts = classify([*hits, *sendings])
    return {
        id_: (verdict.actor, verdict.reason)
        for id_, verdict in zip(rows, verdicts[: len(hits)], strict=True)
    }


def _person(row: Mapping[str, Any]) -> Hashable | None:
    key = next(observations.keys_of(row), None)
    return None if key is None or key[0] == "network" else key


def _hit(row: Mapping[str, Any]) -> Hit:
    detail = row["detail"] if isinstance(row["detail"], dict) else {}
    is_own = row["outbox_id"] is not None
    return Hit(
        row["kind"],
        as_instant(row["occurred_at"]),
        _person(row),
        ("mail", row["outbox_id"]) if is_own else mail_of(row["campaign"]),
        row["url"],
        row["network"],
        row["user_agent"],
        is_trap=bool(detail.get("trap")),
        is_head=detail.get("method") == "HEAD",
        is_prefetch=bool(detail.get("prefetch")),
        is_own=is_own,
    )


def _pass_on(
    connection: Connection,
    rows: Mapping[int, Mapping[str, Any]],
    changed: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """Make leads due whose human events changed, and visitors known who came by a link."""
    leads, mails = set[int](), set[int]()
    for verdict in changed:
        row = rows[verdict["id"]]
        is_human = "human" in {row["actor"], verdict["actor"]}
        if is_human and row["lead_id"] is not None and observations.is_interest(row["kind"]):
            leads.add(row["lead_id"])
        if row["outbox_id"] is not None:
            mails.add(row["outbox_id"])
    people.make_due(connection, leads, now=now)
    link_visitors(connection, mails, now=now)
