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
from typing import TYPE_CHECKING

from policies import approvals, arrangement, customers, penalty_law, retention, routines, scope
from policies.customer_rows import Escalation
from policies.pack_rows import DossierType
from policies.reach import vague_roles

if TYPE_CHECKING:
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


def questions_about(policy: Policy, kind: DossierType) -> tuple[Question, ...]:
    """What of the open questions concerns dossiers of one type: papers, clocks, grades, roles."""
    papers = {name for item in kind.items for name in item.types}
    # Deadlines whose number the company has not given are left out of the merged row.
    rows = [cited.row for cited in policy.rows(DossierType) if cited.row.id == kind.id]
    settings = {
        f"packs.{kind.id}",
        f"arrangement.{kind.id}",
        *(f"packs.{name}" for name in papers),
        *(f"grade.{name}" for name in papers),
        *(deadline.days_from for row in rows for deadline in row.deadlines),
    }
    steps = [
        role
        for cited in policy.rows(Escalation)
        if not cited.row.dossier_types or kind.id in cited.row.dossier_types
        for role in cited.row.steps
    ]
    found = [question for question in open_questions(policy) if question.setting in settings]
    return tuple(dict.fromkeys([*found, *vague_roles(policy, steps)]))


def open_questions(policy: Policy) -> tuple[Question, ...]:
    """Every open question of the policy, contradictions first."""
    found = [*policy.questions, *(q for room in _ROOMS for q in room(policy))]
    return tuple(sorted(dict.fromkeys(found), key=lambda question: not question.contradiction))
