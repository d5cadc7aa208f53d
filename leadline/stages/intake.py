"""Intake: new submissions become leads, or join the lead that they repeat, or are quarantined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.answering import Post, answer_posts, asks_to_confirm
from leadline.asking import ask_for_answers
from leadline.config.mappings import source_settings
from leadline.config.webhook_readings import find_webhook, reading_of
from leadline.domain.batches import Batch
from leadline.domain.behavior import Event, as_row
from leadline.domain.derived import derive
from leadline.domain.intake import Lead, Rejected, SourceContext, decide_intake, match_keys
from leadline.domain.keys import address_hash, match_key_hash
from leadline.domain.payloads import Unreadable, cut_body, is_complete, read_payload
from leadline.domain.posted_events import read_kept
from leadline.domain.resolution import STATED, Arrivals, Evidence, SourceRules
from leadline.files.postal_codes import find_places
from leadline.store.arrivals import add_arrivals
from leadline.store.behavior import add_behavior
from leadline.store.deliveries import (
    add_deliveries,
    delivery_of,
    has_due_notice,
    mark_addresses,
    mark_waiting,
)
from leadline.store.stage_batches import add_batch
from leadline.store.submissions import claim_new, get_mappings, has_new, mark_judged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadline.config.forms import FormShape
    from leadline.config.shape import SourceSettings
    from leadline.domain.payloads import Delivered
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
    from leadline.store.submissions import Waiting

LIMIT: Final = 5_000


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a submission waits, or the answers of one have to be asked for."""
    with work.store.read() as connection:
        return has_new(connection) or has_due_notice(connection, now=now)


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Judge one batch of new submissions in one transaction.

    On PostgreSQL one intake runs at a time, so that two submissions with one key never become
    two leads.
    """
    started = perf_counter()
    _ask(work, now=now)
    with work.store.write(lock="intake") as connection:
        waiting = claim_new(connection, limit=limit)
        if not waiting:
            return Batch("intake")
        mappings = get_mappings(connection, {w.import_run_id for w in waiting if w.import_run_id})
        verdicts = [_judge(work, submission, mappings, now=now) for submission in waiting]
        others = _cut(work, connection, waiting, verdicts)
        others += _keep_events(work, connection, waiting, verdicts, now=now)
        accepted = [
            (submission, verdict)
            for submission, verdict in zip(waiting, verdicts, strict=True)
            if isinstance(verdict, _Accepted)
        ]
        resolved = add_arrivals(connection, _arrivals(work, accepted), now=now)
        _answer(work, connection, accepted, resolved, now=now)
        outcomes = iter(resolved)
        mark_judged(
            connection,
            [
                _refusal(submission, verdict)
                if isinstance(verdict, Rejected)
                else _acceptance(submission, "cut", None)
                if isinstance(verdict, _Cut)
                else _acceptance(submission, "event", None)
                if isinstance(verdict, Event)
                else _acceptance(submission, *next(outcomes))
                for submission, verdict in zip(waiting, verdicts, strict=True)
                if verdict is not None
            ],
        )
        _keep_deliveries(work, connection, waiting, verdicts, now=now)
        reasons = Counter(verdict.reason for verdict in verdicts if isinstance(verdict, Rejected))
        batch = Batch(
            "intake",
            claimed=len(waiting),
            done=len(accepted) + others,
            skipped=dict(sorted(reasons.items())),
            seconds=perf_counter() - started,
            has_more=len(waiting) == limit or others > 0 or has_due_notice(connection, now=now),
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A readable submission with its match keys, hashed, strongest first."""

    lead: Lead
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A body stored whole that holds several leads, or none: each becomes its own submission."""

    parts: list[Delivered]


_Verdict = _Accepted | _Cut | Event | Rejected | None


def _cut(
    work: Workspace,
    connection: Connection,
    waiting: Sequence[Waiting],
    verdicts: Sequence[_Verdict],
) -> int:
    """Store the leads of bodies that hold several; returns how many bodies there were."""
    cuts = [
        (whole, verdict.parts)
        for whole, verdict in zip(waiting, verdicts, strict=True)
        if isinstance(verdict, _Cut)
    ]
    for whole, parts in cuts:
        webhook = find_webhook(work.project, whole.source)
        arrivals = [
            delivery_of(
                whole.source,
                part,
                received_at=whole.received_at,
                is_signed=webhook is not None and webhook.signature is not None,
                consent=(whole.consent_version, whole.consent_wording),
            )
            for part in parts
            if not part.rule
        ]
        add_deliveries(connection, arrivals, now=whole.received_at)
    return len(cuts)


def _keep_events(
    work: Workspace,
    connection: Connection,
    waiting: Sequence[Waiting],
    verdicts: Sequence[_Verdict],
    *,
    now: datetime,
) -> int:
    """Store behavior events that were refused before and are looked at again; returns how many."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for submission, verdict in zip(waiting, verdicts, strict=True):
        if isinstance(verdict, Event):
            source, key = submission.source, f"submission:{submission.id}"
            row = as_row(verdict, source=source, key=key, pepper=work.store.pepper, now=now)
            by_source.setdefault(source, []).append(row)
    for rows in by_source.values():
        add_behavior(connection, rows, now=now)
    return sum(map(len, by_source.values()))


def _ask(work: Workspace, *, now: datetime) -> None:
    """Ask for answers that are due; what is here already is judged before anybody is asked."""
    with work.store.read() as connection:
        if has_new(connection) or not has_due_notice(connection, now=now):
            return
    ask_for_answers(work.store, work.project, work.environment, now=now)


def _read(
    work: Workspace, submission: Waiting, mappings: dict[int, dict[str, str]]
) -> tuple[dict[str, Any], dict[str, str]] | _Cut | Rejected | None:
    """Return the cells of a submission and their mapping; None while its answers are missing."""
    if submission.import_run_id is not None:
        return submission.raw, mappings[submission.import_run_id]
    if submission.kind != "webhook":
        return submission.raw, {name: name for name in submission.raw}
    shape = work.project.mappings.get(submission.source)
    reading = None if shape is None else reading_of(shape, work.project.settings.fields)
    if reading is None:
        return Rejected("no_mapping", "", "")
    try:
        parts = cut_body(reading, submission.raw)
    except Unreadable as error:
        return Rejected(error.reason, "", str(error))
    if parts is not None:
        return _Cut(parts)
    return read_payload(reading, submission.raw) if is_complete(reading, submission.raw) else None


def _judge(
    work: Workspace,
    submission: Waiting,
    mappings: dict[int, dict[str, str]],
    *,
    now: datetime,
) -> _Verdict:
    context = _context(work, submission.source)
    try:
        if submission.kind == "event":
            return read_kept(submission.raw, zone=context.timezone, now=now)
        read = _read(work, submission, mappings)
        if read is None or isinstance(read, Rejected | _Cut):
            return read
        cells, mapping = read
        verdict = decide_intake(
            cells, mapping=mapping, source=context, custom=work.project.settings.fields
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


def _answer(
    work: Workspace,
    connection: Connection,
    accepted: Sequence[tuple[Waiting, _Accepted]],
    resolved: Sequence[tuple[str, int]],
    *,
    now: datetime,
) -> None:
    """Write what accepted form posts are answered with, in the transaction that accepts them."""
    pairs = zip(accepted, resolved, strict=True)
    posts = [
        Post(submission, verdict.lead.values, lead_id)
        for (submission, verdict), (_, lead_id) in pairs
        if submission.kind == "form"
    ]
    answer_posts(work, connection, posts, now=now)


def _keep_deliveries(
    work: Workspace,
    connection: Connection,
    waiting: Sequence[Waiting],
    verdicts: Sequence[_Verdict],
    *,
    now: datetime,
) -> None:
    """Let notices wait for their answers, and keep whose address a delivery names."""
    pairs = [each for each in zip(waiting, verdicts, strict=True) if each[0].kind == "webhook"]
    mark_waiting(connection, [each.id for each, verdict in pairs if verdict is None], now=now)
    named = [
        (each.id, address_hash(str(verdict.lead.values["email"]), pepper=work.store.pepper))
        for each, verdict in pairs
        if isinstance(verdict, _Accepted)
    ]
    mark_addresses(connection, named)


def _settings_of(work: Workspace, source: str) -> SourceSettings | FormShape | None:
    if source in work.project.mappings:
        return source_settings(work.project, source)
    return work.project.settings.sources.get(source) or _form_of(work, source)


def _form_of(work: Workspace, source: str) -> FormShape | None:
    name = source.removeprefix("form:")
    return work.project.forms.get(name) if name != source else None


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
        evidence=[_evidence(work, submission) for submission, _ in accepted],
    )


def _evidence(work: Workspace, submission: Waiting) -> Evidence:
    """Return what a consent rests on; a form may ask for its confirmation by mail."""
    form = _form_of(work, submission.source)
    return Evidence(
        "opt_in",
        submission.consent_wording,
        submission.consent_version,
        submission.network_address,
        is_pending=asks_to_confirm(submission, form),
    )


def _rules(work: Workspace, submission: Waiting) -> SourceRules:
    """Return what is known of a source; a form states its own consent."""
    context = _context(work, submission.source)
    found = source_settings(work.project, submission.source)
    default = found.consent if submission.kind in {"file", "webhook"} else None
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


def _acceptance(submission: Waiting, outcome: str, lead_id: int | None) -> dict[str, Any]:
    return {
        "id": submission.id,
        "state": "accepted",
        "reason": None,
        "field": None,
        "detail": None,
        "outcome": outcome,
        "lead_id": lead_id,
    }
