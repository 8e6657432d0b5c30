"""Secrecy: which grade a paper has, for how long, and what becomes of it then.

Asks `policies.scope` of a grade or a sort of paper and gives the answer as plain values, for
`archivist ask secrecy`. It decides nothing of a paper that is filed.

    answer = secrecy(policy, "销售合同", date(2026, 3, 5))
    answer["grade"], answer["until"]     # ("SECRET", "2029-03-05")
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from policies import errors, naming, reach
from policies.scope import SecrecyPeriod, marking, secrecy_scope

if TYPE_CHECKING:
    from policies.policy import Policy

Answer = dict[str, Any]


def secrecy(policy: Policy, name: str, marked: date) -> Answer:
    """What a grade or a type of paper called `name` takes, if it was marked on that day.

    `secret` says whether the secrecy scope names such papers, None where it does not speak of
    them. `until` is the last day of secrecy by the usual period. Raises UnknownName.
    """
    paper = policy.find_type(name)
    ruling = policy.default_grade(paper.id) if paper else None
    grade = ruling.grade.code if ruling else None if paper else _grade(policy, name)
    scope = secrecy_scope(policy, (), paper.id) if paper else None
    level = policy.grades.get(grade or "")
    terms = marking(policy, grade or "")
    ends = terms.usual.ends(marked) if terms.usual else None
    clauses = [*(ruling.clauses if ruling else ()), *(scope.clauses if scope else ()),
               *terms.clauses]  # fmt: skip
    return {
        "type": paper.id if paper else None,
        "grade": grade,
        "mark": level.mark if level else None,
        "secret": scope.secret if scope else None,
        "heads": [{"title": c.row.zh, "title_en": c.row.en, "number": c.row.number or None,
                   "clause": c.row.clause} for c in (scope.heads if scope else ())],
        "period_required": terms.period_required,
        "period": _plain(terms.usual),
        "marked": marked.isoformat(),
        "until": ends.isoformat() if ends else None,
        "marked_by": _named(policy, terms.marked_by),
        "declassifies_itself": terms.automatic,
        "notice_days": terms.notice_days,
        "extended_by": _named(policy, terms.extended_by),
        "copies_like_originals": terms.like_originals,
        "custodians": _named(policy, terms.custodians),
        "clauses": list(dict.fromkeys(clauses)),
        "packs": list(terms.packs),
        "open": [{"setting": q.setting, "zh": q.zh, "en": q.en, "clauses": list(q.clauses),
                  "contradiction": q.contradiction} for q in terms.open],
    }  # fmt: skip


def _grade(policy: Policy, name: str) -> str:
    code = naming.grade_code(policy, name)
    if code not in policy.grades:
        raise errors.UnknownName("grade", name, tuple(policy.grades))
    return code


def _plain(period: SecrecyPeriod | None) -> Answer | None:
    if period is None:
        return None
    return {"months": period.months, "days": period.days, "forever": period.forever}


def _named(policy: Policy, roles: Iterable[str]) -> list[Answer]:
    named = ((role, reach.role_words(policy, role)) for role in roles)
    return [{"role": role, "title": zh, "title_en": en} for role, (zh, en) in named]
