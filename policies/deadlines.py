"""Deadlines: by when must a checklist be complete, and what is missing until then.

Owns due dates and the list of lacks. `today` is an argument, and so is the calendar: this room
never reads the clock.

Rules it keeps:
- A deadline counts from its event. Without the event there is no due date and nothing is
  overdue: the paper is missing all the same.
- The due day itself is still in time: overdue means `today > due`.
- Days and months may end on a holiday; the pack says how that rolls. A month later is the same
  day of the month, or the month's last day where it has no such day.

    >>> from policies.calendar import Calendar
    >>> from policies.pack_rows import Deadline
    >>> due_on(Deadline("sale", "S001-3-R11", working_days=3),
    ...        date(2026, 3, 5), Calendar())
    datetime.date(2026, 3, 10)
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from policies.checklist import checklist
from policies.pack_rows import Deadline, DossierType

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.policy import Policy


@dataclass(frozen=True, slots=True)
class DossierState:
    """A dossier as the catalogue knows it: what happened to it and what was filed.

    `type` is a dossier type's id, `have` the document types filed, `events` event id → day;
    the fields are those that conditions look at.
    """

    type: str
    have: frozenset[str] = frozenset()
    events: Mapping[str, date] = field(default_factory=dict)
    customer_fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Lack:
    """A missing item: its id and title in both languages, when it is due and who owes it.

    `certain` is False when `due` rests on a year whose make-up days are not published yet.
    `clause` is the item's, `due_clause` the deadline's.
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


def missing(
    dossier: DossierState, policy: Policy, calendar: Calendar, today: date
) -> tuple[Lack, ...]:
    """What the dossier lacks as of `today`, in the order of the checklist.

    Raises `UnknownName` when no adopted pack declares the dossier's type.
    """
    dossier_type = policy.dossier_type(dossier.type)
    due = due_of(dossier_type, dossier.events, calendar)
    states = checklist(dossier_type, dossier.have, dossier.customer_fields, dossier.keys)
    return tuple(
        Lack(
            item=state.item.id,
            title=state.item.zh,
            title_en=state.item.en,
            due=due,
            overdue=due is not None and today > due,
            department=dossier_type.department,
            clause=state.item.clause,
            due_clause=dossier_type.deadlines[0].clause if dossier_type.deadlines else None,
            certain=due is None or calendar.is_certain(due),
        )
        for state in states
        if state.missing
    )


def due_of(
    dossier_type: DossierType, events: Mapping[str, date], calendar: Calendar
) -> date | None:
    """When the checklist must be complete; None without a deadline or without its event."""
    if not dossier_type.deadlines or dossier_type.deadlines[0].after not in events:
        return None
    deadline = dossier_type.deadlines[0]
    return due_on(deadline, events[deadline.after], calendar)


def due_on(deadline: Deadline, event_day: date, calendar: Calendar) -> date:
    """The last day in time for an event on `event_day`."""
    if deadline.unit == "working_days":
        return calendar.add_working_days(event_day, deadline.count)
    if deadline.unit == "months":
        due = add_months(event_day, deadline.count)
    else:
        due = event_day + timedelta(days=deadline.count)
    if deadline.roll == "next":
        return calendar.next_working_day(due)
    if deadline.roll == "previous":
        return calendar.previous_working_day(due)
    return due


def add_months(day: date, count: int) -> date:
    """The same day `count` months later, or the last day of a month that is too short."""
    months = day.month - 1 + count
    year, month = day.year + months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
