"""Finding out how a table file is written: delimiter, quotation mark, escape, line ends.

Each possible dialect is tried on the first records. The one wins under which most of them have
the same number of cells, so that a delimiter inside prose, a title above the table and some
broken rows do not mislead. Signs that prose is full of (a space, a colon) are believed only when
no other sign explains the file.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.files.grammar import (
    Dialect,
    SpanFinder,
    Stretch,
    after,
    cells_of,
    is_closed,
    raw_cells_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The delimiters that most files have.
DELIMITERS: Final = (",", ";", "\t", "|")
_RARE: Final = ("^", "~", "¦", "\x1f", "\x01", "，")
_LAST: Final = (":", " ")
_DOUBLED: Final = frozenset("|;~^:,")
_QUOTES: Final = ('"', "'")
_RECORDS: Final = 150  # that are looked at, to find the delimiter
_MORE_RECORDS: Final = 2_000  # that are looked at, to find the escape
_BYTES: Final = 1 << 16  # in which the first ones are looked for
_CLEAR: Final = 0.9  # the share of records that agree about a delimiter that is a common sign
_LEAD: Final = 0.25  # by which it must explain the file better than any other
_WIDE: Final = 3  # cells that it must make, unless quotation marks speak for it
_SPACED: Final = 0.9  # the share of cells behind a space, if that belongs to the delimiter
_MEANT: Final = 0.1  # the share of records with cells in single quotation marks, if they are some
_BROKEN: Final = 0.5  # the share of records with broken quoting, if the marks are plain text
_ANNOUNCEMENT: Final = re.compile(rb'"?sep=(.)"?\r*(?:\n|\Z)', re.IGNORECASE | re.DOTALL)


class Sampled(NamedTuple):
    """One of the first records of a file.

    Attributes:
        line: physical line on which it starts, one-based.
        start: offset of its first byte.
        cells: its cells; those of broken quoting are cut as far as they can be.
        is_sound: whether its quoting is sound.
        quoted: how many of its cells are well quoted.
        behind: offset and line of what follows.
    """

    line: int
    start: int
    cells: tuple[str, ...]
    is_sound: bool
    quoted: int
    behind: tuple[int, int]


class _Trial(NamedTuple):
    """How well a dialect explains the first records."""

    score: float
    width: int
    share: float
    quoted: int
    quoted_share: float
    broken_share: float
    dialect: Dialect


def announced_delimiter(sample: bytes) -> tuple[str, int]:
    """Return what Excel's line `sep=;` announces and the length of that line; else "" and 0.

    A sign that stands nowhere below is not what separates the cells: then "" and the length.
    """
    found = _ANNOUNCEMENT.match(sample)
    if not found:
        return "", 0
    is_true = sample.find(found[1], found.end()) >= 0
    return (found[1].decode("latin-1") if is_true else ""), found.end()


def find_dialect(
    sample: bytes, *, delimiter: str | None = None, quote: str | None = None, is_whole: bool = True
) -> Dialect:
    """Return the dialect that explains a file best.

    Args:
        sample: the beginning of the file in UTF-8, cut behind a line.
        delimiter: the delimiter, when it is known.
        quote: the quotation mark, when it is known; empty when there is none.
        is_whole: whether the sample is the whole file.
    """
    head = Stretch(sample, 0, is_whole)
    if len(sample) > _BYTES and (cut := sample.rfind(b"\n", 0, _BYTES) + 1):
        head = Stretch(sample[:cut], 0, is_last=False)
    if delimiter is None:
        best = _with_doubled_delimiter(head, _best_delimiter(head, quote))
    else:
        best = _quoting(head, delimiter, quote)
    best = _with_spaces(head, best)
    dialect = _with_escape(Stretch(sample, 0, is_whole), best.dialect)
    return replace(dialect, line_end=_line_end(sample, dialect.quote))


def first_records(
    stretch: Stretch, dialect: Dialect, *, most: int = _RECORDS, start: tuple[int, int] = (0, 1)
) -> Iterator[Sampled]:
    """Yield the first records that are not of zero characters."""
    finder = SpanFinder(dialect)
    (position, line), count = start, 0
    while position < len(stretch.data) and count < most:
        span = finder.find(stretch, position, line=line)
        if span is None:
            return
        behind = after(stretch.data, span)
        if span.end > span.start:
            count += 1
            raw = stretch.data[span.start : span.end]
            cells, quoted = _cells(raw, dialect, is_sound=span.is_sound)
            yield Sampled(span.line, span.start, cells, span.is_sound, quoted, behind)
        position, line = behind


def _cells(raw: bytes, dialect: Dialect, *, is_sound: bool) -> tuple[tuple[str, ...], int]:
    """Return the cells of a record, and how many of them are well quoted."""
    pieces: list[bytes] = []
    if not is_sound or (dialect.quote and dialect.quote.encode() in raw):
        pieces = raw_cells_of(raw, dialect)
    mark = dialect.quote.encode()
    opened = (piece for piece in pieces if mark and piece.lstrip(b" ").startswith(mark))
    quoted = sum(is_closed(piece, dialect) for piece in opened)
    if is_sound:
        return cells_of(raw.decode("utf-8", "replace"), dialect), quoted
    return tuple(piece.decode("utf-8", "replace") for piece in pieces), quoted


def _best_delimiter(head: Stretch, quote: str | None) -> _Trial:
    """Return the best dialect of all delimiters that occur."""
    usual = [sign for sign in DELIMITERS if sign.encode() in head.data]
    best = _best([_quoting(head, sign, quote) for sign in usual or DELIMITERS[:1]])
    for signs, least in ((_RARE, 2), (_LAST, _WIDE)):
        if best.score + _LEAD >= 1:
            break
        trials = [_quoting(head, sign, quote) for sign in signs if sign.encode() in head.data]
        if not trials:
            continue
        other = _best(trials)
        is_wide = other.width >= least or other.quoted > best.quoted
        if is_wide and other.share >= _CLEAR and other.score > best.score + _LEAD:
            best = other
    return _single_column(head, best)


def _best(trials: Sequence[_Trial]) -> _Trial:
    """Return the trial with the highest score, the first one in a tie."""
    return max(trials, key=lambda trial: trial.score)


def _quoting(head: Stretch, delimiter: str, quote: str | None) -> _Trial:
    """Return the best way of quoting for a delimiter."""
    trials = [_try(head, dialect) for dialect in _ways(head.data, delimiter, quote)]
    best = trials[0]
    for trial in trials[1:]:
        best = trial if _is_better(trial, best) else best
    if quote is None and best.broken_share > _BROKEN and not best.quoted:
        best = _best([best, _try(head, replace(best.dialect, quote=""))])
    return best


def _ways(data: bytes, delimiter: str, quote: str | None) -> Iterator[Dialect]:
    """Yield the ways of quoting that a file gives reason for, the plainest first."""
    spaced = data.count(f"{delimiter} ".encode())
    behind = data.count(f'" {delimiter}'.encode())
    is_usual = 2 * max(spaced, behind) >= data.count(delimiter.encode()) > 0
    is_spaced = is_usual and delimiter != " "
    for mark in _QUOTES if quote is None else (quote,):
        if mark == "'" and not _opens_cells(data, delimiter):
            continue
        for escape in ("", "\\") if _has_escapes(data, mark) else ("",):
            for skips_spaces in (False, True) if is_spaced else (False,):
                yield Dialect(delimiter, mark, escape, skips_spaces)


def _opens_cells(data: bytes, delimiter: str) -> bool:
    """Return whether a single quotation mark stands where a cell begins."""
    before = (b"\n", delimiter.encode(), f"{delimiter} ".encode())
    return data.startswith(b"'") or any(sign + b"'" in data for sign in before)


def _has_escapes(data: bytes, mark: str) -> bool:
    """Return whether more marks inside cells stand behind a backslash than are doubled."""
    if not mark or b"\\" not in data:
        return False
    sign = mark.encode()
    doubled = len(re.findall(rb"\w" + sign + sign + rb"|" + sign + sign + rb"\w", data))
    return data.count(b"\\" + sign) > doubled


def _is_better(trial: _Trial, best: _Trial) -> bool:
    """Return whether a way of quoting explains the file better than a plainer one."""
    if trial.dialect.quote != best.dialect.quote:
        is_meant = trial.quoted_share >= _MEANT and not best.quoted
        is_more = trial.score > best.score and trial.quoted > best.quoted
        return is_more or (is_meant and trial.score >= best.score)
    return trial.score > best.score


def _try(head: Stretch, dialect: Dialect, *, most: int = _RECORDS) -> _Trial:
    """Read the first records in a dialect and weigh how much alike they are."""
    records = list(first_records(head, dialect, most=most))
    total = len(records) or 1
    counts = Counter(len(record.cells) for record in records if record.is_sound)
    width = max(counts, key=lambda cells: (counts[cells] * (1 - 0.5 / cells), cells), default=1)
    share = counts[width] / total
    return _Trial(
        score=share * share * (1 - 1 / width),
        width=width,
        share=share,
        quoted=sum(record.quoted for record in records),
        quoted_share=sum(record.quoted > 0 for record in records) / total,
        broken_share=1 - counts.total() / total,
        dialect=dialect,
    )


def _single_column(head: Stretch, best: _Trial) -> _Trial:
    """Return a dialect without a delimiter for a column of prose, such as `Miller, Ann`."""
    if best.width != 2 or best.dialect.delimiter not in ",;:":  # noqa: PLR2004 (parts)
        return best
    records = list(first_records(head, best.dialect))
    others = [cell for record in records for cell in record.cells[1:]]
    spaced = sum(cell.startswith(" ") for cell in others)
    if len(records[0].cells) > 1 or spaced < _SPACED * len(others) or best.quoted:
        return best
    absent = next((sign for sign in "\t|^~\x1f" if sign.encode() not in head.data), "\x01")
    return _try(head, Dialect(absent))


def _with_doubled_delimiter(head: Stretch, best: _Trial) -> _Trial:
    """Return `||` for `|` when every other cell is empty in every record."""
    dialect = best.dialect
    is_odd = best.width >= _WIDE and best.width % 2
    if (
        dialect.delimiter not in _DOUBLED
        or not is_odd
        or dialect.delimiter.encode() * 2 not in head.data
    ):
        return best
    records = [record for record in first_records(head, dialect) if record.is_sound]
    if any(cell for record in records for cell in record.cells[1::2]):
        return best
    return _try(head, replace(dialect, delimiter=dialect.delimiter * 2))


def _with_spaces(head: Stretch, best: _Trial) -> _Trial:
    """Return the dialect in which spaces behind the delimiter do not count, if they are usual."""
    dialect = best.dialect
    if dialect.skips_spaces or dialect.delimiter == " ":
        return best
    if f"{dialect.delimiter} ".encode() not in head.data:
        return best
    records = first_records(head, dialect)
    others = [cell for record in records for cell in record.cells[1:] if cell]
    spaced = sum(cell.startswith(" ") for cell in others)
    if not spaced or 2 * spaced < len(others):
        return best
    trial = _try(head, replace(dialect, skips_spaces=True))
    is_usual = spaced >= _SPACED * len(others) and trial.score >= best.score
    return trial if is_usual or trial.score > best.score else best


def _with_escape(sample: Stretch, dialect: Dialect) -> Dialect:
    """Return the dialect with backslashes, if so more records further down are sound."""
    if dialect.escape or not _has_escapes(sample.data, dialect.quote):
        return dialect
    plain = _try(sample, dialect, most=_MORE_RECORDS)
    escaped = _try(sample, replace(dialect, escape="\\"), most=_MORE_RECORDS)
    return escaped.dialect if escaped.score > plain.score else dialect


def _line_end(sample: bytes, quote: str) -> str:
    """Return what ends the records, line ends inside quotation marks left out."""
    mark = quote.encode()
    plain = re.sub(mark + rb"[^" + mark + rb"]*+" + mark, b"", sample) if quote else sample
    pairs = plain.count(b"\r\n")
    alone = plain.count(b"\n") - pairs
    if pairs and alone:
        return "mixed"
    return "CRLF" if pairs else "LF"
