"""Leads as frames for conditions: fields, custom fields, scores of any model, event counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from leadline.domain.conditions import fold
from leadline.domain.events import find_aggregate
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS, SCORE_FIELDS
from leadline.store import schema
from leadline.store.bulk import among

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

    from leadline.domain.events import Aggregate

_LEADS = schema.leads
_SCORES = schema.scores
_STORED: Final = {"employees": "employees_min"}


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
    import pandas as pd

    counts = aggregates_among(columns)
    scored = {name: _of_model(name) for name in columns}
    models = {name: found for name, found in scored.items() if found is not None}
    plain = [n for n in columns if n not in models and n not in {each.name for each in counts}]
    wanted = _columns(plain)
    rows = [tuple(row) for row in connection.execute(_select(wanted, connection, lead_ids))]
    frame = pd.DataFrame.from_records(rows, columns=["id", *wanted]).set_index("id")
    frame = frame.reindex(list(lead_ids))
    for name in plain:
        if name == "employees":
            frame[name] = frame["employees_min"].astype("Float64")
        elif name not in wanted:
            frame[name] = [(found or {}).get(name) for found in frame["attributes"]]
    frame = fold_text(frame, plain)
    if counts:
        _add_counts(connection, frame, counts, as_of=as_of)
    for name, (field, model) in models.items():
        frame[name] = _scores(connection, lead_ids, field, model)
    return frame


def aggregates_among(columns: Iterable[str]) -> tuple[Aggregate, ...]:
    """Return the event counts among the names of columns."""
    known = LEAD_FIELDS.keys() | DERIVED_FIELDS.keys()
    found = (find_aggregate(name) for name in sorted(columns) if name not in known)
    return tuple(each for each in found if each is not None)


def _add_counts(
    connection: Connection, frame: pd.DataFrame, counts: Sequence[Aggregate], *, as_of: datetime
) -> None:
    from leadline.domain.engagement import count_aggregates
    from leadline.store.events import read_log

    log = read_log(connection, frame.index.tolist())
    for name, values in count_aggregates(log, counts, count=len(frame), as_of=as_of).items():
        frame[name] = values


def _of_model(name: str) -> tuple[str, str] | None:
    """Return field and model of a name such as `points_cloud`, None for any other name."""
    if name in LEAD_FIELDS or name in DERIVED_FIELDS:
        return None
    for field in sorted(SCORE_FIELDS, key=len, reverse=True):
        if name.startswith(f"{field}_"):
            return field, name.removeprefix(f"{field}_")
    return None


def _scores(connection: Connection, lead_ids: Sequence[int], field: str, model: str) -> list[Any]:
    rows = connection.execute(
        select(_SCORES.c.lead_id, _SCORES.c[field]).where(
            _SCORES.c.model == model, among(connection, _SCORES.c.lead_id, lead_ids)
        )
    )
    found = {row[0]: row[1] for row in rows}
    values = [found.get(lead_id) for lead_id in lead_ids]
    return [fold(value) if isinstance(value, str) else value for value in values]


def _columns(columns: Collection[str]) -> list[str]:
    names = {_STORED.get(name, name if name in _LEADS.c else "attributes") for name in columns}
    return sorted(names)


def _select(wanted: Sequence[str], connection: Connection, ids: Sequence[int]) -> Select[Any]:
    return select(_LEADS.c.id, *(_LEADS.c[name] for name in wanted)).where(
        among(connection, _LEADS.c.id, ids)
    )


def fold_text(frame: pd.DataFrame, columns: Collection[str]) -> pd.DataFrame:
    """Fold the text columns of a frame, so that conditions compare like with like."""
    kinds = {**LEAD_FIELDS, **DERIVED_FIELDS}
    for name in columns:
        if kinds.get(name, "text") == "text" and name in frame:
            values = frame[name].astype(object).tolist()
            known = {value: fold(value) for value in set(values) if isinstance(value, str)}
            frame[name] = [known.get(value) for value in values]
    return frame
