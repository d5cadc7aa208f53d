"""Wording one fault of the configuration: where it is, what is wrong, the nearest valid word."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from leadline.config.codes import CODES
from leadline.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EXCERPT_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file.

    Attributes:
        file: path below the project folder.
        line: one-based line, 0 for the whole file.
        column: one-based column, 0 for the whole line.
        excerpt: the line's text; "" where it may hold personal data.
        key: what stands there, for people: `rules.1.points`, a column header or a cell.
    """

    file: str
    line: int = 0
    column: int = 0
    excerpt: str = ""
    key: str = ""

    def problem(self, code: str, *, suggestion: str = "", **details: object) -> Problem:
        """Return the fault `code` at this place, its sentence filled with `details`.

        A detail that is worded per language is a mapping of "en" and "ja".
        """
        words = CODES[code]
        return self.worded(
            code,
            en=words.en.format(**_spoken(details, "en")),
            ja=words.ja.format(**_spoken(details, "ja")),
            suggestion=suggestion,
        )

    def warning(self, code: str, *, suggestion: str = "", **details: object) -> Problem:
        """Return the same as a warning: the configuration can go live all the same."""
        found = self.problem(code, suggestion=suggestion, **details)
        place = (found.file, found.line, found.column)
        return Problem(
            found.code, *place, message=found.message, suggestion=suggestion, is_warning=True
        )

    def worded(self, code: str, *, en: str, ja: str, suggestion: str = "") -> Problem:
        """Return a fault whose sentences are given (those of the condition language)."""
        is_hinted = bool(suggestion) and "did you mean" not in en
        hint_en = f". Did you mean `{suggestion}`?" if is_hinted else ""
        hint_ja = f"。`{suggestion}` のことですか?" if is_hinted else ""
        prefix = f"{self.key}: " if self.key else ""
        below = f"\n      {_shortened(self.excerpt)}" if self.excerpt.strip() else ""
        return Problem(
            code=code,
            file=self.file,
            line=self.line,
            column=self.column,
            message={
                "en": f"{prefix}{en}{hint_en}{below}",
                "ja": f"{prefix}{ja}{hint_ja}{below}",
            },
            suggestion=suggestion,
        )


def nearest(word: object, known: Iterable[str]) -> str:
    """Return the known word nearest to `word`, or ""."""
    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(str(word).casefold(), list(by_fold), n=1)
    return by_fold[found[0]] if found else ""


def _spoken(details: Mapping[str, object], lang: str) -> dict[str, object]:
    return {
        name: value[lang] if isinstance(value, dict) else value for name, value in details.items()
    }


def _shortened(line: str) -> str:
    text = line.strip()
    return text if len(text) <= _EXCERPT_WIDTH else f"{text[: _EXCERPT_WIDTH - 1]}…"
