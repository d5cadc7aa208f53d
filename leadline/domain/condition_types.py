"""Checks the types of a condition and says what it means (`condition_tree`).

The nodes have passed the gates of `condition_check`. Literals are folded (`condition_text`); a
date becomes the instant of its midnight in the zone of whoever wrote it, here and nowhere else.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import TYPE_CHECKING, Final

from leadline.domain.closed_words import listed, ranked_words
from leadline.domain.condition_check import field_named, offset_of
from leadline.domain.condition_findings import quoted
from leadline.domain.condition_labels import as_date
from leadline.domain.condition_text import fold, fold_part, fold_pattern
from leadline.domain.condition_tree import Term, text_of
from leadline.domain.days import day_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlglot import exp

    from leadline.domain.condition_findings import Report
    from leadline.domain.leads import FieldType

_COMPARISONS: Final = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_JUNCTIONS: Final = {"And": "and", "Or": "or"}
_TEXT_TESTS: Final = {
    "Contains": "contains",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
}
_BOOLEAN: Final[FieldType] = "boolean"
#: Nodes whose type is not boolean; a literal takes the type of its place.
_TYPES: Final[Mapping[str, FieldType | None]] = {
    "Lower": "text",
    "Upper": "text",
    "Length": "number",
    "Neg": "number",
    "Literal": None,
    "Null": None,
}
#: Only these may be compared: `a < b < c` is refused, `(a < b) = c` is not.
_VALUES: Final = frozenset(
    {"Column", "Paren", "Coalesce", "Boolean", "RegexpLike", *_TYPES, *_TEXT_TESTS}
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_THOUSANDS: Final = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")


_UNKNOWN: Final = Term("literal", None)


class Reading:
    """Understands one condition; what does not fit goes to the report.

    Attributes:
        used: the fields met on the way.
        named: the segments met on the way.
        numbers: the numbers met on the way.
    """

    def __init__(
        self,
        fields: Mapping[str, FieldType],
        report: Report,
        is_regex: Callable[[str], bool],
        segments: Mapping[str, Term],
        *,
        zone: str = "UTC",
        is_kept: bool = False,
    ) -> None:
        """Take the known fields, the report, a test for patterns that RE2 takes, and segments.

        A date is a day of `zone`.
        What an earlier version accepted (`is_kept`) may compare grades by rank.
        """
        self.used: set[str] = set()
        self.named: set[str] = set()
        self.numbers: frozenset[float] = frozenset()
        self._segments = segments
        self._is_kept = is_kept
        self._zone = zone
        self._fields = fields
        self._report = report
        self._is_regex = is_regex
        self._readers: dict[str, Callable[[exp.Expr], Term]] = {
            **dict.fromkeys(_JUNCTIONS, self._junction),
            **dict.fromkeys(_COMPARISONS, self._comparison),
            **dict.fromkeys(_TEXT_TESTS, self._text_test),
            **dict.fromkeys(("Like", "ILike"), self._like),
            **dict.fromkeys(("Lower", "Upper"), self._same_text),
            "Not": self._not,
            "Between": self._between,
            "In": self._in,
            "Is": self._is,
            "RegexpLike": self._regex,
            "Column": self._column,
            "Boolean": self._boolean,
            "Null": self._null,
            "Neg": self._negative,
            "Length": self._length,
            "Coalesce": self._coalesce,
        }

    def condition(self, node: exp.Expr) -> Term:
        """Read `node`, which must be true, false or unknown."""
        term = self._read(node)
        if term.type not in {"boolean", None}:
            self._report.add("not_condition", offset_of(node), types={"found": term.type})
        return term

    def _read(self, node: exp.Expr, wanted: FieldType | None = None) -> Term:
        """Read any node; `wanted` is what its place needs, which only literals heed."""
        name = type(node).__name__
        if name == "Literal":
            return self._literal(node, wanted)
        if name == "Paren":
            return self._read(node.this, wanted)
        return self._readers[name](node)

    def _junction(self, node: exp.Expr) -> Term:
        """Read a chain of AND or OR; it leans left and may be hundreds long."""
        name = type(node).__name__
        operands = []
        while type(node).__name__ == name:
            operands.append(node.expression)
            node = node.this
        parts = tuple(self.condition(operand) for operand in [node, *reversed(operands)])
        return Term(_JUNCTIONS[name], "boolean", parts)

    def _not(self, node: exp.Expr) -> Term:
        return Term("not", "boolean", (self.condition(node.this),))

    def _comparison(self, node: exp.Expr) -> Term:
        operator = _COMPARISONS[type(node).__name__]
        parts, common = self._alike([node.this, node.expression])
        if operator not in {"=", "<>"}:
            self._check_order(node, parts, common, operator)
        return Term(operator, "boolean", parts)

    def _between(self, node: exp.Expr) -> Term:
        parts, common = self._alike([node.this, node.args["low"], node.args["high"]])
        self._check_order(node, parts, common)
        return Term("between", "boolean", parts)

    def _check_order(
        self, node: exp.Expr, parts: Sequence[Term], common: FieldType | None, operator: str = ""
    ) -> None:
        """Report a comparison of what has no order, or another one than texts have."""
        if common == "boolean":
            self._report.add("order", offset_of(node))
        for part in () if self._is_kept else parts:
            name = text_of(part) if part.kind == "field" else ""
            if words := ranked_words(name):
                others = [text_of(each) for each in parts if each.kind == "literal"]
                mended = (
                    listed(name, operator, others[0], is_mirrored=part is not parts[0])
                    if operator and others
                    else ""
                )
                example = ", ".join(map(quoted, words[:-3:-1]))
                self._report.add(
                    "rank", offset_of(node), suggestion=mended, word=name, words=example
                )

    def _in(self, node: exp.Expr) -> Term:
        listed = node.expressions
        others = [item for item in listed if not _is_plain_value(item)]
        if others or not listed:
            self._report.add("only_literals", offset_of(others[0] if others else node))
            return _UNKNOWN
        parts, _ = self._alike([node.this, *listed])
        return Term("in", "boolean", parts)

    def _is(self, node: exp.Expr) -> Term:
        right = node.expression
        left = self._value(node.this)
        if type(right).__name__ == "Null":
            return Term("is_null", "boolean", (left,))
        self._fit(left, node.this, "boolean")
        test = self._fit(self._read(right), right, "boolean")
        return Term("is", "boolean", (left,), test.value)

    def _like(self, node: exp.Expr) -> Term:
        pattern = self._pattern(node.expression)
        test = Term("like", "boolean", (self._text(node.this),), fold_part(pattern))
        return Term("not", "boolean", (test,)) if node.args.get("negate") else test

    def _regex(self, node: exp.Expr) -> Term:
        pattern = self._pattern(node.expression)
        folded = fold_pattern(pattern)
        if not self._is_regex(folded):
            self._report.add("regex", offset_of(node.expression), word=quoted(pattern))
        return Term("regex", "boolean", (self._text(node.this),), folded)

    def _text_test(self, node: exp.Expr) -> Term:
        """Read a search for a part, whose outer white space counts."""
        parts = (self._text(node.this), self._text(node.expression, fold_part))
        return Term(_TEXT_TESTS[type(node).__name__], "boolean", parts)

    def _same_text(self, node: exp.Expr) -> Term:
        """Read lower or upper: folded text has no case, so they change nothing."""
        return self._text(node.this)

    def _length(self, node: exp.Expr) -> Term:
        return Term("length", "number", (self._text(node.this),))

    def _coalesce(self, node: exp.Expr) -> Term:
        parts, common = self._alike([node.this, *node.expressions])
        return Term("coalesce", common, parts)

    def _column(self, node: exp.Expr) -> Term:
        name = field_named(node.name, self._fields)
        if name is None:  # reported when the words were checked, unless it is a word like IN
            self._report.add("unreadable", offset_of(node), word=node.name)
            return _UNKNOWN
        if name in self._segments:
            self.named.add(name)
            return self._segments[name]
        self.used.add(name)
        return Term("field", self._fields[name], value=name)

    def _boolean(self, node: exp.Expr) -> Term:
        return Term("literal", "boolean", value=bool(node.this))

    def _null(self, node: exp.Expr) -> Term:
        """Refuse NULL anywhere but after IS."""
        parent = node.parent
        self._report.add("null", offset_of(parent if parent is not None else node))
        return _UNKNOWN

    def _negative(self, node: exp.Expr) -> Term:
        if not _is_plain_value(node):
            self._report.add("only_negative_number", offset_of(node))
            return _UNKNOWN
        return self._number(node.this, -1.0)

    def _literal(self, node: exp.Expr, wanted: FieldType | None) -> Term:
        if wanted == "time" and node.is_string:
            return self._date(node)
        if node.is_string:
            return Term("literal", "text", value=fold(node.this))
        return self._number(node, 1.0)

    def _number(self, node: exp.Expr, sign: float) -> Term:
        try:
            number = float(node.this)
        except ValueError:  # such as 1e
            self._report.add("unreadable", offset_of(node), word=node.this[:40])
            return _UNKNOWN
        if not math.isfinite(number):
            self._report.add("number", offset_of(node), word=node.this[:40])
            return _UNKNOWN
        self.numbers |= {number}
        return Term("literal", "number", value=sign * number)

    def _date(self, node: exp.Expr) -> Term:
        """Read a date as the instant at which that day begins in the zone."""
        text = fold(node.this)
        try:
            day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            meant = as_date(node.this)
            self._report.add(
                "date",
                offset_of(node),
                suggestion=quoted(meant) if meant else "",
                word=quoted(node.this),
            )
            return _UNKNOWN
        return Term("literal", "time", value=day_start(day, self._zone))

    def _alike(self, nodes: Sequence[exp.Expr]) -> tuple[tuple[Term, ...], FieldType | None]:
        """Read values that must share one type."""
        common = self._common(nodes)
        parts = [self._value(node, common) for node in nodes]
        pairs = zip(parts, nodes, strict=True)
        return tuple(self._fit(part, node, common) for part, node in pairs), common

    def _common(self, nodes: Sequence[exp.Expr]) -> FieldType | None:
        """Return the type that `nodes` must share: that of the first which is no literal."""
        values = [node for node in nodes if type(node).__name__ in _VALUES]
        types = [kind for node in values if (kind := self._type(node)) is not None]
        if types:
            return types[0]
        literals = [bare for node in nodes if type(bare := node.unnest()).__name__ == "Literal"]
        if not literals:  # unknown names alone, reported already
            return None
        return "text" if literals[0].is_string else "number"

    def _type(self, node: exp.Expr) -> FieldType | None:
        """Return the type that a value states by itself, None for a literal."""
        name = type(node).__name__
        if name == "Column":
            return self._fields.get(field_named(node.name, self._fields) or "")
        if name == "Paren":
            return self._type(node.this)
        if name == "Coalesce":
            return self._common([node.this, *node.expressions])
        return _TYPES.get(name, _BOOLEAN)

    def _value(self, node: exp.Expr, wanted: FieldType | None = None) -> Term:
        """Read an operand of a comparison, which may not be a comparison itself."""
        if type(node).__name__ not in _VALUES:
            self._report.add("chained", offset_of(node))
            return _UNKNOWN
        return self._read(node, wanted)

    def _text(self, node: exp.Expr, folded: Callable[[str], str] = fold) -> Term:
        """Read a text operand; a literal is folded with `folded`."""
        if type(node).__name__ == "Literal" and node.is_string:
            return Term("literal", "text", value=folded(node.this))
        return self._fit(self._value(node), node, "text")

    def _pattern(self, node: exp.Expr) -> str:
        """Return the pattern, which must be a literal text."""
        if not (type(node).__name__ == "Literal" and node.is_string):
            self._report.add("pattern", offset_of(node))
            return ""
        return str(node.this)

    def _fit(self, part: Term, node: exp.Expr, wanted: FieldType | None) -> Term:
        """Return `part`, reporting one that is not `wanted`."""
        if wanted is not None and part.type not in {wanted, None}:
            self._report.add(
                "differs",
                offset_of(node),
                suggestion=_mended(node, wanted),
                types={"found": part.type, "wanted": wanted},
            )
        return part


def _is_plain_value(node: exp.Expr) -> bool:
    """Tell whether `node` is a literal, TRUE, FALSE, NULL or a negative number."""
    name = type(node).__name__
    if name == "Neg":
        return type(node.this).__name__ == "Literal" and not node.this.is_string
    return name in {"Literal", "Boolean", "Null"}


def _mended(node: exp.Expr, wanted: FieldType) -> str:
    """Return a literal rewritten as the type wanted, or ""."""
    if type(node).__name__ != "Literal":
        return ""
    if wanted == "text":
        return quoted(node.this)
    if wanted == "time":
        day = as_date(node.this)
        return quoted(day) if day else ""
    number = _THOUSANDS.sub("", fold(node.this))
    return number if wanted == "number" and _NUMBER.fullmatch(number) else ""
