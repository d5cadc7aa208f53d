"""Countries, regions and zones by the names that people type."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from leadline.domain.countries import COUNTRY_LINES, GERMAN_NAMES
from leadline.domain.places import find_country, find_region, region_code, zone_for


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US", "US"),
        (" usa ", "US"),
        ("u.s.", "US"),
        ("United States of America", "US"),
        ("米国", "US"),
        ("Great Britain", "GB"),
        ("the Netherlands", "NL"),
        ("Deutschland", "DE"),
        ("日本", "JP"),
        ("ＪＡＰＡＮ", "JP"),
        ("Côte d’Ivoire", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("대한민국", "KR"),
        ("Viet Nam", "VN"),
        ("Schweiz", "CH"),
        ("GROSSBRITANNIEN", "GB"),
        ("Großbritannien", "GB"),
        ("Vereinigte Staaten", "US"),
        ("Türkei", "TR"),
        ("Tschechische Republik", "CZ"),
        ("CH-Schweiz", "CH"),
        ("DE - Germany", "DE"),
        ("Deutschland (DE)", "DE"),
        ("日本（Japan）", "JP"),
        ("Korea, Republic of", "KR"),
        ("Virgin Islands, British", "VG"),
        ("Guinea-Bissau", "GW"),
        ("D", "DE"),
        ("A", "AT"),
        ("CH", "CH"),
    ],
)
def test_country_is_found_by_code_name_and_alias(text: str, code: str) -> None:
    assert find_country(text) == code


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "Atlantis", "(617) 555-0196", "-", "Japan" * 99),
        *("Germany, Austria", "DE - Austria", "DE - Atlantis", "CA, US", "Atlanta, Georgia", "X"),
        *("n/a", "N.A.", "#N/A"),
    ],
)
def test_country_is_none_for_anything_else(text: str) -> None:
    assert find_country(text) is None


def test_every_country_is_found_by_both_its_names() -> None:
    for line in COUNTRY_LINES.splitlines():
        code, _, english, japanese = line.split("|")[:4]
        assert (find_country(english), find_country(japanese)) == (code, code)


def test_every_zone_exists() -> None:
    zones = {line.split("|")[1] for line in COUNTRY_LINES.splitlines()} - {""}
    assert all(ZoneInfo(zone).key == zone for zone in zones)


@pytest.mark.parametrize(
    ("text", "country", "name"),
    [
        ("CA", "US", "California"),
        ("mn", "US", "Minnesota"),
        ("New York ", "US", "New York"),
        ("HAWAII", "US", "Hawaii"),
        ("Washington, D.C.", "US", "District of Columbia"),
        ("US-ND", "US", "North Dakota"),
        ("ON", "CA", "Ontario"),
        ("Québec", "CA", "Quebec"),
        ("WA", "AU", "Western Australia"),
        ("NSW", "AU", "New South Wales"),
        ("東京", "JP", "東京都"),
        ("大阪", None, "大阪府"),
        ("京都府", "JP", "京都府"),
        ("北海道", "JP", "北海道"),
        ("JP-47", "JP", "沖縄県"),
        ("Tokyo", "JP", "Tokyo"),
        ("Tōkyō-to", "JP", "Tokyo"),
        ("aichi prefecture", "JP", "Aichi"),
        ("Île-de-France ", "FR", "Île-de-France"),
        ("England", "GB", "England"),
        ("CA", None, "CA"),
        (" " * 100 + "CA", "US", "CA"),
    ],
)
def test_region_is_given_by_its_full_name(text: str, country: str | None, name: str) -> None:
    assert find_region(text, country) == name


@pytest.mark.parametrize(
    ("country", "region", "zone"),
    [
        ("JP", "東京都", "Asia/Tokyo"),
        ("US", "California", "America/Los_Angeles"),
        ("US", "AZ", "America/Phoenix"),
        ("US", "Hawaii", "Pacific/Honolulu"),
        ("US", None, "America/New_York"),
        ("US", "Atlantis", "America/New_York"),
        ("CA", "BC", "America/Vancouver"),
        ("AU", "Western Australia", "Australia/Perth"),
        ("DE", "Berlin", "Europe/Berlin"),
        ("AQ", None, None),
        ("XX", None, None),
        (None, "California", None),
    ],
)
def test_zone_is_that_of_region_or_capital(
    country: str | None, region: str | None, zone: str | None
) -> None:
    assert zone_for(country, region) == zone


def test_all_prefectures_and_states_have_zones() -> None:
    prefectures = [find_region(f"JP-{number:02d}", "JP") for number in range(1, 48)]
    assert len(set(prefectures)) == 47
    assert {zone_for("JP", name) for name in prefectures} == {"Asia/Tokyo"}
    assert zone_for("US", "Guam") == "Pacific/Guam"


def test_every_country_is_found_by_its_german_name() -> None:
    for entry in GERMAN_NAMES.split(","):
        code, name = entry.split(" ", 1)
        assert find_country(name) == code


@pytest.mark.parametrize(
    ("region", "country", "code"),
    [
        ("東京都", "JP", "JP-13"),
        ("東京", None, "JP-13"),
        ("Tokyo", "JP", "JP-13"),
        ("北海道", "JP", "JP-01"),
        ("沖縄県", "JP", "JP-47"),
        ("California", "US", "US-CA"),
        ("CA", "US", "US-CA"),
        ("Ontario", "CA", "CA-ON"),
        ("Western Australia", "AU", "AU-WA"),
        ("Bayern", "DE", "DE-BY"),
        ("Bavaria", "DE", "DE-BY"),
        ("Île-de-France", "FR", "FR-IDF"),
        ("England", "GB", "GB-ENG"),
        ("Tokyo", "US", None),
        ("Atlantis", "DE", None),
        ("Bayern", "XX", None),
        ("California", None, None),
        ("", "US", None),
        ("x" * 101, "US", None),
    ],
)
def test_region_has_its_code(region: str, country: str | None, code: str | None) -> None:
    assert region_code(region, country) == code


def test_prefectures_have_their_numbers_of_the_japanese_standard() -> None:
    names = [find_region(f"JP-{number:02d}", "JP") for number in range(1, 48)]
    codes = [f"JP-{number:02d}" for number in range(1, 48)]
    assert [region_code(name, "JP") for name in names] == codes


@pytest.mark.parametrize(
    ("text", "country", "region"),
    [
        ("13", "US", None),
        ("０３", "DE", None),
        ("13", "JP", "13"),
        ("75", "FR", "75"),
        ("13", None, "13"),
        ("13th District", "US", "13th District"),
    ],
)
def test_number_is_no_region_where_regions_have_no_numbers(
    text: str, country: str | None, region: str | None
) -> None:
    assert find_region(text, country) == region
    assert region is not None or region_code(text, country) is None
