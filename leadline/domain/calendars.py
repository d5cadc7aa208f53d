"""Which days are holidays: the public holidays of countries, and the company's own days.

Countries are lower-case ISO codes (`jp`, `us`), with a part of the country after a dash where
holidays differ there (`de-by`). Company days are those of `config/calendars.csv`: single days or
ranges, in one year or in every year; a yearly range may go over the end of the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_SATURDAY: Final = 5
_ENGLISH: Final = "en_US"


class MonthDay(NamedTuple):
    """A day of every year: 29 December."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class CompanyDays:
    """Days on which a company is closed.

    Attributes:
        name: what people call them.
        start: the first day; a `MonthDay` in every year.
        end: the last day, of the same kind; a yearly one before `start` lies in the next year.
    """

    name: str
    start: date | MonthDay
    end: date | MonthDay

    def has_day(self, day: date) -> bool:
        """Tell whether a day is one of these."""
        if not isinstance(self.start, MonthDay) and not isinstance(self.end, MonthDay):
            return self.start <= day <= self.end
        at, start, end = (MonthDay(each.month, each.day) for each in (day, self.start, self.end))
        return start <= at <= end if start <= end else at >= start or at <= end


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays by which schedules are counted.

    Attributes:
        names: as they are written in the configuration (`jp`, `company`).
        countries: those of them that are countries.
        company: the days of those that are not.
    """

    names: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    company: tuple[CompanyDays, ...] = ()

    def holiday_name(self, day: date, lang: str) -> str | None:
        """Return what a holiday is called, None when the day is none.

        Args:
            day: a local date.
            lang: "en" or "ja"; where a country's holidays have no names in Japanese, they are
                named in English.
        """
        for country in self.countries:
            if name := _public_days(country, day.year, lang).get(day):
                return name
        return next((days.name for days in self.company if days.has_day(day)), None)

    def is_holiday(self, day: date) -> bool:
        """Tell whether a day is a holiday."""
        if any(day in _public_days(country, day.year, "en") for country in self.countries):
            return True
        return any(days.has_day(day) for days in self.company)

    def is_business_day(self, day: date) -> bool:
        """Tell whether a day is neither Saturday, Sunday nor a holiday."""
        return day.weekday() < _SATURDAY and not self.is_holiday(day)


@lru_cache(maxsize=1)
def country_names() -> frozenset[str]:
    """Return the codes of all countries, and of their parts, whose holidays are known."""
    return frozenset(_countries())


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, tuple[str, str]]:
    """Return code and part (as the library spells it, which is not always in capitals) by name."""
    from holidays import list_supported_countries

    found = list_supported_countries()
    parts = [(code, part) for code, listed in found.items() for part in ("", *listed)]
    return {f"{code}-{part}".removesuffix("-").lower(): (code, part) for code, part in parts}


@lru_cache(maxsize=512)
def _public_days(country: str, year: int, lang: str) -> Mapping[date, str]:
    """Return the names of a country's public holidays by their days."""
    from holidays import country_holidays

    code, part = _countries()[country]
    offered = country_holidays(code).supported_languages
    language = lang if lang in offered else _ENGLISH if _ENGLISH in offered else None
    found = country_holidays(code, subdiv=part or None, years=year, language=language)
    return {day: name for day, name in found.items() if day.year == year}
