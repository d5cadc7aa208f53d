"""Generated parts of the reference that list shapes: configuration, tables, templates, database."""

from __future__ import annotations

import types
from datetime import time, timedelta
from enum import Enum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import BaseModel

from deployments.reference_codes import code, table
from deployments.reference_words import (
    COLUMN_MEANINGS,
    FILE_TITLES,
    KEY_MEANINGS,
    SCHEDULE_WORDS,
    TABLE_MEANINGS,
)
from leadline.config import shape
from leadline.config.calendars import CALENDAR_COLUMNS
from leadline.config.consent import ConsentShape
from leadline.config.forms import FormShape
from leadline.config.scoring import Scoring, Segments
from leadline.config.tables import REP_COLUMNS, TERRITORY_COLUMNS
from leadline.domain.leads import LEAD_FIELDS
from leadline.rendering import contexts
from leadline.rendering.environment import FILTERS
from leadline.store.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from leadline.config.tables import Column

#: The shape of each configuration file.
FILES: Final[Mapping[str, type[BaseModel]]] = {
    "settings.yaml": shape.Settings,
    "sending.yaml": shape.Sending,
    "scoring.yaml": Scoring,
    "segments.yaml": Segments,
    "sequences/<name>.yaml": shape.SequenceShape,
    "forms/<name>.yaml": FormShape,
    "mappings/<source>.yaml": shape.MappingShape,
    "consent.yaml": ConsentShape,
    "schedules.yaml": shape.ScheduleShape,
}
_KINDS: Final[Mapping[object, tuple[str, str]]] = {
    str: ("text", "文字列"),
    int: ("whole number", "整数"),
    float: ("number", "数"),
    bool: ("true or false", "true / false"),
    timedelta: ("duration", "期間"),
    time: ("time of day", "時刻"),
}


def _kind(annotation: object, lang: str) -> str:
    """Return a type in words."""
    place = lang == "ja"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], lang)
    if origin in {types.UnionType, Union}:
        return _kind(next(each for each in arguments if each is not type(None)), lang)
    if origin is Literal:
        return " / ".join(code(word) for word in arguments)
    if origin is tuple:
        return ("list of {}", "{} のリスト")[place].format(_kind(arguments[0], lang))
    if origin is dict:
        is_words = get_origin(arguments[0]) is Literal
        return (("text per language", "言語ごとの文言"), ("block", "ブロック"))[not is_words][place]
    return _KINDS.get(annotation, ("block", "ブロック"))[place]


def _model(annotation: object) -> type[BaseModel] | None:
    """Return the shape that a block or each entry of a list or mapping has."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_model(each) for each in get_args(annotation)]
    return next((each for each in found if each is not None), None)


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """Give key path, name of the shape's field, and field, of a shape and of what is below it."""
    for name, field in model.model_fields.items():
        inner = _model(field.annotation)
        origin = get_origin(field.annotation)
        yield f"{prefix}{field.alias or name}", f"{model.__name__}.{name}", field
        if inner is not None and not issubclass(model, inner):  # what holds its like is said once
            is_repeated = origin is dict or _is_tuple(field.annotation)
            step = "<name>." if origin is dict else "-." if is_repeated else ""
            yield from keys_of(inner, f"{prefix}{name}.{step}")


def _is_tuple(annotation: object) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_tuple(get_args(annotation)[0])
    return get_origin(annotation) is tuple


def _default(field: Any, lang: str) -> str:  # noqa: ANN401 - pydantic's FieldInfo
    if field.is_required():
        return {"en": "required", "ja": "必須"}[lang]
    return _value(field.get_default(call_default_factory=True))


def _value(value: object) -> str:
    if value is None or value in ((), {}) or isinstance(value, BaseModel):
        return "-"
    if isinstance(value, timedelta):
        return code(_duration(value))
    if isinstance(value, time):
        return code(f'"{value:%H:%M}"')
    if isinstance(value, tuple):
        return code(f"[{', '.join(map(str, value))}]")
    if isinstance(value, bool | float):
        return code(f"{value:g}" if isinstance(value, float) else str(value).lower())
    return code(value.value if isinstance(value, Enum) else value)


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _configuration(lang: str) -> str:
    header = {
        "en": ("Key", "Value", "Default", "Meaning"),
        "ja": ("キー", "値", "既定値", "意味"),
    }[lang]
    parts = []
    for name, model in FILES.items():
        rows = [
            (
                code(path),
                _kind(field.annotation, lang),
                _default(field, lang),
                KEY_MEANINGS[meaning][lang],
            )
            for path, meaning, field in keys_of(
                model, "<flow>." if name == "schedules.yaml" else ""
            )
        ]
        parts.append(
            f"### {code(f'config/{name}')}\n\n{FILE_TITLES[name][lang]}\n\n{table(header, rows)}"
        )
    return "\n\n".join(parts)


def _columns_of(columns: Mapping[str, Column], lang: str, prefix: str = "") -> str:
    header = {
        "en": ("Header", "Japanese header", "", "Meaning"),
        "ja": ("英語の見出し", "日本語の見出し", "", "意味"),
    }[lang]
    required = {"en": "required", "ja": "必須"}[lang]
    rows = [
        (
            code(name),
            code(column.japanese),
            required if column.is_required else "",
            COLUMN_MEANINGS[f"{prefix}{name}"][lang],
        )
        for name, column in columns.items()
    ]
    return table(header, rows)


def _schedule_words(lang: str) -> str:
    header = {"en": ("English", "Japanese", "Meaning"), "ja": ("日本語", "英語", "意味")}[lang]
    rows = []
    for english, japanese, meaning in SCHEDULE_WORDS:
        said = (code(english), code(japanese))
        rows.append((*(said if lang == "en" else reversed(said)), meaning[lang]))
    return table(header, rows)


def _template_variables(lang: str) -> str:
    del lang
    mails = {
        "`nurture/<sequence>/<mail>/`": contexts.NurtureMail,
        **{f"`rep/{name}/`": kind for name, kind in contexts.REP_MAILS.items()},
        **{f"`admin/{name}/`": kind for name, kind in contexts.ADMIN_MAILS.items()},
        "`forms/<mail>/`": contexts.FormMail,
        **{f"`pages/<language>/{name}.html`": kind for name, kind in contexts.PAGES.items()},
    }
    return "\n\n".join(f"### {title}\n\n{_context(kind)}" for title, kind in mails.items())


def _context(kind: type) -> str:
    about = " ".join((kind.__doc__ or "").split()).replace("NotRequired", "optional")
    rows = [(code(path), said) for path, said in _variables(kind)]
    return f"{about}\n\n{table(('Variable', 'Value'), rows)}" if rows else about


def _variables(kind: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give the names below a context; a lead's fields are one line."""
    for name, hint in get_type_hints(kind).items():
        path = f"{prefix}{name}"
        inner = next((each for each in (hint, *get_args(hint)) if is_typeddict(each)), None)
        if inner is contexts.Lead:
            yield path, "a lead: `name` and its fields, see below"
        elif inner is not None:
            words = {list: "list; each entry has what follows", Union: "a block, or nothing"}
            origin = get_origin(hint)
            yield path, words.get(Union if origin is types.UnionType else origin, "a block")
            yield from _variables(inner, f"{path}." if origin is not list else f"{path}[].")
        else:
            said = {str: "text", int: "whole number", float: "number", bool: "true or false"}
            yield path, said.get(hint, "list of texts")


def _lead_fields(lang: str) -> str:
    del lang
    return " ".join(code(f"lead.{name}") for name in ("name", *LEAD_FIELDS))


def _template_filters(lang: str) -> str:
    del lang
    return " ".join(code(name) for name in sorted(FILTERS))


def _schema(lang: str) -> str:
    del lang
    return "\n\n".join(_table(found) for found in metadata.tables.values())


def _table(found: Any) -> str:  # noqa: ANN401 - a table of SQLAlchemy, which only the store imports
    rows = [
        (code(column.name), _column_kind(column), _column_rules(column)) for column in found.columns
    ]
    unique = [
        ", ".join(code(each.name) for each in index.columns)
        + (f" where `{index.dialect_options['sqlite']['where']}`" if _is_partial(index) else "")
        for index in sorted(found.indexes, key=lambda each: each.name)
        if index.unique
    ]
    unique += [
        ", ".join(code(each.name) for each in constraint.columns)
        for constraint in found.constraints
        if type(constraint).__name__ == "UniqueConstraint"
    ]
    tail = f"\n\nUnique: {'; '.join(sorted(unique))}." if unique else ""
    head = f"### {code(found.name)}\n\n{TABLE_MEANINGS[found.name]}"
    return f"{head}\n\n{table(('Column', 'Holds', ''), rows)}{tail}"


def _is_partial(index: Any) -> bool:  # noqa: ANN401 - as above
    return index.dialect_options["sqlite"]["where"] is not None


def _column_kind(column: Any) -> str:  # noqa: ANN401 - as above
    names = {
        "BigInteger": "number",
        "Integer": "number",
        "Float": "number",
        "Text": "text",
        "Boolean": "true or false",
        "LargeBinary": "bytes",
        "UtcDateTime": "time (UTC)",
        "PlainJson": "JSON",
    }
    return names[type(column.type).__name__]


def _column_rules(column: Any) -> str:  # noqa: ANN401 - as above
    rules = ["key"] if column.primary_key else []
    rules += [f"one of `{key.column.table.name}`" for key in column.foreign_keys]
    rules += ["may be empty"] if column.nullable else []
    return ", ".join(rules)


MAKERS: Final[Mapping[str, Callable[[str], str]]] = {
    "configuration": _configuration,
    "rep-columns": lambda lang: _columns_of(REP_COLUMNS, lang),
    "territory-columns": lambda lang: _columns_of(TERRITORY_COLUMNS, lang),
    "calendar-columns": lambda lang: _columns_of(CALENDAR_COLUMNS, lang, "calendars."),
    "schedule-words": _schedule_words,
    "template-variables": _template_variables,
    "lead-fields": _lead_fields,
    "template-filters": _template_filters,
    "schema": _schema,
}
