"""Finds unsafe links and scripts in a template's own markup, before it is ever rendered."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAGS: Final = re.compile(r"\{\{-?\s*(?P<print>.*?)\s*-?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_LINKING: Final = frozenset(
    {"action", "background", "cite", "data", "formaction", "href", "poster", "src", "xlink:href"}
)
_SAFE_START: Final = re.compile(r"(?:https?:|mailto:|tel:|[#/?]|$)", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_IGNORED_SIGNS: Final = re.compile(r"[\x00-\x20\x7f]+")
_SAFE_VARIABLE: Final = re.compile(
    r"[\w.]*(?:_url|action)(?:\s*\|\s*(?:e(?:scape)?|default\(\"\"\)))?$"
)
#: The one script of a page: the program makes its address, and the nonce that lets it run.
_OUR_SCRIPT: Final = {"src": "script_url", "nonce": "script_nonce"}
_IN_TEXT: Final = re.compile(r"\b(?:javascript|vbscript):|\bdata:[a-z]+/", re.IGNORECASE)
_MARK: Final = re.compile("\ue000(\\d+)\ue001")
_SCRIPTS: Final = frozenset({"script", "iframe", "object", "embed", "base"})


def unsafe_markup(path: str, source: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, problem code and the offending text for each unsafe link or script.

    A link is safe when it begins with https:, http:, mailto: or tel:, when it is relative, or
    when it begins with a variable whose name ends in `_url` or `action`: those the program makes.
    Of scripts only that of the program itself is safe.
    """
    if path.endswith(".html"):
        parser = _Markup(source)
        yield from parser.found
        return
    for match in _IN_TEXT.finditer(source):
        yield source.count("\n", 0, match.start()) + 1, "unsafe_link", match[0]


class _Markup(HTMLParser):
    """Reads the markup with every printed expression put aside behind a mark."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.printed: list[str] = []
        self.found: list[tuple[int, str, str]] = []
        self.feed(_TAGS.sub(self._put_aside, source))
        self.close()

    def _put_aside(self, match: re.Match[str]) -> str:
        # Line ends stay, so that lines are counted as in the template.
        ends = "\n" * match[0].count("\n")
        if match["print"] is None:
            return ends
        self.printed.append(match["print"])
        return f"\ue000{len(self.printed) - 1}\ue001{ends}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        if tag in _SCRIPTS and not (tag == "script" and self._is_ours(dict(attrs))):
            self.found.append((line, "unsafe_markup", f"<{tag}>"))
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append((line, "unsafe_markup", name))
            elif name in _LINKING and not self._is_safe(value or ""):
                self.found.append((line, "unsafe_link", self._shown(value or "")))

    def _is_ours(self, attributes: dict[str, str | None]) -> bool:
        marks = {name: _MARK.fullmatch(attributes.get(name) or "") for name in _OUR_SCRIPT}
        return all(
            mark and self.printed[int(mark[1])].partition("|")[0].strip() == _OUR_SCRIPT[name]
            for name, mark in marks.items()
        )

    def _is_safe(self, link: str) -> bool:
        start = _IGNORED_SIGNS.sub("", link)
        mark = _MARK.match(start)
        if mark:
            return _SAFE_VARIABLE.match(self.printed[int(mark[1])]) is not None
        relative = not _SCHEME.match(start) and "\ue000" not in start.partition("/")[0]
        return relative or _SAFE_START.match(start) is not None

    def _shown(self, link: str) -> str:
        shown = _MARK.sub(lambda mark: "{{ " + self.printed[int(mark[1])] + " }}", link)
        return " ".join(shown.split())[:60]
