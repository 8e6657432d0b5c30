"""What loans show of violations: papers not back in time, and papers damaged or lost.

Owns the gathering, like `archivist.lapses` for dossiers; what it costs is joined to it in
`archivist.assessing`. Nobody makes an entry: the ids are made of the loan, the code and the day,
so that the same lapse is the same at every look and somebody can decide on it.

    L000001-overdue_loan-2026-03-20       the day after the papers were due
    L000001-lost_or_damaged-2026-03-25    the day they came back so, or were known to be lost

Rules it keeps:
- An overdue loan is the violation that the rules of the loan name (`overdue`); where they name
  none, being late has no name and is only told in the lists.
- It falls on the borrower: the role that the regulation calls so, else one that he holds.
- What was excused until a day is late from the day after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from archivist import loan_book
from archivist.lapses import Case
from archivist.regulations import roles_meant
from policies.penalties import Violation, liable

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy

BORROWER = "borrower"  # 借阅人, the role under which packs speak of whoever has papers on loan
DAMAGED = "lost_or_damaged"  # 遗失、毁损, as the packs' penalties call it
_DAY = timedelta(days=1)


def shown_by_loans(archive: Archive, policy: Policy, today: date) -> Iterator[Case]:
    """What loans show by themselves, loan by loan."""
    for row in archive.catalogue.loans():
        if row["issued"]:
            yield from _late(archive, policy, row, today)
            yield from _spoiled(archive, policy, row, today)


def _late(archive: Archive, policy: Policy, row: Row, today: date) -> Iterator[Case]:
    due, back = loan_book.due_of(archive, row), loan_book.back_on(row, today)
    if due is None or (back or today) <= due:
        return
    for code in loan_book.terms_of(archive, policy, row).overdue:
        yield from _case(archive, policy, row, code, due + _DAY, 1, corrected=back)


def _spoiled(archive: Archive, policy: Policy, row: Row, today: date) -> Iterator[Case]:
    back = loan_book.back_on(row, today)
    if back is None or row["condition"] in (None, "intact"):
        return
    pieces = len(row["lent"])
    if row["condition"] == "lost":
        count = pieces
    elif row["condition"] == "incomplete" and row["recounted"]:
        count = max(1, pieces - row["recounted"]["pieces"])
    else:
        count = 1
    yield from _case(archive, policy, row, DAMAGED, back, count)


def _case(
    archive: Archive,
    policy: Policy,
    row: Row,
    code: str,
    day: date,
    count: int,
    corrected: date | None = None,
) -> Iterator[Case]:
    dossier = archive.catalogue.dossier(row["dossier"])
    kind = policy.find_dossier_type(dossier["type"]) if dossier else None
    dossier_type = kind.id if kind else ""
    person = archive.catalogue.person(row["person"]) if row["person"] else None
    role = _role(policy, liable(policy, code, dossier_type), person)
    if role is None:
        return
    violation = Violation(
        code,
        role,
        day,
        person=row["person"] or "",
        department=(person["department"] if person else None) or "",
        subject=row["id"],
        count=count,
        dossier_type=dossier_type,
    )
    name = f"{row['id']}-{code}-{day.isoformat()}"
    yield Case(name, "computed", violation, row["customer"], row["dossier"], row["record"],
               corrected=corrected)  # fmt: skip


def _role(policy: Policy, fits: tuple[str, ...], person: Row | None) -> str | None:
    """In which role it falls on the borrower; None where no regulation lets it fall on him."""
    if BORROWER in fits:
        return BORROWER
    held = roles_meant(policy, person["roles"]) if person else frozenset()
    return next((role for role in fits if held & {role, *policy.who_is(role)}), None)
