"""Taking an import back: which fields of a lead go back, and which stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadline.domain.undo import (
    Change,
    Consent,
    Restored,
    Said,
    decide_consent,
    decide_restore,
    end_hold,
    ended_hold,
    rebase,
    restore_hold,
)
from tests.builders import NOW

PLACE = {"country": "JP", "region": "大阪府", "city": "大阪市", "zone": "Asia/Tokyo"}
ELSEWHERE = {"country": "US", "region": "Texas", "city": None, "zone": "America/Chicago"}


def restore(
    before: dict[str, Any],
    after: dict[str, Any],
    since: dict[str, Any] | None = None,
    **fixed: str,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns that go back and the fields that stay; `since` is what changed later."""
    nothing: dict[str, Any] = {"attributes": {}, "as_written": None}
    present = nothing | after | (since or {})
    found = decide_restore(Change(before, after), present, fixed=fixed)
    return found.values, found.kept


def test_field_goes_back_where_it_says_what_the_import_left() -> None:
    before, after = {"title": "部長", "phone": None}, {"title": "CEO", "phone": "+15555550100"}
    assert restore(before, after) == (before, {})


def test_field_that_was_changed_since_stays() -> None:
    before, after = {"title": "部長", "phone": None}, {"title": "CEO", "phone": "+15555550100"}
    found = restore(before, after, {"title": "Director"})
    assert found == ({"phone": None}, {"title": "changed_since"})


def test_place_goes_back_whole_or_stays_whole_with_its_zone() -> None:
    assert restore(PLACE, ELSEWHERE) == (PLACE, {})
    values, kept = restore(PLACE, ELSEWHERE, {"city": "Austin"})
    assert values == {}
    assert kept == dict.fromkeys(("country", "region", "city"), "changed_since")


def test_column_that_follows_from_another_goes_with_it_and_is_not_counted() -> None:
    before = {"company": "Ikeda", "company_key": "ikeda"}
    after = {"company": "Ramirez", "company_key": "ramirez"}
    found = decide_restore(Change(before, after), after, fixed={})
    assert (found.values, found.fields) == (before, ["company"])
    assert restore(before, after, {"company": "Other"}) == ({}, {"company": "changed_since"})


def test_zone_that_the_source_alone_has_changed_goes_back_by_itself() -> None:
    before = {"zone": "Asia/Tokyo", "zone_source": "place"}
    after = {"zone": "UTC", "zone_source": "source"}
    assert restore(before, after) == (before, {})


def test_texts_go_back_name_by_name() -> None:
    before = {"attributes": {"Notes": "old", "Fax": "1"}}
    after = {"attributes": {"Notes": "new", "Fax": "1", "Size": "L", "Color": "red"}}
    now = {"attributes": {"Notes": "new", "Fax": "2", "Size": "XL", "Color": "red", "Way": "form"}}
    values, kept = restore(before, after, now)
    assert values == {"attributes": {"Notes": "old", "Fax": "2", "Size": "XL", "Way": "form"}}
    assert kept == {"attributes.Size": "changed_since"}


def test_raw_text_stays_with_its_field() -> None:
    before = {"phone": None, "title": None, "as_written": None}
    after = {"phone": "+81", "title": "CEO", "as_written": {"phone": "０81", "title": "ceo "}}
    found = decide_restore(Change(before, after), {**after, "phone": "+82"}, fixed={})
    assert found.values == {"title": None, "as_written": {"phone": "０81"}}
    assert restore(before, after)[0] == before


def test_time_goes_back_as_a_time() -> None:
    before, after = {"submitted_at": NOW.isoformat()}, {"submitted_at": "2026-12-01T00:00:00+00:00"}
    present = {"submitted_at": NOW + timedelta(days=10, hours=23)}
    found = decide_restore(Change(before, after), present, fixed={})
    assert (found.values, found.fields) == ({"submitted_at": NOW}, [])


def test_hold_and_consent_are_not_put_back_as_fields() -> None:
    before = {"held_import_run_id": 1, "consent": None, "is_scoring_only": None}
    after = {"held_import_run_id": None, "consent": True, "is_scoring_only": True}
    assert restore(before, after) == ({}, {})


@pytest.mark.parametrize(
    ("before", "after", "present", "expected"),
    [(1, None, None, 1), (1, None, 2, None), (None, None, None, None), (1, 1, None, None)],
    ids=["let go", "held again since", "never held", "kept held"],
)
def test_hold_that_the_import_ended_is_found_while_the_lead_is_let_go(
    before: int | None, after: int | None, present: int | None, expected: int | None
) -> None:
    name = "held_import_run_id"
    assert ended_hold(Change({name: before}, {name: after}), {name: present}) == expected
    assert ended_hold(Change({}, {}), {name: present}) is None


def test_hold_comes_back_or_is_counted_with_its_reason() -> None:
    back, stays = Restored(), Restored()
    restore_hold(back, 1, reason=None)
    restore_hold(stays, 1, reason="went_on")
    name = "held_import_run_id"
    assert (back.values, back.fields, back.kept) == ({name: 1}, [name], {})
    assert (stays.values, stays.fields, stays.kept) == ({}, [], {name: "went_on"})


def test_import_that_lets_a_lead_go_too_leads_back_to_the_hold() -> None:
    found = end_hold(Change({"title": "a"}, {"title": "b"}), 1)
    assert ended_hold(found, {"held_import_run_id": None}) == 1
    assert found.before["title"] == "a"


def test_owner_who_has_been_assigned_stays() -> None:
    found = restore({"owner": None}, {"owner": "R01"}, owner="assigned")
    assert found == ({}, {"owner": "assigned"})


def test_later_import_leads_back_behind_the_undone_one() -> None:
    undone = Change({"title": "a", "phone": None}, {"title": "b", "phone": "1"})
    later = [Change({"title": "b"}, {"title": "c"}), Change({"title": "c"}, {"title": "b"})]
    last = Change({"title": "b", "phone": "2"}, {"title": "d", "phone": "3"})
    assert rebase([*later, last], undone) == [
        Change({"title": "a"}, {"title": "c"}),
        later[1],
        last,
    ]


def test_later_import_leads_back_text_by_text() -> None:
    undone = Change({"attributes": {"x": "1"}}, {"attributes": {"x": "2", "y": "2"}})
    later = Change(
        {"attributes": {"x": "2", "y": "2"}}, {"attributes": {"x": "2", "y": "3", "z": "4"}}
    )
    (found,) = rebase([later], undone)
    assert found == Change(
        {"attributes": {"x": "1"}}, {"attributes": {"x": "1", "y": "3", "z": "4"}}
    )
    assert later.before == {"attributes": {"x": "2", "y": "2"}}


def said(day: int, granted: int, *, undone: bool = False, id_: int = 0) -> Said:
    at = NOW + timedelta(days=day)
    return Said(id_ or day, at, is_granted=bool(granted), is_undone=undone)


@pytest.mark.parametrize(
    ("present", "evidence", "before", "expected"),
    [
        (True, [said(1, 1, undone=True)], None, Consent(value=None, is_changed=True)),
        (True, [said(1, 1, undone=True)], False, Consent(value=False, is_changed=True)),
        (False, [said(1, 1), said(2, 0, undone=True)], True, Consent(value=True, is_changed=True)),
        (True, [said(1, 1, undone=True), said(2, 1)], None, Consent(value=True, is_changed=False)),
        (
            False,
            [said(1, 1, undone=True), said(2, 0)],
            None,
            Consent(value=False, is_changed=False),
        ),
        (
            True,
            [said(2, 1, undone=True), said(1, 0, id_=9)],
            None,
            Consent(value=False, is_changed=True),
        ),
        (
            False,
            [said(1, 1, undone=True)],
            None,
            Consent(value=False, is_changed=False, is_kept=True),
        ),
        (True, [said(1, 1)], None, Consent(value=True, is_changed=False)),
        (None, [], True, Consent(value=None, is_changed=False)),
    ],
    ids=[
        "nothing else was ever said",
        "a refusal without evidence",
        "an earlier consent counts again",
        "said again since",
        "refused since",
        "an older refusal that arrived later",
        "changed without evidence",
        "none of it is the import's",
        "no evidence at all",
    ],
)
def test_consent_is_what_the_other_evidence_says(
    *,
    present: bool | None,
    evidence: list[Said],
    before: bool | None,
    expected: Consent,
) -> None:
    assert decide_consent(evidence, present=present, before=before) == expected
