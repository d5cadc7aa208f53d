"""What a custom field, which is kept as text, means in a condition: one reading for every engine.

A text that does not fit its field's type is unknown.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

#: Plain digits, as intake keeps them; PostgreSQL takes no repetition above 255.
NUMBER: Final = r"^[+-]?[0-9]{1,250}(\.[0-9]{0,250})?$"
_NUMBER: Final = re.compile(NUMBER, re.ASCII)
_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"([t ]\d{2}:\d{2}(:\d{2}(\.\d{3}|\.\d{6})?)?(z|[+-]\d{2}:\d{2})?)?",
    re.ASCII,
)
BOOLEANS: Final = {"true": True, "false": False}


def as_number(folded: str) -> float | None:
    """Return the number that a folded text is."""
    return float(folded) if _NUMBER.fullmatch(folded) else None


def as_boolean(folded: str) -> bool | None:
    """Return the boolean that a folded text is."""
    return BOOLEANS.get(folded)


def as_time(folded: str) -> datetime | None:
    """Return the instant that a folded ISO 8601 text is; without an offset it is in UTC."""
    if not _TIME.fullmatch(folded):
        return None
    try:
        at = datetime.fromisoformat(folded.upper())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
