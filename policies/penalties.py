"""Penalties: what a violation costs by the regulation's own words, and how often it was one.

Owns the arithmetic of `[[penalty]]` and `[[penalty_terms]]`. It computes and cites, nothing
more: an assessed penalty is a proposal until the role that the regulation names confirms it
(`confirmed_by`), and nothing here pays, deducts or keeps books.

Rules it keeps:
- Violations are counted by person and calendar month, in order of date; only what some row
  penalises counts. Without a person, only what concerns the same subject is counted together,
  because one dossier has one person who owes it.
- A violation without a role falls on every role that the regulation names for it.
- Several defects of one item found on one day are one occasion: they count once towards
  doubling, and the terms say whether their amounts add up or the largest stands alone.
- An `additional` penalty (loss) comes on top. Unless the terms say `loss_doubles` it is neither
  multiplied nor an occasion of its own.
- A repeat, because a defect was not corrected in time, costs the same again. Where the terms
  say `repeats_count` it is an occasion like any other; else it keeps its original's multiplier.
- Which row speaks, and which terms govern it, is `policies.penalty_law`: where two packs
  disagree the violation is assessed at nothing and carries the open question.

    >>> from policies.policy import Policy
    >>> assess(Policy.adopt([], {}), [Violation("late_set", "clerk", date(2026, 3, 2))])[0].amount
    0
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from policies import conduct_rows, deadlines
from policies.penalty_law import (
    clause_ids,
    concerns,
    confirmers,
    liable,
    penalties_of,
    regulation_of,
    terms_of,
    unsettled,
)
from policies.policy import Cited, Question
from policies.promptly import is_number

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.conduct_rows import PenaltyTerms
    from policies.policy import Policy


@dataclass(frozen=True, slots=True)
class Violation:
    """What somebody did or left undone, on a day.

    `code` is the penalty rows' `on`; `count` the units they count (items, pieces, times).
    `subject` is the id of what it concerns (a dossier or a record), `item` the checklist item.
    `repeat`: the same again, because it was not corrected in time.
    """

    code: str
    role: str
    on: date
    person: str = ""
    department: str = ""
    subject: str = ""
    item: str = ""
    count: int = 1
    clause: str = ""
    dossier_type: str = ""
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one penalty row makes of one violation. Amounts in yuan, multiplied already.

    `penalty` is None where no adopted regulation penalises it, or where `open` says what must
    be decided first. `nth` is its place among the month's counted violations, 0 when it is not
    counted. `amount_to` equals `amount` unless the regulation gives a range. `pay_cut` is the
    band, in percent of the month's performance pay, that may be cut from this violation on.
    `absorbed`: another defect of the same item costs more and stands alone.
    """

    violation: Violation
    penalty: Cited[conduct_rows.Penalty] | None
    amount: int = 0
    amount_to: int = 0
    multiplier: int = 1
    nth: int = 0
    points: int = 0
    month_pay: bool = False
    notice: bool = False
    sanction: str = ""
    transfers_customer: bool = False
    pay_cut: tuple[int, int] | None = None
    absorbed: bool = False
    confirmed_by: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    open: tuple[Question, ...] = ()


def assess(policy: Policy, violations: Iterable[Violation]) -> tuple[Assessment, ...]:
    """Every violation with what it costs, in order of date; one row for each penalty of it."""
    given = [named for violation in violations for named in _with_role(policy, violation)]
    tally = _Tally()
    found: list[Assessment] = []
    for occasion in _occasions(sorted(given, key=lambda violation: violation.on)):
        found.extend(_assess_occasion(policy, occasion, tally))
    return tuple(found)


def late(
    policy: Policy,
    dossier_type: str,
    role: str,
    events: Mapping[str, date],
    complete_on: date | None,
    today: date,
    calendar: Calendar,
    *,
    person: str = "",
    department: str = "",
    subject: str = "",
) -> tuple[Violation, ...]:
    """Lateness of one dossier, by the trigger of each penalty row itself.

    `complete_on` is the day the set was complete, None when it still is not. The violation
    falls on the day after the last day in time. With a `role`, only what penalises that role;
    with none, every role that a row names.
    """
    found = []
    for code in _late_codes(policy, dossier_type, events):
        for named in (role,) if role else liable(policy, code, dossier_type):
            rows, _ = penalties_of(policy, code, named, dossier_type)
            dues = [last_day(c.row, events, calendar) for c in rows if c.row.after in events]
            if dues and (complete_on or today) > (due := min(dues)):
                found.append(
                    Violation(
                        code, named, due + timedelta(days=1), person, department, subject,
                        clause=rows[0].row.clause, dossier_type=dossier_type,
                    )
                )  # fmt: skip
    return tuple(found)


def last_day(row: conduct_rows.Penalty, events: Mapping[str, date], calendar: Calendar) -> date:
    """The last day in time by a penalty row that has a trigger among `events`."""
    event_day = events[row.after]
    if row.working_days:
        return calendar.add_working_days(event_day, row.working_days)
    return deadlines.add_days(event_day, row.days)


def uncorrected(
    policy: Policy,
    violation: Violation,
    ordered: date,
    corrected: date | None,
    until: date,
    calendar: Calendar,
) -> tuple[Violation, ...]:
    """The same violation again for each working day after the order without a correction.

    Nothing where no row that speaks of it says `repeats`. The day of correction itself is the
    last chance of its day: it is no repeat.
    """
    rows, _ = penalties_of(policy, violation.code, violation.role, violation.dossier_type)
    if not any(cited.row.repeats for cited in rows):
        return ()
    days = deadlines.repeats(ordered, corrected, until, calendar)
    return tuple(replace(violation, on=day, repeat=True) for day in days)


# ── counting ──────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Tally:
    """How often each person was penalised in a month, and by what factor each time."""

    counted: dict[tuple[object, ...], int] = field(default_factory=dict)
    multipliers: dict[tuple[object, ...], int] = field(default_factory=dict)


def _occasions(ordered: Sequence[Violation]) -> list[list[Violation]]:
    """Violations that count once: the defects of one item on one day; else each by itself."""
    found: dict[tuple[object, ...], list[Violation]] = {}
    for number, violation in enumerate(ordered):
        one = (violation.subject, violation.item) if violation.subject and violation.item else ()
        key = (violation.on, violation.role, _doer(violation), one or number, violation.repeat)
        found.setdefault(key, []).append(violation)
    return list(found.values())


def _assess_occasion(
    policy: Policy, occasion: Sequence[Violation], tally: _Tally
) -> Iterator[Assessment]:
    drafts: list[Assessment] = []
    for violation in occasion:
        rows, asked = penalties_of(policy, violation.code, violation.role, violation.dossier_type)
        if not rows:
            yield Assessment(violation, None, open=asked)
        drafts.extend(_draft(policy, violation, cited) for cited in rows)
    counted: set[str] = set()
    for draft in drafts:
        assert draft.penalty is not None
        terms = terms_of(policy, draft.penalty, draft.violation.role)
        if terms is None:
            yield draft
            continue
        nth, multiplier = _place(draft, terms, tally, counted)
        yield _multiplied(draft, terms, nth, multiplier, _absorbed(draft, drafts, terms.row))


def _place(
    draft: Assessment, terms: Cited[PenaltyTerms], tally: _Tally, counted: set[str]
) -> tuple[int, int]:
    """The ordinal of this occasion under `terms`, and the multiplier it brings."""
    violation, row = draft.violation, terms.row
    assert draft.penalty is not None
    if draft.penalty.row.additional and not row.loss_doubles:
        return 0, 1
    case = (_doer(violation), violation.code, violation.subject, violation.item)
    if violation.repeat and not row.repeats_count:
        return 0, tally.multipliers.get(case, 1)
    month = (_doer(violation), terms.pack, row.id, violation.on.year, violation.on.month)
    if row.id not in counted:  # several defects of one item are one occasion
        tally.counted[month] = tally.counted.get(month, 0) + 1
        counted.add(row.id)
    nth = tally.counted[month]
    multiplier = _multiplier(row, nth)
    tally.multipliers.setdefault(case, multiplier)
    return nth, multiplier


def _multiplier(terms: PenaltyTerms, nth: int) -> int:
    """By how much the `nth` penalised violation of a month is multiplied."""
    if not terms.double_from or nth < terms.double_from:
        return 1
    power = nth - terms.double_from + 1 if terms.doubling == "geometric" else 1
    return int(terms.factor**power)


def _absorbed(draft: Assessment, drafts: Sequence[Assessment], terms: PenaltyTerms) -> bool:
    """Whether a dearer defect of the same item stands in this one's place (`combine = max`)."""
    if terms.combine != "max" or _is_additional(draft):
        return False
    rivals = [other for other in drafts if not _is_additional(other)]
    return draft is not max(rivals, key=lambda other: (other.amount, other.points))


def _multiplied(
    draft: Assessment, terms: Cited[PenaltyTerms], nth: int, multiplier: int, absorbed: bool
) -> Assessment:
    row = terms.row
    factor = 0 if absorbed else multiplier
    within = bool(row.pay_cut_to) and bool(row.double_from) and nth >= row.double_from
    governed = multiplier > 1 or within or absorbed
    return replace(
        draft,
        amount=draft.amount * factor,
        amount_to=draft.amount_to * factor,
        multiplier=multiplier,
        nth=nth,
        points=0 if absorbed else draft.points,
        pay_cut=(row.pay_cut_from, row.pay_cut_to) if within else None,
        absorbed=absorbed,
        clauses=tuple(
            dict.fromkeys((*draft.clauses, *(clause_ids(row.clause) if governed else ())))
        ),
        packs=tuple(dict.fromkeys((*draft.packs, *((terms.pack,) if governed else ())))),
    )


# ── one row ───────────────────────────────────────────────────────────────────


def _draft(policy: Policy, violation: Violation, cited: Cited[conduct_rows.Penalty]) -> Assessment:
    """The penalty as its row states it, before it is counted and multiplied."""
    row, count = cited.row, violation.count
    asked: tuple[Question, ...] = ()
    points = row.points
    if row.points_from:
        said = policy.setting(row.points_from) or ""
        points = int(said) if is_number(said) else 0
        if not points:
            asked = (
                Question(row.points_from, f"“{row.zh}”扣几分没有设置",
                         f"how many points off for {row.id} is not set", (row.clause,)),
            )  # fmt: skip
    return Assessment(
        violation,
        cited,
        amount=row.amount * count,
        amount_to=(row.amount_to or row.amount) * count,
        points=points * count,
        month_pay=row.month_pay,
        notice=row.notice,
        sanction=row.sanction,
        transfers_customer=row.transfers_customer,
        confirmed_by=confirmers(policy, regulation_of(policy, cited), violation.dossier_type),
        clauses=clause_ids(row.clause),
        packs=(cited.pack,),
        open=asked,
    )


def _late_codes(policy: Policy, dossier_type: str, events: Mapping[str, date]) -> tuple[str, ...]:
    rows = (cited.row for cited in policy.rows(conduct_rows.Penalty))
    return tuple(
        dict.fromkeys(row.on for row in rows if row.after in events and concerns(row, dossier_type))
    )


def _with_role(policy: Policy, violation: Violation) -> Sequence[Violation]:
    if violation.role:
        return [violation]
    roles = liable(policy, violation.code, violation.dossier_type)
    return [replace(violation, role=role) for role in roles] or [violation]


def _doer(violation: Violation) -> tuple[str, str]:
    if violation.person:
        return "person", violation.person
    return "subject", violation.subject


def _is_additional(draft: Assessment) -> bool:
    return draft.penalty is not None and draft.penalty.row.additional


__all__ = [
    "Assessment", "Violation", "assess", "confirmers", "last_day", "late", "liable",
    "penalties_of", "uncorrected", "unsettled",
]  # fmt: skip
