"""Where the records and cells of a stretch of a file begin and end, found for all of it at once.

Quotation marks are counted: what an even number precedes lies outside of quoted cells. That holds
as long as every mark stands where the grammar allows it, which is checked for each: an opening
one behind a delimiter or a line feed, a closing one before a delimiter or a line's end, all others
in pairs. Where one does not, its record is left to the exact grammar (`leadline.files.grammar`),
and the counting starts again behind it. So the answer is that of the exact grammar, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np  # noqa: TID253 - all of it computes in columns; loaded when a file is read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadline.files.grammar import Dialect, Grammar, Span, SpanFinder, Stretch

    Positions = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_LF: Final = 0x0A
_CR: Final = 0x0D


@dataclass(frozen=True, slots=True)
class Cuts:
    """The records of a stretch and their cells.

    Attributes:
        separators: offsets of the delimiters and line feeds outside of quoted cells.
        ends: which of `separators` end a record.
        lines: how many lines of the stretch stand above each record.
        broken: offsets at which records with broken quoting begin.
        marks: offsets of all quotation marks, those of the rest included.
        end: offset behind the last whole record; the rest needs more of the file.
        line_count: how many lines that is.
    """

    separators: Positions
    ends: Positions
    lines: Positions
    broken: Positions
    marks: Positions
    end: int
    line_count: int


class Cutter:
    """Cuts one stretch after the other in a dialect of single-byte signs."""

    def __init__(self, dialect: Dialect, finder: SpanFinder) -> None:
        """Take the dialect, and the finder that knows where earlier records failed."""
        self._dialect = dialect
        self._finder = finder

    def cut(self, stretch: Stretch) -> Cuts:
        """Cut a stretch, which must end with a line feed."""
        cuts = self._cut(stretch)
        if len(stretch.data) > self._finder.longest and self._has_long(cuts):
            self._finder.careful_until = stretch.offset + len(stretch.data)
            return self._cut(stretch)
        return cuts

    def _has_long(self, cuts: Cuts) -> bool:
        """Return whether a record is longer than one over several lines may be."""
        stops = cuts.separators[cuts.ends]
        return bool((np.diff(stops, prepend=-1) - 1 > self._finder.longest).any())

    def _cut(self, stretch: Stretch) -> Cuts:
        data = np.frombuffer(stretch.data, np.uint8)
        special = data == ord(self._dialect.delimiter)
        special |= data == _LF
        if not self._dialect.quote or self._dialect.quote.encode() not in stretch.data:
            positions = np.flatnonzero(special)
            return _cuts_of(positions, data[positions] == _LF)
        special |= data == ord(self._dialect.quote)
        positions = np.flatnonzero(special)
        walk = _Walk(_Signs(data, positions, self._dialect))
        walk.run(stretch, self._finder)
        return _cuts_of(positions, walk.signs.is_feed, kept=walk.kept(), walk=walk)


def _cuts_of(
    positions: Positions,
    is_feed: Flags,
    *,
    kept: Flags | None = None,
    walk: _Walk | None = None,
) -> Cuts:
    """Make the cuts of those signs that are kept: all of them where there is no quotation mark."""
    none = positions[:0]
    separators = positions if kept is None else positions[kept]
    ends = np.flatnonzero(is_feed if kept is None else is_feed[kept])
    feeds = np.arange(len(ends)) if kept is None else np.flatnonzero(kept[is_feed])
    above = np.zeros(len(ends) + 1, np.int64)
    above[1:] = feeds + 1
    return Cuts(
        separators=separators,
        ends=ends,
        lines=above[:-1],
        broken=none if walk is None else np.array(walk.broken, np.int64),
        marks=none if walk is None else walk.signs.marks,
        end=int(separators[ends[-1]]) + 1 if len(ends) else 0,
        line_count=int(above[-1]),
    )


class _Signs:
    """Every delimiter, line feed and quotation mark of a stretch.

    A mark that can neither open nor close a cell, nor is one of a pair (`27" screen`), does not
    count: outside of quoted cells it is text, and inside of one it breaks the quoting.

    Attributes:
        positions: the signs' offsets.
        is_feed: which of them are line feeds.
        is_mark: which of them are quotation marks.
        marks: the offsets of the quotation marks.
        counted: the offsets of those that count.
        parity: of the number of such marks up to each sign, itself included.
        misplaced: the offsets of the marks that break the grammar when the counted ones of even
            number open cells, and when those of odd number do.
        size: bytes of the stretch.
    """

    def __init__(self, data: NDArray[np.uint8], positions: Positions, dialect: Dialect) -> None:
        """Judge each mark by what stands beside it."""
        delimiter, mark = ord(dialect.delimiter), ord(dialect.quote)
        codes = data[positions]
        self.size = len(data)
        self.positions = positions
        self.is_feed: Flags = codes == _LF
        self.is_mark: Flags = codes == mark
        self.marks: Positions = positions[self.is_mark]
        before, behind = data[self.marks - 1], data[self.marks + 1]  # the last byte is a line feed
        may_open = (before == delimiter) | (before == _LF) | (before == mark)
        may_close = (behind == delimiter) | (behind == _LF) | (behind == mark)
        is_return = np.flatnonzero(behind == _CR)
        may_close[is_return] = data[self.marks[is_return] + 2] == _LF
        self._count(may_open, may_close)
        self._feeds: list[Positions | None] = [None, None]

    def _count(self, may_open: Flags, may_close: Flags) -> None:
        counts = may_open | may_close
        texts = self.marks[~counts]
        self.counted: Positions = self.marks[counts]
        is_counted = self.is_mark
        if len(texts):
            is_counted = is_counted.copy()
            is_counted[np.flatnonzero(is_counted)[~counts]] = False
            may_open, may_close = may_open[counts], may_close[counts]
        self.parity: NDArray[np.uint8] = np.cumsum(is_counted, dtype=np.uint8) & np.uint8(1)
        even = may_open.copy()
        even[1::2] = may_close[1::2]
        may_close[1::2] = may_open[1::2]
        wrong: list[Positions] = [self.counted[~even], self.counted[~may_close]]
        if len(texts):
            odd = np.searchsorted(self.counted, texts) & 1
            inside = texts[odd == 1], texts[odd == 0]
            wrong = [np.sort(np.concatenate(both)) for both in zip(wrong, inside, strict=True)]
        self.misplaced = wrong

    def start_of_record(self, position: int, parity: int) -> int:
        """Return the offset behind the last line feed above `position` that ends a record."""
        feeds = self._feeds[parity]
        if feeds is None:
            feeds = self._feeds[parity] = self.positions[self.is_feed & (self.parity == parity)]
        above = int(feeds.searchsorted(position))
        return int(feeds[above - 1]) + 1 if above else 0


class _Walk:
    """The way through a stretch: where counting marks does, and where the exact grammar must.

    Attributes:
        signs: the signs of the stretch.
        broken: offsets at which records with broken quoting begin.
        end: offset behind the last whole record.
    """

    def __init__(self, signs: _Signs) -> None:
        """Begin at the first byte."""
        self.signs = signs
        self.broken: list[int] = []
        self.end = 0
        self._counted: list[tuple[int, int]] = [(0, 0)]  # from where on, with which parity
        self._exact: list[tuple[int, int]] = []  # from where to where
        self._plain: list[tuple[int, int]] = []  # the same of records without a quoted cell
        self._separators: list[int] = []

    def run(self, stretch: Stretch, finder: SpanFinder) -> None:
        """Go on until the end, or until more of the file must be seen."""
        size = self.signs.size
        while self.end < size:
            is_careful = stretch.offset + self.end < finder.careful_until
            start = self.end if is_careful else self._count_on()
            self.end = start
            if start == size:
                return
            span = finder.find(stretch, start, line=0)
            if span is None:
                return
            self._take(stretch.data, span, finder.grammar)

    def _count_on(self) -> int:
        """Return the start of the next record in which a mark stands in the wrong place."""
        marks = self.signs.counted
        first = int(marks.searchsorted(self.end))
        parity = first & 1
        self._counted.append((self.end, parity))
        wrong = self.signs.misplaced[parity]
        next_ = int(wrong.searchsorted(self.end))
        if next_ < len(wrong):
            trouble = int(wrong[next_])
        elif (len(marks) - first) & 1:
            trouble = int(marks[-1])  # it opens a cell that this stretch does not close
        else:
            return self.signs.size
        return self.signs.start_of_record(trouble, parity)

    def _take(self, data: bytes, span: Span, grammar: Grammar) -> None:
        """Take over a record from the exact grammar."""
        feed = data.index(b"\n", span.end)
        raw = data[span.start : span.end]
        self.end = feed + 1
        if not span.is_sound:
            self.broken.append(span.start)
        elif raw.startswith(grammar.quote) or grammar.sign + grammar.quote in raw:
            matches = grammar.cell.finditer(raw + grammar.sign)
            self._separators += [span.start + match.end() - 1 for match in matches][:-1]
        else:
            self._plain.append((span.start, self.end))
            return
        self._separators.append(feed)
        self._exact.append((span.start, self.end))

    def kept(self) -> Flags:
        """Return which signs end a cell."""
        signs = self.signs
        starts, parities = np.array(self._counted).T
        bounds = np.searchsorted(signs.positions, [*starts, signs.size])
        bounds[0] = 0
        wanted = np.repeat(parities.astype(np.uint8), np.diff(bounds))
        kept: Flags = (signs.parity == wanted) & ~signs.is_mark
        if self._exact:
            for start, stop in np.searchsorted(signs.positions, self._exact).tolist():
                kept[start:stop] = False
            kept[np.searchsorted(signs.positions, self._separators)] = True
        if self._plain:
            for start, stop in np.searchsorted(signs.positions, self._plain).tolist():
                kept[start:stop] = ~signs.is_mark[start:stop]
        kept[np.searchsorted(signs.positions, self.end) :] = False
        return kept
