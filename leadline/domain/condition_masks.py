"""Evaluates conditions over a frame without a database: masks with an explicit third value.

pandas itself takes a missing value for different from everything and NOT for its opposite; here
every value carries whether it is known, and every test whether it holds, fails or is unknown.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from leadline.domain.condition_tree import COMPARISONS, TEXT_TESTS, text_of
from leadline.domain.conditions import find_matches, typed_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd

    from leadline.domain.condition_tree import Term
    from leadline.domain.conditions import Condition
    from leadline.domain.leads import FieldType


class Column(NamedTuple):
    """One value a row; where it is not known, what stands there means nothing."""

    cells: np.ndarray
    is_known: np.ndarray


def evaluate_masks(conditions: Sequence[Condition], frame: pd.DataFrame) -> np.ndarray:
    """Decide every condition for every row, exactly as `conditions.evaluate` does.

    Worth it for few rows, where asking a database costs more than the answer.

    Args:
        conditions: any number, compiled against the same fields.
        frame: one row per lead or event, its text columns folded.

    Returns:
        Booleans of shape (rows, conditions), rows in the order of the frame.
    """
    import numpy as np

    found = np.zeros((len(frame), len(conditions)), dtype=bool)
    masks = _Masks(typed_columns(conditions, frame), len(frame))
    for number, condition in enumerate(conditions):
        holds = masks.of(condition.meaning)
        found[:, number] = holds.cells & holds.is_known
    return found


class _Masks:
    """Columns of one frame, and what terms make of them."""

    def __init__(self, frame: pd.DataFrame, count: int) -> None:
        self._frame = frame
        self._count = count
        self._makers: dict[str, Callable[[Term], Column]] = {
            **dict.fromkeys(COMPARISONS, self._comparison),
            **dict.fromkeys(TEXT_TESTS, self._text_test),
            "and": lambda term: self._junction(term, decides=False),
            "or": lambda term: self._junction(term, decides=True),
            "not": self._not,
            "between": self._between,
            "in": self._in,
            "is_null": self._is_null,
            "is": self._is,
            "like": self._like,
            "regex": self._regex,
            "length": self._length,
            "coalesce": self._coalesce,
            "known": self._known,
            "field": self._field,
            "literal": self._literal,
        }

    def of(self, term: Term) -> Column:
        """Return what `term` is in every row."""
        return self._makers[term.kind](term)

    def _junction(self, term: Term, *, decides: bool) -> Column:
        """Join tests; one with the value `decides` decides, whatever is unknown."""
        import numpy as np

        is_decided = np.zeros(self._count, dtype=bool)
        is_known = np.ones(self._count, dtype=bool)
        for part in map(self.of, term.parts):
            is_decided |= part.is_known & (part.cells == decides)
            is_known &= part.is_known
        return Column(is_decided if decides else ~is_decided, is_known | is_decided)

    def _not(self, term: Term) -> Column:
        part = self.of(term.parts[0])
        return Column(~part.cells, part.is_known)

    def _known(self, term: Term) -> Column:
        import numpy as np

        part = self.of(term.parts[0])
        return Column(part.cells & part.is_known, np.ones(self._count, dtype=bool))

    def _comparison(self, term: Term) -> Column:
        left, right = map(self.of, term.parts)
        return _compared(left, right, term.kind)

    def _between(self, term: Term) -> Column:
        import numpy as np

        value, low, high = map(self.of, term.parts)
        above, below = _compared(value, low, ">="), _compared(value, high, "<=")
        fails = (above.is_known & ~above.cells) | (below.is_known & ~below.cells)
        return Column(np.logical_not(fails), fails | (above.is_known & below.is_known))

    def _in(self, term: Term) -> Column:
        import numpy as np

        value, *items = map(self.of, term.parts)
        holds = np.zeros(self._count, dtype=bool)
        for item in items:
            holds |= _compared(value, item, "=").cells
        return Column(holds, value.is_known)

    def _is_null(self, term: Term) -> Column:
        import numpy as np

        return Column(~self.of(term.parts[0]).is_known, np.ones(self._count, dtype=bool))

    def _is(self, term: Term) -> Column:
        import numpy as np

        part = self.of(term.parts[0])
        holds = part.is_known & (part.cells == term.value)
        return Column(holds, np.ones(self._count, dtype=bool))

    def _like(self, term: Term) -> Column:
        return _each(self.of(term.parts[0]), _Like(text_of(term)).fits, bool)

    def _regex(self, term: Term) -> Column:
        import numpy as np

        text = self.of(term.parts[0])
        texts = sorted(set(text.cells[text.is_known].tolist()))
        found = dict(zip(texts, find_matches(text_of(term), texts), strict=True))
        holds = np.fromiter((found.get(value, False) for value in text.cells), bool, self._count)
        return Column(holds, text.is_known)

    def _text_test(self, term: Term) -> Column:
        import numpy as np

        test = _TEXT_TESTS[term.kind]
        text, part = map(self.of, term.parts)
        is_known = text.is_known & part.is_known
        triples = zip(text.cells, part.cells, is_known, strict=True)
        holds = [bool(ok) and test(whole, piece) for whole, piece, ok in triples]
        return Column(np.array(holds, dtype=bool), is_known)

    def _length(self, term: Term) -> Column:
        return _each(self.of(term.parts[0]), len, float)

    def _coalesce(self, term: Term) -> Column:
        import numpy as np

        first, *others = map(self.of, term.parts)
        values, is_known = first
        for other in others:
            values = np.where(is_known, values, other.cells)
            is_known = is_known | other.is_known
        return Column(values, is_known)

    def _field(self, term: Term) -> Column:
        series = self._frame[text_of(term)]
        is_known = series.notna().to_numpy()
        return Column(_filled(series, is_known, cast("FieldType", term.type)), is_known)

    def _literal(self, term: Term) -> Column:
        import numpy as np

        value: Any = term.value
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)  # UTC, as the columns are
        values = np.full(self._count, value, dtype=_DTYPES[cast("FieldType", term.type)])
        return Column(values, np.ones(self._count, dtype=bool))


class _Like:
    """A pattern of LIKE: its pieces between `%` are found from left to right, none ever twice.

    One regular expression for all would try every place of every piece for each of the others.
    """

    def __init__(self, pattern: str) -> None:
        self._pieces = [_piece(part) for part in pattern.split("%")]

    def fits(self, text: str) -> bool:
        """Tell whether the pattern describes the whole text."""
        (first, lead), *between = self._pieces
        if not between:
            return len(text) == lead and first.match(text) is not None
        last, tail = between.pop()
        place, end = lead, len(text) - tail
        if place > end or not first.match(text) or not last.match(text, end):
            return False
        for piece, length in between:
            found = piece.search(text, place, end)
            if found is None:
                return False
            place = found.start() + length
        return True


def _piece(part: str) -> tuple[re.Pattern[str], int]:
    """Return what finds a part of a pattern without `%`, and its length."""
    signs = ("." if sign == "_" else re.escape(sign) for sign in part)
    return re.compile("".join(signs), re.DOTALL), len(part)


_DTYPES: Final[dict[FieldType, str]] = {
    "text": "object",
    "number": "float64",
    "boolean": "bool",
    "time": "datetime64[us]",
}
_TEXT_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def _filled(series: pd.Series, is_known: np.ndarray, kind: FieldType) -> np.ndarray:
    """Return the values of a column, with some value of its type where there is none."""
    nothing: Any = {"text": "", "number": 0.0, "boolean": False, "time": 0}[kind]
    if kind == "time":
        return series.to_numpy("datetime64[us]")
    if is_known.all():
        return series.to_numpy(_DTYPES[kind])
    return series.astype(object).where(is_known, nothing).to_numpy(_DTYPES[kind])


def _compared(left: Column, right: Column, operator: str) -> Column:
    import numpy as np

    compare = {
        "=": np.equal,
        "<>": np.not_equal,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }[operator]
    is_known = left.is_known & right.is_known
    holds = np.asarray(compare(left.cells, right.cells), dtype=bool)
    return Column(holds & is_known, is_known)


def _each(text: Column, make: Callable[[str], object], dtype: type) -> Column:
    """Apply `make` to every text, once to each that is different."""
    import numpy as np

    made = {value: make(value) for value in set(text.cells[text.is_known].tolist())}
    nothing = dtype()
    values = [made.get(value, nothing) for value in text.cells]
    return Column(np.array(values, dtype=dtype), text.is_known)
