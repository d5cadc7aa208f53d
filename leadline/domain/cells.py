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
permitted ja j einverstanden zugestimmt erteilt akzeptiert abonniert angemeldet wahr
はい 可 有 あり 同意 同意する 同意します 同意した 同意しました 同意済 同意済み
希望 希望する 希望します 受け取る 受取る 受信する 登録する 購読する
許可 許可する 許諾 承諾 承諾する 了承 了承する する オン 配信可 送信可 受信可 受信許可
同意あり 希望あり
○ 〇 ◯ ✓ ✔ ☑ ✅
"""
_NO: Final = """
no n false f 0 off disagree decline declined reject rejected opt-out opted-out unsubscribe
unsubscribed refused denied withdrawn 0.0 unchecked do-not-allow not-allowed
nein abgelehnt abgemeldet widerrufen falsch nicht-erteilt nicht-einverstanden widerspruch
revoked never-opted-in non-subscribed not-subscribed suppressed user-suppressed blacklisted
blocklisted gesperrt nicht-zulassen nicht-erlaubt
いいえ 不可 無 なし 同意しない 同意しません 希望しない 希望しません 不要
受け取らない 受取らない 受信しない 登録しない 購読しない
拒否 拒否する 許可しない 承諾しない 配信停止 しない オフ 配信不可 送信不可 受信不可 配信NG 不同意
同意なし 希望なし NG 未同意 未承諾 未許諾 未許可 未購読 未登録 不承諾 不許可 購読解除 配信解除
受信拒否 受信停止 送信停止 配信対象外 × ✕ ✗ ☐
"""
#: In a column of refusals, besides any yes.
_REFUSED: Final = """
opt-out opted-out unsubscribe unsubscribed do-not-allow not-allowed abgemeldet widerrufen
widerspruch revoked withdrawn suppressed user-suppressed blacklisted blocklisted blocked gesperrt
deaktiviert nicht-zulassen nicht-erlaubt x ● 済 済み レ レ点 チェック チェックあり チェック済
チェック済み 許可しない 禁止 ブロック 配信停止 停止 停止中 不要 拒否 不可 配信不可 配信NG 除外
"""
#: In a column of refusals these say the opposite, so that nothing is certain.
_OPPOSITE: Final = """
opt-in opted-in subscribe subscribed agree agreed accept accepted allow allowed permitted granted
consented freely-given-consent freely-given-consent-from-contact einverstanden zugestimmt erteilt
akzeptiert abonniert angemeldet 可 配信可 送信可 受信可 受信許可 同意あり 希望あり 受け取る 受取る
受信する 登録する 購読する 許可 許可する 許諾 承諾 承諾する
"""
#: Nobody says these of anything but a list of mail.
_LEFT: Final = """
unsubscribed opted-out blocklisted abgemeldet 配信停止 配信停止中 配信解除 購読解除 配信NG 配信拒否
"""
#: A day in a column of refusals is the day of the refusal.
_DAY: Final = re.compile(r"(?:[12]\d{3}[-/.年]\s?\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2})")
#: Polite phrases with a no in them that refuse nothing.
_POLITE: Final = re.compile(
    r"\bno (?:problem|worries)\b|\bnot a problem\b|\bkein problem\b|問題(?:ない|ありません"
    r"|ございません)"
    r"|(?:構|かま)いません|(?:す|済)みません|申し訳(?:ありません|ございません)"
)
#: Whole sentences of people. A refusal anywhere wins; what names conditions or another matter
#: (the privacy policy, calls) says nothing of mail.
_SAYS_NO: Final = re.compile(
    r"\bno\b|\bnein\b|いいえ|\bnot\b|n['’]t\b|\bnever\b|\bnon\b|\bnothing\b|\bout\b|\bstop|\bremov"
    r"|\bdelet|\bcancel|\bunsub|\bdisagree|\bdeclin|\brefus|\breject|\bden(?:y|ied)\b|\brevok"
    r"|\bwithdr|\bobject\b|\bexclud|\bsuppress|\bwithout\b|\bno longer\b|\bopt(?:ed)?[ -]?out"
    r"|\bnicht|\bkein\w*|\bnie\b|niemals|\bohne\b|abbestell|abmeld|abgemeldet|austrag|ausgetragen"
    r"|widerspr|widerruf|ablehn|abgelehnt|verweiger|lösch|\bentfern|stopp|kündig|beend|stornier"
    r"|しない|しません|らない|りません|ません|ない(?:です)?$|たくない|されない|不要|拒否|停止|中止"
    r"|結構です|断り|断る"
    r"|解除|退会|削除|辞退|不可|不同意|不承諾|不許可|不許諾|未(?:同意|承諾|許諾|許可|購読|登録"
    r"|希望)|できない|やめ|止め"
    r"|取り消|取消|キャンセル|遠慮|撤回|禁止|除外|なし$|(?<![a-z])ng(?![a-z])"
)
_MAIL: Final = (
    r"\b(?:e-?)?mails?\b|newsletter|\bupdates?\b|\bnews\b|\boffers?\b|marketing|mailing|subscri"
    r"|receiv"
    r"|opt(?:ed)?[ -]?in\b|informed|posted|werbung|angebote|erhalten|abonn|メール|メルマガ|案内"
    r"|お知らせ|配信"
    r"|ニュース|受信|購読|受け取|受取|\bdm\b|マーケティング|オプトイン"
)
_SAYS_YES: Final = re.compile(
    r"^(?:yes|ja|ok)\b[ ,.!:;-]*(?:$|(?:please|i (?:agree|consent|accept|do)\b|thank|of course"
    r"|gerne|bitte"
    rf"|ich (?:stimme|willige|bin einverstanden)).*$|.*(?:{_MAIL}))"
    rf"|^はい[、,。. ]*(?:$|.*(?:お願い|同意|{_MAIL})|希望)"
    rf"|^i (?:agree|consent|accept)(?: (?:to )?(?:this|that|it|the above))?"
    rf"(?:$|\b.*(?:{_MAIL}|contact))"
    rf"|^i(?:['’]d like| want| would like| wish)\b.*(?:{_MAIL})"
    rf"|^please (?:send|subscribe|add|keep)\b.*(?:{_MAIL})"
    r"|^please subscribe\b"
    r"|^(?:single|double|confirmed)? ?opt(?:ed)?[ -]?in(?: (?:confirmed|completed?|given|granted"
    r"|yes|ok"
    r"|(?:by|for|to|on|via) .*))?$"
    rf"|^ich (?:stimme|willige|bin einverstanden)|^ich möchte\b.*(?:{_MAIL})"
    rf"|^(?:.*(?:{_MAIL}).*|(?:はい|上記|内容|私|ご|お|[にをはの、,。 ])*)"
    r"(?:同意|希望|承諾|許可|許諾|了承|購読|受信|登録)(?:する|します|しました|した|済み?)$"
    r"|受け取る$|受け取ります$"
)
_CONDITIONAL: Final = re.compile(
    r"\bnot (?:applicable|set|known|specified|provided|asked|stated|sure|selected|available|decided"
    r"|confirmed|yet)\b|\bno (?:answer|data|information|response|preference|entry|value|selection"
    r"|reply"
    r"|opinion|idea)\b|\bkeine (?:angabe|antwort|auswahl|ahnung|daten)|\bbut\b|\bonly\b|\bexcept\b"
    r"|\bunless\b|\bmaybe\b|\bperhaps\b|\bif\b|\bpending\b|\bunconfirmed\b|\bawaiting\b|\bwaiting\b"
    r"|\brequested\b|\bexpired?\b|\bphone|\btelefon|\banruf|\bcall|\bpost\b|\bsms\b|\bfax\b"
    r"|whatsapp"
    r"|\bbriefpost\b|privacy|policy|\bterms\b|\baber\b|\bnur\b|\bwenn\b|\bfalls\b|\bvielleicht\b"
    r"|ausstehend|datenschutz|\bcookies?\b|\bpartners?\b|\bthird|\buntil\b|\blater\b|第三者|期限|以前|\bagb\b|ただし|のみ|だけ|場合|電話|郵送|個人情報|プライバシー|規約"
    r"|方針|保留|検討"
    r"|確認中|未確認|申請中|仮登録|わから|わかり|分から|分かり|不明|未定|どちらでも|以外|ファックス"
)
_ANSWERS: Final = re.compile(
    r"[/／・|｜,、\\]|(?<![a-z])(?:or|oder)(?![a-z])|または|又は|か|\s", re.IGNORECASE
)
#: In a column of refusals: a sentence that asks for one, and one that speaks against it.
_ASKS_REFUSAL: Final = re.compile(
    r"\bunsub|\bopt(?:ed|ing)?[ -]?out|\bremove me|\bstop (?:sending|mail|e-?mail|receiving"
    r"|newsletter)"
    r"|suppress|black-?list|block-?list|gesperrt"
    r"|abbestell|abmeld|abgemeldet|widerspr|widerruf|austrag|停止|解除|拒否|退会|不要|除外|辞退"
    r"|中止|配信ng"
)
_AGAINST_REFUSAL: Final = re.compile(
    r"\bnot\b|\bno\b|n['’]t\b|\bnever\b|\bnon\b|\bnicht\b|\bkein|\bnie\b|ない|ません|なし|未|不可"
    r"|再開|希望せず"
    r"|いいえ|nein|\bundo|\bre-?subscrib|\bcancel|pending|予定|前"
)
_LANGUAGE_WORDS: Final = {
    "ja": "ja jp jpn ja-jp japanese japanisch 日本語 日本",
    "en": "en eng en-gb en-us en-au en-ca english englisch 英語",
}
_LONGEST_WORD: Final = 100  # characters; longer cells are prose, and not worth a cache's memory
_WORD_SIGNS: Final = re.compile(r"[\s\-_.、。・!！\ufe0f]+")
_BRACKETS: Final = re.compile(r"\([^()]*\)")
_INSIDE: Final = re.compile(r"\(([^()]*)\)")
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
_SAID_OPPOSITE: Final = frozenset(_fold_word(word) for word in _OPPOSITE.split())
_SAID_LEFT: Final = frozenset(_fold_word(word) for word in _LEFT.split())
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


def has_left(cell: str) -> bool:
    """Return whether a cell says, by itself, that somebody left a list of mail."""
    return len(cell) <= _LONGEST_WORD and _fold_word(cell) in _SAID_LEFT


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
    return None if _offers_both(cell) else _read_sentence(cell)


def _offers_both(cell: str) -> bool:
    """Return whether a cell is the list of answers itself, as `yes/no`."""
    answers = [_SAID.get(_fold_word(each)) for each in _ANSWERS.split(cell) if each.strip()]
    return len(answers) > 1 and set(answers) == {True, False}


def _plain_sentence(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell).casefold().split())


def _read_sentence(cell: str) -> bool | None:
    """Return what a sentence says of mail; brackets may only make it doubtful."""
    whole = _POLITE.sub("", _plain_sentence(cell))
    text = _BRACKETS.sub("", whole).strip(" .。!")
    if _CONDITIONAL.search(whole):
        return None
    if _SAYS_NO.search(text):
        return False
    if _SAYS_NO.search(whole) or any(
        _SAID.get(_fold_word(each)) is False for each in _ANSWERS.split(whole)
    ):
        return None
    is_yes = _SAYS_YES.search(text) or _SAID.get(_fold_word(text))
    return True if is_yes and all(map(_is_harmless, _INSIDE.findall(whole))) else None


def _is_harmless(note: str) -> bool:
    """Return whether a note in brackets leaves a yes to mail what it is."""
    return bool(_SAID.get(_fold_word(note)) or re.search(_MAIL, note))


@lru_cache(maxsize=1024)
def _read_refusal(cell: str) -> bool | None:
    """Return False for a refusal, None for anything else."""
    word = _fold_word(cell)
    if word in _SAID_REFUSED or _DAY.match(cell.strip()):
        return False
    if word in _SAID:
        is_yes = _SAID[word] and word not in _SAID_OPPOSITE
        return False if is_yes or _asks_refusal(cell) else None
    return False if _asks_refusal(cell) or _is_bare_yes(cell) else None


def _asks_refusal(cell: str) -> bool:
    """Return whether a sentence asks for no more mail."""
    text = _plain_sentence(cell)
    return bool(_ASKS_REFUSAL.search(text) and not _AGAINST_REFUSAL.search(text))


def _is_bare_yes(cell: str) -> bool:
    """Return whether a sentence agrees to what the column says, and to nothing of its own."""
    text = _plain_sentence(cell)
    return not re.search(_MAIL, text) and _read_sentence(cell) is True


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
