"""Regrading: a record gets another grade, is declassified, or stays secret for longer.

    decide    what the regulations demand of whoever does it, purely
    note      a slip in work/regrading names the old and the new files
    seal      the record anew, for the new grade, beside the old one; the reason in a card
    append    *the commit point*: from here the new files are the record
    follow    the catalogue names them
    settle    whichever of the two the catalogue does not name is removed, then the slip

A crash anywhere leaves the old files whole and named, or the new ones; `settle`, which
`recover` and the next regrading call, finishes. Bodies are sealed anew instead of giving the
old ones another head, because of plain grades, and because a head of the old grade kept in some
backup must not open what lies in the archive now.

Rules it keeps:
- Whoever regrades can open the record (the old grade), and is whom the regulation asks
  (`archivist.grade_rulings`). The new grade's public key is enough to seal.
- An extension is asked for before the end of the period (S001-4-R13), never after.
- What declassifies by itself is not approved by anybody: the regulation has decided.

    regrade(archive, policy, "R00000001", Wish("TOP", "涉及诉讼"), person, now)
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archivist.archive import Archive, Desk, as_object, record_label, record_name
from archivist.errors import ArchivistError, BadRequest, NotAllowed
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
from index.catalogue import Row
from policies.expiry import Ending, expiring, over
from policies.policy import Policy
from policies.scope import marking
from storage import durable
from storage.errors import Damaged, Missing, StorageError
from storage.people import Unlocked
from storage.vault import Put, Receipt

SLIPS = "work/regrading"
SLIP_BYTES = 4096


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


@dataclass(frozen=True, slots=True)
class _Ruling:
    """On what a change rests: its act, what the ledger cites, and why in a code."""

    act: str
    clauses: Sequence[str]
    packs: Sequence[str]
    why: str | None = None


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
    ruling = _Ruling("regrade", decision.clauses, decision.packs)
    return _carry_out(archive, policy, row, wish, until, ruling, person, now)


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
    ruling = _Ruling("declassify", decision.clauses, decision.packs)
    return _carry_out(archive, policy, row, Wish(grade, reason), None, ruling, person, now)


def endings(
    archive: Archive, policy: Policy, person: Unlocked, today: date, notice_days: int | None = None
) -> list[Ending]:
    """What ends by `today` or soon, of the records that this person can open; of no others."""
    archive.follow()
    held = held_by(archive, person.name)
    rows = [
        row
        for row in archive.catalogue.ending()
        if row["generation"] is None or (row["grade"], row["generation"]) in held
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
            ruling = _Ruling("declassify", ending.clauses, ending.packs, why="expired")
            yield _carry_out(archive, policy, row, Wish(grade, ""), None, ruling, person, now)
        progress(1)


def settle(archive: Archive) -> list[str]:
    """Finish what a crash left: of each record noted, only the files the catalogue names stay.

    MUST be called by whoever holds the archive's lock, with a catalogue that is caught up.
    Returns the files removed. Safe to repeat.
    """
    removed: list[str] = []
    folder = archive.root / SLIPS
    for slip in sorted(folder.glob("R*.json")) if folder.is_dir() else []:
        noted = json.loads(durable.read_bytes(slip, SLIP_BYTES))
        row = archive.the("record", noted["record"])
        for name in (noted["old"], noted["new"]):
            if name != record_name(row):
                removed += archive.vault.remove(name)
        # Half a body that was being written when the power went may be a plain one.
        for top in ("store", "keys/records"):
            durable.sweep((archive.root / top / noted["old"]).parent)
        durable.remove(slip)
    durable.sweep(folder)
    return removed


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadRequest("请写明理由", "a reason is needed")


def _readable(archive: Archive, record: str, person: Unlocked) -> Row:
    """The row of a record this person can open; NotKnown, NotAllowed."""
    archive.follow()
    row = archive.the("record", record)
    if row["generation"] is not None:
        archive.opened(row["grade"], row["generation"], person)
    return row


# ── carrying out ──────────────────────────────────────────────────────────────


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
        check_role(policy, role, policy.who_is(role), roles, decision)
    clauses = tuple(dict.fromkeys((*decision.clauses, *terms.clauses)))
    packs = tuple(dict.fromkeys((*decision.packs, *terms.packs)))
    with archive.writing(now, person.name) as desk:
        row = _unchanged(archive, row)
        _check_later(row, wish.until, today)
        desk.say_with_card(
            _folder(row), record, {"v": 1, "reason": wish.reason}, "regrade", _subject(row),
            **{"from": row["grade"], "to": row["grade"]}, until=wish.until.isoformat(),
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


def _carry_out(
    archive: Archive, policy: Policy, row: Row, wish: Wish, until: str | None, ruling: _Ruling,
    person: Unlocked, now: datetime,
) -> Regraded:  # fmt: skip
    """Seal anew, append, and leave only the new files. The decision has been made."""
    with archive.writing(now, person.name) as desk:
        settle(archive)
        row = _unchanged(archive, row)
        put = _sealed_anew(archive, desk, policy, row, wish.grade, person)
        _note(archive, row, put)
        try:
            desk.seal(put)
            receipt = desk.make_durable()[put.name]
            _compare(archive, row, receipt)
        except (ArchivistError, StorageError):
            settle(archive)
            raise
        # From here a failure may have come after the entry: what counts is read again first.
        _say(desk, row, wish, until, ruling, put, receipt)
    with archive.writing(now, person.name):
        settle(archive)
    return Regraded(row["id"], row["grade"], wish.grade, until, tuple(ruling.clauses))


def _unchanged(archive: Archive, row: Row) -> Row:
    """The row as it stands under the lock, with what was decided on still true."""
    fresh = archive.the("record", row["id"])
    if (fresh["grade"], fresh["until"]) != (row["grade"], row["until"]):
        raise BadRequest(
            f"{row['id']} 的密级或期限刚刚被改动，请再看一遍",
            f"the grade or period of {row['id']} was changed just now: look again",
        )
    return fresh


def _sealed_anew(
    archive: Archive, desk: Desk, policy: Policy, row: Row, grade: str, person: Unlocked
) -> Put:
    generation, recipient = None, None
    if policy.grades[grade].encrypt:
        try:
            generation, recipient = desk.sealing_key(grade)
        except Missing:
            zh = policy.grades[grade].zh
            raise BadRequest(f"{zh}级还没有密钥", f"the grade {grade} has no key yet") from None
    # The ledger's size is never the same twice under the lock, so no name comes again.
    stored = f"{row['id']}-G{archive.ledger.size:08}"
    return Put(
        f"{_folder(row)}/{stored}",
        record_label(row["id"], grade, generation),
        recipient,
        {
            row["objects"]["scan"]["suffix"]: lambda: archive.record_bytes(row, "scan", person),
            "card": b"".join(archive.record_bytes(row, "card", person)),
        },
    )


def _note(archive: Archive, row: Row, put: Put) -> None:
    """MUST be durable before the new files are: after a crash they may be plain ones."""
    folder: Path = archive.root / SLIPS
    durable.make_folders(folder)
    slip = {"record": row["id"], "old": record_name(row), "new": put.name}
    durable.replace(folder / f"{row['id']}.json", json.dumps(slip).encode())


def _compare(archive: Archive, row: Row, receipt: Receipt) -> None:
    plain = receipt.plain_sha256[row["objects"]["scan"]["suffix"]]
    if archive.house.fingerprint(plain) != row["print"]:
        raise Damaged(f"record {row['id']} is not what was filed")


def _say(
    desk: Desk, row: Row, wish: Wish, until: str | None, ruling: _Ruling, put: Put,
    receipt: Receipt,
) -> None:  # fmt: skip
    fields: dict[str, Any] = {
        "from": row["grade"],
        "to": wish.grade,
        "generation": put.label.get("generation"),
        "stored": put.name.rpartition("/")[2],
        "objects": {
            "head": receipt.head_sha256,
            "scan": as_object(receipt, row["objects"]["scan"]["suffix"]),
            "card": as_object(receipt, "card"),
        },
        "until": until,
        "why": ruling.why,
        "clauses": list(ruling.clauses),
        "packs": list(ruling.packs),
    }
    if wish.reason:
        reason = {"v": 1, "reason": wish.reason}
        desk.say_with_card(_folder(row), row["id"], reason, ruling.act, _subject(row), **fields)
        return
    desk.say(ruling.act, _subject(row), **fields)
    desk.append()


def _folder(row: Row) -> str:
    return f"{row['customer']}/{row['dossier']}"


def _subject(row: Row) -> dict[str, str]:
    return {"customer": row["customer"], "dossier": row["dossier"], "record": row["id"]}
