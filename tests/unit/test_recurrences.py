"""Schedules in words: what they name, in both languages, and what is refused with which word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.domain.calendars import Calendar, CompanyDays, MonthDay
from leadline.domain.recurrence_checks import WordsFault
from leadline.domain.recurrence_sentences import restate
from leadline.domain.recurrence_words import read_words
from leadline.domain.recurrences import DayRule, Recurrence
from leadline.schedule import count_times, last_time, next_times, why_not

NEW_YEAR = CompanyDays("年末年始", MonthDay(12, 29), MonthDay(1, 3))
JAPAN = Calendar(("jp",), ("jp",))
COMPANY = Calendar(("jp", "company"), ("jp",), (NEW_YEAR,))
TOKYO = ZoneInfo("Asia/Tokyo")

WORKING = DayRule(is_without_holidays=True)


def understood(words: str, *, timezone: str = "UTC", calendar: Calendar = JAPAN) -> Recurrence:
    found = read_words(words, timezone=timezone, calendar=calendar)
    assert not isinstance(found, WordsFault), found
    return found


def refused(words: str) -> WordsFault:
    found = read_words(words, timezone="UTC", calendar=JAPAN)
    assert isinstance(found, WordsFault), found
    return found


@pytest.mark.parametrize(
    ("english", "japanese", "lines", "rule"),
    [
        ("every minute", "毎分", ["* * * * *"], DayRule()),
        ("every 15 min", "15分ごと", ["*/15 * * * *"], DayRule()),
        ("every hour", "1時間ごと", ["0 * * * *"], DayRule()),
        ("hourly", "毎時", ["0 * * * *"], DayRule()),
        ("hourly at :15", "毎時15分", ["15 * * * *"], DayRule()),
        (
            "every 2 hours, 09:00-18:00",
            "9時から18時まで2時間ごと",
            ["0 9,11,13,15,17 * * *"],
            DayRule(),
        ),
        (
            "every 15 minutes, Mon-Fri 08-20",
            "月-金 08:00-20:00 15分ごと",
            ["*/15 8-19 * * mon-fri", "0 20 * * mon-fri"],
            DayRule(),
        ),
        (
            "every 15 min, business days 8-20",
            "15分ごと 平日 8時〜20時",
            ["*/15 8-19 * * mon-fri", "0 20 * * mon-fri"],
            WORKING,
        ),
        (
            "every 30 min between 22:00 and 1:00",
            "22時-1時 30分ごと",
            ["*/30 0,22,23 * * *", "0 1 * * *"],
            DayRule(),
        ),
        ("daily 09:00", "毎日 9:00", ["0 9 * * *"], DayRule()),
        ("every day at 9:30 am", "毎日 午前9時半", ["30 9 * * *"], DayRule()),
        ("daily at noon", "毎日 正午", ["0 12 * * *"], DayRule()),
        (
            "daily at 9:00, 13:00 and 17:30",
            "毎日 9時、13時と17時30分",
            ["0 9,13 * * *", "30 17 * * *"],
            DayRule(),
        ),
        ("Mon-Fri 09:00", "月曜から金曜 9:00", ["0 9 * * mon-fri"], DayRule()),
        ("Fri-Mon 09:00", "金〜月 9:00", ["0 9 * * sun,mon,fri,sat"], DayRule()),
        ("weekly Mon 09:00", "毎週月曜 9:00", ["0 9 * * mon"], DayRule()),
        ("every Sunday at 09:00", "毎週日曜日の9:00", ["0 9 * * sun"], DayRule()),
        ("every week on Monday 09:00", "毎週月曜日 9:00", ["0 9 * * mon"], DayRule()),
        ("Mon, Thu 09:00", "月・木 9:00", ["0 9 * * mon,thu"], DayRule()),
        ("Mon/Wed/Fri 09:00", "月水金 9:00", ["0 9 * * mon,wed,fri"], DayRule()),
        ("weekends 10:00", "週末 10:00", ["0 10 * * sun,sat"], DayRule()),
        ("workdays 09:00", "営業日 9:00", ["0 9 * * mon-fri"], WORKING),
        ("daily 9:00 except holidays", "毎日 9:00 祝日を除く", ["0 9 * * *"], WORKING),
        (
            "first business day of the month 09:00",
            "毎月第1営業日 9:00",
            ["0 9 * * mon-fri"],
            DayRule((1,), "business_day"),
        ),
        (
            "last business day of the month 18:00",
            "毎月最終営業日 18:00",
            ["0 18 * * mon-fri"],
            DayRule((-1,), "business_day"),
        ),
        (
            "3rd business day of April 10:00",
            "4月の第3営業日 10:00",
            ["0 10 * apr mon-fri"],
            DayRule((3,), "business_day"),
        ),
        (
            "1st and 3rd Monday of the month 09:00",
            "毎月第1・第3月曜 9:00",
            ["0 9 * * mon"],
            DayRule((1, 3), "weekday"),
        ),
        (
            "last Friday of every month, 17:00",
            "毎月最終金曜 17:00",
            ["0 17 * * fri"],
            DayRule((-1,), "weekday"),
        ),
        ("day 1 of the month 06:00", "毎月1日 6:00", ["0 6 1 * *"], DayRule()),
        ("the 1st of the month 06:00", "毎月1日の6時", ["0 6 1 * *"], DayRule()),
        ("monthly on day 1 and 15, 06:00", "毎月1日・15日 6:00", ["0 6 1,15 * *"], DayRule()),
        ("last day of the month 18:00", "毎月末日 18:00", ["0 18 28-31 * *"], DayRule((-1,))),
        ("29 February 09:00", "毎年2月29日 9:00", ["0 9 29 feb *"], DayRule()),
        ("yearly on Feb 29 at 9am", "2月29日 9時", ["0 9 29 feb *"], DayRule()),
    ],
)
def test_words_of_both_languages_name_the_same(
    english: str, japanese: str, lines: list[str], rule: DayRule
) -> None:
    for words in (english, japanese, english.upper()):
        found = understood(words)
        assert (list(found.lines), found.day, found.timezone) == (lines, rule, "UTC")


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("毎月最終日 9時", "毎月末日 9:00"),
        ("毎月最後の日 9時", "毎月末日 9:00"),
        ("最終日 18時", "毎月末日 18:00"),
        ("毎月末 18時", "毎月末日 18:00"),
        ("毎月末日 18時", "毎月末日 18:00"),
        ("毎月最初の日 9時", "毎月1日 9:00"),
        ("毎月最終日曜 9時", "last Sunday of the month 9:00"),
        ("毎月第3日曜日 9時", "3rd Sunday of the month 9:00"),
        ("毎朝9時", "毎日 9:00"),
        ("毎日 朝7時半", "毎日 7:30"),
        ("毎日曜 9時", "毎週日曜 9:00"),
        ("毎月曜日 9時", "毎週月曜 9:00"),
        ("毎日 9時 土日祝を除く", "営業日 9:00"),
        ("土日祝日を除く 9時", "営業日 9:00"),
        ("土・日・祝日以外 9時", "営業日 9:00"),
        ("月末営業日 17時", "毎月最終営業日 17:00"),
        ("毎月月末の営業日 17時", "毎月最終営業日 17:00"),
        ("月初の営業日 9時", "毎月第1営業日 9:00"),
        ("毎日 夕方5時", "毎日 17:00"),
        ("毎日 夕方17時半", "毎日 17:30"),
        ("毎日 夜9時", "毎日 21:00"),
        ("毎日 夜22時", "毎日 22:00"),
    ],
)
def test_japanese_words_mean_the_same_as_plainer_ones(words: str, plain: str) -> None:
    found, expected = understood(words), understood(plain)
    assert (found.lines, found.day) == (expected.lines, expected.day)


def test_weekdays_keep_holidays_and_heijitsu_leaves_them_out() -> None:
    assert understood("weekdays 9:00").day == DayRule()
    assert understood("平日 9:00").day == WORKING


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("daily 09:00 Asia/Tokyo", "Asia/Tokyo"),
        ("asia/tokyo 毎日 9:00", "Asia/Tokyo"),
        ("daily 09:00 UTC", "UTC"),
        ("daily 09:00 america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
        ("daily 09:00", "Europe/Berlin"),
    ],
)
def test_zone_of_the_words_counts_before_that_of_the_settings(words: str, zone: str) -> None:
    assert understood(words, timezone="Europe/Berlin").timezone == zone


def test_order_width_and_commas_are_free() -> None:
    same = {
        understood(words).lines
        for words in (
            "every 15 min, Mon-Fri 08-20",
            "Mon-Fri, 08:00-20:00, every 15 minutes",
            "08–20 Mon–Fri every 15 minutes",
            "１５分ごと　月－金　８時～２０時",
        )
    }
    assert len(same) == 1


@pytest.mark.parametrize(
    ("words", "offset", "suggestion"),
    [
        ("everry minute", 0, "every"),
        ("every Mondai 9:00", 6, "Monday"),
        ("daily 9:00 Asia/Tokio", 11, "Asia/Tokyo"),
        ("daily 9:00 Tokyo", 11, "Asia/Tokyo"),
        ("daily 9:00 JST", 11, "Asia/Tokyo"),
        ("毎日 9:00 日本時間", 8, "Asia/Tokyo"),
        ("毎日 9:00 東京", 8, "Asia/Tokyo"),
        ("daily 9:00 PST", 11, ""),
        ("毎月第3日 9時", 2, "3日"),
        ("毎周月曜 9:00", 0, "毎週月曜"),
        ("毎日 9:00 Ａｓｉａ／Ｔｏｋｉｏ", 8, "Asia/Tokyo"),
        ("firsst business day of the month 9:00", 0, "first"),
        ("daily at 9", 9, "09:00"),
        ("24:00 daily", 0, "00:00"),
        ("every 15 min 9:00", 13, ""),
        ("every 15 min every 20 min", 13, ""),
        ("daily", 0, ""),
        ("08-20", 0, ""),
        ("weekly 9:00", 0, ""),
        ("monthly 9:00", 0, ""),
        ("Monday 9:00 day 3 of the month", 12, ""),
        ("every 2 weeks Mon 9:00", 0, ""),
        ("2週間ごと 9:00", 0, ""),
        ("every 0 min", 0, ""),
        ("every 24 hours", 0, ""),
        ("every 30 min Mon 22-06", 17, ""),
        ("every 30 min 08-08", 13, ""),
        ("every 30 min 08-25", 16, ""),
        ("13月1日 9:00", 0, ""),
        ("day 32 of the month 9:00", 4, ""),
        ("day 31 of February 9:00", 0, ""),
        ("31日 2月・4月 9:00", 0, ""),
        ("25th business day of the month 9:00", 0, ""),
        ("*/5 * * * *", 0, ""),
        ("", 0, ""),
        ("毎月第0営業日 9:00", 2, ""),
        ("every 99999999999 min", 6, ""),
        ("hourly, 10-20 of the month", 21, ""),
        ("every 15 min, 1-5 of the month", 25, ""),
        ("daily 9:00 except Sundays", 11, ""),
        ("毎日 9:00 日曜を除く", 8, ""),
        ("weekdays except Friday 9:00", 0, ""),
        ("毎日 夜1時", 3, ""),
    ],
)
def test_words_that_cannot_be_used_are_refused_where_they_stand(
    words: str, offset: int, suggestion: str
) -> None:
    fault = refused(words)
    assert (fault.offset, fault.suggestion) == (offset, suggestion)
    assert fault.message["en"] != fault.message["ja"]


@pytest.mark.parametrize(
    ("words", "offset"),
    [
        ("毎月第1営業日 9:00、25日 9:00", 13),
        ("毎月第1営業日と15日 9時", 8),
        ("first business day and 15th of the month 09:00", 23),
        ("last business day and last day 18:00", 22),
        ("every Monday and first business day 09:00", 17),
        ("first Monday and every Tuesday 09:00", 23),
        ("Mon 09:00 and Thu 14:00", 14),
        ("Mon-Fri 09:00, Sat 11:00", 15),
        ("9:00 Mon, 11:00 Sat", 10),
        ("月曜9時と木曜14時", 5),
        ("2月1日・4月15日 9:00", 5),
        ("15th and first business day 09:00", 0),
        ("15th and last business day 09:00", 0),
        ("first weekday of the month 09:00", 0),
        ("every second Monday 09:00", 0),
        ("every 2nd business day 09:00", 0),
        ("every second day 09:00", 0),
        ("every second month 09:00", 0),
    ],
)
def test_days_that_could_mean_two_things_are_refused(words: str, offset: int) -> None:
    fault = refused(words)
    assert fault.offset == offset
    assert fault.message["en"] != fault.message["ja"]


@pytest.mark.parametrize(
    ("words", "line", "rule"),
    [
        ("Mon 09:00 and Thu 09:00", "0 9 * * mon,thu", DayRule()),
        ("weekly Mon 09:00, 17:00", "0 9,17 * * mon", DayRule()),
        ("every second Monday of the month 09:00", "0 9 * * mon", DayRule((2,), "weekday")),
        ("every 15th of the month 09:00", "0 9 15 * *", DayRule()),
        ("every second Friday of May 09:00", "0 9 * may fri", DayRule((2,), "weekday")),
        ("10th and 15th business day 09:00", "0 9 * * mon-fri", DayRule((10, 15), "business_day")),
        ("2月・4月 1日 9:00", "0 9 1 feb,apr *", DayRule()),
        ("毎月第10・最終営業日 9:00", "0 9 * * mon-fri", DayRule((-1, 10), "business_day")),
    ],
)
def test_days_that_mean_one_thing_are_taken(words: str, line: str, rule: DayRule) -> None:
    found = understood(words)
    assert (found.lines, found.day) == ((line,), rule)


@pytest.mark.parametrize(
    ("words", "offset", "suggestion"),
    [
        ("every 30 min 9-5", 13, "9-17"),
        ("every 30 min between 9 and 5", 21, "9-17"),
        ("30分ごと 9時〜5時", 6, "9時〜17時"),
        ("30分ごと 午前9時〜5時", 11, "9時〜17時"),
        ("15分ごと 午後1時〜5時", 11, "13時〜17時"),
        ("every 15 min from 1 to 5 pm", 18, "13-17"),
        ("every 15 min 9:30 to 5pm", 13, "09:30-17"),
        ("毎日午後1時と3時", 7, "13時と15時"),
        ("毎日 9時と午後5時", 3, "9時と17時"),
        ("daily 1 pm and 3:30", 15, "13:00 and 15:30"),
    ],
)
def test_time_that_may_be_before_or_after_noon_is_refused(
    words: str, offset: int, suggestion: str
) -> None:
    fault = refused(words)
    assert (fault.offset, fault.suggestion) == (offset, suggestion)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("every hour 22-02", "0-2,22,23"),
        ("every hour 20:00-00:00", "0,20-23"),
        ("every hour 9:00-07:00", "0-7,9-23"),
        ("every hour 9am to noon", "9-12"),
        ("every hour 9am-11:00am", "9-11"),
        ("every hour 9 am to 13:00", "9-13"),
        ("1時間ごと 午後9時〜午前0時", "0,21-23"),
    ],
)
def test_window_whose_ends_are_clear_is_taken(words: str, hours: str) -> None:
    assert understood(words).lines == (f"0 {hours} * * *",)


def test_calendar_without_a_business_day_is_refused() -> None:
    always = CompanyDays("closed", MonthDay(1, 1), MonthDay(12, 31))
    calendar = Calendar(("company",), (), (always,))
    fault = read_words("business days 9:00", timezone="UTC", calendar=calendar)
    assert isinstance(fault, WordsFault)
    assert "never comes" in fault.message["en"]


# ---- days ----


def days(words: str, year: int, *, calendar: Calendar = COMPANY, count: int = 12) -> list[str]:
    """Return the first due days of a year as text."""
    now = datetime(year, 1, 1, tzinfo=TOKYO) - timedelta(minutes=1)
    found = next_times(
        understood(words, timezone="Asia/Tokyo", calendar=calendar), now=now, count=count
    )
    return [f"{at.astimezone(TOKYO):%m-%d}" for at in found]


def test_first_business_day_passes_over_weekends_holidays_and_company_days() -> None:
    # 1 January is a holiday and the company opens on the 5th; 1 May is a Friday in 2026, and in
    # 2027 a Saturday before Golden Week ends with the substitute holiday of the 5th
    assert days("毎月第1営業日 9:00", 2026) == [
        *("01-05", "02-02", "03-02", "04-01", "05-01", "06-01"),
        *("07-01", "08-03", "09-01", "10-01", "11-02", "12-01"),
    ]
    assert days("first business day of May 9:00", 2027, count=1) == ["05-06"]


def test_business_days_leave_out_substitute_and_sandwiched_holidays() -> None:
    # 6 May 2026 stands for the 3rd, a Sunday; 22 September lies between two holidays
    recurrence = understood("営業日 9:00 Asia/Tokyo")
    for day, name, name_ja in (
        (date(2026, 5, 6), "Substitute Holiday", "振替休日"),
        (date(2026, 9, 22), "National Holiday", "国民の休日"),
    ):
        reason = why_not(recurrence, datetime(day.year, day.month, day.day, 9, tzinfo=TOKYO))
        assert reason == {
            "en": f"{day} is a holiday ({name})",
            "ja": f"{day} は休日です ({name_ja})",
        }


def test_last_business_day_of_the_year_comes_before_company_days() -> None:
    assert days("12月の最終営業日 18:00", 2026, count=1) == ["12-28"]
    assert days("12月の最終営業日 18:00", 2026, calendar=JAPAN, count=1) == ["12-31"]


def test_company_days_may_go_over_the_end_of_the_year_or_lie_in_one_year() -> None:
    assert [day for day in range(1, 6) if NEW_YEAR.has_day(date(2027, 1, day))] == [1, 2, 3]
    assert [day for day in range(27, 32) if NEW_YEAR.has_day(date(2026, 12, day))] == [29, 30, 31]
    once = CompanyDays("move", date(2026, 6, 1), date(2026, 6, 2))
    assert once.has_day(date(2026, 6, 2))
    assert not once.has_day(date(2027, 6, 2))


def test_leap_day_comes_every_four_years() -> None:
    found = next_times(
        understood("29 February 09:00"), now=datetime(2026, 1, 1, tzinfo=UTC), count=5
    )
    assert [at.year for at in found] == [2028, 2032, 2036, 2040, 2044]
    assert {(at.month, at.day) for at in found} == {(2, 29)}


def test_month_ends_and_the_31st() -> None:
    assert days("毎月末日 18:00", 2028, count=3) == ["01-31", "02-29", "03-31"]
    assert days("day 31 of the month 18:00", 2026, count=3) == ["01-31", "03-31", "05-31"]
    assert days("15日・末日 9:00", 2026, count=4) == ["01-15", "01-31", "02-15", "02-28"]


def test_days_are_those_of_the_local_date() -> None:
    # Friday morning in Tokyo is Thursday in UTC
    [at] = next_times(
        understood("Fri 08:00 Asia/Tokyo"), now=datetime(2026, 11, 16, tzinfo=UTC), count=1
    )
    assert at == datetime(2026, 11, 19, 23, tzinfo=UTC)


def test_day_that_is_not_meant_is_told_with_the_one_that_is() -> None:
    recurrence = understood("first business day of the month 09:00 Asia/Tokyo", calendar=COMPANY)
    reason = why_not(recurrence, datetime(2026, 1, 6, 9, tzinfo=TOKYO))
    assert reason is not None
    assert "this month: 2026-01-05" in reason["en"]
    assert "2026-01-05" in reason["ja"]
    other = why_not(recurrence, datetime(2026, 1, 5, 9, 30, tzinfo=TOKYO))
    assert other is not None
    assert "09:30" in other["en"]


# ---- instants ----


def test_last_time_is_the_newest_due_instant_with_now() -> None:
    recurrence = understood("Mon-Fri 09:00")
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert last_time(recurrence, now=monday) == monday
    assert last_time(recurrence, now=monday - timedelta(seconds=1)) == monday - timedelta(days=3)
    leap = understood("29 February 09:00")
    assert last_time(leap, now=datetime(2029, 4, 1, tzinfo=UTC)) == datetime(
        2028, 2, 29, 9, tzinfo=UTC
    )
    assert last_time(leap, now=datetime(2029, 5, 1, tzinfo=UTC)) is None


def test_count_times_counts_up_to_a_limit() -> None:
    recurrence = understood("every minute")
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    until = now + timedelta(days=3)
    assert count_times(recurrence, after=now, until=until, most=10_000) == 3 * 24 * 60
    assert count_times(recurrence, after=now, until=until, most=100) == 100
    assert count_times(recurrence, after=now, until=now, most=100) == 0


@settings(max_examples=60, deadline=None)
@given(
    pace=st.integers(1, 400),
    window=st.none() | st.tuples(st.integers(0, 22), st.integers(1, 23)),
    week=st.none() | st.sampled_from(["Mon-Fri", "Sat", "Tue, Thu"]),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_paces_name_the_minutes_of_a_walk_over_the_day(
    pace: int, window: tuple[int, int] | None, week: str | None, day: date
) -> None:
    words = f"every {pace} min {week or ''}"
    start, end = 0, 24 * 60 - 1
    if window and window[0] < window[1]:
        words += f" {window[0]:02}-{window[1]:02}"
        start, end = (hour * 60 for hour in window)
    meant = {"Mon-Fri": range(5), "Sat": [5], "Tue, Thu": [1, 3]}.get(week or "", range(7))
    walked = [
        minute
        for minute in range(24 * 60)
        if start <= minute <= end and (minute - start) % pace == 0 and day.weekday() in meant
    ]
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    count = count_times(
        understood(words),
        after=midnight - timedelta(seconds=1),
        until=midnight + timedelta(hours=23, minutes=59),
        most=2000,
    )
    found = next_times(understood(words), now=midnight - timedelta(seconds=1), count=count)
    assert [at.hour * 60 + at.minute for at in found] == walked


@pytest.mark.parametrize(
    ("words", "english", "japanese"),
    [
        ("every 15 min", "every 15 minutes, every day", "毎日 15分ごと"),
        ("毎時15分", "every hour from 00:15 on, every day", "毎日 00:15 から1時間ごと"),
        (
            "every 50 min, Mon-Fri 08-20",
            "every 50 minutes from 08:00 to 19:40, Monday to Friday",
            "月〜金曜 08:00〜19:40 50分ごと",
        ),
        ("daily 9:00, 13:00", "at 09:00 and 13:00, every day", "毎日 09:00、13:00"),
        (
            "営業日 9:00",
            "at 09:00, Monday to Friday (no holidays: jp)",
            "月〜金曜 (休日を除く: jp) 09:00",
        ),
        (
            "last and 2nd business day of the month 9:00",
            "at 09:00, the second and last business day of the month (not counting holidays: jp)",
            "毎月第2・最終営業日 (休日: jp) 09:00",
        ),
        (
            "1st Monday of May 9:00",
            "at 09:00, the first Monday of May",
            "毎年5月の第1月曜 09:00",
        ),
        ("29 February 9:00", "at 09:00, day 29 of February", "毎年2月29日 09:00"),
        (
            "15日・末日 9:00",
            "at 09:00, day 15 and the last day of the month",
            "毎月15日・末日 09:00",
        ),
    ],
)
def test_recurrence_is_told_in_plain_words(words: str, english: str, japanese: str) -> None:
    assert restate(understood(words)) == {"en": english, "ja": japanese}
