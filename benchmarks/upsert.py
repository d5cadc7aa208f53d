"""Upsert: what it costs to write rows under their key, and to write the same rows again.

`python -m benchmarks.upsert [--json] [--rows 100000] [--runs 3]`

Eight columns with a text key, half of the rows there already, one transaction, SQLite with the
settings of the product: `leadline.store.bulk.upsert_rows`, which the store itself uses, against a
plain insert of the same rows into a table without any key, which is the least that storing them
can cost. Then the same rows again, which must change none, against their first load into an empty
table. Each side starts from rows in memory, in
turns in one process; the median counts.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Integer, MetaData, Table, Text

from benchmarks.measure import Line, Used, measured, note, note_machine, print_lines
from leadline.store.bulk import upsert_rows
from leadline.store.engine import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.store.engine import Store

BASELINE: Final = "a plain insert of the same rows into a table without a key"
RATIO: Final = 1.6
REPLAY: Final = 0.6
_TEXTS: Final = ("name", "company", "phone", "region", "industry", "stage")
_METADATA: Final = MetaData()
KEYED: Final = Table(
    "keyed",
    _METADATA,
    Column("email", Text, primary_key=True),
    *(Column(name, Text) for name in _TEXTS),
    Column("points", Integer),
)


def make_rows(count: int) -> list[dict[str, Any]]:
    """Return rows with distinct keys in no order; the same every time."""
    chance = random.Random(count)
    rows = []
    for number in range(count):
        local = hashlib.sha256(str(number).encode()).hexdigest()[:10]
        row: dict[str, Any] = {"email": f"{local}.{number}@company{number % 977}.example"}
        row |= {name: f"{name} {chance.randrange(10**6)}" for name in _TEXTS}
        rows.append({**row, "points": chance.randrange(100)})
    return rows


def measure_once(rows: list[dict[str, Any]]) -> dict[str, Used]:
    """Measure the plain insert, the upsert and the replay on a fresh database."""
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'upsert.db'}", pepper="benchmark")
        try:
            return {
                "plain": _plain(store, rows),
                "first load": _load(store, rows),
                "upsert": _upsert(store, rows),
                "replay": _replay(store, rows),
            }
        finally:
            store.close()


def _plain(store: Store, rows: list[dict[str, Any]]) -> Used:
    names = list(rows[0])
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    with store.write() as connection:
        connection.exec_driver_sql(f"CREATE TABLE plain ({columns})")
    with measured() as used, store.write() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO plain ({columns}) VALUES ({marks})",  # noqa: S608 - our own names
            [tuple(row.values()) for row in rows],
        )
    return used


def _load(store: Store, rows: list[dict[str, Any]]) -> Used:
    with store.write() as connection:
        _METADATA.create_all(connection)
    with measured() as used, store.write() as connection:
        changed = upsert_rows(connection, KEYED, rows, key="email")
    _expect(changed, len(rows))
    with store.write() as connection:
        _METADATA.drop_all(connection)
    return used


def _upsert(store: Store, rows: list[dict[str, Any]]) -> Used:
    half = [{**row, "points": -1} for row in rows[::2]]
    with store.write() as connection:
        _METADATA.create_all(connection)
        upsert_rows(connection, KEYED, half, key="email")
    with measured() as used, store.write() as connection:
        changed = upsert_rows(connection, KEYED, rows, key="email")
    _expect(changed, len(rows))
    return used


def _replay(store: Store, rows: list[dict[str, Any]]) -> Used:
    with measured() as used, store.write() as connection:
        changed = upsert_rows(connection, KEYED, rows, key="email")
    _expect(changed, 0)
    return used


def _expect(changed: int, wanted: int) -> None:
    if changed != wanted:
        message = f"{changed} rows changed, not {wanted}: the figures would mean nothing"
        raise RuntimeError(message)


def measure(count: int, *, runs: int) -> Iterator[Line]:
    """Measure as often as asked, and give the results."""
    rows = make_rows(count)
    found = []
    for _ in range(runs):
        found.append(measure_once(rows))
        note("  " + ", ".join(f"{name} {used.cpu:.3f} CPU s" for name, used in found[-1].items()))
    cpu = {name: median(one[name].cpu for one in found) for name in found[0]}
    peak = {name: median(one[name].peak for one in found) for name in found[0]}
    for name, base, baseline, target in (
        ("upsert, half of the rows known", "plain", BASELINE, RATIO),
        ("the same rows again, 0 changed", "first load", "their first load", REPLAY),
    ):
        piece = "upsert" if base == "plain" else "replay"
        ratio = cpu[piece] / cpu[base]
        yield Line(
            name,
            count,
            cpu[piece],
            peak[piece],
            ratio=ratio,
            baseline=baseline,
            target=target,
            is_ok=ratio <= target,
        )


def main() -> int:
    """Measure as many rows as the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upsert", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3, help="the median counts")
    options = parser.parse_args()
    note_machine()
    print_lines(measure(options.rows, runs=options.runs), is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
