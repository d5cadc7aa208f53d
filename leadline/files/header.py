"""Finding the line that names the columns, among notes above it and data below.

A header's cells are short, distinct and hold no address, number or date; where the cells below it
do, it differs from them. The aliases of the mapping count for it. A second line of names is
joined to the first, or replaces it when it alone is what the aliases know.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOOKED_AT: Final = 40  # rows among which the header is looked for
_COLUMNS: Final = 300  # that are looked at; what lies behind them is taken as it is
_BODY: Final = 60  # rows below that tell what the columns hold
_LONGEST: Final = 300  # characters of a name; forms ask long questions
_MOST_LINES: Final = 3  # of a header
_SAME: Final = 0.6  # the share of a column's cells of one kind that gives it that kind
_NEARLY_ALL: Final = 0.9  # the share of rows that have as many cells as there are names
_DATA: Final = 0.5  # the share of typed cells that makes a row one of data
_EMAIL: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_URL: Final = re.compile(r"(?:https?|ftp)://|www\.", re.IGNORECASE)
_FIGURES: Final = re.compile(
    r"(?=\D*\d)(?:[-+()$€¥£￥%#'.,/:\s\d年月日時分秒円]|T|Z|AM|PM|午前|午後|GMT|UTC|JST)+",
    re.IGNORECASE,
)
_MARKER: Final = frozenset({"*", "レコードの開始行"})
_IMPORT_ID: Final = '{"ImportId"'  # the third line of an export of Qualtrics
_SEVERAL: Final = 3  # columns with texts over figures, all of them, that only a header has
_NULLS: Final = frozenset({"-", "n/a", "na", "none", "null", "nil", "unknown", "tbd", "test", "?"})
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[_.\-:][A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]*)+"
)


class Row(NamedTuple):
    """One of the first records of a table.

    Attributes:
        line: physical line on which it starts, or row of the sheet, one-based.
        cells: its cells.
    """

    line: int
    cells: Sequence[str]


class Heading(NamedTuple):
    """Which of the first rows name the columns.

    Attributes:
        line: the physical line of the first of them.
        last: place of the last of them among the rows, from zero.
        names: the columns' names, stripped, each once.
        marker: place of a column whose `*` begins a record of several lines; -1 when there is none.
    """

    line: int
    last: int
    names: tuple[str, ...]
    marker: int = -1


def find_heading(
    rows: Sequence[Row],
    *,
    is_known: Callable[[str], bool],
    line: int | None = None,
    is_ragged: bool = False,
) -> Heading | None:
    """Return the rows that name the columns, None when there are none.

    Args:
        rows: the first records of the table.
        is_known: whether a name is one that the mapping knows.
        line: the line of the header, when it is known.
        is_ragged: whether empty cells at the end of a row are left out, as in a workbook.
    """
    if line is not None:
        place = next((n for n, row in enumerate(rows) if row.line == line), None)
        return None if place is None else _heading(rows, place, place, names=rows[place].cells)
    seen = [Row(row.line, row.cells[:_COLUMNS]) for row in rows]
    place = _best_place(seen, usual_width(seen), is_known)
    if place is None:
        return None
    first, last, names = _all_lines(seen, place, is_known)
    names = [*names, *rows[last].cells[_COLUMNS:]]
    if not is_ragged:
        names = _without_slips(names, [row.cells for row in rows[last + 1 :]])
    return _heading(rows, first, last, names=names)


def usual_width(rows: Sequence[Row]) -> int:
    """Return the most frequent number of cells, the larger when two are equally frequent."""
    counts = Counter(len(row.cells) for row in rows)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def numbered_names(width: int) -> tuple[str, ...]:
    """Return names for columns that have none."""
    return tuple(f"column {number}" for number in range(1, width + 1))


def told_apart(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the columns' names: stripped, on one line, numbered where empty or met before."""
    names: list[str] = []
    taken: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        plain = "".join(character for character in cell if character not in "\0\ufeff\u200b")
        name = base = " ".join(plain.split()) or f"column {number}"
        copy = taken.get(base, 0)
        while name in taken:
            copy += 1
            name = f"{base} ({copy + 1})"
        taken[base] = copy
        taken.setdefault(name, 0)
        names.append(name)
    return tuple(names)


def kind_of(cell: str) -> str:
    """Return what a cell holds: email, url, figures, text, or "" for nothing."""
    return _kind(cell[:_LONGEST])


@lru_cache(maxsize=8_192)
def _kind(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).strip()
    if not text:
        return ""
    if _EMAIL.search(text):
        return "email"
    if _URL.match(text):
        return "url"
    return "figures" if _FIGURES.fullmatch(text) else "text"


def _heading(rows: Sequence[Row], first: int, last: int, *, names: Sequence[str]) -> Heading:
    body = [row.cells for row in rows[last + 1 :]]
    width = _header_width(names, body)
    told = told_apart(names[:width])
    return Heading(rows[first].line, last, told, _marker(told, body))


def _without_slips(names: Sequence[str], body: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the names without the empty ones when the rows have so many cells fewer."""
    named = [name for name in names if name.strip()]
    fitting = sum(len(cells) == len(named) for cells in body)
    return named if named and body and fitting >= _NEARLY_ALL * len(body) else names


def _header_width(names: Sequence[str], body: Sequence[Sequence[str]]) -> int:
    """Return how many columns there are: empty names at the end count if the rows have them."""
    filled = max((n for n, name in enumerate(names, start=1) if name.strip()), default=0)
    counts = Counter(map(len, body))
    usual = max(counts, key=lambda width: (counts[width], width), default=0)
    return max(filled, min(len(names), usual), 1)


def _marker(names: Sequence[str], body: Sequence[Sequence[str]]) -> int:
    """Return the place of the column that marks where records of several lines begin."""
    for place, name in enumerate(names):
        if unicodedata.normalize("NFKC", name).strip() in _MARKER:
            cells = {cells[place].strip() for cells in body if place < len(cells)}
            if cells <= {"*", ""} and "*" in cells:
                return place
    return -1


def _best_place(rows: Sequence[Row], usual: int, is_known: Callable[[str], bool]) -> int | None:
    """Return the row that most looks like names, looking no further than the first of data."""
    best: tuple[float, int] | None = None
    for place, row in enumerate(rows[:_LOOKED_AT]):
        kinds = _column_kinds(rows[place + 1 : place + 1 + _BODY], usual)
        score = _score(row.cells, kinds, usual, is_known)
        if score is None:
            if len(row.cells) == usual and _is_data(row.cells, kinds):
                break
            continue
        score -= 0.05 * place
        if best is None or score > best[0]:
            best = (score, place)
    return None if best is None else best[1]


def _column_kinds(rows: Sequence[Row], usual: int) -> list[str]:
    """Return the kind of cells that each column mostly holds, "" where none prevails."""
    kinds: list[str] = []
    body = [row.cells for row in rows if len(row.cells) == usual]
    for place in range(usual):
        counts = Counter(kind for cells in body if (kind := kind_of(cells[place])))
        kind, count = counts.most_common(1)[0] if counts else ("", 0)
        kinds.append(kind if kind != "text" and count >= _SAME * counts.total() else "")
    return kinds


def _is_data(cells: Sequence[str], kinds: Sequence[str]) -> bool:
    """Return whether most of a row's typed columns hold what they hold further down."""
    found = [(kind_of(cell), kind) for cell, kind in zip(cells, kinds, strict=False) if kind]
    filled = [(one, kind) for one, kind in found if one]
    return bool(filled) and sum(one == kind for one, kind in filled) >= _DATA * len(filled)


def _score(
    cells: Sequence[str], kinds: Sequence[str], usual: int, is_known: Callable[[str], bool]
) -> float | None:
    """Return how much a row looks like names of columns, None when it cannot be one."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    own = [kind_of(cell) for cell in filled]
    figures = sum(kind != "text" for kind in own)
    known = sum(map(is_known, filled))
    if not filled or "email" in own or not any(map(_has_letter, filled)):
        return None
    if 3 * figures > len(filled) and 2 * known < len(filled):
        return None
    is_sparse = 2 * len(filled) <= usual
    is_named = 2 * known > len(filled) and (len(filled) > 1 or usual == 2)  # noqa: PLR2004 (cells)
    if max(map(len, filled)) > _LONGEST or (is_sparse and not is_named):
        return None
    if len(cells) == usual and any(kinds) and _is_data(cells, kinds):
        return None
    conflicts, typed = _conflicts(cells, kinds)
    return (
        3.0 * known / len(filled)
        + (1.0 if len(cells) == usual else -1.5)
        + len(filled) / len(cells)
        + 1.5 * (conflicts / typed if typed else 0.0)
        - 2.0 * (1 - len(set(filled)) / len(filled))
        - 2.0 * figures / len(filled)
    )


def _conflicts(cells: Sequence[str], kinds: Sequence[str]) -> tuple[int, int]:
    """Count the typed columns in which a row has a text, and all typed columns."""
    pairs = [(kind_of(cell), kind) for cell, kind in zip(cells, kinds, strict=False) if kind]
    return sum(one == "text" for one, _ in pairs), len(pairs)


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _all_lines(
    rows: Sequence[Row], place: int, is_known: Callable[[str], bool]
) -> tuple[int, int, Sequence[str]]:
    """Return first and last row of the header and the names that they make together."""
    first = last = place
    names: Sequence[str] = rows[place].cells
    if place:
        joined = _with_line_above(rows, place, is_known)
        first, names = (place - 1, joined) if joined else (first, names)
    while last - first + 1 < _MOST_LINES and last + 1 < len(rows):
        below = rows[last + 1].cells
        if not _continues(names, below, rows[last + 2 :], is_known):
            break
        last += 1
        below = _padded(below, len(names))
        chosen = _choose(names, below, is_known)
        first = last if chosen is below else first
        names = chosen
    return first, last, names


def _with_line_above(
    rows: Sequence[Row], place: int, is_known: Callable[[str], bool]
) -> Sequence[str] | None:
    """Return the names that a row makes with the one above it, None when that is no part of it."""
    above, row = rows[place - 1], rows[place]
    if _is_group_line(above, row):
        joined = _join(_spread(_padded(above.cells, len(row.cells))), row.cells)
        return joined if _is_better(joined, row.cells, is_known) else None
    is_full = len(above.cells) == len(row.cells) and all(cell.strip() for cell in above.cells)
    if is_full and _continues(above.cells, row.cells, rows[place + 1 :], is_known):
        chosen = _choose(above.cells, row.cells, is_known)
        return None if chosen is row.cells else chosen
    return None


def _is_group_line(above: Row, row: Row) -> bool:
    """Return whether a line has labels for several columns each, with nothing beside them."""
    if len(above.cells) > len(row.cells) or not all(cell.strip() for cell in row.cells):
        return False
    labels = _padded(above.cells, len(row.cells))
    filled = [label for label in labels if label]
    return 2 <= len(filled) < len(labels) and all(kind_of(label) == "text" for label in filled)  # noqa: PLR2004 (groups)


def _spread(cells: Sequence[str]) -> list[str]:
    """Return group labels repeated over the columns that they stand above."""
    spread: list[str] = []
    label = ""
    for cell in cells:
        label = cell.strip() or label
        spread.append(label)
    return spread


def _join(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Return the names that two lines make together."""
    width = max(len(above), len(below))
    pairs = zip(_padded(above, width), _padded(below, width), strict=True)
    return [one if one == other else f"{one} {other}".strip() for one, other in pairs]


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [cell.strip() for cell in cells] + [""] * (width - len(cells))


def _is_better(
    joined: Sequence[str], names: Sequence[str], is_known: Callable[[str], bool]
) -> bool:
    """Return whether names are worth more together with the line above than alone."""
    has_twins = len(set(names)) < len(names)
    return has_twins or sum(map(is_known, joined)) > sum(map(is_known, names))


def _continues(
    names: Sequence[str],
    below: Sequence[str],
    body: Sequence[Row],
    is_known: Callable[[str], bool],
) -> bool:
    """Return whether a row below the header is one more line of it.

    It must have texts where the columns hold addresses or figures, and be what only a header is:
    all distinct, and known or spelled like identifiers. Or it parts the columns of a name above.
    """
    filled = [cell.strip() for cell in below if cell.strip()]
    if len(below) > len(names) or not filled or len(set(filled)) < len(filled):
        return False
    below = _padded(below, len(names))
    if all(cell.startswith(_IMPORT_ID) for cell in filled):
        return True
    if any(kind_of(cell) != "text" or cell.casefold() in _NULLS for cell in filled):
        return False
    kinds = _column_kinds(body[:_BODY], len(names))
    conflicts, typed = _conflicts(below, kinds)
    known = sum(map(is_known, filled))
    identifiers = sum(_IDENTIFIER.fullmatch(cell) is not None for cell in filled)
    if conflicts:
        is_all = conflicts >= _SEVERAL and conflicts == typed
        return 2 * max(known, identifiers) >= len(filled) or is_all
    return typed > 0 and _parts_columns(names, below)


def _parts_columns(names: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether a row says something exactly below names for several columns.

    Those stand in each of the columns, or in the first of them with empty cells behind.
    """
    spread = _spread(names)
    several = {name for name, count in Counter(spread).items() if count > 1}
    places = [place for place, name in enumerate(spread) if name in several]
    return bool(places) and places == [n for n, cell in enumerate(below) if cell.strip()]


def _choose(
    names: Sequence[str], below: Sequence[str], is_known: Callable[[str], bool]
) -> Sequence[str]:
    """Return the names above, those below, or both joined: what is known best and is complete."""
    if all(cell.strip().startswith(_IMPORT_ID) for cell in below if cell.strip()):
        return names
    if _parts_columns(names, below):
        return _parted(names, below, is_known)
    joined = _join(names, below)
    most = sum(map(is_known, joined))
    for cells in (names, below):
        known = sum(map(is_known, cells))
        if known >= most and 2 * known >= len(cells):
            return cells

    def worth(cells: Sequence[str]) -> tuple[int, int, int]:
        blanks = sum(not cell.strip() for cell in cells)
        return sum(map(is_known, cells)), -blanks, len(set(cells))

    best = max((joined, names, below), key=worth)
    is_internal = all(_IDENTIFIER.fullmatch(cell.strip()) or not cell.strip() for cell in below)
    return names if best is joined and is_internal and all(c.strip() for c in names) else best


def _parted(
    names: Sequence[str], below: Sequence[str], is_known: Callable[[str], bool]
) -> list[str]:
    """Return names for several columns with what tells their columns apart."""
    parted: list[str] = []
    for name, label, cell in zip(names, _spread(names), below, strict=True):
        part = cell.strip()
        both = f"{label} {part}" if part else name.strip()
        parted.append(part if part and is_known(part) and not is_known(both) else both)
    return parted
