"""What the shape of a webhook cannot see: expressions, lead fields, and what contradicts itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leadline.config.environment import webhook_variable
from leadline.config.problems import nearest
from leadline.domain.paths import FUNCTIONS, find_fault, plain_steps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from leadline.config.document import Document, Path
    from leadline.errors import Problem

_WEBHOOK: Final = ("webhook",)
_GUARDED: Final = ("webhook", "events")
_TEXTS: Final = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`")
_NAME_COMPARED: Final = re.compile(r'[=!]=\s*"([^"]*)"')
_SINGLE: Final = re.compile(r"=(?!=)")
_FOREIGN: Final = re.compile(r"[^\W\x00-\x7f]\w*")
_TOP: Final = ("decode", "leads", "only", "test", "id")
_LIST: Final = ("each", "id", "name", "value")
_CHOICES: Final = ("each", "id", "text")


def check_webhook(mapping: Document, fields: Collection[str]) -> Iterator[Problem]:
    """Yield the faults of a mapping file's webhook.

    Args:
        mapping: the file.
        fields: canonical and custom lead fields.
    """
    if not isinstance(mapping.get(_WEBHOOK), dict):
        return
    for path in _expressions(mapping):
        yield from check_expression(mapping, path)
    stated = mapping.get((*_WEBHOOK, "fields"))
    for name in stated if isinstance(stated, dict) else ():
        if name not in fields:
            spot = mapping.at_key((*_WEBHOOK, "fields", name))
            yield spot.problem("unknown_lead_field", suggestion=nearest(name, fields))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def check_variables(mappings: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield a fault for each source whose secret has the variable of another's.

    Args:
        mappings: the files by source.
    """
    owners: dict[str, Document] = {}
    for source, mapping in sorted(mappings.items()):
        block = next((name for name in _GUARDED if _has_secret(mapping, name)), None)
        if block is None:
            continue
        variable = webhook_variable("SECRET", source)
        first = owners.setdefault(variable, mapping)
        if first is not mapping:
            yield mapping.at_key((block,)).problem(
                "same_secret_variable", first=first.file, second=mapping.file, variable=variable
            )


def _has_secret(mapping: Document, block: str) -> bool:
    """Tell whether who posts to a source has to know a secret."""
    stated = mapping.get((block,))
    if not isinstance(stated, dict) or mapping.get((block, "open")) is True:
        return False
    return block == "webhook" or bool({"signature", "key"} & stated.keys())


def _expressions(mapping: Document) -> Iterator[Path]:
    """Yield where expressions stand."""
    for name in _TOP:
        yield from _texts(mapping, (*_WEBHOOK, name))
    yield from _texts(mapping, (*_WEBHOOK, "key", "body"))
    stated = mapping.get((*_WEBHOOK, "fields"))
    for name in stated if isinstance(stated, dict) else ():
        yield from _texts(mapping, (*_WEBHOOK, "fields", name))
    answers = mapping.get((*_WEBHOOK, "answers"))
    for number in range(len(answers)) if isinstance(answers, tuple) else ():
        yield from _of_answers(mapping, (*_WEBHOOK, "answers", number))


def _of_answers(mapping: Document, path: Path) -> Iterator[Path]:
    for name in _LIST:
        yield from _texts(mapping, (*path, name))
        yield from _texts(mapping, (*path, "questions", name))
    for name in _CHOICES:
        yield from _texts(mapping, (*path, "options", name))
        yield from _texts(mapping, (*path, "questions", "options", name))


def _texts(mapping: Document, path: Path) -> Iterator[Path]:
    """Yield the path of a text, or those of the texts in a list."""
    value = mapping.get(path)
    if isinstance(value, str):
        yield path
    elif isinstance(value, tuple):
        yield from ((*path, n) for n, each in enumerate(value) if isinstance(each, str))


def check_expression(mapping: Document, path: Path) -> Iterator[Problem]:
    """Yield a fault when a text is no JMESPath, or no plain path where one is needed."""
    text = str(mapping.get(path))
    if not text:
        return
    fault = find_fault(text)
    if fault is None:
        if path[:2] == (*_WEBHOOK, "decode") and not plain_steps(text):
            yield mapping.at_value(path).problem("no_plain_path")
        if compared := _NAME_COMPARED.search(_TEXTS.sub(_blank, text)):
            yield mapping.at_value(path).warning("name_compared", found=compared[1])
        return
    line = text.count("\n", 0, fault.column - 1) + 1
    column = fault.column - 1 - (text.rfind("\n", 0, fault.column - 1) + 1) + 1
    spot = mapping.within(path, line, column)
    if fault.code == "unknown_function":
        suggestion = nearest(fault.found, FUNCTIONS)
        yield spot.problem(fault.code, found=fault.found, suggestion=suggestion)
    elif fault.code == "wrong_arity":
        yield spot.problem(fault.code, found=fault.found, expected=fault.expected)
    elif _SINGLE.match(fault.found):
        yield spot.problem("single_equals")
    elif word := _FOREIGN.match(fault.found):
        yield spot.problem("name_needs_quotes", suggestion=f'"{word[0]}"')
    else:
        found = {
            "en": f"`{fault.found}`" if fault.found else "the end",
            "ja": f"`{fault.found}`" if fault.found else "末尾",
        }
        yield spot.problem(fault.code, found=found)
