"""Habits from elsewhere in conditions: each is told at its place, with what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain.condition_slips import Mending
from leadline.domain.conditions import Condition, compile_condition
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS

FIELDS = {**LEAD_FIELDS, **DERIVED_FIELDS}


def told(text: str) -> list[tuple[int, str]]:
    """Return column and remedy of every finding about a condition of one line."""
    found = compile_condition(text, fields=FIELDS)
    assert isinstance(found, tuple), found
    assert {finding.line for finding in found} == {1}
    return [(finding.column, finding.suggestion) for finding in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # texts without quotes
        ("country = JP", [(11, "'JP'")]),
        ("country = 日本", [(11, "'JP'")]),
        ("country = Japan AND consent", [(11, "'JP'")]),
        ("city = New York AND consent", [(8, "'New York'")]),
        ("email = a.b@c.example", [(9, "'a.b@c.example'")]),
        ("title LIKE 部長", [(12, "'部長'")]),
        ("title = ＣＴＯ", [(9, "'CTO'")]),
        ("country IN (JP, 'US', DE)", [(13, "'JP'"), (23, "'DE'")]),
        ("country NOT IN (JP)", [(17, "'JP'")]),
        ("contains(title, CTO)", [(17, "'CTO'")]),
        ("consent = yes", [(11, "TRUE")]),
        ("consent = いいえ", [(11, "FALSE")]),
        ("grade = A AND points > B", [(9, "'A'"), (24, "")]),
        # signs
        ("consent && points > 1 || points < 0", [(9, "AND"), (23, "OR")]),
        ("consent & points > 1 | points < 0", [(9, "AND"), (22, "OR")]),
        ("consent かつ points > 1 または points < 0", [(9, "AND"), (23, "OR")]),
        ("points>1かつconsent", [(9, "AND")]),
        ("points => 5 AND points =< 9", [(8, ">="), (24, "<=")]),
        ("points ≧ 5 AND points ≠ 9", [(8, ">="), (23, "<>")]),
        ("country ＝ 'JP'", [(9, "=")]),
        ("points ＞＝ ５", [(8, ">="), (11, "5")]),
        ("（consent）", [(1, "("), (9, ")")]),
        ("country IN ('JP'，'US'、'DE')", [(17, ","), (22, ",")]),
        # quotes
        ("country = 「JP」", [(11, "'JP'")]),
        ("country = 『JP』", [(11, "'JP'")]),
        ("country = ‘JP’", [(11, "'JP'")]),
        ("country = “JP”", [(11, "'JP'")]),
        ("country = ＇JP＇", [(11, "'JP'")]),
        ("country = `JP`", [(11, "'JP'")]),
        ('country = "JP"', [(11, "'JP'")]),
        ("employees > 「10」", [(13, "10")]),
        ("country = 'JP", [(11, "'JP'")]),
        ("country = JP'", [(13, "'JP'")]),
        ("contains(title, '部長)", [(17, "'部長'")]),
        ("company = 'O'Hara'", [(18, "'O''Hara'")]),
        ("country = 'JP AND consent", [(11, "")]),
        # tests of a text
        ("title contains 'x'", [(7, "contains(title, 'x')")]),
        ("title CONTAIN 'x' AND consent", [(7, "contains(title, 'x')")]),
        ("title NOT contains 'x'", [(11, "NOT contains(title, 'x')")]),
        ("title includes 部長", [(7, "contains(title, '部長')")]),
        ("title starts with 'x'", [(7, "starts_with(title, 'x')")]),
        ("email endswith '.jp'", [(7, "ends_with(email, '.jp')")]),
        ("役職 contains 'x'", [(1, "title"), (4, "contains(title, 'x')")]),
        ("title LIKES '%x%'", [(7, "LIKE")]),
        # lists
        ("country IN 'JP'", [(12, "('JP')")]),
        ("country IN 'JP', 'US' AND consent", [(12, "('JP', 'US')")]),
        ("country NOT IN JP, US", [(16, "('JP', 'US')")]),
        ("country IN ('JP'", [(12, "")]),
        ("(consent AND (points > 1)", [(1, "")]),
        ("consent) AND points > 1", [(8, "")]),
        ("country IS 'JP'", [(9, "=")]),
        ("country IS NOT 'JP'", [(9, "<>")]),
        # dates and numbers
        ("created_at >= '2026/11/01'", [(15, "'2026-11-01'")]),
        ("created_at >= '2026-11-1'", [(15, "'2026-11-01'")]),
        ("created_at >= '2026年11月1日'", [(15, "'2026-11-01'")]),
        ("created_at >= 2026-11-01", [(15, "'2026-11-01'")]),
        ("created_at >= 2026/11/1", [(15, "'2026-11-01'")]),
        ("created_at >= 2026年11月1日", [(15, "'2026-11-01'")]),
        ("created_at >= 20261101", [(15, "'2026-11-01'")]),
        ("created_at >= '11/01/2026'", [(15, "")]),
        ("created_at >= '2026-11-01 09:00'", [(15, "")]),
        ("created_at >= '45000'", [(15, "")]),
        ("employees >= 1,000", [(14, "1000")]),
        ("employees >= '1,000'", [(14, "1000")]),
        ("employees >= 200人", [(14, "200")]),
        ("points > 80点 AND points < 5%", [(10, "80"), (27, "5")]),
        # names
        ("countri = 'JP'", [(1, "country")]),
        ("国 = 'JP'", [(1, "country")]),
        ("役職 LIKE '%部長%'", [(1, "title")]),
        ("役職 contains '部長'", [(1, "title"), (4, "contains(title, '部長')")]),
        ("スコア > 50", [(1, "points")]),
        ("Company Size >= 200", [(1, "employees")]),
        ("Job Title IS NULL", [(1, "title")]),
    ],
)
def test_slip_is_told_at_its_place_with_what_to_write(
    text: str, expected: list[tuple[int, str]]
) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("country = JP && consent", "country = 'JP' AND consent"),
        (
            "NOT（title contains 部長 または 国＝日本）",
            "NOT(contains(title, '部長') OR country='JP')",
        ),
        (
            "Company Size ＞＝ 1,000人 AND grade IN A, B",
            "employees >= 1000 AND grade IN ('A', 'B')",
        ),
        (
            "created_at >= 2026/11/1 AND city = New York",
            "created_at >= '2026-11-01' AND city = 'New York'",
        ),
        ("(title starts with 'x'", "(starts_with(title, 'x'))"),
    ],
)
def test_condition_with_every_slip_mended_is_the_one_that_was_meant(text: str, right: str) -> None:
    mended = compile_condition(Mending(text, FIELDS).text, fields=FIELDS)
    meant = compile_condition(right, fields=FIELDS)
    assert isinstance(mended, Condition)
    assert isinstance(meant, Condition)
    assert mended.sql == meant.sql


def test_slips_are_worded_in_both_languages() -> None:
    found = compile_condition("国 ＝ 「JP」 && city = Oslo", fields=FIELDS)
    assert isinstance(found, tuple)
    assert [finding.message["en"].split(";")[0].split(",")[0] for finding in found] == [
        "国 is a label",
        "＝ is no sign of conditions",
        "a text stands in straight single quotes",
        "&& is no sign of conditions",
        "Oslo is not a field",
    ]
    assert all(
        "。" in finding.message["ja"] or "囲み" in finding.message["ja"] for finding in found
    )


def test_what_stands_in_a_text_is_no_slip() -> None:
    text = "title = 'a && b（＝）「x」 2026/11/01 かつ' AND contains(message, '1,000人')"
    assert isinstance(compile_condition(text, fields=FIELDS), Condition)
    assert not Mending(text, FIELDS)


PIECES = [
    *("country", "title", "points", "created_at", "JP", "New", "日本", "役職", "contains", "'x'"),
    *("'", '"', "「", "」", "‘", "’", "（", "）", "(", ")", ",", "、", "＝", "=", ">", "&&", "|"),
    *("IN", "IS", "NOT", "AND", "LIKE", "かつ", "1,000", "200人", "５", "2026/11/1", "--", "/*"),
]


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=9), st.sampled_from(["", " ", "\n"]))
def test_every_place_of_a_mended_text_is_one_of_the_text_as_written(
    pieces: list[str], space: str
) -> None:
    text = space.join(pieces)
    mending = Mending(text, FIELDS)
    assert len(mending.places) == len(mending.text) + 1
    assert all(0 <= place <= len(text) for place in mending.places)
    found = compile_condition(text, fields=FIELDS)
    assert isinstance(found, Condition) or found
