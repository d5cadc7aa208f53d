"""Schedules as they are written: words or a cron line, a zone, a pause, a catch-up, holidays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from leadline.config.checks import FLOWS, check_zone
from leadline.config.problems import nearest
from leadline.config.shape import Schedule, ScheduleShape
from leadline.config.validation import validate
from leadline.domain.cron import check_cron
from leadline.domain.recurrence_checks import WordsFault
from leadline.domain.recurrence_lexicon import find_zone
from leadline.domain.recurrence_words import read_words
from leadline.domain.recurrences import Recurrence

if TYPE_CHECKING:
    from leadline.config.calendars import Calendars
    from leadline.config.document import Document, Path
    from leadline.config.shape import Settings
    from leadline.domain.calendars import Calendar
    from leadline.errors import Problem


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a schedule takes from the rest of the project.

    Attributes:
        timezone: of the schedules that name none.
        calendars: the calendars that a schedule may name.
        holidays: the calendars of the schedules that name none.
    """

    calendars: Calendars
    timezone: str = "UTC"
    holidays: tuple[str, ...] = ()


def surround(settings: Settings | None, calendars: Calendars) -> Surroundings:
    """Return what the schedules take from the settings, None when those cannot be read."""
    if settings is None:
        return Surroundings(calendars)
    country = settings.country.lower()
    own = (country,) if country in calendars.names() else ()
    zone = settings.timezone if find_zone(settings.timezone) else "UTC"
    return Surroundings(calendars, zone, own if settings.holidays is None else settings.holidays)


def read_schedules(
    document: Document, around: Surroundings
) -> tuple[dict[str, Schedule], tuple[Problem, ...]]:
    """Read `config/schedules.yaml`.

    Args:
        document: the file; an absent one has no schedules.
        around: what the schedules take from the rest of the project.

    Returns:
        The schedules without fault by their flows, and all faults.
    """
    if not isinstance(document.data, dict):
        is_empty = document.data is None
        return {}, () if is_empty else (document.at_value(()).problem("mapping_expected"),)
    reader = _Reader(document, around)
    found = {flow: reader.read(flow) for flow in document.data}
    schedules = {flow: schedule for flow, schedule in found.items() if schedule is not None}
    return schedules, tuple(reader.problems)


class _Reader:
    """Reads the schedules of one file; collects what is wrong."""

    def __init__(self, document: Document, around: Surroundings) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._around = around

    def read(self, flow: str) -> Schedule | None:
        """Return the schedule of a flow, None when something is wrong with it."""
        faults = sum(not problem.is_warning for problem in self.problems)
        if flow not in FLOWS:
            spot = self._document.at_key((flow,))
            expected = ", ".join(FLOWS)
            problem = spot.problem(
                "unknown_flow", suggestion=nearest(flow, FLOWS), expected=expected
            )
            self.problems.append(problem)
        value = self._document.get((flow,))
        if _is_text(value):
            recurrence = self._words((flow,), value, self._around.timezone, self._calendar(()))
            schedule = None if recurrence is None else Schedule(recurrence=recurrence)
        else:
            schedule = self._block(flow)
        is_whole = faults == sum(not problem.is_warning for problem in self.problems)
        return schedule if is_whole else None

    def _block(self, flow: str) -> Schedule | None:
        timezone = self._timezone((flow, "timezone"))
        calendar = self._calendar((flow, "holidays"))
        words, cron = (self._document.get((flow, key)) for key in ("when", "cron"))
        recurrence: Recurrence | None = None
        if _is_text(words) and words.strip():
            recurrence = self._words((flow, "when"), words, timezone, calendar)
        elif _is_text(cron):
            recurrence = self._cron((flow, "cron"), cron, timezone)
        shape, problems = validate(ScheduleShape, self._document, (flow,))
        self.problems += problems
        if shape is None or recurrence is None:
            return None
        if shape.holidays and not recurrence.day.knows_holidays:
            spot = self._document.at_key((flow, "holidays"))
            self.problems.append(spot.warning("holidays_unused"))
        return Schedule(recurrence=recurrence, paused=shape.paused, catch_up=shape.catch_up)

    def _timezone(self, path: Path) -> str:
        zone = self._document.get(path)
        if not _is_text(zone):
            return self._around.timezone
        problems = list(check_zone(self._document.at_value(path), zone))
        self.problems += problems
        return self._around.timezone if problems else zone

    def _calendar(self, path: Path) -> Calendar:
        names = self._document.get(path) if path else None
        if not isinstance(names, tuple):
            return self._around.calendars.named(self._around.holidays)
        known = self._around.calendars.names()
        for number, name in enumerate(names):
            if _is_text(name) and name not in known:
                spot = self._document.at_value((*path, number))
                self.problems.append(self._around.calendars.unknown(spot, name))
        return self._around.calendars.named(tuple(filter(_is_text, names)))

    def _cron(self, path: Path, cron: str, timezone: str) -> Recurrence | None:
        if fault := check_cron(cron, timezone):
            spot = self._document.at_value(path)
            self.problems.append(spot.problem("bad_schedule", detail=dict(fault.message)))
            return None
        return Recurrence(words=cron, lines=(" ".join(cron.split()),), timezone=timezone)

    def _words(
        self, path: Path, words: str, timezone: str, calendar: Calendar
    ) -> Recurrence | None:
        try:
            found = read_words(words, timezone=timezone, calendar=calendar)
        except ValueError as error:  # no words may end the check of everything else
            detail = {
                "en": f"these words make no schedule ({error}); say it more plainly",
                "ja": f"この言葉からは予定を作れません ({error})。書き方を変えてください",
            }
            self.problems.append(
                self._document.at_value(path).problem("bad_schedule", detail=detail)
            )
            return None
        if not isinstance(found, WordsFault):
            return found
        line = words.count("\n", 0, found.offset) + 1
        column = found.offset - (words.rfind("\n", 0, found.offset) + 1) + 1
        spot = self._document.within(path, line, column)
        self.problems.append(
            spot.problem("bad_schedule", suggestion=found.suggestion, detail=dict(found.message))
        )
        return None


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str)
