"""Mapping files of sources: read with the project, or named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.config.folder import create_project
from leadline.config.loader import check_project, read_project
from leadline.config.mappings import read_mapping, source_settings
from leadline.errors import ConfigError, MappingError

if TYPE_CHECKING:
    from pathlib import Path

EXPO = """\
country: JP
date_order: month_first
encoding: cp932
delimiter: tab
quote: none
header_line: 3
columns:
  Team size: employees
  Internal: ""
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_project(tmp_path, demo=False)
    return tmp_path


def _map(home: Path, text: str, source: str = "expo") -> Path:
    path = home / "config/mappings" / f"{source}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_mapping_file_says_how_a_source_is_read(home: Path) -> None:
    _map(home, EXPO)
    settings = source_settings(read_project(home), "expo")
    assert settings.mapping == {"Team size": "employees", "Internal": ""}
    assert (settings.country, settings.date_order) == ("JP", "month_first")
    assert (settings.encoding, settings.delimiter, settings.quote) == ("cp932", "\t", "")
    assert (settings.header_line, settings.sheet, settings.timezone) == (3, None, None)
    assert settings.backfill_threshold == 200


def test_mapping_file_wins_over_the_settings_item_by_item(home: Path) -> None:
    settings_file = home / "config/settings.yaml"
    text = settings_file.read_text(encoding="utf-8")
    block = "  expo:\n    country: US\n    timezone: Europe/Berlin\n    backfill_threshold: 7\n"
    block += "    mapping:\n      Team size: company\n      Rolle: title\n"
    settings_file.write_text(text.replace("sources:\n", "sources:\n" + block), encoding="utf-8")
    _map(home, EXPO)
    settings = source_settings(read_project(home), "expo")
    assert (settings.country, settings.timezone) == ("JP", "Europe/Berlin")
    assert settings.backfill_threshold == 7
    expected = {"Team size": "employees", "Rolle": "title", "Internal": ""}
    assert settings.mapping == expected


def test_source_without_configuration_has_the_defaults(home: Path) -> None:
    settings = source_settings(read_project(home), "kontakte")
    assert (settings.mapping, settings.country, settings.date_order) == ({}, None, None)


def test_commented_example_says_nothing(home: Path) -> None:
    project, problems = check_project(home)
    assert project is not None
    assert not problems
    assert not project.mappings["example"].model_fields_set


def test_source_may_be_named_like_any_file(home: Path) -> None:
    _map(home, "country: JP\n", "名刺 2026 (展示会)")
    assert source_settings(read_project(home), "名刺 2026 (展示会)").country == "JP"


@pytest.mark.parametrize(
    ("text", "expected", "suggestion"),
    [
        ("columns:\n  Team: employes\n", ("unknown_lead_field", 2, 9), "employees"),
        ("timezone: Asia/Tokio\n", ("unknown_time_zone", 1, 11), "Asia/Tokyo"),
        ("date_order: mont_first\n", ("unknown_word", 1, 13), "month_first"),
        ("encoding: cp923\n", ("unknown_word", 1, 11), "cp932"),
        ("delimeter: tab\n", ("extra_forbidden", 1, 1), "delimiter"),
        ('delimiter: "\\""\n', ("delimiter_expected", 1, 12), ""),
        ("delimiter: 1\n", ("delimiter_expected", 1, 12), ""),
        ("delimiter: semikolon\n", ("delimiter_expected", 1, 12), "semicolon"),
        ("delimiter: Tabs\n", ("delimiter_expected", 1, 12), "tab"),
        ("delimiter: \\t\n", ("delimiter_expected", 1, 12), ""),
        ("delimiter: x\n", ("delimiter_expected", 1, 12), ""),
        ("quote: doubel\n", ("unknown_word", 1, 8), "double"),
        ("header_line: 0\n", ("out_of_range", 1, 14), ""),
        ("backfill_threshold: many\n", ("number_expected", 1, 21), ""),
        ("columns: [a]\n", ("mapping_expected", 1, 1), ""),
    ],
)
def test_fault_of_a_mapping_file_has_its_place_and_the_nearest_word(
    home: Path, text: str, expected: tuple[str, int, int], suggestion: str
) -> None:
    path = _map(home, text)
    _, (problem,) = check_project(home)
    assert (problem.code, problem.line, problem.column) == expected
    assert (problem.file, problem.suggestion) == ("config/mappings/expo.yaml", suggestion)
    with pytest.raises(ConfigError) as caught:
        read_mapping(path)
    assert [each.code for each in caught.value.problems] == [expected[0]]
    assert str(path) in caught.value.say("ja")


@pytest.mark.parametrize(
    ("written", "sign"),
    [
        ("Semicolon", ";"),
        ("TAB", "\t"),
        ("'||'", "||"),
        ('"\\t"', "\t"),
        ("'，'", "，"),
        ("'^'", "^"),
    ],
)
def test_delimiter_is_a_name_or_signs(home: Path, written: str, sign: str) -> None:
    assert read_mapping(_map(home, f"delimiter: {written}\n")).delimiter == sign


@pytest.mark.parametrize("name", ["utf-16", "utf-32"])
def test_encoding_may_leave_the_order_of_bytes_open(home: Path, name: str) -> None:
    assert read_mapping(_map(home, f"encoding: {name}\n")).encoding == name


def test_custom_field_may_be_the_target_of_a_mapping(home: Path) -> None:
    path = _map(home, "columns:\n  Plan: tier\n")
    settings_file = home / "config/settings.yaml"
    text = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(text.replace("fields: {}", "fields: {tier: text}"), encoding="utf-8")
    assert source_settings(read_project(home), "expo").mapping == {"Plan": "tier"}
    assert read_mapping(path, custom=["tier"]).columns == {"Plan": "tier"}


def test_mapping_that_is_named_stands_in_for_that_of_the_project(home: Path) -> None:
    _map(home, EXPO)
    other = home / "other.yaml"
    other.write_text("delimiter: ';'\n", encoding="utf-8")
    settings = source_settings(read_project(home), "expo", mapping=read_mapping(other))
    assert (settings.delimiter, settings.country, settings.mapping) == (";", None, {})


@pytest.mark.parametrize(
    ("data", "code"), [(None, "file_unreadable"), (b"columns: \x82\xa0", "bad_encoding")]
)
def test_mapping_that_cannot_be_read_is_an_error(
    tmp_path: Path, data: bytes | None, code: str
) -> None:
    path = tmp_path / "expo.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_mapping(path)
    assert [each.code for each in caught.value.problems] == [code]
    assert ":0:0" not in caught.value.say("en")
    assert "leadline check" not in caught.value.say("en")


def test_mapping_that_is_missing_is_told_from_a_folder_and_from_another_encoding(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "cp932.yaml").write_bytes("columns: {会社: company}".encode("cp932"))
    expected = {
        "gone.yaml": ("it is not there", "ファイルがありません"),
        "folder.yaml": ("it is a folder", "フォルダです"),
        "cp932.yaml": ("save it as UTF-8", "UTF-8 で保存し直してください"),
    }
    for name, (english, japanese) in expected.items():
        with pytest.raises(MappingError) as caught:
            read_mapping(tmp_path / name)
        assert english in caught.value.say("en")
        assert japanese in caught.value.say("ja")


def test_other_files_beside_the_mappings_are_told(home: Path) -> None:
    (home / "config/mappings/expo.yml").write_text("country: JP\n", encoding="utf-8")
    _, (problem,) = check_project(home)
    assert (problem.code, problem.is_warning) == ("unknown_file", True)
