"""What each dossier still lacks, and by when: the checklists of the adopted regulations.

Reads the catalogue, asks the policy, adds nothing of its own. `today` decides what is
overdue, so that a plan for another day is the same question with another date. A row is one
thing an item lacks: the paper itself (`document`), or what somebody saw to be wrong with it.
"""

from datetime import date
from typing import Any

from archivist.archive import Archive
from archivist.regulations import department_id
from archivist.standing import customer_name, dossier_state, lack_row
from policies.calendar import Calendar
from policies.deadlines import awaited, missing
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

    `today` may be a moment: then what was due by a time of day earlier on it is overdue.
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
        kind = policy.find_dossier_type(row["type"])
        if kind is None:
            continue  # of a pack that is no longer adopted: nothing is required of it now
        state = dossier_state(archive.catalogue, row)
        lacks = missing(state, policy, calendar, today)
        name = customer_name(archive.catalogue, row["customer"]) if lacks else None
        for lack in lacks:
            waits = awaited(kind, lack.item, state.events, state.customer_fields, state.keys)
            found.append(
                {
                    "customer": row["customer"],
                    "customer_name": name,
                    "dossier": row["id"],
                    "dossier_type": row["type"],
                    **lack_row(lack),
                    "certain": lack.certain,
                    "waits_for": [] if lack.due or lack.kind == "expired" else list(waits),
                    "department": lack.department,
                }
            )
    if department is not None:
        wanted = department_id(policy, department)
        found = [row for row in found if row["department"] == wanted]
    if overdue:
        found = [row for row in found if row["overdue"]]
    return sorted(
        found, key=lambda row: (row["due"] or "9999", row["due_at"] or "24:00", row["dossier"])
    )
