"""Cells that a spreadsheet would run as a formula, made inert and given back as they were.

OWASP, "CSV Injection": a cell that begins with one of `= + - @`, also in full width, with a tab or
a line end is run when the file is opened; some programs skip white space before the sign. An
apostrophe before it keeps it text. A cell that looks as if it had been guarded already gets one
more, so that `unguard` always gives back what was there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

#: In the subset of patterns that Arrow's engine reads as well.
_SIGNS: Final = (
    "'*(?:[\t\r\n]|[ \v\f\u00a0\u3000\u200b\ufeff]*[=+\\-@＝＋－＠\ufe62\ufe63\ufe66\ufe6b])"
)
_RUN: Final = re.compile(_SIGNS)
_GUARDED: Final = re.compile(f"'{_SIGNS}")


def guard(text: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{text}" if _RUN.match(text) else text


def unguard(text: str) -> str:
    """Return what a guarded cell was; only for cells that `guard` has seen."""
    return text[1:] if _GUARDED.match(text) else text


def unguard_column(cells: pa.Array) -> pa.Array:
    """Return a column of cells as `unguard` returns each."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(cells, pattern=f"\\A'({_SIGNS})", replacement=r"\1")
