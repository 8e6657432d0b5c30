"""Many dossiers held against their checklists on one day; what is alike is worked out once.

Owns no rule: the answers are those of `deadlines.missing` and `deadlines.awaited`. Dossiers are
alike for a checklist when its conditions are told the same of them and their papers cannot be told
apart, and alike for a deadline when, besides, the same happened on the same days.

    >>> from policies.calendar import Calendar
    >>> from policies.pack_rows import DossierType, Item
    >>> paper = Item("contract", "合同", "contract", "S001-3-R13", types=("sales_contract",))
    >>> car = DossierType("new_car", "新车", "new car", "S001-3-R13", "vehicle", "sales",
    ...                   items=(paper,))
    >>> many = ManyDossiers(Calendar(), date(2026, 3, 5), answer=lambda lack, waits: lack.item)
    >>> many.of(car, DossierState("new_car"), papers=lambda: [], alike="")
    ('contract',)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Generic, TypeVar

from policies.checklist import ItemReview, Paper, condition_parts, review
from policies.deadlines import DossierState, Due, Lack, awaited, calendar_day, due_of, lacks_of

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.pack_rows import DossierType

_T = TypeVar("_T")
_A = TypeVar("_A")

# Beyond that dossiers are not alike, and remembering only fills the memory.
_MOST_DOSSIERS = 5_000
_MOST_ITEMS = 50_000


class ManyDossiers(Generic[_A]):
    """What is asked of one dossier after the other.

    `answer` makes of a lack, and the events that would give it a day, what the caller wants of it:
    once for all dossiers that lack the same.
    """

    def __init__(
        self, calendar: Calendar, today: date, answer: Callable[[Lack, tuple[str, ...]], _A]
    ) -> None:
        self._calendar = calendar
        self._today = today
        self._answer = answer
        self._asked: dict[str, tuple[tuple[str, str], ...]] = {}
        self._answers: dict[Hashable, tuple[_A, ...]] = {}
        self._lacking: dict[Hashable, tuple[ItemReview, ...]] = {}
        self._dues: dict[Hashable, tuple[Due | None, tuple[str, ...]]] = {}

    def of(
        self,
        kind: DossierType,
        dossier: DossierState,
        papers: Callable[[], Sequence[Paper]],
        alike: Hashable | None,
    ) -> tuple[_A, ...]:
        """The answers for a dossier of this kind, in the order of the checklist.

        `papers` gives its papers, which `dossier` need not hold. Two dossiers of one kind with the
        same `alike` have the same papers as far as a checklist sees; None: like no other.
        """
        told = {"customer": dossier.customer_fields, "dossier": dossier.keys}
        asks = tuple(told[whose].get(name) for whose, name in self._fields(kind))
        happened = frozenset(dossier.events.items())
        like = None if alike is None else (kind.id, asks, alike)
        at = (like, happened)
        if like is not None and at in self._answers:
            return self._answers[at]
        answers = []
        for found in self._reviews(kind, dossier, papers, like):
            due, waits = self._due(kind, found.item.id, dossier, (asks, happened))
            answers += [
                self._answer(lack, waits) for lack in lacks_of(found, kind, due, self._today)
            ]
        if like is not None:
            _remember(self._answers, at, tuple(answers), _MOST_DOSSIERS)
        return tuple(answers)

    def _reviews(
        self,
        kind: DossierType,
        dossier: DossierState,
        papers: Callable[[], Sequence[Paper]],
        like: Hashable | None,
    ) -> tuple[ItemReview, ...]:
        if like is not None and like in self._lacking:
            return self._lacking[like]
        told = (dossier.customer_fields, dossier.keys)
        reviews = review(kind, papers(), *told, calendar_day(self._today))
        lacking = tuple(found for found in reviews if found.lacks)
        if like is not None:
            _remember(self._lacking, like, lacking, _MOST_ITEMS)
        return lacking

    def _due(
        self, kind: DossierType, item: str, dossier: DossierState, like: Hashable
    ) -> tuple[Due | None, tuple[str, ...]]:
        at = (kind.id, item, like)
        if at not in self._dues:
            told = (dossier.customer_fields, dossier.keys)
            due = due_of(kind, item, dossier.events, self._calendar, *told)
            answer = due, awaited(kind, item, dossier.events, *told)
            _remember(self._dues, at, answer, _MOST_ITEMS)
        return self._dues[at]

    def _fields(self, kind: DossierType) -> tuple[tuple[str, str], ...]:
        if kind.id not in self._asked:
            self._asked[kind.id] = fields_asked(kind)
        return self._asked[kind.id]


def fields_asked(kind: DossierType) -> tuple[tuple[str, str], ...]:
    """Which fields a checklist and its deadlines ask: of the "customer" or the "dossier", which."""
    whens = [*(item.when for item in kind.items), *(one.when for one in kind.deadlines)]
    stated = {("dossier", one.stated_by) for one in kind.deadlines if one.stated_by}
    return tuple(sorted({condition_parts(when)[:2] for when in whens if when} | stated))


def _remember(answers: dict[Hashable, _T], at: Hashable, answer: _T, most: int) -> None:
    if len(answers) >= most:
        answers.clear()
    answers[at] = answer
