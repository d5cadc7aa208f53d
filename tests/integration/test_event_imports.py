"""Files of behavior events: each stored once, attached to leads now or later, refused by name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leadline.config.folder import create_project
from leadline.domain.keys import match_key_hash
from leadline.files.faults import NoEventColumns
from leadline.files.sources import Wish
from leadline.stages.behavior_imports import preview_events, report_of
from leadline.stages.undo import undo_import
from tests.behavior import (
    SAMPLES,
    actors_of,
    score,
    take_in,
    take_leads,
    truth_of_samples,
    write_events,
)
from tests.factories import NOW, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.stages import Workspace

LATER = NOW + timedelta(minutes=5)
WHEN = "2026-11-19T10:00:00Z"
PERSON = "hana.mori@mori.example"


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "project", database_url) as opened:
        yield opened


def a_lead(folder: Path, *addresses: str) -> Path:
    path = folder / f"{len(addresses)}_leads.csv"
    rows = [f"{address},Hana Mori,Mori" for address in addresses]
    path.write_text("\n".join(["Email,Full Name,Company", *rows, ""]), encoding="utf-8")
    return path


def a_visit(**cells: str) -> dict[str, str]:
    return {"event": "page_viewed", "occurred_at": WHEN, **cells}


def test_the_sample_events_are_told_apart_and_stored_once(work: Workspace) -> None:
    take_leads(work, SAMPLES / "generic_en.csv")
    after = NOW + timedelta(days=2)
    report = take_in(work, SAMPLES / "events.csv", now=after)
    assert (report["records"], report["created"], report["rejected"]) == (2683, 2683, 0)
    assert report["waiting"] == sum(not each["known_lead"] for each in truth_of_samples())
    score(work, now=after)
    machines = {each["event_id"] for each in truth_of_samples() if each["machine"]}
    actors = actors_of(work)
    assert {id_ for id_, actor in actors.items() if actor == "suspected_bot"} == machines
    assert not [row for row in rows_of(work, "events") if row["due_at"] is not None]
    before = read_everything(work)["events"]
    again = take_in(work, SAMPLES / "events.csv", now=after)
    assert (again["created"], again["unchanged"], again["duplicates"]) == (0, 2683, 0)
    assert read_everything(work)["events"] == before


def test_the_actors_do_not_depend_on_the_batches(tmp_path: Path) -> None:
    from leadline.observing import observe

    found = []
    after = NOW + timedelta(days=2)
    for limit in (7, 400, 20_000):
        with a_workspace(tmp_path / str(limit)) as work:
            take_in(work, SAMPLES / "events.csv", now=after)
            while True:
                with work.store.write() as connection:
                    if not observe(connection, now=after, limit=limit).claimed:
                        break
            found.append(
                {
                    row["external_id"]: (row["actor"], row["actor_reason"])
                    for row in rows_of(work, "events")
                }
            )
    assert found[0] == found[1] == found[2]
    assert {actor for actor, _ in found[0].values()} == {"human", "suspected_bot", "unknown"}


def test_an_event_of_somebody_unknown_waits_for_the_lead(work: Workspace, tmp_path: Path) -> None:
    path = write_events(
        tmp_path / "site.csv",
        a_visit(event_id="v1", anonymous_id="a-1"),
        a_visit(event_id="v2", anonymous_id="a-1", email=PERSON.upper()),
        a_visit(event_id="v3", email=PERSON),
        a_visit(event_id="v4", anonymous_id="a-2"),
    )
    report = take_in(work, path)
    assert (report["created"], report["waiting"]) == (4, 4)
    score(work)
    take_leads(work, a_lead(tmp_path, PERSON))
    score(work, now=LATER)
    (lead,) = rows_of(work, "leads")
    owners = {row["external_id"]: row["lead_id"] for row in rows_of(work, "events")}
    assert owners == {"v1": lead["id"], "v2": lead["id"], "v3": lead["id"], "v4": None}
    assert set(actors_of(work).values()) == {"human"}


def test_a_visitor_who_says_who_it_is_brings_earlier_events(
    work: Workspace, tmp_path: Path
) -> None:
    take_leads(work, a_lead(tmp_path, PERSON))
    score(work)
    take_in(work, write_events(tmp_path / "a.csv", a_visit(anonymous_id="x")), source="site")
    score(work)
    assert [row["lead_id"] for row in rows_of(work, "events")] == [None]
    said = write_events(tmp_path / "b.csv", a_visit(anonymous_id="x", email=PERSON))
    take_in(work, said, source="site", now=LATER)
    assert all(row["lead_id"] for row in rows_of(work, "events"))
    assert rows_of(work, "leads")[0]["scoring_due_at"] == LATER
    score(work, now=LATER)
    after = write_events(tmp_path / "c.csv", a_visit(anonymous_id="x", url="https://w.example/c"))
    other = write_events(tmp_path / "d.csv", a_visit(anonymous_id="x"))
    take_in(work, after, source="site", now=LATER)
    take_in(work, other, source="shop", now=LATER)
    owners = {(row["source"], row["lead_id"] is not None) for row in rows_of(work, "events")}
    assert owners == {("site", True), ("shop", False)}, "each source names visitors for itself"


def test_no_address_is_stored_with_an_event(work: Workspace, tmp_path: Path) -> None:
    row = a_visit(
        event_id=f"open-{PERSON}",
        email=PERSON,
        anonymous_id=PERSON,
        url=f"https://www.example.com/?email={PERSON.replace('@', '%40')}&plan=pro",
        campaign=f"for {PERSON}",
    )
    take_in(work, write_events(tmp_path / "site.csv", row))
    (stored,) = rows_of(work, "events")
    assert PERSON not in str(stored)
    assert PERSON.partition("@")[0] not in str(stored)
    assert stored["url"] == "https://www.example.com/?email=[address]&plan=pro"
    assert stored["address_hash"] == match_key_hash("email", PERSON, pepper=work.store.pepper)


def test_rows_without_ids_count_each_time_they_stand_there(work: Workspace, tmp_path: Path) -> None:
    visit = a_visit(email=PERSON)
    first = take_in(work, write_events(tmp_path / "site.csv", visit, visit))
    assert (first["created"], first["unchanged"]) == (2, 0)
    more = take_in(work, write_events(tmp_path / "site.csv", visit, visit, visit))
    assert (more["created"], more["unchanged"]) == (1, 2)


def test_the_first_of_several_rows_with_one_id_counts(work: Workspace, tmp_path: Path) -> None:
    rows = [a_visit(event_id="e1", email=PERSON, url=f"https://w.example/{n}") for n in range(5)]
    report = take_in(work, write_events(tmp_path / "site.csv", *rows), size=2)
    assert (report["accepted"], report["created"], report["duplicates"]) == (5, 1, 4)
    assert [row["url"] for row in rows_of(work, "events")] == ["https://w.example/0"]


def test_refused_rows_name_line_column_and_reason_and_come_back_mended(
    work: Workspace, tmp_path: Path
) -> None:
    path = write_events(
        tmp_path / "site.csv",
        a_visit(email=PERSON),
        a_visit(),
        a_visit(email="nobody"),
        {"email": PERSON, "occurred_at": WHEN},
        a_visit(email=PERSON, occurred_at="yesterday"),
        a_visit(email=PERSON, occurred_at="2031-01-01"),
        a_visit(email=PERSON, event="x" * 101),
    )
    with path.open("ab") as stream:
        stream.write(b"too,few\n")
    report = take_in(work, path)
    assert [(each["line"], each["column"], each["reason"]) for each in report["rejects"]] == [
        (3, "email", "no_person"),
        (4, "email", "invalid_email"),
        (5, "event", "no_event"),
        (6, "occurred_at", "bad_time"),
        (7, "occurred_at", "in_future"),
        (8, "event", "too_long"),
        (9, "3", "field_count"),
    ]
    assert (report["accepted"], report["created"]) == (1, 1)
    again = take_in(work, path)
    assert (again["rejected"], again["created"], again["unchanged"]) == (7, 0, 1)
    assert len(rows_of(work, "submissions")) == 7
    text = Path(report["quarantine"]).read_text(encoding="utf-8-sig")
    mended = tmp_path / "mended.csv"
    mended.write_text(text.replace("yesterday", "2026-11-18 09:00"), encoding="utf-8")
    third = take_in(work, mended)
    assert (third["source"], third["created"], third["rejected"]) == ("site", 1, 6)


def test_a_look_counts_as_the_import_does_and_stores_nothing(
    work: Workspace, tmp_path: Path
) -> None:
    take_leads(work, a_lead(tmp_path, PERSON))
    take_in(work, write_events(tmp_path / "site.csv", a_visit(event_id="e1", email=PERSON)))
    rows = [a_visit(event_id=f"e{n % 4}", email=PERSON, event="watched_demo") for n in range(8)]
    path = write_events(tmp_path / "site.csv", *rows, a_visit(), a_visit(email="who@else.example"))
    before = read_everything(work)
    wish = Wish(is_events=True)
    seen = report_of(preview_events(work, path, now=NOW, wish=wish))
    assert read_everything(work) == before
    names = ("records", "accepted", "rejected", "created", "unchanged", "duplicates", "waiting")
    done = take_in(work, path)
    assert {name: seen[name] for name in names} == {name: done[name] for name in names}
    assert (done["created"], done["unchanged"], done["duplicates"]) == (4, 2, 3)
    assert seen["unknown_events"] == done["unknown_events"] == {"watched_demo": 8}


def test_a_japanese_file_in_cp932_is_understood(work: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "kodo.csv"
    text = (
        "行動ID,メールアドレス,イベント,発生日時,施策,リンク先,IPアドレス\r\n"
        f"1,{PERSON},クリック,2026/11/19 19:00:05,秋号,https://w.example/a,203.0.113.7\r\n"
        f"2,{PERSON},ページ閲覧,2026/11/19 19:00:10,,https://w.example/b,203.0.113.7\r\n"
        f"3,{PERSON},相談会に参加,2026/11/19 20:00,,,\r\n"
    )
    path.write_bytes(text.encode("cp932"))
    report = take_in(work, path)
    assert report["encoding"] == "cp932"
    assert (report["created"], report["unknown_events"]) == (3, {"相談会に参加": 1})
    kinds = {row["external_id"]: row["kind"] for row in rows_of(work, "events")}
    assert kinds == {"1": "email_clicked", "2": "page_viewed", "3": "相談会に参加"}


def test_columns_named_in_the_mapping_file_are_taken(tmp_path: Path) -> None:
    files = {"config/mappings/tool.yaml": "events: {columns: {Who: email, What: event}}\n"}
    with a_workspace(tmp_path / "project", files=files) as work:
        path = tmp_path / "tool.csv"
        path.write_text(f"Who,What,Date,Score\n{PERSON},demo_watched,{WHEN},7\n", encoding="utf-8")
        assert take_in(work, path)["created"] == 1
        (row,) = rows_of(work, "events")
        assert (row["kind"], row["detail"]) == ("demo_watched", {"properties": {"Score": "7"}})


def test_a_file_without_the_columns_is_refused_whole(work: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("Email,Name\na@b.example,A\n", encoding="utf-8")
    with pytest.raises(NoEventColumns, match="occurred_at"):
        take_in(work, path)
    assert not rows_of(work, "import_runs")


def test_an_import_of_events_is_taken_back(work: Workspace, tmp_path: Path) -> None:
    take_leads(work, a_lead(tmp_path, PERSON))
    take_in(work, write_events(tmp_path / "a.csv", a_visit(anonymous_id="x")), source="site")
    score(work)
    before = rows_of(work, "events"), rows_of(work, "visitors")
    path = write_events(
        tmp_path / "b.csv", a_visit(anonymous_id="x", email=PERSON), a_visit(email="wrong")
    )
    run = take_in(work, path, source="site", now=LATER)["run"]
    score(work, now=LATER)
    assert len(rows_of(work, "events")) == 2
    undone = undo_import(work, run, now=LATER, limit=1)
    assert (undone.events_removed, undone.submissions_undone) == (1, 1)
    assert rows_of(work, "leads")[0]["scoring_due_at"] == LATER
    score(work, now=LATER)
    assert (rows_of(work, "events"), rows_of(work, "visitors")) == before
    assert undo_import(work, run, now=LATER).is_repeat
    assert take_in(work, path, source="site", now=LATER)["created"] == 1


def test_what_events_told_of_others_is_judged_anew_when_they_are_taken_back(
    work: Workspace, tmp_path: Path
) -> None:
    take_leads(work, a_lead(tmp_path, PERSON))
    hit = {"email": PERSON, "event": "email_clicked", "campaign": "news", "ip": "192.0.2.7"}
    clicks = [{**hit, "occurred_at": f"2026-11-19T10:00:0{n}Z", "url": f"{n}"} for n in range(4)]
    bare = {**hit, "occurred_at": "2026-11-19T20:00:00Z", "event_id": "bare", "ip": ""}
    sent = {**hit, "occurred_at": "2026-11-18T10:00:00Z", "event": "email_sent", "ip": ""}
    kept = write_events(tmp_path / "a.csv", {**clicks[0], "event_id": "kept"}, bare)
    take_in(work, kept)
    score(work)
    before = actors_of(work)
    assert before == {"kept": "human", "bare": "unknown"}
    run = take_in(work, write_events(tmp_path / "b.csv", *clicks[1:], sent), now=LATER)["run"]
    later = LATER + timedelta(minutes=1)
    score(work, now=later)
    told = actors_of(work)
    assert (told["kept"], told["bare"]) == ("suspected_bot", "human")
    undo_import(work, run, now=later)
    score(work, now=later)
    assert actors_of(work) == before


def test_a_visitor_goes_to_the_lead_that_a_remaining_event_names(
    work: Workspace, tmp_path: Path
) -> None:
    take_leads(work, a_lead(tmp_path, PERSON, "b@c.example"))
    anonymous = write_events(tmp_path / "a.csv", a_visit(anonymous_id="x"))
    first = write_events(tmp_path / "b.csv", a_visit(anonymous_id="x", email=PERSON))
    second = write_events(tmp_path / "c.csv", a_visit(anonymous_id="x", email="b@c.example"))
    take_in(work, anonymous, source="site")
    run = take_in(work, first, source="site")["run"]
    take_in(work, second, source="site", now=LATER)
    ids = {row["email"]: row["id"] for row in rows_of(work, "leads")}
    assert rows_of(work, "events")[0]["lead_id"] == ids[PERSON]
    score(work)
    undo_import(work, run, now=LATER)
    (visitor,) = rows_of(work, "visitors")
    owners = {visitor["lead_id"], *(row["lead_id"] for row in rows_of(work, "events"))}
    assert owners == {ids["b@c.example"]}
    due = {row["id"] for row in rows_of(work, "leads") if row["scoring_due_at"] == LATER}
    assert due == set(ids.values())


def test_a_lead_that_is_taken_back_leaves_its_events_waiting(
    work: Workspace, tmp_path: Path
) -> None:
    run = take_leads(work, a_lead(tmp_path, PERSON))["run"]
    path = write_events(tmp_path / "site.csv", a_visit(email=PERSON, anonymous_id="x"))
    take_in(work, path)
    score(work)
    assert undo_import(work, run, now=LATER).created_removed == 1
    assert [row["lead_id"] for row in rows_of(work, "events")] == [None]
    assert not rows_of(work, "visitors") + rows_of(work, "scores") + rows_of(work, "leads")
    take_leads(work, a_lead(tmp_path, PERSON, "b@c.example"))
    score(work, now=LATER)
    (event,) = rows_of(work, "events")
    assert event["lead_id"] == rows_of(work, "leads")[0]["id"]


def test_the_project_that_is_made_needs_nothing_for_events(tmp_path: Path) -> None:
    create_project(tmp_path / "new", demo=True)
    with a_workspace(tmp_path / "new") as work:
        report = take_in(work, SAMPLES / "events.csv", now=NOW + timedelta(days=2))
        assert (report["created"], report["unknown_events"]) == (2683, {})


ANALYTICS = """\
event_date,event_timestamp,event_name,user_pseudo_id,page_location,platform
20261119,1795064706123456,page_view,1234567890.1700000000,https://www.example.com/pricing,WEB
20261119,1795064709000001,file_download,1234567890.1700000000,https://www.example.com/a.pdf,WEB
20261119,(not set),page_view,1234567890.1700000000,https://www.example.com/,WEB
"""
TWO_COLUMNS = """\
メールアドレス,行動,日付,時刻,ページURL
hana.mori@mori.example,ページ閲覧,2026/11/19,14:05:06,https://www.example.com/
hana.mori@mori.example,資料ダウンロード,2026/11/19,午後3時,https://www.example.com/a
hana.mori@mori.example,クリック,2026/11/19,終日,https://www.example.com/b
"""


def test_an_analytics_export_counts_microseconds(work: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "ga4.csv"
    path.write_text(ANALYTICS, encoding="utf-8")
    report = take_in(work, path, now=NOW)
    assert [(each["line"], each["column"], each["reason"]) for each in report["rejects"]] == [
        (4, "event_timestamp", "bad_time")
    ]
    found = sorted((row["occurred_at"].isoformat(), row["kind"]) for row in rows_of(work, "events"))
    assert found == [
        ("2026-11-19T05:05:06.123456+00:00", "page_viewed"),
        ("2026-11-19T05:05:09.000001+00:00", "file_download"),
    ]


def test_day_and_time_of_day_in_two_columns_are_of_the_files_zone(
    work: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "history.csv"
    path.write_text(TWO_COLUMNS, encoding="cp932")
    report = take_in(work, path, now=NOW)
    assert report["timezone"] == "Asia/Tokyo"
    assert [(each["line"], each["column"], each["reason"]) for each in report["rejects"]] == [
        (4, "時刻", "bad_time")
    ]
    found = sorted((row["occurred_at"].isoformat(), row["kind"]) for row in rows_of(work, "events"))
    assert found == [
        ("2026-11-19T05:05:06+00:00", "page_viewed"),
        ("2026-11-19T06:00:00+00:00", "asset_downloaded"),
    ]
