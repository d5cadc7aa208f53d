"""Answers of a body: their names and values, and the columns that they become.

An answer has one or more names (a title, a key, an id). A name that the mapping knows decides;
then the name that is best known among the headers of files; else the first name is the attribute
under which it is kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.cells import clean_line
from leadline.domain.mapping import decide_mapping, fold_header
from leadline.domain.paths import Written, find_first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.domain.paths import JmesPath

MAX_ANSWERS: Final = 1_000
_LONGEST_NAME: Final = 300
_DEEPEST: Final = 3
#: Likeness alone decides nothing here: nobody looks at the columns before they are taken in.
_SURE: Final = frozenset({"fixed", "alias"})
_WHOLE: Final = 2**53  # up to here a float says a whole number exactly
_PLACEHOLDER: Final = re.compile(r"\{\{.*?\}\}")
_PERSON: Final = {
    **dict.fromkeys(("first", "firstname", "fname", "given", "givenname"), "given_name"),
    **dict.fromkeys(("mei", "めい", "メイ", "名"), "given_name"),
    **dict.fromkeys(("last", "lastname", "lname", "family", "familyname"), "family_name"),
    **dict.fromkeys(("surname", "sei", "せい", "セイ", "姓", "氏", "名字", "苗字"), "family_name"),
}
_READINGS: Final = re.compile(
    r"カナ|かな|フリガナ|ふりがな|読み|ヨミ|kana|furigana|yomi", re.IGNORECASE
)
#: Members that say nothing beside the name of their object: alone they are its answer.
_NEUTRAL_WORDS: Final = """
    value values text texts label labels full raw answer answers content string stringvalue
    display displayvalue displayname formatted plain
"""
_NEUTRAL: Final = frozenset(_NEUTRAL_WORDS.split())
#: What programs call `state` that is no state of a country.
_CONDITION_WORDS: Final = """
    enabled disabled active inactive pending open closed new draft published submitted complete
    completed done on off true false valid invalid approved rejected verified
"""
_CONDITIONS: Final = frozenset(_CONDITION_WORDS.split())
_BOTH_NAMES: Final = {"given_name", "family_name"}
_BESIDE_A_NAME: Final = frozenset({"middle", "middlename", "prefix", "suffix", "title"})
_PLACE: Final = {
    **dict.fromkeys(("addrline1", "addressline1", "line1", "street", "street1"), "address"),
    **dict.fromkeys(("city", "town"), "city"),
    **dict.fromkeys(("state", "region", "province", "prefecture"), "region"),
    **dict.fromkeys(("postal", "postalcode", "zip", "zipcode", "postcode"), "postal_code"),
    **dict.fromkeys(("country", "countrycode"), "country"),
}


class TooManyAnswers(ValueError):
    """A list of more answers, questions or choices than any form has."""


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """What the ids of choices mean.

    Attributes:
        each: the choices, beside the answer or its question.
        id: of a choice; its key, where they are an object.
        text: of a choice; the choice itself when it is a text.
    """

    each: tuple[JmesPath, ...]
    id: tuple[JmesPath, ...] = ()
    text: tuple[JmesPath, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionList:
    """Where the questions stand, when answers only refer to them.

    Attributes:
        each: the questions of the body.
        id: of a question; its key, where they are an object.
        name: of a question.
        options: what may be chosen.
    """

    each: tuple[JmesPath, ...]
    id: tuple[JmesPath, ...] = ()
    name: tuple[JmesPath, ...] = ()
    options: ChoiceList | None = None


@dataclass(frozen=True, slots=True)
class AnswerList:
    """A list, or an object, of answers.

    Attributes:
        each: the answers of the body.
        id: of the question; the key, where they are an object.
        name: of an answer; all that are there.
        value: the first that is there; the answer itself when there is none to look for.
        options: what may be chosen.
        questions: where the questions stand.
    """

    each: tuple[JmesPath, ...]
    id: tuple[JmesPath, ...] = ()
    name: tuple[JmesPath, ...] = ()
    value: tuple[JmesPath, ...] = ()
    options: ChoiceList | None = None
    questions: QuestionList | None = None


@dataclass(slots=True)
class Columns:
    """The columns of one lead.

    Attributes:
        fixed: lead field by name of an answer.
        leave_out: shapes of names that are not kept.
        custom: fields that the configuration declares.
        names_address: whether the mapping file says where the mail address stands; then none that
            is only recognized takes its place.
        cells: text by column.
    """

    fixed: Mapping[str, str]
    leave_out: Sequence[str]
    custom: frozenset[str]
    names_address: bool = False
    cells: dict[str, str] = field(default_factory=dict)
    _stated: dict[str, str] = field(default_factory=dict)
    _parts: dict[str, str] = field(default_factory=dict)

    def add_field(self, name: str, text: str) -> None:
        """Add a lead field that the mapping looks for by itself."""
        self.cells[name] = text
        self._stated[name] = name

    def add(self, names: Sequence[str], text: str, part: str = "") -> None:
        """Add one answer.

        Args:
            names: the first is the one to be kept under.
            text: its value.
            part: lead field that a member of an object plainly is.
        """
        if self.leaves_out(names):
            return
        header, is_fixed = self._choose(names)
        header = self._free(header)
        self.cells[header] = text
        if is_fixed is not None:
            self._stated[header] = is_fixed
        elif part:
            self._parts[header] = part

    def leaves_out(self, names: Sequence[str]) -> bool:
        """Return whether an answer, or a member of one, is not kept."""
        return any(fnmatchcase(name, shape) for name in names for shape in self.leave_out)

    def _choose(self, names: Sequence[str]) -> tuple[str, str | None]:
        """Return the name that decides, and the field that the mapping gives it."""
        folded = {fold_header(name): target for name, target in self.fixed.items()}
        for name in names:
            if name in self.fixed:
                return name, self.fixed[name]
        for name in names:
            if fold_header(name) in folded:
                return name, folded[fold_header(name)]
        known = [(_confidence(name), -place) for place, name in enumerate(names)]
        best, place = max(known)
        return (names[-place] if best else names[0]), None

    def _free(self, header: str) -> str:
        """Return a name that no other column has."""
        name, number = header, 1
        while name in self.cells:
            number += 1
            name = f"{header} ({number})"
        return name

    def mapping(self) -> dict[str, str]:
        """Return the lead field of each column that has one."""
        taken = set(self._stated.values())
        parts = {header: part for header, part in self._parts.items() if part not in taken}
        fixed = {**parts, **self._stated}
        found = dict(_decide(tuple(self.cells), tuple(fixed.items()), self.custom))
        wrong = {h for h, name in found.items() if name == "region" and self._is_condition(h)}
        return self._with_one_address({h: name for h, name in found.items() if h not in wrong})

    def _is_condition(self, header: str) -> bool:
        """Return whether the `state` of something is meant, and not one of a country."""
        text = self.cells[header].strip().casefold()
        return header not in self._stated and text in _CONDITIONS

    def _with_one_address(self, found: dict[str, str]) -> dict[str, str]:
        """Return a mapping with the one address that counts; others are kept as attributes."""
        if self.names_address and "email" not in self._stated.values():
            return {header: name for header, name in found.items() if name != "email"}
        texts = [self.cells[header].strip() for header in found if found[header] == "email"]
        counts = next((text.lower() for text in texts if text), "")
        return {
            header: name
            for header, name in found.items()
            if name != "email" or self.cells[header].strip().lower() in {counts, ""}
        }


@lru_cache(maxsize=256)
def _decide(
    headers: tuple[str, ...], fixed: tuple[tuple[str, str], ...], custom: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """Return header and lead field; the bodies of one form have the same headers."""
    found = decide_mapping(headers, fixed=dict(fixed), custom=custom)
    sure = {match.header for match in found.columns if match.how in _SURE}
    return tuple((header, name) for header, name in found.fields.items() if header in sure)


@lru_cache(maxsize=4096)
def _confidence(name: str) -> int:
    """Return how surely a name alone is known among the headers of files."""
    if len(name) > _LONGEST_NAME:
        return 0
    (match,) = decide_mapping([name], fixed={}).columns
    return match.confidence if match.how in _SURE else 0


def add_answers(columns: Columns, lists: Sequence[AnswerList], body: object) -> None:
    """Add every answer of a body."""
    for each in lists:
        questions = _by_id(each.questions, body) if each.questions else {}
        for number, (key, item) in enumerate(_entries(find_first(each.each, body)), start=1):
            id_ = as_text(find_first(each.id, item)) if each.id else key
            question = questions.get(id_ or "")
            names = _names(each, item, question, id_)
            options = _texts_by_id(each.options, item)
            if each.questions and question is not None:
                options |= _texts_by_id(each.questions.options, question)
            value = find_first(each.value, item) if each.value else item
            _add(columns, names or [f"answer {number}"], _chosen(value, options))


def _entries(found: object) -> list[tuple[str | None, Any]]:
    """Return the entries of a list, or of an object with their keys."""
    if isinstance(found, dict | list) and len(found) > MAX_ANSWERS:
        raise TooManyAnswers
    if isinstance(found, dict):
        return list(found.items())
    return [(None, each) for each in found] if isinstance(found, list) else []


def _by_id(questions: QuestionList, body: object) -> dict[str, Any]:
    found = {}
    for key, item in _entries(find_first(questions.each, body)):
        id_ = as_text(find_first(questions.id, item)) if questions.id else key
        if id_:
            found[id_] = item
    return found


def _texts_by_id(choices: ChoiceList | None, item: object) -> dict[str, str]:
    if choices is None:
        return {}
    found = {}
    for key, choice in _entries(find_first(choices.each, item)):
        id_ = as_text(find_first(choices.id, choice)) if choices.id else key
        text = as_text(find_first(choices.text, choice) if choices.text else choice)
        if id_ and text:
            found[id_] = text
    return found


def _names(each: AnswerList, item: object, question: object, id_: str | None) -> list[str]:
    """Return the names of an answer: those of its question first, its id last."""
    said = [path.find(item) for path in each.name]
    if each.questions is not None and question is not None:
        asked = [path.find(question) for path in each.questions.name]
        said = [*(asked if each.questions.name else [question]), *said]
    texts = [as_text(name) for name in (*said, id_)]
    names = [clean_line(_PLACEHOLDER.sub("", text)) for text in texts if text]
    return list(dict.fromkeys(name for name in names if name))


def _chosen(value: Any, options: Mapping[str, str]) -> Any:  # noqa: ANN401 - any value of JSON
    """Return a value with the texts of the choices in place of their ids."""
    if not options:
        return value
    if isinstance(value, list):
        return [_chosen(each, options) for each in value]
    text = None if isinstance(value, dict) else as_text(value)
    return value if text is None else options.get(text, value)


def _add(columns: Columns, names: Sequence[str], value: object, depth: int = 0) -> None:
    """Add an answer; each member of an object becomes a column of its own."""
    if columns.leaves_out(names):
        return
    if not isinstance(value, dict) or depth == _DEEPEST:
        columns.add(names, as_text(value) or "")
        return
    if len(value) == 1 and _plain_name(*value) in _NEUTRAL:
        _add(columns, names, next(iter(value.values())), depth + 1)
        return
    parts = _parts_of(value)
    if set(parts.values()) == _BOTH_NAMES and any(map(_READINGS.search, names)):
        by_field = {field: as_text(value[member]) or "" for member, field in parts.items()}
        columns.add(names, f"{by_field['family_name']} {by_field['given_name']}".strip())
        return
    for member, inner in value.items():
        names_of_member = [f"{name} {member}" for name in names]
        if isinstance(inner, dict):
            _add(columns, names_of_member, inner, depth + 1)
        else:
            columns.add(names_of_member, as_text(inner) or "", parts.get(member, ""))


def _parts_of(value: Mapping[str, object]) -> dict[str, str]:
    """Return the lead fields that the members are: of a person's name, or of an address."""
    folded = {member: _plain_name(member) for member in value}
    rest = set(folded.values()) - _BESIDE_A_NAME
    if rest and rest <= _PERSON.keys():
        return {member: _PERSON[word] for member, word in folded.items() if word in _PERSON}
    places = {member: _PLACE[word] for member, word in folded.items() if word in _PLACE}
    return places if len(places) > 1 else {}


def _plain_name(member: str) -> str:
    return re.sub(r"[\s_-]", "", member).casefold()


def as_text(value: Any) -> str | None:  # noqa: ANN401 - any value of JSON
    """Return a value as a person would write it; None for nothing.

    True and false are words, the entries of a list are joined, an object is written as JSON.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Written):
        return value.text
    if isinstance(value, int | float):
        is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE
        return str(int(value) if is_whole else value)
    if isinstance(value, list):
        return ", ".join(text for each in value if (text := as_text(each)))
    return write_json(value)


def write_json(value: Any) -> str:  # noqa: ANN401 - any value of JSON
    """Return a value as JSON, its numbers as they were stated."""
    if isinstance(value, Written):
        return value.text
    if isinstance(value, list):
        return f"[{','.join(map(write_json, value))}]"
    if isinstance(value, dict):
        members = (
            f"{json.dumps(k, ensure_ascii=False)}: {write_json(v)}" for k, v in value.items()
        )
        return f"{{{','.join(members)}}}"
    return json.dumps(value, ensure_ascii=False)
