"""Reading one YAML 1.2 file: plain values, and where each key and value is written.

The parser's events are taken as they are, so `NO`, `on` and `12:30` stay text, no object is ever
built from a tag, and every fault has a line. Tags, directives, anchors, aliases, duplicate keys
and keys that are no text are faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from leadline.config.problems import Spot
from leadline.config.syntax import SECOND_DOCUMENT, TOO_DEEP, find_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

    from leadline.errors import Problem

_TAGS: Final = "tag:yaml.org,2002:"
Path = tuple[str | int, ...]

_MAX_DEPTH: Final = 20
_BASES: Final = {"0x": 16, "0o": 8, "0b": 2}


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a value is written: offsets into the text, and its YAML style (`'`, `"`, `|`, `>`)."""

    start: int
    end: int
    style: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as plain values, with the place of each.

    Attributes:
        file: path below the project folder.
        text: the file's text.
        data: dict, tuple, str, int, float, bool or None.
        keys: offset of each mapping key, by the path of its value.
        values: extent of each value, by its path; () is the whole file.
    """

    file: str
    text: str
    data: object
    keys: dict[Path, int] = field(default_factory=dict)
    values: dict[Path, Extent] = field(default_factory=dict)

    def known(self, path: Path) -> Path:
        """Return the longest beginning of `path` that stands in the file."""
        while path and path not in self.values:
            path = path[:-1]
        return path

    def at_key(self, path: Path) -> Spot:
        """Return the place of the key that leads to `path` (of the value, in a list)."""
        path = self.known(path)
        offset = self.keys.get(path)
        return self.at_value(path) if offset is None else self.at_offset(offset, path)

    def at_value(self, path: Path) -> Spot:
        """Return the place of the value at `path`; of its key when the value is empty."""
        path = self.known(path)
        extent = self.values.get(path)
        if extent is None:
            return self.at_offset(0, path)
        if extent.start == extent.end and path in self.keys:
            return self.at_offset(self.keys[path], path)
        return self.at_offset(extent.start, path)

    def at_offset(self, offset: int, path: Path = ()) -> Spot:
        """Return the place at an offset of the text."""
        begin = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", begin)
        return Spot(
            self.file,
            self.text.count("\n", 0, offset) + 1,
            offset - begin + 1,
            excerpt=self.text[begin : end if end >= 0 else None],
            key=".".join(map(str, path)),
        )

    def written(self, path: Path) -> str:
        """Return the value at `path` as it is written in the file."""
        extent = self.values.get(path)
        return self.text[extent.start : extent.end].strip() if extent else ""

    def get(self, path: Path) -> object:
        """Return the value at `path`, or None."""
        value = self.data
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, tuple) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def within(self, path: Path, line: int, column: int) -> Spot:
        """Return the place of a character of the text value at `path`.

        Args:
            path: of a text value.
            line: one-based line inside the value.
            column: one-based column inside that line.
        """
        value, extent = self.get(path), self.values.get(path)
        if not isinstance(value, str) or extent is None:
            return self.at_value(path)
        lines = value.split("\n")
        before = sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
        return self.at_offset(_aligned(self.text, extent, value[:before]), path)


def _aligned(text: str, extent: Extent, before: str) -> int:
    """Find where the value goes on after `before`: folding changes only white space."""
    offset = extent.start
    if extent.style in {"|", ">"}:
        offset = text.find("\n", extent.start)
    elif extent.style in {"'", '"'}:
        offset += 1
    for character in before:
        if character.isspace():
            continue
        found = text.find(character, offset, extent.end)
        if found < 0:
            break
        doubled = extent.style == "'" == character
        offset = found + (2 if doubled else 1)
    while offset < extent.end - 1 and text[offset].isspace():
        offset += 1
    return offset


def read_document(file: str, text: str) -> tuple[Document, tuple[Problem, ...]]:
    """Read YAML text.

    Args:
        file: path below the project folder, for messages.
        text: the file's text.

    Returns:
        The document (its data is None when the file cannot be read) and all faults.
    """
    reader = _Reader(file, text)
    data = reader.read()
    return Document(file, text, data, reader.keys, reader.values), tuple(reader.problems)


class _Reader:
    """Builds plain values from the parser's events, noting places and faults."""

    def __init__(self, file: str, text: str) -> None:
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, Extent] = {}
        self.problems: list[Problem] = []
        self._yaml = YAML(typ="safe", pure=True)
        self._text = text
        self._place = Document(file, text, None)

    def read(self) -> object:
        """Return the first document's value; a second document is a fault."""
        events = iter(self._yaml.parse(self._text))
        data: object = None
        document_count = 0
        try:
            for event in events:
                if isinstance(event, DocumentStartEvent):
                    document_count += 1
                    self._check_start(event, document_count)
                elif isinstance(event, NodeEvent):
                    value = self._value(event, events, ())
                    data = value if document_count == 1 else data
        except YAMLError as error:
            self._add_syntax(error)
            return None
        return data

    def _check_start(self, event: DocumentStartEvent, document_count: int) -> None:
        offset = event.start_mark.index
        if event.version or event.tags:
            found = self._text[offset:].split("\n", 1)[0].strip()
            self._add("tag_refused", offset, (), found=found)
        if document_count > 1:
            self._add("bad_syntax", offset, (), detail=SECOND_DOCUMENT)

    def _add(self, code: str, offset: int, path: Path, **details: object) -> None:
        spot = self._place.at_offset(offset, path)
        self.problems.append(spot.problem(code, suggestion="", **details))

    def _add_syntax(self, error: YAMLError) -> None:
        fault = find_fault(error, self._text)
        self._add("bad_syntax", fault.offset, (), detail=fault.words)

    def _value(self, event: NodeEvent, events: Iterator[Event], path: Path) -> object:
        start = event.start_mark.index
        if len(path) > _MAX_DEPTH:
            raise MarkedYAMLError(problem=TOO_DEEP, problem_mark=event.start_mark)
        self._check_node(event, start, path)
        if isinstance(event, MappingStartEvent):
            self.values[path] = Extent(start, event.end_mark.index)
            return self._mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            self.values[path] = Extent(start, event.end_mark.index)
            return self._sequence(events, path)
        self.values[path] = Extent(start, event.end_mark.index, getattr(event, "style", None) or "")
        return self._scalar(event) if isinstance(event, ScalarEvent) else None

    def _check_node(self, event: NodeEvent, start: int, path: Path) -> None:
        if isinstance(event, AliasEvent) or event.anchor:
            sign = "*" if isinstance(event, AliasEvent) else "&"
            self._add("alias_refused", start, path, found=f"{sign}{event.anchor}")
        if tag := getattr(event, "tag", None):
            found = str(tag).replace(_TAGS, "!!")
            self._add("tag_refused", start, path, found=found)

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for event in events:
            if not isinstance(event, NodeEvent):  # the end of the mapping
                break
            name = self._key(event, events, path)
            inner = (*path, name)
            offset = event.start_mark.index
            if name in values:
                first = self._place.at_offset(self.keys[inner]).line
                self._add("duplicate_key", offset, inner, first=first)
            self.keys.setdefault(inner, offset)
            following = cast("NodeEvent", next(events))  # a key is always followed by a value
            if name in values:
                self._value(following, events, (*path, f"{name} (2)"))
            else:
                values[name] = self._value(following, events, inner)
        return values

    def _key(self, event: NodeEvent, events: Iterator[Event], path: Path) -> str:
        start = event.start_mark.index
        if not isinstance(event, ScalarEvent):
            self._value(event, events, (*path, "?"))
            self._add("key_not_text", start, path, found="?")
            return "?"
        self._check_node(event, start, path)
        if not isinstance(self._scalar(event), str):
            self._add("key_not_text", start, path, found=event.value)
        return str(event.value)

    def _sequence(self, events: Iterator[Event], path: Path) -> tuple[object, ...]:
        values: list[object] = []
        for event in events:
            if not isinstance(event, NodeEvent):  # the end of the sequence
                break
            values.append(self._value(event, events, (*path, len(values))))
        return tuple(values)

    def _scalar(self, event: ScalarEvent) -> object:
        value = str(event.value)
        resolved = self._yaml.resolver.resolve(ScalarNode, value, event.implicit)
        kind = str(resolved).removeprefix(_TAGS)
        return _plain(kind, value)


def _plain(kind: str, value: str) -> object:
    """Turn a plain scalar into its value; dates and what is no YAML 1.2 scalar stay text."""
    if kind == "null":
        return None
    if kind == "bool":
        return value.lower() == "true"
    try:
        if kind == "int":
            digits = value.replace("_", "")
            return int(digits, _BASES.get(digits.lstrip("+-")[:2], 10))
        return float(value.replace("_", "")) if kind == "float" else value
    except ValueError:  # `.inf`, `.nan`, or more digits than a number may have
        return float("nan")
