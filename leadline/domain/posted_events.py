"""Behavior events as a tool posts them: a JSON list, an object with one, or one line for each."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from leadline.domain.behavior import EVENT_FIELDS, Event, map_event_headers, read_event
from leadline.domain.intake import Rejected
from leadline.domain.keys import row_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

#: Events of one post; more come in another.
MOST: Final = 5_000
_BATCH: Final = "events"
_PROPERTIES: Final = "properties"


class NotEventsError(ValueError):
    """A body holds no list of events."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One event of a post.

    Attributes:
        verdict: what it says, or why it is none.
        key: what tells it apart when it states no id.
        raw: text by field, as it is kept when it is refused.
        place: the name under which its tool states the field at fault.
    """

    verdict: Event | Rejected
    key: str
    raw: dict[str, Any]
    place: str = ""


def cut_batch(body: bytes, *, is_lines: bool) -> list[Any]:
    """Return the events of a body, each as it stands there.

    Args:
        body: in UTF-8.
        is_lines: whether each line is a document of its own; one that is none comes as its text.

    Raises:
        NotEventsError: the body is not JSON, or no events in one of the shapes that are read.
    """
    try:
        text = body.decode("utf-8-sig")
        found = [*_lines(text)] if is_lines else _events_of(_parse(text))
    except (ValueError, RecursionError):
        raise NotEventsError from None
    if len(found) > MOST:
        raise NotEventsError
    is_odd = "\\u0000" in text or "\\ud" in text.lower()
    return [_storable(each) for each in found] if is_odd else found


def _lines(text: str) -> Iterator[Any]:
    for line in text.split("\n"):
        if line.strip():
            try:
                yield _parse(line)
            except ValueError:
                yield line.strip().replace("\0", "")


def _parse(text: str) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(text, parse_constant=_refuse)


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _events_of(value: object) -> list[Any]:
    if isinstance(value, dict) and _BATCH in value:
        value = value[_BATCH]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return value
    raise NotEventsError


def _storable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without characters that no database keeps."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value


def read_posted(
    found: Sequence[Any], *, columns: Mapping[str, str], zone: str, now: datetime
) -> Iterator[Posted]:
    """Yield what each event of a post says, in order.

    Args:
        found: from `cut_batch`.
        columns: field by the name that the tool has for it, where the configuration says so.
        zone: of times without an offset.
        now: nothing happens later.
    """
    stated, seen = tuple(columns.items()), Counter[bytes]()
    for value in found:
        raw = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
        key = f"event:{row_key(raw, seen[raw])}"
        seen[raw] += 1
        if not isinstance(value, dict):
            yield Posted(Rejected("unreadable", "", ""), key, {"text": raw.decode()})
            continue
        fields = _fields_of(tuple(value), stated)
        cells, others = _parted(value, fields)
        verdict = read_event(cells, zone=zone, order="year_first", now=now, properties=others)
        kept: dict[str, Any] = dict(cells)
        if others:
            kept[_PROPERTIES] = json.dumps(others, ensure_ascii=False)
        place = ""
        if isinstance(verdict, Rejected):
            place = next((n for n, name in fields.items() if name == verdict.column), "")
        yield Posted(verdict, key, kept, place or getattr(verdict, "column", ""))


@lru_cache(maxsize=256)
def _fields_of(names: tuple[str, ...], stated: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return map_event_headers(names, dict(stated))


def _parted(
    value: Mapping[str, Any], fields: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the texts of an event's fields, and whatever else it says."""
    cells: dict[str, str] = {}
    others: dict[str, Any] = {}
    for name, each in value.items():
        if each is None:
            continue
        field = fields.get(name)
        if field is not None and not isinstance(each, dict | list):
            cells[field] = str(each).lower() if isinstance(each, bool) else str(each)
        elif name == _PROPERTIES and isinstance(each, dict):
            others |= each
        else:
            others[name] = each
    return cells, others


def read_kept(raw: Mapping[str, Any], *, zone: str, now: datetime) -> Event | Rejected:
    """Return what a refused event says when it is looked at again."""
    if not EVENT_FIELDS.keys() & raw.keys():
        return Rejected("unreadable", "", "")
    cells = {name: str(raw[name]) for name in EVENT_FIELDS if raw.get(name)}
    others = json.loads(raw[_PROPERTIES]) if raw.get(_PROPERTIES) else {}
    return read_event(cells, zone=zone, order="year_first", now=now, properties=others)
