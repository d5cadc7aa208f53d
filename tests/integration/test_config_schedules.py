"""Schedules and calendars as files: what they mean, and faults with file, line and column."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from leadline.config.loader import check_project, read_project
from tests.factories import a_project

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.errors import Problem

SCHEDULES = "config/schedules.yaml"
CALENDARS = "config/calendars.csv"


def problems(home: Path, **files: str) -> list[Problem]:
    a_project(home, files={SCHEDULES: files.get("schedules", ""), **_calendars(files)})
    return [problem for problem in check_project(home)[1] if not problem.is_warning]


def _calendars(files: dict[str, str]) -> dict[str, str]:
    return {CALENDARS: files["calendars"]} if "calendars" in files else {}


def test_words_and_blocks_are_read(tmp_path: Path) -> None:
    text = (
        "import_files: 15分ごと 平日 8時-20時 Asia/Tokyo\n"
        "send_due_touches: every minute\n"
        "process_submissions:\n"
        "  when: business days 09:00\n"
        "  timezone: Europe/Berlin\n"
        "  paused: true\n"
        "  catch_up: within 4h\n"
        "  holidays: [de-by, company]\n"
        "remove_old_runs: {cron: '30 3 * * *', timezone: UTC, catch_up: never}\n"
    )
    a_project(tmp_path, files={SCHEDULES: text})
    found = read_project(tmp_path).schedules
    imports, mail, process, remove = (
        found[name]
        for name in ("import_files", "send_due_touches", "process_submissions", "remove_old_runs")
    )
    assert imports.recurrence.timezone == "Asia/Tokyo"
    assert imports.recurrence.calendar.names == ("us", "company")
    assert (mail.recurrence.lines, mail.recurrence.timezone) == (("* * * * *",), "UTC")
    assert (mail.paused, mail.catch_up) == (False, None)
    assert process.recurrence.timezone == "Europe/Berlin"
    assert (process.paused, process.catch_up) == (True, timedelta(hours=4))
    assert process.recurrence.calendar.holiday_name(date(2026, 1, 6), "en") == "Epiphany"
    assert process.recurrence.calendar.holiday_name(date(2026, 12, 30), "ja") == "年末年始"
    assert (remove.recurrence.lines, remove.catch_up) == (("30 3 * * *",), timedelta(0))


@pytest.mark.parametrize(
    ("words", "hours"), [("within 4 hours", 4), ("Within 2 days", 48), ("within 1 hour", 1)]
)
def test_catch_up_takes_a_spelled_duration(tmp_path: Path, words: str, hours: int) -> None:
    text = f"import_files: {{when: daily 9:00, catch_up: {words}}}\n"
    a_project(tmp_path, files={SCHEDULES: text})
    schedule = read_project(tmp_path).schedules["import_files"]
    assert schedule.catch_up == timedelta(hours=hours)


def test_calendars_of_a_project_are_its_country_and_no_company_days_when_nothing_is_said(
    tmp_path: Path,
) -> None:
    a_project(tmp_path, files={SCHEDULES: "watch: business days 9:00\n"})
    settings = tmp_path / "config/settings.yaml"
    text = settings.read_text(encoding="utf-8").replace("holidays: [us, company]\n", "")
    settings.write_text(text.replace("country: US", "country: JP", 1), encoding="utf-8")
    (tmp_path / CALENDARS).unlink()
    calendar = read_project(tmp_path).schedules["watch"].recurrence.calendar
    assert (calendar.names, calendar.company) == (("jp",), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import_files: everry minute\n", ("bad_schedule", 1, 15, "every")),
        ("import_files:\n  when: Mondai 9:00\n", ("bad_schedule", 2, 9, "Monday")),
        ("import_files: 'daily 9:00 Asia/Tokio'\n", ("bad_schedule", 1, 27, "Asia/Tokyo")),
        ("import_files: 毎周月曜 9:00\n", ("bad_schedule", 1, 15, "毎週月曜")),
        ("import_file: every minute\n", ("unknown_flow", 1, 1, "import_files")),
        ("import_files: day 31 of February 9:00\n", ("bad_schedule", 1, 15, "")),
        ("import_files: {paused: true}\n", ("when_or_cron", 1, 1, "")),
        ("import_files: {when: daily 9:00, pausd: true}\n", ("extra_forbidden", 1, 34, "paused")),
        ("import_files: {when: daily 9:00, catch_up: 4h}\n", ("catch_up_expected", 1, 44, "")),
        (
            "import_files: {when: daily 9:00, timezone: Asia/Tokio}\n",
            ("unknown_time_zone", 1, 44, "Asia/Tokyo"),
        ),
        (
            "import_files: {when: daily 9:00, timezone: JST}\n",
            ("unknown_time_zone", 1, 44, "Asia/Tokyo"),
        ),
        ("import_files: {when: daily 9:00, timezone: PST}\n", ("unknown_time_zone", 1, 44, "")),
        (
            "import_files: {when: business days 9:00, holidays: [jp, compny]}\n",
            ("unknown_calendar", 1, 57, "company"),
        ),
        ("import_files: {cron: '* * *'}\n", ("bad_schedule", 1, 22, "")),
    ],
)
def test_fault_of_a_schedule_has_its_place(
    tmp_path: Path, text: str, expected: tuple[str, int, int, str]
) -> None:
    [problem] = problems(tmp_path, schedules=text)
    found = (problem.code, problem.line, problem.column, problem.suggestion)
    assert (problem.file, found) == (SCHEDULES, expected)


@pytest.mark.parametrize("words", ["when: daily 9:00", "cron: '0 9 * * *'"])
def test_calendars_that_change_nothing_are_told_and_the_schedule_stands(
    tmp_path: Path, words: str
) -> None:
    text = f"import_files: {{{words}, holidays: [jp]}}\n"
    a_project(tmp_path, files={SCHEDULES: text})
    project, found = check_project(tmp_path)
    [told] = [problem for problem in found if problem.code == "holidays_unused"]
    assert (told.file, told.line, told.is_warning) == (SCHEDULES, 1, True)
    assert text[told.column - 1 :].startswith("holidays")
    assert project is not None
    assert "import_files" in project.schedules


def test_japanese_headers_and_single_days_are_read(tmp_path: Path) -> None:
    text = (
        "カレンダー,開始日,終了日,名称\n"
        "company,2026-06-01,,創立記念日\n"
        "company,12/29,1/3,年末年始\n"
    )
    a_project(tmp_path, files={CALENDARS: text, SCHEDULES: "watch: 営業日 9:00\n"})
    calendar = read_project(tmp_path).schedules["watch"].recurrence.calendar
    assert calendar.holiday_name(date(2026, 6, 1), "ja") == "創立記念日"
    assert calendar.holiday_name(date(2027, 6, 1), "ja") is None
    assert calendar.holiday_name(date(2029, 1, 2), "ja") == "年末年始"


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("company,12-32,,x", "bad_day", 9),
        ("company,2026-02-29,,x", "bad_day", 9),
        ("company,2026-12-29,01-03,x", "mixed_days", 20),
        ("company,2026-12-29,2026-12-28,x", "days_order", 20),
        ("company,,,x", "value_missing", 9),
        ("jp,12-30,,bank", "country_calendar", 1),
        ("us,12-30,,bank", "country_calendar", 1),
    ],
)
def test_fault_of_a_calendar_has_its_place(
    tmp_path: Path, line: str, code: str, column: int
) -> None:
    text = f"calendar,from,to,name\ncompany,12-29,01-03,closed\n{line}\n"
    [problem] = problems(tmp_path, calendars=text)
    assert (problem.code, problem.file) == (code, CALENDARS)
    assert (problem.line, problem.column) == (3, column)


@pytest.mark.parametrize(
    "words", ["毎月第1営業日 9:00、25日 9:00", "first business day and 15th of the month 09:00"]
)
def test_days_said_in_two_ways_are_a_fault_of_their_line(tmp_path: Path, words: str) -> None:
    text = f"watch: every minute\nimport_files: {words}\n"
    [problem] = problems(tmp_path, schedules=text)
    assert (problem.code, problem.line) == ("bad_schedule", 2)
    assert problem.column > len("import_files: ")


@pytest.mark.parametrize(
    ("name", "suggestion"), [("japan", "jp"), ("日本", "jp"), ("compny", "company"), ("xx", "")]
)
def test_calendar_that_is_not_known_leads_to_the_one_that_is_meant(
    tmp_path: Path, name: str, suggestion: str
) -> None:
    text = f"import_files: {{when: business days 9:00, holidays: [{name}]}}\n"
    [problem] = problems(tmp_path, schedules=text)
    assert (problem.code, problem.suggestion) == ("unknown_calendar", suggestion)


def test_unknown_calendar_of_the_settings_is_a_fault(tmp_path: Path) -> None:
    a_project(tmp_path)
    settings = tmp_path / "config/settings.yaml"
    text = settings.read_text(encoding="utf-8").replace("[us, company]", "[us, compani]")
    settings.write_text(text, encoding="utf-8")
    [problem] = [each for each in check_project(tmp_path)[1] if not each.is_warning]
    assert (problem.code, problem.suggestion) == ("unknown_calendar", "company")
