"""Measures: how many sets of papers came in time, how many are complete, whom nobody visited.

Owns the rates that the regulations put into a department's appraisal (考核). A rate is told as
two numbers, never as a bare percentage: two of three and two hundred of three hundred are not
the same news.

Rules it keeps:
- A set is what one deadline of one dossier binds. It belongs to the month in which the deadline
  fell, whenever it was handed in.
- Timely: everything asked was there by the deadline. Complete: nothing asked lacks today, and
  nothing that lies there was found wanting, however late it came.
- A set whose deadline has not come yet and that is not complete is pending: it is neither
  counted for nor against anybody.
- A rate over nothing (0/0) meets no target and misses none.

    >>> Rate(2, 3).percent
    66
    >>> coverage(["C000001", "C000002"], ["C000002"]).without
    ('C000001',)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from policies import conduct_rows, deadlines, pack_rows
from policies.checklist import Paper, checklist, holds, review
from policies.promptly import is_number

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.deadlines import DossierState, Due
    from policies.pack_rows import Deadline
    from policies.policy import Cited, Policy


@dataclass(frozen=True, slots=True)
class Rate:
    """`numerator` of `denominator`; `pending` is what cannot be judged yet."""

    numerator: int
    denominator: int
    pending: int = 0

    @property
    def percent(self) -> int | None:
        """Whole percent, cut and not rounded: 299 of 300 are not 100. None over nothing."""
        return self.numerator * 100 // self.denominator if self.denominator else None

    def meets(self, target_percent: int) -> bool | None:
        """Whether a target is reached; None over nothing."""
        if not self.denominator:
            return None
        return self.numerator * 100 >= target_percent * self.denominator


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of those who must be reached were, and who was not."""

    rate: Rate
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwedSet:
    """The papers of one dossier that one deadline binds.

    `complete_on` is the moment (or day, where no time is known) at which the last asked paper
    was there; None while one lacks. `complete`: nothing lacks and nothing was found wanting.
    `late` is the violation that missing the deadline is, where the deadline says so itself.
    """

    dossier: str
    dossier_type: str
    department: str
    due: Due
    complete_on: date | None
    complete: bool
    late: str = ""

    @property
    def in_time(self) -> bool:
        """Whether everything was there by the deadline."""
        return self.complete_on is not None and not deadlines.is_overdue(self.due, self.complete_on)

    @property
    def month(self) -> str:
        """The month in which its deadline falls, `2026-03`."""
        return f"{self.due.day:%Y-%m}"

    def pending(self, today: date) -> bool:
        """Whether it can still come in time."""
        return self.complete_on is None and not deadlines.is_overdue(self.due, today)


@dataclass(frozen=True, slots=True)
class Filings:
    """When each paper came: record id → local moment. Papers not named count by their day."""

    moments: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, paper: Paper) -> date:
        """The moment of a paper, else its day."""
        return self.moments.get(paper.record, paper.filed)


def owed_sets(
    policy: Policy,
    dossier: str,
    state: DossierState,
    calendar: Calendar,
    today: date,
    filings: Filings | None = None,
) -> tuple[OwedSet, ...]:
    """The sets of one dossier whose event has happened, as of `today`.

    Papers filed later than `today` are not there yet. Nothing for a dossier type that no
    adopted pack declares.
    """
    dossier_type = policy.find_dossier_type(state.type)
    if dossier_type is None:
        return ()
    filings = filings or Filings()
    papers = [paper for paper in state.papers if paper.filed <= today]
    found = []
    for deadline in dossier_type.deadlines:
        if deadline.after not in state.events:
            continue
        if not holds(deadline.when, state.customer_fields, state.keys):
            continue
        due = deadlines.due_on(deadline, state.events[deadline.after], calendar, state.keys)
        items = _bound(dossier_type, deadline, state)
        if due is None or not items:
            continue
        reviews = review(dossier_type, papers, state.customer_fields, state.keys, today)
        wanting = any(found.lacks for found in reviews if found.item.id in items)
        there = complete_on(dossier_type, items, papers, filings)
        found.append(
            OwedSet(
                dossier, dossier_type.id, dossier_type.department, due, there,
                there is not None and not wanting, deadline.late,
            )
        )  # fmt: skip
    return tuple(found)


def complete_on(
    dossier_type: pack_rows.DossierType,
    items: Collection[str],
    papers: Iterable[Paper],
    filings: Filings | None = None,
) -> date | None:
    """When the last paper of these items was there; None while one lacks.

    A paper once filed does not vanish, so each item is there from its `least`-th paper on.
    """
    filings = filings or Filings()
    known = list(papers)
    moments = []
    for item in dossier_type.items:
        if item.id in items:
            filed = sorted((filings.of(p) for p in known if p.type in item.types), key=_moment)
            if len(filed) < item.least:
                return None
            moments.append(filed[item.least - 1])
    return max(moments, key=_moment, default=None)


def asked_items(dossier_type: pack_rows.DossierType, state: DossierState) -> frozenset[str]:
    """The ids of the items that this dossier must have."""
    states = checklist(dossier_type, (), state.customer_fields, state.keys)
    return frozenset(found.item.id for found in states if found.asked)


def timeliness(sets: Iterable[OwedSet], today: date) -> dict[tuple[str, str], Rate]:
    """(department, month) → how many of the sets due in it came in time (及时率)."""
    return _rates(sets, today, lambda owed: owed.in_time)


def completeness(sets: Iterable[OwedSet], today: date) -> dict[tuple[str, str], Rate]:
    """(department, month) → how many of the sets due in it are complete (完整率)."""
    return _rates(sets, today, lambda owed: owed.complete)


def coverage(owed: Iterable[str], done: Collection[str]) -> Coverage:
    """How many of `owed` (ids of customers, say) are among `done`."""
    wanted = tuple(dict.fromkeys(owed))
    without = tuple(name for name in wanted if name not in done)
    return Coverage(Rate(len(wanted) - len(without), len(wanted)), without)


def revisited(
    key_customers: Iterable[str], visits: Mapping[str, Sequence[date]], since: date, until: date
) -> Coverage:
    """How many key customers have a record of a visit between two days, both included."""
    seen = {who for who, days in visits.items() if any(since <= day <= until for day in days)}
    return coverage(key_customers, seen)


def urged_in_vain(
    reminders: Sequence[date], registered: date | None, until: date, least: int
) -> bool:
    """Whether a customer still unregistered at `until` had been asked for `least` times by then.

    How often "repeatedly" is, the company says (`Measure.reminders`).
    """
    if registered is not None and registered <= until:
        return False
    return least > 0 and sum(day <= until for day in reminders) >= least


def months_in_vain(
    reminders: Iterable[date],
    registered: date | None,
    until: date,
    least: int,
    due: Due | None = None,
) -> tuple[date, ...]:
    """The month ends up to `until` at which somebody had been urged in vain, oldest first.

    The regulation does not say that one refusal is punished month after month: reminders that
    led to a violation are spent, and the next one takes as many again. Before `due` nothing is
    refused yet.
    """
    left, found = sorted(reminders), []
    end = deadlines.month_end(left[0]) if left else until
    while left and end <= until:
        owed = due is None or deadlines.is_overdue(due, end)
        if owed and urged_in_vain(left, registered, end, least):
            found.append(end)
            left = [day for day in left if day > end]
        end = deadlines.month_end(end + timedelta(days=1))
    return tuple(found)


def reminders_needed(policy: Policy, row: conduct_rows.Measure) -> int:
    """After how many reminders it is in vain: the row's number or the setting's, else 0."""
    said = (policy.setting(row.reminders_from) or "").strip() if row.reminders_from else ""
    return row.reminders or (int(said) if is_number(said) else 0)


def measures(
    policy: Policy, of: str, dossier_type: str | None = None
) -> tuple[Cited[conduct_rows.Measure], ...]:
    """The rows that ask for a rate; with a dossier type, those that hold for it.

    A row that names no dossier type holds for those its own regulation declares, and for every
    one where it declares none or is the company's.
    """
    rows = (cited for cited in policy.rows(conduct_rows.Measure) if cited.row.of == of)
    return tuple(
        cited for cited in rows if dossier_type is None or dossier_type in _meant(policy, cited)
    )


def _meant(policy: Policy, cited: Cited[conduct_rows.Measure]) -> Collection[str]:
    own = {
        row.id
        for pack in policy.adopted
        if pack.ref == cited.pack and not cited.company
        for row in pack.rows(pack_rows.DossierType)
    }
    return cited.row.dossier_types or own or policy.dossier_types


def target_percent(policy: Policy, row: conduct_rows.Measure) -> int | None:
    """The target a regulation or the company sets; None where neither does."""
    if row.target_percent:
        return row.target_percent
    said = (policy.setting(row.target_from) or "").rstrip("%") if row.target_from else ""
    return int(said) if said.isdecimal() and len(said) <= 3 else None


def _rates(
    sets: Iterable[OwedSet], today: date, good: Callable[[OwedSet], bool]
) -> dict[tuple[str, str], Rate]:
    counts: dict[tuple[str, str], list[int]] = {}
    for owed in sets:
        count = counts.setdefault((owed.department, owed.month), [0, 0, 0])
        if owed.pending(today):
            count[2] += 1
        else:
            count[0] += good(owed)
            count[1] += 1
    return {key: Rate(*count) for key, count in sorted(counts.items())}


def _bound(
    dossier_type: pack_rows.DossierType, deadline: Deadline, state: DossierState
) -> frozenset[str]:
    asked = asked_items(dossier_type, state)
    return asked & frozenset(deadline.items) if deadline.items else asked


def _moment(when: date) -> datetime:
    # A day without a time is compared as its beginning: the due day itself is in time.
    if isinstance(when, datetime):
        return when.replace(tzinfo=None)
    return datetime(when.year, when.month, when.day)


__all__ = [
    "Coverage", "Filings", "OwedSet", "Rate", "asked_items", "complete_on", "completeness",
    "coverage", "measures", "months_in_vain", "owed_sets", "reminders_needed", "revisited",
    "target_percent", "timeliness", "urged_in_vain",
]  # fmt: skip
