"""Headers that are whole questions: may we write to you, where did you hear of us, and the like."""

from __future__ import annotations

import re
from typing import Final

_MAIL: Final = (
    r"メール|メルマガ|ニュースレター|案内|お知らせ|(?-i:DM)|配信|newsletter|e-?mails?\b|marketing|mailing"
    r"|updates|communications|promotion|werbung|offers"
)
_AGREED: Final = re.compile(
    rf"(?=.*(?:{_MAIL}))(?=.*(?:希望|受け取|受取|受信|購読|配信|同意|許可|許諾|承諾|登録|可否"
    r"|agree|consent|opt.?in|subscri|receive|permission|sign.?up|accept|would you like|keep me"
    r"|einwillig|zustimm|anmeld|erhalten|einverstanden|abonnier))",
    re.IGNORECASE | re.DOTALL,
)
_REFUSED: Final = re.compile(
    rf"(?=.*(?:{_MAIL}|contact|opt(?:ed)?.?out|unsubscrib|abgemeldet|配信停止)).*"
    r"(?:不要|停止|拒否|除外|解除|(?-i:NG(?![A-Z]))|不可|しない|ません|らない|断り|opt(?:ed)?.?out"
    r"|unsubscrib|do not|don.?t|not (?:receive|want|wish)|abmeld|abgemeldet|abbestell|widerspr"
    r"|\bkeine?\b|sperre)",
    re.IGNORECASE | re.DOTALL,
)
_ASKED: Final = re.compile(r"しますか|する(?!場合)|ますか", re.IGNORECASE)
_NOT_MAIL: Final = re.compile(
    r"個人情報|プライバシー|規約|方針|電話|郵送|日時|日付|アドレス|方法|privacy|terms|policy|gdpr|datenschutz"
    r"|\bagb\b|\b(?:sms|phone|call|calls|fax|post|time|date|ip|id|url|at|on|mode|source|version|reason"
    r"|count|method|address|link|status reason|frequency|clicked|opened|sent|bounced|delivered)\b",
    re.IGNORECASE,
)

#: A refusal has a day, but the mail of other kinds and its figures are no refusals of mail.
_NOT_REFUSED: Final = re.compile(
    r"個人情報|プライバシー|規約|方針|電話|郵送|アドレス|理由|privacy|terms|policy|gdpr|datenschutz"
    r"|\b(?:sms|phone|call|calls|fax|post|ip|id|url|source|version|reason|count|rate|address|link)\b",
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
#: The answers that a question offers, not what it asks for.
_CHOICES: Final = re.compile(r"(?:可|要|希望|する)\s*[・/|]\s*(?:不可|否|不要|希望しない|しない)")


def without_choices(header: str) -> str:
    """Return a header without the answers that it offers, as `(可・不可)`."""
    return _CHOICES.sub("", header)


def is_refusal(words: str) -> bool:
    """Return whether a yes in the column is a no to mail."""
    return bool(_REFUSED.search(words)) and not _NOT_REFUSED.search(words)


def is_agreement(words: str) -> bool:
    """Return whether the column asks for consent to mail, and for that alone."""
    return bool(_AGREED.search(words)) and not _NOT_MAIL.search(words)


def is_question(header: str) -> bool:
    """Return whether a header about refusals asks for the opposite, so that a yes is unclear."""
    return _ASKED.search(header) is not None


def asked_field(header: str) -> str:
    """Return the field that a question in many words asks for, or ""."""
    return next((field for shape, field in _QUESTIONS if shape.search(header)), "")
