"""Every sample file of leads: every scored field of each lead and each reject, as in the truth."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from leadline.domain.intake import Lead, Rejected, SourceContext, decide_intake
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.mapping import Mapped, decide_mapping
from leadline.files.reader import Record, Reject, open_table

SAMPLES = Path(__file__).parents[1] / "samples"


class Case(NamedTuple):
    """A sample file and what its source is known by."""

    file: str
    encoding: str
    delimiter: str
    header_line: int
    records: int
    source: SourceContext


CASES = {
    "generic_en": Case(
        "generic_en.csv", "utf-8", ",", 1, 500, SourceContext("web", "US", "UTC", "month_first")
    ),
    "generic_ja_cp932": Case(
        "generic_ja_cp932.csv",
        "cp932",
        ",",
        1,
        400,
        SourceContext("toiawase", "JP", "Asia/Tokyo", "year_first"),
    ),
    "hubspot_export": Case(
        "hubspot_export.csv",
        "utf-8",
        ",",
        1,
        150,
        SourceContext("hubspot", "US", "America/New_York", "year_first"),
    ),
    "salesforce_leads": Case(
        "salesforce_leads.csv",
        "utf-8",
        ",",
        1,
        150,
        SourceContext("salesforce", "US", "UTC", "year_first"),
    ),
    "meta_lead_ads": Case(
        "meta_lead_ads.csv", "utf-8", ",", 1, 120, SourceContext("meta", "US", "UTC", "year_first")
    ),
    "eight_cards": Case(
        "eight_cards.csv",
        "utf-8-sig",
        ",",
        6,
        80,
        SourceContext("eight", "JP", "Asia/Tokyo", "year_first"),
    ),
    "google_forms_ja": Case(
        "google_forms_ja.csv",
        "utf-8",
        ",",
        1,
        100,
        SourceContext("forms", "JP", "Asia/Tokyo", "year_first"),
    ),
    "tsv_excel_utf16": Case(
        "tsv_excel_utf16.txt",
        "utf-16-le",
        "\t",
        1,
        80,
        SourceContext("excel", "US", "UTC", "year_first"),
    ),
}
#: Columns that no field takes.
UNMAPPED = {
    "generic_en": set[str](),
    "generic_ja_cp932": set[str](),
    "eight_cards": {"FAX", "名刺交換日", "Eightでつながっている人", "再データ化中の名刺"}
    | {"'?'を含んだデータ"},
    "google_forms_ja": {"部署・役職", "個人情報の取り扱いに同意する"},
    "tsv_excel_utf16": {"Interests"},
}
#: Compared after NFKC, case folding and collapsing white space; all else exactly.
_FOLDED = {"given_name", "family_name", "full_name", "company", "title", "region", "industry"}


class Outcome(NamedTuple):
    leads: dict[int, Lead]
    rejects: list[dict[str, Any]]


@cache
def _mapped(name: str) -> Mapped:
    table = open_table(SAMPLES / CASES[name].file)
    rows = [record.cells for record in islice(table.records(), 200) if isinstance(record, Record)]
    samples = {
        header: [row[place] for row in rows if row[place]]
        for place, header in enumerate(table.header)
    }
    return decide_mapping(table.header, fixed={}, samples=samples)


@cache
def _take_in(name: str) -> Outcome:
    table = open_table(SAMPLES / CASES[name].file)
    mapping, source = _mapped(name).fields, CASES[name].source
    outcome = Outcome({}, [])
    for record in table.records():
        found: Lead | Rejected | Reject
        if isinstance(record, Reject):
            found = record
        else:
            cells = dict(zip(table.header, record.cells, strict=True))
            found = decide_intake(cells, mapping=mapping, source=source, custom={})
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


@pytest.mark.parametrize("name", CASES)
def test_sample_is_opened_and_no_record_is_lost(name: str) -> None:
    case = CASES[name]
    table = open_table(SAMPLES / case.file)
    found = (table.encoding, table.delimiter, table.header_line)
    assert found == (case.encoding, case.delimiter, case.header_line)
    assert sum(1 for _ in table.records()) == case.records


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
def test_sample_leads_are_those_that_the_truth_derives(name: str) -> None:
    leads = _take_in(name).leads
    wrong = [
        (row["_line"], field)
        for row in _truth(name, "truth")
        for field, value in row.get("_derived", {}).items()
        if leads[row["_line"]].values.get(field) != value
    ]
    assert wrong == []


@pytest.mark.parametrize("name", UNMAPPED)
def test_sample_columns_are_mapped_but_for_those_that_no_field_takes(name: str) -> None:
    columns = _mapped(name).columns
    assert {column.header for column in columns if not column.field} == UNMAPPED[name]
    assert {column.how for column in columns} <= {"alias", "none", "suggested"}


@pytest.mark.parametrize("name", CASES)
def test_sample_leads_state_only_fields_of_the_contract(name: str) -> None:
    extra = {"employees_min", "employees_max", "request_rule"}
    for lead in _take_in(name).leads.values():
        assert set(lead.values) <= LEAD_FIELDS.keys() | extra


def test_opt_out_of_a_sample_is_a_refusal_and_its_absence_is_nothing() -> None:
    said = {lead.values["consent"] for lead in _take_in("salesforce_leads").leads.values()}
    assert said == {False, None}
