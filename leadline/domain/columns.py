"""The decision about many raw rows at once, column by column.

Row by row it says what `leadline.domain.intake.decide_intake` says, and `derive` of the result;
tests compare the two. A column of few distinct cells is read once for each of them; of the others a
pattern tells the cells that need nothing. What a pattern cannot decide goes to the reader of one
cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone

from leadline.domain.cells import fold_text
from leadline.domain.column_decisions import decide_rows, derive_rows, split_parts
from leadline.domain.column_fields import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from leadline.domain.derived import FindPlaces
    from leadline.domain.fields import SourceContext
    from leadline.domain.intake import Rejected


@dataclass(slots=True)
class Judged:
    """What rows of a file hold, in columns; every list has one item per row.

    Attributes:
        count: how many rows.
        values: by canonical field; None where the row is rejected or says nothing. A field that
            the source does not state is absent.
        attributes: columns that no field takes, and custom fields, by row; rows may share a dict.
        guessed: fields that nobody stated, as `leadline.domain.intake.Lead` has them.
        as_written: text of the cell by field, where the value is not that text.
        rejected: by row, why it makes no lead.
    """

    count: int
    values: dict[str, list[Any]] = field(default_factory=dict)
    attributes: list[dict[str, str]] = field(default_factory=list)
    guessed: list[frozenset[str]] = field(default_factory=list)
    as_written: list[dict[str, str] | None] = field(default_factory=list)
    rejected: dict[int, Rejected] = field(default_factory=dict)


def decide_columns(
    columns: Mapping[str, pa.Array],
    *,
    mapping: Mapping[str, str],
    source: SourceContext,
    custom: Mapping[str, str],
    find_places: FindPlaces | None = None,
) -> Judged:
    """Return the leads that rows make, and why the others make none.

    Args:
        columns: cells by header, in the order of the file, all of one length.
        mapping: canonical or custom field by header, from `map_headers`.
        source: defaults of the source.
        custom: type by name of the fields that the configuration declares.
        find_places: looks Japanese postal codes up, for a source without regions or cities.
    """
    rows = Rows(columns, mapping, source, custom)
    rows.read_fields()
    parts = split_parts(rows)
    guessed = decide_rows(rows, parts)
    derive_rows(rows, parts, find_places)
    return _judged(rows, guessed)


def _judged(rows: Rows, guessed: list[frozenset[str]]) -> Judged:
    """Return everything by row; rejected rows hold nothing."""
    values = {name: reading.values.to_list() for name, reading in rows.fields.items()}
    attributes, as_written = rows.attributes(), _as_written(rows)
    if rows.rejected:
        values = {name: list(column) for name, column in values.items()}
    for row in rows.rejected:
        for column in values.values():
            column[row] = None
        attributes[row], guessed[row], as_written[row] = {}, frozenset(), None
    return Judged(rows.count, values, attributes, guessed, as_written, rows.rejected)


def _as_written(rows: Rows) -> list[dict[str, str] | None]:
    """Return by row the cells that are kept beside their values."""
    found: list[dict[str, str] | None] = [None] * rows.count
    is_first = True
    for name, reading in rows.fields.items():
        is_kept = reading.written.flags(bool)
        if not is_kept.any():
            continue
        texts = reading.written.to_list()
        if is_first:
            found = [{name: text} if text else None for text in texts]
            is_first = False
            continue
        for row in np.flatnonzero(is_kept).tolist():
            if (kept := found[row]) is None:
                found[row] = {name: texts[row]}
            else:
                kept[name] = texts[row]
    return found


def keys_of(judged: Judged, *, source: str) -> list[tuple[tuple[str, str], ...]]:
    """Return the exact keys of every row, as `match_keys` does; none of a rejected row.

    Args:
        judged: the rows.
        source: name of their source.
    """
    nobody = [None] * judged.count
    names, phones, ids = (
        judged.values.get(name, nobody) for name in ("full_name", "phone", "external_id")
    )
    folded = {name: fold_text(name or "") for name in set(names)}
    plain = list(map(folded.__getitem__, names))
    emails = [
        email and ("email", f"{email}|{name}" if is_role else email)
        for email, is_role, name in zip(
            judged.values["email"], judged.values["is_role_address"], plain, strict=True
        )
    ]
    external = [("external", f"{source}|{text}") if text else None for text in ids]
    phone_names = [
        ("phone_name", f"{phone}|{name}") if phone and name else None
        for phone, name in zip(phones, plain, strict=True)
    ]
    return [
        (one, two, three)
        if one and two and three
        else tuple(key for key in (one, two, three) if key and one)
        for one, two, three in zip(emails, external, phone_names, strict=True)
    ]
