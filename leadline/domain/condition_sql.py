"""Writes the DuckDB SQL of a condition from its meaning, node by node: nothing else comes out.

Text is folded (`condition_text`), numbers are DOUBLE, times are TIMESTAMP in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from leadline.domain.condition_findings import quoted
from leadline.domain.condition_tree import COMPARISONS, JUNCTIONS, TEXT_TESTS, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadline.domain.condition_tree import Term


def write_sql(term: Term) -> str:
    """Return the DuckDB SQL of a condition."""
    return _WRITERS[term.kind](term)


def _junction(term: Term) -> str:
    return f"({f' {term.kind.upper()} '.join(map(write_sql, term.parts))})"


def _comparison(term: Term) -> str:
    left, right = map(write_sql, term.parts)
    return f"({left} {term.kind} {right})"


def _text_test(term: Term) -> str:
    text, part = map(write_sql, term.parts)
    return f"{term.kind}({text}, {part})"


def _not(term: Term) -> str:
    return f"(NOT {write_sql(term.parts[0])})"


def _between(term: Term) -> str:
    value, low, high = map(write_sql, term.parts)
    return f"({value} BETWEEN {low} AND {high})"


def _in(term: Term) -> str:
    value, *items = map(write_sql, term.parts)
    return f"({value} IN ({', '.join(items)}))"


def _is_null(term: Term) -> str:
    return f"({write_sql(term.parts[0])} IS NULL)"


def _is(term: Term) -> str:
    return f"({write_sql(term.parts[0])} IS {'TRUE' if term.value else 'FALSE'})"


def _like(term: Term) -> str:
    return f"({write_sql(term.parts[0])} LIKE {quoted(text_of(term))})"


def _regex(term: Term) -> str:
    return f"regexp_matches({write_sql(term.parts[0])}, {quoted(text_of(term))})"


def _length(term: Term) -> str:
    return f"length({write_sql(term.parts[0])})"


def _coalesce(term: Term) -> str:
    return f"coalesce({', '.join(map(write_sql, term.parts))})"


def _known(term: Term) -> str:
    return f"COALESCE({write_sql(term.parts[0])}, FALSE)"


def _field(term: Term) -> str:
    return '"' + text_of(term).replace('"', '""') + '"'


def _literal(term: Term) -> str:
    if isinstance(term.value, bool):
        return "TRUE" if term.value else "FALSE"
    if isinstance(term.value, float):
        return _double(term.value)
    if isinstance(term.value, datetime):
        return f"TIMESTAMP '{term.value.replace(tzinfo=None).isoformat(' ')}'"
    return quoted(text_of(term))


def _double(number: float) -> str:
    """Write a DOUBLE: `10.0` alone would be a DECIMAL, whose range is smaller."""
    text = repr(number)
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text


_WRITERS: Final[dict[str, Callable[[Term], str]]] = {
    **dict.fromkeys(JUNCTIONS, _junction),
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(TEXT_TESTS, _text_test),
    "not": _not,
    "between": _between,
    "in": _in,
    "is_null": _is_null,
    "is": _is,
    "like": _like,
    "regex": _regex,
    "length": _length,
    "coalesce": _coalesce,
    "known": _known,
    "field": _field,
    "literal": _literal,
}
