"""Japanese postal codes tell prefecture and city, offline and from any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leadline.domain.derived import PostalPlace, derive
from leadline.files.postal_codes import find_places


@pytest.mark.parametrize(
    ("code", "region", "city"),
    [
        ("100-0001", "東京都", "千代田区"),
        ("060-0001", "北海道", "札幌市中央区"),
        ("530-0001", "大阪府", "大阪市北区"),
        ("900-0001", "沖縄県", "那覇市"),
        ("604-8005", "京都府", "京都市中京区"),
        ("100-8111", "東京都", "千代田区"),  # the code of one office
    ],
)
def test_postal_code_tells_prefecture_and_city(code: str, region: str, city: str) -> None:
    assert find_places([code]) == {code: PostalPlace(region, city)}


@pytest.mark.parametrize("code", ["000-0000", "999-9999", "12345", "", "１００-0001"])
def test_code_that_nobody_has_tells_nothing(code: str) -> None:
    assert find_places([code]) == {}


def test_codes_are_looked_up_from_several_threads() -> None:
    codes = [f"{number:03d}-0000" for number in range(1, 400)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(find_places, [codes[start::4] for start in range(4)]))
    assert {code for part in found for code in part} == set(find_places(codes))
    assert sum(map(len, found)) > 200


def test_region_and_city_follow_from_the_code_where_the_source_has_no_such_column() -> None:
    values = {"email": "paul@mail.example", "postal_code": "060-0001", "country": "JP"}
    derived = derive(values, country="US", find_places=find_places)
    assert (derived["region"], derived["city"]) == ("北海道", "札幌市中央区")
    assert derived["region_code"] == "JP-01"


def test_column_that_is_there_and_empty_stays_empty() -> None:
    values = {"email": "paul@mail.example", "postal_code": "060-0001", "region": None}
    derived = derive(values, country="JP", find_places=find_places)
    assert "region" not in derived
    assert derived["city"] == "札幌市中央区"


def test_code_of_another_country_tells_no_prefecture() -> None:
    values = {"email": "paul@mail.example", "postal_code": "060-0001", "country": "PT"}
    assert "region" not in derive(values, country="JP", find_places=find_places)
