"""Lists of addresses: any table with a column of them, or a plain text with one on each line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from leadline.domain.mapping import decide_mapping
from leadline.domain.suppression import FAULTS, find_fault, read_addresses
from leadline.errors import IntakeError
from leadline.files.reader import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leadline.files.reader import Table
    from leadline.files.records import Rows
    from leadline.files.rejects import Reject

#: Filled cells of a column that are looked at before it is taken for one of addresses.
_SAMPLE: Final = 200
_SHARE: Final = 0.5


class NoAddresses(IntakeError):
    """No column of the list holds addresses."""

    texts: ClassVar = {
        "en": "{file} has no column with mail addresses, so nothing was banned. Give the column a "
        "header such as Email, or save the addresses alone, one on each line.",
        "ja": "{file} にメールアドレスの列が見つからないため、何も登録していません。列の見出しを"
        "「メールアドレス」にするか、アドレスだけを1行に1件ずつ保存してください。",
    }


class SeveralAddressColumns(IntakeError):
    """Several columns hold addresses and no header says whose they are."""

    texts: ClassVar = {
        "en": "{file} has {count} columns with mail addresses (number {columns}), and no header "
        "says which are to be banned. Nothing was banned. Give the right one the header Email, or "
        "delete the others.",
        "ja": "{file} にはメールアドレスの列が {count} 列あり({columns} 列目)、どれを登録するか"
        "見出しから判断できないため、何も登録していません。対象の列の見出しを「メールアドレス」に"
        "するか、ほかの列を削除してください。",
    }


class BadLine(NamedTuple):
    """A line of a list that could not be taken whole; it holds nothing of the line.

    Attributes:
        line: physical line, one-based.
        column: number of the cell at fault, one-based; 0 when the whole line is meant.
        reason: reject code.
        detail: what a reader of tables says of it, "" for an address.
        fault: a key of `leadline.domain.suppression.FAULTS`, "" for a reader's reject.
    """

    line: int
    column: int
    reason: str
    detail: str = ""
    fault: str = ""


@dataclass(slots=True)
class Found:
    """What one stretch of a list states.

    Attributes:
        addresses: each in one shape, in the order of the file, twins included.
        bad: lines that could not be taken whole.
        records: lines that state something.
        size: bytes of the file that this covers.
    """

    addresses: list[str] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    records: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class AddressList:
    """A list, opened.

    Attributes:
        table: the file.
        places: the columns with addresses, from zero.
        answers: a column that says yes of some rows and no of others, or "": every row counts
            all the same.
    """

    table: Table
    places: tuple[int, ...]
    answers: str = ""

    def describe(self) -> dict[str, Any]:
        """Return how the list is read."""
        has_header = self.table.header_line is not None
        return {
            "encoding": str(self.table.encoding),
            "header_line": self.table.header_line,
            "columns": [
                self.table.header[place] if has_header else place + 1 for place in self.places
            ],
            "answers": self.answers,
        }

    def stretches(self) -> Iterator[Found]:
        """Yield what the list states, a stretch of the file at a time."""
        for rows in self.table.batches():
            yield self._read(rows)

    def _read(self, rows: Rows) -> Found:
        from leadline.domain.mail_columns import read_emails

        found = Found(size=rows.size, records=len(rows.lines))
        lines = rows.lines.tolist()
        is_bare = [True] * len(lines)
        for place in self.places:
            cells = rows.columns[place]
            values, written = (part.to_list() for part in read_emails([cells]))
            for row, (email, beside) in enumerate(zip(values, written, strict=True)):
                if email is not None and beside is None:
                    found.addresses.append(email)
                    is_bare[row] = False
                elif text := (cells[row].as_py() or "").strip():
                    is_bare[row] = False
                    self._take(found, text, line=lines[row], place=place)
        found.bad += [
            BadLine(lines[row], self.places[0] + 1, "missing_email", fault="missing")
            for row, bare in enumerate(is_bare)
            if bare
        ]
        for reject in rows.rejects:
            self._take_reject(found, reject)
        found.bad.sort()
        return found

    def _take(self, found: Found, text: str, *, line: int, place: int) -> None:
        """Take a cell that is no plain address: one with a name, several, or none."""
        if addresses := read_addresses(text):
            found.addresses += addresses
        else:
            fault = find_fault(text)
            found.bad.append(BadLine(line, place + 1, "invalid_email", fault=fault))

    def _take_reject(self, found: Found, reject: Reject) -> None:
        """Take a line that is no row of the table; in a plain text it may state an address.

        An empty row states nothing, and is not told.
        """
        if reject.reason == "empty_row":
            return
        found.records += 1
        is_text = self.table.header_line is None and len(self.table.header) == 1
        if not is_text or reject.reason != "field_count":
            found.bad.append(BadLine(reject.line, reject.column, reject.reason, reject.detail))
            return
        text = reject.raw.decode("utf-8", "replace")
        parts = text.split(self.table.dialect.delimiter)
        if addresses := dict.fromkeys(each for part in parts for each in read_addresses(part)):
            found.addresses += addresses
        else:
            fault = find_fault(text)
            found.bad.append(BadLine(reject.line, 0, "invalid_email", fault=fault))


def open_list(path: Path) -> AddressList:
    """Open a list and find its column of addresses, by the header or by the cells.

    Raises:
        IntakeError: it cannot be read, or no column can be the addresses.
    """
    table = open_table(path, needs_header=False)
    samples = _samples(table)
    places, answers = _told_by_header(table, samples)
    return AddressList(table, places or _told_by_cells(path.name, table, samples), answers)


def _samples(table: Table) -> dict[str, list[str]]:
    first = next(table.batches(), None)
    if first is None:
        return {name: [] for name in table.header}
    heads = (column.slice(0, 5 * _SAMPLE).to_pylist() for column in first.columns)
    return {
        name: [cell for cell in cells if cell.strip()][:_SAMPLE]
        for name, cells in zip(table.header, heads, strict=True)
    }


def _told_by_header(table: Table, samples: dict[str, list[str]]) -> tuple[tuple[int, ...], str]:
    """Return the columns that the mapping takes for addresses, and one that answers yes and no."""
    if table.header_line is None:
        return (), ""
    fields = decide_mapping(table.header, fixed={}, samples=samples).fields
    places = [n for n, name in enumerate(table.header) if fields.get(name) == "email"]
    answers = (name for name, told in fields.items() if told == "consent")
    mixed = (name for name in answers if len({*map(str.strip, samples[name])}) > 1)
    return tuple(places), next(mixed, "")


def _told_by_cells(file: str, table: Table, samples: dict[str, list[str]]) -> tuple[int, ...]:
    """Return the one column whose cells are addresses.

    Raises:
        NoAddresses: no column is.
        SeveralAddressColumns: more than one is.
    """
    found = [place for place, name in enumerate(table.header) if _is_one(samples[name])]
    if not found and len(table.header) == 1 and (samples[table.header[0]] or table.header_line):
        return (0,)
    if not found:
        raise NoAddresses(file=file)
    if len(found) > 1:
        columns = ", ".join(str(place + 1) for place in found)
        raise SeveralAddressColumns(file=file, count=len(found), columns=columns)
    return (found[0],)


def _is_one(cells: Sequence[str]) -> bool:
    count = sum(bool(read_addresses(cell)) for cell in cells)
    return bool(cells) and count >= _SHARE * len(cells)


def fault_words(bad: BadLine, lang: str) -> tuple[str, str]:
    """Return what is wrong with a line of a list, and what to do."""
    from leadline.domain.reject_words import say_detail

    if bad.fault:
        what, fix = FAULTS[bad.fault]
        return what[lang], fix[lang]
    fixes = {
        "en": "mend the line, or save the addresses alone, one on each line",
        "ja": "行を直すか、アドレスだけを1行に1件ずつ保存してください",
    }
    return say_detail(bad.reason, bad.detail, lang), fixes[lang]
