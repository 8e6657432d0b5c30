"""Violations as they stand: those the archive itself shows, and those somebody recorded.

Owns the gathering. Three sources give the same `Case`:

    computed   a set came late, or is late and still open, by the penalty's own clock
    attested   a person saw that a paper lacks a signature, a field, a side
    recorded   a person said so: loss, a grievance, rudeness

Computed and attested ones are nobody's entry. Their id is made of what they concern, the code
and the day, so that it is the same at every look and somebody can decide on it. Each failed day
after an order to correct is a case of its own (`…+2026-03-09`).

Rules it keeps: who is meant is the person whom a key of the dossier names for that role; where
none does, only the department is known. What was dismissed counts for nothing. Amounts are
assessed from all cases of the month, so that a list narrowed to one person shows the same sums.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from archivist.archive import Archive
from archivist.records import Entry
from archivist.standing import dossier_state, local_moment
from index.catalogue import Row
from policies.calendar import Calendar
from policies.measures import asked_items, complete_on
from policies.pack_rows import DossierType, Item, Role
from policies.penalties import Assessment, Violation, assess, late, liable, uncorrected
from policies.penalty_law import penalties_of
from policies.policy import Policy
from policies.rule_rows import Penalty

OPEN, CONFIRMED, DISMISSED = "open", "confirmed", "dismissed"
ORDERED_EVENT = "correction_ordered"  # a dossier's event: all that is wrong with it was ordered so


@dataclass(frozen=True, slots=True)
class Case:
    """One violation with what is known and was decided of it.

    `corrected` is the day the fault was mended, `ordered` the day its correction was ordered;
    `decision` what was confirmed, by whom.
    """

    id: str
    source: str
    violation: Violation
    customer: str | None = None
    dossier: str | None = None
    record: str | None = None
    state: str = OPEN
    ordered: date | None = None
    corrected: date | None = None
    decision: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Assessed:
    """A case with what each penalty row makes of it; none for a dismissed one."""

    case: Case
    found: tuple[Assessment, ...] = ()

    @property
    def may_confirm(self) -> tuple[str, ...]:
        """The roles that confirm it."""
        return tuple(dict.fromkeys(role for one in self.found for role in one.confirmed_by))

    @property
    def penalised(self) -> bool:
        """Whether an adopted regulation penalises it and nothing about that is open."""
        return any(one.penalty for one in self.found) and not any(one.open for one in self.found)


def assessed(
    archive: Archive, policy: Policy, calendar: Calendar, today: date
) -> tuple[Assessed, ...]:
    """Every violation known on `today`, with its penalty, in order of date. Follow first."""
    cases = [case for case in _cases(archive, policy, calendar, today) if _by(case, today)]
    by_violation: dict[int, list[Assessment]] = {id(case.violation): [] for case in cases}
    for found in assess(policy, [c.violation for c in cases if c.state != DISMISSED]):
        by_violation[id(found.violation)].append(found)
    rows = (Assessed(case, tuple(by_violation[id(case.violation)])) for case in cases)
    return tuple(sorted(rows, key=lambda row: (row.case.violation.on, row.case.id)))


def _by(case: Case, today: date) -> bool:
    return case.violation.on <= today


def _cases(archive: Archive, policy: Policy, calendar: Calendar, today: date) -> Iterator[Case]:
    decided = {row["id"]: row for row in archive.catalogue.violations()}
    shown = [
        *_shown(archive, policy, calendar, today),
        *_recorded(archive, policy, decided.values()),
    ]
    for case in shown:
        row = decided.get(case.id)
        known = _decided(case, row) if row else case
        yield known
        for again in _again(policy, calendar, today, known):
            row = decided.get(again.id)
            yield _decided(again, row) if row else again


def _decided(case: Case, row: Row) -> Case:
    """What was ordered and decided, joined to what the archive shows of the case."""
    return replace(
        case,
        state=row["state"] if row["state"] in (CONFIRMED, DISMISSED) else OPEN,
        ordered=_day(row["ordered"]) or case.ordered,
        corrected=case.corrected or _day(row["corrected"]),
        decision=row["decision"],
    )


def _recorded(archive: Archive, policy: Policy, rows: Iterable[Row]) -> Iterator[Case]:
    for row in rows:
        if not row["id"].startswith("V"):
            continue  # a decision on what the archive shows by itself
        dossier = archive.catalogue.dossier(row["dossier"]) if row["dossier"] else None
        violation = Violation(
            code=row["code"],
            role=row["role"],
            on=date.fromisoformat(row["day"]),
            person=row["person"] or "",
            department=row["department"] or "",
            subject=row["record"] or row["dossier"] or "",
            item=row["item"],
            count=row["units"],
            dossier_type=dossier["type"] if dossier else "",
        )
        dossier_type = policy.find_dossier_type(dossier["type"]) if dossier else None
        if dossier and dossier_type and not violation.person:
            violation = _named(dossier_type, dossier, violation)
        yield Case(row["id"], "recorded", violation, row["customer"], row["dossier"], row["record"])


def _shown(archive: Archive, policy: Policy, calendar: Calendar, today: date) -> Iterator[Case]:
    """What the catalogue shows by itself, dossier by dossier."""
    for row in archive.catalogue.dossiers():
        dossier_type = policy.find_dossier_type(row["type"])
        if dossier_type is None:
            continue
        ordered = _day(row["events"].get(ORDERED_EVENT))
        for case in (
            *_late_sets(archive, policy, calendar, today, row, dossier_type),
            *_defects(archive, policy, row, dossier_type),
        ):
            # An order cannot be about what happened after it.
            known = ordered is not None and ordered >= case.violation.on
            yield replace(case, ordered=ordered) if known else case


def _late_sets(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    row: Row,
    dossier_type: DossierType,
) -> Iterator[Case]:
    state = dossier_state(archive.catalogue, row)
    filed = [paper for paper in state.papers if paper.filed <= today]
    there = complete_on(dossier_type, asked_items(dossier_type, state), filed)
    for found in late(policy, dossier_type.id, "", state.events, there, today, calendar):
        if _of_another_department(policy, dossier_type, found.role):
            continue
        violation = _named(dossier_type, row, replace(found, subject=row["id"]))
        due = found.on - timedelta(days=1)
        yield Case(
            _id(policy, row["id"], violation, due), "computed", violation,
            row["customer"], row["id"], corrected=there,
        )  # fmt: skip


# ── what people attested ──────────────────────────────────────────────────────


def _defects(
    archive: Archive, policy: Policy, row: Row, dossier_type: DossierType
) -> Iterator[Case]:
    """Faults that somebody saw on a paper: from the entry that says so to the one that unsays it.

    Read from the ledger, because the catalogue keeps only the newest word: a signature that was
    added later does not undo that it was missing.
    """
    catalogue = archive.catalogue
    for record in dict.fromkeys(word["record"] for word in catalogue.attested(row["id"])):
        paper = catalogue.record(record)
        items = [item for item in dossier_type.items if paper and paper["type"] in item.types]
        if not items:
            continue
        told = [entry for entry in archive.entries_of(record) if entry.act == "attest"]
        better = _replaced_on(catalogue.records(row["id"]), record, items[0])
        for code, role, since, until in _spans(policy, dossier_type, items[0], told):
            violation = Violation(
                code, role, since, subject=record, item=items[0].id, dossier_type=dossier_type.id
            )
            violation = _named(dossier_type, row, violation)
            yield Case(
                _id(policy, record, violation, since),
                "attested",
                violation,
                row["customer"],
                row["id"],
                record,
                corrected=until or better,
            )


def _replaced_on(records: Sequence[Row], record: str, item: Item) -> date | None:
    """The day another paper for the same item was filed after this one: it was done again."""
    later = [row for row in records if row["id"] > record and row["type"] in item.types]
    return local_moment(later[0]["filed"]).date() if later else None


def _spans(
    policy: Policy, dossier_type: DossierType, item: Item, told: Sequence[Entry]
) -> Iterator[tuple[str, str, date, date | None]]:
    """(code, role, first day, day it was mended) of each fault, in the order of the entries."""
    wanting: dict[str, bool] = {}
    begun: dict[tuple[str, str], date] = {}
    for entry in told:
        day = local_moment(entry.time).date()
        wanting.update(_said(item, entry.fields))
        now = {
            key
            for fault, holds in wanting.items()
            if holds
            for key in _codes(policy, dossier_type, fault)
        }
        for key in [key for key in begun if key not in now]:
            yield (*key, begun.pop(key), day)
        for key in now:
            begun.setdefault(key, day)
    for key, since in begun.items():
        yield (*key, since, None)


def _said(item: Item, fields: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """What one attestation says of each demand: the fault, and whether it is there.

    Only what the item demands can be a fault: nobody is fined for a signature nobody asked for.
    """
    for who in item.signed_by:
        if who in fields.get("unsigned", ()):
            yield f"signature:{who}", True
        elif who in fields.get("signed", ()):
            yield f"signature:{who}", False
    for name in (*item.fields, *item.verify):
        if name in fields.get("lacking_fields", ()):
            yield f"field:{name}", True
        elif name in fields.get("fields", ()):
            yield f"field:{name}", False
    if "copy" in fields and item.copy != "either":
        yield "copy", fields["copy"] != item.copy
    if "sides" in fields:
        yield "sides", int(fields["sides"]) < item.sides


def _codes(policy: Policy, dossier_type: DossierType, fault: str) -> list[tuple[str, str]]:
    """(code, role) of the penalties for a fault: rows that name it, else rows for its kind."""
    rows = [
        cited.row
        for cited in policy.rows(Penalty)
        if dossier_type.id in (cited.row.dossier_types or (dossier_type.id,))
    ]
    exact = [row for row in rows if fault in row.lacks]
    chosen = exact or [row for row in rows if fault.partition(":")[0] in row.lacks]
    return [
        (row.on, role)
        for row in chosen
        for role in row.who
        if not _of_another_department(policy, dossier_type, role)
    ]


# ── who, and again ────────────────────────────────────────────────────────────


def _named(dossier_type: DossierType, row: Row, violation: Violation) -> Violation:
    """The violation with the person whom the dossier's own key names for the role."""
    keys = [key.id for key in dossier_type.keys if key.role == violation.role]
    person = next((row["keys"][key] for key in keys if row["keys"].get(key)), "")
    return replace(violation, person=person, department=dossier_type.department)


def _of_another_department(policy: Policy, dossier_type: DossierType, role: str) -> bool:
    """Whether a role belongs to a department that does not owe these papers."""
    homes = {c.row.department for c in policy.rows(Role) if c.row.id == role and c.row.department}
    return bool(homes) and dossier_type.department not in homes


def _again(policy: Policy, calendar: Calendar, today: date, case: Case) -> Iterator[Case]:
    """The same fault on each failed day after its correction was ordered (S001-3-R29)."""
    if case.ordered is None or case.state == DISMISSED:
        return
    repeats = uncorrected(policy, case.violation, case.ordered, case.corrected, today, calendar)
    for violation in repeats:
        yield replace(
            case,
            id=f"{case.id}+{violation.on.isoformat()}",
            source="computed",
            violation=violation,
            state=OPEN,
            ordered=None,
            corrected=case.corrected,
            decision=None,
        )


def _id(policy: Policy, subject: str, violation: Violation, day: date) -> str:
    roles = liable(policy, violation.code, violation.dossier_type)
    role = f"-{violation.role}" if len(roles) > 1 else ""
    return f"{subject}-{violation.code}{role}-{day.isoformat()}"


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


# ── rows ──────────────────────────────────────────────────────────────────────


def plain(policy: Policy, row: Assessed) -> dict[str, Any]:
    """One violation as `--json` and the reports tell it. Amounts in yuan."""
    case, found = row.case, row.found
    violation = case.violation
    title = _title(policy, violation, found)
    cuts = [one.pay_cut for one in found if one.pay_cut]
    return {
        "violation": case.id,
        "code": violation.code,
        "title": title[0],
        "title_en": title[1],
        "source": case.source,
        "state": case.state,
        "on": violation.on.isoformat(),
        "person": violation.person or None,
        "role": violation.role or None,
        "department": violation.department or None,
        "customer": case.customer,
        "dossier": case.dossier,
        "record": case.record,
        "item": violation.item or None,
        "count": violation.count,
        "repeat": violation.repeat,
        "amount": sum(one.amount for one in found),
        "amount_to": sum(one.amount_to for one in found),
        "multiplier": max((one.multiplier for one in found), default=1),
        "nth": max((one.nth for one in found), default=0),
        "absorbed": bool(found) and all(one.absorbed for one in found),
        "points": sum(one.points for one in found),
        "month_pay": any(one.month_pay for one in found),
        "pay_cut_percent": list(cuts[0]) if cuts else None,
        "notice": any(one.notice for one in found),
        "sanction": next((one.sanction for one in found if one.sanction), None),
        "transfers_customer": any(one.transfers_customer for one in found),
        "may_confirm": list(row.may_confirm),
        "ordered": case.ordered.isoformat() if case.ordered else None,
        "corrected": case.corrected.isoformat() if case.corrected else None,
        "decision": dict(case.decision) if case.decision else None,
        "open": [
            {"setting": q.setting, "zh": q.zh, "en": q.en, "clauses": list(q.clauses)}
            for one in found
            for q in one.open
        ],
        "clauses": list(dict.fromkeys(clause for one in found for clause in one.clauses)),
        "packs": list(dict.fromkeys(pack for one in found for pack in one.packs)),
    }


def _title(policy: Policy, violation: Violation, found: Sequence[Assessment]) -> tuple[str, str]:
    rows = [one.penalty.row for one in found if one.penalty]
    if not rows:
        speaking, _ = penalties_of(policy, violation.code, violation.role, violation.dossier_type)
        rows = [cited.row for cited in speaking]
    return (rows[0].zh, rows[0].en) if rows else (violation.code, violation.code)
