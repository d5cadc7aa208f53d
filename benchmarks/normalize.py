"""Normalizing in columns against a model per row that asks the libraries for every value.

`python -m benchmarks.normalize [--json] [--rows 100000] [--runs 1]`

Both sides start from the same cells in memory, each in a fresh process, and count what is used
between the cells and one Python value for every row and field. Ours (`decide_columns`) also decides
countries, regions, codes, languages and requests, splits and joins names, and keeps what the source
wrote; the baseline does what a validation model of pydantic does with `email-validator` and
`phonenumbers`, and no more. Imports and the reading of the file count for neither side. The keys
under which a lead is known, which the baseline does not make, are a line of their own.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from benchmarks.generate import HEADER, write_leads
from benchmarks.measure import (
    Line,
    Report,
    Used,
    measured,
    middle,
    note,
    note_machine,
    print_lines,
    run_child,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASELINE: Final = "a pydantic model per row with email-validator and phonenumbers"
TARGET: Final = 0.10
_CHUNK: Final = 10_000  # rows, as an import takes them
_SEED: Final = 7


def read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of its width."""
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, [row for row in rows if len(row) == len(header)]


def run_columns(path: Path) -> Report:
    """Judge all rows in columns, a chunk at a time."""
    import pyarrow as pa

    from leadline.domain.columns import decide_columns, keys_of
    from leadline.domain.fields import SourceContext
    from leadline.domain.mapping import map_headers

    header, rows = read_rows(path)
    mapping = map_headers(header, fixed={})
    source = SourceContext("web", "US", "UTC", "month_first")
    columns = {
        name: pa.array(cells, pa.string())
        for name, cells in zip(header, zip(*rows, strict=True), strict=True)
    }
    count, rejected, pieces = len(rows), 0, {"columns": Used(), "keys": Used()}
    del rows
    for first in range(0, count, _CHUNK):
        chunk = {name: cells[first : first + _CHUNK] for name, cells in columns.items()}
        with measured() as used:
            judged = decide_columns(chunk, mapping=mapping, source=source, custom={})
        _add(pieces["columns"], used)
        with measured() as used:
            keys_of(judged, source=source.name)
        _add(pieces["keys"], used)
        rejected += len(judged.rejected)
    return Report(pieces, {"rows": count, "rejected": rejected})


def _add(total: Used, used: Used) -> None:
    total.cpu += used.cpu
    total.peak = max(total.peak, used.peak)


def run_models(path: Path) -> Report:
    """Judge all rows one by one."""
    judge = _model()
    header, rows = read_rows(path)
    rejected = 0
    with measured() as used:
        for row in rows:
            rejected += judge(dict(zip(header, row, strict=True))) is None
    return Report({"rows": used}, {"rows": len(rows), "rejected": rejected})


def _model() -> Callable[[dict[str, str]], Any]:
    """Return a function that makes one row's model, or None."""
    from email_validator import validate_email
    from pydantic import (
        AfterValidator,
        BaseModel,
        BeforeValidator,
        ConfigDict,
        ValidationError,
        create_model,
    )

    def address(cell: str) -> str:
        return validate_email(cell, check_deliverability=False).normalized

    folded = Annotated[str, AfterValidator(lambda cell: unicodedata.normalize("NFKC", cell))]
    empty = BeforeValidator(lambda cell: cell or None)
    types: dict[str, Any] = dict.fromkeys(HEADER.split(","), str)
    types |= dict.fromkeys(("first_name", "last_name", "company", "title", "region"), folded)
    types["email"] = Annotated[str, AfterValidator(address)]
    types["employees"] = Annotated[int | None, empty]
    types["consent"] = Annotated[bool | None, empty]
    types["submitted_at"] = Annotated[datetime | None, empty]
    fields: dict[str, Any] = {name: (kind, ...) for name, kind in types.items()}
    config = ConfigDict(str_strip_whitespace=True)
    row = create_model("Row", __config__=config, **fields)

    def judge(cells: dict[str, str]) -> BaseModel | None:
        try:
            found = row.model_validate(cells)
        except ValidationError:
            return None
        found.__dict__["phone"] = _phone(cells["phone"], cells["country"])
        return found

    return judge


def _phone(cell: str, country: str) -> str | None:
    """Return the number in E.164, as the library reads it."""
    import phonenumbers

    try:
        number = phonenumbers.parse(cell, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def measure_once(rows: int) -> dict[str, Report]:
    """Run both sides once, one after the other."""
    with tempfile.TemporaryDirectory(prefix="leadline-") as folder:
        path = write_leads(Path(folder), rows=rows, seed=_SEED)
        found = {}
        for side in ("models", "columns"):
            note(f"{rows} rows: {side}")
            found[side] = run_child("benchmarks.normalize", side, str(path), variables={})
            note(f"  {found[side].facts}")
    return found


def lines_of(rows: int, sides: dict[str, Report]) -> Iterator[Line]:
    """Give the results of one size."""
    ours, keys = (sides["columns"].pieces[name] for name in ("columns", "keys"))
    models = sides["models"].pieces["rows"]
    ratio = ours.cpu / models.cpu
    yield Line(
        "normalize",
        rows,
        ours.cpu,
        ours.peak,
        ratio=ratio,
        baseline=f"{BASELINE} ({models.cpu:.2f} CPU s, {models.peak:.0f} MB)",
        target=TARGET,
        is_ok=ratio <= TARGET,
    )
    for name, used in (("columns", ours), ("match keys", keys)):
        unit = "CPU microseconds a row"
        value = used.cpu / rows * 1e6
        title = f"normalize {name}"
        yield Line(title, rows, used.cpu, used.peak, value=value, unit=unit, direction="lower")


def main() -> int:
    """Measure the sizes that the command line names; a child measures one side."""
    if sys.argv[1:2] in (["columns"], ["models"]):
        run = run_columns if sys.argv[1] == "columns" else run_models
        run(Path(sys.argv[2])).write()
        return 0
    parser = argparse.ArgumentParser(prog="python -m benchmarks.normalize", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document per line")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--runs", type=int, default=1, help="interleaved; the median counts")
    options = parser.parse_args()
    note_machine()
    for rows in sorted(set(options.rows)):
        runs = [measure_once(rows) for _ in range(options.runs)]
        medians = {side: middle([run[side] for run in runs]) for side in runs[0]}
        print_lines(lines_of(rows, medians), is_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
