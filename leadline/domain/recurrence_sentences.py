"""Recurrences in plain words: how one was understood, and why nothing is due at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.domain.recurrences import read_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leadline.domain.recurrences import Recurrence


def restate(recurrence: Recurrence) -> Mapping[str, str]:
    """Return a recurrence in plain words, as it was understood, per language."""
    return {"en": "; ".join(recurrence.lines), "ja": "; ".join(recurrence.lines)}


def reason_against(recurrence: Recurrence, local: datetime) -> Mapping[str, str]:
    """Return why a recurrence is not due at a local time, per language.

    Args:
        recurrence: what recurs.
        local: an aware time in its zone at which it is not due.
    """
    day = local.date()
    rule, calendar = recurrence.day, recurrence.calendar
    if rule.is_without_holidays and calendar.is_holiday(day):
        return {
            "en": f"{day} is a holiday ({calendar.holiday_name(day, 'en')})",
            "ja": f"{day} は休日です ({calendar.holiday_name(day, 'ja')})",
        }
    meant = recurrence.days_of(day)
    if rule.nth and day not in meant and any(line.has_day(day) for line in read_lines(recurrence)):
        listed = ", ".join(map(str, meant))
        return {
            "en": f"{day} is not the day that is meant (this month: {listed or 'none'})",
            "ja": f"{day} は対象の日ではありません (今月は {listed or '該当なし'})",
        }
    return {
        "en": f"{local:%Y-%m-%d %H:%M} is not a time of `{recurrence.words}`",
        "ja": f"{local:%Y-%m-%d %H:%M} は「{recurrence.words}」の時刻ではありません",
    }
