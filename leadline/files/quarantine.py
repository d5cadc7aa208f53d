"""The quarantine file: rows that were refused, why, and in a shape that can be mended.

It is a CSV that Excel opens: why a row was refused, then its cells under the header of the file
that it came from, then what we need to read them again. Whoever mends cells and imports the file
gives the rows another try, under their source and with the columns understood as before. A row
that could not be told apart into cells, and that nobody touched, stays refused; it is tried as it
stands when its `quarantine_reason` is cleared.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.reject_words import say_detail
from leadline.files.formulas import guard, unguard
from leadline.files.rejects import MAX_CELL, UNCHANGED, Reject
from leadline.files.saved_cells import before_saving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from leadline.files.records import Rows

#: Before the columns of the file: physical line, header or number of the cell, code and words of
#: the refusal; source of the file; its text.
_WHY: Final = (
    "quarantine_line",
    "quarantine_column",
    "quarantine_reason",
    "quarantine_detail",
    "quarantine_source",
    "quarantine_row",
)
#: Behind them: whether the row is as it was written, and how the file was read.
_HOW: Final = ("quarantine_check", "quarantine_reading")
#: The columns that are not the file's own.
MARKS: Final = (*_WHY, *_HOW)
#: Codes of rows whose cells are a guess at what was meant.
_STRUCTURAL: Final = frozenset(
    {"bad_encoding", "stray_quote", "empty_row", "field_count", "too_long"}
)
_MOST_SHOWN: Final = 32_000  # characters; Excel keeps 32,767 in a cell
_CUT: Final = "…"
_BYTE: Final = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}")
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_CHECK: Final = "s"  # which no check of an older form begins with
_HEAD: Final = 64  # bytes
_LONGEST_STEM: Final = 100  # bytes of a file's name, of which 255 are allowed
_UNFIT: Final = re.compile(r"[^\w.-]+")  # for the name of a file


class Refused(NamedTuple):
    """One refused row.

    Attributes:
        line: physical line on which it starts.
        column: header or number of the cell at fault, "" when the whole row is meant.
        reason: reject code.
        detail: what is wrong, without the content.
        text: the row as it was, when its cells could not be told apart.
        cells: its cells as far as they could be, in the order of the header.
    """

    line: int
    column: str
    reason: str
    detail: str
    text: str
    cells: Sequence[str]


class StatedRow(NamedTuple):
    """A row of a quarantine file, as `leadline.domain.stated` asks whose it is."""

    raw: list[str] | dict[str, str]
    header: Sequence[str] | None = None
    mapping: Mapping[str, str] | None = None
    kind: str = "file"
    source: str = ""


class Told(NamedTuple):
    """How a file was read that rows of a quarantine file come from.

    Attributes:
        fields: field by header, "" for a column that has none.
        date_order: how its dates were read, None when it is not said.
    """

    fields: Mapping[str, str] = {}
    date_order: str | None = None


def is_quarantine(header: Sequence[str]) -> bool:
    """Tell whether a file is one that `write_quarantine` wrote, whoever saved it since."""
    return "quarantine_source" in header and len(set(MARKS).intersection(header)) > 1


def looks_like_quarantine(path: Path) -> bool:
    """Tell by its first bytes whether a file may be one; false for what cannot be read."""
    if not path.is_file():  # a pipe would be read empty
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return plain.lstrip(b'"').startswith(b"quarantine_")


def quarantine_name(source: str, run_id: int) -> str:
    """Return the name of the file for the rows that an import refused."""
    stem = _UNFIT.sub("_", source).encode()[:_LONGEST_STEM].decode(errors="ignore")
    return f"{stem}-{run_id}.csv"


def write_quarantine(
    path: Path,
    rows: Iterable[Refused],
    *,
    header: Sequence[str],
    source: str,
    told: Told = Told(),  # noqa: B008 - it cannot be changed
    lang: str = "en",
) -> None:
    """Write refused rows; the file appears when it is complete.

    Args:
        path: of the file.
        rows: what was refused, in the order of their file.
        header: its columns.
        source: its source.
        told: how it was read, so that a few rows of it are read alike.
        lang: `en` or `ja`, in which it is said why.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    reading = json.dumps({**told._asdict(), "fields": dict(told.fields)}, ensure_ascii=False)
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)  # whatever the cells hold
            writer.writerow([*_WHY, *map(guard, header), *_HOW])
            for row in rows:
                cells = _fitted(row.cells, len(header))
                detail = say_detail(row.reason, row.detail, lang)
                why = (str(row.line), row.column, row.reason, detail, source, _cut(row.text))
                check = _check(cells, _cut(row.text))
                writer.writerow([*map(guard, (*why, *cells)), check, reading])
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        error.filename = error.filename or str(path)  # a write that fails does not say of what
        raise


def named_source(cells: Mapping[str, Sequence[str]]) -> str:
    """Return the source that a quarantine file names, "" when it names none.

    Args:
        cells: filled cells by header of the file; the first ones count.
    """
    return unguard(next(iter(cells.get("quarantine_source", ())), ""))


def read_told(cells: Mapping[str, Sequence[str]]) -> Told:
    """Return how the rows of a quarantine file were read before, see `named_source`."""
    try:
        reading = json.loads(next(iter(cells.get("quarantine_reading", ())), "{}"))
        fields, date_order = reading.get("fields", {}), reading.get("date_order")
        known = {str(header): str(field) for header, field in fields.items()}
    except (AttributeError, ValueError, RecursionError):  # somebody changed what is not for people
        return Told()
    return Told(known, date_order if isinstance(date_order, str) else None)


def refuse_untouched(rows: Rows, header: Sequence[str]) -> Rows:
    """Refuse again the rows of a quarantine file that are still what could not be read.

    Args:
        rows: its records.
        header: its columns.
    """
    places = {name: header.index(name) for name in MARKS if name in header}
    columns = [column.to_pylist() for column in rows.columns]
    marks = {name: columns[place] for name, place in places.items()}
    if not marks.keys() >= {"quarantine_reason", "quarantine_row", "quarantine_check"}:
        return rows
    data = [place for place, name in enumerate(header) if name not in MARKS]
    kept: list[int] = []
    rejects: list[Reject] = []
    for number, line in enumerate(rows.lines.tolist()):
        found = {name: unguard(cells[number]) for name, cells in marks.items()}
        cells = [unguard(columns[place][number]) for place in data]
        is_guess = found["quarantine_reason"] in _STRUCTURAL and found["quarantine_row"]
        is_same = bool(is_guess) and _is_untouched(cells, found)
        if is_same or (is_guess and _has_bytes(cells, found)):
            raw = rows.raws[number].as_py()
            column = _place_of(found.get("quarantine_column", ""), data)
            detail = found.get("quarantine_detail", "")
            detail = "; ".join(filter(None, (detail, UNCHANGED * is_same)))
            rejects.append(Reject(line, column, found["quarantine_reason"], detail, raw))
        else:
            kept.append(number)
    if not rejects:
        return rows
    return replace(
        rows,
        lines=rows.lines[kept],
        columns=tuple(_taken(column, kept) for column in rows.columns),
        raws=_taken(rows.raws, kept),
        rejects=sorted([*rows.rejects, *rejects], key=lambda reject: reject.line),
    )


def as_first_refused(row: Refused, header: Sequence[str]) -> Refused:
    """Return a row that a quarantine file had refused again, as its own file had it.

    Args:
        row: with the cells of the quarantine file.
        header: the columns of the quarantine file.
    """
    cells = dict(zip(header, map(unguard, row.cells), strict=False))
    data = [cells.get(name, "") for name in header if name not in MARKS]
    if cells.get("quarantine_reason") != row.reason:  # refused for itself
        return row._replace(cells=data)
    text, column = cells.get("quarantine_row"), cells.get("quarantine_column")
    detail = row.detail.removesuffix(UNCHANGED).removesuffix("; ")
    return row._replace(
        text=text or row.text, column=column or row.column, detail=detail, cells=data
    )


def state_row(row: Sequence[str], header: Sequence[str]) -> StatedRow:
    """Return a row of any table, as of a file that somebody saved, with what its cells mean.

    Args:
        row: its cells.
        header: its columns; those of a quarantine file tell how its own file was read.
    """
    cells = dict(zip(header, map(unguard, row), strict=False))
    told = read_told({name: [cell] for name, cell in cells.items()})
    text = cells.get("quarantine_row", "")
    data = {name: cell for name, cell in cells.items() if name not in MARKS}
    return (
        StatedRow([*data.values()], [*data], told.fields) if not text else StatedRow({"text": text})
    )


def redact_row(
    row: Sequence[str], header: Sequence[str], redact: Callable[[str], str]
) -> list[str]:
    """Return the cells of a row as `redact` gives them back; what was untouched stays untouched."""
    is_known = len(row) == len(header) and {"quarantine_row", "quarantine_check"} <= {*header}
    redacted = [*map(redact, row)]
    if not is_known or "quarantine_reading" not in header:
        return redacted
    for name in ("quarantine_check", "quarantine_reading"):
        redacted[header.index(name)] = row[header.index(name)]
    old, new = ([unguard(cell) for cell in cells] for cells in (row, redacted))
    data = [place for place, name in enumerate(header) if name not in MARKS]
    check = header.index("quarantine_check")
    marks = dict(zip(header, old, strict=True))
    if _is_untouched([old[place] for place in data], marks):
        text = new[header.index("quarantine_row")]
        redacted[check] = _check([new[place] for place in data], text)
    return redacted


def _fitted(cells: Sequence[str], width: int) -> list[str]:
    """Return as many cells as there are columns, none longer than can be read again."""
    fitted = [cell if len(cell) <= MAX_CELL else _cut(cell) for cell in cells[:width]]
    return [*fitted, *[""] * (width - len(fitted))]


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + _CUT


def _check(cells: Iterable[str], text: str) -> str:
    """Return letters that tell whether cells are those that were written.

    What spreadsheets change when they save a file does not count; and digits would look like a
    number to them.

    Args:
        cells: of the row.
        text: the row as it was, which the file keeps.
    """
    return _CHECK + _letters(before_saving(cells, text))


def _first_check(cells: Iterable[str]) -> str:
    """Return what `_check` was in files without `_CHECK`: all but white space counted."""
    return _letters(" ".join(cell.split()) for cell in cells)


def _letters(cells: Iterable[str]) -> str:
    plain = "\0".join(cells)
    return hashlib.sha256(plain.encode()).hexdigest()[:12].translate(_LETTERS)


def _is_untouched(cells: Sequence[str], marks: Mapping[str, str]) -> bool:
    """Tell whether a row is as it was written."""
    check = marks["quarantine_check"]
    if check.startswith(_CHECK):
        return check == _check(cells, marks["quarantine_row"])
    return check == _first_check(cells)


def _has_bytes(cells: Sequence[str], marks: Mapping[str, str]) -> bool:
    """Tell whether a row still shows bytes that are no text."""
    if marks["quarantine_reason"] != "bad_encoding":
        return False
    shown = set(_BYTE.findall(marks["quarantine_row"]))
    return any(sign in cell for sign in shown for cell in cells)


def _place_of(column: str, data: Sequence[int]) -> int:
    """Return the number of a cell of the file among the columns of the quarantine file."""
    number = int(column) if column.isdecimal() and len(column) < len(str(MAX_CELL)) else 0
    return data[number - 1] + 1 if 0 < number <= len(data) else 0


def _taken(column: pa.Array, places: Sequence[int]) -> pa.Array:
    return column.take(places) if places else column.slice(0, 0)
