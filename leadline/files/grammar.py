"""The exact grammar of a delimited table: where a record ends and which cells it holds.

Everything here works on bytes in UTF-8, in which an ASCII sign is never part of another character,
and goes record by record: exact and slow. `leadline.files.cuts` finds the same for a whole block
at once where the block is regular, and asks here where it is not.

Quoting is strict: a cell that begins with a quotation mark ends with the next one that is neither
doubled nor escaped, and only a delimiter or the line's end may follow. A mark inside a cell that
does not begin with one is plain text. Broken quoting costs its own first line only.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes that a record over several lines may have. A quotation mark that nothing closes within
#: them is broken quoting, so that a stray one costs its line and not the rest of the file.
MAX_RECORD: Final = 8 << 20
_SPARSE: Final = 64  # bytes between two remembered marks that lead nowhere
_REMEMBERED: Final = 1 << 18  # such marks; those that lie behind are then forgotten
_CR: Final = 0x0D
_BROKEN: Final = -1
_OPEN: Final = -2
_LINE_END: Final = re.compile(rb"\r*+(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""How the cells of a file are written.

    Attributes:
        delimiter: what separates cells: any text.
        quote: the quotation mark, `"` or `'`; empty when the file knows none.
        escape: empty when a mark inside a quoted cell is doubled; a backslash when `\` stands
            before it (a doubled one is understood all the same).
        skips_spaces: whether spaces around a cell's quotation marks, and before a plain cell,
            do not count.
        line_end: LF, CRLF, CR or mixed, as found; records are read the same with all of them.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skips_spaces: bool = False
    line_end: str = "LF"


class Span(NamedTuple):
    """Where one record stands.

    Attributes:
        line: physical line on which it starts, one-based.
        start: offset of its first byte.
        end: offset behind its last byte; CRs before the LF are left out.
        is_sound: false when its quoting is broken; it then reaches to the end of its first line.
    """

    line: int
    start: int
    end: int
    is_sound: bool


class Stretch(NamedTuple):
    """A part of a file that begins with a record and ends with a line.

    Attributes:
        data: the bytes.
        offset: how many bytes of the file come before.
        is_last: whether nothing follows.
    """

    data: bytes
    offset: int = 0
    is_last: bool = True


class Grammar(NamedTuple):
    """The compiled patterns of a dialect.

    Attributes:
        sign: the delimiter.
        quote: the quotation mark.
        opening: the beginning of a quoted cell.
        run: any number of plain cells, each with the delimiter behind it.
        quoted: a quoted cell.
        cell: one cell with the delimiter behind it.
        text_cell: the same in decoded text; the groups are the quoted and the plain content.
        escaped: what stands for a quotation mark or the escape sign inside a quoted cell.
    """

    sign: bytes
    quote: bytes
    opening: re.Pattern[bytes]
    run: re.Pattern[bytes]
    quoted: re.Pattern[bytes]
    cell: re.Pattern[bytes]
    text_cell: re.Pattern[str]
    escaped: re.Pattern[str]


@lru_cache(maxsize=64)
def grammar_of(dialect: Dialect) -> Grammar:
    """Compile the grammar of a dialect.

    No group is repeated possessively: Python before 3.11.5, and so Debian 12, matches such a
    group wrongly when it can backtrack inside (gh-106052).
    """
    sign, mark = re.escape(dialect.delimiter), re.escape(dialect.quote)
    is_single = len(dialect.delimiter.encode()) == 1
    text = rf"[^{sign}\n]*+" if is_single else rf"(?:(?!{sign})[^\n])*"
    blanks = " *+" if dialect.skips_spaces and not dialect.delimiter.startswith(" ") else ""
    content = rf"[^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*"
    escaped = f"{mark}({mark})"
    if dialect.escape:
        escape = re.escape(dialect.escape)
        content = rf"(?:[^{mark}{escape}]++|{mark}{mark}|{escape}[\s\S])*"
        escaped += f"|{escape}([{mark}{escape}])"
    inside = (
        rf"{blanks}{mark}(?P<quoted>{content}){mark}(?!{mark}){blanks}"
        if mark
        else r"(?P<quoted>(?!))"
    )
    plain = rf"(?!{blanks}{mark}){text}" if mark else text
    cell = f"(?:{inside}|{blanks}(?P<plain>{plain})){sign}"
    return Grammar(
        sign=dialect.delimiter.encode(),
        quote=dialect.quote.encode(),
        opening=re.compile(f"{blanks}{mark}".encode() if mark else rb"(?!)"),
        run=re.compile(f"(?:{plain}{sign})*".encode()),
        quoted=re.compile(inside.encode()),
        cell=re.compile(cell.encode()),
        text_cell=re.compile(cell),
        escaped=re.compile(escaped),
    )


class SpanFinder:
    """Finds the end of one record after the other, in linear time whatever the file holds.

    Broken quoting sends the reader back to the next line. Without a memory, a file in which every
    line opens a cell that nothing closes would be read to its end from each of them: so the marks
    through which a failed attempt went are kept, and an attempt that comes to one has failed.

    Attributes:
        grammar: the compiled dialect.
        longest: bytes that a record over several lines may have.
        careful_until: offset in the file up to which records must be looked for here, because an
            attempt failed for its length alone: the marks it went through count as broken.
    """

    __slots__ = ("_dead", "careful_until", "grammar", "longest")

    def __init__(self, dialect: Dialect, *, longest: int = MAX_RECORD) -> None:
        """Take the dialect."""
        self.grammar = grammar_of(dialect)
        self.longest = longest
        self.careful_until = 0
        self._dead: set[int] = set()

    def find(self, stretch: Stretch, start: int, *, line: int) -> Span | None:
        """Return the record that begins at `start`; None when more of the file must be seen."""
        data = stretch.data
        end = data.find(b"\n", start)
        if end < 0:
            end = len(data)
        is_sound = True
        if self.grammar.quote and data.find(self.grammar.quote, start, end) >= 0:
            found = self._sound_end(stretch, start, end)
            if found == _OPEN:
                return None
            is_sound = found != _BROKEN
            end = found if is_sound else end
        while end > start and data[end - 1] == _CR:
            end -= 1
        return Span(line, start, end, is_sound)

    def _sound_end(self, stretch: Stretch, start: int, first_end: int) -> int:
        """Return where the record ends, `_BROKEN`, or `_OPEN` when that is not seen yet."""
        data, grammar = stretch.data, self.grammar
        limit = max(first_end, start + self.longest)
        marks: list[int] = []
        position = start
        while True:
            opening = _end_of(grammar.run, data, position)
            if not grammar.opening.match(data, opening):
                end = data.find(b"\n", opening)
                end = len(data) if end < 0 else end
                return end if end <= limit else self._fail(stretch, marks, is_too_long=True)
            if stretch.offset + opening in self._dead:
                return self._fail(stretch, marks)
            position = _end_of(grammar.quoted, data, opening, min(limit, len(data)))
            if position < 0 and len(data) < limit and not stretch.is_last:
                return _OPEN
            if position < 0 or not marks or position - marks[-1] > _SPARSE:
                marks.append(opening)
            if position < 0:
                return self._fail(stretch, marks, is_too_long=limit <= len(data))
            if data.startswith(grammar.sign, position):
                position += len(grammar.sign)
            elif _LINE_END.match(data, position):
                return position
            else:
                return self._fail(stretch, marks)

    def _fail(self, stretch: Stretch, marks: list[int], *, is_too_long: bool = False) -> int:
        """Remember the marks that an attempt went through."""
        if marks and is_too_long:
            self.careful_until = max(self.careful_until, stretch.offset + marks[-1] + 1)
        if len(self._dead) > _REMEMBERED and marks:
            self._dead = {mark for mark in self._dead if mark >= stretch.offset + marks[0]}
        self._dead.update(stretch.offset + mark for mark in marks)
        return _BROKEN


def _end_of(pattern: re.Pattern[bytes], data: bytes, start: int, stop: int = sys.maxsize) -> int:
    """Return where a match that begins at `start` ends, -1 when there is none."""
    match = pattern.match(data, start, stop)
    return match.end() if match else -1


def next_span(data: bytes, start: int, *, line: int, dialect: Dialect) -> Span:
    """Return the record that begins at `start`, which must lie inside `data`, a whole file."""
    span = SpanFinder(dialect).find(Stretch(data), start, line=line)
    return span or Span(line, start, len(data), is_sound=False)  # a whole file leaves nothing open


def after(data: bytes, span: Span) -> tuple[int, int]:
    """Return offset and line of what follows a record."""
    end = data.find(b"\n", span.end)
    start = len(data) if end < 0 else end + 1
    lines = 1 if end < 0 else data.count(b"\n", span.start, start)
    return start, span.line + lines


def cells_of(text: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the cells of a well-quoted record, without quotation marks, as written otherwise."""
    has_marks = dialect.quote and dialect.quote in text
    if not has_marks and not dialect.skips_spaces:
        return tuple(text.split(dialect.delimiter))
    grammar = grammar_of(dialect)
    found = grammar.text_cell.findall(text + dialect.delimiter)
    if not dialect.escape:
        twice = dialect.quote * 2
        return tuple(
            quoted.replace(twice, dialect.quote) if quoted else plain for quoted, plain in found
        )
    return tuple(
        grammar.escaped.sub(lambda one: one[1] or one[2], quoted) if quoted else plain
        for quoted, plain in found
    )


def raw_cells_of(raw: bytes, dialect: Dialect) -> list[bytes]:
    """Return the cells of a record as bytes; what follows broken quoting is one cell."""
    ends = list(separators_of(raw, dialect))
    size = len(grammar_of(dialect).sign)
    starts = [0, *(end + size for end in ends)]
    return [raw[start:end] for start, end in zip(starts, [*ends, len(raw)], strict=True)]


def separators_of(raw: bytes, dialect: Dialect) -> Iterator[int]:
    """Yield the offsets of the delimiters in a record, as far as its quoting is sound."""
    grammar = grammar_of(dialect)
    position = 0
    while match := grammar.cell.match(raw, position):
        position = match.end()
        yield position - len(grammar.sign)


def is_closed(cell: bytes, dialect: Dialect) -> bool:
    """Return whether a quoted cell with broken quoting is closed, so that text follows it."""
    return grammar_of(dialect).quoted.match(cell) is not None
