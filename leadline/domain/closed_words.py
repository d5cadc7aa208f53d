"""Fields that hold one word of a list, and what a comparison of their order would have to list."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from leadline.domain.condition_findings import quoted
from leadline.domain.condition_text import fold
from leadline.domain.condition_tree import text_of
from leadline.domain.countries import COUNTRY_LINES
from leadline.domain.leads import LANGUAGES, LIFECYCLE_STAGES, REQUESTS, find_score_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.domain.condition_tree import Term

#: From the lowest to the highest, whatever the alphabet says.
_RANKED: Final = {"grade": ("D", "C", "B", "A"), "lifecycle_stage": LIFECYCLE_STAGES}
_MIRRORED: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def ranked_words(field: str) -> tuple[str, ...]:
    """Return the words of a field in their rank; none for a field that orders as texts do."""
    return _RANKED.get(_of_main(field), ())


@cache
def closed_words(field: str) -> tuple[str, ...]:
    """Return the only words that a field ever holds; none for a field that holds any text."""
    name = _of_main(field)
    if name == "country":
        codes = (line.split("|")[0] for line in COUNTRY_LINES.splitlines())
        return tuple(dict.fromkeys(code for code in codes if code))
    unranked: dict[str, tuple[str, ...]] = {"request": REQUESTS, "language": LANGUAGES}
    return unranked.get(name, ranked_words(field))


def strange_words(term: Term) -> Iterator[tuple[str, str]]:
    """Yield each field that `term` compares with a text that it never holds, and that text."""
    for part in term.parts:
        yield from strange_words(part)
    if term.kind not in {"=", "<>", "in"}:
        return
    fields = [text_of(part) for part in term.parts if part.kind == "field"]
    words = [text_of(part) for part in term.parts if part.kind == "literal"]
    for field in fields if len(fields) + len(words) == len(term.parts) else ():
        known = {fold(word) for word in closed_words(field)}
        yield from ((field, word) for word in words if known and word not in known)


def listed(field: str, operator: str, word: str, *, is_mirrored: bool = False) -> str:
    """Return the condition that lists the words which a comparison by rank means, or "".

    Args:
        field: of ranked words.
        operator: one of < <= > >=.
        word: in any case.
        is_mirrored: the word stands before the operator.
    """
    words = ranked_words(field)
    places = {each.lower(): place for place, each in enumerate(words)}
    if word.lower() not in places:
        return ""
    place = places[word.lower()]
    sign = _MIRRORED[operator] if is_mirrored else operator
    found = {
        ">": words[place + 1 :],
        ">=": words[place:],
        "<": words[:place],
        "<=": words[: place + 1],
    }[sign]
    texts = sorted(found) if _of_main(field) == "grade" else found
    return f"{field} IN ({', '.join(map(quoted, texts))})" if found else ""


def _of_main(field: str) -> str:
    found = find_score_field(field)
    return found[0] if found else field
