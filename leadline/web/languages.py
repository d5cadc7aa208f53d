"""Which of our languages a visitor reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leadline.config.values import Language

_OURS: Final[dict[str, Language]] = {"en": "en", "ja": "ja"}


def choose_language(asked: str, accepted: str) -> Language | None:
    """Return "en" or "ja", None when the visitor asks for neither.

    Args:
        asked: what `?lang=` says.
        accepted: the header Accept-Language (RFC 9110, section 12.5.4).
    """
    if asked in _OURS:
        return _OURS[asked]
    ranked = sorted((_range(part) for part in accepted.split(",")), key=lambda found: -found[1])
    return next((_OURS[lang] for lang, weight in ranked if lang in _OURS and weight > 0), None)


def _range(part: str) -> tuple[str, float]:
    """Return the primary language of one language range, and its weight."""
    tag, _, parameter = part.partition(";")
    name, _, number = parameter.partition("=")
    try:
        weight = float(number) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().casefold().partition("-")[0], weight
