"""How text is folded before it is compared: case, width and white space never decide a match.

Fields and literals go through the same functions, so `country = 'JP'` matches `ｊｐ` and
`title LIKE '%CTO%'` matches `ＣＴＯ`, in every engine alike.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Pieces of a regular expression that keep their spelling, and (named) what may be folded.
#: An escape is kept whole because its case has a meaning: `\\S` is not `\\s`.
_PIECES: Final = re.compile(
    r"""\\[pP](?:\{[^}]*\}|.)   # a Unicode class
    | \\.                       # an escape
    | \[:\^?\w+:\]              # a POSIX class
    | \(\?P?<\w+>               # a named group
    | \(\?[A-Za-z-]+[:)]       # flags
    | (?P<plain>[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_MARK: Final = "\0"  # between texts that are folded together
_SIGNS: Final = re.compile(r"[!-/:-@\[-`{-~]")


def fold_part(text: str) -> str:
    """Return `text` folded, its outer white space kept as one space.

    For what is looked for inside a longer text, where `' cto'` means the start of a word.
    """
    return re.sub(r"\s+", " ", _without_case(text))


def _without_case(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def fold(text: str) -> str:
    """Return `text` as it is compared: NFKC, casefold, white space collapsed and trimmed."""
    if text.isascii():  # the same, at a tenth of the cost: whole columns come through here
        return " ".join(text.lower().split())
    return fold_part(text).strip()


def folded(values: Sequence[object]) -> list[str | None]:
    """Return text as it is compared, equal texts folded once; what is no text is None."""
    texts = [value for value in set(values) if isinstance(value, str)]
    plain = [text for text in texts if text.isascii()]
    others = [text for text in texts if not text.isascii()]
    known = dict(zip(plain, _fold_all(plain, str.lower), strict=True))
    known.update(zip(others, _fold_all(others, _without_case), strict=True))
    return list(map(known.get, values))  # type: ignore[arg-type]  # whatever is no text is no key


def _fold_all(texts: Sequence[str], without_case: Callable[[str], str]) -> Sequence[str]:
    """Return texts folded, as one long text: no rule of Unicode reaches across the mark."""
    joined = " ".join(without_case(_MARK.join(texts)).split())
    joined = joined.replace(f" {_MARK}", _MARK).replace(f"{_MARK} ", _MARK)
    found = joined.split(_MARK) if texts else []
    return found if len(found) == len(texts) else [fold(text) for text in texts]


def fold_pattern(pattern: str) -> str:
    """Return the regular expression `pattern` for matching folded text.

    Letters are folded, escapes and groups stay. A sign that only folding made, such as the `(`
    of a full-width bracket, is escaped: the writer meant the character and no group.
    """
    return _PIECES.sub(_fold_piece, pattern)


def _fold_piece(piece: re.Match[str]) -> str:
    """Fold one plain piece of a pattern; give any other back."""
    if piece["plain"] is None:
        return piece[0]
    return _SIGNS.sub(r"\\\g<0>", fold_part(piece[0]))
