"""Names that strangers typed: on one line, and never repeated when they could be an advertisement.

Anybody can type a link or a phone number into a form as a name, and anybody's address beside it.
What looks like one after every trick of spelling is left out; a name too few is no harm.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_NAME: Final = 60
#: Letters and marks that nobody sees, besides all format characters.
_UNSEEN: Final = dict.fromkeys(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *(*range(0x180B, 0x180F), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
    )
)
_DOT: Final = r"[.。·•‧∙⋅۔]"
_DIGIT: Final = "[0-9〇零一二三四五六七八九]"
_ADVERTISING: Final = re.compile(
    r"[/\\@⁄∕⧸]|www[.。]"
    rf"|{_DOT}[^\W\d_]{{2}}"
    rf"|[\[({{<]\s*(?:{_DOT}|dot|at)\s*[\])}}>]|\w\s+dot\s+\w|\wドット\w"
    r"|(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)"
    rf"|{_DIGIT}(?:[\W_ー]*{_DIGIT}){{5}}",
    re.IGNORECASE,
)


def one_line(text: str) -> str:
    """Return text on one line, without control and format characters."""
    if text.isprintable():  # no control or format character, and no space but the plain one
        return " ".join(text.translate(_UNSEEN).split())
    kept = "".join(
        " " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign
        for sign in text.translate(_UNSEEN)
        if unicodedata.category(sign) != "Cf"
    )
    return " ".join(kept.split())


def is_harmless(line: str) -> bool:
    """Tell whether a line may be repeated in a mail to whoever's address was typed beside it.

    Args:
        line: as `one_line` makes it.
    """
    folded = unicodedata.normalize("NFKC", line)
    digits = "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in folded
    )
    return len(folded) <= MAX_NAME and not _ADVERTISING.search(digits)
