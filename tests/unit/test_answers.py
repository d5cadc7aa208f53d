"""Whether a form post is answered by mail: one reason each, in the order of their weight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.answers import ADDRESS_CAP, Asked, decide_answer
from leadline.domain.skips import SkipReason
from leadline.rendering.answers import addressee

if TYPE_CHECKING:
    from leadline.domain.answers import Kind

FINE = Asked(
    is_suspicious=False,
    is_banned=False,
    may_be_mailed=False,
    has_link=False,
    links_work=True,
    answered_count=0,
)


@pytest.mark.parametrize("kind", ["acknowledgment", "confirmation"])
def test_post_without_a_fault_is_answered(kind: Kind) -> None:
    assert decide_answer(kind, FINE) is None


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (SkipReason.SUSPICIOUS, {"is_suspicious": True, "is_banned": True}),
        (SkipReason.SUPPRESSED, {"is_banned": True, "answered_count": ADDRESS_CAP}),
        (SkipReason.NO_PUBLIC_URL, {"has_link": True, "links_work": False}),
        (SkipReason.ADDRESS_CAP, {"answered_count": ADDRESS_CAP}),
        (None, {"answered_count": ADDRESS_CAP - 1}),
        (None, {"may_be_mailed": True}),
        (None, {"links_work": False}),
    ],
)
def test_acknowledgment_is_refused_for_its_weightiest_reason(
    reason: SkipReason | None, changes: dict[str, Any]
) -> None:
    assert decide_answer("acknowledgment", replace(FINE, **changes)) is reason


def test_confirmation_is_not_asked_of_who_may_be_mailed() -> None:
    found = decide_answer("confirmation", replace(FINE, may_be_mailed=True))
    assert found is SkipReason.CONSENTED_ALREADY


@pytest.mark.parametrize(
    ("name", "company"),
    [
        ("J.R. Smith", "3M"),
        ("O'Neil", "St. Mary Hospital"),
        ("鈴木 充", "株式会社21世紀"),
        ("Anne-Marie", "Ramirez Co.,Ltd."),
    ],
)
def test_names_of_people_and_companies_are_repeated(name: str, company: str) -> None:
    found = addressee({"full_name": name, "company": company}, "en")
    assert found == {"name": name, "company": company}


@pytest.mark.parametrize(
    "advertisement",
    [
        "Win at spam.io",
        "spam．xyz",
        "http://x",
        "me@example.com",
        "www.x",
        "Call 03-1234-5678",
        "０３ １２３４ ５６７８",
        "x" * 61,
    ],
)
def test_advertisement_is_repeated_neither_as_name_nor_as_company(advertisement: str) -> None:
    for part in ("full_name", "given_name", "family_name"):
        said = {part: advertisement, "company": advertisement}
        assert addressee(said, "en") == {"name": "there", "company": ""}
        assert addressee(said, "ja") == {"name": "ご担当者 様", "company": ""}
