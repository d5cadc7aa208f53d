"""Leads as frames for conditions: fields, custom fields, scores of any model, event counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Float, Integer, Text, select

from leadline.domain.condition_text import fold, folded
from leadline.domain.events import find_aggregate
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS, find_score_field
from leadline.store import schema
from leadline.store.bulk import among, fetch_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy.engine import Connection

    from leadline.domain.engagement import EventLog
    from leadline.domain.events import Aggregate

_LEADS = schema.leads
_SCORES = schema.scores
_STORED: Final = {"employees": "employees_min"}
_KINDS: Final = {**LEAD_FIELDS, **DERIVED_FIELDS}


def read_frame(
    connection: Connection,
    lead_ids: Sequence[int],
    columns: Collection[str],
    *,
    as_of: datetime,
) -> pd.DataFrame:
    """Return columns of leads as a frame for conditions, indexed by lead id in the given order.

    Text is folded; `employees` is the lower bound; `clicks_30d` and the like are counted as of
    `as_of`; `points_cloud` and the like are read from the scores of that model; any other name
    that is no column is taken from the attributes (custom fields).
    """
    from leadline.domain.engagement import no_events
    from leadline.store.events import read_log

    stored = read_leads(connection, lead_ids, stored_names(columns))
    log = read_log(connection, lead_ids) if aggregates_among(columns) else no_events()
    frame = make_frame(stored, columns, log, as_of=as_of)
    for name, (field, model) in _of_models(columns).items():
        frame[name] = _scores(connection, lead_ids, field, model)
    return frame


def stored_names(columns: Collection[str]) -> set[str]:
    """Return the columns of leads that names in conditions are made of."""
    beyond = {each.name for each in aggregates_among(columns)} | _of_models(columns).keys()
    plain = (name for name in columns if name not in beyond)
    return {_STORED.get(name, name if name in _LEADS.c else "attributes") for name in plain}


def read_leads(
    connection: Connection,
    lead_ids: Sequence[int],
    names: Collection[str],
    *,
    is_plain: bool = False,
) -> dict[str, Sequence[Any]]:
    """Return columns of leads by name with `id`, in the given order; unknown leads are all None.

    Args:
        connection: any transaction.
        lead_ids: the batch.
        names: columns of the table.
        is_plain: leave stored values as they are, see `fetch_columns`.
    """
    chosen = [_LEADS.c[name] for name in sorted({*names} - {"id"})]
    query = select(_LEADS.c.id, *chosen).where(among(connection, _LEADS.c.id, lead_ids))
    found = fetch_columns(connection, query, is_plain=is_plain)
    if list(found["id"]) == list(lead_ids):
        return found
    places = {lead_id: place for place, lead_id in enumerate(found["id"])}
    order = [places.get(lead_id) for lead_id in lead_ids]
    columns: dict[str, Sequence[Any]] = {
        name: [None if place is None else values[place] for place in order]
        for name, values in found.items()
    }
    return {**columns, "id": list(lead_ids)}


def make_frame(
    stored: Mapping[str, Sequence[Any]],
    columns: Collection[str],
    log: EventLog,
    *,
    as_of: datetime,
) -> pd.DataFrame:
    """Return a frame for conditions of what is stored; scores of models beside the main one lack.

    Args:
        stored: columns of leads by name, `id` among them.
        columns: names in conditions.
        log: events of these leads.
        as_of: at which events are counted.
    """
    import pandas as pd

    from leadline.domain.engagement import count_aggregates

    counts = aggregates_among(columns)
    beyond = {each.name for each in counts} | _of_models(columns).keys()
    made: dict[str, Any] = {}
    for name in columns:
        if name not in beyond:
            made[name] = _series(name, _values(name, stored))
    count = len(stored["id"])
    made |= count_aggregates(log, counts, count=count, as_of=as_of)
    frame = pd.DataFrame(made, index=range(count))
    frame.index = pd.Index(list(stored["id"]), name="id")
    return frame


def _series(name: str, values: Sequence[Any]) -> pd.Series:
    """Return a field's values as a column; text is folded."""
    import pandas as pd
    import pyarrow as pa

    if _is_text(name):  # by way of Arrow, as pandas would look at each text first
        return pd.Series(pa.array(folded(values), pa.large_string()), dtype="str")
    column = _LEADS.c.get(_STORED.get(name, name))
    is_number = column is not None and isinstance(column.type, (Integer, Float))
    return pd.Series(values, dtype="float64" if is_number else object)


def _is_text(name: str) -> bool:
    """Tell whether a field is compared folded; every custom field is kept as text."""
    if name in _KINDS or name not in _LEADS.c:
        return _KINDS.get(name, "text") == "text"
    return isinstance(_LEADS.c[name].type, Text)


def _values(name: str, stored: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
    """Return a field's values; a custom field is one of the attributes."""
    column = _STORED.get(name, name)
    if column in stored:
        return stored[column]
    documents = stored["attributes"]
    if any(isinstance(found, str) for found in documents):  # as SQLite stores it
        documents = [json.loads(found) if found else None for found in documents]
    return [(found or {}).get(name) for found in documents]


def aggregates_among(columns: Iterable[str]) -> tuple[Aggregate, ...]:
    """Return the event counts among the names of columns."""
    known = LEAD_FIELDS.keys() | DERIVED_FIELDS.keys()
    found = (find_aggregate(name) for name in sorted(columns) if name not in known)
    return tuple(each for each in found if each is not None)


def _of_models(columns: Iterable[str]) -> dict[str, tuple[str, str]]:
    found = {name: find_score_field(name) for name in columns}
    return {name: each for name, each in found.items() if each is not None}


def _scores(connection: Connection, lead_ids: Sequence[int], field: str, model: str) -> list[Any]:
    rows = connection.execute(
        select(_SCORES.c.lead_id, _SCORES.c[field]).where(
            _SCORES.c.model == model, among(connection, _SCORES.c.lead_id, lead_ids)
        )
    )
    found = {row[0]: row[1] for row in rows}
    values = [found.get(lead_id) for lead_id in lead_ids]
    return [fold(value) if isinstance(value, str) else value for value in values]
