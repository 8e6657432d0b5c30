"""Everything the company still has to decide, asked of all rooms that decide from packs.

Owns the list of rooms that look for contradictions between regulations. `Policy.adopt` itself
asks only what judging a scan needs (types, checklists, grades), so that the scanner station
need not load the rest; whoever founds, checks or doctors an archive asks here.

    >>> from policies.policy import Policy
    >>> [question.setting for question in open_questions(Policy.adopt([], {}))]
    ['packs']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from policies import approvals, arrangement, customers, penalty_law, retention, routines, scope
from policies.policy import Policy, Question

_ROOMS: tuple[Callable[[Policy], Iterable[Question]], ...] = (
    customers.unsettled,
    penalty_law.unsettled,
    routines.unsettled,
    approvals.unsettled,
    arrangement.unsettled,
    retention.unsettled,
    scope.unsettled,
)


def open_questions(policy: Policy) -> tuple[Question, ...]:
    """Every open question of the policy, contradictions first."""
    found = [*policy.questions, *(q for room in _ROOMS for q in room(policy))]
    return tuple(sorted(dict.fromkeys(found), key=lambda question: not question.contradiction))
