"""Sweeping (到期清查): what the calendar has brought, and what of it is done without anybody.

Joins `policies.sweep` to the archive and conducts the use cases that carry a part of it out, as
`recover` does. Reads rows in two streams, never a document: the station that sweeps has no keys,
and what it lists are ids, codes and clauses.

    plan_of       what is over, overdue or due; changes nothing
    carry_out     proposals of disposal, what declassifies by itself where somebody is there who
                  can open it, grants that ended, reminders; then the entry `sweep`, with counts
                  and the day alone

Rules it keeps:
- Whatever was done is known by what it left behind, not by a date: a second sweep finds nothing
  to do, and one after a week away does what the week brought. A reminder is due once in a
  calendar month for each item.
- A sweep dated before the last one does nothing: whoever sets the clock back gets no second month.
- Two at once: the reminders and the entry are one append, decided with the writer's lock held.
- Nothing is destroyed here, nor decided: a disposal is proposed, and people decide. An old
  archive's first sweep proposes no more in a day than people can appraise; the rest follows.

    plan = plan_of(archive, policy, calendar, today)
    carry_out(archive, policy, plan, now, person).reminded
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from archivist import disposal_checks, disposals, granting, loan_book, regrading, routines
from archivist.hold_book import held_targets
from archivist.keeping import Schedule, events_of
from archivist.standing import fields_told, local_moment, papers_of
from index import catalogue_sweep
from policies import disposal_life, loan_life
from policies.expiry import expiring
from policies.many import Folder
from policies.scope import marking
from policies.sweep import (
    Bundle,
    BundledPaper,
    Deadlines,
    Line,
    Retention,
    Spared,
    declassifying,
    not_urged_yet,
)

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Catalogue
    from policies.calendar import Calendar
    from policies.keeping import Edition
    from policies.policy import Policy
    from storage.people import Unlocked

__all__ = ["Plan", "Swept", "carry_out", "last_day", "plan_of", "swept_until"]

STATION = "station"
GROUP = 500  # entries of one append
PROPOSED = 300  # records of one proposal, which people appraise item by item
A_DAY = 3_000  # records that sweeps propose as of one day
TOLD = 500  # dossiers between two words about the progress


@dataclass(slots=True)
class Plan:
    """What is to be done as of `day`, list by list as the contract names them.

    `kept` counts the papers that stay, and those over, by the code of the reason.
    """

    day: date
    retention: list[Line] = field(default_factory=list)
    declassify: list[Line] = field(default_factory=list)
    overdue: list[Line] = field(default_factory=list)
    deadlines: list[Line] = field(default_factory=list)
    inspections: list[Line] = field(default_factory=list)
    kept: Mapping[str, int] = field(default_factory=dict)

    @property
    def lists(self) -> dict[str, list[Line]]:
        """The five lists by name."""
        return {"retention": self.retention, "declassify": self.declassify,
                "overdue": self.overdue, "deadlines": self.deadlines,
                "inspections": self.inspections}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did. `proposed` are the disposals; `entry` is its ledger entry, None where it
    had nothing new to say. `left_out` says of records that were not proposed why not, by code.

    `before` is the day of a later sweep that made this one do nothing.
    """

    reminded: int = 0
    proposed: tuple[str, ...] = ()
    declassified: tuple[str, ...] = ()
    entry: int | None = None
    before: str | None = None
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# ── the plan ──────────────────────────────────────────────────────────────────


def plan_of(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Plan:
    """What the archive has to do as of a day. Changes nothing.

    `progress` is told how many of how many dossiers were gone through.
    """
    archive.follow()
    plan = Plan(today)
    plan.inspections = list(_inspections(archive, policy, calendar, today))
    with catalogue_sweep.snapshot(archive.catalogue):
        _walk(archive, policy, calendar, plan, progress)
        plan.declassify = list(declassifying(_endings(archive, policy, today)))
        plan.overdue = list(_overdue_loans(archive, today))
    plan.deadlines.sort(key=lambda line: (line.day or date.max, line.id, line.what))
    return plan


def _walk(
    archive: Archive, policy: Policy, calendar: Calendar, plan: Plan,
    progress: Callable[[int, int], None],
) -> None:  # fmt: skip
    """Every dossier with its papers once, in order: what they are asked costs one pass."""
    schedule, catalogue = Schedule(archive, policy), archive.catalogue

    def said_of(doc_type: str, dossier_type: str, packs: str, epoch: int) -> tuple[Edition, ...]:
        return schedule.editions(doc_type, dossier_type, json.loads(packs), epoch)

    def papers_in(dossier: str, packs: str) -> Iterator[BundledPaper]:
        return catalogue_sweep.bundled(catalogue, dossier, packs)

    spared = _spared(archive)
    papers = Retention(said_of, schedule.epochs, papers_in, _local_day, plan.day, spared)
    late = Deadlines(policy, calendar, plan.day)
    apart = catalogue_sweep.dossiers_apart(catalogue)
    total = catalogue_sweep.dossier_count(catalogue)
    for number, (folder, bundles) in enumerate(_folders(catalogue), start=1):
        if number % TOLD == 0:
            progress(number, total)
        plan.retention += papers.of(folder, bundles)
        if folder.is_open:
            known = folder.id in apart
            types = ",".join([types for *_, types in bundles])
            plan.deadlines += late.of(folder, papers_of(catalogue, folder.id) if known else types)
    plan.kept = dict(papers.counts)


def _folders(catalogue: Catalogue) -> Iterator[tuple[Folder, list[Bundle]]]:
    """Each dossier with its papers, from two streams in the order of the ids."""
    papers = catalogue_sweep.bundles(catalogue)
    bundle = next(papers, None)
    for row in catalogue_sweep.folders(catalogue):
        folder, mine = _folder(row), []
        while bundle is not None and bundle[0] <= folder.id:
            mine.append(bundle)
            bundle = next(papers, None)
        yield folder, mine


def _folder(row: tuple[Any, ...]) -> Folder:
    identifier, customer, kind, events, closed, keys, fields, class_, who = row
    happened = _events(events, closed)
    if closed is not None:
        return Folder(identifier, customer, kind, False, happened)
    told, own = partial(fields_told, fields, class_, who), partial(json.loads, keys)
    return Folder(identifier, customer, kind, True, happened, told, own)


@lru_cache(maxsize=10_000)
def _events(events: str, closed: str | None) -> Mapping[str, date]:
    return events_of(json.loads(events), closed)


def _local_day(filed: str) -> date:
    return local_moment(filed).date()


def _spared(archive: Archive) -> Spared:
    catalogue = archive.catalogue
    kept = catalogue.all_kept().items()
    return Spared(
        held=held_targets(archive),
        lent=catalogue_sweep.lent(catalogue, sorted(loan_life.OUT | disposal_checks.ASKED_FOR)),
        proposed=catalogue_sweep.in_disposals(catalogue, sorted(disposal_life.OPEN)),
        refused=catalogue_sweep.in_disposals(catalogue, ("refused", "withdrawn")),
        appraised={record: date.fromisoformat(day) for record, day in kept},
    )


def _endings(archive: Archive, policy: Policy, today: date) -> Any:
    notice = max((marking(policy, code).notice_days or 0 for code in policy.grades), default=0)
    until = (today + timedelta(days=notice)).isoformat()
    return expiring(policy, catalogue_sweep.ending(archive.catalogue, until), today)


def _overdue_loans(archive: Archive, today: date) -> Iterator[Line]:
    for row in catalogue_sweep.loans_out(archive.catalogue, today.isoformat()):
        if loan_book.is_overdue(archive, row, today):
            yield Line(row["id"], "remind", "overdue", loan_book.due_of(archive, row),
                       tuple(row["clauses"]), tuple(row["packs"]), row["customer"], row["dossier"],
                       row["form"])  # fmt: skip


def _inspections(
    archive: Archive, policy: Policy, calendar: Calendar, today: date
) -> Iterator[Line]:
    for row in routines.owed_now(archive, policy, calendar, today, of="inspection"):
        if row["state"] in ("open", "overdue"):
            due = date.fromisoformat(row["due"]) if row["due"] else None
            reason = "overdue" if row["overdue"] else "due"
            yield Line(row["routine"], "inspect", reason, due, (row["clause"],), (row["pack"],),
                       row["customer"] or "", row["dossier"] or "")  # fmt: skip


# ── what needs nobody ─────────────────────────────────────────────────────────


def carry_out(
    archive: Archive,
    policy: Policy,
    plan: Plan,
    now: datetime,
    person: Unlocked | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Swept:
    """Do of a plan what may be done without a decision, and record the sweep.

    `person`: somebody whose keys open what declassifies by itself; without one that waits.
    """
    archive.follow()
    last = last_day(archive)
    if last is not None and plan.day.isoformat() < last:
        return Swept(before=last)
    left_out: dict[str, tuple[str, ...]] = {}
    proposed = tuple(_propose(archive, policy, plan, now, left_out))
    declassified = _declassify(archive, policy, plan, now, person, progress)
    return replace(_recorded(archive, plan, now, proposed, declassified), left_out=left_out)


def _propose(
    archive: Archive, policy: Policy, plan: Plan, now: datetime,
    left_out: dict[str, tuple[str, ...]],
) -> Iterator[str]:  # fmt: skip
    """One proposal for each rule and so many records; what stands in the way is left out."""
    left = A_DAY - catalogue_sweep.proposed_on(archive.catalogue, plan.day.isoformat())
    by_rule: dict[tuple[str, ...], list[str]] = {}
    for line in plan.retention:
        if line.act == "dispose":
            by_rule.setdefault(line.clauses, []).append(line.id)
    for records in by_rule.values():
        for start in range(0, len(records), PROPOSED):
            if left <= 0:
                return
            some = records[start : start + min(PROPOSED, left)]
            made = disposals.propose(archive, policy, some, STATION, now, plan.day)
            left -= len(made.records)
            left_out |= {name: tuple(one.code for one in why)
                         for name, why in made.left_out.items()}  # fmt: skip
            if made.disposal is not None:
                yield made.disposal


def _declassify(
    archive: Archive, policy: Policy, plan: Plan, now: datetime, person: Unlocked | None,
    progress: Callable[[int], None],
) -> tuple[str, ...]:  # fmt: skip
    if person is None or not any(line.act == "declassify" for line in plan.declassify):
        return ()
    found = regrading.endings(archive, policy, person, plan.day)
    due = [ending for ending in found if ending.state == "due"]
    done = regrading.declassify_due(archive, policy, due, person, now, progress)
    return tuple(one.record for one in done)


def _recorded(
    archive: Archive, plan: Plan, now: datetime, proposed: tuple[str, ...],
    declassified: tuple[str, ...],
) -> Swept:  # fmt: skip
    """Reminders and the entry of the sweep, decided and appended under one lock."""
    month = plan.day.replace(day=1).isoformat()
    with archive.writing(now, STATION) as desk:
        granting.tidy(archive, now.astimezone().date())
        last = last_day(archive)
        if last is not None and plan.day.isoformat() < last:
            return Swept(0, proposed, declassified, before=last)
        urged = (
            (row["dossier"], date.fromisoformat(row["day"]), row["items"])
            for row in catalogue_sweep.urged_since(archive.catalogue, month)
        )
        late = plan.deadlines if archive.settings.sweep_reminds else []
        asked = not_urged_yet(late, urged, plan.day)
        customers = {line.dossier: line.customer for line in plan.deadlines}
        for number, (dossier, items) in enumerate(asked.items(), start=1):
            subject = {"customer": customers[dossier], "dossier": dossier}
            desk.say("remind", subject, day=plan.day.isoformat(), asked={dossier: items})
            if number % GROUP == 0:
                desk.append()
        entry = None
        if asked or proposed or declassified or last != plan.day.isoformat():
            counts = {name: len(lines) for name, lines in plan.lists.items()}
            counts |= {"reminded": len(asked), "proposed": len(proposed),
                       "declassified": len(declassified)}  # fmt: skip
            desk.say("sweep", {}, day=plan.day.isoformat(), counts=counts)
            entry = desk.append()[-1]
    archive.follow()
    return Swept(len(asked), proposed, declassified, entry)


# ── when it was swept last ────────────────────────────────────────────────────


def last_day(archive: Archive) -> str | None:
    """The ISO day of the latest sweep, or None. Needs a catalogue that is caught up."""
    row = catalogue_sweep.last_sweep(archive.catalogue)
    return row["day"] if row else None


def swept_until(archive: Archive) -> date | None:
    """The day up to which nothing waits for a sweep: that of the latest, else the day on which
    the archive was founded. None where it goes by no regulation."""
    if last := last_day(archive):
        return date.fromisoformat(last)
    first = catalogue_sweep.first_day(archive.catalogue)
    return local_moment(first).date() if first else None
