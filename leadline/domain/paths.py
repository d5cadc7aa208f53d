"""JMESPath: where something stands in a body. The only importer of the library.

An expression that meets a value of another kind than it works on, or nothing, gives nothing: what
a vendor left out of one body is no fault of the mapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Self

import jmespath
from jmespath.exceptions import (
    EmptyExpressionError,
    IncompleteExpressionError,
    JMESPathError,
    LexerError,
    ParseError,
)
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What a text says of an entry of a list or an object: `"*"` is every one of them.
Step = str | int
EVERY: Final = "*"
_FUNCTIONS: Final[dict[str, Any]] = Functions.FUNCTION_TABLE
#: Functions as the reference of JMESPath lists them.
FUNCTIONS: Final = tuple(sorted(_FUNCTIONS))
_SHOWN: Final = 40
_FALSE: Final = frozenset({"", "false", "0", "no", "off"})
_INTERPRETER: Final = TreeInterpreter()  # keeps no state between visits


class Written(float):
    """A number that is no whole one, with the words in which a body states it: `1.10`, `1e3`."""

    def __new__(cls, text: str) -> Self:
        """Read a number of JSON."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


Written.__name__ = "float"  # the library tells kinds of values by the names of their types


@dataclass(frozen=True, slots=True)
class PathFault:
    """What is wrong with an expression.

    Attributes:
        code: `bad_path`, `unknown_function`, `wrong_arity` or `no_plain_path`.
        column: one-based place in the expression.
        found: what stands there, shortened; "" at the end of the expression.
        expected: how many arguments the function takes, of `wrong_arity`.
    """

    code: str
    column: int
    found: str = ""
    expected: str = ""


class JmesPath:
    """One compiled expression."""

    def __init__(self, text: str) -> None:
        """Compile `text`, which `find_fault` has found to be right."""
        self.text = text
        self._tree = _parse(text).parsed

    def find(self, value: object) -> Any:  # noqa: ANN401 - any value of JSON
        """Return what stands there in `value`; None for nothing."""
        try:
            return _INTERPRETER.visit(self._tree, value)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError):
            return None


@lru_cache(maxsize=1024)
def _parse(text: str) -> Any:  # noqa: ANN401 - the library has no types
    return jmespath.compile(text)


def find_first(paths: Sequence[JmesPath], value: object) -> Any:  # noqa: ANN401 - any value of JSON
    """Return the first of several that is there; None when none is.

    Nothing, an empty text and an empty list or object are not there; `false` and 0 are.
    """
    for path in paths:
        found = path.find(value)
        if found is not None and found not in ("", [], {}):
            return found
    return None


def is_true(found: object) -> bool:
    """Return whether a value counts as true; 0, and texts that mean no, do not."""
    if isinstance(found, str):
        return found.strip().casefold() not in _FALSE
    return found not in (None, False, 0, [], {})


def find_fault(text: str) -> PathFault | None:
    """Return what is wrong with an expression, None when nothing is."""
    try:
        parsed = _parse(text)
    except (EmptyExpressionError, IncompleteExpressionError):
        return PathFault("bad_path", len(text) + 1)
    except (LexerError, ParseError) as error:
        at = min(int(error.lex_position or 0), len(text))
        return PathFault("bad_path", at + 1, text[at : at + _SHOWN])
    except (JMESPathError, ValueError, RecursionError):
        return PathFault("bad_path", 1, text[:_SHOWN])
    return next(_function_faults(text, parsed.parsed), None)


def _function_faults(text: str, node: dict[str, Any]) -> Iterator[PathFault]:
    """Yield calls of functions that do not exist or take another number of arguments."""
    if node["type"] == "function_expression":
        name, count = str(node["value"]), len(node["children"])
        column = max(text.find(f"{name}("), 0) + 1
        known = _FUNCTIONS.get(name)
        if known is None:
            yield PathFault("unknown_function", column, name)
        else:
            takes = known["signature"]
            is_open = bool(takes and takes[-1].get("variadic"))
            if count < len(takes) or (count > len(takes) and not is_open):
                expected = f"{len(takes)}{'+' if is_open else ''}"
                yield PathFault("wrong_arity", column, name, expected)
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _function_faults(text, child)


def plain_steps(text: str) -> tuple[Step, ...] | None:
    """Return the names and places that a plain path consists of; None for any other expression.

    Plain are names, `[0]` and `[*]`: `payload`, `data."raw request"`, `items[*].body`.
    """
    return _steps(_parse(text).parsed)


def _steps(node: dict[str, Any]) -> tuple[Step, ...] | None:
    kind, children = node["type"], node["children"]
    if kind == "field":
        return (str(node["value"]),)
    if kind == "index":
        return (int(node["value"]),)
    if kind in {"identity", "current"}:
        return ()
    if kind not in {"subexpression", "index_expression", "projection", "value_projection"}:
        return None
    parts = [_steps(child) for child in children]
    found: list[Step] = []
    for number, part in enumerate(parts):
        if part is None:
            return None
        found += part
        if number == 0 and kind in {"projection", "value_projection"}:
            found.append(EVERY)
    return tuple(found)


def replace_at(value: Any, steps: Sequence[Step], replace: Any) -> None:  # noqa: ANN401 - JSON
    """Put `replace(old)` in the place of every text at `steps`, inside lists and objects."""
    step, *rest = steps
    for key in _keys(value, step):
        if rest:
            replace_at(value[key], rest, replace)
        elif isinstance(value[key], str):
            value[key] = replace(value[key])


def _keys(value: Any, step: Step) -> list[Any]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return list(value) if step == EVERY else [step] if step in value else []
    if isinstance(value, list):
        if step == EVERY:
            return list(range(len(value)))
        return [step] if isinstance(step, int) and -len(value) <= step < len(value) else []
    return []
