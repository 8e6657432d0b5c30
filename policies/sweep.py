"""Sweep: what the calendar has brought by a day, planned by value; nothing is touched here.

Owns the plan. Papers stream in dossier by dossier, lines come out: what to `dispose` of and what
to `keep` although something ended, of whom to `remind`, what to `declassify`, what to `inspect`.
A million papers are asked by a few thousand questions, so each answer is kept and used again.

Rules it keeps:
- The plan depends on the rows, the packs and the day alone. A day that nobody planned is made up
  for by the next plan, because what was due then still is.
- What is held, out on loan, or proposed for disposal already, is not proposed. It is counted.
- A paper is told of only when something about it ended. All others are numbers.
- Lines carry ids, codes and clauses, never a word of a document.

    walk = Retention(said_of, epochs, day_of, today, Spared(held=frozenset({"C000001"})))
    lines = [line for folder, papers in folders for line in walk.of(folder, papers)]
    walk.counts     # {"over": 3, "permanent": 120, "waits": 9, "held": 1}
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from policies.calendar import Calendar
from policies.checklist import Paper, condition_parts
from policies.deadlines import DossierState, due_on, is_overdue, missing
from policies.expiry import Ending
from policies.keeping import Edition, Kept, Shorter, longest
from policies.pack_rows import DossierType
from policies.policy import Policy

__all__ = [
    "Deadlines", "Folder", "Line", "PaperRow", "Retention", "Spared", "declassifying",
    "is_time", "not_urged_yet",
]  # fmt: skip

Act = Literal["keep", "dispose", "declassify", "remind", "inspect"]
_MOST_ANSWERS = 100_000  # kept at once; beyond that they are worked out anew


# One record as it streams in: dossier, id, type, `filed` as the ledger writes times, its ledger
# entry, and `packs` as a JSON list.
PaperRow = tuple[str, str, str, str, int, str]


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


@dataclass(frozen=True, slots=True)
class Line:
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
    """What is not proposed: targets of holds (any kind of id), records out on loan, records
    proposed already. `appraised` says of records until when an appraisal keeps them."""

    held: Collection[str] = frozenset()
    lent: Collection[str] = frozenset()
    proposed: Collection[str] = frozenset()
    appraised: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))


# ── keeping ───────────────────────────────────────────────────────────────────


_Happened = tuple[date | None, ...]  # the days that a kind of papers counts from


@dataclass(slots=True)
class _Kind:
    """Papers of one type, in one kind of dossier, filed under the same packs.

    `starts` are the events that their periods count from, the filing apart.
    """

    said: tuple[Edition, ...]
    starts: tuple[str, ...]
    by_filing: bool
    answers: dict[_Happened, tuple[str, Kept]]

    @classmethod
    def of(cls, said: tuple[Edition, ...]) -> _Kind:
        periods = [edition.period for edition in said if edition.period is not None]
        spans = [s for p in periods for s in (*p.own, *p.floors, *p.ceilings) if s.start]
        starts = tuple(sorted({span.start for span in spans} - {"filed"}))
        return cls(said, starts, any(span.start == "filed" for span in spans), {})


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
        self._epochs = epochs
        self._day_of = day_of
        self._today = today
        self._spared = spared
        self._kinds: dict[tuple[str, str, int], dict[str, _Kind]] = {}
        self._answers = 0
        self.counts: Counter[str] = Counter()
        self.types: Counter[str] = Counter()

    def of(self, folder: Folder, papers: Iterable[PaperRow]) -> Iterator[Line]:
        """The lines of one dossier's papers. Of an open one `types` says afterwards how many of
        each type there are."""
        # Everything below runs a million times: names are looked up here, once.
        events_get, appraised, counts = folder.events.get, self._spared.appraised, self.counts
        newest = self._epochs[-1] if self._epochs else -1
        self.types = types = Counter[str]()
        packs_seen, epoch_seen, kinds = "", -1, dict[str, _Kind]()
        for _, record, doc_type, filed, index, packs in papers:
            if folder.is_open:
                types[doc_type] += 1
            epoch = len(self._epochs) if index > newest else bisect_right(self._epochs, index)
            if packs != packs_seen or epoch != epoch_seen:
                packs_seen, epoch_seen = packs, epoch
                kinds = self._kinds.setdefault((folder.type, packs, epoch), {})
            kind = kinds.get(doc_type)
            if kind is None:
                said = self._said_of(doc_type, folder.type, packs, epoch)
                kinds[doc_type] = kind = _Kind.of(said)
            happened = tuple(map(events_get, kind.starts))
            if kind.by_filing:
                happened = (*happened, self._day_of(filed))
            state, kept = kind.answers.get(happened) or self._answer(kind, happened)
            if appraised and record in appraised:
                kept = longest(kind.said, folder.events, self._day_of(filed), appraised[record])
                state = self._state(kept)
            if state == "over":
                state = self._may_go(folder, record)
            if state == "over":
                yield _line(record, "dispose", f"{kept.why}-over", kept, folder, doc_type)
            elif state in ("earlier-longer", "ceiling-over"):
                yield _line(record, "keep", state, kept, folder, doc_type)
            counts[state] += 1

    def _answer(self, kind: _Kind, happened: _Happened) -> tuple[str, Kept]:
        if self._answers >= _MOST_ANSWERS:
            for kinds in self._kinds.values():
                for other in kinds.values():
                    other.answers.clear()
            self._answers = 0
        filed = happened[-1] if kind.by_filing else None
        days = zip(kind.starts, happened, strict=False)
        kept = longest(kind.said, {name: day for name, day in days if day}, filed or date.min)
        kind.answers[happened] = answer = (self._state(kept), kept)
        self._answers += 1
        return answer

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
        return "proposed" if record in self._spared.proposed else "over"


def _line(record: str, act: Act, reason: str, kept: Kept, folder: Folder, doc_type: str) -> Line:
    day = kept.beyond if reason == "ceiling-over" else kept.day
    return Line(record, act, reason, day, kept.clauses, kept.packs, folder.customer, folder.id,
                doc_type, shorter=kept.shorter)  # fmt: skip


# ── deadlines ─────────────────────────────────────────────────────────────────


class Deadlines:
    """The walk over open dossiers: which papers should be there and are not (催办)."""

    def __init__(self, policy: Policy, calendar: Calendar, today: date) -> None:
        self._policy = policy
        self._calendar = calendar
        self._today = today
        self._asked: dict[str, tuple[tuple[str, str], ...]] = {}
        self._past: dict[tuple[str, frozenset[tuple[str, date]]], bool] = {}
        self._lacks: dict[object, tuple[Line, ...]] = {}

    def of(
        self,
        folder: Folder,
        types: Counter[str],
        attested: Callable[[], tuple[Paper, ...] | None],
    ) -> Iterator[Line]:
        """What is overdue in one dossier with so many papers of these types. `attested` gives
        the papers with what people said of them, or None where nobody said anything: then only
        their number counts."""
        kind = self._policy.find_dossier_type(folder.type) if folder.is_open else None
        if kind is None or not self._some_past(kind, folder):
            return
        customer, own = folder.fields()
        known = attested()
        found: Iterable[Line]
        if known is not None:
            found = self._late(folder, customer, own, known)
        else:
            told = {"customer": customer, "dossier": own}
            asks = tuple(told[whose].get(name) for whose, name in self._conditions(kind))
            at = (folder.type, frozenset(folder.events.items()), asks, frozenset(types.items()))
            if at not in self._lacks:
                if len(self._lacks) >= _MOST_ANSWERS:
                    self._lacks.clear()
                plain = tuple(Paper(name, self._today) for name in types.elements())
                self._lacks[at] = tuple(self._late(folder, customer, own, plain))
            found = self._lacks[at]
        for line in found:
            yield Line(folder.id, "remind", "overdue", line.day, line.clauses,
                       customer=folder.customer, dossier=folder.id, what=line.what,
                       lack=line.lack, detail=line.detail)  # fmt: skip

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
            whens = [*(item.when for item in kind.items), *(one.when for one in kind.deadlines)]
            stated = {("dossier", one.stated_by) for one in kind.deadlines if one.stated_by}
            self._asked[kind.id] = tuple(
                sorted({condition_parts(when)[:2] for when in whens if when} | stated)
            )
        return self._asked[kind.id]

    def _late(
        self,
        folder: Folder,
        customer: Mapping[str, str],
        own: Mapping[str, str],
        papers: tuple[Paper, ...],
    ) -> list[Line]:
        state = DossierState(folder.type, events=folder.events, customer_fields=customer,
                             keys=own, papers=papers)  # fmt: skip
        return [
            Line("", "remind", "overdue", lack.due,
                 tuple(filter(None, (lack.clause, lack.due_clause))),
                 what=lack.item, lack=lack.kind, detail=lack.detail)
            for lack in missing(state, self._policy, self._calendar, self._today)
            if lack.overdue
        ]  # fmt: skip


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
