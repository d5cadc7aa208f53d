"""One refused row in words: where it stands and what is wrong with it, never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.cli.wording import say
from leadline.files.rejects import UNCHANGED

if TYPE_CHECKING:
    from leadline.cli.output import Output


def show_reject(out: Output, *, line: int, column: object, reason: str, detail: str) -> None:
    """Print the line of one refused row.

    Args:
        out: where to.
        line: on which the row starts.
        column: header or number of the cell at fault; empty or 0 when the whole row is meant.
        reason: reject code.
        detail: what is wrong, as the reader says it.
    """
    from leadline.domain.reject_words import REJECT_WORDS, say_cells

    words = REJECT_WORDS.get(reason, {}).get(out.lang, reason)
    if cells := say_cells(detail, out.lang):
        column = None  # where the columns begin to differ nobody knows
        words = cells
    if detail.endswith(UNCHANGED):
        words = say("reject.unchanged", out.lang, words=words)
    key = "import.reject_in_column" if column else "import.reject"
    out.line(key, line=line, reason=words, column=column)
