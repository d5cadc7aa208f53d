"""Hostile conditions: each is refused with its place or means what it says; nothing else runs."""

from __future__ import annotations

import string
from random import Random
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain import conditions
from leadline.domain.condition_masks import evaluate_masks
from leadline.domain.conditions import Condition, compile_condition, evaluate
from tests.condition_trials import FIELDS as TRIED
from tests.condition_trials import a_random_condition
from tests.conditions import FIELDS, a_frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEAD = {"country": "JP", "title": "部長", "employees": 1, "consent": True}
HOSTILE = [
    # functions outside the list
    *("getenv('HOME') = 'x'", "version() = 'x'", "now() > created_at", "random() > 0.5"),
    *("sleep(9) IS NULL", "pg_sleep(9) IS NULL", "load_extension('x') IS NULL", "sqlite_version()"),
    *("leadline_fold(country) = 'jp'", "current_setting('x') = 'y'", "nextval('leads_id_seq') > 0"),
    *("concat(country, 'x') = 'JPx'", "replace(country, 'J', 'x') = 'xP'", "repeat(country, 9e9)"),
    *("regexp_replace(title, 'x', 'y') = ''", "coalesce() = 1", "lower() = 'x'", "length()"),
    *("main.lower(country) = 'jp'", "pg_catalog.lower(country) = 'jp'", "lower(*) = 'x'"),
    # files, network, other tables
    *("read_csv('{canary}') IS NULL", "country IN (SELECT * FROM read_text('{canary}'))"),
    *(
        "EXISTS (SELECT 1 FROM '{canary}')",
        "COPY (SELECT 1) TO '{canary}'",
        "ATTACH '{canary}' AS x",
    ),
    *("pg_read_file('{canary}') IS NULL", "writefile('{canary}', 'x') IS NULL", "glob('{canary}')"),
    *(
        "(SELECT count(*) FROM canary) = 1",
        "country = (SELECT 'JP')",
        "canary.id = 1",
        "leads.id > 0",
    ),
    # statements and what ends one
    *(
        "TRUE; DROP TABLE canary",
        "TRUE); DROP TABLE canary; --",
        "TRUE) FROM leads; DELETE FROM leads",
    ),
    *("'x'); DROP TABLE canary; --' = country", "DROP TABLE canary", "BEGIN; SELECT 1; END"),
    *("PRAGMA writable_schema = 1", "INSTALL httpfs", "SET threads = 9", "CALL pragma_version()"),
    *(
        "DO $$ BEGIN DROP TABLE canary; END $$",
        "TRUE UNION SELECT TRUE",
        "WITH x AS (SELECT 1) TRUE",
    ),
    # comments, quotes, escapes, placeholders
    *(
        "TRUE -- ; DROP TABLE canary",
        "TRUE /* ; */ AND FALSE",
        "TRUE /* open",
        "country = 'JP' --'",
    ),
    *("country = 'it''s'", "country = '\\'", "country = '\\'; DROP TABLE canary; --'", "'' = ''''"),
    *("country = E'\\x27'", "country = U&'\\0027'", "country = $$JP$$", "country = $tag$JP$tag$"),
    *(
        "country = ?",
        "country = ?1",
        "country = $1",
        "country = :name",
        "country = %s",
        "%(x)s = 'x'",
    ),
    *(
        "country LIKE '%s'",
        "country LIKE '%(id)s'",
        "country = ':id'",
        "country LIKE '%%'",
        "{0} = 1",
    ),
    *(
        "country = '{{ 7 * 7 }}'",
        "country = '%n'",
        "country = '$(id)'",
        "country LIKE 'x' ESCAPE 'y'",
    ),
    # what is SQL and not in the language
    *(
        "count(*) OVER () > 1",
        "sum(employees) > 1",
        "CAST(country AS INTEGER) = 1",
        "country::blob = 'x'",
    ),
    *(
        "CASE WHEN TRUE THEN TRUE END",
        "country COLLATE nocase = 'x'",
        "country GLOB '*'",
        "1 + 1 = 2",
    ),
    *(
        "employees -> 'x' = 1",
        "country[0] = 'J'",
        "{'a': 1}['a'] = 1",
        "x -> x",
        "[x for x in [1]] = [1]",
    ),
    *(
        "country IS DISTINCT FROM 'x'",
        "ROW(1, 2) = ROW(1, 2)",
        "(1, 2) IN ((1, 2))",
        "ALL(SELECT 1)",
    ),
    *(
        "INTERVAL '1 day' IS NULL",
        "DATE '2026-01-01' < created_at",
        "current_timestamp > created_at",
    ),
    *(
        "employees = 0x10",
        "employees = 1_000",
        "employees = 1e999",
        "employees = .",
        "employees = 1e",
    ),
    *(
        "*",
        "1",
        "'x'",
        "NULL",
        "employees",
        "()",
        "(",
        ")",
        ",",
        ";",
        "--",
        "''",
        '""',
        "`country` = 'JP'",
    ),
    *(
        "IN",
        "IS",
        "NOT",
        "BETWEEN",
        "LIKE",
        "country IN",
        "country IS",
        "AND TRUE",
        "TRUE AND",
        "NOT NOT",
    ),
    # letters that look like others, signs that cannot be seen
    *(
        "соuntry = 'JP'",
        "country＝'JP'",
        "country = ‘JP’",
        "country = 'J\u200bP'",
        "cou\u00adntry = 'JP'",
    ),
    *(
        "\ufeffcountry = 'JP'",
        "country\u00a0=\u00a0'JP'",
        "country = '\u202ePJ'",
        "ＣＯＵＮＴＲＹ = 'JP'",
    ),
    *(
        "country = 'a\x00b'",
        "\x00",
        "country = '\x1b[2J'",
        "country = '\ud800'",
        "\udc00 = 'x'",
        "\x7f = 1",
    ),
    *(
        "country = '\U0010ffff'",
        "İ = 'x'",
        "coﬁrm = 'x'",
        "true\u2028AND false",
        "country = '\u2029'",
    ),
    # large and deep
    *("(" * 5000, "(" * 1500 + "TRUE" + ")" * 1500, "NOT " * 999 + "TRUE", "-" * 3999 + "1 = 1"),
    *(
        "country = '" + "x" * 5000 + "'",
        "x" * 4000,
        " OR ".join(["TRUE"] * 900),
        "[" * 3000,
        "{" * 3000,
    ),
    *(
        "CASE " * 700,
        "lower(" * 600 + "country" + ")" * 600,
        "SELECT " * 500,
        "/*" * 1900,
        "'" * 3999,
    ),
    *("coalesce(" * 19 + "title" + ", 'x')" * 19 + " = 'x'", "regexp_matches(title, '(a+)+$')"),
    *(
        "regexp_matches(title, '" + "(" * 1500 + ")" * 1500 + "')",
        "regexp_matches(title, 'a{999999}')",
    ),
    *(
        "regexp_matches(title, '(?{print(1)})')",
        "regexp_matches(title, '(?<=x)y')",
        "title LIKE '%" * 50,
    ),
]


#: Those that mean what they say: comments, texts that only look odd, patterns that RE2 bears.
RIGHT = {
    *("TRUE -- ; DROP TABLE canary", "TRUE /* ; */ AND FALSE", "country = 'JP' --'"),
    *("country = 'it''s'", "country = '\\'", "'' = ''''", "country LIKE '%s'"),
    *("country LIKE '%(id)s'", "country = ':id'", "country LIKE '%%'", "country = '{{ 7 * 7 }}'"),
    *("country = '%n'", "country = '$(id)'", "employees = 1_000", "country = 'J\u200bP'"),
    *("country\u00a0=\u00a0'JP'", "country = '\u202ePJ'", "country = '\U0010ffff'"),
    *("true\u2028AND false", "country = '\u2029'", "regexp_matches(title, '(a+)+$')"),
    "coalesce(" * 19 + "title" + ", 'x')" * 19 + " = 'x'",
    "regexp_matches(title, '" + "(" * 1500 + ")" * 1500 + "')",
}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list of all statements that DuckDB is handed."""
    statements: list[str] = []

    class Spied:
        def __init__(self, connection: Any) -> None:  # noqa: ANN401 - a driver's connection
            self._connection = connection

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            return getattr(self._connection, name)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self._connection.close()

        def cursor(self) -> Spied:
            return Spied(self._connection.cursor())

        def execute(self, statement: str, *given: object) -> Any:  # noqa: ANN401
            statements.append(statement)
            return self._connection.execute(statement, *given)

    real = conditions._database()
    monkeypatch.setattr(conditions, "_database", lambda: Spied(real))
    return statements


def answer(text: str) -> Condition | None:
    """Compile a text; where it is refused, check what is said of it."""
    found = compile_condition(text, fields=FIELDS)
    if isinstance(found, Condition):
        return found
    lines = text.split("\n")
    assert found
    for finding in found:
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message["en"]
        assert finding.message["ja"]
    return None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_condition_is_told_its_place_or_answered_and_nothing_else_runs(
    text: str, tmp_path: Path, ran: list[str]
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    condition = answer(text.replace("{canary}", str(canary)))
    if condition is not None:
        frame = a_frame([LEAD, {}])
        assert evaluate([condition], frame).tolist() == evaluate_masks([condition], frame).tolist()
        ran.remove(f"SELECT {condition.sql} AS c0 FROM leads")  # noqa: S608 - what was generated
    assert set(ran) <= {
        "SELECT regexp_matches('', ?)",
        "SELECT regexp_matches(unnest(?::VARCHAR[]), ?)",
    }
    assert canary.read_text() == "alive"
    assert [each.name for each in tmp_path.iterdir()] == ["canary"]


def test_hostile_conditions_are_refused_but_for_those_that_are_right() -> None:
    assert len(HOSTILE) > 150
    assert {text for text in HOSTILE if answer(text) is not None} == RIGHT


def test_segments_that_double_each_other_are_refused_before_they_grow() -> None:
    found: dict[str, Condition] = {}
    text = "country = 'JP' OR title = 'x'"
    for number in range(60):
        made = compile_condition(text, fields=FIELDS, segments=found)
        if not isinstance(made, Condition):
            assert [finding.code for finding in made] == ["too_long"]
            break
        found[f"s{number}"] = made
        text = f"s{number} AND (s{number} OR consent) AND s{number}"
    assert 3 < len(found) < 10


WORDS = [
    *("country", "employees", "consent", "created_at", "'JP'", "'2026-01-01'", "1", "-2.5", "NULL"),
    *("TRUE", "=", "<>", "<", "AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "BETWEEN", "(", ")"),
    *(",", "lower(", "coalesce(", "contains(", "regexp_matches(", "length(", "getenv(", "select"),
    *(";", "--", "/*", "*/", "'", '"', "::", "||", "$1", "?", ":x", "\\", "\n", "\x00", "＝", "%"),
]
texts = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=string.printable, max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
)


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(texts)
def test_any_text_is_refused_with_its_place_or_answered_alike(text: str) -> None:
    condition = answer(text)
    if condition is not None:
        frame = a_frame([LEAD, {}])
        assert evaluate([condition], frame).tolist() == evaluate_masks([condition], frame).tolist()


def damaged(random: Random) -> Iterator[str]:
    """Yield right conditions with one sign changed, lost or put in."""
    while True:
        text = a_random_condition(random, 2)
        place = random.randrange(len(text))
        sign = random.choice(("", "'", '"', "(", ")", ";", ",", "\\", "%", " ", "\x00", "＝", "--"))
        yield text[:place] + sign + text[place + random.randrange(2) :]


def test_condition_with_one_sign_wrong_is_refused_with_its_place_or_still_a_condition() -> None:
    random = Random(7)  # noqa: S311 - the same conditions whenever this runs
    refused = 0
    for text, _ in zip(damaged(random), range(400), strict=False):
        found = compile_condition(text, fields=TRIED)
        if isinstance(found, Condition):
            assert evaluate([found], a_frame([{}])).shape == (1, 1)
        else:
            refused += 1
            assert all(finding.line >= 1 and finding.column >= 1 for finding in found)
    assert refused > 100


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("%a%a%a%a%a%a_b", False),
        ("%a%a%a%a%a%a_b%", False),
        ("%_a%_a%_a%_a%_a%c_%", False),
        ("%a_%a_%a_%a%a%a", True),
        ("a%" * 20 + "b", False),
        ("a%" * 20 + "a", True),
    ],
)
def test_like_over_a_long_text_is_decided_in_one_pass(pattern: str, *, fits: bool) -> None:
    condition = compile_condition(f"title LIKE '{pattern}'", fields=FIELDS)
    assert isinstance(condition, Condition)
    frame = a_frame([{"title": "a" * 100_000}])
    assert evaluate_masks([condition], frame).tolist() == [[fits]]
    assert evaluate([condition], frame).tolist() == [[fits]]


_SIGNS = "aab_%"


@given(st.text(_SIGNS, max_size=8), st.text("ab\n", max_size=8))
def test_like_of_few_rows_and_of_many_agree(pattern: str, text: str) -> None:
    condition = compile_condition(f"title LIKE '{pattern}'", fields=FIELDS)
    assert isinstance(condition, Condition)
    frame = a_frame([{"title": text}])
    assert evaluate([condition], frame).tolist() == evaluate_masks([condition], frame).tolist()
