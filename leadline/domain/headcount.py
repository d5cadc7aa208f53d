"""How many people a company has, from a number or a range in English, Japanese or German."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from leadline.domain.dates import MONTHS

_WORDS: Final = re.compile(
    r"\([^()]*\)|employees?|people|persons?|staff|ftes?|size|approximately|approx\.?|about|around|circa|ca\."
    r"|mitarbeiter(?:[:*_/]?innen)?|mitarbeitenden?|beschäftigten?|angestellten?|personen|rund|etwa|ungefähr"
    r"|名様|社員|従業員|総勢|名|人|約|およそ|程度|前後|くらい|ぐらい|ほど|規模|\s+"
)
_LABEL: Final = re.compile(
    r"^[a-z]\.(?=\d)|^(?=[^\d]*[a-z\u3041-\u9fff])[a-zäöüß\u3041-\u9fff&:/-]+(?=\d)|(?<=\d)[:：].*$"
)
_N: Final = r"(\d{1,3}(?:[,.'’]\d{3})+|\d+(?:\.\d)?(?=k)|\d+)(万|千|k)?"
_EXACT: Final = re.compile(_N)
_RANGE: Final = re.compile(
    rf"(?:between|zwischen|von|from)?{_N}(?:[-~〜–—―‐−]|to|から|bis|and|und){_N}(?:以下|まで)?"
)
_MORE: Final = "over|morethan|from|at(?:)least|über|mehrals|ab|mindestens"
_LESS: Final = "under|below|lessthan|u(?:)nter|wenigerals"
_AT_LEAST: Final = re.compile(
    rf"(?:>=?|≥|≧|{_MORE})?{_N}"
    r"(?:\+|以上|超|から|ormore|andover|andabove|orabove|undmehr|odermehr|[~〜-])?"
)
_AT_MOST: Final = re.compile(
    rf"(?:<=?|≤|≦|upto|bis(?:zu)?|maximal|höchstens|{_LESS}|[~〜])?{_N}"
    r"(?:以下|以内|まで|未満|orless|orfewer)?"
)
_BELOW: Final = re.compile(rf"<(?!=)|未満|{_LESS}")
_DECIMALS: Final = re.compile(r"(?<=\d)[.,]0{1,2}$")
_JAPANESE: Final = re.compile("[\u3041-\u9fff]")
_UNITS: Final = {"万": 10_000, "千": 1_000, "k": 1_000}
_MONTH_NUMBER: Final = re.compile(r"([a-z]{3})-(\d{1,4})")
_NUMBER_MONTH: Final = re.compile(r"(\d{1,2})-([a-z]{3})")
_JAPANESE_DATE: Final = re.compile(r"(\d{1,2})月(\d{1,2})日")
_LONGEST: Final = 60
_MOST_PEOPLE: Final = 2**31 - 1


class Headcount(NamedTuple):
    """A number of people, or bounds for it.

    Attributes:
        text: as stated, in one shape: `250`, `11-50`, `1000+`.
        least: lower bound.
        most: upper bound, None when open.
    """

    text: str
    least: int
    most: int | None


def read_headcount(cell: str) -> Headcount | None:
    """Return what a cell says of a company's size, None when it says nothing that we know.

    `1,200`, `1.200`, `1.2k`, `約120名`, `11〜50名`, `1000+`, `über 1000`, `10名未満` are known,
    and a range that a spreadsheet took for a date (`11-50` shown as Nov-50, `2-10` as 2月10日).
    """
    text = cell.strip()
    if not text or len(text) > _LONGEST:
        return None
    if text.isascii() and text.isdecimal():
        return _exact(int(text))
    plain = _undo_date(unicodedata.normalize("NFKC", text).casefold())
    if plain.startswith("~") and not _JAPANESE.search(plain):
        plain = plain[1:]  # about as many; in Japanese as many at most
    plain = _DECIMALS.sub("", _WORDS.sub("", plain))
    return _counted(plain) or _counted(_LABEL.sub("", plain))


def _counted(text: str) -> Headcount | None:
    """Return a number, or a range."""
    if match := _EXACT.fullmatch(text):
        return _exact(_number(match, 1))
    return _bounded(text)


def _bounded(text: str) -> Headcount | None:
    """Return a range, closed or open."""
    if match := _RANGE.fullmatch(text):
        return _between(_number(match, 1), _number(match, 3))
    if match := _AT_LEAST.fullmatch(text):
        least = _number(match, 1)
        return Headcount(f"{least}+", least, None) if least <= _MOST_PEOPLE else None
    if match := _AT_MOST.fullmatch(text):
        return _between(1, _number(match, 1) - (1 if _BELOW.search(text) else 0))
    return None


def _exact(number: int) -> Headcount | None:
    """Return a head count known to the person."""
    return Headcount(str(number), number, number) if number <= _MOST_PEOPLE else None


def _between(least: int, most: int) -> Headcount | None:
    """Return a range, None when its ends are the wrong way round."""
    if not least <= most <= _MOST_PEOPLE:
        return None
    return Headcount(f"{least}-{most}", least, most)


def _number(match: re.Match[str], group: int) -> int:
    """Return the number in `group`, times the unit in the group behind it."""
    digits, unit = match[group], match[group + 1] or ""
    if unit == "k" and "." in digits:
        return round(float(digits) * _UNITS[unit])
    return int(re.sub(r"\D", "", digits)) * _UNITS.get(unit, 1)


def _undo_date(text: str) -> str:
    """Return the range that a spreadsheet took for a date, other text unchanged."""
    if (match := _MONTH_NUMBER.fullmatch(text)) and match[1] in MONTHS:
        return f"{MONTHS.index(match[1]) + 1}-{match[2]}"
    if (match := _NUMBER_MONTH.fullmatch(text)) and match[2] in MONTHS:
        return f"{MONTHS.index(match[2]) + 1}-{match[1]}"
    return _JAPANESE_DATE.sub(r"\1-\2", text) if _JAPANESE_DATE.fullmatch(text) else text
