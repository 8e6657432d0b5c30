"""Scope: what must be filed, what is secret, and how a grade is marked, ended and guarded.

Owns the answers of the `filing_scope` and `secrecy` rows.

Rules it keeps:
- A paper is in scope by its type or by a class it belongs to. Where no regulation draws up a
  scope for a department, nothing is said: neither inside nor outside.
- A class that one head keeps secret stays secret, whatever another says is not.
- A grade declassifies by itself only where a regulation says so. How long it usually lasts, and
  how many days before its end somebody is asked whether it must last longer, the regulations
  leave to the company: two settings, no default.

    >>> from policies.policy import Policy
    >>> marking(Policy.adopt([], {}), "SECRET").automatic
    False
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from policies import deadlines, promptly, reach, rule_rows
from policies.policy import Cited, Policy, Question

__all__ = [
    "Marking", "ScopeRuling", "SecrecyPeriod", "SecrecyRuling", "in_filing_scope", "marking",
    "secrecy_period", "secrecy_scope", "unsettled",
]  # fmt: skip

_UNTIL_DECLASSIFIED = ("长期", "永久", "公布前", "permanent", "indefinite")
_PERIOD = re.compile(r"([1-9][0-9]{0,3})\s*(years?|months?|days?|年|个月|月|天|日)?")


@dataclass(frozen=True, slots=True)
class ScopeRuling:
    """Whether a paper must be filed: `inside` is None where no regulation draws up a scope."""

    inside: bool | None
    heads: tuple[Cited[rule_rows.FilingScope], ...] = ()

    @property
    def clauses(self) -> tuple[str, ...]:
        return reach.clauses_of(cited.row.clause for cited in self.heads)


@dataclass(frozen=True, slots=True)
class SecrecyRuling:
    """Whether papers are secret by the secrecy scope: None where it does not speak of them.

    `heads` are the heads that say so, or those that say they are not secret.
    """

    secret: bool | None
    heads: tuple[Cited[rule_rows.FilingScope], ...] = ()

    @property
    def clauses(self) -> tuple[str, ...]:
        return reach.clauses_of(cited.row.clause for cited in self.heads)


@dataclass(frozen=True, slots=True)
class SecrecyPeriod:
    """How long a paper stays secret: a length, or `forever` until somebody declassifies it."""

    months: int = 0
    days: int = 0
    forever: bool = False

    def ends(self, marked: date) -> date | None:
        """The last day of secrecy for a paper marked on `marked`; None for ever."""
        if self.forever:
            return None
        return deadlines.add_days(deadlines.add_months(marked, self.months), self.days)


@dataclass(frozen=True, slots=True)
class Marking:
    """What fixing a grade takes and what happens to it afterwards.

    `period_required`: a period must be fixed with the grade. `usual` is the company's usual
    period. `automatic`: it declassifies by itself at the end, unless somebody among
    `extended_by` demands more before; he is asked `notice_days` before. `custodians` keep it;
    `like_originals`: copies are registered, lent and destroyed as originals are.
    """

    grade: str
    period_required: bool = False
    usual: SecrecyPeriod | None = None
    marked_by: tuple[str, ...] = ()
    automatic: bool = False
    notice_days: int | None = None
    extended_by: tuple[str, ...] = ()
    like_originals: bool = False
    custodians: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    open: tuple[Question, ...] = ()


def in_filing_scope(policy: Policy, doc_type: str, department: str | None = None) -> ScopeRuling:
    """Whether a paper of this type must be filed, by the department if one is named."""
    drawn_up = tuple(
        cited
        for cited in policy.rows(rule_rows.FilingScope)
        if not (cited.row.secret or cited.row.not_secret)
        and (not department or not cited.row.departments or department in cited.row.departments)
    )
    classes = reach.classes_of(policy, doc_type)
    heads = tuple(cited for cited in drawn_up if _names(cited.row, classes, doc_type))
    return ScopeRuling(bool(heads) if drawn_up else None, heads)


def secrecy_scope(
    policy: Policy, classes: Collection[str], doc_type: str | None = None
) -> SecrecyRuling:
    """Whether papers of these classes are within the secrecy scope, and by which head."""
    known = {*classes, *reach.classes_of(policy, doc_type)}
    heads = [
        cited for cited in policy.rows(rule_rows.FilingScope) if _names(cited.row, known, doc_type)
    ]
    if secret := tuple(cited for cited in heads if cited.row.secret):
        return SecrecyRuling(True, secret)
    if open_to_all := tuple(cited for cited in heads if cited.row.not_secret):
        return SecrecyRuling(False, open_to_all)
    return SecrecyRuling(None)


def marking(policy: Policy, grade: str) -> Marking:
    """Who marks papers with this grade, for how long, and what becomes of it then."""
    rows = [c for c in policy.rows(rule_rows.Secrecy) if not c.row.grades or grade in c.row.grades]
    level = policy.grades.get(grade)
    by_grade = level is not None and level.period == "required"
    cited_grade = [level.clause] if level is not None and by_grade else []

    def by(about: str) -> tuple[str, ...]:
        return reach.distinct(role for c in rows if c.row.of == about for role in c.row.by)

    usual, asked = _usual(policy, rows, grade)
    notice, asked_too = _notice(policy, rows)
    return Marking(
        grade,
        # A definition says what a secret is; it binds no paper that is graded as none.
        by_grade or any(c.row.period for c in rows if c.row.of != "definition"),
        usual,
        by("marking"),
        any(c.row.automatic for c in rows),
        notice,
        by("extension"),
        any(c.row.like_originals for c in rows),
        by("custody"),
        reach.clauses_of((*cited_grade, *(c.row.clause for c in rows))),
        reach.distinct(c.pack for c in rows),
        (*asked, *asked_too),
    )


def secrecy_period(said: str, unit: str = "years") -> SecrecyPeriod | None:
    """`10 years`, `6 months`, `30天`, `长期`: what a setting says; None when it cannot be read.

    A bare number counts `unit`s: what the pack's `[[need]]` asks for.
    """
    if said.strip().casefold() in _UNTIL_DECLASSIFIED:
        return SecrecyPeriod(forever=True)
    found = _PERIOD.fullmatch(said.strip().casefold())
    if found is None:
        return None
    count, counted = int(found[1]), (found[2] or unit).rstrip("s")
    if counted in ("day", "天", "日"):
        return SecrecyPeriod(days=count)
    return SecrecyPeriod(months=count if counted in ("month", "个月", "月") else count * 12)


def unsettled(policy: Policy) -> Iterator[Question]:
    """Usual periods and days of notice that the company has not set."""
    asked = (question for grade in policy.grades for question in marking(policy, grade).open)
    yield from reach.once_each(asked)


def _names(head: rule_rows.FilingScope, classes: Collection[str], doc_type: str | None) -> bool:
    return doc_type in head.types or bool(set(head.classes) & set(classes))


def _usual(
    policy: Policy, rows: Collection[Cited[rule_rows.Secrecy]], grade: str
) -> tuple[SecrecyPeriod | None, tuple[Question, ...]]:
    """The usual period of the grade; of one pack the row that names the grade goes first."""
    by_pack: dict[str, Cited[rule_rows.Secrecy]] = {}
    for cited in sorted(rows, key=lambda c: (not c.company, grade not in c.row.grades)):
        if cited.row.period_from:
            by_pack.setdefault(cited.pack, cited)
    said: dict[str, SecrecyPeriod] = {}
    asked: list[Question] = []
    for pack, cited in by_pack.items():
        name = cited.row.period_from
        period = secrecy_period(
            policy.setting(name) or "", reach.need_kind(policy, name) or "years"
        )
        if period is None:
            zh, en = "通常的保密期限，如 10年", "the usual secrecy period, as 10 years"
            asked.append(reach.unanswered(policy, name, cited.row.clause, zh, en))
        else:
            said[pack] = period
    if len(set(said.values())) > 1:
        chosen = reach.prevailing(said, policy.setting(f"secrecy.{grade}"))
        return chosen, (*asked, *([] if chosen else [_two_periods(grade, by_pack)]))
    return next(iter(said.values()), None), tuple(asked)


def _two_periods(grade: str, by_pack: Mapping[str, Cited[rule_rows.Secrecy]]) -> Question:
    clauses = reach.clauses_of(cited.row.clause for cited in by_pack.values())
    packs = ", ".join(map(reach.pack_id, by_pack))
    return Question(
        f"secrecy.{grade}",
        f"各制度的通常保密期限不一（{grade}，{'、'.join(clauses)}）。请设为以何者为准（{packs}）",
        f"the usual secrecy periods of {grade} differ ({', '.join(clauses)}); name what prevails "
        f"({packs})",
        clauses,
        contradiction=True,
    )


def _notice(
    policy: Policy, rows: Collection[Cited[rule_rows.Secrecy]]
) -> tuple[int | None, tuple[Question, ...]]:
    """How many days before the end somebody is asked; the earliest where several packs say."""
    days: list[int] = []
    asked: list[Question] = []
    for cited in rows:
        if not (name := cited.row.notice_from):
            continue
        if promptly.is_number(said := policy.setting(name) or ""):
            days.append(int(said))
        else:
            zh, en = "保密期限届满前几天提醒", "how many days before the end it is asked about"
            asked.append(reach.unanswered(policy, name, cited.row.clause, zh, en))
    return max(days, default=None), tuple(asked)
