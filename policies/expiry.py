"""Expiry: which papers cease to be secret, and of which somebody must be asked before.

Owns the plan for papers whose secrecy has a last day (S001-4-R12, R13). It decides by value and
touches nothing: whoever carries it out asks again for each paper.

Rules it keeps:
- The last day still belongs to the period: what ends today is secret until midnight.
- A grade declassifies by itself only where a regulation says so; elsewhere the end of a period
  is a reason to ask, not to act.
- What nobody extended before its end cannot be extended any more.

    >>> from policies.policy import Policy
    >>> expiring(Policy.adopt([], {}), [{"id": "R1", "grade": "TOP", "until": "2026-01-01"}],
    ...          date(2026, 3, 5))[0].state
    'review'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from policies import rule_rows
from policies.reach import clauses_of, distinct
from policies.scope import Marking, marking

if TYPE_CHECKING:
    from policies.policy import Policy

__all__ = ["Ending", "expiring", "over", "unsealed_grade"]

State = Literal["due", "notice", "review"]


@dataclass(frozen=True, slots=True)
class Ending:
    """A paper whose period is over or soon will be.

    `due`: it declassifies by itself; `notice`: it soon will, unless somebody extends it;
    `review`: its period is over, and somebody has to decide.
    """

    record: str
    grade: str
    until: date
    state: State
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()


def expiring(
    policy: Policy,
    rows: Iterable[Mapping[str, Any]],
    today: date,
    notice_days: int | None = None,
) -> list[Ending]:
    """What ends by `today`, and what will within the days of notice, the nearest first.

    A row has `id`, `grade` and `until` (ISO, or None for no end). Without `notice_days` the
    regulations' own count for each grade; where they name none, nothing is foretold.
    """
    terms: dict[str, Marking] = {}
    found = []
    for row in rows:
        if row["until"] is None:
            continue
        of_grade = terms.setdefault(row["grade"], marking(policy, row["grade"]))
        until = date.fromisoformat(row["until"])
        state = _state(of_grade, until, today, notice_days)
        if state is not None:
            found.append(
                Ending(row["id"], row["grade"], until, state, *_cited(policy, row["grade"]))
            )
    return sorted(found, key=lambda ending: (ending.until, ending.record))


def over(until: date, today: date) -> bool:
    """Whether a period with this last day is over."""
    return today > until


def unsealed_grade(policy: Policy) -> str | None:
    """The grade of what is declassified: the company's setting `declassified`, else the lowest.

    None where no adopted regulation declares grades, or the setting names none of them.
    """
    chosen = policy.setting("declassified")
    if chosen is not None:
        return chosen if chosen in policy.grades else None
    lowest = min(policy.grades.values(), key=lambda grade: grade.rank, default=None)
    return lowest.code if lowest else None


def _cited(policy: Policy, grade: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Clauses and packs that speak of the end of a grade's period."""
    rows = [
        cited
        for cited in policy.rows(rule_rows.Secrecy)
        if cited.row.of in ("expiry", "extension")
        and (not cited.row.grades or grade in cited.row.grades)
    ]
    return clauses_of(c.row.clause for c in rows), distinct(c.pack for c in rows)


def _state(terms: Marking, until: date, today: date, notice_days: int | None) -> State | None:
    if over(until, today):
        return "due" if terms.automatic else "review"
    days = terms.notice_days if notice_days is None else notice_days
    if terms.automatic and days is not None and today >= until - timedelta(days=days):
        return "notice"
    return None
