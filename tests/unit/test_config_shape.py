"""The typed shape of the configuration: YAML text in, typed values or placed faults out."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any

import pytest

from leadline.config.cells import (
    Fault,
    read_code,
    read_codes,
    read_dates,
    read_days,
    read_flag,
    read_hours,
    read_whole,
)
from leadline.config.codes import CODES
from leadline.config.document import read_document
from leadline.config.forms import FormShape
from leadline.config.scoring import Scoring
from leadline.config.shape import Sending, Settings
from leadline.config.validation import validate

SCORING = """\
rules:
  - id: big
    when: employees >= 200
    points: 20
    says: {en: big, ja: 大企業}
grades: {A: 50, B: 30, C: 10}
"""
SETTINGS = """\
company: {name: Example, postal_address: 1-1 Example, contact: info@example.com}
mail: {from_name: Example, from_address: sales@example.com}
"""


def faults(shape: type[Any], text: str) -> list[tuple[str, int, int]]:
    """Return code, line and column of everything that is wrong with YAML text."""
    document, reading = read_document("config/x.yaml", text)
    _, validating = validate(shape, document)
    return [(each.code, each.line, each.column) for each in (*reading, *validating)]


def typed(shape: type[Any], text: str) -> Any:  # noqa: ANN401 (a shape's fields differ)
    value, problems = validate(shape, read_document("config/x.yaml", text)[0])
    assert not problems
    return value


def test_misspelled_key_names_its_line_and_the_nearest_field() -> None:
    text = SCORING.replace("points: 20", "poinds: 20")
    document, _ = read_document("config/scoring.yaml", text)
    problems = {problem.code: problem for problem in validate(Scoring, document)[1]}
    assert problems["extra_forbidden"].say("en") == (
        "config/scoring.yaml:4:5 extra_forbidden rules.0.poinds: not a known field. "
        "Did you mean `points`?\n      poinds: 20"
    )
    assert problems["extra_forbidden"].suggestion == "points"
    assert "`points` のことですか" in problems["extra_forbidden"].say("ja")
    assert problems["missing"].line == 2


def test_every_fault_of_a_file_is_listed() -> None:
    text = SCORING.replace("points: 20", 'points: "20"').replace("big, ja", "1, ja")
    assert faults(Scoring, text) == [("number_expected", 4, 13), ("text_expected", 5, 16)]


def test_country_no_is_norway() -> None:
    assert typed(Settings, SETTINGS + "country: NO\n").country == "NO"


def test_words_of_yaml_1_1_stay_text() -> None:
    document, problems = read_document("x.yaml", "a: [no, on, yes, 12:30:00, 2026-01-02]\n")
    assert document.data == {"a": ("no", "on", "yes", "12:30:00", "2026-01-02")}
    assert not problems


def test_number_for_text_says_quote_it_with_its_zeros() -> None:
    text = SETTINGS + 'sources: {x: {consent: {basis: opt_in, wording: "w", version: 010}}}\n'
    (problem,) = validate(Settings, read_document("x.yaml", text)[0])[1]
    assert (problem.code, problem.line, problem.column) == ("text_expected", 3, 63)
    assert 'quote it: "010"' in problem.message["en"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: !!python/object:os.system x\n", ("tag_refused", 1, 4)),
        ("a: !x [1]\n", ("tag_refused", 1, 4)),
        ("%YAML 1.1\n---\na: no\n", ("tag_refused", 2, 1)),
        ("a: &x 1\n", ("alias_refused", 1, 4)),
        ("a: 1\nb: 2\na: 3\n", ("duplicate_key", 3, 1)),
        ("a: 1\n---\nb: 2\n", ("bad_syntax", 2, 1)),
        ("a: b: c\n", ("bad_syntax", 1, 5)),
        ("a:\n  'x\n", ("bad_syntax", 2, 3)),
        ("a: \x01\n", ("bad_syntax", 1, 4)),
        ("a:\n  1: x\n", ("key_not_text", 2, 3)),
    ],
)
def test_yaml_beyond_plain_values_is_refused(text: str, expected: tuple[str, int, int]) -> None:
    _, problems = read_document("x.yaml", text)
    assert [(each.code, each.line, each.column) for each in problems] == [expected]


@pytest.mark.parametrize(
    ("text", "place", "english", "japanese"),
    [
        ("a:\n\tb: 1\n", (2, 1), "a tab", "タブ"),
        ("a: [1, 2\nb: 3\n", (1, 4), "the [ here is not closed", "[ が閉じていない"),
        ("a: {x: 1\nb: 3\n", (1, 4), "the { here is not closed", "{ が閉じていない"),
        ('a: "x\nb: 1\n', (1, 4), "never closed", "引用符が閉じていません"),
        ("a:1\nb: 2\n", (2, 2), "colon with a space", "コロンの後に空白"),
        ("a:\n  A: b\n  C:d\n", (3, 3), "a colon with a space", "コロンと、その後の空白"),
        ("a: @x\n", (1, 4), "begins with @", "先頭に @"),
        ("a:\n  A: b\n C: d\n", (3, 2), "indentation", "字下げ"),
        ("a: - b\n", (1, 4), "a line of its own", "次の行"),
        ("a: |x\n b\n", (1, 5), "chomping", "YAML の書き方"),
        ("a: 1\n---\nb: 2\n", (2, 1), "second document", "2つ目の文書"),
    ],
)
def test_text_that_is_no_yaml_is_told_in_words_of_each_language(
    text: str, place: tuple[int, int], english: str, japanese: str
) -> None:
    _, (problem,) = read_document("x.yaml", text)
    assert (problem.line, problem.column) == place
    assert english in problem.message["en"]
    assert japanese in problem.message["ja"]
    shown = problem.message["ja"].split("\n")[0]
    assert not re.search(r"[a-z]{3,} [a-z]{3,}", shown)  # the parser speaks English


def test_deep_nesting_is_a_fault_and_no_crash() -> None:
    _, problems = read_document("x.yaml", "a: " + "[" * 5000 + "]" * 5000)
    assert [each.code for each in problems] == ["bad_syntax"]


def test_duplicate_key_names_the_line_of_the_first() -> None:
    _, (problem,) = read_document("x.yaml", "a: 1\nb: 2\na: 3\n")
    assert "line 1" in problem.message["en"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3d", timedelta(days=3)),
        ("1h 30m", timedelta(minutes=90)),
        ("PT4H", timedelta(hours=4)),
        ("P1DT2H", timedelta(hours=26)),
        ("45s", timedelta(seconds=45)),
    ],
)
def test_duration_is_read(written: str, expected: timedelta) -> None:
    assert typed(Sending, f"max_lateness: {written}\n").max_lateness == expected


@pytest.mark.parametrize("written", ["3", "3 days", "-PT1H", "P", "PT", "9999999999d", '""'])
def test_duration_without_unit_or_out_of_reach_is_a_fault(written: str) -> None:
    found = faults(Sending, f"max_lateness: {written}\n")
    assert found == [("duration_expected", 1, 15)]


def test_window_must_close_after_it_opens() -> None:
    text = 'touches_per_day: 1\nwindow: {opens: "18:00", closes: "09:00"}\n'
    assert faults(Sending, text) == [("window_order", 2, 1)]


def test_window_takes_times_without_quotes() -> None:
    window = typed(Sending, "window: {opens: 8:30, closes: 17:00}\n").window
    assert (window.opens, window.closes) == (time(8, 30), time(17))


def test_grades_must_fall() -> None:
    assert faults(Scoring, SCORING.replace("B: 30", "B: 60")) == [("grades_order", 6, 1)]


@pytest.mark.parametrize(
    ("line", "code", "suggestion"),
    [
        ("language: jp", "unknown_word", ""),
        ("country: jp", "bad_form", "JP"),
        ("country:", "value_missing", ""),
        ("fields: {seats: numbers}", "unknown_word", "number"),
        ("sources: {x: {date_order: monthfirst}}", "unknown_word", "month_first"),
        ("notification: {bundle_above: 0}", "out_of_range", ""),
        ("notification: [1]", "mapping_expected", ""),
        ("redirect_all_to: nobody", "bad_form", ""),
    ],
)
def test_wrong_value_has_a_code_and_the_nearest_word(line: str, code: str, suggestion: str) -> None:
    (problem,) = validate(Settings, read_document("x.yaml", SETTINGS + line + "\n")[0])[1]
    assert (problem.code, problem.suggestion, problem.line) == (code, suggestion, 3)


def test_text_in_one_language_stands_for_both() -> None:
    form = typed(FormShape, "title: {ja: 資料}\nfields: {email: {label: {en: Email}}}\n")
    assert form.title == {"en": "資料", "ja": "資料"}
    assert form.fields["email"].label["ja"] == "Email"


def test_place_inside_a_folded_condition_is_that_of_the_file() -> None:
    text = "a: 1\nwhen: >-\n  employees > 1\n  AND countri = 'x'\n"
    document, _ = read_document("x.yaml", text)
    value = document.get(("when",))
    column = str(value).index("countri") + 1
    spot = document.within(("when",), 1, column)
    assert (spot.line, spot.column, spot.excerpt) == (4, 7, "  AND countri = 'x'")


def test_place_inside_a_quoted_condition_counts_doubled_quotes() -> None:
    document, _ = read_document("x.yaml", "when: 'title = ''CEO'' AND countri = 1'\n")
    column = str(document.get(("when",))).index("countri") + 1
    assert document.within(("when",), 1, column).column == 28


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mon-Fri", ("Mon", "Tue", "Wed", "Thu", "Fri")),
        ("Tue-Sat", ("Tue", "Wed", "Thu", "Fri", "Sat")),
        ("wed, Monday", ("Mon", "Wed")),
        ("Sat-Mon", ("Mon", "Sat", "Sun")),
        ("月-金", ("Mon", "Tue", "Wed", "Thu", "Fri")),
        ("月～水、日曜日", ("Mon", "Tue", "Wed", "Sun")),
        ("土日", ("Sat", "Sun")),
        ("Mon-Fry", Fault("bad_days")),
        ("Mon-Tue-Wed", Fault("bad_days")),
        (5, Fault("bad_days")),
    ],
)
def test_working_days_are_read(written: object, expected: object) -> None:
    assert read_days(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("08:30-17:30", (time(8, 30), time(17, 30))),
        ("９：００〜１８：００", (time(9), time(18))),
        ("22:00-06:00", (time(22), time(6))),
        ("09:00-09:00", Fault("bad_hours")),
        ("9-17", Fault("bad_hours")),
        ("08:30-25:00", Fault("bad_hours")),
    ],
)
def test_working_hours_are_read_also_over_midnight(written: str, expected: object) -> None:
    assert read_hours(written) == expected


def test_cells_are_read_by_their_kind() -> None:
    assert read_dates("2026-12-24; 2026-12-31") == (date(2026, 12, 24), date(2026, 12, 31))
    assert read_dates("24/12/2026") == Fault("bad_date")
    assert read_flag("無効") is False
    assert read_flag("maybe") == Fault("boolean_expected")
    assert read_whole("１０") == 10
    assert read_whole(2.5) == Fault("number_expected")
    assert read_codes("T01；T02;") == ("T01", "T02")
    assert read_code(6) == Fault("cell_as_text")


def test_every_code_is_worded_in_both_languages() -> None:
    for code, words in CODES.items():
        texts = (words.en, words.ja, words.more_en, words.more_ja)
        assert all(texts), code
