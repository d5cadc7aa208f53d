"""How text is folded before it is compared: case, width and white space never decide a match.

Fields and literals go through the same functions, so `country = 'JP'` matches `ｊｐ` and
`title LIKE '%CTO%'` matches `ＣＴＯ`, in every engine alike.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_SIGNS: Final = re.compile(r"[!-/:-@\[-`{-~]")


def fold_part(text: str) -> str:
    """Return `text` folded, its outer white space kept as one space.

    For what is looked for inside a longer text, where `' cto'` means the start of a word.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", folded))


def fold(text: str) -> str:
    """Return `text` as it is compared: NFKC, casefold, white space collapsed and trimmed."""
    if text.isascii():  # the same, at a tenth of the cost: whole columns come through here
        return " ".join(text.lower().split())
    return fold_part(text).strip()


def folded(values: Sequence[object]) -> list[str | None]:
    """Return text as it is compared, equal texts folded once; what is no text is None."""
    known = {value: fold(value) for value in set(values) if isinstance(value, str)}
    return list(map(known.get, values))  # type: ignore[arg-type]  # whatever is no text is no key


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
