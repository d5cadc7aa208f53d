"""Enrollment: routed leads enter the strongest sequence that fits them, pinned to its version."""

from __future__ import annotations

import hashlib
import json
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.config.conditions import compile_project_condition, keep_condition
from leadline.domain.batches import Batch
from leadline.domain.enrollment import Candidate, decide_enrollment
from leadline.domain.keys import address_hash
from leadline.domain.skips import SkipReason
from leadline.store import enrollments as enrollment_store
from leadline.store import leads as lead_store
from leadline.store.frames import read_frame
from leadline.store.stage_batches import add_batch
from leadline.store.suppressions import Addressee, decide_permissions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from leadline.config.shape import Project
    from leadline.domain.consent import Permission
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 10_000


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a lead waits to be enrolled."""
    with work.store.read() as connection:
        return lead_store.has_due(connection, "enrollment", now=now)


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Enroll one batch in one transaction."""
    started = perf_counter()
    with work.store.write() as connection:
        ids = lead_store.claim_due(connection, "enrollment", now=now, limit=limit)
        if not ids:
            return Batch("enrollment")
        decisions = _decide(work, connection, ids, now=now)
        _record(work, connection, decisions, now=now)
        skipped: dict[str, int] = {}
        for decision in decisions.values():
            if isinstance(decision, SkipReason):
                skipped[decision.value] = skipped.get(decision.value, 0) + 1
        batch = Batch(
            "enrollment",
            claimed=len(ids),
            done=len(ids) - sum(skipped.values()),
            skipped=dict(sorted(skipped.items())),
            seconds=perf_counter() - started,
            has_more=len(ids) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


def _decide(
    work: Workspace, connection: Connection, ids: Sequence[int], *, now: datetime
) -> dict[int, str | SkipReason]:
    from leadline.domain.conditions import evaluate

    sequences = work.project.sequences
    ranked = sorted(sequences, key=lambda name: (sequences[name].priority, name))
    entries = [compile_project_condition(work.project, sequences[name].entry) for name in ranked]
    columns = frozenset().union(*(entry.fields for entry in entries))
    matches = evaluate(entries, read_frame(connection, ids, columns, as_of=now))
    people = lead_store.get_contacts(connection, ids)
    permissions = _permissions(work, connection, people, now=now)
    known = enrollment_store.find_sequences(connection, ids)
    return {
        lead_id: decide_enrollment(
            Candidate(
                permission=permissions[lead_id],
                matching={name for name, hit in zip(ranked, row, strict=True) if hit},
                known=known.get(lead_id, ()),
            ),
            ranked=ranked,
        )
        for lead_id, row in zip(ids, matches, strict=True)
    }


def _permissions(
    work: Workspace,
    connection: Connection,
    people: Mapping[int, lead_store.Contact],
    *,
    now: datetime,
) -> dict[int, Permission | SkipReason]:
    """Ask the consent gate about a batch of leads."""
    pepper, country = work.store.pepper, work.project.settings.country
    asked = [
        Addressee(id_, address_hash(each.email, pepper=pepper), each.country or country)
        for id_, each in people.items()
    ]
    decided = decide_permissions(connection, asked, rules=work.project.consent, now=now)
    return dict(zip(people, decided, strict=True))


def version_of(project: Project, name: str) -> tuple[str, dict[str, Any]]:
    """Return the hash and the body of a sequence's present version.

    The body holds the steps, the text of every template that they use and what the words of the
    exit mean (`keep_condition`), so that whoever is enrolled finishes on it whatever is edited
    meanwhile.
    """
    prefixes = (f"nurture/{name}/", "nurture/_")
    sequence = project.sequences[name]
    meant = keep_condition(project, sequence.exit) if sequence.exit else {"fields": {}}
    body = {
        "shape": sequence.model_dump(mode="json"),
        **meant,
        "templates": {p: t for p, t in project.templates.items() if p.startswith(prefixes)},
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(), body


def _record(
    work: Workspace,
    connection: Connection,
    decisions: Mapping[int, str | SkipReason],
    *,
    now: datetime,
) -> None:
    entered = {i: d for i, d in decisions.items() if not isinstance(d, SkipReason)}
    versions = {name: _keep_version(work, connection, name, now) for name in set(entered.values())}
    enrollment_store.add_enrollments(
        connection,
        [
            {
                "lead_id": lead_id,
                "sequence": name,
                "sequence_version_id": versions[name],
                "step": 0,
                "state": "active",
                "config_hash": work.project.hash,
                "started_at": now,
                "step_due_at": now + work.project.sequences[name].steps[0].wait,
                "next_due_at": now + work.project.sequences[name].steps[0].wait,
            }
            for lead_id, name in entered.items()
        ],
    )
    lead_store.mark_leads(
        connection,
        [
            {
                "id": lead_id,
                "enrollment_due_at": None,
                "enrollment_skip": decision.value if isinstance(decision, SkipReason) else None,
            }
            for lead_id, decision in decisions.items()
        ],
    )


def _keep_version(work: Workspace, connection: Connection, name: str, now: datetime) -> int:
    hash_, body = version_of(work.project, name)
    return enrollment_store.keep_sequence_version(
        connection, name=name, hash_=hash_, body=body, now=now
    )
