"""Both sample files, every scored field of every lead and every reject, against their truth."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from leadline.domain.intake import Lead, Rejected, SourceContext, decide_intake
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.mapping import map_headers
from leadline.files.reader import Reject, open_table

SAMPLES = Path(__file__).parents[1] / "samples"
CASES = {
    "generic_en": SourceContext("web", "US", "UTC", "month_first"),
    "generic_ja_cp932": SourceContext("toiawase", "JP", "Asia/Tokyo", "year_first"),
}
#: Compared after NFKC, case folding and collapsing white space; all else exactly.
_FOLDED = {"given_name", "family_name", "full_name", "company", "title", "region", "industry"}


class Outcome(NamedTuple):
    leads: dict[int, Lead]
    rejects: list[dict[str, Any]]


def _take_in(name: str) -> Outcome:
    table = open_table(SAMPLES / f"{name}.csv")
    mapping = map_headers(table.header, fixed={})
    outcome = Outcome({}, [])
    for record in table.records():
        found: Lead | Rejected | Reject
        if isinstance(record, Reject):
            found = record
        else:
            cells = dict(zip(table.header, record.cells, strict=True))
            found = decide_intake(cells, mapping=mapping, source=CASES[name], custom={})
        if isinstance(found, Lead):
            outcome.leads[record.line] = found
        else:
            outcome.rejects.append({"line": record.line, "reason": found.reason})
    return outcome


def _truth(name: str, kind: str) -> list[dict[str, Any]]:
    lines = (SAMPLES / f"{name}.{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _comparable(field: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if field == "employees" and value is not None:
        return str(value)
    if field in _FOLDED and isinstance(value, str):
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return value


@pytest.mark.parametrize(
    ("name", "encoding", "records"),
    [("generic_en", "utf-8", 500), ("generic_ja_cp932", "cp932", 400)],
)
def test_sample_is_opened_and_no_record_is_lost(name: str, encoding: str, records: int) -> None:
    table = open_table(SAMPLES / f"{name}.csv")
    assert (table.encoding, table.delimiter, table.header_line) == (encoding, ",", 1)
    assert sum(1 for _ in table.records()) == records


@pytest.mark.parametrize("name", CASES)
def test_sample_rejects_are_those_of_the_truth(name: str) -> None:
    assert _take_in(name).rejects == _truth(name, "rejects")


@pytest.mark.parametrize("name", CASES)
def test_sample_leads_are_those_of_the_truth(name: str) -> None:
    leads, truth = _take_in(name).leads, _truth(name, "truth")
    assert list(leads) == [row["_line"] for row in truth]
    wrong = [
        (row["_line"], field)
        for row in truth
        for field, value in row.items()
        if not field.startswith("_")
        and _comparable(field, leads[row["_line"]].values.get(field, "absent"))
        != _comparable(field, value)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", CASES)
def test_sample_columns_are_all_mapped(name: str) -> None:
    table = open_table(SAMPLES / f"{name}.csv")
    assert tuple(map_headers(table.header, fixed={})) == table.header


@pytest.mark.parametrize("name", CASES)
def test_sample_leads_state_only_fields_of_the_contract(name: str) -> None:
    extra = {"employees_min", "employees_max", "request_rule"}
    for lead in _take_in(name).leads.values():
        assert set(lead.values) <= LEAD_FIELDS.keys() | extra
        assert lead.attributes == {}
