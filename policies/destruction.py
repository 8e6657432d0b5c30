"""Destruction: what it takes beside approval: appraisal, statement, witnesses, register, method.

Owns the answers of the `disposal` rows. Who approves is `policies.approvals` (action `destroy`),
from when it may be thought of `policies.retention`.

Rules it keeps:
- Demands add up: what any adopted regulation asks for is asked, the highest number of people.
- The method is the most specific one (confidential papers by shredder, others torn). Two packs
  that name different methods contradict until `disposal.method` names the pack that prevails.
- Nobody destroys alone: where no regulation gives a number of witnesses, the company must
  (`disposal.witnesses`).

    >>> from policies.policy import Policy
    >>> disposal_terms(Policy.adopt([], {}), "contract").method
    ''
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies import keeping_rows, reach
from policies.policy import Cited, Policy, Question
from policies.promptly import is_number

__all__ = ["DisposalTerms", "disposal_terms", "unsettled"]


@dataclass(frozen=True, slots=True)
class DisposalTerms:
    """What destroying takes beside approval. Several `methods` mean that regulations disagree."""

    appraisal: int = 0
    statement: bool = False
    witnesses: int = 0
    register: bool = False
    methods: tuple[str, ...] = ()
    only_by_procedure: bool = False
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    open: tuple[Question, ...] = ()

    @property
    def method(self) -> str:
        """The one way to destroy it; empty where none is prescribed or several are."""
        return self.methods[0] if len(self.methods) == 1 else ""


def disposal_terms(
    policy: Policy,
    doc_type: str | None,
    dossier_type: str | None = None,
    series: str | None = None,
    grade: str | None = None,
) -> DisposalTerms:
    """What destroying such a paper takes: demands add up, the most specific method is used."""
    subject = reach.Subject(doc_type, dossier_type, series, grade)
    rows = policy.rows(keeping_rows.Disposal)
    applying = reach.covering(policy, rows, subject)
    methods = _methods(policy, rows, subject)
    witnesses = max((c.row.witnesses for c in applying), default=0)
    appraisal = max((c.row.appraisal for c in applying), default=0)
    asked = [question] if (question := _other_methods(methods)) else []
    if applying and not witnesses:
        witnesses = _number(policy, "disposal.witnesses")
        asked += [] if witnesses else [_how_many_witnesses(applying)]
    return DisposalTerms(
        appraisal or _number(policy, "disposal.appraisal"),
        any(c.row.statement for c in applying),
        witnesses,
        any(c.row.register for c in applying),
        reach.distinct(cited.row.method for cited in methods),
        any(c.row.only_by_procedure for c in applying),
        reach.clauses_of(c.row.clause for c in applying),
        reach.distinct(c.pack for c in applying),
        tuple(asked),
    )


def unsettled(policy: Policy) -> Iterator[Question]:
    """Different methods of two packs, and the number of witnesses that nobody gives."""
    places = (
        at
        for cited in policy.rows(keeping_rows.Disposal)
        for at in reach.named_by(policy, cited.row)
    )
    terms = (
        disposal_terms(policy, at.doc_type, at.dossier_type, at.series, at.grade) for at in places
    )
    yield from reach.once_each(question for found in terms for question in found.open)


def _methods(
    policy: Policy, rows: Iterable[Cited[keeping_rows.Disposal]], subject: reach.Subject
) -> tuple[Cited[keeping_rows.Disposal], ...]:
    by_pack = reach.speakers(policy, (c for c in rows if c.row.method), subject)
    chosen = reach.prevailing(by_pack, policy.setting("disposal.method"))
    return chosen or tuple(cited for own in by_pack.values() for cited in own)


def _other_methods(methods: tuple[Cited[keeping_rows.Disposal], ...]) -> Question | None:
    if len({cited.row.method for cited in methods}) < 2:
        return None
    said = ", ".join(f"{cited.row.clause} {cited.row.method}" for cited in methods)
    return Question(
        "disposal.method",
        f"各制度规定的销毁方式不一：{said}。请设为以哪个制度包为准",
        f"regulations disagree on how it is destroyed: {said}; name the pack that prevails",
        reach.clauses_of(cited.row.clause for cited in methods),
        contradiction=True,
    )


def _how_many_witnesses(applying: tuple[Cited[keeping_rows.Disposal], ...]) -> Question:
    return Question(
        "disposal.witnesses",
        "采用的制度都没有规定销毁时须有几名监销人（通行做法为两人）",
        "no adopted regulation says how many witnesses a destruction takes (usual are two)",
        reach.clauses_of(cited.row.clause for cited in applying),
    )


def _number(policy: Policy, setting: str) -> int:
    said = policy.setting(setting) or ""
    return int(said) if is_number(said) else 0
