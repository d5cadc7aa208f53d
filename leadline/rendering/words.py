"""Words that people read for what the program stores, in English and Japanese.

Each table maps a stored value to its wording per language; `say` looks one up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

Words = dict[str, dict[str, str]]

#: What a lead asked for.
REQUEST_WORDS: Final[Words] = {
    "quote": {"en": "Quote request", "ja": "見積希望"},
    "demo": {"en": "Demo request", "ja": "デモ希望"},
    "document": {"en": "Document request", "ja": "資料請求"},
    "consultation": {"en": "Consultation request", "ja": "相談希望"},
    "support": {"en": "Support request", "ja": "サポート依頼"},
    "other": {"en": "Inquiry", "ja": "お問い合わせ"},
}

#: On which basis marketing mail may be sent; `none` when it may not.
CONSENT_WORDS: Final[Words] = {
    "opt_in": {"en": "agreed to marketing mail", "ja": "メール配信に同意済み"},
    "address_in_writing": {
        "en": "handed over the address in writing or on a card",
        "ja": "書面または名刺でアドレスを受領",
    },
    "business_relationship": {"en": "existing business relationship", "ja": "取引関係あり"},
    "published_business_address": {
        "en": "published business address",
        "ja": "公開されている事業用アドレス",
    },
    "none": {
        "en": "no consent to marketing mail; answer this request only",
        "ja": "メール配信の同意なし。今回のご依頼への回答のみ可",
    },
}

#: How well a lead fits.
GRADE_WORDS: Final[Words] = {
    "A": {"en": "A (fits very well)", "ja": "A (非常に合う)"},
    "B": {"en": "B (fits well)", "ja": "B (よく合う)"},
    "C": {"en": "C (fits in part)", "ja": "C (一部合う)"},
    "D": {"en": "D (fits little)", "ja": "D (あまり合わない)"},
}

#: How far a lead has come.
LIFECYCLE_WORDS: Final[Words] = {
    "subscriber": {"en": "Subscriber", "ja": "購読者"},
    "lead": {"en": "Lead", "ja": "リード"},
    "mql": {"en": "Marketing qualified", "ja": "MQL (マーケティング評価済み)"},
    "sal": {"en": "Accepted by sales", "ja": "SAL (営業受入済み)"},
    "sql": {"en": "Sales qualified", "ja": "SQL (営業評価済み)"},
    "opportunity": {"en": "Opportunity", "ja": "商談"},
    "customer": {"en": "Customer", "ja": "顧客"},
}

#: What a submission has done to its lead.
OUTCOME_WORDS: Final[Words] = {
    "created": {"en": "created", "ja": "新規"},
    "updated": {"en": "updated", "ja": "更新"},
    "duplicate": {"en": "duplicate", "ja": "重複"},
}

#: What has become of an assignment.
ASSIGNMENT_WORDS: Final[Words] = {
    "offered": {"en": "Waiting for your answer", "ja": "回答待ち"},
    "accepted": {"en": "Accepted", "ja": "承諾済み"},
    "declined": {"en": "Declined", "ja": "辞退済み"},
    "expired": {"en": "Deadline passed", "ja": "期限切れ"},
    "reassigned": {"en": "Given to another rep", "ja": "別の担当に変更済み"},
}

#: Why a rep declines.
DECLINE_WORDS: Final[Words] = {
    "no_time": {"en": "No time before the deadline", "ja": "期限までに対応できない"},
    "wrong_territory": {"en": "Not my territory", "ja": "担当エリアが違う"},
    "known_to_other": {"en": "A colleague has this account", "ja": "別の担当がこの取引先を担当中"},
    "not_a_lead": {
        "en": "Not a sales lead (supplier, applicant, test)",
        "ja": "営業対象ではない (仕入先・応募者・テストなど)",
    },
    "other": {"en": "Another reason", "ja": "その他"},
}

_WEEKDAYS: Final = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "ja": "月火水木金土日"}
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


#: A unit of waiting: its length, from how many of them it is used, its words (`{}` is the number)
#: in a sentence and in a subject. Two hours and more, so that no unit is ever "1".
_WAITS: Final = (
    (timedelta(days=1), 2, {"en": ("{} days", "{} d"), "ja": ("{}日間", "{}日")}),
    (timedelta(hours=1), 2, {"en": ("{} hours", "{} h"), "ja": ("{}時間", "{}時間")}),
    (timedelta(minutes=1), 0, {"en": ("{} minutes", "{} min"), "ja": ("{}分間", "{}分")}),
)


def wait_texts(wait: timedelta, lang: str) -> tuple[str, str]:
    """Return how long somebody waited, for a sentence and for a subject, rounded down.

    "3 days" and "3 d" in English, "3日間" and "3日" in Japanese.
    """
    unit, _, words = next(each for each in _WAITS if wait >= each[0] * each[1])
    sentence, subject = words.get(lang, words["en"])
    return sentence.format(wait // unit), subject.format(wait // unit)


def say(words: Mapping[str, Mapping[str, str]], value: str, lang: str) -> str:
    """Return the wording of `value` in `lang`; a value without one stands for itself."""
    wording = words.get(value, {})
    return wording.get(lang, wording.get("en", value))


def choices(words: Mapping[str, Mapping[str, str]], lang: str) -> list[dict[str, str]]:
    """Return a table as the choices of a list on a page, in its own order."""
    return [{"value": value, "label": say(words, value, lang)} for value in words]


def clock_text(at: datetime, *, zone: ZoneInfo, lang: str) -> str:
    """Return an aware instant as clock time and day in `zone`, for deadlines and arrival times.

    "10:25 (JST), Mon 23 Nov" in English, "11月23日(月) 10:25 (JST)" in Japanese.
    """
    local = at.astimezone(zone)
    clock = f"{local:%H:%M} ({local.tzname()})"
    weekday = _WEEKDAYS.get(lang, _WEEKDAYS["en"])[local.weekday()]
    if lang == "ja":
        return f"{local.month}月{local.day}日({weekday}) {clock}"
    return f"{clock}, {weekday} {local.day} {_MONTHS[local.month - 1]}"


def day_text(at: datetime, *, zone: ZoneInfo, lang: str, now: datetime) -> str:
    """Return the day of an aware instant in `zone`, with its year when that is not the present.

    "20 Nov" or "20 Nov 2025" in English, "11月20日" or "2025年11月20日" in Japanese.
    """
    local = at.astimezone(zone)
    is_this_year = local.year == now.astimezone(zone).year
    if lang == "ja":
        return f"{'' if is_this_year else f'{local.year}年'}{local.month}月{local.day}日"
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    return day if is_this_year else f"{day} {local.year}"
