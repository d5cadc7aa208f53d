"""Submissions that a tool posts: stored once, and joined with answers that come later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, select, text, update

from leadline.domain.keys import changed_delivery_key, delivery_key
from leadline.domain.retries import ANSWERS_MISSING, retry_at
from leadline.store import schema
from leadline.store.bulk import among, update_rows
from leadline.store.submissions import Arrival, add_submissions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from leadline.domain.payloads import Delivered

_BUCKET_SECONDS: Final = 600
_SUBMISSIONS: Final = schema.submissions
_COLUMNS: Final = ("id", "source", "content_key", "raw", "attempts", "due_at")


@dataclass(frozen=True, slots=True)
class Notice:
    """A submission whose answers have to be asked for."""

    id: int
    source: str
    content_key: str
    raw: dict[str, Any]
    attempts: int
    due_at: datetime


def delivery_of(
    source: str,
    delivered: Delivered,
    *,
    received_at: datetime,
    is_signed: bool,
    consent: tuple[str | None, str | None],
) -> Arrival:
    """Return one lead of a post as it is stored.

    Args:
        source: that posted it.
        delivered: what it says.
        received_at: when; the same unsigned words later are another lead.
        is_signed: whether whoever has seen the body may post it again.
        consent: version and wording that people saw in the tool.
    """
    raw, id_ = delivered.raw, delivered.id
    content = (raw.get("body") or raw.get("base64") or "").encode("utf-8", "surrogatepass")
    bucket = None if is_signed else int(received_at.timestamp()) // _BUCKET_SECONDS
    return Arrival(
        source=source,
        content_key=delivery_key(id_, content, bucket=bucket),
        changed_key=changed_delivery_key(id_, content) if id_ else None,
        kind="webhook",
        raw=raw,
        body_hash=hashlib.sha256(content).hexdigest(),
        consent_version=consent[0],
        consent_wording=consent[1],
        is_waiting=not delivered.is_complete,
    )


def add_deliveries(connection: Connection, arrivals: Sequence[Arrival], *, now: datetime) -> None:
    """Store what one post of a source holds; what is known stays as it was.

    Answers that come for a notice which waits for them, or has waited in vain, take its place.
    What is known by its id and says something else now is stored beside it.

    Args:
        connection: a writing transaction.
        arrivals: of one source.
        now: recorded as the time of arrival.
    """
    if not arrivals:
        return
    add_submissions(connection, arrivals, now=now)
    whole = [each for each in arrivals if not (each.is_waiting or each.reason)]
    answers = {each.content_key: each for each in whole}
    stored = _find_stored(connection, arrivals[0].source, answers)
    hashes = {key: row.body_hash for key, row in stored.items()}
    wanted = {key: row.id for key, row in stored.items() if _is_missing_answers(row)}
    update_rows(
        connection,
        _SUBMISSIONS,
        [
            {"id": id_, "raw": answers[key].raw, "body_hash": answers[key].body_hash, **_NEW}
            for key, id_ in wanted.items()
        ],
        guard="state IN ('waiting', 'quarantined')",
    )
    hashes |= {key: answers[key].body_hash for key in wanted}
    changed = [
        replace(each, content_key=each.changed_key, changed_key=None)
        for each in whole
        if each.changed_key and hashes[each.content_key] not in {None, each.body_hash}
    ]
    add_submissions(connection, changed, now=now)


_NEW: Final = {"state": "new", "reason": None, "field": None, "detail": None, "due_at": None}


def _find_stored(
    connection: Connection, source: str, keys: Collection[str]
) -> dict[str, Row[tuple[Any, ...]]]:
    """Return what is stored under content keys, without what it says."""
    if not keys:
        return {}
    columns = ("content_key", "id", "state", "reason", "body_hash")
    rows = connection.execute(
        select(*(_SUBMISSIONS.c[name] for name in columns)).where(
            _SUBMISSIONS.c.source == source,
            among(connection, _SUBMISSIONS.c.content_key, list(keys)),
        )
    )
    return {row.content_key: row for row in rows}


def _is_missing_answers(row: Row[tuple[Any, ...]]) -> bool:
    is_lost = row.state == "quarantined" and row.reason == ANSWERS_MISSING
    return bool(row.state == "waiting" or is_lost)


def has_due_notice(connection: Connection, *, now: datetime) -> bool:
    """Tell whether answers have to be asked for by now."""
    query = select(_SUBMISSIONS.c.id).where(_is_due(now)).limit(1)
    return connection.execute(query).first() is not None


def claim_notices(connection: Connection, *, now: datetime, limit: int) -> list[Notice]:
    """Take up to `limit` due notices; each is due again later, should this process die.

    Args:
        connection: a writing transaction, committed before anybody is asked.
        now: what is due by then is taken.
        limit: how many at most.
    """
    rows = connection.execute(
        select(*(_SUBMISSIONS.c[name] for name in _COLUMNS))
        .where(_is_due(now))
        .order_by(_SUBMISSIONS.c.due_at, _SUBMISSIONS.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    claimed = [
        Notice(row.id, row.source, row.content_key, row.raw, row.attempts + 1, row.due_at)
        for row in rows
    ]
    update_rows(
        connection,
        _SUBMISSIONS,
        [
            {"id": each.id, "attempts": each.attempts, "due_at": retry_at(each.attempts, now=now)}
            for each in claimed
        ],
        guard="state = 'waiting'",
    )
    return claimed


def mark_answered(connection: Connection, answers: Sequence[tuple[int, dict[str, Any]]]) -> int:
    """Give notices their answers: intake judges them next; returns how many still waited."""
    rows = [{"id": id_, "raw": raw, **_NEW} for id_, raw in answers]
    return update_rows(connection, _SUBMISSIONS, rows, guard="state = 'waiting'")


def mark_given_up(connection: Connection, ids: Collection[int], *, detail: str) -> None:
    """Quarantine notices whose answers never came; `leadline submissions replay` asks again."""
    lost = {"state": "quarantined", "reason": ANSWERS_MISSING, "field": "", "detail": detail}
    rows = [{"id": id_, **lost, "due_at": None} for id_ in ids]
    update_rows(connection, _SUBMISSIONS, rows, guard="state = 'waiting'")


def mark_not_asked(connection: Connection, notices: Sequence[Notice], *, due_at: datetime) -> None:
    """Put notices off that could not be asked for at all; it counts as no attempt."""
    rows = [{"id": n.id, "attempts": n.attempts - 1, "due_at": due_at} for n in notices]
    update_rows(connection, _SUBMISSIONS, rows, guard="state = 'waiting'")


def mark_waiting(connection: Connection, ids: Collection[int], *, now: datetime) -> None:
    """Let submissions wait for their answers, from the first attempt on."""
    if ids:
        connection.execute(
            update(_SUBMISSIONS)
            .where(among(connection, _SUBMISSIONS.c.id, list(ids)), _SUBMISSIONS.c.state == "new")
            .values(state="waiting", attempts=0, due_at=now)
        )


def mark_addresses(connection: Connection, hashes: Sequence[tuple[int, str]]) -> None:
    """Keep whose address a submission names, for limits and erasure."""
    rows = [{"id": id_, "address_hash": hash_} for id_, hash_ in hashes]
    update_rows(connection, _SUBMISSIONS, rows)


def _is_due(now: datetime) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy
    # word for word as in the partial index: SQLite uses it only then
    return and_(text("state = 'waiting'"), _SUBMISSIONS.c.due_at <= now)
