"""The rows that runs leave in Prefect's SQLite file: read, copied with other ids and times, sized.

Only for measuring: the product never touches Prefect's tables.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

#: Every table that grows with runs, parents first.
TABLES: Final = (
    "flow_run",
    "flow_run_state",
    "task_run",
    "task_run_state",
    "log",
    "artifact",
    "events",
    "event_resources",
)
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID_KEPT: Final = re.compile(f"({_ID.pattern})")
_BEAT: Final = "prefect.flow-run.heartbeat"
_VERSION_OF_TIMES: Final = 7
Row = dict[str, Any]


@dataclass
class Family:
    """A run with the runs that it awaited, and all their rows.

    Attributes:
        kind: the flow's name and how the run ended.
        at: when it was first heard of.
        rows: by table.
        ids: of everything that is its own, to be other ones in a copy.
    """

    kind: str
    at: datetime
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    ids: set[str] = field(default_factory=set)

    def count(self) -> Counter[str]:
        """Return how many rows it has, by table."""
        return Counter({table: len(rows) for table, rows in self.rows.items()})

    def add_beats(self, count: int, *, every: timedelta) -> None:
        """Let the run have lasted longer: it beats as often as a long one does."""
        beat = next(row for row in self.rows["events"] if row["event"] == _BEAT)
        about = [row for row in self.rows["event_resources"] if row["event_id"] == beat["id"]]
        moving = {beat["id"], *(row["id"] for row in about)}
        for number in range(1, count + 1):
            given = {one: _new_id(one, every * number) for one in moving}
            for table, rows in (("events", [beat]), ("event_resources", about)):
                pieces = [_Pieces(table, row, moving) for row in rows]
                copies = [each.put(given, every * number) for each in pieces]
                self.rows[table] += [
                    dict(zip(row, copy, strict=True))
                    for row, copy in zip(rows, copies, strict=True)
                ]
            self.ids |= set(given.values())

    @cached_property
    def pieces(self) -> dict[str, list[_Pieces]]:
        """Return the rows ready for copying; they do not change any more."""
        return {
            table: [_Pieces(table, row, self.ids) for row in rows]
            for table, rows in self.rows.items()
        }


class _Pieces:
    """A row taken apart: what stays, instants that move, and texts around ids that change."""

    def __init__(self, table: str, row: Row, ids: set[str]) -> None:
        self.stays = list(row.values())
        self.times: list[tuple[int, datetime]] = []
        self.texts: list[tuple[int, list[str]]] = []
        for place, (name, value) in enumerate(row.items()):
            if not isinstance(value, str):
                continue
            if name in _TIMES[table]:
                self.times.append((place, datetime.fromisoformat(value)))
            elif ids.intersection(_ID.findall(value)):
                self.texts.append((place, _ID_KEPT.split(value)))

    def put(self, given: Mapping[str, str], shift: timedelta) -> list[Any]:
        """Return the values of a copy with other ids, some time later."""
        values = self.stays.copy()
        for place, at in self.times:
            values[place] = (at + shift).isoformat(" ", "microseconds")
        for place, parts in self.texts:
            values[place] = "".join([given.get(part, part) for part in parts])
        return values


def _new_id(old: str, shift: timedelta) -> str:
    """Return a new id, in the order of time where the old one is: that fills pages better."""
    fresh = uuid4()
    found = UUID(old)
    if found.version != _VERSION_OF_TIMES:
        return str(fresh)
    millis = (found.int >> 80) + int(shift.total_seconds() * 1000)
    return str(UUID(int=(millis << 80) | (0x7 << 76) | (fresh.int & ((1 << 76) - 1))))


#: Columns that hold instants. `total_run_time` is a duration since 1970.
_TIMES: Final[Mapping[str, frozenset[str]]] = {
    "flow_run": frozenset(
        (
            *("created", "updated", "expected_start_time", "next_scheduled_start_time"),
            *("start_time", "end_time", "state_timestamp"),
        )
    ),
    "flow_run_state": frozenset(("created", "updated", "timestamp")),
    "task_run": frozenset(
        (
            *("created", "updated", "expected_start_time", "next_scheduled_start_time"),
            *("start_time", "end_time", "state_timestamp"),
        )
    ),
    "task_run_state": frozenset(("created", "updated", "timestamp")),
    "log": frozenset(("created", "updated", "timestamp")),
    "artifact": frozenset(("created", "updated")),
    "events": frozenset(("created", "updated", "occurred", "received", "recorded")),
    "event_resources": frozenset(("created", "updated", "occurred")),
}


def read_families(path: Path) -> list[Family]:
    """Read every run that has ended, with all that it left."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
            for table in TABLES
        }
        names = dict(connection.execute("SELECT id, name FROM flow").fetchall())
    owners = _owners(rows)
    families = {
        row["id"]: Family(f"{names[row['flow_id']]} {row['state_name']}", _instant(row))
        for row in rows["flow_run"]
        if owners[row["id"]] == row["id"]
    }
    events = {row["id"]: _owner_of_event(row, owners) for row in rows["events"]}
    for table in TABLES:
        for row in rows[table]:
            owner = _owner(table, row, owners, events)
            if owner in families:
                families[owner].rows[table].append(row)
                families[owner].ids |= _own_ids(row)
    return [family for family in families.values() if "SCHEDULED" not in family.kind]


def _instant(row: Row) -> datetime:
    return datetime.fromisoformat(row["created"])


def _own_ids(row: Row) -> set[str]:
    key = row.get("idempotency_key") or ""
    return {row["id"], *_ID.findall(key)} - {row.get("deployment_id")}


def _owners(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Return the outermost run of every run and task run."""
    above = {row["id"]: row["flow_run_id"] for row in rows["task_run"]}
    above |= {row["id"]: row["parent_task_run_id"] for row in rows["flow_run"]}
    owners = {}
    for one in above:
        root = one
        while above.get(root):
            root = above[root]
        owners[one] = root
    return owners


def _owner_of_event(row: Row, owners: Mapping[str, str]) -> str | None:
    """Return whose event it is: of the run or task run that it is about or names."""
    about = _ID.findall(f"{row['resource_id']} {row['related_resource_ids']} {row['payload']}")
    return next((owners[one] for one in about if one in owners), None)


def _owner(
    table: str, row: Row, owners: Mapping[str, str], events: Mapping[str, str | None]
) -> str | None:
    if table == "events":
        return events[row["id"]]
    if table == "event_resources":
        return events.get(row["event_id"])
    if table in {"flow_run", "task_run"}:
        return owners[row["id"]]
    return owners.get(row.get("task_run_id") or "") or owners.get(row.get("flow_run_id") or "")


@contextmanager
def _written(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for one large transaction, which needs neither to be safe nor small."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        with connection:
            yield connection


def add_copies(path: Path, wanted: Iterable[tuple[Family, datetime]]) -> int:
    """Write copies of runs into the file of a server that is stopped or quiet; returns how many.

    Args:
        path: the server's file.
        wanted: each run and when its copy is to have been.
    """
    done = 0
    with _written(path) as connection:
        for family, at in wanted:
            shift = at - family.at
            given = {one: _new_id(one, shift) for one in family.ids}
            for table, pieces in family.pieces.items():
                copies = [each.put(given, shift) for each in pieces]
                marks = ", ".join("?" * len(copies[0]))
                statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - our own names
                connection.executemany(statement, copies)
            done += 1
    return done


def make_older(path: Path, *, hours: int) -> None:
    """Let every row be as many hours older."""
    with _written(path) as connection:
        for table in TABLES:
            changes = ", ".join(
                f"{name} = strftime('%Y-%m-%d %H:%M:%S', substr({name}, 1, 19), '-{hours} hours')"
                f" || substr({name}, 20)"
                for name in sorted(_TIMES[table])
            )
            connection.execute(f"UPDATE {table} SET {changes}")  # noqa: S608 - our own names


def put_file(source: Path, target: Path) -> None:
    """Let a server that is stopped find a copy of a file, without the log of what was there."""
    for old in target.parent.glob(f"{target.name}*"):
        old.unlink()
    shutil.copy(source, target)


def empty_log(path: Path) -> None:
    """Put what the write-ahead log holds into the file itself."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def bytes_on_disk(path: Path) -> int:
    """Return the size of the file with its write-ahead log."""
    return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))


def bytes_used(path: Path) -> int:
    """Return the size of the pages that hold something."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        pages, free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * size


def bytes_by_table(path: Path) -> dict[str, int]:
    """Return the size of each table with its indexes; empty where SQLite cannot tell."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        try:
            found = connection.execute(
                "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name)"
                " GROUP BY tbl_name"
            ).fetchall()
        except sqlite3.OperationalError:
            return {}
    return {str(name): int(size) for name, size in found}


def count_rows(path: Path) -> dict[str, int]:
    """Return the number of rows of each table that grows with runs."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        return {
            table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
            for table in TABLES
        }


def oldest_event(path: Path) -> datetime | None:
    """Return the instant of the oldest event as it is written, None when there is none."""
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        (found,) = connection.execute("SELECT min(occurred) FROM events").fetchone()
    return datetime.fromisoformat(found) if found else None
