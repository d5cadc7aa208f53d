"""Checking the conditions of a project folder where they are written, and the names in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadline.config.conditions import all_fields
from leadline.config.entries import entries, is_text, languages
from leadline.config.problems import nearest
from leadline.domain.closed_words import closed_words, strange_words
from leadline.domain.condition_findings import FUNCTIONS, KEYWORDS
from leadline.domain.conditions import Condition, compile_condition, fold, negated
from leadline.domain.events import counts_ours, find_aggregate
from leadline.domain.leads import SCORE_FIELDS, find_score_field
from leadline.domain.places import find_country

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadline.config.document import Document, Path
    from leadline.domain.leads import FieldType
    from leadline.errors import Problem

_WORDS: Final = frozenset({*FUNCTIONS, *(word.lower() for word in KEYWORDS)})
#: What is decided after a score, and by it.
_FOLLOWING: Final = frozenset({*SCORE_FIELDS, "lifecycle_stage", "owner", "routing_skip"})
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
_SHAPE: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Names:
    """What conditions of a project may name.

    Attributes:
        custom: fields that the configuration declares.
        events: events that it declares.
        models: score models beside the main one.
        segments: those that are right, and one that matches nobody for each that is wrong, so
            that a fault is told once.
    """

    custom: Mapping[str, FieldType]
    events: tuple[str, ...]
    models: tuple[str, ...]
    segments: dict[str, Condition] = field(default_factory=dict)

    def fields(self, *texts: str) -> dict[str, FieldType]:
        """Return the fields that conditions may name."""
        return all_fields(*texts, custom=self.custom, events=self.events, models=self.models)


def check_condition(document: Document, path: Path, names: Names) -> Iterator[Problem]:
    """Yield every fault of the condition at `path`."""
    yield from compile_at(document, path, names)[1]
    yield from check_words(document, path, names)


def check_rule(document: Document, path: Path, names: Names) -> Iterator[Problem]:
    """Yield every fault of a condition that a score is made with: it may not ask for a score."""
    condition, problems = compile_at(document, path, names)
    yield from problems
    yield from check_words(document, path, names)
    text = document.get(path)
    if condition is None or not is_text(text):
        return
    asked = sorted(name for name in condition.fields if _is_score(name))
    if asked:
        named = [
            word
            for word in (*asked, *names.segments)
            if re.search(rf"\b{word}\b", text, re.IGNORECASE) and _asks(word, names)
        ]
        found = named[0] if named else asked[0]
        place = re.search(rf"\b{found}\b", text, re.IGNORECASE)
        before = text[: place.start()] if place else ""
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        yield document.within(path, line, column).problem("score_of_itself", found=found)


def _asks(word: str, names: Names) -> bool:
    segment = names.segments.get(word)
    return _is_score(word) or (segment is not None and any(map(_is_score, segment.fields)))


def _is_score(name: str) -> bool:
    return name in _FOLLOWING or find_score_field(name) is not None


def check_words(document: Document, path: Path, names: Names) -> Iterator[Problem]:
    """Warn of each comparison with a word that its field, which holds a few only, never holds."""
    text = document.get(path)
    if not is_text(text) or not text:
        return
    own = dict.fromkeys(names.segments, nobody())  # what a segment says is told where it stands
    compiled = compile_condition(text, fields=names.fields(text), segments=own)
    for field_, word in strange_words(compiled.meaning) if isinstance(compiled, Condition) else ():
        places = (match for match in _QUOTED.finditer(text) if fold(match[0][1:-1]) == word)
        place = next(places, None)
        before = text[: place.start()] if place else ""
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        yield document.within(path, line, column).warning(
            "never_holds", field=field_, found=word, suggestion=_known_word(field_, word)
        )


def _known_word(field_: str, word: str) -> str:
    code = find_country(word) if field_ == "country" else None
    return code or nearest(word, closed_words(field_))


def compile_at(
    document: Document, path: Path, names: Names
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """Compile the condition at `path`; None when there is none or it has faults."""
    text = document.get(path)
    if not is_text(text) or not text:
        return None, ()
    compiled = compile_condition(text, fields=names.fields(text), segments=names.segments)
    if isinstance(compiled, Condition):
        return compiled, ()
    return None, tuple(
        document.within(path, finding.line, finding.column).worded(
            finding.code,
            en=finding.message["en"],
            ja=finding.message["ja"],
            suggestion=finding.suggestion,
        )
        for finding in compiled
    )


def check_segments(document: Document, names: Names) -> Iterator[Problem]:
    """Yield the faults of `segments.yaml`, and note its segments among the names."""
    earlier: dict[object, list[Condition]] = {}
    waiting = [str(path[-1]) for path in entries(document, ("segments",))]
    for path in entries(document, ("segments",)):
        name = waiting.pop(0)
        if _means_something(name, names):
            yield document.at_key(path).problem("reserved_segment", found=name)
            continue
        yield from languages(document, (*path, "title"))
        condition, problems = compile_at(document, (*path, "when"), names)
        yield from check_words(document, (*path, "when"), names)
        text = document.get((*path, "when"))
        yield from (_of_order(problem, document, text, (name, *waiting)) for problem in problems)
        if not _SHAPE.fullmatch(name):  # told with the shape
            continue
        group = document.get((*path, "group"))
        before = earlier.setdefault(group, []) if is_text(group) else []
        names.segments[name] = nobody() if condition is None else negated(condition, before)
        before += [condition] if condition is not None else []


def _of_order(
    problem: Problem, document: Document, text: object, below: tuple[str, ...]
) -> Problem:
    """Say of a segment that is named above its place that the order of the file counts."""
    if problem.code != "unknown_field" or not is_text(text):
        return problem
    lines = document.text.split("\n")
    written = _SHAPE.match(lines[problem.line - 1][problem.column - 1 :].lower())
    if written is None or written[0] not in below:
        return problem
    offset = sum(len(line) + 1 for line in lines[: problem.line - 1]) + problem.column - 1
    return document.at_offset(offset).problem("segment_order", found=written[0])


def nobody() -> Condition:
    """Return the condition that no lead meets."""
    found = compile_condition("FALSE", fields={})
    if isinstance(found, Condition):
        return found
    message = "FALSE is a condition"
    raise TypeError(message)


def _means_something(name: str, names: Names) -> bool:
    """Tell whether conditions take a name for a field, a function or a word of the language."""
    is_word = name in _WORDS or (bool(_SHAPE.fullmatch(name)) and not is_usable_name(name))
    return is_word or name in names.fields() or is_made_name(name)


def is_usable_name(name: str) -> bool:
    """Tell whether conditions read a bare name as that of a field; some words mean more in SQL."""
    compiled = compile_condition(name, fields={name: "boolean"})
    return isinstance(compiled, Condition) and name in compiled.fields


def is_made_name(name: str) -> bool:
    """Tell whether a field of this name is an event count or a score of a model."""
    is_count = find_aggregate(name) is not None or counts_ours(name)
    return is_count or find_score_field(name) is not None
