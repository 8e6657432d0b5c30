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
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from policies.calendar import Calendar
from policies.checklist import Paper
from policies.deadlines import Lack
from policies.expiry import Ending
from policies.keeping import Edition, Kept, Shorter, longest
from policies.many import Folder, ManyDossiers
from policies.policy import Policy

__all__ = [
    "Bundle", "BundledPaper", "Deadlines", "Line", "Retention", "Spared", "declassifying",
    "is_time", "not_urged_yet",
]  # fmt: skip

Act = Literal["keep", "dispose", "declassify", "remind", "inspect"]
_MOST_ANSWERS = 100_000  # kept at once; beyond that they are worked out anew


# Papers of one dossier filed under the same packs, as they stream in: dossier, `packs` as a JSON
# list, the first and last ledger entry among them, and joined by commas, in one order, their ids
# and types. One of these papers by itself: id, type, time of filing (as the ledger writes times)
# and ledger entry.
Bundle = tuple[str, str, int, int, str, str]
BundledPaper = tuple[str, str, str, int]


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
# What a line says of a paper beside its names: act, reason, day, clauses, packs, what is shorter.
_Said = tuple[Act, str, date | None, tuple[str, ...], tuple[str, ...], Shorter | None]


class _Answer(NamedTuple):
    """How papers of a kind stand, and what is told of each: of most nothing."""

    state: str
    said: _Said | None


class _Kind:
    """Papers of which the same is said, and what the answer was so far: it hangs on the days of
    the events that they count from, and where `by_filing` on that of their filing."""

    def __init__(self, said: tuple[Edition, ...]) -> None:
        periods = [edition.period for edition in said if edition.period is not None]
        spans = (s for p in periods for s in (*p.own, *p.floors, *p.ceilings))
        starts = {span.start for span in spans if span.start}
        self.said = said
        self.by_filing = "filed" in starts
        self.starts = tuple(sorted(starts - {"filed"}))
        self.answers: dict[_Days, _Answer] = {}


class _Whole(NamedTuple):
    """The papers of a bundle answered at once: how many stay for which reason, and of which, by
    their places, there is something to tell."""

    rest: tuple[tuple[str, int], ...]
    told: tuple[tuple[int, str, _Answer], ...]


class _Lot:
    """Bundles that are alike: of papers of the same types, in one kind of dossier, filed under the
    same packs. Answered at once for each set of days, unless one counts from its filing."""

    def __init__(self, types: Sequence[str], kinds: Sequence[_Kind]) -> None:
        self.papers = tuple(zip(types, kinds, strict=True))
        self.by_filing = any(kind.by_filing for kind in kinds)
        self.starts = tuple(sorted({start for kind in kinds for start in kind.starts}))
        self.wholes: dict[_Days, _Whole] = {}


class Retention:
    """The walk over the papers: which are kept, which may go, and which stay although one text
    would let them go. `counts` says how many of each.

    `said_of` gives what the editions say of a document type in a dossier type, filed under these
    packs in this epoch; `epochs` are the ledger entries that begin one (see `policies.keeping`).
    `papers_in` gives the papers of a dossier filed under these packs, one by one.
    """

    def __init__(
        self,
        said_of: Callable[[str, str, str, int], tuple[Edition, ...]],
        epochs: Sequence[int],
        papers_in: Callable[[str, str], Iterable[BundledPaper]],
        day_of: Callable[[str], date],
        today: date,
        spared: Spared,
    ) -> None:
        self._said_of = said_of
        self._bounds = [-1, *epochs, sys.maxsize]
        self._papers_in = papers_in
        self._day_of = day_of
        self._today = today
        self._spared = spared
        self._same: dict[Hashable, _Kind] = {}
        self._kinds: dict[tuple[str, str, str, int], _Kind] = {}
        self._lots: dict[tuple[str, str, int, str], _Lot] = {}
        self._known = 0
        self.counts: Counter[str] = Counter()

    def of(self, folder: Folder, bundles: Iterable[Bundle]) -> Iterator[Line]:
        """The lines of one dossier's papers."""
        for _, packs, first, last, ids, types in bundles:
            epoch = bisect_right(self._bounds, first) - 1
            lot = self._lots.get((folder.type, packs, epoch, types))
            if lot is None:
                lot = self._new_lot(folder.type, packs, epoch, types)
            if lot.by_filing or last >= self._bounds[epoch + 1] or self._some_appraised(ids):
                yield from self._one_by_one(folder, packs)
                continue
            days = tuple(map(folder.events.get, lot.starts))
            whole = lot.wholes.get(days) or self._new_whole(lot, folder, days)
            for state, number in whole.rest:
                self.counts[state] += number
            if whole.told:
                names = ids.split(",")
                for place, doc_type, answer in whole.told:
                    line = self._told(folder, names[place], doc_type, answer)
                    if line is not None:
                        yield line

    def _some_appraised(self, ids: str) -> bool:
        appraised = self._spared.appraised
        return bool(appraised) and not appraised.keys().isdisjoint(ids.split(","))

    def _new_lot(self, dossier_type: str, packs: str, epoch: int, types: str) -> _Lot:
        names = types.split(",")
        lot = _Lot(names, [self._kind(name, dossier_type, packs, epoch) for name in names])
        self._lots[dossier_type, packs, epoch, types] = lot
        self._one_more()
        return lot

    def _new_whole(self, lot: _Lot, folder: Folder, days: _Days) -> _Whole:
        """The first bundle of its lot with these days."""
        rest: Counter[str] = Counter()
        told = []
        for place, (name, kind) in enumerate(lot.papers):
            answer = self._answer(kind, folder, date.min)
            if answer.said is None:
                rest[answer.state] += 1
            else:
                told.append((place, name, answer))
        lot.wholes[days] = whole = _Whole(tuple(rest.items()), tuple(told))
        self._one_more()
        return whole

    def _one_by_one(self, folder: Folder, packs: str) -> Iterator[Line]:
        """Papers that count from their filing, met an adoption among them, or were appraised."""
        appraised = self._spared.appraised
        for record, doc_type, filed, index in self._papers_in(folder.id, packs):
            epoch = bisect_right(self._bounds, index) - 1
            kind = self._kind(doc_type, folder.type, packs, epoch)
            answer = self._answer(kind, folder, self._day_of(filed))
            if record in appraised:
                until = appraised[record]
                answer = self._answered(
                    longest(kind.said, folder.events, self._day_of(filed), until)
                )
            line = self._told(folder, record, doc_type, answer)
            if line is not None:
                yield line

    def _told(self, folder: Folder, record: str, doc_type: str, answer: _Answer) -> Line | None:
        """Count one paper, and say of it what there is to say."""
        state, said = answer
        if state == "over":
            state = self._may_go(folder, record)
        self.counts[state] += 1
        if said is None or state != answer.state:
            return None
        act, reason, day, clauses, packs, shorter = said
        return Line(record, act, reason, day, clauses, packs, folder.customer, folder.id, doc_type,
                    "", "", shorter)  # fmt: skip

    def _answer(self, kind: _Kind, folder: Folder, filed: date) -> _Answer:
        """Whether such a paper is kept."""
        days = (filed if kind.by_filing else None, *map(folder.events.get, kind.starts))
        answer = kind.answers.get(days)
        if answer is None:
            kind.answers[days] = answer = self._answered(longest(kind.said, folder.events, filed))
            self._one_more()
        return answer

    def _kind(self, doc_type: str, dossier_type: str, packs: str, epoch: int) -> _Kind:
        at = (doc_type, dossier_type, packs, epoch)
        if at not in self._kinds:
            said = self._said_of(*at)
            # Periods that differ in their open questions alone keep papers alike.
            spans = tuple(
                (edition.packs, p and (p.rule, p.own, p.floors, p.ceilings, p.silent))
                for edition in said
                for p in (edition.period,)
            )
            self._kinds[at] = self._same.get(spans) or self._same.setdefault(spans, _Kind(said))
        return self._kinds[at]

    def _one_more(self) -> None:
        """Begin anew when the answers are too many."""
        self._known += 1
        if self._known >= _MOST_ANSWERS:
            self._known = 0
            self._lots.clear()
            for kind in self._same.values():
                kind.answers.clear()

    def _answered(self, kept: Kept) -> _Answer:
        state = self._state(kept)
        said: tuple[Act, str, date | None]
        if state == "over":
            said = ("dispose", _OVER[kept.why], kept.day)
        elif state in _ALL_THE_SAME:
            said = ("keep", state, kept.beyond if state == "ceiling-over" else kept.day)
        else:
            return _Answer(state, None)
        return _Answer(state, (*said, kept.clauses, kept.packs, kept.shorter))

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


_ALL_THE_SAME = frozenset({"earlier-longer", "ceiling-over"})  # kept, although something ended
_OVER = {"period": "period-over", "floor": "floor-over", "appraised": "appraised-over"}


# ── deadlines ─────────────────────────────────────────────────────────────────


# What the lines of a lack have in common: since when, by which clauses, what lacks.
_Late = tuple[date | None, tuple[str, ...], str, str, str]


class Deadlines:
    """The walk over open dossiers: which papers should be there and are not (催办)."""

    def __init__(self, policy: Policy, calendar: Calendar, today: date) -> None:
        self._kinds = policy.dossier_types
        self._many = ManyDossiers(calendar, today, _late)

    def of(self, folder: Folder, papers: str | Sequence[Paper]) -> Iterator[Line]:
        """What is overdue in one dossier. `papers` are their types joined by commas; where people
        said something of them, the papers with that."""
        kind = self._kinds.get(folder.type) if folder.is_open else None
        if kind is None:
            return
        for late in self._many.of(kind, folder, papers):
            if late is not None:
                day, clauses, item, lack, detail = late
                yield Line(folder.id, "remind", "overdue", day, clauses, (), folder.customer,
                           folder.id, item, lack, detail)  # fmt: skip


def _late(lack: Lack, _: Sequence[str]) -> _Late | None:
    # An expired paper has a successor to come, of which no regulation says by when.
    if not lack.overdue:
        return None
    clauses = tuple(filter(None, (lack.clause, lack.due_clause)))
    return lack.due, clauses, lack.item, lack.kind, lack.detail


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
