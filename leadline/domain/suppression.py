"""Standing bans on addresses: the words for them, and the addresses that a list of bans states.

A ban is no refusal. Who unsubscribed or complained has refused, and that is evidence; a customer,
a competitor or an address that bounced has not, so nothing is said in their name.
"""

from __future__ import annotations

import re
from typing import Final

from leadline.domain.reach import MAX_EMAIL, read_email

#: Why an address is banned; the list is closed.
CAUSES: Final = ("unsubscribe", "complaint", "hard_bounce", "customer", "competitor", "manual")
#: The causes that are an act of the person: a refusal, with evidence.
REFUSING: Final = frozenset({"unsubscribe", "complaint"})
#: What a ban stops: marketing mail, or every mail to that address.
BAN_SCOPES: Final = ("marketing", "global")

CAUSE_WORDS: Final[dict[str, dict[str, str]]] = {
    "unsubscribe": {"en": "unsubscribed", "ja": "本人による配信停止"},
    "complaint": {"en": "complained", "ja": "迷惑メールの申告"},
    "hard_bounce": {"en": "the address does not exist", "ja": "宛先不明"},
    "customer": {"en": "existing customer", "ja": "既存顧客"},
    "competitor": {"en": "competitor", "ja": "競合他社"},
    "manual": {"en": "banned by a person", "ja": "手動で登録"},
}
SCOPE_WORDS: Final[dict[str, dict[str, str]]] = {
    "marketing": {"en": "marketing mail", "ja": "シナリオメール"},
    "global": {"en": "every mail", "ja": "すべてのメール"},
}

_SEPARATORS: Final = re.compile(r":::|[;,、，；\n\r\t|]")
_MOST: Final = 4_000  # characters of a cell in which several addresses are looked for
_TWO_AT: Final = 2
_AT_WORD: Final = re.compile(r"\s(?:at|アット)\s|[(\[]\s*(?:at|アット)\s*[)\]]", re.IGNORECASE)
_DOMAIN: Final = re.compile(r"[*%]?@?(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_FOLDED: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

#: What is wrong with a text that is to be an address, and what to do: en, then ja.
FAULTS: Final[dict[str, tuple[dict[str, str], dict[str, str]]]] = {
    "missing": (
        {"en": "no mail address", "ja": "メールアドレスがありません"},
        {"en": "fill it in, or delete the line", "ja": "記入するか、行を削除してください"},
    ),
    "too_long": (
        {
            "en": f"longer than the {MAX_EMAIL} characters that an address may have",
            "ja": f"メールアドレスの上限 ({MAX_EMAIL} 文字) を超えています",
        },
        {"en": "keep the address alone in the cell", "ja": "アドレスだけを記入してください"},
    ),
    "at_in_words": (
        {"en": "the @ is written in words", "ja": "@ が文字で書かれています"},
        {"en": "write the sign: name@example.com", "ja": "記号の @ で記入してください"},
    ),
    "domain_only": (
        {"en": "a domain, not an address", "ja": "アドレスではなくドメインです"},
        {
            "en": "name each address of the domain; a whole domain cannot be banned",
            "ja": "ドメイン単位では登録できません。アドレスを1件ずつ記入してください",
        },
    ),
    "no_at": (
        {"en": "there is no @", "ja": "@ がありません"},
        {"en": "write it as name@example.com", "ja": "name@example.com の形で記入してください"},
    ),
    "several_at": (
        {"en": "there is more than one @", "ja": "@ が2つ以上あります"},
        {
            "en": "write one @, and put a semicolon between two addresses",
            "ja": "@ を1つにし、複数のアドレスはセミコロンで区切ってください",
        },
    ),
    "comma": (
        {"en": "a comma stands in the domain", "ja": "ドメインにカンマが入っています"},
        {"en": "write a dot in its place", "ja": "カンマをピリオドに直してください"},
    ),
    "blank": (
        {"en": "a blank stands within the address", "ja": "アドレスの途中に空白があります"},
        {"en": "remove the blank", "ja": "空白を取り除いてください"},
    ),
    "no_dot": (
        {"en": "no dot stands behind the @", "ja": "@ の後にピリオドがありません"},
        {
            "en": "write the whole domain, such as example.com",
            "ja": "example.com のようにドメイン全体を記入してください",
        },
    ),
    "double_dot": (
        {
            "en": "a dot stands beside a dot, beside the @, or at the end",
            "ja": "ピリオドが連続しているか、@ の隣または末尾にあります",
        },
        {"en": "remove it", "ja": "余分なピリオドを取り除いてください"},
    ),
    "other": (
        {"en": "this is no mail address", "ja": "メールアドレスの形式が正しくありません"},
        {"en": "write it as name@example.com", "ja": "name@example.com の形で記入してください"},
    ),
}


def read_addresses(cell: str) -> tuple[str, ...]:
    """Return every address of a cell in one shape; none when any part of it is no address."""
    found = read_email(cell)
    if found is None or len(_parts(cell)) > 1:
        parts = [read_email(part) for part in _parts(cell)]
        if parts and all(parts):
            return tuple(dict.fromkeys(part for part in parts if part and is_one_person(part)))
    return (found,) if found and is_one_person(found) else ()


def is_one_person(email: str) -> bool:
    """Tell whether an address can be somebody's: no pattern of a domain, and not too long."""
    return len(email) <= MAX_EMAIL and not email.startswith(("*@", "%@"))


def _parts(cell: str) -> list[str]:
    if len(cell) > _MOST:
        return [cell]
    return [part for part in _SEPARATORS.split(cell) if part.strip()]


def find_fault(text: str) -> str:
    """Return what is wrong with a text that is no address, a key of `FAULTS`."""
    plain = text.translate(_FOLDED).strip().strip("\u3000").removeprefix("mailto:")
    local, _, domain = plain.partition("@")
    for fault, is_so in (
        ("missing", not plain),
        ("too_long", len(plain) > MAX_EMAIL and plain.count("@") == 1),
        ("at_in_words", "@" not in plain and _AT_WORD.search(plain) is not None),
        ("domain_only", _DOMAIN.fullmatch(plain) is not None),
        ("no_at", "@" not in plain),
        ("several_at", plain.count("@") >= _TWO_AT),
        ("comma", "," in domain and "." not in domain.partition(",")[2]),
        ("blank", any(sign.isspace() for sign in plain)),
        ("no_dot", "." not in domain),
        ("double_dot", _has_odd_dot(local, domain)),
    ):
        if is_so:
            return fault
    return "other"


def _has_odd_dot(local: str, domain: str) -> bool:
    both = (local, domain)
    return any(".." in part or part.startswith(".") or part.endswith(".") for part in both)
