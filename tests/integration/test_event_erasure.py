"""What a person did is emptied with the person, whether a lead had it or it waited for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.stages.erasure import erase_person
from leadline.stages.person import read_person
from tests.behavior import score, take_in, take_leads, write_events
from tests.canaries import ADDRESS, MARK, traces_below, traces_in_tables
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

WHEN = "2026-11-19T10:00:00Z"
OTHER = "paul.perez@harper.example"
TOLD = {
    "event": "page_viewed",
    "occurred_at": WHEN,
    "url": f"https://www.example.com/{MARK}",
    "user_agent": f"Browser of {MARK}",
    "ip": "203.0.113.77",
}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url) as opened:
        yield opened


def spread(work: Workspace, folder: Path) -> None:
    path = write_events(
        folder / "site.csv",
        {**TOLD, "event_id": "e1", "email": ADDRESS},
        {**TOLD, "event_id": "e2", "email": ADDRESS, "anonymous_id": "browser"},
        {**TOLD, "event_id": "e3", "anonymous_id": "browser"},
        {**TOLD, "event_id": "e4", "email": ADDRESS, "occurred_at": f"when {MARK} came"},
        {"event": "page_viewed", "occurred_at": WHEN, "event_id": "e5", "email": OTHER},
    )
    take_in(work, path)
    path.unlink()


def leads(work: Workspace, folder: Path) -> None:
    path = folder / "fair.csv"
    path.write_text(f"Email,Full Name\n{ADDRESS},{MARK}\n{OTHER},Paul Perez\n", encoding="utf-8")
    take_leads(work, path)
    path.unlink()


@pytest.mark.parametrize("has_lead", [True, False])
def test_nothing_that_a_person_did_is_left(
    work: Workspace, tmp_path: Path, *, has_lead: bool
) -> None:
    if has_lead:
        leads(work, tmp_path)
    spread(work, tmp_path)
    score(work)
    assert {"events", "submissions"} <= traces_in_tables(work).keys()
    erase_person(work, ADDRESS, now=NOW)
    assert traces_in_tables(work) == {}
    assert traces_below(work.environment.state) == {}
    rows = rows_of(work, "events")
    assert len(rows) == 4
    emptied = [row for row in rows if row["external_id"] != "e5"]
    for name in ("address_hash", "visitor_id", "url", "network", "user_agent", "detail"):
        assert [row[name] for row in emptied] == [None] * 3
    assert not rows_of(work, "visitors")
    assert rows[-1]["address_hash"], "another's event stays as it is"
    (gone,) = [row["id"] for row in rows_of(work, "leads") if row["erased_at"]] or [None]
    for table in ("scores", "score_changes"):
        assert gone not in {row["lead_id"] for row in rows_of(work, table)}


def test_events_of_an_erased_person_do_not_come_back(work: Workspace, tmp_path: Path) -> None:
    spread(work, tmp_path)
    erase_person(work, ADDRESS, now=NOW)
    path = write_events(
        tmp_path / "more.csv",
        {**TOLD, "event_id": "n1", "email": ADDRESS},
        {**TOLD, "event_id": "n2", "email": ADDRESS, "event": ""},
        {"event": "page_viewed", "occurred_at": WHEN, "event_id": "n3", "email": OTHER},
    )
    report = take_in(work, path)
    path.unlink()
    assert [each["reason"] for each in report["rejects"]] == ["erased", "erased"]
    assert (report["created"], report["quarantine"]) == (1, "")
    assert traces_in_tables(work) == {}
    assert traces_below(work.environment.state) == {}


@pytest.mark.parametrize("has_lead", [True, False])
def test_access_shows_what_a_person_did(work: Workspace, tmp_path: Path, *, has_lead: bool) -> None:
    if has_lead:
        leads(work, tmp_path)
    spread(work, tmp_path)
    score(work)
    found = read_person(work, ADDRESS, lang="en")
    shown = [(each["external_id"], each["kind"], each["actor"]) for each in found["events"]]
    expected = ["e1", "e2", "e3"] if has_lead else ["e1", "e2"]
    assert shown == [(id_, "page_viewed", "human") for id_ in expected]
    assert found["events"][0]["network"] == "203.0.113.77"
    assert not {"address_hash"} & found["events"][0].keys()
