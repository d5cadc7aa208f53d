"""The consent gate: one answer per person, from evidence, rules by country and the present."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.consent import (
    BASES,
    RULES,
    ConsentRules,
    CountryRules,
    Given,
    Permission,
    decide_permission,
)
from leadline.domain.skips import SkipReason
from tests.builders import NOW

DAY = timedelta(days=1)


def yes(basis: str = "opt_in", *, days_ago: float = 10) -> Given:
    return Given(is_granted=True, basis=basis, at=NOW - DAY * days_ago)


def no(*, days_ago: float = 5) -> Given:
    return Given(is_granted=False, basis=None, at=NOW - DAY * days_ago)


def decide(
    *evidence: Given, country: str = "JP", is_suppressed: bool = False, rules: ConsentRules = RULES
) -> Permission | SkipReason:
    return decide_permission(
        evidence, rules=rules.of(country), is_suppressed=is_suppressed, now=NOW
    )


@pytest.mark.parametrize("basis", BASES)
def test_each_basis_of_the_japanese_law_permits_mail_and_is_named(basis: str) -> None:
    assert decide(yes(basis)) == Permission(basis, NOW - 10 * DAY)


def test_nobody_who_said_nothing_is_written_to() -> None:
    assert decide() is SkipReason.NO_CONSENT


@pytest.mark.parametrize("basis", BASES)
def test_refusal_overrides_every_older_basis(basis: str) -> None:
    assert decide(yes(basis), no()) is SkipReason.REFUSED


def test_refusal_overrides_a_basis_of_the_same_instant() -> None:
    assert decide(yes(days_ago=5), no(days_ago=5)) is SkipReason.REFUSED


@pytest.mark.parametrize("basis", BASES[1:])
def test_basis_that_is_no_act_of_the_person_does_not_undo_a_refusal(basis: str) -> None:
    assert decide(no(), yes(basis, days_ago=1)) is SkipReason.REFUSED


def test_person_who_agrees_again_after_a_refusal_is_written_to() -> None:
    assert decide(yes(), no(), yes(days_ago=1)) == Permission("opt_in", NOW - DAY)


def test_yes_of_an_unknown_time_does_not_undo_a_refusal_and_counts_without_one() -> None:
    undated = Given(is_granted=True, basis="opt_in", at=NOW - DAY, is_dated=False)
    assert decide(no(days_ago=5), undated) == SkipReason.REFUSED
    assert decide(undated) == Permission("opt_in", NOW - DAY)


def test_ban_comes_before_everything() -> None:
    assert decide(yes(), is_suppressed=True) is SkipReason.SUPPRESSED
    assert decide(no(), is_suppressed=True) is SkipReason.SUPPRESSED


def test_strongest_basis_is_named_and_of_equals_the_newest() -> None:
    found = decide(yes("business_relationship", days_ago=1), yes(days_ago=9), yes(days_ago=20))
    assert found == Permission("opt_in", NOW - 9 * DAY)


def test_business_relation_in_canada_ends_after_two_years() -> None:
    held = decide(yes("business_relationship", days_ago=729), country="CA")
    assert held == Permission("business_relationship", NOW - 729 * DAY, NOW + DAY)
    over = decide(yes("business_relationship", days_ago=730), country="CA")
    assert over is SkipReason.CONSENT_EXPIRED


def test_stronger_basis_that_ended_gives_way_to_a_weaker_one_that_lasts() -> None:
    rules = ConsentRules({"JP": CountryRules({"opt_in": DAY, "business_relationship": None})})
    found = decide(yes(), yes("business_relationship"), rules=rules)
    assert found == Permission("business_relationship", NOW - 10 * DAY)


@pytest.mark.parametrize("country", ["DE", "FR", "GB"])
@pytest.mark.parametrize("basis", ["address_in_writing", "published_business_address"])
def test_basis_that_does_not_count_in_europe_is_told_apart_from_none(
    country: str, basis: str
) -> None:
    assert decide(yes(basis), country=country) is SkipReason.BASIS_NOT_ACCEPTED


@pytest.mark.parametrize("basis", BASES[1:])
def test_where_no_rules_are_known_only_who_agreed_is_written_to(basis: str) -> None:
    assert decide(yes(basis), country="BR") is SkipReason.BASIS_NOT_ACCEPTED
    assert decide(yes(), country="BR") == Permission("opt_in", NOW - 10 * DAY)


def test_evidence_without_a_basis_is_the_persons_own_act() -> None:
    found = decide(Given(is_granted=True, basis=None, at=NOW - DAY), country="DE")
    assert found == Permission("opt_in", NOW - DAY)


EVIDENCE = st.lists(
    st.builds(
        Given,
        is_granted=st.booleans(),
        basis=st.sampled_from(BASES),
        at=st.integers(0, 40).map(lambda days: NOW - days * DAY),
    )
)


@given(EVIDENCE, st.sampled_from(["JP", "US", "CA", "DE", "BR"]), st.randoms())
def test_order_in_which_evidence_is_read_does_not_matter(
    evidence: list[Given], country: str, random: object
) -> None:
    found = decide(*evidence, country=country)
    shuffled = list(evidence)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(*shuffled, country=country) == found


@given(EVIDENCE, st.sampled_from(["JP", "US", "CA", "DE", "BR"]))
def test_refusal_now_stops_every_mail_whatever_was_said_before(
    evidence: list[Given], country: str
) -> None:
    assert decide(*evidence, no(days_ago=0), country=country) is SkipReason.REFUSED
