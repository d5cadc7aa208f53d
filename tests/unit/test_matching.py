"""Joining two statements about one lead: the newer wins where it speaks, groups stay whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadline.domain.matching import join_values, newest_wins
from tests.builders import NOW

FIELDS = (
    *(
        "email",
        "full_name",
        "given_name",
        "family_name",
        "title",
        "consent",
        "employees",
        "employees_min",
        "employees_max",
    ),
    *("request", "request_rule", "country", "region", "city", "postal_code", "address"),
)
TOKYO = {"country": "JP", "region": "東京都", "postal_code": "100-0001"}
OSAKA = {"country": "JP", "region": "大阪府"}


def a_statement(**said: object) -> dict[str, Any]:
    """Return what one submission says; the fields that it leaves out are None."""
    return dict.fromkeys(FIELDS) | {"email": "lead@example.jp"} | said


def joined(old: dict[str, Any], new: dict[str, Any], *, is_newer: bool = True) -> dict[str, Any]:
    statements = a_statement(**old), a_statement(**new)
    return join_values(*statements, is_newer=is_newer, is_consent_newer=is_newer)


@pytest.mark.parametrize(
    ("title", "is_newer"), [("部長", True), ("課長", False)], ids=["newer", "older"]
)
def test_newer_statement_wins(title: str, *, is_newer: bool) -> None:
    assert title == joined({"title": "課長"}, {"title": "部長"}, is_newer=is_newer)["title"]


@pytest.mark.parametrize("is_newer", [True, False])
def test_blank_is_filled_by_whichever_speaks(*, is_newer: bool) -> None:
    found = joined({"title": "課長"}, {"full_name": "鈴木 充"}, is_newer=is_newer)
    assert (found["title"], found["full_name"]) == ("課長", "鈴木 充")


def test_place_is_taken_as_a_whole() -> None:
    found = joined(TOKYO, OSAKA)
    assert (found["region"], found["postal_code"]) == ("大阪府", None)


def test_place_stays_when_the_newer_statement_names_none() -> None:
    assert joined(TOKYO, {"title": "部長"})["postal_code"] == "100-0001"


@pytest.mark.parametrize("is_newer", [True, False])
def test_name_and_its_parts_are_of_one_person(*, is_newer: bool) -> None:
    names = ("full_name", "given_name", "family_name")
    old = dict(zip(names, ("山田 太郎", "太郎", "山田"), strict=True))
    new = dict(zip(names, ("鈴木 花子", None, "鈴木"), strict=True))
    found = joined(old, new, is_newer=is_newer)
    assert {name: found[name] for name in names} == (new if is_newer else old)


@pytest.mark.parametrize("name", ["Lisa", "Ray, Lisa", "Lisa M. Ray", "LISA RAY"])
def test_same_name_in_other_words_keeps_the_parts_that_are_known(name: str) -> None:
    old = {"full_name": "Lisa Ray", "given_name": "Lisa", "family_name": "Ray"}
    found = joined(old, {"full_name": name})
    assert (found["full_name"], found["family_name"]) == (name, "Ray")


def test_head_count_keeps_its_bounds() -> None:
    small = {"employees": "11-50", "employees_min": 11, "employees_max": 50}
    large = {"employees": "1000+", "employees_min": 1000}
    found = joined(small, large)
    assert [found[n] for n in small] == ["1000+", 1000, None]


def test_request_that_nobody_stated_does_not_replace_one_that_somebody_did() -> None:
    asked = {"request": "quote", "request_rule": "message:見積"}
    guessed = {"request": "other", "request_rule": "default"}
    assert joined(asked, guessed) == joined(guessed, asked)
    assert joined(asked, guessed)["request_rule"] == "message:見積"


def test_address_of_the_first_submission_stays() -> None:
    assert joined({}, {"email": "second@example.jp"})["email"] == "lead@example.jp"


@pytest.mark.parametrize(
    ("consent", "old", "new", "is_newer"),
    [
        (False, True, False, True),
        (True, False, True, True),
        (False, False, True, False),
        (False, False, None, True),
        (True, None, True, False),
    ],
)
def test_consent_is_replaced_by_a_newer_statement_only(
    *, consent: bool, old: bool | None, new: bool | None, is_newer: bool
) -> None:
    assert consent is joined({"consent": old}, {"consent": new}, is_newer=is_newer)["consent"]


def test_joining_the_same_statement_again_changes_nothing() -> None:
    once = joined(TOKYO | {"request": "demo"}, OSAKA)
    again = join_values(once, a_statement(**OSAKA), is_newer=True, is_consent_newer=True)
    assert once == again


@pytest.mark.parametrize("is_consent_newer", [True, False])
def test_consent_has_a_time_of_its_own(*, is_consent_newer: bool) -> None:
    yes, no = a_statement(consent=True, title="課長"), a_statement(consent=False, title="部長")
    found = join_values(yes, no, is_newer=False, is_consent_newer=is_consent_newer)
    assert (found["title"], found["consent"]) == ("課長", not is_consent_newer)


@pytest.mark.parametrize(
    ("wins", "days"), [(True, 1), (True, 0), (False, -1)], ids=["later", "same", "earlier"]
)
def test_submission_is_newer_from_the_same_instant_on(*, wins: bool, days: int) -> None:
    assert wins is newest_wins(NOW, NOW + timedelta(days=days))


def test_submission_without_a_time_is_taken_as_newer() -> None:
    assert newest_wins(None, NOW)
    assert newest_wins(NOW, None)
