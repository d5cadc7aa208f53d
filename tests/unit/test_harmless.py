"""Names that strangers typed: advertisements are told from names, whatever their spelling."""

from __future__ import annotations

import pytest

from leadline.rendering.answers import addressee
from leadline.rendering.contexts import address_name
from leadline.rendering.harmless import is_harmless, one_line

ADVERTISEMENTS = [
    "evil.com",
    "evil.photography",
    "EVIL.Tokyo now",
    "evil。com",
    "www.x",
    "evil．com",
    "evil｡com",
    "evil․com",
    "evil·com",
    "e\u200bv.\u200bi\u200bl",
    "evil\u2060.\u2060com",
    "evil.\ufe0fcom",
    "evil.\u3164com",
    "evil.例え",
    "evil .com",
    "1evil.co",
    "evil[.]com",
    "evil(dot)com",
    "evil [ dot ] com",
    "evil dot com",
    "evilドットコム",
    "bit/x",
    "ｅｖｉｌ／ｘ",
    "evil∕x",
    "a@b",
    "a＠b",
    "a (at) b",
    "1.1.1.1",
    "03-1234-5678",
    "０３−１２３４−５６７８",
    "03–12–34",
    "03ー1234ー5678",
    "03・1234・5678",
    "03_1234_5678",
    "03 1234 5678",
    "03\u30001234\u30005678",
    "(03)1234.5678",
    "①②③④⑤⑥",
    "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣",
    "٠٩٠١٢٣",
    "〇九〇一二三四五六七八",
    "0\u200d3\u200d1\u200d2\u200d3\u200d4",
    "a" * 61,
]
NAMES = [
    *("St. Mary", "Co., Ltd.", "Ikeda Co., Ltd.", "Dr. No", "J. R. R.", "Ph.D", "O'Brien"),
    *("Anne-Marie", "マイケル・スミス", "山田 一二三", "株式会社スリーエー", "7 & i", "3M Co."),
    *("Forum 21", "Dot Smith", "鈴木　充", "A" * 60, "12345", "Müller & Söhne GmbH"),
]


@pytest.mark.parametrize("text", ADVERTISEMENTS)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_advertisement_is_never_repeated(text: str, lang: str) -> None:
    nobody = address_name({}, lang)
    assert address_name({"given_name": text}, lang) == nobody
    assert address_name({"full_name": f"Bo {text}"}, lang) == nobody
    for field in ("given_name", "family_name", "full_name"):
        assert addressee({"given_name": "Bo", field: text}, lang)["name"] == nobody
    assert addressee({"company": text}, lang)["company"] == ""


@pytest.mark.parametrize("text", NAMES)
def test_name_is_repeated_as_it_was_typed(text: str) -> None:
    assert is_harmless(one_line(text))
    assert addressee({"company": text}, "en")["company"] == one_line(text)


def test_advertisement_in_two_halves_is_none() -> None:
    said = {"given_name": "evil", "family_name": ".com"}
    assert address_name(said, "ja") == address_name({}, "ja")
    said = {"given_name": "90 12", "family_name": "34 56"}
    assert addressee(said, "ja")["name"] == address_name({}, "ja")


def test_signs_that_nobody_sees_are_left_out() -> None:
    said = {"company": "Ike\u202eda\u200b\ufe0f \n Ltd.", "given_name": "Bo\u202e"}
    assert addressee(said, "en") == {"name": "Bo", "company": "Ikeda Ltd."}
