"""What each dossier still lacks, and by when: the checklists of the adopted regulations.

Reads the catalogue, asks the policy, adds nothing of its own. `today` decides what is
overdue, so that a plan for another day is the same question with another date.
"""

from datetime import date
from typing import Any

from archivist.archive import Archive
from archivist.errors import NotKnown
from index.catalogue import Catalogue, Row
from policies.calendar import Calendar
from policies.deadlines import DossierState, missing
from policies.policy import Policy


def missing_items(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    customer: str | None = None,
    dossier: str | None = None,
    department: str | None = None,
    overdue: bool = False,
) -> list[dict[str, Any]]:
    """The rows of the contract, most urgent first; those without a due date last.

    `department` is an id or a name. Raises NotKnown for a customer, dossier or department
    that does not exist.
    """
    archive.follow()
    if customer is not None:
        archive.the("customer", customer)
    rows = [archive.the("dossier", dossier)] if dossier else archive.catalogue.dossiers(customer)
    found: list[dict[str, Any]] = []
    for row in rows:
        if row["closed"] is not None or (customer and row["customer"] != customer):
            continue
        if policy.find_dossier_type(row["type"]) is None:
            continue  # of a pack that is no longer adopted: nothing is required of it now
        for lack in missing(_state(archive.catalogue, row), policy, calendar, today):
            found.append(
                {
                    "customer": row["customer"],
                    "dossier": row["id"],
                    "dossier_type": row["type"],
                    "item": lack.item,
                    "title": lack.title,
                    "title_en": lack.title_en,
                    "due": lack.due.isoformat() if lack.due else None,
                    "overdue": lack.overdue,
                    "department": lack.department,
                    "clause": lack.clause,
                    "due_clause": lack.due_clause,
                }
            )
    if department is not None:
        wanted = _department(policy, department)
        found = [row for row in found if row["department"] == wanted]
    if overdue:
        found = [row for row in found if row["overdue"]]
    return sorted(found, key=lambda row: (row["due"] or "9999", row["dossier"]))


def _department(policy: Policy, name: str) -> str:
    for identifier, row in policy.departments.items():
        if name in (identifier, row.zh, row.en):
            return identifier
    known = ", ".join(policy.departments)
    raise NotKnown(
        f"没有部门 {name}",
        f"there is no department {name}",
        f"可用：{known}",
        f"there are: {known}",
    )


def _state(catalogue: Catalogue, row: Row) -> DossierState:
    owner = catalogue.customer(row["customer"])
    return DossierState(
        type=row["type"],
        have=frozenset(catalogue.types_filed(row["id"])),
        events={name: date.fromisoformat(day) for name, day in row["events"].items()},
        customer_fields=owner["fields"] if owner else {},
        keys=row["keys"],
    )
