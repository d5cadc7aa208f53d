"""One word per thing: words that the glossary rules out stay out of identifiers."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.rules import sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The word that means two things, and the one that is ours. Words with an honest second use
#: (record, status, group, job, state ...) are left to review.
FORBIDDEN = {
    "prospect": "lead",
    "tenant": "account",
    "deal": "opportunity",
    "drip": "sequence",
    "cadence": "sequence",
    "workflow": "sequence (or Prefect's flow)",
    "dag": "flow",
    "membership": "enrollment",
    "unenroll": "exit",
    "blacklist": "suppression",
    "blocklist": "suppression",
    "whitelist": "the name of what is allowed",
    "dedupe": "merge, duplicate",
    "temperature": "score, grade",
    "quota": "capacity",
    "utils": "a noun of its own",
    "helpers": "a noun of its own",
}
PART = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Give every name that the module defines, with its line."""
    yield 0, path.stem
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def words(identifier: str) -> set[str]:
    return {part.lower() for part in PART.findall(identifier)}


def test_identifier_is_split_into_whole_words() -> None:
    assert words("find_idealMailURL") == {"find", "ideal", "mail", "url"}


def test_identifiers_use_no_word_that_the_glossary_rules_out() -> None:
    found = [
        f"{sources.name(path)}:{line}: {identifier}: say {FORBIDDEN[word]}"
        for path in sources.modules("leadline/", "flows/", "tasks/")
        for line, identifier in identifiers(path)
        for word in words(identifier) & FORBIDDEN.keys()
    ]
    assert found == []
