"""One condition, four engines: DuckDB, masks over a frame, SQLite and PostgreSQL agree."""

from __future__ import annotations

import sys
import unicodedata
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from leadline.domain.condition_masks import evaluate_masks
from leadline.domain.conditions import Condition, compile_condition, evaluate, fold
from leadline.store.frames import read_frame
from leadline.store.selection import count_matching, list_matching
from tests.builders import NOW, a_store, add_person
from tests.condition_trials import FIELDS, TEXTS, a_random_condition, add_random_leads, in_quotes

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

LEADS, CONDITIONS = 120, 110  # 13,200 pairs on each database


def compiled(condition: str) -> Condition:
    found = compile_condition(condition, fields=FIELDS)
    assert isinstance(found, Condition), (condition, found)
    return found


def decided(condition: Condition, connection: Connection, ids: list[int]) -> tuple[Any, Any]:
    """Return what DuckDB and masks decide."""
    frame = read_frame(connection, ids, condition.fields, as_of=NOW)
    return evaluate([condition], frame)[:, 0], evaluate_masks([condition], frame)[:, 0]


def test_engines_agree_on_random_conditions_and_leads(database_url: str) -> None:
    random = Random(20261120)  # noqa: S311 - the same leads whenever this runs
    hits = 0
    with a_store(database_url) as store, store.write() as connection:
        ids = add_random_leads(connection, random, LEADS)
        for _ in range(CONDITIONS):
            condition = compiled(a_random_condition(random))
            by_duckdb, by_masks = decided(condition, connection, ids)
            expected = [id_ for id_, hit in zip(ids, by_duckdb, strict=True) if hit]
            assert by_masks.tolist() == by_duckdb.tolist(), condition.text
            found = list_matching(connection, condition, as_of=NOW)
            assert found == expected, (condition.text, set(found) ^ set(expected))
            hits += len(found)
    assert LEADS * CONDITIONS * 0.1 < hits < LEADS * CONDITIONS * 0.9


def test_count_and_list_agree_on_what_a_database_decides_alone_and_what_it_does_not(
    database_url: str,
) -> None:
    random = Random(20261121)  # noqa: S311 - the same leads whenever this runs
    texts = ("country = 'jp'", "regexp_matches(title, 'cto')", "renews_at > '2025-01-01'")
    with a_store(database_url) as store, store.write() as connection:
        ids = add_random_leads(connection, random, LEADS)
        for condition in map(compiled, texts):
            by_duckdb, _ = decided(condition, connection, ids)
            count = count_matching(connection, condition, as_of=NOW)
            assert (
                0 < count == by_duckdb.sum() == len(list_matching(connection, condition, as_of=NOW))
            )


def of_windows(count: int, *, around: str = "{}") -> Condition:
    """Return a condition over so many different counts of events."""
    days = range(1, count + 1)
    text = around.format(" OR ".join(f"clicks_{each}d = 1" for each in days))
    fields = {**FIELDS, **{f"clicks_{each}d": FIELDS["clicks_30d"] for each in days}}
    found = compile_condition(text, fields=fields)
    assert isinstance(found, Condition), found
    return found


@pytest.mark.parametrize("around", ["{}", "NOT ({})", "country = 'JP' AND ({})"])
def test_many_windows_over_events_are_counted_as_few_are(database_url: str, around: str) -> None:
    random = Random(20261122)  # noqa: S311 - the same leads whenever this runs
    with a_store(database_url) as store, store.write() as connection:
        ids = add_random_leads(connection, random, LEADS)
        for count in (1, 16, 17, 80):
            condition = of_windows(count, around=around)
            by_duckdb, _ = decided(condition, connection, ids)
            expected = [id_ for id_, hit in zip(ids, by_duckdb, strict=True) if hit]
            assert expected, condition.text
            assert list_matching(connection, condition, as_of=NOW) == expected
            assert count_matching(connection, condition, as_of=NOW) == len(expected)


def test_statements_and_looks_into_events_do_not_grow_with_the_windows(database_url: str) -> None:
    ran: list[str] = []

    def note(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        ran.append(facts[2])

    counts, looks = set[int](), list[int]()
    with a_store(database_url) as store, store.write() as connection:
        add_random_leads(connection, Random(1), LEADS)  # noqa: S311 - the same leads always
        event.listen(store.engine, "before_cursor_execute", note)
        for count in (20, 40, 80):
            ran.clear()
            list_matching(connection, of_windows(count), as_of=NOW)
            counts.add(len(ran))
            looks.append(sum(sent.count("FROM events") for sent in ran))
        event.remove(store.engine, "before_cursor_execute", note)
    assert len(counts) == 1
    assert max(looks) <= 1


def test_only_leads_that_may_match_are_decided_outside_the_database(database_url: str) -> None:
    asked: list[Any] = []

    def note(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        asked.append(facts[3])

    texts = ("title = 'Wanted' AND regexp_matches(company, 'a')", "title = 'Wanted' AND ({})")
    with a_store(database_url) as store, store.write() as connection:
        others = [add_person(connection, title="Other").lead_id for _ in range(3)]
        wanted = add_person(connection, title="Wanted").lead_id
        event.listen(store.engine, "before_cursor_execute", note)
        for text_ in texts:
            asked.clear()
            list_matching(connection, of_windows(20, around=text_), as_of=NOW)
            known = repr(asked[1:])
            assert len(asked) > 1
            assert str(wanted) in known
            assert not any(f"[{lead_id}" in known for lead_id in others)
        event.remove(store.engine, "before_cursor_execute", note)


HOSTILE = [
    "'; DROP TABLE canary; --",
    "x' OR '1'='1",
    "\\'; DROP TABLE canary; --",
    *("%s", "%(id)s", ":id", "?", "$1", "%%", "{0}", "{{ 7 * 7 }}", "\\", "\\\\", '"', "--", "/*"),
]


@pytest.mark.parametrize(
    "form", ["title = {}", "title LIKE {}", "contains(title, {})", "title IN ({})"]
)
def test_database_runs_one_query_and_takes_every_text_for_a_text(
    database_url: str, form: str
) -> None:
    ran: list[str] = []

    def note(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        ran.append(facts[2])

    with a_store(database_url) as store, store.write() as connection:
        connection.execute(text("CREATE TABLE canary (id INTEGER)"))
        ids = {given: add_person(connection, title=given).lead_id for given in HOSTILE}
        event.listen(store.engine, "before_cursor_execute", note)
        for given, lead_id in ids.items():
            condition = compiled(form.format(in_quotes(given)))
            before = len(ran)
            assert lead_id in list_matching(connection, condition, as_of=NOW)
            assert len(ran) == before + 1
        event.remove(store.engine, "before_cursor_execute", note)
        assert connection.execute(text("SELECT count(*) FROM canary")).scalar_one() == 0
    assert all(sent.startswith("SELECT leads.id") and ";" not in sent for sent in ran)
    assert not any(given in sent for sent in ran for given in HOSTILE[:3])


# ---- text is folded on PostgreSQL as everywhere ----


def folded(connection: Connection, texts: list[str]) -> list[tuple[bool, str]]:
    """Return of each text whether PostgreSQL folds it as we do, and what it makes of it."""
    rows = connection.execute(
        text(
            "SELECT leadline_is_ordinary(given), leadline_fold(given) "
            "FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS all_texts(given, place) "
            "ORDER BY place"
        ),
        {"texts": texts},
    )
    return [(bool(row[0]), str(row[1])) for row in rows]


def test_postgresql_folds_every_ordinary_character_as_we_do(postgresql_url: str) -> None:
    query = (
        "SELECT code, leadline_fold(chr(code)) FROM generate_series(1, :last) AS code "
        "WHERE code NOT BETWEEN 55296 AND 57343 AND leadline_is_ordinary(chr(code))"
    )
    with a_store(postgresql_url) as store, store.read() as connection:
        rows = connection.execute(text(query), {"last": sys.maxunicode}).all()
    assert [(code, made) for code, made in rows if made != fold(chr(code))] == []
    ordinary = {chr(code) for code, _ in rows}
    assert set("aZéßİΣщあア漢㍿ｱＡ①、〜々ー\u3000\U00020bb7") <= ordinary
    assert not set("😀ᎠꮿᾳϏ\u0345\ue000") & ordinary


def test_postgresql_folds_strings_of_ordinary_characters_as_we_do(postgresql_url: str) -> None:
    random = Random(11)  # noqa: S311 - the same strings whenever this runs
    marks = [chr(code) for code in range(0x300, 0x370) if unicodedata.combining(chr(code))]
    letters = [
        chr(code) for code in (*range(9, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x1F00))
    ]
    others = [
        chr(code) for code in (*range(0x3000, 0x3400), *range(0xFE30, 0xFFF0), 0x212B, 0x1100)
    ]
    strings = [
        "".join(
            random.choice(random.choice((letters, marks, others, " \t\n")))
            for _ in range(random.randint(1, 7))
        )
        for _ in range(20_000)
    ]
    with a_store(postgresql_url) as store, store.read() as connection:
        found = folded(connection, [*TEXTS, *strings])
    pairs = list(zip([*TEXTS, *strings], found, strict=True))
    assert [
        given for given, (is_ordinary, made) in pairs if is_ordinary and made != fold(given)
    ] == []
    assert sum(is_ordinary for _, (is_ordinary, _) in pairs) > 10_000
