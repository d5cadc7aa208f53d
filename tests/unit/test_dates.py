"""Times in the shapes that people and programs write."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.date_order import infer_order
from leadline.domain.dates import parse_time


def _in_tokyo(text: str, order: str = "year_first") -> str | None:
    at = parse_time(text, zone="Asia/Tokyo", order=order)
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21T23:52:00+09:00",
        "2026-09-21T14:52:00Z",
        "20260921T145200Z",
        "2026-09-21 23:52",
        "2026/9/21 23:52",
        "2026.09.21 23:52:00",
        "２０２６／０９／２１　２３：５２",
        "2026年9月21日 23:52",
        "2026年9月21日(月) 午後11時52分",
        "2026年9月21日月曜日 23時52分0秒",
        "令和8年9月21日 23:52",
        "R8.9.21 23:52",
        "2026/09/21 11:52:00 午後 GMT+9",
        "2026/9/21 11:52 PM",
        "2026/9/21 11:52p.m. JST",
        "2026/9/21 23:52 (JST)",
        "Mon, 21 Sep 2026 23:52:00 +0900 (JST)",
        "Sep 21, 2026 23:52",
        "September 21st, 2026 at 11:52 PM",
        "21 September 2026, 23:52",
        "21-Sep-26 23:52",
        "2026/9/21 10:52:00 EDT",
        "2026-09-21 16:52 CEST",
        "21.09.2026 23:52",
        "21.9.2026 23:52 Uhr",
        "21. September 2026 um 23:52 Uhr",
        "Montag, 21. September 2026, 23:52",
        "Mon Sep 21 2026 23:52:00 GMT+0900 (Japan Standard Time)",
        "2026年9月21日（月）23時52分",
        "23:52 2026/9/21",
        "11:52 PM, Sep 21, 2026",
        "2026 Sep 21 23:52",
        "2026. 9. 21. 오후 11:52",
        "2026/9/21 下午11:52",
        "2026-09-21T14:52:00Z[UTC]",
        "20260921235200",
        "202609212352",
        "46286.99444",
        "1790002320",
        "1790002320000",
    ],
)
def test_time_is_read_in_every_shape(text: str) -> None:
    assert _in_tokyo(text) == "2026-09-21T14:52:00Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和元年5月1日", "2019-04-30T15:00:00Z"),
        ("平成30年1月2日 午前0時5分", "2018-01-01T15:05:00Z"),
        ("2026-10-05", "2026-10-04T15:00:00Z"),
        ("20261005", "2026-10-04T15:00:00Z"),
        ("2026/10/05 12:00 AM", "2026-10-04T15:00:00Z"),
        ("2026/10/05 午後0:30", "2026-10-05T03:30:00Z"),
        ("2026/10/05 6 PM", "2026-10-05T09:00:00Z"),
        ("2026/10/05 13:00 PM", "2026-10-05T04:00:00Z"),
        ("46300", "2026-10-04T15:00:00Z"),
        ("46300,5", "2026-10-05T03:00:00Z"),
        ("5. Okt. 2026", "2026-10-04T15:00:00Z"),
        ("12. März 2026", "2026-03-11T15:00:00Z"),
        ("2026-Oct-05", "2026-10-04T15:00:00Z"),
        ("Oct-05-2026", "2026-10-04T15:00:00Z"),
    ],
)
def test_dates_and_halves_of_the_day_are_read(text: str, expected: str) -> None:
    assert _in_tokyo(text) == expected


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("08/03/2026 06:26 AM", "month_first", "2026-08-02T21:26:00Z"),
        ("08/03/2026 06:26 AM", "day_first", "2026-03-07T21:26:00Z"),
        ("08/03/2026 06:26 AM", "year_first", None),
        ("13/08/2026", "month_first", "2026-08-12T15:00:00Z"),
        ("08/13/2026", "day_first", "2026-08-12T15:00:00Z"),
        ("08/13/2026", "year_first", "2026-08-12T15:00:00Z"),
        ("8/3/26", "month_first", "2026-08-02T15:00:00Z"),
        ("8/3/6", "month_first", None),
        ("8/3/98", "month_first", "1998-08-02T15:00:00Z"),
        ("26/8/3", "year_first", "2026-08-02T15:00:00Z"),
        ("05.10.2026", "year_first", "2026-10-04T15:00:00Z"),
        ("05.10.2026", "month_first", "2026-05-09T15:00:00Z"),
    ],
)
def test_order_counts_only_where_the_numbers_leave_it_open(
    text: str, order: str, expected: str | None
) -> None:
    assert _in_tokyo(text, order) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Please call.",
        "2026-13-40",
        "2026/02/30 10:00",
        "99:99",
        "6 PM",
        "12 Brumaire 2026",
        "2026/10/05 25:00",
        "2026/10/05 10:00 +19:00",
        "0001-01-01",
        "9999-12-31T23:59:59-10:00",
        "12345",
        "90210.5",
        "1.5",
        "99999999999999",
        "9999999999",
        "10月5日",
        "2026-10-05" + " " * 200 + "10:00",
    ],
)
def test_time_is_none_for_anything_else(text: str) -> None:
    assert _in_tokyo(text) is None


def test_fractions_of_a_second_are_kept() -> None:
    expected = datetime(2026, 10, 5, 10, 20, 30, 123000, UTC)
    assert parse_time("2026/10/05 10:20:30.123", zone="UTC", order="year_first") == expected


def test_time_without_offset_follows_summer_time() -> None:
    at = parse_time("2026-07-26 20:29", zone="America/New_York", order="month_first")
    assert at == datetime(2026, 7, 27, 0, 29, tzinfo=UTC)


def test_unknown_zone_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        parse_time("2026-07-26", zone="Mars/Olympus", order="year_first")


@pytest.mark.parametrize(
    ("cells", "country", "expected"),
    [
        (["10/05/2026", "10/13/2026"], "DE", ("month_first", "proved", "10/13/2026")),
        (["10/05/2026", "13/10/2026 9:00"], "US", ("day_first", "proved", "13/10/2026")),
        (["05/10/2026"], "US", ("month_first", "assumed", "05/10/2026")),
        (["05/10/2026"], "GB", ("day_first", "assumed", "05/10/2026")),
        (["０５／１０／２０２６"], "JP", ("month_first", "assumed", "05/10/2026")),
        (["05.10.2026 13:04"], "US", ("day_first", "assumed", "05.10.2026")),
        (["26/10/05", "26/11/30"], "JP", ("year_first", "assumed", "26/10/05")),
        (["31/12/99"], "JP", ("day_first", "proved", "31/12/99")),
        (["25/12/11", "03/14/2026"], "GB", ("month_first", "proved", "03/14/2026")),
        (["2026-10-05", "", "soon", "令和8.10.5", "H30.1.2"], "GB", ("day_first", "none", "")),
        ([], "JP", ("year_first", "none", "")),
        (["13/10/2026", "10/13/2026"], "GB", ("day_first", "none", "")),
        (["13/10/2026", "10/13/2026", "5/6/2026"], "US", ("month_first", "assumed", "5/6/2026")),
    ],
)
def test_order_of_dates_is_told_by_the_file_or_assumed_by_the_country(
    cells: list[str], country: str, expected: tuple[str, str, str]
) -> None:
    assert infer_order(cells, stated=None, country=country) == expected


def test_order_that_is_stated_stands_whatever_the_file_says() -> None:
    found = infer_order(["13/10/2026"], stated="month_first", country="GB")
    assert found == ("month_first", "stated", "")


@given(st.lists(st.text(max_size=20)), st.sampled_from(["US", "JP", "DE", ""]))
def test_order_is_found_for_any_cells(cells: list[str], country: str) -> None:
    assert infer_order(cells, stated=None, country=country).order.endswith("_first")


@given(st.text(max_size=120))
def test_time_never_fails_on_any_text(text: str) -> None:
    at = parse_time(text, zone="Asia/Tokyo", order="month_first")
    assert at is None or at.tzinfo is UTC


@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["{0:%Y}/{0.month}/{0.day} {0.hour}:{0:%M}", "{0:%Y}年{0.month}月{0.day}日"]),
)
def test_plain_shapes_mean_the_same_as_with_a_weekday(at: datetime, shape: str) -> None:
    text = shape.format(at)
    day, _, clock = text.partition(" ")
    assert _in_tokyo(text) == _in_tokyo(f"Mon, {day} {clock}") is not None
