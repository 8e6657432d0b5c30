"""Copies of papers (复印件): numbered, registered, due back and destroyed like originals.

Owns the step `destroy-copy` of the ledger act `loan`, and the register of copies. A loan of the
form `copy` is issued with the number of copies made; each has a number of its own, `L000001-2`,
stands in the register until it is destroyed, and comes back with the loan (S001-4-R20).

Rules it keeps:
- A copy that came back is destroyed by somebody who keeps the papers, before a witness who is
  somebody else, and neither of them had it on loan. Both are named in the ledger.
- What is destroyed stays in the register, with the day and both names. A copy is destroyed once.
- Copies that were not returned with their loan are lost with it; they are not destroyed.

    destroy(archive, policy, "L000001-2", "shred", "zhao", "li", now, today)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist import loan_desk, loan_gate
from archivist.errors import BadRequest, NotAllowed
from archivist.loan_book import due_of, reader_of, the_loan
from policies.loan_life import OUT

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy

METHODS = {"shred": "碎纸", "pulp": "化浆", "burn": "焚毁"}
STATES = {"out": "在外", "back": "已收回", "destroyed": "已销毁", "lost": "遗失"}


def registered(archive: Archive, out: bool = False) -> list[dict[str, Any]]:
    """Every copy that was made, or only those not yet back, oldest first."""
    archive.follow()
    rows = (one for loan in archive.catalogue.loans() for one in copies_of(archive, loan))
    return [row for row in rows if row["state"] == "out" or not out]


def copies_of(archive: Archive, loan: Row) -> Iterator[dict[str, Any]]:
    """The copies made for one loan, in the order of their numbers."""
    due = due_of(archive, loan) if loan["issued"] else None
    gone = loan["copies_destroyed"] or {}
    for number in range(1, (loan["copies"] or 0) + 1):
        ended = gone.get(str(number), {})
        yield {
            "copy": f"{loan['id']}-{number}",
            "loan": loan["id"],
            "target": loan["target"],
            "records": sorted(loan["lent"]),
            "person": reader_of(archive, loan),
            "made": loan["issued"],
            "made_by": loan["issued_by"],
            "approved_by": [one["person"] for one in loan["approvals"]],
            "due": due.isoformat() if due else None,
            "returned": loan["returned"],
            "state": "destroyed" if ended else _state(loan),
            "destroyed": ended.get("on"),
            "destroyed_by": ended.get("who"),
            "witness": ended.get("witness"),
            "method": ended.get("method"),
        }


def _state(loan: Row) -> str:
    if loan["state"] in OUT:
        return "out"
    return "lost" if loan["state"] == "lost" else "back"


def destroy(
    archive: Archive,
    policy: Policy,
    copy: str,
    method: str,
    witness: str,
    custodian: str,
    now: datetime,
    today: date,
) -> dict[str, Any]:
    """Record that a copy was destroyed before a witness; returns its line of the register.

    Raises BadRequest (no such copy, not back, destroyed already), NotKnown, NotAllowed (no
    custodian, the witness is the same person or had it on loan, left), Denied.
    """
    archive.follow()
    loan, _, number = copy.partition("-")
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(
        archive, now, custodian, "destroy-copy", loan_desk.subject_of(row)
    ) as desk:
        row = the_loan(archive, loan)
        line = next((one for one in copies_of(archive, row) if one["copy"] == copy), None)
        if line is None:
            raise BadRequest(
                f"没有编号为 {copy} 的复印件", f"there is no copy {copy}",
                "列出全部：archivist loan copies", "list them: archivist loan copies",
            )  # fmt: skip
        if line["state"] != "back":
            raise BadRequest(
                f"{copy} {STATES[line['state']]}，不能登记销毁",
                f"{copy} is {line['state']}: only what came back is destroyed",
                "先收回：archivist loan return", "take it back first: archivist loan return",
            )  # fmt: skip
        loan_gate.check_custodian(archive, policy, row, custodian)
        archive.active(witness)
        if witness in (custodian, row["person"], row["asked_by"]):
            raise NotAllowed(
                "监销人须为另一人，且不是借阅人",
                "the witness is another person, and not the borrower",
            )
        desk.say("loan", loan_desk.subject_of(row), step="destroy-copy", state=row["state"],
                 copy=int(number), method=method, witness=witness,
                 on=today.isoformat())  # fmt: skip
        desk.append()
    archive.follow()
    return next(one for one in copies_of(archive, the_loan(archive, loan)) if one["copy"] == copy)
