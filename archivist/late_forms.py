"""Forms that a dossier owes, again and again or by a deadline, and which of them came late.

Owns what is owed where a regulation calls lateness by name: a `routine` with `late` that is done
for each dossier, and a `deadline` with `late`. What a late one costs is `archivist.lapses`; how
many there were is `archivist.reports.rates`.

Rules it keeps:
- Only a dossier owes something. Daily work that no dossier shows (nobody came that day) is not
  called late: there the deadline of the day's own dossier speaks.
- Nothing is owed for the time before the regulation was adopted or the dossier opened, nor for
  a period that ended after it was closed.
- Whoever hands in early, when nothing before it is open, has handed in: he is reminded
  (`archivist routines`) and not blamed.
- A time of grace is for those who give a reason. No program can judge one: the form is late, and
  the role that may decide dismisses the violation.

    late = [form for form in owed_forms(archive, policy, calendar, today, row, rows) if form.late]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from archivist.standing import (
    adopted_on,
    customer_fields,
    dossier_state,
    filings,
    local_moment,
)
from policies.checklist import holds
from policies.measures import owed_sets
from policies.routines import Occurrence, business_day, in_force, intervals, matched, occurrences

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.calendar import Calendar
    from policies.policy import Cited, Policy
    from policies.rule_rows import Routine

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OwedForm:
    """One paper that one dossier owes by the end of `due`.

    `code` is what it is called when it comes late, `on` the day on which it is that; `types` the
    papers that would do, `done` the day it came. `late` and `pending` are as of the day asked.
    """

    code: str
    dossier: str
    types: tuple[str, ...]
    due: date
    on: date
    done: date | None
    late: bool
    clause: str

    @property
    def pending(self) -> bool:
        """Whether it can still come in time."""
        return self.done is None and not self.late


def named_late(policy: Policy) -> tuple[Cited[Routine], ...]:
    """The routines in force that dossiers owe and whose lateness has a name."""
    return tuple(c for c in in_force(policy) if c.row.late and c.row.dossier_types)


def owed_forms(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    row: Row,
    routines: Sequence[Cited[Routine]],
    until: date | None = None,
) -> Iterator[OwedForm]:
    """What a dossier owes by `until` (else `today`) and how it stands on `today`.

    `routines` are those of `named_late`, asked once for all dossiers. What was filed after
    `today` is not there yet.
    """
    last = until or today
    fields = customer_fields(archive.catalogue.customer(row["customer"]))
    for cited in routines:
        routine = cited.row
        if row["type"] in routine.dossier_types and holds(routine.when, fields, row["keys"]):
            yield from _periodic(archive, policy, calendar, today, row, cited, last)
    yield from _by_deadline(archive, policy, calendar, today, row, last)


def _periodic(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    row: Row,
    cited: Cited[Routine],
    last: date,
) -> Iterator[OwedForm]:
    routine = cited.row
    event = _day(row["events"].get(routine.before_event))
    since = _since(archive, row, cited, event)
    if since is None:
        return
    closed = _day(row["closed"])
    end = event or (min(last, closed - _DAY) if closed else last)
    due = occurrences(routine, since, end, calendar, intervals(policy), event)
    done = [day for day in _done(archive, routine, row["id"]) if day <= today]
    for one, day in settled(due, done, since):
        yield OwedForm(
            code=routine.late,
            dossier=row["id"],
            types=routine.types,
            due=one.due,
            # Before an event each day is reckoned by itself (S001-5-R11), on that day.
            on=one.due if routine.before_event else one.due + _DAY,
            done=day,
            late=(day or today) > one.due,
            clause=routine.clause,
        )


def _since(archive: Archive, row: Row, cited: Cited[Routine], event: date | None) -> date | None:
    """From which day it is owed; None while the event that it comes before is not known."""
    routine = cited.row
    if routine.before_event:
        return event - timedelta(days=routine.days_before or 1) if event else None
    opened = local_moment(row["opened"]).date()
    return max(opened, adopted_on(archive.catalogue, cited.pack) or opened)


def settled(
    due: Sequence[Occurrence], done: Iterable[date], since: date
) -> Iterator[tuple[Occurrence, date | None]]:
    """Each occurrence, from the day `since` on, with the day it was done.

    As `matched` has it, which counts what comes early for nothing; here it counts for the period
    in which it came, unless it made up for an older one.
    """
    days = sorted(set(done))
    pairs = matched(due, days)
    spent = {day for _, day in pairs if day}
    begins = since
    for one, day in pairs:
        if day is None or day > one.due:
            early = (each for each in days if begins <= each <= one.due and each not in spent)
            day = next(early, day)
        yield one, day
        begins = one.due + _DAY


def _done(archive: Archive, routine: Routine, dossier: str) -> list[date]:
    """The days on which a routine was done for a dossier: by its papers, or by somebody's word.

    What comes after the day's cut-off counts as the next day's.
    """
    papers = (row for row in archive.catalogue.records(dossier) if row["type"] in routine.types)
    said = (
        date.fromisoformat(row["day"])
        for row in archive.catalogue.routines_done()
        if (row["routine"], row["dossier"]) == (routine.id, dossier)
    )
    return [*(business_day(local_moment(row["filed"]), routine.daily) for row in papers), *said]


def _by_deadline(
    archive: Archive, policy: Policy, calendar: Calendar, today: date, row: Row, last: date
) -> Iterator[OwedForm]:
    kind = policy.find_dossier_type(row["type"])
    if kind is None or not any(deadline.late for deadline in kind.deadlines):
        return
    state = dossier_state(archive.catalogue, row)
    moments = filings(archive.catalogue, row["id"])
    types = tuple(dict.fromkeys(name for item in kind.items for name in item.types))
    for owed in owed_sets(policy, row["id"], state, calendar, today, moments):
        if owed.late and owed.due.day <= last:
            there = owed.complete_on
            yield OwedForm(
                code=owed.late,
                dossier=row["id"],
                types=types,
                due=owed.due.day,
                on=owed.due.day + _DAY,
                done=date(there.year, there.month, there.day) if there else None,
                late=not owed.in_time and not owed.pending(today),
                clause=owed.due.clause,
            )


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None
