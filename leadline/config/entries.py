"""What checks of several files share: walking entries, ids that repeat, languages that lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from leadline.domain.leads import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.config.document import Document, Path
    from leadline.errors import Problem


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is text."""
    return isinstance(value, str)


def entries(document: Document, path: Path) -> Iterator[Path]:
    """Yield the paths of the entries of a list or block; none when there is neither."""
    value = document.get(path)
    if isinstance(value, tuple):
        yield from ((*path, number) for number in range(len(value)))
    elif isinstance(value, dict):
        yield from ((*path, name) for name in value)


def repeated(document: Document, *paths: Path) -> Iterator[Problem]:
    """Yield a fault for each entry of some lists whose `id` an earlier one has."""
    first_lines: dict[str, int] = {}
    for entry in (entry for path in paths for entry in entries(document, path)):
        name, spot = document.get((*entry, "id")), document.at_value((*entry, "id"))
        if is_text(name) and first_lines.setdefault(name, spot.line) != spot.line:
            yield spot.problem("duplicate_id", first=first_lines[name])


def languages(document: Document, path: Path) -> Iterator[Problem]:
    """Yield a warning for each language in which a text is not there."""
    words = document.get(path)
    if isinstance(words, dict) and words.keys() <= set(LANGUAGES) and words:
        for lang in LANGUAGES:
            if lang not in words:
                yield document.at_key(path).warning("missing_language", field=lang)
