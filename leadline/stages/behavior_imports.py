"""Imports of behavior events: a file's rows become events, each once, chunk by chunk.

A chunk is one transaction. What cannot be read is kept as a submission in quarantine, like a row
of leads; an event of somebody unknown waits under a keyed hash until that lead is there.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.batches import Batch
from leadline.domain.behavior import Event, as_row
from leadline.domain.encodings import show_record
from leadline.domain.erased import ERASED, Erased
from leadline.domain.events import EVENTS
from leadline.domain.intake import Rejected
from leadline.files.event_rows import read_events, row_keys
from leadline.files.folders import plain_name
from leadline.files.quarantine import quarantine_name, write_quarantine
from leadline.files.sources import file_hash, open_source
from leadline.store.behavior import add_behavior, count_imported, find_known
from leadline.store.erasure import list_erased
from leadline.store.import_runs import require_run
from leadline.store.people import find_people
from leadline.store.stage_batches import add_batch
from leadline.store.submissions import (
    FileRows,
    add_file_rows,
    begin_import,
    find_submissions,
    finish_import_run,
    list_rejects,
    reserve_ids,
)
from leadline.store.submissions import find_known as find_known_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from leadline.files.chunks import Chunk
    from leadline.files.sources import SourceFile, Wish
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
    from leadline.store.submissions import Stored

CHUNK: Final = 10_000
KIND: Final = "events"
_REJECT: Final = ("line", "column", "reason", "detail")


@dataclass
class EventImport:
    """One pass over a file of events.

    Attributes:
        file: the file with its meaning.
        path: where it lies.
        run_id: the import run; None for a look that stores nothing.
        records: rows of the file, readable or not.
        unchanged: events that were stored before.
        created: events that a look finds to be new.
        waiting: those of them that belong to nobody known.
        kinds: names of events that nobody declared, with their counts.
        rejects: line, column, reason, detail and raw text of the rows that were refused.
    """

    file: SourceFile
    path: Path
    run_id: int | None = None
    records: int = 0
    unchanged: int = 0
    created: int = 0
    waiting: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    rejects: list[dict[str, Any]] = field(default_factory=list)


def import_events(
    work: Workspace,
    path: Path,
    *,
    now: datetime,
    wish: Wish,
    size: int = CHUNK,
    on_chunk: Callable[[int], None] | None = None,
) -> EventImport:
    """Store every event of a file, and the rows that are none.

    Args:
        work: the workspace.
        path: the file.
        now: recorded as the time of arrival.
        wish: what whoever imports asks for; says that the rows are events.
        size: rows of a chunk.
        on_chunk: told how many bytes of the file each chunk was.

    Raises:
        IntakeError: the file cannot be read at all; nothing was taken in.
    """
    run = EventImport(open_source(path, project=work.project, wish=wish), path)
    run.run_id = _begin(work, run, now=now)
    for chunk in run.file.chunks(size):
        started = perf_counter()
        with work.store.write(lock="intake") as connection:
            require_run(connection, run.run_id)
            batch = _take(work, connection, run, chunk, now=now)
            batch = replace(batch, seconds=perf_counter() - started)
            add_batch(connection, batch, config_hash=work.project.hash, now=now)
        if on_chunk is not None:
            on_chunk(chunk.size)
    return run


def preview_events(
    work: Workspace,
    path: Path,
    *,
    now: datetime,
    wish: Wish,
    on_chunk: Callable[[int], None] | None = None,
) -> EventImport:
    """Read a file to its end and say what an import would come to; stores nothing.

    Raises:
        IntakeError: the file cannot be read at all.
    """
    run = EventImport(open_source(path, project=work.project, wish=wish), path)
    seen: set[int] = set()
    for chunk in run.file.chunks(CHUNK):
        with work.store.read() as connection:
            judged = _judge(work, connection, run, chunk, now=now)
            known = find_known(
                connection, run.file.name, [row["external_id"] for row in judged.rows]
            )
            fresh = [
                row
                for row in judged.rows
                if row["external_id"] not in known and hash(row["external_id"]) not in seen
            ]
            fresh = list({row["external_id"]: row for row in fresh}.values())
            run.waiting += _count_strangers(connection, fresh)
        seen.update(hash(row["external_id"]) for row in fresh)
        run.records += chunk.count
        run.created += len(fresh)
        run.unchanged += sum(row["external_id"] in known for row in judged.rows)
        run.rejects += judged.refused()
        if on_chunk is not None:
            on_chunk(chunk.size)
    run.rejects.sort(key=lambda reject: int(reject["line"]))
    return run


def _count_strangers(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    keys = {row["address_hash"] for row in rows if row["address_hash"]}
    visitors = {row["visitor_id"] for row in rows if row["visitor_id"]}
    by_key, by_visitor = find_people(connection, keys, visitors)
    return sum(
        row["address_hash"] not in by_key
        and (row["address_hash"] is not None or row["visitor_id"] not in by_visitor)
        for row in rows
    )


def _begin(work: Workspace, run: EventImport, *, now: datetime) -> int:
    file = run.file
    with work.store.write() as connection:
        run_id, _ = begin_import(
            connection,
            now=now,
            kind=KIND,
            source=file.name,
            file_name=plain_name(run.path.name),
            file_hash=file_hash(run.path),
            encoding=file.table.encoding,
            delimiter=file.table.dialect.delimiter,
            dialect=file.table.describe()["dialect"],
            header=list(file.header),
            header_line=file.table.header_line,
            mapping=file.mapped.fields,
            is_backfill=False,
        )
    return run_id


@dataclass
class _Judged:
    """A chunk with the verdict on each of its rows.

    Attributes:
        rows: events as they are stored.
        refusals: what was refused, in columns as they are stored.
    """

    rows: list[dict[str, Any]]
    refusals: FileRows

    def refused(self) -> list[dict[str, Any]]:
        """Return the refusals one by one."""
        found = zip(
            self.refusals.lines,
            self.refusals.fields,
            self.refusals.reasons,
            self.refusals.details,
            strict=True,
        )
        return [dict(zip(_REJECT, row, strict=True)) for row in found]


def _judge(
    work: Workspace, connection: Connection, run: EventImport, chunk: Chunk, *, now: datetime
) -> _Judged:
    """Read the rows of a chunk; those of erased people are refused and emptied."""
    erased = Erased(list_erased(connection), pepper=work.store.pepper)
    keys, raws = row_keys(chunk), run.file.raw_rows(chunk.columns)
    rows, refusals = list[dict[str, Any]](), FileRows()
    known = {*EVENTS, *work.project.settings.events}
    for place, event in enumerate(read_events(run.file, chunk, now=now)):
        verdict: Event | Rejected = event
        if isinstance(event, Event) and erased.is_erased(event.email):
            verdict = Rejected(ERASED, "", "")
        if isinstance(verdict, Rejected):
            _refuse(refusals, (keys[place], chunk.lines[place], raws[place]), verdict)
            continue
        row = as_row(
            verdict, source=run.file.name, key=keys[place], pepper=work.store.pepper, now=now
        )
        run.kinds.update([verdict.kind] if verdict.kind not in known else [])
        rows.append({**row, "import_run_id": run.run_id})
    for key, reject in zip(chunk.reject_keys, chunk.rejects, strict=True):
        column = str(reject.column) if reject.column else ""
        raw = json.dumps({"text": show_record(reject.raw)})
        verdict = Rejected(reject.reason, column, reject.detail)
        _refuse(refusals, (f"event:{key}", reject.line, raw), verdict)
    erased.empty(refusals, emails=run.file.email_places)
    return _Judged(rows, refusals)


def _refuse(rows: FileRows, row: tuple[str, int, str], verdict: Rejected) -> None:
    """Add a refused row, given by content key, line and what it says."""
    key, line, raw = row
    rows.keys.append(key)
    rows.lines.append(line)
    rows.raws.append(raw)
    rows.reasons.append(verdict.reason)
    rows.fields.append(verdict.column or None)
    rows.details.append(verdict.detail or None)


def _take(
    work: Workspace, connection: Connection, run: EventImport, chunk: Chunk, *, now: datetime
) -> Batch:
    """Store the events of a chunk that are new, and what is none."""
    judged = _judge(work, connection, run, chunk, now=now)
    known = find_known(connection, run.file.name, [row["external_id"] for row in judged.rows])
    before = {id_ for id_, run_id in known.items() if run_id != run.run_id}
    run.records += chunk.count
    run.unchanged += sum(row["external_id"] in before for row in judged.rows)
    added = add_behavior(connection, judged.rows, now=now)
    fresh = _keep_refusals(connection, run, judged.refusals, now=now)
    reasons = Counter(reason for reason in fresh if reason)
    done, skipped = len(added.created), dict(sorted(reasons.items()))
    return Batch("intake", claimed=done + len(fresh), done=done, skipped=skipped)


def _keep_refusals(
    connection: Connection, run: EventImport, rows: FileRows, *, now: datetime
) -> list[str | None]:
    """Store refused rows that are new; returns their reasons."""
    known = find_known_rows(connection, run.file.name, rows.keys)
    wanted = [place for place, key in enumerate(rows.keys) if key not in known]
    lines = dict(zip(rows.keys, rows.lines, strict=True))
    fresh = FileRows(
        keys=[rows.keys[place] for place in wanted],
        lines=[rows.lines[place] for place in wanted],
        raws=[rows.raws[place] for place in wanted],
        reasons=[rows.reasons[place] for place in wanted],
        fields=[rows.fields[place] for place in wanted],
        details=[rows.details[place] for place in wanted],
    )
    if wanted:
        ids = reserve_ids(connection, len(wanted))
        source = (run.run_id or 0, run.file.name)
        add_file_rows(connection, fresh, run=source, ids=ids, outcomes=(), now=now)
    met = [key for key, each in known.items() if each.import_run_id != run.run_id]
    stored = find_submissions(connection, run.file.name, met) if met else []
    run.rejects += [_reject(row, lines[row.content_key]) for row in stored]
    return fresh.reasons


def _reject(row: Stored, line: int | None) -> dict[str, Any]:
    return {
        "line": line,
        "column": row.field,
        "reason": row.reason,
        "detail": row.detail,
        "raw": row.raw,
    }


def finish_events(work: Workspace, run: EventImport, *, now: datetime) -> dict[str, Any]:
    """Write the quarantine file, close the run, and return it as `report_of` does."""
    run_id = run.run_id or 0
    with work.store.read() as connection:
        run.created, run.waiting = count_imported(connection, run_id)
        fresh = list_rejects(connection, run_id=run_id)
    run.rejects += [_reject(row, row.line) for row in fresh]
    run.rejects.sort(key=lambda reject: int(reject["line"] or 0))
    report = report_of(run)
    names = ("records", "accepted", "rejected", "created", "updated", "unchanged", "duplicates")
    with work.store.write(lock="intake") as connection:
        report["quarantine"] = str(_write_quarantine(work, run) or "")
        counts = {name: report[name] for name in names}
        finish_import_run(connection, run_id, counts=counts, now=now)
    return report


def report_of(run: EventImport) -> dict[str, Any]:
    """Return the keys of one element of `files[]` in the contract."""
    accepted = run.records - len(run.rejects)
    return {
        "file": str(run.path),
        "source": run.file.name,
        "kind": KIND,
        "run": run.run_id,
        **run.file.describe(),
        "records": run.records,
        "accepted": accepted,
        "rejected": len(run.rejects),
        "created": run.created,
        "updated": 0,
        "unchanged": run.unchanged,
        "duplicates": accepted - run.created - run.unchanged,
        "waiting": run.waiting,
        "unknown_events": dict(sorted(run.kinds.items())),
        "quarantine": "",
        "rejects": [{name: reject[name] for name in _REJECT} for reject in run.rejects],
    }


def _write_quarantine(work: Workspace, run: EventImport) -> Path | None:
    rejects = [each for each in run.rejects if each["reason"] != ERASED]
    if not rejects:
        return None
    file, lang = run.file, work.project.settings.language
    path = work.environment.state / "quarantine" / quarantine_name(file.name, run.run_id or 0)
    rows = (file.refused(reject) for reject in rejects)
    write_quarantine(path, rows, header=file.header, source=file.name, told=file.told(), lang=lang)
    return path
