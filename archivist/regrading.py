"""Regrading: a record gets another grade, is declassified, or stays secret for longer.

Owns the decision: who may, and until when. How a record is sealed anew for another key without a
moment in which it is lost, is `archivist.resealing`.

Rules it keeps:
- Whoever regrades can open the record (the old grade), and is whom the regulation asks
  (`archivist.grade_rulings`). The new grade's public key is enough to seal.
- An extension is asked for before the end of the period (S001-4-R13), never after.
- What declassifies by itself is not approved by anybody: the regulation has decided.

    regrade(archive, policy, "R00000001", Wish("TOP", "涉及诉讼"), person, now)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed
from archivist.grade_rulings import (
    check_has_period,
    check_role,
    declassified,
    held_by,
    period,
    permitted,
    rank,
    roles_of,
)
from archivist.resealing import Change, Ruling, carry_out, folder_of, said_of, unchanged
from index.catalogue import Row
from policies.expiry import Ending, expiring, over
from policies.policy import Policy
from policies.scope import marking
from storage.people import Unlocked


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants for a record. `until` is the last day of secrecy, None for the usual."""

    grade: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Regraded:
    """What was done: the grades before and after (equal for an extension) and until when."""

    record: str
    before: str
    after: str
    until: str | None
    clauses: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """The JSON of the contract."""
        return {"record": self.record, "from": self.before, "to": self.after,
                "until": self.until, "clauses": list(self.clauses)}  # fmt: skip


def regrade(
    archive: Archive, policy: Policy, record: str, wish: Wish, person: Unlocked, now: datetime
) -> Regraded:
    """Give a record another grade, or with its own grade and a later `until` extend its period.

    Raises NotKnown, BadRequest (no reason, no later day, no period where one must be fixed),
    NotAllowed (not cleared, not whom the regulation asks, no rule, too late), Damaged.
    """
    _check_reason(wish.reason)
    today = now.astimezone().date()
    row = _readable(archive, record, person)
    if wish.grade == row["grade"]:
        return _extend(archive, policy, row, wish, person, now)
    if wish.until is not None and over(wish.until, today):
        raise BadRequest(f"{wish.until} 已经过去", f"{wish.until} is past")
    decision = permitted(archive, policy, "regrade", row, wish.grade, person.name)
    until = period(policy, row, wish.grade, wish.until, today)
    ruling = Ruling("regrade", decision.clauses, decision.packs)
    change = Change(wish.grade, until, ruling, wish.reason)
    return _changed(archive, policy, row, change, person, now)


def declassify(
    archive: Archive, policy: Policy, record: str, reason: str, person: Unlocked, now: datetime
) -> Regraded:
    """End a record's secrecy before its time. Raises what `regrade` does."""
    _check_reason(reason)
    row = _readable(archive, record, person)
    grade = declassified(policy)
    if policy.grades[grade].rank >= rank(policy, row["grade"]):
        raise BadRequest(f"{record} 本来就不涉密", f"{record} is not secret")
    decision = permitted(archive, policy, "declassify", row, grade, person.name)
    ruling = Ruling("declassify", decision.clauses, decision.packs)
    change = Change(grade, None, ruling, reason)
    return _changed(archive, policy, row, change, person, now)


def endings(
    archive: Archive, policy: Policy, person: Unlocked, today: date, notice_days: int | None = None
) -> list[Ending]:
    """What ends by `today` or soon, of the records that this person can open; of no others."""
    archive.follow()
    held = held_by(archive, person.name)
    rows = [
        row
        for row in archive.catalogue.ending()
        if row["generation"] is None or (row["key"], row["generation"]) in held
    ]
    return expiring(policy, rows, today, notice_days)


def declassify_due(
    archive: Archive,
    policy: Policy,
    due: Sequence[Ending],
    person: Unlocked,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Regraded]:
    """Declassify what is `due`; no approval is asked, the regulation itself ends the secrecy.

    A record that changed since the plan was made (extended, regraded) is left alone.
    """
    grade = declassified(policy)
    today = now.astimezone().date()
    for ending in due:
        row = archive.the("record", ending.record)
        fresh = expiring(policy, [row], today)
        if ending.state == "due" and ending in fresh and ending.grade != grade:
            ruling = Ruling("declassify", ending.clauses, ending.packs, why="expired")
            yield _changed(archive, policy, row, Change(grade, None, ruling), person, now)
        progress(1)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadRequest("请写明理由", "a reason is needed")


def _readable(archive: Archive, record: str, person: Unlocked) -> Row:
    """The row of a record this person can open; NotKnown, NotAllowed."""
    archive.follow()
    row = archive.the("record", record)
    if row["generation"] is not None:
        archive.opened(row["key"], row["generation"], person)
    return row


# ── carrying out ──────────────────────────────────────────────────────────────


def _changed(
    archive: Archive, policy: Policy, row: Row, change: Change, person: Unlocked, now: datetime
) -> Regraded:
    carry_out(archive, policy, row, change, person, now)
    clauses = tuple(change.ruling.clauses)
    return Regraded(row["id"], row["grade"], change.grade, change.until, clauses)


def _extend(
    archive: Archive, policy: Policy, row: Row, wish: Wish, person: Unlocked, now: datetime
) -> Regraded:
    """Keep a record secret for longer: a later last day, the same files."""
    record, today = row["id"], now.astimezone().date()
    if wish.until is None:
        raise BadRequest(
            f"{record} 已是这个密级",
            f"{record} has this grade already",
            "要延长保密期限，请加 --until 日期",
            "to extend its period add --until DATE",
        )
    if over(wish.until, today):
        raise BadRequest(f"{wish.until} 已经过去", f"{wish.until} is past")
    check_has_period(policy, wish.grade)
    terms = marking(policy, row["grade"])
    decision = permitted(archive, policy, "regrade", row, row["grade"], person.name)
    roles = roles_of(archive, policy, person.name)
    for role in terms.extended_by:
        check_role(policy, role, policy.who_is(role), roles, decision.clauses)
    clauses = tuple(dict.fromkeys((*decision.clauses, *terms.clauses)))
    packs = tuple(dict.fromkeys((*decision.packs, *terms.packs)))
    with archive.writing(now, person.name) as desk:
        row = unchanged(archive, row)
        _check_later(row, wish.until, today)
        desk.say_with_card(
            folder_of(row), record, {"v": 1, "reason": wish.reason}, "regrade", said_of(row),
            **{"from": row["grade"], "to": row["grade"]}, from_key=row["key"],
            until=wish.until.isoformat(),
            clauses=list(clauses), packs=list(packs),
        )  # fmt: skip
    archive.follow()
    return Regraded(record, row["grade"], row["grade"], wish.until.isoformat(), clauses)


def _check_later(row: Row, until: date, today: date) -> None:
    if row["until"] is None:
        return  # no end was ever fixed: this fixes one
    if over(date.fromisoformat(row["until"]), today):
        raise NotAllowed(
            f"保密期限 {row['until']} 已届满；要求继续保密须在届满前提出（S001-4-R13）",
            f"its period ended on {row['until']}: more is asked for before the end (S001-4-R13)",
        )
    if until.isoformat() <= row["until"]:
        raise BadRequest(
            f"保密期限已到 {row['until']}，请写更晚的日期",
            f"its period lasts until {row['until']} already: name a later day",
            "提前解密请用 archivist declassify",
            "to end it earlier use archivist declassify",
        )
