"""`leadline status`: what waits and what needs a person, each with the command that mends it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import typer

from leadline.cli.clocks import clock_document, find_project, read_clocks, show_clocks
from leadline.cli.output import Column
from leadline.cli.session import DONE, session_of
from leadline.domain.due_times import duration_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.cli.output import Output

#: What is shown, in this order, with the command that mends it; the hint is `status.<key>.fix`.
COMMANDS: Final = {
    "due": "leadline run",
    "queued": "leadline run delivery",
    "leased": "leadline run delivery",
    "unknown": "leadline explain LEAD touches",
    "failed": "leadline doctor",
    "held": "leadline check",
    "quarantined": "leadline import FILE",
    "unassigned": "leadline run routing",
    "not_ready": "leadline leads list --where \"routing_skip = 'not_ready'\"",
    "events_waiting": "",
    "sla_breached": "leadline explain LEAD routing",
    "awaiting_approval": "",
}
#: Where some of the quarantine came by form or webhook: these are judged again, not mended.
HELD_POSTS: Final = "leadline submissions list"


def status(context: typer.Context) -> int:
    """Show on one screen where things stand."""
    from leadline.store.status import read_standing

    session = session_of(context)
    now = session.clock.now()
    project = find_project(session)
    with session.open_store() as store, store.read() as connection:
        standing = read_standing(connection, now=now)
        clocks = read_clocks(connection, project, now=now)
    oldest = (now - standing.oldest_at).total_seconds() if standing.oldest_at else 0
    counts: dict[str, Any] = {
        "due": sum(standing.due.values()),
        "queued": standing.queued,
        "leased": standing.leased,
        "unknown": standing.unknown,
        "failed": standing.failed,
        "held": standing.held,
        "quarantined": standing.quarantined,
        "unassigned": standing.unassigned,
        "not_ready": standing.not_ready,
        "events_waiting": standing.events_waiting,
        "sla_breached": standing.sla_breached,
        "awaiting_approval": 0,
    }
    wait = max(0, int(oldest))
    has_posts = standing.quarantined_posts > 0
    commands = COMMANDS | ({"quarantined": HELD_POSTS} if has_posts else {})
    session.out.document(
        {
            **counts,
            "oldest_wait_seconds": wait,
            "due_by_stage": standing.due,
            "commands": commands,
            "clocks": [clock_document(each) for each in clocks],
        }
    )
    _show(session.out, counts, commands, wait=wait)
    show_clocks(session.out, clocks)
    return DONE


def _show(
    out: Output, counts: Mapping[str, int], commands: Mapping[str, str], *, wait: int
) -> None:
    """Show what waits, each with the command that mends it, and the longest wait in seconds."""
    columns = (
        Column("status.what"),
        Column("status.count", is_number=True),
        Column("status.command"),
        Column("status.hint", may_wrap=True),
    )
    rows = [
        (
            out.words(f"status.{name}"),
            count,
            commands[name] if count else "",
            out.words(_hint(name, commands[name])) if count else "",
        )
        for name, count in counts.items()
    ]
    out.table(columns, rows)
    key = "status.oldest" if wait else "status.nothing_waits"
    out.line(key, wait=duration_text(timedelta(seconds=wait)))


def _hint(name: str, command: str) -> str:
    return "status.quarantined_posts.fix" if command == HELD_POSTS else f"status.{name}.fix"
