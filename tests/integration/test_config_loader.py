"""A project folder read as a whole: every fault of every file, with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from leadline.config.loader import check_project, read_project
from leadline.errors import ConfigError, ProjectMissing

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.errors import Problem

FILES = {
    "config/settings.yaml": (
        "company: {name: Example, postal_address: 1-1 Example, contact: info@example.com}\n"
        "mail: {from_name: Example, from_address: sales@example.com"
        ", admin_address: admin@example.com}\n"
        "fields: {seats: number}\n"
    ),
    "config/scoring.yaml": (
        "rules:\n"
        "  - id: big\n"
        "    when: employees >= 200 OR seats > 10\n"
        "    points: 60\n"
        "    says: {en: big, ja: 大企業}\n"
        "grades: {A: 50, B: 30, C: 10}\n"
    ),
    "config/sequences/welcome.yaml": (
        "title: {en: Welcome, ja: ようこそ}\n"
        "entry: grade = 'B'\n"
        "steps:\n"
        "  - {id: hello, mail: hello}\n"
    ),
    "config/forms/contact.yaml": (
        "title: {en: Contact, ja: お問い合わせ}\n"
        "fields:\n"
        "  email: {label: {en: Email, ja: メール}, required: true}\n"
    ),
    "config/schedules.yaml": 'import_files: {cron: "*/15 8-20 * * mon-fri", timezone: UTC}\n',
    "config/reps.csv": (
        "rep_id,name,email,team,territories,weekly_capacity,working_days,working_hours,time_zone\n"
        "R01,Katelyn Cobb,rep01@example.com,west,T01,10,Mon-Fri,08:30-17:30,UTC\n"
    ),
    "config/territories.csv": "line_id,rule_id,priority,country,team\nL01,T01,10,US,west\n",
} | {
    f"templates/nurture/welcome/hello/{lang}/{part}": "Hello\n"
    for lang in ("en", "ja")
    for part in ("subject.txt", "body.txt", "body.html")
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        put(tmp_path, name, text)
    return tmp_path


def put(home: Path, name: str, text: str) -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(home: Path, name: str, old: str, new: str) -> None:
    assert old in FILES[name]
    put(home, name, FILES[name].replace(old, new))


def the_problem(home: Path) -> Problem:
    """Return the only problem of a project."""
    (problem,) = check_project(home)[1]
    return problem


def place(problem: Problem) -> tuple[str, str, int, int, str]:
    suggestion = problem.suggestion
    return problem.code, problem.file, problem.line, problem.column, suggestion


def test_project_is_read_with_texts_hash_and_time(home: Path) -> None:
    now = datetime(2026, 10, 1, tzinfo=UTC)
    project = read_project(home, now=now)
    assert project.reps[0].territories == ("T01",)
    assert project.sequences["welcome"].steps[0].mail == "hello"
    assert project.templates["nurture/welcome/hello/ja/body.txt"] == "Hello\n"
    assert project.files["forms/contact.yaml"] == FILES["config/forms/contact.yaml"]
    assert project.files["reps.csv"] == FILES["config/reps.csv"]
    assert (len(project.hash), project.read_at) == (64, now)
    assert check_project(home)[1] == ()


def test_hash_changes_with_any_byte_and_not_with_hidden_files(home: Path) -> None:
    before = read_project(home).hash
    put(home, "config/.editor.swp", "x")
    assert read_project(home).hash == before
    put(home, "templates/nurture/welcome/hello/en/subject.txt", "Hello!\n")
    assert read_project(home).hash != before


def test_folder_without_settings_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectMissing, match="leadline init"):
        read_project(tmp_path)


def test_errors_of_all_files_are_raised_together(home: Path) -> None:
    edit(home, "config/scoring.yaml", "points:", "poinds:")
    edit(home, "config/forms/contact.yaml", "title:", "titlee:")
    edit(home, "config/reps.csv", ",10,", ",ten,")
    with pytest.raises(ConfigError) as caught:
        read_project(home)
    codes = {(problem.file, problem.code) for problem in caught.value.problems}
    assert codes == {
        ("config/forms/contact.yaml", "extra_forbidden"),
        ("config/forms/contact.yaml", "missing"),
        ("config/reps.csv", "number_expected"),
        ("config/scoring.yaml", "extra_forbidden"),
        ("config/scoring.yaml", "missing"),
    }


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        ("scoring", "seats > 10 -> seets > 10", ("unknown_field", 3, 31, "seats")),
        ("scoring", "seats > 10 -> points > 1", ("score_of_itself", 3, 31, "")),
        ("sequences/welcome", "hello} -> helo}", ("unknown_template", 4, 23, "hello")),
        ("sequences/welcome", "grade -> grad", ("unknown_field", 2, 8, "grade")),
        ("forms/contact", "email: -> emial:", ("unknown_lead_field", 3, 3, "email")),
        ("schedules", "import_files -> import_file", ("unknown_flow", 1, 1, "import_files")),
        ("schedules", "UTC -> Asia/Tokio", ("unknown_time_zone", 1, 57, "Asia/Tokyo")),
        ("schedules", "8-20 -> 8-25", ("bad_schedule", 1, 22, "")),
        ("settings", "seats -> email", ("reserved_field", 3, 10, "")),
    ],
)
def test_fault_between_files_has_its_place_and_the_nearest_word(
    home: Path, file: str, change: str, expected: tuple[str, int, int, str]
) -> None:
    edit(home, f"config/{file}.yaml", *change.split(" -> "))
    problems = check_project(home)[1]
    assert expected in [(p.code, p.line, p.column, p.suggestion) for p in problems]


def test_territory_that_no_line_has_is_a_fault_with_the_nearest_rule(home: Path) -> None:
    edit(home, "config/reps.csv", "T01", "T01;T10")
    problem = the_problem(home)
    assert place(problem) == ("unknown_territory", "config/reps.csv", 2, 41, "T01")
    assert "`T10` is not a rule id" in problem.message["en"]


def test_rep_in_an_unknown_time_zone_is_a_fault(home: Path) -> None:
    edit(home, "config/reps.csv", ",UTC", ",Asia/Tokio")
    problem = the_problem(home)
    assert place(problem) == ("unknown_time_zone", "config/reps.csv", 2, 68, "Asia/Tokyo")


def test_repeated_rule_id_names_the_first_line(home: Path) -> None:
    rule = FILES["config/scoring.yaml"].split("grades")[0].removeprefix("rules:\n")
    edit(home, "config/scoring.yaml", "grades", rule + "grades")
    problem = the_problem(home)
    assert place(problem)[:3] == ("duplicate_id", "config/scoring.yaml", 6)
    assert "line 2" in problem.message["en"]


def test_mail_without_one_part_names_the_file_that_lacks(home: Path) -> None:
    (home / "templates/nurture/welcome/hello/ja/body.html").unlink()
    assert "nurture/welcome/hello/ja/body.html" in the_problem(home).message["ja"]


def test_syntax_error_is_placed_and_told_once(home: Path) -> None:
    put(home, "config/sequences/welcome.yaml", "title: {en: x\nentry: y\n")
    problem = the_problem(home)
    assert place(problem)[:3] == ("bad_syntax", "config/sequences/welcome.yaml", 1)


def test_file_of_another_encoding_is_a_fault(home: Path) -> None:
    (home / "config/forms/contact.yaml").write_bytes("# a\ntitle: お問い合わせ\n".encode("cp932"))
    assert place(the_problem(home))[:3] == ("bad_encoding", "config/forms/contact.yaml", 2)


def test_absent_scoring_and_tables_are_faults(home: Path) -> None:
    for name in ("scoring.yaml", "reps.csv", "territories.csv"):
        (home / "config" / name).unlink()
    problems = check_project(home)[1]
    assert [problem.code for problem in problems] == ["missing_file"] * 3


def test_absent_sending_and_schedules_have_defaults(home: Path) -> None:
    (home / "config/schedules.yaml").unlink()
    project = read_project(home)
    assert (project.schedules, project.sending.touches_per_day) == ({}, 1)


def test_misnamed_file_is_a_warning(home: Path) -> None:
    put(home, "config/sendings.yaml", "touches_per_day: 2\n")
    problem = the_problem(home)
    assert problem.is_warning
    assert place(problem)[:2] == ("unknown_file", "config/sendings.yaml")
    assert problem.suggestion == "sending.yaml"
    assert read_project(home).sending.touches_per_day == 1


def test_text_in_one_language_is_a_warning(home: Path) -> None:
    edit(home, "config/forms/contact.yaml", ", ja: お問い合わせ", "")
    problem = the_problem(home)
    assert problem.is_warning
    assert place(problem)[:3] == ("missing_language", "config/forms/contact.yaml", 1)


def test_missing_address_of_the_admin_is_a_warning(home: Path) -> None:
    edit(home, "config/settings.yaml", ", admin_address: admin@example.com", "")
    problem = the_problem(home)
    assert problem.is_warning
    assert place(problem)[:3] == ("no_admin_address", "config/settings.yaml", 2)


def test_territory_of_a_team_without_active_rep_is_a_warning(home: Path) -> None:
    edit(home, "config/territories.csv", "US,west\n", "US,west\nL02,T02,10,JP,east\n")
    problem = the_problem(home)
    assert problem.is_warning
    assert place(problem)[:4] == ("team_without_rep", "config/territories.csv", 3, 15)


def test_rule_that_no_rep_names_is_a_warning(home: Path) -> None:
    edit(home, "config/territories.csv", "US,west\n", "US,west\nL02,T02,10,JP,west\n")
    assert place(the_problem(home))[:3] == ("territory_without_rep", "config/territories.csv", 3)


def test_active_rep_to_whom_no_territory_leads_is_a_warning(home: Path) -> None:
    line = "R02,Joy Harrell,rep02@example.com,east,,10,Mon-Fri,08:30-17:30,UTC\n"
    put(home, "config/reps.csv", FILES["config/reps.csv"] + line)
    problem = the_problem(home)
    assert problem.is_warning
    assert place(problem)[:3] == ("rep_without_territory", "config/reps.csv", 3)


def test_unknown_manager_is_a_fault_and_shows_no_name(home: Path) -> None:
    header, line = FILES["config/reps.csv"].splitlines()
    put(home, "config/reps.csv", f"{header},manager_id\n{line},R9\n")
    problem = the_problem(home)
    assert place(problem)[:3] == ("unknown_rep", "config/reps.csv", 2)
    assert "Katelyn" not in problem.say("en")


A_FIELD = "  message: {{label: {{en: Text, ja: 内容}}, {}}}\n"
OPTIONS = "options: [{value: a, label: {en: A, ja: A}}, {value: %s, label: {en: B, ja: B}}]"


@pytest.mark.parametrize(
    ("line", "code", "suggestion"),
    [
        ("origins: [https://www.example.com/]", "origin_expected", "https://www.example.com"),
        ("origins: [https://www.example.com/a]", "origin_expected", "https://www.example.com"),
        ("origins: ['https://www.example.com:443']", "origin_expected", "https://www.example.com"),
        ("origins: ['http://localhost:80']", "origin_expected", "http://localhost"),
        ("origins: [https://例え.example]", "origin_expected", "https://xn--r8jz45g.example"),
        ("origins: ['https://*.example.com']", "origin_expected", ""),
        ("origins: ['*']", "origin_expected", ""),
        ("origins: ['https://www.example .com']", "origin_expected", ""),
        ("origins: [www.example.com]", "origin_expected", ""),
        ("origins: [ftp://www.example.com]", "origin_expected", ""),
        ("return_urls: [/thanks]", "web_url_expected", ""),
        ("return_urls: ['javascript:alert(1)']", "web_url_expected", ""),
        ("return_urls: ['https://www.example.com/a b']", "web_url_expected", ""),
        (
            "return_urls: [https://例え.example/a?b#c]",
            "web_url_expected",
            "https://xn--r8jz45g.example/a?b#c",
        ),
        ("return_urls: ['https://']", "web_url_expected", ""),
        ("confirm_within: 0d", "link_never_works", ""),
        (A_FIELD.format(OPTIONS % "b"), "options_without_choice", ""),
        (A_FIELD.format("type: choice, " + OPTIONS % "a"), "option_twice", ""),
        (A_FIELD.format("type: choices, " + OPTIONS % "'b,c'"), "option_with_comma", ""),
        (A_FIELD.format("type: hidden, required: true"), "hidden_required", ""),
        (
            A_FIELD.format("required: false")
            + "consent: {field: message, version: v1, wording: {en: News, ja: 案内}}\n",
            "consent_is_a_field",
            "",
        ),
    ],
)
def test_form_that_would_not_work_is_told_so(
    home: Path, line: str, code: str, suggestion: str
) -> None:
    put(home, "config/forms/contact.yaml", FILES["config/forms/contact.yaml"] + line)
    _, (problem,) = check_project(home)
    assert (problem.code, problem.suggestion) == (code, suggestion)
    assert problem.line > 0


@pytest.mark.parametrize(
    ("written", "code", "suggestion"),
    [
        ("", "email_not_required", ""),
        (", required: false", "email_not_required", ""),
        (", required: true, type: text", "email_of_other_type", "email"),
    ],
)
def test_address_of_a_form_is_asked_for_as_one(
    home: Path, written: str, code: str, suggestion: str
) -> None:
    text = FILES["config/forms/contact.yaml"].replace(", required: true", written)
    put(home, "config/forms/contact.yaml", text)
    _, (problem,) = check_project(home)
    assert (problem.code, problem.suggestion) == (code, suggestion)


def test_form_may_name_sites_and_pages_and_several_choices(home: Path) -> None:
    more = (
        A_FIELD.format("type: choices, " + OPTIONS % "b")
        + "origins: [https://www.example.com, 'http://127.0.0.1:8080', 'http://[::1]:8080']\n"
        + "return_urls: ['https://www.example.com/%E3%81%82?a=b#c', 'http://localhost:3000']\n"
        + "confirm_within: 1h\n"
    )
    put(home, "config/forms/contact.yaml", FILES["config/forms/contact.yaml"] + more)
    assert check_project(home)[1] == ()
