"""The book of loans: what is lent, what it is due back, and what is late.

Owns the questions that lending, registers, violations and reports ask of loans alike. It changes
nothing.

Rules it keeps:
- A lent original is in one pair of hands. `borrow` and `take_out` move the paper; a loan of a
  dossier moves every record it named. What was lost is in nobody's hands and is not lent again.
- A loan is late from the day after it was due. Where the papers come back promptly after an event
  of the dossier, that day counts once the event is known; an excuse moves it, whoever granted it.
- As of another day, what happened after it has not happened.

    due_of(archive, row)                       # date(2026, 3, 19)
    originals_out(archive)                     # {"R00000001": "L000001"}
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from archivist import standing
from archivist.errors import NotKnown
from policies import lending, reach
from policies.loan_life import OUT

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy

ORIGINALS = ("borrow", "take_out")  # the forms that move the paper
TEMPORARY = "temporary"  # a purpose, and the kind of loan that rules for it speak of
LOST = "lost"
GRANTED = ("approved", *sorted(OUT), "returned", LOST)  # what a register of loans has a line for


def the_loan(archive: Archive, identifier: str) -> Row:
    """The row of a loan. Raises NotKnown."""
    row = archive.catalogue.loan(identifier)
    if row is None:
        raise NotKnown(
            f"没有编号为 {identifier} 的借阅",
            f"there is no loan {identifier}",
            "列出全部：archivist loan list",
            "list them: archivist loan list",
        )
    return row


def records_of(archive: Archive, row: Row) -> list[Row]:
    """The records that a loan is about: those its request named."""
    return [archive.record_or_stone(name) for name in sorted(row["lent"])]


def moves_paper(form: str) -> bool:
    """Whether a loan of this form takes the original out of its place."""
    return form in ORIGINALS


def originals_out(archive: Archive) -> dict[str, str]:
    """Record → the loan that has its original, or lost it."""
    return {
        record: row["id"]
        for row in archive.catalogue.loans()
        if row["state"] in (*OUT, LOST) and moves_paper(row["form"])
        for record in row["lent"]
    }


# ── terms ─────────────────────────────────────────────────────────────────────


def kind_of_loan(form: str, purpose: str) -> str:
    """How the rules of borrowing call it: by its form, or temporary."""
    return TEMPORARY if (form, purpose) == ("borrow", TEMPORARY) else form


def terms_for(
    policy: Policy, kind: str, relation: str, grades: Sequence[str], dossier_type: str
) -> lending.Terms:
    """What borrowing papers of these grades demands: everything, in the shortest time."""
    every = [
        lending.loan_terms(policy, kind, relation, grade, dossier_type)
        for grade in reach.distinct(grades) or (None,)
    ]

    def all_of(name: str) -> tuple[Any, ...]:
        return reach.distinct(word for terms in every for word in getattr(terms, name))

    return lending.Terms(
        **{
            name: all_of(name)
            for name in ("forbids", "demands", "fields", "days_from", "due_after", "excused_by",
                         "overdue", "clauses", "packs")
        },
        days=min((terms.days for terms in every if terms.days is not None), default=None),
        open=reach.once_each(question for terms in every for question in terms.open),
    )  # fmt: skip


def terms_of(archive: Archive, policy: Policy, row: Row) -> lending.Terms:
    """What the regulations in force demand of a loan that is there."""
    dossier = archive.the("dossier", row["dossier"])
    grades = [record["grade"] for record in records_of(archive, row)]
    kind = kind_of_loan(row["form"], row["purpose"])
    return terms_for(policy, kind, row["relation"], grades, dossier["type"])


# ── due, and late ─────────────────────────────────────────────────────────────


def due_of(archive: Archive, row: Row) -> date | None:
    """The day by which it must be back; None where nobody said one yet."""
    days = [date.fromisoformat(row["due"])] if row["due"] else []
    if after := row["due_after"]:
        days += _after_event(archive, row, after["events"], after["days"])
    due = min(days, default=None)
    if due is not None and row["excused"]:
        return max(due, date.fromisoformat(row["excused"]))
    return due


def _after_event(archive: Archive, row: Row, events: Sequence[str], days: int) -> list[date]:
    dossier = archive.catalogue.dossier(row["dossier"])
    known = dossier["events"] if dossier else {}
    issued = date.fromisoformat(row["issued"]) if row["issued"] else date.min
    # An event long past when the papers were lent cannot have ended the use they were lent for.
    return [
        max(date.fromisoformat(known[name]), issued) + timedelta(days=days)
        for name in events
        if name in known
    ]


def back_on(row: Row, today: date) -> date | None:
    """The day the papers were back or known to be lost, as far as it has come on `today`."""
    day = date.fromisoformat(row["returned"]) if row["returned"] else None
    return day if day is not None and day <= today else None


def is_overdue(archive: Archive, row: Row, today: date) -> bool:
    """Whether the borrower still has it after the day it was due."""
    return _is_late(row, due_of(archive, row), today)


def _is_late(row: Row, due: date | None, today: date) -> bool:
    if due is None or today <= due or not row["issued"] or row["issued"] > today.isoformat():
        return False
    return back_on(row, today) is None


# ── as it is told ─────────────────────────────────────────────────────────────


def reader_of(archive: Archive, row: Row) -> str | None:
    """Who borrows: a person here, or the name of somebody from outside, from its sealed card."""
    if row["person"] is not None:
        return str(row["person"])
    name: str | None = card_of(archive, row).get("name")
    return name


def card_of(archive: Archive, row: Row) -> dict[str, Any]:
    """What the request said in free words: `purpose`; of a reader from outside `name`, `unit`."""
    card = row["card"]
    return archive.read_card(card["name"], card["sha256"]) if card else {}


def plain(archive: Archive, row: Row, today: date) -> dict[str, Any]:
    """One loan as `--json` tells it."""
    due = due_of(archive, row)
    return {
        "loan": row["id"],
        "target": row["target"],
        "customer": row["customer"],
        "dossier": row["dossier"],
        "records": sorted(row["lent"]),
        "pages": sum(row["lent"].values()),
        "person": reader_of(archive, row),
        "external": row["person"] is None,
        "asked_by": row["asked_by"],
        "relation": row["relation"],
        "form": row["form"],
        "purpose_code": row["purpose"] or None,
        "state": row["state"],
        "requested": row["requested"],
        "until": row["until"],
        "steps": row["steps"],
        "waits_for": _waits_for(row),
        "approvals": row["approvals"],
        "issued": row["issued"],
        "issued_by": row["issued_by"],
        "due": due.isoformat() if due and row["issued"] else None,
        "excused": row["excused"],
        "overdue": _is_late(row, due, today),
        "recalled": row["recalled"],
        "returned": row["returned"],
        "condition": row["condition"],
        "clauses": row["clauses"],
        "packs": row["packs"],
    }


def _waits_for(row: Row) -> Any:
    """The step that nobody took yet."""
    if row["state"] not in ("requested", "renewing"):
        return None
    given = sum(one["round"] == row["round"] for one in row["approvals"])
    return row["steps"][given] if given < len(row["steps"]) else None


def listed(
    archive: Archive, today: date, person: str | None = None, overdue: bool = False
) -> list[dict[str, Any]]:
    """Every loan, or one person's, or those that are overdue; oldest first."""
    archive.follow()
    rows = (plain(archive, row, today) for row in archive.catalogue.loans())
    return [
        row for row in rows if person in (None, row["person"]) and (row["overdue"] or not overdue)
    ]


def requested_on(row: Row) -> date:
    """The local day of the request."""
    return standing.local_moment(row["requested"]).date()
