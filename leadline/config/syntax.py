"""What is wrong with a text that is no YAML, in words instead of the parser's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

if TYPE_CHECKING:
    from ruamel.yaml.error import YAMLError


class Fault(NamedTuple):
    """What the parser stopped at.

    Attributes:
        offset: into the text.
        words: what is wrong, per language.
    """

    offset: int
    words: dict[str, str]


class _Case(NamedTuple):
    """How one kind of the parser's messages is worded; `is_begin` points to where it began."""

    pattern: re.Pattern[str]
    en: str
    ja: str
    is_begin: bool = False


def _case(pattern: str, en: str, ja: str, *, is_begin: bool = False) -> _Case:
    return _Case(re.compile(pattern), en, ja, is_begin)


SECOND_DOCUMENT: Final = {
    "en": "a second document begins (---)",
    "ja": "2つ目の文書が始まっています (---)",
}
TOO_DEEP: Final = "nested too deeply"
_CONTROL: Final = {
    "en": "a control character stands here",
    "ja": "制御文字があります",
}
_UNNAMED_JA: Final = "YAML の書き方として正しくありません"

#: By what the parser says: its context and its problem, with a comma between them.
_CASES: Final = (
    _case(
        r"found character '\\t'",
        "a tab stands here; use spaces",
        "タブがあります。空白を使ってください",
    ),
    _case(
        r"quoted scalar, found unexpected (end|document)",
        "the quote that begins here is never closed",
        "ここから始まる引用符が閉じていません",
        is_begin=True,
    ),
    _case(
        r"flow sequence",
        "the [ here is not closed, or a comma is missing behind it",
        "ここの [ が閉じていないか、後にカンマの抜けがあります",
        is_begin=True,
    ),
    _case(
        r"flow mapping",
        "the {{ here is not closed, or a comma is missing behind it, or a value with [ ] {{ }} , "
        "needs quotes",
        "ここの {{ が閉じていないか、後にカンマの抜けがあります。[ ] {{ }} , を含む値には引用符が"
        "必要です",
        is_begin=True,
    ),
    _case(
        r"could not find expected ':'",
        "a colon with a space behind it is missing",
        "コロンと、その後の空白がありません",
        is_begin=True,
    ),
    _case(
        r"mapping values are not allowed",
        "no colon can stand here: a text with `: ` in it needs quotes, and the line above may lack "
        "a colon with a space behind it",
        "この位置にコロンは書けません。`: ` を含む文字列は引用符で囲み、上の行のコロンの後に空白が"
        "あることを確認してください",
    ),
    _case(
        r"sequence entries are not allowed",
        "a list begins behind its key; begin it on a line of its own",
        "リストがキーと同じ行で始まっています。次の行から書いてください",
    ),
    _case(
        r"cannot start any token",
        "no value begins with {sign}; put it in quotes",
        "値の先頭に {sign} は書けません。引用符で囲んでください",
    ),
    _case(
        r"unknown escape character",
        "this sign cannot stand behind \\ in double quotes; use single quotes",
        "二重引用符の中で \\ の後にこの文字は書けません。一重引用符を使ってください",
    ),
    _case(
        r"block (mapping|collection|sequence), expected <block end>",
        "this does not fit the lines above; look at the indentation, and for a quote inside quotes",
        "上の行とつながりません。字下げと、引用符の中の引用符を確認してください",
    ),
    _case(
        r"expected the node content",
        "a value is missing before {sign}",
        "{sign} の前に値がありません",
    ),
    _case(TOO_DEEP, "nested too deeply", "入れ子が深すぎます"),
)


def find_fault(error: YAMLError, text: str) -> Fault:
    """Return where the parser stopped and what is wrong there."""
    if isinstance(error, ReaderError):
        return Fault(error.position, _CONTROL)
    if not isinstance(error, MarkedYAMLError):
        return Fault(0, {"en": "not YAML", "ja": _UNNAMED_JA})
    said = ", ".join(part for part in (error.context, error.problem) if part)
    case = next((case for case in _CASES if case.pattern.search(said)), None)
    is_begin = case is not None and case.is_begin
    offset = _offset(error, text, is_begin=is_begin)
    if case is None:
        return Fault(offset, {"en": said, "ja": _UNNAMED_JA})
    sign = text[offset : offset + 1]
    return Fault(offset, {"en": case.en.format(sign=sign), "ja": case.ja.format(sign=sign)})


def _offset(error: MarkedYAMLError, text: str, *, is_begin: bool) -> int:
    marks: list[Any] = [error.problem_mark, error.context_mark]
    mark = next(filter(None, reversed(marks) if is_begin else marks), None)
    return min(mark.index, max(len(text.rstrip()) - 1, 0)) if mark else 0
