"""What a lead asks for, from the words of a form, a column or the message."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Words per request, the more valuable request first: a message may name several.
_WORDS: Final[dict[str, str]] = {
    "quote": (
        r"見積|費用|価格|料金|金額|値段|単価|いくら|"
        r"\bquot(?:e|es|ation|ations)\b|\bpric(?:e|es|ing)\b|\bcosts?\b|\bestimates?\b|"
        r"\bhow much\b|\bproposals?\b|\brfp\b|\brfq\b"
    ),
    "demo": (
        r"デモ|実演|トライアル|お試し|試用|体験版|"
        r"\bdemos?\b|\bdemonstrations?\b|\bfree trial\b|\btrial\b|\bwalk[ -]?through\b"
    ),
    "document": (
        r"資料|カタログ|パンフレット|ホワイトペーパー|比較表|事例集|ダウンロード|"
        r"\bbrochures?\b|\bwhite ?papers?\b|\bdata ?sheets?\b|\bcatalog\w*|\bdocuments?\b|"
        r"\bdocumentation\b|\be-?books?\b|\bcase stud(?:y|ies)\b|\bdownload\b"
    ),
    "support": (
        r"不具合|障害|エラー|ログインできない|使い方|操作方法|サポート窓口|動かない|"
        r"\b(?:technical|customer) support\b|\bsupport (?:ticket|request|case)\b|\bbugs?\b|"
        r"\berror messages?\b|\bnot working\b|\b(?:cannot|can't|unable to) log ?in\b|\btroubleshoot"
    ),
    "consultation": (
        r"相談|打ち合わせ|打合せ|打合わせ|面談|商談|電話|訪問|ヒアリング|アポイント|"
        r"\bconsult(?:ation|ing)?\b|\bcall (?:me|us|back)\b|\bcall\b|\bmeeting\b|\bappointment\b|"
        r"\bspeak (?:to|with)\b|\btalk (?:to|with)\b|\bcontact me\b"
    ),
}
_PATTERNS: Final = {kind: re.compile(words) for kind, words in _WORDS.items()}
#: Words that say what is meant only where the whole cell is about the kind of request.
_COLUMN_WORDS: Final = {
    "support": re.compile(r"サポート|\bsupport\b|\bhelp\b"),
    "document": re.compile(r"\bbook\b|\bguide\b"),
    "quote": re.compile(r"購入|導入|\bsales\b|\bbuy\b|\bpurchase\b"),
}


def decide_request(column: str | None, message: str | None) -> tuple[str, str]:
    """Return the request and the rule that found it.

    Args:
        column: what a column or a form says of the kind of request.
        message: what the lead wrote.

    Returns:
        One of quote, demo, document, consultation, support, other; and `request:見積` or
        `message:demo` (where it stood and our word that matched), or `default`.
    """
    if column:
        kind, word = _first(column, _PATTERNS)
        if not kind:
            kind, word = _first(column, _COLUMN_WORDS)
        if kind or not message:
            return (kind, f"request:{word}") if kind else ("other", "request")
    if message:
        kind, word = _first(message, _PATTERNS)
        if kind:
            return kind, f"message:{word}"
    return "other", "default"


def _first(text: str, patterns: dict[str, re.Pattern[str]]) -> tuple[str, str]:
    """Return the first request whose words stand in `text`, with the word; empty when none."""
    plain = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    for kind, pattern in patterns.items():
        if match := pattern.search(plain):
            return kind, match[0]
    return "", ""
