"""Reads a condition and lets only the condition language through.

Parsing is not checking: sqlglot reads any SQL. Two gates stand here, a third (types) in
`condition_sql`, which writes the SQL itself, node by node, so that nothing else can come out:

1. tokens: every word and sign belongs to the language, or is a known field or function;
2. nodes: every node of the tree, the root included, and each of its arguments is on a list.

Node classes are known by name, so that sqlglot is loaded only when something is compiled.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from leadline.domain.condition_findings import FUNCTIONS, KEYWORDS, OPERATORS, near, quoted
from leadline.domain.events import counts_ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlglot import exp
    from sqlglot.errors import ParseError
    from sqlglot.tokenizer_core import Token

    from leadline.domain.condition_findings import Report
    from leadline.domain.leads import FieldType

LONGEST: Final = 4_000  # characters
MOST_NODES: Final = 400
DEEPEST: Final = 20  # the parser recurses about 20 frames a bracket; Python stops it at 1,000

_TOKENS: Final = frozenset(
    {
        *("AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "BETWEEN"),
        *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "DASH"),
        *("L_PAREN", "R_PAREN", "COMMA"),
        *("STRING", "NUMBER", "NULL", "TRUE", "FALSE"),
    }
)
#: Tokens behind which only an operator, a bracket or the end can come.
_VALUES: Final = frozenset({"STRING", "NUMBER", "NULL", "TRUE", "FALSE", "R_PAREN", "IDENTIFIER"})
#: What lists and files call a field that has another name in conditions.
_SHOWN_NAMES: Final = {"score": "points"}
#: Words that sqlglot reads as the start of a statement; a field of that name is double-quoted.
_STATEMENTS: Final = frozenset({"if"})

_PAIR: Final = frozenset({"this", "expression"})
_ONE: Final = frozenset({"this"})
_PAIRS: Final = (
    *("And", "Or", "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "Is"),
    *("Contains", "StartsWith", "EndsWith", "RegexpLike"),
)
_ONES: Final = ("Not", "Paren", "Neg", "Boolean", "Column", "Lower", "Upper", "Length")
#: Every node that may occur, with the arguments that it may have.
_NODES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_PAIRS, _PAIR),
    **dict.fromkeys(_ONES, _ONE),
    "Like": _PAIR | {"negate"},
    "ILike": _PAIR | {"negate"},
    "Between": frozenset({"this", "low", "high"}),
    "In": frozenset({"this", "expressions"}),
    "Coalesce": frozenset({"this", "expressions"}),
    "Literal": frozenset({"this", "is_string"}),
    "Identifier": frozenset({"this", "quoted"}),
    "Null": frozenset(),
}
#: How nodes and arguments that are not on the list are worded; any other is `not_allowed`.
_NODE_KINDS: Final = {"Concat": "side_by_side"}
_ARGUMENT_KINDS: Final = {"field": "only_literals", "flag": "flags"}


def read(text: str, fields: Mapping[str, FieldType], report: Report) -> exp.Expr | None:
    """Parse `text` and check that it stays inside the language.

    Args:
        text: the expression.
        fields: the names that it may use.
        report: takes the findings.

    Returns:
        The tree, made of listed nodes only; None when a gate refused. A tree comes back also
        when names are unknown, so that the types of the rest can still be checked.
    """
    if not _is_plain(text, report):
        return None
    tokens = _tokens(text, report)
    if not tokens or not _is_shallow(tokens, report):
        return None
    if not _are_words_allowed(tokens, fields, report):
        return None
    root = _tree(text, report)
    if root is None or not _are_nodes_allowed(root, text, report):
        return None
    return root


def field_named(name: str, fields: Mapping[str, FieldType]) -> str | None:
    """Return the field meant by `name`, whose case does not matter, or None."""
    return next((known for known in (name, name.lower()) if known in fields), None)


def offset_of(node: exp.Expr) -> int:
    """Return where `node` begins in the text; only its leaves and calls know their place."""
    return min((part.meta["start"] for part in node.walk() if "start" in part.meta), default=0)


def _is_plain(text: str, report: Report) -> bool:
    """Report an empty or overlong text and characters that a database does not take."""
    if len(text) > LONGEST:
        report.add("too_long", 0, count=len(text), limit=LONGEST)
    elif not text.strip():
        report.add("empty", 0, suggestion="TRUE")
    else:
        for offset, char in enumerate(text):
            if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\r\n":
                report.add("character", offset)
    return not report.findings()


def _tokens(text: str, report: Report) -> Sequence[Token]:
    """Split `text` into tokens; comments are dropped."""
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.errors import TokenError

    try:
        tokens = DuckDB().tokenize(text)
    except TokenError:
        report.add("unclosed", _open_quote(text))
        return ()
    if not tokens:
        report.add("empty", 0, suggestion="TRUE")
    return tokens


def _open_quote(text: str) -> int:
    """Return where the quote or comment begins that is never closed."""
    closed = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/"""
    rest = re.sub(closed, lambda match: " " * len(match[0]), text, flags=re.DOTALL)
    return min((match.start() for match in re.finditer(r"""['"$]|/\*""", rest)), default=0)


def _is_shallow(tokens: Sequence[Token], report: Report) -> bool:
    """Report nesting that the parser, which recurses, could not bear."""
    levels: list[int] = []
    pending = 0
    for token in tokens:
        name = token.token_type.name
        if name == "L_PAREN":
            levels.append(pending + 1)
        elif name == "R_PAREN" and levels:
            levels.pop()
        pending = pending + 1 if name in {"NOT", "DASH"} else 0
        if sum(levels) + pending > DEEPEST:
            report.add("too_deep", token.start, limit=DEEPEST)
            return False
    return True


def _are_words_allowed(
    tokens: Sequence[Token], fields: Mapping[str, FieldType], report: Report
) -> bool:
    """Report every token outside the language; true when the tree is worth reading."""
    is_worth_reading = True
    around = zip([None, *tokens[:-1]], tokens, [*tokens[1:], None], strict=True)
    for before, token, after in around:
        kind = token.token_type.name
        is_call = after is not None and after.token_type.name == "L_PAREN"
        if kind in _TOKENS:
            continue
        if kind == "IDENTIFIER":
            _check_quoted_name(token, fields, report)
        elif kind == "VAR" and is_call:
            is_worth_reading &= _is_function(token, report)
        elif _is_name(token, fields) and not _is_operator_due(before, token, fields):
            _check_name(token, fields, report)
        elif kind == "VAR":
            _report_no_operator(token, report)
            is_worth_reading = False
        else:
            report.add("not_allowed", token.start, word=token.text)
            is_worth_reading = False
    return is_worth_reading


def _is_name(token: Token, fields: Mapping[str, FieldType]) -> bool:
    """Tell whether `token` is meant as a field; some fields have the name of an SQL keyword."""
    word = token.text.lower()
    return word not in _STATEMENTS and (token.token_type.name == "VAR" or word in fields)


def _is_operator_due(before: Token | None, token: Token, fields: Mapping[str, FieldType]) -> bool:
    """Tell whether a word that is no field stands behind a value."""
    if before is None or field_named(token.text, fields) is not None:
        return False
    if token.text.lower() in FUNCTIONS:
        return True
    kind = before.token_type.name
    return kind in _VALUES or (kind == "VAR" and field_named(before.text, fields) is not None)


def _report_no_operator(token: Token, report: Report) -> None:
    """Report a word in the place of an operator; full-width signs are most likely meant as one."""
    report.add(
        "no_operator",
        token.start,
        suggestion=near(token.text, map(str.lower, KEYWORDS)).upper(),
        word=token.text,
        operators=", ".join(OPERATORS),
    )


def _is_function(token: Token, report: Report) -> bool:
    """Report a function that is not on the list."""
    is_known = token.text.lower() in FUNCTIONS
    if not is_known:
        report.add(
            "unknown_function",
            token.start,
            suggestion=near(token.text, FUNCTIONS),
            word=token.text,
            known=", ".join(FUNCTIONS),
        )
    return is_known


def _check_name(token: Token, fields: Mapping[str, FieldType], report: Report) -> None:
    """Report a bare name that is no field."""
    if field_named(token.text, fields) is None and counts_ours(token.text.lower()):
        report.add("event_of_ours", token.start, word=token.text)
    elif field_named(token.text, fields) is None:
        shown = field_named(_SHOWN_NAMES.get(token.text.lower(), ""), fields)
        suggestion = shown or near(token.text, [*fields, *KEYWORDS])
        report.add("unknown_field", token.start, suggestion=suggestion, word=token.text)


def _check_quoted_name(token: Token, fields: Mapping[str, FieldType], report: Report) -> None:
    """Report a double-quoted name that is no field: its writer most likely meant a text."""
    if field_named(token.text, fields) is None:
        text = quoted(token.text)
        report.add("double_quoted", token.start, suggestion=text, word=token.text, text=text)


def _tree(text: str, report: Report) -> exp.Expr | None:
    """Parse `text` into a tree of at most `MOST_NODES` nodes."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import ParseError

    try:
        root = parse_one(text, dialect="duckdb", into=exp.Condition)
    except ParseError as error:
        _report_syntax(error, text, report)
        return None
    count = sum(not isinstance(node, exp.Identifier) for node in root.walk())
    if count > MOST_NODES:
        report.add("too_many", 0, count=count, limit=MOST_NODES)
        return None
    return root


def _report_syntax(error: ParseError, text: str, report: Report) -> None:
    """Report where the parser stopped; its `col` is the last character of that word."""
    if not error.errors:  # a lone keyword
        report.add("unreadable", 0, word=text.strip())
        return
    place = error.errors[0]
    word = str(place["highlight"])
    lines = re.split("(\r\n|\r|\n)", text)  # each with its break behind it
    end = sum(map(len, lines[: 2 * (place["line"] - 1)])) + place["col"]
    report.add("unreadable", min(max(0, end - len(word)), len(text)), word=word)


def _are_nodes_allowed(root: exp.Expr, text: str, report: Report) -> bool:
    """Report every node, and every argument of a node, that is not on the list."""
    is_allowed = True
    for node in root.walk(prune=lambda node: type(node).__name__ not in _NODES):
        kind = _refusal(node)
        if kind:
            report.add(kind, offset_of(node), word=_source(node, text))
            is_allowed = False
    return is_allowed


def _refusal(node: exp.Expr) -> str:
    """Return how a node that may not occur is worded, "" for one that may."""
    name = type(node).__name__
    if name not in _NODES:
        return _NODE_KINDS.get(name, "not_allowed")
    extra = {key for key, value in node.args.items() if value} - _NODES[name]
    return _ARGUMENT_KINDS.get(min(extra), "not_allowed") if extra else ""


def _source(node: exp.Expr, text: str) -> str:
    """Return the text of `node` as it was written, from its first leaf to its last."""
    end = max((part.meta["end"] + 1 for part in node.walk() if "end" in part.meta), default=0)
    return text[offset_of(node) : end] or text
