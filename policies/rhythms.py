"""Rhythms: on which days a routine falls due.

Owns the ten rhythms of a `routine` row and the windows in which each occurrence may be done.

Rules it keeps:
- What a regulation says of a window is kept as written (每月中旬 is the 11th to the 20th).
  Where it names only the last day, the window opens nine days before it (a week's three),
  because what is handed in later belongs to the time before. A weekday of
  the month opens with the month, or three days before it where it is among the first.
- A month without the day takes its last one. How a day off is rolled, the row says.
- An interval is counted from the day the work was last done; while that is not known, it runs in
  whole calendar periods.

    >>> from policies.calendar import Calendar
    >>> from policies.rule_rows import Routine
    >>> board = Routine("statistics", "投诉统计", "statistics", "S001-12-R10", of="statistics",
    ...                 mid_month=True)
    >>> one, = occurrences(board, date(2026, 3, 1), date(2026, 3, 31), Calendar(), {})
    >>> one.opens.day, one.due.day
    (11, 20)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from policies import deadlines
from policies.pack_rows import WEEKDAYS

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.rule_rows import Routine

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MONTH_WINDOW = timedelta(days=9)
_WEEK_WINDOW = timedelta(days=3)
# How far a holiday can move a day, with room to spare.
_MARGIN = timedelta(days=21)
_INTERVAL = re.compile(r"(\d{1,4})\s*个?\s*([A-Za-z_ ]+|[\u4e00-\u9fff]{1,3})")
_UNITS = {
    "day": "days", "天": "days", "日": "days", "week": "weeks", "周": "weeks", "星期": "weeks",
    "month": "months", "月": "months", "year": "years", "年": "years",
    "working_day": "working_days", "工作日": "working_days",
}  # fmt: skip
_UNIT_WORDS = {
    "days": ("天", "day"), "weeks": ("周", "week"), "months": ("个月", "month"),
    "years": ("年", "year"), "working_days": ("个工作日", "working day"),
}  # fmt: skip
_WEEKDAYS_ZH = ("一", "二", "三", "四", "五", "六", "日")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a routine falls due: until the end of `due`, or until `at` on it.

    `period` names it for people and programs (2026-03, 2026-W10, 2026-03-05, 2026-1/2). `grace`
    is the later moment for those who give a reason. `certain` is False when the day rests on a
    year whose make-up days are not published yet.
    """

    routine_id: str
    period: str
    opens: date
    due: date
    at: str = ""
    certain: bool = True
    grace: tuple[date, str] | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """The days asked for, and what the rhythms look at beside them."""

    since: date
    until: date
    calendar: Calendar
    settings: Mapping[str, str]
    event_day: date | None

    def months(self) -> Iterator[date]:
        """The first of every month that could have an occurrence in the span."""
        day = (self.since - _MARGIN).replace(day=1)
        while day <= self.until + _MARGIN:
            yield day
            day = deadlines.add_months(day, 1)

    def days(self, step: timedelta, first: date) -> Iterator[date]:
        while first <= self.until + _MARGIN:
            yield first
            first += step


_Found = Iterator[tuple[str, date, date]]
"""Period, first day of the window, last day before it is rolled."""


def occurrences(
    routine: Routine,
    since: date,
    until: date,
    calendar: Calendar,
    settings: Mapping[str, str],
    event_day: date | None = None,
) -> tuple[Occurrence, ...]:
    """Every occurrence that falls due from `since` to `until`, both included, in order.

    `settings` answer `every_from`, as "6 months", "30 days" or "1 year". `event_day` is the
    event that `before_event` names; for an interval it is the day it was last done.
    """
    span = _Span(since, until, calendar, settings, event_day)
    found = (
        _occurrence(routine, calendar, *row)
        for row in _RHYTHMS[routine.rhythm](routine, span)
        if calendar.is_working_day(row[2]) or not routine.working_days_only
    )
    return tuple(
        one for one in found if since <= one.due <= until and _before_event(routine, one, event_day)
    )


def _occurrence(
    routine: Routine, calendar: Calendar, period: str, opens: date, plain: date
) -> Occurrence:
    due = deadlines.rolled(plain, routine.roll, calendar)
    grace = (calendar.add_working_days(due, 1), routine.grace) if routine.grace else None
    fixed = routine.roll == "none" and not (routine.working_days_only or routine.first_working_day)
    certain = fixed or calendar.is_certain(max(due, plain))
    at = "" if routine.daily == deadlines.END_OF_DAY else routine.daily
    return Occurrence(routine.id, period, min(opens, due), due, at, certain, grace)


def _before_event(routine: Routine, one: Occurrence, event_day: date | None) -> bool:
    if not routine.before_event:
        return True
    if event_day is None or one.due >= event_day:
        return False
    return not routine.days_before or (event_day - one.due).days <= routine.days_before


def _daily(_: Routine, span: _Span) -> _Found:
    for day in span.days(_DAY, span.since - _MARGIN):
        yield day.isoformat(), day, day


def _weekly(routine: Routine, span: _Span) -> _Found:
    start = span.since - _MARGIN
    first = start + timedelta(days=(WEEKDAYS.index(routine.weekly) - start.weekday()) % 7)
    for day in span.days(_WEEK, first):
        year, week, _ = day.isocalendar()
        yield f"{year}-W{week:02}", day - _WEEK_WINDOW, day


def _monthly_day(routine: Routine, span: _Span) -> _Found:
    for first in span.months():
        last = deadlines.month_end(first)
        day = first.replace(day=min(routine.monthly_day, last.day))
        yield _month(first), max(first, day - _MONTH_WINDOW), day


def _month_end(_: Routine, span: _Span) -> _Found:
    for first in span.months():
        last = deadlines.month_end(first)
        yield _month(first), last - _MONTH_WINDOW, last


def _mid_month(_: Routine, span: _Span) -> _Found:
    for first in span.months():
        yield _month(first), first.replace(day=11), first.replace(day=20)


def _first_working_day(_: Routine, span: _Span) -> _Found:
    for first in span.months():
        yield _month(first), first, span.calendar.next_working_day(first)


def _nth_weekday(routine: Routine, span: _Span) -> _Found:
    number, weekday = routine.nth_weekday.split()
    for first in span.months():
        ahead = (WEEKDAYS.index(weekday) - first.weekday()) % 7
        day = first + timedelta(days=ahead + 7 * (int(number) - 1))
        if day.month == first.month:  # not every month has a fifth one
            # The first of the month may be that Monday: what is handed in on the Friday before
            # is this month's, as it is for a weekly paper.
            yield _month(first), min(first, day - _WEEK_WINDOW), day


def _times_per_year(routine: Routine, span: _Span) -> _Found:
    times = routine.times_per_year
    for year in range(span.since.year - 1, span.until.year + 2):
        opens = date(year, 1, 1)
        for nth in range(1, times + 1):
            # Whole months as far as they go round: twice a year is by 30 June and 31 December.
            due = (
                deadlines.month_end(date(year, 12 * nth // times, 1))
                if times <= 12
                else date(year, 1, 1) + timedelta(days=365 * nth // times - 1)
            )
            yield f"{year}-{nth}/{times}" if times > 1 else str(year), opens, due
            opens = due + _DAY


def _every_months(routine: Routine, span: _Span) -> _Found:
    return _every(routine.every_months, "months", span)


def _every_from(routine: Routine, span: _Span) -> _Found:
    answer = interval(span.settings.get(routine.every_from, ""))
    return _every(*answer, span) if answer else iter(())


def _every(count: int, unit: str, span: _Span) -> _Found:
    if unit == "years":
        count, unit = 12 * count, "months"
    if unit == "months" and span.event_day is None:
        return _calendar_periods(count, span)
    return _from_last(count, unit, span, span.event_day or span.since - _DAY)


def _calendar_periods(count: int, span: _Span) -> _Found:
    for first in span.months():
        number = first.year * 12 + first.month
        if number % count == 0:
            opens = deadlines.add_months(first, 1 - count)
            name = _month(first) if count == 1 else f"{_month(opens)}/{_month(first)}"
            yield str(first.year) if count == 12 else name, opens, deadlines.month_end(first)


def _from_last(count: int, unit: str, span: _Span, last: date) -> _Found:
    opens, due, nth = last + _DAY, last, 0
    while due <= span.until + _MARGIN:
        nth += 1
        # Months from the first day each time: counted on from a short February, the 31st
        # would become the 28th for ever.
        if unit == "months":
            due = deadlines.add_months(last, nth * count)
        elif unit == "working_days":
            due = span.calendar.add_working_days(due, count)
        else:
            due += timedelta(days=count * (7 if unit == "weeks" else 1))
        yield due.isoformat(), max(opens, due - _MONTH_WINDOW), due
        opens = due + _DAY


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


_RHYTHMS: Mapping[str, Callable[[Routine, _Span], _Found]] = {
    "daily": _daily,
    "weekly": _weekly,
    "monthly_day": _monthly_day,
    "month_end": _month_end,
    "mid_month": _mid_month,
    "first_working_day": _first_working_day,
    "nth_weekday": _nth_weekday,
    "every_months": _every_months,
    "times_per_year": _times_per_year,
    "every_from": _every_from,
}


def interval(written: str) -> tuple[int, str] | None:
    """`"6 months"`, `"30 days"`, `"1 year"`, `"6个月"` as count and unit; None for anything else.

    The units are days, working_days, weeks, months and years.
    """
    found = _INTERVAL.fullmatch(written.strip())
    if found is None or not int(found[1]):
        return None
    name = found[2].strip().casefold().replace(" ", "_").removesuffix("s")
    unit = _UNITS.get(name)
    return (int(found[1]), unit) if unit else None


def business_day(moment: datetime, cut_off: str) -> date:
    """The day on which something counts: after the cut-off ("18:00") it counts as the next day.

    On the stroke it is still in time (S001-5-R05). `moment` is the clock on the wall.
    """
    day = moment.date()
    return day + _DAY if cut_off and f"{moment:%H:%M:%S}" > f"{cut_off}:00" else day


def rhythm_words(
    routine: Routine, settings: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, str]:
    """How often, in Chinese and English; `settings` are the company's own intervals.

    Where the company has not said how often, the setting is named that says it.
    """
    row = routine
    if chosen := interval(settings.get(row.every_from, "")):
        zh, en = _UNIT_WORDS[chosen[1]]
        units = en if chosen[0] == 1 else f"{en}s"
        return f"每 {chosen[0]} {zh}一次", f"every {chosen[0]} {units}"
    if row.weekly:
        return f"每周{_WEEKDAYS_ZH[WEEKDAYS.index(row.weekly)]}", f"every {row.weekly}"
    if row.nth_weekday:
        number, weekday = row.nth_weekday.split()
        zh = _WEEKDAYS_ZH[WEEKDAYS.index(weekday)]
        return f"每月第{number}个星期{zh}", f"{weekday} no. {number} of every month"
    before = f"，仅在事件前 {row.days_before} 天内" if row.days_before else ""
    said = {
        "daily": (f"每日 {row.daily} 前{before}", f"every day by {row.daily}"),
        "monthly_day": (f"每月 {row.monthly_day} 日前", f"by day {row.monthly_day} of every month"),
        "month_end": ("每月最后一天", "on the last day of every month"),
        "mid_month": ("每月 11 至 20 日", "from the 11th to the 20th of every month"),
        "first_working_day": ("每月第一个工作日", "on the first working day of every month"),
        "every_months": (
            f"至少每 {row.every_months} 个月一次",
            f"at least every {row.every_months} months",
        ),
        "times_per_year": (
            f"每年至少 {row.times_per_year} 次",
            f"at least {row.times_per_year} times a year",
        ),
        "every_from": (f"间隔见设置 {row.every_from}", f"interval set in {row.every_from}"),
    }
    return said[row.rhythm]
