"""Signs that nobody sees in mail cells; what forms of an address count as one address."""

from __future__ import annotations

import pytest

from leadline.domain.reach import read_email, read_postal_code


@pytest.mark.parametrize(
    "cell",
    [
        "paul\u200b@mail.example",
        "\u200epaul@mail.example",
        "\u202apaul@mail.example\u202c",
        "paul@mail\u00ad.example",
        "\u2066paul@mail.example\u2069 ",
        "pa\u200dul@ma\u200cil.example",
        "\ufeffmailto:paul@mail.example",
        "ｐａｕｌ＠ｍａｉｌ．ｅｘａｍｐｌｅ",
        "paul@mail。example",
        "paul@mail｡example",
    ],
)
def test_signs_that_nobody_sees_and_wide_letters_do_not_count(cell: str) -> None:
    assert read_email(cell) == "paul@mail.example"


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ("paul+Q4+web@mail.example", "paul+q4+web@mail.example"),
        ("太郎@例え.test", "太郎@xn--r8jz45g.test"),
    ],
)
def test_tags_and_other_scripts_stay(cell: str, email: str) -> None:
    assert read_email(cell) == email


@pytest.mark.parametrize(
    "cell", ["Paul <paul@mail.example>", "<paul@mail.example>", "a@mail.example/b@mail.example"]
)
def test_cell_that_holds_more_than_an_address_is_none(cell: str) -> None:
    assert read_email(cell) is None


@pytest.mark.parametrize(
    ("cell", "country", "code"),
    [
        ("〒１００－０００１", "JP", "100-0001"),
        ("1000001", "JP", "100-0001"),
        ("〒100-0001", "US", "100-0001"),
        ("02110", "US", "02110"),
        ("SW1A 1AA", "GB", "SW1A 1AA"),
        ("100-0001x", "JP", "100-0001x"),
        (" ", "JP", None),
    ],
)
def test_postal_code_is_brought_into_the_shape_of_its_country(
    cell: str, country: str, code: str | None
) -> None:
    assert read_postal_code(cell, country) == code
