"""Suppression: addresses that must not be written to are banned, one by one or by the list.

A list goes in batch by batch, each in a transaction of its own, so that nobody who wants to write
waits, and a list that breaks off goes on where it is run again. No station of the pipeline: a
person starts it, before any sending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadline.files.address_lists import MixedRows, open_list
from leadline.files.sources import file_hash
from leadline.store.suppression_lists import (
    Ban,
    Banned,
    add_list,
    ban_addresses,
    count_leads_with,
    find_list,
    find_unbanned,
    has_list,
    hash_addresses,
)
from leadline.store.suppressions import find_outweighed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.files.address_lists import AddressList, BadLine
    from leadline.store.engine import Store

#: Addresses of one transaction: as many locks as PostgreSQL has room for beside everybody's else.
LIMIT: Final = 1_000
#: Bad lines of a list that are told one by one; all of them are counted.
TOLD: Final = 1_000


@dataclass(slots=True)
class Outcome:
    """What became of a list.

    Attributes:
        records: lines that state something.
        rejected: lines that could not be taken whole.
        banned: sums over its addresses.
        bad: the first of those lines.
        is_known: whether the same bytes were taken in before.
    """

    records: int = 0
    rejected: int = 0
    banned: Banned = field(default_factory=Banned)
    bad: list[BadLine] = field(default_factory=list)
    is_known: bool = False


def suppress(
    store: Store, addresses: Collection[str], *, ban: Ban, now: datetime, is_dry: bool = False
) -> Banned:
    """Ban addresses that a person names; returns what that came to.

    Args:
        store: the database.
        addresses: in one shape, as `leadline.domain.suppression.read_addresses` gives them.
        ban: what they are banned from, and why.
        now: when that is.
        is_dry: count, and change nothing.
    """
    banned, seen = Banned(), set[int]()
    for batch in _batches([*addresses]):
        banned += _ban(store, batch, ban=ban, now=now, seen=seen if is_dry else None)
    return banned


def suppress_list(
    store: Store,
    path: Path,
    *,
    cause: str,
    scope: str,
    now: datetime,
    is_dry: bool = False,
    is_whole: bool = False,
    on_stretch: Callable[[int], None] | None = None,
) -> tuple[Outcome, AddressList]:
    """Ban the addresses of a file, and record the list once it is through.

    Args:
        store: the database.
        path: any table with a column of addresses, or one address on each line.
        cause: why they are banned.
        scope: from what.
        now: when that is.
        is_dry: count, and change nothing.
        is_whole: every row is meant, also of a list that tells its rows apart.
        on_stretch: told how many bytes were done since.

    Raises:
        IntakeError: the file cannot be read, has no addresses, or tells its rows apart.
    """
    listed = open_list(path)
    if listed.answers and not is_whole:
        raise MixedRows(file=path.name, column=listed.answers)
    bytes_hash = file_hash(path)
    with store.read() as connection:
        told_at = find_list(connection, bytes_hash, scope=scope, cause=cause)
    ban = Ban(cause, scope, f"list:{path.name}", told_at)
    outcome = Outcome(is_known=told_at is not None)
    seen = set[int]() if is_dry else None
    for found in listed.stretches():
        outcome.records += found.records
        outcome.rejected += len(found.bad)
        outcome.bad += found.bad[: max(0, TOLD - len(outcome.bad))]
        for batch in _batches(found.addresses):
            outcome.banned += _ban(store, batch, ban=ban, now=now, seen=seen)
        if on_stretch is not None:
            on_stretch(found.size)
    if not is_dry and told_at is None:
        _keep(store, outcome, ban, name=path.name, bytes_hash=bytes_hash, now=now)
    return outcome, listed


def _batches(addresses: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(addresses), LIMIT):
        yield addresses[start : start + LIMIT]


def _ban(
    store: Store, batch: list[str], *, ban: Ban, now: datetime, seen: set[int] | None
) -> Banned:
    """Ban a batch; where `seen` is given only count, and remember who was counted."""
    hashes = hash_addresses(dict.fromkeys(batch), pepper=store.pepper)
    twins = Banned(known=len(batch) - len(hashes))
    if seen is None:
        with store.write() as connection:
            return twins + ban_addresses(connection, hashes, ban=ban, now=now)
    new = {address: hash_ for address, hash_ in hashes.items() if _mark(hash_) not in seen}
    seen.update(map(_mark, new.values()))
    with store.read() as connection:
        found = find_unbanned(connection, [*new.values()], scope=ban.scope, told_at=ban.told_at)
        leads = count_leads_with(connection, new)
        heavier = find_outweighed(connection, new.values(), scope=ban.scope, cause=ban.cause)
    counts = Banned(len(found), len(hashes) - len(found), len(heavier), leads)
    return twins + counts


def _mark(hash_: str) -> int:
    """Return 60 bits of a hash, which take less room than its text."""
    return int(hash_[:15], 16)


def _keep(
    store: Store, outcome: Outcome, ban: Ban, *, name: str, bytes_hash: str, now: datetime
) -> None:
    """Record a list; one without lines, or whose every line is bad, was none."""
    if not (outcome.banned.added or outcome.banned.known):
        return
    counts = {"added": outcome.banned.added, "known": outcome.banned.known}
    counts |= {"records": outcome.records, "rejected": outcome.rejected}
    what = {"scope": ban.scope, "cause": ban.cause, "at": now}
    with store.write() as connection:
        add_list(connection, {"file_name": name, "file_hash": bytes_hash, **what, **counts})


def confirm_none(store: Store, *, now: datetime) -> bool:
    """Record that there is no list; returns whether that was news."""
    nothing = {"file_name": None, "file_hash": None, "scope": "marketing", "cause": "unsubscribe"}
    counts = dict.fromkeys(("records", "added", "known", "rejected"), 0)
    with store.write() as connection:
        if has_list(connection):
            return False
        add_list(connection, {**nothing, **counts, "at": now})
    return True
