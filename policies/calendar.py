"""Working days in China: weekends, public holidays, and the make-up days (调休) that trade them.

Owns one question, "is this a working day?", and the counting that follows from it. Days off and
make-up days come from the `holidays` library, which carries the yearly notices of the State
Council; those of the years whose notice is out stand in `policies.public_days`, made from it. The
company adds its own closures and its own working days, and these win.

Rules it keeps:
- A Saturday or Sunday that a notice made a working day is one; `weekday < 5` alone would be
  wrong on about twenty days a year.
- The notice for a year appears in the November before. For later years the statutory days off
  are known from the law but no trade of days is, so counts across such a year are a forecast.
  `certain_until` is the last day for which the notice is known; say so to whoever reads a
  later date. Once a notice is out, update the library or enter its days as the company's own.
- The library is asked for other years only, and loaded at the first such question: it reads the
  holidays of two hundred countries, which takes longer than most answers.

    >>> calendar = Calendar()
    >>> calendar.add_working_days(date(2026, 3, 5), 3)       # a Thursday; plain weekend between
    datetime.date(2026, 3, 10)
    >>> calendar.is_working_day(date(2026, 10, 10))          # a Saturday, made up for 7 October
    True
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property

from policies.public_days import KNOWN_UNTIL, public_days

_DAY = timedelta(days=1)


class Calendar:
    """Chinese working days with a company's own days.

    `closures` are days the company is closed, `working_days` days it works though the public
    calendar says otherwise. A day in both is a mistake: ValueError.
    """

    def __init__(self, closures: Iterable[date] = (), working_days: Iterable[date] = ()) -> None:
        self.closures = frozenset(closures)
        self.working_days = frozenset(working_days)
        if both := self.closures & self.working_days:
            raise ValueError(f"closed and working at once: {min(both).isoformat()}")
        self._years: dict[int, tuple[frozenset[date], frozenset[date]]] = {}

    @cached_property
    def certain_until(self) -> date:
        """The last day for which the public notice is known."""
        import holidays  # see above

        return date(max(holidays.country_holidays("CN").special_public_holidays), 12, 31)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on `day`."""
        if day in self.closures:
            return False
        if day in self.working_days:
            return True
        days_off, made_up = self._year(day.year)
        if day in made_up:
            return True
        return day.weekday() < 5 and day not in days_off

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself is never counted, and 0 is `day`.

        The calendar ends with the year 9999: what would be counted beyond is its last day.
        """
        if count < 0:
            raise ValueError("working days are counted forwards")
        while count and day < date.max:
            day += _DAY
            count -= self.is_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """`day` if it is a working day, else the first one after it."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def previous_working_day(self, day: date) -> date:
        """`day` if it is a working day, else the last one before it."""
        while not self.is_working_day(day):
            day -= _DAY
        return day

    def is_certain(self, day: date) -> bool:
        """Whether the public notice for the year of `day` is known; else it is a forecast."""
        return day.year <= KNOWN_UNTIL or day <= self.certain_until

    def _year(self, year: int) -> tuple[frozenset[date], frozenset[date]]:
        if year not in self._years:
            self._years[year] = public_days(year) or _asked_of_library(year)
        return self._years[year]


def _asked_of_library(year: int) -> tuple[frozenset[date], frozenset[date]]:
    import holidays  # see above

    china = holidays.country_holidays("CN", years=year)
    return frozenset(china), frozenset(china.weekend_workdays)
