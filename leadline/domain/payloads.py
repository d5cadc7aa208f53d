"""What a webhook's body says: decoded, cut into leads, and turned into cells with a mapping.

A body is JSON, urlencoded or multipart. A form's fields become an object: a name that is given
twice has a list, and brackets nest as they do in PHP (`name[first]=Ann`). What a mapping file says
of a source is a `Reading`; nothing here knows any vendor.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import create_form_parser

from leadline.domain.intake import Rejected
from leadline.domain.paths import JmesPath, Written, find_first, is_true, replace_at
from leadline.domain.payload_answers import (
    Columns,
    TooManyAnswers,
    add_answers,
    as_text,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from python_multipart.multipart import Field, File

    from leadline.domain.paths import Step
    from leadline.domain.payload_answers import AnswerList

MAX_LEADS: Final = 500
_IS_PART: Final = "part"  # in what is stored of one lead of several
_MAX_FIELDS: Final = 2_000
_MAX_DEPTH: Final = 40
_ENCODINGS: Final = ("utf-8-sig", "cp932")
_FORM_ENCODINGS: Final = ("utf-8", "cp932")
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([\w.:+-]+)""", re.IGNORECASE | re.ASCII)
#: What programs mean by a name: Windows writes more signs than the name stands for.
_AS_WRITTEN: Final = {"shift_jis": "cp932", "utf-8": "utf-8-sig"}
#: Ways of writing text that no content type names.
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs"}
)
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_BRACKETS: Final = re.compile(r"\A([^\[\]]+)((?:\[[^\[\]]*\])+)\Z")
_INSIDE: Final = re.compile(r"\[([^\[\]]*)\]")

Paths = tuple[JmesPath, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bodies of one source are read.

    Attributes:
        decode: places of texts that are JSON themselves.
        leads: list of the leads in a body; none when a body is one lead.
        only: what is true of a lead that counts.
        test: what is true of a lead that is a trial.
        id: the vendor's id of a lead.
        complete: what is true once the answers are there; none when they always are.
        fields: lead field and where it stands.
        answers: lists of answers.
        columns: lead field by name of an answer; "" keeps it as an attribute.
        leave_out: shapes of names that are not kept (`_wpcf7*`).
        custom: names of the fields that the configuration declares.
    """

    decode: tuple[tuple[Step, ...], ...] = ()
    leads: Paths = ()
    only: Paths = ()
    test: Paths = ()
    id: Paths = ()
    complete: Paths = ()
    fields: tuple[tuple[str, Paths], ...] = ()
    answers: tuple[AnswerList, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    custom: frozenset[str] = frozenset()


class Unreadable(ValueError):
    """A body that cannot be read; its text says why and shows nothing of it."""

    reason = "unreadable"


class TooManyLeads(Unreadable):
    """A body with more leads than one body may hold."""

    reason = "too_many_leads"


def _refuse(why: str, kind: type[Unreadable] = Unreadable) -> NoReturn:
    raise kind(why) from None


@dataclass(frozen=True, slots=True)
class Delivered:
    """One lead of a body, as far as it has to be known before it is stored.

    Attributes:
        raw: what is stored.
        id: the vendor's id, "" when it gives none.
        rule: `only` or `test`, by which it is answered and not kept; "" of one that counts.
        is_complete: whether its answers are there.
    """

    raw: dict[str, Any]
    id: str = ""
    rule: str = ""
    is_complete: bool = True


def keep_body(body: bytes, content_type: str) -> dict[str, Any]:
    """Return a body as it is stored: its text, or base64 of what is none."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return {"base64": base64.b64encode(body).decode("ascii"), "type": content_type}
    return {"body": text, "type": content_type}


def kept_body(raw: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return body and content type of what `keep_body` made.

    Raises:
        Unreadable: it made something else.
    """
    content_type, text, coded = str(raw.get("type", "")), raw.get("body"), raw.get("base64")
    try:
        if isinstance(coded, str):
            return base64.b64decode(coded, validate=True), content_type
    except binascii.Error:
        text = None
    if not isinstance(text, str):
        _refuse("no body is kept")
    return text.encode("utf-8", "surrogatepass"), content_type


def decode_body(body: bytes, content_type: str) -> Any:  # noqa: ANN401 - any value of JSON
    """Return what a body holds: a value of JSON, or the object of a form's fields.

    A body whose content type says nothing is JSON when it looks like JSON, else a form.

    Raises:
        Unreadable: it is empty or damaged.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        _refuse("the body is empty")
    try:
        if kind == _MULTIPART:
            return _as_object(_multipart(body, content_type))
        looks_like_json = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
        if kind == "application/json" or kind.endswith("+json") or looks_like_json:
            return _json(_text(body, (*_declared(content_type), "utf-8-sig")))
        if kind in {_FORM, "", "text/plain"}:
            return _as_object(_urlencoded(body, (*_declared(content_type), *_FORM_ENCODINGS)))
    except RecursionError:
        _refuse("nested too deeply")
    _refuse("neither JSON nor urlencoded nor multipart")


def find_leads(
    reading: Reading, body: bytes, content_type: str, *, value: object
) -> list[Delivered]:
    """Return the leads of a decoded body.

    A body of one lead is kept as it came; of a body with a list of them, each keeps its own part.

    Raises:
        TooManyLeads: there are.
    """
    parts = _parts(reading, value)
    if parts is None:
        return [_delivered(reading, keep_body(body, content_type), value)]
    return [_delivered(reading, _keep_part(part), part) for part in parts]


def cut_body(reading: Reading, raw: Mapping[str, Any]) -> list[Delivered] | None:
    """Return the leads of a body that was stored before its list of them was known.

    None when it is one lead, or a part already.

    Raises:
        Unreadable: it is damaged, or holds too many.
    """
    if not reading.leads or _IS_PART in raw:
        return None
    parts = _parts(reading, open_body(reading, *kept_body(raw)))
    return (
        None if parts is None else [_delivered(reading, _keep_part(each), each) for each in parts]
    )


def _parts(reading: Reading, value: object) -> list[Any] | None:
    """Return the leads of a list of them, which may be empty; None when there is no list."""
    parts = find_first(reading.leads, value)
    if not isinstance(parts, list):
        return [] if any(path.find(value) == [] for path in reading.leads) else None
    if len(parts) > MAX_LEADS:
        _refuse(f"{len(parts)} leads, at most {MAX_LEADS}", TooManyLeads)
    return parts


def _keep_part(part: object) -> dict[str, Any]:
    text = write_json(part).encode("utf-8", "surrogatepass")
    return {**keep_body(text, "application/json"), _IS_PART: True}


def _delivered(reading: Reading, raw: dict[str, Any], value: object) -> Delivered:
    is_test = bool(reading.test) and _holds(reading.test, value)
    return Delivered(
        raw,
        (as_text(find_first(reading.id, value)) or "").strip(),
        rule="test" if is_test else "" if _holds(reading.only, value) else "only",
        is_complete=_holds(reading.complete, value),
    )


def _holds(paths: Paths, value: object) -> bool:
    return not paths or any(is_true(path.find(value)) for path in paths)


def is_complete(reading: Reading, raw: Mapping[str, Any]) -> bool:
    """Return whether a stored lead has its answers; what cannot be read has all it ever will."""
    try:
        return _holds(reading.complete, open_body(reading, *kept_body(raw)))
    except Unreadable:
        return True


def open_body(reading: Reading, body: bytes, content_type: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a body holds, with the texts in it that are JSON read as well.

    Raises:
        Unreadable: it, or one of those texts, is damaged.
    """
    value = decode_body(body, content_type)
    for steps in reading.decode:
        replace_at(value, steps, _json_in_text)
    return value


def read_payload(
    reading: Reading, raw: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]] | Rejected:
    """Return the cells and the mapping that a stored body makes, as of a row of a file."""
    try:
        value = open_body(reading, *kept_body(raw))
        named = {*reading.columns.values(), *(name for name, _ in reading.fields)}
        columns = Columns(reading.columns, reading.leave_out, reading.custom, "email" in named)
        for name, paths in reading.fields:
            if (text := as_text(find_first(paths, value))) is not None:
                columns.add_field(name, text)
        if "external_id" not in columns.cells and (id_ := as_text(find_first(reading.id, value))):
            columns.add_field("external_id", id_)
        add_answers(columns, reading.answers, value)
    except Unreadable as error:
        return Rejected(error.reason, "", str(error))
    except TooManyAnswers:
        return Rejected("unreadable", "", "too many answers")
    return columns.cells, columns.mapping()


def _declared(content_type: str) -> tuple[str, ...]:
    """Return the encoding that a content type names, when it is one of texts."""
    named = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(named[1]).name if named else ""
        "x".encode(name)
    except (LookupError, UnicodeError):
        return ()
    if not name or name in _NO_CHARSETS:
        return ()
    return (_AS_WRITTEN.get(name, name),)


def _text(body: bytes, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    _refuse("bytes that are not UTF-8")


def _json(text: str) -> Any:  # noqa: ANN401 - any value of JSON
    try:
        found = json.loads(text, parse_constant=_no_number, parse_float=_number)
    except json.JSONDecodeError as error:
        _refuse(f"not JSON from line {error.lineno}, column {error.colno}")
    except ValueError:  # a number of thousands of digits
        _refuse("not JSON: a number that is none")
    except RecursionError:
        _refuse("nested too deeply")
    if _depth(found) > _MAX_DEPTH:
        _refuse("nested too deeply")
    return found


def _json_in_text(text: str) -> Any:  # noqa: ANN401 - any value of JSON
    return _json(text) if text.strip() else text


def _number(text: str) -> Written:
    number = Written(text)
    if math.isinf(number):
        _refuse("not JSON: a number that is none")
    return number


def _no_number(_: str) -> Any:  # noqa: ANN401 - it never returns
    _refuse("not JSON: a number that is none")


def _depth(value: object) -> int:
    """Return how many objects and lists lie in each other."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        if depth > _MAX_DEPTH:
            break
        level = [
            child for each in level for child in (each.values() if isinstance(each, dict) else each)
        ]
    return depth


def _urlencoded(body: bytes, encodings: Sequence[str]) -> list[tuple[str, str]]:
    for encoding in encodings:
        try:
            return parse_qsl(
                _text(body, (encoding,)),
                keep_blank_values=True,
                encoding=encoding,
                errors="strict",
                max_num_fields=_MAX_FIELDS,
            )
        except (UnicodeDecodeError, Unreadable):
            continue
        except ValueError:
            _refuse("too many fields")
    _refuse("bytes that are not UTF-8")


def _multipart(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Return the fields of a multipart body; files in it are left out."""
    found: list[tuple[bytes, bytes]] = []

    def keep(part: Field) -> None:
        found.append((part.field_name or b"", part.value or b""))

    def leave_out(part: File) -> None:
        part.close()

    header = {"Content-Type": content_type.encode("latin-1", "replace")}
    try:
        parser = create_form_parser(header, keep, leave_out)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        _refuse("not multipart as its content type says")
    if not found or len(found) > _MAX_FIELDS:
        _refuse("too many fields" if found else "no field in a multipart body")
    encodings = (*_declared(content_type), *_ENCODINGS)
    return [(_text(name, encodings), _text(value, encodings)) for name, value in found]


def _as_object(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a form's fields as an object."""
    found: dict[str, Any] = {}
    for name, text in pairs:
        match = _BRACKETS.match(name)
        steps = [match[1], *_INSIDE.findall(match[2])] if match else [name]
        _put(found, steps[:_MAX_DEPTH], text)
    return found


def _put(place: dict[str, Any], steps: list[str], text: str) -> None:
    """Put a text at a nested name; a name that is there becomes a list."""
    step, *rest = steps
    if rest and rest != [""]:
        inner = place.setdefault(step, {})
        if not isinstance(inner, dict):  # `a=1&a[b]=2`: both are kept
            inner = place[step] = {"": inner}
        _put(inner, [rest[0] or str(len(inner)), *rest[1:]], text)
        return
    known = place.get(step)
    if known is None:
        place[step] = [text] if rest else text
    elif isinstance(known, list):
        known.append(text)
    elif isinstance(known, dict):
        known[""] = text
    else:
        place[step] = [known, text]
