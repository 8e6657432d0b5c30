"""Many dossiers held against their checklists on one day; what is alike is worked out once.

Owns no rule: the answers are those of `deadlines.missing` and `deadlines.awaited`. Dossiers are
alike for a checklist when its conditions are told the same of them and their papers cannot be told
apart; items are alike for a deadline when the same deadlines bind them, the conditions are told
the same, and what these count from happened on the same days.

    >>> from policies.pack_rows import Item
    >>> paper = Item("contract", "合同", "contract", "S001-3-R13", types=("sales_contract",))
    >>> car = DossierType("new_car", "新车", "new car", "S001-3-R13", "vehicle", "sales",
    ...                   items=(paper,))
    >>> many = ManyDossiers(Calendar(), date(2026, 3, 5), answer=lambda lack, waits: lack.item)
    >>> many.of(car, Folder("D000001", "C000001", "new_car"), papers="")
    ('contract',)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from policies.calendar import Calendar
from policies.checklist import ItemReview, Paper, condition_parts, review
from policies.deadlines import Due, Lack, awaited, calendar_day, due_of, lacks_of
from policies.pack_rows import DossierType

_T = TypeVar("_T")
_A = TypeVar("_A")
_Days = tuple[date | None, ...]
_Asks = tuple[str | None, ...]  # what the fields say that a checklist's conditions ask

# Beyond that dossiers are not alike, and remembering only fills the memory.
_MOST_DOSSIERS = 5_000
_MOST_ITEMS = 50_000


def _none() -> Mapping[str, str]:
    return {}


@dataclass(slots=True)
class Folder:
    """One dossier as it passes by among many: what happened to it, and what conditions may ask.

    `customer_fields` and `keys` give the customer's fields and the dossier's own: asked only where
    something hangs on them. Who looks at what is closed has `closed` among the events.
    """

    id: str
    customer: str
    type: str
    is_open: bool = True
    events: Mapping[str, date] = field(default_factory=dict)
    customer_fields: Callable[[], Mapping[str, str]] = _none
    keys: Callable[[], Mapping[str, str]] = _none

    def told(self, fields: Sequence[tuple[str, str]]) -> _Asks:
        """What is registered in these fields: of the "customer" or the "dossier", which."""
        if not fields:
            return ()
        of = {whose: self.customer_fields() if whose == "customer" else self.keys()
              for whose in {whose for whose, _ in fields}}  # fmt: skip
        return tuple([of[whose].get(name) for whose, name in fields])


class _Kind:
    """What a checklist and its deadlines look at: which fields, which events, and by which
    deadlines, as their places, each item is bound."""

    def __init__(self, kind: DossierType) -> None:
        whens = [*(item.when for item in kind.items), *(one.when for one in kind.deadlines)]
        stated = {("dossier", one.stated_by) for one in kind.deadlines if one.stated_by}
        self.fields = tuple(sorted({condition_parts(when)[:2] for when in whens if when} | stated))
        self.events = tuple(dict.fromkeys(one.after for one in kind.deadlines))
        self.binding = {
            item.id: tuple(
                place
                for place, one in enumerate(kind.deadlines)
                if not one.items or item.id in one.items
            )
            for item in kind.items
        }


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
        self._kinds: dict[str, _Kind] = {}
        self._answers: dict[Hashable, tuple[_A, ...]] = {}
        self._lacking: dict[Hashable, tuple[ItemReview, ...]] = {}
        self._dues: dict[Hashable, tuple[Due | None, tuple[str, ...]]] = {}

    def of(
        self, kind: DossierType, folder: Folder, papers: str | Sequence[Paper]
    ) -> tuple[_A, ...]:
        """The answers for a dossier of this kind, in the order of the checklist.

        `papers` are their types joined by commas, where no more counts of them than that.
        """
        looks = self._kinds.get(kind.id) or self._kinds.setdefault(kind.id, _Kind(kind))
        asks = folder.told(looks.fields)
        days = tuple(map(folder.events.get, looks.events))
        like = (kind.id, asks, papers) if isinstance(papers, str) else None
        at = (like, days)
        if like is not None and at in self._answers:
            return self._answers[at]
        answers = []
        for found in self._reviews(kind, folder, papers, like):
            binding = looks.binding[found.item.id]
            due, waits = self._due(kind, found.item.id, folder, (kind.id, binding, asks, days))
            answers += [
                self._answer(lack, waits) for lack in lacks_of(found, kind, due, self._today)
            ]
        if like is not None:
            _remember(self._answers, at, tuple(answers), _MOST_DOSSIERS)
        return tuple(answers)

    def _reviews(
        self,
        kind: DossierType,
        folder: Folder,
        papers: str | Sequence[Paper],
        like: Hashable | None,
    ) -> tuple[ItemReview, ...]:
        """The items that lack something."""
        if like is not None and like in self._lacking:
            return self._lacking[like]
        day = calendar_day(self._today)
        if isinstance(papers, str):
            papers = [Paper(name, day) for name in papers.split(",") if name]
        reviews = review(kind, papers, folder.customer_fields(), folder.keys(), day)
        lacking = tuple(found for found in reviews if found.lacks)
        if like is not None:
            _remember(self._lacking, like, lacking, _MOST_ITEMS)
        return lacking

    def _due(
        self, kind: DossierType, item: str, folder: Folder, at: Hashable
    ) -> tuple[Due | None, tuple[str, ...]]:
        if at not in self._dues:
            told = (folder.customer_fields(), folder.keys())
            due = due_of(kind, item, folder.events, self._calendar, *told)
            answer = due, awaited(kind, item, folder.events, *told)
            _remember(self._dues, at, answer, _MOST_ITEMS)
        return self._dues[at]


def _remember(answers: dict[Hashable, _T], at: Hashable, answer: _T, most: int) -> None:
    if len(answers) >= most:
        answers.clear()
    answers[at] = answer
