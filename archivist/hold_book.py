"""The book of holds (冻结): what may not be destroyed, and since when.

Owns the question that every path to destruction asks, and how a hold is told. It changes nothing.

Rules it keeps:
- A hold covers what it is laid on and everything below it, also what is filed there later: it is
  compared by the ids of record, dossier and customer, and never spread over rows.
- Two answers for two needs. `holds_on` and `held_targets` read the catalogue and are quick: for
  lists, plans and proposals. `held_by_ledger` reads the ledger itself and verifies each release
  anew: it is asked last, with the writer's lock held, before anything is destroyed.
- A hold on what a need-to-know list keeps apart is told to those on the list, and to whoever placed
  it. It holds for everybody.

    holds_on(archive, record_row)                        # [{"id": "H000001", …}]
    is_held(record_row, held_targets(archive))           # a million times
    with archive.writing(now, who) as desk:
        refuse_held([record_row], held_by_ledger(archive))
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archivist import hold_proofs, records
from archivist.errors import NotAllowed, NotKnown
from storage.errors import Missing

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.hold_proofs import Placed
    from index.catalogue import Row

KINDS: Mapping[str, tuple[str, str]] = {
    "litigation": ("诉讼、仲裁", "litigation"),
    "audit": ("审计、检查", "audit"),
    "complaint": ("投诉、质保未结", "complaint"),
    "debt": ("债权债务未清", "debt"),
    "other": ("其他", "other"),
}


def the_hold(archive: Archive, identifier: str) -> Row:
    """The row of a hold. Raises NotKnown."""
    row = archive.catalogue.hold(identifier)
    if row is None:
        raise no_hold(identifier)
    return row


def no_hold(identifier: str) -> NotKnown:
    """The complaint, in words; also for whoever may not know of it."""
    return NotKnown(f"没有编号为 {identifier} 的冻结", f"there is no hold {identifier}",
                    "archivist hold list", "archivist hold list")  # fmt: skip


def ids_of(row: Row) -> tuple[str, ...]:
    """The ids under which a record, dossier or customer can be held: its own and those above."""
    return tuple(name for name in (row["id"], row.get("dossier"), row.get("customer")) if name)


def holds_on(archive: Archive, row: Row) -> list[Row]:
    """The holds in force that cover a record, dossier or customer; oldest first.

    Needs a catalogue that is caught up.
    """
    return archive.catalogue.open_holds_on(ids_of(row))


def held_targets(archive: Archive) -> frozenset[str]:
    """Every customer, dossier and record that a hold in force is laid on."""
    return frozenset(row["target"] for row in archive.catalogue.holds(open_only=True))


def is_held(row: Row, held: Container[str]) -> bool:
    """Whether holds on these targets cover a record, dossier or customer."""
    # Spelled out: a plan asks it a million times.
    return row["id"] in held or row.get("dossier") in held or row.get("customer") in held


def held_by_ledger(archive: Archive) -> dict[str, tuple[Placed, ...]]:
    """Target → the holds in force on it, by the ledger alone; each release is verified anew.

    MUST be asked with the writer's lock held when something is to be destroyed: the answer is of
    the entries that are there now.
    """
    found: dict[str, tuple[Placed, ...]] = {}
    for hold in hold_proofs.in_force(archive.ledger.entries(0)).values():
        found[hold.target] = (*found.get(hold.target, ()), hold)
    return found


def refuse_held(rows: Iterable[Row], held: Mapping[str, tuple[Placed, ...]]) -> None:
    """Raises NotAllowed when one of these is held, for whomever; names it and its holds."""
    for row in rows:
        found = [hold.hold for name in ids_of(row) for hold in held.get(name, ())]
        if found:
            raise still_held(row["id"], found)


def still_held(identifier: str, holds: Iterable[str]) -> NotAllowed:
    """The refusal, in words."""
    named = list(holds)
    return NotAllowed(
        f"{identifier} 已冻结（{'、'.join(named)}），不得销毁",
        f"{identifier} is held ({', '.join(named)}) and must not be destroyed",
        f"由另一人解除：archivist hold release {named[0]} --reason 理由",
        f"somebody else releases it: archivist hold release {named[0]} --reason TEXT",
    )


def known(archive: Archive, rows: Iterable[Row], asker: str | None) -> list[str]:
    """The ids of those of these holds that the asker may know of."""
    return [row["id"] for row in rows if may_know(archive, row, asker)]


def may_know(archive: Archive, row: Row, asker: str | None) -> bool:
    """Whether somebody may know of a hold: what a list keeps apart is for those on it.

    Whoever placed a hold knows of it.
    """
    if asker is not None and asker == row["placed_by"]:
        return True
    target: str | None = row["record"] or row["dossier"]
    if target is None:
        return True
    keys = {one["key"] for one in archive.catalogue.lists() if one["target"] == target}
    if row["record"]:
        record = archive.catalogue.record(row["record"])
        keys |= {record["key"]} if record and records.target_of(record["key"]) else set()
    return all(asker is not None and archive.keys.holds_any(key, asker) for key in keys)


def plain(archive: Archive, row: Row) -> dict[str, Any]:
    """One hold as `--json` tells it, with its sealed words."""
    return {
        "hold": row["id"],
        "target": row["target"],
        "customer": row["customer"],
        "dossier": row["dossier"],
        "record": row["record"],
        "kind": row["kind"],
        "state": "released" if row["released"] else "placed",
        "placed": row["placed"],
        "placed_by": row["placed_by"],
        "released": row["released"],
        "released_by": row["released_by"],
        "reason": _reason(archive, row["idx"]),
        "release_reason": _reason(archive, row["released_idx"]),
    }


def _reason(archive: Archive, index: int | None) -> str | None:
    """The sealed words of an entry; None where there is none, or where they were destroyed."""
    if index is None:
        return None
    ((at, raw),) = archive.ledger.entries(index, index + 1)
    card = records.Entry.parse(at, raw).fields["card"]
    try:
        reason: str = archive.read_card(card["name"], card["sha256"])["reason"]
    except Missing:
        return None
    return reason
