"""The forms that a header takes around its word: polite Japanese, and the names of a time."""

from __future__ import annotations

import re
from typing import Final

_TAIL: Final = re.compile(
    r"(?:(?:を|は|について|に関して)?(?:ご|お)?"
    r"(?:入力|記入|記載|選択|選び|登録|回答|教え|聞かせ|知らせ|書き|明記)(?:して|て)?"
    r"(?:ください|下さい|願います|お願い(?:いた|致)?します)|をお?願い(?:いた|致)?します"
    r"|は(?:何|どちら|どこ|いくつ|何名|何人|どのくらい|どれくらい|どなた)?(?:様)?"
    r"(?:です|でしょう|ございます)?か?|欄|情報|の入力|のご記入|のご入力|(?:を|に|の)?ついて)[\s。?!]*$"
)
_HEAD: Final = re.compile(
    r"^(?:あなたの|貴方の|皆様の|お客様の|お客さまの|(?:貴社|御社|会社|企業|法人|貴団体|現在|所属企業)の|"
    r"(?:ご|お|御)?(?:担当者|連絡先|申込者|参加者|代表者|登録|勤務先|所属|送付先|住まい)(?:様)?の|"
    r"貴社|御社|ご|お|御|貴)"
)
_IF_ANY: Final = re.compile(
    r"(?:等|など)?(?:が|は)?(?:ございましたら|ありましたら|あれば|ある場合)[^あ]*$"
)
_ASKED: Final = re.compile(r"は[^は]*(?:か|[?。])[\s。?]*$")
_REACHED: Final = re.compile(
    r"^.*(?:つく|取れる|とれる|可能な|できる|繋がる|つながる|受け取れる|いただける)"
)
#: Polite forms around what a header asks for.
JAPANESE_FORMS: Final = (_TAIL, _HEAD, _IF_ANY, _ASKED, _REACHED)
#: Whom a column is about, in front of what it holds.
JAPANESE_ENTITY: Final = re.compile(
    r"^(?:ご|お|御)?(?:連絡先|申込者|申込|参加者|来場者|回答者|代表者|登録|勤務先|本社|送付先|顧客|客様|法人"
    r"|リード|コンタクト|担当者|会社|個人|主|代表|社用|業務用|仕事用)(?:様)?[_ \-:]*"
)

#: What names a day and its hour together, with the word for the day alone.
_MOMENTS: Final = (
    (re.compile(r"(?<=\w)[\s_-]+date\s*(?:/|&|\+|_|\band\b)\s*time$", re.IGNORECASE), " date"),
    (re.compile(r"(?<=[^\W_])([\s_-]*)zeitpunkt$", re.IGNORECASE), r"\1datum"),
    (
        re.compile(r"(?<=\w)([\s_-]*)datum\s*(?:/|&|\bund\b)\s*(?:uhr)?zeit$", re.IGNORECASE),
        r"\1datum",
    ),
    (re.compile(r"(?<=\w)(?:日付?[・/と]時[刻間]|時刻)$"), "日時"),
)


def plain_time(header: str) -> str:
    """Return a header of days with their hours as one of days: `Order Date/Time`, `完了時刻`."""
    plain = header.strip()
    for shape, word in _MOMENTS:
        plain = shape.sub(word, plain)
    return plain
