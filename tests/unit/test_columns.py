"""Columns say what the decision about one row says: on samples, generated and hostile rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from benchmarks.generate import write_leads
from leadline.domain.columns import Judged, decide_columns, keys_of
from leadline.domain.derived import PostalPlace, derive
from leadline.domain.intake import Lead, Rejected, SourceContext, decide_intake, match_keys
from leadline.domain.mapping import map_headers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

SAMPLES = Path(__file__).parents[1] / "samples"
AMERICAN = SourceContext("web", "US", "America/New_York", "month_first")
JAPANESE = SourceContext("toiawase", "JP", "Asia/Tokyo", "year_first")
GERMAN = SourceContext("messe", "DE", "Europe/Berlin", "day_first")
PLACES = {
    "100-0001": PostalPlace("東京都", "千代田区"),
    "060-0001": PostalPlace("北海道", "札幌市中央区"),
}
CUSTOM = {"seats": "number", "trial": "boolean", "tier": "text", "renewal": "time"}


def find_places(codes: Collection[str]) -> Mapping[str, PostalPlace]:
    return {code: PLACES[code] for code in codes if code in PLACES}


def differences(
    header: Sequence[str], rows: Sequence[Sequence[str]], source: SourceContext
) -> list[tuple[int, str, object, object]]:
    """Return row, field and both answers wherever the two ways differ."""
    mapping = map_headers(list(header), fixed={})
    columns = {
        name: pa.array([row[number] for row in rows], pa.string())
        for number, name in enumerate(header)
    }
    judged = decide_columns(
        columns, mapping=mapping, source=source, custom=CUSTOM, find_places=find_places
    )
    keys = keys_of(judged, source=source.name)
    found: list[tuple[int, str, object, object]] = []
    for number, row in enumerate(rows):
        cells = dict(zip(header, row, strict=True))
        said = decide_intake(cells, mapping=mapping, source=source, custom=CUSTOM)
        told = match_keys(said.values, source=source.name) if isinstance(said, Lead) else ()
        pairs = [*_pairs(judged, number, said, source), ("keys", keys[number], told)]
        for name, one, other in pairs:
            if one != other or type(one) is not type(other):
                found.append((number, name, one, other))
    return found


def _pairs(
    judged: Judged, row: int, said: Lead | Rejected, source: SourceContext
) -> list[tuple[str, object, object]]:
    values = {name: column[row] for name, column in judged.values.items()}
    if isinstance(said, Rejected):
        empty = dict.fromkeys(values)
        rest = (judged.attributes[row], judged.guessed[row], judged.as_written[row])
        return [
            ("rejected", judged.rejected.get(row), said),
            ("values", values, empty),
            ("rest", rest, ({}, frozenset(), None)),
        ]
    told: dict[str, object] = dict(said.values)
    told |= derive(told, country=source.country, find_places=find_places)
    pairs = [(name, values.get(name), told.get(name)) for name in {*values, *told}]
    return [
        ("rejected", judged.rejected.get(row), None),
        *pairs,
        ("attributes", judged.attributes[row], said.attributes),
        ("guessed", judged.guessed[row], said.guessed),
    ]


def _table(path: Path, encoding: str) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, [row for row in rows if len(row) == len(header)]


@pytest.mark.parametrize(
    ("name", "encoding", "source"),
    [
        ("generic_en.csv", "utf-8", AMERICAN),
        ("generic_ja_cp932.csv", "cp932", JAPANESE),
        ("hubspot_export.csv", "utf-8", AMERICAN),
        ("salesforce_leads.csv", "utf-8", AMERICAN),
        ("meta_lead_ads.csv", "utf-8", AMERICAN),
        ("google_forms_ja.csv", "utf-8", JAPANESE),
    ],
)
def test_columns_of_a_sample_say_what_its_rows_say(
    name: str, encoding: str, source: SourceContext
) -> None:
    header, rows = _table(SAMPLES / name, encoding)
    assert differences(header, rows, source) == []


@pytest.mark.parametrize("source", [AMERICAN, JAPANESE, GERMAN])
def test_columns_of_a_generated_file_say_what_its_rows_say(
    tmp_path: Path, source: SourceContext
) -> None:
    header, rows = _table(write_leads(tmp_path, rows=5_000, seed=5), "utf-8")
    assert differences(header, rows, source) == []
