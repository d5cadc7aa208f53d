"""Where the header of a text file stands, what it says, and where the records begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.headers import fold_header, known_words, read_header
from leadline.files.dialect import DELIMITERS, Sampled, first_records
from leadline.files.header import Heading, Row, find_heading, numbered_names, usual_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leadline.files.grammar import Dialect, Stretch

_ROWS: Final = 150
_ABOVE: Final = 10  # lines that may stand above a table with a delimiter of their own
_TAKEN_APART: Final = 300  # cells
_LONG_NAME: Final = 120  # characters


class Layout(NamedTuple):
    """Where the records of a text file begin and what their columns are called.

    Attributes:
        heading: which records name the columns; None when none does.
        names: of the columns, also of the one that marks where records of several lines begin.
        start: offset of the first record.
        start_line: physical line on which it starts, one-based.
    """

    heading: Heading | None
    names: tuple[str, ...]
    start: int
    start_line: int

    @property
    def marker(self) -> int:
        """Place of the column that marks where records of several lines begin, or -1."""
        return self.heading.marker if self.heading else -1


def find_layout(
    sample: Stretch, dialect: Dialect, *, line: int | None = None, first_line: int = 1
) -> Layout:
    """Find the header of a text file.

    Args:
        sample: the beginning of the file in UTF-8.
        dialect: how it is written.
        line: the line of the header, when it is known.
        first_line: the physical line on which the sample begins.
    """
    most = max(_ROWS, line or 0)
    records = list(first_records(sample, dialect, most=most, start=(0, first_line)))
    rows = [Row(record.line, _unquoted(record, dialect)) for record in records]
    usual = usual_width(rows)
    for place, row in enumerate(rows[:_ABOVE]):
        if len(row.cells) == usual:
            break
        rows[place] = Row(row.line, _split_otherwise(row.cells, usual))
    heading = find_heading(rows, is_known=known_names(), line=line)
    if heading is None:
        width = max(usual_width(rows), 1)
        return Layout(None, numbered_names(width), 0, first_line)
    return Layout(heading, heading.names, *records[heading.last].behind)


def _unquoted(record: Sampled, dialect: Dialect) -> tuple[str, ...]:
    """Return the cells of a record; one with broken quoting is read as if it had none."""
    if record.is_sound:
        return record.cells
    text = dialect.delimiter.join(record.cells)
    return tuple(text.replace(dialect.quote, "").split(dialect.delimiter))


def _split_otherwise(cells: Sequence[str], usual: int) -> Sequence[str]:
    """Return a line above the table by its own delimiter, if that makes as many cells as usual."""
    if len(cells) == 1 and usual > 1:
        for sign in DELIMITERS:
            if cells[0].count(sign) == usual - 1:
                return cells[0].split(sign)
    return cells


def is_address(name: str) -> bool:
    """Return whether a column of this name holds mail addresses."""
    found = read_header(name) if len(name) < _LONG_NAME else None
    return found is not None and found.field == "email"


def known_names() -> Callable[[str], bool]:
    """Return what tells whether a cell is a word for a column that the mapping knows.

    To take headers apart takes time, so that is done for the first cells that are asked for; of
    others only the plain words are known.
    """
    answers: dict[str, bool] = {}

    def is_known(name: str) -> bool:
        if name not in answers:
            is_plain = fold_header(name[:_LONG_NAME]) in known_words()
            is_early = len(answers) < _TAKEN_APART and len(name) < _LONG_NAME
            answers[name] = is_plain or (is_early and read_header(name) is not None)
        return answers[name]

    return is_known
