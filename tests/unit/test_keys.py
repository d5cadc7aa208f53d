"""Keys: the same thing always has the same key, other things never do, and none tells a secret."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.keys import (
    address_hash,
    address_hasher,
    assignment_key,
    match_key_hash,
    match_key_hasher,
    message_id,
    opaque_id,
    post_key,
    reject_key,
    row_key,
    touch_key,
)
from tests.builders import PEPPER

ADDRESS = "lead@example.jp"


def test_key_of_a_touch_is_the_same_at_every_attempt() -> None:
    # stored in databases that exist: another text would send the same step again
    assert touch_key(7, "hello", 0) == "touch:7:hello:0"
    assert assignment_key(7) == "assignment:7"


def test_message_id_is_the_same_for_the_same_key() -> None:
    expected = "<sxfbsh6qnhbfcf6lx7hlnzvmme@example.com>"
    assert expected == message_id("touch:7:hello:0", pepper=PEPPER, domain="example.com")


def test_message_id_says_nothing_of_its_key() -> None:
    assert re.fullmatch("[a-z2-7]{26}", opaque_id("touch:7:hello:0", pepper=PEPPER))


def test_message_ids_differ_by_key_and_by_pepper() -> None:
    ids = {opaque_id(f"touch:{n}:hello:0", pepper=p) for n in range(50) for p in ("a", "b")}
    assert len(ids) == 100


def test_address_is_hashed_without_regard_to_case_and_blanks() -> None:
    assert address_hash(ADDRESS, pepper=PEPPER) == address_hash(" Lead@Example.JP\n", pepper=PEPPER)


def test_hash_of_an_address_cannot_be_made_without_the_pepper() -> None:
    assert address_hash(ADDRESS, pepper="a") != address_hash(ADDRESS, pepper="b")


def test_hashes_of_one_text_for_two_purposes_are_unrelated() -> None:
    found = {
        address_hash("x", pepper=PEPPER)[:32],
        match_key_hash("email", "x", pepper=PEPPER)[:32],
        match_key_hash("phone_name", "x", pepper=PEPPER)[:32],
    }
    assert len(found) == 3


def test_twin_rows_of_a_file_have_keys_of_their_own() -> None:
    first, second = row_key(b"a,b", 1), row_key(b"a,b", 2)
    assert first != second
    assert first == row_key(b"a,b", 1)


def test_row_that_ends_like_a_number_is_not_taken_for_its_twin() -> None:
    assert row_key(b"a", 11) != row_key(b"a1", 1)


def test_row_that_cannot_be_read_never_has_the_key_of_one_that_can() -> None:
    keys = {key(raw, nth) for key in (row_key, reject_key) for raw in (b"", b"a") for nth in (0, 1)}
    assert len(keys) == 8


def test_double_click_is_one_post_and_next_week_is_another() -> None:
    def key(bucket: int) -> str:
        return post_key("contact", b"body", given=None, bucket=bucket)

    assert key(1) == key(1)
    assert key(1) != key(2)


def test_given_key_counts_and_the_body_does_not() -> None:
    posts = [(b"one", 1), (b"two", 2)]
    assert len({post_key("contact", b, given="k", bucket=n) for b, n in posts}) == 1


def test_posts_to_two_forms_are_never_one() -> None:
    given = {post_key(form, b"", given="k", bucket=1) for form in ("contact", "quote")}
    without = {post_key(form, b"", given=None, bucket=1) for form in ("contact", "quote")}
    assert len(given | without) == 4


@pytest.mark.parametrize("pepper", ["a pepper", "x" * 64, "長い" * 40])
@given(kind=st.text(max_size=80), text=st.text(max_size=100))
def test_match_keys_of_many_are_those_of_one(kind: str, text: str, pepper: str) -> None:
    assert match_key_hasher(pepper)(kind, text) == match_key_hash(kind, text, pepper=pepper)


@given(st.text(min_size=1, max_size=100), st.emails())
def test_hash_of_many_addresses_is_that_of_each(pepper: str, address: str) -> None:
    canonical = address.lower()
    assert address_hasher(pepper)(canonical) == address_hash(canonical, pepper=pepper)
