"""Undo: what one import created and changed is taken back where nothing later depends on it.

A lead that the import created goes, unless somebody was told of it or somebody else speaks of it
too. A lead that was there before gets back what the import changed, field by field. Each batch
commits with its counts and marks its submissions undone, so that an undo that was cut short goes
on where it stopped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from leadline.config.mappings import source_settings
from leadline.domain.batches import Batch
from leadline.domain.intake import Lead, SourceContext, decide_intake, match_keys
from leadline.domain.keys import match_key_hash
from leadline.domain.mapping import infer_country
from leadline.domain.undo import (
    Change,
    Restored,
    decide_consent,
    decide_restore,
    end_hold,
    ended_hold,
    rebase,
    restore_hold,
)
from leadline.errors import UsageError
from leadline.store import undo as undo_store
from leadline.store.assignments import find_open
from leadline.store.behavior import remove_imported
from leadline.store.holds import make_score_due, stop_going_on
from leadline.store.import_runs import find_import_run, keep_undo
from leadline.store.stage_batches import add_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from leadline.domain.undo import Said
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
    from leadline.store.import_runs import ImportRun
    from leadline.store.undo import Row, Spoken

LIMIT: Final = 2_000


class NoImportRun(UsageError):
    """There is no import run of this number."""

    texts: ClassVar = {
        "en": "There is no import run {run}. `leadline import --list` shows which there are.",
        "ja": "取込 {run} はありません。`leadline import --list` で確認できます。",
    }


class ImportRunning(UsageError):
    """The import is not finished, and may still be running."""

    texts: ClassVar = {
        "en": "Import {run} ({file}) is not finished. Nothing was changed. Let it end, or import "
        "the same file again if it was cut short; then take it back.",
        "ja": "取込 {run} ({file}) はまだ完了していません。何も変更していません。完了を待つか、"
        "中断していた場合は同じファイルを再度取り込んでから取り消してください。",
    }


@dataclass(slots=True)
class Undone:
    """What an undo came to.

    Attributes:
        created_removed: leads that the import had created and that are gone.
        created_kept: those that stay, by reason.
        fields_restored: fields of other leads that say again what they said before.
        fields_kept: fields that stay, by reason.
        leads_restored: leads with such fields.
        consents_undone: pieces of evidence that no longer count.
        keys_removed: match keys that only the import had stated.
        submissions_undone: rows of the file.
        events_removed: behavior events that it had brought.
        undone_at: when it was done.
        is_repeat: whether the import had been taken back before, so that nothing was changed now.
    """

    created_removed: int = 0
    created_kept: Counter[str] = field(default_factory=Counter)
    fields_restored: int = 0
    fields_kept: Counter[str] = field(default_factory=Counter)
    leads_restored: int = 0
    consents_undone: int = 0
    keys_removed: int = 0
    submissions_undone: int = 0
    events_removed: int = 0
    undone_at: datetime | None = None
    is_repeat: bool = False

    def counts(self) -> dict[str, Any]:
        """Return the counts alone, as they are kept."""
        found = {each.name: getattr(self, each.name) for each in fields(self)[:-2]}
        return {
            name: dict(sorted(count.items())) if isinstance(count, Counter) else count
            for name, count in found.items()
        }

    @classmethod
    def of(cls, run: ImportRun) -> Undone:
        """Return what was taken back of an import so far."""
        kept = run.undo_counts or {}
        counters = {name: Counter(kept.get(name, {})) for name in ("created_kept", "fields_kept")}
        return cls(**{**kept, **counters, "undone_at": run.undone_at})


def undo_import(
    work: Workspace,
    run_id: int,
    *,
    now: datetime,
    limit: int = LIMIT,
    on_batch: Callable[[int], None] | None = None,
) -> Undone:
    """Take back what an import created and changed.

    Args:
        work: the workspace.
        run_id: the import.
        now: recorded as the time of the undo.
        limit: rows of the file per batch.
        on_batch: told how many rows each batch undid.

    Raises:
        NoImportRun: there is none.
        ImportRunning: it is not finished.
    """
    after, is_first = 0, True
    while True:
        started = perf_counter()
        with work.store.write(lock="intake") as connection:
            run = _take(connection, run_id)
            undone = Undone.of(run)
            if run.undone_at is not None:
                undone.is_repeat = is_first
                return undone
            is_first = False
            rows = undo_store.list_rows(connection, run_id, after=after, limit=limit)
            before = undone.submissions_undone
            _Undoing(work, connection, run_id, now, undone).take(rows)
            removed = remove_imported(connection, run_id, limit=limit, now=now)
            undone.events_removed += removed
            undone.undone_at = now if max(len(rows), removed) < limit else None
            keep_undo(connection, run_id, counts=undone.counts(), undone_at=undone.undone_at)
            done = undone.submissions_undone - before + removed
            batch = Batch("undo", claimed=done, done=done, seconds=perf_counter() - started)
            add_batch(connection, batch, config_hash=work.project.hash, now=now)
        if on_batch is not None:
            on_batch(done)
        if undone.undone_at is not None:
            return undone
        after = rows[-1].id if rows else after


def _take(connection: Connection, run_id: int) -> ImportRun:
    run = find_import_run(connection, run_id)
    if run is None:
        raise NoImportRun(run=run_id)
    if run.is_running:
        raise ImportRunning(run=run_id, file=run.file_name)
    return run


@dataclass(frozen=True, slots=True)
class _Undoing:
    """One batch of an undo, inside its transaction."""

    work: Workspace
    connection: Connection
    run_id: int
    now: datetime
    undone: Undone

    def take(self, rows: Sequence[Row]) -> None:
        """Undo submissions, and whatever else of the import concerns their leads."""
        ids = {row.lead_id for row in rows if row.lead_id is not None}
        leads = undo_store.lock_leads(self.connection, ids)
        theirs = undo_store.list_rows_of(self.connection, ids)
        own = [row for row in theirs if row.import_run_id == self.run_id and not row.is_undone]
        others = [row for row in theirs if row.import_run_id != self.run_id]
        created = leads.keys() & _created(own, others)
        others = [row for row in others if not row.is_undone]
        gone = self._remove(created, {row.lead_id for row in others})
        stay = {lead_id: lead for lead_id, lead in leads.items() if lead_id not in gone}
        restored = self._restore(stay, created, others)
        self._remove_keys({i: lead for i, lead in restored.items() if i not in created})
        meant = {row.id for row in (*rows, *own)}
        done = undo_store.undo_submissions(self.connection, self.run_id, meant)
        self.undone.submissions_undone += done

    def _remove(self, created: set[int], others: Collection[int | None]) -> set[int]:
        """Delete what the import created where nothing depends on it; returns which."""
        reasons = undo_store.find_dependents(self.connection, self.run_id, created)
        for lead_id in created.intersection(others):
            reasons.setdefault(lead_id, "other_submission")
        gone = created - reasons.keys()
        undo_store.remove_leads(self.connection, self.run_id, gone)
        self.undone.created_removed += len(gone)
        self.undone.created_kept.update(reasons.values())
        return gone

    def _restore(
        self,
        leads: Mapping[int, dict[str, Any]],
        created: Collection[int],
        others: Sequence[Row],
    ) -> dict[int, dict[str, Any]]:
        """Put back what the import changed; returns the leads as they are then."""
        own, later = undo_store.take_changes(self.connection, self.run_id, leads)
        evidence = undo_store.list_evidence(self.connection, self.run_id, leads)
        assignments = find_open(self.connection, own)
        owned = {lead_id for lead_id, row in assignments.items() if row["rep_id"]}
        holds = self._find_holds(own, leads, others)
        changed: dict[int, dict[str, Any]] = {}
        for lead_id, lead in leads.items():
            change = own.get(lead_id, Change({}, {}))
            fixed = {"owner": "assigned"} if lead_id in owned else {}
            found = decide_restore(change, lead, fixed=fixed)
            said, first = evidence.get(lead_id, ()), None if lead_id in created else lead["consent"]
            _restore_consent(found, lead, said, before=change.before.get("consent", first))
            if hold := holds.get(lead_id):
                restore_hold(found, hold.held, reason=hold.reason)
            self._count(found)
            if found.values:
                changed[lead_id] = {**lead, **found.values}
        undo_store.mark_restored(self.connection, changed, now=self.now)
        make_score_due(self.connection, changed, now=self.now)
        stop_going_on(self.connection, [i for i, hold in holds.items() if hold.reason is None])
        self._rebase(own, later, holds)
        done = undo_store.undo_consents(self.connection, self.run_id, leads, now=self.now)
        self.undone.consents_undone += done
        return {**leads, **changed}

    def _count(self, found: Restored) -> None:
        self.undone.leads_restored += bool(found.fields)
        self.undone.fields_restored += len(found.fields)
        self.undone.fields_kept.update(found.kept.values())

    def _find_holds(
        self,
        own: Mapping[int, Change],
        leads: Mapping[int, dict[str, Any]],
        others: Sequence[Row],
    ) -> dict[int, _Hold]:
        """Return the holds that the import has ended, and why those stay ended that do."""
        ended = {i: held for i in own if (held := ended_hold(own[i], leads[i])) is not None}
        taken_up = undo_store.find_steps(self.connection, ended)
        live: dict[int, list[int]] = {}
        for row in others:
            if row.lead_id in ended and row.outcome and not row.is_backfill:
                live.setdefault(row.lead_id, []).append(row.import_run_id or 0)
        return {
            lead_id: _Hold(
                held,
                "went_on" if lead_id in taken_up else "let_go_by_others" if runs else None,
                min((run for run in runs if run > self.run_id), default=None),
            )
            for lead_id, held in ended.items()
            for runs in (live.get(lead_id, []),)
        }

    def _rebase(
        self,
        own: Mapping[int, Change],
        later: Mapping[int, Mapping[int, Change]],
        holds: Mapping[int, _Hold],
    ) -> None:
        """Let later imports lead back behind this one."""
        known = {
            (run_id, i): change for i, runs in later.items() for run_id, change in runs.items()
        }
        wanted = {
            (run_id, lead_id): change
            for lead_id, runs in later.items()
            for run_id, change in zip(runs, rebase(list(runs.values()), own[lead_id]), strict=True)
        }
        for lead_id, hold in holds.items():
            if hold.heir is not None:
                key = (hold.heir, lead_id)
                wanted[key] = end_hold(wanted.get(key, Change({}, {})), hold.held)
        different = {key: change for key, change in wanted.items() if change != known.get(key)}
        new = {key: change for key, change in different.items() if key not in known}
        undo_store.mark_changes(self.connection, {k: different[k] for k in different.keys() - new})
        undo_store.add_changes(self.connection, new)

    def _remove_keys(self, leads: Mapping[int, dict[str, Any]]) -> None:
        """Delete match keys that only this import has stated of leads that it did not create."""
        own: set[tuple[int, str]] = set()
        others: set[tuple[int, str]] = set()
        unclear: set[int] = set()
        for spoken in undo_store.list_spoken(self.connection, self.run_id, leads):
            keys = self._keys_of(spoken)
            if keys is None:
                unclear.add(spoken.lead_id)
                continue
            (own if spoken.is_own else others).update((spoken.lead_id, key) for key in keys)
        for lead_id, lead in leads.items():
            stated = match_keys({**lead, "external_id": None}, source="")
            others.update((lead_id, self._hash(key)) for key in stated)
        meant = {each for each in own - others if each[0] not in unclear}
        self.undone.keys_removed += undo_store.remove_keys(self.connection, meant)

    def _keys_of(self, spoken: Spoken) -> list[str] | None:
        """Return the keys of a submission, None when it cannot be read any more."""
        cells = spoken.cells()
        mapping = spoken.mapping or {name: name for name in cells}
        context, custom = _context(self.work, spoken), self.work.project.settings.fields
        try:
            lead = decide_intake(cells, mapping=mapping, source=context, custom=custom)
        except Exception:  # noqa: BLE001 - the configuration may have changed since it was read
            return None
        if not isinstance(lead, Lead):
            return None
        return [self._hash(key) for key in match_keys(lead.values, source=spoken.source)]

    def _hash(self, key: tuple[str, str]) -> str:
        return match_key_hash(*key, pepper=self.work.store.pepper)


@dataclass(frozen=True, slots=True)
class _Hold:
    """A hold that the import has ended.

    Attributes:
        held: the import that held the lead.
        reason: why the lead stays let go, None when it is held again.
        heir: a later import that lets it go too; taken back in turn, it brings the hold back.
    """

    held: int
    reason: str | None
    heir: int | None


def _created(own: Sequence[Row], others: Sequence[Row]) -> set[int | None]:
    """Return the leads that an import has created, or that it alone still speaks of.

    Those were created by an import that was taken back before, and stayed for this one's sake.
    """
    counting = {row.lead_id for row in others if not row.is_undone}
    undone = {row.lead_id for row in others if row.is_undone and row.outcome == "created"}
    return {row.lead_id for row in own if row.outcome == "created"} | (undone - counting)


def _restore_consent(
    found: Restored, lead: Mapping[str, Any], evidence: Sequence[Said], *, before: bool | None
) -> None:
    consent = decide_consent(evidence, present=lead["consent"], before=before)
    if consent.is_changed:
        found.values["consent"] = consent.value
        found.fields.append("consent")
    elif consent.is_kept:
        found.kept["consent"] = "changed_since"


def _context(work: Workspace, spoken: Spoken) -> SourceContext:
    """Return how a submission was read: match keys depend on the country alone."""
    settings = work.project.settings
    form = work.project.forms.get(spoken.source.removeprefix("form:"))
    stated = form or source_settings(work.project, spoken.source)
    told = infer_country(spoken.header) if spoken.header else None
    country = stated.country or told or settings.country
    return SourceContext(spoken.source, country, settings.timezone, "year_first")
