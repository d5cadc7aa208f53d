"""Where the links of our mails lead, and what is kept of those who follow one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, func, select

from leadline.domain.links import Target
from leadline.store import schema
from leadline.store.bulk import among, insert_rows
from leadline.store.events import GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_TARGETS = schema.link_targets
_EVENTS = schema.events
_OUTBOX = schema.outbox
SOURCE: Final = "click"
#: Uses of the links of one mail that are kept; whoever goes on asking fills no disk.
MOST_CLICKS: Final = 200


@dataclass(frozen=True, slots=True)
class Click:
    """One use of a link.

    Attributes:
        external_id: the same for a repeat within a second.
        message_id: of the mail, with angle brackets.
        detail: how it was asked for, in names that say nothing of a person.
        due_at: when to find out who it was.
    """

    external_id: str
    message_id: str
    url: str
    network: str | None
    user_agent: str | None
    detail: dict[str, Any]
    at: datetime
    due_at: datetime


def add_targets(connection: Connection, targets: Iterable[Target]) -> None:
    """Store where links lead; one that is there stays, whatever mails share it."""
    rows = [
        {"url_hash": each.key, "url": each.url, "is_trap": each.is_trap}
        for each in sorted(targets, key=lambda target: target.key)
    ]
    insert_rows(connection, _TARGETS, rows, ignore_known=True)


def find_target(connection: Connection, key: str) -> Target | None:
    """Return where the links of a target's key lead."""
    columns = (_TARGETS.c.url, _TARGETS.c.is_trap)
    row = connection.execute(select(*columns).where(_TARGETS.c.url_hash == key)).first()
    return None if row is None else Target(row.url, row.is_trap)


def add_clicks(connection: Connection, clicks: Sequence[Click], *, now: datetime) -> list[bool]:
    """Record uses of links, at a number of statements that does not depend on theirs.

    Nothing is recorded of somebody who was erased, nor when a mail was clicked too often.

    Args:
        connection: a writing transaction.
        clicks: in the order in which they came; some may repeat others or what is stored.
        now: recorded as the time of arrival.

    Returns:
        Whether each one is recorded.
    """
    mails = _find_mails(connection, clicks)
    used = _count_clicks(connection, {mail["outbox_id"] for mail in mails.values()})
    rows: dict[str, dict[str, Any]] = {}
    for click in clicks:
        mail = mails.get(click.message_id)
        if mail is None or mail["erased_at"] or used.get(mail["outbox_id"], 0) >= MOST_CLICKS:
            continue
        used[mail["outbox_id"]] = used.get(mail["outbox_id"], 0) + 1
        rows.setdefault(click.external_id, _as_row(click, mail, now=now))
    insert_rows(connection, _EVENTS, list(rows.values()), ignore_known=True)
    return [click.external_id in rows for click in clicks]


def _find_mails(connection: Connection, clicks: Sequence[Click]) -> dict[str, dict[str, Any]]:
    """Return what is recorded of each mail; one from before a change of domain is scanned for."""
    wanted = {click.message_id for click in clicks}
    found = _read_mails(connection, among(connection, _OUTBOX.c.message_id, wanted))
    by_id = {row["message_id"]: row for row in found}
    if missing := wanted - by_id.keys():
        starts = {each.partition("@")[0]: each for each in missing}
        start = func.substr(_OUTBOX.c.message_id, 1, max(map(len, starts)))
        others = _read_mails(connection, start.in_(sorted(starts)))
        by_id |= {starts[row["message_id"].partition("@")[0]]: row for row in others}
    return by_id


def _read_mails(connection: Connection, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    touches, enrollments, leads = schema.touches, schema.enrollments, schema.leads
    campaign = enrollments.c.sequence + "/" + touches.c.step
    rows = connection.execute(
        select(
            _OUTBOX.c.message_id,
            _OUTBOX.c.id.label("outbox_id"),
            _OUTBOX.c.lead_id,
            leads.c.erased_at,
            campaign.label("campaign"),
        )
        .join(leads, leads.c.id == _OUTBOX.c.lead_id)
        .outerjoin(enrollments, enrollments.c.id == _OUTBOX.c.enrollment_id)
        .outerjoin(touches, touches.c.id == _OUTBOX.c.touch_id)
        .where(_OUTBOX.c.kind == "touch", condition)
    )
    return [dict(row._mapping) for row in rows]


def _count_clicks(connection: Connection, outbox_ids: set[int]) -> dict[int, int]:
    rows = connection.execute(
        select(_EVENTS.c.outbox_id, func.count())
        .where(among(connection, _EVENTS.c.outbox_id, outbox_ids), _EVENTS.c.source == SOURCE)
        .group_by(_EVENTS.c.outbox_id)
    )
    return {row[0]: row[1] for row in rows}


def _as_row(click: Click, mail: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    given = {
        "source": SOURCE,
        "external_id": click.external_id,
        "kind": "email_clicked",
        "lead_id": mail["lead_id"],
        "outbox_id": mail["outbox_id"],
        "campaign": mail["campaign"],
        "url": click.url,
        "network": click.network,
        "user_agent": click.user_agent,
        "actor": "unknown",
        "detail": click.detail,
        "occurred_at": click.at,
        "received_at": now,
        "due_at": click.due_at,
    }
    return {name: given.get(name) for name in GIVEN}
