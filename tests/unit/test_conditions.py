"""The condition language: what it refuses, and how it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain.conditions import Condition, compile_condition, connect, evaluate
from tests.conditions import FIELDS, a_frame, compiled, matches, refused

if TYPE_CHECKING:
    from leadline.domain.leads import FieldType

ATTACKS = [
    "drop table x",
    "country = 'JP'; delete from leads",
    "country = 'JP';",
    "select 1",
    "(select true)",
    "country in (select 'JP')",
    "exists (select 1)",
    "employees > all (select 1)",
    "true union select true",
    "with x as (select 1) select true",
    "read_csv('x')",
    "read_text('/etc/passwd') is not null",
    "getenv('HOME') = 'x'",
    "current_setting('threads') = '1'",
    "pragma_version() is null",
    "attach 'x.db'",
    "copy leads to 'x'",
    "install httpfs",
    "set threads = 2",
    "leads.country = 'JP'",
    "main.leads.country = 'JP'",
    "cast(country as int) = 1",
    "try_cast(country as int) = 1",
    "country::int = 1",
    "employees + 1 = 2",
    "employees * 2 = 2",
    "employees / 2 = 1",
    "employees % 2 = 1",
    "employees << 2 = 1",
    "employees > -points",
    "employees > - - 5",
    "@employees = 1",
    "country || 'x' = 'JPx'",
    "country -> 'x' = 'y'",
    "country ~ 'x'",
    "country glob 'x'",
    "country similar to 'x'",
    "country like any ('x')",
    "country like 'x' escape '!'",
    "country collate nocase = 'x'",
    "country is distinct from 'x'",
    "country = ?",
    "country = $1",
    "country = :name",
    "country = e'x'",
    "country = $$x$$",
    "country = x'41'",
    "case when consent then true end",
    "if(consent, true, false)",
    "if = 1",
    "lower(country) over () = 'x'",
    "row_number() over () = 1",
    "count(*) = 1",
    "lower(distinct country) = 'x'",
    "now() > created_at",
    "current_date > created_at",
    "created_at > date '2026-01-01'",
    "created_at > interval 1 day",
    "country[1] = 'J'",
    "[1] = [1]",
    "{'a': 1} is null",
    "(country, title) = ('a', 'b')",
    "employees between symmetric 1 and 2",
    "country in title",
    "country in (title)",
    "country in (lower('JP'))",
    "country in ()",
    "#1",
    "*",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_condition_refuses_what_is_not_in_the_language(text: str) -> None:
    codes = {finding.code for finding in refused(text)}
    assert codes & {"not_allowed", "unknown_function", "unknown_field", "syntax"}


def test_condition_refuses_keyword_constructs_though_a_field_has_their_name() -> None:
    fields: dict[str, FieldType] = {"date": "time", "interval": "number", "if": "number"}
    assert isinstance(compile_condition("date > '2026-01-01'", fields=fields), Condition)
    assert isinstance(compile_condition('"if" > 1', fields=fields), Condition)
    for text in ("date '2026-01-01' = date", "interval 1 day = 1", "if = 1"):
        assert refused(text, fields)


SOUP = [
    *("country", "employees", "consent", "created_at", '"JP"', "nothing", "leads.country"),
    *("'JP'", "'2026-01-01'", "'%(?'", "''", "1", "2.5", "1e400", "-", "NULL", "TRUE"),
    *("=", "<>", "<", ">=", "AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "BETWEEN", ","),
    *("(", ")", "lower(", "coalesce(", "contains(", "regexp_matches(", "length(", "getenv("),
    *("::", "||", "/", ";", "--", "/*", "'", '"', "select", "from", "cast(", "\n", "，", "\x00"),
]
WORDS = [
    *("country", "employees", "consent", "created_at", "'JP'", "'2026-01-01'", "1", "-", "NULL"),
    *("=", "<", "AND", "NOT", "IN", "IS", "LIKE", "BETWEEN", "(", ")", ",", "lower(", "coalesce("),
]


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(st.lists(st.sampled_from(SOUP), max_size=9) | st.lists(st.sampled_from(WORDS), max_size=7))
def test_condition_either_compiles_and_runs_or_says_why_not(words: list[str]) -> None:
    result = compile_condition(" ".join(words), fields=FIELDS)
    if isinstance(result, Condition):
        lead = {"country": "JP", "employees": 1, "consent": True}
        assert evaluate([result], a_frame([lead, {}])).shape == (2, 1)
    else:
        assert result
        assert all(finding.line >= 1 and finding.column >= 1 for finding in result)
        assert all(set(finding.message) == {"en", "ja"} for finding in result)


def test_connection_reaches_nothing_outside() -> None:
    import duckdb

    with connect() as connection:
        for statement in (
            "SELECT * FROM read_csv('/etc/hosts')",
            "COPY (SELECT 1) TO '/tmp/x'",
            "ATTACH '/tmp/x.db'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SELECT * FROM FIELDS",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


# --- how faults are told ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        ("countrx = 'JP'", "unknown_field", (1, 1), "country"),
        ("consent\n  AND countrx = 'JP'", "unknown_field", (2, 7), "country"),
        ("'日本' = countrx", "unknown_field", (1, 8), "country"),
        ("score > 50", "unknown_field", (1, 1), "points"),
        ("consent AND email_sent_30d = 0", "event_of_ours", (1, 13), ""),
        ("days_since_last_Email_Sent > 9", "event_of_ours", (1, 1), ""),
        ("Score IS NULL", "unknown_field", (1, 1), "points"),
        ("countrx = titlx", "unknown_field", (1, 11), "title"),
        ("country ＝ 'JP'", "syntax", (1, 9), "="),
        ("country = 'JP' ANX consent", "syntax", (1, 16), "AND"),
        ("country = ‘JP’", "syntax", (1, 11), "'JP'"),
        ("lengtx(title) > 3", "unknown_function", (1, 1), "length"),
        ('country = "JP"', "double_quoted_text", (1, 11), "'JP'"),
        ('country IN ("O\'Hara")', "double_quoted_text", (1, 13), "'O''Hara'"),
        ("employees = '10'", "wrong_type", (1, 13), "10"),
        ("employees = '１０'", "wrong_type", (1, 13), "10"),
        ("employees = 'many'", "wrong_type", (1, 13), ""),
        ("country = 81", "wrong_type", (1, 11), "'81'"),
        ("country = employees", "wrong_type", (1, 11), ""),
        ("country IN ('JP', 81)", "wrong_type", (1, 19), "'81'"),
        ("(country) = (81)", "wrong_type", (1, 14), ""),
        ("coalesce('a', 'b') = 1", "wrong_type", (1, 22), "'1'"),
        ("countrx IN ('a', 1)", "wrong_type", (1, 18), "'1'"),
        ("lower(employees) = 'x'", "wrong_type", (1, 7), ""),
        ("consent = 'true'", "wrong_type", (1, 11), ""),
        ("consent < TRUE", "wrong_type", (1, 1), ""),
        ("consent BETWEEN TRUE AND FALSE", "wrong_type", (1, 1), ""),
        ("country IS TRUE", "wrong_type", (1, 1), ""),
        ("consent IS 'yes'", "wrong_type", (1, 12), ""),
        ("country = NULL", "wrong_type", (1, 1), ""),
        ("NULL", "wrong_type", (1, 1), ""),
        ("employees", "wrong_type", (1, 1), ""),
        ("consent AND title", "wrong_type", (1, 13), ""),
        ("country LIKE title", "wrong_type", (1, 14), ""),
        ("regexp_matches(title, title)", "wrong_type", (1, 23), ""),
        ("created_at > 'soon'", "wrong_type", (1, 14), ""),
        ("created_at > '2026-02-29'", "wrong_type", (1, 14), ""),
        ("created_at > 20260101", "wrong_type", (1, 14), "'2026-01-01'"),
        ("employees > 1e999", "wrong_type", (1, 13), ""),
        ("regexp_matches(title, '(?=x)')", "bad_pattern", (1, 23), ""),
        ("regexp_matches(title, 'x', 'i')", "not_allowed", (1, 1), ""),
        ("1 < employees < 9", "not_allowed", (1, 1), ""),
        ("country = 'JP' 'US'", "syntax", (1, 11), ""),
        ("", "syntax", (1, 1), "TRUE"),
        ("-- nothing", "syntax", (1, 1), "TRUE"),
        ("country = 'JP", "syntax", (1, 11), "'JP'"),
        ("country = 'O'Brien'", "syntax", (1, 19), "'O''Brien'"),
        ("consent /* and", "syntax", (1, 9), ""),
        ("(consent", "syntax", (1, 1), ""),
        ("consent)", "syntax", (1, 8), ""),
        ("consent\nAND country = = 'JP'", "syntax", (2, 15), ""),
        ("country = '\x00'", "syntax", (1, 12), ""),
        ("x" * 4001, "too_long", (1, 1), ""),
        (" OR ".join(["consent"] * 201), "too_long", (1, 1), ""),
        ("(" * 21 + "consent" + ")" * 21, "too_long", (1, 21), ""),
        ("NOT " * 21 + "consent", "too_long", (1, 81), ""),
    ],
)
def test_finding_names_code_place_and_remedy(
    text: str, code: str, place: tuple[int, int], suggestion: str
) -> None:
    found = {(f.code, (f.line, f.column), f.suggestion) for f in refused(text)}
    assert (code, place, suggestion) in found


@pytest.mark.parametrize("text", ["(email) contains 'b1'", "title resembles 'b1'"])
def test_word_in_the_place_of_an_operator_is_told_with_those_that_can_stand_there(
    text: str,
) -> None:
    word = text.split()[1]
    found = {f.column: f for f in refused(text)}[text.index(word) + 1]
    assert found.message["en"].startswith(f"an operator is expected here, not {word}: one of =,")
    assert "ILIKE" in found.message["ja"]
    assert "演算子が必要です" in found.message["ja"]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("grade >= 'B'", "grade IN ('A', 'B')"),
        ("grade < 'b'", "grade IN ('C', 'D')"),
        ("'B' <= grade_cloud", "grade_cloud IN ('A', 'B')"),
        ("lifecycle_stage > 'sql'", "lifecycle_stage IN ('opportunity', 'customer')"),
        ("lifecycle_stage <= 'lead'", "lifecycle_stage IN ('subscriber', 'lead')"),
        ("grade > 'A'", ""),
        ("grade BETWEEN 'A' AND 'B'", ""),
        ("NOT grade < grade_cloud", ""),
        ("lifecycle_stage > 'x'", ""),
    ],
)
def test_order_of_ranked_words_is_refused_with_the_list_that_is_meant(
    text: str, suggestion: str
) -> None:
    fields: dict[str, FieldType] = {"grade": "text", "grade_cloud": "text"}
    fields["lifecycle_stage"] = "text"
    (finding,) = refused(text, fields)
    assert (finding.code, finding.suggestion) == ("wrong_type", suggestion)
    assert " IN ('" in finding.message["en"]


@pytest.mark.parametrize("text", ["grade <> 'A'", "grade IN ('A', 'B')", "'A' = grade"])
def test_ranked_words_may_be_listed(text: str) -> None:
    assert isinstance(compile_condition(text, fields={"grade": "text"}), Condition)


@pytest.mark.parametrize("text", ["else", " ELSE"])
def test_lone_keyword_is_refused_though_a_field_has_its_name(text: str) -> None:
    assert [each.code for each in refused(text, {"else": "boolean"})] == ["syntax"]


def test_findings_are_all_reported_in_the_order_of_the_text() -> None:
    findings = refused("countrx = 'JP' AND employees = 'x' AND titlx = 1 AND consent > TRUE")
    codes = [finding.code for finding in findings]
    assert codes == ["unknown_field", "wrong_type", "unknown_field", "wrong_type"]


def test_finding_explains_double_quotes_in_both_languages() -> None:
    (finding,) = refused('country = "JP"')
    assert "double quotes name a field" in finding.message["en"]
    assert "'JP'" in finding.message["ja"]


def test_condition_accepts_the_largest_allowed() -> None:
    digits = ", ".join(f"'{number}'" for number in range(398))
    assert matches(f"country IN ({digits})", country="397")
    assert matches(" AND ".join(["consent"] * 200), consent=True)
    assert matches("(" * 20 + "consent" + ")" * 20, consent=True)


def test_condition_keeps_its_text_and_names_its_fields() -> None:
    condition = compiled("COUNTRY = 'JP' AND \"employees\" > 1 -- a note")
    assert condition.text == "COUNTRY = 'JP' AND \"employees\" > 1 -- a note"
    assert condition.fields == {"country", "employees"}
    assert "note" not in condition.sql


def test_condition_is_compiled_once() -> None:
    assert compiled("country = 'JP'") is compiled("country = 'JP'")
