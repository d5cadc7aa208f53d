"""The calendars of a project: countries by their codes, company days from a table.

`config/calendars.csv` (or .xlsx) has a line for each day or range on which a company is closed:
`2026-12-29`, or `12-29` in every year.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from leadline.config.cells import Fault, read_code, read_text
from leadline.config.problems import nearest
from leadline.config.shape import CompanyDaysShape
from leadline.config.tables import Column, Table, read_table
from leadline.domain.calendars import Calendar, CompanyDays, MonthDay, country_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadline.config.document import Document
    from leadline.config.problems import Spot
    from leadline.config.tables import Entry
    from leadline.errors import Problem

_WHOLE: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_YEARLY: Final = re.compile(r"(\d{1,2})[-/](\d{1,2})", re.ASCII)
#: Names that people write instead of a country's code.
_COUNTRIES: Final = {"japan": "jp", "jpn": "jp", "日本": "jp", "usa": "us"}
#: Codes of countries are so short that each is near to many others.
_SHORTEST_GUESS: Final = 3
_A_LEAP_YEAR: Final = 2028


def read_day(value: object) -> date | MonthDay | Fault:
    """Return a day written `2026-12-29`, a yearly one written `12-29`, or a workbook's date."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(read_code(value))
    try:
        if match := _WHOLE.fullmatch(text):
            return date(*map(int, match.groups()))
        if match := _YEARLY.fullmatch(text):
            month, day = map(int, match.groups())
            date(_A_LEAP_YEAR, month, day)
            return MonthDay(month, day)
    except ValueError:
        pass
    return Fault("bad_day")


CALENDAR_COLUMNS: Final[dict[str, Column]] = {
    "calendar": Column("カレンダー", read_code, is_required=True),
    "from": Column("開始日", read_day, is_required=True),
    "to": Column("終了日", read_day),
    "name": Column("名称", read_text, is_required=True),
}


@dataclass(frozen=True, slots=True)
class Calendars:
    """Every calendar that the configuration may name.

    Attributes:
        company: the days of each calendar of the table, by its name.
    """

    company: Mapping[str, tuple[CompanyDays, ...]] = field(default_factory=dict)

    def names(self) -> frozenset[str]:
        """Return the names of all calendars."""
        return country_names() | self.company.keys()

    def named(self, names: tuple[str, ...]) -> Calendar:
        """Return the calendars of these names as one; an unknown name adds nothing."""
        countries = tuple(name for name in names if self._is_country(name))
        company = (days for name in names for days in self.company.get(name, ()))
        return Calendar(names, countries, tuple(company))

    def unknown(self, spot: Spot, name: str) -> Problem:
        """Return the fault that no calendar has this name."""
        own = ", ".join(sorted(self.company))
        close = _COUNTRIES.get(name.casefold()) or nearest(name, self.company)
        if not close and len(name) > _SHORTEST_GUESS:
            close = nearest(name, self.names())
        return spot.problem(
            "unknown_calendar",
            suggestion=close,
            own={"en": f" ({own})" if own else "", "ja": f" ({own})" if own else ""},
        )

    def _is_country(self, name: str) -> bool:
        return name not in self.company and name in country_names()


def read_calendars(file: str, data: bytes) -> tuple[Table[CompanyDaysShape], tuple[Problem, ...]]:
    """Read the company days; see `leadline.config.tables.read_reps`."""
    return read_table(CompanyDaysShape, CALENDAR_COLUMNS, file=file, data=data)


def check_calendars(table: Table[CompanyDaysShape], settings: Document) -> Iterator[Problem]:
    """Yield every fault of company days, and of the calendars that settings.yaml names.

    Args:
        table: the company days.
        settings: `config/settings.yaml`.
    """
    for line in table.entries:
        yield from _line(line)
    calendars = collect_calendars(table)
    names = settings.get(("holidays",))
    for number, name in enumerate(names if isinstance(names, tuple) else ()):
        if isinstance(name, str) and name not in calendars.names():
            yield calendars.unknown(settings.at_value(("holidays", number)), name)


def collect_calendars(table: Table[CompanyDaysShape]) -> Calendars:
    """Return the calendars of a table, beside those of all countries."""
    company: dict[str, tuple[CompanyDays, ...]] = {}
    for row in table.rows:
        end = row.start if row.end is None else row.end
        days = CompanyDays(row.name, row.start, end)
        company[row.calendar] = (*company.get(row.calendar, ()), days)
    return Calendars(company)


def _line(line: Entry[CompanyDaysShape]) -> Iterator[Problem]:
    calendar = line.values.get("calendar")
    if isinstance(calendar, str) and calendar in country_names():
        yield line.spots["calendar"].problem("country_calendar", suggestion="company")
    start, end = line.values.get("from"), line.values.get("to")
    if start is None or end is None:
        return
    if isinstance(start, MonthDay) != isinstance(end, MonthDay):
        yield line.spots["to"].problem("mixed_days")
    elif not isinstance(start, MonthDay) and end < start:
        yield line.spots["to"].problem("days_order")
