"""What the words of many rows tell: whether they are Japanese, and what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone
import pyarrow as pa
import pyarrow.compute as pc

from leadline.domain.cells import is_japanese
from leadline.domain.column_values import Values, mask, read_pairs
from leadline.domain.inquiry import _PATTERNS, decide_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.domain.column_values import Flags

_KANJI: Final = "語"  # told from Chinese by the country alone
#: Letters whose case is folded in one way only; a text with others is read by itself.
_ORDINARY: Final = (
    r"\x{00}-\x{7f}\x{00a0}-\x{00d6}\x{00d8}-\x{00de}\x{00e0}-\x{00ff}"
    r"\x{2010}-\x{2027}\x{3000}-\x{30ff}\x{3400}-\x{9fff}\x{ff00}-\x{ff9f}"
)
#: Any word that a request is told by, and a little more: case and word ends count less in RE2.
_ANY_WORD: Final = "|".join(
    [*(f"(?i:{pattern.pattern})" for pattern in _PATTERNS.values()), f"[^{_ORDINARY}]"]
)


def find_japanese(texts: Sequence[Values], places: Values, *, is_open: Flags) -> Flags:
    """Return which of the open rows write Japanese in any of their texts.

    Args:
        texts: the fields in which people write.
        places: ISO code of each row's country; kanji tell nothing in Chinese-speaking ones.
        is_open: rows that are not decided yet.
    """
    found = np.zeros(len(is_open), bool)
    counts_kanji = places.flags(lambda place: is_japanese(_KANJI, country=place))
    for values in texts:
        if not (left := is_open & ~found).any():
            break
        if values.known is not None:
            found |= left & counts_kanji & values.flags(_is_written)
            found |= left & values.flags(_has_kana)
            continue
        rows = values.rows or []
        for row in np.flatnonzero(left).tolist():
            text = rows[row]
            if text and not text.isascii():
                found[row] = _is_written(text) if counts_kanji[row] else _has_kana(text)
    return found


def _is_written(text: str | None) -> bool:
    return bool(text) and is_japanese(text or "")


def _has_kana(text: str | None) -> bool:
    return bool(text) and is_japanese(text or "", country="CN")


def find_requests(asked: Values, messages: Values) -> Values:
    """Return what `decide_request` says of every row: the request and its rule."""
    if messages.known is not None:
        return read_pairs(asked, messages, decide_request)
    rows = messages.rows or []
    folded = pc.utf8_normalize(pa.array(rows, pa.string()), form="NFKC")
    has_word = mask(pc.is_in(pc.match_substring_regex(folded, _ANY_WORD), pa.array([True])))
    is_needed = has_word | asked.flags(bool)
    columns = asked.to_list()
    found = [decide_request(None, None)] * len(rows)
    for row in np.flatnonzero(is_needed).tolist():
        found[row] = decide_request(columns[row], rows[row])
    return Values(None, rows=found)
