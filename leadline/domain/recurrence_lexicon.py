"""The words of schedules, English and Japanese, and cutting a text into them.

Full-width letters and digits, capitals, and every kind of dash count like their plain forms.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What a token is, as one letter, so that the order of tokens can be matched by a pattern:
#: A and, B business, C month (the word), D weekdays, E every, F frequency, H holidays,
#: J day of the month, L last day, M month, N number, O place (1st, last), P pace, R range (-),
#: S minute of each hour, T time of day, U minute or hour, W day (the word), X except, Y a pace in
#: days or longer, Z time zone, b between, f filler.
Kind = str

_SHORT: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONG: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_KANJI: Final = "日月火水木金土"
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
WORKING_WEEK: Final = frozenset({1, 2, 3, 4, 5})
WEEKEND: Final = frozenset({0, 6})
_NOON: Final = 12 * 60
_WORDS: Final[dict[str, tuple[Kind, object]]] = {
    **{name: ("D", frozenset({i})) for i, name in enumerate(_SHORT)},
    **{name: ("D", frozenset({i})) for i, name in enumerate(_LONG)},
    **{f"{name}s": ("D", frozenset({i})) for i, name in enumerate(_LONG)},
    **{name: ("D", frozenset({2})) for name in ("tues",)},
    **{name: ("D", frozenset({4})) for name in ("thurs",)},
    **dict.fromkeys(("weekday", "weekdays"), ("D", WORKING_WEEK)),
    **dict.fromkeys(("weekend", "weekends"), ("D", WEEKEND)),
    **{name: ("M", i) for i, name in enumerate(_MONTHS, start=1)},
    **{name[:3]: ("M", i) for i, name in enumerate(_MONTHS, start=1)},
    "sept": ("M", 9),
    **{name: ("O", i) for i, name in enumerate(("first", "second", "third", "fourth", "fifth"), 1)},
    "last": ("O", -1),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), ("U", 1)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), ("U", 60)),
    "week": ("Y", "weekly"),
    "year": ("Y", "yearly"),
    **dict.fromkeys(("weeks", "years", "months"), ("Y", None)),
    "month": ("C", None),
    "day": ("W", None),
    "days": ("W", None),
    "every": ("E", None),
    "each": ("E", None),
    "minutely": ("P", 1),
    "hourly": ("P", 60),
    **{name: ("F", name) for name in ("daily", "weekly", "monthly", "yearly")},
    "annually": ("F", "yearly"),
    "business": ("B", None),
    "working": ("B", None),
    "workday": ("B", None),
    "workdays": ("B", None),
    "holiday": ("H", None),
    "holidays": ("H", None),
    **dict.fromkeys(("except", "excluding", "without", "not"), ("X", None)),
    "noon": ("T", _NOON),
    "midnight": ("T", 0),
    **dict.fromkeys(("to", "until", "till", "through"), ("R", None)),
    "between": ("b", None),
    "and": ("A", None),
    **dict.fromkeys(
        ("at", "on", "the", "of", "in", "a", "from", "or", "public", "national", "bank"),
        ("f", None),
    ),
}
_JAPANESE: Final[dict[str, tuple[Kind, object]]] = {
    "毎分": ("P", 1),
    "毎時": ("P", 60),
    "毎日": ("F", "daily"),
    "毎週": ("F", "weekly"),
    "毎月": ("F", "monthly"),
    "毎年": ("F", "yearly"),
    "平日": ("B", None),
    "営業日": ("B", None),
    "週末": ("D", WEEKEND),
    "最終": ("O", -1),
    "最後の": ("O", -1),
    "最初の": ("O", 1),
    "末日": ("L", None),
    "月末": ("L", None),
    "月末日": ("L", None),
    "毎月末": ("L", None),
    "毎月末日": ("L", None),
    "毎朝": ("F", "daily"),
    **dict.fromkeys(("日本時間", "東京時間", "東京"), ("?", None)),  # whole, for what is suggested
    "正午": ("T", _NOON),
    "から": ("R", None),
    "祝日": ("H", None),
    "祝祭日": ("H", None),
    "休日": ("H", None),
    "を除く": ("X", None),
    "は除く": ("X", None),
    "以外": ("X", None),
    **{
        f"{days}{left_out}": ("B", None)
        for days in ("土日祝", "土日祝日", "土・日・祝日")
        for left_out in ("を除く", "は除く", "以外")
    },
    "と": ("A", None),
    "および": ("A", None),
    **dict.fromkeys(("に", "の", "は", "まで", "間", "各"), ("f", None)),
    **{f"毎週{name}曜": ("", None) for name in _KANJI},  # only ever suggested
}
_ZONE: Final = r"(?!(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*/)[a-z_]+(?:/[a-z0-9_+-]+)+|utc|gmt"
_EVERY: Final = "(?:ごと|毎|おき|間隔)"
_DAY_PLACE: Final = r"第(\d{1,3})日(?!曜)"
_TOKYO: Final = ("jst", "日本", "東京", "tokyo", "japan")
#: A shorter word is as near to many others: none is suggested for it.
_SHORTEST_GUESS: Final = 4
_CLOCK: Final = r"([01]?\d|2[0-4])"
#: 夜1時 may be before midnight's end or after: only an evening's hours may stand behind 夜.
_PART_OF_DAY: Final = r"(午前|午後|朝|夕方|夜(?=0?[6-9]時|1[01]時|1[89]時|2[0-3]時))?"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a schedule.

    Attributes:
        kind: a letter of `Kind`; "?" for a word that nobody knows.
        value: what it stands for.
        start: offset into the text.
        text: as it is written there.
    """

    kind: Kind
    value: object
    start: int
    text: str


def _clock(match: re.Match[str]) -> int:
    hour, minute = int(match[1]), int(match[2] or 0)
    return hour * 60 + minute


def _twelve(match: re.Match[str]) -> int:
    return (int(match[1]) % 12 + (12 if match[3] == "p" else 0)) * 60 + int(match[2] or 0)


def _kanji_clock(match: re.Match[str]) -> int:
    is_later = match[1] in {"午後", "夕方", "夜"}
    hour = int(match[2]) + (12 if is_later and int(match[2]) < 12 else 0)  # noqa: PLR2004 (noon)
    return hour * 60 + (30 if match[3] == "半" else int(match[4] or 0))


_PATTERNS: Final[tuple[tuple[Kind, re.Pattern[str], Callable[[re.Match[str]], object]], ...]] = (
    ("Z", re.compile(_ZONE), lambda match: match[0]),
    ("T", re.compile(_CLOCK + r":([0-5]\d)(?!\d)"), _clock),
    ("T", re.compile(r"(1[0-2]|0?[1-9])(?::([0-5]\d))? ?([ap])\.?m\b\.?"), _twelve),
    ("T", re.compile(_PART_OF_DAY + _CLOCK + r"時(?:(半)|([0-5]?\d)分)?(?!間)"), _kanji_clock),
    ("S", re.compile(r":([0-5]\d)(?!\d)"), lambda match: int(match[1])),
    ("S", re.compile(r"毎時([0-5]?\d)分"), lambda match: int(match[1])),
    ("P", re.compile(r"(\d{1,9})分" + _EVERY), lambda match: int(match[1])),
    ("P", re.compile(r"(\d{1,9})時間" + _EVERY), lambda match: int(match[1]) * 60),
    ("Y", re.compile(r"(\d+)(?:日|週間?|[かヶケカ]月|年)" + _EVERY), lambda match: match[0]),
    ("O", re.compile(r"(\d+)[snrt][tdh]\b"), lambda match: int(match[1])),
    ("O", re.compile(r"第(\d{1,3})"), lambda match: int(match[1])),
    ("O", re.compile("月末の?(?=営業日|平日)"), lambda _: -1),
    ("O", re.compile("月初の?(?=営業日|平日)"), lambda _: 1),
    ("L", re.compile("(?:最終|最後の?)日(?!曜)"), lambda _: None),
    ("J", re.compile("最初の日(?!曜)"), lambda _: 1),
    ("?", re.compile(_DAY_PLACE), lambda _: None),  # a day or a Sunday?
    ("M", re.compile(r"(\d{1,3})月"), lambda match: int(match[1])),
    ("J", re.compile(r"(\d{1,3})日"), lambda match: int(match[1])),
    (
        "D",
        re.compile(f"([{_KANJI}]+)(?:曜日|曜)?"),
        lambda match: frozenset(map(_KANJI.index, match[1])),
    ),
    ("D", re.compile(f"毎([{_KANJI}])曜日?"), lambda match: frozenset({_KANJI.index(match[1])})),
    ("N", re.compile(r"\d{1,9}(?!\d)"), lambda match: int(match[0])),
    ("R", re.compile("-"), lambda _: None),
)
_DASHES: Final = dict.fromkeys("~〜～–—−‐‑ー→", "-")
_LATIN: Final = re.compile(r"[a-z]+")
_GAP: Final = re.compile(r"[\s,、・;/&()。.]+")
_UNKNOWN: Final = re.compile(r"\d+|[^\s,、・;/&()。\d-]+|.")


def read_tokens(text: str) -> Iterator[Token]:
    """Give the words of a text in their order; unknown ones are of the kind "?"."""
    folded, places = _fold(text)
    at = 0
    while at < len(folded):
        if gap := _GAP.match(folded, at):
            at = gap.end()
            continue
        kind, value, end = _longest(folded, at)
        start, stop = places[at], places[end - 1] + 1
        yield Token(kind, value, start, text[start:stop])
        at = end


def find_zone(text: str) -> str | None:
    """Return the IANA name that is meant, whatever its capitals; None when there is none."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        folded = {name.casefold(): name for name in available_timezones()}
        return folded.get(unicodedata.normalize("NFKC", text).casefold())


def suggest(word: str) -> str:
    """Return the word of a schedule, or the time zone, nearest to one that is unknown."""
    folded = _fold(word)[0]
    if folded.startswith(_TOKYO) or "/" in folded:
        return suggest_zone(word)
    if place := re.fullmatch(_DAY_PLACE, folded):
        return f"{place[1]}日"
    if folded.isascii() and len(folded) < _SHORTEST_GUESS:
        return ""
    found = get_close_matches(folded, _suggested(), n=1)
    if found:
        return found[0].capitalize() if found[0] in {*_LONG, *_SHORT, *_MONTHS} else found[0]
    return _cities().get(folded, "")


def suggest_zone(text: str) -> str:
    """Return the IANA time zone that may be meant; "" for what could be several, such as PST."""
    folded = _fold(text)[0]
    if folded.startswith(_TOKYO):
        return "Asia/Tokyo"
    if len(folded) < _SHORTEST_GUESS:
        return ""
    if folded in (cities := _cities()):
        return cities[folded]
    found = get_close_matches(folded, [name.casefold() for name in available_timezones()], n=1)
    return (find_zone(found[0]) or "") if found else ""


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    return {name.rpartition("/")[2].casefold(): name for name in sorted(available_timezones())}


@lru_cache(maxsize=1)
def _suggested() -> tuple[str, ...]:
    # a long word first: of two that are as near, the one in full is the better answer
    known = (name for name, (kind, _) in _JAPANESE.items() if kind != "?")
    return tuple(sorted((*_WORDS, *known), key=len, reverse=True))


def _fold(text: str) -> tuple[str, list[int]]:
    """Return the plain form of a text, and where each character of it comes from."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKC", character).casefold()
        for each in plain:
            folded.append(_DASHES.get(each, each))
            places.append(place)
    return "".join(folded), places


def _longest(text: str, at: int) -> tuple[Kind, object, int]:
    """Return kind, value and end of the longest word that begins at a place."""
    best: tuple[Kind, object, int] = ("?", None, at)
    for kind, pattern, read in _PATTERNS:
        match = pattern.match(text, at)
        if match and match.end() > best[2]:
            best = (kind, read(match), match.end())
    if best[2] == at and (word := _LATIN.match(text, at)):
        kind, value = _WORDS.get(word[0], ("?", None))
        return kind, value, word.end()
    for name, (kind, value) in _JAPANESE.items():
        if kind and text.startswith(name, at) and at + len(name) > best[2]:
            best = (kind, value, at + len(name))
    if best[2] > at:
        return best
    unknown = _UNKNOWN.match(text, at)
    return "?", None, unknown.end() if unknown else at + 1
