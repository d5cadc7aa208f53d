"""Signs that nobody sees in mail cells; what forms of an address count as one address."""

from __future__ import annotations

import pyarrow as pa
import pytest

from leadline.domain.mail_columns import read_emails
from leadline.domain.reach import read_email, read_phone, read_postal_code


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
        "paul\ufe0f@mail.example\ufe0e",
        "p\u034faul@mail\u3164.example",
        "\u061cpaul@mail.example\U000e0020\U000e0100",
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


#: What the cells of address books and mail programs hold beside the address.
LISTED = [
    "Paul <paul@mail.example>",
    "<paul@mail.example>",
    "Perez, Paul <Paul@mail.example>",
    '"Perez, Paul" <paul@mail.example>',
    "'paul@mail.example' <paul@mail.example>",
    "橋本 <paul@mail.example>",
    "Ｐａｕｌ　＜ｐａｕｌ＠ｍａｉｌ．ｅｘａｍｐｌｅ＞",
    "<mailto:paul@mail.example>",
    "mailto:paul@mail.example",
    "paul@mail.example ::: ann@mail.example",
    "paul@mail.example; ann@mail.example",
    "paul@mail.example,ann@mail.example,",
    "paul@mail.example;",
    "Perez, Paul <paul@mail.example>; Allen, Ann <ann@mail.example>",
]


@pytest.mark.parametrize("cell", LISTED)
def test_first_address_counts_without_the_name_before_it(cell: str) -> None:
    assert read_email(cell) == "paul@mail.example"


def test_first_address_counts_in_columns_too_and_the_rest_is_kept_as_written() -> None:
    found = read_emails([pa.array(LISTED)])
    assert found.values.to_list() == ["paul@mail.example"] * len(LISTED)
    assert found.written.to_list() == LISTED


@pytest.mark.parametrize(
    "cell",
    [
        *("a@mail.example/b@mail.example", "a@mail.example b@mail.example", "Paul <paul>"),
        *("a@mail.example; none", "none; a@mail.example", "a@mail.example <b@mail.example>"),
        *("a@mail.example <", "<a@mail.example> b", "Paul a@mail.example", "a,b@mail.example"),
        *(";", ",a@mail.example", "<>", "a@mail.example;" * 999),
    ],
)
def test_cell_that_holds_more_than_addresses_is_none(cell: str) -> None:
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
        ("600001", "JP", "060-0001"),
        ("600001", "US", "600001"),
        ("600001.0", "JP", "060-0001"),
        ("1500001.0", "JP", "150-0001"),
        ("60001", "JP", "60001"),
        ('="0600001"', "JP", "060-0001"),
        ('="02110"', "US", "02110"),
        ("'02110", "US", "02110"),
        ("'s-Gravenhage", "NL", "'s-Gravenhage"),
        (" ", "JP", None),
    ],
)
def test_postal_code_is_brought_into_the_shape_of_its_country(
    cell: str, country: str, code: str | None
) -> None:
    assert read_postal_code(cell, country) == code


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [
        ("312341234.0", "JP", "+81312341234"),
        ("９０１２３４５６７８．０", "JP", "+819012345678"),
        ("09012345678.0", "JP", "+819012345678"),
        ("4155550100.00", "US", "+14155550100"),
        ("415.555.0100", "US", "+14155550100"),
        ("9012345678", "JP", "+819012345678"),
        ('="0312341234"', "JP", "+81312341234"),
        ("'0312341234", "JP", "+81312341234"),
        ("'+81 3-1234-1234", None, "+81312341234"),
    ],
)
def test_phone_number_is_freed_of_what_programs_put_around_it(
    cell: str, country: str | None, number: str
) -> None:
    assert read_phone(cell, country) == number


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [
        ("03-1234-1234(代)", "JP", "+81312341234"),
        ("03-1234-1234（代表）", "JP", "+81312341234"),
        ("03-1234-1234【直通】", "JP", "+81312341234"),
        ("03-1234-1234代表", "JP", "+81312341234"),
        ("03-1234-1234 内線12 (代)", "JP", "+81312341234"),
        ("090-1234-5678（携帯） 内線12", "JP", "+819012345678"),
        ("(415) 555-0100 (cell)", "US", "+14155550100"),
        ("(415) 555-0100 - main office", "US", "+14155550100"),
        ("030 23125 123 (Zentrale)", "DE", "+493023125123"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("1-800-555 TALK", "US", "+18005558255"),
        ("555-010 (main)", "US", None),
        ("(cell)", "US", None),
        ("000 (main)", "US", None),
    ],
)
def test_note_behind_a_phone_number_does_not_count(
    cell: str, country: str, number: str | None
) -> None:
    assert read_phone(cell, country) == number


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [
        ("+1 415-555-0100 ::: +1 212-555-0100", None, "+14155550100"),
        ("+1 415-555-0100 +1 212-555-0100", None, "+14155550100"),
        ("(415) 555-0100 (212) 555-0101", "US", "+14155550100"),
        ("03-1234-1234 03-5678-5678", "JP", "+81312341234"),
        ("03-1234-1234(代) / 090-1234-5678(携帯)", "JP", "+81312341234"),
        ("03-1234-1234 5678-5678", "JP", None),
    ],
)
def test_first_of_several_phone_numbers_counts(
    cell: str, country: str | None, number: str | None
) -> None:
    assert read_phone(cell, country) == number


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ('="ann@mail.example"', "ann@mail.example"),
        ('=HYPERLINK("mailto:ann@mail.example","ann@mail.example")', "ann@mail.example"),
        ('=HYPERLINK("mailto:Ann@mail.example";"Ann")', "ann@mail.example"),
        ('=HYPERLINK("https://mail.example","ann@mail.example")', "ann@mail.example"),
        ('=HYPERLINK("https://mail.example","Ann")', None),
        ("'ann@mail.example", "'ann@mail.example"),
    ],
)
def test_formula_around_an_address_does_not_count(cell: str, email: str | None) -> None:
    assert read_email(cell) == email
