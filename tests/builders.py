"""Builders of what decisions and stores are tested with; a test names only what it is about.

What needs a database library is imported inside its builder: the unit tests use the others alone.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.conditions import Condition, compile_condition
from leadline.domain.consent import Permission
from leadline.domain.delivery import Gate, Phase, Reply
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.resolution import WRITTEN
from leadline.domain.routing import Line, RepState
from leadline.domain.scoring import Rule
from leadline.domain.touches import DueStep, Policy
from leadline.domain.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from leadline.config.shape import Project
    from leadline.store.engine import Connection, Store
    from leadline.store.leases import Owner
    from leadline.store.outbox import Claim, Lease

#: A Friday, 10:00 in Tokyo.
NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
TOKYO: Final = "Asia/Tokyo"
OFFICE_HOURS: Final = Window(frozenset(range(5)), time(9), time(18))
PEPPER: Final = "a pepper for tests"
DOMAIN: Final = "example.com"
AGREED: Final = Permission("opt_in", NOW)
_NUMBERS: Final = itertools.count(1)


def a_frame(*rows: dict[str, Any], ids: list[int] | None = None) -> pd.DataFrame:
    """Return leads as decisions see them: one row each, every field there, unknown ones None."""
    import pandas as pd

    names = (*LEAD_FIELDS, "employees_min", "employees_max", "points")
    full = [dict.fromkeys(names) | {"points": 0, "is_hot": False} | row for row in rows]
    return pd.DataFrame(full, index=ids or list(range(1, len(rows) + 1)), dtype=object)


def a_condition(text: str) -> Condition:
    """Return a compiled condition over the canonical fields."""
    compiled = compile_condition(text, fields=LEAD_FIELDS)
    assert isinstance(compiled, Condition), compiled
    return compiled


def a_rule(text: str, points: int, *, is_fit: bool = True) -> Rule:
    """Return a scoring rule."""
    return Rule(f"rule_{points}", a_condition(text), points, is_fit)


def a_line(id_: str = "L01", **changes: Any) -> Line:  # noqa: ANN401 - columns of several types
    """Return a territory line for everybody, at priority 10, of the team tokyo."""
    return replace(Line(id_, f"T{id_[1:]}", 10, "tokyo"), **changes)


def a_rep(id_: str = "R01", **changes: Any) -> RepState:  # noqa: ANN401
    """Return a rep of the team tokyo with room for ten leads and none yet."""
    return replace(RepState(id_, "tokyo", frozenset(), capacity=10, load=0), **changes)


def a_step(**changes: Any) -> DueStep:  # noqa: ANN401
    """Return a step that is due now, of a lead in Tokyo who agreed to mail."""
    step = DueStep(
        step_due_at=NOW,
        zone=TOKYO,
        permission=AGREED,
        is_exiting=False,
        cap_frees_at=None,
    )
    return replace(step, **changes)


def a_policy(**changes: Any) -> Policy:  # noqa: ANN401
    """Return office hours on weekdays, three days of lateness, and a public web address."""
    policy = Policy(
        window=OFFICE_HOURS,
        max_lateness=timedelta(days=3),
        has_public_url=True,
        retry_after=timedelta(hours=1),
    )
    return replace(policy, **changes)


def a_gate(**changes: Any) -> Gate:  # noqa: ANN401
    """Return the facts of a nurture mail that may go out."""
    gate = Gate(
        is_nurture=True,
        permission=AGREED,
        is_enrolled=True,
        planned_at=NOW,
        max_lateness=timedelta(days=3),
        has_public_url=True,
        sent_today=0,
        touches_per_day=1,
        window=OFFICE_HOURS,
        zone=TOKYO,
        next_day_at=NOW + timedelta(hours=14),
    )
    return replace(gate, **changes)


def a_reply(phase: Phase, code: int | None, text: str = "") -> Reply:
    """Return a server's answer."""
    return Reply(phase, code, text)


def an_owner(pid: int = 0, **changes: Any) -> Owner:  # noqa: ANN401
    """Return a process of a computer of its own, or of this one with `here=True`."""
    from leadline.store.leases import Owner, this_process

    if changes.pop("here", False):
        return replace(this_process(), pid=pid, **changes)
    return replace(Owner(f"computer{pid}", "boot", pid, "100"), **changes)


def a_lease(owner: Owner | None = None, taken_at: datetime = NOW) -> Lease:
    """Return the terms of a claim."""
    from leadline.store.outbox import Lease

    return Lease(owner or an_owner(1), taken_at)


@contextmanager
def a_store(url: str) -> Iterator[Store]:
    """Open a database at the newest schema until the block ends."""
    from leadline.store.engine import open_store

    store = open_store(url, pepper=PEPPER)
    try:
        yield store
    finally:
        store.close()


@dataclass(frozen=True)
class Person:
    """A stored lead with consent, who is in a sequence."""

    lead_id: int
    enrollment_id: int
    email: str
    address_hash: str


def add_person(connection: Connection, *, email: str = "", **changes: Any) -> Person:  # noqa: ANN401
    """Store a consenting lead in Osaka and an active enrollment; `changes` are lead columns."""
    from leadline.domain.keys import address_hash
    from leadline.store import leads, schema
    from leadline.store.bulk import allocate_ids, insert_rows

    number = next(_NUMBERS)
    email = email or f"lead{number}@example.jp"
    (lead_id,) = leads.reserve_ids(connection, 1)
    stated = {"email": email, "consent": True, "language": "ja", "submitted_at": NOW}
    place = {"attributes": {}, "zone": TOKYO, "zone_source": "place", "submission_id": number}
    row = {**dict.fromkeys(WRITTEN), "id": lead_id, **stated, **place, **changes}
    leads.add_leads(connection, {name: [value] for name, value in row.items()}, now=NOW)
    if row["consent"] is not None:
        add_consent(connection, lead_id, is_granted=row["consent"])
    (enrollment_id,) = allocate_ids(connection, schema.enrollments, 1)
    row = {"id": enrollment_id, "lead_id": lead_id, "sequence": "welcome", "step": 0}
    version = {"sequence_version_id": _version(connection), "config_hash": ""}
    insert_rows(
        connection,
        schema.enrollments,
        [{**row, **version, "state": "active", "started_at": NOW, "next_due_at": NOW}],
    )
    return Person(lead_id, enrollment_id, email, address_hash(email, pepper=PEPPER))


def add_consent(
    connection: Connection,
    lead_id: int,
    **changes: Any,  # noqa: ANN401 - columns
) -> None:
    """Store what a lead agreed to: marketing mail, by its own act, long ago."""
    from leadline.store.suppressions import add_consents

    row = {"lead_id": lead_id, "purpose": "marketing", "channel": "email", "is_granted": True}
    said = {"basis": "opt_in", "wording": "News by mail", "version": "1", "source": "test"}
    origin = {"submission_id": None, "network_address": None, "at": NOW - timedelta(days=30)}
    add_consents(connection, [row | said | origin | changes])


def _version(connection: Connection) -> int:
    from leadline.store.enrollments import keep_sequence_version

    return keep_sequence_version(connection, name="welcome", hash_="1", body={}, now=NOW)


def add_message(connection: Connection, person: Person, **changes: Any) -> int:  # noqa: ANN401
    """Queue a rendered nurture mail to a person, due now; returns its outbox id.

    `kind="assignment"` makes it a rep's mail about that person.
    """
    from sqlalchemy import select

    from leadline.domain.keys import message_id
    from leadline.store import outbox, schema

    key = f"test:{next(_NUMBERS)}"
    id_ = message_id(key, pepper=PEPPER, domain=DOMAIN)
    of_touch = {"enrollment_id": person.enrollment_id, "sending_window": None, "zone": TOKYO}
    is_touch = changes.get("kind", "touch") == "touch"
    row = {
        "message_key": key,
        "message_id": id_,
        "kind": "touch",
        "lead_id": person.lead_id,
        "priority": outbox.PRIORITY_NURTURE if is_touch else outbox.PRIORITY_REP,
        "recipient": person.email,
        "address_hash": person.address_hash,
        "subject": "ご案内",
        "mail": f"From: sales@{DOMAIN}\r\nMessage-ID: {id_}\r\n\r\nhello\r\n",
        "config_hash": "",
        "created_at": NOW,
        "due_at": NOW,
        "rendered_at": NOW,
    }
    outbox.add_messages(connection, [row | (of_touch if is_touch else {}) | changes])
    query = select(schema.outbox.c.id).where(
        schema.outbox.c.message_key == changes.get("message_key", key)
    )
    return int(connection.execute(query).scalar_one())


def message(store: Store, id_: int) -> dict[str, Any]:
    """Return one row of the outbox."""
    from sqlalchemy import select

    from leadline.store import schema

    with store.read() as connection:
        row = connection.execute(select(schema.outbox).where(schema.outbox.c.id == id_)).one()
    return dict(row._mapping)


def claim_all(store: Store, lease: Lease | None = None, *, limit: int = 100) -> list[Claim]:
    """Lease every message that is due."""
    from leadline.store import outbox

    with store.write(lock="outbox") as connection:
        return outbox.claim_due(connection, lease=lease or a_lease(), now=NOW, limit=limit)


def keep_schedules(store: Store, project: Project, *, now: datetime) -> None:
    """Let a project's schedules have been in force since `now`."""
    from leadline.store.due_times import keep_schedule

    with store.write() as connection:
        for flow, schedule in project.schedules.items():
            keep_schedule(connection, flow, f"{schedule.says} before", at=now)
            keep_schedule(connection, flow, schedule.says, at=now)
