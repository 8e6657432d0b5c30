"""What the archive itself shows of violations: late sets, undone work, attested defects.

Owns the gathering, dossier by dossier; what it costs and what was decided is joined to it in
`archivist.assessing`. A `Case` comes from one of three sources:

    computed   a set came late or is late and still open, by the penalty's own clock; a form that
               is owed again and again, or by a day, was not handed in; reminders were in vain
    attested   a person saw that a paper lacks a signature, a field, a side
    recorded   a person said so: loss, a grievance, rudeness

The first two are nobody's entry. Their id is made of what they concern, the code and the day, so
that it is the same at every look and somebody can decide on it.

Rule it keeps: who is meant is the person whom a key of the dossier names for that role; where
none does, only the department is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from archivist.late_forms import OwedForm, named_late, owed_forms
from archivist.standing import dossier_state, local_moment
from policies import conduct_rows, deadlines
from policies.measures import (
    asked_items,
    complete_on,
    measures,
    months_in_vain,
    reminders_needed,
)
from policies.pack_rows import DossierType, Item, Role
from policies.penalties import Violation, late, liable

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.records import Entry
    from index.catalogue import Row
    from policies.calendar import Calendar
    from policies.policy import Cited, Policy
    from policies.rule_rows import Routine

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


def shown(archive: Archive, policy: Policy, calendar: Calendar, today: date) -> Iterator[Case]:
    """What the catalogue shows by itself, dossier by dossier."""
    routines = named_late(policy)
    for row in archive.catalogue.dossiers():
        dossier_type = policy.find_dossier_type(row["type"])
        if dossier_type is None:
            continue
        ordered = iso_day(row["events"].get(ORDERED_EVENT))
        for case in (
            *_late_sets(archive, policy, calendar, today, row, dossier_type),
            *(
                case
                for form, case in form_lapses(archive, policy, calendar, today, row, routines)
                if form.late
            ),
            *_urged_in_vain(archive, policy, calendar, today, row, dossier_type),
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
        violation = named(dossier_type, row, replace(found, subject=row["id"]))
        due = found.on - timedelta(days=1)
        yield Case(
            _id(policy, row["id"], violation, due), "computed", violation,
            row["customer"], row["id"], corrected=there,
        )  # fmt: skip


def form_lapses(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    row: Row,
    routines: Sequence[Cited[Routine]],
    until: date | None = None,
) -> list[tuple[OwedForm, Case]]:
    """Every form that a dossier owes by `until`, with the violation that it is when late.

    One form that two rules want by one day is owed once, and late when either says so.
    """
    dossier_type = policy.dossier_type(row["type"])
    found: dict[str, tuple[OwedForm, Case]] = {}
    for form in owed_forms(archive, policy, calendar, today, row, routines, until):
        for role in liable(policy, form.code, dossier_type.id):
            if _of_another_department(policy, dossier_type, role):
                continue
            violation = Violation(
                form.code, role, form.on, subject=row["id"], dossier_type=dossier_type.id
            )
            violation = named(dossier_type, row, violation)
            name = _id(policy, row["id"], violation, form.due)
            if form.late or name not in found:
                found[name] = (
                    form,
                    Case(name, "computed", violation, row["customer"], row["id"],
                         corrected=form.done),
                )  # fmt: skip
    return list(found.values())


def _urged_in_vain(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    row: Row,
    dossier_type: DossierType,
) -> Iterator[Case]:
    """Papers not handed in at a month's end in spite of reminders (S001-14-R18)."""
    urged = [r for r in archive.catalogue.reminders(row["id"]) if r["day"] <= today.isoformat()]
    rows = [c.row for c in measures(policy, "registration", dossier_type.id) if c.row.violation]
    if not urged or not rows:
        return
    state = dossier_state(archive.catalogue, row)
    asked = asked_items(dossier_type, state)
    there = complete_on(dossier_type, asked, [p for p in state.papers if p.filed <= today])
    dues = [
        deadlines.due_of(
            dossier_type, item, state.events, calendar, state.customer_fields, state.keys
        )
        for item in asked
    ]
    due = min(filter(None, dues), key=lambda one: one.moment, default=None)
    closed = iso_day(row["closed"])
    until = min(today, closed - timedelta(days=1)) if closed else today
    days = {r["idx"]: date.fromisoformat(r["day"]) for r in urged if asked & set(r["items"])}
    for measure in rows:
        least = reminders_needed(policy, measure)
        for end in months_in_vain(days.values(), there, until, least, due):
            for role in liable(policy, measure.violation, dossier_type.id):
                violation = Violation(
                    measure.violation, role, end, subject=row["id"], dossier_type=dossier_type.id
                )
                violation = named(dossier_type, row, violation)
                # Where no key says whose it is, it is whoever was urged last.
                last = [r["person"] for r in urged if r["day"] <= end.isoformat() and r["person"]]
                if last and not violation.person:
                    violation = replace(violation, person=last[-1])
                name = _id(policy, row["id"], violation, end)
                yield Case(name, "computed", violation, row["customer"], row["id"], corrected=there)


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
            violation = named(dossier_type, row, violation)
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
        for cited in policy.rows(conduct_rows.Penalty)
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


# ── who, and which ────────────────────────────────────────────────────────────


def named(dossier_type: DossierType, row: Row, violation: Violation) -> Violation:
    """The violation with the person whom the dossier's own key names for the role."""
    keys = [key.id for key in dossier_type.keys if key.role == violation.role]
    person = next((row["keys"][key] for key in keys if row["keys"].get(key)), "")
    return replace(violation, person=person, department=dossier_type.department)


def _of_another_department(policy: Policy, dossier_type: DossierType, role: str) -> bool:
    """Whether a role belongs to a department that does not owe these papers."""
    homes = {c.row.department for c in policy.rows(Role) if c.row.id == role and c.row.department}
    return bool(homes) and dossier_type.department not in homes


def _id(policy: Policy, subject: str, violation: Violation, day: date) -> str:
    roles = liable(policy, violation.code, violation.dossier_type)
    role = f"-{violation.role}" if len(roles) > 1 else ""
    return f"{subject}-{violation.code}{role}-{day.isoformat()}"


def iso_day(written: str | None) -> date | None:
    """A day as the catalogue writes it, or None."""
    return date.fromisoformat(written) if written else None
