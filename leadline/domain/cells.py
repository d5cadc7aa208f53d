"""What one cell of a source says, whatever the field: text, a yes or no, a language, a number.

Rules of the canonical fields: text stays as written but for white space at its ends; a name has
its white space collapsed and full-width Latin folded; nothing is re-cased and nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_BLANKS: Final = " \t\r\n\f\v\u3000\u00a0\u200b\ufeff"
_CONTROLS: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]+")
_WIDE_LATIN: Final = {
    code: code - 0xFEE0
    for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
} | {0xFF07: "'", 0xFF0E: "."}  # digits, letters, apostrophe and full stop
_KANA: Final = re.compile("[\u3041-\u309f\u30a1-\u30ff\uff66-\uff9f]")
_KANJI: Final = re.compile("[\u3005\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SINOPHONE: Final = frozenset({"CN", "TW", "HK", "MO", "SG", "KR"})

_YES: Final = """
yes y true t 1 on ok agree agreed accept accepted opt-in opted-in subscribe subscribed granted
consented freely-given-consent freely-given-consent-from-contact
はい 可 有 あり 同意 同意する 同意します 同意した 同意しました 同意済 同意済み
希望 希望する 希望します 受け取る 受取る 受信する 登録する 購読する
許可 許可する 承諾 承諾する 了承 了承する ○ 〇 ◯ ✓ ✔ ☑
"""
_NO: Final = """
no n false f 0 off disagree decline declined reject rejected opt-out opted-out unsubscribe
unsubscribed refused denied withdrawn
いいえ 不可 無 なし 同意しない 同意しません 希望しない 希望しません 不要
受け取らない 受取らない 受信しない 登録しない 購読しない
拒否 拒否する 許可しない 承諾しない 配信停止 × ✕ ✗ ☐
"""
_REFUSED: Final = "opt-out opted-out unsubscribe unsubscribed 配信停止 不要 拒否"
_LANGUAGE_WORDS: Final = {
    "ja": "ja jp jpn ja-jp japanese 日本語 日本",
    "en": "en eng en-gb en-us en-au en-ca english 英語",
}
_LONGEST_WORD: Final = 100  # characters; longer cells are prose, and not worth a cache's memory
_WORD_SIGNS: Final = re.compile(r"[\s\-_.、。・!！]+")


def _fold_word(cell: str) -> str:
    """Return a word for looking it up: one width and case, without signs inside."""
    return _WORD_SIGNS.sub("", unicodedata.normalize("NFKC", cell).casefold())


_SAID: Final = {
    **dict.fromkeys(map(_fold_word, _YES.split()), True),
    **dict.fromkeys(map(_fold_word, _NO.split()), False),
}
_SAID_REFUSED: Final = {_fold_word(word) for word in _REFUSED.split()}
_LANGUAGES: Final = {
    _fold_word(word): language
    for language, words in _LANGUAGE_WORDS.items()
    for word in words.split()
}


def clean_line(cell: str) -> str | None:
    """Return a one-line text trimmed, without control characters; None when it says nothing."""
    text = cell.strip(_BLANKS)
    if text and not text.isprintable():
        text = _CONTROLS.sub("", text)
        if "\n" in text or "\r" in text:
            text = " ".join(text.split())
    return text or None


def clean_text(cell: str) -> str | None:
    """Return a text of several lines trimmed, CRLF as LF; None when it says nothing."""
    text = cell.strip(_BLANKS)
    if text and not text.isprintable():
        text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text or None


def clean_name(cell: str) -> str | None:
    """Return a person's name: white space collapsed, full-width Latin folded, case kept."""
    text = cell.strip(_BLANKS)
    if not text.isascii():
        text = text.translate(_WIDE_LATIN)
        if "\uff0d" in text and not is_japanese(text):
            text = text.replace("\uff0d", "-")
    if not text.isprintable() or "  " in text:
        text = _CONTROLS.sub("", " ".join(text.split()))
    return text or None


def clean_kana(cell: str) -> str | None:
    """Return a reading in full-width kana, white space collapsed."""
    return clean_name(unicodedata.normalize("NFKC", cell))


def is_japanese(text: str, *, country: str | None = None) -> bool:
    """Return whether a text has kana, or kanji where no other country's script explains them."""
    return bool(_KANA.search(text) or (country not in _SINOPHONE and _KANJI.search(text)))


def fold_text(text: str) -> str:
    """Return text for comparing: one width and case, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def read_consent(cell: str, *, is_refusal: bool = False) -> bool | None:
    """Return what a person said about mail: True, False, or None for nothing said.

    Args:
        cell: the words; what is neither a yes nor a no says nothing.
        is_refusal: the column holds opt-outs: a yes there is False, all else says nothing,
            because a missing opt-out is not consent.
    """
    if len(cell) > _LONGEST_WORD:
        return None
    return _read_refusal(cell) if is_refusal else _read_yes_or_no(cell)


@lru_cache(maxsize=1024)
def _read_yes_or_no(cell: str) -> bool | None:
    """Return a yes or a no, None for anything else."""
    return _SAID.get(_fold_word(cell))


@lru_cache(maxsize=1024)
def _read_refusal(cell: str) -> bool | None:
    """Return False for a refusal, None for anything else."""
    word = _fold_word(cell)
    return False if _SAID.get(word) or word in _SAID_REFUSED else None


def read_boolean(cell: str) -> bool | None:
    """Return a yes or a no, None for anything else."""
    return read_consent(cell)


def read_language(cell: str) -> str | None:
    """Return `en` or `ja`, None for a language that we do not write."""
    return _LANGUAGES.get(_fold_word(cell))


def read_number(cell: str) -> str | None:
    """Return a number as plain digits, for a custom field; None when the cell is none."""
    text = unicodedata.normalize("NFKC", cell).strip().replace(",", "")
    return text if re.fullmatch(r"[+-]?\d{1,15}(?:\.\d{1,10})?", text) else None
