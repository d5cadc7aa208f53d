"""Our due instants against Prefect's and APScheduler's own, over two years in several zones.

Every difference is listed here with its reason. Prefect plans runs from cron lines and a run asks
`why_not`; APScheduler is only ever told instants, so its own reading of cron concerns nobody.
"""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from prefect.server.schemas.schedules import CronSchedule

from leadline.domain.calendars import Calendar
from leadline.domain.recurrence_checks import WordsFault
from leadline.domain.recurrence_words import read_words
from leadline.domain.recurrences import Recurrence, from_cron
from leadline.schedule import count_times, next_times, why_not

if TYPE_CHECKING:
    from collections.abc import Iterable

NEW_YORK, BERLIN, TOKYO, SYDNEY = (
    *("America/New_York", "Europe/Berlin"),
    *("Asia/Tokyo", "Australia/Sydney"),
)
ZONES = (NEW_YORK, BERLIN, TOKYO, SYDNEY)
START, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (2026, 2028))
JAPAN = Calendar(("jp",), ("jp",))
#: From Python 3.13 on Prefect takes another library for zones.
OTHER_PREFECT = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="Prefect reckons with another library from 3.13 on"
)


def ours(recurrence: Recurrence) -> list[datetime]:
    """Return our instants of the two years."""
    before = START - timedelta(seconds=1)
    count = count_times(recurrence, after=before, until=END - timedelta(seconds=1), most=100_000)
    return next_times(recurrence, now=before, count=count)


async def asked(line: str, zone: str, *, start: datetime, n: int) -> list[datetime]:
    """Ask Prefect for instants from a time on, as its scheduler does."""
    dates = await CronSchedule(cron=line, timezone=zone).get_dates(n=n, start=start)
    return [datetime.fromtimestamp(at.timestamp(), tz=UTC) for at in dates]


async def prefect(line: str, zone: str) -> list[datetime]:
    """Return Prefect's instants of the two years."""
    found: list[datetime] = []
    start = START
    while start < END:
        dates = await asked(line, zone, start=start, n=1000)
        found += dates
        start = dates[-1] + timedelta(seconds=1)
    return [at for at in found if at < END]


def apscheduler(line: str, zone: str) -> list[datetime]:
    """Return APScheduler's instants of the two years for the line as it is written."""
    trigger = CronTrigger.from_crontab(line, timezone=ZoneInfo(zone))
    found: list[datetime] = []
    at = START - timedelta(seconds=1)
    while (due := trigger.get_next_fire_time(None, at)) and due.astimezone(UTC) < END:
        found.append(due.astimezone(UTC))
        at = max(at, found[-1]) + timedelta(seconds=1)
    return found


def shown(times: Iterable[datetime]) -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M}" for at in sorted(times)]


def words(text: str, zone: str) -> Recurrence:
    found = read_words(text, timezone=zone, calendar=JAPAN)
    assert not isinstance(found, WordsFault), found
    return found


# ---- Prefect ----


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "text",
    [
        "Mon-Fri 09:00",
        "Sun 09:00",
        "every 45 min, Fri-Sun 08-20",
        "day 31 of the month 06:00",
        "daily 00:30 and 23:45",
        "29 February 09:00",
    ],
)
async def test_prefect_plans_what_is_due(text: str, zone: str) -> None:
    recurrence = words(text, zone)
    theirs = [at for line in recurrence.lines for at in await prefect(line, zone)]
    assert shown(theirs) == shown(ours(recurrence))


@pytest.mark.parametrize("line", ["0 9 * * 0", "0 9 * * 7", "0 9 * * 1-5", "0 9 * * 5-7"])
async def test_prefect_counts_weekdays_as_we_do(line: str) -> None:
    assert await prefect(line, TOKYO) == ours(from_cron(line, TOKYO))


@pytest.mark.parametrize(
    "text",
    [
        "first business day of the month 09:00",
        "last business day of the month 18:00",
        "business days 09:00",
        "1st and 3rd Monday of the month 09:00",
        "last day of the month 18:00",
        "daily 09:00 except holidays",
    ],
)
async def test_prefect_plans_more_days_than_are_meant_and_each_is_told_apart(text: str) -> None:
    recurrence = words(text, TOKYO)
    theirs = {at for line in recurrence.lines for at in await prefect(line, TOKYO)}
    meant = set(ours(recurrence))
    assert meant < theirs
    assert {at for at in theirs if why_not(recurrence, at) is None} == meant


#: Local times that do not exist: Prefect's instant lies before the jump, ours behind it.
GAPS = {
    ("30 2 * * *", NEW_YORK): {
        "2026-03-08 06:30": "2026-03-08 07:30",
        "2027-03-14 06:30": "2027-03-14 07:30",
    },
    ("30 2 * * *", BERLIN): {
        "2026-03-29 00:30": "2026-03-29 01:30",
        "2027-03-28 00:30": "2027-03-28 01:30",
    },
    ("30 2 * * *", SYDNEY): {
        "2026-10-03 15:30": "2026-10-03 16:30",
        "2027-10-02 15:30": "2027-10-02 16:30",
    },
    ("30 2 * * *", TOKYO): {},
}


@OTHER_PREFECT
@pytest.mark.parametrize(("line", "zone"), GAPS)
async def test_prefect_runs_a_skipped_time_an_hour_early_which_is_told(
    line: str, zone: str
) -> None:
    recurrence = from_cron(line, zone)
    theirs, due = set(await prefect(line, zone)), set(ours(recurrence))
    early = GAPS[line, zone]
    assert (shown(theirs - due), shown(due - theirs)) == ([*early], [*early.values()])
    assert all(why_not(recurrence, at) for at in theirs - due)


#: The second pass of a pace through the whole day, which Prefect leaves out.
SECOND_PASSES = {
    NEW_YORK: ["2026-11-01 06:30", "2027-11-07 06:30"],
    BERLIN: ["2026-10-25 01:30", "2027-10-31 01:30"],
    SYDNEY: ["2026-04-04 16:30", "2027-04-03 16:30"],
    TOKYO: [],
}


@OTHER_PREFECT
@pytest.mark.parametrize("zone", ZONES)
async def test_prefect_pauses_for_the_second_pass_of_an_hour(zone: str) -> None:
    line = "30 * * * *"
    theirs, due = set(await prefect(line, zone)), set(ours(from_cron(line, zone)))
    assert (shown(theirs - due), shown(due - theirs)) == ([], SECOND_PASSES[zone])


async def test_prefect_keeps_a_pace_when_it_reads_the_line_in_utc() -> None:
    line = "30 * * * *"
    assert await prefect(line, "UTC") == ours(from_cron(line, NEW_YORK))


@OTHER_PREFECT
@pytest.mark.parametrize(
    ("line", "zone", "first"),
    [
        ("30 1 * * *", NEW_YORK, "2026-11-01 05:30"),
        ("30 2 * * *", BERLIN, "2026-10-25 00:30"),
        ("30 2 * * *", SYDNEY, "2026-04-04 15:30"),
    ],
)
async def test_time_that_comes_twice_is_due_at_its_first_pass_and_the_second_is_told(
    line: str, zone: str, first: str
) -> None:
    recurrence = from_cron(line, zone)
    due = datetime.fromisoformat(first).replace(tzinfo=UTC)
    [seen] = await asked(line, zone, start=due - timedelta(minutes=20), n=1)
    reason = why_not(recurrence, due + timedelta(hours=1))
    assert (seen, why_not(recurrence, due)) == (due, None)
    assert reason is not None
    assert "comes twice" in reason["en"]
    assert "2回" in reason["ja"]


# ---- APScheduler, if it were asked ----


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", ["0 9 * * mon-fri", "0 9 * * fri-sun", "0 9 28-31 * *"])
def test_apscheduler_names_the_same_days_by_name(line: str, zone: str) -> None:
    assert apscheduler(line, zone) == ours(from_cron(line, zone))


@pytest.mark.parametrize("number", range(7))
def test_apscheduler_counts_weekdays_from_monday(number: int) -> None:
    theirs = apscheduler(f"0 9 * * {number}", "UTC")
    assert theirs == ours(from_cron(f"0 9 * * {(number + 1) % 7}", "UTC"))


def test_apscheduler_refuses_seven_for_sunday() -> None:
    with pytest.raises(ValueError, match="higher than the maximum"):
        apscheduler("0 9 * * 7", "UTC")


#: Times that come twice run twice with APScheduler, as the second of these instants.
TWICE = {
    ("30 1 * * *", NEW_YORK): ["2026-11-01 06:30", "2027-11-07 06:30"],
    ("30 2 * * *", BERLIN): ["2026-10-25 01:30", "2027-10-31 01:30"],
    ("30 2 * * *", SYDNEY): ["2026-04-04 16:30", "2027-04-03 16:30"],
    ("30 2 * * *", TOKYO): [],
}


@pytest.mark.parametrize(("line", "zone"), TWICE)
def test_apscheduler_runs_twice_what_comes_twice(line: str, zone: str) -> None:
    theirs, due = set(apscheduler(line, zone)), set(ours(from_cron(line, zone)))
    assert (shown(theirs - due), shown(due - theirs)) == (TWICE[line, zone], [])


#: The midnight after the day of a jump, which APScheduler leaves out.
LEFT_OUT = {
    NEW_YORK: ["2026-03-09 04:00", "2027-03-15 04:00"],
    BERLIN: ["2026-03-29 22:00", "2027-03-28 22:00"],
    SYDNEY: ["2026-10-04 13:00", "2027-10-03 13:00"],
    TOKYO: [],
}


@pytest.mark.parametrize("zone", ZONES)
def test_apscheduler_leaves_out_the_midnight_after_a_jump(zone: str) -> None:
    theirs, due = set(apscheduler("0 0 * * *", zone)), set(ours(from_cron("0 0 * * *", zone)))
    assert (shown(theirs - due), shown(due - theirs)) == ([], LEFT_OUT[zone])


def test_every_instant_of_ours_is_due_and_no_other() -> None:
    recurrence = words("every 7 hours", NEW_YORK)
    due = set(itertools.islice(ours(recurrence), 200))
    start = min(due)
    minutes = [start + timedelta(minutes=number) for number in range(24 * 60)]
    assert all((why_not(recurrence, at) is None) == (at in due) for at in minutes)
