"""Which field one header names, read by itself.

A header is looked up among the known words after folding (one width and case, letters and digits
only). One that is not there is taken apart: notes in brackets, two languages side by side,
questions and polite forms, prefixes such as `Person - ` or `貴社の`, qualifiers such as `- Work`.
Nothing is guessed from likeness here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.header_forms import JAPANESE_ENTITY, JAPANESE_FORMS, plain_time
from leadline.domain.header_questions import (
    asked_field,
    is_agreement,
    is_ban,
    is_other_refusal,
    is_plain,
    is_question,
    is_refusal,
    without_choices,
)
from leadline.domain.header_words import (
    ALIASES,
    COMPANIES,
    LEADING,
    OF_OTHERS,
    OPT_OUTS,
    OTHERS,
    PERSONS,
    PLACES,
    QUALIFIERS,
    TRAILING,
    WEAK,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_SURE: Final = 100
_UNSURE: Final = 90
#: What may be the lead's or the seller's, as 担当者メールアドレス.
_AMBIGUOUS: Final = 84
_STEP: Final = 2
_LAST: Final = 2000  # rank behind every word
_DEPTH: Final = 4
_LONGEST: Final = 300  # characters; a longer header is prose

_MARKS: Final = re.compile(
    r"[(\[【〔<]\s*(?:必須|任意|入力必須|必須項目|required|optional|pflichtfeld|複数選択可|複数回答可"
    r"|半角|全角|半角英数字?|半角数字|全角カナ|全角カタカナ|text only|\d+)\s*[)\]】〕>]",
    re.IGNORECASE,
)
_SIGNS: Final = re.compile(r"(?:[^\w〒]|_)+")  # 〒 stands for a word
_CJK: Final = re.compile("[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_KANA: Final = re.compile("[\u3041-\u309f\u30a1-\u30fa]")
_LATIN: Final = re.compile(r"[^\W\d_\u3005\u3040-\u30ff\u3400-\u9fff]")
_CAMEL: Final = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TOKEN: Final = re.compile(r"[^\W_]+")
_BRACKETS: Final = re.compile(
    r"^(.*?)\s*[(\[【〔<《「]([^()\[\]]*)[)\]】〕>》」]?\s*(.*)$", re.DOTALL
)
_NOTE: Final = re.compile(r"[※*＊].*$|^[\s*＊・●■◆]+", re.DOTALL)
_FOREIGN_KEY: Final = re.compile(r"_id(?:/(?:name|id|\.id))?$")
_NUMBERING: Final = re.compile(
    r"^\s*(?:[①-⑳]|(?:q|問|設問|質問|no\.?)?\s*\d{1,3}\s*(?:[.):、．]|(?=[^\x00-\x7f]))"
    r"|q\d{1,3}\s+)\s*",
    re.IGNORECASE,
)
_SEPARATORS: Final = re.compile(
    r"\s*(?:[/|\n;,、・&＆｜]|\bor\b|\band\b|\boder\b|\bund\b|または|もしくは|及び|および)\s*",
    re.IGNORECASE,
)
_FIRST_OF_TWO: Final = re.compile(r"^\s*\w+\s*[/|,;&]")
_LEVELS: Final = re.compile(r"^(.+?)\s*(?::|>|\s-\s|\n)\s*([^:>\n]+)$", re.DOTALL)
_LEVELS_JA: Final = re.compile(r"^(.+)(?:\s+|\s*[:>_-]\s*)([^\s:>_-]+)$", re.DOTALL)
_KANA_NOTE: Final = re.compile(
    r"カナ|かな|フリガナ|ふりがな|ヨミ|よみ|読み|kana|furigana", re.IGNORECASE
)
_ROMAN_NOTE: Final = re.compile(
    r"ローマ字|英字|英語|英文|romaji|roman|alphabet|旧|former|old", re.IGNORECASE
)

_EN_CLAUSE: Final = re.compile(
    r"\s(?:are you|do you|is your|you are|does your|should we|can we|we can|that we|where you"
    r"|you work|for your|to contact you|so we)\b.*$"
)
_OF_COMPANY: Final = re.compile("会社|企業|法人|取引先|勤務先|本社|貴社|御社|団体|組織|事業者")
_HOW_MANY: Final = re.compile(r"^how (?:many|large|big)\b.*\b(?:employees|people|staff|company)\b")
_EN_LEAD: Final = frozenset(LEADING.split())
_EN_TAIL: Final = frozenset(TRAILING.split())
_PERSON: Final = frozenset(PERSONS.split())
_COMPANY: Final = frozenset(COMPANIES.split())
_PLACE: Final = frozenset(PLACES.split())
_QUALIFIERS: Final = frozenset(QUALIFIERS.split())
_PLACE_FIELDS: Final = frozenset({"country", "region", "city", "postal_code", "address"})
_PERSON_FIELDS: Final = _PLACE_FIELDS | {
    *("external_id", "email", "given_name", "family_name", "full_name", "name_kana", "company"),
    *("department", "title", "phone", "industry", "employees", "website", "owner", "language"),
    *("timezone", "submitted_at", "created_at", "consent", "source", "message"),
}
_COMPANY_FIELDS: Final = _PLACE_FIELDS | {
    *("company", "phone", "email", "website", "industry", "employees", "department", "title"),
}
_WHOM: Final = (
    (_PERSON, _PERSON_FIELDS),
    (_COMPANY, _COMPANY_FIELDS),
    (_PLACE, _PLACE_FIELDS | {"phone", "email", "company"}),
)
_NUMBERED_FIELDS: Final = _PLACE_FIELDS | {"email", "phone", "company", "title", "department"}
#: One cell for both: the reader of the first finds its part (`TEL/FAX`, 〒・住所).
_JOINT: Final = {
    "phone": frozenset({"phone", ""}),
    "address": frozenset({"address", "postal_code", "region", "city"}),
}
_INSIDE: Final[dict[str, frozenset[str]]] = {
    "full_name": frozenset({"given_name", "family_name", "name_kana", "email", "phone"}),
    "address": _PLACE_FIELDS,
    "company": _COMPANY_FIELDS - {"company"},
}


class Known(NamedTuple):
    """What a header names.

    Attributes:
        field: canonical field; "" for a column that is known to be none of them.
        confidence: 0 to 100.
        rank: place among the words of the field, the surest first.
        is_refusal: a yes in the column is a no to mail.
    """

    field: str
    confidence: int
    rank: int = 0
    is_refusal: bool = False


_NOTHING: Final = Known("", _SURE)
_REFUSALS: Final = Known("consent", _UNSURE, _LAST, is_refusal=True)


def fold_header(header: str) -> str:
    """Reduce a header to its letters and digits, in one width and case, in any script.

    Marks such as `(必須)`, `[required]` and the `(2)` of a repeated column do not count.
    """
    plain = unicodedata.normalize("NFKC", header).casefold()
    return _SIGNS.sub("", _MARKS.sub("", plain)).replace("organis", "organiz") or plain.strip()


def _words(text: str) -> list[str]:
    return [word for word in re.split(r",\s*", text.strip()) if word]


@cache
def weak_words() -> frozenset[str]:
    """Return the folded words that say little by themselves."""
    return frozenset(fold_header(word) for word in _words(WEAK))


@cache
def known_words() -> dict[str, Known]:
    """Return what each folded word names; made when the first header is read."""
    weak = weak_words()
    table: dict[str, Known] = {}
    for field, words in ALIASES.items():
        for rank, word in enumerate([*_words(words), field]):
            folded = fold_header(word)
            table.setdefault(folded, Known(field, _UNSURE if folded in weak else _SURE, rank))
    for rank, word in enumerate(_words(OPT_OUTS), start=1000):
        table.setdefault(fold_header(word), Known("consent", _SURE, rank, is_refusal=True))
    for word in _words(OTHERS):
        table.setdefault(fold_header(word), _NOTHING)
    return table


@lru_cache(maxsize=4096)
def read_header(header: str) -> Known | None:
    """Return what a header names, None when nothing in it is known."""
    if len(header) > _LONGEST:
        return None
    plain = unicodedata.normalize("NFKC", header)
    plain = without_choices(_MARKS.sub("", plain)).strip() or plain
    if found := known_words().get(fold_header(plain)):
        return found
    plain = plain_time(plain)
    words = " ".join(_TOKEN.findall(_CAMEL.sub(" ", plain)))
    if is_refusal(words):
        return _NOTHING if is_question(plain) else _REFUSALS
    found = _resolve(plain, _DEPTH)
    if found is not None and not _is_overstated(found, words):
        return found
    field = "" if found else "consent" if is_agreement(words) else asked_field(plain)
    if not field and is_ban(words) and not is_question(plain):
        return _REFUSALS
    return Known(field, _UNSURE, _LAST) if field else found and _NOTHING


def _is_overstated(found: Known, words: str) -> bool:
    """Return whether the words around a consent or an id say that it is another one, or none."""
    if found.field == "external_id":
        return _OF_COMPANY.search(words) is not None
    if found.field != "consent":
        return False
    return is_other_refusal(words) if found.is_refusal else not is_plain(words)


def is_opt_out(header: str) -> bool:
    """Return whether a column mapped to `consent` holds refusals instead."""
    found = read_header(header)
    return found is not None and found.is_refusal


def has_kana(header: str) -> bool:
    """Return whether a header is certainly Japanese."""
    return _KANA.search(unicodedata.normalize("NFKC", header)) is not None


def infer_country(headers: Sequence[str]) -> str | None:
    """Return `JP` when most headers are Japanese, else None."""
    named = [header for header in headers if _LATIN.search(header) or _CJK.search(header)]
    japanese = [header for header in named if _CJK.search(unicodedata.normalize("NFKC", header))]
    known = [header for header in japanese if (found := read_header(header)) and found.field]
    is_certain = any(map(has_kana, japanese)) or 2 * len(known) >= len(japanese) > 0
    return "JP" if is_certain and 2 * len(japanese) >= len(named) else None


def _resolve(text: str, depth: int) -> Known | None:
    """Look a header up as it is, then taken apart in each way that leads to a known word."""
    folded = fold_header(text)
    if not folded:
        return None
    if found := known_words().get(folded):
        return found
    if depth == 0:
        return None
    for take in _STEPS:
        found = take(text, depth - 1)
        if found is not None:
            return found._replace(confidence=found.confidence - _STEP)
    return None


def _without_marks(text: str, depth: int) -> Known | None:
    """Take numbers, stars and notes off."""
    plain = _FOREIGN_KEY.sub("", _NUMBERING.sub("", _NOTE.sub("", text))).strip()
    return _resolve(plain, depth) if plain and plain != text else None


def _bracketed(text: str, depth: int) -> Known | None:
    """Read `氏名(Name)`, `Address (City)`, `お名前(カナ)`, `Email (work)`."""
    match = _BRACKETS.match(_MARKS.sub("", text))
    if match is None:
        return None
    outside, inside = f"{match[1]} {match[3]}".strip(), match[2].strip()
    if not outside:
        return _resolve(inside, depth)
    inner = _resolve(inside, depth)
    if (outer := _resolve(outside, depth)) is None:
        is_other_script = _is_cjk(outside) != _is_cjk(inside)
        return inner if is_other_script or _is_entity(outside) else None
    return _in_brackets(outer, inner, inside)


def _in_brackets(outer: Known, inner: Known | None, inside: str) -> Known:
    """Return what a known header is together with what stands in its brackets."""
    if _KANA_NOTE.search(inside):
        return known_words()["namekana"] if outer.field in {"full_name", "name_kana"} else _NOTHING
    if _ROMAN_NOTE.search(inside) or (outer.field == "name_kana" and inner and inner.field):
        return outer if inner and inner.field == outer.field else _NOTHING
    if inner and inner.field in _INSIDE.get(outer.field, ()):
        return inner
    return outer


def _is_cjk(text: str) -> bool:
    return _CJK.search(text) is not None


def _is_entity(text: str) -> bool:
    """Return whether a text names whom a column is about, and not what it holds."""
    tokens = _tokens(text)
    return bool(tokens) and set(tokens) <= _PERSON | _COMPANY | _PLACE


def _side_by_side(text: str, depth: int) -> Known | None:
    """Read two names of one column: `会社名 / Company`, `Company / Account`."""
    head, _, last = text.rpartition(" ")
    if last.casefold() in _QUALIFIERS and head[-1:].isalnum():  # `Land/Region geschäftlich`
        found = _only(known_words().get(fold_header(head)), _PERSON_FIELDS)
        if found is not None:
            return found
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    if len(parts) < 2:  # noqa: PLR2004 - a pair
        return None
    return _agreed(parts, depth)


def _two_scripts(text: str, depth: int) -> Known | None:
    """Read `会社名 Company`, where only a space stands between the languages."""
    parts = text.split()
    flips = [
        place
        for place in range(1, len(parts))
        if _is_cjk(parts[place]) != _is_cjk(parts[place - 1])
    ]
    if len(flips) != 1:
        return None
    return _agreed([" ".join(parts[: flips[0]]), " ".join(parts[flips[0] :])], depth)


def _two_levels(text: str, depth: int) -> Known | None:
    """Read `基本情報 会社名`, `Personal details: Email`, `住所 都道府県` of headers in two rows."""
    match = (_LEVELS_JA if _is_cjk(text) else _LEVELS).match(text)
    if match is None or names_others(match[1]):
        return None
    outer, inner = _resolve(match[1], depth), _resolve(match[2], depth)
    if inner is None or not inner.field:
        return None
    if outer is None:
        is_sure = inner.confidence >= _SURE - _STEP and inner.field in _PERSON_FIELDS
        return inner._replace(confidence=_UNSURE) if is_sure else None
    return inner if inner.field in _INSIDE.get(outer.field, ()) else None


def names_others(header: str) -> bool:
    """Return whether a header is about somebody else than the lead."""
    folded = header.casefold()
    return any(word in folded for word in OF_OTHERS.split())


def _agreed(parts: Sequence[str], depth: int) -> Known | None:
    """Return what all parts name; nothing when two of them differ."""
    found = [_resolve(part, depth) for part in parts]
    known = [each for each in found if each is not None]
    is_bilingual = len({_is_cjk(part) for part in parts}) > 1
    if not known or (len(known) < len(found) and not is_bilingual):
        return None
    sure = [each for each in known if each.confidence > _UNSURE]
    known = sure if sure and is_bilingual else known
    fields = {each.field for each in known}
    if len(fields) > 1:
        joint = next((field for field, parts in _JOINT.items() if field in fields <= parts), "")
        return Known(joint, _UNSURE, _LAST) if joint else _NOTHING
    return min(known, key=lambda each: (-each.confidence, each.rank))


def _japanese_question(text: str, depth: int) -> Known | None:
    """Read `貴社の従業員数をお選びください`, `お名前を教えてください`."""
    if not _is_cjk(text):
        return None
    for shape in JAPANESE_FORMS:
        plain = shape.sub("", text.strip()).strip()
        if plain and plain != text and (found := _resolve(plain, depth)) is not None:
            return found
    plain = JAPANESE_ENTITY.sub("", text).strip()
    found = _resolve(plain, depth) if plain and plain != text else None
    if found and text.startswith("担当者"):
        found = found._replace(confidence=min(found.confidence, _AMBIGUOUS))
    return _only(found, _PERSON_FIELDS)


def _question(text: str, depth: int) -> Known | None:
    """Read `What is your work email?`, `Which country are you based in?`, `your-name`."""
    if _is_cjk(text):
        return None
    tokens = _tokens(text)
    if _HOW_MANY.match(" ".join(tokens)):
        return known_words()["employees"]
    start, end = 0, len(tokens)
    while start < end and tokens[start] in _EN_LEAD:
        start += 1
    while end > start and tokens[end - 1] in _EN_TAIL:
        end -= 1
    rest = " ".join(each for each in tokens[start:end] if each != "s")
    plain = _EN_CLAUSE.sub("", f" {rest}").strip()
    return _resolve(plain, depth) if plain and plain != " ".join(tokens) else None


def _about(text: str, depth: int) -> Known | None:
    """Read `Person - Email`, `Lead: Email`, `contact.email`, `Company City`, `Address - ZIP`."""
    tokens = _tokens(text)
    if len(tokens) < 2 or _is_cjk(text) or _FIRST_OF_TWO.match(text):  # noqa: PLR2004
        return None
    allowed = {field for words, fields in _WHOM for field in fields if tokens[0] in words}
    return _only(_resolve(" ".join(tokens[1:]), depth), allowed) if allowed else None


def _qualified(text: str, depth: int) -> Known | None:
    """Read `Email - Work`, `E-mail 1 - Value`, `Phone 2`, `City of Address`, `country_id`."""
    tokens = _tokens(text)
    if tokens[-2:] == ["of", "address"]:
        return _only(_resolve(re.split(r"\sof\s", text)[0], depth), _PLACE_FIELDS)
    if len(tokens) > 1 and tokens[-1] in _QUALIFIERS and not _is_cjk(text):
        return _only(_resolve(" ".join(tokens[:-1]), depth), _PERSON_FIELDS)
    if len(tokens) > 1 and tokens[-1] in {"id", "name"} and not _is_cjk(text):
        return _only(_resolve(" ".join(tokens[:-1]), depth), _PLACE_FIELDS - {"address"})
    plain = re.sub(r"(?<![a-z])\d{1,2}(?![a-z])|\d{1,2}$", " ", text)
    if plain != text and plain.strip():
        return _only(_resolve(plain, depth), _NUMBERED_FIELDS)
    return None


def _tokens(text: str) -> list[str]:
    """Return the words of a header, also those of camelCase and snake_case."""
    return [
        token.replace("organis", "organiz")
        for token in _TOKEN.findall(_CAMEL.sub(" ", text).casefold())
    ]


def _only(found: Known | None, fields: Iterable[str]) -> Known | None:
    """Return what was found when it is one of `fields`."""
    return found if found is not None and (not found.field or found.field in fields) else None


_STEPS: Final[tuple[Callable[[str, int], Known | None], ...]] = (
    _without_marks,
    _bracketed,
    _about,
    _side_by_side,
    _two_scripts,
    _japanese_question,
    _question,
    _two_levels,
    _qualified,
)
