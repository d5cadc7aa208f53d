"""Intake: new submissions become leads, or join the lead that they repeat, or are quarantined."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.batches import Batch
from leadline.domain.intake import Lead, Rejected, SourceContext, decide_intake, match_keys
from leadline.domain.keys import match_key_hash
from leadline.domain.matching import join_values, newest_wins
from leadline.domain.places import zone_for
from leadline.store import leads as lead_store
from leadline.store.stage_batches import add_batch
from leadline.store.submissions import claim_new, get_mappings, has_new, mark_judged
from leadline.store.suppressions import add_consents, latest_consents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadline.config.shape import ConsentDefault, FormShape, SourceSettings
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
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
        judged = [(w, _judge(work, w, mappings)) for w in waiting]
        resolution = _Resolution(work, now)
        resolution.load(connection, judged)
        for submission, verdict in judged:
            resolution.take(submission, verdict)
        resolution.record(connection)
        batch = resolution.batch(perf_counter() - started, has_more=len(waiting) == limit)
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
        date_order=getattr(found, "date_order", "year_first"),
    )


@dataclass
class _Resolution:
    """Joins the batch to itself and to the store, then writes it in few statements."""

    work: Workspace
    now: datetime
    known: dict[tuple[str, str], int] = field(default_factory=dict)
    leads: dict[int, dict[str, Any]] = field(default_factory=dict)
    consented: dict[int, datetime] = field(default_factory=dict)
    new_ids: list[int] = field(default_factory=list)
    created: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    keys: list[tuple[str, str, int]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    judged: list[dict[str, Any]] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)

    def load(
        self, connection: Connection, judged: Sequence[tuple[Waiting, _Accepted | Rejected]]
    ) -> None:
        """Read what the batch's keys already point to and reserve ids for new leads."""
        accepted = [verdict for _, verdict in judged if isinstance(verdict, _Accepted)]
        keys = {key for verdict in accepted for key in verdict.keys}
        self.known = lead_store.find_by_keys(connection, keys)
        self.leads = lead_store.get_stated(connection, set(self.known.values()))
        self.consented = latest_consents(connection, set(self.known.values()))
        strangers = sum(all(key not in self.known for key in v.keys) for v in accepted)
        self.new_ids = lead_store.reserve_ids(connection, strangers)[::-1]

    def take(self, submission: Waiting, verdict: _Accepted | Rejected) -> None:
        """Judge one submission against what is known so far."""
        if isinstance(verdict, Rejected):
            self.rejected[verdict.reason] = self.rejected.get(verdict.reason, 0) + 1
            self._note(submission, "quarantined", rejected=verdict)
            return
        lead_id = next((self.known[key] for key in verdict.keys if key in self.known), None)
        values: dict[str, Any] = {n: verdict.lead.values.get(n) for n in lead_store.STATED}
        values["consent"] = self._consent(submission, lead_id, stated=values["consent"])
        if lead_id is None:
            lead_id, outcome = self._create(submission, values, verdict.lead), "created"
        else:
            outcome = self._join(submission, lead_id, values, verdict.lead)
        for kind, key in verdict.keys:
            if self.known.setdefault((kind, key), lead_id) == lead_id:
                self.keys.append((kind, key, lead_id))
        said_at = values["submitted_at"] or submission.received_at
        if values["consent"] is not None:
            self.consented[lead_id] = max(said_at, self.consented.get(lead_id, said_at))
            self._keep_consent(submission, lead_id, granted=values["consent"], at=said_at)
        self._note(submission, "accepted", outcome=outcome, lead_id=lead_id)

    def _create(self, submission: Waiting, values: dict[str, Any], lead: Lead) -> int:
        lead_id = self.new_ids.pop()
        row = {**values, "id": lead_id, "attributes": lead.attributes}
        row["submitted_at"] = row["submitted_at"] or submission.received_at
        self.leads[lead_id] = self._placed(submission, row)
        self.created.add(lead_id)
        return lead_id

    def _join(self, submission: Waiting, lead_id: int, values: dict[str, Any], lead: Lead) -> str:
        old = self.leads[lead_id]
        said_at = values["submitted_at"] or submission.received_at
        is_newer = newest_wins(old["submitted_at"], said_at)
        stated = {**values, **dict.fromkeys(lead.guessed)}
        is_consent_newer = said_at >= self.consented.get(lead_id, said_at)
        joined = join_values(old, stated, is_newer=is_newer, is_consent_newer=is_consent_newer)
        joined["attributes"] = (
            {**old["attributes"], **lead.attributes}
            if is_newer
            else {**lead.attributes, **old["attributes"]}
        )
        if all(joined[name] == old[name] for name in joined):
            return "duplicate"
        if is_newer:
            joined["submitted_at"] = said_at
        self.leads[lead_id] = self._placed(submission, {**old, **joined})
        if lead_id not in self.created:
            self.changed.add(lead_id)
        return "updated"

    def _placed(self, submission: Waiting, row: dict[str, Any]) -> dict[str, Any]:
        """Add the zone, where it comes from, and the submission that spoke last."""
        context = _context(self.work, submission.source)
        by_place = zone_for(row["country"] or context.country, row["region"] or "")
        if row["timezone"]:
            zone, source = row["timezone"], "stated"
        elif by_place:
            zone, source = by_place, "place" if row["country"] else "source"
        else:
            zone, source = context.timezone, "source"
        return {**row, "zone": zone, "zone_source": source, "submission_id": submission.id}

    def _consent(
        self,
        submission: Waiting,
        lead_id: int | None,
        *,
        stated: bool | None,
    ) -> bool | None:
        """Return what the row says; where nobody ever said anything, what its source rests on."""
        is_silent = stated is None and (lead_id is None or self.leads[lead_id]["consent"] is None)
        return True if is_silent and self._default(submission) else stated

    def _default(self, submission: Waiting) -> ConsentDefault | None:
        """Return what a file's source is configured to rest on; a form states its own consent."""
        found = self.work.project.settings.sources.get(submission.source)
        return found.consent if found and submission.kind == "file" else None

    def _keep_consent(
        self, submission: Waiting, lead_id: int, *, granted: bool, at: datetime
    ) -> None:
        default = self._default(submission)
        self.consents.append(
            {
                "lead_id": lead_id,
                "purpose": "marketing",
                "channel": "email",
                "is_granted": granted,
                "basis": default.basis if default and granted else "opt_in" if granted else None,
                "wording": default.wording if default else submission.consent_wording,
                "version": default.version if default else submission.consent_version,
                "source": submission.source,
                "submission_id": submission.id,
                "network_address": submission.network_address,
                "at": at,
            }
        )

    def _note(
        self,
        submission: Waiting,
        state: str,
        *,
        rejected: Rejected | None = None,
        outcome: str | None = None,
        lead_id: int | None = None,
    ) -> None:
        self.judged.append(
            {
                "id": submission.id,
                "state": state,
                "reason": rejected.reason if rejected else None,
                "field": rejected.column if rejected else None,
                "detail": rejected.detail if rejected else None,
                "outcome": outcome,
                "lead_id": lead_id,
            }
        )

    def record(self, connection: Connection) -> None:
        """Write leads, keys, consents and verdicts."""
        lead_store.add_leads(
            connection, [self.leads[i] for i in sorted(self.created)], now=self.now
        )
        lead_store.change_leads(
            connection, [self.leads[i] for i in sorted(self.changed)], now=self.now
        )
        lead_store.add_keys(connection, list(dict.fromkeys(self.keys)))
        add_consents(connection, self.consents)
        mark_judged(connection, self.judged)

    def batch(self, seconds: float, *, has_more: bool) -> Batch:
        """Return the counts."""
        rejected = sum(self.rejected.values())
        claimed = len(self.judged)
        return Batch(
            "intake",
            claimed=claimed,
            done=claimed - rejected,
            skipped=dict(sorted(self.rejected.items())),
            seconds=seconds,
            has_more=has_more,
        )
