"""Where a command says what: results on stdout, progress and notes on stderr, JSON when asked.

Whatever comes from the database or a file is shown without its control characters, so that no
lead can move a terminal's cursor, and never read as markup.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import IO, TYPE_CHECKING, Any, Final

from leadline.cli.wording import say

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

#: What a column that gives way to others keeps, in terminal cells.
LEAST_WIDTH: Final = 12
GAP: Final = 2
#: Format characters that turn the direction of text around (Unicode's bidirectional controls).
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Column:
    """A column of a table: its title's key in the catalog, and how it is set.

    Attributes:
        is_number: set flush right.
        may_shrink: cut with an ellipsis on a narrow terminal; all others keep their width.
        may_wrap: broken into lines there instead.
    """

    key: str
    is_number: bool = False
    may_shrink: bool = False
    may_wrap: bool = False


@dataclass
class Output:
    """Speaks to the person or the script that called."""

    lang: str
    is_json: bool

    def words(self, key: str, **facts: object) -> str:
        """Return a sentence of the catalog in this call's language."""
        return say(key, self.lang, **facts)

    def line(self, key: str, **facts: object) -> None:
        """Say a sentence of the result; nothing where JSON is wanted."""
        self.text(self.words(key, **{name: plain(fact) for name, fact in facts.items()}))

    def text(self, text: str = "") -> None:
        """Print a line of the result as it is; nothing where JSON is wanted."""
        if not self.is_json:
            _print(sys.stdout, text)

    def note(self, key: str, **facts: object) -> None:
        """Say a sentence on stderr, beside the result."""
        self.note_text(self.words(key, **{name: plain(fact) for name, fact in facts.items()}))

    def note_text(self, text: str) -> None:
        """Print a line on stderr."""
        _print(sys.stderr, text)

    def document(self, document: dict[str, Any]) -> None:
        """Print the one JSON document; nothing where words are wanted."""
        if self.is_json:
            _print(sys.stdout, as_json(document, is_ascii=not _is_unicode(sys.stdout)))

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """Print a table without rules, so that it can be searched and cut."""
        if self.is_json:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        titles = [self.words(column.key) for column in columns]
        lines = [[plain(cell) for cell in row] for row in rows]
        for column, title, width in zip(
            columns, titles, _widths(columns, titles, lines), strict=True
        ):
            table.add_column(
                Text(title),
                justify="right" if column.is_number else "left",
                no_wrap=not column.may_wrap,
                overflow="ellipsis" if column.may_shrink else "fold",
                width=width,
            )
        for line in lines:
            table.add_row(*map(Text, line))
        show(table, sys.stdout)

    @contextmanager
    def progress(self, key: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show a bar on stderr while the block runs, if that is a terminal.

        Args:
            key: what is being done, of the catalog.
            total: how many rows there are, None when that is not known.

        Yields:
            A function that takes the number of rows that were done since.
        """
        if not sys.stderr.isatty():
            yield lambda _count: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Elapsed())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        with bar:
            task = bar.add_task(self.words(key), total=total)
            yield lambda count: bar.advance(task, count)


def plain(value: object) -> str:
    """Return a value as text of one line for a terminal; None is empty."""
    if value is None:
        return ""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    return "\N{REPLACEMENT CHARACTER}" if is_control or character in _TURNS else character


def _widths(
    columns: Sequence[Column], titles: Sequence[str], lines: Sequence[Sequence[str]]
) -> list[int]:
    """Return the columns' widths in terminal cells; on a narrow terminal some give way."""
    from rich.cells import cell_len

    cells = zip(titles, *lines, strict=True)
    widths = [max(map(cell_len, column)) for column in cells]
    if not sys.stdout.isatty():
        return widths
    room = get_terminal_size().columns - GAP * (len(columns) - 1)
    while sum(widths) > room:
        wide = [
            number
            for number, column in enumerate(columns)
            if (column.may_shrink or column.may_wrap) and widths[number] > LEAST_WIDTH
        ]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def show(renderable: RenderableType, stream: IO[str]) -> None:
    """Render onto a stream; nothing is cut that is wider than the terminal."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(file=stream, highlight=False, emoji=False, markup=False, width=10_000)
    console.width = Measurement.get(console, console.options, renderable).maximum
    _print_rich(console, renderable)


def _print_rich(console: Console, renderable: RenderableType) -> None:
    with console.capture() as captured:
        console.print(renderable)
    for text in captured.get().splitlines():
        _print(console.file, text.rstrip())


def as_json(document: object, *, is_ascii: bool = False) -> str:
    """Return a document as JSON: times in UTC with a Z, paths and enumerations as text."""
    return json.dumps(document, ensure_ascii=is_ascii, indent=2, default=_jsonable)


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, (Path, frozenset)):
        return str(value) if isinstance(value, Path) else sorted(value)
    message = f"no JSON for a {type(value).__name__}"
    raise TypeError(message)


def time_text(at: datetime | None) -> str | None:
    """Return an aware instant in UTC as `2026-11-23T00:25:00Z`."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_unicode(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().startswith("utf")


def _print(stream: IO[str], text: str) -> None:
    """Write a line; what the terminal's encoding lacks is shown by its code point."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
