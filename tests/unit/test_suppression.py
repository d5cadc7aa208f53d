"""Addresses as a list of bans states them, and what is said of a text that is none."""

from __future__ import annotations

import pytest

from leadline.domain.suppression import CAUSE_WORDS, CAUSES, FAULTS, find_fault, read_addresses


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        ("Mituru@Ikeda.example", ("mituru@ikeda.example",)),
        (" mailto:a@x.example ", ("a@x.example",)),
        ("鈴木 充 <mituru@ikeda.example>", ("mituru@ikeda.example",)),
        ('"Suzuki, Mituru" <mituru@ikeda.example>', ("mituru@ikeda.example",)),
        ("ｍｉｔｕｒｕ＠ikeda.example", ("mituru@ikeda.example",)),
        ("a@x.example; B@x.example", ("a@x.example", "b@x.example")),
        ("a@x.example、b@x.example", ("a@x.example", "b@x.example")),
        ("a@x.example\nb@x.example", ("a@x.example", "b@x.example")),
        ("a@x.example, a@x.example", ("a@x.example",)),
        ("nobody", ()),
        ("", ()),
    ],
)
def test_every_address_of_a_cell_is_read(cell: str, addresses: tuple[str, ...]) -> None:
    assert read_addresses(cell) == addresses


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("  ", "missing"),
        ("name", "no_at"),
        ("name at example.com", "at_in_words"),
        ("name(at)example.com", "at_in_words"),
        ("example.com", "domain_only"),
        ("@example.com", "domain_only"),
        ("*@example.com", "domain_only"),
        ("a@b@example.com", "several_at"),
        ("name@example,com", "comma"),
        ("na me@example.com", "blank"),
        ("name@example", "no_dot"),
        ("name.@example.com", "double_dot"),
        ("name@example..com", "double_dot"),
        ("name@example.com.", "double_dot"),
        ("a" * 300 + "@example.com", "too_long"),
        ("na<me@example.com", "other"),
    ],
)
def test_fault_of_a_text_is_named(text: str, fault: str) -> None:
    assert read_addresses(text) == ()
    assert find_fault(text) == fault


def test_every_cause_and_fault_has_words_in_both_languages() -> None:
    assert set(CAUSE_WORDS) == set(CAUSES)
    words = [*CAUSE_WORDS.values(), *(word for pair in FAULTS.values() for word in pair)]
    assert all(set(each) == {"en", "ja"} and all(each.values()) for each in words)
