"""Deadlines: by when must papers be there, and what is missing or wrong until then.

Owns due dates and the list of lacks. `today` is an argument, and so is the calendar: this room
never reads the clock.

Rules it keeps:
- A deadline counts from its event. Without the event there is no due date and nothing is
  overdue: the paper is missing all the same.
- The due day itself is still in time, to its end or to the time of day that the regulation
  names: overdue means later than that.
- A day that is not counted in working days may fall on a holiday; the pack says how it rolls.
  A month later is the same day of the month, or the month's last day where it has no such day.
- Of several deadlines that bind one item the earliest counts.

    >>> from policies.calendar import Calendar
    >>> from policies.pack_rows import Deadline
    >>> due_on(Deadline("sale", "S001-3-R11", working_days=3),
    ...        date(2026, 3, 5), Calendar()).day
    datetime.date(2026, 3, 10)
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from policies import checklist
from policies.pack_rows import WEEKDAYS, Deadline, DossierType

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.checklist import ItemReview
    from policies.policy import Policy

__all__ = [
    "DossierState", "Due", "Lack", "add_days", "add_months", "calendar_day", "due_of", "due_on",
    "is_overdue", "lacks_of", "missing", "month_end", "repeats", "rolled", "stated_time",
]  # fmt: skip

END_OF_DAY = "24:00"
_NOTHING: Mapping[str, str] = MappingProxyType({})
_STATED = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T]+(([01][0-9]|2[0-3]):[0-5][0-9])(?::[0-5][0-9])?)?"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A last moment in time: until the end of `day`, or until `at` ("18:00") on it.

    `grace` is the later moment for those who give a reason. `certain` is False when the day
    rests on a year whose make-up days are not published yet.
    """

    day: date
    at: str
    clause: str
    grace: tuple[date, str] | None = None
    certain: bool = True

    @property
    def moment(self) -> tuple[date, str]:
        """By which two of them are compared."""
        return self.day, self.at or END_OF_DAY


@dataclass(frozen=True, slots=True)
class DossierState:
    """A dossier as the catalogue knows it: what happened to it and what was filed.

    `type` is a dossier type's id, `papers` what is filed, `have` document types of which no
    more is known than that they are there, `events` event id → day; the fields are those that
    conditions look at.
    """

    type: str
    have: frozenset[str] = frozenset()
    events: Mapping[str, date] = field(default_factory=dict)
    customer_fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    papers: tuple[checklist.Paper, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing an item lacks: the item's id and titles, when it is due and who owes it.

    `kind` and `detail` say what is lacking, as `policies.checklist.Lacking` does. `certain` is
    False when `due` rests on a year whose make-up days are not published yet. `clause` is the
    item's, `due_clause` the deadline's; `due_at` the time of day, "" for the end of the day.
    `grace` is the later moment for those who give a reason, None where there is none.
    """

    item: str
    title: str
    title_en: str
    due: date | None
    overdue: bool
    department: str
    clause: str
    due_clause: str | None = None
    certain: bool = True
    kind: str = "document"
    detail: str = ""
    due_at: str = ""
    grace: tuple[date, str] | None = None


def missing(
    dossier: DossierState, policy: Policy, calendar: Calendar, today: date
) -> tuple[Lack, ...]:
    """What the dossier lacks as of `today` (or of a moment), in the order of the checklist.

    Raises `UnknownName` when no adopted pack declares the dossier's type.
    """
    kind = policy.dossier_type(dossier.type)
    day = calendar_day(today)
    known = {paper.type for paper in dossier.papers}
    papers = (*dossier.papers, *(checklist.Paper(name, day) for name in dossier.have - known))
    told = (dossier.customer_fields, dossier.keys)
    return tuple(
        lack
        for item in checklist.review(kind, papers, *told, day)
        if item.lacks
        for lack in lacks_of(
            item, kind, due_of(kind, item.item.id, dossier.events, calendar, *told), today
        )
    )


def calendar_day(today: date) -> date:
    """The day of a day or of a moment."""
    return today.date() if isinstance(today, datetime) else today


def lacks_of(
    found: ItemReview, dossier_type: DossierType, due: Due | None, today: date
) -> Iterator[Lack]:
    """What an item lacks that should be there by `due`."""
    item = found.item
    for lacking in found.lacks:
        # The deadline was for the first paper. By when its yearly successor must be there no
        # regulation says, and nothing is guessed.
        by = None if lacking.kind == "expired" else due
        yield Lack(
            item=item.id,
            title=item.zh,
            title_en=item.en,
            due=by.day if by else None,
            overdue=by is not None and is_overdue(by, today),
            department=dossier_type.department,
            clause=item.clause,
            due_clause=by.clause if by else None,
            certain=by is None or by.certain,
            kind=lacking.kind,
            detail=lacking.detail,
            due_at=by.at if by else "",
            grace=by.grace if by else None,
        )


def is_overdue(due: Due, today: date) -> bool:
    """Whether it is later than `due`. A date is taken to mean that the day is not over yet.

    Asked with a moment (a datetime, as the clock on the wall shows it), the time of day counts
    as well: what must be there by 18:00 is overdue one second later.
    """
    if not isinstance(today, datetime):
        return today > due.day
    return (today.date(), f"{today:%H:%M:%S}") > (due.day, f"{due.at or END_OF_DAY}:00")


def due_of(
    dossier_type: DossierType,
    item_id: str | None,
    events: Mapping[str, date],
    calendar: Calendar,
    customer_fields: Mapping[str, str] = _NOTHING,
    keys: Mapping[str, str] = _NOTHING,
) -> Due | None:
    """The earliest deadline that binds an item; None without one, or without its event.

    `item_id` None asks for the checklist as a whole: deadlines that name items do not bind it.
    """
    binding = (
        due_on(deadline, events[deadline.after], calendar, keys)
        for deadline in dossier_type.deadlines
        if (not deadline.items or item_id in deadline.items)
        and deadline.after in events
        and checklist.holds(deadline.when, customer_fields, keys)
    )
    return min((due for due in binding if due), key=lambda due: due.moment, default=None)


def awaited(
    dossier_type: DossierType,
    item_id: str,
    events: Mapping[str, date],
    customer_fields: Mapping[str, str] = _NOTHING,
    keys: Mapping[str, str] = _NOTHING,
) -> tuple[str, ...]:
    """The events that have not happened, of which each would give the item a day."""
    waiting = (
        deadline.after
        for deadline in dossier_type.deadlines
        if (not deadline.items or item_id in deadline.items)
        and deadline.after not in events
        and checklist.holds(deadline.when, customer_fields, keys)
    )
    return tuple(dict.fromkeys(waiting))


def due_on(
    deadline: Deadline, event_day: date, calendar: Calendar, keys: Mapping[str, str] = _NOTHING
) -> Due | None:
    """The last moment in time for an event on `event_day`.

    None only where the customer's own date is not in `keys`, or is not written as
    `stated_time` reads it.
    """
    plain, at = _unrolled(deadline, event_day, calendar, keys), deadline.at
    if deadline.stated_by:
        stated = stated_time(keys.get(deadline.stated_by, ""))
        if stated is None:
            return None
        plain, at = stated[0], stated[1] or at
    day = rolled(plain, deadline.roll, calendar)
    uses_calendar = bool(deadline.working_days) or deadline.roll in ("next", "previous")
    grace = (calendar.add_working_days(day, 1), deadline.grace) if deadline.grace else None
    certain = not uses_calendar or calendar.is_certain(max(day, plain))
    return Due(day, at, deadline.clause, grace, certain)


def _unrolled(
    deadline: Deadline, event_day: date, calendar: Calendar, keys: Mapping[str, str]
) -> date:
    unit = deadline.unit
    if unit == "working_days":
        return calendar.add_working_days(event_day, deadline.count)
    if unit == "days":
        return add_days(event_day, deadline.count)
    if unit == "months":
        return add_months(event_day, deadline.count)
    if unit == "month_end":
        return month_end(event_day)
    if unit == "next_weekday":
        # The complaints of one week, Monday to Sunday, are handed in on the next Monday
        # (S001-12-R09): the week of the event ends before its successor's days begin.
        to_monday = 7 - event_day.weekday()
        return add_days(event_day, to_monday + WEEKDAYS.index(deadline.next_weekday))
    return event_day


def stated_time(written: str) -> tuple[date, str] | None:
    """`2026-03-05` or `2026-03-05 15:30` as day and time of day ("" without one), else None."""
    found = _STATED.fullmatch(written.strip())
    try:
        return (date.fromisoformat(found[1]), found[2] or "") if found else None
    except ValueError:  # the 31st of a month that has none
        return None


def repeats(
    ordered: date,
    corrected: date | None,
    until: date,
    calendar: Calendar,
    step_working_days: int = 1,
) -> tuple[date, ...]:
    """The days on which an ordered correction failed again (S001-3-R29), oldest first.

    Each is the last day of a time allowed: the first ends `step_working_days` after the order,
    the next as many after that, and so on until the day of the correction, which is in time
    itself. A day that is not over yet (`until` or later) has not been failed.
    """
    failed = []
    day = calendar.add_working_days(ordered, step_working_days)
    while day < until and (corrected is None or day < corrected):
        failed.append(day)
        day = calendar.add_working_days(day, step_working_days)
    return tuple(failed)


def rolled(day: date, roll: str, calendar: Calendar) -> date:
    """`day`, or the working day before or after it where it is none and `roll` says so."""
    if roll == "next":
        return calendar.next_working_day(day)
    if roll == "previous":
        return calendar.previous_working_day(day)
    return day


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def add_days(day: date, count: int) -> date:
    """The day `count` days later, the calendar's last one at most: see `add_months`."""
    return day + timedelta(days=min(count, (date.max - day).days))


def add_months(day: date, count: int) -> date:
    """The same day `count` months later, or the last day of a month that is too short.

    Whatever ends after the year 9999 ends on the calendar's last day: that is never.
    """
    months = day.month - 1 + count
    year, month = day.year + months // 12, months % 12 + 1
    if year > MAXYEAR:
        return date.max
    # Every month has 28 days, and of a thousand dates nine hundred need no look at its last one.
    last = day.day if day.day <= 28 else min(day.day, monthrange(year, month)[1])
    return date(year, month, last)
