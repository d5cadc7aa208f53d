"""The one condition language: SQL boolean expressions over a lead's fields.

`employees >= 200 AND country IN ('JP', 'US')`: scoring rules, territories, segments, entry and
exit criteria are all written this way. A NULL field is unknown, and an unknown condition does not
match. Text is compared folded (`fold`): case, width and white space do not matter.

A condition is compiled once and evaluated over a whole frame by DuckDB in memory, in one pass.
"""

from __future__ import annotations

import atexit
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from leadline.domain.condition_findings import Finding, Report
from leadline.domain.condition_sql import write_sql
from leadline.domain.condition_text import fold
from leadline.domain.condition_tree import Term, known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    import pandas as pd
    from duckdb import DuckDBPyConnection

    from leadline.domain.condition_types import Reading
    from leadline.domain.leads import FieldType

__all__ = [
    "Condition",
    "Finding",
    "bitmap",
    "compile_condition",
    "connect",
    "evaluate",
    "find_matches",
    "fold",
    "joined",
    "negated",
    "typed_columns",
]

MOST_BITS: Final = 63  # a signed 64-bit word; the 64th bit is the sign
#: Terms of a condition with the segments that it names, and how far they nest.
MOST_TERMS: Final = 4_000
DEEPEST: Final = 120
_AT_ONCE: Final = 64  # conditions a query: the planner's cost grows with their square
#: Rows from which it pays to ask each different text once, rows that tell whether texts repeat in
#: a column, and how many of these may differ.
_MANY_ROWS: Final = 2_000
_SAMPLE: Final = 500
_FEW_TEXTS: Final = 100
_MOST_KNOWN: Final = 10_000  # texts of which a condition's answers are remembered


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that passed every check.

    Attributes:
        text: the expression as written.
        sql: DuckDB SQL, never NULL, over columns with folded text.
        meaning: what it is made of, for other engines.
        fields: the fields that it names.
        types: each of these fields with its type.
        numbers: every number that it names.
    """

    text: str
    sql: str
    meaning: Term = field(compare=False, repr=False)
    fields: frozenset[str]
    types: frozenset[tuple[str, FieldType]] = frozenset()
    numbers: frozenset[float] = frozenset()


def connect() -> DuckDBPyConnection:
    """Open a DuckDB in memory that reaches no file, network, extension or Python variable."""
    import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "python_enable_replacements": "false",
            "threads": "1",  # repeatable, and batches are small
            "lock_configuration": "true",
        },
    )


def compile_condition(
    text: str,
    *,
    fields: Mapping[str, FieldType],
    segments: Mapping[str, Condition] | None = None,
    zone: str = "UTC",
    is_kept: bool = False,
) -> Condition | tuple[Finding, ...]:
    """Check `text` and make it ready for `evaluate`.

    Args:
        text: the expression, at most 4,000 characters and 400 nodes.
        fields: the names that it may use, with their types.
        segments: conditions that it may use by their names, as if they were boolean fields.
        zone: IANA zone in which its dates are days.
        is_kept: it was accepted by an earlier version, which let grades be compared by rank.

    Returns:
        The condition, or everything that is wrong with it in the order of the text.
    """
    known_segments = frozenset((segments or {}).items())
    return _compiled(text, frozenset(fields.items()), known_segments, zone=zone, is_kept=is_kept)


def negated(condition: Condition, others: Sequence[Condition]) -> Condition:
    """Return the condition that holds where `condition` does and none of `others`."""
    if not others:
        return condition
    outside = [Term("not", "boolean", (other.meaning,)) for other in others]
    meaning = Term("and", "boolean", (condition.meaning, *outside))
    types = condition.types.union(*(other.types for other in others))
    numbers = condition.numbers.union(*(other.numbers for other in others))
    fields = frozenset(name for name, _ in types)
    return Condition(condition.text, write_sql(meaning), meaning, fields, types, numbers)


def joined(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that holds where all of some conditions do."""
    meaning = Term("and", "boolean", tuple(condition.meaning for condition in conditions))
    types = frozenset(pair for each in conditions for pair in each.types)
    numbers = frozenset(number for each in conditions for number in each.numbers)
    text = " AND ".join(f"({condition.text})" for condition in conditions)
    fields = frozenset(name for name, _ in types)
    return Condition(text, write_sql(meaning), meaning, fields, types, numbers)


def evaluate(conditions: Sequence[Condition], frame: pd.DataFrame) -> np.ndarray:
    """Decide every condition for every row.

    Args:
        conditions: any number, compiled against the same fields.
        frame: one row per lead, its text columns folded with `fold`. A field without a column,
            None, NaN, NaT and a value that does not fit the field's type are unknown.

    Returns:
        Booleans of shape (rows, conditions), rows in the order of the frame.
    """
    import numpy as np

    matches = np.zeros((len(frame), len(conditions)), dtype=bool, order="F")  # filled by column
    if not matches.size:
        return matches
    table = typed_columns(conditions, frame)
    texts = _distinct(conditions, table) if len(frame) >= _MANY_ROWS else {}
    places: dict[bool, list[int]] = {True: [], False: []}
    for place, condition in enumerate(conditions):
        places[len(condition.fields) == 1 and condition.fields <= texts.keys()].append(place)
    for place, found in _ask(conditions, places[False], table):
        matches[:, place] = found
    for place, found in _ask_texts(conditions, places[True], texts):
        (name,) = conditions[place].fields
        matches[:, place] = found[texts[name].codes]
    return matches


def _ask(
    conditions: Sequence[Condition], places: Sequence[int], table: pd.DataFrame
) -> Iterator[tuple[int, np.ndarray]]:
    """Ask the database for the conditions at some places; gives each place with its answers."""
    with _database().cursor() as connection:
        if places:
            connection.register("leads", table)
        for start in range(0, len(places), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            tests = ", ".join(f"{conditions[place].sql} AS c{place}" for place in some)
            found = connection.execute(f"SELECT {tests} FROM leads").fetchnumpy()  # noqa: S608  # our own SQL
            yield from zip(some, found.values(), strict=True)


class _Distinct(NamedTuple):
    """The different texts of a column, None as the last; and which of them each row has."""

    codes: np.ndarray
    texts: list[str | None]


def _distinct(conditions: Sequence[Condition], table: pd.DataFrame) -> dict[str, _Distinct]:
    """Return the columns of texts that repeat, among those that a condition names alone."""
    alone = {name for each in conditions if len(each.fields) == 1 for name in each.fields}
    types = dict(pair for condition in conditions for pair in condition.types)
    found = {}
    for name in sorted(alone):
        if types[name] == "text":
            column: Any = table[name].array
            if len(column[:_SAMPLE].unique()) <= _FEW_TEXTS:
                codes, texts = column.factorize()  # -1 is no text
                found[name] = _Distinct(codes, [*texts.tolist(), None])
    return found


def _ask_texts(
    conditions: Sequence[Condition], places: Sequence[int], columns: Mapping[str, _Distinct]
) -> Iterator[tuple[int, np.ndarray]]:
    """Answer conditions for the different texts of their columns, as `_ask` does for rows.

    What was answered before is remembered: the same texts come with every batch.
    """
    import numpy as np
    import pandas as pd

    known = {place: _known(conditions[place].sql) for place in places}
    names = {place: next(iter(conditions[place].fields)) for place in places}
    new: dict[str, dict[str | None, None]] = {name: {} for name in columns}
    for place, name in names.items():
        new[name].update((text, None) for text in columns[name].texts if text not in known[place])
    if any(new.values()):
        table = pd.DataFrame({name: pd.Series([*new[name]], dtype="str") for name in new})
        for place, found in _ask(conditions, places, table):
            known[place].update(zip(new[names[place]], found.tolist(), strict=False))
    for place, name in names.items():
        yield place, np.array([known[place][text] for text in columns[name].texts], dtype=bool)
    if any(len(each) > _MOST_KNOWN for each in known.values()):
        _known.cache_clear()


@lru_cache(maxsize=512)
def _known(sql: str) -> dict[str | None, bool]:  # noqa: ARG001 - whose answers they are
    """Return what a condition over one text answered so far."""
    return {}


def bitmap(matches: np.ndarray) -> np.ndarray:
    """Return one int64 per row, whose bit i says that condition i matched.

    Args:
        matches: booleans of shape (rows, conditions), at most 63 conditions.

    Raises:
        ValueError: more conditions than bits.
    """
    import numpy as np

    count = matches.shape[1]
    if count > MOST_BITS:
        message = f"{count} conditions do not fit {MOST_BITS} bits; use several words"
        raise ValueError(message)
    words = np.zeros(len(matches), dtype=np.int64)
    for place in range(count):
        words |= matches[:, place].astype(np.int64) << place
    return words


@lru_cache(maxsize=4096)
def _compiled(
    text: str,
    fields: frozenset[tuple[str, FieldType]],
    segments: frozenset[tuple[str, Condition]],
    *,
    zone: str,
    is_kept: bool,
) -> Condition | tuple[Finding, ...]:
    """Compile once: reading and checking cost about a millisecond."""
    from leadline.domain.condition_check import LONGEST
    from leadline.domain.condition_slips import Mending

    names: dict[str, FieldType] = {**dict(fields), **{name: "boolean" for name, _ in segments}}
    meanings = {name: condition.meaning for name, condition in segments}
    report = Report(text)
    reading, meaning = _understood(text, names, meanings, report, zone=zone, is_kept=is_kept)
    if report.findings() or meaning is None:
        if len(text) <= LONGEST and (mending := Mending(text, names)):
            report = Report(text, mending.places)
            _understood(mending.text, names, meanings, report, zone=zone, is_kept=is_kept)
            mending.tell(report)
        return report.findings()
    used = frozenset(pair for pair in fields if pair[0] in reading.used)
    within = [condition for name, condition in segments if name in reading.named]
    used = used.union(*(condition.types for condition in within))
    numbers = reading.numbers.union(*(condition.numbers for condition in within))
    named = frozenset(name for name, _ in used)
    return Condition(text, write_sql(meaning), meaning, named, used, numbers)


def _understood(
    text: str,
    names: Mapping[str, FieldType],
    segments: Mapping[str, Term],
    report: Report,
    *,
    zone: str,
    is_kept: bool,
) -> tuple[Reading, Term | None]:
    """Read a condition; its meaning is None, or there are findings, when it cannot be."""
    from leadline.domain.condition_check import read
    from leadline.domain.condition_types import Reading

    reading = Reading(names, report, _is_regex, segments, zone=zone, is_kept=is_kept)
    root = read(text, names, report)
    meaning = None if root is None else known(reading.condition(root))
    if meaning is not None:
        _check_size(meaning, report)
    return reading, meaning


def _check_size(meaning: Term, report: Report) -> None:
    """Report a condition that its segments make too large: each of them may double another."""
    if meaning.size > MOST_TERMS:
        report.add("too_many_segments", 0, count=meaning.size, limit=MOST_TERMS)
    elif meaning.depth > DEEPEST:
        report.add("too_deep", 0, limit=DEEPEST)


@cache
def _database() -> DuckDBPyConnection:
    """Keep one empty database; each user takes a cursor, which shares nothing but the engine."""
    atexit.register(_database.cache_clear)  # left open, it complains at length when we end
    return connect()


def _is_regex(pattern: str) -> bool:
    """Tell whether RE2 takes `pattern`."""
    import duckdb

    with _database().cursor() as connection:
        try:
            connection.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
        except duckdb.Error:
            return False
    return True


def typed_columns(conditions: Sequence[Condition], frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that the conditions name, each with the dtype of its field's type."""
    import pandas as pd

    types = dict(pair for condition in conditions for pair in condition.types)
    columns: dict[str, object] = {
        "": range(len(frame))
    }  # a frame without columns would have no rows
    for name in sorted(types):
        column = frame[name] if name in frame else pd.Series([None] * len(frame), dtype=object)
        columns[name] = _typed(column, types[name])
    return pd.DataFrame(columns)


def _typed(column: pd.Series, kind: FieldType) -> object:
    """Return the values of `column` as DuckDB shall see them; what does not fit is missing."""
    import numpy as np
    import pandas as pd

    if kind == "text":
        return column.astype("str").array
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        column = _read_texts(column, kind)
    if kind == "time":
        times = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
        return times.dt.tz_localize(None).astype("datetime64[us]").array
    numbers = pd.to_numeric(column, errors="coerce").to_numpy("float64", na_value=np.nan)
    if kind == "number":
        return numbers
    return pd.arrays.BooleanArray(numbers == 1, ~np.isin(numbers, (0, 1)))


def _read_texts(column: pd.Series, kind: FieldType) -> pd.Series:
    """Read the texts in a column: custom fields are kept as such."""
    import pandas as pd

    from leadline.domain import condition_values

    read: Callable[[str], object] = {
        "number": condition_values.as_number,
        "boolean": condition_values.as_boolean,
        "time": condition_values.as_time,
    }[kind]
    values = column.tolist()
    if not any(isinstance(value, str) for value in values):
        return column.astype(object)
    read_values = [read(fold(value)) if isinstance(value, str) else value for value in values]
    return pd.Series(read_values, index=column.index, dtype=object)


def find_matches(pattern: str, texts: Sequence[str]) -> list[bool]:
    """Tell which folded texts hold a match of a folded pattern, as RE2 finds it."""
    with _database().cursor() as connection:
        found = connection.execute(
            "SELECT regexp_matches(unnest(?::VARCHAR[]), ?)", [list(texts), pattern]
        )
        return [bool(row[0]) for row in found.fetchall()]
