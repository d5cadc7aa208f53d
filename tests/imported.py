"""A file with every kind of row, and all that an import leaves behind, so that two can be compared.

What differs between any two imports is left out: numbers that the database gives, and the time.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, select

from leadline.store import schema

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

#: Leads that an earlier import has made, some of which the file changes.
KNOWN: Final = 40
HEADER: Final = "email,full_name,company,title,phone,country,consent,message"
_PLACES: Final = ("US", "JP", "DE", "GB")
_TABLES: Final = ("leads", "lead_keys", "consents", "submissions", "import_changes")
#: Bad rows of each kind; their file has all of them, in every chunk.
_BAD: Final = (
    b"not-an-address,Nobody,Nowhere,,,US,yes,",
    b"short@fault.example,Short",
    b"long@fault.example,Long,Nowhere,,,US,yes,,one more",
    b'stray@fault.example,"Stray"x,Nowhere,,,US,yes,',
    b"bytes@fault.example,B\xffd,Nowhere,,,US,yes,",
    b",,,,,,,",
    b",Nameless,Nowhere,,,US,yes,",
)


def write_earlier(path: Path) -> Path:
    """Write the file of the leads that are known before."""
    rows = [f"known{n}@fault.example,Known {n},Before {n},Clerk,,US,,Hello" for n in range(KNOWN)]
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return path


def write_rows(path: Path, count: int) -> Path:
    """Write a file of `count` rows: new, known, changed, repeated and bad ones, all in turn."""
    with path.open("wb") as file:
        file.write(HEADER.encode() + b"\n")
        file.writelines(_row(number) + b"\n" for number in range(count))
    return path


def _row(number: int) -> bytes:
    turn, place = number % 20, _PLACES[number % len(_PLACES)]
    if turn == 4 and number > 20:
        return _row(number - 1)  # word for word
    if turn == 7:
        return _BAD[number // 20 % len(_BAD)]
    who = f"lead{number}"
    if turn == 9 and number > 400:
        who = f"lead{number - 401}"  # the lead of an earlier chunk, with another title
    elif turn == 12:
        who = f"known{number // 20 % KNOWN}"
    consent = ("yes", "no", "")[number % 3]
    message = '"Two lines,\nplease"' if turn == 15 else f"Quote {number}"
    cells = (f"{who}@fault.example", f"Name {who}", f"Company {number % 97}", f"Title {number}")
    return ",".join((*cells, f"020 7946 0{number % 1000:03}", place, consent, message)).encode()


@dataclass
class Left:
    """What an import left in the database.

    Attributes:
        tables: name -> rows, each as JSON text without what differs from import to import.
        runs: the import runs of the file, oldest first: number, whether it ended, counts.
        lines: the lines of the file that are stored.
        batches: rows claimed, done and skipped, summed over the ledger.
    """

    tables: dict[str, Counter[str]] = field(default_factory=dict)
    runs: list[tuple[int, bool, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    batches: Counter[str] = field(default_factory=Counter)


def read_left(url: str, *, source: str) -> Left:
    """Read what imports of `source` left, beside all that was there before."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            is_made = engine.dialect.has_table(connection, "submissions")
            return _read(connection, source) if is_made else Left()
    finally:
        engine.dispose()


def _read(connection: Connection, source: str) -> Left:
    left = Left()
    read = {name: _rows(connection, schema.metadata.tables[name]) for name in _TABLES}
    leads = {row["id"]: row["email"] for row in read["leads"]}
    assert len(set(leads.values())) == len(leads), "two leads have one address"
    mine = [row for row in read["submissions"] if row["source"] == source]
    keys = {row["id"]: row["content_key"] for row in read["submissions"]}
    left.lines = sorted(row["line"] for row in mine)
    for name, rows in read.items():
        left.tables[name] = Counter(_said(name, row, leads=leads, keys=keys) for row in rows)
    for run in sorted(_rows(connection, schema.import_runs), key=lambda row: int(row["id"])):
        if run["source"] == source:
            left.runs.append((run["id"], run["finished_at"] is not None, run["counts"]))
    for batch in _rows(connection, schema.stage_batches):
        left.batches.update(
            {"claimed": batch["claimed"], "done": batch["done"], **batch["skipped"]}
        )
    return left


def _rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(select(table))]


def _said(table: str, row: dict[str, Any], *, leads: dict[int, str], keys: dict[int, str]) -> str:
    """Return a row by what it says: leads by address, submissions by key, times by being there."""
    shown = _timeless({name: value for name, value in row.items() if name != "import_run_id"}, keys)
    own = shown.pop("id", None)
    if table == "submissions":
        shown["lead"] = leads.get(shown.pop("lead_id"))
        assert (row["state"] == "accepted") == (shown["lead"] is not None), f"submission {own}"
    elif table != "leads":
        shown["lead"] = leads[shown.pop("lead_id")]
    if table == "import_changes":
        shown |= {name: _timeless(shown[name], keys) for name in ("before", "after")}
    return json.dumps(shown, sort_keys=True, ensure_ascii=False, default=str)


def _timeless(row: dict[str, Any], keys: dict[int, str]) -> dict[str, Any]:
    shown = dict(row)
    if "submission_id" in row:
        shown["submission_id"] = keys[row["submission_id"]]
    for name, value in row.items():
        if name == "at" or name.endswith("_at"):  # also when a person wrote: the file does not say
            shown[name] = value is not None
    return shown


def check_file(database: Path) -> None:
    """Check that a SQLite file is whole, and that no row points to one that is not there."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def check_part(left: Left, whole: Left) -> None:
    """Check that what is left is the beginning of the whole, and nothing of the rest."""
    last = left.lines[-1] if left.lines else 0
    assert left.lines == [line for line in whole.lines if line <= last], "lines are missing"
    for name in ("submissions", "lead_keys", "consents"):
        assert _table(left, name) <= _table(whole, name), f"{name} holds what it should not"
    assert _table(left, "leads").total() <= _table(whole, "leads").total()
    assert left.batches <= whole.batches


def _table(left: Left, name: str) -> Counter[str]:
    return left.tables.get(name, Counter())


def check_equal(left: Left, whole: Left) -> None:
    """Check that all of it is there, once."""
    for name in _TABLES:
        more, less = left.tables[name] - whole.tables[name], whole.tables[name] - left.tables[name]
        assert not more, f"{name}: {more.total()} rows too many, such as {next(iter(more))}"
        assert not less, f"{name}: {less.total()} rows missing, such as {next(iter(less))}"
    assert left.lines == whole.lines
    assert left.batches == whole.batches, "the ledger counts rows that it should not"


def check_once(left: Left, whole: Left) -> None:
    """Check that every row and lead is there once, whichever row had the last word on a lead."""
    assert left.lines == whole.lines
    assert left.batches == whole.batches, "the ledger counts rows that it should not"
    for name, said in (
        ("leads", ("email",)),
        ("lead_keys", ("kind", "key_hash", "lead")),
        ("submissions", ("source", "content_key", "line", "state", "reason", "lead")),
    ):
        assert _parts(left, name, said) == _parts(whole, name, said), name
    assert set(_parts(left, "consents", ("lead",))) == set(_parts(whole, "consents", ("lead",)))


def _parts(left: Left, name: str, said: tuple[str, ...]) -> Counter[tuple[Any, ...]]:
    rows = (json.loads(row) for row in left.tables[name].elements())
    return Counter(tuple(row[each] for each in said) for row in rows)
