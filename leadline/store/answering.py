"""Mails that answer a form post, as rows of the outbox: added once, counted by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from leadline.store import schema
from leadline.store.bulk import among
from leadline.store.outbox import ANSWERS, PRIORITY_ANSWER, add_messages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_OUTBOX = schema.outbox


def count_answers(
    connection: Connection, hashes: Collection[str], *, since: datetime
) -> dict[str, int]:
    """Count the mails that answered forms to each box since then; what was refused is none."""
    mailbox = schema.submissions.c.mailbox_hash
    rows = connection.execute(
        select(mailbox, func.count())
        .select_from(_OUTBOX)
        .join(schema.submissions, schema.submissions.c.id == _OUTBOX.c.submission_id)
        .where(
            among(connection, mailbox, hashes),
            _OUTBOX.c.kind.in_(ANSWERS),
            _OUTBOX.c.skip_reason.is_(None),
            _OUTBOX.c.created_at > since,
        )
        .group_by(mailbox)
    )
    return {row[0]: row[1] for row in rows}


def add_answers(
    connection: Connection, rows: Sequence[dict[str, Any]], *, config_hash: str, now: datetime
) -> None:
    """Add answers, each written or refused with its reason; one whose key is known stays."""
    at = {"created_at": now, "due_at": now, "rendered_at": now}
    same = {"priority": PRIORITY_ANSWER, "config_hash": config_hash, **at}
    add_messages(connection, [{**same, **row} for row in rows])
