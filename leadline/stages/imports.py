"""Imports: a file's rows become submissions, and leads, chunk by chunk.

A chunk is one transaction: its rows are stored word for word under their content keys, judged, and
resolved to leads together. The file itself is what survives a crash: given again, it goes on where
it stopped, and a file that was taken in to the end changes nothing.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.batches import Batch
from leadline.domain.encodings import show_record
from leadline.domain.erased import ERASED, Erased
from leadline.domain.keys import match_key_hasher
from leadline.domain.owners import resolve_owner
from leadline.domain.resolution import STATED, Arrivals, Evidence, SourceRules
from leadline.domain.twins import Marks, count_strangers, state_rows
from leadline.files.folders import plain_name
from leadline.files.quarantine import quarantine_name, write_quarantine
from leadline.files.sources import file_hash, open_source
from leadline.store.arrivals import add_arrivals
from leadline.store.erasure import list_erased
from leadline.store.import_runs import require_run
from leadline.store.leads import find_by_keys, find_held, get_people
from leadline.store.stage_batches import add_batch
from leadline.store.submissions import (
    FileRows,
    add_file_rows,
    begin_import,
    count_outcomes,
    find_known,
    find_submissions,
    finish_import_run,
    get_mappings,
    list_rejects,
    reserve_ids,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from leadline.domain.columns import Judged
    from leadline.files.chunks import Chunk
    from leadline.files.sources import SourceFile, Wish
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
    from leadline.store.submissions import Stored

CHUNK: Final = 20000
_REJECT: Final = ("line", "column", "reason", "detail")


@dataclass
class Import:
    """One pass over a file.

    Attributes:
        run_id: the import run; rows first seen by it carry its id.
        file: the file with its meaning.
        path: where it lies.
        is_backfill: whether its new leads are held back.
        resumed_from: the line behind which a run that was cut short goes on; None for a new run.
        records: rows of the file, readable or not.
        unchanged: rows that an earlier run had taken in already.
        known_rejects: content key and line of those of them that stand in quarantine.
        known_runs: the runs that had taken in the unchanged rows.
        owners: rep by the text that names one; None where nobody could be meant.
        batch: what intake did.
    """

    run_id: int
    file: SourceFile
    path: Path
    is_backfill: bool = False
    resumed_from: int | None = None
    records: int = 0
    unchanged: int = 0
    known_rejects: list[tuple[str, int]] = field(default_factory=list)
    known_runs: set[int] = field(default_factory=set)
    owners: dict[str, str | None] = field(default_factory=dict)
    batch: Batch = field(default_factory=lambda: Batch("intake"))


def import_file(
    work: Workspace,
    path: Path,
    *,
    now: datetime,
    wish: Wish | None = None,
    is_backfill: bool = False,
    size: int = CHUNK,
    most: int | None = None,
    on_chunk: Callable[[int], None] | None = None,
) -> Import:
    """Store and judge every row of a file.

    Args:
        work: the workspace.
        path: the file.
        now: recorded as the time of arrival.
        wish: what whoever imports asks for.
        is_backfill: hold the new leads back: stored, matched and scored, and no more.
        size: rows of a chunk.
        most: how many chunks are taken in; all when None.
        on_chunk: told how many bytes of the file each chunk was.

    Raises:
        IntakeError: the file cannot be read at all; nothing was taken in.
    """
    file = open_source(path, project=work.project, wish=wish)
    run = _begin(work, file, path, now=now, is_backfill=is_backfill)
    for chunk in islice(file.chunks(size), most):
        _take(work, run, chunk, now=now)
        if on_chunk is not None:
            on_chunk(chunk.size)
    return run


@dataclass
class Preview:
    """What an import of a file would come to; nothing was stored.

    Attributes:
        file: the file with its meaning.
        records: rows of the file, readable or not.
        unchanged: rows that were taken in before.
        created: leads that would be new.
        joined: rows that would join a known lead, or another row of the file.
        released: leads that a backfill holds, and that these rows would let go.
        rejects: line, column, reason and detail of the rows that would be refused.
    """

    file: SourceFile
    records: int = 0
    unchanged: int = 0
    created: int = 0
    joined: int = 0
    released: int = 0
    rejects: list[dict[str, Any]] = field(default_factory=list)


def preview_import(
    work: Workspace,
    path: Path,
    *,
    wish: Wish | None = None,
    on_chunk: Callable[[int], None] | None = None,
) -> Preview:
    """Read a file to the end and say what an import would come to.

    Raises:
        IntakeError: the file cannot be read at all.
    """
    preview = Preview(open_source(path, project=work.project, wish=wish))
    seen, released = Marks(), set[int]()
    for chunk in preview.file.chunks(CHUNK):
        with work.store.read() as connection:
            fresh = chunk.without(find_known(connection, preview.file.name, chunk.all_keys))
            erased = Erased(list_erased(connection), pepper=work.store.pepper)
            judged = erased.refuse(preview.file.judge(fresh.columns))
            keys = _keys(work, preview.file, judged)
            known = find_by_keys(connection, set(chain.from_iterable(keys)))
            released |= find_held(connection, set(known.values()))
            held = {lead_id for (kind, _), lead_id in known.items() if kind == "external"}
            people = get_people(connection, held)
        created = count_strangers(state_rows(judged, keys, known, people), known, seen)
        preview.created += created
        preview.joined += len(keys) - created
        preview.released = len(released)
        preview.records += chunk.count
        preview.unchanged += chunk.count - fresh.count
        rows = _rows_of(preview.file, fresh, judged, erased)
        found = zip(rows.lines, rows.fields, rows.reasons, rows.details, strict=True)
        preview.rejects += [dict(zip(_REJECT, row, strict=True)) for row in found if row[2]]
        if on_chunk is not None:
            on_chunk(chunk.size)
    preview.rejects.sort(key=lambda reject: int(reject["line"]))
    return preview


def rehearse_import(
    work: Workspace, file: SourceFile, path: Path, *, chunk: Chunk, now: datetime
) -> int:
    """Take one chunk of an opened file in; only for a store whose changes are taken back.

    Returns:
        The run that did it.
    """
    run = _begin(work, file, path, now=now, is_backfill=False, hash_="rehearsal")
    _take(work, run, chunk, now=now)
    return run.run_id


def _begin(
    work: Workspace,
    file: SourceFile,
    path: Path,
    *,
    now: datetime,
    is_backfill: bool,
    hash_: str = "",
) -> Import:
    with work.store.write() as connection:
        run_id, resumed_from = begin_import(
            connection,
            now=now,
            source=file.name,
            file_name=plain_name(path.name),
            file_hash=hash_ or file_hash(path),
            encoding=file.table.encoding,
            delimiter=file.table.dialect.delimiter,
            dialect=file.table.describe()["dialect"],
            header=list(file.header),
            header_line=file.table.header_line,
            mapping=file.mapped.fields,
            is_backfill=is_backfill,
        )
    return Import(run_id, file, path, is_backfill, resumed_from)


def _take(work: Workspace, run: Import, chunk: Chunk, *, now: datetime) -> None:
    """Take in one chunk in one transaction; rows that are known cost a look and no write."""
    started = perf_counter()
    with _collected_later(), work.store.write(lock="intake") as connection:
        require_run(connection, run.run_id)
        known = find_known(connection, run.file.name, chunk.all_keys)
        fresh = chunk.without(known)
        if fresh.count:
            batch = _store(work, connection, run, fresh, now=now)
            batch = replace(batch, seconds=perf_counter() - started)
            add_batch(connection, batch, config_hash=work.project.hash, now=now)
            run.batch += batch
    run.records += chunk.count
    before = {key: each for key, each in known.items() if each.import_run_id != run.run_id}
    run.unchanged += len(before)
    run.known_runs |= {each.import_run_id for each in before.values() if each.import_run_id}
    run.known_rejects += chunk.lines_of({k for k, each in before.items() if each.is_quarantined})


@contextmanager
def _collected_later() -> Iterator[None]:
    """Look for no garbage meanwhile: a chunk makes a million objects and hardly a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _store(
    work: Workspace, connection: Connection, run: Import, chunk: Chunk, *, now: datetime
) -> Batch:
    """Judge new rows, and store them with what became of them."""
    erased = Erased(list_erased(connection), pepper=work.store.pepper)
    judged = erased.refuse(run.file.judge(chunk.columns))
    rows = _rows_of(run.file, chunk, judged, erased)
    ids = reserve_ids(connection, chunk.count)
    arrivals = _arrivals(work, run, judged, ids=ids, now=now)
    outcomes = add_arrivals(connection, arrivals, now=now, run_id=run.run_id)
    source = (run.run_id, run.file.name)
    add_file_rows(connection, rows, run=source, ids=ids, outcomes=outcomes, now=now)
    reasons = Counter(reason for reason in rows.reasons if reason)
    skipped = dict(sorted(reasons.items()))
    return Batch("intake", claimed=chunk.count, done=len(outcomes), skipped=skipped)


def _rows_of(file: SourceFile, chunk: Chunk, judged: Judged, erased: Erased) -> FileRows:
    """Return the rows as they are stored, with the verdict on each."""
    refused = judged.rejected
    verdicts = [refused.get(place) for place in range(judged.count)]
    rows = FileRows(
        keys=[*chunk.keys, *chunk.reject_keys],
        lines=[*chunk.lines, *(reject.line for reject in chunk.rejects)],
        raws=[
            *file.raw_rows(chunk.columns),
            *(json.dumps({"text": show_record(reject.raw)}) for reject in chunk.rejects),
        ],
        reasons=[
            *(verdict.reason if verdict else None for verdict in verdicts),
            *(reject.reason for reject in chunk.rejects),
        ],
        fields=[
            *(verdict.column if verdict else None for verdict in verdicts),
            *(str(reject.column) if reject.column else None for reject in chunk.rejects),
        ],
        details=[
            *(verdict.detail if verdict else None for verdict in verdicts),
            *(reject.detail for reject in chunk.rejects),
        ],
    )
    erased.empty(rows, emails=file.email_places)
    return rows


def _arrivals(
    work: Workspace, run: Import, judged: Judged, *, ids: Sequence[int], now: datetime
) -> Arrivals:
    """Return the accepted rows, in columns."""
    accepted = [place for place in range(judged.count) if place not in judged.rejected]
    is_whole = len(accepted) == judged.count

    def kept(column: Sequence[Any]) -> Sequence[Any]:
        return column if is_whole else [column[place] for place in accepted]

    absent = [None] * (count := len(accepted))
    stated = {name: kept(column) for name, column in judged.values.items()}
    named = stated.get("owner", absent)
    owners = _owners(work, run, named)
    return Arrivals(
        submission_ids=kept(ids[: judged.count]),
        received_at=[now] * count,
        rules=[_rules(run)] * count,
        values={**dict.fromkeys(STATED, absent), **stated, "owner": owners},
        attributes=_with_owners(run, named, kept(judged.attributes)),
        as_written=kept(judged.as_written),
        guessed=kept(judged.guessed),
        keys=_keys(work, run.file, judged),
        evidence=[Evidence()] * count,
    )


def _keys(work: Workspace, file: SourceFile, judged: Judged) -> list[list[tuple[str, str]]]:
    """Return the hashed match keys of the accepted rows, the strongest first."""
    hashed = match_key_hasher(work.store.pepper)
    return [
        [(kind, hashed(kind, text)) for kind, text in each]
        for place, each in enumerate(file.match_keys(judged))
        if place not in judged.rejected
    ]


def _owners(work: Workspace, run: Import, stated: Sequence[str | None]) -> Sequence[str | None]:
    """Return the rep whom each row names, None for a name that is nobody's."""
    for text in {text for text in stated if text} - run.owners.keys():
        run.owners[text] = resolve_owner(text, work.project.reps)
    return [run.owners[text] if text else None for text in stated]


def _with_owners(
    run: Import, stated: Sequence[str | None], attributes: Sequence[dict[str, str]]
) -> Sequence[dict[str, str]]:
    """Keep, among what no field takes, the text of an owner who is nobody we know."""
    if all(run.owners.values()):
        return attributes
    header = next(name for name, field in run.file.mapped.fields.items() if field == "owner")
    return [
        {**extra, header: text} if text and run.owners[text] is None else extra
        for text, extra in zip(stated, attributes, strict=True)
    ]


def _rules(run: Import) -> SourceRules:
    """Return what is known of the file's source beside its rows."""
    default = run.file.settings.consent
    return SourceRules(
        run.file.name,
        run.file.context.country,
        run.file.context.timezone,
        Evidence(default.basis, default.wording, default.version) if default else None,
        run.run_id if run.is_backfill else None,
        tells_state=run.file.has_flags,
        is_echo=run.file.is_export,
        is_file=True,
    )


def finish_import(work: Workspace, run: Import, *, now: datetime) -> dict[str, Any]:
    """Count what became of the rows, write the quarantine file and close the run.

    Returns:
        The keys of one element of `files[]` in the contract, with `run`.
    """
    with work.store.read() as connection:
        outcomes = count_outcomes(connection, run.run_id)
        mappings = get_mappings(connection, run.known_runs)
    rejects = _list_rejects(work, run)
    counts = {
        "records": run.records,
        "accepted": run.records - len(rejects),
        "rejected": len(rejects),
        "created": outcomes.get("created", 0),
        "updated": outcomes.get("updated", 0),
        "unchanged": run.unchanged - len(run.known_rejects),
        "duplicates": outcomes.get("duplicate", 0),
    }
    # One at a time, and the file before the commit: a run that is closed has all of it.
    with work.store.write(lock="intake") as connection:
        quarantine = _write_quarantine(work, run, rejects)
        finish_import_run(connection, run.run_id, counts=counts, now=now)
    return {
        "file": str(run.path),
        "source": run.file.name,
        "run": run.run_id,
        **run.file.describe(),
        **counts,
        "is_backfill": run.is_backfill,
        "resumed_from": run.resumed_from,
        "mapped_otherwise": sorted(
            run_id for run_id, mapping in mappings.items() if mapping != run.file.mapped.fields
        ),
        "owners_unknown": sorted(text for text, rep in run.owners.items() if rep is None),
        "quarantine": str(quarantine or ""),
        "rejects": [{name: reject[name] for name in _REJECT} for reject in rejects],
    }


def _list_rejects(work: Workspace, run: Import) -> list[dict[str, Any]]:
    """Return every rejected row of the file, in the file's order, also those met before."""
    lines = dict(run.known_rejects)
    with work.store.read() as connection:
        fresh = list_rejects(connection, run_id=run.run_id)
        known = find_submissions(connection, run.file.name, list(lines))
    found = [_reject(row, row.line) for row in fresh]
    found += [_reject(row, lines[row.content_key]) for row in known]
    return sorted(found, key=lambda reject: int(reject["line"] or 0))


def _reject(row: Stored, line: int | None) -> dict[str, Any]:
    return {
        "line": line,
        "column": row.field,
        "reason": row.reason,
        "detail": row.detail,
        "raw": row.raw,
    }


def _write_quarantine(work: Workspace, run: Import, rejects: list[dict[str, Any]]) -> Path | None:
    """Write the rejected rows, with line and reason, into a file that can be mended."""
    if not (rejects := [each for each in rejects if each["reason"] != ERASED]):
        return None
    file, lang = run.file, work.project.settings.language
    path = work.environment.state / "quarantine" / quarantine_name(file.name, run.run_id)
    rows = (file.refused(reject) for reject in rejects)
    write_quarantine(path, rows, header=file.header, source=file.name, told=file.told(), lang=lang)
    return path
