"""What each dossier still lacks, and by when: the checklists of the adopted regulations.

Reads the catalogue, asks the policy, adds nothing of its own. `today` decides what is
overdue, so that a plan for another day is the same question with another date. A row is one
thing an item lacks: the paper itself (`document`), or what somebody saw to be wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from archivist.regulations import department_id
from archivist.standing import (
    customer_fields,
    customer_name,
    dossier_state,
    lack_row,
    papers_of,
)
from index import catalogue_sweep
from policies.deadlines import DossierState, Lack
from policies.many import ManyDossiers

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Catalogue, Row
    from policies.calendar import Calendar
    from policies.checklist import Paper
    from policies.pack_rows import DossierType
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
        standing = _all_open(archive.catalogue)
    else:
        rows = (
            [archive.the("dossier", dossier)] if dossier else archive.catalogue.dossiers(customer)
        )
        standing = _open_among(archive.catalogue, rows, customer)
    many, kind_of = ManyDossiers(calendar, today, _lack_told), cache(policy.find_dossier_type)
    found = [
        one.row(told)
        for one in standing
        # A pack that is no longer adopted requires nothing now.
        if (kind := kind_of(one.state.type)) is not None
        for told in many.of(kind, one.state, one.papers, one.alike(kind))
    ]
    if department is not None:
        wanted = department_id(policy, department)
        found = [row for row in found if row["department"] == wanted]
    if overdue:
        found = [row for row in found if row["overdue"]]
    return sorted(
        found, key=lambda row: (row["due"] or "9999", row["due_at"] or "24:00", row["dossier"])
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """An open dossier, without its papers; `types` are theirs, joined, None where more than that
    is known of them."""

    id: str
    customer: str
    customer_name: str | None
    state: DossierState
    papers: Callable[[], Sequence[Paper]]
    types: str | None = None

    def row(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A row of the contract: whose it is, and what lacks."""
        return {
            "customer": self.customer,
            "customer_name": self.customer_name,
            "dossier": self.id,
            "dossier_type": self.state.type,
            **told,
        }

    def alike(self, kind: DossierType) -> str | None:
        """What a checklist sees of the papers: their types, unless more is known of them, or the
        year in which they were filed counts."""
        return None if any(item.expires for item in kind.items) else self.types


def _all_open(catalogue: Catalogue) -> Iterator[_Standing]:
    """Every open dossier in one pass, however many there are."""
    for row in catalogue_sweep.open_dossiers(catalogue):
        dossier, customer, kind, events, keys, name, fields, class_, who, types, apart = row
        told = _fields(fields, class_, who) if fields else {}
        state = DossierState(kind, frozenset(), _events(events), told, json.loads(keys))
        papers = partial(papers_of, catalogue, dossier)
        yield _Standing(dossier, customer, name, state, papers, None if apart else types or "")


def _open_among(
    catalogue: Catalogue, rows: Iterable[Row], customer: str | None
) -> Iterator[_Standing]:
    for row in rows:
        if row["closed"] is None and customer in (None, row["customer"]):
            state = dossier_state(catalogue, row)
            name = customer_name(catalogue, row["customer"])
            papers = partial(getattr, state, "papers")
            yield _Standing(row["id"], row["customer"], name, state, papers)


@lru_cache(maxsize=10_000)
def _events(events: str) -> Mapping[str, date]:
    return {name: date.fromisoformat(day) for name, day in json.loads(events).items()}


@lru_cache(maxsize=1_000)
def _fields(fields: str, class_: str | None, kind: str | None) -> Mapping[str, str]:
    return customer_fields({"fields": json.loads(fields), "class": class_, "kind": kind})


def _lack_told(lack: Lack, waits: Sequence[str]) -> dict[str, Any]:
    """What a row says of a lack, whoever's it is."""
    return {
        **lack_row(lack),
        "certain": lack.certain,
        "waits_for": [] if lack.due or lack.kind == "expired" else list(waits),
        "department": lack.department,
    }
