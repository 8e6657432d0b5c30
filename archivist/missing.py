"""What each dossier still lacks, and by when: the checklists of the adopted regulations.

Reads the catalogue, asks the policy, adds nothing of its own. `today` decides what is
overdue, so that a plan for another day is the same question with another date. A row is one
thing an item lacks: the paper itself (`document`), or what somebody saw to be wrong with it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache, partial
from typing import Any

from archivist.archive import Archive
from archivist.regulations import department_id
from archivist.standing import (
    customer_name,
    dossier_state,
    fields_told,
    lack_row,
    papers_of,
)
from index import catalogue_sweep
from index.catalogue import Catalogue, Row
from policies.calendar import Calendar
from policies.checklist import Paper
from policies.deadlines import Lack
from policies.many import Folder, ManyDossiers
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
    if dossier is None and customer is None:
        standing = _all_open(archive.catalogue, policy)
    else:
        rows = (
            [archive.the("dossier", dossier)] if dossier else archive.catalogue.dossiers(customer)
        )
        standing = _open_among(archive.catalogue, rows, customer)
    many, kind_of = ManyDossiers(calendar, today, _lack_told), cache(policy.find_dossier_type)
    found = []
    for folder, name, papers in standing:
        # A pack that is no longer adopted requires nothing now.
        if (kind := kind_of(folder.type)) is None:
            continue
        whose = {"customer": folder.customer, "customer_name": name, "dossier": folder.id,
                 "dossier_type": folder.type}  # fmt: skip
        found += [{**whose, **told} for told in many.of(kind, folder, papers)]
    if department is not None:
        wanted = department_id(policy, department)
        found = [row for row in found if row["department"] == wanted]
    if overdue:
        found = [row for row in found if row["overdue"]]
    return sorted(
        found, key=lambda row: (row["due"] or "9999", row["due_at"] or "24:00", row["dossier"])
    )


# An open dossier, the customer's name, and its papers: their types where no more counts of them.
_Standing = tuple[Folder, str | None, str | Sequence[Paper]]


def _all_open(catalogue: Catalogue, policy: Policy) -> Iterator[_Standing]:
    """Every open dossier in one pass, however many there are."""
    yearly = {kind.id for kind in policy.dossier_types.values()
              if any(item.expires for item in kind.items)}  # fmt: skip
    for row in catalogue_sweep.open_dossiers(catalogue):
        dossier, customer, kind, events, keys, name, fields, class_, who, types, apart = row
        told = partial(fields_told, fields, class_, who)
        own, happened = partial(json.loads, keys), _events(events)
        folder = Folder(dossier, customer, kind, True, happened, told, own)
        by_types = not apart and kind not in yearly
        yield folder, name, (types or "") if by_types else papers_of(catalogue, dossier)


def _open_among(
    catalogue: Catalogue, rows: Iterable[Row], customer: str | None
) -> Iterator[_Standing]:
    for row in rows:
        if row["closed"] is None and customer in (None, row["customer"]):
            state = dossier_state(catalogue, row)
            told, own = partial(getattr, state, "customer_fields"), partial(getattr, state, "keys")
            folder = Folder(row["id"], row["customer"], state.type, True, state.events, told, own)
            yield folder, customer_name(catalogue, row["customer"]), state.papers


@lru_cache(maxsize=10_000)
def _events(events: str) -> Mapping[str, date]:
    return {name: date.fromisoformat(day) for name, day in json.loads(events).items()}


def _lack_told(lack: Lack, waits: Sequence[str]) -> dict[str, Any]:
    """What a row says of a lack, whoever's it is."""
    return {
        **lack_row(lack),
        "certain": lack.certain,
        "waits_for": [] if lack.due or lack.kind == "expired" else list(waits),
        "department": lack.department,
    }
