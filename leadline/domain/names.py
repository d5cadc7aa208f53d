"""Splitting the full name of a person into family and given name, where its form leaves no doubt.

Japanese names stand family name first and are split where they have a space; without one nothing
tells where the family name ends. Chinese and Korean names are known by country and script. Western
names stand given name first, but for `Family, Given` and a family name in capitals. Latin letters
from countries that write either order are split only where a comma or capitals tell.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_CJK: Final = re.compile("[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KATAKANA: Final = re.compile("[\u30a1-\u30ff\\s]+")
_HANGUL: Final = re.compile("[\uac00-\ud7a3]{2,5}")
_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]{2,4}")
_JAPANESE_PAIR: Final = re.compile(
    "([\u3005\u3400-\u9fff]{1,4}) ([\u3005\u3041-\u3096\u3400-\u9fff]{1,4})(?<![様殿氏君長任生ん])"
)
_WESTERN_PAIR: Final = re.compile(r"([A-Z][a-z]{2,}) ([A-Z][a-z]{3,})")
_NO_PERSON: Final = re.compile(r"[\d@/&+_<>|\\:;\"\[\]{}?!*=#]|\b(?:and|und|et|y)\b", re.IGNORECASE)
_NOTE: Final = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_JAPANESE_TITLE: Final = re.compile(
    r"(?:\s*(?:様|さま|さん|先生|殿)|\s+(?:氏|君|部長|課長|社長|係長|主任))$"
)
_LONGEST: Final = 255

_TITLE_WORDS: Final = """
mr mrs ms miss mx dr prof professor sir dame rev hon herr frau hr fr mme mlle monsieur madame sig
signor signora sr sra srta dipl ing med mag
"""
_SUFFIX_WORDS: Final = """
jr sr ii iii iv v phd md mba cpa esq dds cfa dvm jd llm msc bsc ma ba pe pmp rn
"""
_PARTICLE_WORDS: Final = """
van von vom de del della dello di da dal dos das do du der den des la le las los ten ter tot zu
zum zur af av bin ibn ben bint al el st saint san santa y e
"""
_TITLES: Final = frozenset(_TITLE_WORDS.split())
_SUFFIXES: Final = frozenset(_SUFFIX_WORDS.split())
_PARTICLES: Final = frozenset(_PARTICLE_WORDS.split())
#: Countries whose people write Latin letters in either order.
_EITHER_ORDER: Final = frozenset({"JP", "CN", "TW", "HK", "MO", "KR", "KP", "VN", "HU", "SG", "MY"})
_TWO_FAMILY_NAMES: Final = frozenset({"ES", "MX", "CO", "PE", "CL", "VE", "EC", "BO", "CR", "GT"})
_CHINESE: Final = frozenset({"CN", "TW", "HK", "MO", "SG"})
_DOUBLE_CHINESE: Final = frozenset(
    (
        "欧阳",
        "歐陽",
        "司马",
        "司馬",
        "诸葛",
        "諸葛",
        "上官",
        "司徒",
        "东方",
        "東方",
        "夏侯",
        "皇甫",
        "尉迟",
        "尉遲",
        "公孙",
        "公孫",
    )
)
_DOUBLE_KOREAN: Final = frozenset(("남궁", "황보", "제갈", "선우", "독고", "사공", "서문"))


class PersonName(NamedTuple):
    """The two parts of a full name, as written."""

    family: str
    given: str


def split_name(full: str, *, country: str | None) -> PersonName | None:
    """Return family and given name, None where the form does not tell them.

    Titles, suffixes and polite endings (Mr., PhD, 様) belong to neither part.

    Args:
        full: the name with white space collapsed, as `clean_name` returns it.
        country: ISO code of where the person is, None when it is not known.
    """
    if pair := _JAPANESE_PAIR.fullmatch(full):
        return PersonName(pair[1], pair[2])
    if (pair := _WESTERN_PAIR.fullmatch(full)) and _are_plain(pair[1], pair[2]):
        return None if country in _EITHER_ORDER else PersonName(pair[2], pair[1])
    if len(full) > _LONGEST or _NO_PERSON.search(full):
        return None
    text = _NOTE.sub("", full)
    if _CJK.search(text) or _HANGUL.search(text):
        return _east_asian(text, country)
    return _western(text, country)


def _are_plain(first: str, last: str) -> bool:
    """Return whether two words are names and nothing else; most full names are such."""
    return first.lower() not in _TITLES and last.lower() not in _SUFFIXES


def _east_asian(text: str, country: str | None) -> PersonName | None:
    """Split a name in kanji, kana, hanzi or hangul."""
    text = _JAPANESE_TITLE.sub("", text).strip()
    if "・" in text or "＝" in text or "=" in text:  # a foreign name in katakana: given name first
        parts = [part for part in re.split("[・＝=]", text) if part]
        return PersonName(parts[-1], "・".join(parts[:-1])) if len(parts) > 1 else None
    parts = text.split()
    if len(parts) == 1:
        return _unspaced(text, country)
    if len(parts) != 2 or _KATAKANA.fullmatch(text) or not _is_one_script(parts):  # noqa: PLR2004
        return None
    return PersonName(*parts)


def _is_one_script(parts: list[str]) -> bool:
    """Return whether no part is in Latin letters (`John 山田` has no certain order)."""
    return not any(part.isascii() for part in parts)


def _unspaced(text: str, country: str | None) -> PersonName | None:
    """Split a Chinese or Korean name without a space; a Japanese one has no certain end."""
    if (country == "KR" and _HANGUL.fullmatch(text)) or (
        country in _CHINESE and _HAN.fullmatch(text)
    ):
        is_double = text[:2] in _DOUBLE_CHINESE | _DOUBLE_KOREAN
        size = 2 if is_double and len(text) > 2 else 1  # noqa: PLR2004 (a name of two signs)
        return PersonName(text[:size], text[size:])
    return None


def _western(text: str, country: str | None) -> PersonName | None:
    """Split a name in Latin, Greek or Cyrillic letters."""
    before, comma, after = text.partition(",")
    if comma and not _are_suffixes(after):
        family, given = _core(before.split()), _core(after.split())
        is_plain = family and given and "," not in after
        return PersonName(" ".join(family), " ".join(given)) if is_plain else None
    parts = _core(before.split())
    if len(parts) < 2:  # noqa: PLR2004 - a family name and a given name
        return None
    if name := _by_capitals(parts):
        return name
    if country in _EITHER_ORDER:
        return None
    return _given_first(parts, country)


def _bare(word: str) -> str:
    return word.replace(".", "").casefold()


def _are_suffixes(text: str) -> bool:
    return all(_bare(word.strip(",")) in _SUFFIXES for word in text.replace(",", " ").split())


def _core(words: list[str]) -> list[str]:
    """Return the words between titles and suffixes."""
    start, end = 0, len(words)
    while start < end and _bare(words[start]) in _TITLES:
        start += 1
    while (
        end - start > 1 and _bare(words[end - 1]) in _SUFFIXES and not _is_initial(words[end - 1])
    ):
        end -= 1
    return words[start:end]


def _is_initial(word: str) -> bool:
    return len(_bare(word)) == 1


def _by_capitals(parts: list[str]) -> PersonName | None:
    """Read `YAMADA Taro`, `Jean DUPONT`: the family name in capitals, at one end."""
    capital = [part.isupper() and len(_bare(part)) > 1 for part in parts]
    count = sum(capital)
    if not 0 < count < len(parts):
        return None
    if all(capital[:count]) and not any(map(_is_initial, parts[count:])):
        return PersonName(" ".join(parts[:count]), " ".join(parts[count:]))
    if all(capital[-count:]):
        return PersonName(" ".join(parts[-count:]), " ".join(parts[:-count]))
    return None


def _given_first(parts: list[str], country: str | None) -> PersonName | None:
    """Split behind the given names; particles (van der, de la) begin the family name."""
    if _is_initial(parts[-1]):  # Smith J. or John D.
        return None
    start = len(parts) - 1
    if country in _TWO_FAMILY_NAMES and len(parts) in {3, 4}:
        start = len(parts) - 2
    particle = next(
        (
            place
            for place in range(1, len(parts) - 1)
            if _bare(parts[place]) in _PARTICLES and not _is_initial(parts[place])
        ),
        start,
    )
    start = min(start, particle)
    return PersonName(" ".join(parts[start:]), " ".join(parts[:start]))
