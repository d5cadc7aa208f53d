"""Finds the links of a template that may be counted, and leads them over another address.

A mark before the address survives rendering, so that a rendered mail is changed there and nowhere
else. A link is marked when its address is the same for everybody: words of the template, of the
company, the sequence or the step. What a template writes of a person never becomes a target that
is stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Two characters that no text may hold (Unicode: noncharacters).
_MARK: Final = "\ufdd0\ufdd1"
_TAG: Final = r"\{%.*?%\}|\{\{.*?\}\}|\{\#.*?\#\}"
_ANCHOR: Final = re.compile(
    rf"""(<(?:a|area|v:\w+)\s(?:{_TAG}|[^<>"'{{]|\{{|"[^"]*"|'[^']*')*?(?<![\w-])href\s*=\s*)"""
    r"""(["'])(\s*https?://.*?)\2""",
    re.DOTALL | re.IGNORECASE,
)
_ANY_TAG: Final = re.compile(_TAG, re.DOTALL)
_SAME_FOR_ALL: Final = re.compile(
    r"\{\{-?\s*(?:sequence|step|company\.\w+)(?:\s*\|\s*\w+)*\s*-?\}\}"
)
_MARKED: Final = re.compile(rf"""(["']){_MARK}(.*?)\1""", re.DOTALL)
#: Programs such as Outlook, which know no `display`, hide what says `mso-hide`.
_UNSEEN: Final = "display:none;mso-hide:all"
_TRAP: Final = (
    f'<div aria-hidden="true" style="{_UNSEEN};max-height:0;overflow:hidden">'
    f'<a href="{{}}" tabindex="-1" rel="nofollow" style="{_UNSEEN}"></a></div>\n'
)
_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)


def mark_links(templates: Mapping[str, str]) -> dict[str, str]:
    """Return templates in which the links that may be counted are marked."""
    return {
        path: _ANCHOR.sub(_marked, text) if path.endswith(".html") else text
        for path, text in templates.items()
    }


def _marked(match: re.Match[str]) -> str:
    start, quote, url = match.groups()
    tags = _ANY_TAG.findall(url)
    is_same = all(_SAME_FOR_ALL.fullmatch(tag) for tag in tags)
    return f"{start}{quote}{_MARK * is_same}{url}{quote}"


def lead_over(html: str, address_of: Callable[[str], str]) -> str:
    """Put another address in the place of every marked one; the rest stays byte for byte.

    Args:
        html: rendered from marked templates.
        address_of: the new address of one as it stands in the markup; without signs that HTML
            would have to escape.
    """
    changed = _MARKED.sub(lambda match: f"{match[1]}{address_of(match[2])}{match[1]}", html)
    return unmark(changed)


def unmark(html: str) -> str:
    """Return what the templates would have given without marks."""
    return html.replace(_MARK, "")


def add_trap(html: str, url: str) -> str:
    """Add a link that no person sees, hears or reaches by keyboard, at the end of the body."""
    place = max((match.start() for match in _END.finditer(html)), default=len(html))
    return html[:place] + _TRAP.format(url) + html[place:]
