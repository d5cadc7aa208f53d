"""Holding a document against its shape: every fault with its place and the nearest valid word."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from leadline.config.problems import nearest
from leadline.config.values import ShapeFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic_core import ErrorDetails

    from leadline.config.document import Document, Path
    from leadline.config.problems import Spot
    from leadline.config.values import Shape
    from leadline.errors import Problem

S = TypeVar("S", bound="Shape")

_CODE_OF: Final = {
    "extra_forbidden": "extra_forbidden",
    "missing": "missing",
    "string_type": "text_expected",
    "int_type": "number_expected",
    "int_from_float": "number_expected",
    "float_type": "number_expected",
    "bool_type": "boolean_expected",
    "tuple_type": "list_expected",
    "dict_type": "mapping_expected",
    "model_type": "mapping_expected",
    "model_attributes_type": "mapping_expected",
    "literal_error": "unknown_word",
    "string_pattern_mismatch": "bad_form",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "greater_than": "out_of_range",
    "less_than": "out_of_range",
    "too_short": "wrong_length",
    "too_long": "wrong_length",
    "string_too_short": "wrong_length",
    "string_too_long": "wrong_length",
}
_NUMBER: Final = re.compile(
    r"([+-]?)((?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?)\s*(?:[点人件回名社%]|[^\W\d_]{1,6})?\.?"
)
#: Faults whose line is not shown.
_SECRET: Final = frozenset({"secret_in_url"})
_FORMS: Final = {
    "^[A-Z]{2}$": {
        "en": "two capital letters, such as JP",
        "ja": "大文字2字の国コード (例: JP)",
    },
    "^[a-z][a-z0-9_]*$": {
        "en": "small letters, digits and _, beginning with a letter",
        "ja": "英小文字で始まる英小文字・数字・_ の名前",
    },
    r"^[^@\s]+@[^@\s]+$": {
        "en": "a mail address such as name@example.com",
        "ja": "メールアドレス (例: name@example.com)",
    },
}


def validate(
    shape: type[S], document: Document, at: Path = ()
) -> tuple[S | None, tuple[Problem, ...]]:
    """Validate the value at `at` of a document.

    Args:
        shape: what is expected there.
        document: a file as it was read; an empty one counts as an empty block.
        at: path of the value.

    Returns:
        The typed value, or None and all faults.
    """
    data = document.get(at)
    try:
        return shape.model_validate({} if data is None else data), ()
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, tuple(_problem(each, shape, document, at) for each in found)


def cell_problem(error: ErrorDetails, spot: Spot) -> Problem:
    """Word an error of the shape for a cell of a table."""
    code = _code(error)
    details = _DETAILS.get(code, _no_details)(error, str(error["input"]))
    return spot.problem(code, suggestion=_suggestion(error), **details)


def _problem(error: ErrorDetails, shape: type[Shape], document: Document, at: Path) -> Problem:
    path = (*at, *error["loc"])
    code = _code(error)
    if code == "extra_forbidden":
        known = _fields(shape, error["loc"][:-1])
        return _unknown_field(document.at_key(path), path[-1], known)
    if code == "missing":
        return document.at_key(path[:-1]).problem(code, field=path[-1])
    if path[-1:] == ("[key]",):
        spot = document.at_key(path[:-1])
    elif isinstance(error["input"], dict | tuple):
        spot = document.at_key(path)
    else:
        spot = document.at_value(path)
    if code in _SECRET:
        spot = replace(spot, excerpt="")
    details = _DETAILS.get(code, _no_details)(error, document.written(document.known(path)))
    return spot.problem(code, suggestion=_suggestion(error), **details)


def _code(error: ErrorDetails) -> str:
    value, reason = error["input"], error.get("ctx", {}).get("error")
    code = reason.code if isinstance(reason, ShapeFault) else _CODE_OF.get(error["type"], "invalid")
    if value is None:
        return "value_missing"
    if code == "text_expected" and isinstance(value, dict | tuple):
        return "plain_text_expected"
    return code


def _unknown_field(spot: Spot, name: object, known: tuple[str, ...]) -> Problem:
    suggestion = nearest(name, known)
    listed = ", ".join(known)
    has_list = bool(known) and not suggestion
    expected = {
        "en": f"; expected one of {listed}" if has_list else "",
        "ja": f" (使える項目: {listed})" if has_list else "",
    }
    return spot.problem("extra_forbidden", suggestion=suggestion, expected=expected)


def _number(text: str, *, is_whole: bool) -> str:
    """Return the number in a text such as `+5`, `5点` or `1,000`, or ""."""
    plain = unicodedata.normalize("NFKC", text).strip()
    match = _NUMBER.fullmatch(plain)
    found = (match[1].removeprefix("+") + match[2].replace(",", "")) if match else ""
    return "" if is_whole and "." in found else found


def _suggestion(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    value = error["input"]
    if not isinstance(value, str):
        return ""
    if error["type"] == "literal_error":
        return nearest(value, _choices(context))
    if error["type"] in {"int_type", "float_type"}:
        return _number(value, is_whole=error["type"] == "int_type")
    if isinstance(reason := context.get("error"), ShapeFault):
        return reason.cure or nearest(value, reason.known)
    pattern = str(context.get("pattern", ""))
    other = value.strip().upper() if pattern == "^[A-Z]{2}$" else value.strip().lower()
    is_cure = error["type"] == "string_pattern_mismatch" and re.search(pattern, other)
    return other if is_cure else ""


def _choices(context: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", str(context.get("expected", "")))


def _no_details(error: ErrorDetails, written: str) -> dict[str, object]:
    del error, written
    return {}


def _limits(error: ErrorDetails) -> dict[str, object]:
    context = error.get("ctx", {})
    if "gt" in context:
        return {
            "expected": {"en": f"more than {context['gt']}", "ja": f"{context['gt']}より大きい値"}
        }
    if "ge" in context:
        return {"expected": {"en": f"at least {context['ge']}", "ja": f"{context['ge']}以上"}}
    return {"expected": {"en": f"at most {context['le']}", "ja": f"{context['le']}以下"}}


def _length(error: ErrorDetails) -> dict[str, object]:
    most = error.get("ctx", {}).get("max_length")
    if most is None:
        return {"expected": {"en": "must not be empty", "ja": "空にできません"}}
    if isinstance(error["input"], str):
        return {"expected": {"en": f"has at most {most} characters", "ja": f"{most}文字までです"}}
    return {"expected": {"en": f"has at most {most} entries", "ja": f"{most}件までです"}}


_DETAILS: Final[dict[str, Callable[[ErrorDetails, str], dict[str, object]]]] = {
    "text_expected": lambda _, written: {"found": written},
    "plain_text_expected": lambda error, _: {
        "found": {"en": "a list", "ja": "リスト"}
        if isinstance(error["input"], tuple)
        else {"en": "a block", "ja": "ブロック"}
    },
    "unknown_word": lambda error, _: {"expected": ", ".join(_choices(error.get("ctx", {})))},
    "bad_form": lambda error, _: {
        "expected": _FORMS.get(str(error.get("ctx", {}).get("pattern")), error["msg"])
    },
    "out_of_range": lambda error, _: _limits(error),
    "wrong_length": lambda error, _: _length(error),
    "invalid": lambda error, _: {"detail": error["msg"]},
}


def _fields(shape: type[Shape], loc: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the field names of the model that `loc` leads to from `shape`."""
    kind: object = shape
    for part in loc:
        model = _model(kind)
        if model is not None and isinstance(part, str) and part in model.model_fields:
            kind = model.model_fields[part].annotation
        else:  # the entry of a list or of a mapping
            kind = _inner(kind)
    model = _model(kind)
    fields = model.model_fields.items() if model else ()
    return tuple(field.alias or name for name, field in fields)


def _model(kind: object) -> type[BaseModel] | None:
    if get_origin(kind) in {Union, UnionType}:
        return next((model for arg in get_args(kind) if (model := _model(arg))), None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _inner(kind: object) -> object:
    arguments = [each for each in get_args(kind) if each is not Ellipsis]
    return arguments[-1] if arguments else None
