"""Approvals: who must say yes, in which order, before a paper is shown, copied, lent or destroyed.

Owns the matrix action × grade × requester × paper × series of the `approval` rows. Who may know a
grade and what borrowing demands beside approval is `policies.lending`, and can be had from here.

Rules it keeps:
- No row, no permission: where no adopted regulation speaks, the answer is no, and says so.
- Within one regulation the most specific row wins (the order stands in `policies.reach`); equally
  specific rows must all be followed. `never` forbids unless its steps are followed; `free` asks
  nobody.
- Between regulations nothing is guessed. Where two demand different steps or evidence for the
  same request the answer is no, with the open question. The setting `approval.<action>.<grade>`
  or `approval.<action>` answers it with a pack's id, several ids in order of precedence, or
  `all`: every regulation's steps, one after another. A row of the company's own pack beats all.
- A role that the regulation leaves vague is nobody until the company says who is meant: its step
  stands, and waits.

    >>> from policies.policy import Policy
    >>> decision = decide(Policy.adopt([], {}), Request("view", grade="SECRET"))
    >>> decision.allowed, decision.why.code
    (False, 'no-rule')
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from policies import approval_cases, lending, rule_rows
from policies.lending import Terms, knows, loan_terms, who_may_know
from policies.policy import Cited, Policy, Question
from policies.reach import (
    Subject,
    clauses_of,
    distinct,
    once_each,
    pack_id,
    prevailing,
    role_words,
    speakers,
    vague_roles,
)

__all__ = [
    "ACTION_WORDS", "ACT_WORDS", "Decision", "Reason", "Request", "Step", "Terms", "decide",
    "joined", "knows", "loan_terms", "may_sign", "role_words", "unsettled", "who_may_know",
]  # fmt: skip

ACTION_WORDS: Mapping[str, tuple[str, str]] = {
    "view": ("查阅", "view"), "extract": ("摘抄", "extract"), "copy": ("复制", "copy"),
    "borrow": ("借阅", "borrow"), "take_out": ("带出", "take out"), "export": ("导出", "export"),
    "backup": ("备份", "back up"), "destroy": ("销毁", "destroy"),
    "regrade": ("变更密级", "regrade"), "declassify": ("解密", "declassify"),
    "transfer": ("移交", "transfer"), "file": ("归档", "file"), "register": ("备案", "register"),
    "update": ("更新", "update"), "keep_back": ("暂不归还", "keep back"),
}  # fmt: skip
ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "certify": ("证明", "certifies"), "review": ("审核", "reviews"),
    "approve": ("批准", "approves"), "verify": ("核实", "verifies"), "sign": ("签字", "signs"),
    "countersign": ("加签", "countersigns"),
}  # fmt: skip

_ALL = "all"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to do, and who he is to the papers.

    `roles` are the requester's own roles; `purpose` a code such as `inspection`. A `series` left
    out is the one the dossier type belongs to.
    """

    action: str
    grade: str | None = None
    relation: str = "own_dept"
    doc_type: str | None = None
    dossier_type: str | None = None
    series: str | None = None
    purpose: str | None = None
    roles: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject(
            self.doc_type, self.dossier_type, self.series, self.grade, self.relation, self.purpose,
            self.roles,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One yes: the regulation's role, what it does, and the company's roles that are meant.

    `means` is empty for a vague role that the company has not explained: nobody can take it.
    """

    role: str
    act: str
    means: tuple[str, ...]

    @property
    def same_as(self) -> tuple[frozenset[str], str]:
        """What makes two steps one, whichever words their regulations use."""
        return frozenset(self.means or (self.role,)), self.act


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the answer is no: `no-rule`, `forbidden` or `contradiction`, and in words."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What must happen before the action may, and the clauses that say so.

    `allowed`: it may be done once every step was taken; `free`: nobody needs to be asked.
    `exception`: forbidden in principle, the steps are the exception. `separate`: every step by
    another person, none by the requester. `clauses` and `packs` are what the ledger cites.
    """

    allowed: bool
    free: bool = False
    exception: bool = False
    steps: tuple[Step, ...] = ()
    evidence: tuple[str, ...] = ()
    register: bool = False
    due_date: bool = False
    purpose: bool = False
    separate: bool = True
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    open: tuple[Question, ...] = ()
    why: Reason | None = None


def decide(policy: Policy, request: Request) -> Decision:
    """Whether `request` may be granted, by whom, and on which papers."""
    return _decide(policy, request, _rows_on(policy, request.action))


def joined(decisions: Iterable[Decision]) -> Decision:
    """Several decisions as one, for what is asked of several papers at once.

    All must allow; the steps of all follow each other in their order, each taken once. `decisions`
    holds at least one.
    """
    return _together(decisions)


def may_sign(
    policy: Policy,
    decision: Decision,
    step_number: int,
    signer: str,
    signer_roles: Collection[str],
    requester: str,
    earlier: Sequence[str],
) -> str | None:
    """None when `signer` may take step `step_number` (from 1), else the reason code.

    `earlier` are the persons who took the steps before, in order. Codes: `not-allowed`,
    `all-done`, `wrong-order`, `role-open` (nobody knows who is meant), `wrong-role`,
    `self-approval`, `same-person`.
    """
    if not decision.allowed:
        return "not-allowed"
    if len(earlier) >= len(decision.steps):
        return "all-done"
    if step_number != len(earlier) + 1:
        return "wrong-order"
    meant = policy.who_is(decision.steps[step_number - 1].role)
    if not meant:
        return "role-open"
    if not set(meant) & set(signer_roles):
        return "wrong-role"
    if decision.separate and signer == requester:
        return "self-approval"
    if decision.separate and signer in earlier:
        return "same-person"
    return None


def unsettled(policy: Policy) -> Iterator[Question]:
    """Every contradiction between the adopted approval rows, and every vague role they name."""
    actions = distinct(action for c in policy.rows(rule_rows.Approval) for action in c.row.actions)
    for action in actions:
        yield from _contradictions(policy, action)
    named = (
        role for c in policy.rows(rule_rows.Approval) for role in (*c.row.roles, *c.row.requesters)
    )
    yield from once_each((*vague_roles(policy, named), *lending.unsettled(policy)))


def _contradictions(policy: Policy, action: str) -> Iterator[Question]:
    """One question for each setting that an open contradiction on this action asks for."""
    rows = _rows_on(policy, action)
    disputes: dict[str | None, tuple[Cited[rule_rows.Approval], ...]] = {}
    for subject in approval_cases.cases(policy, rows):
        by_pack = speakers(policy, rows, subject)
        if _settled(policy, action, subject.grade, by_pack) is None:
            grade, fought = _dispute(subject.grade, by_pack)
            disputes[grade] = distinct((*disputes.get(grade, ()), *fought))
    for grade, fought in disputes.items():
        yield _question(policy, action, grade, fought)


def _rows_on(policy: Policy, action: str) -> tuple[Cited[rule_rows.Approval], ...]:
    return tuple(cited for cited in policy.rows(rule_rows.Approval) if action in cited.row.actions)


def _decide(
    policy: Policy, request: Request, rows: tuple[Cited[rule_rows.Approval], ...]
) -> Decision:
    by_pack = speakers(policy, rows, request.subject)
    if not by_pack:
        return Decision(False, why=_no_rule(request.action))
    decision = _settled(policy, request.action, request.grade, by_pack)
    if decision is not None:
        return decision
    grade, fought = _dispute(request.grade, by_pack)
    question = _question(policy, request.action, grade, fought)
    return Decision(
        False,
        clauses=question.clauses,
        packs=distinct(cited.pack for cited in fought),
        open=(question,),
        why=Reason("contradiction", question.zh, question.en),
    )


def _settled(
    policy: Policy,
    action: str,
    grade: str | None,
    by_pack: Mapping[str, tuple[Cited[rule_rows.Approval], ...]],
) -> Decision | None:
    """What the regulations say together; None when they contradict and nothing settles it."""
    said = {pack: _demand(policy, rows) for pack, rows in by_pack.items()}
    if len({_essence(decision) for decision in said.values()}) > 1:
        for name in (f"approval.{action}.{grade}", f"approval.{action}"):
            answer = policy.setting(name)
            if answer == _ALL:
                break
            if (ruling := prevailing(said, answer)) is not None:
                return ruling
        else:
            return None
    return _together(said.values())


def _demand(policy: Policy, rows: tuple[Cited[rule_rows.Approval], ...]) -> Decision:
    """What one regulation demands by its equally specific rows, which are all to be followed."""
    steps = (
        Step(role, act, policy.who_is(role))
        for cited in rows
        for role, act in rule_rows.steps_of(cited.row.steps)
    )
    taken = _once(steps)
    forbidden = next((c.row for c in rows if c.row.never and not c.row.steps), None)
    return Decision(
        allowed=forbidden is None,
        free=all(cited.row.free for cited in rows),
        exception=any(cited.row.never and cited.row.steps for cited in rows),
        steps=() if forbidden else taken,
        evidence=distinct(paper for cited in rows for paper in cited.row.evidence),
        register=any(cited.row.register for cited in rows),
        due_date=any(cited.row.due_date for cited in rows),
        purpose=any(cited.row.purpose for cited in rows),
        separate=any(cited.row.separate for cited in rows),
        clauses=clauses_of(cited.row.clause for cited in rows),
        packs=distinct(cited.pack for cited in rows),
        open=tuple(vague_roles(policy, (step.role for step in taken))),
        why=None
        if forbidden is None
        else Reason(
            "forbidden",
            f"制度不允许：{forbidden.zh}（{forbidden.clause}）",
            f"the regulation forbids it: {forbidden.en} ({forbidden.clause})",
        ),
    )


def _together(decisions: Iterable[Decision]) -> Decision:
    """Several regulations' demands as one: all steps in turn, the strictest of everything."""
    first, *others = decisions
    for other in others:
        allowed = first.allowed and other.allowed
        first = replace(
            first,
            allowed=allowed,
            free=first.free and other.free,
            exception=first.exception or other.exception,
            steps=_once((*first.steps, *other.steps)) if allowed else (),
            evidence=distinct((*first.evidence, *other.evidence)),
            register=first.register or other.register,
            due_date=first.due_date or other.due_date,
            purpose=first.purpose or other.purpose,
            separate=first.separate or other.separate,
            clauses=distinct((*first.clauses, *other.clauses)),
            packs=distinct((*first.packs, *other.packs)),
            open=distinct((*first.open, *other.open)),
            why=first.why or other.why,
        )
    return first


def _once(steps: Iterable[Step]) -> tuple[Step, ...]:
    found: dict[object, Step] = {}
    for step in steps:
        found.setdefault(step.same_as, step)
    return tuple(found.values())


def _essence(decision: Decision) -> tuple[object, ...]:
    """What two regulations must agree on; registers and due dates add up without a quarrel."""
    steps = tuple(step.same_as for step in decision.steps)
    return decision.allowed, steps, frozenset(decision.evidence)


def _dispute(
    grade: str | None, by_pack: Mapping[str, tuple[Cited[rule_rows.Approval], ...]]
) -> tuple[str | None, tuple[Cited[rule_rows.Approval], ...]]:
    """The grade that the quarrel is about, None where it is about any, and the rows in it."""
    fought = distinct(cited for rows in by_pack.values() for cited in rows)
    return (grade if any(cited.row.grades for cited in fought) else None), fought


def _question(
    policy: Policy, action: str, grade: str | None, fought: Sequence[Cited[rule_rows.Approval]]
) -> Question:
    zh, en = ACTION_WORDS[action]
    level = policy.grades.get(grade or "")
    about_zh = f"“{zh}”" + (f"（{level.zh if level else grade}）" if grade else "")
    about_en = en + (f" ({grade})" if grade else "")
    packs = ", ".join(distinct(pack_id(cited.pack) for cited in fought))
    said = distinct((c.row.clause, *_spoken(policy, c.row)) for c in fought)
    said_zh = "；".join(f"{clause} {words}" for clause, words, _ in said)
    said_en = "; ".join(f"{clause} {words}" for clause, _, words in said)
    return Question(
        f"approval.{action}" + (f".{grade}" if grade else ""),
        f"各制度对{about_zh}的审批规定不一：{said_zh}。"
        f"请设为以何者为准（{packs}；可按先后写几个），或 all（依次都办）",
        f"regulations disagree on who approves {about_en}: {said_en}; name what prevails "
        f"({packs}; several in order), or all to take every step",
        clauses_of(cited.row.clause for cited in fought),
        contradiction=True,
    )


def _spoken(policy: Policy, row: rule_rows.Approval) -> tuple[str, str]:
    """The steps of a row in words."""
    if row.free:
        return "无需审批", "no approval"
    if not row.steps:
        return "不允许", "forbidden"
    words = [
        (role_words(policy, role), ACT_WORDS[act]) for role, act in rule_rows.steps_of(row.steps)
    ]
    zh = "→".join(f"{role[0]}{act[0]}" for role, act in words)
    return zh, ", then ".join(f"{role[1]} {act[1]}" for role, act in words)


def _no_rule(action: str) -> Reason:
    zh, en = ACTION_WORDS.get(action, (action, action))
    return Reason(
        "no-rule",
        f"采用的制度都没有规定谁可以批准这项“{zh}”；没有规定就不允许",
        f"no adopted regulation says who may approve this ({en}); what nobody rules is not allowed",
    )
