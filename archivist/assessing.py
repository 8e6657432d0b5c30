"""Violations assessed: every case with what the regulations make of it, ready to be told.

Joins what the archive shows (`archivist.lapses`), what people recorded and what was decided, and
asks `policies.penalties` what it costs.

Rules it keeps: what was dismissed counts for nothing. Amounts are assessed from all cases of the
month, so that a list narrowed to one person shows the same sums. Each failed day after an order
to correct is a case of its own (`…+2026-03-09`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from archivist import records
from archivist.lapses import CONFIRMED, DISMISSED, OPEN, Case, iso_day, named, shown
from archivist.loan_lapses import shown_by_loans
from policies.penalties import Assessment, Violation, assess, uncorrected
from policies.penalty_law import penalties_of

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.calendar import Calendar
    from policies.policy import Policy


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
    gathered = _cases(archive, policy, calendar, today)
    cases = [case for case in gathered if case.violation.on <= today]
    by_violation: dict[int, list[Assessment]] = {id(case.violation): [] for case in cases}
    for found in assess(policy, [c.violation for c in cases if c.state != DISMISSED]):
        by_violation[id(found.violation)].append(found)
    rows = (Assessed(case, tuple(by_violation[id(case.violation)])) for case in cases)
    return tuple(sorted(rows, key=lambda row: (row.case.violation.on, row.case.id)))


def _cases(archive: Archive, policy: Policy, calendar: Calendar, today: date) -> Iterator[Case]:
    decided = {row["id"]: row for row in archive.catalogue.violations()}
    gathered = [
        *shown(archive, policy, calendar, today),
        *shown_by_loans(archive, policy, today),
        *_recorded(archive, policy, decided.values()),
    ]
    told = set()
    for case in gathered:
        row = decided.get(case.id)
        known = _decided(case, row) if row else case
        for one in (known, *_again(policy, calendar, today, known)):
            row = decided.get(one.id)
            told.add(one.id)
            yield _decided(one, row) if row else one
    for name, row in decided.items():
        # Decided, and no longer to be seen because a date was put right since: it stays told.
        if name not in told and row["state"] in (CONFIRMED, DISMISSED):
            yield _decided(_case_of(archive, policy, row, "computed"), row)


def _decided(case: Case, row: Row) -> Case:
    """What was ordered and decided, joined to what the archive shows of the case."""
    return replace(
        case,
        state=row["state"] if row["state"] in (CONFIRMED, DISMISSED) else OPEN,
        ordered=iso_day(row["ordered"]) or case.ordered,
        corrected=case.corrected or iso_day(row["corrected"]),
        decision=row["decision"],
    )


def _recorded(archive: Archive, policy: Policy, rows: Iterable[Row]) -> Iterator[Case]:
    for row in rows:
        if records.kind_of(row["id"]) == "violation":
            yield _case_of(archive, policy, row, "recorded")


def _case_of(archive: Archive, policy: Policy, row: Row, source: str) -> Case:
    """A case as the ledger tells it, for one that nothing else shows."""
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
        violation = named(dossier_type, dossier, violation)
    return Case(row["id"], source, violation, row["customer"], row["dossier"], row["record"])


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
