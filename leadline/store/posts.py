"""Form posts: those that wait are stored together, each once, and each learns what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sqlalchemy import delete, event, func, select
from sqlalchemy.dialects import postgresql, sqlite

from leadline.store import schema
from leadline.store.bulk import among
from leadline.store.submissions import add_submissions
from leadline.store.suppressions import lock_addresses

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from leadline.store.engine import Store
    from leadline.store.submissions import Arrival

PostRefusal = Literal["key_reused", "proof_spent"]

#: Posts that name one address are counted over this span.
ADDRESS_SPAN: Final = timedelta(days=1)
#: Pages of the database that a process keeps that writes a few rows at a time.
_CACHE_KIB: Final = 8_192
#: The same words without a key of their own are one post within this span.
REPEAT_SPAN: Final = timedelta(minutes=10)
TOO_MANY: Final = "too_many_for_address"
_SUBMISSIONS = schema.submissions
_PROOFS = schema.proofs


class Proof(NamedTuple):
    """A solved proof of work, to be spent once."""

    hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """One post on its way into the store.

    Attributes:
        arrival: what is stored.
        most_a_day: how many posts may name its address within a day before they are suspicious.
        proof: the proof of work that it brings, None for none.
        earlier_key: content key that it would have had `REPEAT_SPAN` earlier; "" for the same.
    """

    arrival: Arrival
    most_a_day: int
    proof: Proof | None = None
    earlier_key: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Source and content key, which name the post."""
        return (self.arrival.source, self.arrival.content_key)

    @property
    def earlier(self) -> tuple[str, str]:
        """Return source and content key of what it may repeat."""
        return (self.arrival.source, self.earlier_key or self.arrival.content_key)


def keep_small(store: Store) -> None:
    """Let a process that takes posts hold few pages of a SQLite database in memory."""
    if store.is_sqlite:
        event.listen(store.engine, "connect", _keep_few_pages)
        store.engine.dispose()  # connections that are open have the larger measure


def _keep_few_pages(raw: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
    raw.execute(f"PRAGMA cache_size=-{_CACHE_KIB}").close()


def add_posts(
    connection: Connection, posts: Sequence[Post], *, now: datetime
) -> list[int | PostRefusal]:
    """Store posts, at a number of statements that does not depend on theirs.

    Args:
        connection: a writing transaction.
        posts: in the order in which they came; some may repeat others or what is stored.
        now: recorded as the time of arrival.

    Returns:
        For each post the id of its submission, which is that of the first when it is a repeat; or
        why it is refused: another body is stored under its key, or another post spent its proof.
    """
    known = _find(connection, posts, since=now - REPEAT_SPAN)
    fresh: dict[tuple[str, str], Post] = {}
    for post in posts:
        if post.key not in known:
            fresh.setdefault(post.key, post)
    welcome = _spend_proofs(connection, list(fresh.values()), now=now)
    arrivals = _hold_crowds(connection, welcome, now=now)
    if connection.dialect.name != "sqlite":  # so that two processes wait for each other in turn
        arrivals.sort(key=attrgetter("source", "content_key"))
    add_submissions(connection, arrivals, now=now)
    if fresh:
        known |= _find(connection, fresh.values(), since=now - REPEAT_SPAN)
    return [_outcome(post, known) for post in posts]


def _outcome(post: Post, known: dict[tuple[str, str], tuple[int, str | None]]) -> int | PostRefusal:
    if post.key not in known:
        return "proof_spent"
    id_, body_hash = known[post.key]
    is_same = body_hash in {None, post.arrival.body_hash}  # none is left of one that was erased
    return id_ if is_same else "key_reused"


def _find(
    connection: Connection, posts: Collection[Post], *, since: datetime
) -> dict[tuple[str, str], tuple[int, str | None]]:
    """Return id and body hash of the posts that are stored, or repeat one stored since then."""
    keys = {key for post in posts for key in (post.key, post.earlier)}
    names = ("source", "content_key", "id", "body_hash", "received_at")
    columns = (_SUBMISSIONS.c[name] for name in names)
    rows = connection.execute(
        select(*columns).where(
            among(connection, _SUBMISSIONS.c.source, {source for source, _ in keys}),
            among(connection, _SUBMISSIONS.c.content_key, {key for _, key in keys}),
        )
    )
    stored = {(source, key): found for source, key, *found in rows}
    known = {}
    for post in posts:
        earlier = stored.get(post.earlier)
        repeated = earlier if earlier is not None and earlier[2] > since else None
        if (found := stored.get(post.key, repeated)) is not None:
            known[post.key] = (found[0], found[1])
    return known


def _spend_proofs(connection: Connection, posts: list[Post], *, now: datetime) -> list[Post]:
    """Return the posts whose proof of work, if they bring one, nobody has spent before."""
    spenders: dict[str, Post] = {}
    for post in posts:
        if post.proof is not None:
            spenders.setdefault(post.proof.hash, post)
    if not spenders:
        return posts
    connection.execute(delete(_PROOFS).where(_PROOFS.c.expires_at < now))
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    proofs = sorted(post.proof for post in spenders.values() if post.proof is not None)
    statement = (
        dialect.insert(_PROOFS)
        .values([{"proof_hash": proof.hash, "expires_at": proof.expires_at} for proof in proofs])
        .on_conflict_do_nothing()
        .returning(_PROOFS.c.proof_hash)
    )
    unspent = set(connection.execute(statement).scalars())
    return [
        post
        for post in posts
        if post.proof is None or (post.proof.hash in unspent and spenders[post.proof.hash] is post)
    ]


def _hold_crowds(connection: Connection, posts: list[Post], *, now: datetime) -> list[Arrival]:
    """Return what is stored; posts that name an address too often within a day are suspicious."""
    named = {hash_ for post in posts if (hash_ := post.arrival.mailbox_hash) is not None}
    lock_addresses(connection, named)
    counts = _count_posts(connection, named, since=now - ADDRESS_SPAN) if named else Counter()
    arrivals = []
    for post in posts:
        arrival = post.arrival
        if arrival.mailbox_hash is not None:
            counts[arrival.mailbox_hash] += 1
            if counts[arrival.mailbox_hash] > post.most_a_day and arrival.reason is None:
                arrival = replace(arrival, reason=TOO_MANY, suspicion=TOO_MANY, field="email")
        arrivals.append(arrival)
    return arrivals


def _count_posts(
    connection: Connection, hashes: Collection[str], *, since: datetime
) -> Counter[str]:
    """Return how many posts have named an address of each box since then."""
    column = _SUBMISSIONS.c.mailbox_hash
    rows = connection.execute(
        select(column, func.count())
        .where(among(connection, column, hashes), _SUBMISSIONS.c.received_at > since)
        .group_by(column)
    )
    return Counter({row[0]: row[1] for row in rows})
