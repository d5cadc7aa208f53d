"""Headers that are whole questions: may we write to you, where did you hear of us, and the like."""

from __future__ import annotations

import re
from typing import Final

_MAIL: Final = (
    r"メール|メルマガ|ニュースレター|案内|お知らせ|(?-i:DM)|配信|newsletter|e[- ]?mails?\b"
    r"|marketing|mailing"
    r"|updates|communications|promotion|werbung|offers"
)
_CONSENT: Final = (
    r"希望|受け取|受取|受信|購読|配信|同意|許可|許諾|承諾|登録|可否"
    r"|agree|consent|opt.?in|subscri|receives?\b|permission|sign.?up|accepts?\b|would you like"
    r"|keep me"
    r"|einwillig|zustimm|anmeld|erhalten|einverstanden|abonn"
)
_AGREED: Final = re.compile(rf"(?=.*(?:{_MAIL}))(?=.*(?:{_CONSENT}))", re.IGNORECASE | re.DOTALL)
_REFUSED: Final = re.compile(
    rf"(?=.*(?:{_MAIL}|contact|kontaktier|kontaktaufnahme|opt(?:ed)?.?out|unsubscrib|abgemeldet"
    r"|配信停止)).*"
    r"(?:不要|停止|拒否|除外|解除|(?-i:NG(?![A-Z]))|不可|しない|ません|らない|断り|opt(?:ed)?.?out"
    r"|unsubscrib|do not|don.?t|not (?:receive|want|wish)|abmeld|abgemeldet|abbestell|widerspr"
    r"|\bkein\w*|sperre|suppress|nicht kontaktier)",
    re.IGNORECASE | re.DOTALL,
)
#: Words that take a consent back, or say that there is none.
_REVOKED: Final = re.compile(
    rf"(?=.*(?:{_MAIL}))(?=.*(?:{_CONSENT}|newsletter|メルマガ|案内)).*"
    r"(?:対象外|禁止|中止|ブロック|不同意|未同意|不承諾|不許可|されない|辞退|やめ|取消|取り消"
    r"|キャンセル|未登録"
    r"|未購読|なし|無し|できない|できません|遠慮|撤回|退会|解約"
    r"|withdr[ae]w|revok|\bden(?:y|ied)|declin|refus|reject|cancel|no longer|\bstop|\bnever\b"
    r"|exclud|\bremoved?\b|\bwithout\b|\bno (?:e[- ]?mail|mail|newsletter|marketing|consent"
    r"|promotion)"
    r"|\bnot (?:to |be |been )?(?:agree|consent|subscri|opt|receive|allow|permi|accept|interest)"
    r"|widerruf|entzogen|stornier|gekündigt|kündig|beendet|\bohne\b|\bnicht\b|gelöscht|entfernt"
    r"|zurückgezogen|verweiger|abgelehnt|ablehn|austrag|ausgetragen)",
    re.IGNORECASE | re.DOTALL,
)
#: Whatever may turn a consent into its opposite, or leave it open.
_NEGATED: Final = re.compile(
    r"不(?!動産|定期|具合)|未(?!来|公開)|無(?!料)|非(?!公開|営利)|ない|ません|なし|停止|中止|禁止"
    r"|拒否|辞退|解除"
    r"|除外|除く|対象外|以外|外す|外し|外れ|(?-i:NG(?![A-Z]))|エラー|失敗|ブロック|やめ|断[りるっ]"
    r"|取消|取り消"
    r"|キャンセル|退会|遠慮|撤回|解約|期限|保留|\bno\b|\bnot\b|n['’ ]t\b|\bnever\b|\bnon\b|\bnone\b"
    r"|\bnothing\b|\bwithout\b|\bun(?:tick|check|confirm|verif|subscri)|\bout\b|missing|\bexpir"
    r"|invalid|inactive|\bstop|block|\bban|error|fail|pending|withdr[ae]w|revok|\bden(?:y|ied|ial)"
    r"|declin|refus|reject|cancel|exclud|remov|suppress|disagree|\bdis\w+able|disabled|\bobject"
    r"|terminat|\blapsed|\bnicht|\bnie\b|niemals|\bkein|\bohne\b|widerruf|widerspr|entzogen|storn"
    r"|kündig|beendet|gelöscht|löschen|entfern|zurückgezogen|verweiger|abgelehnt|ablehn|austrag"
    r"|ausgetragen|abmeld|abgemeldet|abbestell|sperr|abgelaufen|fehl|ausstehend|verbot|untersag"
    r"|ausgeschlossen|unerwünscht|ehemal|früher|\blost\b|\blos(?:e|ing)\b|former|\bex\b|avoid|unwanted"
    r"|\boppos|\bceas|\bend(?:ed|ing|s)?\b|\bleav|\bleft\b|ineligib|\bquit|forb[ia]d|prohibit"
    r"|previous|\bpaus|\bmuted?\b|suspend|blacklist|\bhard bounce|\bused to\b|\bunconsent"
    r"|せず|見送|控え|なくて|休止|過去|以前|退出|抹消|削除|消去",
    re.IGNORECASE,
)
#: Whom or what a ban may be about, beside the mail itself.
_REACHED: Final = re.compile(
    rf"{_MAIL}|送信|受信|連絡|営業|広告|contact|kontakt|anschreib|consent|einwilligung|zustimmung",
    re.IGNORECASE,
)
#: Mail that did not arrive, or that there once was, is no mail that was refused.
_PAST: Final = re.compile(
    r"エラー|失敗|以前|過去|最終|返信|error|fail|invalid|missing|fehl|previous|former|\blast\b"
    r"|\bwithout\b|\bend\b|repl(?:y|ied)|owner|ehemal|früher|letzt",
    re.IGNORECASE,
)
#: A mark that is taken away says the opposite of one that is set.
_UNTICKED: Final = re.compile(
    r"\bun-?(?:tick|check)|\bdeselect|外して|外す|abwählen", re.IGNORECASE
)
_REFUSAL_CHOSEN: Final = re.compile(
    r"(?:停止|解除|退会|辞退|拒否|取消|取り消し|キャンセル|中止)(?:を|の)?(?:ご|お)?(?:希望)?"
    r"(?:する|します|されますか|しますか)"
)
_ASKED: Final = re.compile(r"しますか|する(?!場合)|ますか", re.IGNORECASE)
_NOT_MAIL: Final = re.compile(
    r"個人情報|プライバシー|規約|方針|電話|郵送|郵便|ダイレクトメール|\bdirect mail\b"
    r"|日時|日付|アドレス|方法|privacy|terms|policy"
    r"|gdpr|datenschutz"
    r"|日$|日(?=[\s)）])|(?:登録|配信|受信|購読|同意|希望)日|最終|前回|次回|(?<![複多])数|件数|回数"
    r"|[^\W_]率"
    r"|登録元|元$|経路|先$|形式|種類|種別|履歴|媒体|言語|頻度|曜日|時刻|時間|番号|コード|理由"
    r"|エラー|担当|第三者"
    r"|提携|パートナー|ファックス|(?<![a-z])fax|telefon|telephone|anruf|datum|zeitpunkt|quelle"
    r"|anzahl"
    r"|\b(?:agb|grund|typ|dritte\w*|briefpost|uhrzeit|am$|telemarketing|whatsapp|push|postal|mobile"
    r"|third.?part(?:y|ies)|partners?|sponsors?|affiliates?|number|type|language|format|template"
    r"|category|total|rate|history|last|latest|received|accepted|errors?)\b"
    r"|\b(?:sms|phone|calls?|called|calling|fax|post|time|date|ip|id|url|at|on|mode|source|version"
    r"|reason|count|method|address|link|status reason|frequency|clicked|opened|sent|bounced"
    r"|delivered)\b",
    re.IGNORECASE,
)

#: A refusal has a day, but the mail of other kinds and its figures are no refusals of mail.
_NOT_REFUSED: Final = re.compile(
    r"個人情報|プライバシー|規約|方針|電話|郵送|アドレス|理由|privacy|terms|policy|gdpr|datenschutz"
    r"|telefon|anruf"
    r"|\b(?:sms|phone|call|calls|fax|post|ip|id|url|source|version|reason|count|rate|address|link"
    r"|whatsapp|push|partners?|third.?part(?:y|ies)|number|grund|anzahl)\b",
    re.IGNORECASE,
)

#: Questions in many words, each with what it asks for.
_QUESTIONS: Final = (
    (re.compile(r"知りましたか|お知りにな|知った(?:の|理由)|きっかけ"), "source"),
    (
        re.compile(
            r"\b(?:how|where) (?:did|have) you (?:hear|heard|find|found|learn|come)", re.IGNORECASE
        ),
        "source",
    ),
    (re.compile(r"導入.*(?:時期|いつ)|いつ(?:頃|ごろ)?.*導入"), "timeframe"),
    (
        re.compile(
            r"\bwhen (?:are|do|would|will) you\b.*\b(?:implement|buy|start|purchase)", re.IGNORECASE
        ),
        "timeframe",
    ),
    (
        re.compile(r"\b(?:decision.?maker|role in the (?:purchas|buying|decision))", re.IGNORECASE),
        "decision_role",
    ),
    (
        re.compile(r"\bhow (?:can|may|could) we (?:help|assist)|\banything else\b", re.IGNORECASE),
        "message",
    ),
)
#: The answers that a question offers, and the promise that one can change one's mind: neither is
#: what it asks for.
_CHOICES: Final = re.compile(
    r"(?:可|要|有り?|あり|希望|する)\s*[・/|]\s*(?:不可|否|不要|無し?|なし|(?:希望|同意|登録"
    r"|購読)?しない)"
    r"|有無|\b(?:yes|ja|y|j)\s*(?:[/|,]|or|oder)\s*(?:no|nein|n)\b|\b(?:no|nein)\s*[/|]\s*(?:yes"
    r"|ja)\b"
    r"|はい\s*[・/|、]\s*いいえ"
    r"|\((?:ご?不要|希望(?:し|され)ない)[^()]*は[「『\"'](?:不要|いいえ|希望しない|しない|なし|無"
    r"|×)"
    r"[」』\"'][^()]*\)"
    r"|\byou (?:can|may) (?:unsubscribe|opt[ -]?out|withdraw)[^.()]*any ?time"
    r"|\bjederzeit widerruf\w*"
    r"|いつでも(?:配信)?(?:停止|解除)(?:できます|可能です?|いただけます)",
    re.IGNORECASE,
)


def without_choices(header: str) -> str:
    """Return a header without the answers that it offers, as `(可・不可)`."""
    return _CHOICES.sub("", header)


def is_refusal(words: str) -> bool:
    """Return whether a yes in the column is a no to mail."""
    if _NOT_REFUSED.search(words) or _UNTICKED.search(words):
        return False
    return bool(_REFUSED.search(words) or _REVOKED.search(words))


def is_ban(words: str) -> bool:
    """Return whether words that name no field speak against mail, in whatever way."""
    is_against = _REACHED.search(words) and _NEGATED.search(words)
    return bool(is_against) and not (_PAST.search(words) or is_other_refusal(words))


def is_agreement(words: str) -> bool:
    """Return whether the column asks for consent to mail, and for that alone."""
    return bool(_AGREED.search(words)) and is_plain(words)


def is_plain(words: str) -> bool:
    """Return whether nothing in a header turns a consent around or into one to something else."""
    return not (_NEGATED.search(words) or _NOT_MAIL.search(words))


def is_other_refusal(words: str) -> bool:
    """Return whether a refusal is not one of mail, or none that a yes would state."""
    return bool(_NOT_REFUSED.search(words) or _UNTICKED.search(words))


def is_question(header: str) -> bool:
    """Return whether a header about refusals asks for the opposite, so that a yes is unclear."""
    return _ASKED.search(_REFUSAL_CHOSEN.sub("", header)) is not None


def asked_field(header: str) -> str:
    """Return the field that a question in many words asks for, or ""."""
    return next((field for shape, field in _QUESTIONS if shape.search(header)), "")
