"""Cron lines: Unix weekdays, clocks that jump, and lines that are refused."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from leadline.domain.calendars import Calendar
from leadline.domain.cron import check_cron
from leadline.domain.recurrence_words import read_words
from leadline.domain.recurrences import Recurrence, from_cron
from leadline.schedule import next_times

NEW_YORK, TOKYO, LONDON = "America/New_York", "Asia/Tokyo", "Europe/London"


def at(text: str) -> datetime:
    """Read `2026-03-06 17:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(cron: str, zone: str, now: str, count: int = 3) -> list[str]:
    """Return the next times as text in UTC."""
    found = next_times(from_cron(cron, zone), now=at(now), count=count)
    assert all(time.tzinfo is UTC for time in found)
    return [f"{time:%m-%d %H:%M}" for time in found]


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ("0", ["Sun"]),
        ("7", ["Sun"]),
        ("1", ["Mon"]),
        ("mon", ["Mon"]),
        ("SAT", ["Sat"]),
        ("1-5", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("mon-fri/2", ["Mon", "Wed", "Fri"]),
        ("5-7", ["Fri", "Sat", "Sun"]),
        ("fri-sun", ["Fri", "Sat", "Sun"]),
        ("sun-tue", ["Mon", "Tue", "Sun"]),
        ("6,0", ["Sat", "Sun"]),
        ("*/3", ["Wed", "Sat", "Sun"]),
        ("0-7", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    ],
)
def test_weekdays_are_those_of_unix(weekdays: str, expected: list[str]) -> None:
    monday = at("2026-06-01 00:00")
    found = next_times(from_cron(f"0 9 * * {weekdays}", "UTC"), now=monday, count=len(expected))
    assert [f"{time:%a}" for time in found] == expected
    assert found[-1] < monday + timedelta(days=7)


@pytest.mark.parametrize(
    ("cron", "zone", "now", "expected"),
    [
        ("0 9 * * *", TOKYO, "2026-03-06 00:00", ["03-07 00:00", "03-08 00:00", "03-09 00:00"]),
        ("0 9 * * *", TOKYO, "2026-03-05 23:59", ["03-06 00:00", "03-07 00:00", "03-08 00:00"]),
        (
            "*/20 9-10 * * *",
            "UTC",
            "2026-03-06 10:10",
            ["03-06 10:20", "03-06 10:40", "03-07 09:00"],
        ),
        ("0 0 29 2 *", "UTC", "2026-03-06 00:00", ["02-29 00:00", "02-29 00:00", "02-29 00:00"]),
        ("0 0 31 * *", "UTC", "2026-01-31 00:00", ["03-31 00:00", "05-31 00:00", "07-31 00:00"]),
        ("59 23 31 12 *", "UTC", "2026-12-31 23:58", ["12-31 23:59", "12-31 23:59", "12-31 23:59"]),
        (
            "0 9 * jan-feb mon",
            "UTC",
            "2026-02-20 00:00",
            ["02-23 09:00", "01-04 09:00", "01-11 09:00"],
        ),
    ],
)
def test_next_times_follow_the_calendar(
    cron: str, zone: str, now: str, expected: list[str]
) -> None:
    assert due(cron, zone, now) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "now", "expected"),
    [
        # 09:00 stays 09:00
        ("0 9 * * *", NEW_YORK, "2026-03-07 00:00", ["03-07 14:00", "03-08 13:00", "03-09 13:00"]),
        # 02:30 does not exist on 8 March in New York, nor 01:30 on 29 March in London
        ("30 2 * * *", NEW_YORK, "2026-03-07 08:00", ["03-08 07:30", "03-09 06:30", "03-10 06:30"]),
        ("30 1 * * *", LONDON, "2026-03-28 08:00", ["03-29 01:30", "03-30 00:30", "03-31 00:30"]),
        # a time that only stands for a skipped one and is due after a `now` behind the jump
        ("50 2 * * *", NEW_YORK, "2026-03-08 07:20", ["03-08 07:50", "03-09 06:50", "03-10 06:50"]),
        # skipped and real times that fall together run once
        (
            "30 2,3 * * *",
            NEW_YORK,
            "2026-03-08 00:00",
            ["03-08 07:30", "03-09 06:30", "03-09 07:30"],
        ),
        (
            "*/30 * * * *",
            NEW_YORK,
            "2026-03-08 06:00",
            ["03-08 06:30", "03-08 07:00", "03-08 07:30"],
        ),
    ],
)
def test_next_times_bear_clocks_going_forward(
    cron: str, zone: str, now: str, expected: list[str]
) -> None:
    assert due(cron, zone, now) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "now", "expected"),
    [
        # 01:30 comes twice on 1 November in New York and on 25 October in London
        ("30 1 * * *", NEW_YORK, "2026-10-31 12:00", ["11-01 05:30", "11-02 06:30", "11-03 06:30"]),
        ("30 1 * * *", NEW_YORK, "2026-11-01 05:30", ["11-02 06:30", "11-03 06:30", "11-04 06:30"]),
        ("30 1 * * *", NEW_YORK, "2026-11-01 06:15", ["11-02 06:30", "11-03 06:30", "11-04 06:30"]),
        ("30 1 * * *", LONDON, "2026-10-24 12:00", ["10-25 00:30", "10-26 01:30", "10-27 01:30"]),
        # a line for every hour goes on through both passes
        ("30 * * * *", NEW_YORK, "2026-11-01 05:00", ["11-01 05:30", "11-01 06:30", "11-01 07:30"]),
        (
            "*/20 * * * *",
            NEW_YORK,
            "2026-11-01 05:50",
            ["11-01 06:00", "11-01 06:20", "11-01 06:40"],
        ),
    ],
)
def test_next_times_bear_clocks_going_back(
    cron: str, zone: str, now: str, expected: list[str]
) -> None:
    assert due(cron, zone, now) == expected


@pytest.mark.parametrize("pace", [7, 25, 45])
def test_pace_of_odd_minutes_goes_on_when_clocks_go_back(pace: int) -> None:
    found = read_words(f"every {pace} min", timezone=NEW_YORK, calendar=Calendar())
    assert isinstance(found, Recurrence)
    times = [at("2026-11-01 04:00"), *next_times(found, now=at("2026-11-01 04:00"), count=60)]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert max(gaps[1:]) < 2 * timedelta(minutes=pace)


@pytest.mark.parametrize(
    ("zone", "jumps"),
    [
        (NEW_YORK, ["2026-03-08", "2026-11-01"]),
        (LONDON, ["2026-03-29", "2026-10-25"]),
        ("Australia/Lord_Howe", ["2026-04-04", "2026-10-03"]),  # by half an hour
    ],
)
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/7 1-3 * * *", "*/25 * * * *"])
def test_next_times_do_not_depend_on_where_one_starts(
    cron: str, zone: str, jumps: list[str]
) -> None:
    for jump in jumps:
        now = at(f"{jump} 00:00")
        whole = next_times(from_cron(cron, zone), now=now, count=45)
        one_by_one = []
        for _ in whole:
            (now,) = next_times(from_cron(cron, zone), now=now, count=1)
            one_by_one.append(now)
        assert one_by_one == whole


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("0 9 * *", TOKYO, "5 fields"),
        ("0 9 * * * *", TOKYO, "5 fields"),
        ("0 9 1 * mon", TOKYO, "write * for one of them"),
        ("60 9 * * *", TOKYO, "a number from 0 to 59"),
        ("0 24 * * *", TOKYO, "does not fit hour"),
        ("0 9 0 * *", TOKYO, "does not fit day of month"),
        ("0 9 last * *", TOKYO, "does not fit day of month"),
        ("0 9 * 13 *", TOKYO, "does not fit month"),
        ("0 9 * jam *", TOKYO, "such as feb-jun"),
        ("0 9 * * 8", TOKYO, "a number from 0 to 7"),
        ("0 9 * * 6-1", TOKYO, "such as mon-fri"),
        ("0 9 * * mon#1", TOKYO, "does not fit day of week"),
        ("*/0 9 * * *", TOKYO, "does not fit minute"),
        ("5/15 9 * * *", TOKYO, "does not fit minute"),
        ("0, 9 * * *", TOKYO, "does not fit minute"),
        ("0 9 31 4,6 *", TOKYO, "day 31 never comes"),
        ("0 9 * * *", "Tokyo", "not a time zone"),
        ("0 9 * * *", "", "not a time zone"),
        ("0 9 * * *", "../Tokyo", "not a time zone"),
    ],
)
def test_line_that_cannot_be_used_is_refused_with_what_to_write(
    cron: str, zone: str, words: str
) -> None:
    fault = check_cron(cron, zone)
    assert fault is not None
    assert words in str(fault) == fault.message["en"]
    assert fault.message["ja"] != fault.message["en"]
    with pytest.raises(ValueError, match=r"write|is `0 9") as caught:
        next_times(from_cron(cron, zone), now=at("2026-01-01 00:00"), count=1)
    assert str(caught.value) == str(fault)


def test_good_line_has_no_fault() -> None:
    assert check_cron("*/5 9-18 * jan-dec mon-fri", TOKYO) is None


def test_next_times_refuse_a_naive_now() -> None:
    naive = at("2026-01-01 00:00").replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        next_times(from_cron("0 9 * * *", TOKYO), now=naive, count=1)
