"""Imports: a file's rows become submissions, before anything is judged.

Rows are committed in chunks under their content keys, so an import that was killed goes on where
it stopped when the same file is given again, and a file that is given twice changes nothing.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from leadline.domain.batches import Batch
from leadline.domain.encodings import show_record
from leadline.domain.keys import reject_key, row_key
from leadline.domain.mapping import map_headers
from leadline.errors import IntakeError
from leadline.files.reader import Record, Reject, open_table
from leadline.store.stage_batches import add_batch
from leadline.store.submissions import (
    Arrival,
    add_import_run,
    add_submissions,
    count_outcomes,
    find_finished_import,
    find_submissions,
    finish_import_run,
    list_rejects,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.files.reader import Table
    from leadline.stages import Workspace

CHUNK: Final = 5_000
INBOX: Final = "inbox"
_ENDINGS: Final = {".csv", ".tsv", ".txt"}
#: A file that changed more recently than this may still be on its way into the folder.
_SETTLED_SECONDS: Final = 5.0


class NoAddressColumn(IntakeError):
    """No column of the file can be the mail address."""

    texts: ClassVar = {
        "en": "{file} has no column with mail addresses. Its header (line {line}) reads: {header}. "
        "Nothing was taken in. Name the column in config/settings.yaml: "
        "sources: {source}: mapping: {{<header>: email}}",
        "ja": "{file} にメールアドレスの列が見つかりません。見出し({line}行目): {header}。"
        "何も取り込んでいません。config/settings.yaml の sources: {source}: mapping: に "
        "{{<見出し>: email}} を指定してください。",
    }


@dataclass
class Import:
    """One pass over a file.

    Attributes:
        run_id: the import run; rows first seen by it carry its id.
        records: rows of the file, readable or not.
        unchanged: rows that an earlier run had taken in already.
        keys: content key and line of those rows.
    """

    run_id: int
    source: str
    file: str
    encoding: str
    delimiter: str
    mapping: dict[str, str]
    records: int = 0
    unchanged: int = 0
    keys: list[tuple[str, int]] = field(default_factory=list)


def import_file(
    work: Workspace,
    path: Path,
    *,
    now: datetime,
    source: str | None = None,
    on_chunk: Callable[[int], None] | None = None,
) -> Import:
    """Store every row of a file as a submission; intake judges them afterwards.

    Args:
        work: the workspace.
        path: the file.
        now: recorded as the time of arrival.
        source: name of the source; the file's stem when it is not given.
        on_chunk: told how many rows each chunk held.

    Raises:
        IntakeError: the file cannot be read at all; nothing was taken in.
    """
    table = open_table(path)
    source = source or path.stem
    run = _begin(work, table, path, source, now=now)
    records = table.records()
    while chunk := list(islice(records, CHUNK)):
        _store(work, table, run, chunk, now=now)
        if on_chunk is not None:
            on_chunk(len(chunk))
    return run


def is_imported(work: Workspace, path: Path) -> bool:
    """Tell whether a file with these very bytes was imported to the end before."""
    with work.store.read() as connection:
        return find_finished_import(connection, _file_hash(path)) is not None


def find_new_files(work: Workspace, *, now: datetime) -> tuple[list[str], int]:
    """Return the inbox's files that were never imported to the end, and how many must wait.

    Args:
        work: the workspace.
        now: the real time: a file that has just changed may not be whole yet.

    Returns:
        Paths below the project folder, and the number of files left for the next look.
    """
    home = work.environment.home
    files = [path for path in sorted((home / INBOX).glob("*")) if _is_table(path)]
    new = [path for path in files if not is_imported(work, path)]
    settled = [path for path in new if _is_settled(path, now)]
    return [path.relative_to(home).as_posix() for path in settled], len(new) - len(settled)


def _is_table(path: Path) -> bool:
    is_hidden = path.name.startswith((".", "~$"))
    return path.suffix.lower() in _ENDINGS and path.is_file() and not is_hidden


def _is_settled(path: Path, now: datetime) -> bool:
    return now.timestamp() - path.stat().st_mtime >= _SETTLED_SECONDS


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begin(work: Workspace, table: Table, path: Path, source: str, *, now: datetime) -> Import:
    settings = work.project.settings.sources.get(source)
    mapping = map_headers(table.header, fixed=settings.mapping if settings else {})
    if "email" not in mapping.values():
        raise NoAddressColumn(
            file=str(path),
            line=table.header_line,
            header=", ".join(table.header)[:300],
            source=source,
        )
    with work.store.write() as connection:
        run_id = add_import_run(
            connection,
            now=now,
            source=source,
            file_name=path.name,
            file_hash=_file_hash(path),
            encoding=table.encoding,
            delimiter=table.delimiter,
            mapping=mapping,
        )
    return Import(run_id, source, str(path), table.encoding, table.delimiter, mapping)


def _store(
    work: Workspace, table: Table, run: Import, chunk: list[Record | Reject], *, now: datetime
) -> None:
    started = perf_counter()
    arrivals = [_arrival(table, run.source, row) for row in chunk]
    keys = [arrival.content_key for arrival in arrivals]
    with work.store.write() as connection:
        known = {stored.content_key for stored in find_submissions(connection, run.source, keys)}
        fresh = [arrival for arrival in arrivals if arrival.content_key not in known]
        add_submissions(connection, fresh, now=now, import_run_id=run.run_id)
        rejected = Counter(arrival.reason for arrival in fresh if arrival.reason)
        batch = Batch(
            "intake",
            claimed=rejected.total(),
            skipped={str(reason): count for reason, count in sorted(rejected.items())},
            seconds=perf_counter() - started,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    run.records += len(chunk)
    run.unchanged += len(known)
    run.keys.extend(
        (arrival.content_key, arrival.line or 0)
        for arrival in arrivals
        if arrival.content_key in known
    )


def _arrival(table: Table, source: str, row: Record | Reject) -> Arrival:
    if isinstance(row, Record):
        return Arrival(
            source=source,
            content_key=row_key(row.raw, row.nth),
            kind="file",
            raw=dict(zip(table.header, row.cells, strict=False)),
            line=row.line,
        )
    return Arrival(
        source=source,
        content_key=reject_key(row.raw, row.nth),
        kind="file",
        raw={"text": show_record(row.raw, table.codec)},  # the exact bytes stay in the file
        line=row.line,
        reason=row.reason,
        field=str(row.column) if row.column else None,
        detail=row.detail,
    )


def finish_import(work: Workspace, run: Import, *, now: datetime) -> dict[str, Any]:
    """Count what became of the rows, once intake is through, and write the quarantine file.

    Returns:
        The keys of `leadline import --json` for one file.
    """
    with work.store.write() as connection:
        outcomes = count_outcomes(connection, run.run_id)
        rejects = _list_rejects(work, run)
        known_rejects = sum(1 for reject in rejects if reject["is_known"])
        counts = {
            "records": run.records,
            "accepted": run.records - len(rejects),
            "rejected": len(rejects),
            "created": outcomes.get("created", 0),
            "updated": outcomes.get("updated", 0),
            "unchanged": run.unchanged - known_rejects,
            "duplicates": outcomes.get("duplicate", 0),
        }
        finish_import_run(connection, run.run_id, counts=counts, now=now)
    return {
        "file": run.file,
        "source": run.source,
        "run": run.run_id,
        "encoding": run.encoding,
        "dialect": {"delimiter": run.delimiter},
        "mapping": run.mapping,
        **counts,
        "quarantine": str(_write_quarantine(work, run, rejects) or ""),
        "rejects": [
            {name: reject[name] for name in ("line", "column", "reason", "detail")}
            for reject in rejects
        ],
    }


def _list_rejects(work: Workspace, run: Import) -> list[dict[str, Any]]:
    """Return every rejected row of the file, in the file's order, also those met before."""
    lines = dict(run.keys)
    with work.store.read() as connection:
        fresh = list_rejects(connection, run_id=run.run_id)
        known = find_submissions(connection, run.source, list(lines))
        raws = {row.id: row for row in known if row.state == "quarantined"}
    found = [{**_reject(row, row.line), "is_known": False, "raw": row.raw} for row in fresh] + [
        {**_reject(row, lines[row.content_key]), "is_known": True, "raw": row.raw}
        for row in raws.values()
    ]
    return sorted(found, key=lambda reject: int(reject["line"] or 0))


def _reject(row: Any, line: int | None) -> dict[str, Any]:  # noqa: ANN401 - a stored row
    return {
        "line": line,
        "column": row.field,
        "reason": row.reason,
        "detail": row.detail,
    }


def _write_quarantine(work: Workspace, run: Import, rejects: list[dict[str, Any]]) -> Path | None:
    """Write the rejected rows with line and reason into a file that Excel opens."""
    if not rejects:
        return None
    folder = work.environment.state / "quarantine"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.source.replace('/', '_')}-{run.run_id}.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "column", "detail", "row"])
        writer.writerows(_quarantine_lines(rejects))
    return path


def _quarantine_lines(rejects: list[dict[str, Any]]) -> Iterator[list[str]]:
    for reject in rejects:
        raw = reject["raw"]
        row = raw["text"] if set(raw) == {"text"} else " | ".join(map(str, raw.values()))
        cells = (reject["line"], reject["reason"], reject["column"], reject["detail"], row)
        yield [_safe_cell("" if cell is None else str(cell)) for cell in cells]


def _safe_cell(text: str) -> str:
    """Keep a spreadsheet from running a cell as a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
