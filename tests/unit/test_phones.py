"""Phone numbers in columns, of every country that the library knows, and of many writings."""

from __future__ import annotations

import random

import phonenumbers
import pyarrow as pa
import pytest

from leadline.domain import phone_columns
from leadline.domain.column_values import code_cells
from leadline.domain.phone_columns import read_phones
from leadline.domain.reach import read_phone

FORMATS = (
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.E164,
)
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _in_columns(cells: list[str], regions: list[str]) -> list[str | None]:
    countries = code_cells(pa.array(regions), anyway=True)
    assert countries is not None
    found: list[str | None] = read_phones(pa.array(cells), countries).values.to_list()
    return found


def _digits(chance: random.Random, fewest: int, most: int) -> str:
    return "".join(chance.choices("0123456789", k=chance.randrange(fewest, most)))


def _number(region: str, chance: random.Random) -> str:
    """Return a number of a region, or digits that may be none."""
    code = phonenumbers.country_code_for_region(region)
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    kind = chance.randrange(5)
    if kind < 3 and example:
        text = phonenumbers.format_number(example, chance.choice(FORMATS))
        return "".join(
            chance.choice("0123456789") if sign.isdigit() and chance.random() < 0.2 else sign
            for sign in text
        )
    if kind == 3:
        return chance.choice(("", "0", "00", "1", "8")) + _digits(chance, 2, 14)
    return f"+{code}{chance.choice(('', '0', '(0)', '1', '8'))}{_digits(chance, 4, 13)}"


def _signed(text: str, chance: random.Random) -> str:
    """Return a number with signs between its digits, now and then in full width."""
    signs = (sign + (chance.choice(" -.()/ ") if chance.random() < 0.2 else "") for sign in text)
    return "".join(signs).translate(WIDE if chance.random() < 0.1 else {})


def test_numbers_of_every_country_say_in_columns_what_they_say_one_by_one() -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable, and no secret
    regions = sorted(phonenumbers.SUPPORTED_REGIONS) * 15
    cells = [_signed(_number(region, chance), chance) for region in regions]
    expected = [read_phone(cell, region) for cell, region in zip(cells, regions, strict=True)]
    found = _in_columns(cells, regions)
    rows = zip(cells, regions, found, expected, strict=True)
    assert [row for row in rows if row[2] != row[3]] == []
    assert sum(number is not None for number in expected) > len(cells) * 0.4


def test_usual_numbers_are_read_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {
        "JP": "03-1114-1658|０９０－０１２３－４５６７|0120(123)456|+81 3 1114 1658",
        "US": "(206) 555-0183|206.555.0183|1-206-555-0183|+1 206 555 0183",
        "DE": "030 23125 001|+49 30 23125001|+49 (0)30 23125-001|(030) 23125/001",
        "GB": "020 7946 0123|+44 20 7946 0123|+44 (0)20 7946 0123",
        "FR": "01 99 00 12 34|+33 1 99 00 12 34",
        "IT": "06 5550 1234|+39 06 5550 1234",
        "DK": "32 12 34 56|+45 32 12 34 56",
        "BR": "(11) 5550-1234|+55 11 5550-1234",
        "CN": "010 5550 1234|+86 10 5550 1234",
    }
    cells = [(cell, name) for name, texts in numbers.items() for cell in texts.split("|")] * 8
    expected = [read_phone(cell, name) for cell, name in cells]
    monkeypatch.setattr(phone_columns, "read_phone", lambda *_: "asked")
    assert _in_columns([cell for cell, _ in cells], [name for _, name in cells]) == expected
    assert None not in expected


@pytest.mark.parametrize(
    "cell", ["n/a", "-", "TBD", "000", "0000000000", "2222222222", "12", "+", "x" * 300]
)
@pytest.mark.parametrize("region", ["US", "JP", "DE"])
def test_cell_without_a_number_is_none_in_columns_too(cell: str, region: str) -> None:
    assert read_phone(cell, region) is None
    assert _in_columns([cell] * 9, [region] * 9) == [None] * 9


def test_number_without_a_country_is_none_unless_it_names_one() -> None:
    assert (
        _in_columns(["206 555 0183", "+1 206 555 0183"] * 9, [""] * 18)
        == [
            None,
            "+12065550183",
        ]
        * 9
    )
