"""Intake: new submissions become leads, or join the lead that they repeat, or are quarantined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.batches import Batch
from leadline.domain.derived import derive
from leadline.domain.intake import Lead, Rejected, SourceContext, decide_intake, match_keys
from leadline.domain.keys import match_key_hash
from leadline.domain.resolution import STATED, Arrivals, Evidence, SourceRules
from leadline.files.postal_codes import find_places
from leadline.store.arrivals import add_arrivals
from leadline.store.stage_batches import add_batch
from leadline.store.submissions import claim_new, get_mappings, has_new, mark_judged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadline.config.forms import FormShape
    from leadline.config.shape import SourceSettings
    from leadline.stages import Workspace
    from leadline.store.submissions import Waiting

LIMIT: Final = 5_000


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a submission waits."""
    del now
    with work.store.read() as connection:
        return has_new(connection)


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Judge one batch of new submissions in one transaction.

    On PostgreSQL one intake runs at a time, so that two submissions with one key never become
    two leads.
    """
    started = perf_counter()
    with work.store.write(lock="intake") as connection:
        waiting = claim_new(connection, limit=limit)
        if not waiting:
            return Batch("intake")
        mappings = get_mappings(connection, {w.import_run_id for w in waiting if w.import_run_id})
        verdicts = [_judge(work, submission, mappings) for submission in waiting]
        accepted = [
            (submission, verdict)
            for submission, verdict in zip(waiting, verdicts, strict=True)
            if isinstance(verdict, _Accepted)
        ]
        outcomes = iter(add_arrivals(connection, _arrivals(work, accepted), now=now))
        mark_judged(
            connection,
            [
                _refusal(submission, verdict)
                if isinstance(verdict, Rejected)
                else _acceptance(submission, *next(outcomes))
                for submission, verdict in zip(waiting, verdicts, strict=True)
            ],
        )
        reasons = Counter(verdict.reason for verdict in verdicts if isinstance(verdict, Rejected))
        batch = Batch(
            "intake",
            claimed=len(waiting),
            done=len(accepted),
            skipped=dict(sorted(reasons.items())),
            seconds=perf_counter() - started,
            has_more=len(waiting) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A readable submission with its match keys, hashed, strongest first."""

    lead: Lead
    keys: tuple[tuple[str, str], ...]


def _judge(
    work: Workspace, submission: Waiting, mappings: dict[int, dict[str, str]]
) -> _Accepted | Rejected:
    mapping = (
        mappings[submission.import_run_id]
        if submission.import_run_id is not None
        else {name: name for name in submission.raw}
    )
    context = _context(work, submission.source)
    try:
        verdict = decide_intake(
            submission.raw, mapping=mapping, source=context, custom=work.project.settings.fields
        )
    except Exception as error:  # noqa: BLE001 - one row that breaks us must not stop the others
        return Rejected("unreadable", "", type(error).__name__)
    if isinstance(verdict, Rejected):
        return verdict
    verdict.values.update(derive(verdict.values, country=context.country, find_places=find_places))
    keys = match_keys(verdict.values, source=submission.source)
    pepper = work.store.pepper
    return _Accepted(
        verdict, tuple((kind, match_key_hash(kind, text, pepper=pepper)) for kind, text in keys)
    )


def _settings_of(work: Workspace, source: str) -> SourceSettings | FormShape | None:
    found = work.project.settings.sources.get(source)
    if found is None and source.startswith("form:"):
        return work.project.forms.get(source.removeprefix("form:"))
    return found


def _context(work: Workspace, source: str) -> SourceContext:
    found, settings = _settings_of(work, source), work.project.settings
    return SourceContext(
        name=source,
        country=(found and found.country) or settings.country,
        timezone=(found and found.timezone) or settings.timezone,
        date_order=getattr(found, "date_order", None) or "year_first",
    )


def _arrivals(work: Workspace, accepted: Sequence[tuple[Waiting, _Accepted]]) -> Arrivals:
    """Return accepted submissions in columns."""
    leads = [verdict.lead for _, verdict in accepted]
    return Arrivals(
        submission_ids=[submission.id for submission, _ in accepted],
        received_at=[submission.received_at for submission, _ in accepted],
        rules=[_rules(work, submission) for submission, _ in accepted],
        values={
            "owner": [None] * len(leads),
            **{name: [lead.values.get(name) for lead in leads] for name in STATED},
        },
        attributes=[lead.attributes for lead in leads],
        as_written=[None] * len(leads),
        guessed=[lead.guessed for lead in leads],
        keys=[verdict.keys for _, verdict in accepted],
        evidence=[
            Evidence("opt_in", each.consent_wording, each.consent_version, each.network_address)
            for each, _ in accepted
        ],
    )


def _rules(work: Workspace, submission: Waiting) -> SourceRules:
    """Return what is known of a source; a form states its own consent."""
    context = _context(work, submission.source)
    found = work.project.settings.sources.get(submission.source)
    default = found.consent if found and submission.kind == "file" else None
    return SourceRules(
        context.name,
        context.country,
        context.timezone,
        Evidence(default.basis, default.wording, default.version) if default else None,
    )


def _refusal(submission: Waiting, rejected: Rejected) -> dict[str, Any]:
    return {
        "id": submission.id,
        "state": "quarantined",
        "reason": rejected.reason,
        "field": rejected.column,
        "detail": rejected.detail,
        "outcome": None,
        "lead_id": None,
    }


def _acceptance(submission: Waiting, outcome: str, lead_id: int) -> dict[str, Any]:
    return {
        "id": submission.id,
        "state": "accepted",
        "reason": None,
        "field": None,
        "detail": None,
        "outcome": outcome,
        "lead_id": lead_id,
    }
