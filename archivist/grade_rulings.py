"""Rulings on grades: who may change a record's grade, and how long it stays secret then.

Owns the question to the regulations and the refusal in words. It changes nothing.

Rules it keeps:
- No rule, no change. The stricter of both grades decides who is asked: whoever fixes that grade.
- Where a regulation asks for several people one after another, one alone may not.
- A role that the company has not explained is nobody.
- A lower grade does not make a period longer by itself.

    permitted(archive, policy, "regrade", row, "TOP", "li").clauses     # ("S001-4-R12",)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from archivist import regulations
from archivist.errors import BadRequest, NotAllowed
from policies import approvals, expiry, scope

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy


def declassified(policy: Policy) -> str:
    """The grade that a record gets when it ceases to be secret. Raises BadRequest."""
    grade = expiry.unsealed_grade(policy)
    if grade is None:
        codes = "、".join(policy.grades)
        raise BadRequest(
            "不知道解密后定为什么密级",
            "it is not known which grade a declassified record gets",
            f"请在 archive.toml 的 [company] 中写 declassified = 密级，可为：{codes}",
            f"set declassified in [company] of archive.toml to one of: {', '.join(policy.grades)}",
        )
    return grade


def permitted(
    archive: Archive, policy: Policy, action: str, row: Row, grade: str, name: str
) -> approvals.Decision:
    """The regulations' yes to this person, or NotAllowed saying whom they ask."""
    roles = roles_of(archive, policy, name)
    stricter = max(row["grade"], grade, key=lambda code: rank(policy, code))
    dossier = archive.the("dossier", row["dossier"])
    decision = approvals.decide(
        policy,
        approvals.Request(action, stricter, doc_type=row["type"], dossier_type=dossier["type"],
                roles=tuple(sorted(roles))),
    )  # fmt: skip
    if not decision.allowed:
        assert decision.why is not None
        raise _forbidden(decision.why, action, stricter)
    if decision.free:
        return decision
    if decision.separate and len(decision.steps) > 1:
        chain = [approvals.role_words(policy, step.role) for step in decision.steps]
        raise NotAllowed(
            f"制度要求由 {'、'.join(zh for zh, _ in chain)} 依次办理，不得由一人决定"
            f"（{'、'.join(decision.clauses)}）",
            f"the regulation asks {', then '.join(en for _, en in chain)}: nobody decides alone "
            f"({', '.join(decision.clauses)})",
            f"由公司定下谁决定：approval.{action} 或公司制度包的 [[approval]]",
            f"let the company say who decides: approval.{action}, or [[approval]] in its own pack",
        )
    for step in decision.steps:
        check_role(policy, step.role, step.means, roles, decision.clauses)
    return decision


def check_role(
    policy: Policy,
    role: str,
    means: Sequence[str],
    roles: frozenset[str],
    cited: Iterable[str],
) -> None:
    """NotAllowed unless one of the person's `roles` is meant by the regulation's `role`."""
    zh, en = approvals.role_words(policy, role)
    clauses = ", ".join(cited)
    if not means:
        raise NotAllowed(
            f"制度由“{zh}”决定，公司还没有写明是谁（{clauses}）",
            f"the regulation asks “{en}”, and the company has not said who that is ({clauses})",
            f'在 archive.toml 的 [company] 写 "role.{role}" = 职务，或在公司制度包写 [[role_map]]',
            f'set "role.{role}" in [company] of archive.toml, or [[role_map]] in the own pack',
        )
    if not roles & regulations.roles_meant(policy, means):
        who = [approvals.role_words(policy, one) for one in means]
        raise NotAllowed(
            f"制度规定由{zh}决定（{'、'.join(one for one, _ in who)}；{clauses}）",
            f"the regulation asks {en} ({', '.join(one for _, one in who)}; {clauses})",
        )


def _forbidden(why: approvals.Reason, action: str, grade: str) -> NotAllowed:
    if why.code == "contradiction":
        return NotAllowed(why.zh, why.en)
    return NotAllowed(
        why.zh,
        why.en,
        f'在公司制度包里写一段 [[approval]]：actions = ["{action}"]、grades = ["{grade}"]，'
        "样本见 archivist pack show company-sample",
        f'write [[approval]] with actions = ["{action}"], grades = ["{grade}"] in the own pack; '
        "a sample: archivist pack show company-sample",
    )


def roles_of(archive: Archive, policy: Policy, name: str) -> frozenset[str]:
    row = archive.catalogue.person(name)
    return regulations.roles_meant(policy, row["roles"] if row else ())


def rank(policy: Policy, code: str) -> int:
    # A grade of a pack that is no longer adopted is taken for the strictest.
    return policy.grades[code].rank if code in policy.grades else 100


def held_by(archive: Archive, name: str | None) -> set[tuple[str, int]]:
    """Keys and generations that open for a person; for nobody, those that take no clearance."""
    return archive.held_by(name)


def highest_known(
    policy: Policy, rows: Iterable[Row], held: Collection[tuple[str, int]]
) -> str | None:
    """The highest grade among rows of records; what one holds no key of does not raise it.

    None where there is nothing one may know of.
    """
    known = {
        row["grade"]
        for row in rows
        if row["generation"] is None or (row["key"], row["generation"]) in held
    }
    return max(known & set(policy.grades), key=lambda code: rank(policy, code), default=None)


def period(policy: Policy, row: Row, grade: str, until: date | None, today: date) -> str | None:
    """The last day of secrecy in the new grade, ISO; None for no end. Raises BadRequest."""
    if until is not None:
        check_has_period(policy, grade)
        return until.isoformat()
    terms = scope.marking(policy, grade)
    ends = terms.usual.ends(today) if terms.usual else None
    usual = ends.isoformat() if ends else None
    former: str | None = row["until"]
    if former and terms.period_required and rank(policy, grade) < rank(policy, row["grade"]):
        return min(former, usual or former)
    if terms.period_required and terms.usual is None:
        raise BadRequest(
            f"定为{policy.grades[grade].zh}时须确定保密期限",
            f"a period must be fixed with the grade {grade}",
            "加上 --until 日期",
            "add --until DATE",
        )
    return usual


def check_has_period(policy: Policy, grade: str) -> None:
    """BadRequest for a grade that is not secret."""
    if grade == expiry.unsealed_grade(policy):
        raise BadRequest("不涉密的资料没有保密期限", "what is not secret has no period")
