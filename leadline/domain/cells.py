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
consented freely-given-consent freely-given-consent-from-contact 1.0 checked allow allowed
permitted ja einverstanden zugestimmt erteilt akzeptiert abonniert angemeldet wahr
はい 可 有 あり 同意 同意する 同意します 同意した 同意しました 同意済 同意済み
希望 希望する 希望します 受け取る 受取る 受信する 登録する 購読する
許可 許可する 許諾 承諾 承諾する 了承 了承する する オン 配信可 送信可 受信可 受信許可
同意あり 希望あり
○ 〇 ◯ ✓ ✔ ☑ ✅
"""
_NO: Final = """
no n false f 0 off disagree decline declined reject rejected opt-out opted-out unsubscribe
unsubscribed refused denied withdrawn 0.0 unchecked do-not-allow not-allowed
nein abgelehnt abgemeldet widerrufen falsch nicht-erteilt nicht-einverstanden
いいえ 不可 無 なし 同意しない 同意しません 希望しない 希望しません 不要
受け取らない 受取らない 受信しない 登録しない 購読しない
拒否 拒否する 許可しない 承諾しない 配信停止 しない オフ 配信不可 送信不可 受信不可 配信NG 不同意
同意なし 希望なし × ✕ ✗ ☐
"""
_REFUSED: Final = """
opt-out opted-out unsubscribe unsubscribed do-not-allow not-allowed abgemeldet widerrufen
配信停止 停止 不要 拒否 不可 配信不可 配信NG 除外
"""
#: A day in a column of refusals is the day of the refusal.
_DAY: Final = re.compile(r"(?:[12]\d{3}[-/.年]\s?\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2})")
#: Whole sentences of people. A refusal anywhere wins; what names conditions or another matter
#: (the privacy policy, calls) says nothing of mail.
_SAYS_NO: Final = re.compile(
    r"^(?:no|nein|いいえ)\b|^いいえ|\bnot\b|n['’]t\b|\bdecline|\bopt(?:ed)?[ -]?out|\bunsubscribe"
    r"|\bnicht\b|\bkeine?\b|しない|しません|らない|りません|不要|拒否|停止|結構です|お断り"
)
_SAYS_YES: Final = re.compile(
    r"^(?:yes|ja|ok)\b|^はい|^i (?:agree|consent|accept|want|would like|wish)\b"
    r"|^(?:yes, )?please (?:send|subscribe|add|keep)"
    r"|^(?:single|double|confirmed)? ?opt(?:ed)?[ -]?in\b"
    r"|^ich (?:stimme|willige|möchte|bin einverstanden)"
    r"|(?:同意|希望|承諾|許可|許諾|了承|購読|受信|登録)(?:する|します|しました|した|済み?)$|受け取る$|受け取ります$"
)
_CONDITIONAL: Final = re.compile(
    r"\bnever\b|\bnot (?:applicable|set|known|specified|provided|asked|stated)\b|\bbut\b|\bonly\b"
    r"|\bexcept\b|\bunless\b|\bphone|\bcall|\bpost\b|privacy|policy|terms|aber|\bnur\b"
    r"|datenschutz|\bagb\b|ただし|のみ|だけ|場合|電話|郵送|個人情報|プライバシー|規約|方針"
)
_LANGUAGE_WORDS: Final = {
    "ja": "ja jp jpn ja-jp japanese japanisch 日本語 日本",
    "en": "en eng en-gb en-us en-au en-ca english englisch 英語",
}
_LONGEST_WORD: Final = 100  # characters; longer cells are prose, and not worth a cache's memory
_WORD_SIGNS: Final = re.compile(r"[\s\-_.、。・!！\ufe0f]+")
_BRACKETS: Final = re.compile(r"\([^()]*\)")
_MONEY: Final = re.compile(
    r"[¥$€£円]|\b(?:usd|eur|jpy|gbp|chf)\b|[\s'’\u00a0\u202f]", re.IGNORECASE
)
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(?:([,.])\d{3})(?:\1\d{3})*")
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,10})?", re.ASCII)


def _fold_word(cell: str) -> str:
    """Return a word for looking it up: one width and case, without signs inside."""
    return _WORD_SIGNS.sub("", unicodedata.normalize("NFKC", cell).casefold())


_SAID: Final = {
    **dict.fromkeys(map(_fold_word, _YES.split()), True),
    **dict.fromkeys(map(_fold_word, _NO.split()), False),
}
_SAID_REFUSED: Final = frozenset(_fold_word(word) for word in _REFUSED.split())
_LANGUAGES: Final = {
    _fold_word(word): language
    for language, words in _LANGUAGE_WORDS.items()
    for word in words.split()
}


def clean_line(cell: str) -> str | None:
    """Return a one-line text trimmed, without control characters; None when it says nothing."""
    text = cell.strip(_BLANKS)
    if text and not text.isprintable():
        text = _CONTROLS.sub("", text).strip(_BLANKS)
        if "\n" in text or "\r" in text:
            text = " ".join(text.split())
    return text or None


def clean_text(cell: str) -> str | None:
    """Return a text of several lines trimmed, CRLF as LF; None when it says nothing."""
    text = cell.strip(_BLANKS)
    if text and not text.isprintable():
        text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip(_BLANKS)
    return text or None


def clean_name(cell: str) -> str | None:
    """Return a person's name: white space collapsed, full-width Latin folded, case kept."""
    text = cell.strip(_BLANKS)
    if not text.isascii():
        text = text.translate(_WIDE_LATIN)
        if "\uff0d" in text and not is_japanese(text):
            text = text.replace("\uff0d", "-")
    if not text.isprintable() or "  " in text:
        text = _CONTROLS.sub("", " ".join(text.split())).strip(_BLANKS)
        text = " ".join(text.split())
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
    """Return a yes or a no, None for anything else; of several answers a no wins."""
    word = _fold_word(cell)
    if word in _SAID:
        return _SAID[word]
    parts = [part for part in re.split("[;；\n]", cell) if part.strip()]
    if len(parts) > 1:
        said = {_read_yes_or_no(part) for part in parts}
        return False if False in said else True in said or None
    return _read_sentence(cell)


def _read_sentence(cell: str) -> bool | None:
    """Return what a sentence says of mail."""
    text = " ".join(_BRACKETS.sub("", unicodedata.normalize("NFKC", cell)).casefold().split())
    text = text.strip(" .。!")
    if _CONDITIONAL.search(text):
        return None
    if _SAYS_NO.search(text):
        return False
    return True if _SAYS_YES.search(text) or _SAID.get(_fold_word(text)) else None


@lru_cache(maxsize=1024)
def _read_refusal(cell: str) -> bool | None:
    """Return False for a refusal, None for anything else."""
    word = _fold_word(cell)
    is_refused = _SAID.get(word) or word in _SAID_REFUSED or _DAY.match(cell.strip())
    return False if is_refused or (word not in _SAID and _read_sentence(cell)) else None


def read_boolean(cell: str) -> bool | None:
    """Return a yes or a no, None for anything else."""
    return read_consent(cell)


def read_language(cell: str) -> str | None:
    """Return `en` or `ja`, None for a language that we do not write."""
    return _LANGUAGES.get(_fold_word(cell))


def read_number(cell: str) -> str | None:
    """Return a number as plain digits, for a custom field; None when the cell is none.

    The last of two different signs is the decimal one; a lone comma is, unless three digits
    follow; a lone dot always is (1.200 may be either, and English is assumed).
    """
    text = _MONEY.sub("", unicodedata.normalize("NFKC", cell))
    if "," in text and "." in text:
        thousands = "," if text.rindex(".") > text.rindex(",") else "."
        text = text.replace(thousands, "").replace(",", ".")
    elif text.count(".") > 1 and _THOUSANDS.fullmatch(text):
        text = text.replace(".", "")
    elif "," in text:
        text = text.replace(",", "" if _THOUSANDS.fullmatch(text) else ".")
    return text if _NUMBER.fullmatch(text) else None
