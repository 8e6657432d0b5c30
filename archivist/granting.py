"""Granting: for the time of a loan the borrower opens the records with his own key, and then not.

Owns what a loan does to keys. At the issue whoever hands out seals each record's file key to the
borrower (`storage.grants`); the entry `issue` names the heads. They go with the return, with a
change of the record's grade or list, and with the last day; with their counterparts, so that no
copy of the folder opens them either.

Rules it keeps:
- Only somebody who opens a record himself grants it. A view, a copy or an extract is of the stored
  record, so nobody else hands those out; a paper original may be handed out by somebody who cannot
  read it, and then the scan stays shut.
- Whoever can open the record anyway is granted nothing.
- The ledger says until when: the day the loan is due, renewals and recalls counted. On the next day
  nothing opens, whether the head is still there or not; nor while the clock is set back.
- A reader from outside has no key here: he is shown, and granted nothing.

    heads = grant(archive, row, records, date(2026, 3, 31), li)      # {"R00000001": "5e81…"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from archivist import loan_desk
from archivist.archive import Archive, record_label, record_name
from archivist.errors import NotAllowed
from archivist.loan_book import due_of, moves_paper
from policies.loan_life import OUT

if TYPE_CHECKING:
    from index.catalogue import Row
    from storage.people import Unlocked
    from storage.vault import Label


def grant(
    archive: Archive, loan: Row, records: Sequence[Row], until: date, custodian: Unlocked
) -> dict[str, str]:
    """Seal the records of a loan to its borrower; record → SHA-256 of the head, durable.

    Call it with the lock held, before the entry that names them. Raises NotAllowed when the form
    needs it and the custodian does not open a record, Damaged.
    """
    if loan["person"] is None:
        return {}
    page, grants = archive.vouched(loan["person"]), archive.grants
    heads: dict[str, str] = {}
    for record in records:
        if record["generation"] is None or _opens(archive, record, loan["person"]):
            continue
        if not _opens(archive, record, custodian.name):
            if moves_paper(loan["form"]):
                continue
            raise _not_his_to_grant(custodian.name)
        generation = archive.sealed_to(record)
        own = record_label(record["id"], record["key"], generation)
        identity = archive.opened(record["key"], generation, custodian).identity
        heads[record["id"]] = grants.grant(
            record_name(record), _name(loan, record), [identity], own, page.recipient,
            label_of(loan["id"], record["id"], until.isoformat()),
        )  # fmt: skip
    return heads


def loan_that_opens(archive: Archive, record: Row, name: str) -> Row | None:
    """The loan by which a person may open a record that his keys do not, or None."""
    if record["generation"] is None or _opens(archive, record, name):
        return None
    granted = [
        loan
        for loan in archive.catalogue.loans(name)
        if loan["state"] in OUT and record["id"] in (loan["grants"] or {})
    ]
    return granted[-1] if granted else None


def check_open(archive: Archive, loan: Row, now: datetime) -> None:
    """Raises Denied after a loan's last day, and while the clock is set back."""
    loan_desk.check_clock(archive, now)
    if now.astimezone().date() > last_day(archive, loan):
        raise loan_desk.Denied("loan-over")


def opened(archive: Archive, loan: Row, record: Row, person: Unlocked) -> Iterator[bytes]:
    """The plain bytes of a record, by the borrower's own key. Raises NotAllowed when the grant
    ended with a change of the record, Damaged."""
    grants, body = archive.grants, record["objects"]["scan"]
    if _name(loan, record) not in set(grants.names()):
        raise NotAllowed(
            f"{record['id']} 的密级、知悉范围或处理限制已变更，借阅随之失效，请重新申请",
            f"the grade, list or use of {record['id']} changed, and the loan opens it no more: "
            "ask anew",
        )
    expect = label_of(loan["id"], record["id"], loan["granted_until"])
    return grants.open(
        _name(loan, record), record_name(record), body["suffix"], [person.identity], expect,
        sha256=body["sha256"],
    )  # fmt: skip


def last_day(archive: Archive, loan: Row) -> date:
    """The last day on which a granted loan opens its records."""
    return due_of(archive, loan) or date.fromisoformat(loan["granted_until"])


def withdraw(archive: Archive, loan: str) -> None:
    """Shut a loan's records to the borrower again. May be repeated."""
    for name in [name for name in archive.grants.names() if name.startswith(f"{loan}/")]:
        archive.grants.withdraw(name)


def tidy(archive: Archive, today: date) -> None:
    """Withdraw what no loan grants any more: ended, past its last day, restricted, never entered.

    Call it with the lock held and the catalogue caught up.
    """
    restricted = archive.catalogue.restricted()
    for name in list(archive.grants.names()):
        loan = archive.catalogue.loan(name.partition("/")[0])
        named = (loan or {}).get("grants") or {}
        going = loan is not None and loan["state"] in OUT and name.partition("/")[2] in named
        going = going and loan is not None and loan["customer"] not in restricted
        if loan is None or not going or today > last_day(archive, loan):
            withdraw(archive, name.partition("/")[0])


def label_of(loan: str, record: str, until: str) -> Label:
    """What a grant's head must say of the loan."""
    return {"loan": loan, "record": record, "until": until}


def _name(loan: Row, record: Row) -> str:
    return f"{loan['id']}/{record['id']}"


def _opens(archive: Archive, record: Row, name: str) -> bool:
    return archive.holds(record["key"], archive.sealed_to(record), name)


def _not_his_to_grant(name: str) -> NotAllowed:
    return NotAllowed(
        f"{name} 打不开这份资料，不能借给别人阅览",
        f"{name} does not open this record and cannot open it to others",
        "请由有该密级涉密权限的保管人办理借出",
        "a custodian who is cleared for it issues the loan",
    )
