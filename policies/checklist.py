"""Checklists: what a dossier must hold, and what it still lacks.

Owns the evaluation of a dossier type's items against the document types already filed. It
knows nothing of dates (those are `policies.deadlines`), so that judging a scan does not load a
calendar.

Rules it keeps: an item is satisfied by any one of its types. A conditional item is asked for
only when its condition holds on the registered fields; a field that is absent, empty or says
no (`no`, `false`, `0`, `否`, `无`) does not hold. Optional items are never missing.

    >>> from policies.pack_rows import DossierType, Item
    >>> paper = Item("identity", "身份", "identity", "S001-3-R13", types=("id_card", "licence"))
    >>> car = DossierType("new_car", "新车", "new car", "S001-3-R13", "vehicle", "sales",
    ...                   items=(paper,))
    >>> [state.satisfied for state in checklist(car, have={"licence"})]
    [True]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from policies.pack_rows import CONDITION, DossierType, Item

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO = frozenset({"", "0", "no", "false", "n", "否", "无", "無"})


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
    return tuple(
        ItemState(
            item,
            asked=_is_asked(item, customer_fields, dossier_fields),
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


def _is_asked(
    item: Item, customer_fields: Mapping[str, str], dossier_fields: Mapping[str, str]
) -> bool:
    if item.required != "conditional":
        return item.required == "mandatory"
    return holds(item.when, customer_fields, dossier_fields)


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
    condition = CONDITION.fullmatch(when)
    assert condition, "packs are checked before they are asked"
    subject, field, operator, wanted = condition.groups()
    fields = customer_fields if subject == "customer" else dossier_fields
    found = fields.get(field, "").strip().casefold()
    if not operator:
        return found not in _NO
    named = found in {word.strip().casefold() for word in wanted.split("|")}
    return named if operator == "=" else bool(found) and not named
