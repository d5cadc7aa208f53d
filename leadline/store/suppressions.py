"""Consents and suppressions: what a person agreed to, and the standing bans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import delete, false, func, select, text, update

from leadline.domain.consent import Given, decide_permission
from leadline.store import schema
from leadline.store.bulk import among, insert_columns, insert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

    from leadline.domain.consent import ConsentRules, Permission
    from leadline.domain.skips import SkipReason

_SUPPRESSIONS = schema.suppressions
_CONSENTS = schema.consents
_SUBMISSIONS = schema.submissions
#: Scopes of bans that stop a mail of each purpose; what answers a person stops at fewer.
SCOPES: Final[dict[str, tuple[str, ...]]] = {
    "marketing": ("global", "marketing"),
    "transactional": ("global",),
}
#: The cause that any other outweighs: a confirmation lifts it.
_LIGHTEST: Final = "unsubscribe"
#: Purpose and channel of the mails of sequences.
_MAIL: Final = ("marketing", "email")


class Addressee(NamedTuple):
    """A lead, as far as the consent gate asks.

    Attributes:
        country: ISO code, the project's where the lead's is unknown.
    """

    lead_id: int
    address_hash: str
    country: str


def lock_addresses(connection: Connection, hashes: Collection[str]) -> None:
    """Hold the addresses until the transaction ends (PostgreSQL; SQLite has one writer).

    Whoever writes a suppression, exit or erasure and whoever marks a message `sending` takes
    this first, so that neither slips between the other's read and commit.
    """
    if connection.dialect.name == "sqlite" or not hashes:
        return
    keys = sorted({int(found[:15], 16) for found in hashes})
    connection.execute(
        text(
            "SELECT pg_advisory_xact_lock(key) FROM "
            "(SELECT unnest(CAST(:keys AS bigint[])) AS key ORDER BY key) AS sorted"
        ),
        {"keys": keys},
    )


def add_suppressions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Ban addresses: address_hash, scope, cause, message_id, at.

    A ban in force stays as it is; one that was lifted gives way to the new one.
    """
    if not rows:
        return
    connection.execute(
        delete(_SUPPRESSIONS).where(
            among(connection, _SUPPRESSIONS.c.address_hash, {row["address_hash"] for row in rows}),
            _SUPPRESSIONS.c.scope.in_({row["scope"] for row in rows}),
            _SUPPRESSIONS.c.lifted_at.is_not(None),
        )
    )
    insert_rows(connection, _SUPPRESSIONS, rows, ignore_known=True)


def outweigh(connection: Connection, hashes: Collection[str], *, scope: str, cause: str) -> int:
    """Let a cause stand in place of `unsubscribe`, which the person can take back.

    Returns:
        How many bans in force have another cause now; none of an erasure.
    """
    if cause == _LIGHTEST:
        return 0
    return connection.execute(
        update(_SUPPRESSIONS)
        .where(among(connection, _SUPPRESSIONS.c.address_hash, hashes), *_is_light(scope))
        .values(cause=cause)
    ).rowcount


def find_outweighed(
    connection: Connection, hashes: Collection[str], *, scope: str, cause: str
) -> set[str]:
    """Return the address hashes whose ban `outweigh` would change."""
    if cause == _LIGHTEST:
        return set()
    wanted = among(connection, _SUPPRESSIONS.c.address_hash, hashes)
    query = select(_SUPPRESSIONS.c.address_hash).where(wanted, *_is_light(scope))
    return {row[0] for row in connection.execute(query)}


def _is_light(scope: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _SUPPRESSIONS.c.scope == scope,
        _SUPPRESSIONS.c.cause == _LIGHTEST,
        _SUPPRESSIONS.c.lifted_at.is_(None),
    )


def find_suppressed(
    connection: Connection, hashes: Collection[str], *, purpose: str = "marketing"
) -> set[str]:
    """Return which of the address hashes are banned for mail of a purpose (a key of `SCOPES`)."""
    if not hashes:
        return set()
    rows = connection.execute(
        select(_SUPPRESSIONS.c.address_hash).where(
            among(connection, _SUPPRESSIONS.c.address_hash, hashes),
            _SUPPRESSIONS.c.scope.in_(SCOPES[purpose]),
            _SUPPRESSIONS.c.lifted_at.is_(None),
        )
    )
    return {row[0] for row in rows}


def decide_permissions(
    connection: Connection,
    people: Sequence[Addressee],
    *,
    rules: ConsentRules,
    now: datetime,
) -> list[Permission | SkipReason]:
    """Return, in order, on which basis each may be sent marketing mail now, or why not.

    The one gate of enrollment, touches and delivery, in two statements per batch.
    """
    suppressed = find_suppressed(connection, {person.address_hash for person in people})
    given = list_given(connection, {person.lead_id for person in people})
    return [
        decide_permission(
            given.get(person.lead_id, ()),
            rules=rules.of(person.country),
            is_suppressed=person.address_hash in suppressed,
            now=now,
        )
        for person in people
    ]


def list_given(
    connection: Connection,
    lead_ids: Collection[int],
    *,
    purpose: str = "marketing",
    channel: str = "email",
) -> dict[int, list[Given]]:
    """Return the evidence that counts, by lead.

    What waits for its confirmation, and what came with an import that was taken back, does not.
    """
    if not lead_ids:
        return {}
    names = ("lead_id", "is_granted", "basis", "at")
    rows = connection.execute(
        select(*(_CONSENTS.c[name] for name in names), ~is_undated())
        .outerjoin(_SUBMISSIONS, _SUBMISSIONS.c.id == _CONSENTS.c.submission_id)
        .where(
            among(connection, _CONSENTS.c.lead_id, lead_ids),
            *_counts(purpose, channel),
        )
        .order_by(_CONSENTS.c.id)
    )
    found: dict[int, list[Given]] = {}
    for lead_id, is_granted, basis, at, is_dated in rows:
        given = Given(is_granted, basis, at, is_dated=bool(is_dated))
        found.setdefault(lead_id, []).append(given)
    return found


def is_undated() -> ColumnElement[bool]:
    """Return what is true of a yes of a file whose row states no time, beside its submission.

    Its time is that of its arrival, and an older refusal stands against it.
    """
    same = (_SUBMISSIONS.c.kind == "file") & (_SUBMISSIONS.c.received_at <= _CONSENTS.c.at)
    return _CONSENTS.c.is_granted & func.coalesce(same, false())


def _counts(purpose: str, channel: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _CONSENTS.c.purpose == purpose,
        _CONSENTS.c.channel == channel,
        _CONSENTS.c.undone_at.is_(None),
        _CONSENTS.c.is_pending.is_(False),
    )


def add_consents(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append consent evidence; every row has all columns but the id."""
    insert_rows(connection, schema.consents, rows)


def add_consent_columns(connection: Connection, columns: Mapping[str, Sequence[Any]]) -> None:
    """Append evidence on marketing mail, given as columns of `leadline.domain.resolution.CONSENT`.

    A lead's evidence stands in the order in which it was appended.
    """
    count = len(columns["lead_id"])
    same = {"purpose": ["marketing"] * count, "channel": ["email"] * count}
    insert_columns(connection, schema.consents, {**columns, **same})


def latest_bases(connection: Connection, lead_ids: Collection[int]) -> dict[int, str]:
    """Return the basis of each lead's latest consent to marketing mail; "none" after a refusal.

    Evidence of an import that was taken back does not count.
    """
    rows = connection.execute(
        select(_CONSENTS.c.lead_id, _CONSENTS.c.is_granted, _CONSENTS.c.basis)
        .outerjoin(_SUBMISSIONS, _SUBMISSIONS.c.id == _CONSENTS.c.submission_id)
        .where(among(connection, _CONSENTS.c.lead_id, lead_ids), *_counts(*_MAIL))
        .order_by(is_undated().desc(), _CONSENTS.c.at, _CONSENTS.c.id)
    )
    return {row.lead_id: (row.basis or "opt_in") if row.is_granted else "none" for row in rows}


def latest_consents(connection: Connection, lead_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each lead last granted or refused marketing mail, as far as that is known."""
    rows = connection.execute(
        select(_CONSENTS.c.lead_id, func.max(_CONSENTS.c.at).label("at"))
        .outerjoin(_SUBMISSIONS, _SUBMISSIONS.c.id == _CONSENTS.c.submission_id)
        .where(among(connection, _CONSENTS.c.lead_id, lead_ids), *_counts(*_MAIL), ~is_undated())
        .group_by(_CONSENTS.c.lead_id)
    )
    return {row.lead_id: row.at for row in rows}
