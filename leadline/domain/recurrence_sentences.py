"""Recurrences in plain words: how one was understood, and why nothing is due at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leadline.domain.recurrences import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from leadline.domain.cron import CronLine
    from leadline.domain.recurrences import Recurrence

_DAY: Final = 24 * 60
_HOUR: Final = 60
_WEEK: Final = 7
_WHOLE_YEAR: Final = 12
_LONGEST_MONTH: Final = 31
_LAST: Final = -1
#: So many times of a day are listed; more of them at one pace are told as a pace.
_LISTED: Final = 4
_SHOWN: Final = 8
_SHORTEST_RANGE: Final = 3
_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_KANJI: Final = "日月火水木金土"
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_PLACES: Final = {
    _LAST: "last",
    1: "first",
    2: "second",
    3: "third",
    21: "21st",
    22: "22nd",
    23: "23rd",
}


def restate(recurrence: Recurrence) -> Mapping[str, str]:
    """Return a recurrence in plain words, as it was understood, per language ("en", "ja").

    It is told from the lines and the day rule, not from the words that were written.

    Raises:
        ValueError: a line cannot be used.
    """
    lines = read_lines(recurrence)
    clocks = {(hour, at) for line in lines for hour in line.hours for at in line.minutes}
    minutes = [hour * _HOUR + minute for hour, minute in sorted(clocks)]
    return {
        "en": f"{_times_en(minutes)}, {_days_en(recurrence, lines[0])}",
        "ja": f"{_days_ja(recurrence, lines[0])} {_times_ja(minutes)}",
    }


def reason_against(recurrence: Recurrence, local: datetime) -> Mapping[str, str]:
    """Return why a recurrence is not due at a local time, per language ("en", "ja").

    Args:
        recurrence: what recurs.
        local: an aware time in its zone at which it is not due.

    Raises:
        ValueError: a line cannot be used.
    """
    day = local.date()
    if day not in (meant := recurrence.days_of(day)):
        return _wrong_day(recurrence, day, meant)
    clock = f"{local:%H:%M}"
    if any(local.time() == at for at, _ in recurrence.times_on(day)):
        return {
            "en": f"{clock} comes twice on {day}; it was due at the first pass",
            "ja": f"{day} は {clock} が2回あり、1回目で実行済みの扱いです",
        }
    said = restate(recurrence)
    return {
        "en": f"{clock} is none of its times ({said['en']})",
        "ja": f"{clock} は対象の時刻ではありません ({said['ja']})",
    }


def _wrong_day(recurrence: Recurrence, day: date, meant: Sequence[date]) -> Mapping[str, str]:
    rule, calendar = recurrence.day, recurrence.calendar
    if rule.knows_holidays and calendar.is_holiday(day):
        return {
            lang: text.format(day=day, name=calendar.holiday_name(day, lang))
            for lang, text in (
                ("en", "{day} is a holiday ({name})"),
                ("ja", "{day} は休日です ({name})"),
            )
        }
    line = read_lines(recurrence)[0]
    listed = ", ".join(map(str, meant))
    is_single = bool(rule.nth)
    weekday = day.isoweekday() % _WEEK
    here_en = f" (this month: {listed or 'none'})" if is_single else ""
    here_ja = f" (この月は {listed or '該当なし'})" if is_single else ""
    days_en = _days_en(recurrence, line)
    return {
        "en": f"{_WEEKDAYS[weekday]} {day} is none of its days: {days_en}{here_en}",
        "ja": f"{day} ({_KANJI[weekday]}) は対象の日ではありません: {_days_ja(recurrence, line)}"
        f"{here_ja}",
    }


# ---- times ----


def _pace(minutes: Sequence[int]) -> tuple[int, int, int] | None:
    """Return pace, first and last minute when the times keep one pace around the clock."""
    if len(minutes) <= _LISTED:
        return None
    following = (*minutes[1:], minutes[0] + _DAY)
    gaps = [after - before for before, after in zip(minutes, following, strict=True)]
    usual = min(gaps[:2]) if gaps[0] != gaps[1] else gaps[0]
    odd = [place for place, gap in enumerate(gaps) if gap != usual]
    if len(odd) > 1:
        return None
    last = odd[0] if odd else len(minutes) - 1
    return usual, minutes[(last + 1) % len(minutes)], minutes[last]


def _is_whole_day(pace: int, first: int, last: int) -> bool:
    return first < pace and last + pace >= _DAY


def _times_en(minutes: Sequence[int]) -> str:
    if (found := _pace(minutes)) is None:
        shown = [_clock(minute) for minute in minutes[:_SHOWN]]
        more = len(minutes) - len(shown)
        return f"at {', '.join(shown)} and {more} more times" if more else f"at {_and(shown)}"
    pace, first, last = found
    size, unit = (pace // _HOUR, "hour") if pace % _HOUR == 0 else (pace, "minute")
    said = f"every {unit}" if size == 1 else f"every {size} {unit}s"
    if not _is_whole_day(*found):
        return f"{said} from {_clock(first)} to {_clock(last)}"
    return f"{said} from {_clock(first)} on" if first else said


def _times_ja(minutes: Sequence[int]) -> str:
    if (found := _pace(minutes)) is None:
        shown = [_clock(minute) for minute in minutes[:_SHOWN]]
        more = len(minutes) - len(shown)
        return "、".join(shown) + (f" ほか{more}回" if more else "")
    pace, first, last = found
    said = f"{pace // _HOUR}時間ごと" if pace % _HOUR == 0 else f"{pace}分ごと"
    if not _is_whole_day(*found):
        return f"{_clock(first)}〜{_clock(last)} {said}"
    return f"{_clock(first)} から{said}" if first else said


def _clock(minute: int) -> str:
    return f"{minute // _HOUR:02}:{minute % _HOUR:02}"


# ---- days ----


def _days_en(recurrence: Recurrence, line: CronLine) -> str:
    rule = recurrence.day
    months = [_MONTHS[month - 1] for month in sorted(line.months)]
    within = "the month" if len(months) == _WHOLE_YEAR else _and(months)
    holidays = _holidays(recurrence, ", ", "no holidays: ", "no holidays")
    if rule.unit == "business_day":
        counted = _holidays(recurrence, ", ", "not counting holidays: ", "")
        said = f"the {_and(map(_place, _ordered(rule.nth)))} business day of {within}{counted}"
    elif rule.unit == "weekday":
        names = _and(_WEEKDAYS[day] for day in _week(line))
        said = f"the {_and(map(_place, _ordered(rule.nth)))} {names} of {within}"
    elif rule.nth or len(line.days) < _LONGEST_MONTH:
        said = f"{_and(_dates_en(_ordered(rule.nth or line.days)))} of {within}"
    else:
        week = "every day" if len(line.weekdays) == _WEEK else _week_en(line)
        said = week if len(months) == _WHOLE_YEAR else f"{week} in {within}"
    return said + (holidays if rule.is_without_holidays else "")


def _days_ja(recurrence: Recurrence, line: CronLine) -> str:
    rule = recurrence.day
    months = "・".join(f"{month}月" for month in sorted(line.months))
    within = "毎月" if len(line.months) == _WHOLE_YEAR else f"毎年{months}の"
    holidays = _holidays(recurrence, "・", "休日を除く: ", "休日を除く")
    places = "・".join("最終" if place == _LAST else f"第{place}" for place in _ordered(rule.nth))
    if rule.unit == "business_day":
        counted = _holidays(recurrence, "・", "休日: ", "")
        said = f"{within}{places}営業日{counted}"
    elif rule.unit == "weekday":
        said = f"{within}{places}{'・'.join(_KANJI[day] for day in _week(line))}曜"
    elif rule.nth or len(line.days) < _LONGEST_MONTH:
        days = _ordered(rule.nth or line.days)
        said = within.removesuffix("の") + "・".join(
            "末日" if day == _LAST else f"{day}日" for day in days
        )
    else:
        week = "毎日" if len(line.weekdays) == _WEEK else _week_ja(line)
        said = week if len(line.months) == _WHOLE_YEAR else f"{within}{week}"
    return said + (holidays if rule.is_without_holidays else "")


def _holidays(recurrence: Recurrence, comma: str, before: str, bare: str) -> str:
    """Return the calendars in brackets; what stands there when there are none."""
    names = comma.join(recurrence.calendar.names)
    said = f"{before}{names}" if names else bare
    return f" ({said})" if said else ""


def _dates_en(days: Iterable[int]) -> list[str]:
    return ["the last day" if day == _LAST else f"day {day}" for day in days]


def _ordered(places: Iterable[int]) -> list[int]:
    """Return places from the first on; the last one at the end."""
    return sorted(places, key=lambda place: (place == _LAST, place))


def _place(place: int) -> str:
    return _PLACES.get(place, f"{place}th")


def _week(line: CronLine) -> list[int]:
    """Return the weekdays from Monday on."""
    return sorted(line.weekdays, key=lambda day: (day - 1) % _WEEK)


def _is_range(week: Sequence[int]) -> bool:
    from_monday = [(day - 1) % _WEEK for day in week]
    is_run = from_monday == list(range(from_monday[0], from_monday[0] + len(week)))
    return len(week) >= _SHORTEST_RANGE and is_run


def _week_en(line: CronLine) -> str:
    week = _week(line)
    names = [_WEEKDAYS[day] for day in week]
    return f"{names[0]} to {names[-1]}" if _is_range(week) else _and(names)


def _week_ja(line: CronLine) -> str:
    week = _week(line)
    names = [_KANJI[day] for day in week]
    return f"{names[0]}〜{names[-1]}曜" if _is_range(week) else f"{'・'.join(names)}曜"


def _and(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
