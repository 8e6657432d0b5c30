"""Approvals of loans as proofs: what a loan asks to be approved, and a ledger's approvals verified.

Owns what approvals of loans are given for; the statement itself and its check are
`archivist.step_proofs`, with `loan-approval` as its `act` and the loan's id under `loan`.

Rules it keeps: an approval counts for this loan, this request, this step, in order, until it
expires. The key is the one that the ledger names for the person.

    problems(entry.fields, asked, 1, keys, archive_id, now)      # ()
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist import records, statements, step_proofs
from archivist.step_proofs import Asked, Kind

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from storage.people import Unlocked

__all__ = ["EXCUSE", "LOAN", "Asked", "asked_for", "given", "problems", "signed_approval", "verify"]

LOAN = Kind("loan-approval", "loan")
EXCUSE = "loan-excuse"


def asked_for(archive: Archive, row: Row) -> Asked:
    """What is to be approved now, read from the ledger and not from its shadow."""
    ((index, raw),) = archive.ledger.entries(row["round"], row["round"] + 1)
    entry = records.Entry.parse(index, raw)
    return Asked(row["id"], index, statements.digest_of(raw), entry.fields["steps"])


def signed_approval(
    archive_id: str, asked: Asked, number: int, person: Unlocked, now: datetime, days: int
) -> dict[str, Any]:
    """The fields of an approving entry: statement, key and signature of one step."""
    return step_proofs.signed_approval(LOAN, archive_id, asked, number, person, now, days)


def problems(
    fields: Mapping[str, Any],
    asked: Asked,
    number: int,
    keys: Mapping[str, str],
    archive_id: str,
    now: str | None,
) -> tuple[str, ...]:
    """Why an approving entry does not prove step `number`; empty when it does."""
    return step_proofs.problems(LOAN, fields, asked, number, keys, archive_id, now)


def given(archive: Archive, row: Row) -> list[records.Entry]:
    """The approving entries of what is asked now, in the ledger's order."""
    return [
        entry
        for entry in archive.entries_of(row["id"])
        if entry.act == "loan" and entry.fields["step"] == "approve" and entry.index > row["round"]
    ]


def verify(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each approval in a ledger read from its beginning, with its problems.

    Needs nothing beside the entries. Whether one had expired is judged at the moment it was used:
    an `issue` (or a renewal's last approval) after the time it says is told as `expired` there.
    """
    archive_id = ""
    keys: dict[str, str] = {}
    asked: dict[str, Asked] = {}
    taken: dict[str, list[str]] = {}
    for index, raw in entries:
        entry = records.Entry.parse(index, raw)
        if entry.act == "init":
            archive_id = entry.subject["archive"]
        elif entry.act == "person" and "key" in entry.fields:
            keys[entry.subject["person"]] = entry.fields["key"]
        elif entry.act == "loan":
            loan, step = entry.subject["loan"], entry.fields["step"]
            if step in ("request", "renew"):
                asked[loan] = Asked(loan, index, statements.digest_of(raw), entry.fields["steps"])
                taken[loan] = []
            elif step in ("approve", "issue") and loan not in asked:
                yield index, ("malformed",)
            elif step == "approve":
                number = len(taken[loan]) + 1
                found = problems(entry.fields, asked[loan], number, keys, archive_id, None)
                taken[loan].append(str(entry.fields.get("statement", {}).get("expires", "")))
                yield index, found
            elif step == "issue":
                yield index, _at_issue(asked[loan], taken[loan], entry.time)


def _at_issue(asked: Asked, expiries: Sequence[str], time: str) -> tuple[str, ...]:
    late = any(expires <= time for expires in expiries)
    short = len(expiries) < len(asked.steps)
    return (*(("expired",) if late else ()), *(("not-approved",) if short else ()))
