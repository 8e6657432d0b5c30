"""Restricting a customer's personal data (限制处理): kept and protected, and used for nothing else.

Owns the ledger act `restrict`. It is what the law asks for where data should be deleted and a
period of keeping still runs (个人信息保护法第四十七条).

    restrict    the reason sealed → entry → loans of the customer's papers open nothing any more
    unrestrict  the reason sealed → entry

Rules it keeps:
- While it lasts nobody views, borrows, prints, searches or exports the customer's papers for a use,
  and no list names him. Filing, holds, audits, changes of keys and grades, destruction and the
  export to himself go on. `Archive.check_unrestricted` is where uses are refused.
- The holder of an office restricts, alone and at once: it harms nobody. Whoever restricted does not
  lift it: lifting uses data again that somebody had reason to shut away.
- Grants to borrowers are withdrawn when it begins, and are not given back when it ends.

    restrict(archive, policy, "C000001", "本人撤回同意", "li", now)
    unrestrict(archive, policy, "C000001", "本人重新同意", "wang", now)
"""

from datetime import datetime

from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed
from archivist.granting import withdraw
from archivist.offices import check_office
from archivist.records import Entry
from policies.policy import Policy

OFFICE = "privacy_officer"  # the company's word for who restricts


def restrict(
    archive: Archive, policy: Policy, customer: str, reason: str, who: str, now: datetime
) -> None:
    """Stop every use of a customer's papers and data.

    Raises BadRequest without a reason, NotKnown, NotAllowed (not his office, restricted already).
    """
    _say(archive, policy, customer, "begin", reason, who, now)
    # After the entry: a crash between leaves grants that `recover` withdraws, and that open
    # nothing with this program.
    for loan in archive.catalogue.loans():
        if loan["customer"] == customer:
            withdraw(archive, loan["id"])


def unrestrict(
    archive: Archive, policy: Policy, customer: str, reason: str, who: str, now: datetime
) -> None:
    """Let a customer's papers and data be used again.

    Raises BadRequest without a reason, NotKnown, NotAllowed (not his office, not restricted, he
    restricted it himself).
    """
    _say(archive, policy, customer, "lift", reason, who, now)


def _say(
    archive: Archive, policy: Policy, customer: str, step: str, reason: str, who: str,
    now: datetime,
) -> None:  # fmt: skip
    if not reason.strip():
        raise BadRequest("请用 --reason 写明理由", "say why with --reason TEXT")
    archive.follow()
    check_office(archive, policy, who, OFFICE)
    with archive.writing(now, who) as desk:
        row = archive.the("customer", customer)
        _check_step(archive, customer, step, bool(row["restricted"]), who)
        desk.say_with_card(customer, customer, {"v": 1, "reason": reason}, "restrict",
                           {"customer": customer}, step=step)  # fmt: skip
    archive.follow()


def _check_step(archive: Archive, customer: str, step: str, restricted: bool, who: str) -> None:
    if step == "begin" and restricted:
        raise NotAllowed(f"{customer} 已限制处理", f"{customer} is restricted already")
    if step == "lift" and not restricted:
        raise NotAllowed(f"{customer} 没有限制处理", f"{customer} is not restricted")
    begun = _newest(archive, customer)
    if step == "lift" and begun is not None and begun.who == who:
        raise NotAllowed(
            "不能取消自己设的限制", "nobody lifts a restriction that he set himself",
            "请由另一人取消", "let somebody else lift it",
        )  # fmt: skip


def _newest(archive: Archive, customer: str) -> Entry | None:
    """The newest word on it, read from the ledger."""
    said = [entry for entry in archive.entries_of(customer) if entry.act == "restrict"]
    return said[-1] if said else None
