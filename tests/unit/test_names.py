"""Parts of a full name and of an address in one cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.intake import Lead, SourceContext, decide_intake
from leadline.domain.names import split_name
from leadline.domain.streets import NOWHERE, split_address

AMERICAN = SourceContext("web", "US", "UTC", "month_first")
JAPANESE = SourceContext("eight", "JP", "Asia/Tokyo", "year_first")


@pytest.mark.parametrize(
    ("full", "country", "family", "given_name"),
    [
        ("山田 太郎", "JP", "山田", "太郎"),
        ("山田 太郎 様", "JP", "山田", "太郎"),
        ("佐々木 くみ子", None, "佐々木", "くみ子"),
        ("山田 太郎（ヤマダ タロウ）", "JP", "山田", "太郎"),
        ("ジョン・スミス", "JP", "スミス", "ジョン"),
        ("王小明", "CN", "王", "小明"),
        ("欧阳娜娜", "CN", "欧阳", "娜娜"),
        ("김철수", "KR", "김", "철수"),
        ("John Smith", "US", "Smith", "John"),
        ("Mary Ann Smith", "US", "Smith", "Mary Ann"),
        ("J. R. R. Tolkien", "GB", "Tolkien", "J. R. R."),
        ("Smith, John", "US", "Smith", "John"),
        ("van Gogh, Vincent", "NL", "van Gogh", "Vincent"),
        ("John Smith, PhD", "US", "Smith", "John"),
        ("Martin King Jr.", "US", "King", "Martin"),
        ("Mr. Martin King III", "US", "King", "Martin"),
        ("Dr. Ludwig van der Berg", "NL", "van der Berg", "Ludwig"),
        ("Leonardo da Vinci", None, "da Vinci", "Leonardo"),
        ("Herr Klaus Müller", "DE", "Müller", "Klaus"),
        ("Juan García López", "ES", "García López", "Juan"),
        ("María José de la Cruz", "MX", "de la Cruz", "María José"),
        ("YAMADA Taro", "JP", "YAMADA", "Taro"),
        ("Jean DUPONT", "FR", "DUPONT", "Jean"),
    ],
)
def test_full_name_is_split_by_its_form(
    full: str, country: str | None, family: str, given_name: str
) -> None:
    assert split_name(full, country=country) == (family, given_name)


@pytest.mark.parametrize(
    ("full", "country"),
    [
        ("山田太郎", "JP"),
        ("スズキ タロウ", "JP"),
        ("山田 Maria", "JP"),
        ("Taro Yamada", "JP"),
        ("Madonna", "US"),
        ("Herr Müller", "DE"),
        ("Miss Smith", "GB"),
        ("Anna und Jörg", "DE"),
        ("John S.", "US"),
        ("Smith J.", "US"),
        ("John and Jane Doe", "US"),
        ("Sales Team 2", "US"),
        ("john@example.com", "US"),
        ("Dr.", "US"),
        ("", "US"),
    ],
)
def test_full_name_without_a_certain_form_is_not_split(full: str, country: str) -> None:
    assert split_name(full, country=country) is None


@given(st.text(max_size=40), st.sampled_from([None, "JP", "US", "CN", "KR", "ES"]))
def test_splitting_never_fails_and_never_adds(text: str, country: str | None) -> None:
    name = split_name(text, country=country)
    assert name is None or (name.family and name.given)
    assert name is None or all(word in text for word in (*name.family.split(),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("京都府京都市下京区四条町2-25-19", (None, "京都府", "京都市下京区")),
        ("北海道札幌市中央区北一条西1-20-16", (None, "北海道", "札幌市中央区")),
        ("〒530-0001 大阪府大阪市北区梅田6-19-19", ("530-0001", "大阪府", "大阪市北区")),
        ("５３０－０００１　大阪市北区", ("530-0001", None, "大阪市北区")),
        ("大阪市北区梅田6-19-19", (None, None, "大阪市北区")),
        ("東京都西多摩郡奥多摩町氷川", (None, "東京都", "西多摩郡奥多摩町")),
        ("三重県四日市市諏訪町", (None, "三重県", "四日市市")),
        ("福島県郡山市", (None, "福島県", "郡山市")),
        ("神奈川県横浜市保土ケ谷区川島町", (None, "神奈川県", "横浜市保土ケ谷区")),
        ("東京都町田市原町田", (None, "東京都", "町田市")),
    ],
)
def test_japanese_address_is_taken_apart(
    text: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    assert split_address(text) == expected


@pytest.mark.parametrize("text", ["", "1 Sample Street", "Musterstraße 1, 10115 Berlin", "本社"])
def test_other_addresses_say_nothing(text: str) -> None:
    assert split_address(text) == NOWHERE


def _lead(row: dict[str, str], mapping: dict[str, str], source: SourceContext) -> Lead:
    cells = {"Email": "a@b.example", **row}
    lead = decide_intake(cells, mapping={"Email": "email", **mapping}, source=source, custom={})
    assert isinstance(lead, Lead)
    return lead


def test_parts_of_a_name_are_added_where_the_source_has_no_columns_for_them() -> None:
    lead = _lead({"Name": "John  Smith"}, {"Name": "full_name"}, AMERICAN)
    assert (lead.values["given_name"], lead.values["family_name"]) == ("John", "Smith")
    assert lead.values["full_name"] == "John Smith"
    assert {"given_name", "family_name"} <= lead.guessed


def test_parts_of_a_name_are_not_added_beside_an_empty_column() -> None:
    mapping = {"Name": "full_name", "Last": "family_name"}
    lead = _lead({"Name": "John Smith", "Last": ""}, mapping, AMERICAN)
    assert lead.values["family_name"] is None
    assert "given_name" not in lead.values


def test_parts_of_an_address_are_added_where_the_source_has_no_columns_for_them() -> None:
    row = {"住所": "〒530-0001 大阪府大阪市北区梅田6-19-19", "都道府県": ""}
    lead = _lead(row, {"住所": "address", "都道府県": "region"}, JAPANESE)
    place = {field: lead.values[field] for field in ("postal_code", "region", "city")}
    assert place == {"postal_code": "530-0001", "region": None, "city": "大阪市北区"}
