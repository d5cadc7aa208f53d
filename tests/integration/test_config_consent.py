"""config/consent.yaml: rules by country over those that leadline brings, and precise faults."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leadline.config.folder import create_project
from leadline.config.loader import check_project, read_project
from leadline.domain.consent import RULES, CountryRules

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_project(tmp_path, demo=False)
    return tmp_path


def write(home: Path, text: str) -> Path:
    (home / "config" / "consent.yaml").write_text(text, encoding="utf-8")
    return home


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_project_that_says_nothing_has_the_rules_that_leadline_brings(
    home: Path, text: str
) -> None:
    assert read_project(write(home, text)).consent == RULES


def test_country_that_is_named_follows_what_stands_there_alone(home: Path) -> None:
    text = "countries: {CA: {bases: {opt_in: forever, business_relationship: 180d}}}\n"
    found = read_project(write(home, text)).consent
    assert found.of("CA") == CountryRules(
        {"opt_in": None, "business_relationship": timedelta(days=180)}
    )
    assert found.of("JP") == RULES.of("JP")
    assert found.of("BR") == found.of(None) == RULES.default


def test_elsewhere_is_every_country_that_nobody_names(home: Path) -> None:
    text = "elsewhere: {bases: {opt_in: forever, address_in_writing: 1d}}\n"
    found = read_project(write(home, text)).consent
    assert found.of("BR").bases == {"opt_in": None, "address_in_writing": timedelta(days=1)}
    assert found.of("DE") == RULES.of("DE")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("countries: {jp: {bases: {opt_in: forever}}}", (1, 13, "bad_form", "JP")),
        (
            "countries:\n  JP:\n    bases: {busines_relationship: forever}",
            (3, 13, "unknown_word", "business_relationship"),
        ),
        ("elsewhere:\n  bases: {opt_in: 30}", (2, 19, "duration_expected", "")),
        ("elsewhere: {bases: {}}", (1, 13, "wrong_length", "")),
        ("elsewherex: {bases: {opt_in: forever}}", (1, 1, "extra_forbidden", "elsewhere")),
    ],
)
def test_fault_is_told_with_its_place_and_the_word_that_was_meant(
    home: Path, text: str, told: tuple[int, int, str, str]
) -> None:
    _, (problem,) = check_project(write(home, text + "\n"))
    found = (problem.line, problem.column, problem.code, problem.suggestion or "")
    assert (problem.file, found) == ("config/consent.yaml", told)
