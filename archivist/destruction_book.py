"""The book of destructions: how far each came, who can go on, what is still out in the world.

Owns the questions that `disposal show`, `doctor`, the certificate and the register ask alike. It
changes nothing.

Rules it keeps:
- Destroyed is what the ledger's last entry on it says, and nothing before that.
- What nobody attested (paper, recovery bundles) is told as not attested, never left out.
- Signatures of witnesses are verified from the ledger each time they are told.

    told(archive, "X000001")["state"]               # "destroyed"
    waiting(archive)                                # ["X000002"]
"""

from collections.abc import Iterator, Sequence
from typing import Any

from archivist.archive import Archive
from archivist.destruction import decided, generations_of, lacking_keys
from archivist.destruction_proofs import witnessed
from archivist.destruction_rows import place_of
from archivist.erasing import opens
from archivist.outside_copies import bundles_that_open, paper_left
from archivist.records import Entry
from index.catalogue import Row

Told = dict[str, Any]


def waiting(archive: Archive) -> list[str]:
    """Disposals that were decided and are not destroyed: somebody has to go on."""
    return [r["disposal"] for r in archive.catalogue.destructions() if r["state"] != "destroyed"]


def finishers(archive: Archive, row: Row) -> list[str]:
    """Who holds every key that is still to be destroyed, and has not left."""
    return [
        person["id"]
        for person in archive.catalogue.people()
        if not person["left_at"] and not lacking_keys(archive, row["keys"], person["id"])
    ]


def told(archive: Archive, disposal: str) -> Told | None:
    """One destruction, for programs and people; None while none was decided."""
    if archive.catalogue.destruction(disposal) is None:
        return None
    row = decided(archive, disposal)
    ended = row["state"] == "destroyed"
    left = {key: found for key, floor in row["keys"].items()
            if (found := opens(archive, key, floor))}  # fmt: skip
    return {
        "disposal": disposal,
        "state": row["state"],
        "records": len(row["items"]),
        "list": row["list"],
        "decided": row["decided"],
        "decided_entry": row["idx"],
        "executor": row["who"],
        "witnesses": row["witnesses"],
        "place": place_of(archive, row["card"]),
        "findings": list(witnessed(archive, row["idx"])),
        "unsealed": _entry(archive, row["idx"]).fields["unsealed"],
        "exports": exports_of(archive, row["items"]),
        "keys_without_counterpart": without_counterpart(archive, row["items"]),
        "keys": row["keys"],
        "keys_left": left,
        "can_finish": [] if ended else finishers(archive, row),
        "destroyed": row["ended"],
        "destroyed_entry": row["ended_idx"],
        "destroyed_by": row["ended_by"],
        "keys_destroyed": row["gone"] or {},
        "paper": list(_papers(archive, row)),
        "paper_left": paper_left(archive, disposal),
        "bundles": list(_bundles(archive, disposal)),
        "clauses": row["clauses"],
        "packs": row["packs"],
    }


def exports_of(archive: Archive, records: Sequence[str]) -> list[int]:
    """The ledger entries by which one of these records left the house as a file."""
    found = (e.index for name in records for e in archive.entries_of(name) if e.act == "export")
    return sorted(set(found))


def without_counterpart(archive: Archive, records: Sequence[str]) -> list[str]:
    """Generations that sealed one of these records and were made before there were counterparts:
    a copy of the folder from that time has their private halves, each under a passphrase."""
    sealed: dict[str, set[int]] = {}
    for record in records:
        for key, generations in generations_of(archive, record).items():
            sealed.setdefault(key, set()).update(generations)
    return [
        f"{key}/{entry.fields['generation']}"
        for key, generations in sorted(sealed.items())
        for entry in archive.entries_of(key)
        if entry.act == "key"
        and entry.fields["generation"] in generations
        and not entry.fields.get("counterpart")
    ]


def _papers(archive: Archive, row: Row) -> Iterator[Told]:
    for seen in row["papers"]:
        yield {
            **{name: seen[name] for name in ("entry", "on", "method", "who", "witnesses")},
            "records": seen["items"],
            "place": place_of(archive, seen["card"]),
            "findings": list(witnessed(archive, seen["entry"])),
        }


def _bundles(archive: Archive, disposal: str) -> Iterator[Told]:
    for row in bundles_that_open(archive, disposal):
        seen = row["attested"]
        yield {
            "entry": row["idx"],
            "sha256": row["sha256"],
            "issued": row["t"],
            "issued_by": row["who"],
            "attested": seen,
            "findings": list(witnessed(archive, seen["entry"])) if seen else [],
        }


def _entry(archive: Archive, index: int) -> Entry:
    ((at, raw),) = archive.ledger.entries(index, index + 1)
    return Entry.parse(at, raw)
