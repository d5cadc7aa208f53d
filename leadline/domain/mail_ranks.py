"""Which column counts of several that could be the lead's: participants before hosts, buyers."""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TOKEN: Final = re.compile(r"[^\W_]+")
_PARTICIPANT: Final = re.compile(
    r"\b(?:invitee|attendee|participant|registrant|respondent|visitor|teilnehmer)s?\b"
    r"|参加者|来場者|受講者|申込者|回答者|出席者"
)
#: Beside a participant, the one who invited, sold, or paid.
_ASIDE: Final = re.compile(
    r"\b(?:user|buyer|purchaser|billing|invoice|payer|host|organi[sz]er|owner|rep|seller"
    r"|käufer|rechnungs?|veranstalter)\b|購入者|請求先|支払者|主催者|開催者|営業担当|所有者"
)
#: Written twice, or of whoever is told: never the lead's while there is another.
_LAST: Final = re.compile(
    r"\b(?:confirm(?:ed|ation)?|verif(?:y|ication)|re ?enter(?:ed)?|re ?typed?|repeat(?:ed)?"
    r"|again|recipients?|receivers?|notif(?:y|ication|ications)|senders?|reply|b?cc|forward(?:ed)?"
    r"|empfänger|absender|bestätigung|wiederholen)\b|^to (?:e ?)?mail"
    r"|確認|再入力|受信者|受取人|宛先|通知|送信元|送信者|差出人|返信先"
)
#: A mail address, or one at work, and nothing else but that it has to be filled in.
_PLAIN: Final = re.compile(
    r"\A(?:your )?(?:(?:work|business|primary|main) )?(?:e ?mail|mail)"
    r"(?: ?(?:address|adr(?:esse|ess)|アドレス|id))?"
    r"(?: (?:required|optional|必須|任意))?\Z"
    r"|\A(?:お客様の|ご)?(?:e ?|電子)?(?:メール(?:アドレス)?|メアド)(?: (?:必須|任意))?\Z"
)
_CJK: Final = re.compile("[\u3005\u3040-\u30ff\u3400-\u9fff]")
_LEAST_SIGNS: Final = 3  # that two headers share by more than chance
_LEAST_WORDS: Final = 2
_OF_PERSONS: Final = frozenset(
    {"email", "full_name", "given_name", "family_name", "name_kana", "phone"}
)


def is_aside(header: str, field: str) -> bool:
    """Return whether what a column holds is rather of a host or a buyer than of the lead."""
    return field in _OF_PERSONS and _ASIDE.search(_plain(header)) is not None


def mail_rank(header: str, names: Iterable[str]) -> int:
    """Return how early a mail column counts.

    Args:
        header: of the column.
        names: headers of the columns that the lead's name is taken from.
    """
    plain = _plain(header)
    if _LAST.search(plain):
        return 5
    if any(_is_of_same(plain, _plain(name)) for name in names):
        return 0
    if _PARTICIPANT.search(plain):
        return 1
    if _PLAIN.search(plain):
        return 2
    return 4 if _ASIDE.search(plain) else 3


def _plain(header: str) -> str:
    """Return the words of a header in one width and case."""
    parted = _CAMEL.sub(" ", unicodedata.normalize("NFKC", header))
    return " ".join(_TOKEN.findall(parted.casefold()))


def _is_of_same(one: str, other: str) -> bool:
    """Return whether two headers begin with the same person: `Invitee Name`, `Invitee Email`."""
    if _CJK.search(one):
        shared = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
        return len(list(shared)) >= _LEAST_SIGNS
    words, others = one.split(), other.split()
    return min(len(words), len(others)) >= _LEAST_WORDS and words[0] == others[0]
