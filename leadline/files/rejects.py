"""Which records of a table file cannot be read, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.files.grammar import cells_of, is_closed, raw_cells_of

if TYPE_CHECKING:
    from leadline.files.grammar import Dialect, Span

MAX_CELL: Final = 100_000  # characters
#: The end of what is said of a row that came back from a quarantine file as it was written.
UNCHANGED: Final = "the row was not changed: mend it"


class Reject(NamedTuple):
    """One record that cannot be read.

    Attributes:
        line: physical line on which it starts, one-based.
        column: number of the cell at fault, one-based; 0 when the whole record is meant.
        reason: bad_encoding, stray_quote, empty_row, field_count or too_long.
        detail: what is wrong, without the content.
        raw: its bytes without the line end; only the first line for stray_quote.
        nth: how many records with the same bytes came before it in the file.
    """

    line: int
    column: int
    reason: str
    detail: str
    raw: bytes
    nth: int = 0


class Examiner(NamedTuple):
    """Tells for one record whether it can be read.

    Attributes:
        dialect: how the file is written.
        width: how many columns the header has.
        encoding: what the file was encoded in, for the words about bytes that are not.
    """

    dialect: Dialect
    width: int
    encoding: str

    def examine(self, span: Span, raw: bytes) -> tuple[str, ...] | Reject:
        """Return the cells below the header, or the first code that fits."""
        text = None if b"\0" in raw else _decoded(raw)
        if text is None:
            return self._bad_encoding(span.line, raw)
        if not span.is_sound:
            return self._stray_quote(span.line, raw)
        cells = cells_of(text, self.dialect)
        if not cells[0].strip() and not any(cell.strip() for cell in cells):
            return Reject(span.line, 0, "empty_row", "", raw)
        if len(cells) < self.width or any(cell.strip() for cell in cells[self.width :]):
            detail = f"{len(cells)} cells, the header has {self.width}"
            return Reject(span.line, min(len(cells), self.width) + 1, "field_count", detail, raw)
        if len(text) > MAX_CELL and (longest := max(map(len, cells))) > MAX_CELL:
            column = [len(cell) for cell in cells].index(longest) + 1
            detail = f"{longest} characters, at most {MAX_CELL}"
            return Reject(span.line, column, "too_long", detail, raw)
        return cells[: self.width]

    def _bad_encoding(self, line: int, raw: bytes) -> Reject:
        """Return the reject that names the first cell with a bad byte."""
        cells = enumerate(raw_cells_of(raw, self.dialect), start=1)
        column = next((n for n, cell in cells if b"\0" in cell or _decoded(cell) is None), 0)
        what = "a NUL character" if b"\0" in raw else f"bytes that are not {self.encoding}"
        return Reject(line, column, "bad_encoding", what, raw)

    def _stray_quote(self, line: int, raw: bytes) -> Reject:
        """Return the reject that names the cell whose quoting is broken."""
        cells = raw_cells_of(raw, self.dialect)
        has_text = is_closed(cells[-1], self.dialect)
        what = "text follows a closing quote" if has_text else "a quoted cell is not closed"
        return Reject(line, len(cells), "stray_quote", what, raw)


def _decoded(raw: bytes) -> str | None:
    """Return the text of bytes in UTF-8, None when they are not."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
