"""Resealing: a record is sealed anew for another key, beside its old files, and then is the new.

Owns the order in which a record changes the key that opens it: for a new grade, or because a
need-to-know list begins or ends.

    note      a slip in work/regrading names the old and the new files
    seal      the record anew, for the new key, beside the old one; the reason in a card
    append    *the commit point*: from here the new files are the record
    follow    the catalogue names them
    settle    whichever of the two the catalogue does not name is removed, then the slip

A crash anywhere leaves the old files whole and named, or the new ones; `settle`, which
`recover` and the next change call, finishes. Bodies are sealed anew instead of giving the old
ones another head, because a head of the old key kept in some backup must not open what lies in the
archive now, and because earlier versions stored records of open grades plain.

Whether it may be done was decided before; here it is carried out.

    carry_out(archive, policy, row, Change("TOP", None, ruling), person, now)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist.archive import Archive, Desk, as_object, record_label, record_name
from archivist.errors import ArchivistError, BadRequest
from storage import durable
from storage.errors import Damaged, Missing, StorageError
from storage.vault import Put, Receipt

if TYPE_CHECKING:
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

SLIPS = "work/regrading"
SLIP_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Ruling:
    """On what a change rests: its act, what the ledger cites, and why in a code."""

    act: str
    clauses: Sequence[str] = ()
    packs: Sequence[str] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a record becomes: its grade and the last day of secrecy (ISO), either perhaps as
    before. Which key seals it then, the lists in force say. The reason is sealed, never in the
    ledger."""

    grade: str
    until: str | None
    ruling: Ruling
    reason: str = ""


def carry_out(
    archive: Archive, policy: Policy, row: Row, change: Change, person: Unlocked, now: datetime
) -> None:
    """Seal anew, append, and leave only the new files.

    Raises BadRequest when the record is not as it was when this was decided, NotAllowed for
    whoever does not open it, Damaged, DiskFailed.
    """
    with archive.writing(now, person.name) as desk:
        settle(archive)
        row = unchanged(archive, row)
        put = _sealed_anew(archive, desk, policy, row, change.grade, person)
        _note(archive, row, put)
        try:
            desk.seal(put)
            receipt = desk.make_durable()[put.name]
            _compare(archive, row, receipt)
        except (ArchivistError, StorageError):
            settle(archive)
            raise
        # From here a failure may have come after the entry: what counts is read again first.
        _say(desk, row, change, put, receipt)
    with archive.writing(now, person.name):
        settle(archive)


def settle(archive: Archive) -> list[str]:
    """Finish what a crash left: of each record noted, only the files the catalogue names stay.

    MUST be called by whoever holds the archive's lock, with a catalogue that is caught up.
    Returns the files removed. Safe to repeat.
    """
    removed: list[str] = []
    folder, grants = archive.root / SLIPS, archive.grants
    for slip in sorted(folder.glob("R*.json")) if folder.is_dir() else []:
        noted = json.loads(durable.read_bytes(slip, SLIP_BYTES))
        row = archive.the("record", noted["record"])
        for name in (noted["old"], noted["new"]):
            if name != record_name(row):
                removed += archive.vault.remove(name)
        # A borrower's head opens the old body, and shall open nothing of the new one.
        for grant in [name for name in grants.names() if name.endswith(f"/{noted['record']}")]:
            grants.withdraw(grant)
        # Half a body that was being written when the power went.
        for top in ("store", "keys/records"):
            durable.sweep((archive.root / top / noted["old"]).parent)
        durable.remove(slip)
    durable.sweep(folder)
    return removed


def unchanged(archive: Archive, row: Row) -> Row:
    """The row as it stands under the lock, with what was decided on still true. BadRequest."""
    fresh = archive.the("record", row["id"])
    if any(fresh[name] != row[name] for name in ("grade", "key", "until")):
        raise BadRequest(
            f"{row['id']} 的密级、期限或知悉范围刚刚被改动，请再看一遍",
            f"the grade, period or need-to-know list of {row['id']} was changed just now: "
            "look again",
        )
    return fresh


def said_of(row: Row) -> dict[str, str]:
    """How an entry names a record: customer, dossier and record."""
    return {"customer": row["customer"], "dossier": row["dossier"], "record": row["id"]}


def folder_of(row: Row) -> str:
    """Where the cards about a record lie."""
    return f"{row['customer']}/{row['dossier']}"


def _sealed_anew(
    archive: Archive, desk: Desk, policy: Policy, row: Row, grade: str, person: Unlocked
) -> Put:
    # Asked under the lock: a list that began since the decision counts.
    key = archive.catalogue.key_for(grade, row["dossier"], row["id"])
    try:
        sealed = policy.grades[grade].encrypt
        generation, recipient = desk.sealing_key(key) if sealed else desk.open_key(key)
    except Missing:
        zh = policy.grades[grade].zh
        raise BadRequest(f"{zh}级还没有密钥", f"the grade {grade} has no key yet") from None
    # The ledger's size is never the same twice under the lock, so no name comes again.
    stored = f"{row['id']}-G{archive.ledger.size:08}"
    return Put(
        f"{folder_of(row)}/{stored}",
        record_label(row["id"], key, generation),
        recipient,
        {
            row["objects"]["scan"]["suffix"]: lambda: archive.record_bytes(
                row, "scan", person, True
            ),
            "card": b"".join(archive.record_bytes(row, "card", person, True)),
        },
    )


def _note(archive: Archive, row: Row, put: Put) -> None:
    """MUST be durable before the new files are: after a crash nothing else tells whose they are."""
    folder: Path = archive.root / SLIPS
    durable.make_folders(folder)
    slip = {"record": row["id"], "old": record_name(row), "new": put.name}
    durable.replace(folder / f"{row['id']}.json", json.dumps(slip).encode())


def _compare(archive: Archive, row: Row, receipt: Receipt) -> None:
    plain = receipt.plain_sha256[row["objects"]["scan"]["suffix"]]
    if archive.house.fingerprint(plain) != row["print"]:
        raise Damaged(f"record {row['id']} is not what was filed")


def _say(desk: Desk, row: Row, change: Change, put: Put, receipt: Receipt) -> None:
    key, ruling = put.label["key"], change.ruling
    fields: dict[str, Any] = {
        "from": row["grade"],
        "from_key": None if row["key"] == row["grade"] else row["key"],
        "to": change.grade,
        "key": None if key == change.grade else key,
        "generation": put.label.get("generation"),
        "stored": put.name.rpartition("/")[2],
        "objects": {
            "head": receipt.head_sha256,
            "scan": as_object(receipt, row["objects"]["scan"]["suffix"]),
            "card": as_object(receipt, "card"),
        },
        "until": change.until,
        "why": ruling.why,
        "clauses": list(ruling.clauses),
        "packs": list(ruling.packs),
    }
    if change.reason:
        reason = {"v": 1, "reason": change.reason}
        desk.say_with_card(folder_of(row), row["id"], reason, ruling.act, said_of(row), **fields)
        return
    desk.say(ruling.act, said_of(row), **fields)
    desk.append()
