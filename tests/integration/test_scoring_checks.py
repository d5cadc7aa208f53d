"""Faults of scoring.yaml and segments.yaml: each told at its place, with the nearest word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.config.loader import check_project, read_project
from tests.factories import a_project

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.errors import Problem

SCORING = """\
rules:
  - id: big
    when: employees >= 200
    points: 80
    says: {en: big, ja: 大企業}
  - id: quote
    when: request = 'quote'
    points: 10
    group: engagement
    says: {en: quote, ja: 見積}
events:
  - id: clicked
    event: email_clicked
    where: contains(url, '/pricing')
    points: 2
    at_most: 8
    says: {en: clicked, ja: クリック}
disqualifiers:
  - id: rival
    when: contains(email, 'rival')
    says: {en: rival, ja: 競合}
groups: {fit: {at_most: 90}, engagement: {at_most: 15}}
grades: {A: 50, B: 30, C: 10}
levels: {first: 12, second: 8, third: 5}
lifecycle:
  - to: mql
    when: points >= 30 AND busy
    from: [lead, subscriber]
models:
  cloud:
    title: {en: Cloud, ja: クラウド}
    grades: {A: 3, B: 2, C: 1}
hand_over: grade IN ('A', 'B') OR points_cloud > 2
"""
SEGMENTS = """\
segments:
  busy:
    title: {en: Busy, ja: 活発}
    when: clicks_30d > 2
  hot:
    title: {en: Hot, ja: 有望}
    when: busy AND grade = 'A'
  ours:
    title: {en: Ours, ja: 自社担当}
    when: owner IS NOT NULL
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a project whose scoring and segments are right."""
    a_project(tmp_path / "home")
    put(tmp_path / "home", SCORING, SEGMENTS)
    return tmp_path / "home"


def put(home: Path, scoring: str, segments: str) -> None:
    (home / "config/scoring.yaml").write_text(scoring, "utf-8")
    (home / "config/segments.yaml").write_text(segments, "utf-8")


def found(home: Path) -> list[tuple[str, str, int, int, str]]:
    """Return code, file, line, column and suggestion of every problem in the two files."""
    return [
        (each.code, each.file.removeprefix("config/"), each.line, each.column, each.suggestion)
        for each in problems(home)
    ]


def problems(home: Path) -> list[Problem]:
    return [
        each
        for each in check_project(home)[1]
        if each.file in {"config/scoring.yaml", "config/segments.yaml"}
    ]


def test_scoring_and_segments_that_are_right_have_no_problem(home: Path) -> None:
    assert found(home) == [("cap_changes_nothing", "scoring.yaml", 22, 25, "")]
    assert set(read_project(home).segments) == {"busy", "hot", "ours"}


BETWEEN = ("syntax", 14, 16, "contains(url, '/pricing')")
HALF_LIFE = ("duration_expected", 15, 16)
IDLE = ("idle_disqualifier", 21, 5, "")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # conditions
        ("employees >= 200 -> employeez >= 200", ("unknown_field", 3, 11, "employees")),
        ("contains(email -> contain(email", ("unknown_function", 20, 11, "contains")),
        ("contains(url -> contains(urI", ("unknown_field", 14, 21, "url")),
        ("AND busy -> AND bsuy", ("unknown_field", 27, 28, "busy")),
        ("points_cloud > 2 -> points_clod > 2", ("unknown_field", 33, 35, "points_cloud")),
        ("points_cloud > 2 -> points_cloud > 'x'", ("wrong_type", 33, 50, "")),
        ("request = 'quote' -> email_clickd_7d > 1", ("unknown_field", 7, 11, "email_clicked_7d")),
        ("request = 'quote' -> clicks_900d > 1", ("unknown_field", 7, 11, "clicks_90d")),
        # a score of itself
        ("employees >= 200 -> consent AND points > 1", ("score_of_itself", 3, 23, "")),
        ("employees >= 200 -> consent AND Grade = 'A'", ("score_of_itself", 3, 23, "")),
        ("employees >= 200 -> points_cloud > 1", ("score_of_itself", 3, 11, "")),
        ("employees >= 200 -> consent AND hot", ("score_of_itself", 3, 23, "")),
        ("contains(email, 'rival') -> grade = 'A'", ("score_of_itself", 20, 11, "")),
        ("contains(email, 'rival') -> lifecycle_stage = 'mql'", ("score_of_itself", 20, 11, "")),
        ("employees >= 200 -> consent AND owner = 'a'", ("score_of_itself", 3, 23, "")),
        ("employees >= 200 -> consent AND ours", ("score_of_itself", 3, 23, "")),
        # words that a field never holds
        ("request = 'quote' -> request IN ('quote', 'demmo')", ("never_holds", 7, 32, "demo")),
        ("request = 'quote' -> consent AND 'Japan' = country", ("never_holds", 7, 23, "JP")),
        ("request = 'quote' -> language <> 'jp'", ("never_holds", 7, 23, "")),
        ("points_cloud > 2 -> grade_cloud = 'E'", ("never_holds", 33, 49, "")),
        ("AND busy -> AND lifecycle_stage = 'leads'", ("never_holds", 27, 46, "lead")),
        # what we did
        ("request = 'quote' -> email_sent_30d > 1", ("event_of_ours", 7, 11, "")),
        ("request = 'quote' -> days_since_last_email_sent > 1", ("event_of_ours", 7, 11, "")),
        # ids, names, events
        ("id: quote -> id: big", ("duplicate_id", 6, 9, "")),
        ("id: clicked -> id: big", ("duplicate_id", 12, 9, "")),
        ("id: rival -> id: clicked", ("duplicate_id", 19, 9, "")),
        ("event: email_clicked -> event: email_clickd", ("unknown_event", 13, 12, "email_clicked")),
        (
            "event: email_clicked -> event: [email_clicked, page_view]",
            ("unknown_event", 13, 28, "page_viewed"),
        ),
        ("event: email_clicked -> event: email_sent", ("event_of_ours", 13, 12, "")),
        ("  cloud: ->   main:", ("reserved_model", 30, 3, "")),
        ("  cloud: ->   x_30d:", ("reserved_model", 30, 3, "")),
        ("event: email_clicked -> event: visits", ("unknown_event", 13, 12, "page_viewed")),
        ("event: email_clicked -> event: クリック", ("unknown_event", 13, 12, "email_clicked")),
        # habits from elsewhere
        ("employees >= 200 -> country = JP && consent", ("unknown_field", 3, 21, "'JP'")),
        ("employees >= 200 -> country = JP && consent", ("syntax", 3, 24, "AND")),
        ("employees >= 200 -> 従業員数 ＞＝ 200人", ("unknown_field", 3, 11, "employees")),
        ("employees >= 200 -> 従業員数 ＞＝ 200人", ("syntax", 3, 16, ">=")),
        ("employees >= 200 -> 従業員数 ＞＝ 200人", ("syntax", 3, 19, "200")),
        ("contains(url, '/pricing') -> url contains '/pricing'", BETWEEN),
        ("points: 80 -> points: '+80'", ("number_expected", 4, 13, "80")),
        ("points: 80 -> points: 80点", ("number_expected", 4, 13, "80")),
        ("points: 80 -> points: ８００", ("number_expected", 4, 13, "800")),
        ("points: 80 -> points: 1,000 pts", ("number_expected", 4, 13, "1000")),
        *(
            (f"    points: 2 ->     half_life: {text}\n    points: 2", (*HALF_LIFE, meant))
            for text, meant in (
                ("2w", "14d"),
                ("2 weeks", "14d"),
                ("2週間", "14d"),
                ("１４日", "14d"),
                ("1ヶ月", "30d"),
                ("12時間", "12h"),
                ("14", ""),
                ("2 fortnights", ""),
            )
        ),
        # numbers and order
        ("fit: {at_most: 90} -> fit: {at_least: 90, at_most: 90}", ("bounds_order", 22, 10, "")),
        ("second: 8 -> second: 12", ("levels_order", 24, 1, "")),
        ("points: 80 -> points: many", ("number_expected", 4, 13, "")),
        ("from: [lead, subscriber] -> from: [lead, mql]", ("transition_in_place", 28, 18, "")),
        ("at_most: 90 -> at_most: 40", ("threshold_out_of_reach", 23, 13, "")),
        ("first: 12 -> first: 16", ("threshold_out_of_reach", 24, 17, "")),
        ("points: 80 -> points: 40", ("threshold_out_of_reach", 23, 13, "")),
        ("    at_most: 8 ->     at_most: 1", ("threshold_out_of_reach", 24, 17, "")),
        # what changes nothing
        ("when: contains(email, 'rival') -> when: consent\n    at_most:\n    grade: A", IDLE),
        ("points: 80 -> points: 0", ("no_points", 4, 13, "")),
        (
            "event: email_clicked -> event: [email_clicked, email_clicked]",
            ("repeated_event", 13, 28, ""),
        ),
        ("points_cloud > 2 -> routing_skip IS NULL", ("hand_over_of_itself", 33, 12, "")),
        # languages
        ("{en: quote, ja: 見積} -> {en: quote}", ("missing_language", 10, 5, "")),
        ("{en: rival, ja: 競合} -> {ja: 競合}", ("missing_language", 21, 5, "")),
        ("{en: Cloud, ja: クラウド} -> {ja: クラウド}", ("missing_language", 31, 5, "")),
    ],
)
def test_fault_of_scoring_has_its_place_and_the_nearest_word(
    home: Path, change: str, expected: tuple[str, int, int, str]
) -> None:
    old, new = change.split(" -> ")
    assert old in SCORING
    put(home, SCORING.replace(old, new, 1), SEGMENTS)
    code, *place = expected
    assert (code, "scoring.yaml", *place) in found(home)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("clicks_30d > 2 -> click_30d > 2", ("unknown_field", 4, 11, "clicks_30d")),
        ("clicks_30d > 2 -> hot", ("segment_order", 4, 11, "")),
        ("clicks_30d > 2 -> consent AND busy", ("segment_order", 4, 23, "")),
        ("busy AND -> bosy AND", ("unknown_field", 7, 11, "busy")),
        ("  hot: ->   email:", ("reserved_segment", 5, 3, "")),
        ("  hot: ->   clicks_7d:", ("reserved_segment", 5, 3, "")),
        ("  hot: ->   days_since_last_x:", ("reserved_segment", 5, 3, "")),
        ("  hot: ->   contains:", ("reserved_segment", 5, 3, "")),
        *(
            (f"  hot: ->   {word}:", ("reserved_segment", 5, 3, ""))
            for word in ("like", "select", "case", "current_date", "if", "else", '"null"', '"true"')
        ),
        ("  hot: ->   grade_cloud:", ("reserved_segment", 5, 3, "")),
        ("{en: Hot, ja: 有望} -> {en: Hot}", ("missing_language", 6, 5, "")),
        ("title: {en: Hot, ja: 有望}\n ->", ("missing", 5, 3, "")),
    ],
)
def test_fault_of_segments_has_its_place_and_the_nearest_word(
    home: Path, change: str, expected: tuple[str, int, int, str]
) -> None:
    old, new = change.split(" -> ") if " -> " in change else (change.removesuffix(" ->"), "")
    assert old in SEGMENTS
    put(home, SCORING.replace(" AND busy", ""), SEGMENTS.replace(old, new, 1))
    code, *place = expected
    assert (code, "segments.yaml", *place) in found(home)


def test_word_that_a_field_never_holds_is_told_where_its_segment_stands_alone(home: Path) -> None:
    put(home, SCORING, SEGMENTS.replace("clicks_30d > 2", "request = 'quotes'"))
    (warning,) = [each for each in problems(home) if each.code == "never_holds"]
    assert (warning.file, warning.line, warning.suggestion) == (
        "config/segments.yaml",
        4,
        "quote",
    )
    assert warning.is_warning


def test_fault_of_a_segment_is_told_once_and_not_where_it_is_used(home: Path) -> None:
    put(home, SCORING, SEGMENTS.replace("clicks_30d > 2", "clicks_30d > 'two'"))
    errors = [each.code for each in problems(home) if not each.is_warning]
    assert errors == ["wrong_type"]


def test_faults_of_every_model_are_told(home: Path) -> None:
    rule = "    rules: [{id: a, when: countrx = 'JP', points: 1, says: {en: a, ja: あ}}]\n"
    grades = "    grades: {A: 3, B: 2, C: 1}\n"
    put(home, SCORING.replace(grades, f"{rule}{grades}"), SEGMENTS)
    assert ("unknown_field", "scoring.yaml", 32, 27, "country") in found(home)


@pytest.mark.parametrize("change", ["points: 80 -> points: many", "at_most: 90 -> at_most: many"])
def test_nothing_is_said_of_reach_beside_a_number_that_cannot_be_read(
    home: Path, change: str
) -> None:
    old, new = change.split(" -> ")
    put(home, SCORING.replace(old, new), SEGMENTS)
    assert [each.code for each in problems(home)] == ["number_expected"]


def test_more_rules_than_bits_are_refused(home: Path) -> None:
    one = "  - {{id: r{}, when: consent, points: 1, says: {{en: a, ja: あ}}}}\n"
    rules = "rules:\n" + "".join(one.format(number) for number in range(63))
    rest = SCORING[SCORING.index("events:") :]
    put(home, rules + rest, SEGMENTS)
    assert "too_many_rules" in [each.code for each in problems(home)]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("fields: {visits_7d: number}", "reserved_field"),
        ("fields: {email_sent_30d: number}", "reserved_field"),
        ("fields: {days_since_last_call: number}", "reserved_field"),
        ("fields: {points_cloud: number}", "reserved_field"),
        ("fields: {zone: text}", "reserved_field"),
        ("fields: {score: number}", "reserved_field"),
        ("fields: {case: text}", "quoted_field"),
        ("fields: {}\nevents: [page_viewed]", "reserved_event"),
        ("fields: {}\nevents: [visits]", "reserved_event"),
        ("fields: {}\nevents: [click]", "reserved_event"),
        ("fields: {}\nevents: [event]", "reserved_event"),
        ("fields: {}\nevents: [page_view]", "reserved_event"),
        ("fields: {}\nevents: [called,\n  called]", "duplicate_id"),
    ],
)
def test_declared_name_that_means_something_else_is_refused(
    home: Path, settings: str, code: str
) -> None:
    file = home / "config/settings.yaml"
    file.write_text(file.read_text("utf-8").replace("fields: {}", settings), "utf-8")
    assert code in [each.code for each in check_project(home)[1]]


def test_declared_event_may_be_scored_and_counted(home: Path) -> None:
    file = home / "config/settings.yaml"
    text = file.read_text("utf-8").replace("fields: {}", "fields: {}\nevents: [demo_watched]")
    file.write_text(text, "utf-8")
    scoring = SCORING.replace("event: email_clicked", "event: demo_watched")
    put(home, scoring.replace("employees >= 200", "demo_watched_14d > 1"), SEGMENTS)
    assert not [each for each in problems(home) if not each.is_warning]


def test_points_that_decay_want_a_nightly_refresh(tmp_path: Path) -> None:
    home = a_project(tmp_path / "home").home
    assert "no_refresh" not in {each.code for each in check_project(home)[1]}
    schedules = home / "config" / "schedules.yaml"
    lines = schedules.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("refresh_scores:")]
    schedules.write_text("".join(kept), encoding="utf-8")
    project, problems = check_project(home)
    assert project is not None
    assert [each.code for each in problems if each.code == "no_refresh"] == ["no_refresh"]
