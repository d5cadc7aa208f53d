"""Submissions that could not become leads: forms and webhooks that are held, and judging again.

Rows of files are not among them: they come back mended, in their quarantine file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, or_, select, text, update

from leadline.domain.replays import LASTING
from leadline.store import schema
from leadline.store.bulk import among, as_dicts

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, TextClause
    from sqlalchemy.engine import Connection

_SUBMISSIONS = schema.submissions
#: Conditions of the partial indexes, word for word: SQLite uses such an index only then.
_STATES: Final[dict[str, TextClause]] = {
    state: text(f"state = '{state}'") for state in ("quarantined", "waiting", "new")
}
STATES: Final = tuple(_STATES)
_IS_FILE: Final = _SUBMISSIONS.c.kind == "file"
#: What is shown of a submission; nothing of what it says.
_SHOWN: Final = (
    *("id", "source", "kind", "state", "reason", "detail", "suspicion"),
    *("attempts", "due_at", "received_at"),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which submissions in quarantine are meant, by what they have in common.

    Attributes:
        source: those of one source.
        reason: those with one reason, or held for one suspicion.
        is_all: also those whose reason no change of the configuration mends.
    """

    source: str | None = None
    reason: str | None = None
    is_all: bool = False


def list_held(
    connection: Connection,
    *,
    states: Collection[str],
    selection: Selection,
    limit: int | None,
) -> list[dict[str, Any]]:
    """Return held form and webhook submissions in order of id, without what they say."""
    found: list[dict[str, Any]] = []
    for state in states:
        query = (
            select(*(_SUBMISSIONS.c[name] for name in _SHOWN))
            .where(_STATES[state], ~_IS_FILE, *_meant(selection))
            .order_by(_SUBMISSIONS.c.id)
            .limit(limit)
        )
        found += as_dicts(connection.execute(query))
    found.sort(key=lambda row: row["id"])
    return found[:limit]


def _meant(selection: Selection) -> list[ColumnElement[bool]]:
    meant: list[ColumnElement[bool]] = []
    if selection.source is not None:
        meant.append(_SUBMISSIONS.c.source == selection.source)
    if selection.reason is not None:
        names = (_SUBMISSIONS.c.reason, _SUBMISSIONS.c.suspicion)
        meant.append(or_(*(name == selection.reason for name in names)))
    return meant


def count_held(connection: Connection) -> dict[str, int]:
    """Return how many submissions are in quarantine: `files` rows, and `posts` of all others."""
    rows = connection.execute(
        select(_IS_FILE, func.count()).where(_STATES["quarantined"]).group_by(_IS_FILE)
    )
    counts = {bool(is_file): int(count) for is_file, count in rows}
    return {"files": counts.get(True, 0), "posts": counts.get(False, 0)}


def list_words(connection: Connection) -> tuple[set[str], set[str]]:
    """Return the sources and the reasons of form and webhook submissions in quarantine."""
    names = ("source", "reason", "suspicion")
    rows = connection.execute(
        select(*(_SUBMISSIONS.c[name] for name in names))
        .where(_STATES["quarantined"], ~_IS_FILE)
        .distinct()
    ).all()
    reasons = {row.reason for row in rows} | {row.suspicion for row in rows}
    return {row.source for row in rows}, {reason for reason in reasons if reason}


def get_submissions(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return whole submissions by id."""
    rows = connection.execute(select(_SUBMISSIONS).where(among(connection, _SUBMISSIONS.c.id, ids)))
    return {row["id"]: row for row in as_dicts(rows)}


def list_replayable(
    connection: Connection, selection: Selection, *, after: int, limit: int
) -> list[int]:
    """Return ids of submissions in quarantine that a selection lets go, in order.

    One that is held for a suspicion goes only when the selection names that suspicion.
    """
    is_clear = _SUBMISSIONS.c.suspicion.is_(None)
    meant: ColumnElement[bool] = is_clear
    if selection.reason is not None:
        same = _SUBMISSIONS.c.reason == selection.reason
        meant = or_(and_(is_clear, same), _SUBMISSIONS.c.suspicion == selection.reason)
    elif not selection.is_all:
        meant = and_(is_clear, _SUBMISSIONS.c.reason.not_in(LASTING))
    of_source = [_SUBMISSIONS.c.source == selection.source] if selection.source else []
    query = (
        select(_SUBMISSIONS.c.id)
        .where(_STATES["quarantined"], ~_IS_FILE, _SUBMISSIONS.c.id > after, meant, *of_source)
        .order_by(_SUBMISSIONS.c.id)
        .limit(limit)
    )
    return [row[0] for row in connection.execute(query)]


def count_suspicious(connection: Connection, selection: Selection) -> int:
    """Return how many of a selection are held for a suspicion that it does not name."""
    suspicion = _SUBMISSIONS.c.suspicion
    held: list[ColumnElement[bool]] = [suspicion.is_not(None)]
    if selection.reason is not None:
        held += [_SUBMISSIONS.c.reason == selection.reason, suspicion != selection.reason]
    if selection.source is not None:
        held.append(_SUBMISSIONS.c.source == selection.source)
    query = select(func.count()).where(_STATES["quarantined"], ~_IS_FILE, *held)
    return int(connection.execute(query).scalar_one())


def requeue(connection: Connection, ids: Collection[int]) -> set[int]:
    """Let intake judge submissions again; returns which of them stood in quarantine.

    Why one was suspicious stays with it.
    """
    rows = connection.execute(
        update(_SUBMISSIONS)
        .where(
            among(connection, _SUBMISSIONS.c.id, ids),
            _SUBMISSIONS.c.state == "quarantined",
            ~_IS_FILE,
        )
        .values(state="new", reason=None, field=None, detail=None, attempts=None, due_at=None)
        .returning(_SUBMISSIONS.c.id)
    )
    return {row[0] for row in rows}
