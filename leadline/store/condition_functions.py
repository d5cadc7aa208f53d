"""What a database must be able to do for conditions that SQL alone does not say alike everywhere.

SQLite calls the very functions of the domain. PostgreSQL has functions of its own, made by a
migration: `leadline_fold` folds as `leadline.domain.condition_text.fold` does for every text that
`leadline_is_ordinary`; all other texts are decided outside the database. Ordinary are the
characters of the usual scripts that Unicode 3.2 had already: their folding can never change, so
neither the server's version of Unicode nor ours matters.
"""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.condition_text import fold
from leadline.domain.condition_values import as_boolean, as_number, as_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy.engine import Connection

_KEPT: Final = 65_536  # texts; columns repeat themselves
_DAY_SECONDS: Final = 86_400
_MARK: Final = "leadline_functions"

#: Blocks of the usual scripts; U+0345 is left out, which folding takes apart.
_BLOCKS: Final = (
    *((0x0001, 0x0344), (0x0346, 0x04FF), (0x1E00, 0x1EFF), (0x2000, 0x27BF)),
    *((0x2E80, 0x2FDF), (0x3000, 0x33FF), (0x3400, 0x4DB5), (0x4E00, 0x9FA5)),
    *((0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F), (0xFF00, 0xFFEF)),
    (0x20000, 0x2A6D6),
)
#: What folding makes longer; all else it takes to one character, or composes again.
_LONGER: Final = {"ß": "ss", "İ": "i̇"}
#: White space that normalization leaves, in the spelling of PostgreSQL's expressions.
_SPACES: Final = r"\u0009-\u000d\u001c-\u001f\u0085\u1680\u2028\u2029"


def register(connection: Connection) -> None:
    """Give a SQLite connection the functions of conditions, once."""
    if connection.info.get(_MARK):
        return
    raw: Any = connection.connection.driver_connection
    functions: dict[str, Callable[..., object]] = {
        "leadline_fold": _fold,
        "leadline_number": _number,
        "leadline_boolean": _boolean,
        "leadline_time": _time,
    }
    for name, function in functions.items():
        raw.create_function(name, 1, function, deterministic=True)
    raw.create_function("leadline_days", 2, _days, deterministic=True)
    connection.info[_MARK] = True


@lru_cache(maxsize=_KEPT)
def _folded(text: str) -> str:
    return fold(text)


def _fold(value: object) -> str | None:
    return _folded(value) if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return as_number(_folded(value)) if isinstance(value, str) else None


def _boolean(value: object) -> bool | None:
    return as_boolean(_folded(value)) if isinstance(value, str) else None


def _time(value: object) -> str | None:
    """Return an instant as SQLite stores it."""
    at = as_time(_folded(value)) if isinstance(value, str) else None
    return None if at is None else at.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")


def _days(last: str | None, now: str) -> int | None:
    """Return the whole days between two stored instants."""
    if last is None:
        return None
    first, then = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (last, now))
    return (then - first).days


def postgresql_functions() -> tuple[str, str]:
    """Return the statements that make `leadline_fold` and `leadline_is_ordinary`."""
    larger, smaller = _cases()
    lower = f"translate(plain, '{larger}', '{smaller}')"
    for one, longer in _LONGER.items():
        lower = f"replace({lower}, '{one}', '{longer}')"
    fold_it = f"""CREATE OR REPLACE FUNCTION leadline_fold(given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
DECLARE plain text := given;
BEGIN
    IF octet_length(plain) > length(plain) THEN
        plain := normalize(plain, NFKC);
    END IF;
    plain := lower(plain COLLATE "C");
    IF plain ~ '[{_class(sorted(map(ord, (*larger, *_LONGER))))}]' THEN  -- what follows is slow
        plain := {lower};
    END IF;
    IF octet_length(plain) > length(plain) THEN
        plain := normalize(plain, NFKC);
    END IF;
    IF plain ~ '[{_SPACES}]|  ' THEN
        plain := regexp_replace(plain, '[ {_SPACES}]+', ' ', 'g');
    END IF;
    RETURN btrim(plain, ' ');
END $body$"""
    is_ordinary = f"""CREATE OR REPLACE FUNCTION leadline_is_ordinary(given text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
BEGIN
    RETURN octet_length(given) = length(given) OR given !~ '[^{_class(_ordinary())}]';
END $body$"""
    return fold_it, is_ordinary


def _cases() -> tuple[str, str]:
    """Return the characters beyond ASCII that folding takes to one other, and those."""
    pairs = [
        (one, small)
        for one in map(chr, _known(range(0x80, sys.maxunicode + 1)))
        if (small := one.casefold()) != one
        and len(small) == 1
        and unicodedata.is_normalized("NFKC", one)
    ]
    return "".join(one for one, _ in pairs), "".join(small for _, small in pairs)


def _ordinary() -> Iterator[int]:
    for first, last in _BLOCKS:
        yield from _known(range(first, last + 1))


def _known(codes: Iterable[int]) -> Iterator[int]:
    """Yield the characters that Unicode 3.2 had."""
    for code in codes:
        if unicodedata.ucd_3_2_0.category(chr(code)) not in {"Cn", "Cs", "Co"}:
            yield code


def _class(codes: Iterable[int]) -> str:
    """Write characters as the ranges of a bracket of PostgreSQL."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
