"""Cases: the few requests by which contradictions between regulations can be found.

Owns the search space of `policies.approvals.unsettled`. Two packs can contradict only where a row
of the one and a row of the other cover the same request; so for each such pair the scopes both
cover are tried, and nothing that neither names.

Rules it keeps: what no row tells apart is tried once. Of the grades, relations and papers that
no row of the action names, one stands for all.

    >>> from policies.policy import Policy
    >>> list(cases(Policy.adopt([], {}), ()))
    []
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import TYPE_CHECKING

from policies.reach import Subject, distinct
from policies.rule_rows import RELATIONS, Approval

if TYPE_CHECKING:
    from policies.policy import Cited, Policy

__all__ = ["cases"]

_Values = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class _Field:
    """What the rows of one action tell apart. `papers`: the types each row covers; None: any."""

    grades: _Values
    relations: _Values
    papers: Mapping[Approval, frozenset[str] | None]


def cases(policy: Policy, rows: Sequence[Cited[Approval]]) -> Iterator[Subject]:
    """Every subject that two packs could rule differently, as far as the rows tell apart."""
    field = _field(policy, [cited.row for cited in rows])
    found: dict[Subject, None] = {}
    for one in rows:
        for other in rows:
            if one.pack < other.pack:
                found.update(dict.fromkeys(_shared(policy, field, one.row, other.row)))
    yield from found


def _field(policy: Policy, rows: Sequence[Approval]) -> _Field:
    grades = distinct(grade for row in rows for grade in row.grades)
    relations = distinct(word for row in rows for word in row.relations)
    unnamed = [word for word in RELATIONS if word not in relations][:1]
    return _Field((None, *grades), (*relations, *unnamed), _papers(policy, rows))


def _papers(policy: Policy, rows: Sequence[Approval]) -> Mapping[Approval, frozenset[str] | None]:
    """The types each row covers, as few of them as tell the rows apart."""
    limited = [row for row in rows if row.types or row.classes]
    classes = {name: set(row.classes) for name, row in policy.document_types.items()}
    named = {name for row in limited for name in row.types}
    seen: dict[tuple[tuple[bool, bool], ...], str] = {}
    for paper in sorted({*classes, *named}):
        own = classes.get(paper, set())
        # By its type or by a class: a row speaks more specifically by the type.
        seen.setdefault(tuple((paper in r.types, bool(own & {*r.classes})) for r in limited), paper)
    telling = {
        row: frozenset(paper for told, paper in seen.items() if any(told[number]))
        for number, row in enumerate(limited)
    }
    return {row: telling.get(row) for row in rows}


def _shared(policy: Policy, field: _Field, one: Approval, other: Approval) -> Iterator[Subject]:
    """The subjects that both rows cover."""

    def both(name: str, otherwise: _Values = (None,)) -> _Values:
        a, b = getattr(one, name), getattr(other, name)
        return [word for word in a if word in b] if a and b else a or b or otherwise

    def papers() -> _Values:
        a, b = field.papers[one], field.papers[other]
        if a is None and b is None:
            return (None,)
        return sorted(a & b if a is not None and b is not None else a or b or ())

    for grade, relation, series, dossier, purpose, paper, role, role_too in product(
        both("grades", field.grades),
        both("relations", field.relations),
        both("series"),
        both("dossier_types"),
        both("purposes"),
        papers(),
        one.requesters or (None,),
        other.requesters or (None,),
    ):
        kind = policy.dossier_types.get(dossier or "")
        if series and kind and kind.series != series:
            continue  # no dossier of that type lies in that series
        held = (policy.who_is(name) for name in (role, role_too) if name)
        roles = distinct(chain.from_iterable(held))
        yield Subject(paper, dossier, series, grade, relation, purpose, roles)
