"""Sending windows and working hours: weekends, holidays, midnight and clocks that jump."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from leadline.domain.windows import (
    Window,
    add_working_time,
    closes_at,
    format_window,
    next_open,
    parse_window,
)

OFFICE = parse_window("Mon,Tue,Wed,Thu,Fri 09:00-18:00")
NIGHT = parse_window("Fri,Sat 22:00-06:00")
ALWAYS = parse_window("Mon,Tue,Wed,Thu,Fri,Sat,Sun 00:00-00:00")
NEW_YORK, TOKYO, LONDON = "America/New_York", "Asia/Tokyo", "Europe/London"
GOLDEN_WEEK = [date(2026, 4, 29), date(2026, 5, 4), date(2026, 5, 5), date(2026, 5, 6)]
NEW_YEAR = [date(2026, 12, 31), date(2027, 1, 1)]


def at(text: str) -> datetime:
    """Read `2026-03-06 17:00`, UTC unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        # Tokyo has no daylight saving; 9:00 is midnight in UTC
        (TOKYO, "2026-03-06 00:00", "2026-03-06 00:00"),  # opening time is inside
        (TOKYO, "2026-03-06 08:59", "2026-03-06 08:59"),
        (TOKYO, "2026-03-06 09:00", "2026-03-09 00:00"),  # closing time is outside; Friday
        (TOKYO, "2026-03-05 23:59", "2026-03-06 00:00"),
        (TOKYO, "2028-02-28 12:00", "2028-02-29 00:00"),  # leap day
        (TOKYO, "2026-12-31 12:00", "2027-01-01 00:00"),  # year end
        # New York goes to summer time on 8 March 2026 and back on 1 November
        (NEW_YORK, "2026-03-06 23:30", "2026-03-09 13:00"),
        (NEW_YORK, "2026-03-06 13:30", "2026-03-06 14:00"),
        (NEW_YORK, "2026-10-30 22:30", "2026-11-02 14:00"),
        # London goes to summer time on 29 March 2026 and back on 25 October
        (LONDON, "2026-03-27 18:30", "2026-03-30 08:00"),
        (LONDON, "2026-10-23 17:30", "2026-10-26 09:00"),
        # any aware time may be asked about
        (LONDON, "2026-01-05 23:00+09:00", "2026-01-05 14:00"),
    ],
)
def test_next_open_keeps_local_office_hours(zone: str, now: str, expected: str) -> None:
    opening = next_open(at(now), window=OFFICE, zone=zone)
    assert opening == at(expected)
    assert opening.tzinfo is UTC


@pytest.mark.parametrize(
    ("closed_on", "now", "expected"),
    [
        (GOLDEN_WEEK, "2026-05-01 10:00", "2026-05-07 00:00"),
        (GOLDEN_WEEK, "2026-04-28 10:00", "2026-04-30 00:00"),
        (GOLDEN_WEEK, "2026-05-04 03:00", "2026-05-07 00:00"),
        (NEW_YEAR, "2026-12-30 10:00", "2027-01-04 00:00"),
    ],
)
def test_next_open_skips_holidays(closed_on: list[date], now: str, expected: str) -> None:
    assert next_open(at(now), window=OFFICE, zone=TOKYO, closed_on=closed_on) == at(expected)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-05 21:00", "2026-06-05 22:00"),
        ("2026-06-06 05:59", "2026-06-06 05:59"),
        ("2026-06-06 06:00", "2026-06-06 22:00"),
        ("2026-06-07 01:00", "2026-06-07 01:00"),  # Sunday, in the window that Saturday opened
        ("2026-06-07 23:00", "2026-06-12 22:00"),
    ],
)
def test_next_open_follows_a_window_past_midnight(now: str, expected: str) -> None:
    assert next_open(at(now), window=NIGHT, zone="UTC") == at(expected)


def test_closed_date_opens_no_window_but_lets_the_evening_before_run_out() -> None:
    closed = {date(2026, 6, 6)}
    assert next_open(at("2026-06-06 01:00"), window=NIGHT, zone="UTC", closed_on=closed) == at(
        "2026-06-06 01:00"
    )
    assert next_open(at("2026-06-06 07:00"), window=NIGHT, zone="UTC", closed_on=closed) == at(
        "2026-06-12 22:00"
    )


@pytest.mark.parametrize(
    ("hours", "opens", "closes"),
    [
        ("Sun 02:30-05:00", "2026-03-08 07:30", "2026-03-08 09:00"),  # 02:30 does not exist
        ("Sun 01:00-02:30", "2026-03-08 06:00", "2026-03-08 07:30"),
        ("Sun 02:30-03:10", "2026-03-15 06:30", "2026-03-15 07:10"),  # swallowed: a week later
        ("Sat 22:00-05:00", "2026-03-08 03:00", "2026-03-08 09:00"),  # an hour shorter
    ],
)
def test_window_bears_clocks_going_forward(hours: str, opens: str, closes: str) -> None:
    window = parse_window(hours)
    opening = next_open(at("2026-03-08 01:00"), window=window, zone=NEW_YORK)
    assert opening == at(opens)
    assert closes_at(opening, window=window, zone=NEW_YORK) == at(closes)


@pytest.mark.parametrize(
    ("hours", "opens", "closes"),
    [
        ("Sun 01:30-05:00", "2026-11-01 05:30", "2026-11-01 10:00"),  # the first 01:30
        ("Sun 01:00-01:30", "2026-11-01 05:00", "2026-11-01 05:30"),  # once, not twice
        ("Sat 22:00-05:00", "2026-11-01 02:00", "2026-11-01 10:00"),  # an hour longer
    ],
)
def test_window_bears_clocks_going_back(hours: str, opens: str, closes: str) -> None:
    window = parse_window(hours)
    opening = next_open(at("2026-11-01 01:00"), window=window, zone=NEW_YORK)
    assert opening == at(opens)
    assert closes_at(opening, window=window, zone=NEW_YORK) == at(closes)


def test_closes_at_ends_the_window_that_opened_the_day_before() -> None:
    assert closes_at(at("2026-06-06 01:00"), window=NIGHT, zone="UTC") == at("2026-06-06 06:00")
    assert closes_at(at("2026-06-06 01:00"), window=ALWAYS, zone="UTC") == at("2026-06-07 00:00")


def test_closes_at_refuses_a_moment_outside() -> None:
    with pytest.raises(ValueError, match="closed now"):
        closes_at(at("2026-06-06 07:00"), window=NIGHT, zone="UTC")


@pytest.mark.parametrize(
    ("zone", "start", "hours", "expected"),
    [
        (TOKYO, "2026-03-05 01:00", 4, "2026-03-05 05:00"),
        (TOKYO, "2026-03-06 07:00", 4, "2026-03-09 02:00"),  # Friday 16:00 -> Monday 11:00
        (TOKYO, "2026-03-07 03:00", 4, "2026-03-09 04:00"),  # Saturday
        (TOKYO, "2026-03-06 07:00", 2, "2026-03-06 09:00"),  # due at closing time
        (TOKYO, "2026-03-07 03:00", 0, "2026-03-09 00:00"),
        (TOKYO, "2026-03-02 00:00", 45, "2026-03-06 09:00"),  # a whole week
        (TOKYO, "2028-02-28 07:00", 4, "2028-02-29 02:00"),
        (NEW_YORK, "2026-03-06 21:00", 4, "2026-03-09 15:00"),  # over the change to summer
        (NEW_YORK, "2026-10-30 20:00", 4, "2026-11-02 16:00"),  # and back
        (LONDON, "2026-10-23 16:00", 4, "2026-10-26 12:00"),
    ],
)
def test_working_time_counts_open_hours_only(
    zone: str, start: str, hours: int, expected: str
) -> None:
    due = add_working_time(at(start), duration=timedelta(hours=hours), window=OFFICE, zone=zone)
    assert due == at(expected)
    assert due.tzinfo is UTC


def test_working_time_skips_days_off() -> None:
    due = add_working_time(
        at("2026-05-01 08:00"),
        duration=timedelta(hours=4),
        window=OFFICE,
        zone=TOKYO,
        closed_on=GOLDEN_WEEK,
    )
    assert due == at("2026-05-07 03:00")


@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO, LONDON])
@pytest.mark.parametrize("start", ["2026-03-07 12:00", "2026-10-24 12:00", "2026-10-31 12:00"])
def test_working_time_around_the_clock_is_real_time(zone: str, start: str) -> None:
    days = timedelta(days=3)
    assert add_working_time(at(start), duration=days, window=ALWAYS, zone=zone) == at(start) + days


def test_working_time_refuses_a_negative_duration() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_time(at("2026-03-05 01:00"), duration=-timedelta(1), window=OFFICE, zone=TOKYO)


def test_window_refuses_a_naive_moment() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_open(at("2026-03-05 01:00").replace(tzinfo=None), window=OFFICE, zone=TOKYO)


@pytest.mark.parametrize("days", [frozenset[int](), frozenset({7}), frozenset({-1, 0})])
def test_window_refuses_days_that_never_come(days: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="weekday"):
        Window(days, time(9), time(18))


@pytest.mark.parametrize(
    ("opens", "closes"), [(time(9, tzinfo=UTC), time(18)), (time(9), time(18, tzinfo=UTC))]
)
def test_window_refuses_times_with_a_zone(opens: time, closes: time) -> None:
    with pytest.raises(ValueError, match="no zone"):
        Window(frozenset({0}), opens, closes)


@pytest.mark.parametrize(
    "text",
    [
        "Mon,Tue,Wed,Thu,Fri 09:00-18:00",
        "Sun 22:30-06:00",
        "Mon,Sun 00:00-00:00",
        "Sat 09:00:30-18:00",
    ],
)
def test_window_text_is_read_as_it_was_written(text: str) -> None:
    assert format_window(parse_window(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "09:00-18:00",
        "Mon",
        "Mon 09:00",
        "Mon 9-18",
        "mon 09:00-18:00",
        "Mon 09:00-25:00",
        "Mon,Mon, 09:00-18:00",
    ],
)
def test_window_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no window"):
        parse_window(text)
