"""Calendars: every country and part of one whose holidays are known can be used."""

from __future__ import annotations

from datetime import date, timedelta

from leadline.domain.calendars import Calendar, CompanyDays, MonthDay, country_names


def test_every_country_and_part_that_may_be_named_has_its_days() -> None:
    christmas = date(2026, 12, 25)
    found = {
        name
        for name in country_names()
        if Calendar((name,), (name,)).is_holiday(christmas) in {True, False}
    }
    assert found == country_names()
    assert {"jp", "us", "de-by", "de-augsburg", "be-flemish"} <= found


def test_part_of_a_country_has_its_own_day() -> None:
    peace = date(2026, 8, 8)
    assert Calendar(("de-augsburg",), ("de-augsburg",)).is_holiday(peace)
    assert not Calendar(("de-by",), ("de-by",)).is_holiday(peace)


def test_yearly_days_go_over_the_end_of_the_year() -> None:
    closed = CompanyDays("年末年始", MonthDay(12, 29), MonthDay(1, 3))
    calendar = Calendar(("company",), company=(closed,))
    days = [date(2026, 12, 27) + timedelta(days=number) for number in range(10)]
    assert [day.day for day in days if calendar.is_holiday(day)] == [29, 30, 31, 1, 2, 3]
