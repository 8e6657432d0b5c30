"""Checklists: what a dossier must hold, what it still lacks, and what is wrong with what it holds.

Owns the evaluation of a dossier type's items against the papers already filed. It knows
nothing of due dates (those are `policies.deadlines`), so that judging a scan does not load a
calendar.

Rules it keeps:
- An item is satisfied by any one of its types. A conditional item is asked for only when its
  condition holds on the registered fields; a field that is absent, empty or says no (`no`,
  `false`, `0`, `否`, `无`) does not hold. An attachment is asked for only where the item it
  belongs to is. Optional items are never missing; what is wrong with a paper that lies there
  is told all the same.
- What nobody attested is not wrong. It is listed apart, as a thing still to be looked at.
- The newest papers count, as many as the item asks for. A photocopy filed after the original
  does not unsay the original.

    >>> from policies.pack_rows import DossierType, Item
    >>> paper = Item("identity", "身份", "identity", "S001-3-R13", types=("id_card", "licence"))
    >>> car = DossierType("new_car", "新车", "new car", "S001-3-R13", "vehicle", "sales",
    ...                   items=(paper,))
    >>> [state.satisfied for state in checklist(car, have={"licence"})]
    [True]
    >>> review(car, [], {}, {}, date(2026, 3, 5))[0].lacks
    (Lacking(kind='document', detail=''),)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from policies import pack_rows

if TYPE_CHECKING:
    from policies.pack_rows import DossierType, Item

LACKS = ("document", "count", "copy", "sides", "signature", "field", "expired")
"""What an item can lack: the paper itself, a further one, the right kind of copy, a side, a
signature, a field or point that a person found wanting, or a paper of this year."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO = frozenset({"", "0", "no", "false", "n", "否", "无", "無"})
# Where an item names several types, its `sides` mean the one that has two: nobody turns over
# a licence to copy its back.
_TWO_SIDED = "id_card"


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item of a checklist as it stands.

    `asked`: this dossier must have it (mandatory, or conditional and the condition holds).
    `by`: the filed document types that satisfy it.
    """

    item: Item
    asked: bool
    by: tuple[str, ...] = ()

    @property
    def satisfied(self) -> bool:
        return bool(self.by)

    @property
    def missing(self) -> bool:
        return self.asked and not self.by


@dataclass(frozen=True, slots=True)
class Paper:
    """What is known of one filed paper; "", 0 or empty where nobody attested it.

    `copy` is original or photocopy. `signed_by` and `unsigned` are who was seen to have signed
    or not; `fields` and `lacking_fields` name fields and points to verify that were found in
    order or wanting. `dated` is the day written on it.
    """

    type: str
    filed: date
    record: str = ""
    copy: str = ""
    sides: int = 0
    signed_by: frozenset[str] = frozenset()
    unsigned: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    lacking_fields: frozenset[str] = frozenset()
    dated: date | None = None

    @property
    def year(self) -> int:
        """The calendar year it speaks for: that of its own date, else of its filing."""
        return (self.dated or self.filed).year


@dataclass(frozen=True, slots=True)
class Lacking:
    """One thing an item lacks: a word of `LACKS`, and which (the signer, the field, 1/2)."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ItemReview:
    """One item held against the papers.

    `unattested` names what a person has still to look at, as `signature:customer`,
    `field:联系人`, `verify:…`, `copy:original`, `sides:2`.
    """

    item: Item
    asked: bool
    papers: tuple[Paper, ...] = ()
    lacks: tuple[Lacking, ...] = ()
    unattested: tuple[str, ...] = ()


def checklist(
    dossier_type: DossierType,
    have: Collection[str],
    customer_fields: Mapping[str, str] = _NOTHING,
    dossier_fields: Mapping[str, str] = _NOTHING,
) -> tuple[ItemState, ...]:
    """Every item of the checklist, in the order of the pack.

    `have` are the document types filed; the fields are what is registered for the customer and
    the dossier, which conditions such as `customer.special` look at.
    """
    asked = _asked(dossier_type, customer_fields, dossier_fields)
    return tuple(
        ItemState(
            item,
            asked=item.id in asked,
            by=tuple(name for name in item.types if name in have),
        )
        for item in dossier_type.items
    )


def lacking(
    dossier_type: DossierType,
    have: Collection[str],
    customer_fields: Mapping[str, str] = _NOTHING,
    dossier_fields: Mapping[str, str] = _NOTHING,
) -> tuple[str, ...]:
    """The ids of the items that are still missing; empty when the dossier is complete."""
    states = checklist(dossier_type, have, customer_fields, dossier_fields)
    return tuple(state.item.id for state in states if state.missing)


def review(
    dossier_type: DossierType,
    papers: Iterable[Paper],
    customer_fields: Mapping[str, str],
    dossier_fields: Mapping[str, str],
    today: date,
) -> tuple[ItemReview, ...]:
    """Every item held against the papers filed, in the order of the pack.

    `today` decides only whether a paper that counts for a year is of this one.
    """
    filed = sorted(papers, key=lambda paper: (paper.filed, paper.record), reverse=True)
    asked = _asked(dossier_type, customer_fields, dossier_fields)
    return tuple(
        _reviewed(item, item.id in asked, [p for p in filed if p.type in item.types], today)
        for item in dossier_type.items
    )


def _reviewed(item: Item, asked: bool, papers: Sequence[Paper], today: date) -> ItemReview:
    """`papers` are those of the item's types, newest first."""
    lacks = [*_absent(item, papers, today)] if asked else []
    open_points: list[str] = []
    for paper in _counting(item, papers):
        for kind, detail, state in _points(item, paper):
            if state is None:
                open_points.append(f"{kind}:{detail}")
            elif not state:
                lacks.append(Lacking("field" if kind == "verify" else kind, detail))
    once = dict.fromkeys
    return ItemReview(item, asked, tuple(papers), tuple(once(lacks)), tuple(once(open_points)))


def _absent(item: Item, papers: Sequence[Paper], today: date) -> Iterator[Lacking]:
    if not papers:
        yield Lacking("document")
    elif len(papers) < item.least:
        yield Lacking("count", f"{len(papers)}/{item.least}")
    if papers and item.expires == "yearly":
        newest = max(paper.year for paper in papers)
        if newest < today.year:
            yield Lacking("expired", str(newest))


def _counting(item: Item, papers: Sequence[Paper]) -> Sequence[Paper]:
    right = [paper for paper in papers if not _wrong_copy(item, paper)]
    return (right if len(right) >= item.least else papers)[: item.least]


def _wrong_copy(item: Item, paper: Paper) -> bool:
    return item.copy != "either" and bool(paper.copy) and paper.copy != item.copy


def _points(item: Item, paper: Paper) -> Iterator[tuple[str, str, bool | None]]:
    """What the item demands of a paper: kind, which, and whether it is so; None: nobody said."""
    if item.copy != "either":
        yield "copy", item.copy, paper.copy == item.copy if paper.copy else None
    if has_sides(item, paper.type):
        yield "sides", str(item.sides), paper.sides >= item.sides if paper.sides else None
    for who in item.signed_by:
        yield "signature", who, _said(who, paper.signed_by, paper.unsigned)
    for name in item.fields:
        yield "field", name, _said(name, paper.fields, paper.lacking_fields)
    for name in item.verify:
        yield "verify", name, _said(name, paper.fields, paper.lacking_fields)


def _said(name: str, found: frozenset[str], wanting: frozenset[str]) -> bool | None:
    if name in wanting:
        return False
    return True if name in found else None


def has_sides(item: Item, doc_type: str) -> bool:
    """Whether this type must show more than one side to satisfy the item."""
    two_sided = [name for name in item.types if name.startswith(_TWO_SIDED)] or item.types
    return item.sides > 1 and doc_type in two_sided


def _asked(
    dossier_type: DossierType, customer_fields: Mapping[str, str], dossier_fields: Mapping[str, str]
) -> frozenset[str]:
    """The ids of the items this dossier must have."""
    items = {item.id: item for item in dossier_type.items}

    def is_asked(item: Item, below: frozenset[str]) -> bool:
        if item.required == "optional" or item.id in below:
            return False  # an attachment of itself belongs to nothing
        if not holds(item.when, customer_fields, dossier_fields):
            return False
        return not item.part_of or is_asked(items[item.part_of], below | {item.id})

    return frozenset(item.id for item in dossier_type.items if is_asked(item, frozenset()))


def holds(
    when: str,
    customer_fields: Mapping[str, str] = _NOTHING,
    dossier_fields: Mapping[str, str] = _NOTHING,
) -> bool:
    """Whether the condition `when` of a row holds; an empty one always does.

    `customer.special` holds where the field is registered and does not say no; `=a|b` where it
    is one of these, `!=a|b` where it is registered and none of them.
    """
    if not when:
        return True
    subject, field, operator, wanted = condition_parts(when)
    fields = customer_fields if subject == "customer" else dossier_fields
    found = fields.get(field, "").strip().casefold()
    if not operator:
        return found not in _NO
    named = found in {word.casefold() for word in wanted}
    return named if operator == "=" else bool(found) and not named


def condition_parts(when: str) -> tuple[str, str, str, tuple[str, ...]]:
    """A condition's subject (customer, dossier), field, operator and values; "" and () without."""
    condition = re.fullmatch(pack_rows.CONDITION, when)
    assert condition, "packs are checked before they are asked"
    subject, field, operator, wanted = condition.groups()
    values = tuple(word.strip() for word in wanted.split("|")) if wanted else ()
    return subject, field, operator or "", values
