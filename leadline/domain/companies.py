"""The key under which a company is compared: its name without legal form, width, case and signs."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LONGEST: Final = 255  # characters; a longer cell is no name

#: Legal forms that stand behind a name, as one word each.
_BEHIND_WORDS: Final = """
inc incorporated corp corporation co company llc llp lp ltd limited plc pty pte pvt private
proprietary cic pc pllc
gmbh ggmbh mbh ag kg kgaa ohg gbr ug haftungsbeschränkt ek ev eg se
sa sas sasu sarl sàrl eurl snc sca scop
spa srl srls sapa
bv nv vof cvba bvba
ab hb oy oyj as asa aps ivs is ks
sl slu sau lda ltda eireli
kft zrt nyrt sro spzoo doo
sdn bhd tbk kk yk gk
"""
_BEHIND: Final = frozenset(_BEHIND_WORDS.split())
#: Legal forms of several words, the longest first.
_BEHIND_TOGETHER: Final = (
    ("s", "de", "rl", "de", "cv"),
    ("kabushiki", "kaisha"),
    ("kabushiki", "gaisha"),
    ("sapi", "de", "cv"),
    ("spol", "s", "ro"),
    ("godo", "kaisha"),
    ("yugen", "kaisha"),
    ("sa", "de", "cv"),
    ("sp", "z", "oo"),
    ("l", "l", "c"),
    ("k", "k"),
    ("e", "k"),
    ("e", "v"),
    ("s", "a"),
    ("b", "v"),
    ("n", "v"),
)
_TOGETHER_BY_LAST: Final = {
    last: [form for form in _BEHIND_TOGETHER if form[-1] == last]
    for last in {form[-1] for form in _BEHIND_TOGETHER}
}
_FRONT: Final = frozenset({"pt", "ооо", "оао", "зао", "пао", "тоо"})
_LINKS: Final = frozenset({"and", "und", "et", "y", "e"})  # GmbH und Co. KG

_WORDS_JA: Final = (
    "株式会社|株式會社|有限会社|合同会社|合資会社|合名会社|相互会社|特定目的会社|"
    "(?:一般|公益)?(?:社団|財団)法人|医療法人(?:社団|財団)?|学校法人|社会福祉法人|宗教法人|"
    "特定非営利活動法人|npo法人|(?:地方)?独立行政法人|国立研究開発法人|(?:国立|公立)大学法人|"
    "(?:税理士|弁護士|司法書士|行政書士|社会保険労務士|監査|特許業務|農事組合)法人|"
    "股份有限公司|有限责任公司|有限責任公司|有限公司|주식회사|유한회사"
)
_SHORT_JA: Final = (
    r"\((?:株|有|同|資|名|相|一社|公社|社|一財|公財|財|医|学|福|宗|特非|独|大|税|弁|監|주|유)\)"
)
_KANA: Final = "カ|ユ|ド|メ|シ|ガク|フク|ザイ|シヤ|イ"
_BEFORE_JA: Final = re.compile(rf"(?:{_WORDS_JA}|{_SHORT_JA}|\(?(?:{_KANA})\))\s*")
_AFTER_JA: Final = re.compile(rf"\s*(?:{_WORDS_JA}|{_SHORT_JA}|\((?:{_KANA})\)?)$")
_INITIALS: Final = re.compile(r"(?<=\b\w)[./](?=\w\b)")
_CJK: Final = "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30fe\u3400-\u9fff\uac00-\ud7a3"
_WORD: Final = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")  # a form may follow kanji without a space


def company_key(name: str) -> str | None:
    """Return the key of a company's name, None where the name says nothing.

    Legal forms are taken off in front and behind (Inc, GmbH & Co. KG, 株式会社, (株), ㈱, カ);
    width, case, signs and spaces do not count. A name that is a legal form and nothing else stays.
    """
    return _key(name) if len(name) <= _LONGEST else None


@lru_cache(maxsize=1 << 14)
def _key(name: str) -> str | None:
    """Work the key out; files name the same companies again and again."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    bare = plain if plain.isascii() else _without_japanese_form(plain)
    if "." in bare or "/" in bare:
        bare = _INITIALS.sub("", bare)
    words = _WORD.findall(bare)
    key = "".join(_without_form(words))
    return key or "".join(_WORD.findall(plain)) or None


def _without_japanese_form(name: str) -> str:
    """Take legal forms of East Asia off both ends; the last one stays when nothing else is left."""
    while (match := _BEFORE_JA.match(name)) and match.end() < len(name):
        name = name[match.end() :]
    while (match := _AFTER_JA.search(name)) and match.start() > 0:
        name = name[: match.start()]
    return name


def _without_form(words: list[str]) -> list[str]:
    """Take legal forms off both ends; the last word stays."""
    end = len(words)
    while end > 1 and (size := _form_size(words[:end])) and 0 < size < end:
        if words[: end - size] == ["the"]:
            break
        end -= size
        if end > 1 and words[end - 1] in _LINKS and words[end] == "co":
            end -= 1
    begin = 1 if end > 1 and words[0] in _FRONT else 0
    return words[begin:end]


def _form_size(words: list[str]) -> int:
    """Return how many of the last words are a legal form."""
    last = words[-1]
    for form in _TOGETHER_BY_LAST.get(last, ()):
        if tuple(words[-len(form) :]) == form:
            return len(form)
    return 1 if last in _BEHIND else 0
