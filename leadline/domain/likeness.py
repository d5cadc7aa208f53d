"""What the cells of a column look like, and which known words an unknown header resembles."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.cells import has_left, read_consent
from leadline.domain.dates import parse_time
from leadline.domain.headers import fold_header, known_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_CELLS: Final = 200
_DATED_CELLS: Final = 20
_LONGEST: Final = 400  # characters of a cell that are looked at
_MOST: Final = 0.6
#: So many cells are needed before what none of them holds counts against a header.
_ENOUGH: Final = 3

_EMAIL: Final = re.compile(r"(?:mailto:)?[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]+")
_PHONE: Final = re.compile(
    r"(?:(?:tel|phone|p|電話)\s*[:.]?\s*)?[+(]?\d[\d\s().\-–/ー‐]{6,24}(?:\D{0,6}\d{1,6})?\D?"
)
_URL: Final = re.compile(r"(?:https?://|www\.)\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)+/?", re.IGNORECASE)
_STREET: Final = re.compile(
    r".{2,4}?[都道府県].+[市区町村郡]|.+[市区町村].*\d|\d+\S*\s+\S.*|\S.*\s\d+\s?[a-z]?(?:,.*)?",
    re.IGNORECASE,
)
_FIRM: Final = re.compile(
    r"株式会社|有限会社|合同会社|合資会社|財団法人|社団法人|大学|㈱|㈲|\(株\)|\(有\)"
    r"|\b(?:inc|llc|ltd|limited|corp|corporation|company|co|gmbh|ag|kg|ug|plc|bv|nv|sa|srl|oy|ab|group)\b\.?",
    re.IGNORECASE,
)
_COURTESIES: Final = """
mr mrs ms miss dr prof mx sir herr frau 様 氏 さん 先生 殿 mr. mrs. ms. dr. prof.
"""
_WORK_WORDS: Final = """
open new closed active inactive pending won lost contacted qualified unqualified working
converted nurturing done draft true false yes no
"""

_COURTESY: Final = frozenset(_COURTESIES.split())
_STATES_OF_WORK: Final = frozenset(_WORK_WORDS.split())


@dataclass(frozen=True, slots=True)
class Evidence:
    """Shares (0 to 1) of the filled cells of a column that have some shape.

    Attributes:
        count: how many filled cells were looked at.
        kinds: how many of them differ.
    """

    count: int
    kinds: int
    emails: float = 0.0
    ats: float = 0.0
    phones: float = 0.0
    urls: float = 0.0
    numbers: float = 0.0
    digits: float = 0.0
    dates: float = 0.0
    answers: float = 0.0
    streets: float = 0.0
    firms: float = 0.0
    spaced: float = 0.0
    courtesies: float = 0.0
    work_states: float = 0.0
    leavers: float = 0.0


NO_EVIDENCE: Final = Evidence(0, 0)


def weigh(cells: Sequence[str]) -> Evidence:
    """Return what the first filled cells of a column look like."""
    texts = [
        text
        for cell in cells[:_MOST_CELLS]
        if (text := unicodedata.normalize("NFKC", cell[:_LONGEST]).strip())
    ]
    if not texts:
        return NO_EVIDENCE

    def share(shape: re.Pattern[str]) -> float:
        return sum(1 for text in texts if shape.fullmatch(text)) / len(texts)

    dated = texts[:_DATED_CELLS]
    words = [text.casefold() for text in texts]
    return Evidence(
        count=len(texts),
        kinds=len(set(words)),
        emails=share(_EMAIL),
        ats=sum(1 for text in texts if "@" in text) / len(texts),
        phones=share(_PHONE),
        urls=share(_URL),
        numbers=share(re.compile(r"[\d.,]+")),
        digits=sum(1 for text in texts if re.search(r"\d", text)) / len(texts),
        dates=sum(1 for text in dated if _is_date(text)) / len(dated),
        answers=sum(1 for text in texts if read_consent(text) is not None) / len(texts),
        streets=share(_STREET),
        firms=sum(1 for text in texts if _FIRM.search(text)) / len(texts),
        spaced=sum(1 for text in texts if " " in text) / len(texts),
        courtesies=sum(1 for word in words if word in _COURTESY) / len(texts),
        work_states=sum(1 for word in words if word in _STATES_OF_WORK) / len(texts),
        leavers=sum(map(has_left, texts)) / len(texts),
    )


def _is_date(text: str) -> bool:
    return any(parse_time(text, zone="UTC", order=order) for order in ("month_first", "year_first"))


def contradicts(field: str, found: Evidence, *, is_weak: bool) -> bool:
    """Return whether the cells of a column cannot be what its header says.

    Args:
        field: what the header says.
        found: what the cells look like.
        is_weak: the header says little by itself, so that less is needed to overrule it.
    """
    if not found.count:
        return False
    if field not in {"email", "owner", "message", "consent"} and found.emails >= _MOST:
        return True
    if field == "email":
        return is_weak and found.ats == 0.0 and _says_otherwise(found)
    if field == "title" and found.courtesies == 1.0:
        return True
    return found.count >= _ENOUGH and _lacks(field, found, is_weak=is_weak)


def _says_otherwise(found: Evidence) -> bool:
    """Return whether enough was seen to say that a column holds something else."""
    return found.count >= _ENOUGH or max(found.streets, found.phones, found.answers) >= _MOST


def _lacks(field: str, found: Evidence, *, is_weak: bool) -> bool:
    """Return whether nothing in the cells is what the field consists of."""
    if field in {"phone", "postal_code", "employees"}:
        return found.digits == 0.0
    if field in {"submitted_at", "created_at"}:
        return found.dates == 0.0 and (is_weak or found.digits == 0.0)
    if field in {"title", "given_name", "family_name", "full_name", "company", "department"}:
        is_courtesy = field == "title" and found.courtesies >= _MOST
        return is_courtesy or found.numbers == 1.0 or found.phones >= _MOST
    if field in {"region", "source", "city"} and is_weak:
        return found.work_states == 1.0
    return field == "website" and is_weak and found.urls == 0.0


def is_firm_column(found: Evidence) -> bool:
    """Return whether most cells name a company by its legal form."""
    return found.firms >= _MOST


def is_email_column(found: Evidence) -> bool:
    """Return whether most cells are mail addresses."""
    return found.emails >= _MOST


def is_phone_column(found: Evidence) -> bool:
    """Return whether most cells are phone numbers."""
    return found.phones >= _MOST and found.dates < _MOST


def is_street_column(found: Evidence) -> bool:
    """Return whether most cells are street addresses."""
    return found.streets >= _MOST and found.phones < _MOST and found.dates < _MOST


class Likeness(NamedTuple):
    """A known word that a header resembles.

    Attributes:
        field: the field of that word.
        score: 0 to 100.
        margin: how much less the best word of another field resembles it.
        is_part: one of the two holds the other whole: another thing, not a slip of the pen.
    """

    field: str
    score: float
    margin: float
    is_part: bool


_SHORTEST: Final = 5
_LEAST: Final = 75


@lru_cache(maxsize=1024)
def nearest_field(header: str) -> Likeness | None:
    """Return the field whose words a header resembles most, None when it resembles none."""
    from rapidfuzz import fuzz, process  # loaded for unknown headers only

    folded = fold_header(header)
    if len(folded) < _SHORTEST:
        return None
    known = known_words()
    near = process.extract(
        folded, list(known), scorer=fuzz.ratio, score_cutoff=_LEAST - 10, limit=20
    )
    best: dict[str, tuple[float, str]] = {}
    for word, score, _ in near:
        is_fit = re.sub(r"\D", "", word) == re.sub(r"\D", "", folded)
        if is_fit and len(word) >= _SHORTEST:
            best.setdefault(known[word].field, (score, word))
    if not best:
        return None
    ranked = sorted(best.items(), key=lambda item: -item[1][0])
    field, (score, word) = ranked[0]
    other = ranked[1][1][0] if len(ranked) > 1 else 0.0
    if score < _LEAST or not field:
        return None
    return Likeness(field, score, score - other, _is_part(folded, word))


def _is_part(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long != short + "s" and (long.startswith(short) or long.endswith(short))
