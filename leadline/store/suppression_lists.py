"""Bans of many addresses at once, and the lists that they came from.

What one unsubscribe does for one address (`leadline.store.answers`) happens here for a batch, in
a constant number of statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, insert, or_, select, text, update

from leadline.domain.keys import address_hash
from leadline.domain.skips import SkipReason
from leadline.domain.suppression import REFUSING
from leadline.store import schema
from leadline.store.bulk import among
from leadline.store.enrollments import exit_enrollments
from leadline.store.leads import mark_consent
from leadline.store.suppressions import (
    add_consents,
    add_suppressions,
    lock_addresses,
    outweigh,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

_SUPPRESSIONS = schema.suppressions
_LISTS = schema.suppression_lists
_LEADS = schema.leads
_OUTBOX = schema.outbox
#: Kinds of mail to a lead that a ban of each scope stops.
_STOPPED: Final = {
    "marketing": ("touch",),
    "global": ("touch", "acknowledgment", "confirmation"),
}
#: A condition of the partial index, word for word: SQLite uses such an index only then.
_WAITING: Final = text("outbox.state IN ('queued', 'deferred')")


@dataclass(frozen=True, slots=True)
class Ban:
    """What a batch of addresses is banned from, and why.

    Attributes:
        cause: one of `leadline.domain.suppression.CAUSES`.
        scope: one of `leadline.domain.suppression.BAN_SCOPES`.
        source: where evidence of a refusal says that it comes from.
        told_at: when the same list was taken in before, None for the first time: a ban that was
            lifted since stays lifted, because the list tells nothing new.
    """

    cause: str
    scope: str
    source: str
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Banned:
    """What became of a batch.

    Attributes:
        added: addresses that were not banned before.
        known: those that were.
        changed: those of them whose ban has another cause now, and can no more be taken back.
        leads: leads with one of the addresses.
        refusals: leads for whom a refusal was recorded.
        exited: enrollments that ended.
        skipped: messages that will not be sent.
    """

    added: int = 0
    known: int = 0
    changed: int = 0
    leads: int = 0
    refusals: int = 0
    exited: int = 0
    skipped: int = 0

    def __add__(self, other: Banned) -> Banned:
        """Return the sums."""
        return Banned(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


def hash_addresses(addresses: Collection[str], *, pepper: str) -> dict[str, str]:
    """Return the keyed hash of each address, under which it is banned."""
    return {address: address_hash(address, pepper=pepper) for address in addresses}


def find_unbanned(
    connection: Connection, hashes: Collection[str], *, scope: str, told_at: datetime | None
) -> set[str]:
    """Return which address hashes a list still has to ban in a scope.

    Args:
        connection: any transaction.
        hashes: of the list.
        scope: of the ban.
        told_at: see `Ban`.
    """
    in_force: list[ColumnElement[bool]] = [_SUPPRESSIONS.c.lifted_at.is_(None)]
    if told_at is not None:
        in_force.append(_SUPPRESSIONS.c.lifted_at > told_at)
    rows = connection.execute(
        select(_SUPPRESSIONS.c.address_hash).where(
            among(connection, _SUPPRESSIONS.c.address_hash, hashes),
            _SUPPRESSIONS.c.scope == scope,
            or_(*in_force),
        )
    )
    return {*hashes} - {row[0] for row in rows}


def ban_addresses(
    connection: Connection, hashes: Mapping[str, str], *, ban: Ban, now: datetime
) -> Banned:
    """Ban addresses in one writing transaction; doing it again changes nothing.

    The bans, the ends of sequences, the refusals with their evidence and the waiting mail commit
    together. An address whose ban was lifted since the same list was taken in is left alone.

    Args:
        connection: a writing transaction.
        hashes: keyed hash by address.
        ban: what they are banned from, and why.
        now: when that is.
    """
    lock_addresses(connection, hashes.values())
    new = find_unbanned(connection, [*hashes.values()], scope=ban.scope, told_at=ban.told_at)
    row = {"scope": ban.scope, "cause": ban.cause, "message_id": None, "at": now}
    add_suppressions(connection, [{"address_hash": hash_, **row} for hash_ in sorted(new)])
    heavier = outweigh(connection, hashes.values(), scope=ban.scope, cause=ban.cause)
    bound = _in_force(connection, hashes, ban)
    leads = _lock_leads(connection, bound)
    exited = exit_enrollments(connection, list(leads), reason="suppressed", now=now)
    return Banned(
        added=len(new),
        known=len(hashes) - len(new),
        changed=heavier,
        leads=len(leads),
        refusals=_refuse(connection, leads, ban, now=now),
        exited=exited,
        skipped=_skip_waiting(connection, bound.values(), scope=ban.scope),
    )


def _in_force(connection: Connection, hashes: Mapping[str, str], ban: Ban) -> dict[str, str]:
    """Return the addresses whose ban stands; all but those that were lifted since."""
    if ban.told_at is None:
        return dict(hashes)
    standing = select(_SUPPRESSIONS.c.address_hash).where(
        among(connection, _SUPPRESSIONS.c.address_hash, hashes.values()),
        _SUPPRESSIONS.c.scope == ban.scope,
        _SUPPRESSIONS.c.lifted_at.is_(None),
    )
    found = {row[0] for row in connection.execute(standing)}
    return {address: hash_ for address, hash_ in hashes.items() if hash_ in found}


def _lock_leads(connection: Connection, addresses: Collection[str]) -> dict[int, bool | None]:
    """Return every lead with one of the addresses, and its present consent; locked, in order."""
    query = (
        select(_LEADS.c.id, _LEADS.c.consent)
        .where(among(connection, _LEADS.c.email, addresses))
        .order_by(_LEADS.c.id)
    )
    rows = connection.execute(query.with_for_update(key_share=True))
    return {row.id: row.consent for row in rows}


def _refuse(
    connection: Connection, leads: Mapping[int, bool | None], ban: Ban, *, now: datetime
) -> int:
    """Record the refusal of those who had not refused; returns how many."""
    if ban.cause not in REFUSING:
        return 0
    refusing = [lead_id for lead_id, consent in leads.items() if consent is not False]
    nothing = dict.fromkeys(("basis", "wording", "version", "submission_id", "network_address"))
    row = {"purpose": "marketing", "channel": "email", "is_granted": False, **nothing}
    row |= {"source": ban.source, "at": now}
    add_consents(connection, [{"lead_id": lead_id, **row} for lead_id in refusing])
    mark_consent(connection, refusing, is_granted=False)
    return len(refusing)


def _skip_waiting(connection: Connection, hashes: Collection[str], *, scope: str) -> int:
    """Skip what waits for the addresses and is not yet being written; returns how many."""
    return connection.execute(
        update(_OUTBOX)
        .where(
            among(connection, _OUTBOX.c.address_hash, hashes),
            _OUTBOX.c.kind.in_(_STOPPED[scope]),
            _WAITING,
        )
        .values(state="skipped", skip_reason=SkipReason.SUPPRESSED.value)
    ).rowcount


def count_leads_with(connection: Connection, addresses: Collection[str]) -> int:
    """Return how many leads have one of the addresses."""
    rows = connection.execute(
        select(_LEADS.c.id).where(among(connection, _LEADS.c.email, addresses))
    )
    return len(rows.all())


def find_list(
    connection: Connection, file_hash: str | None, *, scope: str, cause: str
) -> datetime | None:
    """Return when these bytes were first taken in as such a list, None when they never were.

    Without bytes: when it was confirmed that there is no list.
    """
    same = _LISTS.c.file_hash.is_(None) if file_hash is None else _LISTS.c.file_hash == file_hash
    query = select(_LISTS.c.at).where(and_(same, _LISTS.c.scope == scope, _LISTS.c.cause == cause))
    return connection.execute(query.order_by(_LISTS.c.id).limit(1)).scalar()


def has_list(connection: Connection) -> bool:
    """Tell whether a list was ever taken in, or confirmed not to exist."""
    return connection.execute(select(_LISTS.c.id).limit(1)).first() is not None


def add_list(connection: Connection, row: Mapping[str, Any]) -> None:
    """Record a list: file_name, file_hash, scope, cause, records, added, known, rejected, at."""
    connection.execute(insert(_LISTS).values(**row))
