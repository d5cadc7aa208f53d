"""What a condition matches: folded text, unknown values, every kind of column."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain.condition_text import folded
from leadline.domain.conditions import bitmap, evaluate, fold
from tests.conditions import FIELDS, a_frame, compiled, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd

    from leadline.domain.leads import FieldType

    Row = dict[str, Any]
    Test = tuple[str, Callable[[Row], bool | None]]


def a_series(values: Sequence[object], dtype: str) -> pd.Series:
    """Build a column of one dtype."""
    import pandas as pd

    return pd.Series(values, dtype=dtype)


def test_fold_ignores_case_width_and_white_space() -> None:
    assert fold("  ＣＴＯ　Office\t") == fold("cto office") == "cto office"
    assert fold("ﾊﾟｰﾄﾅｰ") == "パートナー"
    assert fold("Straße") == "strasse"


@given(st.lists(st.one_of(st.none(), st.text(), st.text(" \t\0aBéΣ\u0301\u3000ﾊﾟ", max_size=6))))
def test_folded_folds_a_column_as_each_of_its_texts(values: list[str | None]) -> None:
    assert folded(values) == [value if value is None else fold(value) for value in values]


def test_fold_changes_nothing_the_second_time() -> None:
    for start in range(0, 0x30000, 0x400):
        text = "".join(map(chr, range(start, start + 0x400)))
        assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("country = 'JP'", {"country": "ｊｐ"}),
        ("country = ' jp '", {"country": "JP"}),
        ("title LIKE '%CTO%'", {"title": "副 ＣＴＯ 室"}),
        ("title LIKE '％cto％'", {"title": "ＣＴＯ室"}),
        ("title ILIKE 'c_o'", {"title": "CTO"}),
        ("title NOT LIKE 'cto%'", {"title": "CEO"}),
        ("title LIKE 'a\\b'", {"title": "A\\B"}),
        ("title = 'it''s'", {"title": "IT'S"}),
        ("upper(title) = 'Cto'", {"title": "cTo"}),
        ("lower(title) = 'CTO'", {"title": "cTo"}),
        ("contains(title, ' CTO')", {"title": "the cto"}),
        ("NOT contains(title, ' CTO')", {"title": "subcto"}),
        ("starts_with(title, 'CT') AND ends_with(title, 'TO')", {"title": "ＣＴＯ"}),
        ("length(title) = 2", {"title": "東京"}),
        ("regexp_matches(title, '^C[A-Z]O\\S$')", {"title": "ctoX"}),
        ("regexp_matches(title, '^（株）')", {"title": "(株)山田"}),
        ("NOT regexp_matches(title, '^（株）')", {"title": "株山田"}),
        ("regexp_matches(title, '\\p{Katakana}ﾊﾟ[[:^digit:]]')", {"title": "スパイ"}),
        ("regexp_matches(title, '(?P<Who>CTO)|(?s:x.y)')", {"title": "cto"}),
        ("employees > -1.5 AND employees <= 1e3", {"employees": 1000}),
        ("employees BETWEEN 1 AND 2", {"employees": 2}),
        ("employees NOT IN (1, -2)", {"employees": 2}),
        ("employees > points", {"employees": 2, "points": 1}),
        ("coalesce(employees, points, 0) = 7", {"points": 7}),
        ("coalesce(title, 'None') = 'NONE'", {}),
        ("consent", {"consent": True}),
        ("NOT consent", {"consent": False}),
        ("consent IS TRUE AND is_partner IS NOT TRUE", {"consent": True}),
        ("(country = 'JP') = consent", {"country": "JP", "consent": True}),
        ("(country = 'JP') IS NULL", {}),
        ("country IS NULL AND title IS NOT NULL", {"title": ""}),
        ("created_at >= '２０２６-０１-０１'", {"created_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("created_at < submitted_at OR TRUE", {}),
    ],
)
def test_condition_matches(text: str, lead: Row) -> None:
    assert matches(text, **lead)


@pytest.mark.parametrize(
    "text",
    [
        "country = 'JP'",
        "country <> 'JP'",
        "NOT country = 'JP'",
        "country NOT IN ('JP')",
        "title NOT LIKE '%x%'",
        "employees < 5 OR employees >= 5",
        "NOT (employees = 5 AND TRUE)",
        "NOT consent",
        "created_at > '2000-01-01'",
    ],
)
def test_unknown_field_matches_nothing(text: str) -> None:
    assert not matches(text)


@pytest.mark.parametrize(
    ("text", "dtype", "values", "expected"),
    [
        ("country <> 'jp'", "str", ["us", None, "jp"], [True, False, False]),
        (
            "country <> 'jp'",
            "object",
            ["us", None, float("nan"), "jp"],
            [True, False, False, False],
        ),
        ("country = 'jp'", "category", ["us", None, "jp"], [False, False, True]),
        ("country = '15'", "Int64", [15, None], [True, False]),
        ("country IS NULL", "float64", [None, None], [True, True]),
        ("employees <> 1", "Int64", [1, None, 2], [False, False, True]),
        ("employees <> 1", "float64", [1, None, 2.5], [False, False, True]),
        ("employees <> 1", "object", [1, None, "many", 2], [False, False, False, True]),
        ("employees IS NULL", "object", [None, None], [True, True]),
        ("NOT consent", "bool", [True, False], [False, True]),
        ("NOT consent", "boolean", [True, None, False], [False, False, True]),
        ("NOT consent", "object", [True, None, False, "no"], [False, False, True, False]),
        ("NOT consent", "float64", [1, None, 0], [False, False, True]),
        # custom fields are kept as text
        ("NOT consent", "str", ["true", None, "false", "x"], [False, False, True, False]),
        ("employees >= 1000", "str", ["1200", None, "x"], [True, False, False]),
        (
            "created_at > '2026-01-01'",
            "object",
            ["2026-01-02T00:00+09:00", None, "soon"],
            [True, False, False],
        ),
        (
            "created_at > '2026-01-01'",
            "datetime64[ns, Asia/Tokyo]",
            ["2026-01-01T10:00+09:00", None],
            [True, False],
        ),
        ("created_at <= '2026-01-01'", "datetime64[us, UTC]", ["2026-01-01", None], [True, False]),
        ("created_at <= '2026-01-01'", "datetime64[s]", ["2026-01-01", None], [True, False]),
        ("created_at IS NULL", "object", [None, None], [True, True]),
    ],
)
def test_evaluate_reads_every_kind_of_column(
    text: str, dtype: str, values: list[object], expected: list[bool]
) -> None:
    condition = compiled(text)
    (name,) = condition.fields
    frame = a_series(values, dtype).to_frame(name)
    assert evaluate([condition], frame)[:, 0].tolist() == expected


def test_evaluate_counts_a_missing_column_as_unknown() -> None:
    frame = a_frame([{"country": "JP"}])[["country"]]
    texts = [
        "employees > 1",
        "title = 'x'",
        "consent",
        "created_at > '2026-01-01'",
        "title IS NULL",
    ]
    found = evaluate([compiled(text) for text in texts], frame)
    assert found.tolist() == [[False, False, False, False, True]]


def test_evaluate_keeps_rows_and_conditions_in_order() -> None:
    rows = 3000
    frame = a_frame([{"employees": number} for number in range(rows)]).sample(
        frac=1, random_state=1
    )
    conditions = [compiled(f"employees >= {number * 15}") for number in range(200)]
    found = evaluate(conditions, frame)
    assert found.shape == (rows, 200)
    assert found.sum(axis=1).tolist() == [min(n // 15 + 1, 200) for n in frame["employees"]]


def test_evaluate_decides_texts_that_repeat_as_it_decides_each() -> None:
    texts = [
        "title = 'CEO'",
        "regexp_matches(title, 'c.o|部長')",
        "title IS NULL",
        "country IS NOT NULL",
        "country <> 'JP'",
        "title = 'CEO' AND country = 'JP'",
    ]
    conditions = [compiled(text) for text in texts]
    titles, countries = ["CEO", "営業部長", None, "Buyer"], ["JP", None, "US"]
    rows = [{"title": t, "country": c} for t in titles for c in countries]
    one_by_one = [evaluate(conditions, a_frame([row]))[0].tolist() for row in rows]
    found = evaluate(conditions, a_frame(rows * 200))
    assert found.tolist() == one_by_one * 200
    # texts of which only some were there before
    more = [{"title": t, "country": "jp"} for t in ("CFO", "CEO", "部長", None)]
    one_by_one = [evaluate(conditions, a_frame([row]))[0].tolist() for row in more]
    assert evaluate(conditions[1:], a_frame(more[:1] * 2000))[0].tolist() == one_by_one[0][1:]
    assert evaluate(conditions, a_frame(more * 500)).tolist() == one_by_one * 500


def test_evaluate_takes_no_rows_and_no_conditions() -> None:
    always = compiled("TRUE")
    assert evaluate([always], a_frame([])).shape == (0, 1)
    assert evaluate([], a_frame([{}])).shape == (1, 0)
    assert evaluate([always], a_frame([{}, {}])).tolist() == [[True], [True]]


def test_bitmap_sets_the_bit_of_each_match() -> None:
    import numpy as np

    found = np.zeros((3, 63), dtype=bool)
    found[0, [0, 8, 62]] = True
    found[1] = True
    assert bitmap(found).tolist() == [1 + 2**8 + 2**62, 2**63 - 1, 0]
    assert bitmap(found).dtype == np.int64
    assert bitmap(found[:, :0]).tolist() == [0, 0, 0]


def test_bitmap_refuses_more_conditions_than_bits() -> None:
    import numpy as np

    with pytest.raises(ValueError, match="63 bits"):
        bitmap(np.zeros((1, 64), dtype=bool))


# --- the same rules by hand, one row at a time -----------------------------------------------

TEXTS = [
    "JP",
    "ｊｐ",
    "US",
    "CTO",
    "副ＣＴＯ室",
    "Straße",
    "100%",
    "a_b",
    "it's",
    "ﾊﾟ",
    " 東　京 ",
    "",
]
NUMBERS: list[float] = [-1, 0, 1, 2.5, 100, 10**12]
DAYS = ["2025-12-31", "2026-01-01", "2028-02-29"]
VALUES: dict[FieldType, st.SearchStrategy[object]] = {
    "text": st.none() | st.sampled_from(TEXTS),
    "number": st.none() | st.sampled_from(NUMBERS),
    "boolean": st.none() | st.booleans(),
    "time": st.none() | st.sampled_from([datetime.fromisoformat(f"{d}T00:00Z") for d in DAYS]),
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    ">=": lambda a, b: bool(a >= b),
}
PATTERNS = ["%cto%", "ＣＴＯ%", "_p", "%", "100％", "%ss_", "東 京", "it's"]


def in_quotes(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def known(row: Row, field: str, decide: Callable[[Any], bool]) -> bool | None:
    """Decide about a field's value, folded; unknown stays unknown."""
    value = row.get(field)
    return None if value is None else decide(fold(value) if isinstance(value, str) else value)


def negated(value: bool | None) -> bool | None:  # noqa: FBT001 - three-valued logic is about booleans
    return None if value is None else not value


def both(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def is_like(pattern: str, text: str) -> bool:
    signs = {"%": ".*", "_": "."}
    regex = "".join(signs.get(char, re.escape(char)) for char in fold(pattern))
    return re.fullmatch(regex, text, re.DOTALL) is not None


def text_test(field: str, operator: str, literal: str) -> Test:
    compare = OPERATORS[operator]
    return (
        f"{field} {operator} {in_quotes(literal)}",
        lambda row: known(row, field, lambda value: compare(value, fold(literal))),
    )


def number_test(field: str, operator: str, literal: float) -> Test:
    compare = OPERATORS[operator]
    return (
        f"{literal} {operator} {field}",
        lambda row: known(row, field, lambda value: compare(literal, value)),
    )


def time_test(field: str, operator: str, day: str) -> Test:
    compare, instant = OPERATORS[operator], datetime.fromisoformat(f"{day}T00:00Z")
    return (
        f"{field} {operator} '{day}'",
        lambda row: known(row, field, lambda value: compare(value, instant)),
    )


def like_test(field: str, pattern: str) -> Test:
    return (
        f"{field} LIKE {in_quotes(pattern)}",
        lambda row: known(row, field, lambda value: is_like(pattern, value)),
    )


def in_test(field: str, literals: list[str]) -> Test:
    return (
        f"{field} IN ({', '.join(map(in_quotes, literals))})",
        lambda row: known(row, field, lambda value: value in map(fold, literals)),
    )


def null_test(field: str) -> Test:
    return f"{field} IS NULL", lambda row: row.get(field) is None


def boolean_test(field: str) -> Test:
    return field, lambda row: known(row, field, bool)


def not_(test: Test) -> Test:
    return f"NOT ({test[0]})", lambda row: negated(test[1](row))


def and_(left: Test, right: Test) -> Test:
    return f"({left[0]}) AND ({right[0]})", lambda row: both(left[1](row), right[1](row))


def or_(left: Test, right: Test) -> Test:
    """De Morgan: a OR b is NOT (NOT a AND NOT b), unknown included."""
    return (
        f"({left[0]}) OR ({right[0]})",
        lambda row: negated(both(negated(left[1](row)), negated(right[1](row)))),
    )


def is_true(test: Test) -> Test:
    return f"({test[0]}) IS TRUE", lambda row: test[1](row) is True


def named(kind: FieldType) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name, is_a in FIELDS.items() if is_a == kind])


operators = st.sampled_from(list(OPERATORS))
leaves: st.SearchStrategy[Test] = st.one_of(
    st.builds(text_test, named("text"), operators, st.sampled_from(TEXTS)),
    st.builds(number_test, named("number"), operators, st.sampled_from(NUMBERS)),
    st.builds(time_test, named("time"), operators, st.sampled_from(DAYS)),
    st.builds(like_test, named("text"), st.sampled_from(PATTERNS)),
    st.builds(in_test, named("text"), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3)),
    st.builds(null_test, st.sampled_from(list(FIELDS))),
    st.builds(boolean_test, named("boolean")),
)
tests = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(not_, inner),
        st.builds(is_true, inner),
        st.builds(and_, inner, inner),
        st.builds(or_, inner, inner),
    ),
    max_leaves=6,
)
leads = st.fixed_dictionaries({name: VALUES[kind] for name, kind in FIELDS.items()})


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(st.lists(tests, min_size=1, max_size=8), st.lists(leads, min_size=1, max_size=8))
def test_evaluate_agrees_with_three_valued_logic(some: list[Test], rows: list[Row]) -> None:
    found: np.ndarray = evaluate([compiled(text) for text, _ in some], a_frame(rows))
    expected = [[decide(row) is True for _, decide in some] for row in rows]
    assert found.tolist() == expected
