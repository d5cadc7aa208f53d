"""The clock without a server: what it calls when, and a table that changes under it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from leadline.domain.recurrences import from_cron
from leadline.schedule import Clock, RecurrenceTrigger, start_clock

MINUTELY = from_cron("* * * * *", "UTC")
NINE = from_cron("0 9 * * *", "Asia/Tokyo")
TEN = from_cron("0 10 * * *", "Asia/Tokyo")


def nothing() -> None: ...


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_trigger_includes_now_at_first_and_then_goes_on() -> None:
    trigger = RecurrenceTrigger(NINE)
    first = trigger.get_next_fire_time(None, at("2026-11-20 00:00"))
    assert first == at("2026-11-20 00:00")
    assert trigger.get_next_fire_time(first, at("2026-11-20 00:00")) == at("2026-11-21 00:00")


def test_trigger_gives_the_newest_of_several_times_that_passed() -> None:
    trigger = RecurrenceTrigger(MINUTELY)
    late = at("2026-11-23 09:00:30")
    newest = trigger.get_next_fire_time(at("2026-11-20 00:00"), late)
    assert newest == at("2026-11-23 09:00")
    assert trigger.get_next_fire_time(newest, late) == at("2026-11-23 09:01")


def test_trigger_follows_clocks_that_jump() -> None:
    trigger = RecurrenceTrigger(from_cron("30 2 * * *", "America/New_York"))
    assert trigger.get_next_fire_time(None, at("2026-03-08 00:00")) == at("2026-03-08 07:30")


def test_clock_calls_again_and_again() -> None:
    called = threading.Semaphore(0)
    clock = start_clock({}, intervals={"look": (timedelta(milliseconds=50), called.release)})
    assert all(called.acquire(timeout=30) for _ in range(3))
    clock.stop()


def test_table_is_set_anew_without_touching_what_stayed() -> None:
    clock = Clock()
    clock.start()
    look = {"look": (timedelta(hours=1), nothing)}
    clock.set({"a": (NINE, nothing), "b": (MINUTELY, nothing)}, intervals=look)
    before = clock.next_times()
    clock.set({"a": (NINE, nothing), "b": (MINUTELY, nothing)}, intervals=look)
    assert clock.next_times()["look"] == before["look"]
    clock.set({"a": (TEN, nothing)}, intervals=look)
    after = clock.next_times()
    assert after.keys() == {"a", "look"}
    assert after["look"] == before["look"]
    assert after["a"] is not None
    assert after["a"].hour == 1
    clock.stop()


def test_paused_name_is_kept_and_not_called_until_it_goes_on() -> None:
    clock = Clock()
    clock.start()
    clock.set({"a": (NINE, nothing)}, paused=["a"])
    assert clock.next_times() == {"a": None}
    clock.set({"a": (NINE, nothing)})
    assert clock.next_times()["a"] is not None
    clock.stop()
