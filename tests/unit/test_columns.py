"""Columns say what the decision about one row says: on samples, generated and hostile rows."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


#: What people write in each column; hostile signs are put between.
USUAL = {
    "Email": (
        "paul@mail.example|PAUL.PEREZ@Inbox.Test|太郎@例え.jp|info@mail.example| |a b@c.example"
    ),
    "Work Email": "|sales@mail.example|-|\x00",
    "First Name": "Susan|Ｓｕｓａｎ|真綾|J.|",
    "Last Name": "O'Neil|Moreno|橋本|van  der Berg|",
    "Kana": "ﾊｼﾓﾄ ﾏｱﾔ|ハシモト|",
    "Company": "Acme, Inc.|㈱林鉱業|株式会社林鉱業|NULL|None|=cmd()|",
    "Job Title": "CEO|営業部長|Head of Growth|",
    "Phone": (
        "+1 206-555-0183|(02) 5550 9832|０３－１１１４－１６５８|n/a|0120-123-456 内線 7|"
        "030 23125 001|"
    ),
    "Country": "US|日本|Germany|United  States|Brasilien|XX|n/a|DE - Germany|",
    "State": "CA|東京|Tokyo|Bayern|NSW|somewhere|",
    "ZIP": "94103|02110|1000001|〒100-0001|１００－０００１|SW1A 1AA|",
    "Address": "1 Main St|東京都千代田区丸の内1-1|",
    "Industry": "Software|製造業|",
    "Employees": "11-50|12,000|約120名|1000+|Nov-50|many|",
    "Website": "https://mail.example/|mail.example|",
    "Lead Source": "Webinar|展示会|",
    "Opt-in": "yes|no|はい|いいえ|maybe|",
    "Language": "ja|en|日本語|fr||",
    "Time Zone": "Asia/Tokyo|Mars/Base|",
    "Inquiry Type": "見積|demo|other|Sales|||",
    "Message": (
        "Pricing, please.\r\nThanks|見積書をお願いします。|ﾃﾞﾓを希望|ｄｅｍｏ|Straße demo|"
        "documentation|"
    ),
    "Submitted At": (
        "2026-08-10T06:02:40Z|2026-08-10T06:02:40+09:00|2026/10/05 10:04|"
        "08/03/2026 06:26 AM|令和8年9月21日|2026-02-31T00:00:00Z|2026-03-29 02:30|soon|"
    ),
    "Lead ID": "l:123|00Q5e|zcrm_1|00012|'6001|",
    "Notes 2": "some\x00thing|  \u3000|x|",
    "seats": "12|1,200|many|",
    "renewal": "2026/10/05|never|",
    "trial": "yes|no|perhaps|",
}
SIGNS = (
    "\x00\t\n\r\x0b\x7f \u3000\u00a0\u200b\u200d\u202e\ufeff\u2028\u0301"
    "é漢カｱＡ１－ー～.,;:'\"<>@+-()ßİﬁ🙂"
)


def _hostile(count: int, seed: int) -> list[list[str]]:
    """Return rows of usual cells, most with a sign put somewhere, and nearly all distinct."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, and no secret

    def cell(text: str) -> str:
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            place = chance.randrange(len(text) + 1)
            text = text[:place] + chance.choice(SIGNS) + text[place:]
        if chance.random() < 0.3:
            place = chance.randrange(len(text) + 1)
            text = text[:place] + str(chance.randrange(10_000)) + text[place:]
        return text if chance.random() > 0.002 else text + "x" * chance.choice((255, 256, 300))

    pools = [texts.split("|") for texts in USUAL.values()]
    return [[cell(chance.choice(pool)) for pool in pools] for _ in range(count)]


@pytest.mark.parametrize("source", [AMERICAN, JAPANESE, GERMAN])
def test_hostile_cells_say_in_columns_what_they_say_in_rows(source: SourceContext) -> None:
    assert differences(list(USUAL), _hostile(1_800, seed=len(source.name)), source) == []


@pytest.mark.parametrize(
    "left_out",
    [
        {"Country", "State"},
        {"State", "First Name", "Last Name"},
        {"Email"},
        {"Message", "Company", "Language"},
        {"First Name", "Country", "ZIP", "State", "Address", "Inquiry Type"},
    ],
    ids=lambda names: "-".join(sorted(names)),
)
@pytest.mark.parametrize("count", [40, 1_200])
def test_columns_that_are_missing_are_missing_in_both_ways(left_out: set[str], count: int) -> None:
    kept = [number for number, name in enumerate(USUAL) if name not in left_out]
    header = [list(USUAL)[number] for number in kept]
    rows = [[row[number] for number in kept] for row in _hostile(count, seed=count)]
    full = "お名前" if "First Name" in left_out else "Notes 3"
    header, rows = [*header, full], [[*row, row[0].partition("@")[0]] for row in rows]
    assert differences(header, rows, JAPANESE) == []


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            *(
                st.one_of(st.sampled_from(pool.split("|")), st.text(max_size=12))
                for pool in USUAL.values()
            )
        ),
        max_size=6,
    )
)
def test_any_text_says_in_columns_what_it_says_in_rows(rows: list[tuple[str, ...]]) -> None:
    assert differences(list(USUAL), [list(row) for row in rows], AMERICAN) == []


def _judge(row: Mapping[str, str], source: SourceContext = AMERICAN) -> Judged:
    mapping = map_headers(list(row), fixed={})
    columns = {name: pa.array([cell, cell]) for name, cell in row.items()}
    return decide_columns(columns, mapping=mapping, source=source, custom={})


def test_text_of_a_cell_is_kept_where_the_value_is_not_that_text() -> None:
    written = {
        "Email": "ｐａｕｌ@mail.example",
        "Phone": "+1 206-555-0183 x12",
        "Country": "USA",
        "State": "CA",
        "Employees": "12,000",
        "Name": "Paul  Perez",
        "Submitted At": "08/03/2026 06:26 AM",
        "Inquiry Type": "Pricing, please",
    }
    judged = _judge({name: f" {text} " for name, text in written.items()})
    fields = ["email", "phone", "country", "region", "employees", "full_name", "submitted_at"]
    kept = dict(zip([*fields, "request"], written.values(), strict=True))
    assert judged.as_written[0] == kept


@pytest.mark.parametrize(
    ("country", "expected"), [("Atlantis", None), ("-", "+12065550183"), ("", "+12065550183")]
)
def test_country_that_nobody_knows_leaves_the_phone_as_written(
    country: str, expected: str | None
) -> None:
    judged = _judge({"Email": "paul@mail.example", "Country": country, "Phone": "206 555 0183"})
    assert judged.values["phone"] == [expected] * 2
    assert (judged.as_written[0] or {})["phone"] == "206 555 0183"


def test_any_of_several_country_columns_tells_where_a_phone_is() -> None:
    header = ["Email", "Country", "Land", "Phone"]
    texts = (("Atlantis", "US"), ("-", "Atlantis"), ("US", "-"), ("-", ""), ("DE", "Atlantis"))
    rows = [["paul@mail.example", *pair, "206 555 0183"] for pair in texts]
    mapping = {"Email": "email", "Country": "country", "Land": "country", "Phone": "phone"}
    columns = {
        name: pa.array(cells) for name, cells in zip(header, zip(*rows, strict=True), strict=True)
    }
    judged = decide_columns(columns, mapping=mapping, source=AMERICAN, custom={})
    expected = [
        decide_intake(
            dict(zip(header, row, strict=True)), mapping=mapping, source=AMERICAN, custom={}
        )
        for row in rows
    ]
    found = [lead.values["phone"] for lead in expected if isinstance(lead, Lead)]
    assert judged.values["phone"] == found
    assert found[:2] == ["+12065550183", None]


def test_text_that_could_not_be_read_is_kept() -> None:
    row = {
        "Email": "paul@mail.example",
        "Phone": "n/a",
        "Employees": "many",
        "Submitted At": "soon",
    }
    kept = {"phone": "n/a", "employees": "many", "submitted_at": "soon"}
    assert _judge(row).as_written[1] == kept


def test_nothing_is_kept_where_the_value_is_the_text() -> None:
    row = {"Email": " Paul@Mail.Example ", "Company": "㈱林鉱業", "Phone": "+12065550183"}
    row |= {"Country": "US", "Submitted At": "2026-08-10T06:02:40Z", "Message": "", "Opt-in": "yes"}
    assert _judge(row).as_written == [None, None]


def test_columns_of_no_rows_are_empty() -> None:
    columns = {name: pa.array([], pa.string()) for name in USUAL}
    mapping = map_headers(list(USUAL), fixed={})
    judged = decide_columns(columns, mapping=mapping, source=AMERICAN, custom={})
    assert judged.count == 0
    assert set(map(len, judged.values.values())) == {0}
    assert keys_of(judged, source="web") == []


def test_cells_in_several_pieces_and_without_a_value_are_read_like_others() -> None:
    columns = {
        "Email": pa.chunked_array([["a@mail.example"], [None, "b@mail.example"]]),
        "Phone": pa.array(["206 555 0183", None, "n/a"], pa.large_string()),
    }
    mapping = {"Email": "email", "Phone": "phone"}
    judged = decide_columns(columns, mapping=mapping, source=AMERICAN, custom={})
    assert judged.values["email"] == ["a@mail.example", None, "b@mail.example"]
    assert judged.values["phone"] == ["+12065550183", None, None]
    assert judged.rejected[1].reason == "missing_email"


@pytest.mark.parametrize("source", [AMERICAN, JAPANESE, GERMAN], ids=lambda one: one.country)
def test_cells_that_programs_have_guarded_or_marked_are_read_alike(source: SourceContext) -> None:
    ends = [".0", ".00", " ", "(代)", "（代表）", " (cell)", " main", "", " +1 212-555-0100"]
    rows = [
        [
            f'="a{n}@mail.example"' if n % 2 else f'=HYPERLINK("mailto:a{n}@mail.example","A")',
            ["", "'", "0", "'0", "+81", "３"][n % 6] + str(312_341_000 + n) + ends[n % 9],
            [f'="{n:05}"', f"'{n:05}", f"{n + 100_000}", f"{n + 1_000_000}.0"][n % 4],
            f'="Company {n}"',
        ]
        for n in range(2_000)
    ]
    assert differences(["Email", "Phone", "Postal Code", "Company"], rows, source) == []
