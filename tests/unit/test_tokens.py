"""Tokens: read by whoever has the keys, for one purpose, until they end, and by nobody else."""

from __future__ import annotations

import base64
import itertools
import string
from datetime import timedelta

import pytest

from leadline.domain.tokens import Purpose, read_end, read_ended, read_token, sign_token
from tests.builders import NOW

FIRST, SECOND, THIRD = "first key", "second key", "third key"


def a_token(*keys: str, purpose: Purpose = "unsubscribe", hours: int | None = None) -> str:
    end = None if hours is None else NOW + timedelta(hours=hours)
    return sign_token(purpose, "7bwluewhl2kx", keys=keys or (FIRST,), expires_at=end)


def read(token: str, *keys: str, purpose: Purpose = "unsubscribe", hours: int = 0) -> str | None:
    now = NOW + timedelta(hours=hours)
    return read_token(purpose, token, keys=keys or (FIRST,), now=now)


def test_unsubscribe_link_works_after_two_rotations_and_twenty_years() -> None:
    token = a_token(FIRST)
    assert read(token, FIRST, SECOND) == "7bwluewhl2kx"
    assert read(token, FIRST, SECOND, THIRD, hours=175_000) == "7bwluewhl2kx"


def test_newest_key_signs() -> None:
    token = a_token(FIRST, SECOND)
    assert (read(token, SECOND), read(token, FIRST)) == ("7bwluewhl2kx", None)


def test_token_of_a_key_that_was_taken_away_is_refused() -> None:
    assert read(a_token(FIRST), SECOND, THIRD) is None


@pytest.mark.parametrize(
    ("made_for", "used_for"), list(itertools.permutations(("unsubscribe", "assignment")))
)
def test_token_of_one_purpose_is_worth_nothing_for_another(
    made_for: Purpose, used_for: Purpose
) -> None:
    assert read(a_token(purpose=made_for), purpose=used_for) is None


def test_token_lives_until_the_second_of_its_end() -> None:
    token = a_token(hours=4)
    assert read(token, hours=4) == "7bwluewhl2kx"
    assert read(token, hours=5) is None


def test_token_with_any_character_changed_is_refused() -> None:
    token = a_token()
    forged = [
        token[:n] + ("A" if sign != "A" else "B") + token[n + 1 :] for n, sign in enumerate(token)
    ]
    assert {read(each) for each in forged} == {None}


def test_token_has_one_spelling() -> None:
    token = sign_token("asset", "abc", keys=["k"], expires_at=NOW)
    letters = string.ascii_letters + string.digits + "-_"
    later = NOW + timedelta(seconds=1)
    spelled = [token[:-1] + sign for sign in letters if sign != token[-1]]
    spelled += [f"{token}=", f"{token}!", f"{token[:-1]}!{token[-1]}"]
    for each in spelled:
        assert read_token("asset", each, keys=["k"], now=NOW) is None
        assert read_ended("asset", each, keys=["k"], now=later) is None
        assert read_end("asset", each, keys=["k"]) is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "....", "\0", "日本語", "a" * 10_000])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert read(text) is None


def test_end_cannot_be_cut_off() -> None:
    payload = base64.urlsafe_b64encode(b'["7bwluewhl2kx",null]').rstrip(b"=").decode()
    assert read(f"{payload}.{a_token(hours=1).rpartition('.')[2]}") is None


def test_token_holds_the_opaque_id_and_nothing_else() -> None:
    payload = a_token(hours=1).split(".")[0]
    held = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert held == b'["7bwluewhl2kx",%d]' % int((NOW + timedelta(hours=1)).timestamp())


def test_token_whose_life_has_ended_still_tells_whose_it_was() -> None:
    end = NOW
    token = sign_token("asset", "abc", keys=["k"], expires_at=end)
    later = end + timedelta(seconds=1)
    assert read_end("asset", token, keys=["k"]) == end
    assert read_ended("asset", token, keys=["k"], now=later) == "abc"
    assert read_ended("asset", token, keys=["k"], now=end) is None
    assert read_ended("confirmation", token, keys=["k"], now=later) is None
    assert read_ended("asset", f"{token}x", keys=["k"], now=later) is None
    assert read_end("asset", f"{token}x", keys=["k"]) is None
