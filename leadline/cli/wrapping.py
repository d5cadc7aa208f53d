"""Breaking a text into lines for a terminal, in Japanese too, where no spaces part the words."""

from __future__ import annotations

import re
from typing import Final

#: What stays on one line: a word, or a sign with what may not be parted from it.
_UNIT: Final = re.compile(
    r"""\s
    | [「『(]* (?: [!-~]+ | \S ) [。、」』)・:ーぁぃぅぇぉっゃゅょァィゥェォッャュョ…]*
    """,
    re.VERBOSE,
)


def wrapped(text: str, width: int) -> str:
    """Return `text` in lines of at most `width` terminal cells; nothing of it is lost.

    No line begins with a closing sign. What is wider than a line by itself stands alone on one.
    """
    return "\n".join(_broken(line, width) for line in text.split("\n"))


def _broken(text: str, width: int) -> str:
    from rich.cells import cell_len

    lines, line = [], ""
    for unit in _UNIT.findall(text):
        if line and cell_len(line + unit.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += unit if line else unit.lstrip()
    return "\n".join([*lines, line])
