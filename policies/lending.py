"""Knowing and borrowing: who may know a grade, and what a loan demands beside approval.

Owns the answers of the `knowledge` and `loan_rule` rows. Who must approve a loan is
`policies.approvals`.

Rules it keeps:
- Demands add up: every rule that covers the loan is kept, the general ones too. The company's own
  pack replaces a rule by its id; the period it gives prevails.
- A loan period is a number that somebody said. A regulation that says only "in time" (在规定时间
  内) names a setting; until it is made, the period is an open question.
- Every regulation that limits a grade must let a person know it.

    >>> from policies.policy import Policy
    >>> loan_terms(Policy.adopt([], {}), "borrow").days is None
    True
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain

from policies import promptly, reach, rule_rows
from policies.policy import Cited, Policy, Question

__all__ = ["Terms", "knows", "loan_terms", "unsettled", "who_may_know"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What borrowing demands beside approval, of all the rules that apply.

    `days` is the loan period in calendar days, None where nobody said one; `days_from` the
    settings that hold it. `due_after` are events after which the papers come back promptly.
    """

    forbids: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    days: int | None = None
    days_from: tuple[str, ...] = ()
    due_after: tuple[str, ...] = ()
    excused_by: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    open: tuple[Question, ...] = ()


def who_may_know(policy: Policy, grade: str) -> tuple[Cited[rule_rows.Knowledge], ...]:
    """The rules on who may know papers of this grade; none where knowing is not limited."""
    found = tuple(cited for cited in policy.rows(rule_rows.Knowledge) if grade in cited.row.grades)
    return tuple(cited for cited in found if cited.company) or found


def knows(
    policy: Policy,
    grade: str,
    person_roles: Collection[str],
    named: bool = False,
    delegated: bool = False,
    concerned: bool = False,
) -> bool:
    """Whether the person belongs to those who may know the grade.

    `named`: he stands on the list for this paper; `delegated`: he is in charge of the matter, or
    whoever is let him know; `concerned`: his work needs it. Every regulation that limits the
    grade must let him: one that names no limit adds none.
    """
    facts = {"named": named, "delegated": delegated, "concerned": concerned}
    by_pack: dict[str, bool] = {}
    for cited in who_may_know(policy, grade):
        if cited.row.who == "standing":
            meant = chain.from_iterable(policy.who_is(role) for role in cited.row.by)
            let = bool(set(meant) & set(person_roles))
        else:
            let = facts[cited.row.who]
        by_pack[cited.pack] = by_pack.get(cited.pack, False) or let
    return all(by_pack.values())


def loan_terms(
    policy: Policy,
    kind: str,
    relation: str | None = None,
    grade: str | None = None,
    dossier_type: str | None = None,
    series: str | None = None,
) -> Terms:
    """Everything that the applying loan rules ask of a loan of this kind.

    Of the periods one regulation gives the most specific counts; of several regulations' the
    shortest, which keeps them all.
    """
    rows = [c for c in policy.rows(rule_rows.LoanRule) if not c.row.kinds or kind in c.row.kinds]
    subject = reach.Subject(None, dossier_type, series, grade, relation)
    applying = reach.covering(policy, rows, subject)
    timed = reach.speakers(policy, (c for c in rows if c.row.days or c.row.days_from), subject)
    spans = [_loan_days(policy, c) for own in timed.values() for c in own]

    def every(name: str) -> tuple[str, ...]:
        return reach.distinct(word for c in applying for word in getattr(c.row, name))

    return Terms(
        every("forbids"),
        every("demands"),
        every("fields"),
        days=min((span for span in spans if isinstance(span, int)), default=None),
        days_from=reach.distinct(c.row.days_from for c in applying if c.row.days_from),
        due_after=reach.distinct(c.row.due_after for c in applying if c.row.due_after),
        excused_by=every("excused_by"),
        overdue=reach.distinct(c.row.overdue for c in applying if c.row.overdue),
        clauses=reach.clauses_of(c.row.clause for c in applying),
        packs=reach.distinct(c.pack for c in applying),
        open=reach.distinct(span for span in spans if isinstance(span, Question)),
    )


def unsettled(policy: Policy) -> Iterator[Question]:
    """Loan periods nobody set, and vague roles that these rows name."""
    for cited in policy.rows(rule_rows.LoanRule):
        if cited.row.days_from and isinstance(span := _loan_days(policy, cited), Question):
            yield span
    knowing = chain.from_iterable(cited.row.by for cited in policy.rows(rule_rows.Knowledge))
    excusing = chain.from_iterable(
        cited.row.excused_by for cited in policy.rows(rule_rows.LoanRule)
    )
    yield from reach.vague_roles(policy, (*knowing, *excusing))


def _loan_days(policy: Policy, cited: Cited[rule_rows.LoanRule]) -> int | Question:
    row = cited.row
    if row.days:
        return row.days
    said = policy.setting(row.days_from) or ""
    if promptly.is_number(said):
        return int(said)
    return reach.unanswered(
        policy, row.days_from, row.clause,
        f"借阅期限是几天：{row.zh}", f"how many days a loan lasts: {row.en}",
    )  # fmt: skip
