"""What a word in a condition stands for: a field by its label, a value by its writing."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from leadline.domain.condition_findings import quoted
from leadline.domain.condition_text import fold
from leadline.domain.dates import parse_time
from leadline.domain.headers import fold_header, known_words
from leadline.domain.places import find_country

if TYPE_CHECKING:
    from collections.abc import Container

    from leadline.domain.leads import FieldType

#: Labels of what is decided about a lead; those of what it states are the words of headers.
_DECIDED: Final = {
    **dict.fromkeys(("スコア", "点数", "得点", "ポイント"), "points"),
    **dict.fromkeys(("グレード", "ランク", "等級"), "grade"),
    **dict.fromkeys(("ステージ", "ライフサイクル", "lifecycle", "stage"), "lifecycle_stage"),
    **dict.fromkeys(("作成日", "登録日"), "created_at"),
}
_YES: Final = frozenset({"yes", "on", "true", "はい", "有効", "有", "あり", "○", "済"})
_NO: Final = frozenset({"no", "off", "false", "いいえ", "無効", "無", "なし", "×", "未"})
_DATE: Final = re.compile(r"\d{8}|\d{4}\D+\d{1,2}\D+\d{1,2}日?|.*[^\W\d].*")


def find_label(words: str, fields: Container[str]) -> str:
    """Return the field that lists and files call by these words, or ""."""
    known = known_words().get(fold_header(words))
    name = known.field if known is not None else _DECIDED.get(fold(words), "")
    return name if name in fields else ""


def as_value(word: str, *, field: str, kind: FieldType) -> str:
    """Return how a word without quotes is written as a value of a field, "" when nobody knows."""
    plain = unicodedata.normalize("NFKC", word).strip()
    if kind == "boolean":
        return "TRUE" if fold(plain) in _YES else "FALSE" if fold(plain) in _NO else ""
    if kind == "time":
        day = as_date(plain)
        return quoted(day) if day else ""
    if kind != "text":
        return ""
    code = find_country(plain) if field == "country" else None
    return quoted(code or plain)


def as_date(text: str) -> str | None:
    """Return a date in another writing as conditions have it, None for what is none for certain."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _DATE.fullmatch(plain):
        return None
    found = parse_time(plain, zone="UTC", order="year_first")
    if found is None or (found.hour, found.minute, found.second) != (0, 0, 0):
        return None
    return found.date().isoformat()
