"""Sweep: what the calendar has brought by a day, planned by value; nothing is touched here.

Owns the plan. Papers stream in dossier by dossier, lines come out: what to `dispose` of and what
to `keep` although something ended, of whom to `remind`, what to `declassify`, what to `inspect`.
A million papers are asked by a few thousand questions, so each answer is kept and used again.

Rules it keeps:
- The plan depends on the rows, the packs and the day alone. A day that nobody planned is made up
  for by the next plan, because what was due then still is.
- What is held, on loan, proposed for disposal already, or was refused once, is not proposed again
  by a plan. It is counted.
- A paper is told of only when something about it ended. All others are numbers.
- Lines carry ids, codes and clauses, never a word of a document.

    walk = Retention(said_of, epochs, day_of, today, Spared(held=frozenset({"C000001"})))
    lines = [line for folder, bundles in folders for line in walk.of(folder, bundles)]
    walk.counts     # {"over": 3, "permanent": 120, "waits": 9, "held": 1}

    >>> is_time(date(2026, 3, 1), datetime(2026, 3, 2, 2, 30), "02:30")
    True
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from policies.checklist import Paper
from policies.deadlines import DossierState, Due, Lack, due_of, due_on, is_overdue, missing
from policies.keeping import Edition, Kept, Shorter, longest
from policies.many import fields_asked

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.expiry import Ending
    from policies.pack_rows import DossierType
    from policies.policy import Policy

__all__ = [
    "Bundle", "Deadlines", "Folder", "Line", "Retention", "Spared", "declassifying",
    "is_time", "not_urged_yet",
]  # fmt: skip

Act = Literal["keep", "dispose", "declassify", "remind", "inspect"]
_MOST_ANSWERS = 100_000  # kept at once; beyond that they are worked out anew


# Papers of one dossier filed under the same packs, as they stream in: dossier, `packs` as a JSON
# list, the first and last ledger entry among them, and joined by commas, in one order, their ids,
# types, times of filing (as the ledger writes times) and ledger entries.
Bundle = tuple[str, str, int, int, str, str, str, str]


@dataclass(slots=True)
class Folder:
    """One dossier: what happened to it (`closed` among it), and what conditions may ask.

    `fields` gives the customer's fields and the dossier's own; asked only where it matters.
    """

    id: str
    customer: str
    type: str
    is_open: bool
    events: Mapping[str, date]
    fields: Callable[[], tuple[Mapping[str, str], Mapping[str, str]]]


class Line(NamedTuple):
    """One thing of the plan: an id, what to do about it, why (a stable code), and since when.

    `what` is the document type, checklist item, form of a loan or grade that it is about; `lack`
    and `detail` say what an item lacks, as `policies.checklist.Lacking` does.
    `shorter` is what the packs in force now would say of a paper that those of before keep.
    """

    id: str
    act: Act
    reason: str
    day: date | None
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    customer: str = ""
    dossier: str = ""
    what: str = ""
    lack: str = ""
    detail: str = ""
    shorter: Shorter | None = None


@dataclass(frozen=True, slots=True)
class Spared:
    """What is not proposed: targets of holds (any kind of id), records on loan, in a disposal
    already, or in one that somebody said no to. `appraised` says of records until when an
    appraisal keeps them."""

    held: Collection[str] = frozenset()
    lent: Collection[str] = frozenset()
    proposed: Collection[str] = frozenset()
    refused: Collection[str] = frozenset()
    appraised: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))


# ── keeping ───────────────────────────────────────────────────────────────────


_Days = tuple[date | None, ...]
_Answer = tuple[str, Kept]


@dataclass(slots=True)
class _Kind:
    """Papers of one type, in one kind of dossier, filed under the same packs: what is said of
    them, and for those that count from their filing the answers by its day."""

    said: tuple[Edition, ...]
    starts: frozenset[str]

    @classmethod
    def of(cls, said: tuple[Edition, ...]) -> _Kind:
        periods = [edition.period for edition in said if edition.period is not None]
        spans = (s for p in periods for s in (*p.own, *p.floors, *p.ceilings))
        return cls(said, frozenset(span.start for span in spans if span.start))


class _Whole(NamedTuple):
    """The papers of a bundle answered at once: how many stay for which reason, and which positions
    there is something to tell of. None of them counts from its filing."""

    counts: Counter[str]
    told: tuple[tuple[int, str, _Answer], ...]


@dataclass(slots=True)
class _Table:
    """What is known of one kind of dossier: the events its papers count from, and by the days of
    these, packs and document type whether they are kept. By day where they count from the
    filing."""

    starts: tuple[str, ...] = ()
    answers: dict[_Days, dict[tuple[str, int], dict[str, _Answer | dict[date, _Answer]]]] = field(
        default_factory=dict
    )
    wholes: dict[tuple[_Days, str, int, str], _Whole | None] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin anew: the answers are too many, or another event has come to count."""
        self.answers.clear()
        self.wholes.clear()


class Retention:
    """The walk over the papers: which are kept, which may go, and which stay although one text
    would let them go. `counts` says how many of each.

    `said_of` gives what the editions say of a document type in a dossier type, filed under these
    packs in this epoch; `epochs` are the ledger entries that begin one (see `policies.keeping`).
    """

    def __init__(
        self,
        said_of: Callable[[str, str, str, int], tuple[Edition, ...]],
        epochs: Sequence[int],
        day_of: Callable[[str], date],
        today: date,
        spared: Spared,
    ) -> None:
        self._said_of = said_of
        self._bounds = [-1, *epochs, sys.maxsize]
        self._day_of = day_of
        self._today = today
        self._spared = spared
        self._kinds: dict[tuple[str, str, str, int], _Kind] = {}
        self._tables: dict[str, _Table] = {}
        self._known = 0
        self.counts: Counter[str] = Counter()
        self.types: Counter[str] = Counter()

    def of(self, folder: Folder, bundles: Iterable[Bundle]) -> Iterator[Line]:
        """The lines of one dossier's papers. Of an open one `types` says afterwards how many of
        each type there are."""
        self.types = Counter()
        for _, packs, first, last, ids, types, filed, indexes in bundles:
            if folder.is_open:
                self.types.update(types.split(","))
            epoch = bisect_right(self._bounds, first) - 1
            whole = None
            if last < self._bounds[epoch + 1] and self._none_appraised(ids):
                whole = self._whole(folder, packs, epoch, types)
            if whole is None:
                times, entries = filed.split(","), map(int, indexes.split(","))
                papers = zip(ids.split(","), types.split(","), times, entries, strict=True)
                yield from self._one_by_one(folder, packs, papers)
                continue
            self.counts.update(whole.counts)
            if whole.told:
                names = ids.split(",")
                for place, doc_type, answer in whole.told:
                    yield from self._told(folder, names[place], doc_type, *answer)

    def _none_appraised(self, ids: str) -> bool:
        appraised = self._spared.appraised
        return not appraised or appraised.keys().isdisjoint(ids.split(","))

    def _whole(self, folder: Folder, packs: str, epoch: int, types: str) -> _Whole | None:
        """One answer for a bundle, where none of its papers counts from its filing. Most dossiers
        of a kind hold the same papers, and are answered by one look."""
        table = self._tables.setdefault(folder.type, _Table())
        days = tuple(map(folder.events.get, table.starts))
        at = (days, packs, epoch, types)
        if at in table.wholes:
            return table.wholes[at]
        names = types.split(",")
        found = [self._answer(folder, name, packs, epoch) for name in names]
        whole = None
        if not any(isinstance(answer, dict) for answer in found):
            plain: list[_Answer] = found  # type: ignore[assignment]  # none is a dict
            told = [n for n, (state, _) in enumerate(plain) if state in _TOLD]
            rest = Counter(state for state, _ in plain if state not in _TOLD)
            whole = _Whole(rest, tuple((n, names[n], plain[n]) for n in told))
        self._known += 1
        days = tuple(map(folder.events.get, table.starts))  # more events may count by now
        table.wholes[days, packs, epoch, types] = whole
        return whole

    def _one_by_one(
        self, folder: Folder, packs: str, papers: Iterable[tuple[str, str, str, int]]
    ) -> Iterator[Line]:
        """Papers that count from their filing, met an adoption among them, or were appraised."""
        appraised = self._spared.appraised
        for record, doc_type, filed, index in papers:
            epoch = bisect_right(self._bounds, index) - 1
            answer = self._answer(folder, doc_type, packs, epoch)
            if isinstance(answer, dict):
                day, at = self._day_of(filed), (folder, doc_type, packs, epoch)
                answer = answer.get(day) or self._by_day(answer, *at, day)
            if appraised and record in appraised:
                kind = self._kind(folder, doc_type, packs, epoch)
                kept = longest(kind.said, folder.events, self._day_of(filed), appraised[record])
                answer = (self._state(kept), kept)
            yield from self._told(folder, record, doc_type, *answer)

    def _told(
        self, folder: Folder, record: str, doc_type: str, state: str, kept: Kept
    ) -> Iterator[Line]:
        """Count one paper, and say of it what there is to say."""
        if state == "over":
            state = self._may_go(folder, record)
        self.counts[state] += 1
        if state == "over":
            yield _line(record, "dispose", _OVER[kept.why], kept, folder, doc_type)
        elif state in _TOLD:
            yield _line(record, "keep", state, kept, folder, doc_type)

    def _answer(
        self, folder: Folder, doc_type: str, packs: str, epoch: int
    ) -> _Answer | dict[date, _Answer]:
        """Whether such a paper is kept; by day where that hangs on its filing."""
        answers = self._answers(folder, packs, epoch)
        answer = answers.get(doc_type)
        if answer is None:
            answer = self._first(folder, doc_type, packs, epoch)
            self._answers(folder, packs, epoch)[doc_type] = answer
        return answer

    def _answers(
        self, folder: Folder, packs: str, epoch: int
    ) -> dict[str, _Answer | dict[date, _Answer]]:
        """What is known so far of papers in such a dossier: answers by document type."""
        if self._known >= _MOST_ANSWERS:
            self._known = 0
            for table in self._tables.values():
                table.forget()
        table = self._tables.setdefault(folder.type, _Table())
        days = tuple(map(folder.events.get, table.starts))
        return table.answers.setdefault(days, {}).setdefault((packs, epoch), {})

    def _first(
        self, folder: Folder, doc_type: str, packs: str, epoch: int
    ) -> _Answer | dict[date, _Answer]:
        """The first paper of its kind among such dossiers. One that counts from an event not
        seen before in this kind of dossier makes all answers be given anew."""
        kind = self._kind(folder, doc_type, packs, epoch)
        table = self._tables[folder.type]
        if new := kind.starts - {"filed"} - set(table.starts):
            table.starts = tuple(sorted({*table.starts, *new}))
            table.forget()
        self._known += 1
        if "filed" in kind.starts:
            return {}
        kept = longest(kind.said, folder.events, date.min)
        return self._state(kept), kept

    def _by_day(
        self, known: dict[date, _Answer], folder: Folder, doc_type: str, packs: str, epoch: int,
        day: date,
    ) -> _Answer:  # fmt: skip
        kept = longest(self._kind(folder, doc_type, packs, epoch).said, folder.events, day)
        known[day] = answer = (self._state(kept), kept)
        self._known += 1
        return answer

    def _kind(self, folder: Folder, doc_type: str, packs: str, epoch: int) -> _Kind:
        at = (doc_type, folder.type, packs, epoch)
        if at not in self._kinds:
            self._kinds[at] = _Kind.of(self._said_of(doc_type, folder.type, packs, epoch))
        return self._kinds[at]

    def _state(self, kept: Kept) -> str:
        if kept.over(self._today):
            return "over"
        if kept.shorter is not None and self._today > kept.shorter.day:
            return "earlier-longer"
        if kept.beyond is not None and self._today > kept.beyond:
            return "ceiling-over"
        return kept.why

    def _may_go(self, folder: Folder, record: str) -> str:
        held = self._spared.held
        if record in held or folder.id in held or folder.customer in held:
            return "held"
        if record in self._spared.lent:
            return "lent"
        if record in self._spared.refused:
            return "refused"
        return "proposed" if record in self._spared.proposed else "over"


_TOLD = frozenset({"over", "earlier-longer", "ceiling-over"})
_OVER = {"period": "period-over", "floor": "floor-over", "appraised": "appraised-over"}


def _line(record: str, act: Act, reason: str, kept: Kept, folder: Folder, doc_type: str) -> Line:
    day = kept.beyond if reason == "ceiling-over" else kept.day
    return Line(record, act, reason, day, kept.clauses, kept.packs, folder.customer, folder.id,
                doc_type, "", "", kept.shorter)  # fmt: skip


# ── deadlines ─────────────────────────────────────────────────────────────────


_Asks = tuple[str | None, ...]  # what the fields say that a checklist's conditions ask


class Deadlines:
    """The walk over open dossiers: which papers should be there and are not (催办)."""

    def __init__(self, policy: Policy, calendar: Calendar, today: date) -> None:
        self._policy = policy
        self._calendar = calendar
        self._today = today
        self._asked: dict[str, tuple[tuple[str, str], ...]] = {}
        self._past: dict[tuple[str, frozenset[tuple[str, date]]], bool] = {}
        self._lacking: dict[tuple[str, _Asks, frozenset[tuple[str, int]]], tuple[Lack, ...]] = {}
        self._dues: dict[tuple[str, str, _Asks, frozenset[tuple[str, date]]], Due | None] = {}

    def of(
        self,
        folder: Folder,
        types: Counter[str],
        attested: Callable[[], tuple[Paper, ...] | None],
    ) -> Iterator[Line]:
        """What is overdue in one dossier with so many papers of these types. `attested` gives
        the papers with what people said of them, or None where nobody said anything: then only
        their number counts."""
        kind = self._policy.dossier_types.get(folder.type) if folder.is_open else None
        if kind is None or not self._some_past(kind, folder):
            return
        customer, own = folder.fields()
        told = {"customer": customer, "dossier": own}
        asks = tuple(told[whose].get(name) for whose, name in self._conditions(kind))
        for lack in self._lacks(folder, asks, types, attested()):
            due = self._due(kind, lack.item, folder, asks)
            # An expired paper has a successor to come, of which no regulation says by when.
            if lack.kind != "expired" and due is not None and is_overdue(due, self._today):
                clauses = tuple(filter(None, (lack.clause, due.clause)))
                yield Line(folder.id, "remind", "overdue", due.day, clauses, (), folder.customer,
                           folder.id, lack.item, lack.kind, lack.detail)  # fmt: skip

    def _lacks(
        self, folder: Folder, asks: _Asks, types: Counter[str], known: tuple[Paper, ...] | None
    ) -> tuple[Lack, ...]:
        """What lacks, whenever it is due."""
        at = (folder.type, asks, frozenset(types.items()))
        if known is None and at in self._lacking:
            return self._lacking[at]
        plain = tuple(Paper(name, self._today) for name in types.elements())
        customer, own = folder.fields()
        papers = plain if known is None else known
        state = DossierState(folder.type, customer_fields=customer, keys=own, papers=papers)
        found = missing(state, self._policy, self._calendar, self._today)
        if known is None:
            if len(self._lacking) >= _MOST_ANSWERS:
                self._lacking.clear()
            self._lacking[at] = found
        return found

    def _due(self, kind: DossierType, item: str, folder: Folder, asks: _Asks) -> Due | None:
        """By when an item is due in such a dossier."""
        at = (kind.id, item, asks, frozenset(folder.events.items()))
        if at not in self._dues:
            if len(self._dues) >= _MOST_ANSWERS:
                self._dues.clear()
            self._dues[at] = due_of(kind, item, folder.events, self._calendar, *folder.fields())
        return self._dues[at]

    def _some_past(self, kind: DossierType, folder: Folder) -> bool:
        """Whether any deadline of this dossier may have passed: most dossiers end here."""
        at = (kind.id, frozenset(folder.events.items()))
        if at not in self._past:
            if len(self._past) >= _MOST_ANSWERS:
                self._past.clear()
            self._past[at] = any(
                deadline.stated_by
                or ((due := due_on(deadline, folder.events[deadline.after], self._calendar))
                    and is_overdue(due, self._today))
                for deadline in kind.deadlines
                if deadline.after in folder.events
            )  # fmt: skip
        return self._past[at]

    def _conditions(self, kind: DossierType) -> tuple[tuple[str, str], ...]:
        """Which fields of the customer and the dossier this checklist asks about."""
        if kind.id not in self._asked:
            self._asked[kind.id] = fields_asked(kind)
        return self._asked[kind.id]


def not_urged_yet(
    lines: Iterable[Line], urged: Iterable[tuple[str, date, Sequence[str]]], today: date
) -> dict[str, list[str]]:
    """Dossier → items of which somebody is to be reminded: once in a calendar month each.

    `urged` are the reminders there were: dossier, day, items. One of before the item was due
    urged for something else.
    """
    month = {
        (dossier, item): day
        for dossier, day, items in urged
        if (day.year, day.month) == (today.year, today.month)
        for item in items
    }
    asked: dict[str, list[str]] = {}
    for line in lines:
        last = month.get((line.dossier, line.what))
        items = asked.get(line.dossier, ())
        if line.what not in items and (last is None or (line.day and last <= line.day)):
            asked.setdefault(line.dossier, []).append(line.what)
    return asked


def is_time(last: date, moment: datetime, after: str) -> bool:
    """Whether the daily sweep is to be made now: `last` is the day of the latest one, `after` the
    time of day (`02:30`) from which on it is made, "" for never.

    One that was missed is made up for at once. A clock set back makes no second one.
    """
    if not after or last >= moment.date():
        return False
    return last < moment.date() - timedelta(days=1) or f"{moment:%H:%M}" >= after


# ── secrecy ───────────────────────────────────────────────────────────────────

_ENDS = {"due": ("declassify", "period-over"), "notice": ("remind", "ends-soon"),
         "review": ("remind", "over-to-decide")}  # fmt: skip


def declassifying(endings: Iterable[Ending]) -> Iterator[Line]:
    """The lines of what ceases to be secret, soon will, or waits for a decision."""
    for ending in endings:
        act, reason = _ENDS[ending.state]
        yield Line(ending.record, "declassify" if act == "declassify" else "remind", reason,
                   ending.until, ending.clauses, ending.packs, what=ending.grade)  # fmt: skip
