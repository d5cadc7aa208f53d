"""One behavior event read from texts: names, people, times, and what is blotted out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadline.domain.behavior import (
    BLOTTED,
    CLICK_WAITS,
    Event,
    as_row,
    due_time,
    map_event_headers,
    read_event,
    read_kind,
)
from leadline.domain.intake import Rejected
from leadline.domain.keys import match_key_hash
from leadline.domain.posted_events import NotEventsError, cut_batch, read_kept, read_posted

NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
CELLS = {"email": "a@b.example", "event": "page_viewed", "occurred_at": "2026-11-19 09:00"}


def read(**cells: str) -> Event | Rejected:
    return read_event({**CELLS, **cells}, zone="Asia/Tokyo", order="year_first", now=NOW)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("email_clicked", "email_clicked"),
        ("Click", "email_clicked"),
        ("Email Opened", "email_opened"),
        ("メール開封", "email_opened"),
        ("クリック", "email_clicked"),
        ("ﾍﾟｰｼﾞ閲覧", "page_viewed"),
        ("PageView", "page_viewed"),
        ("Demo-Watched", "demo_watched"),
        ("sign.up: done", "sign_up_done"),
        ("展示会に来場", "展示会に来場"),
        (" _ ", ""),
    ],
)
def test_names_of_events_are_written_in_one_way(text: str, kind: str) -> None:
    assert read_kind(text) == kind


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ("email timestamp event sg_event_id", "email occurred_at event event_id"),
        ("Recipient|Event Type|Created|Link URL", "email event occurred_at url"),
        (
            "user_pseudo_id event_name event_timestamp page_location",
            "anonymous_id event occurred_at url",
        ),
    ],
)
def test_headers_of_well_known_tools_are_understood(headers: str, fields: str) -> None:
    names = headers.split("|") if "|" in headers else headers.split()
    assert list(map_event_headers(names, {}).values()) == fields.split()


def test_headers_are_known_in_both_languages_and_each_field_once() -> None:
    english = ["Event ID", "E-mail", "Event", "Timestamp", "Page URL", "User Agent", "IP", "Date"]
    assert list(map_event_headers(english, {}).values()) == [
        *("event_id", "email", "event", "occurred_at", "url", "user_agent", "ip")
    ]
    japanese = ["メールアドレス", "イベント名", "発生日時", "キャンペーン", "リンク先", "訪問者ID"]
    assert list(map_event_headers(japanese, {}).values()) == [
        *("email", "event", "occurred_at", "campaign", "url", "anonymous_id")
    ]
    fixed = {"What": "event", "Timestamp": "", "Date": "occurred_at"}
    assert map_event_headers(["Event", "what", "Timestamp", "Date"], fixed) == {
        "what": "event",
        "Date": "occurred_at",
    }


@pytest.mark.parametrize(
    ("headers", "day", "clock"),
    [
        ("Email|Event|Date|Time", "Date", "Time"),
        ("Time|Email|Event|Activity Date", "Activity Date", "Time"),
        ("email event event_date event_time", "event_date", "event_time"),
        ("メールアドレス|行動|日付|時刻", "日付", "時刻"),
        ("メールアドレス|行動|発生日|発生時刻", "発生日", "発生時刻"),
        ("メールアドレス|行動|時間|実施日", "実施日", "時間"),
    ],
)
def test_day_and_time_of_day_in_columns_of_their_own_are_both_understood(
    headers: str, day: str, clock: str
) -> None:
    names = headers.split("|") if "|" in headers else headers.split()
    found = map_event_headers(names, {})
    assert {name: found[name] for name in (day, clock)} == {
        day: "occurred_on",
        clock: "occurred_at",
    }


@pytest.mark.parametrize(
    ("headers", "time"),
    [
        ("user_pseudo_id event_name event_date event_timestamp", "event_timestamp"),
        ("email event event_date", "event_date"),
        ("メール|イベント|日付", "日付"),
        ("email event date timestamp time", "timestamp"),
    ],
)
def test_day_beside_a_whole_time_is_not_needed(headers: str, time: str) -> None:
    names = headers.split("|") if "|" in headers else headers.split()
    found = map_event_headers(names, {})
    assert found[time] == "occurred_at"
    assert "occurred_on" not in found.values()


def test_columns_of_the_configuration_are_not_paired_by_their_names() -> None:
    found = map_event_headers(["Email", "Event", "Date", "Time"], {"Date": "occurred_at"})
    assert found == {"Email": "email", "Event": "event", "Date": "occurred_at"}
    fixed = {"Tag": "occurred_on", "Uhrzeit": "occurred_at"}
    assert map_event_headers(["Tag", "Uhrzeit"], fixed) == fixed


@pytest.mark.parametrize(
    ("cells", "at"),
    [
        # 19 November, 14:05:06 in Tokyo
        ({"occurred_at": "1795064706"}, "2026-11-19T05:05:06+00:00"),
        ({"occurred_at": "1795064706123"}, "2026-11-19T05:05:06.123000+00:00"),
        ({"occurred_at": "1795064706123456"}, "2026-11-19T05:05:06.123456+00:00"),
        ({"occurred_at": "20261119"}, "2026-11-18T15:00:00+00:00"),
        ({"occurred_on": "2026-11-19", "occurred_at": "14:05:06"}, "2026-11-19T05:05:06+00:00"),
        ({"occurred_on": "20261119", "occurred_at": "14:05"}, "2026-11-19T05:05:00+00:00"),
        ({"occurred_on": "20261119", "occurred_at": "90506"}, "2026-11-19T00:05:06+00:00"),
        ({"occurred_on": "2026/11/19", "occurred_at": "2:05 PM"}, "2026-11-19T05:05:00+00:00"),
        (
            {"occurred_on": "2026年11月19日", "occurred_at": "午後2時5分"},
            "2026-11-19T05:05:00+00:00",
        ),
        (
            {"occurred_on": "2026-11-19 00:00:00", "occurred_at": "14:05"},
            "2026-11-19T05:05:00+00:00",
        ),
        ({"occurred_on": "2026-11-19", "occurred_at": "14:05+01:00"}, "2026-11-19T13:05:00+00:00"),
        ({"occurred_on": "2026-11-19", "occurred_at": ""}, "2026-11-18T15:00:00+00:00"),
        ({"occurred_on": "x", "occurred_at": "2026-11-19 14:05"}, "2026-11-19T05:05:00+00:00"),
    ],
)
def test_time_is_read_as_clocks_count_it_and_from_two_columns(
    cells: dict[str, str], at: str
) -> None:
    found = read(**cells)
    assert isinstance(found, Event)
    assert found.occurred_at.isoformat() == at


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"occurred_at": "1795064706123456789"}, "bad_time"),
        ({"occurred_at": "179506470612345"}, "bad_time"),
        ({"occurred_at": "9999999999999999"}, "bad_time"),
        ({"occurred_at": "1895064706123456"}, "in_future"),
        ({"occurred_on": "2026-11-19", "occurred_at": "25:99"}, "bad_time"),
        ({"occurred_on": "2026-13-19", "occurred_at": "14:05"}, "bad_time"),
        ({"occurred_on": "20261119", "occurred_at": "1405"}, "bad_time"),
        ({"occurred_on": "", "occurred_at": "14:05"}, "bad_time"),
    ],
)
def test_what_cannot_be_a_time_is_refused(cells: dict[str, str], reason: str) -> None:
    found = read(**cells)
    assert isinstance(found, Rejected)
    assert (found.reason, found.column) == (reason, "occurred_at")


def test_posted_day_and_time_of_day_are_joined() -> None:
    posted = {"email": "a@b.example", "event": "click", "date": "2026-11-19", "time": "14:05"}
    (found,) = read_posted([posted], columns={}, zone="Asia/Tokyo", now=NOW)
    assert isinstance(found.verdict, Event)
    assert found.verdict.occurred_at == datetime(2026, 11, 19, 5, 5, tzinfo=UTC)
    again = read_kept(found.raw, zone="Asia/Tokyo", now=NOW)
    assert again == found.verdict


@pytest.mark.parametrize(
    ("cells", "reason", "field"),
    [
        ({"event": " "}, "no_event", "event"),
        ({"email": ""}, "no_person", "email"),
        ({"email": "nobody"}, "invalid_email", "email"),
        ({"occurred_at": ""}, "bad_time", "occurred_at"),
        ({"occurred_at": "31/31/2026"}, "bad_time", "occurred_at"),
        ({"occurred_at": "2026-11-20T01:10:01Z"}, "in_future", "occurred_at"),
        ({"event_id": "x" * 201}, "too_long", "event_id"),
        ({"url": "https://w.example/" + "x" * 4000}, "too_long", "url"),
    ],
)
def test_what_is_no_event_is_refused_by_name(
    cells: dict[str, str], reason: str, field: str
) -> None:
    found = read(**cells)
    assert isinstance(found, Rejected)
    assert (found.reason, found.column) == (reason, field)


def test_times_are_of_the_sources_zone_and_clocks_may_go_before() -> None:
    assert read() == Event("page_viewed", datetime(2026, 11, 19, tzinfo=UTC), email="a@b.example")
    assert isinstance(read(occurred_at="2026-11-20T01:10:00Z"), Event)


def test_addresses_are_blotted_out_wherever_they_stand() -> None:
    found = read_event(
        {
            **CELLS,
            "url": "https://w.example/hi/taro%40b.example?e=TARO@b.example&x=1",
            "user_agent": "Mailer taro@b.example",
        },
        zone="UTC",
        order="year_first",
        now=NOW,
        properties={"a": ["taro@b.example", 7, {"taro@b.example": "to: taro＠b.example"}]},
    )
    assert isinstance(found, Event)
    assert found.url == f"https://w.example/hi/{BLOTTED}?e={BLOTTED}&x=1"
    assert found.user_agent == f"Mailer {BLOTTED}"
    assert found.properties == {"a": [BLOTTED, 7, {BLOTTED: f"to: {BLOTTED}"}]}


def test_a_stored_event_names_people_by_keyed_hashes_alone() -> None:
    event = read(event_id="open a@b.example", anonymous_id="a@b.example", ip="203.0.113.7:4711")
    assert isinstance(event, Event)
    row = as_row(event, source="site", key="k", pepper="p", now=NOW)
    assert "a@b.example" not in str(row)
    assert row["address_hash"] == match_key_hash("email", "a@b.example", pepper="p")
    assert (row["network"], row["due_at"]) == ("203.0.113.7", NOW)
    other = as_row(event, source="shop", key="k", pepper="p", now=NOW)
    assert other["visitor_id"] != row["visitor_id"]


def test_only_fresh_clicks_wait_for_their_burst() -> None:
    assert due_time("email_clicked", NOW, now=NOW) == NOW + CLICK_WAITS
    assert due_time("email_clicked", NOW - timedelta(hours=1), now=NOW) == NOW
    assert due_time("page_viewed", NOW, now=NOW) == NOW


@pytest.mark.parametrize(
    ("body", "count"),
    [(b'{"events": []}', 0), (b"[{}, 3]", 2), (b'{"event": "x"}', 1), (b"\xef\xbb\xbf[{}]", 1)],
)
def test_a_batch_comes_in_several_shapes(body: bytes, count: int) -> None:
    assert len(cut_batch(body, is_lines=False)) == count


@pytest.mark.parametrize("body", [b"", b"{", b"1", b"null", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_holds_no_batch_is_told_apart(body: bytes) -> None:
    with pytest.raises(NotEventsError):
        cut_batch(body, is_lines=False)


def test_lines_are_read_each_for_itself() -> None:
    assert cut_batch(b'{"a": 1}\n\nno json\r\n[2]', is_lines=True) == [{"a": 1}, "no json", [2]]


def test_twins_without_an_id_are_told_apart_by_their_number() -> None:
    body: list[Any] = [dict(CELLS), dict(CELLS), {**CELLS, "event_id": 5}]
    posted = [*read_posted(body, columns={}, zone="UTC", now=NOW)]
    assert len({each.key for each in posted}) == 3
    again = [*read_posted(body, columns={}, zone="UTC", now=NOW)]
    assert [each.key for each in posted] == [each.key for each in again]
    assert isinstance(posted[2].verdict, Event)
    assert posted[2].verdict.event_id == "5"
