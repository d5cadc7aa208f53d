"""What is said of one kind of configuration fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of fault: its sentence (with `{details}`) and the longer text, per language."""

    en: str
    ja: str
    more_en: str
    more_ja: str
