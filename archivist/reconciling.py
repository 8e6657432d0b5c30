"""Reconciling: every file that ever lay in the drop folder has one recorded end.

Owns the comparison of what the entries say of claims with what lies in drop folder, work folder
and trays. Each claim ends as a record, in a tray, rejected, or destroyed with signatures; the
ledger says which. What does not fit has a code that stays the same:

    F-GONE     the ledger says that it waits in a tray, or was filed, and its file is not there
    F-TRAY     it waits in another tray than the ledger says
    F-UNNAMED  it lies in a tray, and no entry says how it came there
    F-ENDED    it still lies there though its end is recorded; the next start of the station tidies
    F-BEGUN    it is claimed and has no end yet: being read now, or taken up by the next start
    F-DROP     it lies in the drop folder and is not claimed yet
    F-STRAY    it lies where claims lie, and is none
    F-ORPHAN   what a crashed run sealed and no entry names; the scan itself was taken up again

Rule: looked at while nobody writes, so that a scan on its way is not found missing; nothing is
changed, and no name of a file is told but that of its claim.

    found = reconcile(archive)
    found.ends["filed"], found.findings
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from archivist.archive import LOCK_SECONDS, Archive, record_name
from archivist.claims import TRAYS, is_claim
from index.catalogue import Row
from storage.ledger_findings import Finding

# Places below `work/` that are no claims, and why they may be there.
NO_CLAIMS = frozenset({"orphans", "regrading"})


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How every claim ended, and what does not fit."""

    ends: Mapping[str, int]
    findings: tuple[Finding, ...]


def reconcile(archive: Archive) -> Reconciled:
    """Compare. Raises Busy when somebody writes for too long."""
    archive.follow()
    with archive.ledger.exclusive(LOCK_SECONDS):
        archive.follow()
        claims = {row["id"]: _ended(archive, row) for row in archive.catalogue.claims()}
        lying = dict(_lying(archive.root))
        findings = [*_of_entries(archive, claims, lying), *_of_files(archive, claims, lying)]
    ends = Counter(row["outcome"] for row in claims.values())
    return Reconciled(dict(sorted(ends.items())), tuple(findings))


def _ended(archive: Archive, row: Row) -> Row:
    """What became of a claim in the end: its record may have been destroyed since."""
    if row["outcome"] == "filed" and archive.catalogue.tombstone(row["record"]):
        return row | {"outcome": "destroyed"}
    return row


def _lying(root: Path) -> Iterator[tuple[str, str]]:
    """Each claim that has a folder: (its id, where)."""
    for place in ("work", *(f"trays/{tray}" for tray in TRAYS)):
        folder = root / place
        for name in _names(folder):
            if is_claim(name):
                yield name, place


def _of_entries(
    archive: Archive, claims: Mapping[str, Row], lying: Mapping[str, str]
) -> Iterator[Finding]:
    for claim, row in claims.items():
        place, outcome = lying.get(claim), row["outcome"]
        if outcome == "filed" and not _is_stored(archive, row["record"]):
            yield Finding("F-GONE", claim, f"was filed as {row['record']}, whose file is gone")
        if outcome == "refused" and place is None:
            yield Finding("F-GONE", claim, f"is to wait in {row['tray']}, and is not there")
        elif outcome in ("refused", "rejected") and place not in (None, f"trays/{row['tray']}"):
            code = "F-BEGUN" if place == "work" else "F-TRAY"
            yield Finding(code, claim, f"lies in {place}, its tray is {row['tray']}")
        elif outcome not in ("refused", "rejected") and place is not None:
            yield Finding("F-ENDED", claim, f"lies in {place}, and is {outcome}")


def _of_files(
    archive: Archive, claims: Mapping[str, Row], lying: Mapping[str, str]
) -> Iterator[Finding]:
    scans = {row["scan"] for row in claims.values()}
    for claim, place in lying.items():
        if claim in claims:
            continue
        if claim in scans:
            yield Finding("F-ENDED", claim, f"lies in {place}; each of its parts has its entry")
        elif place == "work":
            yield Finding("F-BEGUN", claim, "is claimed and has no end yet")
        else:
            yield Finding("F-UNNAMED", claim, f"lies in {place}, and no entry names it")
    yield from _strays(archive.root)
    orphans = archive.root / "work" / "orphans"
    for name in _names(orphans):
        yield Finding("F-ORPHAN", f"work/orphans/{name}", "was sealed, and no entry names it")
    waiting = sum(len(names) for _, _, names in os.walk(archive.settings.drop))
    if waiting:
        yield Finding("F-DROP", "drop", f"{waiting} not claimed yet")


def _strays(root: Path) -> Iterator[Finding]:
    for place in ("work", *(f"trays/{tray}" for tray in TRAYS)):
        folder = root / place
        for name in _names(folder):
            if not is_claim(name) and not (place == "work" and name in NO_CLAIMS):
                yield Finding("F-STRAY", place, "something lies there that is no claim")


def _is_stored(archive: Archive, record: str) -> bool:
    row = archive.catalogue.record(record)
    if row is None:
        return False
    sealed = row["generation"] is not None
    suffix = row["objects"]["scan"]["suffix"]
    path = archive.vault.body_path(record_name(row), suffix, sealed=sealed)
    return (archive.root / path).exists()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
