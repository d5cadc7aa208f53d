"""Lists of addresses: any table with a column of them, or a plain text with one on each line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from leadline.domain.mapping import decide_mapping
from leadline.domain.suppression import FAULTS, find_fault, is_one_person, read_addresses
from leadline.errors import IntakeError
from leadline.files.decoding import decode_blocks
from leadline.files.reader import open_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from leadline.files.reader import Table
    from leadline.files.records import Rows

#: Filled cells of a column that are looked at before it is taken for one of addresses.
_SAMPLE: Final = 200
_SHARE: Final = 0.5
#: Different words of a column that tells how things stand.
_MOST_STATES: Final = 6
#: Words for people who get no more mail.
_STOP: Final = re.compile(
    r"unsub|opt(?:ed)?[ _-]?out|bounc|cleaned|complain|spam|suppress|block"
    r"|停止|解除|退会|拒否|不達|エラー",
    re.IGNORECASE,
)
_TIME: Final = re.compile(r"\d{2}")
#: Words for people who do get mail: they are no words of a list of bans.
_GOES: Final = re.compile(
    r"\bsubscribed?\b|opt(?:ed)?[ _-]?in\b|配信中|配信(?:する|可|希望)|購読中|^購読$", re.IGNORECASE
)
#: The same with a word of the others: `not unsubscribed`.
_STAYS: Final = re.compile(r"not unsub|停止していない|停止なし|未停止|未解除", re.IGNORECASE)


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


class MixedRows(IntakeError):
    """A column of the list says that some of its people unsubscribed, and that others did not."""

    texts: ClassVar = {
        "en": "The column {column!r} of {file} says different things of the rows, so nothing was "
        "banned: not everybody in the list seems to have unsubscribed. Keep only the rows that are "
        "meant (filter by that column and save them as a file of their own), or ban every row with "
        "--all-rows.",
        "ja": "{file} の列「{column}」の値が行ごとに異なるため、何も登録していません。配信停止では"
        "ない方が含まれている可能性があります。この列で対象の行だけを絞り込んで別のファイルに保存するか、"
        "すべての行を登録する場合は --all-rows を付けて実行してください。",
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
        path: the file.
        table: the file as a table.
        places: the columns with addresses, from zero.
        answers: a column that says of some rows that they unsubscribed, and of others that they
            did not; "" when there is none.
    """

    path: Path
    table: Table
    places: tuple[int, ...]
    answers: str = ""

    @property
    def is_text(self) -> bool:
        """Tell whether each line is an address and nothing else, so that no line is a note."""
        return self.table.kind == "text" and len(self.table.header) == 1

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
            "sheets_not_read": list(self.table.sheets_not_read),
        }

    def stretches(self) -> Iterator[Found]:
        """Yield what the list states, a stretch of the file at a time."""
        if self.is_text:
            yield from self._read_lines()
            return
        for rows in self.table.batches():
            yield self._read(rows)

    def _read(self, rows: Rows) -> Found:
        """Return what the rows of a table state."""
        found = Found(size=rows.size, records=len(rows.lines))
        lines = rows.lines.tolist()
        bare = set(range(len(lines)))
        for place in self.places:
            bare -= _take_cells(found, rows.columns[place], lines, column=place + 1)
        column = self.places[0] + 1
        found.bad += [BadLine(lines[row], column, "missing_email", fault="missing") for row in bare]
        for reject in rows.rejects:
            if reject.reason != "empty_row":  # it states nothing
                found.records += 1
                found.bad.append(BadLine(reject.line, reject.column, reject.reason, reject.detail))
        found.bad.sort()
        return found

    def _read_lines(self) -> Iterator[Found]:
        """Yield what the lines of a plain text state; a first line without an @ is a header."""
        import pyarrow as pa

        last = 0
        with_cr = self.table.dialect.line_end == "CR"
        with self.path.open("rb") as file:
            for block in decode_blocks(file, self.table.encoding, ends_with_cr=with_cr):
                texts = [_plain(line) for line in block.removesuffix(b"\n").split(b"\n")]
                found = Found(size=len(block))
                lines = [n for n, text in enumerate(texts) if text]
                if last == 0 and lines and "@" not in texts[lines[0]] and self._has_header:
                    del lines[0]
                found.records = len(lines)
                cells = pa.array([texts[n] for n in lines], pa.string())
                _take_cells(found, cells, [last + n + 1 for n in lines], column=0)
                last += len(texts)
                yield found

    @property
    def _has_header(self) -> bool:
        return self.table.header_line is not None


def _plain(line: bytes) -> str:
    """Return a line as text, without quotation marks around all of it."""
    text = line.decode("utf-8", "replace").strip().strip("\u3000")
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].strip() if is_quoted else text


def _take_cells(found: Found, cells: pa.Array, lines: Sequence[int], *, column: int) -> set[int]:
    """Take the addresses of a column's cells; returns the rows whose cell is filled."""
    from leadline.domain.mail_columns import read_emails

    filled = set[int]()
    values, written = (part.to_list() for part in read_emails([cells]))
    for row, (email, beside) in enumerate(zip(values, written, strict=True)):
        if email is not None and beside is None and is_one_person(email):
            found.addresses.append(email)
        elif text := (cells[row].as_py() or "").strip():
            _take(found, text, line=lines[row], column=column)
        else:
            continue
        filled.add(row)
    return filled


def _take(found: Found, text: str, *, line: int, column: int) -> None:
    """Take a cell that is no plain address: one with a name, several, or none."""
    if addresses := read_addresses(text):
        found.addresses += addresses
    else:
        found.bad.append(BadLine(line, column, "invalid_email", fault=find_fault(text)))


def open_list(path: Path) -> AddressList:
    """Open a list and find its column of addresses, by the header or by the cells.

    Raises:
        IntakeError: it cannot be read, or no column can be the addresses.
    """
    table = open_table(path, needs_header=False)
    if table.kind == "text" and len(table.header) == 1:
        return AddressList(path, table, (0,))
    samples = _samples(table)
    places, answers = _told_by_header(table, samples)
    places = places or _told_by_cells(path.name, table, samples)
    return AddressList(path, table, places, answers or _find_state(table, places))


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
    columns = decide_mapping(table.header, fixed={}, samples=samples).columns
    told = {each.header: each.field for each in columns if each.how != "content"}
    places = [n for n, name in enumerate(table.header) if told.get(name) == "email"]
    answers = (name for name, field in told.items() if field == "consent")
    mixed = (name for name in answers if _differ({*map(str.strip, samples[name])}))
    return tuple(places), next(mixed, "")


def _find_state(table: Table, places: Collection[int]) -> str:
    """Return a column that tells who of the list unsubscribed from who did not, or ""."""
    first = next(table.batches(), None)
    if first is None:
        return ""
    for place, (name, cells) in enumerate(zip(table.header, first.columns, strict=True)):
        if place in places:
            continue
        words = {(cell or "").strip() for cell in cells.unique().to_pylist()}
        header = name if table.header_line is not None else ""
        if _tells_apart(header, words):
            return header or str(place + 1)
    return ""


def _tells_apart(header: str, words: Collection[str]) -> bool:
    """Tell whether the cells of a column say of some that they unsubscribed, and not of others."""
    filled = [word for word in words if word]
    if "" in words and filled and _STOP.search(header):  # `Unsubscribed at`, filled for some
        return True
    if not filled or len(filled) > _MOST_STATES:
        return False
    stopped = [bool(_STOP.search(word)) and not _STAYS.search(word) for word in filled]
    known = any(stopped) or any(_STAYS.search(word) or _GOES.search(word) for word in filled)
    return known and not ("" not in words and all(stopped))


def _differ(words: Collection[str]) -> bool:
    """Tell whether answers differ: times do, and say the same."""
    is_closed = 1 < len(words) <= _MOST_STATES
    return is_closed and not any(_TIME.search(word) for word in words)


def _told_by_cells(file: str, table: Table, samples: dict[str, list[str]]) -> tuple[int, ...]:
    """Return the one column whose cells are addresses.

    Raises:
        NoAddresses: no column is.
        SeveralAddressColumns: more than one is.
    """
    found = [place for place, name in enumerate(table.header) if _is_one(samples[name])]
    if not found or (table.header_line or 1) > 1:  # what stands above may be rows
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
