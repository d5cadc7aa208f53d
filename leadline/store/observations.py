"""What is read to tell people from programs among those who made events, and what was told."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select, text, update

from leadline.domain import actors
from leadline.domain.events import OURS
from leadline.store import schema
from leadline.store.bulk import among, as_dicts, update_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column
    from sqlalchemy.engine import Connection

Row = dict[str, Any]
_EVENTS = schema.events
_OUTBOX = schema.outbox
_ATTEMPTS = schema.delivery_events
#: Of an attempt after which a mail waits again it says no more when that was: this does.
_FAILED: Final = "deferred"
#: What tells who was there, and whose event it is.
_READ: Final = (
    *("id", "source", "kind", "lead_id", "address_hash", "visitor_id", "outbox_id", "campaign"),
    *("url", "network", "user_agent", "actor", "actor_reason", "detail", "occurred_at", "due_at"),
)
#: What `find_affected` reads.
TELLING: Final = ("kind", "lead_id", "address_hash", "visitor_id", "network", "occurred_at")
#: Columns that neighbors share, each with the condition of its index, word for word.
_SHARED: Final = {
    "lead_id": "e.lead_id IS NOT NULL",
    "address_hash": "e.lead_id IS NULL AND e.address_hash IS NOT NULL",
    "visitor_id": "e.visitor_id IS NOT NULL",
    "network": "e.network IS NOT NULL",
}
#: The index by which each is found: SQLite takes all that belongs to nobody for few, and is told.
_INDEXES: Final = {name: f"ix_events_{name}" for name in _SHARED}
_REACH: Final = timedelta(microseconds=actors.REACH)
_CROWD_SPAN: Final = timedelta(microseconds=actors.CROWD_SPAN)
_SENT_WITHIN: Final = timedelta(microseconds=actors.SENT_WITHIN)
_CLOCK_SKEW: Final = timedelta(microseconds=actors.CLOCK_SKEW)
#: What others may tell something about; all else is a person's.
_JUDGED: Final = frozenset(
    {"email_sent", "email_opened", "email_clicked", "page_viewed", "pricing_page_viewed"}
)
#: Hits of which only a sending tells anything.
_BARE: Final = (
    "e.kind IN ('email_opened', 'email_clicked') AND e.network IS NULL AND e.user_agent IS NULL"
)


class Span(NamedTuple):
    """A stretch of time in which an event has neighbors.

    Attributes:
        column: what they share, of `lead_id`, `address_hash`, `visitor_id` and `network`.
        key: its value.
    """

    column: str
    key: int | str
    start: datetime
    stop: datetime


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Tell whether an event waits to be judged."""
    query = select(_EVENTS.c.id).where(_EVENTS.c.due_at <= now).limit(1)
    return connection.execute(query).first() is not None


def count_due(connection: Connection, *, now: datetime) -> int:
    """Return how many events wait to be judged."""
    query = select(func.count()).select_from(_EVENTS).where(_EVENTS.c.due_at <= now)
    return int(connection.execute(query).scalar_one())


def claim_due(connection: Connection, *, now: datetime, limit: int) -> list[int]:
    """Take up to `limit` events that are due, the longest waiting first, until the end."""
    query = (
        select(_EVENTS.c.id)
        .where(_EVENTS.c.due_at <= now)
        .order_by(_EVENTS.c.due_at, _EVENTS.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(connection.execute(query).scalars())


def get_events(connection: Connection, ids: Collection[int]) -> dict[int, Row]:
    """Return events by id."""
    query = select(*(_EVENTS.c[name] for name in _READ))
    rows = as_dicts(connection.execute(query.where(among(connection, _EVENTS.c.id, ids))))
    return {row["id"]: row for row in rows}


def keys_of(row: Mapping[str, Any]) -> Iterator[tuple[str, int | str]]:
    """Give what an event shares with its neighbors: the person, and the network."""
    for name in ("lead_id", "address_hash", "visitor_id"):
        if row[name] is not None:
            yield name, row[name]
            break
    if row["network"]:
        yield "network", row["network"]


def find_neighbors(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return ids of all that judges these events: others near, and the sendings before them."""
    spans = [span for row in rows for span in _near(row)]
    wider = [each._replace(start=each.start - _SENT_WITHIN) for each in spans if _has_mail(each)]
    return _find(connection, spans) | _find(connection, wider, also="e.kind = 'email_sent'")


def find_affected(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return ids of events that may be judged otherwise because of these."""
    spans, after = list[Span](), list[Span]()
    for row in rows:
        theirs = [*_near(row)]
        spans += theirs
        if row["kind"] == "email_sent":
            stop = row["occurred_at"] + _SENT_WITHIN
            after += [
                Span(each.column, each.key, row["occurred_at"] - _CLOCK_SKEW, stop)
                for each in theirs
                if _has_mail(each)
            ]
    return _find(connection, spans) | _find(connection, after, also=_BARE)


def _near(row: Mapping[str, Any]) -> Iterator[Span]:
    """Give where others are that an event tells something about, and that tell of it."""
    if row["kind"] in _JUDGED:
        at = row["occurred_at"]
        for name, key in keys_of(row):
            reach = _CROWD_SPAN if name == "network" else _REACH
            yield Span(name, key, at - reach, at + reach)


def _has_mail(span: Span) -> bool:
    return span.column in {"lead_id", "address_hash"}


def _find(connection: Connection, spans: Iterable[Span], *, also: str = "1 = 1") -> set[int]:
    by_column: dict[str, list[Span]] = {}
    for span in spans:
        by_column.setdefault(span.column, []).append(span)
    found: set[int] = set()
    for column, theirs in by_column.items():
        found |= _within(connection, column, _merged(theirs), also=also)
    return found


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return spans of which no two of one key overlap."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and merged[-1].key == span.key and span.start <= merged[-1].stop:
            merged[-1] = merged[-1]._replace(stop=max(merged[-1].stop, span.stop))
        else:
            merged.append(span)
    return merged


def _within(
    connection: Connection, column: str, spans: Sequence[Span], *, also: str = "1 = 1"
) -> set[int]:
    condition = f"{_SHARED[column]} AND {also}"
    if connection.dialect.name == "sqlite":
        wanted = json.dumps([[each.key, _stored(each.start), _stored(each.stop)] for each in spans])
        # the order of the join is fixed, so that each span is one look into the index
        rows = connection.execute(
            text(
                "SELECT e.id FROM json_each(:spans) s "  # noqa: S608 - our own names
                f"CROSS JOIN events e INDEXED BY {_INDEXES[column]} "
                f"WHERE {condition} AND e.{column} = json_extract(s.value, '$[0]') AND "
                "e.occurred_at BETWEEN json_extract(s.value, '$[1]') "
                "AND json_extract(s.value, '$[2]')"
            ),
            {"spans": wanted},
        )
    else:
        kind = "bigint" if column == "lead_id" else "text"
        rows = connection.execute(
            text(
                f"SELECT e.id FROM unnest(CAST(:keys AS {kind}[]), CAST(:starts AS timestamptz[]), "  # noqa: S608 - our own names
                "CAST(:stops AS timestamptz[])) AS s (key, start, stop) "
                f"JOIN events e ON e.{column} = s.key AND e.occurred_at BETWEEN s.start AND s.stop "
                f"WHERE {condition}"
            ),
            {
                "keys": [each.key for each in spans],
                "starts": [each.start for each in spans],
                "stops": [each.stop for each in spans],
            },
        )
    return set(rows.scalars())


def _stored(at: datetime) -> str:
    """Return an instant as SQLite stores it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def list_sendings(connection: Connection, outbox_ids: Collection[int]) -> dict[int, set[datetime]]:
    """Return when our own mails were sent, with every attempt: one that failed may have arrived."""
    found: dict[int, set[datetime]] = {}
    if not outbox_ids:
        return found
    begun = select(_OUTBOX.c.id, _OUTBOX.c.sent_at).where(
        among(connection, _OUTBOX.c.id, outbox_ids), _OUTBOX.c.sent_at.is_not(None)
    )
    tried = select(_ATTEMPTS.c.outbox_id, _ATTEMPTS.c.at).where(
        among(connection, _ATTEMPTS.c.outbox_id, outbox_ids), _ATTEMPTS.c.kind == _FAILED
    )
    for id_, at in connection.execute(begun.union(tried)):
        found.setdefault(id_, set()).add(at)
    return found


def mark_judged(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record who made events: id, actor, actor_reason; they are due no more."""
    update_rows(connection, _EVENTS, [{**row, "due_at": None} for row in rows])


def make_due(connection: Connection, ids: Collection[int], *, now: datetime) -> None:
    """Let events be judged anew; those that wait already, wait on."""
    _judge_anew(connection, _EVENTS.c.id, ids, now=now)


def judge_mails_anew(connection: Connection, outbox_ids: Collection[int], *, now: datetime) -> None:
    """Let what was done with mails be judged anew, because it is known now when they were sent."""
    _judge_anew(connection, _EVENTS.c.outbox_id, outbox_ids, now=now)


def _judge_anew(
    connection: Connection, column: Column[Any], values: Collection[int], *, now: datetime
) -> None:
    if values:
        connection.execute(
            update(_EVENTS)
            .where(
                among(connection, column, values),
                _EVENTS.c.due_at.is_(None),
                _EVENTS.c.kind.in_(_JUDGED),
            )
            .values(due_at=now)
        )


def list_events(connection: Connection, lead_id: int, *, limit: int) -> list[Row]:
    """Return the latest events of a lead, the newest first."""
    names = ("external_id", "source", "kind", "occurred_at", "campaign", "url", "actor")
    query = (
        select(*(_EVENTS.c[name] for name in (*names, "actor_reason", "due_at")))
        .where(_EVENTS.c.lead_id == lead_id)
        .order_by(_EVENTS.c.occurred_at.desc(), _EVENTS.c.id.desc())
        .limit(limit)
    )
    return as_dicts(connection.execute(query))


def is_interest(kind: str) -> bool:
    """Tell whether an event may give points: our own acts do not."""
    return kind not in OURS
