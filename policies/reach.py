"""How far a row reaches: which rows speak of a thing, and which of them most specifically.

Owns one comparison that approvals, loans, retention, disposal and arrangement share: of the rows
of one pack that cover the thing asked about, the most specific speak and the others are silent.
It also owns what a company's setting says between packs, and the words of a setting nobody made.

Rules it keeps:
- A row covers a thing when every scope it names covers it; an empty scope is "any". Types and
  classes are one scope: a paper is named by its type or by a class it belongs to.
- Specificity is the ordered tuple document type > class > series > dossier type > grade >
  purpose or requester > relation > personal data. The first difference decides.
- Where a pack of the company's own speaks, only it speaks.

    >>> from policies.policy import Policy
    >>> from policies.rule_rows import Approval
    >>> row = Approval("copy", "复制", "copy", "S001-4-R19", actions=("copy",), grades=("CONF",))
    >>> covers(Policy.adopt([], {}), row, Subject(grade="TOP"))
    False
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

from policies import merging
from policies.pack_rows import Need, Role, Row
from policies.policy import Cited, Policy, Question

__all__ = [
    "Subject", "Weight", "classes_of", "clauses_of", "covering", "covers", "distinct",
    "named_by", "need_kind", "once_each", "pack_id", "prevailing", "role_words", "series_of",
    "speakers", "unanswered", "vague_roles", "weight",
]  # fmt: skip

_R = TypeVar("_R", bound=Row)
_V = TypeVar("_V")
Weight = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing asked about, and who asks. None and empty: not said."""

    doc_type: str | None = None
    dossier_type: str | None = None
    series: str | None = None
    grade: str | None = None
    relation: str | None = None
    purpose: str | None = None
    roles: tuple[str, ...] = ()


def classes_of(policy: Policy, doc_type: str | None) -> frozenset[str]:
    """The classes of a document type; none for one that nobody declares."""
    row = policy.document_types.get(doc_type or "")
    return frozenset(row.classes) if row else frozenset()


def series_of(policy: Policy, dossier_type: str | None, series: str | None) -> str | None:
    """The series asked about: as said, else the one the dossier type belongs to."""
    row = policy.dossier_types.get(dossier_type or "")
    return series or (row.series if row else "") or None


def covers(policy: Policy, row: Row, subject: Subject) -> bool:
    """Whether every scope that `row` names covers the subject."""

    def within(name: str, value: str | None) -> bool:
        named: tuple[str, ...] = getattr(row, name, ())
        return not named or value in named

    return (
        _covers_paper(policy, row, subject)
        and within("series", series_of(policy, subject.dossier_type, subject.series))
        and within("dossier_types", subject.dossier_type)
        and within("grades", subject.grade)
        and within("purposes", subject.purpose)
        and within("relations", subject.relation)
        and _covers_requester(policy, row, subject)
    )


def _covers_paper(policy: Policy, row: Row, subject: Subject) -> bool:
    types, classes = getattr(row, "types", ()), getattr(row, "classes", ())
    if types or classes:
        named = subject.doc_type in types
        if not named and not classes_of(policy, subject.doc_type) & set(classes):
            return False
    if personal := getattr(row, "personal", ()):
        kind = policy.document_types.get(subject.doc_type or "")
        return kind is not None and kind.personal in personal
    return True


def _covers_requester(policy: Policy, row: Row, subject: Subject) -> bool:
    requesters = getattr(row, "requesters", ())
    return not requesters or any(
        set(subject.roles) & set(policy.who_is(role)) for role in requesters
    )


def weight(row: Row, subject: Subject) -> Weight:
    """How specifically `row` speaks of the subject it covers; a greater tuple is more specific."""

    def names(*scopes: str) -> bool:
        return any(getattr(row, scope, ()) for scope in scopes)

    by_type = subject.doc_type in getattr(row, "types", ())
    return (
        by_type,
        not by_type and names("classes"),
        names("series"),
        names("dossier_types"),
        names("grades"),
        names("purposes", "requesters"),
        names("relations"),
        names("personal"),
    )


def covering(policy: Policy, rows: Iterable[Cited[_R]], subject: Subject) -> tuple[Cited[_R], ...]:
    """Every row that covers the subject, the general ones too: for rules that add up."""
    return tuple(cited for cited in rows if covers(policy, cited.row, subject))


def speakers(
    policy: Policy, rows: Iterable[Cited[_R]], subject: Subject
) -> dict[str, tuple[Cited[_R], ...]]:
    """Pack → its most specific rows on the subject, in the order of the packs and their files.

    Several rows of one pack are left only when they are equally specific. A pack that says
    nothing of the subject is not there.
    """
    reaching = covering(policy, rows, subject)
    speaking = tuple(cited for cited in reaching if cited.company) or reaching
    found: dict[str, tuple[Cited[_R], ...]] = {}
    for pack in dict.fromkeys(cited.pack for cited in speaking):
        own = [cited for cited in speaking if cited.pack == pack]
        best = max(weight(cited.row, subject) for cited in own)
        found[pack] = tuple(c for c in own if weight(c.row, subject) == best)
    return found


def pack_id(ref: str) -> str:
    """`secrecy@2026.1` → `secrecy`: what a company's setting calls a pack."""
    return ref.partition("@")[0]


def prevailing(by_pack: Mapping[str, _V], said: str | None) -> _V | None:
    """What the pack says that the company's setting puts first; None where it settles nothing.

    The setting names one pack, or several in order: the first of them that speaks prevails.
    """
    names = {pack_id(ref): value for ref, value in by_pack.items()}
    wanted = (word.strip() for word in (said or "").split(","))
    return next((names[word] for word in wanted if word in names), None)


def need_kind(policy: Policy, setting: str) -> str:
    """What a pack's `[[need]]` says the setting holds (`months`, `days` …); "" if none does."""
    return next((c.row.kind for c in policy.rows(Need) if c.row.id == setting), "")


def unanswered(policy: Policy, setting: str, clause: str, zh: str, en: str) -> Question:
    """The question for a setting that nobody made; in the words of the pack that declares it.

    A pack's `[[need]]` is asked by `Policy.adopt` already: the same words make it one question.
    """
    for cited in policy.rows(Need):
        if cited.row.id == setting:
            return merging.need_question(cited.row, policy.setting(setting) or "")
    return Question(setting, zh, en, clauses_of((clause,)))


def role_words(policy: Policy, role: str) -> tuple[str, str]:
    """What a role is called, in Chinese and English; its id where no pack declares it."""
    for cited in policy.rows(Role):
        if cited.row.id == role:
            return cited.row.zh, cited.row.en
    return role, role


def vague_roles(policy: Policy, roles: Iterable[str]) -> Iterator[Question]:
    for role in distinct(roles):
        if not policy.who_is(role):
            zh, en = role_words(policy, role)
            rows = (c.row for c in policy.rows(Role) if c.row.id == role and c.row.vague)
            yield Question(
                f"role.{role}",
                f"制度没有写明“{zh}”是谁：请写明指哪些职务",
                f"the regulation does not say who the {en} is: name the roles that are meant",
                clauses_of(row.clause for row in rows),
            )


def named_by(policy: Policy, row: Row) -> Iterator[Subject]:
    """Every paper and dossier that a row names; one that names nothing stands for anything."""
    classes = set(getattr(row, "classes", ()))
    classed = [t.id for t in policy.document_types.values() if classes & {*t.classes}]
    for doc_type, dossier_type, series, grade in product(
        distinct((*getattr(row, "types", ()), *classed)) or (None,),
        getattr(row, "dossier_types", ()) or (None,),
        getattr(row, "series", ()) or (None,),
        getattr(row, "grades", ()) or (None,),
    ):
        yield Subject(doc_type, dossier_type, series, grade)


def once_each(questions: Iterable[Question]) -> tuple[Question, ...]:
    """One question for each setting, in the words of the first, with the clauses of all."""
    found: dict[str, Question] = {}
    for question in questions:
        known = found.setdefault(question.setting, question)
        clauses = distinct((*known.clauses, *question.clauses))
        found[question.setting] = replace(known, clauses=clauses)
    return tuple(found.values())


def clauses_of(clauses: Iterable[str]) -> tuple[str, ...]:
    """Single clause ids, each once: a row may rest on several (`S001-1-R44, S001-1-R45`)."""
    return distinct(part.strip() for said in clauses for part in said.split(",") if part.strip())


def distinct(values: Iterable[_V]) -> tuple[_V, ...]:
    """The values in order, each once."""
    return tuple(dict.fromkeys(values))
